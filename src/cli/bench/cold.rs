//! `stentor bench cold`: people of whom nothing is known, against the maximum flow of the quotas.

use clap::Args;

use super::super::Global;
use super::super::text::{self, Align, table, thousands};
use super::simulation;
use crate::bench::cold::{self, Measured, MixMeasured};
use crate::config::Settings;

/// How near the maximum flow of the quotas a broadcast comes to people of whom nothing is known, and how true its
/// forecast was
#[derive(Debug, Args)]
pub(super) struct Cold {
    /// How many people each broadcast is for
    #[arg(long, value_name = "N", default_value_t = 1500, value_parser = clap::value_parser!(u32).range(300..=100_000))]
    recipients: u32,
    /// Which part of them has the app already, in percent; several run one after the other
    #[arg(long, value_name = "PERCENT", value_delimiter = ',', default_values_t = [0, 30, 100], value_parser = clap::value_parser!(u8).range(0..=100))]
    installed: Vec<u8>,
    /// Let Teams tell the bot of installations: fewer requests to Graph
    #[arg(long)]
    events: bool,
}

impl Cold {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        let tell = |percent| {
            let people = text::people(self.recipients.into());
            text::aside(&format!("A pilot, then {people} of whom {percent} % have the app, at the published limits."));
        };
        let measured = cold::run(settings, simulation(self.recipients), &self.installed, self.events, tell).await?;
        match global.json {
            true => text::print_json(&measured)?,
            false => text::print(&cold_text(&measured))?,
        }
        Ok(())
    }
}

fn cold_text(measured: &Measured) -> String {
    let mixes = &measured.mixes;
    let row = |name: &str, of: &dyn Fn(&MixMeasured) -> String| {
        let cells = mixes.iter().map(of);
        [name.to_owned()].into_iter().chain(cells).collect::<Vec<_>>()
    };
    let requests = |bucket: &'static str| {
        move |mix: &MixMeasured| thousands(mix.requests.get(bucket).copied().unwrap_or_default())
    };
    let rows = [
        row("have the app", &|mix| format!("{} %", mix.installed_percent)),
        row("people", &|mix| thousands(mix.recipients)),
        row("told a second, without the first and the last tenth", &|mix| format!("{:.1}", mix.people_per_second)),
        row("told a second, first to last", &|mix| format!("{:.1}", mix.people_per_second_whole_run)),
        row("maximum flow", &|mix| format!("{:.1}", mix.maximum_flow)),
        row("of the maximum flow", &|mix| format!("{:.1} %", mix.fraction_of_maximum_flow * 100.0)),
        row("requests: check", &requests("check")),
        row("requests: install", &requests("install")),
        row("requests: resolve", &requests("resolve")),
        row("requests: at the connector", &requests("send")),
        row("asked to wait (429)", &|mix| thousands(mix.throttled)),
        row("told twice", &|mix| thousands(mix.duplicates)),
        row("foretold, seconds", &|mix| format!("{:.1}", mix.forecast_seconds)),
        row("taken, seconds", &|mix| format!("{:.1}", mix.actual_seconds)),
        row("error of the forecast", &|mix| format!("{:.1} %", mix.forecast_error * 100.0)),
        row("error of the one after a tenth", &|mix| format!("{:.1} %", mix.under_way.forecast_error * 100.0)),
    ];
    let columns = [Align::Left].into_iter().chain(mixes.iter().map(|_| Align::Right)).collect::<Vec<_>>();
    let worst = format!(
        "\n  {:.1} % of the maximum flow at least; forecasts wrong by {:.1} % at most\n",
        measured.fraction_of_maximum_flow * 100.0,
        measured.forecast_error * 100.0
    );
    table(&columns, &rows, "  ") + &worst
}
