//! `stentor bench fair`: whether small and urgent broadcasts overtake a large one.

use clap::Args;

use super::super::Global;
use super::super::text::{self, Align, table, thousands};
use super::simulation;
use crate::bench::fair::{self, Measured, Overtaking};
use crate::config::Settings;
use crate::wiring::Simulation;

/// How soon an urgent and a small broadcast are through beside a large one, and whether equals share the quota
#[derive(Debug, Args)]
pub(super) struct Fair {
    /// How many people the large broadcasts are for
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(10_000..=1_000_000))]
    recipients: u32,
    /// How many people the small ones are for
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    few: u32,
}

impl Fair {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        text::aside(&format!("A broadcast to {}, and smaller ones beside it.", text::people(self.recipients.into())));
        let simulation = Simulation { is_warm: true, ..simulation(self.recipients) };
        let measured = fair::run(settings, simulation, self.few as usize).await?;
        match global.json {
            true => text::print_json(&measured)?,
            false => text::print(&fair_text(&measured))?,
        }
        Ok(())
    }
}

fn fair_text(measured: &Measured) -> String {
    let overtaking = |name: &str, it: &Overtaking| {
        let cells = [
            name.to_owned(),
            thousands(it.recipients as u64),
            format!("{:.2}", it.seconds_to_the_first),
            format!("{:.2}", it.seconds_to_the_last),
            thousands(it.of_the_large_one_meanwhile as u64),
        ];
        cells.to_vec()
    };
    let head = ["BESIDE A LARGE ONE", "PEOPLE", "FIRST AFTER S", "LAST AFTER S", "OF THE LARGE ONE"].map(str::to_owned);
    let rows = [head.to_vec(), overtaking("urgent", &measured.urgent), overtaking("small", &measured.small)];
    let equals = &measured.equals;
    let pairs = [
        ("two equals, seconds watched", format!("{:.0}", equals.seconds)),
        ("sent of the older, of the younger", format!("{}, {}", equals.first, equals.second)),
        ("their rates, younger ÷ older", format!("{:.3}", equals.ratio)),
        ("of the quota used", format!("{:.1} %", measured.utilisation * 100.0)),
        ("quota in any second", thousands(measured.quota_per_second.into())),
        ("most received in any second", thousands(measured.max_in_any_second)),
        ("asked to wait (429)", thousands(measured.throttled)),
    ];
    let pairs: Vec<Vec<String>> = pairs.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    table(&[Align::Left, Align::Right, Align::Right, Align::Right, Align::Right], &rows, "  ")
        + "\n"
        + &table(&[Align::Left, Align::Right], &pairs, "  ")
}
