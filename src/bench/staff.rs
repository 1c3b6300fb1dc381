//! Worker processes of our own: engaged, frozen, thawed, killed, asked to stop. None outlives the bench.

use std::fs::{File, OpenOptions};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::ports::Clock;

/// How long a worker that is asked to stop may take: what is on the wire is waited for.
const STOP_PATIENCE: Duration = Duration::from_secs(40);

/// Whoever engages workers.
pub(super) struct Staff {
    program: PathBuf,
    settings: PathBuf,
    environment: &'static [(&'static str, &'static str)],
    log: PathBuf,
}

impl Staff {
    /// Workers by the settings of this file and, above them, those of `environment`, whose names lack the prefix.
    pub(super) fn new(settings: PathBuf, environment: &'static [(&'static str, &'static str)]) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot find the program itself")?;
        let log = settings.with_file_name("workers.log");
        Ok(Self { program, settings, environment, log })
    }

    /// Starts a worker; it may take some tenths of a second until it holds anything.
    pub(super) fn engage(&self) -> anyhow::Result<Worker> {
        let log = self.open_log(&self.log)?;
        let mut command = Command::new(&self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("STENTOR_") {
                command.env_remove(name);
            }
        }
        command
            .args(["work", "--config"])
            .arg(&self.settings)
            .envs(self.environment.iter().map(|(key, value)| (format!("STENTOR__{key}"), *value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        Ok(Worker(command.spawn().with_context(|| format!("cannot run {}", self.program.display()))?))
    }

    fn open_log(&self, path: &Path) -> anyhow::Result<File> {
        let opened = OpenOptions::new().create(true).append(true).open(path);
        opened.with_context(|| format!("cannot write {}", path.display()))
    }

    /// The last lines that workers wrote, for whoever has to find out why a round did not end.
    pub(super) fn last_words(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

/// A worker process. Dropping it kills it.
pub(super) struct Worker(Child);

impl Worker {
    pub(super) fn pid(&self) -> u32 {
        self.0.id()
    }

    pub(super) fn freeze(&self) {
        self.signal(Signal::SIGSTOP);
    }

    pub(super) fn thaw(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Kills it; what it had on the wire is on the wire.
    pub(super) fn slay(mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    /// Asks it to stop, and waits until it has.
    pub(super) async fn dismiss(mut self, clock: &dyn Clock) -> anyhow::Result<()> {
        self.signal(Signal::SIGTERM);
        let give_up_at = clock.monotonic() + STOP_PATIENCE;
        loop {
            if let Some(status) = self.0.try_wait()? {
                // One that was engaged an instant ago does not listen yet, and holds nothing either.
                let did_not_listen = status.signal() == Some(Signal::SIGTERM as i32);
                anyhow::ensure!(
                    status.success() || did_not_listen,
                    "a worker that was asked to stop ended with {status}"
                );
                return Ok(());
            }
            anyhow::ensure!(clock.monotonic() < give_up_at, "a worker that was asked to stop does not");
            clock.sleep_until(clock.monotonic() + Duration::from_millis(10)).await;
        }
    }

    fn signal(&self, signal: Signal) {
        // Invariant: it is our child and was not waited for, so the number is still its own.
        let _ = kill(Pid::from_raw(self.0.id().cast_signed()), signal);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
