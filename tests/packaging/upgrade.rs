//! An upgrade over a database that is in use: `tests/data/samples/NNNN.sql` are rows as the program of that schema wrote
//! them. Whoever adds a migration adds a sample; nothing that was there may be lost on the way to today.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::schema::MIGRATIONS;

use crate::stage::{Stage, count, find};

/// The last migration of the first set, whose sample all later migrations run over.
const FIRST_SET: i64 = 6;

/// The sends on the wire in the sample: the bits of `open` in its claimed chunks.
const OPEN: u64 = 19;

/// The rows of every table, as documents.
type Rows = BTreeMap<String, Vec<Value>>;

fn sample(version: i64) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/samples/{version:04}.sql"))
}

/// Applies the migrations through `version`, as the program of that time did.
async fn migrate_through(conn: &mut PgConnection, version: i64) {
    let migrations = MIGRATIONS.iter().filter(|migration| migration.version <= version).cloned().collect::<Vec<_>>();
    Migrator { migrations: Cow::Owned(migrations), ..Migrator::DEFAULT }.run(conn).await.unwrap();
}

async fn run(conn: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(conn).await.unwrap();
}

async fn load(conn: &mut PgConnection, version: i64) {
    run(conn, std::fs::read_to_string(sample(version)).unwrap()).await;
}

async fn rows(conn: &mut PgConnection) -> Rows {
    let tables = "select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                  where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition \
                  and c.relname <> '_sqlx_migrations'";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(&mut *conn).await.unwrap();
    let mut rows = Rows::new();
    for table in tables {
        let sql = format!("select to_jsonb(t) from {table} t");
        let found = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(&mut *conn).await.unwrap();
        rows.insert(table, found);
    }
    rows
}

/// What of `before` is not in `after`: a row counts as kept when some row has every one of its columns with the same
/// value. Columns and tables that came since do not matter.
fn lost(before: &Rows, after: &Rows) -> Vec<String> {
    let is_kept = |row: &Value, now: &Value| {
        let columns = row.as_object().expect("a row is an object");
        columns.iter().all(|(name, value)| now.get(name) == Some(value))
    };
    let mut lost = Vec::new();
    for (table, rows) in before {
        let now = after.get(table).map(Vec::as_slice).unwrap_or_default();
        lost.extend(
            rows.iter().filter(|row| !now.iter().any(|now| is_kept(row, now))).map(|row| format!("{table} {row}")),
        );
    }
    lost
}

/// Which programs may work changes with the schema: that is its purpose.
fn of_people(mut rows: Rows) -> Rows {
    rows.remove("schema_compatibility");
    rows
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_database_keeps_every_row_and_its_running_broadcast_finishes() {
    // The people of the sample, who have the app: it was installed for them before the upgrade.
    let stage = Stage::set(&["--people", "60", "--seed", "1", "--warm"]).await;
    let mut conn = stage.database.connect_options().connect().await.unwrap();
    migrate_through(&mut conn, FIRST_SET).await;
    load(&mut conn, FIRST_SET).await;
    let before = of_people(rows(&mut conn).await);
    assert!(before.values().all(|rows| !rows.is_empty()), "the sample leaves no table empty");

    let migrated = stage.ask(&["migrate"]);
    assert_eq!(migrated["version"], MIGRATIONS.iter().map(|migration| migration.version).max().unwrap());
    assert_eq!(lost(&before, &of_people(rows(&mut conn).await)), Vec::<String>::new());

    let (done, running, listed) = ("0saztdkn5ryj9", "0saztendqsr4s", "0sazteyb2jmgc");
    let finished = stage.ask(&["broadcast", "show", done]);
    let interrupted = stage.ask(&["broadcast", "show", running]);
    let _work = stage.start("work", &["work"]);
    let shown = stage.progress(running, |shown| find(shown, "state") == "done").await;
    let of_list = stage.progress(listed, |shown| find(shown, "state") == "done").await;

    assert_eq!(stage.ask(&["broadcast", "show", done]), finished, "what was done stays as it was");
    // What was on the wire when the worker died is held, as the broadcast's policy says.
    let sent_before = count(&interrupted, "sent");
    assert_eq!((count(&interrupted, "targeted"), sent_before, count(&interrupted, "pending")), (60, 21, 32));
    assert_eq!((count(&shown, "targeted"), count(&shown, "pending"), count(&shown, "unconfirmed")), (60, 0, OPEN));
    assert_eq!((count(&of_list, "targeted"), count(&of_list, "pending")), (3, 0));
    let ledger = stage.ledger().await;
    assert_eq!(count(&ledger, "duplicates"), 0);
    let since = count(&shown, "sent") - sent_before + count(&of_list, "sent");
    assert_eq!(count(&ledger, "delivered"), since, "nobody who had it was told again");
    let attempts = |rows: &Rows| Rows::from([("attempt".to_owned(), rows["attempt"].clone())]);
    assert_eq!(lost(&attempts(&before), &rows(&mut conn).await), Vec::<String>::new(), "history is never rewritten");
    conn.close().await.unwrap();
}

#[tokio::test]
async fn every_migration_runs_over_rows_and_brings_some_of_its_own() {
    let database = TestDatabase::create().await;
    let mut conn = database.connect_options().connect().await.unwrap();
    let mut before = Rows::new();
    for version in MIGRATIONS.iter().map(|migration| migration.version).filter(|version| *version >= FIRST_SET) {
        assert!(
            sample(version).is_file(),
            "migration {version:04} needs sample rows of what it made: write {}",
            sample(version).display()
        );
        migrate_through(&mut conn, version).await;
        let after = of_people(rows(&mut conn).await);
        assert_eq!(lost(&before, &after), Vec::<String>::new(), "migration {version:04} lost rows");
        load(&mut conn, version).await;
        before = of_people(rows(&mut conn).await);
    }
    conn.close().await.unwrap();
}

#[tokio::test]
async fn the_test_notices_what_a_migration_drops() {
    let database = TestDatabase::create().await;
    let mut conn = database.connect_options().connect().await.unwrap();
    migrate_through(&mut conn, FIRST_SET).await;
    load(&mut conn, FIRST_SET).await;
    let before = rows(&mut conn).await;
    let careless = [
        ("delete from attempt where ordinal = 7 and step = 4", "attempt"),
        ("alter table recipient drop column mail", "recipient"),
        ("update broadcast set content = content - 'author'", "broadcast"),
        ("drop table idempotency", "idempotency"),
        ("alter table chunk rename column crashes to deaths", "chunk"),
    ];
    for (sql, table) in careless {
        run(&mut conn, format!("begin; {sql}")).await;
        let lost = lost(&before, &rows(&mut conn).await);
        assert!(!lost.is_empty() && lost.iter().all(|row| row.starts_with(table)), "{sql}: {lost:?}");
        run(&mut conn, "rollback".to_owned()).await;
    }
    assert_eq!(lost(&before, &rows(&mut conn).await), Vec::<String>::new());
    conn.close().await.unwrap();
}
