//! Every route on one screen.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;

use super::api::{self, Api};
use super::bot::{self, Webhook};
use super::health;
use super::problem::Problem;
use super::{envelope, sign_in};
use crate::app::health::Health;
use crate::ports::Random;

/// What the routes answer from.
#[derive(Clone)]
pub struct Shared {
    /// How the parts of the process are.
    pub health: Health,
    /// What it has counted.
    pub metrics: PrometheusHandle,
    /// Where Teams posts to; `None` for a process that does not listen to it.
    pub webhook: Option<Webhook>,
    /// What the ids of requests are made of.
    pub random: Arc<dyn Random>,
    /// The API; `None` for a process that has none.
    pub api: Option<Api>,
}

/// The routes. None shows a secret or a person, and only what Microsoft has signed changes anything.
pub fn router(shared: Shared) -> Router {
    let random = Arc::clone(&shared.random);
    let api = shared.api.as_ref();
    let teams_hosts = api.map(|api| api.settings.cloud.teams_hosts.clone()).unwrap_or_default();
    let api = api.map_or_else(Router::new, |api| api::router::api(api).0.merge(sign_in::routes(api)));
    let router = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/api/messages", post(bot::messages))
        .method_not_allowed_fallback(async || Problem::METHOD_NOT_ALLOWED)
        .fallback(async || Problem::NOT_FOUND)
        .with_state(shared)
        .merge(api);
    envelope::sealed(router, random, &teams_hosts)
}
