//! What reports read: sums over chunks, and the `delivery` view.

use sqlx::FromRow;
use uuid::Uuid;

use super::PgStore;
use super::broadcasts::broadcast_state;
use super::rows::{reason, refused, seconds, uint};
use super::statement::statements;
use crate::domain::broadcast::{
    AudienceKind, BroadcastState, Channel, Channels, RoundKind, RoundState, Schedule, Treatment,
};
use crate::domain::delivery::{Settlement, WhenInDoubt};
use crate::domain::ids::{BroadcastId, EntraId, RecipientKey, RoundId, TenantKey};
use crate::domain::progress::{Counted, Progress, Retried};
use crate::domain::reason::{HaltReason, Reason};
use crate::domain::time::Timestamp;
use crate::ports::{BroadcastReport, DeliveryReport, Halt, RoundReport, StoreError};

statements! {
    PROGRESS = include_str!("sql/progress.sql");
    REASONS = include_str!("sql/reasons.sql");
    DELIVERIES = concat!(
        include_str!("sql/deliveries_of.sql"),
        include_str!("sql/slices.sql"),
        include_str!("sql/deliveries.sql"),
        include_str!("sql/delivery_rows.sql"),
        "order by row.recipient_id"
    );
    STARTS = "-- starts
        -- $1 tenant, $2 broadcast, $3 step
        select a.started_at
        from round r
        join attempt a on a.tenant_id = r.tenant_id and a.round_id = r.round_id
        where r.tenant_id = $1 and r.broadcast_id = $2 and a.step = $3
          -- What a rescue wrote says when it was found, not when it began.
          and a.reason is distinct from 'lease_ended'
        order by a.started_at";
}

/// Which rounds people are read from: their kinds, and their channel where that matters.
pub(super) type Passes = (&'static [&'static str], Option<Channel>);

/// The rounds in which people are told.
pub(super) const TELLING: Passes = (&["send", "retry"], None);

/// The rounds of one kind in one channel.
pub(super) const fn passes_of(kind: RoundKind, channel: Channel) -> Passes {
    let kinds: &[&str] = match kind {
        RoundKind::Send | RoundKind::Retry => return TELLING,
        RoundKind::Prepare => &["prepare"],
        RoundKind::Correct => &["correct"],
        RoundKind::Recall => &["recall"],
        RoundKind::Notify => &["notify"],
    };
    (kinds, Some(channel))
}

/// One round, with what its broadcast says of itself.
#[derive(FromRow)]
struct ProgressRow {
    broadcast_id: i64,
    title: String,
    state: String,
    urgent: bool,
    when_in_doubt: String,
    deadline_at: Timestamp,
    tolerance_seconds: i32,
    audience: String,
    expression: Option<String>,
    expected: Option<i32>,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    start_at: Option<Timestamp>,
    prepare_at: Option<Timestamp>,
    time_zone: Option<String>,
    halt_reason: Option<String>,
    halt_detail: Option<String>,
    halted_at: Option<Timestamp>,
    tenant_halted: bool,
    round_id: i64,
    kind: String,
    round_state: String,
    round_created_at: Timestamp,
    round_finished_at: Option<Timestamp>,
    channel: String,
    channels: String,
    expire_at: Option<Timestamp>,
    recalled_at: Option<Timestamp>,
    targeted: i32,
    from_failed: i32,
    from_unconfirmed: i32,
    sent: i64,
    failed: i64,
    skipped: i64,
    unconfirmed: i64,
    late_sent: i64,
    late_failed: i64,
}

/// One person, as reports show her.
#[derive(FromRow)]
pub(super) struct DeliveryRow {
    recipient_id: i64,
    entra_id: Uuid,
    display_name: String,
    user_principal_name: String,
    state: String,
    reason: Option<String>,
    attempts: i64,
    last_status: Option<i32>,
    message_id: Option<String>,
    first_attempt_at: Option<Timestamp>,
    last_attempt_at: Option<Timestamp>,
}

impl ProgressRow {
    fn round(&self) -> Result<RoundReport, StoreError> {
        let count = |number: i64| number.unsigned_abs();
        let counted = Counted {
            sent: count(self.sent),
            failed: count(self.failed),
            skipped: count(self.skipped),
            unconfirmed: count(self.unconfirmed),
            late_sent: count(self.late_sent),
            late_failed: count(self.late_failed),
        };
        let kind = RoundKind::from_name(&self.kind).ok_or_else(|| refused("round", "kind", &self.kind))?;
        let state = RoundState::from_name(&self.round_state);
        let state = state.ok_or_else(|| refused("round", "state", &self.round_state))?;
        let targeted = u64::from(uint(self.targeted));
        let channel = Channel::from_name(&self.channel).ok_or_else(|| refused("round", "channel", &self.channel))?;
        Ok(RoundReport {
            id: RoundId::from_i64(self.round_id),
            kind,
            channel,
            state,
            created_at: self.round_created_at,
            finished_at: self.round_finished_at,
            progress: Progress::from_counts(targeted, counted, state == RoundState::Done),
        })
    }

    const fn retried(&self) -> Retried {
        Retried {
            failed: self.from_failed.unsigned_abs() as u64,
            unconfirmed: self.from_unconfirmed.unsigned_abs() as u64,
        }
    }

    /// The broadcast of this row, with the progress of nobody yet.
    fn broadcast(&self) -> Result<BroadcastReport, StoreError> {
        let own = broadcast_state(&self.state)?;
        let active = matches!(own, BroadcastState::Expanding | BroadcastState::Running | BroadcastState::Halted);
        let halt = match (&self.halt_reason, self.halted_at) {
            (Some(code), Some(since)) if active => {
                let reason = HaltReason::from_code(code).ok_or_else(|| refused("broadcast", "halt_reason", code))?;
                Some(Halt { reason, detail: self.halt_detail.clone(), since })
            }
            _ => None,
        };
        let (start_at, time_zone) = (self.start_at, self.time_zone.clone().unwrap_or_default());
        Ok(BroadcastReport {
            id: BroadcastId::from_i64(self.broadcast_id),
            title: self.title.clone(),
            state: if self.tenant_halted && active { BroadcastState::Halted } else { own },
            halt,
            treatment: Treatment {
                when_in_doubt: when_in_doubt(&self.when_in_doubt)?,
                urgent: self.urgent,
                deadline_at: self.deadline_at,
                tolerance: seconds(self.tolerance_seconds),
            },
            audience: audience(&self.audience, self.expression.as_deref())?,
            channels: Channels::from_name(&self.channels)
                .ok_or_else(|| refused("broadcast", "channels", &self.channels))?,
            expire_at: self.expire_at,
            recalled_at: self.recalled_at,
            expected: self.expected.map(|people| u64::from(uint(people))),
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            schedule: start_at.map(|start_at| Schedule { start_at, prepare_at: self.prepare_at, time_zone }),
            progress: Progress::default(),
            rounds: Vec::new(),
        })
    }
}

/// One broadcast from its rounds, oldest first: whoever was tried again stands where the newest try has her.
fn report(rounds: &[ProgressRow]) -> Result<BroadcastReport, StoreError> {
    let mut report = rounds[0].broadcast()?;
    for row in rounds {
        let round = row.round()?;
        match round.kind {
            RoundKind::Send => report.progress = round.progress,
            RoundKind::Retry => report.progress = report.progress.retried(&round.progress, row.retried()),
            RoundKind::Prepare | RoundKind::Correct | RoundKind::Recall | RoundKind::Notify => {}
        }
        report.rounds.push(round);
    }
    Ok(report)
}

/// The audience of this kind and these words.
fn audience(kind: &str, expression: Option<&str>) -> Result<AudienceKind, StoreError> {
    match (kind, expression) {
        ("everyone", None) => Ok(AudienceKind::Everyone),
        ("list", None) => Ok(AudienceKind::List),
        ("places", None) => Ok(AudienceKind::Places),
        ("expression", Some(text)) => Ok(AudienceKind::Expression(text.to_owned())),
        (other, _) => Err(refused("broadcast", "audience", other)),
    }
}

/// The policy called `name`.
pub(super) fn when_in_doubt(name: &str) -> Result<WhenInDoubt, StoreError> {
    match name {
        "hold" => Ok(WhenInDoubt::Hold),
        "resend" => Ok(WhenInDoubt::Resend),
        other => Err(refused("broadcast", "when_in_doubt", other)),
    }
}

impl DeliveryRow {
    pub(super) fn into_report(self) -> Result<(RecipientKey, DeliveryReport), StoreError> {
        let report = DeliveryReport {
            entra_id: EntraId(self.entra_id),
            display_name: self.display_name,
            user_principal_name: self.user_principal_name,
            state: self.state,
            reason: reason("attempt", self.reason)?,
            attempts: self.attempts,
            last_status: self.last_status,
            message_id: self.message_id,
            first_attempt_at: self.first_attempt_at,
            last_attempt_at: self.last_attempt_at,
        };
        Ok((RecipientKey(self.recipient_id), report))
    }
}

impl PgStore {
    pub(super) async fn progress(
        &self,
        tenant: TenantKey,
        ids: Option<&[BroadcastId]>,
        limit: u32,
    ) -> Result<Vec<BroadcastReport>, StoreError> {
        let ids: Option<Vec<i64>> = ids.map(|ids| ids.iter().map(|id| id.as_i64()).collect());
        let rows: Vec<ProgressRow> = self
            .database
            .run("progress", async |conn| {
                let query = sqlx::query_as(PROGRESS).bind(tenant.0).bind(&ids);
                query.bind(i64::from(limit)).fetch_all(conn).await
            })
            .await?;
        rows.chunk_by(|one, next| one.broadcast_id == next.broadcast_id).map(report).collect()
    }

    /// When the requests of one step of a broadcast began, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn starts(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        step: crate::domain::outcome::Step,
    ) -> Result<Vec<Timestamp>, StoreError> {
        let starts = self
            .database
            .run("starts", async |conn| {
                let query = sqlx::query_scalar(STARTS).bind(tenant.0).bind(id.as_i64());
                query.bind(step.number()).fetch_all(conn).await
            })
            .await?;
        Ok(starts)
    }

    pub(super) async fn reason_counts(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        passes: Passes,
    ) -> Result<Vec<(Settlement, Reason, u64)>, StoreError> {
        let (kinds, channel) = passes;
        let rows: Vec<(i16, String, i64)> = self
            .database
            .run("reasons", async |conn| {
                let query = sqlx::query_as(REASONS).bind(tenant.0).bind(id.as_i64());
                query.bind(kinds).bind(channel.map(Channel::name)).fetch_all(conn).await
            })
            .await?;
        let known = |(settles, code, people): (i16, String, i64)| {
            let settlement = Settlement::ALL.into_iter().find(|known| known.number() == settles);
            let settlement = settlement.ok_or_else(|| refused("attempt", "settles", settles))?;
            let reason = Reason::from_code(&code).ok_or_else(|| refused("attempt", "reason", code))?;
            Ok((settlement, reason, people.unsigned_abs()))
        };
        rows.into_iter().map(known).collect()
    }

    pub(super) async fn delivery_page(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        (kinds, channel): Passes,
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Result<Vec<(RecipientKey, DeliveryReport)>, StoreError> {
        let rows: Vec<DeliveryRow> = self
            .database
            .run("deliveries", async |conn| {
                let query = sqlx::query_as(DELIVERIES).bind(tenant.0).bind(id.as_i64());
                let query = query.bind(after.map_or(0, |key| key.0)).bind(i64::from(limit));
                query.bind(kinds).bind(channel.map(Channel::name)).fetch_all(conn).await
            })
            .await?;
        rows.into_iter().map(DeliveryRow::into_report).collect()
    }
}
