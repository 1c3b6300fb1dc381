//! The two kinds of time that we reason about.
//!
//! [`Timestamp`] is what the world agrees on and what we store. [`Monotonic`] is what one process measures
//! with: it never jumps, means nothing to anybody else, and is what leases and quotas are kept by.

use std::ops::{Add, Sub};
use std::time::Duration;

/// An instant in UTC, as stored and as shown.
pub type Timestamp = chrono::DateTime<chrono::Utc>;

/// An instant of this process's own stopwatch: the time since an arbitrary origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Monotonic(Duration);

impl Monotonic {
    /// The origin itself.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The instant that lies `since_origin` after the origin.
    pub const fn from_origin(since_origin: Duration) -> Self {
        Self(since_origin)
    }

    /// Time passed since the origin.
    pub const fn since_origin(self) -> Duration {
        self.0
    }

    /// Time from `earlier` to `self`; zero when `earlier` is later.
    pub fn saturating_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Monotonic {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}

impl Sub<Duration> for Monotonic {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration))
    }
}
