//! The real clock and the real dice. The only file that reads either.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::domain::time::{Monotonic, Timestamp};
use crate::ports::{Clock, Pending, Random};

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

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that draws chance")]
    fn next_u64(&self) -> u64 {
        rand::random()
    }
}
