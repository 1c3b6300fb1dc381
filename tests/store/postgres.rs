//! What is about Postgres alone: its statements, its comments, the version of its schema.

use sqlx::{Executor, SqlSafeStr};
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::postgres::{PgStore, schema, statements};
use stentor::domain::delivery::WhenInDoubt;
use stentor::ports::{Expanded, ProcessIdentity, Store, Submission};
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn owners_of_many_tenants_make_the_week_of_their_rounds_at_the_same_moment() {
    for _ in 0..8 {
        let bench = migrated().await;
        // A quarter of the connections may freeze audiences: all of the twelve at once.
        let settings = PoolSettings { connections_max: 48, ..PoolSettings::default() };
        let store = PgStore::new(bench._database.connect_options(), settings);
        let process = ProcessIdentity { host: "here".into(), pid: 1, started: 1 };
        let worker = store.register(&process, LEASE).await.unwrap();
        let mut tenants = Vec::new();
        for number in 1..=12 {
            let tenant = store.tenant(Uuid::from_u128(number), Uuid::from_u128(1)).await.unwrap();
            store.keep_people(tenant, &people(3), now()).await.unwrap();
            let broadcast = announcement(1, WhenInDoubt::Hold);
            store.submit(&Submission { tenant, broadcast, list: vec![], lists: vec![] }).await.unwrap();
            tenants.push(tenant);
        }
        let round = announcement(1, WhenInDoubt::Hold).round;
        let held = store.take_tenants(worker, GRACE, 100, &tenants, &[]).await.unwrap();
        assert_eq!(held.len(), 12);
        let expanding = held.into_iter().map(|held| {
            let store = store.clone();
            tokio::spawn(async move { store.expand(held, worker, round, 1000, 4, now()).await })
        });
        for expanded in expanding.collect::<Vec<_>>() {
            assert_eq!(expanded.await.unwrap().unwrap(), Expanded { added: 3, complete: true });
        }
    }
}
