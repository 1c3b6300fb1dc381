//! What pausing and cancelling a large running broadcast cost, and how soon the last request follows.
//!
//! The ledger of the simulated Teams says when the last request arrived, Postgres' own statistics what the command cost.

use std::time::Duration;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::app::control::{Granted, Wish, grant};
use crate::config::Settings;
use crate::domain::progress::Progress;
use crate::domain::time::Timestamp;
use crate::wiring::{Demonstration, Simulation};

/// How long we watch after a command. Requests that come later would be seen, too.
const WATCHED: Duration = Duration::from_secs(4);

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// People of the broadcast.
    pub recipients: u64,
    /// Pausing it.
    pub pause: Command,
    /// Cancelling it, after it was resumed.
    pub cancel: Command,
    /// Where everybody ended.
    pub progress: Progress,
    /// Told twice, by the ledger.
    pub duplicates: u64,
}

/// One command.
#[derive(Debug, Clone, Serialize)]
pub struct Command {
    /// Requests a second before it.
    pub requests_per_second: f64,
    /// From the command's answer to the arrival of the last request; negative when the last came before.
    pub last_request_ms: i64,
    /// Requests that arrived after the answer.
    pub requests_after: u64,
    /// The whole command, as its caller waits for it: two reports and one change.
    pub command_ms: f64,
    /// The statement that changes the state, in the server; `null` when the server does not count.
    pub database_ms: Option<f64>,
}

/// Runs a broadcast to `simulation.people`, pauses it, resumes it and cancels it.
///
/// # Errors
/// When Stentor or the simulator does not start, or the broadcast never gets going.
pub async fn run(settings: Settings, simulation: Simulation) -> anyhow::Result<Measured> {
    let demo = Demonstration::open(settings, simulation).await?;
    let stop = CancellationToken::new();
    let commanding = async {
        let done = command_it(&demo).await;
        stop.cancel();
        done
    };
    let (worked, commanded) = tokio::join!(demo.stentor.work(stop.clone()), commanding);
    worked?;
    let (pause, cancel) = commanded?;
    let report = demo.stentor.store.report(demo.stentor.tenant, demo.broadcast).await?;
    let progress = report.map(|report| report.progress).unwrap_or_default();
    let duplicates = demo.ledger().duplicates;
    demo.close().await?;
    Ok(Measured { recipients: progress.targeted, pause, cancel, progress, duplicates })
}

async fn command_it(demo: &Demonstration) -> anyhow::Result<(Command, Command)> {
    under_way(demo, 200).await?;
    let pause = command(demo, Wish::Pause).await?;
    let stentor = &demo.stentor;
    grant(stentor.store.as_ref(), stentor.tenant, demo.broadcast, Wish::Resume, stentor.clock.now()).await?;
    let so_far = demo.requests();
    under_way(demo, so_far + 200).await?;
    let cancel = command(demo, Wish::Cancel).await?;
    Ok((pause, cancel))
}

/// Waits until Teams has seen so many requests, and for one window more, so that they flow.
async fn under_way(demo: &Demonstration, requests: u64) -> anyhow::Result<()> {
    let clock = &demo.stentor.clock;
    while demo.requests() < requests {
        clock.sleep_until(clock.monotonic() + Duration::from_millis(50)).await;
    }
    clock.sleep_until(clock.monotonic() + Duration::from_secs(2)).await;
    Ok(())
}

async fn command(demo: &Demonstration, wish: Wish) -> anyhow::Result<Command> {
    let stentor = &demo.stentor;
    let before = demo.requests();
    stentor.clock.sleep_until(stentor.clock.monotonic() + Duration::from_secs(1)).await;
    let requests_per_second = (demo.requests() - before) as f64;

    let counts = stentor.count_statements().await?;
    let asked_at = stentor.clock.monotonic();
    let granted = grant(stentor.store.as_ref(), stentor.tenant, demo.broadcast, wish, stentor.clock.now()).await?;
    let (command_ms, answered_at) = (stentor.clock.monotonic().saturating_since(asked_at), stentor.clock.now());
    let so_far = demo.requests();
    anyhow::ensure!(matches!(granted, Granted::Yes(_)), "the broadcast could not be told to {wish:?}: {granted:?}");

    stentor.clock.sleep_until(stentor.clock.monotonic() + WATCHED).await;
    let last = demo.last_request_at().unwrap_or(answered_at);
    Ok(Command {
        requests_per_second,
        last_request_ms: since(last, answered_at),
        requests_after: demo.requests() - so_far,
        command_ms: command_ms.as_secs_f64() * 1000.0,
        database_ms: if counts { Some(stentor.statement_ms("move_broadcast").await?) } else { None },
    })
}

fn since(later: Timestamp, earlier: Timestamp) -> i64 {
    (later - earlier).num_milliseconds()
}
