//! The queue: work told, chunks claimed, facts and permissions flushed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{FromRow, PgConnection, Row};
use uuid::Uuid;

use super::PgStore;
use super::broadcasts::broadcast_state;
use super::reports::when_in_doubt;
use super::rescue::{LOCK_CHUNK, recount_late};
use super::rows::{self, ChunkRow, int, refused, uint};
use super::statement::statements;
use crate::domain::broadcast::{Channel, RoundKind, RoundState, Treatment};
use crate::domain::chunk::Chunk;
use crate::domain::delivery::{Settlement, outcome_from_record};
use crate::domain::ids::{
    BroadcastId, ChunkNumber, EntraId, MessageId, Ordinal, RecipientKey, RoundId, TeamsAppId, TenantKey, WorkerId,
};
use crate::domain::pacing::Bucket;
use crate::domain::plan::Purpose;
use crate::domain::reason::HaltReason;
use crate::domain::route::Account;
use crate::domain::time::Timestamp;
use crate::domain::venue::Venue;
use crate::ports::{
    BucketRecord, ClaimedChunk, Flush, Flushed, Halt, HeldTenant, Member, Recorded, RoundWork, StoreError, TenantWork,
    Untold,
};

statements! {
    WORK_ROUNDS = "-- work_rounds
        -- $1 tenant
        -- The hour is told as the time left until it, so that nobody's clock but this one judges it.
        -- Notifying begins when the messages have gone out.
        select r.round_id, r.broadcast_id, r.kind, r.state as round_state, b.state as broadcast_state, b.urgent,
          r.channel, r.kind <> 'recall' or r.content is not null as says,
          coalesce(coalesce(r.notification, b.notification) -> 'scope' <> '\"user\"', false) as within,
          b.when_in_doubt, b.deadline_at, b.tolerance_seconds,
          case when r.kind in ('send', 'prepare') and r.listed_at is null then b.expression end as expression,
          case when b.state = 'scheduled' then greatest(
            extract(epoch from case r.kind when 'prepare' then b.prepare_at else b.start_at end - lease_now()), 0
          )::float8 end as hour_in
        from round r
        join broadcast b on b.tenant_id = r.tenant_id and b.broadcast_id = r.broadcast_id
        where r.tenant_id = $1
          and r.state <> 'done'
          and (r.kind <> 'notify' or not exists (
            select
            from round other
            where other.tenant_id = $1
              and other.broadcast_id = r.broadcast_id
              and other.kind <> 'notify'
              and other.state <> 'done'
          ))
        order by b.urgent desc, r.round_id";
    WORK_TENANT = "-- work_tenant
        -- $1 tenant
        select teams_app_id, halt_reason, halt_detail, halted_at from tenant where tenant_id = $1";
    WORK_BUCKETS = "-- work_buckets
        -- $1 tenant
        select name, cooldown_until, share::float8, kept_at from bucket where tenant_id = $1";
    UNTOLD = "-- untold
        -- $1 tenant
        select broadcast_id, author_id, state
        from broadcast
        where tenant_id = $1
          and author_id is not null
          and state in ('done', 'cancelled', 'halted', 'missed')
          and told_state is distinct from state";
    EXPIRES_IN = "-- expires_in
        -- $1 tenant
        select case when min(expire_at) is not null then
          greatest(extract(epoch from min(expire_at) - lease_now()), 0)
        end::float8
        from broadcast
        where tenant_id = $1 and expire_at is not null and recalled_at is null and state not in ('draft', 'awaiting_approval')";
    HOLD_LEASE = "-- hold_lease
        -- $1 tenant, $2 worker, $3 lease epoch
        select 1 from tenant where tenant_id = $1 and lease_owner = $2 and lease_epoch = $3 for share";
    CLAIM = include_str!("sql/claim.sql");
    MEMBERS = "-- members
        -- $1 tenant, $2 round, $3 first ordinal, $4 last ordinal
        -- One by one through the key: under the one plan for all values, the limit keeps the planner from reading the whole
        -- directory instead.
        select a.ordinal, a.recipient_id, p.entra_id, p.guest, p.enabled, p.licensed, p.installation, p.installation_id,
          p.conversation_id, a.doubt, p.service_url, a.message_id, p.venue, p.principal_name
        from audience a
        cross join lateral (
          select r.entra_id, r.guest, r.enabled, r.licensed, r.installation, r.installation_id, r.conversation_id,
            r.service_url, r.venue,
            case when (
              select b.notification ->> 'named_by' = 'principal_name'
              from round d
              join broadcast b on b.tenant_id = d.tenant_id and b.broadcast_id = d.broadcast_id
              where d.tenant_id = $1 and d.round_id = $2
            ) then r.user_principal_name end as principal_name
          from recipient r
          where r.tenant_id = $1 and r.recipient_id = a.recipient_id
          limit 1
        ) p
        where a.tenant_id = $1 and a.round_id = $2 and a.ordinal between $3 and $4
        order by a.ordinal";
    ATTEMPTS = "-- attempts
        -- $1 tenant, $2 round, $3 first ordinal, $4 last ordinal
        select ordinal, step, outcome, reason, message_id, ended_at
        from attempt
        where tenant_id = $1 and round_id = $2 and ordinal between $3 and $4 and step > 0
        order by ordinal, ended_at, attempt, epoch";
    FLUSH = include_str!("sql/flush.sql");
    STANDING = "-- standing
        -- $1 tenant, $2 rounds, $3 numbers, $4 epochs, $5 flush numbers
        -- Which of these chunks stand exactly as a flush of ours left them: it was repeated, and had arrived before. The
        -- pause that came between the two is told with them, or a permission would be used that a person took back.
        select c.round_id, c.number, b.broadcast_id, b.state, t.halted_at is not null as tenant_halted
        from unnest($2::bigint[], $3::int[], $4::int[], $5::bigint[]) as u (round_id, number, epoch, flush_number)
        cross join lateral (
          -- One by one through the key: the limit keeps the planner from reading whole weeks instead.
          select c.round_id, c.number
          from chunk c
          where c.tenant_id = $1 and c.round_id = u.round_id and c.number = u.number
            and c.epoch = u.epoch and c.flush_number = u.flush_number
          limit 1
        ) c
        join round r on r.tenant_id = $1 and r.round_id = c.round_id
        join broadcast b on b.tenant_id = $1 and b.broadcast_id = r.broadcast_id
        join tenant t on t.tenant_id = $1";
    RELEASE_STRAYS = "-- release_strays
        -- $1 tenant, $2 worker, $3 round, $4 numbers of the chunks that the worker has
        update chunk
        set state = 0, owner = null, epoch = epoch + 1
        where tenant_id = $1
          and round_id = $3
          and state = 1
          and owner = $2
          and number <> all($4::int[])
          and bit_count(open) = 0";
    RELEASE_CHUNKS = "-- release_chunks
        -- $1 tenant, $2 worker, $3 rounds, $4 numbers, $5 epochs
        update chunk c
        set state = 0, owner = null
        from unnest($3::bigint[], $4::int[], $5::int[]) as u (round_id, number, epoch)
        where c.tenant_id = $1
          and c.round_id = u.round_id
          and c.number = u.number
          and c.state = 1
          and c.owner = $2
          and c.epoch = u.epoch
          and bit_count(c.open) = 0";
    KEEP_BUCKET = "-- keep_bucket
        -- $1 tenant, $2 bucket, $3 cooldown until, $4 share, $5 now
        insert into bucket (tenant_id, name, cooldown_until, share, kept_at)
        values ($1, $2, $3, $4, $5)
        on conflict (tenant_id, name) do update
        -- What is left of the earlier wait is never longer than it was by the clock that wrote it.
        set cooldown_until = greatest(excluded.cooldown_until,
              least(bucket.cooldown_until, excluded.kept_at + (bucket.cooldown_until - bucket.kept_at))),
            share = excluded.share,
            kept_at = excluded.kept_at";
    KEEP_APP = "-- keep_app
        -- $1 tenant, $2 catalogue id
        update tenant set teams_app_id = $2 where tenant_id = $1";
}

/// The flush that passes over facts which are there already.
static FLUSH_OVER: LazyLock<String> =
    LazyLock::new(|| FLUSH.replace("/* on conflict do nothing */", "on conflict do nothing"));
/// What Postgres says of a row whose key is there already.
const IS_THERE: &str = "23505";

#[derive(FromRow)]
struct RoundRow {
    round_id: i64,
    broadcast_id: i64,
    kind: String,
    channel: String,
    says: bool,
    within: bool,
    round_state: String,
    broadcast_state: String,
    urgent: bool,
    when_in_doubt: String,
    deadline_at: Timestamp,
    tolerance_seconds: i32,
    expression: Option<String>,
    hour_in: Option<f64>,
}

/// Of a chunk that stands as flushed: round, number, broadcast, its state, whether the tenant is halted.
type FlushedRow = (i64, i32, i64, String, bool);
type BucketRow = (String, Timestamp, f64, Timestamp);
type TenantRow = (Option<String>, Option<String>, Option<String>, Option<Timestamp>);

#[derive(FromRow)]
struct ClaimRow {
    held: bool,
    number: Option<i32>,
    first_ordinal: Option<i32>,
    size: Option<i32>,
    epoch: Option<i32>,
    flush_number: Option<i64>,
    crashes: Option<i16>,
    sent: Option<i32>,
    failed: Option<i32>,
    skipped: Option<i32>,
    unconfirmed: Option<i32>,
    open: Option<Vec<u8>>,
    settled: Option<Vec<u8>>,
}

impl ClaimRow {
    /// The chunk's row; `None` on the row that only says whether the lease is held.
    fn into_chunk_row(self) -> Option<ChunkRow> {
        Some(ChunkRow {
            number: self.number?,
            first_ordinal: self.first_ordinal?,
            size: self.size?,
            epoch: self.epoch?,
            flush_number: self.flush_number?,
            crashes: self.crashes?,
            sent: self.sent?,
            failed: self.failed?,
            skipped: self.skipped?,
            unconfirmed: self.unconfirmed?,
            open: self.open?,
            settled: self.settled?,
        })
    }
}

struct MemberRow {
    ordinal: i32,
    recipient_id: i64,
    entra_id: Uuid,
    guest: bool,
    enabled: bool,
    licensed: bool,
    installation: i16,
    installation_id: Option<String>,
    conversation_id: Option<String>,
    doubt: Option<String>,
    service_url: Option<String>,
    message_id: Option<String>,
    venue: Option<Json<Venue>>,
    principal_name: Option<String>,
}

/// By place: there is one of these for every delivery, and looking ten names up in each costs more than the rest.
impl FromRow<'_, PgRow> for MemberRow {
    fn from_row(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            ordinal: row.try_get(0)?,
            recipient_id: row.try_get(1)?,
            entra_id: row.try_get(2)?,
            guest: row.try_get(3)?,
            enabled: row.try_get(4)?,
            licensed: row.try_get(5)?,
            installation: row.try_get(6)?,
            installation_id: row.try_get(7)?,
            conversation_id: row.try_get(8)?,
            doubt: row.try_get(9)?,
            service_url: row.try_get(10)?,
            message_id: row.try_get(11)?,
            venue: row.try_get(12)?,
            principal_name: row.try_get(13)?,
        })
    }
}

impl MemberRow {
    fn into_member(self) -> Result<Member, StoreError> {
        Ok(Member {
            ordinal: Ordinal(uint(self.ordinal)),
            recipient: RecipientKey(self.recipient_id),
            entra_id: EntraId(self.entra_id),
            account: Account { guest: self.guest, enabled: self.enabled, licensed: self.licensed },
            route: rows::route(self.installation, self.installation_id, self.conversation_id)?,
            service_url: self.service_url,
            doubt: rows::reason("audience", self.doubt)?,
            message: self.message_id.map(MessageId),
            venue: self.venue.map(|Json(venue)| Box::new(venue)),
            principal_name: self.principal_name,
        })
    }
}

#[derive(FromRow)]
struct AttemptRow {
    ordinal: i32,
    step: i16,
    outcome: Option<i16>,
    reason: Option<String>,
    message_id: Option<String>,
    ended_at: Timestamp,
}

impl AttemptRow {
    fn into_recorded(self) -> Result<Recorded, StoreError> {
        let reason = rows::reason("attempt", self.reason)?;
        let outcome =
            self.outcome.and_then(|number| outcome_from_record(number, reason, self.message_id.map(MessageId)));
        Ok(Recorded {
            ordinal: Ordinal(uint(self.ordinal)),
            step: rows::step(self.step)?,
            outcome: outcome.ok_or_else(|| refused("attempt", "outcome", self.outcome))?,
            ended_at: self.ended_at,
        })
    }
}

impl PgStore {
    pub(super) async fn work_of(&self, tenant: TenantKey) -> Result<TenantWork, StoreError> {
        type Read = (Vec<RoundRow>, TenantRow, Vec<BucketRow>, Vec<(i64, i64, String)>, Option<f64>);
        let (rounds, (app, halt, detail, since), buckets, untold, expires_in): Read = self
            .database
            .run("work", async |conn| {
                let rounds = sqlx::query_as(WORK_ROUNDS).bind(tenant.0).fetch_all(&mut *conn).await?;
                let row = sqlx::query_as(WORK_TENANT).bind(tenant.0).fetch_one(&mut *conn).await?;
                let buckets = sqlx::query_as(WORK_BUCKETS).bind(tenant.0).fetch_all(&mut *conn).await?;
                let untold = sqlx::query_as(UNTOLD).bind(tenant.0).fetch_all(&mut *conn).await?;
                let expires_in = sqlx::query_scalar(EXPIRES_IN).bind(tenant.0).fetch_one(conn).await?;
                Ok((rounds, row, buckets, untold, expires_in))
            })
            .await?;
        let halt = match (halt, since) {
            (Some(code), Some(since)) => {
                let reason = HaltReason::from_code(&code).ok_or_else(|| refused("tenant", "halt_reason", code))?;
                Some(Halt { reason, detail, since })
            }
            _ => None,
        };
        // A bucket that this program does not know belongs to a newer one, and is its affair.
        let known = |(name, cooldown_until, share, kept_at): BucketRow| {
            let bucket = Bucket::ALL.into_iter().find(|bucket| bucket.name() == name)?;
            Some(BucketRecord { bucket, cooldown_until, share, kept_at })
        };
        Ok(TenantWork {
            rounds: rounds.into_iter().map(round_work).collect::<Result<_, _>>()?,
            halt,
            teams_app: app.map(TeamsAppId),
            buckets: buckets.into_iter().filter_map(known).collect(),
            untold: untold.into_iter().map(untold_broadcast).collect::<Result<_, _>>()?,
            expires_in: expires_in.map(Duration::from_secs_f64),
        })
    }

    pub(super) async fn claim_chunks(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        limit: u32,
        have: &[ChunkNumber],
    ) -> Result<Vec<ClaimedChunk>, StoreError> {
        let tenant = held.tenant.0;
        let have: Vec<i32> = have.iter().map(|number| int(number.0)).collect();
        let rows: Vec<ClaimRow> = self
            .database
            .run("claim", async |conn| {
                let query = sqlx::query_as(CLAIM).bind(tenant).bind(worker.0).bind(int(held.epoch.0));
                query.bind(round.as_i64()).bind(i64::from(limit)).bind(&have).fetch_all(conn).await
            })
            .await?;
        if rows.iter().any(|row| !row.held) {
            return Err(StoreError::LeaseLost);
        }
        let mut claimed = Vec::new();
        for row in rows.into_iter().filter_map(ClaimRow::into_chunk_row) {
            let chunk = row.into_chunk(round)?;
            claimed.push(self.fill(held.tenant, chunk).await?);
        }
        Ok(claimed)
    }

    /// Reads the unsettled people of a claimed chunk and what was tried with them.
    async fn fill(&self, tenant: TenantKey, chunk: Chunk) -> Result<ClaimedChunk, StoreError> {
        let (first, last) = (int(chunk.first.0), int(chunk.first.0 + chunk.size - 1));
        let round = chunk.round.as_i64();
        // A chunk that no flush has moved, under its first claim, has no history to read.
        let untouched = chunk.flush_number == 0 && chunk.epoch.0 <= 1;
        let (members, attempts): (Vec<MemberRow>, Vec<AttemptRow>) = self
            .database
            .run("fill_chunk", async |conn| {
                let query = sqlx::query_as(MEMBERS).bind(tenant.0).bind(round).bind(first).bind(last);
                let members = query.fetch_all(&mut *conn).await?;
                if untouched {
                    return Ok((members, Vec::new()));
                }
                let query = sqlx::query_as(ATTEMPTS).bind(tenant.0).bind(round).bind(first).bind(last);
                Ok((members, query.fetch_all(conn).await?))
            })
            .await?;
        let unsettled: BTreeSet<u32> = chunk.unsettled().map(|ordinal| ordinal.0).collect();
        let is_unsettled = |ordinal: i32| unsettled.contains(&uint(ordinal));
        let members = members.into_iter().filter(|row| is_unsettled(row.ordinal)).map(MemberRow::into_member);
        let attempts = attempts.into_iter().filter(|row| is_unsettled(row.ordinal)).map(AttemptRow::into_recorded);
        Ok(ClaimedChunk {
            members: members.collect::<Result<_, _>>()?,
            attempts: attempts.collect::<Result<_, _>>()?,
            chunk,
        })
    }

    pub(super) async fn flush_all(
        &self,
        tenant: TenantKey,
        worker: WorkerId,
        flush: &Flush,
    ) -> Result<Flushed, StoreError> {
        let mut rows = self.run_flush(tenant, worker, flush).await?;
        if rows.len() < flush.chunks.len() {
            let moved: BTreeSet<(i64, i32)> = rows.iter().map(|row| (row.0, row.1)).collect();
            let is_missing = |chunk: &&Chunk| !moved.contains(&(chunk.round.as_i64(), int(chunk.number.0)));
            let missing: Vec<&Chunk> = flush.chunks.iter().filter(is_missing).collect();
            rows.extend(self.standing(tenant, &missing).await?);
        }
        let mut flushed = Flushed::default();
        let mut states = BTreeMap::new();
        for (round, number, broadcast, state, halted) in rows {
            flushed.held.push((RoundId::from_i64(round), ChunkNumber(uint(number))));
            states.insert(BroadcastId::from_i64(broadcast), broadcast_state(&state)?);
            flushed.tenant_halted |= halted;
        }
        flushed.broadcasts = states.into_iter().collect();
        Ok(flushed)
    }

    async fn standing(&self, tenant: TenantKey, chunks: &[&Chunk]) -> Result<Vec<FlushedRow>, StoreError> {
        let rounds: Vec<i64> = chunks.iter().map(|chunk| chunk.round.as_i64()).collect();
        let numbers: Vec<i32> = chunks.iter().map(|chunk| int(chunk.number.0)).collect();
        let epochs: Vec<i32> = chunks.iter().map(|chunk| int(chunk.epoch.0)).collect();
        let flushes: Vec<i64> = chunks.iter().map(|chunk| chunk.flush_number).collect();
        let rows = self
            .database
            .run("standing", async |conn| {
                let query = sqlx::query_as(STANDING).bind(tenant.0).bind(&rounds).bind(&numbers);
                query.bind(&epochs).bind(&flushes).fetch_all(conn).await
            })
            .await?;
        Ok(rows)
    }

    async fn run_flush(
        &self,
        tenant: TenantKey,
        worker: WorkerId,
        flush: &Flush,
    ) -> Result<Vec<FlushedRow>, StoreError> {
        let chunks = &flush.chunks;
        let facts = &flush.facts;
        let routes = &flush.routes;
        let column = |of: fn(&Chunk) -> u32| chunks.iter().map(|chunk| int(of(chunk))).collect::<Vec<i32>>();
        let chunk_rounds: Vec<i64> = chunks.iter().map(|chunk| chunk.round.as_i64()).collect();
        let flush_numbers: Vec<i64> = chunks.iter().map(|chunk| chunk.flush_number).collect();
        let open: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.open().as_bytes()).collect();
        let settled: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.settled().as_bytes()).collect();
        let finished: Vec<bool> = chunks.iter().map(Chunk::is_finished).collect();
        let fact_rounds: Vec<i64> = facts.iter().map(|fact| fact.round.as_i64()).collect();
        let fact_chunks: Vec<i32> = facts.iter().map(|fact| int(fact.chunk.0)).collect();
        let ordinals: Vec<i32> = facts.iter().map(|fact| int(fact.ordinal.0)).collect();
        let attempts: Vec<i32> = facts.iter().map(|fact| int(fact.attempt)).collect();
        let fact_epochs: Vec<i32> = facts.iter().map(|fact| int(fact.epoch.0)).collect();
        let steps: Vec<i16> = facts.iter().map(|fact| fact.step.map_or(0, |step| step.number())).collect();
        let outcomes: Vec<Option<i16>> =
            facts.iter().map(|fact| fact.outcome.as_ref().map(|outcome| outcome.number())).collect();
        let settles: Vec<Option<i16>> =
            facts.iter().map(|fact| fact.settles.map(|settlement| settlement.number())).collect();
        let reasons: Vec<Option<&str>> = facts.iter().map(|fact| fact.reason.map(|reason| reason.code())).collect();
        let statuses: Vec<Option<i16>> =
            facts.iter().map(|fact| fact.status.and_then(|status| i16::try_from(status).ok())).collect();
        let requests: Vec<Option<Uuid>> = facts.iter().map(|fact| fact.request.map(|id| id.0)).collect();
        let messages: Vec<Option<&str>> =
            facts.iter().map(|fact| fact.message_id.as_ref().map(|id| id.0.as_str())).collect();
        let started: Vec<Timestamp> = facts.iter().map(|fact| fact.started_at).collect();
        let ended: Vec<Timestamp> = facts.iter().map(|fact| fact.ended_at.max(fact.started_at)).collect();
        let recipients: Vec<i64> = routes.iter().map(|learnt| learnt.recipient.0).collect();
        let (installations, installation_ids): (Vec<i16>, Vec<Option<String>>) =
            routes.iter().map(|learnt| rows::installation(&learnt.route)).unzip();
        let conversations: Vec<Option<&str>> =
            routes.iter().map(|learnt| learnt.route.conversation.as_ref().map(|id| id.0.as_str())).collect();
        let forgets: Vec<bool> = routes.iter().map(|learnt| learnt.forgets).collect();
        let refusals: Vec<Option<&str>> = routes.iter().map(|learnt| learnt.refusal.map(|why| why.code())).collect();
        // A late answer may have proved, since we claimed them, people about whom we end in doubt only here. Then the
        // chunks are locked first, so that every such answer is seen, or comes after us.
        let doubted = flush.facts.iter().filter(|fact| fact.settles == Some(Settlement::Unconfirmed));
        let doubted: BTreeSet<(RoundId, ChunkNumber)> = doubted.map(|fact| (fact.round, fact.chunk)).collect();
        let write = async |sql: &'static str, conn: &mut PgConnection| {
            let query = sqlx::query_as(sql).bind(tenant.0).bind(worker.0).bind(&chunk_rounds);
            let query = query.bind(column(|chunk| chunk.number.0)).bind(column(|chunk| chunk.epoch.0));
            let query = query.bind(&flush_numbers).bind(&open).bind(&settled).bind(&finished);
            let query = query.bind(column(|chunk| chunk.counters.sent)).bind(column(|chunk| chunk.counters.failed));
            let query = query.bind(column(|chunk| chunk.counters.skipped));
            let query = query.bind(column(|chunk| chunk.counters.unconfirmed));
            let query = query.bind(&fact_rounds).bind(&fact_chunks).bind(&ordinals).bind(&attempts);
            let query = query.bind(&fact_epochs).bind(&steps).bind(&outcomes).bind(&settles).bind(&reasons);
            let query = query.bind(&statuses).bind(&requests).bind(&messages).bind(&started).bind(&ended);
            let query = query.bind(&recipients).bind(&installations).bind(&installation_ids);
            query.bind(&conversations).bind(&refusals).bind(flush.now).bind(&forgets).fetch_all(conn).await
        };
        if doubted.is_empty() {
            let written = self.database.run("flush", async |conn| write(FLUSH, conn).await).await;
            return match written {
                Err(error) if error.sqlstate().as_deref() == Some(IS_THERE) => {
                    Ok(self.database.run("flush", async |conn| write(&FLUSH_OVER, conn).await).await?)
                }
                written => Ok(written?),
            };
        }
        let flushed = self
            .database
            .transaction("flush", async |conn| {
                for (round, number) in &doubted {
                    let query = sqlx::query(LOCK_CHUNK).bind(tenant.0).bind(round.as_i64());
                    query.bind(int(number.0)).execute(&mut *conn).await?;
                }
                let flushed = write(&FLUSH_OVER, &mut *conn).await?;
                for (round, number) in &doubted {
                    recount_late(&mut *conn, tenant, *round, *number).await?;
                }
                Ok(flushed)
            })
            .await;
        Ok(flushed?)
    }

    pub(super) async fn give_strays_back(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        have: &[ChunkNumber],
    ) -> Result<(), StoreError> {
        let have: Vec<i32> = have.iter().map(|number| int(number.0)).collect();
        let done = self
            .database
            .transaction("release_strays", async |conn| {
                let lease = sqlx::query(HOLD_LEASE).bind(held.tenant.0).bind(worker.0).bind(int(held.epoch.0));
                if lease.fetch_optional(&mut *conn).await?.is_none() {
                    return Ok(None);
                }
                let query = sqlx::query(RELEASE_STRAYS).bind(held.tenant.0).bind(worker.0);
                query.bind(round.as_i64()).bind(&have).execute(conn).await.map(Some)
            })
            .await?;
        done.map(drop).ok_or(StoreError::LeaseLost)
    }

    pub(super) async fn release(
        &self,
        tenant: TenantKey,
        worker: WorkerId,
        chunks: &[Chunk],
    ) -> Result<(), StoreError> {
        let rounds: Vec<i64> = chunks.iter().map(|chunk| chunk.round.as_i64()).collect();
        let numbers: Vec<i32> = chunks.iter().map(|chunk| int(chunk.number.0)).collect();
        let epochs: Vec<i32> = chunks.iter().map(|chunk| int(chunk.epoch.0)).collect();
        self.database
            .run("release_chunks", async |conn| {
                let query = sqlx::query(RELEASE_CHUNKS).bind(tenant.0).bind(worker.0).bind(&rounds);
                query.bind(&numbers).bind(&epochs).execute(conn).await
            })
            .await?;
        Ok(())
    }

    pub(super) async fn keep_cooldown(&self, tenant: TenantKey, record: BucketRecord) -> Result<(), StoreError> {
        self.database
            .run("keep_bucket", async |conn| {
                let query = sqlx::query(KEEP_BUCKET).bind(tenant.0).bind(record.bucket.name());
                query.bind(record.cooldown_until).bind(record.share as f32).bind(record.kept_at).execute(conn).await
            })
            .await?;
        Ok(())
    }

    pub(super) async fn keep_app_id(&self, tenant: TenantKey, app: &TeamsAppId) -> Result<(), StoreError> {
        self.database
            .run("keep_app", async |conn| sqlx::query(KEEP_APP).bind(tenant.0).bind(&app.0).execute(conn).await)
            .await?;
        Ok(())
    }
}

fn round_work(row: RoundRow) -> Result<RoundWork, StoreError> {
    let kind = RoundKind::from_name(&row.kind).ok_or_else(|| refused("round", "kind", &row.kind))?;
    let channel = Channel::from_name(&row.channel).ok_or_else(|| refused("round", "channel", &row.channel))?;
    Ok(RoundWork {
        round: RoundId::from_i64(row.round_id),
        broadcast: BroadcastId::from_i64(row.broadcast_id),
        kind,
        purpose: Purpose::of(kind, channel, row.says, row.within),
        state: RoundState::from_name(&row.round_state).ok_or_else(|| refused("round", "state", &row.round_state))?,
        broadcast_state: broadcast_state(&row.broadcast_state)?,
        treatment: Treatment {
            when_in_doubt: when_in_doubt(&row.when_in_doubt)?,
            urgent: row.urgent,
            deadline_at: row.deadline_at,
            tolerance: rows::seconds(row.tolerance_seconds),
        },
        expression: row.expression,
        hour_in: row.hour_in.map(Duration::from_secs_f64),
    })
}

fn untold_broadcast((broadcast, author, state): (i64, i64, String)) -> Result<Untold, StoreError> {
    let (broadcast, author) = (BroadcastId::from_i64(broadcast), RecipientKey(author));
    Ok(Untold { broadcast, author, state: broadcast_state(&state)? })
}
