//! The document that describes the API, and the page on which it is read.
//!
//! The page is Swagger UI, which travels within the program: nothing is fetched from elsewhere.

use axum::Router;
use axum::http::{HeaderValue, header};
use bytes::Bytes;
use tower_http::set_header::SetResponseHeaderLayer;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::http::problem::ProblemDocument;

/// Where the document is.
pub const DOCUMENT: &str = "/api/v1/openapi.json";
/// Where the page is.
pub const PAGE: &str = "/api/docs";

/// What the page is made of: its own files. It sets styles while it draws, and its icons are inside its files.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Stentor",
        description = "Broadcasts in Microsoft Teams: nobody lost, nobody told twice.\n\n\
            Whoever asks has signed in at /sign-in, or sends a token of the organisation as `Authorization: Bearer …`. What \
            their roles let them do stands at each operation as `x-roles`. Whatever goes wrong is told as a problem document \
            (RFC 9457) with a stable `code`, what was wrong, and what to do next.",
        version = env!("CARGO_PKG_VERSION"),
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/", description = "Where this document is")),
    tags(
        (name = "Sign-in", description = "Who is asking."),
        (name = "Broadcasts", description = "Announcements, from the first word to the last recipient."),
        (name = "People", description = "What became of everybody whom a broadcast is for."),
        (name = "Audiences", description = "Whom a broadcast is for, in words and as lists."),
        (name = "Directory", description = "What we know of the organisation's people and groups."),
        (name = "Pictures", description = "Pictures for announcements."),
        (name = "Operations", description = "Quotas and workers."),
        (name = "Audit", description = "Who did what."),
    ),
    components(schemas(ProblemDocument)),
)]
struct Blank;

/// The document without its operations.
pub fn blank() -> OpenApi {
    Blank::openapi()
}

/// The document as it is written: every line at its place, so that two of them can be compared.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn written(document: &OpenApi) -> serde_json::Result<String> {
    // By way of a value, whose members are in order: the extensions of an operation lie in a map that has none.
    let value = serde_json::to_value(document)?;
    serde_json::to_string_pretty(&value).map(|text| text + "\n")
}

/// The document, and the page.
pub fn routes(document: &OpenApi) -> Router {
    // The page asks a service on the internet whether the document is right, unless it is told not to.
    let config = Config::from(DOCUMENT).validator_url("none").try_it_out_enabled(true).display_operation_id(true);
    let page = Router::from(SwaggerUi::new(PAGE).config(config));
    let page = page.layer(SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, POLICY));
    // Written once: a router is copied whole for each connection, and the document is megabytes as values.
    let written = Bytes::from(document.to_json().unwrap_or_default());
    let as_json = [(header::CONTENT_TYPE, "application/json")];
    Router::new().route(DOCUMENT, axum::routing::get(async move || (as_json, written))).merge(page)
}
