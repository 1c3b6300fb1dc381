//! Every route on one screen.

use axum::Router;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;

use super::api::{self, Api};
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
    /// The API; `None` for a process that has none.
    pub api: Option<Api>,
}

/// The routes. None shows a secret or a person, and only what Microsoft has signed changes anything.
pub fn router(shared: Shared) -> Router {
    let api = shared.api.as_ref().map_or_else(Router::new, |api| api::router::api(api).0);
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/api/messages", post(bot::messages))
        .method_not_allowed_fallback(async || Problem::METHOD_NOT_ALLOWED)
        .fallback(async || Problem::NOT_FOUND)
        .with_state(shared)
        .merge(api)
}
