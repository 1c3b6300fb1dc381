//! Do this machine and its database agree what time it is?
//!
//! Leases do not need it: they are judged by the database's clock alone. But deadlines, tokens and everything that a
//! report says of *when* follow our own. So a broadcast is not accepted by a machine whose clock is far off, and a worker
//! goes on but says so.

use std::fmt;
use std::time::Duration;

use crate::domain::time::Timestamp;
use crate::ports::{Clock, Store, StoreError};

/// How far the clocks may be apart. Machines that keep time are within a second, and Entra itself forgives five minutes.
pub const APART_MAX: Duration = Duration::from_secs(60);
/// What to do about it.
pub const CURE: &str = "Set the time on both machines and keep it: `timedatectl set-ntp true`, or chrony or another \
                        NTP client; `timedatectl` shows whether it does.";

/// Clocks that are too far apart to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub struct Apart {
    /// By how much.
    pub by: Duration,
    /// Ours is the one that is ahead.
    pub is_ahead: bool,
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, side) = (self.by.as_secs(), if self.is_ahead { "ahead of" } else { "behind" });
        let limit = APART_MAX.as_secs();
        write!(f, "this machine's clock is {seconds} s {side} the database's; the limit is {limit} s")
    }
}

/// How far the clocks are apart, when that is too far. One statement.
///
/// # Errors
/// [`StoreError`].
pub async fn apart(store: &dyn Store, clock: &dyn Clock) -> Result<Option<Apart>, StoreError> {
    let asked_at = clock.now();
    let theirs = store.clock().await?;
    Ok(compare(asked_at, theirs, clock.now()))
}

/// `theirs` was read at some instant between the other two: what a slow answer explains is not held against anybody.
fn compare(asked_at: Timestamp, theirs: Timestamp, answered_at: Timestamp) -> Option<Apart> {
    let ahead = (asked_at - theirs).to_std().map(|by| Apart { by, is_ahead: true });
    let behind = (theirs - answered_at).to_std().map(|by| Apart { by, is_ahead: false });
    ahead.or(behind).ok().filter(|apart| apart.by > APART_MAX)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        chrono::Utc.timestamp_opt(1_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_minute_is_forgiven_and_more_is_told_with_its_side() {
        assert_eq!(compare(at(0), at(60), at(0)), None);
        assert_eq!(compare(at(60), at(0), at(60)), None);
        let ahead = compare(at(90), at(0), at(91)).unwrap();
        assert!(ahead.to_string().contains("90 s ahead of the database's; the limit is 60 s"), "{ahead}");
        let behind = compare(at(0), at(90), at(1)).unwrap();
        assert!(behind.to_string().contains("89 s behind the database's"), "{behind}");
    }

    #[test]
    fn a_slow_answer_is_no_wrong_clock() {
        assert_eq!(compare(at(0), at(100), at(200)), None);
    }
}
