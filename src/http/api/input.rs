//! What comes in: bodies, paths and queries, refused with the problem that says what is wrong.

use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts};

use crate::http::problem::Problem;

const CURE: &str = "/api/v1/openapi.json describes what this route takes.";

/// A body in JSON.
#[derive(Debug, FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub struct Body<T>(pub T);

/// The parts of the path.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct Path<T>(pub T);

/// What stands behind the question mark.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let status = rejection.status().as_u16();
        match rejection {
            JsonRejection::JsonDataError(error) => {
                Self::new(422, "bad_body", "The body is not what this route takes.", CURE).because(error.body_text())
            }
            JsonRejection::MissingJsonContentType(_) => {
                Self::new(415, "not_json", "The body is not called JSON.", "Send it as application/json.")
            }
            other => Self::new(status, "unreadable_body", "The body cannot be read.", CURE).because(other.body_text()),
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
