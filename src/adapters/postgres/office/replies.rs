//! Answers kept for keys that come again.

use std::time::Duration;

use async_trait::async_trait;
use sqlx::types::Json;

use super::super::PgStore;
use super::super::rows::interval;
use super::super::statement::statements;
use crate::domain::ids::TenantKey;
use crate::domain::time::Timestamp;
use crate::ports::{Birth, KeptReply, Replies, StoreError, Turn};

statements! {
    TAKE_TURN = "-- take_turn
        -- $1 tenant, $2 caller, $3 key, $4 hash of the request, $5 now, $6 chance, $7 patience
        -- Whoever finds the key taken by somebody who has been silent for too long takes it over, with its birth.
        insert into idempotency (tenant_id, caller, key, request_hash, kept_at, chance, taken_until)
        values ($1, $2, $3, $4, $5, $6, lease_now() + $7)
        on conflict (tenant_id, caller, key) do update
        set taken_until = excluded.taken_until
        where idempotency.request_hash = excluded.request_hash
          and idempotency.answer is null
          and idempotency.taken_until <= lease_now()
        returning kept_at, chance";
    REPLY_KEPT = "-- reply_kept
        -- $1 tenant, $2 caller, $3 key, $4 hash of the request
        select request_hash = $4, answer from idempotency where tenant_id = $1 and caller = $2 and key = $3";
    KEEP_REPLY = "-- keep_reply
        -- $1 tenant, $2 caller, $3 key, $4 answer
        update idempotency set answer = $4 where tenant_id = $1 and caller = $2 and key = $3 and answer is null";
    GIVE_TURN_BACK = "-- give_turn_back
        -- $1 tenant, $2 caller, $3 key
        -- The birth stays: what was stored all the same is found stored.
        update idempotency set taken_until = lease_now()
        where tenant_id = $1 and caller = $2 and key = $3 and answer is null";
    FORGET_REPLIES = "-- forget_replies
        -- $1 tenant, $2 before
        delete from idempotency where tenant_id = $1 and kept_at < $2";
}

#[async_trait]
impl Replies for PgStore {
    async fn take_turn(
        &self,
        tenant: TenantKey,
        (caller, key): (&str, &str),
        request_hash: &[u8],
        birth: Birth,
        patience: Duration,
    ) -> Result<Turn, StoreError> {
        let taken: Option<(Timestamp, i64)> = self
            .database
            .run("take_turn", async |conn| {
                let query = sqlx::query_as(TAKE_TURN).bind(tenant.0).bind(caller).bind(key).bind(request_hash);
                let query = query.bind(birth.at).bind(birth.chance.cast_signed()).bind(interval(patience));
                query.fetch_optional(conn).await
            })
            .await?;
        if let Some((at, chance)) = taken {
            return Ok(Turn::Yours(Birth { at, chance: chance.cast_unsigned() }));
        }
        let kept: Option<(bool, Option<Json<KeptReply>>)> = self
            .database
            .run("reply_kept", async |conn| {
                let query = sqlx::query_as(REPLY_KEPT).bind(tenant.0).bind(caller).bind(key).bind(request_hash);
                query.fetch_optional(conn).await
            })
            .await?;
        Ok(match kept {
            Some((false, _)) => Turn::Other,
            Some((true, Some(Json(reply)))) => Turn::Done(reply),
            // Forgotten in this very moment: whoever asks again finds it free.
            Some((true, None)) | None => Turn::Running,
        })
    }

    async fn keep_reply(
        &self,
        tenant: TenantKey,
        (caller, key): (&str, &str),
        reply: &KeptReply,
    ) -> Result<(), StoreError> {
        self.database
            .run("keep_reply", async |conn| {
                sqlx::query(KEEP_REPLY).bind(tenant.0).bind(caller).bind(key).bind(Json(reply)).execute(conn).await
            })
            .await?;
        Ok(())
    }

    async fn give_turn_back(&self, tenant: TenantKey, (caller, key): (&str, &str)) -> Result<(), StoreError> {
        self.database
            .run("give_turn_back", async |conn| {
                sqlx::query(GIVE_TURN_BACK).bind(tenant.0).bind(caller).bind(key).execute(conn).await
            })
            .await?;
        Ok(())
    }

    async fn forget_replies(&self, tenant: TenantKey, before: Timestamp) -> Result<u64, StoreError> {
        let done = self
            .database
            .run("forget_replies", async |conn| {
                sqlx::query(FORGET_REPLIES).bind(tenant.0).bind(before).execute(conn).await
            })
            .await?;
        Ok(done.rows_affected())
    }
}
