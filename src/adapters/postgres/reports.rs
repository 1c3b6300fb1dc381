//! What reports read: sums over chunks, and the `delivery` view.

use sqlx::FromRow;
use uuid::Uuid;

use super::PgStore;
use super::broadcasts::broadcast_state;
use super::rows::{reason, refused};
use super::statement::statements;
use crate::domain::broadcast::{BroadcastState, Treatment};
use crate::domain::delivery::{Settlement, WhenInDoubt};
use crate::domain::ids::{BroadcastId, EntraId, RecipientKey, TenantKey};
use crate::domain::progress::{Counted, Progress};
use crate::domain::reason::{HaltReason, Reason};
use crate::domain::time::Timestamp;
use crate::ports::{BroadcastReport, DeliveryReport, Halt, StoreError};

statements! {
    PROGRESS = include_str!("sql/progress.sql");
    REASONS = "-- reasons
        -- $1 tenant, $2 broadcast
        -- The facts that settled somebody, one for each; a definite answer beats doubt.
        -- Round by round, so that no week but theirs is read.
        select final.settles, final.reason, count(*) as people
        from round r
        cross join lateral (
          select distinct on (a.ordinal) a.settles, a.reason
          from attempt a
          where a.tenant_id = $1 and a.round_id = r.round_id and a.settles is not null
          order by a.ordinal, (a.settles = 4), a.ended_at desc
        ) final
        where r.tenant_id = $1 and r.broadcast_id = $2 and r.kind = 'send' and final.reason is not null
        group by final.settles, final.reason
        order by final.settles, people desc, final.reason";
    DELIVERIES = include_str!("sql/deliveries.sql");
    STARTS = "-- starts
        -- $1 tenant, $2 broadcast, $3 step
        select a.started_at
        from round r
        join attempt a on a.tenant_id = r.tenant_id and a.round_id = r.round_id
        where r.tenant_id = $1 and r.broadcast_id = $2 and a.step = $3
        order by a.started_at";
}

#[derive(FromRow)]
struct ProgressRow {
    broadcast_id: i64,
    title: String,
    state: String,
    urgent: bool,
    when_in_doubt: String,
    deadline_at: Timestamp,
    created_at: Timestamp,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    halt_reason: Option<String>,
    halt_detail: Option<String>,
    halted_at: Option<Timestamp>,
    tenant_halted: bool,
    targeted: i64,
    sent: i64,
    failed: i64,
    skipped: i64,
    unconfirmed: i64,
    late_sent: i64,
    late_failed: i64,
}

#[derive(FromRow)]
struct DeliveryRow {
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
    fn into_report(self) -> Result<BroadcastReport, StoreError> {
        let own = broadcast_state(&self.state)?;
        let active = matches!(own, BroadcastState::Expanding | BroadcastState::Running | BroadcastState::Halted);
        let halt = match (self.halt_reason, self.halted_at) {
            (Some(code), Some(since)) if active => {
                let reason = HaltReason::from_code(&code).ok_or_else(|| refused("broadcast", "halt_reason", code))?;
                Some(Halt { reason, detail: self.halt_detail, since })
            }
            _ => None,
        };
        let count = |number: i64| number.unsigned_abs();
        let counted = Counted {
            sent: count(self.sent),
            failed: count(self.failed),
            skipped: count(self.skipped),
            unconfirmed: count(self.unconfirmed),
            late_sent: count(self.late_sent),
            late_failed: count(self.late_failed),
        };
        Ok(BroadcastReport {
            id: BroadcastId::from_i64(self.broadcast_id),
            title: self.title,
            state: if self.tenant_halted && active { BroadcastState::Halted } else { own },
            halt,
            treatment: Treatment {
                when_in_doubt: when_in_doubt(&self.when_in_doubt)?,
                urgent: self.urgent,
                deadline_at: self.deadline_at,
            },
            created_at: self.created_at,
            started_at: self.started_at,
            finished_at: self.finished_at,
            progress: Progress::from_counts(count(self.targeted), counted, own == BroadcastState::Cancelled),
        })
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
    fn into_report(self) -> Result<(RecipientKey, DeliveryReport), StoreError> {
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
        id: Option<BroadcastId>,
        limit: u32,
    ) -> Result<Vec<BroadcastReport>, StoreError> {
        let rows: Vec<ProgressRow> = self
            .database
            .run("progress", async |conn| {
                let query = sqlx::query_as(PROGRESS).bind(tenant.0).bind(id.map(BroadcastId::as_i64));
                query.bind(i64::from(limit)).fetch_all(conn).await
            })
            .await?;
        rows.into_iter().map(ProgressRow::into_report).collect()
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
    ) -> Result<Vec<(Settlement, Reason, u64)>, StoreError> {
        let rows: Vec<(i16, String, i64)> = self
            .database
            .run("reasons", async |conn| sqlx::query_as(REASONS).bind(tenant.0).bind(id.as_i64()).fetch_all(conn).await)
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
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Result<Vec<(RecipientKey, DeliveryReport)>, StoreError> {
        let rows: Vec<DeliveryRow> = self
            .database
            .run("deliveries", async |conn| {
                let query = sqlx::query_as(DELIVERIES).bind(tenant.0).bind(id.as_i64());
                query.bind(after.map_or(0, |key| key.0)).bind(i64::from(limit)).fetch_all(conn).await
            })
            .await?;
        rows.into_iter().map(DeliveryRow::into_report).collect()
    }
}
