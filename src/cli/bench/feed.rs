//! `stentor bench feed`: activity feeds, against the maximum flow of the quotas.

use clap::Args;

use super::super::Global;
use super::super::text::{self, Align, table, thousands};
use super::simulation;
use crate::bench::feed::{self, Measured};
use crate::config::Settings;

/// How near the bound of the quotas notifying in activity feeds comes, and whether everybody accepted was notified
#[derive(Debug, Args)]
pub(super) struct Feed {
    /// How many people are notified
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(300..=500_000))]
    recipients: u32,
    /// Which part of them has the app already, in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 66, value_parser = clap::value_parser!(u8).range(0..=100))]
    installed: u8,
    /// Multiplies the published quotas on both sides; 1 takes ten minutes
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=50))]
    quota_factor: u32,
}

impl Feed {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        let people = text::people(self.recipients.into());
        text::aside(&format!(
            "Notifying {people} of whom {} % have the app, at {} times the published limits.",
            self.installed, self.quota_factor
        ));
        let simulation = simulation(self.recipients);
        let measured = feed::run(settings, simulation, self.installed, self.quota_factor).await?;
        match global.json {
            true => text::print_json(&measured)?,
            false => text::print(&feed_text(&measured))?,
        }
        Ok(())
    }
}

fn feed_text(measured: &Measured) -> String {
    let requests = |bucket: &str| thousands(measured.requests.get(bucket).copied().unwrap_or_default());
    let rows = [
        ("people", thousands(measured.recipients)),
        ("have the app", format!("{} %", measured.installed_percent)),
        ("taken, seconds", format!("{:.1}", measured.seconds)),
        ("the bound of the quotas, seconds", format!("{:.1}", measured.bound_seconds)),
        ("of the bound", format!("{:.1} %", measured.fraction_of_bound * 100.0)),
        ("maximum flow, people a second", format!("{:.1}", measured.maximum_flow)),
        ("requests: check", requests("check")),
        ("requests: install", requests("install")),
        ("requests: notify one", requests("feed_user")),
        ("requests: notify many", requests("feed_bulk")),
        ("asked to wait (429)", thousands(measured.throttled)),
        ("accepted", thousands(measured.accepted)),
        ("notified, by the ledger", thousands(measured.notified_people)),
        ("accepted and not notified", thousands(measured.accepted_without)),
        ("notified and not accepted", thousands(measured.notified_without)),
        ("replaced", thousands(measured.replaced)),
        ("seen twice", thousands(measured.seen_twice)),
    ];
    let rows = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]);
    let others = measured.others.iter().map(|(how, count)| vec![how.clone(), thousands(*count)]);
    let rows: Vec<Vec<String>> = rows.chain(others).collect();
    table(&[Align::Left, Align::Right], &rows, "  ")
}
