//! `stentor bench memory`, and the worker process that it measures.

use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::super::{Global, stop};
use super::figures;
use crate::bench::instant::AtOnce;
use crate::bench::memory;
use crate::config::Settings;
use crate::wiring::Workbench;

/// How much memory a worker process holds at most
#[derive(Debug, Args)]
pub(super) struct Memory {
    /// How many people the broadcast is for
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(1000..=5_000_000))]
    recipients: u32,
}

impl Memory {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        let measured = memory::run(&settings, self.recipients.into()).await?;
        figures::tell(global, &measured, &measured.figures())
    }
}

/// The worker that is measured: sends through a Teams inside its own process until it is asked to stop.
#[derive(Debug, Args)]
pub(super) struct Worker {
    /// From a request to its answer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u64,
}

impl Worker {
    pub(super) async fn perform(self, settings: Settings) -> anyhow::Result<()> {
        let stop = stop::on_signals()?;
        let bench = Workbench::join(&settings).await?;
        let teams = AtOnce { clock: Arc::clone(&bench.clock), latency: Duration::from_millis(self.latency_ms) };
        let worked = bench.work(Arc::new(teams), stop).await;
        bench.close().await;
        worked
    }
}
