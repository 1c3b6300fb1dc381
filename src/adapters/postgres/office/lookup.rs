//! Looking up: one page of a broadcast's people by what is asked of them, one person with all that was tried, the quotas
//! and the workers.
//!
//! A page costs about what it shows, however many people there are: [`walk`] goes from one who may be meant to the next, and
//! passes over whole chunks and rounds that hold nobody.

use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

use super::super::PgStore;
use super::super::reports::{DeliveryRow, TELLING, passes_of};
use super::super::rows::{reason, refused};
use super::super::statement::statements;
use crate::domain::audience::expression::Attribute;
use crate::domain::broadcast::RoundKind;
use crate::domain::delivery::Settlement;
use crate::domain::ids::{BroadcastId, EntraId, RecipientKey, TenantKey, WorkerId};
use crate::domain::outcome::{Outcome, Step};
use crate::domain::time::Timestamp;
use crate::ports::{
    AttemptReport, BucketReport, DeliveryQuery, DeliveryReport, Lookup, StoreError, ValueCount, WorkerReport,
};

mod walk;

use walk::{Place, Round, Walk};

statements! {
    PASSES = include_str!("../sql/lookup/passes.sql");
    EVERYBODY = include_str!("../sql/lookup/everybody.sql");
    EXPLAINED = include_str!("../sql/lookup/explained.sql");
    UNSETTLED = include_str!("../sql/lookup/unsettled.sql");
    AT = include_str!("../sql/lookup/at.sql");
    REACHED = include_str!("../sql/lookup/reached.sql");
    REACHED_IN = include_str!("../sql/lookup/reached_in.sql");
    PLACES = concat!(include_str!("../sql/lookup/places.sql"), include_str!("../sql/lookup/place_of.sql"));
    AMONG = include_str!("../sql/lookup/among.sql");
    CALLED = include_str!("../sql/lookup/called.sql");
    CALLED_AMONG = include_str!("../sql/lookup/called_among.sql");
    ROWS = concat!(
        include_str!("../sql/lookup/rows_of.sql"),
        include_str!("../sql/delivery_rows.sql"),
        "where row.state = coalesce($4, row.state) and ($5::text is null or row.reason = $5)
         order by row.recipient_id"
    );
    WORDS = "-- lookup_words
        -- $1 tenant, $2 what was written
        -- Each word as the beginning of one of hers. No word holds a quote: at those they were parted. The one that fewest
        -- have is guessed: it stands before the @, for behind it is what all have in common; a number tells people apart;
        -- of words, the longest.
        select string_agg(w.query, ' & '),
          (array_agg(w.plain order by w.behind, w.plain ~ '[0-9]' desc, length(w.plain) desc))[1],
          (array_agg(w.query order by w.behind, w.plain ~ '[0-9]' desc, length(w.plain) desc))[1]
        from (
          select '''' || word || ''':*' as query, substr(word, length($1::text) + 2) as plain, behind
          from (
            select false as behind, unnest(words_of($1, split_part(left($2, 150), '@', 1))) as word
            union all
            select true, unnest(words_of($1, substr(left($2, 150), length(split_part(left($2, 150), '@', 1)) + 1)))
          ) every
          where word <> $1::text || '/'
        ) w";
    PERSON = "-- lookup_person
        -- $1 tenant, $2 Entra id
        select recipient_id from recipient where tenant_id = $1 and entra_id = $2";
    ALL_PASSES = "-- lookup_all_passes
        -- $1 tenant, $2 broadcast
        select round_id, targeted, kind from round where tenant_id = $1 and broadcast_id = $2 order by round_id";
    TRIED = "-- lookup_tried
        -- $1 tenant, $2 rounds, $3 her ordinal in each, $4 their kinds
        select r.kind, t.attempt, t.step, t.outcome, t.settles, t.reason, t.status, t.request_id, t.started_at, t.ended_at
        from unnest($2::bigint[], $3::int[], $4::text[]) as r (round_id, ordinal, kind)
        join attempt t on t.tenant_id = $1 and t.round_id = r.round_id and t.ordinal = r.ordinal
        order by t.started_at, r.round_id, t.attempt, t.epoch";
    GOING = "-- lookup_going
        -- $1 tenant, $2 limit
        select broadcast_id
        from broadcast
        where tenant_id = $1 and notice_of is null and state not in ('done', 'cancelled')
        order by broadcast_id desc
        limit $2";
    VALUES = concat!(
        "-- lookup_values
        -- $1 tenant, $2 attribute, $3 limit
        select value, count(*) as people
        from (
          select ",
        include_str!("../sql/attribute.sql"),
        " as value
          from recipient
          where tenant_id = $1 and left_at is null and venue is null
        ) said
        where value <> ''
        group by value
        order by people desc, value
        limit $3"
    );
    BUCKETS = "-- lookup_buckets
        -- $1 tenant
        select name, cooldown_until, share::float8 as share, kept_at from bucket where tenant_id = $1 order by name";
    WORKERS = "-- lookup_workers
        -- $1 tenant
        -- A lease that was ended before its time ended with the last sign of life.
        select w.worker_id, w.host, w.pid, w.registered_at,
          case when isfinite(w.alive_until) then w.alive_until else w.seen_at end as alive_until,
          w.alive_until > lease_now() as is_alive,
          coalesce(t.lease_owner = w.worker_id, false) as holds
        from worker w
        left join tenant t on t.tenant_id = $1
        where case when isfinite(w.alive_until) then w.alive_until else w.seen_at end > lease_now() - interval '1 day'
        order by w.worker_id";
}

#[derive(FromRow)]
struct AttemptRow {
    kind: String,
    attempt: i32,
    step: i16,
    outcome: Option<i16>,
    settles: Option<i16>,
    reason: Option<String>,
    status: Option<i16>,
    request_id: Option<Uuid>,
    started_at: Timestamp,
    ended_at: Timestamp,
}

impl AttemptRow {
    fn into_report(self) -> Result<AttemptReport, StoreError> {
        let settles = self.settles.map(|number| {
            let known = Settlement::ALL.into_iter().find(|known| known.number() == number);
            known.ok_or_else(|| refused("attempt", "settles", number))
        });
        let step =
            (self.step != 0).then(|| Step::from_number(self.step).ok_or_else(|| refused("attempt", "step", self.step)));
        Ok(AttemptReport {
            round: RoundKind::from_name(&self.kind).ok_or_else(|| refused("round", "kind", &self.kind))?,
            attempt: self.attempt.unsigned_abs(),
            step: step.transpose()?.map(Step::name),
            outcome: self.outcome.and_then(Outcome::word_of),
            settles: settles.transpose()?,
            reason: reason("attempt", self.reason)?,
            status: self.status.and_then(|status| u16::try_from(status).ok()),
            request: self.request_id,
            started_at: self.started_at,
            ended_at: self.ended_at,
        })
    }
}

#[derive(FromRow)]
struct WorkerRow {
    worker_id: i64,
    host: String,
    pid: i64,
    registered_at: Timestamp,
    alive_until: Timestamp,
    is_alive: bool,
    holds: bool,
}

#[async_trait]
impl Lookup for PgStore {
    async fn find_deliveries(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        query: &DeliveryQuery,
        limit: u32,
    ) -> Result<Vec<(RecipientKey, DeliveryReport)>, StoreError> {
        let (kinds, channel) = query.passes.map_or(TELLING, |(kind, channel)| passes_of(kind, channel));
        if query.state.is_none() && query.reason.is_none() && query.text.is_none() {
            return self.delivery_page(tenant, id, (kinds, channel), query.after, limit).await;
        }
        let counts_failed = query.may_have_failed();
        let rounds: Vec<Round> = self
            .database
            .run("lookup_passes", async |conn| {
                let asked = sqlx::query_as(PASSES).bind(tenant.0).bind(id.as_i64()).bind(kinds);
                asked
                    .bind(channel.map(crate::domain::broadcast::Channel::name))
                    .bind(counts_failed)
                    .fetch_all(conn)
                    .await
            })
            .await?;
        Walk::new(self, tenant, query, rounds, limit).page().await
    }

    async fn delivery(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        person: EntraId,
    ) -> Result<Option<(DeliveryReport, Vec<AttemptReport>)>, StoreError> {
        let found: (Option<i64>, Vec<(i64, i32, String)>) = self
            .database
            .run("lookup_person", async |conn| {
                let who = sqlx::query_scalar(PERSON).bind(tenant.0).bind(person.0).fetch_optional(&mut *conn).await?;
                let rounds = sqlx::query_as(ALL_PASSES).bind(tenant.0).bind(id.as_i64()).fetch_all(conn).await?;
                Ok((who, rounds))
            })
            .await?;
        let (Some(who), rounds) = found else { return Ok(None) };
        let sizes: Vec<(i64, i32)> = rounds.iter().map(|(round, size, _)| (*round, *size)).collect();
        let mut places = self.places(tenant, &sizes, &[who]).await?;
        places.retain(|place| place.is_hers);
        places.sort_by_key(|place| place.round_id);
        let kind_of = |place: &Place| {
            rounds.iter().find(|(round, ..)| *round == place.round_id).map_or("", |(_, _, kind)| kind.as_str())
        };
        let Some(told) = places.iter().rfind(|place| TELLING.0.contains(&kind_of(place))) else { return Ok(None) };
        let row = self.delivery_rows(tenant, &[(told.round_id, told.ordinal)], &DeliveryQuery::default()).await?.pop();
        let Some((_, row)) = row else { return Ok(None) };
        let of_rounds: Vec<i64> = places.iter().map(|place| place.round_id).collect();
        let ordinals: Vec<i32> = places.iter().map(|place| place.ordinal).collect();
        let kinds: Vec<&str> = places.iter().map(kind_of).collect();
        let tried: Vec<AttemptRow> = self
            .database
            .run("lookup_tried", async |conn| {
                let asked = sqlx::query_as(TRIED).bind(tenant.0).bind(&of_rounds).bind(&ordinals).bind(&kinds);
                asked.fetch_all(conn).await
            })
            .await?;
        let tried = tried.into_iter().map(AttemptRow::into_report).collect::<Result<_, _>>()?;
        Ok(Some((row, tried)))
    }

    async fn going(&self, tenant: TenantKey, limit: u32) -> Result<Vec<BroadcastId>, StoreError> {
        let ids: Vec<i64> = self
            .database
            .run("lookup_going", async |conn| {
                sqlx::query_scalar(GOING).bind(tenant.0).bind(i64::from(limit)).fetch_all(conn).await
            })
            .await?;
        Ok(ids.into_iter().map(BroadcastId::from_i64).collect())
    }

    async fn buckets(&self, tenant: TenantKey) -> Result<Vec<BucketReport>, StoreError> {
        let rows: Vec<(String, Timestamp, f64, Timestamp)> = self
            .database
            .run("lookup_buckets", async |conn| sqlx::query_as(BUCKETS).bind(tenant.0).fetch_all(conn).await)
            .await?;
        let report = |(name, cooldown_until, share, kept_at)| BucketReport { name, cooldown_until, share, kept_at };
        Ok(rows.into_iter().map(report).collect())
    }

    async fn values(&self, tenant: TenantKey, attribute: Attribute, limit: u32) -> Result<Vec<ValueCount>, StoreError> {
        let rows: Vec<(String, i64)> = self
            .database
            .run("lookup_values", async |conn| {
                let query = sqlx::query_as(VALUES).bind(tenant.0).bind(attribute.word()).bind(i64::from(limit));
                query.fetch_all(conn).await
            })
            .await?;
        Ok(rows.into_iter().map(|(value, people)| ValueCount { value, people: people.unsigned_abs() }).collect())
    }

    async fn workers(&self, tenant: TenantKey) -> Result<Vec<WorkerReport>, StoreError> {
        let rows: Vec<WorkerRow> = self
            .database
            .run("lookup_workers", async |conn| sqlx::query_as(WORKERS).bind(tenant.0).fetch_all(conn).await)
            .await?;
        let report = |row: WorkerRow| WorkerReport {
            id: WorkerId(row.worker_id),
            host: row.host,
            pid: row.pid,
            registered_at: row.registered_at,
            alive_until: row.alive_until,
            is_alive: row.is_alive,
            holds: row.holds,
        };
        Ok(rows.into_iter().map(report).collect())
    }
}

impl PgStore {
    /// Where these people stand in these rounds, or where they would.
    async fn places(&self, tenant: TenantKey, rounds: &[(i64, i32)], people: &[i64]) -> Result<Vec<Place>, StoreError> {
        let (rounds, sizes): (Vec<i64>, Vec<i32>) = rounds.iter().copied().unzip();
        let places = self
            .database
            .run("lookup_places", async |conn| {
                sqlx::query_as(PLACES).bind(tenant.0).bind(&rounds).bind(&sizes).bind(people).fetch_all(conn).await
            })
            .await?;
        Ok(places)
    }

    /// The rows at these places, as far as they are in the state and for the reason that is asked for.
    async fn delivery_rows(
        &self,
        tenant: TenantKey,
        places: &[(i64, i32)],
        query: &DeliveryQuery,
    ) -> Result<Vec<(RecipientKey, DeliveryReport)>, StoreError> {
        let (rounds, ordinals): (Vec<i64>, Vec<i32>) = places.iter().copied().unzip();
        let state = query.state.map(|state| state.map_or("pending", Settlement::name));
        let rows: Vec<DeliveryRow> = self
            .database
            .run("lookup_rows", async |conn| {
                let asked = sqlx::query_as(ROWS).bind(tenant.0).bind(&rounds).bind(&ordinals);
                asked.bind(state).bind(query.reason.map(crate::domain::reason::Reason::code)).fetch_all(conn).await
            })
            .await?;
        rows.into_iter().map(DeliveryRow::into_report).collect()
    }
}
