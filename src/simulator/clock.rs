//! Time as one simulated process has it: a wall clock that may be wrong, a stopwatch, and perhaps no time at all.
//!
//! All processes of a story share one true time, the runtime's own, which leaps to the next instant at which anybody
//! does anything. What differs is what each makes of it: a clock that is fast, one that an administrator sets, a
//! process that is frozen and thinks, once thawed, that nothing has happened.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::domain::time::{Monotonic, Timestamp};
use crate::ports::{Clock, Pending};

/// Whether a process gets any time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It runs.
    Running,
    /// It stands still: no timer fires and no answer arrives, while the world goes on.
    Frozen,
    /// It is gone and never comes back.
    Dead,
}

/// True time: the runtime's, told from one instant of the calendar.
///
/// Invariant: the runtime is paused (`start_paused`), so equal stories read equal instants.
#[derive(Debug, Clone, Copy)]
pub struct TrueTime {
    origin: Instant,
    base: Timestamp,
}

impl TrueTime {
    /// Time begins, at `base`.
    pub fn beginning_at(base: Timestamp) -> Self {
        Self { origin: instant(), base }
    }

    /// How long ago time began.
    pub fn elapsed(&self) -> Duration {
        instant() - self.origin
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.base + self.elapsed()
    }

    /// Resolves once so much time has passed since it began.
    pub async fn until(&self, elapsed: Duration) {
        tokio::time::sleep_until(self.origin + elapsed).await;
    }
}

/// The one reading of the runtime's clock.
#[expect(clippy::disallowed_methods, reason = "this is the Clock port of simulated processes: the runtime's is paused")]
fn instant() -> Instant {
    Instant::now()
}

/// The clock of one simulated process.
#[derive(Debug)]
pub struct VirtualClock {
    time: TrueTime,
    /// How far the wall clock is ahead, in milliseconds.
    skew: AtomicI64,
    /// What the stopwatch missed while the machine was suspended, in nanoseconds.
    missed: AtomicU64,
    standing: Arc<Standing>,
}

/// Whether a process gets time, and who waits for it. Waiters are woken in the order in which they came: a `watch` channel
/// wakes them as chance has it.
#[derive(Debug)]
struct Standing {
    life: Mutex<Life>,
    changed: Notify,
}

impl Standing {
    fn life(&self) -> Life {
        *self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn become_now(&self, next: Life) {
        *self.life.lock().unwrap_or_else(PoisonError::into_inner) = next;
        self.changed.notify_waiters();
    }

    async fn running(&self) {
        loop {
            let changed = self.changed.notified();
            if self.life() == Life::Running {
                return;
            }
            changed.await;
        }
    }
}

impl VirtualClock {
    /// A running process's clock, whose wall clock is ahead by `skew_milliseconds`.
    pub fn new(time: TrueTime, skew_milliseconds: i64) -> Self {
        let (skew, missed) = (AtomicI64::new(skew_milliseconds), AtomicU64::new(0));
        let standing = Standing { life: Mutex::new(Life::Running), changed: Notify::new() };
        Self { time, skew, missed, standing: Arc::new(standing) }
    }

    /// An administrator sets the wall clock, by so many milliseconds forward or back.
    pub fn jump(&self, milliseconds: i64) {
        self.skew.fetch_add(milliseconds, Ordering::Relaxed);
    }

    /// Takes the process's time away.
    pub fn freeze(&self) {
        self.become_if_alive(Life::Frozen);
    }

    /// Gives it back. `missed` is what the stopwatch did not count: nothing after SIGSTOP, all of it after the whole
    /// machine was suspended.
    pub fn thaw(&self, missed: Duration) {
        self.missed.fetch_add(u64::try_from(missed.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.become_if_alive(Life::Running);
    }

    /// Takes it for ever.
    pub fn end(&self) {
        self.standing.become_now(Life::Dead);
    }

    /// Whether the process gets any time.
    pub fn life(&self) -> Life {
        self.standing.life()
    }

    /// What the stopwatch has missed so far.
    pub fn missed(&self) -> Duration {
        Duration::from_nanos(self.missed.load(Ordering::Relaxed))
    }

    fn become_if_alive(&self, next: Life) {
        let life = self.life();
        if life != Life::Dead && life != next {
            self.standing.become_now(next);
        }
    }

    /// Resolves when the process gets time: at once while it runs, never once it is dead.
    pub async fn running(&self) {
        self.standing.running().await;
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.time.now() + TimeDelta::milliseconds(self.skew.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::from_origin(self.time.elapsed().saturating_sub(self.missed()))
    }

    fn sleep_until(&self, at: Monotonic) -> Pending<()> {
        let missed = self.missed();
        let (time, standing) = (self.time, Arc::clone(&self.standing));
        // A timer set before a suspension fires early by what the stopwatch missed. The engine asks the clock again.
        Box::pin(async move {
            time.until(at.since_origin() + missed).await;
            standing.running().await;
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paused() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
    }

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn hours_pass_in_no_time_and_clocks_disagree() {
        paused().block_on(async {
            let time = TrueTime::beginning_at(Timestamp::UNIX_EPOCH);
            let (fast, slow) = (VirtualClock::new(time, 5_000), VirtualClock::new(time, -5_000));
            fast.sleep_until(fast.monotonic() + 3_600 * SECOND).await;
            assert_eq!(fast.now() - slow.now(), TimeDelta::seconds(10));
            assert_eq!(time.elapsed().as_secs(), 3_600);
            fast.jump(-7_000);
            assert_eq!(fast.now() - slow.now(), TimeDelta::seconds(3));
        });
    }

    #[test]
    fn a_frozen_process_sleeps_until_it_is_thawed_and_a_dead_one_for_ever() {
        paused().block_on(async {
            let time = TrueTime::beginning_at(Timestamp::UNIX_EPOCH);
            let clock = VirtualClock::new(time, 0);
            clock.freeze();
            let timer = clock.sleep_until(clock.monotonic() + SECOND);
            let thawing = async {
                time.until(30 * SECOND).await;
                clock.thaw(29 * SECOND);
            };
            tokio::join!(timer, thawing);
            assert_eq!((time.elapsed().as_secs(), clock.monotonic().since_origin().as_secs()), (30, 1));
            clock.end();
            clock.thaw(Duration::ZERO);
            let never = tokio::time::timeout(3_600 * SECOND, clock.sleep_until(clock.monotonic() + SECOND));
            assert!(never.await.is_err());
        });
    }
}
