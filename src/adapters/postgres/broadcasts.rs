//! Broadcasts: stored, started at their hour, moved through their life, halted and released.

use sqlx::PgConnection;
use sqlx::types::Json;

use super::PgStore;
use super::pool::Verdict;
use super::queue::HOLD_LEASE;
use super::rescue::settle_left;
use super::rows::int;
use super::statement::statements;
use crate::domain::broadcast::{BroadcastState, Channel, RoundKind, RoundState};
use crate::domain::content::Content;
use crate::domain::delivery::WhenInDoubt;
use crate::domain::ids::{BroadcastId, RoundId, TenantKey, WorkerId};
use crate::domain::notification::Notification;
use crate::domain::time::Timestamp;
use crate::ports::{Halt, HeldTenant, Release, Said, StoreError, Submission, Untold};

statements! {
    INSERT_BROADCAST = "-- insert_broadcast
        -- $1 tenant, $2 broadcast, $3 state, $4 urgent, $5 when in doubt, $6 audience, $7 deadline, $8 now, $9 title,
        -- $10 content, $11 start, $12 prepare, $13 time zone, $14 tolerance in seconds, $15 author, $16 notice of,
        -- $17 expected, $18 expression, $19 channels, $20 notification, $21 when it expires
        insert into broadcast (tenant_id, broadcast_id, state, urgent, when_in_doubt, audience, deadline_at, created_at, title,
          content, start_at, prepare_at, time_zone, tolerance_seconds, author_id, notice_of, expected, expression, channels,
          notification, expire_at, moved_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, lease_now())
        on conflict (tenant_id, broadcast_id) do nothing";
    INSERT_ROUND = "-- insert_round
        -- $1 tenant, $2 round, $3 broadcast, $4 kind, $5 state, $6 now, $7 channel
        insert into round (tenant_id, round_id, broadcast_id, kind, state, created_at, channel)
        values ($1, $2, $3, $4, $5, $6, $7)";
    INSERT_LIST = "-- insert_list
        -- $1 tenant, $2 broadcast, $3 recipients
        insert into audience_list (tenant_id, broadcast_id, recipient_id)
        select distinct $1::int, $2::bigint, r from unnest($3::bigint[]) as r";
    INSERT_NAMED_LIST = "-- insert_named_list
        -- $1 tenant, $2 broadcast, $3 name, $4 recipients
        insert into broadcast_list (tenant_id, broadcast_id, name, people)
        values ($1, $2, $3, $4)";
    INSERT_AUDIT = "-- insert_audit
        -- $1 tenant, $2 now, $3 actor, $4 action, $5 subject
        insert into audit (tenant_id, happened_at, actor, action, subject)
        values ($1, coalesce($2, lease_now()), $3, $4, $5)";
    RELEASE_DRAFT = "-- release_draft
        -- $1 tenant, $2 draft, $3 the version that was read, $4 how many it means, $5 who hands it in, $6 their name, $7 when,
        -- $8 who releases it, $9 their name, $10 when
        update draft
        set state = 'sent',
            version = version + 1,
            expected = $4,
            submitted_by = coalesce($5, submitted_by),
            submitted_by_name = coalesce($6, submitted_by_name),
            submitted_at = coalesce($7, submitted_at),
            decided_by = $8,
            decided_by_name = $9,
            decided_at = $10,
            rejection = null
        where tenant_id = $1 and draft_id = $2 and version = $3 and state <> 'sent'";
    ROUND_IS_THERE = "-- round_is_there
        -- $1 tenant, $2 round
        select exists (select from round where tenant_id = $1 and round_id = $2)";
    TELL = "-- tell
        -- $1 tenant, $2 broadcast, $3 the state that is told
        update broadcast
        set told_state = $3
        where tenant_id = $1 and broadcast_id = $2 and state = $3 and told_state is distinct from $3";
    START_DUE = "-- start_due
        -- $1 tenant
        -- Started once, for the state moves once; late by more than its tolerance, it asks.
        update broadcast b
        set state = case
              when lease_now() - b.start_at > make_interval(secs => b.tolerance_seconds) then 'missed'
              else 'expanding'
            end,
            control_version = control_version + 1,
            moved_at = lease_now(),
            told_state = null
        where b.tenant_id = $1 and b.state = 'scheduled' and b.start_at <= lease_now()
        returning b.broadcast_id, b.state";
    SAID = "-- said
        -- $1 tenant, $2 round
        select coalesce(r.content, b.content), coalesce(r.notification, b.notification)
        from round r
        join broadcast b on b.tenant_id = r.tenant_id and b.broadcast_id = r.broadcast_id
        where r.tenant_id = $1 and r.round_id = $2";
    MOVE_BROADCAST = "-- move_broadcast
        -- $1 tenant, $2 broadcast, $3 from, $4 to, $5 now, $6 final, $7 its id as people see it
        with moved as (
          update broadcast
          set state = $4,
              control_version = control_version + 1,
              moved_at = lease_now(),
              told_state = null,
              finished_at = case when $6 then $5::timestamptz end,
              halted_at = null,
              halt_reason = null,
              halt_detail = null
          where tenant_id = $1 and broadcast_id = $2 and state = any($3)
          returning broadcast_id
        ),
        noted as (
          insert into audit (tenant_id, happened_at, actor, action, subject)
          select $1, $5, 'engine', 'broadcast_' || $4, $7 from moved
        )
        select count(*) from moved";
    LOCK_ROUNDS = "-- lock_rounds
        -- $1 tenant, $2 broadcast
        -- Waits for a slice that is being frozen, so that the next statement sees whether it was the last.
        select 1 from round where tenant_id = $1 and broadcast_id = $2 for update";
    RESUME_BROADCAST = "-- resume_broadcast
        -- $1 tenant, $2 broadcast, $3 now, $4 its id as people see it
        -- Back to where it stood: an hour that is still to come is waited for, a round that was not frozen to its end goes
        -- on being frozen. One that was missed gets the time that it had before its deadline.
        with resumed as (
          update broadcast b
          set state = case
                when b.start_at > lease_now() then 'scheduled'
                when exists (
                  select from round r
                  where r.tenant_id = $1
                    and r.broadcast_id = b.broadcast_id
                    and r.kind not in ('prepare', 'notify')
                    and r.state = 'expanding'
                ) then 'expanding'
                else 'running'
              end,
              deadline_at = case b.state
                when 'missed' then greatest(b.deadline_at, lease_now() + (b.deadline_at - coalesce(b.start_at, b.created_at)))
                else b.deadline_at
              end,
              control_version = control_version + 1,
              moved_at = lease_now(),
              told_state = null,
              halted_at = null,
              halt_reason = null,
              halt_detail = null
          where b.tenant_id = $1 and b.broadcast_id = $2 and b.state in ('paused', 'halted', 'missed')
          returning broadcast_id
        ),
        noted as (
          insert into audit (tenant_id, happened_at, actor, action, subject)
          select $1, $3, 'engine', 'broadcast_resumed', $4 from resumed
        )
        select count(*) from resumed";
    HALT_BROADCAST = "-- halt_broadcast
        -- $1 tenant, $2 broadcast, $3 reason, $4 detail, $5 since
        update broadcast
        set state = 'halted', control_version = control_version + 1, moved_at = lease_now(), told_state = null,
          halt_reason = $3, halt_detail = $4, halted_at = $5
        where tenant_id = $1 and broadcast_id = $2 and state in ('running', 'expanding')";
    HALT_TENANT = "-- halt_tenant
        -- $1 tenant, $2 reason, $3 detail, $4 since
        -- The first reason stays: what follows from a halt must not hide its cause.
        update tenant
        set halt_reason = $2, halt_detail = $3, halted_at = $4
        where tenant_id = $1 and halted_at is null";
    RELEASE_HALT = "-- release_halt
        -- $1 tenant
        update tenant
        set halt_reason = null, halt_detail = null, halted_at = null
        where tenant_id = $1";
    FINISH_ROUNDS = "-- finish_rounds
        -- $1 tenant, $2 now
        -- Each `not exists` reads one of the two partial indexes; finished chunks are in neither.
        update round r
        set state = 'done', finished_at = $2
        where r.tenant_id = $1
          and r.state = 'running'
          and r.kind <> 'prepare'
          and not exists (select from chunk c where c.tenant_id = $1 and c.round_id = r.round_id and c.state = 0)
          and not exists (select from chunk c where c.tenant_id = $1 and c.round_id = r.round_id and c.state = 1)";
    FINISH_PREPARING = "-- finish_preparing
        -- $1 tenant, $2 now
        -- At the end of its set, or when the broadcast no longer waits for its hour and nobody holds a chunk.
        update round r
        set state = 'done', finished_at = $2
        from broadcast b
        where r.tenant_id = $1
          and r.kind = 'prepare'
          and r.state in ('expanding', 'running')
          and b.tenant_id = r.tenant_id
          and b.broadcast_id = r.broadcast_id
          and not exists (select from chunk c where c.tenant_id = $1 and c.round_id = r.round_id and c.state = 1)
          and (
            b.state not in ('scheduled', 'paused')
            or r.state = 'running' and not exists (
              select from chunk c where c.tenant_id = $1 and c.round_id = r.round_id and c.state = 0
            )
          )";
    FINISH_BROADCASTS = "-- finish_broadcasts
        -- $1 tenant, $2 now
        update broadcast b
        set state = 'done', finished_at = $2, moved_at = lease_now(), told_state = null,
          halted_at = null, halt_reason = null, halt_detail = null
        where b.tenant_id = $1
          and b.state in ('running', 'paused', 'halted')
          and not exists (
            select
            from round r
            where r.tenant_id = $1 and r.broadcast_id = b.broadcast_id and r.state <> 'done'
          )
          and exists (select from round r where r.tenant_id = $1 and r.broadcast_id = b.broadcast_id)
        returning b.broadcast_id, b.state";
    DOUBTED_LEFT = include_str!("sql/doubted_left.sql");
    FINISH_CANCELLED = "-- finish_cancelled
        -- $1 tenant, $2 now
        with ended as (
          update broadcast b
          set state = 'cancelled', finished_at = $2, moved_at = lease_now(), told_state = null,
            halted_at = null, halt_reason = null, halt_detail = null
          where b.tenant_id = $1
            and b.state = 'cancelling'
            and not exists (
              select
              from round r
              join chunk c on c.tenant_id = r.tenant_id and c.round_id = r.round_id
              where r.tenant_id = $1 and r.broadcast_id = b.broadcast_id and c.state = 1
            )
          returning b.broadcast_id, b.state
        ),
        rounds as (
          update round r
          set state = 'done', finished_at = $2
          from ended e
          where r.tenant_id = $1 and r.broadcast_id = e.broadcast_id and r.state <> 'done'
        )
        select broadcast_id, state from ended";
}

/// The word for a policy, as the table keeps it.
pub(super) const fn doubt_name(when_in_doubt: WhenInDoubt) -> &'static str {
    match when_in_doubt {
        WhenInDoubt::Hold => "hold",
        WhenInDoubt::Resend => "resend",
    }
}

impl PgStore {
    pub(super) async fn insert(&self, submission: &Submission) -> Result<bool, StoreError> {
        let stored = self
            .database
            .transaction_if("submit", async |conn| {
                if let Some(release) = &submission.draft
                    && !release_draft(conn, submission, release).await?
                {
                    // Perhaps by this very submission, of which the first answer was lost.
                    let query = sqlx::query_scalar(ROUND_IS_THERE).bind(submission.tenant.0);
                    let query = query.bind(submission.broadcast.round.as_i64());
                    return Ok(Verdict::RollBack(query.fetch_one(conn).await?));
                }
                insert_broadcast(conn, submission, None).await?;
                Ok(Verdict::Commit(true))
            })
            .await?;
        Ok(stored)
    }

    pub(super) async fn insert_notice(&self, untold: Untold, notice: &Submission) -> Result<(), StoreError> {
        let told = untold.broadcast.as_i64();
        self.database
            .transaction("tell", async |conn| {
                let query = sqlx::query(TELL).bind(notice.tenant.0).bind(told).bind(untold.state.name());
                if query.execute(&mut *conn).await?.rows_affected() == 0 {
                    return Ok(());
                }
                insert_broadcast(conn, notice, Some(told)).await
            })
            .await?;
        Ok(())
    }

    pub(super) async fn start_hours(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        now: Timestamp,
    ) -> Result<Vec<(BroadcastId, BroadcastState)>, StoreError> {
        let tenant = held.tenant.0;
        let rows: Option<Vec<(i64, String)>> = self
            .database
            .transaction("start_due", async |conn| {
                let lease = sqlx::query(HOLD_LEASE).bind(tenant).bind(worker.0).bind(int(held.epoch.0));
                if lease.fetch_optional(&mut *conn).await?.is_none() {
                    return Ok(None);
                }
                let due: Vec<(i64, String)> = sqlx::query_as(START_DUE).bind(tenant).fetch_all(&mut *conn).await?;
                for (id, state) in &due {
                    note_at(conn, tenant, Some(now), "stentor", state, BroadcastId::from_i64(*id)).await?;
                }
                Ok(Some(due))
            })
            .await?;
        moved(rows.ok_or(StoreError::LeaseLost)?)
    }

    pub(super) async fn said_by(&self, tenant: TenantKey, round: RoundId) -> Result<Said, StoreError> {
        let (Json(content), notification): (Json<Content>, Option<Json<Notification>>) = self
            .database
            .run("said", async |conn| sqlx::query_as(SAID).bind(tenant.0).bind(round.as_i64()).fetch_one(conn).await)
            .await?;
        Ok(Said { content, notification: notification.map(|Json(notification)| notification) })
    }

    pub(super) async fn move_state(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        from: &[BroadcastState],
        to: BroadcastState,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let from: Vec<&str> = from.iter().map(|state| state.name()).collect();
        let moved: i64 = self
            .database
            .run("move_broadcast", async |conn| {
                let query = sqlx::query_scalar(MOVE_BROADCAST).bind(tenant.0).bind(id.as_i64()).bind(&from);
                query.bind(to.name()).bind(now).bind(to.is_final()).bind(id.to_string()).fetch_one(conn).await
            })
            .await?;
        Ok(moved == 1)
    }

    pub(super) async fn resume_one(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let resumed: i64 = self
            .database
            .transaction("resume_broadcast", async |conn| {
                sqlx::query(LOCK_ROUNDS).bind(tenant.0).bind(id.as_i64()).fetch_all(&mut *conn).await?;
                let query = sqlx::query_scalar(RESUME_BROADCAST).bind(tenant.0).bind(id.as_i64());
                query.bind(now).bind(id.to_string()).fetch_one(conn).await
            })
            .await?;
        Ok(resumed == 1)
    }

    pub(super) async fn halt_one(&self, tenant: TenantKey, id: BroadcastId, halt: &Halt) -> Result<(), StoreError> {
        self.database
            .run("halt_broadcast", async |conn| {
                let query = sqlx::query(HALT_BROADCAST).bind(tenant.0).bind(id.as_i64()).bind(halt.reason.code());
                query.bind(&halt.detail).bind(halt.since).execute(conn).await
            })
            .await?;
        Ok(())
    }

    pub(super) async fn halt_all(&self, tenant: TenantKey, halt: &Halt) -> Result<(), StoreError> {
        self.database
            .run("halt_tenant", async |conn| {
                let query = sqlx::query(HALT_TENANT).bind(tenant.0).bind(halt.reason.code());
                query.bind(&halt.detail).bind(halt.since).execute(conn).await
            })
            .await?;
        Ok(())
    }

    pub(super) async fn release_all(&self, tenant: TenantKey) -> Result<(), StoreError> {
        self.database
            .run("release_halt", async |conn| sqlx::query(RELEASE_HALT).bind(tenant.0).execute(conn).await)
            .await?;
        Ok(())
    }

    pub(super) async fn finish_all(
        &self,
        tenant: TenantKey,
        now: Timestamp,
    ) -> Result<Vec<(BroadcastId, BroadcastState)>, StoreError> {
        let rows: Vec<(i64, String)> = self
            .database
            .transaction("finish", async |conn| {
                sqlx::query(FINISH_ROUNDS).bind(tenant.0).bind(now).execute(&mut *conn).await?;
                sqlx::query(FINISH_PREPARING).bind(tenant.0).bind(now).execute(&mut *conn).await?;
                settle_doubted(conn, tenant, now).await?;
                let mut ended: Vec<(i64, String)> =
                    sqlx::query_as(FINISH_CANCELLED).bind(tenant.0).bind(now).fetch_all(&mut *conn).await?;
                let query = sqlx::query_as(FINISH_BROADCASTS).bind(tenant.0).bind(now);
                let done: Vec<(i64, String)> = query.fetch_all(conn).await?;
                ended.extend(done);
                Ok(ended)
            })
            .await?;
        moved(rows)
    }
}

fn moved(rows: Vec<(i64, String)>) -> Result<Vec<(BroadcastId, BroadcastState)>, StoreError> {
    rows.into_iter().map(|(id, state)| Ok((BroadcastId::from_i64(id), broadcast_state(&state)?))).collect()
}

/// Marks a draft as sent; `false` when it does not stand any more as it was read.
async fn release_draft(
    conn: &mut PgConnection,
    submission: &Submission,
    release: &Release,
) -> Result<bool, sqlx::Error> {
    let (submitted, decided) = (release.submitted.as_ref(), release.decided.as_ref());
    let query = sqlx::query(RELEASE_DRAFT).bind(submission.tenant.0).bind(submission.broadcast.id.as_i64());
    let query = query.bind(int(release.version)).bind(i32::try_from(release.expected).unwrap_or(i32::MAX));
    let query = query.bind(submitted.map(|by| &by.subject)).bind(submitted.map(|by| &by.name));
    let query = query.bind(submitted.map(|by| by.at));
    let query = query.bind(decided.map(|by| &by.subject)).bind(decided.map(|by| &by.name));
    let query = query.bind(decided.map(|by| by.at));
    Ok(query.execute(conn).await?.rows_affected() == 1)
}

async fn insert_broadcast(
    conn: &mut PgConnection,
    submission: &Submission,
    notice_of: Option<i64>,
) -> Result<(), sqlx::Error> {
    let (tenant, broadcast) = (submission.tenant.0, &submission.broadcast);
    let audience = broadcast.audience.name();
    let people: Vec<i64> = submission.list.iter().map(|key| key.0).collect();
    let treatment = &broadcast.treatment;
    let schedule = broadcast.schedule.as_ref().map(|(schedule, _)| schedule);
    let state = if schedule.is_some() { BroadcastState::Scheduled } else { BroadcastState::Expanding };
    let query = sqlx::query(INSERT_BROADCAST).bind(tenant).bind(broadcast.id.as_i64());
    let query = query.bind(state.name()).bind(treatment.urgent);
    let query = query.bind(doubt_name(treatment.when_in_doubt)).bind(audience).bind(treatment.deadline_at);
    let query = query.bind(broadcast.created_at).bind(&broadcast.content.title).bind(Json(&broadcast.content));
    let query = query.bind(schedule.map(|schedule| schedule.start_at));
    let query = query.bind(schedule.and_then(|schedule| schedule.prepare_at));
    let query = query.bind(schedule.map(|schedule| schedule.time_zone.as_str()));
    let query = query.bind(i32::try_from(treatment.tolerance.as_secs()).unwrap_or(i32::MAX));
    let query = query.bind(broadcast.author.map(|author| author.0)).bind(notice_of);
    let expected = broadcast.expected.map(|people| i32::try_from(people).unwrap_or(i32::MAX));
    let query = query.bind(expected).bind(broadcast.audience.expression());
    let query = query.bind(broadcast.way.channels().name()).bind(broadcast.way.notification().map(Json));
    let query = query.bind(broadcast.expire_at);
    if query.execute(&mut *conn).await?.rows_affected() == 0 {
        // The same submission, repeated because its first answer was lost.
        return Ok(());
    }
    let prepare = broadcast.schedule.as_ref().filter(|(schedule, _)| schedule.prepare_at.is_some());
    let first = broadcast.way.channels().first();
    let rounds = [
        (RoundKind::Send, first, Some(broadcast.round)),
        (RoundKind::Prepare, first, prepare.map(|(_, round)| *round)),
        (RoundKind::Notify, Channel::Feed, broadcast.way.notify_round()),
    ];
    for (kind, channel, round) in rounds {
        let Some(round) = round else { continue };
        let query = sqlx::query(INSERT_ROUND).bind(tenant).bind(round.as_i64()).bind(broadcast.id.as_i64());
        let query = query.bind(kind.name()).bind(RoundState::Expanding.name()).bind(broadcast.created_at);
        query.bind(channel.name()).execute(&mut *conn).await?;
    }
    let query = sqlx::query(INSERT_LIST).bind(tenant).bind(broadcast.id.as_i64());
    query.bind(&people).execute(&mut *conn).await?;
    for (name, people) in &submission.lists {
        let people: Vec<i64> = people.iter().map(|key| key.0).collect();
        let query = sqlx::query(INSERT_NAMED_LIST).bind(tenant).bind(broadcast.id.as_i64());
        query.bind(name).bind(&people).execute(&mut *conn).await?;
    }
    let actor = match (notice_of, &submission.draft) {
        (Some(_), _) => "stentor",
        // Who it was stands beside it, in the line of the request.
        (None, Some(_)) => "api",
        (None, None) => "command line",
    };
    note_at(conn, tenant, Some(broadcast.created_at), actor, "created", broadcast.id).await
}

/// Whoever was told, or may have been, is settled so before the rest of a cancelled broadcast counts as cancelled.
async fn settle_doubted(conn: &mut PgConnection, tenant: TenantKey, now: Timestamp) -> Result<(), sqlx::Error> {
    let query = sqlx::query_as(DOUBTED_LEFT).bind(tenant.0);
    let left: Vec<(i64, i32, i32, Option<String>)> = query.fetch_all(&mut *conn).await?;
    for chunk in left.chunk_by(|one, next| (one.0, one.1) == (next.0, next.1)) {
        let (round, number) = (chunk[0].0, chunk[0].1);
        let left = chunk.iter().map(|(_, _, ordinal, reason)| (*ordinal, reason.as_deref())).collect();
        settle_left(conn, tenant, RoundId::from_i64(round), number, left, now).await?;
    }
    Ok(())
}

/// Who did what a person asked for, by the command line or over HTTP: this side is not told which. Over HTTP the person stands
/// in the two lines of the request, beside it.
pub(super) const ENGINE: &str = "engine";

/// Writes down who did what to a broadcast, now by the database's clock.
pub(super) async fn note(
    conn: &mut PgConnection,
    tenant: i32,
    actor: &str,
    action: &str,
    id: BroadcastId,
) -> Result<(), sqlx::Error> {
    note_at(conn, tenant, None, actor, action, id).await
}

/// The same at an instant of ours.
pub(super) async fn note_at(
    conn: &mut PgConnection,
    tenant: i32,
    at: Option<Timestamp>,
    actor: &str,
    action: &str,
    id: BroadcastId,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(INSERT_AUDIT).bind(tenant).bind(at).bind(actor);
    query.bind(format!("broadcast_{action}")).bind(id.to_string()).execute(conn).await?;
    Ok(())
}

/// The state called `name`.
pub(super) fn broadcast_state(name: &str) -> Result<BroadcastState, StoreError> {
    BroadcastState::from_name(name).ok_or_else(|| super::rows::refused("broadcast", "state", name))
}
