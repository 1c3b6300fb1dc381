//! Quota, bucket, cooldown: the earliest instant at which a request may start.
//!
//! A quota of N requests a second is kept like a ring of N seats on a carousel that turns once a second: nobody
//! boards before the rider who boarded N places earlier has been round once. Keeping the start instants of the last
//! N requests makes that exact; a rate alone only makes it likely (measured: 94 % of the quota with a burst of one,
//! more than the quota with a burst of two).
//!
//! No IO and no clock: every function is told the time and answers "not before".

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::outcome::Step;
use super::time::Monotonic;

/// Added to each window: requests that start evenly may still bunch up on their way. 15 ms cost 1.5 % of a quota
/// of one second and cover what two busy cores on loopback were seen to do.
pub const JITTER_ON_THE_WAY: Duration = Duration::from_millis(15);

/// The wait after a 429 that does not say how long; doubled with each further one, up to a minute.
const COOLDOWN_DEFAULT: Duration = Duration::from_secs(1);
const COOLDOWN_LONGEST_GUESS: Duration = Duration::from_secs(60);
/// A slip in one header must not silence a tenant for days.
const COOLDOWN_LONGEST: Duration = Duration::from_secs(24 * 3600);
/// What is left of the rate after a 429: a lone one is noise, a second within a minute is news.
const SLOW_DOWN_ALONE: f64 = 0.95;
const SLOW_DOWN_AGAIN: f64 = 0.7;
const AGAIN_WITHIN: Duration = Duration::from_secs(60);
const SHARE_LEAST: f64 = 0.1;
const CLIMB: f64 = 0.02;
const CLIMB_EVERY: Duration = Duration::from_secs(5);

/// One limit of one tenant, app and operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// GET installedApps.
    Check,
    /// POST installedApps.
    Install,
    /// GET …/chat ("other GET").
    Resolve,
    /// Everything at the bot connector.
    Send,
    /// GET appCatalogs.
    Catalog,
    /// GET users.
    Directory,
    /// POST sendActivityNotification, for a user, a team or a chat.
    Notify,
    /// POST sendActivityNotificationToRecipients.
    NotifyMany,
}

impl Bucket {
    /// All buckets.
    pub const ALL: [Self; 8] = [
        Self::Check,
        Self::Install,
        Self::Resolve,
        Self::Send,
        Self::Catalog,
        Self::Directory,
        Self::Notify,
        Self::NotifyMany,
    ];

    /// The word used in settings, tables, logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Install => "install",
            Self::Resolve => "resolve",
            Self::Send => "send",
            Self::Catalog => "catalog",
            Self::Directory => "directory",
            Self::Notify => "notify",
            Self::NotifyMany => "notify_many",
        }
    }
}

impl From<Step> for Bucket {
    fn from(step: Step) -> Self {
        match step {
            Step::Check => Self::Check,
            Step::Install => Self::Install,
            Step::Resolve => Self::Resolve,
            Step::Send | Step::Create | Step::Replace | Step::Withdraw => Self::Send,
            Step::Notify => Self::Notify,
            Step::NotifyMany => Self::NotifyMany,
        }
    }
}

/// So many requests in any window of such a length. Written `50/s`, `8/2s`, `1800/h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// At least 1.
    pub requests: u32,
    /// Longer than nothing.
    pub window: Duration,
}

/// A text that is not a quota.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is not a quota: write requests per window, such as 50/s, 8/2s or 1800/h; from 1 to 1000000 requests")]
pub struct NotAQuota(String);

impl Quota {
    /// `requests` in any second.
    pub const fn per_second(requests: u32) -> Self {
        Self { requests, window: Duration::from_secs(1) }
    }

    /// Requests a second, on average.
    pub fn rate(self) -> f64 {
        f64::from(self.requests) / self.window.as_secs_f64()
    }
}

impl FromStr for Quota {
    type Err = NotAQuota;

    fn from_str(text: &str) -> Result<Self, NotAQuota> {
        let parse = || {
            let (requests, window) = text.split_once('/')?;
            let window = window.trim();
            let (count, unit) = [("s", 1), ("m", 60), ("h", 3600)]
                .into_iter()
                .find_map(|(letter, seconds)| Some((window.strip_suffix(letter)?, seconds)))?;
            let count: u64 = if count.is_empty() { 1 } else { count.parse().ok()? };
            let requests: u32 = requests.trim().parse().ok()?;
            let window = Duration::from_secs(count.checked_mul(unit)?);
            (requests > 0 && requests <= 1_000_000 && !window.is_zero()).then_some(Self { requests, window })
        };
        parse().ok_or_else(|| NotAQuota(text.to_owned()))
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.window.as_secs() {
            1 => write!(f, "{}/s", self.requests),
            60 => write!(f, "{}/m", self.requests),
            3600 => write!(f, "{}/h", self.requests),
            seconds => write!(f, "{}/{seconds}s", self.requests),
        }
    }
}

/// Keeps one bucket's requests within its quota.
#[derive(Debug, Clone)]
pub struct Pacer {
    quota: Quota,
    starts: VecDeque<Monotonic>,
    not_before: Monotonic,
    share: f64,
    slowed_at: Option<Monotonic>,
    strikes: u32,
}

impl Pacer {
    /// A pacer whose bucket was used by somebody else until `now`: it waits out one window first.
    pub fn taking_over(quota: Quota, now: Monotonic) -> Self {
        let not_before = now + quota.window + JITTER_ON_THE_WAY;
        Self { quota, starts: VecDeque::new(), not_before, share: 1.0, slowed_at: None, strikes: 0 }
    }

    /// A pacer whose bucket nobody has used of late.
    pub fn fresh(quota: Quota) -> Self {
        let not_before = Monotonic::ZERO;
        Self { quota, starts: VecDeque::new(), not_before, share: 1.0, slowed_at: None, strikes: 0 }
    }

    /// The rate as the predecessor left it at `slowed_at`; it climbs back from there.
    pub fn slowed_to(&mut self, share: f64, slowed_at: Monotonic) {
        self.share = share.clamp(SHARE_LEAST, 1.0);
        self.slowed_at = Some(slowed_at);
    }

    /// The limit that it keeps.
    pub const fn quota(&self) -> Quota {
        self.quota
    }

    /// Nothing starts before `until`, whatever else is said.
    pub fn hold_until(&mut self, until: Monotonic) {
        self.not_before = self.not_before.max(until);
    }

    /// How long nothing may start, whatever the quota says.
    pub fn cooldown_left(&self, now: Monotonic) -> Duration {
        self.not_before.saturating_since(now)
    }

    /// The part of the quota used at `now`, in 0.1..=1.0: lowered by 429s, climbing back 2 % every 5 s.
    pub fn share(&self, now: Monotonic) -> f64 {
        let Some(slowed_at) = self.slowed_at else { return 1.0 };
        climbed(self.share, now.saturating_since(slowed_at))
    }

    /// The instant before which the next request may not start.
    pub fn earliest(&self, now: Monotonic) -> Monotonic {
        self.earliest_for(now, 1)
    }

    /// The instant before which a request that takes so many seats may not start. One that takes more than there are
    /// waits until all are free.
    pub fn earliest_for(&self, now: Monotonic, seats: u32) -> Monotonic {
        let allowed = ((f64::from(self.quota.requests) * self.share(now)) as usize).max(1);
        let last = (self.starts.len() + (seats.max(1) as usize).min(allowed) - 1).checked_sub(allowed);
        let seat = last.and_then(|place| self.starts.get(place).copied());
        let boarded = seat.map_or(Monotonic::ZERO, |start| start + self.quota.window + JITTER_ON_THE_WAY);
        boarded.max(self.not_before)
    }

    /// Records that a request starts at `now`.
    ///
    /// Invariant: the caller asked [`Self::earliest`] first; every request is recorded, retries included.
    pub fn start(&mut self, now: Monotonic) {
        if self.starts.len() == self.quota.requests as usize {
            self.starts.pop_front();
        }
        self.starts.push_back(now);
    }

    /// The service said wait: nothing starts until the instant returned.
    ///
    /// 429s of one window count once for the rate, but each may push the instant further. Without `retry_after` the
    /// wait doubles from one second to a minute.
    pub fn throttled(&mut self, now: Monotonic, retry_after: Option<Duration>) -> Monotonic {
        let same_window = self.slowed_at.is_some_and(|slowed| now.saturating_since(slowed) < self.quota.window);
        if !same_window {
            let again = self.slowed_at.is_some_and(|slowed| now.saturating_since(slowed) < AGAIN_WITHIN);
            let left = if again { SLOW_DOWN_AGAIN } else { SLOW_DOWN_ALONE };
            self.share = (self.share(now) * left).max(SHARE_LEAST);
            self.slowed_at = Some(now);
            self.strikes += 1;
        }
        let guess = COOLDOWN_DEFAULT.saturating_mul(1 << self.strikes.saturating_sub(1).min(6));
        let wait = retry_after.unwrap_or(guess.min(COOLDOWN_LONGEST_GUESS)).min(COOLDOWN_LONGEST);
        self.hold_until(now + wait);
        self.not_before
    }

    /// The service is in trouble: rests without blaming the rate; a second, doubled each time, up to a minute. Returns
    /// until when.
    pub fn rest(&mut self, now: Monotonic) -> Monotonic {
        if now >= self.not_before {
            self.strikes += 1;
            let wait = COOLDOWN_DEFAULT.saturating_mul(1 << self.strikes.saturating_sub(1).min(6));
            self.hold_until(now + wait.min(COOLDOWN_LONGEST_GUESS));
        }
        self.not_before
    }

    /// The service took a request: a later 429 without a wait starts again at one second.
    pub fn served(&mut self) {
        self.strikes = 0;
    }
}

/// The part of a quota in use `elapsed` after it was lowered to `share`.
pub fn climbed(share: f64, elapsed: Duration) -> f64 {
    let climbs = elapsed.as_secs() / CLIMB_EVERY.as_secs();
    (share + CLIMB * climbs as f64).min(1.0)
}

/// The part of a quota in use on average over the next `time`, while it climbs back from `share`.
pub fn mean_share(share: f64, time: Duration) -> f64 {
    let missing = (1.0 - share).clamp(0.0, 1.0);
    let climb = CLIMB / CLIMB_EVERY.as_secs_f64();
    let (full_after, seconds) = (missing / climb, time.as_secs_f64());
    if seconds < full_after {
        share + climb * seconds / 2.0
    } else {
        1.0 - missing * full_after / 2.0 / seconds.max(1e-9)
    }
}

/// How many sends may be open at once: what `rate` needs to cover a flush on each side and the answer's latency.
///
/// `rate` is in requests a second. At least 8, or `most` where that is less: so many a crash may leave in doubt.
pub fn window(rate: f64, flush_every: Duration, latency: Duration, most: u32) -> u32 {
    let covered = flush_every.as_secs_f64() * 3.0 + latency.as_secs_f64() * 1.5;
    ((rate * covered).round() as u32).max(8).min(most)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(milliseconds: u64) -> Monotonic {
        Monotonic::from_origin(Duration::from_millis(milliseconds))
    }

    proptest! {
        #[test]
        fn no_sliding_window_ever_holds_more_than_the_quota(
            requests in 1_u32..60,
            pauses in prop::collection::vec(0_u64..80, 1..400),
        ) {
            let quota = Quota::per_second(requests);
            let mut pacer = Pacer::taking_over(quota, Monotonic::ZERO);
            let (mut now, mut starts) = (Monotonic::ZERO, Vec::new());
            for pause in pauses {
                now = (now + Duration::from_millis(pause)).max(pacer.earliest(now));
                pacer.start(now);
                starts.push(now);
            }
            for (place, start) in starts.iter().enumerate() {
                let within = starts[place..].iter().take_while(|later| later.saturating_since(*start) < quota.window);
                prop_assert!(within.count() <= requests as usize);
            }
        }

        #[test]
        fn no_sliding_window_ever_holds_more_seats_than_the_quota(
            quota in 1_u32..60,
            requests in prop::collection::vec((0_u64..80, 1_u32..8), 1..400),
        ) {
            let quota = Quota::per_second(quota);
            let mut pacer = Pacer::taking_over(quota, Monotonic::ZERO);
            let (mut now, mut starts) = (Monotonic::ZERO, Vec::new());
            for (pause, seats) in requests {
                let seats = seats.min(quota.requests);
                now = (now + Duration::from_millis(pause)).max(pacer.earliest_for(now, seats));
                for _ in 0..seats {
                    pacer.start(now);
                    starts.push(now);
                }
            }
            for (place, start) in starts.iter().enumerate() {
                let within = starts[place..].iter().take_while(|later| later.saturating_since(*start) < quota.window);
                prop_assert!(within.count() <= quota.requests as usize);
            }
        }

        #[test]
        fn nothing_starts_during_a_cooldown(retry in prop::option::of(0_u64..200_000), begun in 0_u64..10_000) {
            let mut pacer = Pacer::taking_over(Quota::per_second(50), Monotonic::ZERO);
            let retry = retry.map(Duration::from_millis);
            let until = pacer.throttled(at(begun), retry);
            prop_assert!(until >= at(begun) + retry.unwrap_or(COOLDOWN_DEFAULT));
            prop_assert!(pacer.earliest(at(begun)) >= until);
        }

        #[test]
        fn a_quota_survives_being_written(requests in 1_u32..1_000_000, seconds in 1_u64..100_000) {
            let quota = Quota { requests, window: Duration::from_secs(seconds) };
            prop_assert_eq!(quota.to_string().parse::<Quota>(), Ok(quota));
        }

        #[test]
        fn any_other_text_is_refused_without_panic(text in "\\PC{0,12}") {
            let _ = text.parse::<Quota>();
        }
    }

    #[test]
    fn the_whole_quota_can_be_used() {
        let mut pacer = Pacer::taking_over(Quota::per_second(50), Monotonic::ZERO);
        let mut now = pacer.earliest(Monotonic::ZERO);
        let first = now;
        for _ in 0..1000 {
            now = pacer.earliest(now).max(now);
            pacer.start(now);
        }
        let rate = 999.0 / now.saturating_since(first).as_secs_f64();
        assert!(rate >= 0.98 * 50.0, "{rate}");
    }

    #[test]
    fn repeated_429s_of_one_window_slow_down_once_and_the_rate_climbs_back() {
        let mut pacer = Pacer::taking_over(Quota::per_second(50), Monotonic::ZERO);
        for milliseconds in [1000, 1010, 1500] {
            pacer.throttled(at(milliseconds), Some(Duration::from_secs(1)));
        }
        assert!((pacer.share(at(1500)) - 0.95).abs() < 1e-9);
        pacer.throttled(at(2100), Some(Duration::from_secs(1)));
        assert!((pacer.share(at(2100)) - 0.95 * 0.7).abs() < 1e-9);
        assert!((pacer.share(at(2100 + 90_000)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_429_without_a_wait_doubles_until_something_is_served() {
        let mut pacer = Pacer::taking_over(Quota::per_second(50), Monotonic::ZERO);
        let mut now = at(5000);
        let mut waits = Vec::new();
        for _ in 0..3 {
            let until = pacer.throttled(now, None);
            waits.push(until.saturating_since(now).as_secs());
            now = until + Duration::from_secs(1);
        }
        assert_eq!(waits, [1, 2, 4]);
        pacer.served();
        assert_eq!(pacer.throttled(now, None), now + Duration::from_secs(1));
    }

    #[test]
    fn the_window_covers_flush_and_latency() {
        let window = |rate| window(rate, Duration::from_millis(100), Duration::from_millis(200), 256);
        assert_eq!((window(40.0), window(1.0), window(9000.0)), (24, 8, 256));
    }
}
