//! Tries some people of a broadcast again: a new round of exactly those whom nothing has reached since.
//!
//! The first report stays as it was; the broadcast counts everybody by the newest round that names her.

use std::time::Duration;

use crate::domain::broadcast::BroadcastState;
use crate::domain::ids::{BroadcastId, RoundId, TenantKey};
use crate::domain::time::Timestamp;
use crate::ports::{RetryWish, Store, StoreError};

/// What became of the wish to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// A round of so many people begins.
    Begun(u64),
    /// Nobody of the broadcast is meant: nothing was begun.
    Nobody,
    /// The broadcast was recalled: nobody is to be told any more.
    Recalled,
    /// The broadcast is not over yet.
    TooEarly(BroadcastState),
    /// There is no such broadcast.
    Unknown,
}

/// Begins a retry of broadcast `id`; whoever has not had a turn `time_left` from `now` on fails as expired. `chance`
/// makes the round's id.
///
/// # Errors
/// [`StoreError`]; the same call, with the same `chance`, may be made again after a transient one.
pub async fn retry(
    store: &dyn Store,
    tenant: TenantKey,
    id: BroadcastId,
    wish: &RetryWish,
    time_left: Duration,
    chance: u64,
    now: Timestamp,
) -> Result<Retry, StoreError> {
    let Some(report) = store.report(tenant, id).await? else { return Ok(Retry::Unknown) };
    if report.recalled_at.is_some() {
        return Ok(Retry::Recalled);
    }
    if !report.state.is_final() {
        return Ok(Retry::TooEarly(report.state));
    }
    let people = store.count_retry(tenant, id, wish).await?;
    if people == 0 {
        return Ok(Retry::Nobody);
    }
    // Rounds are told apart by the order of their ids, also when this machine's clock is behind another's.
    let last = report.rounds.iter().map(|round| round.created_at).max().unwrap_or(now);
    let created_at = now.max(last + Duration::from_millis(1));
    let round = RoundId::new(created_at, chance);
    match store.retry(tenant, id, wish, round, now + time_left, created_at).await? {
        true => Ok(Retry::Begun(people)),
        // Somebody else began one in the same moment.
        false => Ok(Retry::TooEarly(BroadcastState::Expanding)),
    }
}
