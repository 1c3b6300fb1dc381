//! Serves the API on a simulated Teams until it is interrupted, with a gate that believes tokens such as `Admin/1`:
//! `cargo run --example with_postgres -- target/debug/examples/api_stage`. The first line on standard output is its address.
//! For `scripts/fuzz-api`; nobody's data is there, and nobody else can reach it.

use std::io::Write;

use stage::Stage;

#[path = "../tests/api/stage.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod stage;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let stage = Stage::open(200).await;
    writeln!(std::io::stdout(), "{}", stage.url)?;
    tokio::signal::ctrl_c().await?;
    Ok(())
}
