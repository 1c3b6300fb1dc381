//! Tells what became of a broadcast: where everybody stands, and why. It only ever reads.

use serde::Serialize;

use crate::domain::broadcast::Channels;
use crate::domain::delivery::Settlement;
use crate::domain::forecast::Forecast;
use crate::domain::ids::BroadcastId;
use crate::domain::reason::Reason;
use crate::ports::{BroadcastReport, StoreError};

use super::forecast::Foresight;

/// One broadcast with the reasons of everybody who was not simply sent to.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Summary {
    /// The broadcast.
    #[serde(flatten)]
    pub report: BroadcastReport,
    /// Why people ended where they did, most people first.
    pub by_reason: Vec<ReasonCount>,
    /// When it is expected to end; nothing of one that is over.
    #[serde(flatten)]
    pub forecast: Forecast,
}

/// How many people ended for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// How they ended.
    pub settlement: Settlement,
    /// The stable code.
    pub code: &'static str,
    /// What happened.
    pub sentence: &'static str,
    /// What to do about it; empty when nothing helps.
    pub remedy: &'static str,
    /// How many people.
    pub count: u64,
}

/// Where one broadcast stands; `None` when there is no such broadcast.
///
/// # Errors
/// The store's.
pub async fn summary(foresight: &Foresight<'_>, id: BroadcastId) -> Result<Option<Summary>, StoreError> {
    let (store, tenant) = (foresight.store, foresight.tenant);
    let Some(report) = store.report(tenant, id).await? else { return Ok(None) };
    let counts = store.reasons(tenant, id).await?.into_iter();
    let mut by_reason: Vec<ReasonCount> = counts.map(|count| reason_count(count, report.channels)).collect();
    by_reason.sort_by_key(|row| (std::cmp::Reverse(row.count), row.code, row.settlement));
    let forecast = foresight.of_broadcast(&report).await?;
    Ok(Some(Summary { report, by_reason, forecast }))
}

const fn reason_count((settlement, reason, count): (Settlement, Reason, u64), channels: Channels) -> ReasonCount {
    let (sentence, remedy) = reason.told_in(channels);
    ReasonCount { settlement, code: reason.code(), sentence, remedy, count }
}
