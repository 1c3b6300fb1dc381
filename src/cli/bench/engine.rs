//! `stentor bench engine`: deliveries a second, beside bare loops on the same database.

use clap::Args;

use super::super::Global;
use super::figures;
use crate::bench::engine;
use crate::config::Settings;

/// How many deliveries a second the whole engine makes, beside bare loops on the same database
#[derive(Debug, Args)]
pub(super) struct Engine {
    /// How many people the broadcast is for
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1000..=5_000_000))]
    recipients: u32,
}

impl Engine {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        let measured = engine::run(&settings, self.recipients.into()).await?;
        figures::tell(global, &measured, &measured.figures())
    }
}
