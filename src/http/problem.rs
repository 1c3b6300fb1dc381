//! One error, one stable code: problem documents as RFC 9457 describes them.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::fault::Fault;
use crate::ports::StoreError;

/// The media type of problem documents.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong, for a program and for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: StatusCode,
    /// Stable; programs compare it.
    pub code: &'static str,
    /// What went wrong, the same for every occurrence.
    pub title: &'static str,
    /// What was wrong this time.
    pub detail: Option<Box<str>>,
    /// What to do next.
    pub next_step: &'static str,
    /// Everything wrong with the input, field by field.
    pub faults: Vec<Fault>,
    /// Headers that belong to the answer.
    pub headers: Vec<(HeaderName, HeaderValue)>,
}

/// A problem document as it is written (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// `urn:stentor:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What went wrong, the same for every occurrence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable; programs compare it.
    pub code: String,
    /// What was wrong this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do next.
    pub next_step: String,
    /// Everything wrong with the input, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

impl Problem {
    /// There is nothing at this path.
    pub const NOT_FOUND: Self = Self::new(
        404,
        "not_found",
        "There is nothing at this path.",
        "The API is at /api/v1, and described at /api/v1/openapi.json. Beside it there are /healthz, /readyz and /metrics.",
    );
    /// A fault of ours.
    pub const INTERNAL: Self = Self::new(
        500,
        "internal",
        "Something went wrong that should not.",
        "Tell whoever runs Stentor the id in the header X-Request-Id: the log says more under it.",
    );
    /// The path exists, for another method.
    pub const METHOD_NOT_ALLOWED: Self = Self::new(
        405,
        "method_not_allowed",
        "This path does not take that method.",
        "The header Allow names those that it takes.",
    );
    /// What was posted to the bot has no token, or one that proves nothing.
    pub const UNPROVED: Self = Self::new(
        401,
        "token_refused",
        "The token does not prove that this comes from Teams.",
        "Only Microsoft Teams posts here. Check teams.cloud, teams.app_id and this machine's clock.",
    );
    /// What was posted to the bot comes from Microsoft, and is not for us.
    pub const FORBIDDEN: Self = Self::new(
        403,
        "not_allowed",
        "This comes from a tenant, a channel or a host that is not served here.",
        "Check teams.tenant_id and teams.cloud, and where the bot's messaging endpoint is set.",
    );
    /// What was posted to the bot is not an activity.
    pub const UNREADABLE: Self =
        Self::new(400, "not_an_activity", "The body is not a JSON object.", "Post one activity of the Bot Framework.");
    /// What was posted to the bot is larger than any activity.
    pub const TOO_LARGE: Self =
        Self::new(413, "too_large", "The body is larger than 262144 bytes.", "Post one activity of the Bot Framework.");
    /// What was posted to the bot could not be kept.
    pub const UNAVAILABLE: Self = Self::new(
        503,
        "unavailable",
        "This cannot be taken in at present.",
        "Post it again. /readyz tells what is the matter.",
    );

    /// A problem without particulars. A status that is none counts as 500.
    pub const fn new(status: u16, code: &'static str, title: &'static str, next_step: &'static str) -> Self {
        let status = match StatusCode::from_u16(status) {
            Ok(status) => status,
            Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self { status, code, title, detail: None, next_step, faults: Vec::new(), headers: Vec::new() }
    }

    /// The same, with what was wrong this time.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into().into_boxed_str());
        self
    }

    /// The same, with everything wrong with the input.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }

    /// The same, with a header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// As it is written.
    pub fn document(&self) -> ProblemDocument {
        ProblemDocument {
            kind: format!("urn:stentor:problem:{}", self.code),
            title: self.title.to_owned(),
            status: self.status.as_u16(),
            code: self.code.to_owned(),
            detail: self.detail.as_deref().map(str::to_owned),
            next_step: self.next_step.to_owned(),
            faults: self.faults.clone(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            return Self::new(
                503,
                "database_unavailable",
                "The database does not answer at present.",
                "Ask again in a few seconds. /readyz tells what is the matter.",
            )
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        // What the database said may name people; it belongs in the log of whoever runs this.
        tracing::error!(%error, "a request failed");
        Self::INTERNAL
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_string(&self.document()).unwrap_or_default();
        let mut response = (self.status, [(header::CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        response.headers_mut().extend(self.headers);
        response
    }
}
