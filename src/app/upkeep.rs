//! What is forgotten in time: answers that were kept for requests which might have come again.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::ids::TenantKey;
use crate::ports::{Clock, Replies};

/// How long answers are kept for whoever asks again.
pub const REPLIES_KEPT_FOR: Duration = Duration::from_secs(48 * 3600);
/// How often it is looked for old ones.
const EVERY: Duration = Duration::from_secs(3600);

/// Forgets old answers until `stop`. What fails is tried again with the next look.
pub async fn forget_replies(office: &dyn Replies, clock: &dyn Clock, tenant: TenantKey, stop: CancellationToken) {
    loop {
        match office.forget_replies(tenant, clock.now() - REPLIES_KEPT_FOR).await {
            Ok(0) => {}
            Ok(forgotten) => tracing::info!(forgotten, "old answers were forgotten"),
            Err(error) => tracing::warn!(%error, "old answers could not be forgotten"),
        }
        tokio::select! {
            () = clock.sleep_until(clock.monotonic() + EVERY) => {}
            () = stop.cancelled() => return,
        }
    }
}
