//! The real clock, the real dice, and which process we are. The only file that reads any of them.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

use crate::domain::time::{Monotonic, Timestamp};
use crate::ports::{Clock, Pending, ProcessIdentity, Random};

/// The machine's own clocks.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// One origin for the whole process, so that two `SystemClock`s agree.
fn origin() -> Instant {
    static ORIGIN: OnceLock<Instant> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the stopwatch")]
    *ORIGIN.get_or_init(Instant::now)
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        chrono::Utc::now()
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::from_origin(origin().elapsed())
    }

    fn sleep_until(&self, at: Monotonic) -> Pending<()> {
        let wait: Duration = at.saturating_since(self.monotonic());
        #[expect(clippy::disallowed_methods, reason = "this is the one place that sleeps")]
        Box::pin(tokio::time::sleep(wait))
    }
}

/// The thread's generator of `rand`: ChaCha with 12 rounds, seeded by the operating system and again after every 64 KB. It is
/// fit for secrets, and what browsers sign in with is made of it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws chance")]
    fn next_u64(&self) -> u64 {
        rand::random()
    }
}

/// Which process this is, so that a successor on this host can prove that it is gone.
///
/// Where the system does not tell (anything but Linux), the host is unique to this process: nothing is ever proved
/// about it, and its lease simply runs out.
pub fn process_identity(random: &dyn Random) -> ProcessIdentity {
    let pid = std::process::id();
    match (host_name(), started(pid)) {
        (Some(host), Some(started)) => ProcessIdentity { host, pid, started },
        _ => ProcessIdentity { host: format!("unknown {:016x}", random.next_u64()), pid, started: 0 },
    }
}

/// Proves that a process of this host is gone: nobody has its pid, or somebody who started at another time, or it is
/// dead and only not buried yet. `false` when in doubt.
pub fn is_gone(process: &ProcessIdentity) -> bool {
    if host_name().as_deref() != Some(process.host.as_str()) {
        return false;
    }
    let Ok(pid) = i32::try_from(process.pid) else { return false };
    // A signal of 0 only asks whether there is such a process; `/proc` may hide those of others.
    match kill(Pid::from_raw(pid), None) {
        Err(Errno::ESRCH) => true,
        _ => std::fs::read_to_string(stat_path(process.pid))
            .is_ok_and(|stat| alive_since(&stat) != Some(process.started)),
    }
}

/// This boot of this host, and the process namespace: equal for processes that can see each other.
fn host_name() -> Option<String> {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), namespace.display()))
}

/// When a living process started, in clock ticks since boot; `None` when there is none, or a dead one.
///
/// Source: proc_pid_stat(5): the name stands in parentheses and may hold any character; state is field 3 and the start
/// time field 22.
fn started(pid: u32) -> Option<u64> {
    alive_since(&std::fs::read_to_string(stat_path(pid)).ok()?)
}

fn stat_path(pid: u32) -> String {
    format!("/proc/{pid}/stat")
}

fn alive_since(stat: &str) -> Option<u64> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_not_gone_and_its_twin_from_another_time_is() {
        let me = process_identity(&SystemRandom);
        assert!(!is_gone(&me));
        if cfg!(target_os = "linux") {
            assert!(is_gone(&ProcessIdentity { started: me.started + 1, ..me.clone() }));
            assert!(!is_gone(&ProcessIdentity { host: "another".into(), ..me }));
        }
    }
}
