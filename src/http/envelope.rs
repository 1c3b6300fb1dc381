//! What every answer carries, whoever gives it: an id, and the headers that keep browsers from harm.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument;
use tracing::field::Empty;

use super::problem::Problem;
use crate::domain::ids::RequestId;
use crate::ports::Random;

/// The id of the request, by which the log knows it.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What they are made of.
#[derive(Clone)]
struct Envelope {
    random: Arc<dyn Random>,
    policy: HeaderValue,
}

/// `router`, whose answers carry all of it; what panics is answered, too. Only pages at `teams_hosts`, and our own, may show
/// ours in a frame.
pub fn sealed(router: Router, random: Arc<dyn Random>, teams_hosts: &[String]) -> Router {
    let ancestors = frame_ancestors(teams_hosts);
    let policy = format!("default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}");
    let policy = HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
    router.layer(CatchPanicLayer::custom(fault)).layer(from_fn_with_state(Envelope { random, policy }, seal))
}

/// Who may show a page of ours in a frame, as the policy names them.
pub fn frame_ancestors(teams_hosts: &[String]) -> String {
    let frames: String = teams_hosts.iter().map(|host| format!(" https://{host} https://*.{host}")).collect();
    if frames.is_empty() { "'none'".to_owned() } else { format!("'self'{frames}") }
}

/// A fault of ours. What it was is in the log already.
fn fault(_: Box<dyn Any + Send>) -> Response {
    Problem::INTERNAL.into_response()
}

async fn seal(State(envelope): State<Envelope>, mut request: Request, next: Next) -> Response {
    let id = RequestId::new(envelope.random.next_u64(), envelope.random.next_u64());
    let is_private = ["/api/", "/sign-"].iter().any(|begin| request.uri().path().starts_with(begin));
    let span = {
        let path = request.extensions().get::<MatchedPath>().map_or("", MatchedPath::as_str);
        let method = request.method().as_str();
        tracing::info_span!("answer", request = %id, method, path, caller = Empty, status = Empty)
    };
    request.extensions_mut().insert(id);
    let mut response = next.run(request).instrument(span.clone()).await;
    span.record("status", response.status().as_u16());
    span.in_scope(|| tracing::debug!("answered"));
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        headers.insert(X_REQUEST_ID, id);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("no-referrer"));
    // A page says for itself what it is made of.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert_with(|| envelope.policy.clone());
    if is_private {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt;

    use super::*;
    use crate::adapters::system::SystemRandom;

    #[tokio::test]
    async fn what_panics_is_answered_as_a_fault_of_ours() {
        let broken = get(async || -> &'static str { panic!("an invariant broke") });
        let router = sealed(Router::new().route("/broken", broken), Arc::new(SystemRandom), &[]);
        let answer = router.oneshot(Request::get("/broken").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 500);
        assert!(answer.headers().contains_key(X_REQUEST_ID));
        let policy = answer.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
        let body = axum::body::to_bytes(answer.into_body(), 4096).await.unwrap();
        assert!(String::from_utf8_lossy(&body).contains(r#""code":"internal""#));
    }
}
