//! The post: signs what Teams tells the bot and posts it to the webhook; publishes the keys.
//!
//! Source: Bot Framework, "Authentication with the Bot Connector API", requests from the connector to the bot.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::signer::Keys;
use super::{Service, lock};
use crate::domain::time::Timestamp;
use crate::ports::Clock;
use crate::simulator::world::World;

/// How often the outbox is looked into.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Whoever does not take an event in is told again so often, after one, two and four seconds.
const AGAIN: u32 = 3;
/// Teams hangs up about then.
const PATIENCE: Duration = Duration::from_secs(15);
/// Events on their way at once.
const AT_ONCE: usize = 64;
/// The life of a token.
const LIFE_SECONDS: i64 = 3600;
/// How long a token is used again: like the real ones, many events carry the same.
const REUSED_SECONDS: i64 = 300;

/// The token that was signed last: for which service url, by which key, when.
struct Last {
    service_url: String,
    key: String,
    signed_at: Timestamp,
    token: String,
}

/// Signs and posts.
pub(super) struct Post {
    webhook: Url,
    /// Who signs, and for whom.
    parties: (&'static str, Uuid),
    keys: Keys,
    last: Mutex<Option<Last>>,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
}

/// Why there is no post.
pub(super) type Refused = Box<dyn std::error::Error + Send + Sync>;

impl Post {
    pub(super) fn new(webhook: Url, parties: (&'static str, Uuid), clock: Arc<dyn Clock>) -> Result<Self, Refused> {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let keys = Keys::default();
        keys.current()?;
        Ok(Self { webhook, parties, keys, last: Mutex::new(None), client, clock })
    }

    fn published(&self) -> Vec<Value> {
        let mut keys = self.keys.published();
        for key in &mut keys {
            key["endorsements"] = json!(["msteams", "webchat", "directline"]);
        }
        keys
    }

    /// A token for events with this service url.
    fn token(&self, service_url: &str, now: Timestamp) -> Option<String> {
        let signer = self.keys.current().ok()?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = last.as_ref()
            && last.service_url == service_url
            && last.key == signer.id
            && (now - last.signed_at).num_seconds() < REUSED_SECONDS
        {
            return Some(last.token.clone());
        }
        let ((issuer, app), from) = (self.parties, now.timestamp());
        let claims =
            json!({"serviceurl": service_url, "nbf": from, "exp": from + LIFE_SECONDS, "iss": issuer, "aud": app});
        let token = signer.sign(&claims).ok()?;
        let (service_url, key) = (service_url.to_owned(), signer.id.clone());
        *last = Some(Last { service_url, key, signed_at: now, token: token.clone() });
        Some(token)
    }

    /// Posts until `stop`.
    pub(super) async fn run(self: Arc<Self>, world: Arc<Mutex<World>>, stop: CancellationToken) {
        let room = Arc::new(tokio::sync::Semaphore::new(AT_ONCE));
        while !stop.is_cancelled() {
            let told = lock(&world).take_told(self.clock.now());
            for activity in told {
                let Ok(room) = Arc::clone(&room).acquire_owned().await else { return };
                let (post, stop) = (Arc::clone(&self), stop.clone());
                tokio::spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = post.deliver(&activity) => {}
                    }
                    drop(room);
                });
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.sleep_until(self.clock.monotonic() + LOOK_EVERY) => {}
            }
        }
    }

    async fn deliver(&self, activity: &Value) {
        let service_url = activity["serviceUrl"].as_str().unwrap_or_default();
        for again in 0..=AGAIN {
            let Some(token) = self.token(service_url, self.clock.now()) else { return };
            let request = self.client.post(self.webhook.clone()).bearer_auth(token).json(activity);
            match request.send().await {
                // Whoever is refused for good is not asked again.
                Ok(answer) if !answer.status().is_server_error() => return,
                // Nobody listens: most rehearsals go without.
                Err(error) if error.is_connect() => return,
                _ => {
                    let wait = Duration::from_secs(1 << again);
                    self.clock.sleep_until(self.clock.monotonic() + wait).await;
                }
            }
        }
    }
}

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/login/v1/.well-known/openidconfiguration", get(document))
        .route("/login/v1/.well-known/keys", get(keys))
        .route("/_simulator/rotate_keys", axum::routing::post(rotate))
}

async fn document(State(service): State<Service>) -> Response {
    let document = json!({
        "issuer": service.issuer,
        "authorization_endpoint": "https://invalid.botframework.com",
        "jwks_uri": format!("{}/v1/.well-known/keys", service.login_url),
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
    });
    axum::Json(document).into_response()
}

async fn keys(State(service): State<Service>) -> Response {
    let keys = service.post.as_ref().map(|post| post.published()).unwrap_or_default();
    axum::Json(json!({"keys": keys})).into_response()
}

async fn rotate(State(service): State<Service>) -> Response {
    match service.post.as_ref().map(|post| post.keys.rotate()) {
        Some(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Some(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        None => (StatusCode::CONFLICT, "nothing is posted: there is no webhook").into_response(),
    }
}
