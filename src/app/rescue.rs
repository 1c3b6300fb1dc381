//! Leases that ran out → in doubt, then the broadcast's own policy.
//!
//! A new owner rescues before it claims anything, so that a claim never meets a dirty chunk. What was open when the
//! predecessor died is exactly what may have been sent; everything else is known.

use metrics::counter;
use tokio_util::sync::CancellationToken;

use crate::app::flush::repeat;
use crate::domain::ids::WorkerId;
use crate::ports::{Clock, HeldTenant, Store, StoreError};
use crate::telemetry;

/// Settles whatever a dead owner of this tenant left behind.
///
/// # Errors
/// [`StoreError`] that no repetition cures.
pub async fn take_over(
    store: &dyn Store,
    clock: &dyn Clock,
    held: HeldTenant,
    worker: WorkerId,
    abandon: &CancellationToken,
) -> Result<(), StoreError> {
    let open = repeat(clock, abandon, "rescue", || store.rescue(held, worker, clock.now())).await?;
    counter!(telemetry::RESCUED).increment(open);
    if open > 0 {
        tracing::warn!(tenant = %held.tenant, open, "sends of a dead owner may have arrived; settled by policy");
    }
    Ok(())
}
