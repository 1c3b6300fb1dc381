//! How many tenants one worker process carries: each has its own quota, its own people and one broadcast to all of them.
//!
//! On the wire, every tenant has a simulated Teams of its own in this process, whose work counts as ours. In process, a
//! Teams answers each request after a while, so that what is measured is the engine and the database. Nobody's broadcast
//! may end while it is watched, so the share of the quota is what the machine allows, not what the people allow.

use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::process::{cpu_seconds, family_cpu_seconds, resident_bytes};
use crate::config::Settings;
use crate::domain::pacing::Bucket;
use crate::domain::time::Monotonic;
use crate::wiring::{Acquainted, Simulation};

/// How long everybody may take to get going.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often we look.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Watching begins so long after the last tenant's first message.
const SETTLE: Duration = Duration::from_secs(2);
/// Watching ends before anybody's people run out: when so much of them is left.
const LEFT: f64 = 0.1;

/// How it is measured.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many tenants.
    pub tenants: u32,
    /// People of each.
    pub recipients: u32,
    /// How long it is watched at most.
    pub seconds: u64,
    /// The latency of the Teams in this process; on the wire when absent.
    pub in_process: Option<Duration>,
}

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// How many tenants.
    pub tenants: u32,
    /// Sends that each may start in any second.
    pub quota_per_second: u32,
    /// How long it was watched.
    pub seconds: f64,
    /// From the start of the worker until every tenant had sent something.
    pub seconds_until_all_send: f64,
    /// Messages taken, over all tenants.
    pub sent: u64,
    /// Messages a second, over all tenants.
    pub sent_per_second: f64,
    /// Messages ÷ what all quotas allow.
    pub share_of_quota: f64,
    /// The least and the most share of any tenant.
    pub share_of_one: (f64, f64),
    /// Seconds of a processor that this process used in each second; on the wire, with all simulators.
    pub cpu_per_second: f64,
    /// The same of Postgres.
    pub database_cpu_per_second: f64,
    /// Memory of this process at the end; on the wire, with all simulators.
    pub resident_mebibytes: u64,
    /// Transactions that Postgres ended in each second.
    pub transactions_per_second: f64,
    /// The most sends that any tenant's Teams received in a sliding second; zero in process.
    pub max_in_any_second: u64,
    /// 429s.
    pub throttled: u64,
}

/// Lets one worker work on all tenants, and watches.
///
/// # Errors
/// When something does not start, or a tenant never sends.
pub async fn run(mut settings: Settings, simulation: Simulation, plan: &Plan) -> anyhow::Result<Measured> {
    settings.engine.tenants = plan.tenants;
    let quota = settings.engine.quotas[&Bucket::Send];
    let ground = match plan.in_process {
        None => Acquainted::on_the_wire(settings, simulation, plan.tenants).await?,
        Some(latency) => Acquainted::in_process(settings, plan.tenants, plan.recipients, latency).await?,
    };
    for place in 0..ground.towns.len() {
        ground.submit(place, "News", false, None).await?;
    }
    let stop = CancellationToken::new();
    let watching = async {
        let done = watch(&ground, plan).await;
        stop.cancel();
        done
    };
    let (worked, watched) = tokio::join!(ground.work(stop.clone()), watching);
    worked?;
    let watched = watched?;
    let seconds = watched.to.at.saturating_since(watched.from.at).as_secs_f64();
    let allowed = quota.rate() * seconds;
    let each: Vec<u64> = watched.from.taken.iter().zip(&watched.to.taken).map(|(from, to)| to - from).collect();
    let share = |sent: u64| sent as f64 / allowed.max(f64::MIN_POSITIVE);
    let sent: u64 = each.iter().sum();
    let judged = ground.towns.iter().map(crate::wiring::Town::most_and_throttled);
    let (max_in_any_second, throttled) =
        judged.fold((0, 0), |(most, throttled), (one, more)| (most.max(one), throttled + more));
    ground.close().await?;
    Ok(Measured {
        tenants: plan.tenants,
        quota_per_second: quota.requests,
        seconds,
        seconds_until_all_send: watched.until_all_send.as_secs_f64(),
        sent,
        sent_per_second: sent as f64 / seconds,
        share_of_quota: share(sent) / f64::from(plan.tenants),
        share_of_one: (each.iter().copied().min().map_or(0.0, share), each.iter().copied().max().map_or(0.0, share)),
        cpu_per_second: (watched.to.cpu_seconds - watched.from.cpu_seconds) / seconds,
        database_cpu_per_second: (watched.to.database_cpu_seconds - watched.from.database_cpu_seconds) / seconds,
        resident_mebibytes: resident_bytes(std::process::id())? >> 20,
        transactions_per_second: (watched.to.transactions - watched.from.transactions) as f64 / seconds,
        max_in_any_second,
        throttled,
    })
}

/// Everything that is counted, at one instant.
struct Look {
    at: Monotonic,
    taken: Vec<u64>,
    cpu_seconds: f64,
    database_cpu_seconds: f64,
    transactions: i64,
}

struct Watched {
    until_all_send: Duration,
    from: Look,
    to: Look,
}

async fn watch(ground: &Acquainted, plan: &Plan) -> anyhow::Result<Watched> {
    let clock = &ground.clock;
    let began_at = clock.monotonic();
    while ground.taken().contains(&0) {
        let waited = clock.monotonic().saturating_since(began_at);
        let silent = ground.taken().into_iter().filter(|taken| *taken == 0).count();
        anyhow::ensure!(waited < PATIENCE, "{silent} tenants have sent nothing in {} s", waited.as_secs());
        clock.sleep_until(clock.monotonic() + LOOK_EVERY).await;
    }
    let until_all_send = clock.monotonic().saturating_since(began_at);
    clock.sleep_until(clock.monotonic() + SETTLE).await;
    let from = look(ground).await?;
    let people: Vec<f64> = ground.towns.iter().map(|town| town.people.len() as f64).collect();
    loop {
        clock.sleep_until(clock.monotonic() + LOOK_EVERY).await;
        let ends = ground.taken().iter().zip(&people).any(|(taken, people)| *taken as f64 > people * (1.0 - LEFT));
        if ends || clock.monotonic().saturating_since(from.at) >= Duration::from_secs(plan.seconds) {
            break;
        }
    }
    Ok(Watched { until_all_send, from, to: look(ground).await? })
}

async fn look(ground: &Acquainted) -> anyhow::Result<Look> {
    Ok(Look {
        transactions: ground.transactions().await?,
        cpu_seconds: cpu_seconds(std::process::id())?,
        database_cpu_seconds: ground.postmaster().map_or(Ok(0.0), family_cpu_seconds)?,
        taken: ground.taken(),
        at: ground.clock.monotonic(),
    })
}
