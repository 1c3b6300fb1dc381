//! When to try again, and when to stop.
//!
//! The delay before try *n* is computed from the stored number of tries, never from a counter in memory: a
//! restart must not begin again at one second. The `backoff` crate supplies the curve and nothing else; its own
//! clock, state and dice stay unused (docs/decisions/0004).

use std::time::Duration;

use backoff::backoff::Backoff;
use serde::{Deserialize, Serialize};

use super::ids::{Ordinal, RoundId};

/// A share of the whole in 0.0..1.0, for spreading waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jitter(f64);

impl Jitter {
    /// No spreading: the full wait.
    pub const FULL: Self = Self(1.0);

    /// The jitter of one attempt. Equal inputs give equal jitter, so a restart recomputes the same due time.
    pub fn of(round: RoundId, ordinal: Ordinal, attempt: u32) -> Self {
        let mut mixed = round.as_i64() as u64 ^ (u64::from(ordinal.0) << 20) ^ u64::from(attempt);
        // SplitMix64: three multiplications that turn neighbours into strangers.
        mixed = mixed.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        Self((mixed >> 11) as f64 / (1_u64 << 53) as f64)
    }

    /// The share.
    pub const fn share(self) -> f64 {
        self.0
    }
}

/// How patient we are with one delivery.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// The longest wait before the second try.
    pub first: Duration,
    /// The longest wait before any try.
    pub longest: Duration,
    /// How many tries a delivery has before it fails. Throttled attempts are not tries.
    pub tries: u8,
    /// How often we look for our own installation before we give up; waits 1, 2, 4, 8 and 16 seconds.
    pub polls: u8,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(900), tries: 12, polls: 6 }
    }
}

impl RetryPolicy {
    /// The wait after `tries_spent` tries (at least 1): exponential, with full jitter.
    pub fn delay(&self, tries_spent: u8, jitter: Jitter) -> Duration {
        let grown = self.first.as_secs_f64() * 2_f64.powi(i32::from(tries_spent.max(1)) - 1);
        let mut curve = backoff::ExponentialBackoff {
            current_interval: Duration::from_secs_f64(grown.min(self.longest.as_secs_f64())),
            max_interval: self.longest,
            max_elapsed_time: None,
            randomization_factor: 0.0,
            ..backoff::ExponentialBackoff::default()
        };
        let whole = curve.next_backoff().unwrap_or(self.longest);
        whole.mul_f64(jitter.share())
    }

    /// The wait before looking again for our own installation, after `polls_made` looks (at least 1).
    ///
    /// 1, 2, 4, 8, 16 seconds, less up to half by jitter. Source: facts, section 3.2, eventual consistency.
    pub fn poll_delay(&self, polls_made: u8, jitter: Jitter) -> Duration {
        let whole = Duration::from_secs(1 << u32::from(polls_made.clamp(1, 5) - 1));
        whole.mul_f64(0.5 + jitter.share() / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_wait_never_exceeds_the_longest(tries in 1_u8.., share in 0_u16..) {
            let policy = RetryPolicy::default();
            let jitter = Jitter::of(RoundId::from_i64(i64::from(tries) << 30), Ordinal(u32::from(share)), u32::from(share));
            prop_assert!(policy.delay(tries, jitter) <= policy.longest);
        }
    }

    #[test]
    fn waits_double_until_the_longest() {
        let policy = RetryPolicy::default();
        let waits: Vec<u64> = (1..=12).map(|tries| policy.delay(tries, Jitter::FULL).as_secs()).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
    }
}
