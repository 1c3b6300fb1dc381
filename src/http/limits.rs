//! How often anybody may ask, how much they may send, and how long it may take.
//!
//! All of it is judged by the same clock as everything else, and whoever is refused is told when to come again.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use futures_util::StreamExt;
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota as GovernorQuota, RateLimiter};
use http_body::Body as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;
use crate::domain::pacing::Quota;
use crate::ports::Clock;

/// The largest body that a route takes, in bytes, unless it says otherwise: ten times the longest announcement, its picture inside.
pub const BODY: usize = 1024 * 1024;
/// The same where a list of people may come along: half a million addresses of a hundred letters.
pub const LIST: usize = 64 * 1024 * 1024;
/// The same for a picture, as cameras make them; it is made small here.
pub const PICTURE: usize = 20 * 1024 * 1024;

/// So many bodies larger than [`BODY`] are in hand at once: with what is made of them, each may take several times its size.
pub const LARGE_AT_ONCE: usize = 3;
/// So many exports are written at once: each holds a connection, and a page.
pub const EXPORTS_AT_ONCE: usize = 32;

/// A caller may ask so many times at once what the rate allows in one of its windows.
const BURST: u32 = 5;
/// After so many questions those callers are forgotten who have long been quiet.
const FORGET_EVERY: u64 = 1000;
/// How soon the first byte of a body must be there.
const FIRST_BYTE_WITHIN: Duration = Duration::from_secs(15);

/// Somebody asks too often.
pub const TOO_OFTEN: Problem = Problem::new(
    429,
    "too_many_requests",
    "You ask more often than is good for everybody else.",
    "Ask again after as many seconds as the header Retry-After says.",
);
/// The body is larger than the route takes.
pub const TOO_LARGE: Problem = Problem::new(
    413,
    "body_too_large",
    "The body is larger than this route takes.",
    "Send less at once; a long list of people can be saved as an audience first.",
);
/// The body did not come in time.
pub const BODY_TOO_SLOW: Problem = Problem::new(
    408,
    "body_too_slow",
    "The body did not arrive in time.",
    "Send it again over a faster connection, or less of it.",
);
/// There is no room for what takes much of it.
const BUSY: Problem = Problem::new(
    503,
    "busy",
    "So much of this kind is in hand already that there is no room for more.",
    "Ask again after as many seconds as the header Retry-After says.",
);
/// The body broke off.
pub const BODY_BROKEN: Problem =
    Problem::new(400, "unreadable_body", "The body broke off before its end.", "Send it again.");
/// The answer took too long.
pub const TOO_SLOW: Problem = Problem::new(
    504,
    "too_slow",
    "This takes longer than a request may.",
    "Look whether it was done before you ask for it again; with an Idempotency-Key you may repeat it at once.",
);

/// The room for what takes much of it. Clones share it.
#[derive(Debug, Clone)]
pub struct Room {
    bodies: Arc<Semaphore>,
    exports: Arc<Semaphore>,
}

/// A place in the [`Room`]; the last clone gives it back.
#[derive(Debug, Clone)]
pub struct Place(#[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>);

impl Default for Room {
    fn default() -> Self {
        let places = |most| Arc::new(Semaphore::new(most));
        Self { bodies: places(LARGE_AT_ONCE), exports: places(EXPORTS_AT_ONCE) }
    }
}

impl Room {
    /// A place for a body that is larger than [`BODY`].
    ///
    /// # Errors
    /// `busy` (503) when there is none.
    pub fn for_body(&self) -> Result<Place, Problem> {
        place(&self.bodies)
    }

    /// A place for an export.
    ///
    /// # Errors
    /// `busy` (503) when there is none.
    pub fn for_export(&self) -> Result<Place, Problem> {
        place(&self.exports)
    }
}

fn place(places: &Arc<Semaphore>) -> Result<Place, Problem> {
    match Arc::clone(places).try_acquire_owned() {
        Ok(permit) => Ok(Place(Arc::new(permit))),
        Err(_) => Err(BUSY.with_header(header::RETRY_AFTER, HeaderValue::from_static("5"))),
    }
}

/// Our clock, as `governor` reads it.
#[derive(Clone)]
struct Watch(Arc<dyn Clock>);

impl GovernorClock for Watch {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::new(u64::try_from(self.0.monotonic().since_origin().as_nanos()).unwrap_or(u64::MAX))
    }
}

/// How often one caller may ask.
pub struct CallerLimit {
    limiter: RateLimiter<String, HashMapStateStore<String>, Watch, NoOpMiddleware<Nanos>>,
    watch: Watch,
    asked: AtomicU64,
}

impl CallerLimit {
    /// As often as `rate` for long, and five of its windows at once.
    pub fn new(rate: Quota, clock: Arc<dyn Clock>) -> Self {
        let watch = Watch(clock);
        let limiter = RateLimiter::hashmap_with_clock(smooth(rate), watch.clone());
        Self { limiter, watch, asked: AtomicU64::new(0) }
    }

    /// Whether `caller` may ask once more.
    ///
    /// # Errors
    /// [`TOO_OFTEN`], with the time to wait.
    pub fn admit(&self, caller: &str) -> Result<(), Problem> {
        if self.asked.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
        }
        self.limiter.check_key(&caller.to_owned()).map_err(|not_until| too_often(&not_until, &self.watch))
    }
}

/// How often all of those may ask, together, of whom nobody knows who they are.
pub struct StrangerLimit {
    limiter: RateLimiter<NotKeyed, InMemoryState, Watch, NoOpMiddleware<Nanos>>,
    watch: Watch,
}

impl StrangerLimit {
    /// As often as `rate` for long, and five of its windows at once.
    pub fn new(rate: Quota, clock: Arc<dyn Clock>) -> Self {
        let watch = Watch(clock);
        Self { limiter: RateLimiter::direct_with_clock(smooth(rate), watch.clone()), watch }
    }

    /// Whether one more may ask.
    ///
    /// # Errors
    /// [`TOO_OFTEN`], with the time to wait.
    pub fn admit(&self) -> Result<(), Problem> {
        self.limiter.check().map_err(|not_until| too_often(&not_until, &self.watch))
    }
}

fn smooth(rate: Quota) -> GovernorQuota {
    let requests = rate.requests.max(1);
    let each = (rate.window / requests).max(Duration::from_nanos(1));
    let burst = NonZeroU32::new(requests.saturating_mul(BURST)).unwrap_or(NonZeroU32::MIN);
    // `each` is longer than nothing; were it not, a second is.
    GovernorQuota::with_period(each).unwrap_or(GovernorQuota::per_second(burst)).allow_burst(burst)
}

fn too_often(not_until: &NotUntil<Nanos>, watch: &Watch) -> Problem {
    let seconds = not_until.wait_time_from(watch.now()).as_millis().div_ceil(1000).max(1);
    TOO_OFTEN.with_header(header::RETRY_AFTER, HeaderValue::from(u64::try_from(seconds).unwrap_or(u64::MAX)))
}

/// What `work` comes to, unless it takes longer than `limit`.
pub async fn within<T>(clock: &dyn Clock, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased; // What is there is taken.
        done = work => Some(done),
        () = clock.sleep_until(clock.monotonic() + limit) => None,
    }
}

/// The whole of `body`, when it has `bytes_max` at most and arrives within `limit`; of a large one, with its place in `room`.
///
/// # Errors
/// [`TOO_LARGE`], [`BODY_TOO_SLOW`] and [`BODY_BROKEN`]; `busy` (503) when there is no room for a large one.
pub async fn whole(
    clock: &dyn Clock,
    body: Body,
    bytes_max: usize,
    limit: Duration,
    room: &Room,
) -> Result<(Bytes, Option<Place>), Problem> {
    let too_large = || TOO_LARGE.because(format!("It may have {bytes_max} bytes."));
    let announced = body.size_hint().lower();
    if announced > bytes_max as u64 {
        return Err(too_large());
    }
    let mut place = if announced > BODY as u64 { Some(room.for_body()?) } else { None };
    let (begun_at, mut pieces) = (clock.monotonic(), body.into_data_stream());
    let mut whole: Vec<u8> = Vec::new();
    let mut patience = FIRST_BYTE_WITHIN.min(limit);
    loop {
        let Some(next) = within(clock, patience, pieces.next()).await else { return Err(BODY_TOO_SLOW) };
        let Some(piece) = next else { return Ok((whole.into(), place)) };
        let piece = piece.map_err(|_| BODY_BROKEN)?;
        if piece.len() > bytes_max - whole.len() {
            return Err(too_large());
        }
        // Nobody need announce how much is to come.
        if place.is_none() && whole.len() + piece.len() > BODY {
            place = Some(room.for_body()?);
        }
        whole.extend_from_slice(&piece);
        patience = limit.saturating_sub(clock.monotonic().saturating_since(begun_at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::system::SystemClock;

    #[tokio::test(start_paused = true)]
    async fn a_body_is_taken_up_to_its_limit_and_not_for_ever() {
        let (clock, room) = (SystemClock, Room::default());
        let read = async |body: Body| {
            let read = whole(&clock, body, 4, Duration::from_secs(30), &room).await;
            read.map(|(bytes, _)| bytes).map_err(|it| it.code)
        };
        assert_eq!(read(Body::from("1234")).await, Ok(Bytes::from("1234")));
        assert_eq!(read(Body::from("12345")).await, Err("body_too_large"));
        let drops = |drops: &'static [&'static str]| {
            let drops = drops.iter().map(|drop| Ok::<_, std::io::Error>(*drop));
            futures_util::stream::iter(drops)
        };
        assert_eq!(read(Body::from_stream(drops(&["12", "34"]))).await, Ok(Bytes::from("1234")));
        assert_eq!(read(Body::from_stream(drops(&["12", "34", "5"]))).await, Err("body_too_large"));
        let silent = Body::from_stream(drops(&["12"]).chain(futures_util::stream::pending()));
        assert_eq!(read(silent).await, Err("body_too_slow"));
        let broken = Body::from_stream(futures_util::stream::iter([Err::<&str, _>(std::io::Error::other("gone"))]));
        assert_eq!(read(broken).await, Err("unreadable_body"));
    }

    #[tokio::test]
    async fn only_so_many_large_bodies_are_in_hand_at_once() {
        let (clock, room) = (SystemClock, Room::default());
        let large = || Body::from(vec![b'x'; BODY + 1]);
        // Of this one nobody knows how much is to come.
        let grows = || {
            let pieces = [BODY, 1].map(|bytes| Ok::<_, std::io::Error>(vec![b'x'; bytes]));
            Body::from_stream(futures_util::stream::iter(pieces))
        };
        let read = async |body| whole(&clock, body, LIST, Duration::from_secs(30), &room).await;
        let held = [read(large()).await.unwrap(), read(grows()).await.unwrap(), read(large()).await.unwrap()];
        for one_more in [large(), grows()] {
            let refused = read(one_more).await.unwrap_err();
            assert_eq!((refused.status.as_u16(), refused.code, refused.headers.len()), (503, "busy", 1));
        }
        assert!(read(Body::from(vec![b'x'; BODY])).await.unwrap().1.is_none(), "small ones need no place");
        drop(held);
        assert!(read(grows()).await.is_ok());
    }

    #[test]
    fn who_floods_is_told_when_to_come_again_and_others_are_not() {
        let limit = CallerLimit::new(Quota::per_second(2), Arc::new(SystemClock));
        let refused = (0..11).map(|_| limit.admit("person:1")).find_map(Result::err).unwrap();
        assert_eq!(refused.status.as_u16(), 429);
        assert_eq!(refused.headers[0], (header::RETRY_AFTER, HeaderValue::from(1)));
        assert!(limit.admit("person:2").is_ok());
    }
}
