//! What was sent of a broadcast that is over is set right: replaced, deleted, or recalled by itself.

use sqlx::PgConnection;
use sqlx::types::Json;

use super::PgStore;
use super::broadcasts::{ENGINE, note_at};
use super::pool::Verdict;
use super::queue::HOLD_LEASE;
use super::retry::RETRY_BEGUN;
use super::rows::int;
use super::statement::statements;
use crate::domain::broadcast::{BroadcastState, Channel, RoundKind};
use crate::domain::content::Content;
use crate::domain::ids::{BroadcastId, RoundId, TenantKey, WorkerId};
use crate::domain::notification::Notification;
use crate::domain::time::Timestamp;
use crate::ports::{Amends, HeldTenant, Recalling, Said, Standing, StoreError};

statements! {
    /// One page of those whom a correction or a recall takes up.
    STANDING_PAGE =
        concat!(include_str!("sql/standing_of.sql"), include_str!("sql/slices.sql"), include_str!("sql/standing.sql"));
    LOCK_TO_AMEND = "-- lock_to_amend
        -- $1 tenant, $2 broadcast, $3 to be recalled, $4 by itself
        select b.content, b.notification
        from broadcast b
        where b.tenant_id = $1
          and b.broadcast_id = $2
          and b.state in ('done', 'cancelled')
          and (b.recalled_at is null or $3 and not $4)
          and (not $4 or b.expire_at <= lease_now())
        for update";
    BEGIN_AMENDS = "-- begin_amends
        -- $1 tenant, $2 round, $3 broadcast, $4 kind, $5 channel, $6 content, $7 notification, $8 what was said before, $9 now
        insert into round (tenant_id, round_id, broadcast_id, parent_round_id, kind, channel, state, content, notification,
          replaced, created_at)
        select $1, $2, $3, max(r.round_id), $4, $5, 'expanding', $6, $7, $8, $9
        from round r
        where r.tenant_id = $1 and r.broadcast_id = $3 and r.kind in ('send', 'retry', 'notify')";
    REOPEN_TO_AMEND = "-- reopen_to_amend
        -- $1 tenant, $2 broadcast, $3 deadline, $4 title, $5 content, $6 notification, $7 recalled
        update broadcast
        set state = 'expanding',
            control_version = control_version + 1,
            deadline_at = $3,
            finished_at = null,
            moved_at = lease_now(),
            told_state = null,
            title = coalesce($4, title),
            content = coalesce($5, content),
            notification = coalesce($6, notification),
            recalled_at = case when $7 then coalesce(recalled_at, lease_now()) end
        where tenant_id = $1 and broadcast_id = $2";
    MARK_RECALLED = "-- mark_recalled
        -- $1 tenant, $2 broadcast
        update broadcast
        set recalled_at = coalesce(recalled_at, lease_now())
        where tenant_id = $1 and broadcast_id = $2";
    CANCEL_EXPIRED = "-- cancel_expired
        -- $1 tenant
        update broadcast
        set state = 'cancelling',
            control_version = control_version + 1,
            moved_at = lease_now(),
            told_state = null,
            finished_at = null,
            halted_at = null,
            halt_reason = null,
            halt_detail = null
        where tenant_id = $1
          and expire_at <= lease_now()
          and recalled_at is null
          and state in ('scheduled', 'expanding', 'running', 'paused', 'halted', 'missed')
        returning broadcast_id";
    EXPIRED = "-- expired
        -- $1 tenant
        select broadcast_id
        from broadcast
        where tenant_id = $1 and expire_at <= lease_now() and recalled_at is null and state in ('done', 'cancelled')
        order by expire_at, broadcast_id";
}

/// A row of [`STANDING_PAGE`]: her number, whether she is wanted, her message, why there may be another.
pub(super) type StandingRow = (i64, bool, Option<String>, Option<String>);

/// The next page of those whom `round` may take up, in the order of the directory's numbers.
pub(super) async fn standing_page(
    conn: &mut PgConnection,
    (tenant, broadcast, round): (i32, i64, RoundId),
    channel: &str,
    kind: RoundKind,
    after: i64,
    limit: u32,
) -> Result<Vec<StandingRow>, sqlx::Error> {
    let query = sqlx::query_as(STANDING_PAGE).bind(tenant).bind(broadcast).bind(after).bind(i64::from(limit));
    query.bind(round.as_i64()).bind(channel).bind(kind == RoundKind::Recall).fetch_all(conn).await
}

/// People of one page of a count.
const COUNTED_AT_ONCE: u32 = 5000;

impl PgStore {
    pub(super) async fn count_those_standing(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        kind: RoundKind,
        channel: Channel,
    ) -> Result<Standing, StoreError> {
        // Page by page: one statement about half a million people would take longer than a statement may.
        let no_round = RoundId::from_i64(i64::MAX);
        let (mut standing, mut after) = (Standing::default(), 0);
        loop {
            let place = (tenant.0, id.as_i64(), no_round);
            let page = self
                .database
                .run("count_standing", async |conn| {
                    standing_page(conn, place, channel.name(), kind, after, COUNTED_AT_ONCE).await
                })
                .await?;
            for (_, _, message, doubt) in page.iter().filter(|(_, wanted, ..)| *wanted) {
                let is_known = message.is_some() || channel == Channel::Feed;
                *(if is_known { &mut standing.known } else { &mut standing.unknown }) += 1;
                standing.doubted += u64::from(message.is_some() && doubt.is_some());
            }
            match page.last() {
                Some((recipient, ..)) if page.len() == COUNTED_AT_ONCE as usize => after = *recipient,
                _ => return Ok(standing),
            }
        }
    }

    pub(super) async fn begin_amends(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        amends: &Amends,
        rounds: &[(RoundId, Channel)],
        deadline_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let begun = self
            .database
            .transaction_if("amend", async |conn| {
                let (recalls, by_itself) = match amends {
                    Amends::Correct(_) => (false, false),
                    Amends::Recall(recalling) => (true, recalling.by_itself),
                };
                let query =
                    sqlx::query_as(LOCK_TO_AMEND).bind(tenant.0).bind(id.as_i64()).bind(recalls).bind(by_itself);
                let before: Option<(Json<Content>, Option<Json<Notification>>)> =
                    query.fetch_optional(&mut *conn).await?;
                let Some((Json(content), notification)) = before else {
                    // Perhaps these very rounds, of which the first answer was lost.
                    let Some((round, _)) = rounds.first() else { return Ok(Verdict::RollBack(false)) };
                    let query = sqlx::query_scalar(RETRY_BEGUN).bind(tenant.0).bind(round.as_i64());
                    return Ok(Verdict::RollBack(query.fetch_one(conn).await?));
                };
                let before = Said { content, notification: notification.map(|Json(notification)| notification) };
                write_amends(conn, (tenant, id), amends, rounds, (&before, deadline_at, now)).await?;
                let (actor, action) = match (amends, by_itself) {
                    (Amends::Correct(_), _) => (ENGINE, "corrected"),
                    (Amends::Recall(_), false) => (ENGINE, "recalled"),
                    (Amends::Recall(_), true) => ("stentor", "recalled"),
                };
                note_at(conn, tenant.0, Some(now), actor, action, id).await?;
                Ok(Verdict::Commit(true))
            })
            .await?;
        Ok(begun)
    }

    pub(super) async fn cancel_what_expired(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        now: Timestamp,
    ) -> Result<Vec<BroadcastId>, StoreError> {
        let tenant = held.tenant.0;
        let expired: Option<Vec<i64>> = self
            .database
            .transaction("cancel_expired", async |conn| {
                let lease = sqlx::query(HOLD_LEASE).bind(tenant).bind(worker.0).bind(int(held.epoch.0));
                if lease.fetch_optional(&mut *conn).await?.is_none() {
                    return Ok(None);
                }
                let cancelled: Vec<i64> = sqlx::query_scalar(CANCEL_EXPIRED).bind(tenant).fetch_all(&mut *conn).await?;
                for id in cancelled {
                    let (id, action) = (BroadcastId::from_i64(id), BroadcastState::Cancelling.name());
                    note_at(conn, tenant, Some(now), "stentor", action, id).await?;
                }
                sqlx::query_scalar(EXPIRED).bind(tenant).fetch_all(conn).await.map(Some)
            })
            .await?;
        Ok(expired.ok_or(StoreError::LeaseLost)?.into_iter().map(BroadcastId::from_i64).collect())
    }
}

/// The rounds, and the broadcast opened again with them.
async fn write_amends(
    conn: &mut PgConnection,
    (tenant, id): (TenantKey, BroadcastId),
    amends: &Amends,
    rounds: &[(RoundId, Channel)],
    (before, deadline_at, now): (&Said, Timestamp, Timestamp),
) -> Result<(), sqlx::Error> {
    if rounds.is_empty() {
        sqlx::query(MARK_RECALLED).bind(tenant.0).bind(id.as_i64()).execute(conn).await?;
        return Ok(());
    }
    let nothing = Recalling::default();
    let (corrected, instead) = match amends {
        Amends::Correct(said) => (Some(said), &nothing),
        Amends::Recall(recalling) => (None, recalling),
    };
    let replaced =
        corrected.map(|_| serde_json::json!({ "content": before.content, "notification": before.notification }));
    for (round, channel) in rounds {
        let (content, notification) = match channel {
            Channel::Feed => (None, instead.notification.as_ref()),
            Channel::Chat | Channel::Post => (instead.content.as_ref(), None),
        };
        let query = sqlx::query(BEGIN_AMENDS).bind(tenant.0).bind(round.as_i64()).bind(id.as_i64());
        let query = query.bind(amends.kind().name()).bind(channel.name()).bind(content.map(Json));
        query.bind(notification.map(Json)).bind(replaced.as_ref().map(Json)).bind(now).execute(&mut *conn).await?;
    }
    let query = sqlx::query(REOPEN_TO_AMEND).bind(tenant.0).bind(id.as_i64()).bind(deadline_at);
    let query = query.bind(corrected.map(|said| said.content.title.as_str()));
    let query = query.bind(corrected.map(|said| Json(&said.content)));
    let query = query.bind(corrected.and_then(|said| said.notification.as_ref()).map(Json));
    query.bind(corrected.is_none()).execute(conn).await?;
    Ok(())
}
