//! `stentor bench all`: every measure in turn, as one page.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use serde::Serialize;

use super::super::{Global, text};
use super::{figures, simulation};
use crate::adapters::system::SystemClock;
use crate::bench::figure::{Figure, Must};
use crate::bench::{cold, crash, engine, fair, fanout, flat, memory, quota, tenants, wire};
use crate::config::Settings;
use crate::domain::time::Timestamp;
use crate::ports::Clock;
use crate::wiring::Simulation;

mod machine;
mod page;

use machine::Machine;

/// Every measure in turn, as one page
#[derive(Debug, Args)]
pub(super) struct All {
    /// Fewer people and fewer rounds: some minutes instead of an hour
    #[arg(long)]
    short: bool,
    /// How often each is measured; the median of each figure is told
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=99))]
    runs: u32,
    /// Only these: comma-separated, such as engine,wire
    #[arg(long, value_name = "MEASURES", value_delimiter = ',')]
    only: Vec<String>,
    /// Write the page, in Markdown, to this file, too
    #[arg(long, value_name = "FILE")]
    write: Option<PathBuf>,
}

/// One measure and what it found.
#[derive(Debug, Clone, Serialize)]
struct Section {
    /// As it is named on the command line.
    measure: &'static str,
    /// With which sizes.
    sizes: String,
    /// The median of each figure.
    figures: Vec<Figure>,
}

/// Everything that was found.
#[derive(Debug, Clone, Serialize)]
struct Page {
    at: Timestamp,
    machine: Machine,
    runs: u32,
    sections: Vec<Section>,
}

/// How much of everything.
struct Sizes {
    quota: u32,
    cold: u32,
    fair: u32,
    /// On the wire, in process, and the people of each tenant.
    tenants: (u32, u32, u32),
    crash: (u32, u32),
    engine: u64,
    fanout: u64,
    wire: u64,
    flat: (u64, u64),
    memory: u64,
}

const SHORT: Sizes = Sizes {
    quota: 2000,
    cold: 600,
    fair: 10_000,
    tenants: (10, 100, 1500),
    crash: (4, 300),
    engine: 200_000,
    fanout: 500_000,
    wire: 20_000,
    flat: (100_000, 1_000_000),
    memory: 200_000,
};
const LONG: Sizes = Sizes {
    quota: 6000,
    cold: 1500,
    fair: 100_000,
    tenants: (40, 1000, 1500),
    crash: (100, 1000),
    engine: 1_000_000,
    fanout: 1_000_000,
    wire: 100_000,
    flat: (200_000, 20_000_000),
    memory: 1_000_000,
};

/// The parts of cold audiences that have the app, in percent.
const MIXES: [u8; 3] = [0, 30, 100];
/// People of the small broadcasts beside a large one.
const FEW: usize = 50;
/// How long many tenants are watched, in seconds.
const WATCHED: u64 = 20;
/// The latency of a Teams within the process.
const ANSWER_AFTER: Duration = Duration::from_millis(50);

/// Every measure of the page, in its order. A new one is a word here, a size above and an arm in [`measure`].
const MEASURES: [&str; 10] =
    ["engine", "fanout", "flat", "wire", "memory", "quota", "cold", "fair", "tenants", "crash"];

impl All {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        if let Some(unknown) = self.only.iter().find(|name| !MEASURES.contains(&name.as_str())) {
            anyhow::bail!("There is no measure {unknown:?} here. Choose from {}.", MEASURES.join(", "));
        }
        let sizes = if self.short { SHORT } else { LONG };
        let mut page = Page { at: SystemClock.now(), machine: Machine::this(), runs: self.runs, sections: Vec::new() };
        let wanted = |name: &&str| self.only.is_empty() || self.only.iter().any(|only| only == name);
        for name in MEASURES.into_iter().filter(wanted) {
            let mut runs = Vec::new();
            let mut said = String::new();
            for run in 1..=self.runs {
                text::aside(&format!("Measuring {name}, {run} of {} …", self.runs));
                let (sizes, figures) = measure(name, &settings, &sizes).await?;
                runs.push(figures);
                said = sizes;
            }
            page.sections.push(Section { measure: name, sizes: said, figures: medians(runs) });
        }
        if let Some(file) = &self.write {
            std::fs::write(file, page.in_markdown()).with_context(|| format!("cannot write {}", file.display()))?;
        }
        match global.json {
            true => text::print_json(&page)?,
            false => {
                for section in &page.sections {
                    text::print(&format!(
                        "{} ({})\n{}",
                        section.measure,
                        section.sizes,
                        figures::as_text(&section.figures)
                    ))?;
                }
            }
        }
        Ok(())
    }
}

/// One measure, with what it was given and what it found.
async fn measure(name: &str, settings: &Settings, sizes: &Sizes) -> anyhow::Result<(String, Vec<Figure>)> {
    let people = |number: u64| text::people(number);
    Ok(match name {
        "engine" => (people(sizes.engine), engine::run(settings, sizes.engine).await?.figures()),
        "fanout" => (people(sizes.fanout), fanout::run(settings, sizes.fanout).await?.figures()),
        "flat" => {
            let (recipients, facts) = sizes.flat;
            let said = format!("{}, {} older facts", people(recipients), text::thousands(facts));
            (said, flat::run(settings, recipients, facts).await?.figures())
        }
        "wire" => (format!("{} sends", text::thousands(sizes.wire)), wire::run(settings, sizes.wire).await?.figures()),
        "memory" => (people(sizes.memory), memory::run(settings, sizes.memory).await?.figures()),
        "quota" => {
            let simulation = Simulation { is_warm: true, ..simulation(sizes.quota) };
            let measured = quota::run(settings.clone(), simulation, 2).await?;
            (format!("{}, the owner killed midway", people(sizes.quota.into())), of_quota(&measured))
        }
        "cold" => {
            let measured = cold::run(settings.clone(), simulation(sizes.cold), &MIXES, false, |_| {}).await?;
            (people(sizes.cold.into()), of_cold(&measured))
        }
        "fair" => {
            let simulation = Simulation { is_warm: true, ..simulation(sizes.fair) };
            let measured = fair::run(settings.clone(), simulation, FEW).await?;
            (format!("{FEW} people beside {}", people(sizes.fair.into())), of_fair(&measured))
        }
        "tenants" => {
            let (wire, in_process, recipients) = sizes.tenants;
            let mut figures = Vec::new();
            for (tenants, latency) in [(wire, None), (in_process, Some(ANSWER_AFTER))] {
                let simulation = Simulation { is_warm: true, ..simulation(recipients) };
                let plan = tenants::Plan { tenants, recipients, seconds: WATCHED, in_process: latency };
                figures.extend(of_tenants(&tenants::run(settings.clone(), simulation, &plan).await?));
            }
            (format!("{} each", people(recipients.into())), figures)
        }
        _ => {
            let (rounds, recipients) = sizes.crash;
            let plan = crash::Plan { rounds, recipients, seed: 1, only: None };
            let measured = crash::run(settings.clone(), super::crash::busy(plan), plan, |_| {}).await?;
            (format!("{rounds} rounds of each policy, {}", people(recipients.into())), of_crash(&measured))
        }
    })
}

fn of_quota(measured: &quota::Measured) -> Vec<Figure> {
    let throttled = measured.throttled as f64 / (measured.requests as f64).max(1.0);
    vec![
        Figure::share("of the quota used", measured.utilisation).must(Must::Reach(0.98)),
        Figure::count("most sends started in any second", measured.max_started_in_any_second as f64)
            .must(Must::NotExceed(measured.quota_per_second.into())),
        Figure::share("of the sends asked to wait (429)", throttled).must(Must::NotExceed(0.001)),
        Figure::seconds("until the standby sends", measured.takeover_gap_seconds.unwrap_or_default()),
    ]
}

fn of_cold(measured: &cold::Measured) -> Vec<Figure> {
    let of_mix = |mix: &cold::MixMeasured| {
        let who = format!("{} % have the app", mix.installed_percent);
        [
            Figure::share(format!("of the maximum flow, where {who}"), mix.fraction_of_maximum_flow)
                .must(Must::Reach(0.95)),
            Figure::share(format!("forecast's error, where {who}"), mix.forecast_error).must(Must::NotExceed(0.05)),
        ]
    };
    measured.mixes.iter().flat_map(of_mix).collect()
}

fn of_fair(measured: &fair::Measured) -> Vec<Figure> {
    vec![
        Figure::seconds("until the last of the urgent", measured.urgent.seconds_to_the_last)
            .must(Must::NotExceed(60.0)),
        Figure::seconds("until the last of a small one", measured.small.seconds_to_the_last),
        Figure::ratio("rates of two equals", measured.equals.ratio),
    ]
}

fn of_tenants(measured: &tenants::Measured) -> Vec<Figure> {
    let of = |what: &str| format!("{what}, {} tenants", text::thousands(measured.tenants.into()));
    vec![
        Figure::share(of("of all quotas used"), measured.share_of_quota),
        Figure::ratio(of("processors in use"), measured.cpu_per_second),
        Figure::ratio(of("processors in use by Postgres"), measured.database_cpu_per_second),
        Figure::count(of("MB resident"), measured.resident_mebibytes as f64),
    ]
}

fn of_crash(measured: &crash::Measured) -> Vec<Figure> {
    let crash::Measured { hold, resend } = measured;
    vec![
        Figure::count("people lost", (hold.lost + resend.lost) as f64).must(Must::NotExceed(0.0)),
        Figure::count("people told twice under hold", hold.duplicates as f64).must(Must::NotExceed(0.0)),
        Figure::count("people unconfirmed under hold, where so many sends were open", hold.unconfirmed as f64)
            .must(Must::NotExceed(hold.open_at_kill as f64)),
        Figure::seconds("until somebody went on, at most", hold.recovery_seconds.max.max(resend.recovery_seconds.max)),
        Figure::count("rounds that broke a promise", f64::from(hold.broken + resend.broken)).must(Must::NotExceed(0.0)),
    ]
}

/// The median of each figure over the runs. Its bound is that of the run it is from.
fn medians(mut runs: Vec<Vec<Figure>>) -> Vec<Figure> {
    let figures = runs.first().map_or(0, Vec::len);
    let median = |place: usize| {
        let mut of_runs: Vec<Figure> = runs.iter_mut().filter_map(|run| run.get(place).cloned()).collect();
        of_runs.sort_by(|one, other| one.value.total_cmp(&other.value));
        let middle = of_runs.len() / 2;
        of_runs.swap_remove(middle)
    };
    (0..figures).map(median).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_figure_has_the_median_of_its_own() {
        let run = |one, other| vec![Figure::count("a", one), Figure::ratio("b", other)];
        let medians = medians(vec![run(3.0, 1.0), run(1.0, 2.0), run(2.0, 3.0)]);
        assert_eq!(medians, run(2.0, 2.0));
    }
}
