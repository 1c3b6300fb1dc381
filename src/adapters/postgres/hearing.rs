//! What the bot is told of the way to people, and whether it may answer them.

use std::time::Duration;

use sqlx::FromRow;
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use super::PgStore;
use super::rows::interval;
use super::statement::statements;
use crate::domain::heard::Chat;
use crate::domain::ids::{ConversationId, EntraId, RecipientKey, TenantKey};
use crate::domain::time::Timestamp;
use crate::ports::{ChatsHeard, StoreError, Taken};

/// How long somebody who tells us something waits for a turn. Teams tells it again.
const TURN_WITHIN: Duration = Duration::from_secs(1);

statements! {
    HEAR = "-- hear
        -- $1 tenant, $2 Entra id, $3 told at, $4 conversation, $5 service url; both null: she does not have the app
        with known as materialized (
          select recipient_id from recipient where tenant_id = $1 and entra_id = $2
        ),
        kept as (
          update recipient p
          set told_at = $3,
              -- Owners look for what is new to us only.
              heard_at = case
                when (p.conversation_id, p.service_url) is distinct from ($4::text, $5::text) then lease_now()
                else p.heard_at
              end,
              installation = case when $4 is null then 1 when p.installation = 3 then 3 else 2 end,
              installation_id = case when $4 is null then null else p.installation_id end,
              conversation_id = $4,
              service_url = $5,
              -- Who has a chat is not refused, whatever was the case before.
              refusal = case when $4 is null then p.refusal end,
              refused_at = case when $4 is null then p.refused_at end
          where p.tenant_id = $1
            and p.recipient_id = (select recipient_id from known)
            and (p.told_at is null or p.told_at < $3)
          returning 1
        )
        select exists (select from known) as known, exists (select from kept) as kept";
    CHATS_HEARD = "-- chats_heard
        -- $1 tenant, $2 as of when the last look was
        -- The order lets the index find them, whatever the planner believes of the instant. Of more than the limit the oldest
        -- are left out, and are looked up like everybody of whom nothing was told.
        select look.as_of, p.recipient_id, p.conversation_id, p.service_url
        from (select lease_now() as as_of) look
        left join lateral (
          select recipient_id, conversation_id, service_url
          from recipient
          where tenant_id = $1
            and heard_at > coalesce($2, look.as_of) - interval '5 seconds'
            and conversation_id is not null and service_url is not null
          order by heard_at desc
          limit 10000
        ) p on true";
    MAY_ANSWER = "-- may_answer
        -- $1 tenant, $2 Entra id, $3 pause, $4 her pause
        -- A reply is a courtesy: it waits for no lock. Whoever freezes an audience holds the tenant's for long, and her row
        -- must not be held meanwhile.
        with turn as materialized (
          select tenant_id
          from tenant
          where tenant_id = $1 and (answered_at is null or answered_at <= lease_now() - $3::interval)
          for no key update skip locked
        ),
        her as materialized (
          select recipient_id
          from recipient
          where tenant_id = $1
            and entra_id = $2
            and (answered_at is null or answered_at <= lease_now() - $4::interval)
            and exists (select from turn)
          for no key update skip locked
        ),
        taken as (
          update tenant set answered_at = lease_now() where tenant_id = $1 and exists (select from her)
        )
        update recipient p
        set answered_at = lease_now()
        where p.tenant_id = $1 and p.recipient_id = (select recipient_id from her)";
}

#[derive(FromRow)]
struct HeardRow {
    known: bool,
    kept: bool,
}

#[derive(FromRow)]
struct ChatRow {
    as_of: Timestamp,
    recipient_id: Option<i64>,
    conversation_id: Option<String>,
    service_url: Option<String>,
}

impl PgStore {
    pub(super) async fn keep_heard(
        &self,
        tenant: TenantKey,
        user: EntraId,
        chat: Option<&Chat>,
        told_at: Timestamp,
    ) -> Result<Taken, StoreError> {
        let (conversation, service_url) =
            chat.map(|chat| (chat.conversation.0.as_str(), chat.service_url.as_str())).unzip();
        let _turn = self.turn_to_hear().await?;
        let row: HeardRow = self
            .database
            .run("hear", async |conn| {
                let query = sqlx::query_as(HEAR).bind(tenant.0).bind(user.0).bind(told_at);
                query.bind(conversation).bind(service_url).fetch_one(conn).await
            })
            .await?;
        Ok(match row {
            HeardRow { kept: true, .. } => Taken::Kept,
            HeardRow { known: true, .. } => Taken::Old,
            HeardRow { .. } => Taken::Stranger,
        })
    }

    pub(super) async fn look_for_chats(
        &self,
        tenant: TenantKey,
        since: Option<Timestamp>,
    ) -> Result<ChatsHeard, StoreError> {
        let rows: Vec<ChatRow> = self
            .database
            .run("chats_heard", async |conn| {
                sqlx::query_as(CHATS_HEARD).bind(tenant.0).bind(since).fetch_all(conn).await
            })
            .await?;
        let as_of = rows.first().map(|row| row.as_of);
        let as_of = as_of.ok_or_else(|| StoreError::Broken("the clock gave no row".to_owned()))?;
        let chat = |row: ChatRow| {
            let chat = Chat { conversation: ConversationId(row.conversation_id?), service_url: row.service_url? };
            Some((RecipientKey(row.recipient_id?), chat))
        };
        Ok(ChatsHeard { as_of, chats: rows.into_iter().filter_map(chat).collect() })
    }

    pub(super) async fn take_turn_to_answer(
        &self,
        tenant: TenantKey,
        user: EntraId,
        pause: Duration,
        her_pause: Duration,
    ) -> Result<bool, StoreError> {
        let _turn = self.turn_to_hear().await?;
        let done = self
            .database
            .run("may_answer", async |conn| {
                let query = sqlx::query(MAY_ANSWER).bind(tenant.0).bind(user.0);
                query.bind(interval(pause)).bind(interval(her_pause)).execute(conn).await
            })
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// What comes in from outside, however much that is, leaves most connections to the work.
    async fn turn_to_hear(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        match timeout(TURN_WITHIN, self.hearing.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(StoreError::Unavailable("too much is told to the bot at once".to_owned())),
        }
    }
}
