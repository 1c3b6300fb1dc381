//! Many facts and permissions in one statement; learns of pause and cancel.
//!
//! A flush of unknown fate is simply written again: its number makes a second arrival change nothing. So this file
//! is a loop around one call, and the loop is what keeps an outage of the database from costing anybody anything.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::app::health::Health;
use crate::app::tally;
use crate::domain::ids::{TenantKey, WorkerId};
use crate::ports::{AttemptFact, Clock, Flush, Flushed, Store, StoreError};

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);
/// What readiness calls it. A database may answer every question and still have no room for results.
const PART: &str = "journal";
/// Shorter trouble passes by itself and is no news.
const UNWELL_AFTER: Duration = Duration::from_secs(5);

/// Writes `flush` down, as often as it takes.
///
/// # Errors
/// What is not transient; or the last transient error once `abandon` is cancelled. Whatever was not written then is
/// doubt for the rescue, not loss.
pub async fn write(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    health: &Health,
    tenant: TenantKey,
    worker: WorkerId,
    flush: &Flush,
    abandon: &CancellationToken,
) -> Result<Flushed, StoreError> {
    let began_at = clock.monotonic();
    let span = tracing::info_span!("flush", %tenant, facts = flush.facts.len(), chunks = flush.chunks.len());
    let attempt = async || {
        let done = store.flush(tenant, worker, flush).await;
        match &done {
            Err(error) if clock.monotonic().saturating_since(began_at) >= UNWELL_AFTER => {
                health.unwell(PART, format!("Results cannot be written down: {error}."));
            }
            Err(_) => {}
            Ok(_) => health.well(PART),
        }
        done
    };
    let done = repeat(&*clock, abandon, "flush", attempt).instrument(span).await?;
    tally::flushed(flush, &done, clock.monotonic().saturating_since(began_at));
    Ok(done)
}

/// Records late facts, as often as it takes.
///
/// # Errors
/// As [`write()`].
pub async fn write_late(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    tenant: TenantKey,
    facts: &[AttemptFact],
    abandon: &CancellationToken,
) -> Result<u64, StoreError> {
    repeat(&*clock, abandon, "late facts", || store.record_late(tenant, facts)).await
}

/// Repeats `call` while the database is unavailable, with growing waits.
///
/// # Errors
/// What is not transient; or the last transient error once `abandon` is cancelled.
pub async fn repeat<T, F: Future<Output = Result<T, StoreError>>>(
    clock: &dyn Clock,
    abandon: &CancellationToken,
    what: &'static str,
    call: impl Fn() -> F,
) -> Result<T, StoreError> {
    let mut wait = FIRST_WAIT;
    loop {
        match call().await {
            Err(error) if error.is_transient() && !abandon.is_cancelled() => {
                tracing::warn!(what, %error, wait_ms = wait.as_millis() as u64, "the database does not answer; trying again");
                tokio::select! {
                    biased; // Equal seeds must give equal runs, and giving up goes first.
                    () = abandon.cancelled() => {}
                    () = clock.sleep_until(clock.monotonic() + wait) => {}
                }
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            other => return other,
        }
    }
}
