//! Throttling by every published limit on the road to a person's chat.
//!
//! Picture a doorkeeper who notes the instant of everybody who *knocks*, admitted or not, and lets somebody
//! in only when fewer than the limit have knocked within the window that ends now. It follows that a client
//! which keeps knocking keeps the door shut: "requests refused with 429 still count".
//!
//! Invariant: for a limit of N, only the newest N knocks can matter, so a log keeps no more than that and
//! each knock costs a constant time, however long the siege.
//!
//! Source: Microsoft Graph, "Microsoft Teams service limits" (throttling-limits); Teams platform, "Optimize
//! your bot with rate limiting" (page dated 2026-10-08). Microsoft does not publish the algorithm; sliding
//! windows are the strictest reading of "per second".

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use super::bucket::Bucket;
use crate::domain::time::Timestamp;

/// Microseconds, the grain in which arrivals are kept.
pub(super) type Micros = i64;

const SECOND: Micros = 1_000_000;

/// At most `requests_max` within any `width`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The length of the window in microseconds; it includes its end and not its beginning.
    pub width: Micros,
    /// How many requests fit in.
    pub requests_max: usize,
}

impl Window {
    const fn per_second(requests_max: usize) -> Self {
        Self { width: SECOND, requests_max }
    }
}

/// Sending to, or opening, one conversation: 7 in 1 s, 8 in 2 s, 60 in 30 s, 1800 in an hour.
const PER_THREAD: [Window; 4] = [
    Window { width: SECOND, requests_max: 7 },
    Window { width: 2 * SECOND, requests_max: 8 },
    Window { width: 30 * SECOND, requests_max: 60 },
    Window { width: 3_600 * SECOND, requests_max: 1_800 },
];

/// The newest arrivals of one limit.
#[derive(Debug, Clone, Default)]
pub struct ArrivalLog {
    arrivals: VecDeque<Micros>,
}

impl ArrivalLog {
    /// Notes `cost` arrivals at `now` and says how long to wait, or `None` when they are admitted.
    ///
    /// The wait is until a next single request would be admitted if nobody knocked in between.
    /// An instant earlier than the last one counts as the last one.
    pub fn arrive(&mut self, windows: &[Window], cost: usize, now: Micros) -> Option<Micros> {
        let now = self.arrivals.back().map_or(now, |last| now.max(*last));
        let is_refused = windows.iter().any(|window| self.is_full(*window, cost, now));
        let kept_max = windows.iter().map(|window| window.requests_max).max().unwrap_or_default();
        for _ in 0..cost {
            self.arrivals.push_back(now);
        }
        while self.arrivals.len() > kept_max {
            self.arrivals.pop_front();
        }
        is_refused.then(|| windows.iter().map(|window| self.wait(*window, now)).max().unwrap_or_default().max(1_000))
    }

    fn is_full(&self, window: Window, cost: usize, now: Micros) -> bool {
        let decisive = (window.requests_max + 1).saturating_sub(cost).max(1);
        self.nth_newest(decisive).is_some_and(|at| at + window.width > now)
    }

    fn wait(&self, window: Window, now: Micros) -> Micros {
        self.nth_newest(window.requests_max).map_or(0, |at| (at + window.width - now).max(0))
    }

    fn nth_newest(&self, nth: usize) -> Option<Micros> {
        self.arrivals.len().checked_sub(nth).and_then(|index| self.arrivals.get(index).copied())
    }
}

/// A bucket of resource units that refills evenly.
///
/// Source: Microsoft Graph, throttling limits of identity and access (editions of 2021 to 2023).
#[derive(Debug, Clone)]
struct ResourceUnits {
    capacity: f64,
    level: f64,
    filled_at: Option<Micros>,
}

impl ResourceUnits {
    const REFILL: f64 = 10.0 * SECOND as f64;

    fn for_tenant_of(people: usize, factor: f64) -> Self {
        let published = match people {
            0..50 => 3_500.0,
            50..=500 => 5_000.0,
            _ => 8_000.0,
        };
        let capacity = published * factor;
        Self { capacity, level: capacity, filled_at: None }
    }

    fn take(&mut self, cost: usize, now: Micros) -> Option<Micros> {
        let passed = self.filled_at.map_or(0, |at| (now - at).max(0));
        self.filled_at = Some(self.filled_at.map_or(now, |at| at.max(now)));
        let rate = self.capacity / Self::REFILL;
        self.level = (self.level + passed as f64 * rate).min(self.capacity);
        let cost = cost as f64;
        if self.level >= cost {
            self.level -= cost;
            return None;
        }
        self.level = 0.0;
        Some((cost / rate).ceil() as Micros)
    }
}

/// What a request is charged to, beside the limit of its whole bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Thread {
    /// Nothing of its own.
    None,
    /// The chat of one installation: one request per second and resource.
    Resource(u32),
    /// Messages in one conversation.
    Send(u32),
    /// The opening of one conversation.
    Create(u32),
    /// New posts in one channel.
    Post(u32),
    /// Answers, corrections and recalls in one channel.
    Answer(u32),
    /// Everything that one app asks of Graph about one team: four requests per second.
    Team(u32),
    /// Notifications about one chat: one request per second.
    Chat(u32),
}

impl Thread {
    /// Its limits before any factor; `per_thread` are those of a conversation, scaled already.
    fn windows(self, factor: f64, per_thread: &[Window; 4]) -> Vec<Window> {
        let per_second = |requests| vec![scaled(Window::per_second(requests), factor)];
        match self {
            Self::None => Vec::new(),
            Self::Resource(_) | Self::Chat(_) => per_second(1),
            Self::Team(_) => per_second(4),
            Self::Send(_) | Self::Create(_) | Self::Post(_) | Self::Answer(_) => per_thread.to_vec(),
        }
    }
}

/// All limits of one app in one tenant.
#[derive(Debug, Clone)]
pub struct Quotas {
    factor: f64,
    buckets: HashMap<Bucket, ArrivalLog>,
    threads: HashMap<Thread, ArrivalLog>,
    directory: ResourceUnits,
    per_thread: [Window; 4],
}

impl Quotas {
    /// The published limits times `factor`; zero or less lifts them all.
    pub fn new(people: usize, factor: f64) -> Self {
        Self {
            factor,
            buckets: HashMap::new(),
            threads: HashMap::new(),
            directory: ResourceUnits::for_tenant_of(people, factor),
            per_thread: PER_THREAD.map(|window| scaled(window, factor)),
        }
    }

    /// Counts one request against everything it is charged to.
    ///
    /// `cost` is in messages for a send and in resource units for the directory. A refusal gives the
    /// longest of the waits; the request has counted all the same.
    pub fn admit(&mut self, bucket: Bucket, thread: Thread, cost: usize, now: Timestamp) -> Result<(), Duration> {
        if self.factor <= 0.0 {
            return Ok(());
        }
        let now = now.timestamp_micros();
        let whole = if bucket == Bucket::Directory { self.directory.take(cost, now) } else { self.whole(bucket, now) };
        let own = self.own(thread, cost, now);
        match whole.max(own) {
            None => Ok(()),
            Some(wait) => Err(Duration::from_micros(wait.unsigned_abs())),
        }
    }

    fn whole(&mut self, bucket: Bucket, now: Micros) -> Option<Micros> {
        let window = scaled(Window::per_second(published_per_second(bucket)?), self.factor);
        self.buckets.entry(bucket).or_default().arrive(&[window], 1, now)
    }

    fn own(&mut self, thread: Thread, cost: usize, now: Micros) -> Option<Micros> {
        if thread == Thread::None {
            return None;
        }
        let windows = thread.windows(self.factor, &self.per_thread);
        self.threads.entry(thread).or_default().arrive(&windows, cost, now)
    }
}

/// Requests per second for one app in one tenant; `None` where nothing is published.
const fn published_per_second(bucket: Bucket) -> Option<usize> {
    match bucket {
        Bucket::Check | Bucket::Install | Bucket::Resolve | Bucket::Catalog => Some(30),
        Bucket::Uninstall => Some(15),
        Bucket::Send => Some(50),
        Bucket::FeedUser | Bucket::FeedTeam | Bucket::FeedChat => Some(5),
        Bucket::FeedBulk => Some(2),
        // The lowest of the published ones: channels and members have 60.
        Bucket::Teams => Some(30),
        Bucket::Directory | Bucket::Token | Bucket::Other => None,
    }
}

fn scaled(window: Window, factor: f64) -> Window {
    Window { requests_max: ((window.requests_max as f64 * factor).round() as usize).max(1), ..window }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition, slow and obvious: count everybody who knocked within the window that ends now.
    fn is_refused_by_definition(before: &[Micros], window: Window, cost: usize, now: Micros) -> bool {
        before.iter().filter(|at| **at + window.width > now).count() + cost > window.requests_max.max(cost)
    }

    proptest! {
        #[test]
        fn the_log_decides_as_the_definition_does(
            gaps in prop::collection::vec((0_i64..400_000, 1_usize..3), 1..200),
            limits in prop::collection::vec(2_usize..9, 1..4),
        ) {
            let windows: Vec<Window> = limits.iter().zip(1_i64..)
                .map(|(limit, seconds)| Window { width: seconds * SECOND, requests_max: *limit })
                .collect();
            let mut log = ArrivalLog::default();
            let mut all: Vec<Micros> = Vec::new();
            let mut now = 0;
            for (gap, cost) in gaps {
                now += gap;
                let expected = windows.iter().any(|window| is_refused_by_definition(&all, *window, cost, now));
                prop_assert_eq!(log.arrive(&windows, cost, now).is_some(), expected);
                all.extend(std::iter::repeat_n(now, cost));
            }
        }

        #[test]
        fn whoever_waits_as_told_is_admitted(gaps in prop::collection::vec(0_i64..300_000, 1..100)) {
            let windows = [Window::per_second(3), Window { width: 5 * SECOND, requests_max: 7 }];
            let mut log = ArrivalLog::default();
            let mut now = 0;
            for gap in gaps {
                now += gap;
                if let Some(wait) = log.arrive(&windows, 1, now) {
                    now += wait;
                    prop_assert_eq!(log.arrive(&windows, 1, now), None);
                }
            }
        }
    }

    #[test]
    fn knocking_while_refused_keeps_the_door_shut() {
        let windows = [Window::per_second(2)];
        let mut log = ArrivalLog::default();
        for knock in 0..100 {
            let answer = log.arrive(&windows, 1, knock * 400_000);
            assert_eq!(answer.is_some(), knock >= 2, "knock {knock}");
        }
    }

    #[test]
    fn a_factor_of_zero_lifts_every_limit() {
        let mut quotas = Quotas::new(10, 0.0);
        let now = Timestamp::from_timestamp_micros(0).expect("the epoch is an instant");
        assert!((0..1_000).all(|_| quotas.admit(Bucket::Send, Thread::Send(1), 1, now).is_ok()));
    }

    #[test]
    fn the_directory_serves_its_units_and_then_refuses() {
        let mut quotas = Quotas::new(1_000, 1.0);
        let now = Timestamp::from_timestamp_micros(0).expect("the epoch is an instant");
        let served = (0..9_000).filter(|_| quotas.admit(Bucket::Directory, Thread::None, 1, now).is_ok()).count();
        assert_eq!(served, 8_000);
    }
}
