//! How fast a directory becomes an audience: ordinals, chunks, the proof that nobody was dropped.

use std::time::Duration;

use serde::Serialize;

use super::engine::since;
use super::figure::{Figure, Must};
use crate::adapters::system::process_identity;
use crate::config::Settings;
use crate::ports::Store;
use crate::wiring::Workbench;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// People of the directory.
    pub recipients: u64,
    /// From the first slice to the last.
    pub seconds: f64,
    /// People a second.
    pub recipients_per_second: f64,
    /// Bytes of the write-ahead log for each of them.
    pub wal_bytes_per_recipient: f64,
}

impl Measured {
    /// The figures, with what each must reach.
    pub fn figures(&self) -> Vec<Figure> {
        vec![
            Figure::count("people/s from directory to audience", self.recipients_per_second)
                .must(Must::Reach(200_000.0)),
            Figure::count("bytes of log for a person", self.wal_bytes_per_recipient),
        ]
    }
}

/// Measures with so many people.
///
/// # Errors
/// When Postgres does not start, or somebody was not frozen.
pub async fn run(settings: &Settings, recipients: u64) -> anyhow::Result<Measured> {
    let bench = Workbench::open(settings).await?;
    let measured = measure(&bench, recipients).await;
    bench.close().await;
    measured
}

async fn measure(bench: &Workbench, recipients: u64) -> anyhow::Result<Measured> {
    let (store, tenant) = (&bench.store, bench.tenant);
    store.seed_people(tenant, recipients).await?;
    store.settle_down().await?;
    let (_, round) = bench.submit().await?;
    let worker = store.register(&process_identity(&*bench.random), Duration::from_secs(3600)).await?;
    let held = store.take_tenants(worker, Duration::ZERO, 1, &[tenant], &[]).await?;
    let [held] = held[..] else { anyhow::bail!("the tenant was not free") };
    let (slice, size) = (bench.engine().expand_slice, bench.engine().chunk_size);
    let (log, began_at, mut frozen) = (store.log_bytes().await?, bench.clock.monotonic(), 0);
    loop {
        let expanded = store.expand(held, worker, round, slice, size, bench.clock.now()).await?;
        frozen += expanded.added;
        if expanded.complete {
            break;
        }
    }
    let seconds = since(&*bench.clock, began_at);
    anyhow::ensure!(frozen == recipients, "{frozen} of {recipients} people were frozen");
    let wal_bytes_per_recipient = (store.log_bytes().await? - log) as f64 / recipients as f64;
    Ok(Measured { recipients, seconds, recipients_per_second: recipients as f64 / seconds, wal_bytes_per_recipient })
}
