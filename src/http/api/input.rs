//! What comes in: bodies, paths and queries, refused with the problem that says what is wrong.
//!
//! No text that comes in here holds the character NUL: Postgres keeps it in no text, so it is refused at the door.

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use crate::http::problem::Problem;

const CURE: &str = "/api/v1/openapi.json describes what this route takes.";

/// A text holds what no text of ours may.
const NUL: Problem = Problem::new(
    422,
    "bad_character",
    "A text holds the character NUL, which nobody can read.",
    "Send the text without U+0000.",
);

/// A body in JSON.
#[derive(Debug)]
pub struct Body<T>(pub T);

/// A body as it is: a list or a picture.
#[derive(Debug)]
pub struct Raw(pub Bytes);

/// The parts of the path.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// What stands behind the question mark.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Problem::new(415, "not_json", "The body is not called JSON.", "Send it as application/json."));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(Problem::from)?;
        if has_nul(&bytes) {
            return Err(NUL);
        }
        Ok(Self(axum::Json::from_bytes(&bytes).map(|axum::Json(body)| body)?))
    }
}

impl<S: Send + Sync> FromRequest<S> for Raw {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Ok(Self(Bytes::from_request(request, state).await?))
    }
}

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        // Nothing of ours is called so.
        if parts.uri.path().contains("%00") {
            return Err(Problem::NOT_FOUND);
        }
        Ok(Self(axum::extract::Path::from_request_parts(parts, state).await?.0))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_some_and(|query| query.contains("%00")) {
            return Err(Problem { status: axum::http::StatusCode::BAD_REQUEST, ..NUL });
        }
        Ok(Self(axum::extract::Query::from_request_parts(parts, state).await?.0))
    }
}

/// Whether the headers call the body JSON.
fn is_json(headers: &HeaderMap) -> bool {
    let called = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = called.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

/// Whether one of the strings of a document in JSON holds NUL, which is only written as an escape there.
fn has_nul(json: &[u8]) -> bool {
    const ESCAPE: &[u8] = br"\u0000";
    json.windows(ESCAPE.len()).enumerate().filter(|(_, window)| *window == ESCAPE).any(|(at, _)| {
        // Of an even number of backslashes before it each second one is text.
        json[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 0
    })
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let status = rejection.status().as_u16();
        match rejection {
            JsonRejection::JsonDataError(error) => {
                Self::new(422, "bad_body", "The body is not what this route takes.", CURE).because(error.body_text())
            }
            other => Self::new(status, "unreadable_body", "The body cannot be read.", CURE).because(other.body_text()),
        }
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        match rejection.status().as_u16() {
            413 => Self::new(413, "too_large", "The body is larger than this route takes.", CURE),
            status => {
                Self::new(status, "unreadable_body", "The body cannot be read.", CURE).because(rejection.body_text())
            }
        }
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new(404, "not_found", "There is nothing at this path.", CURE).because(rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(400, "bad_query", "The query is not what this route takes.", CURE).because(rejection.body_text())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_is_found_where_it_is_meant_and_only_there() {
        assert!(has_nul(br#"{"a":"x\u0000"}"#) && has_nul(br#"["\\\u0000"]"#));
        assert!(!has_nul(br#"["\\u0000"]"#) && !has_nul(br#"["u0000"]"#));
    }
}
