//! The post: signs what Teams tells the bot and posts it to the webhook; publishes the keys.
//!
//! Tokens are put together here by hand, from the vendor's description, so that whoever checks them meets a second
//! opinion.
//!
//! Source: Bot Framework, "Authentication with the Bot Connector API", requests from the connector to the bot.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize, SigningKey};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::{Service, lock};
use crate::domain::time::Timestamp;
use crate::ports::Clock;
use crate::simulator::base64;
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
/// Where the modulus of a key of 2048 bits stands in its DER, and how long it is.
const MODULUS: std::ops::Range<usize> = 9..265;

/// How long a token is used again: like the real ones, many events carry the same.
const REUSED_SECONDS: i64 = 300;

/// A pair of keys, the name of it, and the token that it signed last.
struct Signer {
    id: String,
    pair: KeyPair,
    last: Option<(String, Timestamp, String)>,
}

impl Signer {
    fn new() -> Result<Self, rcgen::Error> {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        let id =
            base64::encode_url(pair.public_key_raw().get(MODULUS).unwrap_or_default().get(..15).unwrap_or_default());
        Ok(Self { id, pair, last: None })
    }

    fn published(&self) -> Value {
        let modulus = self.pair.public_key_raw().get(MODULUS).unwrap_or_default();
        json!({"kty": "RSA", "use": "sig", "kid": self.id, "x5t": self.id, "n": base64::encode_url(modulus), "e": "AQAB",
            "endorsements": ["msteams", "webchat", "directline"]})
    }

    /// A token for events with this service url.
    fn token(
        &mut self,
        (issuer, app): (&str, Uuid),
        service_url: &str,
        now: Timestamp,
    ) -> Result<String, rcgen::Error> {
        if let Some((url, signed_at, token)) = &self.last
            && url == service_url
            && (now - *signed_at).num_seconds() < REUSED_SECONDS
        {
            return Ok(token.clone());
        }
        let (from, to) = (now.timestamp(), now.timestamp() + LIFE_SECONDS);
        let claims = json!({"serviceurl": service_url, "nbf": from, "exp": to, "iss": issuer, "aud": app});
        let token = self.sign(&claims)?;
        self.last = Some((service_url.to_owned(), now, token.clone()));
        Ok(token)
    }

    fn sign(&self, claims: &Value) -> Result<String, rcgen::Error> {
        let header = json!({"alg": "RS256", "kid": self.id, "x5t": self.id, "typ": "JWT"});
        let signed = [header, claims.clone()].map(|part| base64::encode_url(part.to_string().as_bytes())).join(".");
        let signature = base64::encode_url(&self.pair.sign(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}"))
    }
}

/// Signs and posts.
pub(super) struct Post {
    webhook: Url,
    /// Who signs, and for whom.
    parties: (&'static str, Uuid),
    /// The last one signs; the one before it is published still.
    signers: Mutex<VecDeque<Signer>>,
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
}

/// Why there is no post.
pub(super) type Refused = Box<dyn std::error::Error + Send + Sync>;

impl Post {
    pub(super) fn new(webhook: Url, parties: (&'static str, Uuid), clock: Arc<dyn Clock>) -> Result<Self, Refused> {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        Ok(Self { webhook, parties, signers: Mutex::new(VecDeque::from([Signer::new()?])), client, clock })
    }

    /// Signs with a new key from now on.
    fn rotate(&self) -> Result<(), rcgen::Error> {
        let fresh = Signer::new()?;
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        signers.push_back(fresh);
        while signers.len() > 2 {
            signers.pop_front();
        }
        Ok(())
    }

    fn published(&self) -> Vec<Value> {
        self.signers.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Signer::published).collect()
    }

    fn token(&self, service_url: &str, now: Timestamp) -> Option<String> {
        let mut signers = self.signers.lock().unwrap_or_else(PoisonError::into_inner);
        signers.back_mut()?.token(self.parties, service_url, now).ok()
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
    match service.post.as_ref().map(|post| post.rotate()) {
        Some(Ok(())) => StatusCode::NO_CONTENT.into_response(),
        Some(Err(error)) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        None => (StatusCode::CONFLICT, "nothing is posted: there is no webhook").into_response(),
    }
}
