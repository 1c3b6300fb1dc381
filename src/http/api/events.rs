//! Progress as it happens: server-sent events, one stream a broadcast or one for all that are not over.
//!
//! A stream holds what was seen last and nothing else, so that a client that does not read costs a connection and no memory.
//! It ends after ten minutes: the client comes again, and whether it may is looked at again.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use futures_util::stream::unfold;

use super::Api;
use super::input::Path;
use super::life::ended;
use crate::app::lookout::{BroadcastProgress, Crowded, Going, Seen, Watcher};
use crate::domain::ids::BroadcastId;
use crate::domain::rights::Caller;
use crate::http::problem::{Problem, ProblemDocument};
use crate::ports::Pending;

/// Tells a proxy to pass on each event as it comes. Source: nginx, `proxy_buffering` (read November 2026).
const X_ACCEL_BUFFERING: &str = "x-accel-buffering";
/// A stream is no longer.
const STREAM_MAX: Duration = Duration::from_secs(600);
/// A comment after so much silence keeps proxies from closing the connection.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);
/// When a client comes again.
const COME_AGAIN: Duration = Duration::from_secs(3);

/// This caller watches too much at once.
const TOO_MANY: Problem = Problem::new(
    429,
    "too_many_streams",
    "You watch too many broadcasts at once: at most 50 streams of one caller are open.",
    "Close some of them. GET /api/v1/events tells of all broadcasts in one stream.",
);
/// Everybody together watches too much.
const CROWDED: Problem = Problem::new(
    429,
    "too_many_streams",
    "Too many watch at present: at most 1,000 streams are open.",
    "Try again in a minute, or ask GET /api/v1/broadcasts now and then.",
);

/// One broadcast, as it goes
///
/// Server-sent events: `progress` at once and whenever something has changed, at most one a second; `end` when it is over,
/// and nothing after that. The data is JSON, the id a number that grows. The stream ends after ten minutes; come again.
#[utoipa::path(get, path = "/broadcasts/{id}/events", tag = "Broadcasts", operation_id = "watch_broadcast",
    params(("id" = BroadcastId, Path, description = "The broadcast")),
    responses(
        (status = 200, description = "The stream; the data of each event", body = BroadcastProgress, content_type = "text/event-stream"),
        (status = 404, description = "There is no such broadcast", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It was not sent yet", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 429, description = "Too many streams are open", body = ProblemDocument, content_type = "application/problem+json")))]
pub async fn of_broadcast(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<BroadcastId>,
) -> Result<impl IntoResponse, Problem> {
    ended(&api, id).await?;
    stream(&api, Some(id), &caller)
}

/// All broadcasts that are not over, as they go
///
/// Server-sent events: `progress` at once and whenever something has changed, at most one a second. Whatever has ended is
/// shown once more. The stream ends after ten minutes; come again.
#[utoipa::path(get, path = "/events", tag = "Broadcasts", operation_id = "watch_broadcasts",
    responses(
        (status = 200, description = "The stream; the data of each event", body = Going, content_type = "text/event-stream"),
        (status = 429, description = "Too many streams are open", body = ProblemDocument, content_type = "application/problem+json")))]
pub async fn of_all(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
) -> Result<impl IntoResponse, Problem> {
    stream(&api, None, &caller)
}

fn stream(api: &Api, subject: Option<BroadcastId>, caller: &Caller) -> Result<impl IntoResponse + use<>, Problem> {
    let watcher = api.lookout.watch(subject, caller.who.subject()).map_err(|crowded| match crowded {
        Crowded::Caller => TOO_MANY,
        Crowded::Everybody => CROWDED,
    })?;
    let ends = api.clock.sleep_until(api.clock.monotonic() + STREAM_MAX);
    let keep_alive = KeepAlive::new().interval(SIGN_OF_LIFE);
    Ok(([(X_ACCEL_BUFFERING, "no")], Sse::new(events(watcher, ends)).keep_alive(keep_alive)))
}

fn events(watcher: Watcher, ends: Pending<()>) -> impl Stream<Item = Result<Event, Infallible>> {
    let begin = (Some((watcher, ends)), true);
    unfold(begin, async |(open, is_first)| {
        let (mut watcher, mut ends) = open?;
        if is_first {
            return Some((Ok(Event::default().retry(COME_AGAIN)), (Some((watcher, ends)), false)));
        }
        let seen = tokio::select! {
            seen = watcher.next() => seen?,
            () = &mut ends => return None,
        };
        let goes_on = (!seen.is_end).then_some((watcher, ends));
        Some((Ok(event(&seen)), (goes_on, false)))
    })
}

fn event(seen: &Seen) -> Event {
    let name = if seen.is_end { "end" } else { "progress" };
    Event::default().event(name).id(seen.number.to_string()).data(&*seen.text)
}
