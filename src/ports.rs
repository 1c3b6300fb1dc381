//! What we ask of the world: the five traits between the use cases and everything outside.

use std::future::Future;
use std::pin::Pin;

use crate::domain::time::{Monotonic, Timestamp};

/// A future that a port hands out; boxed, so that the ports stay trait objects.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The only source of time.
pub trait Clock: Send + Sync {
    /// The present instant in UTC. It may jump when an administrator sets the clock.
    fn now(&self) -> Timestamp;

    /// The present instant of the process's stopwatch. It never goes back.
    fn monotonic(&self) -> Monotonic;

    /// Resolves at `at`, or at once when `at` has passed.
    fn sleep_until(&self, at: Monotonic) -> Pending<()>;
}

/// The only source of chance.
pub trait Random: Send + Sync {
    /// Sixty-four fresh bits.
    fn next_u64(&self) -> u64;
}
