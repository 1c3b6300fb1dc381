//! Ctrl-C and SIGTERM: the first asks to stop in order, the second stops at once.

use std::io::IsTerminal;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::text;

/// The exit code of a program that was interrupted, as shells know it.
const INTERRUPTED: i32 = 130;

/// A token that the first signal cancels. The second ends the process: everything that matters is in the database.
pub(super) fn on_signals() -> anyhow::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        either(&mut interrupt, &mut terminate).await;
        told.cancel();
        // Whoever collects the log line by line has no Ctrl-C.
        if std::io::stderr().is_terminal() {
            text::aside("Stopping in order. Press Ctrl-C again to stop at once.");
        } else {
            tracing::info!("stopping in order; a second signal stops at once");
        }
        either(&mut interrupt, &mut terminate).await;
        std::process::exit(INTERRUPTED);
    });
    Ok(stop)
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) {
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}
