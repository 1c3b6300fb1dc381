//! `stentor bench tenants`: how many tenants one worker process carries.

use std::time::Duration;

use clap::Args;

use super::super::Global;
use super::super::text::{self, Align, table, thousands};
use super::simulation;
use crate::bench::tenants::{self, Measured, Plan};
use crate::config::Settings;
use crate::domain::pacing::{Bucket, Quota};
use crate::wiring::Simulation;

/// How many tenants one worker process carries, each at its own quota
#[derive(Debug, Args)]
pub(super) struct Tenants {
    /// How many tenants
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=5000))]
    tenants: u32,
    /// How many people each has
    #[arg(long, value_name = "N", default_value_t = 1500, value_parser = clap::value_parser!(u32).range(50..=100_000))]
    recipients: u32,
    /// How long to watch at most, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// How many sends each may start in a second
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    quota: u32,
    /// Without the wire: a Teams within this process answers each request after 50 ms
    #[arg(long)]
    in_process: bool,
}

impl Tenants {
    pub(super) async fn perform(self, global: &Global, mut settings: Settings) -> anyhow::Result<()> {
        text::aside(&format!(
            "{} tenants of {}.",
            thousands(self.tenants.into()),
            text::people(self.recipients.into())
        ));
        let published = settings.engine.quotas.insert(Bucket::Send, Quota::per_second(self.quota));
        let factor = published.map_or(1.0, |published| f64::from(self.quota) / published.rate());
        let simulation = Simulation { is_warm: true, quota_factor: factor, ..simulation(self.recipients) };
        let plan = Plan {
            tenants: self.tenants,
            recipients: self.recipients,
            seconds: self.seconds,
            in_process: self.in_process.then_some(Duration::from_millis(50)),
        };
        let measured = tenants::run(settings, simulation, &plan).await?;
        match global.json {
            true => text::print_json(&measured)?,
            false => text::print(&tenants_text(&measured))?,
        }
        Ok(())
    }
}

fn tenants_text(measured: &Measured) -> String {
    let percent = |share: f64| format!("{:.1} %", share * 100.0);
    let (least, most) = measured.share_of_one;
    let rows = [
        ("tenants", thousands(measured.tenants.into())),
        ("quota of each in any second", thousands(measured.quota_per_second.into())),
        ("seconds until all of them send", format!("{:.1}", measured.seconds_until_all_send)),
        ("then watched, seconds", format!("{:.1}", measured.seconds)),
        ("sends a second", format!("{:.0}", measured.sent_per_second)),
        ("of all quotas used", percent(measured.share_of_quota)),
        ("by the least, by the most", format!("{}, {}", percent(least), percent(most))),
        ("processors used by this process", format!("{:.2}", measured.cpu_per_second)),
        ("processors used by Postgres", format!("{:.2}", measured.database_cpu_per_second)),
        ("transactions a second", format!("{:.0}", measured.transactions_per_second)),
        ("memory of this process, MiB", thousands(measured.resident_mebibytes)),
        ("most received in any second", thousands(measured.max_in_any_second)),
        ("asked to wait (429)", thousands(measured.throttled)),
    ];
    let rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    table(&[Align::Left, Align::Right], &rows, "  ")
}
