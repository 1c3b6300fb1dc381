//! How many deliveries a second the whole engine makes, beside what the same database does in bare loops.
//!
//! Everything but Teams is real: a worker with its lease, a Postgres with durable commits, claims, permissions, flushes,
//! attempts with their primary key, counters. The clock runs from the first request to the instant at which the
//! broadcast is done; the second that every new owner of a tenant waits out before its first request is not ours.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use uuid::Uuid;

use crate::adapters::postgres::yardstick::{commit_in_a_row, loop_over_rows};
use crate::bench::chunk_loop;
use crate::bench::figure::{Figure, Must};
use crate::bench::instant::AtOnce;
use crate::config::Settings;
use crate::domain::ids::{RequestId, TeamsAppId};
use crate::domain::time::{Monotonic, Timestamp};
use crate::ports::{Answer, Clock, Messenger, Request};
use crate::wiring::Workbench;

/// Connections of the bare loop over rows.
const ROW_WORKERS: i32 = 4;
/// Commits whose rate is taken.
const COMMITS: u32 = 2000;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// People of the broadcast.
    pub recipients: u64,
    /// From the first request to the end of the broadcast.
    pub seconds: f64,
    /// Deliveries through the whole engine.
    pub deliveries_per_second: f64,
    /// A queue of rows: `for update skip locked`, 500 a batch, four connections.
    pub per_row_loop_per_second: f64,
    /// Our own statements without the engine, two chunks at a time, one connection.
    pub chunk_loop_per_second: f64,
    /// The engine's rate ÷ the queue of rows'.
    pub ratio_to_per_row_loop: f64,
    /// Bytes of the write-ahead log for each delivery, from the submission to the end, fan-out included.
    pub wal_bytes_per_delivery: f64,
    /// The same for the queue of rows, without filling it.
    pub per_row_loop_wal_bytes: f64,
    /// Commits of one small row after another, on one connection.
    pub commits_per_second: f64,
}

impl Measured {
    /// The figures, with what each must reach.
    pub fn figures(&self) -> Vec<Figure> {
        vec![
            Figure::count("deliveries/s through the whole engine", self.deliveries_per_second),
            Figure::count("rows/s of a bare loop over rows", self.per_row_loop_per_second),
            Figure::ratio("engine ÷ bare loop over rows", self.ratio_to_per_row_loop).must(Must::Reach(2.0)),
            Figure::count("deliveries/s of a bare loop over chunks", self.chunk_loop_per_second),
            Figure::count("commits/s of one row", self.commits_per_second),
            Figure::count("bytes of log for a delivery", self.wal_bytes_per_delivery).must(Must::NotExceed(450.0)),
            Figure::count("bytes of log for a row of the bare loop", self.per_row_loop_wal_bytes),
        ]
    }
}

/// Measures with so many people.
///
/// # Errors
/// When Postgres does not start, or a broadcast does not end with everybody told.
pub async fn run(settings: &Settings, recipients: u64) -> anyhow::Result<Measured> {
    let bench = Workbench::open(settings).await?;
    let measured = measure(&bench, recipients).await;
    bench.close().await;
    measured
}

async fn measure(bench: &Workbench, recipients: u64) -> anyhow::Result<Measured> {
    bench.store.seed_people(bench.tenant, recipients).await?;
    bench.store.settle_down().await?;
    let engine = engine_rate(bench, recipients).await?;
    let (per_row, per_row_log) = row_rate(bench, recipients).await?;
    let chunk_loop_per_second = chunk_loop::rate(bench, recipients).await?;
    let commits_per_second = commit_rate(bench).await?;
    Ok(Measured {
        recipients,
        seconds: engine.seconds,
        deliveries_per_second: engine.per_second,
        per_row_loop_per_second: per_row,
        chunk_loop_per_second,
        ratio_to_per_row_loop: engine.per_second / per_row,
        wal_bytes_per_delivery: engine.log_bytes,
        per_row_loop_wal_bytes: per_row_log,
        commits_per_second,
    })
}

/// What the engine did with one broadcast.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    pub(super) per_second: f64,
    pub(super) seconds: f64,
    pub(super) log_bytes: f64,
}

/// Sends one broadcast to everybody through the whole engine.
pub(super) async fn engine_rate(bench: &Workbench, recipients: u64) -> anyhow::Result<Rate> {
    let before = bench.store.log_bytes().await?;
    let teams = Arc::new(Timed::new(&bench.clock));
    let (id, _) = bench.submit().await?;
    let report = bench.send_out(id, Arc::clone(&teams) as Arc<dyn Messenger>).await?;
    let log_bytes = (bench.store.log_bytes().await? - before) as f64 / recipients as f64;
    anyhow::ensure!(report.progress.sent == recipients, "not everybody was told: {:?}", report.progress);
    let (began, ended) = (teams.began_at.get().copied(), report.finished_at);
    let seconds = began.zip(ended).map_or(f64::NAN, |(began, ended)| (ended - began).as_seconds_f64());
    Ok(Rate { per_second: recipients as f64 / seconds, seconds, log_bytes })
}

/// Rows and bytes of log, each a second and a row.
async fn row_rate(bench: &Workbench, recipients: u64) -> anyhow::Result<(f64, f64)> {
    bench.store.raise_yardstick(bench.tenant).await?;
    bench.store.settle_down().await?;
    let (options, tenant) = (bench.connect_options()?, bench.tenant);
    let (before, began_at) = (bench.store.log_bytes().await?, bench.clock.monotonic());
    let workers = (0..ROW_WORKERS).map(|owner| {
        let (options, clock, random) = (options.clone(), Arc::clone(&bench.clock), Arc::clone(&bench.random));
        let request = move || -> Uuid { RequestId::new(random.next_u64(), random.next_u64()).0 };
        tokio::spawn(async move { loop_over_rows(options, tenant, owner, &*clock, request).await })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await??;
    }
    let seconds = since(&*bench.clock, began_at);
    let bytes = bench.store.log_bytes().await? - before;
    anyhow::ensure!(bench.store.rows_done().await? == recipients, "the loop over rows left some");
    Ok((recipients as f64 / seconds, bytes as f64 / recipients as f64))
}

async fn commit_rate(bench: &Workbench) -> anyhow::Result<f64> {
    let began_at = bench.clock.monotonic();
    commit_in_a_row(bench.connect_options()?, COMMITS).await?;
    Ok(f64::from(COMMITS) / since(&*bench.clock, began_at))
}

pub(super) fn since(clock: &dyn Clock, began_at: Monotonic) -> f64 {
    clock.monotonic().saturating_since(began_at).as_secs_f64()
}

/// Answers at once, and knows when it was first asked.
struct Timed {
    teams: AtOnce,
    began_at: OnceLock<Timestamp>,
}

impl Timed {
    fn new(clock: &Arc<dyn Clock>) -> Self {
        Self { teams: AtOnce { clock: Arc::clone(clock), latency: Duration::ZERO }, began_at: OnceLock::new() }
    }
}

#[async_trait]
impl Messenger for Timed {
    async fn warm_up(&self, for_many: bool) -> Result<(), Answer> {
        self.teams.warm_up(for_many).await
    }

    async fn perform(&self, request: &Request, id: RequestId, not_after: Monotonic) -> Answer {
        self.began_at.get_or_init(|| self.teams.clock.now());
        self.teams.perform(request, id, not_after).await
    }

    async fn find_app(&self, id: RequestId) -> Result<TeamsAppId, Answer> {
        self.teams.find_app(id).await
    }

    fn forget_tokens(&self) {}

    fn use_bot_host(&self, _: &str) {}
}
