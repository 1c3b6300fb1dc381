//! The record held against its own rules: the invariants of the engine as queries that anybody may run in production.
//!
//! One repeatable-read, read-only transaction sees one instant of everything, takes no lock that a worker would wait for,
//! and changes nothing. Whatever a `check` constraint already forbids is looked at again: a restored backup, a bad disk
//! or a hand with `psql` does not ask.

use std::time::Duration;

use sqlx::{FromRow, PgConnection};

use super::PgStore;
use super::statement::statements;
use crate::domain::check::{Check, Place, Verdict};
use crate::domain::ids::RoundId;
use crate::ports::StoreError;

/// How many places of each kind are named.
const NAMED: i64 = 5;
/// A look at everything takes a while in a large house; the pool's own limits are made for one statement of the engine.
const PATIENCE: Duration = Duration::from_secs(30 * 60);

/// The cure where only the facts can tell what is true.
const REPORT: &str = "Stop the workers, keep a copy of the database, and report this with the places named. The attempts are the \
                      record of what happened; the export reads them.";
const RESTART: &str = "Start `stentor run` or `work`, or restart it: its next owner settles what was left.";

statements! {
    READ_ONLY = "-- integrity_reads_only
        set transaction isolation level repeatable read, read only";
    NO_HURRY = "-- integrity_has_time
        select set_config('statement_timeout', '0', true), set_config('lock_timeout', '2s', true)";
    OPEN_AND_SETTLED = "-- open_and_settled
        -- $1 limit
        select c.tenant_id, c.round_id, c.number, c.first_ordinal + place as ordinal, '' as detail, count(*) over () as total
        from chunk c
        cross join lateral generate_series(0, c.size - 1) as place
        where bit_count(c.open) > 0 and get_bit(c.open, place) = 1 and get_bit(c.settled, place) = 1
        order by 1, 2, 3, 4
        limit $1";
    COUNTERS_AND_BITS = "-- counters_and_bits
        -- $1 limit
        select c.tenant_id, c.round_id, c.number, null::int as ordinal,
          format('%s counted, %s settled', c.sent + c.failed + c.skipped + c.unconfirmed, bit_count(c.settled)) as detail,
          count(*) over () as total
        from chunk c
        where c.sent + c.failed + c.skipped + c.unconfirmed <> bit_count(c.settled)
        order by 1, 2, 3
        limit $1";
    COUNTERS_AND_FACTS = include_str!("sql/counters_and_facts.sql");
    SETTLED_WITHOUT_A_FACT = "-- settled_without_a_fact
        -- $1 limit
        select c.tenant_id, c.round_id, c.number, c.first_ordinal + place as ordinal, '' as detail, count(*) over () as total
        from chunk c
        cross join lateral generate_series(0, c.size - 1) as place
        where get_bit(c.settled, place) = 1
          and not exists (
            select
            from attempt a
            where a.tenant_id = c.tenant_id and a.round_id = c.round_id and a.ordinal = c.first_ordinal + place
              and a.settles is not null
          )
        order by 1, 2, 3, 4
        limit $1";
    LATE_COUNTERS = "-- late_counters
        -- $1 limit
        select c.tenant_id, c.round_id, c.number, null::int as ordinal,
          format('%s sent and %s failed late by the counters, %s and %s by the facts', c.late_sent, c.late_failed, f.sent, f.failed)
            as detail,
          count(*) over () as total
        from chunk c
        cross join lateral (
          select count(*) filter (where proved = 1) as sent, count(*) filter (where proved = 2) as failed
          from (
            select min(a.settles) filter (where a.settles <> 4) as proved
            from attempt a
            where a.tenant_id = c.tenant_id and a.round_id = c.round_id
              and a.ordinal between c.first_ordinal and c.first_ordinal + c.size - 1
              and a.settles is not null
            group by a.ordinal
            having bool_or(a.settles = 4)
          ) doubted
        ) f
        where c.unconfirmed + c.late_sent + c.late_failed > 0 and (c.late_sent, c.late_failed) <> (f.sent, f.failed)
        order by 1, 2, 3
        limit $1";
    SIZES_AND_TARGETED = "-- sizes_and_targeted
        -- $1 limit
        select r.tenant_id, r.round_id, null::int as number, null::int as ordinal,
          format('%s targeted, %s in chunks, %s in the audience', r.targeted, c.people, a.people) as detail,
          count(*) over () as total
        from round r
        cross join lateral (
          select coalesce(sum(size), 0) as people from chunk c where c.tenant_id = r.tenant_id and c.round_id = r.round_id
        ) c
        cross join lateral (
          select count(*) as people from audience a where a.tenant_id = r.tenant_id and a.round_id = r.round_id
        ) a
        -- A round whose weeks were dropped by retention has neither.
        where (c.people > 0 or a.people > 0 or r.state <> 'done') and (r.targeted <> c.people or r.targeted <> a.people)
        order by 1, 2
        limit $1";
    GAPS = "-- gaps
        -- $1 limit
        select tenant_id, round_id, number, null::int as ordinal,
          format('begins at %s where %s was next', first_ordinal, expected) as detail, count(*) over () as total
        from (
          select c.tenant_id, c.round_id, c.number, c.first_ordinal,
            coalesce(lag(c.first_ordinal + c.size) over each_round, 0) as expected,
            row_number() over each_round - 1 as place
          from chunk c
          window each_round as (partition by c.tenant_id, c.round_id order by c.number)
        ) c
        where first_ordinal <> expected or number <> place
        order by 1, 2, 3
        limit $1";
    FINISHED_CHUNKS = "-- finished_chunks
        -- $1 limit
        select c.tenant_id, c.round_id, c.number, null::int as ordinal,
          format('%s of %s settled, %s open, state %s', bit_count(c.settled), c.size, bit_count(c.open), c.state) as detail,
          count(*) over () as total
        from chunk c
        where (c.state = 2 and (bit_count(c.settled) <> c.size or bit_count(c.open) > 0))
          or (c.state = 0 and (bit_count(c.settled) = c.size or bit_count(c.open) > 0))
        order by 1, 2, 3
        limit $1";
    CLAIMED_BY_A_STRANGER = "-- claimed_by_a_stranger
        -- $1 limit
        -- A minute after a takeover, everything that the last owner left has been rescued.
        select c.tenant_id, c.round_id, c.number, null::int as ordinal,
          format('claimed by worker %s; worker %s holds the tenant', c.owner, t.lease_owner) as detail, count(*) over () as total
        from chunk c
        join tenant t on t.tenant_id = c.tenant_id
        join worker holder on holder.worker_id = t.lease_owner
        left join worker owner on owner.worker_id = c.owner
        where c.state = 1 and c.owner <> t.lease_owner and holder.alive_until > lease_now()
          and coalesce(owner.alive_until, '-infinity') < lease_now() - interval '1 minute'
          and holder.registered_at < lease_now() - interval '1 minute'
        order by 1, 2, 3
        limit $1";
    CLAIMED_BY_THE_DEAD = "-- claimed_by_the_dead
        -- $1 limit
        select c.tenant_id, c.round_id, c.number, null::int as ordinal,
          format('worker %s has been gone since %s', c.owner, owner.alive_until) as detail, count(*) over () as total
        from chunk c
        join tenant t on t.tenant_id = c.tenant_id
        left join worker holder on holder.worker_id = t.lease_owner
        left join worker owner on owner.worker_id = c.owner
        where c.state = 1
          and coalesce(owner.alive_until, '-infinity') < lease_now() - interval '1 minute'
          and coalesce(holder.alive_until, '-infinity') < lease_now() - interval '1 minute'
        order by 1, 2, 3
        limit $1";
    ENDED_TOO_EARLY = "-- ended_too_early
        -- $1 limit
        select c.tenant_id, c.round_id, c.number, null::int as ordinal,
          format('%s of %s settled, and its broadcast is done', bit_count(c.settled), c.size) as detail, count(*) over () as total
        from broadcast b
        join round r on r.tenant_id = b.tenant_id and r.broadcast_id = b.broadcast_id
        join chunk c on c.tenant_id = r.tenant_id and c.round_id = r.round_id
        -- Preparing ends with the hour, wherever it is; what was cancelled before it was tried again, or set right, stays as it was.
        where b.state = 'done' and c.state <> 2 and r.kind <> 'prepare'
          and not exists (
            select
            from round newer
            where newer.tenant_id = r.tenant_id and newer.broadcast_id = r.broadcast_id
              and newer.kind in ('retry', 'correct', 'recall')
              and newer.round_id > r.round_id
          )
        order by 1, 2, 3
        limit $1";
    NEVER_ENDING = "-- never_ending
        -- $1 limit
        select r.tenant_id, r.round_id, null::int as number, null::int as ordinal, 'nothing of it is left to do' as detail,
          count(*) over () as total
        from round r
        join broadcast b on b.tenant_id = r.tenant_id and b.broadcast_id = r.broadcast_id
        where r.state = 'running' and b.state = 'running' and b.started_at < lease_now() - interval '10 minutes'
          and not exists (
            select from chunk c where c.tenant_id = r.tenant_id and c.round_id = r.round_id and c.state < 2
          )
        order by 1, 2
        limit $1";
    DURABILITY = "-- durability
        select name, setting from pg_settings where name in ('fsync', 'full_page_writes', 'synchronous_commit') and setting = 'off'";
}

/// An invariant: its name, what should be so, how bad it is when it is not, the cure, and the query that finds where.
type Invariant = (&'static str, &'static str, Verdict, &'static str, &'static str);

#[rustfmt::skip]
const INVARIANTS: [Invariant; 12] = [
    ("open_and_settled", "Nobody whose send may be on the wire has a final state already", Verdict::Failure, REPORT, OPEN_AND_SETTLED),
    ("counters_and_bits", "The counters of a chunk add up to its settled people", Verdict::Failure, REPORT, COUNTERS_AND_BITS),
    ("counters_and_facts", "The counters say of everybody what the facts say", Verdict::Failure, REPORT, COUNTERS_AND_FACTS),
    ("settled_without_a_fact", "Everybody with a final state has a fact that led to it", Verdict::Failure, REPORT, SETTLED_WITHOUT_A_FACT),
    ("late_counters", "Late answers are counted as the facts have them", Verdict::Failure, REPORT, LATE_COUNTERS),
    ("sizes_and_targeted", "The chunks of a round and its audience hold exactly the people targeted", Verdict::Failure, REPORT, SIZES_AND_TARGETED),
    ("gaps", "The ordinals of a round's chunks follow each other without a gap", Verdict::Failure, REPORT, GAPS),
    ("finished_chunks", "A chunk is finished exactly when everybody in it is", Verdict::Failure, REPORT, FINISHED_CHUNKS),
    ("ended_too_early", "A broadcast that is done has nobody left", Verdict::Failure, REPORT, ENDED_TOO_EARLY),
    ("claimed_by_a_stranger", "Only the worker that holds a tenant has claimed its chunks", Verdict::Failure, RESTART, CLAIMED_BY_A_STRANGER),
    ("claimed_by_the_dead", "Nothing waits for a worker to come back", Verdict::Warning, RESTART, CLAIMED_BY_THE_DEAD),
    ("never_ending", "A round that has nothing left to do ends", Verdict::Warning, RESTART, NEVER_ENDING),
];

#[derive(FromRow)]
struct Found {
    tenant_id: i32,
    round_id: i64,
    number: Option<i32>,
    ordinal: Option<i32>,
    detail: String,
    total: i64,
}

impl Found {
    fn into_place(self) -> Place {
        let Self { tenant_id, round_id, number, ordinal, detail, .. } = self;
        Place { tenant: Some(tenant_id), round: Some(RoundId::from_i64(round_id)), chunk: number, ordinal, detail }
    }
}

async fn look(conn: &mut PgConnection, invariant: Invariant) -> Result<Check, sqlx::Error> {
    let (name, promise, verdict, cure, sql) = invariant;
    let found: Vec<Found> = sqlx::query_as(sql).bind(NAMED).fetch_all(conn).await?;
    let Some(count) = found.first().map(|first| first.total.unsigned_abs()) else {
        return Ok(Check::ok(name, promise));
    };
    let places = found.into_iter().map(Found::into_place).collect();
    Ok(Check { verdict, count, places, cure: cure.into(), ..Check::ok(name, promise) })
}

impl PgStore {
    /// Holds the record against the engine's invariants, all at one instant. Reads only, and blocks nobody.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn integrity(&self) -> Result<Vec<Check>, StoreError> {
        let checks = self
            .database
            .transaction_within(PATIENCE, "integrity", async |conn| {
                sqlx::query(READ_ONLY).execute(&mut *conn).await?;
                sqlx::query(NO_HURRY).execute(&mut *conn).await?;
                let mut checks = Vec::with_capacity(INVARIANTS.len());
                for invariant in INVARIANTS {
                    checks.push(look(&mut *conn, invariant).await?);
                }
                Ok(checks)
            })
            .await?;
        Ok(checks)
    }

    /// Whether a commit that was confirmed survives a power cut: every promise begins there.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn durability(&self) -> Result<Check, StoreError> {
        let (name, promise) = ("durability", "What the database has confirmed survives a power cut");
        let off: Vec<(String, String)> =
            self.database.run("durability", async |conn| sqlx::query_as(DURABILITY).fetch_all(conn).await).await?;
        if off.is_empty() {
            return Ok(Check::ok(name, promise));
        }
        let detail = off.into_iter().map(|(setting, _)| format!("{setting} is off")).collect::<Vec<_>>().join(", ");
        Ok(Check::failed(
            name,
            promise,
            detail,
            "Switch it on in postgresql.conf (or for this role), and reload Postgres.",
        ))
    }
}
