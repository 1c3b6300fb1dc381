//! Serves the API on a simulated Teams until it is interrupted or its standard input ends, with a gate that believes tokens
//! such as `Admin/1`: `cargo run --example with_postgres -- target/debug/examples/api_stage`. The first line on standard
//! output is its address. For `scripts/fuzz-api`; nobody's data is there, and nobody else can reach it. A draft, a broadcast
//! on its way and one that is over stand there, so that something comes of what is asked about them.

use std::io::{self, Write};
use std::time::Duration;

use anyhow::ensure;
use serde_json::json;
use stage::Stage;
use stentor::domain::ids::{BroadcastId, RoundId};
use tokio::sync::oneshot;

#[path = "../tests/api/stage.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod stage;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let stage = Stage::open(200).await;
    furnish(&stage).await?;
    writeln!(io::stdout(), "{}", stage.url)?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = input_ends() => {}
    }
    Ok(())
}

async fn furnish(stage: &Stage) -> anyhow::Result<()> {
    let (now, chance) = (stage.api.clock.now(), stage.api.random.next_u64());
    let retried = RoundId::new(now + Duration::from_secs(1), chance);
    let rounds = (RoundId::new(now, chance), Some(retried));
    stage.store.seed_told(stage.tenant, BroadcastId::new(now, chance), rounds, 100).await?;
    let drill = json!({ "title": "Drill", "body": "At **one**.", "audience": { "expression": "everyone" } });
    for path in ["/broadcasts", "/broadcasts?then=send"] {
        let made = stage.post(path, "Admin/1", &drill).await;
        ensure!(made.status == 201, "{path}: {made:?}");
    }
    Ok(())
}

/// Whoever started us holds the other end of our input; when they are gone, however they went, it ends. A terminal's does not.
fn input_ends() -> oneshot::Receiver<()> {
    let (gone, ends) = oneshot::channel();
    // A thread of its own: the runtime would wait for a read that never ends.
    std::thread::spawn(move || {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        let _ = gone.send(());
    });
    ends
}
