//! What is about Postgres alone: its statements, its comments, the version of its schema.

use std::pin::pin;
use std::time::Duration;

use sqlx::{Executor, SqlSafeStr};
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::postgres::{PgStore, schema, statements};
use stentor::domain::audience::expression::People;
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::ids::{EntraId, RoundId, WorkerId};
use stentor::ports::{Expanded, HeldTenant, ProcessIdentity, Store, StoreError, Submission, Taken};
use tokio::sync::oneshot;
use tokio::time::timeout;
use uuid::Uuid;

use crate::bench::{GRACE, LEASE, announcement, now, people};

struct Bench {
    store: PgStore,
    // Dropped last: the database goes with it.
    _database: TestDatabase,
}

async fn migrated() -> Bench {
    let database = TestDatabase::create().await;
    let store = PgStore::new(database.connect_options(), PoolSettings::default());
    schema::migrate(store.database()).await.unwrap();
    Bench { store, _database: database }
}

#[tokio::test]
async fn every_statement_prepares_against_the_migrated_schema() {
    let bench = migrated().await;
    for sql in statements() {
        assert!(sql.trim_start().starts_with("-- "), "a statement without its name: {sql}");
        let prepared = bench.store.database().run("prepare", async |conn| conn.prepare(sql.into_sql_str()).await).await;
        assert!(prepared.is_ok(), "{sql}\n{prepared:?}");
    }
}

#[tokio::test]
async fn every_table_and_column_says_what_it_is() {
    let bench = migrated().await;
    let silent: Vec<String> = bench
        .store
        .database()
        .run("comments", async |conn| {
            sqlx::query_scalar(
                "-- silent_columns
                 select c.relname || '.' || a.attname
                 from pg_class c
                 join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                 where c.relnamespace = 'public'::regnamespace
                   and c.relkind in ('r', 'p', 'v')
                   and c.relname <> '_sqlx_migrations'
                   and (col_description(c.oid, a.attnum) is null or obj_description(c.oid) is null)",
            )
            .fetch_all(conn)
            .await
        })
        .await
        .unwrap();
    assert_eq!(silent, Vec::<String>::new());
}

#[tokio::test]
async fn a_schema_that_is_too_new_is_refused_with_the_cure() {
    let bench = migrated().await;
    schema::migrate(bench.store.database()).await.unwrap();
    let sql = "update schema_compatibility set compatible_from = 1000";
    bench.store.database().run("test", async |conn| conn.execute(sql).await).await.unwrap();
    let refused = schema::check(bench.store.database(), 0).await.unwrap_err();
    assert!(refused.to_string().contains("Upgrade stentor"), "{refused}");
}

/// A worker that holds so many tenants, each with a broadcast to three people in the same round, which is to be frozen.
async fn about_to_freeze(store: &PgStore, count: u128) -> (WorkerId, RoundId, Vec<HeldTenant>) {
    let process = ProcessIdentity { host: "here".into(), pid: 1, started: 1 };
    let worker = store.register(&process, LEASE).await.unwrap();
    let mut tenants = Vec::new();
    for number in 1..=count {
        let tenant = store.tenant(Uuid::from_u128(number), Uuid::from_u128(1)).await.unwrap();
        store.keep_people(tenant, &people(3), now()).await.unwrap();
        let broadcast = announcement(1, WhenInDoubt::Hold);
        store.submit(&Submission { tenant, broadcast, list: vec![], lists: vec![], draft: None }).await.unwrap();
        tenants.push(tenant);
    }
    let held = store.take_tenants(worker, GRACE, 100, &tenants, &[]).await.unwrap();
    assert_eq!(held.len(), tenants.len());
    (worker, announcement(1, WhenInDoubt::Hold).round, held)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_of_many_tenants_make_the_week_of_their_rounds_at_the_same_moment() {
    for _ in 0..8 {
        let bench = migrated().await;
        // A quarter of the connections may freeze audiences: all of the twelve at once.
        let settings = PoolSettings { connections_max: 48, ..PoolSettings::default() };
        let store = PgStore::new(bench._database.connect_options(), settings);
        let (worker, round, held) = about_to_freeze(&store, 12).await;
        let expanding = held.into_iter().map(|held| {
            let store = store.clone();
            tokio::spawn(async move { store.expand(held, worker, round, 1000, 4, now()).await })
        });
        for expanded in expanding.collect::<Vec<_>>() {
            assert_eq!(expanded.await.unwrap().unwrap(), Expanded { added: 3, complete: true });
        }
    }
}

/// A store of so few connections that one at a time freezes audiences, and one keeps what the bot is told.
fn of_few_connections(bench: &Bench) -> PgStore {
    PgStore::new(bench._database.connect_options(), PoolSettings { connections_max: 4, ..PoolSettings::default() })
}

/// Holds the rows that `sql` locks until the answer is dropped.
async fn hold(bench: &Bench, sql: &'static str) -> oneshot::Sender<()> {
    let (locked, is_locked) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let database = bench.store.database().clone();
    tokio::spawn(async move {
        let held = database.transaction("hold", async |conn| {
            conn.execute(sql).await?;
            let _ = locked.send(());
            let _ = released.await;
            Ok(())
        });
        held.await
    });
    is_locked.await.unwrap();
    release
}

#[tokio::test]
async fn what_the_bot_is_told_takes_a_quarter_of_the_connections_and_waits_a_second_for_one() {
    let bench = migrated().await;
    let store = of_few_connections(&bench);
    let tenant = store.tenant(Uuid::from_u128(1), Uuid::from_u128(1)).await.unwrap();
    store.keep_people(tenant, &people(2), now()).await.unwrap();
    let [first, second] = people(2).try_into().map(|two: [_; 2]| two.map(|person| person.entra_id)).unwrap();
    let held =
        hold(&bench, "select from recipient where recipient_id = (select min(recipient_id) from recipient) for update")
            .await;
    let meanwhile = async {
        let refused = store.hear(tenant, second, None, now()).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        let refused = store.may_answer(tenant, second, Duration::ZERO, Duration::ZERO).await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        assert_eq!(store.count_people(tenant).await.unwrap(), 2, "the work goes on");
        drop(held);
    };
    let (kept, ()) = tokio::join!(store.hear(tenant, first, None, now()), meanwhile);
    assert_eq!(kept.unwrap(), Taken::Kept);
    assert_eq!(store.hear(tenant, second, None, now()).await.unwrap(), Taken::Kept);
}

#[tokio::test]
async fn a_reply_waits_for_nobody_who_holds_the_tenant_or_her() {
    let bench = migrated().await;
    let tenant = bench.store.tenant(Uuid::from_u128(1), Uuid::from_u128(1)).await.unwrap();
    bench.store.keep_people(tenant, &people(1), now()).await.unwrap();
    let may_answer = || bench.store.may_answer(tenant, EntraId(Uuid::from_u128(1)), Duration::ZERO, Duration::ZERO);
    for sql in ["select from tenant for share", "select from recipient for update"] {
        let held = hold(&bench, sql).await;
        let answer = timeout(Duration::from_secs(5), may_answer()).await.expect("it waits");
        assert!(!answer.unwrap(), "{sql}");
        drop(held);
    }
    while !may_answer().await.unwrap() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_audience_keeps_its_place_in_the_queue_however_long_that_is() {
    let bench = migrated().await;
    let store = of_few_connections(&bench);
    let (worker, round, held) = about_to_freeze(&store, 2).await;
    let [first, second]: [HeldTenant; 2] = held.try_into().unwrap();
    let theirs =
        hold(&bench, "select from round where tenant_id = (select min(tenant_id) from tenant) for update").await;
    let behind = async {
        let (patience, nobody) = (Duration::from_secs(6), People::default());
        let mut expanding = pin!(store.expand(second, worker, round, 1000, 4, now()));
        let mut laying_down = pin!(store.lay_down(second, worker, round, &nobody));
        let (expanded, laid_down) =
            tokio::join!(timeout(patience, &mut expanding), timeout(patience, &mut laying_down));
        assert!(expanded.is_err() && laid_down.is_err(), "one freezes at a time: {expanded:?} {laid_down:?}");
        drop(theirs);
        (expanding.await, laying_down.await)
    };
    let (expanded, (then, laid_down)) = tokio::join!(store.expand(first, worker, round, 1000, 4, now()), behind);
    for expanded in [expanded, then] {
        assert_eq!(expanded.unwrap(), Expanded { added: 3, complete: true });
    }
    laid_down.unwrap();
}
