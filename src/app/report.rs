//! Tells what became of a broadcast: where everybody stands, and why. It only ever reads.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::broadcast::{Channel, Channels, RoundKind};
use crate::domain::delivery::Settlement;
use crate::domain::forecast::Forecast;
use crate::domain::ids::BroadcastId;
use crate::domain::reason::Reason;
use crate::ports::{BroadcastReport, StoreError};

use super::forecast::Foresight;

/// One broadcast with the reasons of everybody who was not simply sent to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Summary {
    /// The broadcast.
    #[serde(flatten)]
    pub report: BroadcastReport,
    /// Why people ended where they did, most people first.
    pub by_reason: Vec<ReasonCount>,
    /// The same of the rounds that correct, recall, or notify after the messages; only those of which there is anything
    /// to tell.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by_reason_afterwards: Vec<RoundReasons>,
    /// When it is expected to end; nothing of one that is over.
    #[serde(flatten)]
    pub forecast: Forecast,
}

/// Why people ended where they did in the rounds of one kind, in one channel: each by the newest of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoundReasons {
    /// Which kind.
    pub kind: RoundKind,
    /// Which way its people are told.
    pub channel: Channel,
    /// Most people first.
    pub by_reason: Vec<ReasonCount>,
}

/// How many people ended for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReasonCount {
    /// How they ended.
    pub settlement: Settlement,
    /// The stable code.
    #[schema(value_type = String)]
    pub code: Cow<'static, str>,
    /// What happened.
    #[schema(value_type = String)]
    pub sentence: Cow<'static, str>,
    /// What to do about it; empty when nothing helps.
    #[schema(value_type = String)]
    pub remedy: Cow<'static, str>,
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
    let by_reason = counted(store.reasons(tenant, id).await?, report.channels, false);
    let later = report.rounds.iter().filter(|round| !round.kind.tells() && round.kind != RoundKind::Prepare);
    let passes: BTreeSet<(RoundKind, Channel)> = later.map(|round| (round.kind, round.channel)).collect();
    let mut by_reason_afterwards = Vec::new();
    for (kind, channel) in passes {
        let looks_back = matches!(kind, RoundKind::Correct | RoundKind::Recall);
        let by_reason = counted(store.reasons_of(tenant, id, kind, channel).await?, report.channels, looks_back);
        if !by_reason.is_empty() {
            by_reason_afterwards.push(RoundReasons { kind, channel, by_reason });
        }
    }
    let forecast = foresight.of_broadcast(&report).await?;
    Ok(Some(Summary { report, by_reason, by_reason_afterwards, forecast }))
}

fn counted(rows: Vec<(Settlement, Reason, u64)>, channels: Channels, looks_back: bool) -> Vec<ReasonCount> {
    let count = |(settlement, reason, count): (Settlement, Reason, u64)| {
        let (sentence, remedy) = reason.told(channels, looks_back);
        ReasonCount { settlement, code: reason.code().into(), sentence: sentence.into(), remedy: remedy.into(), count }
    };
    let mut counts: Vec<ReasonCount> = rows.into_iter().map(count).collect();
    counts.sort_by(|a, b| (b.count, &a.code, a.settlement).cmp(&(a.count, &b.code, b.settlement)));
    counts
}
