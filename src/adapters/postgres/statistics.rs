//! What our statements cost the server, by its own count (`pg_stat_statements`). For measurements.

use super::PgStore;
use super::statement::statements;
use crate::ports::StoreError;

statements! {
    TRANSACTIONS = "-- transactions
        select xact_commit + xact_rollback from pg_stat_database where datname = current_database()";
    COUNTS_STATEMENTS = "-- counts_statements
        select current_setting('shared_preload_libraries') like '%pg_stat_statements%'";
}

const BEGIN: &str = "create extension if not exists pg_stat_statements; select pg_stat_statements_reset()";
const SPENT: &str =
    "select coalesce(sum(total_exec_time), 0)::float8 from pg_stat_statements where query like '-- ' || $1 || '%'";

impl PgStore {
    /// Counts from zero; `false` when the server does not count.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn count_statements(&self) -> Result<bool, StoreError> {
        let counted = self.database.run("counts_statements", async |conn| {
            let counts: bool = sqlx::query_scalar(COUNTS_STATEMENTS).fetch_one(&mut *conn).await?;
            if counts {
                sqlx::raw_sql(BEGIN).execute(conn).await?;
            }
            Ok(counts)
        });
        Ok(counted.await?)
    }

    /// Transactions that ended in this database so far.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn transactions(&self) -> Result<i64, StoreError> {
        let ended =
            self.database.run("transactions", async |conn| sqlx::query_scalar(TRANSACTIONS).fetch_one(conn).await);
        Ok(ended.await?)
    }

    /// Milliseconds that the statement called `name` has taken in the server since [`Self::count_statements`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn statement_ms(&self, name: &str) -> Result<f64, StoreError> {
        let spent =
            self.database.run("statement_ms", async |conn| sqlx::query_scalar(SPENT).bind(name).fetch_one(conn).await);
        Ok(spent.await?)
    }
}
