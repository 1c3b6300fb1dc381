//! `stentor bench directory`: how long it takes to know everybody.

use clap::Args;

use super::super::Global;
use super::{figures, simulation};
use crate::bench::directory;
use crate::config::Settings;
use crate::wiring::Simulation;

/// How long it takes to know everybody, and then what has changed, and how much memory the reader holds
#[derive(Debug, Args)]
pub(super) struct Directory {
    /// How many people the organisation has
    #[arg(long, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(5000..=1_000_000))]
    recipients: u32,
}

impl Directory {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        let organisation = Simulation { is_warm: true, ..simulation(self.recipients) };
        let measured = directory::run(settings, organisation).await?;
        figures::tell(global, &measured, &measured.figures())
    }
}
