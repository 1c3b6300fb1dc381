//! Counts by state, and the sum that they must always make.

use serde::{Deserialize, Serialize};

/// Where everybody of a broadcast stands. `targeted` is the sum of all the others, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
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
    /// Builds progress from what the chunks of one round counted; whoever they did not count is pending, or cancelled
    /// when the round is over.
    ///
    /// `late_sent` and `late_failed` are the unconfirmed whom a late answer proved.
    pub fn from_counts(targeted: u64, counted: Counted, over: bool) -> Self {
        let Counted { sent, failed, skipped, unconfirmed, late_sent, late_failed } = counted;
        let rest = targeted.saturating_sub(sent + failed + skipped + unconfirmed);
        Self {
            targeted,
            pending: if over { 0 } else { rest },
            sent: sent + late_sent,
            failed: failed + late_failed,
            skipped,
            unconfirmed: unconfirmed.saturating_sub(late_sent + late_failed),
            cancelled: if over { rest } else { 0 },
        }
    }

    /// The same people after a retry of some of them: those stand where the retry has them, and no longer where they
    /// stood before.
    #[must_use]
    pub fn retried(self, retry: &Self, from: Retried) -> Self {
        Self {
            targeted: self.targeted,
            pending: self.pending + retry.pending,
            sent: self.sent + retry.sent,
            failed: (self.failed + retry.failed).saturating_sub(from.failed),
            skipped: self.skipped + retry.skipped,
            unconfirmed: (self.unconfirmed + retry.unconfirmed).saturating_sub(from.unconfirmed),
            cancelled: self.cancelled + retry.cancelled,
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

/// Where the people of a retry stood before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "named as the states")]
pub struct Retried {
    pub failed: u64,
    pub unconfirmed: u64,
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

        #[test]
        fn a_retry_moves_people_and_the_sum_still_holds(
            failed in 0_u64..100, again in 0_u64..100, unconfirmed in 0_u64..100, doubted in 0_u64..100,
            reached in 0_u64..300, over: bool,
        ) {
            let first = Counted { sent: 1000, failed, unconfirmed, ..Counted::default() };
            let first = Progress::from_counts(1000 + failed + unconfirmed, first, true);
            let from = Retried { failed: again.min(failed), unconfirmed: doubted.min(unconfirmed) };
            let people = from.failed + from.unconfirmed;
            let sent = reached.min(people);
            let retry = Progress::from_counts(people, Counted { sent, ..Counted::default() }, over);
            let now = first.retried(&retry, from);
            prop_assert!(now.adds_up());
            prop_assert_eq!((now.targeted, now.sent), (first.targeted, 1000 + sent));
        }
    }
}
