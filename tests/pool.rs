//! The guarded pool, beside a hole in the network.
//!
//! The hole is a proxy that from one instant on swallows the flows it has, without closing them, and serves new
//! ones: what a failover or a forgotten NAT entry looks like from here.

#[path = "support/network.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod network;

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{ConnectOptions, Connection};
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::{Database, DatabaseError, PoolSettings, Verdict};
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;
use tokio::time::timeout;

use network::Network;

const PLACES: u32 = 3;

/// What "at once" means on a busy machine: well below any limit of the pool.
const AT_ONCE: Duration = Duration::from_millis(900);

#[tokio::test]
async fn a_silent_network_costs_no_place_in_the_guarded_pool() {
    let (test, network) = network().await;
    let limits = PoolSettings { work_limit: Duration::from_millis(600), ..settings() };
    let db = Database::new(network.options(), limits);
    let stuck = in_flight(&db, &test).await;
    network.fall_silent();
    for query in stuck {
        let error = query.await.expect("no panic").expect_err("nobody answers");
        assert!(matches!(error, DatabaseError::TimedOut { .. }), "{error}");
        assert!(error.is_transient() && error.fate_unknown());
    }
    all_places_work(&db).await;
}

#[tokio::test]
async fn a_caller_that_gives_up_in_a_silent_network_costs_no_place() {
    let (test, network) = network().await;
    let db = Database::new(network.options(), settings());
    let stuck = in_flight(&db, &test).await;
    network.fall_silent();
    for query in stuck {
        query.abort();
        assert!(query.await.expect_err("it was cancelled").is_cancelled());
    }
    all_places_work(&db).await;
}

#[tokio::test]
async fn a_network_that_falls_silent_during_the_test_at_return_costs_no_place() {
    let (_test, network) = network().await;
    let db = Database::new(network.options(), settings());
    let together = Arc::new(tokio::sync::Barrier::new(PLACES as usize));
    let done = (0..PLACES).map(|_| {
        db.run("the last answer", async |conn| {
            let answer: i32 = sqlx::query_scalar("select 1").fetch_one(&mut *conn).await?;
            together.wait().await;
            network.fall_silent();
            Ok(answer)
        })
    });
    assert_eq!(futures_util::future::try_join_all(done).await.expect("the work itself was done"), [1, 1, 1]);
    let begun = SystemClock.monotonic();
    all_answer(&db).await;
    let took = SystemClock.monotonic().saturating_since(begun);
    assert!(took < Duration::from_secs(4), "the test at the return is bounded: {took:?}");
}

#[tokio::test]
async fn idle_connections_that_died_unnoticed_are_replaced() {
    let (_test, network) = network().await;
    let db = Database::new(network.options(), settings());
    all_answer(&db).await;
    // Connections that were just used are trusted.
    SystemClock.sleep_until(SystemClock.monotonic() + Duration::from_millis(1200)).await;
    network.fall_silent();
    let begun = SystemClock.monotonic();
    all_answer(&db).await;
    let took = SystemClock.monotonic().saturating_since(begun);
    assert!(took < Duration::from_secs(4), "the test before use is bounded: {took:?}");
}

/// The test of the tests: when this fails, sqlx has been cured, and the guard may become simpler.
#[tokio::test]
async fn without_the_guard_sqlx_still_loses_every_place() {
    let (test, network) = network().await;
    let options = PgPoolOptions::new().max_connections(PLACES).acquire_timeout(Duration::from_secs(1));
    let pool = options.connect_lazy_with(network.options());
    let stuck: Vec<_> = (0..PLACES)
        .map(|_| {
            let pool = pool.clone();
            tokio::spawn(async move {
                timeout(Duration::from_millis(600), sqlx::query("select pg_sleep(5)").execute(&pool)).await
            })
        })
        .collect();
    test.until_active(PLACES.into()).await;
    network.fall_silent();
    for query in stuck {
        query.await.expect("no panic").expect_err("nobody answers");
    }
    for _ in 0..3 {
        let error = sqlx::query("select 1").execute(&pool).await.expect_err("every place is lost");
        assert!(matches!(error, sqlx::Error::PoolTimedOut), "{error}");
    }
}

#[tokio::test]
async fn a_slow_statement_ends_with_an_answer_and_keeps_its_connection() {
    let test = TestServer::new().await;
    let limits = PoolSettings { work_limit: Duration::from_millis(600), connections_max: 1, ..settings() };
    let db = Database::new(test.database.connect_options(), limits);
    let backend = async |conn: &mut PgConnection| sqlx::query_scalar("select pg_backend_pid()").fetch_one(conn).await;
    let before: i32 = db.run("backend", backend).await.expect("it answers");
    let error = db.run("slow", async |conn| sqlx::query("select pg_sleep(5)").execute(conn).await).await;
    let error = error.expect_err("it takes too long");
    assert_eq!(error.sqlstate().as_deref(), Some("57014"), "{error}");
    assert!(error.is_transient() && !error.fate_unknown());
    assert_eq!(db.run("backend", backend).await.expect("it answers"), before);
}

#[tokio::test]
async fn a_transaction_commits_rolls_back_or_answers_without_a_trace() {
    let (_test, db) = database_with_notes().await;
    db.transaction("keep", async |conn| write(conn, 1).await).await.expect("it commits");
    let failed = db.transaction("fail", async |conn| {
        write(conn, 2).await?;
        Err::<(), _>(sqlx::Error::RowNotFound)
    });
    let error = failed.await.expect_err("the work failed");
    assert!(!error.is_transient() && !error.fate_unknown());
    let answer = db.transaction_if("look", async |conn| {
        write(conn, 3).await?;
        Ok(Verdict::RollBack("seen"))
    });
    assert_eq!(answer.await.expect("it answers"), "seen");
    assert_eq!(notes(&db).await, [1]);
}

#[tokio::test]
async fn a_transaction_that_swallowed_an_error_does_not_pass_for_committed() {
    let (_test, db) = database_with_notes().await;
    let swallowed = db.transaction("swallow", async |conn| {
        write(conn, 1).await?;
        let _ = sqlx::query("select 1 / 0").execute(conn).await;
        Ok(())
    });
    let error = swallowed.await.expect_err("nothing was committed");
    assert_eq!(error.sqlstate().as_deref(), Some("25P02"), "{error}");
    assert!(notes(&db).await.is_empty());
}

#[tokio::test]
async fn only_a_commit_without_an_answer_leaves_doubt() {
    let (test, db) = database_with_notes().await;
    let slow_commit = "create function dawdle() returns trigger language plpgsql as
            $$ begin perform pg_sleep(10); return null; end $$;
        create constraint trigger dawdle after insert on note deferrable initially deferred
            for each row execute function dawdle();";
    db.run("prepare", async |conn| sqlx::raw_sql(slow_commit).execute(conn).await).await.expect("it is prepared");

    let committing = {
        let db = db.clone();
        tokio::spawn(async move { db.transaction("commit", async |conn| write(conn, 1).await).await })
    };
    test.until("select count(*) from pg_stat_activity where query = 'COMMIT' and state = 'active'", 1).await;
    test.until("select count(pg_terminate_backend(pid)) from pg_stat_activity where query = 'COMMIT'", 1).await;
    let error = committing.await.expect("no panic").expect_err("the server ended the session");
    assert!(error.fate_unknown() && error.is_transient(), "{error}");
}

#[tokio::test]
async fn a_use_can_move_between_threads_and_borrow_from_its_caller() {
    let (_test, db) = database_with_notes().await;
    let answer = tokio::spawn(async move {
        let numbers = vec![1, 2, 3];
        let borrowed: &[i32] = &numbers;
        db.transaction("borrow", async |conn| {
            for number in borrowed {
                write(&mut *conn, *number).await?;
            }
            Ok(borrowed.len())
        })
        .await
    });
    assert_eq!(answer.await.expect("no panic").expect("it commits"), 3);
}

#[tokio::test]
async fn many_rows_arrive_one_by_one_and_a_reader_who_leaves_ends_the_query() {
    let test = TestServer::new().await;
    let limits = PoolSettings { work_limit: Duration::from_millis(600), ..settings() };
    let db = Database::new(test.database.connect_options(), limits);
    let all = || sqlx::query_as::<_, (i32,)>("select * from generate_series(1, 5000)");
    let mut rows = db.rows("export", Duration::from_secs(5), all()).await.expect("it begins");
    let mut sum = 0;
    while let Some(row) = rows.next().await {
        sum += row.expect("a row").0;
    }
    assert_eq!(sum, 5000 * 5001 / 2);

    let endless = sqlx::query_as::<_, (i32,)>("select generate_series(1, 100000000)");
    let mut rows = db.rows("endless", Duration::from_secs(5), endless).await.expect("it begins");
    rows.next().await.expect("there is one").expect("a row");
    test.until_active(1).await;
    drop(rows);
    test.until_active(0).await;
}

async fn all_places_work(db: &Database) {
    timeout(AT_ONCE, all_answer(db)).await.expect("new flows are served, so every place works at once");
    assert!(db.connections().0 <= PLACES);
}

/// Uses every place of the pool at the same time.
async fn all_answer(db: &Database) {
    let together = tokio::sync::Barrier::new(PLACES as usize);
    let answers = (0..PLACES).map(|_| {
        db.run("answer", async |conn| {
            together.wait().await;
            sqlx::query_scalar::<_, i32>("select 1").fetch_one(conn).await
        })
    });
    assert_eq!(futures_util::future::try_join_all(answers).await.expect("all answer"), [1, 1, 1]);
}

type InFlight = tokio::task::JoinHandle<Result<(), DatabaseError>>;

/// A query in each place of the pool, all of them at work in the server.
async fn in_flight(db: &Database, test: &TestServer) -> Vec<InFlight> {
    let start = |_| {
        let db = db.clone();
        let sleep = async |conn: &mut PgConnection| {
            sqlx::raw_sql("set statement_timeout = 0; select pg_sleep(10)").execute(conn).await.map(drop)
        };
        tokio::spawn(async move { db.run("sleep", sleep).await })
    };
    let stuck = (0..PLACES).map(start).collect();
    test.until_active(PLACES.into()).await;
    stuck
}

fn settings() -> PoolSettings {
    PoolSettings { connections_max: PLACES, ..PoolSettings::default() }
}

async fn database_with_notes() -> (TestServer, Database) {
    let test = TestServer::new().await;
    let db = Database::new(test.database.connect_options(), settings());
    let create = "create table note (number int primary key)";
    db.run("create", async |conn| sqlx::raw_sql(create).execute(conn).await).await.expect("it is created");
    (test, db)
}

async fn write(conn: &mut PgConnection, number: i32) -> Result<(), sqlx::Error> {
    sqlx::query("insert into note values ($1)").bind(number).execute(conn).await.map(drop)
}

async fn notes(db: &Database) -> Vec<i32> {
    let sql = "select number from note order by number";
    db.run("notes", async |conn| sqlx::query_scalar(sql).fetch_all(conn).await).await.expect("it answers")
}

/// A database, and a way to look at it that no hole concerns.
struct TestServer {
    database: TestDatabase,
}

impl TestServer {
    async fn new() -> Self {
        Self { database: TestDatabase::create().await }
    }

    async fn until_active(&self, count: i64) {
        let others = "select count(*) from pg_stat_activity where state = 'active'
            and datname = current_database() and pid <> pg_backend_pid()";
        self.until(others, count).await;
    }

    /// Asks until the answer is `count`.
    async fn until(&self, sql: &'static str, count: i64) {
        let mut conn = self.database.connect_options().connect().await.expect("a connection");
        let asking = async {
            while sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut conn).await.expect("an answer") != count {
                SystemClock.sleep_until(SystemClock.monotonic() + Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(8), asking).await.unwrap_or_else(|_| panic!("never {count}: {sql}"));
        conn.close().await.expect("it closes");
    }
}

async fn network() -> (TestServer, Network) {
    let test = TestServer::new().await;
    let network = Network::to(test.database.connect_options()).await;
    (test, network)
}
