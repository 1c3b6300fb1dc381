//! `stentor bench flat`: whether the engine slows down as its record grows.

use clap::Args;

use super::super::Global;
use super::super::text::{self, thousands};
use super::figures;
use crate::bench::flat;
use crate::config::Settings;

/// Whether the engine slows down as its record grows
#[derive(Debug, Args)]
pub(super) struct Flat {
    /// How many people each broadcast is for
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1000..=5_000_000))]
    recipients: u32,
    /// How many older facts are stored before the second measure
    #[arg(long, value_name = "N", default_value_t = 2_000_000, value_parser = clap::value_parser!(u32).range(1000..=100_000_000))]
    facts: u32,
}

impl Flat {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        text::aside(&format!("Storing {} older facts takes a while.", thousands(self.facts.into())));
        let measured = flat::run(&settings, self.recipients.into(), self.facts.into()).await?;
        figures::tell(global, &measured, &measured.figures())
    }
}
