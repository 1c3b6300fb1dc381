//! Every route on one screen.

use axum::Router;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;

use super::bot::{self, Webhook};
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
    /// Where Teams posts to; `None` for a process that does not listen to it.
    pub webhook: Option<Webhook>,
}

/// The routes. None shows a secret or a person, and only what Microsoft has signed changes anything.
pub fn router(shared: Shared) -> Router {
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/api/messages", post(bot::messages))
        .method_not_allowed_fallback(async || Problem::METHOD_NOT_ALLOWED)
        .fallback(async || Problem::NOT_FOUND)
        .with_state(shared)
}
