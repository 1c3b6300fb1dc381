//! The bot's webhook: what Teams posts to `/api/messages`.
//!
//! It is the one route that the whole world can reach and that changes something. So nothing of the body is read before the
//! token is known to be genuine, and only whoever has such a one takes a place from others.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::problem::Problem;
use super::router::Shared;
use crate::app::hear::{Ear, Verdict};

/// The largest activity that Teams posts is about 100 KB of message and its envelope.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
/// Requests in hand at once. At a few milliseconds each that is thousands a second, more than Teams installs in any tenant.
const AT_ONCE: usize = 64;
/// A body that comes drop by drop must not keep others out.
const BODY_WITHIN: Duration = Duration::from_secs(1);

/// The ear, and how many may speak into it.
#[derive(Clone)]
pub struct Webhook {
    ear: Ear,
    room: Arc<Semaphore>,
}

impl Webhook {
    /// A webhook that `ear` listens at.
    pub fn new(ear: Ear) -> Self {
        Self { ear, room: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    async fn judge(&self, headers: &HeaderMap, body: Body) -> Verdict {
        let Some(token) = bearer(headers) else { return Verdict::Unproved };
        let pass = match self.ear.recognise(token).await {
            Ok(pass) => pass,
            Err(verdict) => return verdict,
        };
        let Ok(_room) = self.room.try_acquire() else { return Verdict::Unavailable };
        match self.ear.within(BODY_WITHIN, to_bytes(body, BODY_BYTES_MAX)).await {
            Some(Ok(body)) => self.ear.hear(&pass, &body).await,
            // Too long, or the connection broke, and then nobody reads the answer.
            Some(Err(_)) => Verdict::TooLarge,
            None => Verdict::Unavailable,
        }
    }
}

/// `POST /api/messages`. Nothing that is refused is answered with 200, and what could not be kept is answered with 503,
/// whereupon Teams posts it again.
pub async fn messages(State(shared): State<Shared>, headers: HeaderMap, body: Body) -> Response {
    let Some(webhook) = &shared.webhook else { return Problem::NOT_FOUND.into_response() };
    let verdict = webhook.judge(&headers, body).await;
    verdict.count();
    match verdict {
        Verdict::Kept | Verdict::Old | Verdict::Stranger | Verdict::Nothing => StatusCode::OK.into_response(),
        Verdict::Unproved => ([(header::WWW_AUTHENTICATE, "Bearer")], Problem::UNPROVED).into_response(),
        Verdict::Forbidden => Problem::FORBIDDEN.into_response(),
        Verdict::Unreadable => Problem::UNREADABLE.into_response(),
        Verdict::TooLarge => Problem::TOO_LARGE.into_response(),
        Verdict::Unavailable => ([(header::RETRY_AFTER, "5")], Problem::UNAVAILABLE).into_response(),
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
