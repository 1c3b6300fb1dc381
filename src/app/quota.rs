//! The buckets of one tenant: every request passes here, retries included.
//!
//! Two keepers stand in a row. `governor` smooths: it spreads a quota over its window, so that a second's worth is
//! not spent in its first moment. [`Pacer`] is exact: it knows the start of each of the last N requests. Only the
//! second one promises; the first one is kind to the service.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota as GovernorQuota, RateLimiter};

use crate::domain::pacing::{Bucket, Pacer, Quota};
use crate::domain::time::Monotonic;

/// So many answers in a row that mean trouble, and none that does not, open the bucket's breaker.
const TROUBLES_THAT_REST: u32 = 8;

/// What an answer says of its bucket's service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// It works.
    Well,
    /// It said wait.
    Throttled,
    /// It is in trouble: 5xx, no connection, no answer.
    Trouble,
    /// Nothing: the request never left.
    Nothing,
}

/// A smoothed bucket may catch up by this part of its window after a late wake-up; the pacer bounds it exactly.
const CATCH_UP: u32 = 10;

/// Time as `governor` reads it: set by us before each question, so that it sees the same clock as everybody else.
#[derive(Debug, Clone, Default)]
struct Told(Arc<AtomicU64>);

impl GovernorClock for Told {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(self.0.load(Ordering::Relaxed))
    }
}

/// One bucket: its pacer, its smoother, its requests on the wire.
#[derive(Debug)]
struct Paced {
    pacer: Pacer,
    told: Told,
    smoother: RateLimiter<NotKeyed, InMemoryState, Told, NoOpMiddleware<Nanos>>,
    in_flight: u32,
    troubles: u32,
}

impl Paced {
    fn taking_over(quota: Quota, now: Monotonic) -> Self {
        let told = Told::default();
        told.0.store(nanos(now), Ordering::Relaxed);
        let each = quota.window / quota.requests;
        let burst = NonZeroU32::new(quota.requests / CATCH_UP).unwrap_or(NonZeroU32::MIN);
        let smooth = GovernorQuota::with_period(each.max(Duration::from_nanos(1)))
            .expect("a quota's window is longer than nothing")
            .allow_burst(burst);
        let smoother = RateLimiter::direct_with_clock(smooth, told.clone());
        Self { pacer: Pacer::taking_over(quota, now), told, smoother, in_flight: 0, troubles: 0 }
    }

    /// Starts a request at `now`, or says when to ask again.
    fn try_start(&mut self, now: Monotonic) -> Result<(), Monotonic> {
        let earliest = self.pacer.earliest(now);
        if earliest > now {
            return Err(earliest);
        }
        self.told.0.store(nanos(now), Ordering::Relaxed);
        self.smoother.check().map_err(|not_until| {
            Monotonic::from_origin(Duration::from_nanos(not_until.earliest_possible().as_u64()))
        })?;
        self.pacer.start(now);
        self.in_flight += 1;
        Ok(())
    }

    /// How many requests may be on the wire: four seconds' worth, so that a service that hangs does not collect
    /// thousands; one while the breaker is open, to try the service.
    fn flight_max(&self) -> u32 {
        if self.is_open() {
            return 1;
        }
        ((self.pacer.quota().rate() * 4.0) as u32).max(8)
    }
}

impl Paced {
    /// The breaker: mass trouble is the service's, not the people's.
    const fn is_open(&self) -> bool {
        self.troubles >= TROUBLES_THAT_REST
    }
}

fn nanos(at: Monotonic) -> u64 {
    u64::try_from(at.since_origin().as_nanos()).unwrap_or(u64::MAX)
}

/// All buckets of one tenant.
#[derive(Debug)]
pub struct Buckets(BTreeMap<Bucket, Paced>);

impl Buckets {
    /// Buckets that somebody else may have used until `now`: each waits out one window first.
    pub fn taking_over(quotas: &BTreeMap<Bucket, Quota>, now: Monotonic) -> Self {
        Self(quotas.iter().map(|(bucket, quota)| (*bucket, Paced::taking_over(*quota, now))).collect())
    }

    fn of(&mut self, bucket: Bucket) -> &mut Paced {
        self.0.get_mut(&bucket).expect("every bucket has a quota: the settings are checked for it")
    }

    /// Starts a request at `now`, or says when to ask again; `None` when only an answer can make room.
    ///
    /// # Errors
    /// When to ask again.
    pub fn try_start(&mut self, bucket: Bucket, now: Monotonic) -> Result<(), Option<Monotonic>> {
        let paced = self.of(bucket);
        if paced.in_flight >= paced.flight_max() {
            return Err(None);
        }
        paced.try_start(now).map_err(Some)
    }

    /// The instant before which nothing may start in `bucket`.
    pub fn earliest(&mut self, bucket: Bucket, now: Monotonic) -> Monotonic {
        self.of(bucket).pacer.earliest(now)
    }

    /// Requests a second that `bucket` makes at present, and the part of the quota that this is.
    pub fn rate(&mut self, bucket: Bucket, now: Monotonic) -> (f64, f64) {
        let pacer = &self.of(bucket).pacer;
        let share = pacer.share(now);
        (pacer.quota().rate() * share, share)
    }

    /// A request of `bucket` was answered, or given up. `Some` when its breaker is open: until when the bucket rests.
    pub fn landed(&mut self, bucket: Bucket, served: Served, now: Monotonic) -> Option<Monotonic> {
        let paced = self.of(bucket);
        paced.in_flight = paced.in_flight.saturating_sub(1);
        match served {
            Served::Well => {
                paced.troubles = 0;
                paced.pacer.served();
            }
            Served::Trouble => paced.troubles = paced.troubles.saturating_add(1),
            Served::Throttled | Served::Nothing => {}
        }
        (served == Served::Trouble && paced.is_open()).then(|| paced.pacer.rest(now))
    }

    /// The breaker of `bucket` is open: one request at a time, and long rests.
    pub fn is_open(&mut self, bucket: Bucket) -> bool {
        self.of(bucket).is_open()
    }

    /// The rate as the predecessor left it.
    pub fn slowed_to(&mut self, bucket: Bucket, share: f64, slowed_at: Monotonic) {
        self.of(bucket).pacer.slowed_to(share, slowed_at);
    }

    /// The service said wait; returns until when.
    pub fn throttled(&mut self, bucket: Bucket, now: Monotonic, retry_after: Option<Duration>) -> Monotonic {
        self.of(bucket).pacer.throttled(now, retry_after)
    }

    /// A cooldown that the predecessor left.
    pub fn hold_until(&mut self, bucket: Bucket, until: Monotonic) {
        self.of(bucket).pacer.hold_until(until);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_uses_its_quota_to_the_brim_and_never_exceeds_it() {
        let quotas = BTreeMap::from([(Bucket::Send, Quota::per_second(50))]);
        let mut buckets = Buckets::taking_over(&quotas, Monotonic::ZERO);
        let (mut now, mut starts) = (Monotonic::ZERO, Vec::new());
        while starts.len() < 2000 {
            match buckets.try_start(Bucket::Send, now) {
                Ok(()) => {
                    starts.push(now);
                    buckets.landed(Bucket::Send, Served::Well, now);
                }
                // A timer that wakes up to 3 ms late, as timers do.
                Err(at) => now = at.unwrap() + Duration::from_millis(starts.len() as u64 % 4),
            }
        }
        for (place, start) in starts.iter().enumerate() {
            let second =
                starts[place..].iter().take_while(|later| later.saturating_since(*start) < Duration::from_secs(1));
            assert!(second.count() <= 50);
        }
        let rate = 1999.0 / starts[1999].saturating_since(starts[0]).as_secs_f64();
        assert!(rate >= 0.98 * 50.0, "{rate}");
        assert!(starts[0] >= Monotonic::ZERO + Duration::from_secs(1));
    }

    #[test]
    fn mass_trouble_rests_the_bucket_and_is_then_tried_one_request_at_a_time() {
        let quotas = BTreeMap::from([(Bucket::Send, Quota::per_second(50))]);
        let mut buckets = Buckets::taking_over(&quotas, Monotonic::ZERO);
        let (mut now, mut started) = (Monotonic::ZERO, 0);
        let ten_minutes = Monotonic::ZERO + Duration::from_secs(600);
        while now < ten_minutes {
            match buckets.try_start(Bucket::Send, now) {
                Ok(()) => {
                    started += 1;
                    buckets.landed(Bucket::Send, Served::Trouble, now);
                }
                Err(at) => now = at.unwrap(),
            }
        }
        assert!((8..30).contains(&started), "{started} requests into an outage of ten minutes");
        while buckets.is_open(Bucket::Send) {
            match buckets.try_start(Bucket::Send, now) {
                Ok(()) => drop(buckets.landed(Bucket::Send, Served::Well, now)),
                Err(at) => now = at.unwrap(),
            }
        }
        assert!(now < ten_minutes + Duration::from_secs(62), "it goes on within a minute of the cure");
    }

    #[test]
    fn a_service_that_hangs_does_not_collect_thousands() {
        let quotas = BTreeMap::from([(Bucket::Check, Quota::per_second(30))]);
        let mut buckets = Buckets::taking_over(&quotas, Monotonic::ZERO);
        let mut now = Monotonic::ZERO;
        let mut started = 0;
        loop {
            match buckets.try_start(Bucket::Check, now) {
                Ok(()) => started += 1,
                Err(Some(at)) => now = at,
                Err(None) => break,
            }
        }
        assert_eq!(started, 120);
    }
}
