//! `stentor bench wire`: requests for a second of processor time.

use clap::Args;

use super::super::Global;
use super::figures;
use crate::bench::wire;
use crate::config::Settings;

/// How many requests the HTTP client makes for each second of processor time
#[derive(Debug, Args)]
pub(super) struct Wire {
    /// How many sends are made
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = clap::value_parser!(u32).range(1000..=10_000_000))]
    requests: u32,
}

impl Wire {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        let measured = wire::run(&settings, self.requests.into()).await?;
        figures::tell(global, &measured, &measured.figures())
    }
}
