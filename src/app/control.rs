//! Pause, resume, cancel. Each costs one row; every flush reads it back, so that senders stop within a tick.

use crate::domain::broadcast::BroadcastState;
use crate::domain::ids::{BroadcastId, TenantKey};
use crate::domain::time::Timestamp;
use crate::ports::{Store, StoreError};

/// What a person wants of a broadcast.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Stop until resumed.
    Pause,
    /// Go on: a pause or a halt ends; one that was missed starts after all.
    Resume,
    /// Stop for good; whoever has had no turn is counted as cancelled.
    Cancel,
}

impl Wish {
    /// The states in which it can be granted.
    pub const fn granted_in(self) -> &'static [BroadcastState] {
        use BroadcastState as S;
        match self {
            Self::Pause => &[S::Scheduled, S::Expanding, S::Running, S::Halted],
            Self::Resume => &[S::Paused, S::Halted, S::Missed],
            Self::Cancel => {
                &[S::AwaitingApproval, S::Scheduled, S::Expanding, S::Running, S::Paused, S::Halted, S::Missed]
            }
        }
    }
}

/// What became of a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granted {
    /// It holds.
    Yes(BroadcastState),
    /// The broadcast stands where it makes no sense.
    No(BroadcastState),
    /// There is no such broadcast.
    Unknown,
}

/// Grants `wish` if the broadcast stands where it makes sense.
///
/// Resuming a broadcast that stands still because its whole tenant is halted releases the tenant.
///
/// # Errors
/// [`StoreError`].
pub async fn grant(
    store: &dyn Store,
    tenant: TenantKey,
    id: BroadcastId,
    wish: Wish,
    now: Timestamp,
) -> Result<Granted, StoreError> {
    let Some(report) = store.report(tenant, id).await? else { return Ok(Granted::Unknown) };
    if !wish.granted_in().contains(&report.state) {
        return Ok(Granted::No(report.state));
    }
    match wish {
        Wish::Pause => {
            store.move_broadcast(tenant, id, wish.granted_in(), BroadcastState::Paused, now).await?;
        }
        Wish::Resume => {
            if report.state == BroadcastState::Halted {
                store.release_halt(tenant).await?;
            }
            store.resume_broadcast(tenant, id, now).await?;
        }
        Wish::Cancel => {
            let from = wish.granted_in();
            store.move_broadcast(tenant, id, from, BroadcastState::Cancelling, now).await?;
            // With no worker about, nothing is claimed and it is settled here and now.
            store.finish(tenant, now).await?;
        }
    }
    let state = store.report(tenant, id).await?.map_or(report.state, |report| report.state);
    Ok(Granted::Yes(state))
}
