//! Every route on one screen.

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use metrics_exporter_prometheus::PrometheusHandle;

use super::api::{self, Api};
use super::bot::{self, Webhook};
use super::health;
use super::problem::Problem;
use super::{envelope, page, pictures, sign_in};
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

/// A route outside the API: where it is, what it is, and why nobody needs to sign in for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Its path.
    pub path: &'static str,
    /// What it is.
    pub what: &'static str,
    /// Why it is open.
    pub why: &'static str,
}

const PAGE: &str = "the same for everybody; it asks the API for everything else";

/// Every route outside the API. Whoever adds one says here why it is open; a test walks them, and looks for others.
pub const OPEN: [Open; 19] = [
    Open { path: "/healthz", what: "the process is alive", why: "says nothing else" },
    Open { path: "/readyz", what: "its parts are well", why: "names parts, and no person" },
    Open { path: "/metrics", what: "what it has counted", why: "numbers, for a scraper within the house" },
    Open {
        path: "/api/messages",
        what: "what Teams posts to the bot",
        why: "each post is proved by Microsoft's signature",
    },
    Open { path: "/pictures/{id}", what: "an uploaded picture", why: "Teams fetches it; its address is chance" },
    Open { path: "/sign-in", what: "sends a browser to Entra", why: "whoever is here has not signed in" },
    Open { path: "/sign-in/callback", what: "comes back from Entra", why: "proved by the code and the state" },
    Open { path: "/sign-out", what: "ends a session", why: "needs the session and its token, and ends nothing else" },
    Open { path: "/", what: "the page", why: PAGE },
    Open { path: "/signed-in", what: "the page, in a window that has signed in again", why: PAGE },
    Open { path: "/broadcasts", what: "the page", why: PAGE },
    Open { path: "/broadcasts/{*rest}", what: "the page", why: PAGE },
    Open { path: "/administration", what: "the page", why: PAGE },
    Open { path: "/administration/{*rest}", what: "the page", why: PAGE },
    Open { path: "/assets/{file}", what: "the files of the page", why: PAGE },
    Open {
        path: "/api/v1/openapi.json",
        what: "the document of the API",
        why: "the same for everybody, as is the program",
    },
    Open { path: "/api/docs", what: "leads to the page", why: "as the document" },
    Open { path: "/api/docs/", what: "the document as a page", why: "as the document" },
    Open { path: "/api/docs/{*rest}", what: "the files of that page", why: "as the document" },
];

/// The routes. None shows a secret or a person, and only what Microsoft has signed changes anything.
pub fn router(shared: Shared) -> Router {
    let random = Arc::clone(&shared.random);
    let api = shared.api.as_ref();
    let teams_hosts = api.map(|api| api.settings.cloud.teams_hosts.clone()).unwrap_or_default();
    let api = api.map_or_else(Router::new, |api| {
        let (routes, document) = api::router::api(api);
        routes.merge(api::document::routes(&document)).merge(sign_in::routes(api)).merge(page::routes(api))
    });
    let router = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/api/messages", post(bot::messages))
        .route("/pictures/{id}", get(pictures::show))
        .method_not_allowed_fallback(async || Problem::METHOD_NOT_ALLOWED)
        .fallback(page::astray)
        .with_state(shared)
        .merge(api);
    envelope::sealed(router, random, &teams_hosts)
}
