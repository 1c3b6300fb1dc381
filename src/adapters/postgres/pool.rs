//! The guarded pool: every use of the database ends in time, and gives its place back.
//!
//! sqlx puts a returned connection to the test, without a time limit, while it still occupies its place in the
//! pool. When the network to Postgres falls silent without closing (a failover, a killed host, a forgotten NAT
//! entry), that test never ends, and after as many such returns as the pool has places nobody gets a
//! connection until the process restarts (sqlx 0.9.0; transact-rs/sqlx#4349). Think of a library that lends
//! three books and lets a vanished reader keep his for ever: we strike a book off the list as soon as its
//! reader is late, and the shelf buys another.
//!
//! So every use goes through [`Database`]: it waits a bounded time for a connection, a bounded time for the
//! work, and a connection of which we do not know that it is well is detached and closed. `tests/pool.rs`
//! opens such a hole in the network, with the guard and without.
//!
//! Invariant: a `Loan` ends in exactly one of two ways, `give_back` or a drop that detaches. A future that is
//! cancelled in mid-query drops its loan.

mod error;
mod rows;

use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{Connection, Postgres};
use tokio::time::timeout;

pub use self::error::DatabaseError;
pub use self::rows::Rows;

use self::error::{Cause, is_well_after};

/// After this much idleness a connection is tested before it is used: a flow may have died unnoticed.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);

/// How long such a test, or that at a return, may take. A round trip takes milliseconds.
const TEST_LIMIT: Duration = Duration::from_secs(2);

/// How a pool behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolSettings {
    /// How many connections there may be.
    pub connections_max: u32,
    /// How long one use waits for a connection.
    pub acquire_limit: Duration,
    /// How long one use may then take. The server gives a statement up a little earlier, so that a slow
    /// statement ends with an answer and only a silent network ends without.
    pub work_limit: Duration,
    /// How long a statement waits for a lock.
    pub lock_limit: Duration,
    /// Shown in `pg_stat_activity`.
    pub application_name: &'static str,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            connections_max: 10,
            acquire_limit: Duration::from_secs(5),
            work_limit: Duration::from_secs(30),
            lock_limit: Duration::from_secs(10),
            application_name: "stentor",
        }
    }
}

/// How a transaction is to end, other than by an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<T> {
    /// Keep what was written.
    Commit(T),
    /// Undo what was written; the value is an answer all the same.
    RollBack(T),
}

/// The database, through a guarded pool. Clones share the pool.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    settings: PoolSettings,
}

impl Database {
    /// A pool on `options`. It connects when first used, so this succeeds while the server is down.
    ///
    /// Must be called inside a runtime.
    pub fn new(options: PgConnectOptions, settings: PoolSettings) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(settings.connections_max)
            .min_connections(0)
            .acquire_timeout(settings.acquire_limit)
            // Whoever had to wait in vain says so; a line for each who only had to wait would drown it.
            .acquire_slow_threshold(settings.acquire_limit)
            .idle_timeout(Duration::from_mins(5))
            .max_lifetime(Duration::from_mins(30))
            // The built-in test has no limit of its own; ours has.
            .test_before_acquire(false)
            .before_acquire(|conn, meta| {
                Box::pin(async move {
                    if meta.idle_for < TEST_AFTER_IDLE {
                        return Ok(true);
                    }
                    timeout(TEST_LIMIT, conn.ping()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map(|()| true)
                })
            })
            .after_connect(move |conn, _| Box::pin(prepare_session(conn, settings)))
            .connect_lazy_with(options.application_name(settings.application_name));
        Self { pool, settings }
    }

    /// Runs `work` on a connection: `db.run("find_it", async |conn| query.fetch_one(conn).await)`.
    ///
    /// `name` says in errors and logs what was done. Each statement commits by itself.
    ///
    /// # Errors
    /// [`DatabaseError`]; after a timeout or a lost connection the fate of the last statement is unknown.
    pub async fn run<T>(
        &self,
        name: &'static str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, DatabaseError> {
        let mut loan = self.borrow(name).await?;
        let done = limited(self.settings.work_limit, work(loan.conn())).await;
        loan.end(&done);
        done.map_err(|cause| DatabaseError::after_autocommit(name, cause))
    }

    /// Runs `work` in a transaction and commits it; an error rolls back.
    ///
    /// # Errors
    /// [`DatabaseError`]; its `fate_unknown` is true only when the commit was sent and not answered.
    pub async fn transaction<T>(
        &self,
        name: &'static str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, DatabaseError> {
        self.transaction_if(name, async |conn| work(conn).await.map(Verdict::Commit)).await
    }

    /// Runs `work` in a transaction and ends it as `work` says; an error rolls back.
    ///
    /// # Errors
    /// As [`Database::transaction`].
    pub async fn transaction_if<T>(
        &self,
        name: &'static str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<Verdict<T>, sqlx::Error>,
    ) -> Result<T, DatabaseError> {
        self.limited_transaction(self.settings.work_limit, name, work).await
    }

    /// Runs `work` in a transaction that may take longer than everything else does. Its statements still end at the
    /// session's `statement_timeout`, unless `work` raises it.
    ///
    /// # Errors
    /// As [`Database::transaction`].
    pub async fn transaction_within<T>(
        &self,
        limit: Duration,
        name: &'static str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, DatabaseError> {
        self.limited_transaction(limit, name, async |conn| work(conn).await.map(Verdict::Commit)).await
    }

    async fn limited_transaction<T>(
        &self,
        limit: Duration,
        name: &'static str,
        work: impl AsyncFnOnce(&mut PgConnection) -> Result<Verdict<T>, sqlx::Error>,
    ) -> Result<T, DatabaseError> {
        let mut loan = self.borrow(name).await?;
        let mut commit_sent = false;
        let done = limited(limit, transact(loan.conn(), work, &mut commit_sent)).await;
        loan.end(&done);
        done.map_err(|cause| DatabaseError::after_transaction(name, cause, commit_sent))
    }

    /// Asks the server for a sign of life.
    ///
    /// # Errors
    /// [`DatabaseError`] when there is none in time.
    pub async fn ping(&self) -> Result<(), DatabaseError> {
        self.run("ping", async |conn| conn.ping().await).await
    }

    /// How many connections there are, and how many of them are idle.
    pub fn connections(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }

    /// Closes the idle connections and refuses further use. Bounded, whatever the network does.
    pub async fn close(&self) {
        let _ = timeout(TEST_LIMIT, self.pool.close()).await;
    }

    async fn borrow(&self, name: &'static str) -> Result<Loan, DatabaseError> {
        #[expect(clippy::disallowed_methods, reason = "this is the guard that everybody else must use")]
        let acquired = self.pool.acquire().await;
        acquired.map(|conn| Loan(Some(conn))).map_err(|source| DatabaseError::no_connection(name, source))
    }
}

/// A connection out of the pool. Dropped, it is detached and closed, and its place is free at once.
#[derive(Debug)]
struct Loan(Option<PoolConnection<Postgres>>);

impl Loan {
    fn conn(&mut self) -> &mut PgConnection {
        self.0.as_mut().expect("a loan has its connection until it ends")
    }

    /// Gives the connection back, unless what happened leaves doubts about it.
    fn end<T>(self, done: &Result<T, Cause>) {
        if is_well_after(done) {
            self.give_back();
        }
    }

    /// The pool tests a returned connection. Here the test has a limit; when it expires, the connection goes.
    fn give_back(mut self) {
        if let Some(mut conn) = self.0.take() {
            tokio::spawn(timeout(TEST_LIMIT, conn.return_to_pool()));
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(conn) = self.0.take() {
            drop(conn.detach());
        }
    }
}

async fn limited<T>(limit: Duration, work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, Cause> {
    match timeout(limit, work).await {
        Ok(done) => done.map_err(Cause::Driver),
        Err(_) => Err(Cause::Late(limit)),
    }
}

async fn transact<T>(
    conn: &mut PgConnection,
    work: impl AsyncFnOnce(&mut PgConnection) -> Result<Verdict<T>, sqlx::Error>,
    commit_sent: &mut bool,
) -> Result<T, sqlx::Error> {
    let mut tx = conn.begin().await?;
    match work(&mut tx).await {
        Ok(Verdict::Commit(value)) => {
            // Postgres answers a commit of a failed transaction with a rollback and no error, and sqlx does not
            // look. So a statement first: it fails where an error was swallowed.
            sqlx::raw_sql("select 1").execute(&mut *tx).await?;
            *commit_sent = true;
            tx.commit().await?;
            Ok(value)
        }
        Ok(Verdict::RollBack(value)) => {
            tx.rollback().await?;
            Ok(value)
        }
        Err(error) => {
            // The first error is the one to tell. Where the rollback fails too, the connection is lost, the server
            // rolls back by itself, and the test at the return finds out.
            let _ = tx.rollback().await;
            Err(error)
        }
    }
}

/// Tells the server the limits of this session.
async fn prepare_session(conn: &mut PgConnection, settings: PoolSettings) -> Result<(), sqlx::Error> {
    // A statement gets five sixths of the time, and the rest is for the answer to arrive.
    let statement_ms = millis(settings.work_limit * 5 / 6);
    sqlx::query(
        "-- prepare_session
         select set_config('statement_timeout', $1, false),
                set_config('lock_timeout', $2, false),
                set_config('idle_in_transaction_session_timeout', $3, false),
                -- Each statement is planned once for all values. `tests/plans.rs` holds these very plans to their
                -- bounds; left to itself, the server plans a flush anew each time, for a quarter of its cost.
                set_config('plan_cache_mode', 'force_generic_plan', false)",
    )
    .bind(statement_ms)
    .bind(millis(settings.lock_limit))
    .bind(millis(settings.work_limit))
    .execute(&mut *conn)
    .await?;
    // How soon the server notices that *we* fell silent. Not every system that Postgres runs on can do this.
    let noticing = [
        "-- notice_closed\nselect set_config('client_connection_check_interval', '5s', false)",
        "-- notice_silent\nselect set_config('tcp_keepalives_idle', '30', false),
                set_config('tcp_keepalives_interval', '10', false), set_config('tcp_keepalives_count', '3', false)",
        "-- notice_unread\nselect set_config('tcp_user_timeout', '30s', false)",
    ];
    for sql in noticing {
        match sqlx::query(sql).execute(&mut *conn).await {
            Err(sqlx::Error::Database(error)) => tracing::debug!(%error, "the server does without"),
            other => _ = other?,
        }
    }
    Ok(())
}

fn millis(duration: Duration) -> String {
    duration.as_millis().to_string()
}
