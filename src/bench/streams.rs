//! What it costs when many watch one large broadcast: processor, memory and statements of the server, with few eyes and many.
//!
//! The server has a process of its own, `stentor bench desk`, so that nothing else is counted; whoever listens is here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::Serialize;

use super::desk::Desk;
use super::figure::{Figure, Must};
use super::process::{cpu_seconds, resident_bytes};
use crate::config::Settings;
use crate::domain::ids::{BroadcastId, RoundId};
use crate::wiring::Workbench;

/// So many streams at once, in turn.
const LEVELS: [usize; 3] = [1, 50, 200];
/// How long each is watched.
const WATCHED: u32 = 20;
/// How long nothing is counted after streams were opened: an idle connection of Postgres counts what it did ten seconds late.
const SETTLED: u32 = 12;
/// Streams of one caller.
const OF_ONE: usize = 40;
/// A megabyte.
const MB: f64 = 1_000_000.0;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// People of the broadcast.
    pub recipients: u64,
    /// Held by the server before anybody watched.
    pub resident_bytes_before: u64,
    /// With few streams and with many.
    pub levels: Vec<Level>,
}

/// What so many streams cost.
#[derive(Debug, Clone, Serialize)]
pub struct Level {
    /// Open at once.
    pub streams: usize,
    /// Events that arrived at each, a second.
    pub events_per_second: f64,
    /// Transactions of the server in the database, a second: each is one statement.
    pub statements_per_second: f64,
    /// Of one processor, by the server.
    pub cpu: f64,
    /// Held by the server.
    pub resident_bytes: u64,
}

impl Measured {
    /// The figures, with what each must reach.
    pub fn figures(&self) -> Vec<Figure> {
        let mut figures = vec![Figure::count("MB resident before", self.resident_bytes_before as f64 / MB)];
        for level in &self.levels {
            let of = |what: &str| format!("{what}, {} streams", level.streams);
            figures.extend([
                Figure::ratio(of("events/s at each"), level.events_per_second),
                Figure::ratio(of("statements/s"), level.statements_per_second),
                Figure::share(of("of a processor"), level.cpu),
                Figure::count(of("MB resident"), level.resident_bytes as f64 / MB),
            ]);
        }
        if let [first, .., last] = &self.levels[..] {
            let ratio = last.statements_per_second / first.statements_per_second;
            figures.push(Figure::ratio("statements with the most ÷ with one", ratio).must(Must::NotExceed(1.2)));
        }
        figures
    }
}

/// Measures with so many people.
///
/// # Errors
/// When Postgres or the server does not start, or a stream breaks off.
pub async fn run(settings: &Settings, recipients: u64) -> anyhow::Result<Measured> {
    let bench = Workbench::open(settings).await?;
    let measured = measure(&bench, recipients).await;
    bench.close().await;
    measured
}

async fn measure(bench: &Workbench, recipients: u64) -> anyhow::Result<Measured> {
    bench.store.seed_people(bench.tenant, recipients).await?;
    let (now, chance) = (bench.clock.now(), bench.random.next_u64());
    let (id, round) = (BroadcastId::new(now, chance), RoundId::new(now, chance));
    bench.store.seed_told(bench.tenant, id, (round, None), recipients).await?;
    let server = Desk::open(&bench.url()?)?;
    pause(bench, 2).await;
    let resident_bytes_before = resident_bytes(server.pid())?;
    let (http, arrived) = (reqwest::Client::builder().no_proxy().build()?, Arc::new(AtomicU64::new(0)));
    let (mut open, mut levels, mut chunk) = (Vec::new(), Vec::new(), 0);
    for streams in LEVELS {
        while open.len() < streams {
            let url = format!("{}/api/v1/broadcasts/{id}/events", server.url);
            let listening = listen(http.get(url).bearer_auth(format!("caller {}", open.len() / OF_ONE)), &arrived);
            open.push(listening.await?);
        }
        advance(bench, round, &mut chunk, SETTLED).await?;
        let (events, cpu) = (arrived.load(Ordering::Relaxed), cpu_seconds(server.pid())?);
        let (ended, began_at) = (bench.store.transactions().await?, bench.clock.monotonic());
        advance(bench, round, &mut chunk, WATCHED).await?;
        let seconds = super::engine::since(&*bench.clock, began_at);
        // Ours are the steps, and the question itself.
        let ours = f64::from(WATCHED) * 2.0 + 1.0;
        levels.push(Level {
            streams,
            events_per_second: (arrived.load(Ordering::Relaxed) - events) as f64 / streams as f64 / seconds,
            statements_per_second: ((bench.store.transactions().await? - ended) as f64 - ours) / seconds,
            cpu: (cpu_seconds(server.pid())? - cpu) / seconds,
            resident_bytes: resident_bytes(server.pid())?,
        });
    }
    anyhow::ensure!(open.iter().all(|listening| !listening.is_finished()), "a stream broke off");
    Ok(Measured { recipients, resident_bytes_before, levels })
}

/// Goes on with the broadcast for so many seconds, a chunk a second.
pub(super) async fn advance(bench: &Workbench, round: RoundId, chunk: &mut u32, seconds: u32) -> anyhow::Result<()> {
    for _ in 0..seconds {
        bench.store.seed_progress(bench.tenant, round, *chunk).await?;
        *chunk += 1;
        pause(bench, 1).await;
    }
    Ok(())
}

async fn pause(bench: &Workbench, seconds: u64) {
    bench.clock.sleep_until(bench.clock.monotonic() + Duration::from_secs(seconds)).await;
}

/// Listens until the stream ends, and counts what arrives.
async fn listen(
    request: reqwest::RequestBuilder,
    arrived: &Arc<AtomicU64>,
) -> anyhow::Result<tokio::task::JoinHandle<()>> {
    let (mut response, arrived) = (request.send().await?.error_for_status()?, Arc::clone(arrived));
    Ok(tokio::spawn(async move {
        while let Ok(Some(chunk)) = response.chunk().await {
            let events = chunk.windows(6).filter(|bytes| bytes == b"event:").count() as u64;
            arrived.fetch_add(events, Ordering::Relaxed);
        }
    }))
}
