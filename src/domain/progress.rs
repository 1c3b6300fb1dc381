//! Counts by state, and the sum that they must always make.

use serde::{Deserialize, Serialize};

/// Where everybody of a broadcast stands. `targeted` is the sum of all the others, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Progress {
    /// Everybody whom the audience names and the directory knows.
    pub targeted: u64,
    /// Not settled yet.
    pub pending: u64,
    /// Teams took the message.
    pub sent: u64,
    /// Cannot be delivered, for a named reason.
    pub failed: u64,
    /// Cannot be reached by rule.
    pub skipped: u64,
    /// May have arrived.
    pub unconfirmed: u64,
    /// The broadcast was cancelled before their turn.
    pub cancelled: u64,
}

impl Progress {
    /// Builds progress from what the chunks counted; whoever they did not count is pending, or cancelled when the
    /// broadcast is.
    ///
    /// `late_sent` and `late_failed` are the unconfirmed whom a late answer proved.
    pub fn from_counts(targeted: u64, counted: Counted, broadcast_cancelled: bool) -> Self {
        let Counted { sent, failed, skipped, unconfirmed, late_sent, late_failed } = counted;
        let rest = targeted.saturating_sub(sent + failed + skipped + unconfirmed);
        Self {
            targeted,
            pending: if broadcast_cancelled { 0 } else { rest },
            sent: sent + late_sent,
            failed: failed + late_failed,
            skipped,
            unconfirmed: unconfirmed.saturating_sub(late_sent + late_failed),
            cancelled: if broadcast_cancelled { rest } else { 0 },
        }
    }

    /// Everybody who has a final state.
    pub const fn settled(&self) -> u64 {
        self.sent + self.failed + self.skipped + self.unconfirmed + self.cancelled
    }

    /// Whether the sum holds.
    pub const fn adds_up(&self) -> bool {
        self.targeted == self.pending + self.settled()
    }
}

/// The sums over a broadcast's chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "named as the columns of `chunk`")]
pub struct Counted {
    pub sent: u64,
    pub failed: u64,
    pub skipped: u64,
    pub unconfirmed: u64,
    pub late_sent: u64,
    pub late_failed: u64,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_sum_always_holds(
            rest in 0_u64..1000, sent in 0_u64..1000, failed in 0_u64..1000, skipped in 0_u64..1000,
            late_sent in 0_u64..100, late_failed in 0_u64..100, doubtful in 0_u64..100, cancelled: bool,
        ) {
            let unconfirmed = late_sent + late_failed + doubtful;
            let counted = Counted { sent, failed, skipped, unconfirmed, late_sent, late_failed };
            let progress =
                Progress::from_counts(rest + sent + failed + skipped + unconfirmed, counted, cancelled);
            prop_assert!(progress.adds_up());
            prop_assert_eq!(progress.unconfirmed, doubtful);
        }
    }
}
