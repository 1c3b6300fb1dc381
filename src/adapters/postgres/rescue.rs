//! What a dead owner left, and what a fenced one still learnt. Both under the chunk's lock, one transaction each.

use sqlx::{FromRow, PgConnection};

use super::PgStore;
use super::queue::HOLD_LEASE;
use super::reports::when_in_doubt;
use super::rows::{ChunkRow, int, uint};
use super::statement::statements;
use crate::domain::chunk::{Chunk, Doubt};
use crate::domain::delivery::Settlement;
use crate::domain::ids::{ChunkNumber, Epoch, Ordinal, RoundId, TenantKey, WorkerId};
use crate::domain::outcome::{Outcome, Step};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::ports::{AttemptFact, HeldTenant, StoreError};

statements! {
    LEFT_BEHIND = "-- left_behind
        -- $1 tenant, $2 worker, $3 lease epoch
        select c.round_id, c.number
        from tenant t
        join chunk c on c.tenant_id = t.tenant_id and c.state = 1 and c.owner <> $2
        where t.tenant_id = $1 and t.lease_owner = $2 and t.lease_epoch = $3
        order by c.round_id, c.number";
    LOCK_LEFT_BEHIND = "-- lock_left_behind
        -- $1 tenant, $2 worker, $3 round, $4 number
        select c.number, c.first_ordinal, c.size, c.epoch, c.flush_number, c.crashes, c.sent, c.failed, c.skipped,
          c.unconfirmed, c.open, c.settled,
          -- Nothing is sent again for a broadcast that was cancelled: then doubt stays doubt.
          case when b.state in ('cancelling', 'cancelled') then 'hold' else b.when_in_doubt end as when_in_doubt
        from chunk c
        join round r on r.tenant_id = c.tenant_id and r.round_id = c.round_id
        join broadcast b on b.tenant_id = c.tenant_id and b.broadcast_id = r.broadcast_id
        where c.tenant_id = $1 and c.round_id = $3 and c.number = $4 and c.state = 1 and c.owner <> $2
        for update of c";
    STORE_RESCUED = "-- store_rescued
        -- $1 tenant, $2 round, $3 number, $4 epoch, $5 crashes, $6 open, $7 settled, $8 unconfirmed, $9 finished, $10 sent
        update chunk
        set state = case when $9 then 2 else 0 end,
            owner = null,
            epoch = $4,
            crashes = $5,
            open = $6,
            settled = $7,
            unconfirmed = $8,
            sent = $10
        where tenant_id = $1 and round_id = $2 and number = $3";
    INSERT_DOUBT = "-- insert_doubt
        -- $1 tenant, $2 round, $3 ordinal, $4 epoch, $5 settles, $6 reason, $7 now, $8 step, $9 outcome
        insert into attempt (tenant_id, round_id, ordinal, attempt, epoch, step, outcome, settles, reason, started_at, ended_at)
        select $1, $2, $3, coalesce(max(attempt), 0) + 1, $4, $8, $9, $5, $6, $7, $7
        from attempt
        where tenant_id = $1 and round_id = $2 and ordinal = $3";
    LOCK_CHUNK = "-- lock_chunk
        -- $1 tenant, $2 round, $3 number
        select 1 from chunk where tenant_id = $1 and round_id = $2 and number = $3 for update";
    SETTLED_SO_FAR = "-- settled_so_far
        -- $1 tenant, $2 round, $3 ordinal
        -- How many facts settled this person, how many of them are definite, and whether a retry has taken her up since:
        -- then she is counted there.
        select count(*), count(*) filter (where settles <> 4), exists (
          select
          from round mine
          join audience me on me.tenant_id = mine.tenant_id and me.round_id = mine.round_id and me.ordinal = $3
          join round newer
            on newer.tenant_id = mine.tenant_id
            and newer.broadcast_id = mine.broadcast_id
            and newer.kind = 'retry'
            and newer.round_id > mine.round_id
          join audience again
            on again.tenant_id = newer.tenant_id
            and again.round_id = newer.round_id
            and again.recipient_id = me.recipient_id
          where mine.tenant_id = $1 and mine.round_id = $2
        )
        from attempt
        where tenant_id = $1 and round_id = $2 and ordinal = $3 and settles is not null";
    LOCK_LEFT_UNSETTLED = "-- lock_left_unsettled
        -- $1 tenant, $2 round, $3 number
        select c.number, c.first_ordinal, c.size, c.epoch, c.flush_number, c.crashes, c.sent, c.failed, c.skipped,
          c.unconfirmed, c.open, c.settled
        from chunk c
        where c.tenant_id = $1 and c.round_id = $2 and c.number = $3 and c.state = 0
        for update";
    INSERT_LATE = "-- insert_late
        -- $1 tenant, $2 round, $3 ordinal, $4 attempt, $5 epoch, $6 step, $7 outcome, $8 settles, $9 reason, $10 status,
        -- $11 request, $12 message id, $13 started at, $14 ended at
        insert into attempt (tenant_id, round_id, ordinal, attempt, epoch, step, outcome, settles, reason, status, request_id,
          message_id, started_at, ended_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        on conflict do nothing";
    RECOUNT_LATE = "-- recount_late
        -- $1 tenant, $2 round, $3 number
        -- Of the people counted unconfirmed, those whom another fact proves sent or failed, whichever came first. Counted
        -- from the facts and not added up, so that it may run as often as it likes; under the chunk's lock.
        update chunk c
        set (late_sent, late_failed) = (
          select count(*) filter (where proved = 1), count(*) filter (where proved = 2)
          from (
            select min(a.settles) filter (where a.settles <> 4) as proved
            from attempt a
            where a.tenant_id = c.tenant_id
              and a.round_id = c.round_id
              and a.ordinal between c.first_ordinal and c.first_ordinal + c.size - 1
              and a.settles is not null
            group by a.ordinal
            having bool_or(a.settles = 4)
          ) doubted
        )
        where c.tenant_id = $1 and c.round_id = $2 and c.number = $3";
}

#[derive(FromRow)]
struct LeftRow {
    #[sqlx(flatten)]
    chunk: ChunkRow,
    when_in_doubt: String,
}

impl PgStore {
    pub(super) async fn rescue_all(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let left: Vec<(i64, i32)> = self
            .database
            .run("left_behind", async |conn| {
                let query = sqlx::query_as(LEFT_BEHIND).bind(held.tenant.0).bind(worker.0);
                query.bind(int(held.epoch.0)).fetch_all(conn).await
            })
            .await?;
        let mut open = 0;
        for (round, number) in left {
            let round = RoundId::from_i64(round);
            open += self.rescue_chunk(held, worker, round, ChunkNumber(uint(number)), now).await?;
        }
        Ok(open)
    }

    async fn rescue_chunk(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        number: ChunkNumber,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let tenant = held.tenant;
        self.database
            .transaction("rescue", async |conn| {
                // A rescuer that was frozen since it looked must not settle what its own successor works on.
                let lease = sqlx::query(HOLD_LEASE).bind(tenant.0).bind(worker.0).bind(int(held.epoch.0));
                if lease.fetch_optional(&mut *conn).await?.is_none() {
                    return Ok(Err(StoreError::LeaseLost));
                }
                let query = sqlx::query_as(LOCK_LEFT_BEHIND).bind(tenant.0).bind(worker.0);
                let query = query.bind(round.as_i64()).bind(int(number.0));
                let Some(row): Option<LeftRow> = query.fetch_optional(&mut *conn).await? else {
                    return Ok(Ok(0));
                };
                let (chunk, policy) = match (row.chunk.into_chunk(round), when_in_doubt(&row.when_in_doubt)) {
                    (Ok(chunk), Ok(policy)) => (chunk, policy),
                    (Err(error), _) | (_, Err(error)) => return Ok(Err(error)),
                };
                let mut chunk = chunk;
                let doubts = chunk.rescue(policy);
                store_rescued(conn, tenant, &chunk, &doubts, Some(Step::Send), now).await?;
                Ok(Ok(doubts.len() as u64))
            })
            .await?
    }

    pub(super) async fn insert_late(&self, tenant: TenantKey, facts: &[AttemptFact]) -> Result<u64, StoreError> {
        let mut proved = 0;
        for fact in facts {
            proved += self
                .database
                .transaction("record_late", async |conn| record_one_late(conn, tenant, fact).await)
                .await?;
        }
        Ok(proved)
    }
}

async fn store_rescued(
    conn: &mut PgConnection,
    tenant: TenantKey,
    chunk: &Chunk,
    doubts: &[Doubt],
    // The request of which nobody saw the answer; `None` when the doubt is older.
    made: Option<Step>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(STORE_RESCUED).bind(tenant.0).bind(chunk.round.as_i64()).bind(int(chunk.number.0));
    let crashes = i16::try_from(chunk.crashes).unwrap_or(i16::MAX);
    let query = query.bind(int(chunk.epoch.0)).bind(crashes).bind(chunk.open().as_bytes());
    let query = query.bind(chunk.settled().as_bytes()).bind(int(chunk.counters.unconfirmed));
    query.bind(chunk.is_finished()).bind(int(chunk.counters.sent)).execute(&mut *conn).await?;
    for doubt in doubts {
        let settles = doubt.held.then_some(Settlement::Unconfirmed.number());
        let query = sqlx::query(INSERT_DOUBT).bind(tenant.0).bind(chunk.round.as_i64()).bind(int(doubt.ordinal.0));
        let query = query.bind(int(chunk.epoch.0)).bind(settles).bind(doubt.reason.code()).bind(now);
        let outcome = made.map(|_| Outcome::Lost(doubt.reason).number());
        query.bind(made.map_or(0, Step::number)).bind(outcome).execute(&mut *conn).await?;
    }
    if doubts.iter().any(|doubt| doubt.held) {
        // An earlier send of somebody who is set aside may have been proved by a late answer meanwhile.
        recount_late(conn, tenant, chunk.round, chunk.number).await?;
    }
    Ok(())
}

/// Settles people of a chunk that nobody holds, for nothing more will be tried: those with a reason may have been told
/// and are unconfirmed, the others were told, as a fact says.
pub(super) async fn settle_left(
    conn: &mut PgConnection,
    tenant: TenantKey,
    round: RoundId,
    number: i32,
    left: Vec<(i32, Option<&str>)>,
    now: Timestamp,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query_as(LOCK_LEFT_UNSETTLED).bind(tenant.0).bind(round.as_i64()).bind(number);
    let Some(row): Option<ChunkRow> = query.fetch_optional(&mut *conn).await? else { return Ok(()) };
    let mut chunk = row.into_chunk(round).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let mut doubts = Vec::new();
    for (ordinal, code) in left {
        let ordinal = Ordinal(uint(ordinal));
        let settlement = if code.is_some() { Settlement::Unconfirmed } else { Settlement::Sent };
        if chunk.settle(ordinal, settlement).is_ok()
            && let Some(code) = code
        {
            let reason = Reason::from_code(code).unwrap_or(Reason::AnswerLost);
            doubts.push(Doubt { ordinal, held: true, reason });
        }
    }
    chunk.epoch = Epoch(chunk.epoch.0 + 1);
    store_rescued(conn, tenant, &chunk, &doubts, None, now).await
}

/// Counts anew whom late answers proved. The caller holds the chunk's lock.
pub(super) async fn recount_late(
    conn: &mut PgConnection,
    tenant: TenantKey,
    round: RoundId,
    number: ChunkNumber,
) -> Result<(), sqlx::Error> {
    let query = sqlx::query(RECOUNT_LATE).bind(tenant.0).bind(round.as_i64()).bind(int(number.0));
    query.execute(conn).await.map(drop)
}

/// One late fact: written down in any case, and proof when the person was held in doubt.
async fn record_one_late(conn: &mut PgConnection, tenant: TenantKey, fact: &AttemptFact) -> Result<u64, sqlx::Error> {
    let (round, ordinal) = (fact.round.as_i64(), int(fact.ordinal.0));
    let query = sqlx::query(LOCK_CHUNK).bind(tenant.0).bind(round).bind(int(fact.chunk.0));
    if query.fetch_optional(&mut *conn).await?.is_none() {
        return Ok(0);
    }
    let query = sqlx::query_as(SETTLED_SO_FAR).bind(tenant.0).bind(round).bind(ordinal);
    let (settled, definite_facts, taken_up): (i64, i64, bool) = query.fetch_one(&mut *conn).await?;
    let in_doubt = settled > 0 && definite_facts == 0 && !taken_up;
    let definite = match fact.outcome {
        // What looks back is simply done again by whoever has the chunk now.
        Some(_) if matches!(fact.step, Some(Step::Replace | Step::Withdraw)) => None,
        Some(Outcome::Accepted { .. }) => Some(Settlement::Sent),
        Some(Outcome::Rejected(_)) if fact.step == Some(Step::Send) => Some(Settlement::Failed),
        _ => None,
    };
    // Sent again by policy and not settled yet: a proof that she was told spares her the second message, if her chunk
    // has not been claimed again. Whoever claims it counts her; whoever has claimed it already and ends in doubt about
    // her counts the late answer with that (`recount_late`).
    let spared = settled == 0 && definite == Some(Settlement::Sent);
    let settles = definite.filter(|_| in_doubt || spared);
    let query = sqlx::query(INSERT_LATE).bind(tenant.0).bind(round).bind(ordinal);
    let query = query.bind(int(fact.attempt)).bind(int(fact.epoch.0));
    let query = query.bind(fact.step.map_or(0, Step::number)).bind(fact.outcome.as_ref().map(Outcome::number));
    let query = query.bind(settles.map(Settlement::number)).bind(fact.reason.map(|reason| reason.code()));
    let query = query.bind(fact.status.and_then(|status| i16::try_from(status).ok()));
    let query = query.bind(fact.request.map(|id| id.0)).bind(fact.message_id.as_ref().map(|id| id.0.as_str()));
    let done = query.bind(fact.started_at).bind(fact.ended_at.max(fact.started_at)).execute(&mut *conn).await?;
    if settles.is_none() || !in_doubt || done.rows_affected() == 0 {
        return Ok(0);
    }
    recount_late(conn, tenant, fact.round, fact.chunk).await?;
    Ok(1)
}
