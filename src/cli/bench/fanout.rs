//! `stentor bench fanout`: people a second from the directory to an audience.

use clap::Args;

use super::super::Global;
use super::figures;
use crate::bench::fanout;
use crate::config::Settings;

/// How fast a directory becomes an audience
#[derive(Debug, Args)]
pub(super) struct Fanout {
    /// How many people the directory has
    #[arg(long, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(1000..=5_000_000))]
    recipients: u32,
}

impl Fanout {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        let measured = fanout::run(&settings, self.recipients.into()).await?;
        figures::tell(global, &measured, &measured.figures())
    }
}
