//! How much of the bot's quota a broadcast uses, and whether it ever exceeds it.
//!
//! Everybody's chat is known, so that sends are all there is. The routes are learnt the honest way, by a first
//! broadcast through a simulated Teams without limits; the second goes through one with the published limits. Both
//! simulate the same people, so that the routes stay true.

use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::domain::ids::BroadcastId;
use crate::domain::outcome::Step;
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::progress::Progress;
use crate::domain::time::Timestamp;
use crate::wiring::{Demonstration, Simulation};

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// People of the organisation.
    pub recipients: u64,
    /// Sends that may start in any second.
    pub quota_per_second: u32,
    /// Sends received ÷ what the quota allows between the first and the last of them.
    pub utilisation: f64,
    /// The most sends received in any sliding second.
    pub max_in_any_second: u64,
    /// The most sends started in any sliding second, by our own record.
    pub max_started_in_any_second: u64,
    /// Sends received.
    pub requests: u64,
    /// 429s among them.
    pub throttled: u64,
    /// From the first send received to the last.
    pub seconds: f64,
    /// Where everybody ended.
    pub progress: Progress,
    /// Told twice, by the simulator's ledger.
    pub duplicates: u64,
}

/// Runs both broadcasts and measures the second.
///
/// # Errors
/// When Stentor or the simulator does not start, or a broadcast does not end.
pub async fn run(settings: Settings, simulation: Simulation) -> anyhow::Result<Measured> {
    let mut unlimited = settings.clone();
    for quota in unlimited.engine.quotas.values_mut() {
        *quota = Quota::per_second(2000);
    }
    let lifted = Simulation { quota_factor: 0.0, ..simulation.clone() };
    let first = Demonstration::open(unlimited, lifted).await?;
    send_out(&first, first.broadcast).await?;

    let second = first.again_under(settings, simulation).await?;
    let progress = send_out(&second, second.broadcast).await?;
    let measured = measure(&second, progress).await;
    second.close().await?;
    measured
}

/// Works until the broadcast is done.
async fn send_out(demo: &Demonstration, broadcast: BroadcastId) -> anyhow::Result<Progress> {
    let stop = CancellationToken::new();
    let stentor = &demo.stentor;
    let watching = async {
        let done = loop {
            let report = stentor.store.report(stentor.tenant, broadcast).await?;
            if let Some(report) = report.filter(|report| report.state.is_final()) {
                break report.progress;
            }
            stentor.clock.sleep_until(stentor.clock.monotonic() + Duration::from_millis(200)).await;
        };
        stop.cancel();
        anyhow::Ok(done)
    };
    let (worked, watched) = tokio::join!(stentor.work(stop.clone()), watching);
    worked?;
    watched
}

async fn measure(demo: &Demonstration, progress: Progress) -> anyhow::Result<Measured> {
    let (send, quota) = (Bucket::Send.name(), demo.stentor.settings.engine.quotas[&Bucket::Send]);
    let ledger = demo.ledger();
    let requests = ledger.requests.get(send).copied().unwrap_or_default();
    let seconds = ledger.span_seconds.get(send).copied().unwrap_or_default();
    let starts = demo.stentor.starts(demo.broadcast, Step::Send).await?;
    Ok(Measured {
        recipients: progress.targeted,
        quota_per_second: quota.requests,
        // N requests have N - 1 gaps between them.
        utilisation: requests.saturating_sub(1) as f64 / (quota.rate() * seconds).max(f64::MIN_POSITIVE),
        max_in_any_second: ledger.max_in_any_second.get(send).copied().unwrap_or_default(),
        max_started_in_any_second: most_in_any(Duration::from_secs(1), &starts),
        requests,
        throttled: ledger.throttled,
        seconds,
        progress,
        duplicates: ledger.duplicates,
    })
}

/// The most of `instants` (sorted) within any window that includes its beginning and not its end.
fn most_in_any(window: Duration, instants: &[Timestamp]) -> u64 {
    let mut from = 0;
    let mut most = 0;
    for (place, instant) in instants.iter().enumerate() {
        while *instant - instants[from] >= chrono::Duration::from_std(window).unwrap_or_default() {
            from += 1;
        }
        most = most.max(place + 1 - from);
    }
    most as u64
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn a_window_that_is_just_full_counts_its_beginning_and_not_its_end() {
        let at = |milliseconds| chrono::Utc.timestamp_millis_opt(milliseconds).unwrap();
        let instants = [at(0), at(0), at(999), at(1000), at(1500)];
        assert_eq!(most_in_any(Duration::from_secs(1), &instants), 3);
    }
}
