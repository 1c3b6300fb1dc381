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
        next_step: "This server has /healthz, /readyz and /metrics.",
    };
    /// The path exists, for another method.
    pub const METHOD_NOT_ALLOWED: Self = Self {
        status: StatusCode::METHOD_NOT_ALLOWED,
        code: "method_not_allowed",
        title: "This path does not take that method.",
        next_step: "Use GET.",
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
