//! Many rows, one by one: exports that take longer than any single use of the database may.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use sqlx::FromRow;
use sqlx::postgres::{PgArguments, PgConnection, PgRow, Postgres};
use sqlx::query::QueryAs;
use tokio::sync::mpsc;

use super::error::DatabaseError;
use super::{Database, Loan, limited};

/// How many rows may wait for a slow reader.
const ROWS_AHEAD_MAX: usize = 256;

/// The rows of one query, as they arrive. Dropping it ends the query.
#[derive(Debug)]
pub struct Rows<T>(mpsc::Receiver<Result<T, DatabaseError>>);

impl<T> Rows<T> {
    /// The next row, or `None` after the last. After an error there is none.
    pub async fn next(&mut self) -> Option<Result<T, DatabaseError>> {
        self.0.recv().await
    }
}

impl<T> Stream for Rows<T> {
    type Item = Result<T, DatabaseError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_recv(context)
    }
}

impl Database {
    /// Reads the rows of `query` one by one, waiting at most `row_limit` for each.
    ///
    /// The reader may take its time; the query then waits, holding its connection and its snapshot. The connection
    /// is closed afterwards and not used again. Must be called inside a runtime, which reads ahead a little.
    ///
    /// # Errors
    /// [`DatabaseError`] when there is no connection; what happens later comes as the last row.
    pub async fn rows<T>(
        &self,
        name: &'static str,
        row_limit: Duration,
        query: QueryAs<'static, Postgres, T, PgArguments>,
    ) -> Result<Rows<T>, DatabaseError>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static,
    {
        let mut loan = self.borrow(name).await?;
        let (rows, reader) = mpsc::channel(ROWS_AHEAD_MAX);
        tokio::spawn(async move {
            tokio::select! {
                () = read(name, row_limit, query, &mut loan, &rows) => {}
                () = rows.closed() => {}
            }
            drop::<Loan>(loan);
        });
        Ok(Rows(reader))
    }
}

async fn read<T>(
    name: &'static str,
    row_limit: Duration,
    query: QueryAs<'static, Postgres, T, PgArguments>,
    loan: &mut Loan,
    rows: &mpsc::Sender<Result<T, DatabaseError>>,
) where
    T: for<'r> FromRow<'r, PgRow> + Send + Unpin + 'static,
{
    if let Err(cause) = limited(row_limit, unlimit(loan.conn())).await {
        let _ = rows.send(Err(DatabaseError::after_transaction(name, cause, false))).await;
        return;
    }
    let mut found = query.fetch(loan.conn());
    loop {
        let row = match limited(row_limit, async { found.next().await.transpose() }).await {
            Ok(None) => return,
            Ok(Some(row)) => Ok(row),
            // Reading changes nothing, so there is nothing to doubt.
            Err(cause) => Err(DatabaseError::after_transaction(name, cause, false)),
        };
        let failed = row.is_err();
        if rows.send(row).await.is_err() || failed {
            return;
        }
    }
}

/// The server counts the time of a slow reader as the statement's own.
async fn unlimit(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::raw_sql("set statement_timeout = 0").execute(conn).await.map(drop)
}
