//! How much of the bot's quota a broadcast uses, whether it ever exceeds it, and what a death costs.
//!
//! Everybody's chat is known, so that sends are all there is. Worker processes send through a simulated Teams with the
//! published limits; with more than one, the owner is killed midway, and whoever stands by goes on.

use std::time::Duration;

use serde::Serialize;

use super::staff::Staff;
use crate::config::Settings;
use crate::domain::ids::BroadcastId;
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::progress::Progress;
use crate::domain::time::Timestamp;
use crate::ports::BroadcastReport;
use crate::wiring::{ProvingGround, Simulation};

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// People of the organisation.
    pub recipients: u64,
    /// Worker processes.
    pub workers: u32,
    /// Sends that may start in any second.
    pub quota_per_second: u32,
    /// Sends received ÷ what the quota allows between the first and the last of them, the takeover's gap left out.
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
    /// From the dead owner's last send to its successor's first; nobody died when absent.
    pub takeover_gap_seconds: Option<f64>,
    /// Where everybody ended.
    pub progress: Progress,
    /// Told twice, by the simulator's ledger.
    pub duplicates: u64,
}

/// How often we look.
const LOOK: Duration = Duration::from_millis(20);

/// Lets `workers` processes tell everybody something.
///
/// # Errors
/// When Postgres, the simulator or a worker does not start, or the broadcast does not end.
pub async fn run(settings: Settings, simulation: Simulation, workers: u32) -> anyhow::Result<Measured> {
    let quota = settings.engine.quotas[&Bucket::Send];
    let ground = ProvingGround::open(settings, simulation).await?;
    let measured = measure(&ground, workers, quota).await;
    let closed = ground.close().await;
    let measured = measured?;
    closed?;
    Ok(measured)
}

async fn measure(ground: &ProvingGround, workers: u32, quota: Quota) -> anyhow::Result<Measured> {
    let staff = Staff::new(ground.write_settings()?, &[("NETWORK__PROXY", "none")])?;
    ground.introduce_everybody().await?;
    let id = ground.submit("At the quota", crate::domain::delivery::WhenInDoubt::Hold).await?;
    let mut at_work = (0..workers).map(|_| staff.engage()).collect::<anyhow::Result<Vec<_>>>()?;
    let mut killed_at = None;
    if workers > 1 {
        until(ground, id, quota, |report| report.progress.pending * 2 <= report.progress.targeted).await?;
        let owner = ground.holding().await?.pid;
        let place = at_work.iter().position(|worker| Some(i64::from(worker.pid())) == owner).unwrap_or(0);
        killed_at = Some(ground.clock().now());
        at_work.swap_remove(place).slay();
    }
    let report = until(ground, id, quota, |report| report.state.is_final()).await?;
    for worker in at_work {
        worker.dismiss(ground.clock()).await?;
    }
    let (sends, starts) = (ground.sends(), ground.starts(id).await?);
    let arrivals: Vec<Timestamp> = sends.iter().map(|(at, _)| *at).collect();
    let between = |from: Option<&Timestamp>, to: Option<&Timestamp>| match (from, to) {
        (Some(from), Some(to)) => (*to - *from).as_seconds_f64(),
        _ => 0.0,
    };
    let seconds = between(arrivals.first(), arrivals.last());
    let takeover_gap_seconds = killed_at.map(|at| gap_after(&arrivals, at));
    let second = Duration::from_secs(1);
    Ok(Measured {
        recipients: report.progress.targeted,
        workers,
        quota_per_second: quota.requests,
        // N requests have N - 1 gaps between them.
        utilisation: arrivals.len().saturating_sub(1) as f64
            / (quota.rate() * (seconds - takeover_gap_seconds.unwrap_or_default())).max(f64::MIN_POSITIVE),
        max_in_any_second: most_in_any(second, &arrivals),
        max_started_in_any_second: most_in_any(second, &starts),
        requests: arrivals.len() as u64,
        throttled: sends.iter().filter(|(_, status)| *status == 429).count() as u64,
        seconds,
        takeover_gap_seconds,
        progress: report.progress,
        duplicates: ground.duplicates(),
    })
}

/// Waits until the report satisfies `wanted`, for as long as everybody would take at half the quota, and a minute.
async fn until(
    ground: &ProvingGround,
    id: BroadcastId,
    quota: Quota,
    wanted: impl Fn(&BroadcastReport) -> bool,
) -> anyhow::Result<BroadcastReport> {
    let clock = ground.clock();
    let began = clock.monotonic();
    loop {
        let report = ground.report(id).await?;
        if report.progress.targeted > 0 && wanted(&report) {
            return Ok(report);
        }
        let patience = Duration::from_secs_f64(60.0 + 2.0 * report.progress.targeted as f64 / quota.rate());
        anyhow::ensure!(clock.monotonic().saturating_since(began) < patience, "it does not end: {:?}", report.progress);
        clock.sleep_until(clock.monotonic() + LOOK).await;
    }
}

/// The longest silence that begins near `at`: what was on the wire then still arrives.
fn gap_after(arrivals: &[Timestamp], at: Timestamp) -> f64 {
    let near = at - chrono::Duration::seconds(1);
    let gaps = arrivals.windows(2).filter(|pair| pair[0] >= near && pair[0] <= at + chrono::Duration::seconds(1));
    gaps.map(|pair| (pair[1] - pair[0]).as_seconds_f64()).fold(0.0, f64::max)
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

    fn at(milliseconds: i64) -> Timestamp {
        chrono::Utc.timestamp_millis_opt(milliseconds).unwrap()
    }

    #[test]
    fn a_window_that_is_just_full_counts_its_beginning_and_not_its_end() {
        let instants = [at(0), at(0), at(999), at(1000), at(1500)];
        assert_eq!(most_in_any(Duration::from_secs(1), &instants), 3);
    }

    #[test]
    fn the_gap_is_the_silence_that_a_death_begins() {
        let arrivals = [0, 20, 40, 5000, 9000, 9020, 9060, 13_000, 13_020].map(at);
        assert!((gap_after(&arrivals, at(9030)) - 3.94).abs() < 1e-9);
    }
}
