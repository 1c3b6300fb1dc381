//! How long a lease is worth: the rules that keep two owners of one tenant from ever sending at the same time.
//!
//! Three clocks meet here and agree on nothing but their speed. The database judges when a lease has *ended*; the owner
//! judges by its own stopwatch when it must *stop*; and a request that was let go late may spend a while on the way.
//! So the owner counts from the moment it *asked* (the database cannot have stamped earlier), leaves
//! [`LeaseTerms::stop_before`] early, and the successor comes [`LeaseTerms::grace`] late:
//!
//! ```text
//!  asked        stamped                    owner stops        lease ends        successor may take
//!    ├────────────┼───────────────────────────┤ ← stop_before → ┤ ←    grace    → ┤
//!    └─ stopwatch: lease - stop_before ───────┘                 ·                 ·
//!                 └─ database: lease ───────────────────────────┘─────────────────┘
//! ```
//!
//! The worker (`app/lease.rs`), the settings' checks and the exhaustive tests run these very functions;
//! `leases.rs` beside the other SQL says the same of [`LeaseTerms::may_take`] and [`is_alive`] in its own language.

use std::time::Duration;

use super::time::{Monotonic, Timestamp};

/// The durations that an owner and its successor have agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseTerms {
    /// How long a lease lasts without renewal, by the database's clock.
    pub lease: Duration,
    /// How often it is renewed.
    pub renew_every: Duration,
    /// No request starts later than `lease - stop_before` after the last renewal was sent, by our stopwatch.
    pub stop_before: Duration,
    /// How long after its end a lease is left alone, before somebody else takes the tenant.
    pub grace: Duration,
}

impl Default for LeaseTerms {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { lease: seconds(10), renew_every: seconds(2), stop_before: seconds(2), grace: seconds(2) }
    }
}

/// Two durations that do not go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Contradiction {
    /// One late renewal would lose the lease.
    #[error("the lease is not more than twice the time between two renewals")]
    OneLateRenewalLosesIt,
    /// The owner has to stop before it may start.
    #[error("the owner stops before its lease begins")]
    NothingEverStarts,
    /// The owner has to stop each time before the next renewal is due.
    #[error("the owner stops before the next renewal is due")]
    NoTimeBetweenRenewals,
    /// A request let go in time would reach the wire when somebody else may be the owner.
    #[error("a late connection may meet the next owner")]
    LateConnection,
}

impl LeaseTerms {
    /// How long requests may start after a renewal was sent; zero when nothing may.
    pub const fn good_for(&self) -> Duration {
        self.lease.saturating_sub(self.stop_before)
    }

    /// How long a request that was let go in time may be under way before somebody else can be the owner.
    pub const fn spare(&self) -> Duration {
        self.stop_before.saturating_add(self.grace)
    }

    /// Until when a lease lasts that the database stamps at `now`, by its own clock.
    pub fn alive_until(&self, now: Timestamp) -> Timestamp {
        now + self.lease
    }

    /// Whether somebody else may take what the holder of a lease until `alive_until` holds, by the database's clock.
    pub fn may_take(&self, alive_until: Timestamp, now: Timestamp) -> bool {
        alive_until + self.grace <= now
    }

    /// What contradicts itself in these terms.
    pub fn contradictions(&self) -> Vec<Contradiction> {
        let mut found = Vec::new();
        if self.lease <= self.renew_every * 2 {
            found.push(Contradiction::OneLateRenewalLosesIt);
        }
        if self.stop_before >= self.lease {
            found.push(Contradiction::NothingEverStarts);
        } else if self.good_for() <= self.renew_every {
            found.push(Contradiction::NoTimeBetweenRenewals);
        }
        found
    }

    /// Checks that a request which takes at most `on_the_way` to reach the wire never meets the next owner there.
    ///
    /// # Errors
    /// [`Contradiction::LateConnection`].
    pub fn outlast(&self, on_the_way: Duration) -> Result<(), Contradiction> {
        if on_the_way < self.spare() { Ok(()) } else { Err(Contradiction::LateConnection) }
    }
}

/// Whether a lease until `alive_until` can still be renewed, by the database's clock. One that has ended never is: its
/// run must come back as another.
pub fn is_alive(alive_until: Timestamp, now: Timestamp) -> bool {
    alive_until > now
}

/// Until when an owner may start requests.
///
/// Kept twice: by the stopwatch, which no administrator moves, and by the wall clock, which goes on while the machine
/// sleeps. Whichever comes first counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StartUntil {
    stopwatch: Monotonic,
    wall: Timestamp,
}

impl StartUntil {
    /// Nothing may start.
    pub const NEVER: Self = Self { stopwatch: Monotonic::ZERO, wall: Timestamp::UNIX_EPOCH };

    /// After a renewal that succeeded and was *sent* at `sent_at`, by both clocks.
    #[must_use]
    pub fn renewed(self, terms: &LeaseTerms, sent_at: (Monotonic, Timestamp)) -> Self {
        let good_for = terms.good_for();
        // By the wall clock the newest word counts, also when it was set back.
        Self { stopwatch: self.stopwatch.max(sent_at.0 + good_for), wall: sent_at.1 + good_for }
    }

    /// A request may start at this instant, told by both clocks.
    pub fn allows(self, now: Monotonic, wall: Timestamp) -> bool {
        now < self.stopwatch && wall < self.wall
    }

    /// The same instant by the stopwatch alone.
    pub const fn stopwatch(self) -> Monotonic {
        self.stopwatch
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn at(millis: i64) -> Timestamp {
        chrono::Utc.timestamp_millis_opt(1_800_000_000_000 + millis).unwrap()
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    proptest! {
        #[test]
        fn whatever_starts_in_time_is_on_the_wire_before_a_successor_may_take(
            lease in 3_u64..60_000, stop_part in 0_u64..=100, grace in 1_u64..10_000, way_part in 0_u64..=100,
            sent in 0_u64..10_000, answer_took in 0_u64..60_000, start_part in 0_u64..=110,
        ) {
            let stop_before = (lease - 2) * stop_part / 100;
            let way = (stop_before + grace - 1) * way_part / 100;
            let started = sent + (lease - stop_before) * start_part / 100;
            let (lease, stop_before, grace) = (millis(lease), millis(stop_before), millis(grace));
            let terms = LeaseTerms { lease, renew_every: millis(1), stop_before, grace };
            prop_assert_eq!((terms.contradictions(), terms.outlast(millis(way))), (vec![], Ok(())));
            let clocks = |since: u64| (Monotonic::from_origin(millis(since)), at(since as i64));
            let until = StartUntil::NEVER.renewed(&terms, clocks(sent));
            // The database stamps after it was asked, never before.
            let alive_until = terms.alive_until(at((sent + answer_took) as i64));
            let (now, wall) = clocks(started);
            if until.allows(now, wall) {
                prop_assert!(!terms.may_take(alive_until, at((started + way) as i64)));
            }
        }
    }

    #[test]
    fn the_documented_terms_contradict_nothing() {
        let terms = LeaseTerms::default();
        assert_eq!((terms.contradictions(), terms.good_for(), terms.spare()), (vec![], millis(8000), millis(4000)));
        assert_eq!(terms.outlast(millis(4000)), Err(Contradiction::LateConnection));
    }

    #[test]
    fn a_wall_clock_that_was_set_back_or_forward_stops_us_rather_than_lets_us_go_on() {
        let terms = LeaseTerms::default();
        let (origin, second) = (Monotonic::ZERO, Duration::from_secs(1));
        let until = StartUntil::NEVER.renewed(&terms, (origin, at(0)));
        assert!(until.allows(origin + second * 7, at(7999)));
        assert!(!until.allows(origin + second * 7, at(8000)) && !until.allows(origin + second * 8, at(0)));
        let set_back = until.renewed(&terms, (origin + second, at(-60_000)));
        assert!(!set_back.allows(origin + second * 2, at(0)) && set_back.allows(origin + second * 2, at(-60_000)));
    }

    #[test]
    fn a_lease_that_ended_is_never_renewed_and_is_left_alone_for_the_grace() {
        let terms = LeaseTerms::default();
        let until = terms.alive_until(at(0));
        assert!(is_alive(until, at(9_999)) && !is_alive(until, at(10_000)));
        assert!(!terms.may_take(until, at(11_999)) && terms.may_take(until, at(12_000)));
    }
}
