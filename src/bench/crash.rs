//! What is lost when processes are killed in the middle, and who is told twice.
//!
//! Everything is real: worker processes, a Postgres with durable commits, HTTP to a simulated Teams. Each round tells
//! everybody something new; at a random instant a worker is killed or frozen, or Postgres is killed, or both. The judge
//! is the ledger of the simulated Teams, which lives in this process and survives everything: it knows who was told,
//! whatever our own record says.

mod round;
mod verdict;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::staff::Staff;
use crate::config::Settings;
use crate::domain::delivery::WhenInDoubt;
use crate::simulator::chance;
use crate::wiring::{ProvingGround, Simulation};

use self::round::Round;
use self::verdict::Verdict;

/// What is done to a worker or to Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Mishap {
    /// The worker that sends is killed.
    WorkerKilled,
    /// It is frozen for longer than its lease, and goes on when another has taken over.
    WorkerFrozen,
    /// Postgres is killed, and started again.
    PostgresKilled,
    /// Both are killed in the same instant.
    PowerCut,
}

impl Mishap {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::WorkerKilled, Self::WorkerFrozen, Self::PostgresKilled, Self::PowerCut];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WorkerKilled => "worker killed",
            Self::WorkerFrozen => "worker frozen",
            Self::PostgresKilled => "Postgres killed",
            Self::PowerCut => "power cut",
        }
    }
}

/// How much to break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// Rounds of each policy.
    pub rounds: u32,
    /// People of the organisation.
    pub recipients: u32,
    /// Decides the people, the mishaps and their instants; what meets at an instant is up to the machine.
    pub seed: u64,
    /// Nothing but this; all of them in turn when absent.
    pub only: Option<Mishap>,
}

/// What the bench tells while it runs.
#[derive(Debug, Clone)]
pub enum News {
    /// A round begins: its number from 1, of how many, its policy and what will happen.
    Begins(u32, u32, &'static str, Mishap),
    /// A round broke a promise: which one, and how.
    Broken(String),
}

/// From the mishap to the first request of whoever went on, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[allow(missing_docs, reason = "named as everywhere")]
pub struct Spread {
    pub p50: f64,
    pub p90: f64,
    pub max: f64,
}

/// Everything that came of the rounds of one policy.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Tally {
    /// Rounds played.
    pub rounds: u32,
    /// Rounds by mishap.
    pub mishaps: BTreeMap<Mishap, u32>,
    /// People who can be told, were not, and of whom the report does not say so.
    pub lost: u64,
    /// People who were told more than once.
    pub duplicates: u64,
    /// People of whom the report says that they may have been told.
    pub unconfirmed: u64,
    /// Beside them, those who were set aside, because worker after worker died over them.
    pub set_aside: u64,
    /// Permissions open in the database at the mishap.
    pub open_at_kill: u64,
    /// People who had been told by then without a settling fact in the database.
    pub received_unrecorded: u64,
    /// How soon somebody went on.
    pub recovery_seconds: Spread,
    /// Permissions open, or chunks claimed, after the end.
    pub left_over: u64,
    /// Rounds that broke a promise.
    pub broken: u32,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Measured {
    /// Nobody is told twice.
    pub hold: Tally,
    /// Nobody is missed.
    pub resend: Tally,
}

impl Measured {
    /// Every promise was kept in every round.
    pub const fn is_kept(&self) -> bool {
        self.hold.broken == 0 && self.resend.broken == 0
    }
}

/// Leases are short, so that a round takes seconds; quotas are twenty times the published ones, as the simulator's are.
const LEASE: Duration = Duration::from_millis(2000);
const GRACE: Duration = Duration::from_millis(500);
const WORK: [(&str, &str); 12] = [
    ("ENGINE__LEASE", "2s"),
    ("ENGINE__RENEW_EVERY", "400ms"),
    ("ENGINE__STOP_BEFORE", "500ms"),
    ("ENGINE__GRACE", "500ms"),
    ("ENGINE__POLL_EVERY", "250ms"),
    ("NETWORK__CONNECT_TIMEOUT", "800ms"),
    ("NETWORK__PROXY", "none"),
    ("QUOTAS__SEND", "1000/s"),
    ("QUOTAS__CHECK", "600/s"),
    ("QUOTAS__INSTALL", "600/s"),
    ("QUOTAS__RESOLVE", "600/s"),
    ("QUOTAS__CATALOG", "600/s"),
];

const POLICIES: [(WhenInDoubt, &str); 2] = [(WhenInDoubt::Hold, "hold"), (WhenInDoubt::Resend, "resend")];

/// Plays all rounds.
///
/// # Errors
/// When Postgres, the simulator or a worker does not start, or a broadcast does not end at all.
pub async fn run(
    settings: Settings,
    simulation: Simulation,
    plan: Plan,
    mut tell: impl FnMut(News),
) -> anyhow::Result<Measured> {
    let mut ground = ProvingGround::open(settings, simulation).await?;
    let played = play(&mut ground, plan, &mut tell).await;
    let closed = ground.close().await;
    let measured = played?;
    closed?;
    Ok(measured)
}

async fn play(ground: &mut ProvingGround, plan: Plan, tell: &mut impl FnMut(News)) -> anyhow::Result<Measured> {
    let staff = Staff::new(ground.write_settings()?, &WORK)?;
    let begun = ground.place();
    let mut verdicts: BTreeMap<&'static str, Vec<Verdict>> = BTreeMap::new();
    let mut told_twice = 0;
    for number in 1..=plan.rounds {
        for (policy, name) in POLICIES {
            let round = Round::drawn(plan, number, policy, name);
            tell(News::Begins(number, plan.rounds, name, round.mishap));
            let verdict = round.play(ground, &staff).await?;
            told_twice += verdict.duplicates;
            for broken in verdict.broken() {
                tell(News::Broken(format!("{}: {broken}", round.title())));
            }
            verdicts.entry(name).or_default().push(verdict);
        }
    }
    // Whoever was frozen may have come to late: nothing may have arrived after its round was judged.
    let late = late_duplicates(ground, begun, plan).saturating_sub(told_twice);
    if late > 0 {
        tell(News::Broken(format!("after their rounds had been judged, {late} people were told again")));
    }
    let mut tally = |name| Tally::of(&verdicts.remove(name).unwrap_or_default());
    let (mut hold, resend) = (tally("hold"), tally("resend"));
    hold.broken += u32::from(late > 0);
    Ok(Measured { hold, resend })
}

fn late_duplicates(ground: &ProvingGround, begun: crate::wiring::Place, plan: Plan) -> u64 {
    let rounds = (1..=plan.rounds).flat_map(|number| POLICIES.map(|(policy, name)| (number, policy, name)));
    let titles = rounds.map(|(number, policy, name)| Round::drawn(plan, number, policy, name).title());
    titles.map(|title| verdict::told_twice(&ground.told(begun, &title, None))).sum()
}

impl Tally {
    fn of(verdicts: &[Verdict]) -> Self {
        let sum = |of: fn(&Verdict) -> u64| verdicts.iter().map(of).sum();
        let mut mishaps = BTreeMap::new();
        verdicts.iter().for_each(|verdict| *mishaps.entry(verdict.mishap).or_default() += 1);
        Self {
            rounds: verdicts.len() as u32,
            mishaps,
            lost: sum(|it| it.lost.len() as u64),
            duplicates: sum(|it| it.duplicates),
            unconfirmed: sum(|it| it.unconfirmed),
            set_aside: sum(|it| it.set_aside),
            open_at_kill: sum(|it| it.open_at_kill),
            received_unrecorded: sum(|it| it.received_unrecorded),
            recovery_seconds: Spread::of(verdicts.iter().filter_map(|it| it.recovery_seconds).collect()),
            left_over: sum(|it| it.left_over),
            broken: verdicts.iter().filter(|it| !it.broken().is_empty()).count() as u32,
        }
    }
}

impl Spread {
    fn of(mut seconds: Vec<f64>) -> Self {
        seconds.sort_by(f64::total_cmp);
        let at = |part: f64| {
            let place = (part * seconds.len() as f64).ceil() as usize;
            seconds.get(place.saturating_sub(1)).map_or(0.0, |value| (value * 1000.0).round() / 1000.0)
        };
        Self { p50: at(0.5), p90: at(0.9), max: at(1.0) }
    }
}

/// A number below `bound` that depends on the seed, the round and what it is for.
fn draw(seed: u64, number: u32, policy: &str, what: &str, bound: u64) -> u64 {
    chance::below(seed, &[chance::text(policy), u64::from(number), chance::text(what)], bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_names_values_that_occurred() {
        let spread = Spread::of((1..=10).map(f64::from).collect());
        assert_eq!(spread, Spread { p50: 5.0, p90: 9.0, max: 10.0 });
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }

    #[test]
    fn every_mishap_comes_as_often_as_any_other() {
        let plan = Plan { rounds: 8, recipients: 50, seed: 7, only: None };
        let drawn = |name| (1..=8).map(move |number| Round::drawn(plan, number, WhenInDoubt::Hold, name).mishap);
        for policy in ["hold", "resend"] {
            let mut mishaps: Vec<Mishap> = drawn(policy).collect();
            mishaps.sort();
            assert_eq!(mishaps, Mishap::ALL.into_iter().flat_map(|it| [it; 2]).collect::<Vec<_>>());
        }
    }
}
