//! Shows an uploaded picture to whoever has its address: Teams fetches it, for everybody whose card links to it.
//!
//! The address holds 122 bits of chance. Nothing but the picture is told, and nothing tells a wrong address from none.

use axum::extract::{Path, State};
use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::problem::Problem;
use super::router::Shared;

/// A picture never changes under its id, so whoever has it need not ask again for a year.
const HEADERS: [(HeaderName, &str); 6] = [
    (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
    (header::CONTENT_DISPOSITION, "inline"),
    (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    (HeaderName::from_static("x-robots-tag"), "noindex, noimageindex"),
];

/// The picture.
pub async fn show(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    let (Some(api), Ok(id)) = (&shared.api, Uuid::try_parse(&id)) else { return Problem::NOT_FOUND.into_response() };
    match api.office.picture(api.tenant, id).await {
        Ok(Some(picture)) => (HEADERS, [(header::CONTENT_TYPE, picture.media_type)], picture.bytes).into_response(),
        Ok(None) => Problem::NOT_FOUND.into_response(),
        Err(error) => Problem::from(error).into_response(),
    }
}
