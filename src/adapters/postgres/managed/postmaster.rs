//! The server process: starts it, watches it, stops it, and tells it from strangers.
//!
//! A thread of its own, the keeper, starts the server and stays until it has ended. Linux ties the signal that
//! a child gets at its parent's death to the *thread* that started it; a worker thread of the runtime could
//! end early and take the database with it.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::{oneshot, watch};

use super::error::{ManagedError, Trying};
use super::home::Home;
use super::pause;
use crate::ports::Clock;

/// How soon the keeper notices that the server died by itself.
const WATCH: Duration = Duration::from_millis(50);

/// How to ask a server to stop, ever more firmly, and how long to wait for each: disconnect everybody and
/// write a checkpoint; leave recovery to the next start; no choice.
const STOPPING: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_secs(60)),
    (Signal::SIGQUIT, Duration::from_secs(10)),
    (Signal::SIGKILL, Duration::from_secs(10)),
];

/// How long a drop, which blocks its thread, waits for the server; the death signal does the rest.
const DROP_PATIENCE: Duration = Duration::from_secs(5);

/// A server that we started. Dropping it stops it.
#[derive(Debug)]
pub(super) struct Postmaster {
    pid: u32,
    /// Nothing is ever sent: the keeper stops the server when this end is gone.
    leash: Option<Sender<std::convert::Infallible>>,
    ended: watch::Receiver<Option<String>>,
}

impl Postmaster {
    /// Starts the server; `gently` says whether its end leaves nothing to recover.
    pub(super) async fn spawn(command: Command, gently: bool, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (leash, held) = channel();
        let (tell_end, ended) = watch::channel(None);
        let (tell_pid, pid) = oneshot::channel();
        thread::Builder::new().name("postgres-keeper".to_owned()).spawn(move || {
            match spawn_mortal(command) {
                Ok(child) => {
                    let _ = tell_pid.send(Ok(child.id()));
                    let end = keep(child, &held, gently, &*clock);
                    let _ = tell_end.send(Some(end));
                }
                Err(error) => drop(tell_pid.send(Err(error))),
            };
        })?;
        let pid = pid.await.map_err(io::Error::other)??;
        Ok(Self { pid, leash: Some(leash), ended })
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// How the server ended, if it has.
    pub(super) fn end(&self) -> Option<String> {
        self.ended.borrow().clone()
    }

    /// Resolves when the server has ended.
    pub(super) async fn ended(&self) -> String {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(end) => end.clone().unwrap_or_default(),
            Err(_) => "its keeper is gone".to_owned(),
        }
    }

    pub(super) async fn stop(mut self) {
        self.leash = None;
        self.ended().await;
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        self.leash = None;
        let step = Duration::from_millis(5);
        let mut waited = Duration::ZERO;
        while self.end().is_none() && waited < DROP_PATIENCE {
            thread::sleep(step);
            waited += step;
        }
    }
}

/// The keeper's whole life: waits until the server ends or is to be stopped, and says how it ended.
fn keep(mut child: Child, held: &Receiver<std::convert::Infallible>, gently: bool, clock: &dyn Clock) -> String {
    loop {
        if let Some(end) = end_of(&mut child) {
            return end;
        }
        match held.recv_timeout(WATCH) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(never) => match never {},
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    for &(signal, patience) in &STOPPING[usize::from(!gently)..] {
        send(child.id(), signal);
        let until = clock.monotonic() + patience;
        while clock.monotonic() < until {
            if let Some(end) = end_of(&mut child) {
                return end;
            }
            thread::sleep(Duration::from_millis(2));
        }
        tracing::warn!(pid = child.id(), %signal, "Postgres does not stop");
    }
    "it does not end".to_owned()
}

fn end_of(child: &mut Child) -> Option<String> {
    match child.try_wait() {
        Ok(None) => None,
        Ok(Some(status)) => Some(status.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

/// Starts `command` so that it does not outlive us, however we end.
///
/// The calling thread must live until the child has ended.
pub(super) fn spawn_mortal(mut command: Command) -> io::Result<Child> {
    command.stdin(Stdio::null());
    #[cfg(target_os = "linux")]
    die_with_parent(&mut command);
    command.spawn()
}

/// Elsewhere than on Linux nothing of the kind exists: an abandoned server is then stopped by the next start.
#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    use std::os::unix::process::CommandExt;

    let parent = nix::unistd::getpid();
    let bind = move || {
        // Runs after the change of user, which would clear the request.
        nix::sys::prctl::set_pdeathsig(Signal::SIGINT)?;
        // The parent may have died before the request was made.
        if nix::unistd::getppid() == parent { Ok(()) } else { Err(io::Error::from(Errno::ESRCH)) }
    };
    // SAFETY: between fork and exec only calls that are safe in a signal handler may be made. `bind` makes two
    // system calls and allocates nothing.
    #[expect(unsafe_code, reason = "the death signal can only be asked for by the child itself")]
    unsafe {
        command.pre_exec(bind);
    }
}

/// What a server writes about itself into its data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: u32,
    pub(super) ready: bool,
}

impl PidFile {
    pub(super) fn read(cluster_dir: &Path) -> Option<Self> {
        let text = fs::read_to_string(cluster_dir.join("postmaster.pid")).ok()?;
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        // The eighth line: starting, ready, standby or stopping.
        Some(Self { pid, ready: lines.nth(6).is_some_and(|status| status.trim() == "ready") })
    }
}

/// Makes room for a new server: waits for an abandoned one to end, and disarms a process number that has gone
/// to a stranger.
///
// Invariant: the caller holds the lock, so no server in this directory has a living owner.
pub(super) async fn clear_the_way(home: &Home, clock: &dyn Clock) -> Result<(), ManagedError> {
    let Some(found) = PidFile::read(&home.cluster_dir).filter(|found| is_alive(found.pid)) else { return Ok(()) };
    if !serves(found.pid, &home.cluster_dir) {
        return disarm(home, found.pid);
    }
    tracing::warn!(pid = found.pid, "an abandoned Postgres still holds the data directory; stopping it");
    for (signal, patience) in &STOPPING[..2] {
        send(found.pid, *signal);
        let until = clock.monotonic() + *patience;
        while clock.monotonic() < until {
            if !is_alive(found.pid) || !serves(found.pid, &home.cluster_dir) {
                return Ok(());
            }
            pause(clock, Duration::from_millis(10)).await;
        }
    }
    Err(ManagedError::Orphan { pid: found.pid })
}

/// Postgres will not start while the process that its pid file names is alive, whoever that is by now. But it
/// disregards its own parent: so the first line comes to name us. The file itself stays, for its other lines
/// let Postgres find out whether a killed server's children are still writing.
fn disarm(home: &Home, stranger: u32) -> Result<(), ManagedError> {
    let path = home.cluster_dir.join("postmaster.pid");
    tracing::info!(stranger, "the pid file of a killed Postgres names a stranger");
    let text = fs::read_to_string(&path).trying("read", &path)?;
    let rest = text.split_once('\n').map_or("", |(_, rest)| rest);
    let disarmed = format!("{}\n{rest}", std::process::id());
    fs::write(&path, disarmed).and_then(|()| File::open(&path)?.sync_all()).trying("write", &path)
}

pub(super) fn is_alive(pid: u32) -> bool {
    !matches!(kill(to_pid(pid), None), Err(Errno::ESRCH))
}

fn send(pid: u32, signal: Signal) {
    if let Err(error) = kill(to_pid(pid), signal) {
        tracing::debug!(pid, %signal, %error, "the signal was not delivered");
    }
}

fn to_pid(pid: u32) -> Pid {
    // A number beyond the range names no process; 0 and negative numbers would name groups.
    Pid::from_raw(i32::try_from(pid).ok().filter(|pid| *pid > 0).unwrap_or(i32::MAX))
}

/// Whether process `pid` is a Postgres server in `cluster_dir`.
#[cfg(target_os = "linux")]
fn serves(pid: u32, cluster_dir: &Path) -> bool {
    let process = Path::new("/proc").join(pid.to_string());
    let is_postgres = fs::read_to_string(process.join("comm")).is_ok_and(|name| name.starts_with("postgres"));
    is_postgres && fs::read_link(process.join("cwd")).is_ok_and(|dir| dir == cluster_dir)
}

/// Whether process `pid` is a Postgres server in `cluster_dir`.
#[cfg(not(target_os = "linux"))]
fn serves(pid: u32, cluster_dir: &Path) -> bool {
    let Ok(output) = Command::new("ps").args(["-o", "command=", "-p", &pid.to_string()]).output() else { return false };
    let command = String::from_utf8_lossy(&output.stdout);
    command.contains("postgres") && command.contains(&*cluster_dir.to_string_lossy())
}
