//! `stentor bench`: what Stentor measures about itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::{Args, Subcommand};

use super::Global;
use super::text::{self, Align, table, thousands};
use crate::adapters::system::SystemClock;
use crate::bench::{quota, simulate};
use crate::config::{Need, Settings};
use crate::ports::Clock;
use crate::simulator::memory_store::Flaw;
use crate::telemetry::Voice;
use crate::wiring::{Simulation, Weather};

/// Measure, on this machine
///
/// Everything is private and on loopback: a Postgres that goes afterwards, a simulated Teams. Compare figures within one
/// run; machines differ.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stentor bench quota\n  stentor bench quota --recipients 6000 --json\n  stentor bench simulate --seeds 20000 --from 5000"
)]
pub(super) struct Bench {
    #[command(subcommand)]
    measure: Measure,
}

#[derive(Debug, Subcommand)]
enum Measure {
    /// How much of the bot's quota a broadcast to known chats uses, and whether it ever exceeds it
    Quota {
        /// How many people the organisation has
        #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(500..=1_000_000))]
        recipients: u32,
    },
    /// Whole workers in thousands of invented misfortunes, each judged after every step
    ///
    /// Crashes at every point, frozen processes, clocks that disagree, lost answers: a story is drawn from each seed, and
    /// told in full when a promise is broken. Equal seeds give equal stories, to the byte.
    Simulate {
        /// How many stories
        #[arg(long, value_name = "N", default_value_t = 5000, value_parser = clap::value_parser!(u64).range(1..))]
        seeds: u64,
        /// The first seed
        #[arg(long, value_name = "S", default_value_t = 0)]
        from: u64,
    },
}

impl Bench {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let settings = global.begin(Need::Nothing, Voice::Command)?;
        match self.measure {
            Measure::Quota { recipients } => measure_quota(settings, recipients, global).await,
            Measure::Simulate { seeds, from } => {
                tokio::task::spawn_blocking({
                    let json = global.json;
                    move || simulate_many(seeds, from, json)
                })
                .await?
            }
        }
    }
}

async fn measure_quota(settings: Settings, recipients: u32, global: &Global) -> anyhow::Result<()> {
    text::aside(&format!(
        "Learning the chats of {}, then sending at the published limits.",
        text::people(recipients.into())
    ));
    let simulation = Simulation {
        people: recipients,
        seed: 1,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        reached_at: None,
        quota_factor: 1.0,
        is_warm: true,
        latency: Duration::ZERO,
        weather: Weather::None,
        token_lifetime: None,
        tls: None,
    };
    let measured = quota::run(settings, simulation).await?;
    match global.json {
        true => text::print_json(&measured)?,
        false => text::print(&quota_text(&measured))?,
    }
    Ok(())
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
        // The one document tells what went wrong.
        _ if json => std::process::exit(1),
        broken => anyhow::bail!("{broken} of {} stories broke a promise", many.seeds),
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

fn quota_text(measured: &quota::Measured) -> String {
    let rows = [
        ("sends received", thousands(measured.requests)),
        ("in seconds", format!("{:.1}", measured.seconds)),
        ("of the quota used", format!("{:.1} %", measured.utilisation * 100.0)),
        ("quota in any second", thousands(measured.quota_per_second.into())),
        ("most received in any second", thousands(measured.max_in_any_second)),
        ("most started in any second", thousands(measured.max_started_in_any_second)),
        ("asked to wait (429)", thousands(measured.throttled)),
        ("told twice", thousands(measured.duplicates)),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    table(&[Align::Left, Align::Right], &rows, "  ")
}
