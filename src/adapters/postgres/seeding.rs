//! What a measure needs in the database before it begins: people whose chats are known, a history of weeks.

mod told;

use super::PgStore;
use crate::domain::ids::{RoundId, TenantKey};
use crate::ports::StoreError;

/// Rows written by one statement: a few seconds' worth, for each person's words are indexed, too.
const BATCH: u64 = 20_000;
/// People of one old round.
const ROUND: i64 = 100_000;

// Not among the statements that tests prepare: they serve no user.
// $1 tenant, $2 first number, $3 last number. The chats' ids are as long as those of Teams.
const PEOPLE: &str = "-- seed_people
    insert into recipient (tenant_id, guest, enabled, licensed, entra_id, kept_at, user_principal_name, display_name,
      mail, conversation_id)
    select $1, false, true, true, id, now(), 'person' || n || '@contoso.example', 'Person ' || n,
      'mail' || n || '@contoso.example', '19:' || id || '_' || md5(n::text)::uuid || '@unq.gbl.spaces'
    from generate_series($2::bigint, $3::bigint) n
    cross join lateral (select md5('person ' || n)::uuid as id) made";
// $1 tenant, $2 round, $3 facts
const FACTS: &str = "-- seed_facts
    insert into attempt (tenant_id, round_id, ordinal, attempt, epoch, step, outcome, settles, status, request_id,
      message_id, started_at, ended_at)
    select $1, $2, n, 1, 1, 4, 2, 1, 201, md5(n::text)::uuid, lpad(n::text, 13, '1'), now(), now()
    from generate_series(0, $3::int - 1) n";

impl PgStore {
    /// Adds `count` people whom the bot may write to and whose chats are known.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seed_people(&self, tenant: TenantKey, count: u64) -> Result<(), StoreError> {
        let mut first = 1;
        while first <= count {
            let last = count.min(first + BATCH - 1);
            self.database
                .run("seed_people", async |conn| {
                    let query = sqlx::query(PEOPLE).bind(tenant.0).bind(first.cast_signed()).bind(last.cast_signed());
                    query.execute(conn).await
                })
                .await?;
            first = last + 1;
        }
        Ok(())
    }

    /// Adds `count` facts of old rounds: every other one in the week of `newest`, so that the very index which grows
    /// is a large one, the rest in the three weeks before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seed_facts(&self, tenant: TenantKey, newest: RoundId, count: u64) -> Result<(), StoreError> {
        let rounds = i64::try_from(count).unwrap_or(i64::MAX) / ROUND + 1;
        let mut left = count;
        for number in 0..rounds {
            let weeks_ago = if number % 2 == 0 { 0 } else { 1 + (number / 2) % 3 };
            let week = newest.week() - weeks_ago;
            self.ensure_week(week).await?;
            // Above the first raw ids of the week and below any that is born in it.
            let round = RoundId::first_of_week(week) + 1 + number;
            let facts = left.min(ROUND.unsigned_abs());
            left -= facts;
            let facts = i32::try_from(facts).unwrap_or(i32::MAX);
            self.database
                .run("seed_facts", async |conn| {
                    sqlx::query(FACTS).bind(tenant.0).bind(round).bind(facts).execute(conn).await
                })
                .await?;
        }
        Ok(())
    }

    /// Writes out what was added, so that a measure does not pay for it: statistics, visibility, a checkpoint.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settle_down(&self) -> Result<(), StoreError> {
        for sql in ["vacuum analyze recipient", "vacuum analyze attempt", "checkpoint"] {
            self.database
                .run("settle_down", async |conn| {
                    // A minute's work on twenty million facts.
                    sqlx::query("select set_config('statement_timeout', '0', false)").execute(&mut *conn).await?;
                    sqlx::raw_sql(sql).execute(&mut *conn).await
                })
                .await?;
        }
        Ok(())
    }
}
