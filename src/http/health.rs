//! Is the process alive, can it work, and what has it counted?

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::router::Shared;

/// Alive: the process answers. Nothing else is asked, so that a broken database does not restart us in vain.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// Ready: every part is well (200), or what is wrong (503).
pub async fn ready(State(shared): State<Shared>) -> Response {
    let readiness = shared.health.readiness();
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

/// Counters, gauges and histograms in Prometheus' text format, version 0.0.4.
pub async fn metrics(State(shared): State<Shared>) -> Response {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], shared.metrics.render()).into_response()
}
