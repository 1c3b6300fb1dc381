//! One error, one stable code: problem documents as RFC 9457 describes them.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// What went wrong, for a program and for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable; programs compare it.
    pub code: &'static str,
    /// What went wrong, the same for every occurrence.
    pub title: &'static str,
    /// What to do next.
    pub next_step: &'static str,
}

impl Problem {
    /// There is nothing at this path.
    pub const NOT_FOUND: Self = Self {
        status: StatusCode::NOT_FOUND,
        code: "not_found",
        title: "There is nothing at this path.",
        next_step: "This server has /healthz, /readyz and /metrics; `run` and `serve` also take what Teams posts to /api/messages.",
    };
    /// The path exists, for another method.
    pub const METHOD_NOT_ALLOWED: Self = Self {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "method_not_allowed",
        title: "This path does not take that method.",
        next_step: "Use GET; for /api/messages, POST.",
    };
    /// What was posted to the bot has no token, or one that proves nothing.
    pub const UNPROVED: Self = Self {
        status: StatusCode::UNAUTHORIZED,
        code: "token_refused",
        title: "The token does not prove that this comes from Teams.",
        next_step: "Only Microsoft Teams posts here. Check teams.cloud, teams.app_id and this machine's clock.",
    };
    /// What was posted to the bot comes from Microsoft, and is not for us.
    pub const FORBIDDEN: Self = Self {
        status: StatusCode::FORBIDDEN,
        code: "not_allowed",
        title: "This comes from a tenant, a channel or a host that is not served here.",
        next_step: "Check teams.tenant_id and teams.cloud, and where the bot's messaging endpoint is set.",
    };
    /// What was posted to the bot is not an activity.
    pub const UNREADABLE: Self = Self {
        status: StatusCode::BAD_REQUEST,
        code: "not_an_activity",
        title: "The body is not a JSON object.",
        next_step: "Post one activity of the Bot Framework.",
    };
    /// What was posted to the bot is larger than any activity.
    pub const TOO_LARGE: Self = Self {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: "too_large",
        title: "The body is larger than 262144 bytes.",
        next_step: "Post one activity of the Bot Framework.",
    };
    /// What was posted to the bot could not be kept.
    pub const UNAVAILABLE: Self = Self {
        status: StatusCode::SERVICE_UNAVAILABLE,
        code: "unavailable",
        title: "This cannot be taken in at present.",
        next_step: "Post it again. /readyz tells what is the matter.",
    };
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let document = json!({
            "type": format!("urn:stentor:problem:{}", self.code),
            "title": self.title,
            "status": self.status.as_u16(),
            "code": self.code,
            "next_step": self.next_step,
        });
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], document.to_string()).into_response()
    }
}
