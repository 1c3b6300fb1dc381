//! `stentor bench simulate`: whole workers in invented misfortune.

use std::time::Duration;

use clap::Args;

use super::super::Global;
use super::super::complaint::Complaint;
use super::super::text::{self, Align, table, thousands};
use crate::adapters::system::SystemClock;
use crate::bench::simulate;
use crate::ports::Clock;
use crate::simulator::memory_store::Flaw;

/// Whole workers in thousands of invented misfortunes, each judged after every step
///
/// Crashes at every point, frozen processes, clocks that disagree, lost answers: a story is drawn from each seed, and
/// told in full when a promise is broken. Equal seeds give equal stories, to the byte.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// How many stories
    #[arg(long, value_name = "N", default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed
    #[arg(long, value_name = "S", default_value_t = 0)]
    from: u64,
}

impl Simulate {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let json = global.json;
        tokio::task::spawn_blocking(move || simulate_many(self.seeds, self.from, json)).await?
    }
}

/// More broken promises are not worth the wait: the first ones tell enough.
const FAILURES_MAX: usize = 20;

fn simulate_many(seeds: u64, from: u64, json: bool) -> anyhow::Result<()> {
    let clock = SystemClock;
    let began_at = clock.monotonic();
    let tell = |verdict: &simulate::Verdict| {
        if verdict.complaint.is_some() && !json {
            let again = format!("run it again: stentor bench simulate --seeds 1 --from {}", verdict.seed);
            text::aside(&format!("The story of seed {}\n{}{again}\n", verdict.seed, verdict.story));
        }
    };
    let many = simulate::run_many(from, seeds, Flaw::None, FAILURES_MAX, tell)?;
    let took = clock.monotonic().saturating_since(began_at);
    let rate = many.seeds as f64 / took.as_secs_f64().max(f64::MIN_POSITIVE);
    if json {
        text::print_json(
            &serde_json::json!({"from": from, "seconds": took.as_secs_f64(), "seeds_per_second": rate, "result": many}),
        )?;
    } else {
        text::print(&simulated_text(&many, took, rate))?;
    }
    match many.failures.len() {
        0 => Ok(()),
        broken => {
            let message = format!("{broken} of {} stories broke a promise.", many.seeds);
            let cure = "Play each alone, as its line says, and report it.";
            Err(Complaint { told: json, ..Complaint::failed("promise_broken", message, cure) }.into())
        }
    }
}

fn simulated_text(many: &simulate::Many, took: Duration, rate: f64) -> String {
    let rows = [
        ("stories", thousands(many.seeds)),
        ("in seconds", format!("{:.1}", took.as_secs_f64())),
        ("a second", format!("{rate:.1}")),
        ("steps judged", thousands(many.events)),
        ("hours that passed in them", thousands(many.virtual_seconds / 3600)),
        (
            "named points at which somebody died",
            format!("{} of {}", many.crashes.len(), simulate::crash_points().len()),
        ),
        ("promises broken", thousands(many.failures.len() as u64)),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    let failures = many.failures.iter().map(|failure| format!("  seed {}: {}\n", failure.seed, failure.complaint));
    table(&[Align::Left, Align::Right], &rows, "  ") + &failures.collect::<String>()
}
