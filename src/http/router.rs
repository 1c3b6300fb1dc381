//! Every route on one screen.

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;

use super::health;
use super::problem::Problem;
use crate::app::health::Health;

/// What the routes answer from.
#[derive(Clone)]
pub struct Shared {
    /// How the parts of the process are.
    pub health: Health,
    /// What it has counted.
    pub metrics: PrometheusHandle,
}

/// The routes. None of them changes anything, and none shows a secret or a person.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .method_not_allowed_fallback(async || Problem::METHOD_NOT_ALLOWED)
        .fallback(async || Problem::NOT_FOUND)
        .with_state(shared)
}
