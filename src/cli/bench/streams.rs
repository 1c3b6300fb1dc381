//! `stentor bench streams`, and the server that it measures.

use clap::Args;

use super::super::{Global, stop, text};
use super::figures;
use crate::bench::{desk, streams};
use crate::config::Settings;

/// What it costs when many watch one large broadcast
#[derive(Debug, Args)]
pub(super) struct Streams {
    /// How many people the broadcast is for
    #[arg(long, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(50_000..=5_000_000))]
    recipients: u32,
}

impl Streams {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        let measured = streams::run(&settings, self.recipients.into()).await?;
        figures::tell(global, &measured, &measured.figures())
    }
}

/// The server that is measured: says where it is, and serves until it is asked to stop.
#[derive(Debug, Args)]
pub(super) struct Desk {}

impl Desk {
    pub(super) async fn perform(self, settings: Settings) -> anyhow::Result<()> {
        let stop = stop::on_signals()?;
        let mut said = Ok(());
        desk::serve(&settings, stop, |url| said = text::print(&format!("{url}\n"))).await?;
        Ok(said?)
    }
}
