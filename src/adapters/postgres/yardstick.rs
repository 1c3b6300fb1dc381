//! What the same database does without us, for comparison: a queue of rows as it is usually built, the bare loop over
//! chunks, plain commits; and how much it writes to its log.
//!
//! The loops are as lean as they can be: a connection of their own each, no guard, no engine, no retries.

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use uuid::Uuid;

use super::PgStore;
use crate::domain::ids::TenantKey;
use crate::domain::time::Timestamp;
use crate::ports::{Clock, StoreError};

/// Rows claimed and written by one statement.
const BATCH: i64 = 500;

// Not among the statements that tests prepare: their tables come and go with a measure.
const ROWS: &str = "
    create table yardstick_row (
      row_id bigint primary key,
      recipient_id bigint not null,
      started_at timestamptz,
      ended_at timestamptz,
      request_id uuid,
      owner integer,
      attempt integer not null default 0,
      state smallint not null default 0,
      outcome smallint,
      status smallint,
      message_id text
    );
    create index yardstick_row_ready on yardstick_row (row_id) where state = 0";
// $1 tenant
const FILL_ROWS: &str = "-- yardstick_fill_rows
    insert into yardstick_row (row_id, recipient_id)
    select row_number() over (order by recipient_id), recipient_id from recipient where tenant_id = $1";
// $1 owner, $2 limit, $3 tenant
const CLAIM_ROWS: &str = "-- yardstick_claim_rows
    with pick as materialized (
      select row_id from yardstick_row where state = 0 order by row_id limit $2 for update skip locked
    ),
    claimed as (
      update yardstick_row r set state = 1, owner = $1, attempt = r.attempt + 1
      from pick
      where r.row_id = pick.row_id
      returning r.row_id, r.recipient_id
    )
    select c.row_id, p.conversation_id
    from claimed c
    join recipient p on p.tenant_id = $3 and p.recipient_id = c.recipient_id";
// $1 owner, $2 rows, $3 requests, $4 messages, $5 started at, $6 ended at
const FINISH_ROWS: &str = "-- yardstick_finish_rows
    update yardstick_row r
    set state = 2, outcome = 2, status = 201, request_id = u.request_id, message_id = u.message_id,
      started_at = u.started_at, ended_at = u.ended_at
    from unnest($2::bigint[], $3::uuid[], $4::text[], $5::timestamptz[], $6::timestamptz[])
      as u (row_id, request_id, message_id, started_at, ended_at)
    where r.row_id = u.row_id and r.state = 1 and r.owner = $1";
const COUNT_ROWS: &str = "-- yardstick_count_rows
    select count(*) from yardstick_row where state = 2";
const TICKS: &str = "
    create table yardstick_tick (tick_id integer primary key, ticks bigint not null) with (fillfactor = 50);
    insert into yardstick_tick values (1, 0)";
const TICK: &str = "-- yardstick_tick
    update yardstick_tick set ticks = ticks + 1 where tick_id = 1";
const LOG_BYTES: &str = "-- yardstick_log_bytes
    select (pg_current_wal_lsn() - '0/0'::pg_lsn)::bigint";

impl PgStore {
    /// Bytes that the server has written to its write-ahead log so far.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn log_bytes(&self) -> Result<u64, StoreError> {
        let read = async |conn: &mut PgConnection| sqlx::query_scalar::<_, i64>(LOG_BYTES).fetch_one(conn).await;
        Ok(self.database.run("log_bytes", read).await?.unsigned_abs())
    }

    /// Prepares a queue with a row for each person of `tenant`, and a row that only counts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn raise_yardstick(&self, tenant: TenantKey) -> Result<(), StoreError> {
        let raise = async |conn: &mut PgConnection| {
            sqlx::raw_sql(ROWS).execute(&mut *conn).await?;
            sqlx::raw_sql(TICKS).execute(&mut *conn).await?;
            sqlx::query(FILL_ROWS).bind(tenant.0).execute(&mut *conn).await
        };
        self.database.run("raise_yardstick", raise).await?;
        let tidy = async |conn: &mut PgConnection| sqlx::raw_sql("vacuum analyze yardstick_row").execute(conn).await;
        self.database.run("raise_yardstick", tidy).await?;
        Ok(())
    }

    /// How many rows of the queue are done.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rows_done(&self) -> Result<u64, StoreError> {
        let count = async |conn: &mut PgConnection| sqlx::query_scalar::<_, i64>(COUNT_ROWS).fetch_one(conn).await;
        Ok(self.database.run("rows_done", count).await?.unsigned_abs())
    }
}

/// One worker of the queue of rows: claims 500 rows, is answered at once, writes all of them; until none is left.
///
/// # Errors
/// The driver's.
pub async fn loop_over_rows(
    options: PgConnectOptions,
    tenant: TenantKey,
    owner: i32,
    clock: &dyn Clock,
    request: impl Fn() -> Uuid,
) -> Result<(), sqlx::Error> {
    let mut conn = options.connect().await?;
    loop {
        let query = sqlx::query_as(CLAIM_ROWS).bind(owner).bind(BATCH).bind(tenant.0);
        let claimed: Vec<(i64, String)> = query.fetch_all(&mut conn).await?;
        if claimed.is_empty() {
            return Ok(());
        }
        let started_at = clock.now();
        let requests: Vec<Uuid> = claimed.iter().map(|_| request()).collect();
        let messages: Vec<String> =
            requests.iter().map(|id| format!("{:013}", id.as_u128() % 10_u128.pow(13))).collect();
        let (starts, ends): (Vec<Timestamp>, Vec<Timestamp>) =
            claimed.iter().map(|_| (started_at, clock.now())).unzip();
        let rows: Vec<i64> = claimed.into_iter().map(|(row, _)| row).collect();
        let query = sqlx::query(FINISH_ROWS).bind(owner).bind(rows).bind(requests).bind(messages);
        query.bind(starts).bind(ends).execute(&mut conn).await?;
    }
}

/// Commits one changed row after another on one connection, `count` times.
///
/// # Errors
/// The driver's.
pub async fn commit_in_a_row(options: PgConnectOptions, count: u32) -> Result<(), sqlx::Error> {
    let mut conn = options.connect().await?;
    for _ in 0..count {
        sqlx::query(TICK).execute(&mut conn).await?;
    }
    Ok(())
}
