//! Whether small and urgent broadcasts overtake a large one, and whether equals share.
//!
//! One tenant at the published limits, everybody's chat known, one worker all the time. A large broadcast goes out; beside
//! it an urgent one to a few, then an ordinary one to as few, then a second large one. The ledger of the simulated Teams
//! says when each message arrived. The large ones are cancelled once they were watched.

use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::config::Settings;
use crate::domain::ids::BroadcastId;
use crate::domain::pacing::Bucket;
use crate::domain::time::Timestamp;
use crate::wiring::{Acquainted, Delivered, Simulation};

/// How long two equals are watched.
const WATCHED: Duration = Duration::from_secs(30);
/// How often we look.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// After so long, something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);

const LARGE: &str = "A large one";
const URGENT: &str = "An urgent one";
const SMALL: &str = "A small one";
const EQUAL: &str = "Another large one";

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// People of the large broadcasts.
    pub recipients: u64,
    /// Sends that may start in any second.
    pub quota_per_second: u32,
    /// The urgent one beside the large one.
    pub urgent: Overtaking,
    /// A small one without haste beside the large one.
    pub small: Overtaking,
    /// Two large ones.
    pub equals: Equals,
    /// Sends received ÷ what the quota allows, over the whole time.
    pub utilisation: f64,
    /// The most sends received in any sliding second.
    pub max_in_any_second: u64,
    /// 429s.
    pub throttled: u64,
}

/// A small broadcast beside a large one.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Overtaking {
    /// How many people it is for.
    pub recipients: usize,
    /// From its acceptance to the first message.
    pub seconds_to_the_first: f64,
    /// From its acceptance to the last message.
    pub seconds_to_the_last: f64,
    /// Messages of the large one between its first and its last.
    pub of_the_large_one_meanwhile: usize,
}

/// Two broadcasts of equal weight, while both go out.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Equals {
    /// How long they were watched.
    pub seconds: f64,
    /// Messages of the older one.
    pub first: usize,
    /// Messages of the younger one.
    pub second: usize,
    /// The younger one's rate ÷ the older one's.
    pub ratio: f64,
}

/// Runs all of it on a tenant with `simulation.people`; the small ones go to `few`.
///
/// # Errors
/// When Stentor or the simulator does not start, or a broadcast does not get on.
pub async fn run(settings: Settings, simulation: Simulation, few: usize) -> anyhow::Result<Measured> {
    let quota = settings.engine.quotas[&Bucket::Send];
    let ground = Acquainted::on_the_wire(settings, simulation, 1).await?;
    let stop = CancellationToken::new();
    let watching = async {
        let done = watch(&ground, few).await;
        stop.cancel();
        done
    };
    let (worked, watched) = tokio::join!(ground.work(stop.clone()), watching);
    worked?;
    let (urgent, small, equals) = watched?;
    let delivered = ground.towns[0].delivered();
    let span = match (delivered.first(), delivered.last()) {
        (Some(first), Some(last)) => seconds(first.at, last.at),
        _ => 0.0,
    };
    let (max_in_any_second, throttled) = ground.towns[0].most_and_throttled();
    let recipients = ground.towns[0].people.len() as u64;
    ground.close().await?;
    Ok(Measured {
        recipients,
        quota_per_second: quota.requests,
        urgent,
        small,
        equals,
        // N messages have N - 1 gaps between them.
        utilisation: delivered.len().saturating_sub(1) as f64 / (quota.rate() * span).max(f64::MIN_POSITIVE),
        max_in_any_second,
        throttled,
    })
}

async fn watch(ground: &Acquainted, few: usize) -> anyhow::Result<(Overtaking, Overtaking, Equals)> {
    let large = ground.submit(0, LARGE, false, None).await?;
    let flowing = |delivered: &[Delivered]| delivered.len() >= 200;
    until(ground, flowing).await?;
    let urgent = overtake(ground, URGENT, true, few).await?;
    let small = overtake(ground, SMALL, false, few).await?;
    let (equals, other) = beside(ground).await?;
    for broadcast in [large, other] {
        ground.cancel(0, broadcast).await?;
    }
    Ok((urgent, small, equals))
}

/// A broadcast to the last few of the directory, whom the large one reaches last.
async fn overtake(ground: &Acquainted, title: &str, urgent: bool, few: usize) -> anyhow::Result<Overtaking> {
    let people = &ground.towns[0].people;
    let audience = &people[people.len().saturating_sub(few)..];
    let accepted_at = ground.clock.now();
    ground.submit(0, title, urgent, Some(audience)).await?;
    let done = |delivered: &[Delivered]| times(delivered, title).len() == audience.len();
    let delivered = until(ground, done).await?;
    let own = times(&delivered, title);
    let (first, last) = (own[0], own[own.len() - 1]);
    let meanwhile = times(&delivered, LARGE).into_iter().filter(|at| (first..=last).contains(at)).count();
    Ok(Overtaking {
        recipients: audience.len(),
        seconds_to_the_first: seconds(accepted_at, first),
        seconds_to_the_last: seconds(accepted_at, last),
        of_the_large_one_meanwhile: meanwhile,
    })
}

/// A second large broadcast beside the first, watched from its first message on.
async fn beside(ground: &Acquainted) -> anyhow::Result<(Equals, BroadcastId)> {
    let other = ground.submit(0, EQUAL, false, None).await?;
    let begun = until(ground, |delivered| !times(delivered, EQUAL).is_empty()).await?;
    let from = times(&begun, EQUAL)[0];
    let to = from + WATCHED;
    ground.clock.sleep_until(ground.clock.monotonic() + WATCHED).await;
    let delivered = ground.towns[0].delivered();
    let within = |title| times(&delivered, title).into_iter().filter(|at| (from..to).contains(at)).count();
    let (first, second) = (within(LARGE), within(EQUAL));
    let ratio = second as f64 / (first as f64).max(f64::MIN_POSITIVE);
    Ok((Equals { seconds: WATCHED.as_secs_f64(), first, second, ratio }, other))
}

async fn until(ground: &Acquainted, wanted: impl Fn(&[Delivered]) -> bool) -> anyhow::Result<Vec<Delivered>> {
    let give_up_at = ground.clock.monotonic() + PATIENCE;
    loop {
        let delivered = ground.towns[0].delivered();
        if wanted(&delivered) {
            return Ok(delivered);
        }
        anyhow::ensure!(
            ground.clock.monotonic() < give_up_at,
            "{} messages arrived, and it is too late",
            delivered.len()
        );
        ground.clock.sleep_until(ground.clock.monotonic() + LOOK_EVERY).await;
    }
}

fn times(delivered: &[Delivered], title: &str) -> Vec<Timestamp> {
    delivered.iter().filter(|message| message.title == title).map(|message| message.at).collect()
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    (to - from).as_seconds_f64()
}
