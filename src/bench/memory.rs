//! How much memory a worker process holds at most while it tells a great many people.
//!
//! The worker has a process of its own, `stentor bench worker`, so that nothing else is counted: the Postgres and the
//! measure are elsewhere, Teams answers inside the worker after a while, so that sends are on the wire as they would be.

use std::process::{Child, Command, Stdio};

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde::Serialize;

use super::figure::{Figure, Must};
use super::process::{cpu_seconds, peak_resident_bytes};
use crate::config::Settings;
use crate::wiring::Workbench;

/// A megabyte.
const MB: f64 = 1_000_000.0;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// People of the broadcast.
    pub recipients: u64,
    /// The most that the worker process held at once.
    pub peak_resident_bytes: u64,
    /// Processor time that it used, for each thousand deliveries.
    pub cpu_seconds_per_thousand: f64,
    /// From the submission to the end.
    pub seconds: f64,
    /// Where Teams was.
    pub transport: &'static str,
}

impl Measured {
    /// The figures, with what each must reach.
    pub fn figures(&self) -> Vec<Figure> {
        vec![
            Figure::count("MB resident in a worker, at most", self.peak_resident_bytes as f64 / MB)
                .must(Must::NotExceed(150.0)),
            Figure::count("people of the broadcast", self.recipients as f64),
            Figure::ratio("seconds of processor for a thousand deliveries", self.cpu_seconds_per_thousand),
        ]
    }
}

/// Measures with so many people.
///
/// # Errors
/// When Postgres or the worker does not start, or the broadcast does not end with everybody told.
pub async fn run(settings: &Settings, recipients: u64) -> anyhow::Result<Measured> {
    let bench = Workbench::open(settings).await?;
    let measured = measure(&bench, recipients).await;
    bench.close().await;
    measured
}

async fn measure(bench: &Workbench, recipients: u64) -> anyhow::Result<Measured> {
    bench.store.seed_people(bench.tenant, recipients).await?;
    bench.store.settle_down().await?;
    let (id, _) = bench.submit().await?;
    let began_at = bench.clock.monotonic();
    let worker = Worker::engage(&bench.url()?)?;
    let report = bench.until_over(id).await?;
    let seconds = super::engine::since(&*bench.clock, began_at);
    anyhow::ensure!(report.progress.sent == recipients, "not everybody was told: {:?}", report.progress);
    let (peak_resident_bytes, cpu) = (peak_resident_bytes(worker.pid())?, cpu_seconds(worker.pid())?);
    worker.dismiss()?;
    let cpu_seconds_per_thousand = cpu * 1000.0 / recipients as f64;
    Ok(Measured { recipients, peak_resident_bytes, cpu_seconds_per_thousand, seconds, transport: "in the process" })
}

/// A worker process. Dropping it kills it.
struct Worker(Child);

impl Worker {
    fn engage(url: &str) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot find the program itself")?;
        let mut command = Command::new(&program);
        command.args(["bench", "worker"]).env("STENTOR__DATABASE__URL", url).stdin(Stdio::null());
        Ok(Self(command.spawn().with_context(|| format!("cannot run {}", program.display()))?))
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn dismiss(mut self) -> anyhow::Result<()> {
        // Invariant: it is our child and was not waited for, so the number is still its own.
        let _ = kill(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGTERM);
        let status = self.0.wait()?;
        anyhow::ensure!(status.success(), "a worker that was asked to stop ended with {status}");
        Ok(())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
