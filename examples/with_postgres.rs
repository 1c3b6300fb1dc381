//! Runs a command beside a scratch Postgres: `cargo run --example with_postgres -- cargo nextest run`.
//!
//! The command finds the server in `STENTOR_TEST_DATABASE_URL`; its exit code becomes ours. The server forgets
//! everything at the end, and does not even sync to disk: it is for tests.

use std::process::{ExitCode, ExitStatus};
use std::sync::Arc;

use stentor::adapters::postgres::managed::Managed;
use stentor::adapters::postgres::managed::testing::{TEST_CLUSTER, TEST_DATABASE_URL};
use stentor::adapters::system::SystemClock;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> anyhow::Result<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    let program = args.next().ok_or_else(|| anyhow::anyhow!("which command shall I run?"))?;
    // A terminal tells the command about Ctrl-C too; the server outlives it by the time of its last words.
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let managed = Managed::scratch(TEST_CLUSTER, Arc::new(SystemClock)).await?;
    let mut child =
        Command::new(program).args(args).env(TEST_DATABASE_URL, managed.url()).kill_on_drop(true).spawn()?;
    let status = loop {
        tokio::select! {
            status = child.wait() => break status?,
            _ = interrupted.recv() => {}
            _ = terminated.recv() => child.start_kill()?,
        }
    };
    managed.stop().await;
    Ok(code(status))
}

/// A command that was killed has no code; a shell would report a failure too.
fn code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
