//! How heavy the page is, and whether it stays responsive, with one large broadcast under way and another that is over. What is
//! watched is a real browser, by `web/bench/page.mjs`; what it looks at is here.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::desk::Desk;
use super::figure::{Figure, Must};
use super::streams::advance;
use crate::config::Settings;
use crate::domain::ids::{BroadcastId, RoundId};
use crate::wiring::Workbench;

/// A press that is answered later than this feels slow, in milliseconds: the bound of a good "interaction to next paint"
/// (web.dev/articles/inp).
const PRESS: f64 = 200.0;
/// A list that can be used later than this feels slow, in milliseconds: the bound of a good "largest contentful paint"
/// (web.dev/articles/lcp).
const USABLE: f64 = 2_500.0;
/// Chunks that are settled while the browser looks on; it stops earlier.
const SECONDS: u32 = 600;

/// What was measured.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// People of each broadcast.
    pub recipients: u64,
    /// By the name of what was looked at, such as `list` or `people`.
    pub pages: BTreeMap<String, Seen>,
}

/// One page, as the script tells it. Times are in milliseconds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Seen {
    /// That travelled, compressed, with nothing cached.
    pub bytes: u64,
    /// Until the first words stood there.
    pub first_paint_ms: f64,
    /// Until its heading stood there.
    pub usable_ms: f64,
    /// Tasks of the main thread that took longer than 50 ms.
    pub long_tasks: u32,
    /// The longest of them.
    pub longest_task_ms: f64,
    /// Those that began once the page was loaded.
    pub long_tasks_once_loaded: u32,
    /// The longest of these.
    pub longest_once_loaded_ms: f64,
    /// From a press until its answer was painted.
    pub slowest_press_ms: f64,
}

impl Measured {
    /// The figures, with what each must reach.
    pub fn figures(&self) -> Vec<Figure> {
        let first = self.pages.get("list").map(|list| {
            [
                Figure::count("kB of the first load, compressed, nothing cached", list.bytes as f64 / 1000.0),
                Figure::count("ms until the list can be used", list.usable_ms).must(Must::NotExceed(USABLE)),
            ]
        });
        let of = |(name, seen): (&String, &Seen)| {
            // Where nothing is pressed there is nothing to tell.
            let press = (seen.slowest_press_ms > 0.0).then(|| {
                Figure::count(format!("{name}: slowest answer to a press, ms"), seen.slowest_press_ms)
                    .must(Must::NotExceed(PRESS))
            });
            let tasks = [
                Figure::count(format!("{name}: longest task, loading included, ms"), seen.longest_task_ms),
                Figure::count(format!("{name}: tasks over 50 ms once loaded"), seen.long_tasks_once_loaded.into()),
            ];
            tasks.into_iter().chain(press)
        };
        first.into_iter().flatten().chain(self.pages.iter().flat_map(of)).collect()
    }
}

/// Measures with so many people, by the script.
///
/// # Errors
/// When Postgres, the server, Node.js or the browser does not start, or the page does not show what it should.
pub async fn run(settings: &Settings, recipients: u64, script: &Path) -> anyhow::Result<Measured> {
    anyhow::ensure!(script.is_file(), "there is no {}; run this in the repository, or give --script", script.display());
    let bench = Workbench::open(settings).await?;
    let measured = measure(&bench, recipients, script).await;
    bench.close().await;
    measured
}

async fn measure(bench: &Workbench, recipients: u64, script: &Path) -> anyhow::Result<Measured> {
    bench.store.seed_people(bench.tenant, recipients).await?;
    let (over, _) = seed(bench, recipients, true).await?;
    let (going, round) = seed(bench, recipients, false).await?;
    let server = Desk::open(&bench.url()?)?;
    let (mut chunk, mut browser) = (0, tokio::process::Command::new("node"));
    browser.arg(script).args([&server.url, "bench"]).args([going.to_string(), over.to_string()]).kill_on_drop(true);
    let pages = tokio::select! {
        told = browser.output() => told.with_context(|| format!("cannot run node {}", script.display()))?,
        gone_on = advance(bench, round, &mut chunk, SECONDS) => {
            gone_on?;
            anyhow::bail!("the browser looked on for longer than {SECONDS} s");
        }
    };
    let complaint = String::from_utf8_lossy(&pages.stderr);
    anyhow::ensure!(pages.status.success(), "{} failed: {}", script.display(), complaint.trim());
    let pages = serde_json::from_slice(&pages.stdout).context("the script told something else than expected")?;
    Ok(Measured { recipients, pages })
}

/// A broadcast to everybody that is over, a retry included, or that is under way.
async fn seed(bench: &Workbench, recipients: u64, is_over: bool) -> anyhow::Result<(BroadcastId, RoundId)> {
    let (now, chance) = (bench.clock.now(), bench.random.next_u64());
    let (id, send) = (BroadcastId::new(now, chance), RoundId::new(now, chance));
    let retry = is_over.then(|| RoundId::new(now + Duration::from_secs(1), chance));
    bench.store.seed_told(bench.tenant, id, (send, retry), recipients).await?;
    Ok((id, send))
}
