//! A broadcast that is over takes some of its people up again.

use super::PgStore;
use super::broadcasts::{ENGINE, note};
use super::expand::TO_RETRY;
use super::pool::Verdict;
use super::statement::statements;
use crate::domain::broadcast::RoundKind;
use crate::domain::ids::{BroadcastId, RoundId, TenantKey};
use crate::domain::time::Timestamp;
use crate::ports::{RetryWish, StoreError};

statements! {
    REOPEN = "-- reopen
        -- $1 tenant, $2 broadcast, $3 deadline
        update broadcast
        set state = 'expanding',
            control_version = control_version + 1,
            deadline_at = $3,
            finished_at = null,
            moved_at = lease_now(),
            told_state = null
        where tenant_id = $1 and broadcast_id = $2 and state in ('done', 'cancelled') and recalled_at is null";
    BEGIN_RETRY = "-- begin_retry
        -- $1 tenant, $2 round, $3 broadcast, $4 kind, $5 reasons or null, $6 also the unconfirmed, $7 now
        insert into round (tenant_id, round_id, broadcast_id, parent_round_id, kind, channel, state, retry_reasons,
          retry_unconfirmed, created_at)
        select $1, $2, $3, max(r.round_id), $4, min(r.channel), 'expanding', $5, $6, $7
        from round r
        where r.tenant_id = $1 and r.broadcast_id = $3 and r.kind in ('send', 'retry')";
    RETRY_BEGUN = "-- retry_begun
        -- $1 tenant, $2 round
        select exists (select from round where tenant_id = $1 and round_id = $2)";
}

/// The codes of a wish; null for every reason.
fn codes(wish: &RetryWish) -> Option<Vec<&'static str>> {
    (!wish.reasons.is_empty()).then(|| wish.reasons.iter().map(|reason| reason.code()).collect())
}

impl PgStore {
    pub(super) async fn count_to_retry(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        wish: &RetryWish,
    ) -> Result<u64, StoreError> {
        let count = format!("select count(*) from ({TO_RETRY}) retried");
        let count: i64 = self
            .database
            .run("count_retry", async |conn| {
                let query = sqlx::query_scalar(sqlx::AssertSqlSafe(count)).bind(tenant.0).bind(id.as_i64());
                let query = query.bind(0_i64).bind(i64::MAX).bind(i64::MAX);
                query.bind(codes(wish)).bind(wish.unconfirmed).fetch_one(conn).await
            })
            .await?;
        Ok(count.unsigned_abs())
    }

    pub(super) async fn begin_retry(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        wish: &RetryWish,
        round: RoundId,
        deadline_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let begun = self
            .database
            .transaction_if("retry", async |conn| {
                let query = sqlx::query(REOPEN).bind(tenant.0).bind(id.as_i64()).bind(deadline_at);
                if query.execute(&mut *conn).await?.rows_affected() == 0 {
                    // Perhaps this very retry, of which the first answer was lost.
                    let query = sqlx::query_scalar(RETRY_BEGUN).bind(tenant.0).bind(round.as_i64());
                    return Ok(Verdict::RollBack(query.fetch_one(conn).await?));
                }
                let query = sqlx::query(BEGIN_RETRY).bind(tenant.0).bind(round.as_i64()).bind(id.as_i64());
                let query = query.bind(RoundKind::Retry.name()).bind(codes(wish)).bind(wish.unconfirmed);
                query.bind(now).execute(&mut *conn).await?;
                note(conn, tenant.0, ENGINE, "retried", id).await?;
                Ok(Verdict::Commit(true))
            })
            .await?;
        Ok(begun)
    }
}
