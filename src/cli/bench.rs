//! `stentor bench`: what Stentor measures about itself.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::{Args, Subcommand};

use super::Global;
use super::text::{self, Align, table, thousands};
use crate::bench::quota;
use crate::config::{Need, Settings};
use crate::telemetry::Voice;
use crate::wiring::{Simulation, Weather};

mod all;
mod cold;
mod control;
mod crash;
mod directory;
mod engine;
mod fair;
mod fanout;
mod feed;
mod figures;
mod flat;
mod memory;
mod page;
mod people;
mod simulate;
mod streams;
mod tenants;
mod wire;

/// Measure, on this machine
///
/// Everything is private and on loopback: a Postgres that goes afterwards, a simulated Teams. Compare figures within one
/// run; machines differ.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stentor bench quota\n  stentor bench quota --workers 2 --recipients 6000 --json\n  \
                        stentor bench cold --recipients 3000 --installed 0,50\n  \
                        stentor bench crash --rounds 5 --recipients 300\n  stentor bench feed --recipients 20000 --quota-factor 1 --json\n  stentor bench control\n  stentor bench fair\n  \
                        stentor bench tenants --tenants 1000 --in-process --json\n  \
                        stentor bench simulate --seeds 20000 --from 5000\n  stentor bench engine --recipients 1000000\n  \
                        stentor bench all --short --write benchmarks.md"
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
        /// How many worker processes; of more than one, the owner is killed midway
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=8))]
        workers: u32,
    },
    Cold(cold::Cold),
    Crash(crash::Crash),
    Control(control::Control),
    Directory(directory::Directory),
    Fair(fair::Fair),
    Tenants(tenants::Tenants),
    Simulate(simulate::Simulate),
    Engine(engine::Engine),
    Fanout(fanout::Fanout),
    Feed(feed::Feed),
    Wire(wire::Wire),
    Flat(flat::Flat),
    Memory(memory::Memory),
    Page(page::Page),
    People(people::People),
    Streams(streams::Streams),
    All(all::All),
    #[command(hide = true)]
    Worker(memory::Worker),
    #[command(hide = true)]
    Desk(streams::Desk),
}

impl Bench {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let settings = global.begin(Need::Nothing, Voice::Command)?;
        match self.measure {
            Measure::Quota { recipients, workers } => measure_quota(global, settings, recipients, workers).await,
            Measure::Cold(cold) => cold.perform(global, settings).await,
            Measure::Crash(crash) => crash.perform(global, settings).await,
            Measure::Control(control) => control.perform(global, settings).await,
            Measure::Directory(directory) => directory.perform(global, settings).await,
            Measure::Fair(fair) => fair.perform(global, settings).await,
            Measure::Tenants(tenants) => tenants.perform(global, settings).await,
            Measure::Simulate(simulate) => simulate.perform(global).await,
            Measure::Engine(engine) => engine.perform(global, settings).await,
            Measure::Fanout(fanout) => fanout.perform(global, settings).await,
            Measure::Feed(feed) => feed.perform(global, settings).await,
            Measure::Wire(wire) => wire.perform(global, settings).await,
            Measure::Flat(flat) => flat.perform(global, settings).await,
            Measure::Memory(memory) => memory.perform(global, settings).await,
            Measure::Page(page) => page.perform(global, settings).await,
            Measure::People(people) => people.perform(global, settings).await,
            Measure::Streams(streams) => streams.perform(global, settings).await,
            Measure::All(all) => all.perform(global, settings).await,
            Measure::Worker(worker) => worker.perform(settings).await,
            Measure::Desk(desk) => desk.perform(settings).await,
        }
    }
}

async fn measure_quota(global: &Global, settings: Settings, recipients: u32, workers: u32) -> anyhow::Result<()> {
    text::aside(&format!(
        "Sending to {} at the published limits{}.",
        text::people(recipients.into()),
        if workers > 1 { "; midway, whoever sends is killed" } else { "" }
    ));
    let simulation = Simulation { is_warm: true, ..simulation(recipients) };
    let measured = quota::run(settings, simulation, workers).await?;
    match global.json {
        true => text::print_json(&measured)?,
        false => text::print(&quota_text(&measured))?,
    }
    Ok(())
}

/// A Teams in which nothing goes wrong by itself, at the published limits.
fn simulation(people: u32) -> Simulation {
    Simulation {
        people,
        seed: 1,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        reached_at: None,
        browsed_at: None,
        redirects: Vec::new(),
        quota_factor: 1.0,
        is_warm: false,
        installed: None,
        latency: Duration::ZERO,
        weather: Weather::None,
        token_lifetime: None,
        tls: None,
        webhook: None,
    }
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
    let gap = measured.takeover_gap_seconds.map(|gap| ("until somebody went on, seconds", format!("{gap:.2}")));
    let rows = rows.into_iter().chain(gap);
    let rows: Vec<Vec<String>> = rows.map(|(name, value)| vec![name.to_owned(), value]).collect();
    table(&[Align::Left, Align::Right], &rows, "  ")
}
