//! How close messages to one and the same chat may follow each other.
//!
//! A bot may write to a chat seven times in a second, and less in longer windows. One announcement comes nowhere near
//! that; eight at once do, for they walk through the same people in the same order. Kept as exactly as a bucket's quota:
//! the start instants of the last messages, for each chat that was written to lately.
//!
//! The bound: a chat is forgotten once its messages are so old that as many could have come at the slowest pace that a
//! quota allows, two seconds each by the published ones. So the list holds little more than the chats of two seconds.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::ids::RecipientKey;
use super::pacing::{JITTER_ON_THE_WAY, Quota};
use super::time::Monotonic;

/// Remembered longer than that by a twentieth: the last messages before a chat is forgotten come on top.
const LONGER: (u32, u32) = (21, 20);

/// Keeps the messages to each chat apart.
#[derive(Debug, Clone)]
pub struct Spacing<K = RecipientKey> {
    quotas: Vec<Quota>,
    /// How long one message is remembered.
    each: Duration,
    starts: BTreeMap<K, VecDeque<Monotonic>>,
    /// Who is to be looked at again, and when: perhaps she can be forgotten.
    due: VecDeque<(Monotonic, K)>,
}

impl<K> Default for Spacing<K> {
    fn default() -> Self {
        Self { quotas: Vec::new(), each: Duration::ZERO, starts: BTreeMap::new(), due: VecDeque::new() }
    }
}

impl<K: Ord + Clone> Spacing<K> {
    /// Spacing by `quotas`, all of which each chat keeps. Without any, nothing is remembered.
    pub fn by(quotas: Vec<Quota>) -> Self {
        let slowest = quotas.iter().map(|quota| quota.window / quota.requests).max().unwrap_or_default();
        Self { quotas, each: slowest * LONGER.0 / LONGER.1, ..Self::default() }
    }

    /// How many chats are remembered.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Nobody was written to lately.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The instant before which the next message to `person` may not start.
    pub fn earliest(&self, person: &K) -> Monotonic {
        let Some(starts) = self.starts.get(person) else { return Monotonic::ZERO };
        let after = |quota: &Quota| {
            let place = starts.len().checked_sub(quota.requests as usize)?;
            Some(starts[place] + quota.window + JITTER_ON_THE_WAY)
        };
        self.quotas.iter().filter_map(after).max().unwrap_or(Monotonic::ZERO)
    }

    /// A message to `person` starts at `now`.
    ///
    /// Invariant: the caller asked [`Self::earliest`] first.
    pub fn start(&mut self, person: K, now: Monotonic) {
        let Some(most) = self.quotas.iter().map(|quota| quota.requests as usize).max() else { return };
        self.forget(now);
        let starts = self.starts.entry(person.clone()).or_default();
        if starts.is_empty() {
            self.due.push_back((now + self.each, person));
        }
        if starts.len() == most {
            starts.pop_front();
        }
        starts.push_back(now);
    }

    fn forget(&mut self, now: Monotonic) {
        while let Some((_, person)) = self.due.pop_front_if(|(at, _)| *at <= now) {
            let Some(starts) = self.starts.get(&person) else { continue };
            let remembered = self.each.saturating_mul(u32::try_from(starts.len()).unwrap_or(u32::MAX));
            let last = starts.back().copied().unwrap_or(Monotonic::ZERO);
            if last + remembered <= now {
                self.starts.remove(&person);
            } else {
                self.due.push_back((now + self.each, person));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn published() -> Vec<Quota> {
        ["7/s", "8/2s", "60/30s", "1800/h"].map(|text| text.parse().unwrap()).to_vec()
    }

    proptest! {
        #[test]
        fn no_window_of_any_quota_ever_holds_more(
            pauses in prop::collection::vec((0_u64..3, 0_u64..900), 1..600),
            idle in prop::collection::vec(0_u64..40_000, 600),
        ) {
            let (mut spacing, mut now, mut starts) = (Spacing::by(published()), Monotonic::ZERO, Vec::new());
            for ((kind, pause), idle) in pauses.into_iter().zip(idle) {
                let pause = if kind == 0 { idle } else { pause };
                now = (now + Duration::from_millis(pause)).max(spacing.earliest(&RecipientKey(1)));
                spacing.start(RecipientKey(1), now);
                starts.push(now);
            }
            for quota in published() {
                for (place, start) in starts.iter().enumerate() {
                    let within = starts[place..].iter().take_while(|at| at.saturating_since(*start) < quota.window);
                    prop_assert!(within.count() <= quota.requests as usize, "{quota}");
                }
            }
        }
    }

    #[test]
    fn chats_wait_for_their_own_messages_and_for_nobody_elses() {
        let mut spacing = Spacing::by(published());
        let at = |milliseconds| Monotonic::from_origin(Duration::from_millis(milliseconds));
        (0..7).for_each(|_| spacing.start(RecipientKey(1), at(1000)));
        assert_eq!(spacing.earliest(&RecipientKey(1)), at(2015));
        assert_eq!(spacing.earliest(&RecipientKey(2)), Monotonic::ZERO);
        spacing.start(RecipientKey(1), at(2015));
        assert_eq!(spacing.earliest(&RecipientKey(1)), at(3015), "the eighth within two seconds");
    }

    #[test]
    fn whoever_was_written_to_long_ago_is_forgotten() {
        let mut spacing = Spacing::by(published());
        for number in 0..50 * 3600 {
            spacing
                .start(RecipientKey(number), Monotonic::from_origin(Duration::from_millis(number.unsigned_abs() * 20)));
            assert!(spacing.len() <= 50 * 3, "{} chats after {number} messages", spacing.len());
        }
        assert!(Spacing::<RecipientKey>::by(Vec::new()).is_empty());
    }
}
