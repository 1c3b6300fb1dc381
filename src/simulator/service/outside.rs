//! The world around Entra: the identities of the machine, where Azure hands out their tokens, and somebody whose tokens
//! an app may believe.
//!
//! Two ways lead to a token of the machine: `/metadata/identity/oauth2/token` as on a virtual machine, and `/msi/token`
//! as in App Service.
//!
//! Sources: Azure, "How to use managed identities on an Azure VM to acquire an access token" and "How to use managed
//! identities for App Service".

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize, SigningKey};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::control::obey;
use super::{Service, Visit, lock};
use crate::domain::time::Timestamp;
use crate::simulator::answer::Answer;
use crate::simulator::base64;
use crate::simulator::entra::{Federation, MachineIdentity};
use crate::simulator::world::World;

/// The word that lets somebody in at `/msi/token`. It opens nothing but this simulator.
const WORD: &str = "simulated-identity-header";
/// What stands before the audience of every exchange, in every cloud.
const EXCHANGE: &str = "api://AzureADTokenExchange";
const LIFE_SECONDS: i64 = 24 * 3600;

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/metadata/identity/oauth2/token", get(metadata))
        .route("/msi/token", get(service))
        .route("/_simulator/secrets", post(secrets))
        .route("/_simulator/certificates", post(certificates))
        .route("/_simulator/federations", post(federations))
        .route("/_simulator/identities", post(identities))
        .route("/_simulator/federated_token", post(federated_token))
        .route("/_simulator/tokens", get(tokens))
}

/// Signs for everybody who is not Entra, with one key that is made when it is first needed.
#[derive(Debug, Clone, Default)]
pub(super) struct Outside(Arc<OnceLock<KeyPair>>);

impl Outside {
    /// A token with these claims; `None` when this machine can make no key.
    fn sign(&self, world: &mut World, claims: &Value) -> Option<String> {
        if self.0.get().is_none() {
            let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).ok()?;
            // Whoever came first has made it.
            let _ = self.0.set(pair);
        }
        let pair = self.0.get()?;
        world.believe_outside(pair.public_key_raw().to_vec());
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": "outside"});
        let signed = [header, claims.clone()].map(|part| base64::encode_url(part.to_string().as_bytes())).join(".");
        let signature = base64::encode_url(&pair.sign(signed.as_bytes()).ok()?);
        Some(format!("{signed}.{signature}"))
    }
}

async fn metadata(visit: Visit) -> Response {
    let is_meant = visit.header("metadata").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    let refused = || wrong("invalid_request", "Required metadata header not specified");
    machine_token(visit, "2018-02-01", is_meant, refused).await
}

async fn service(visit: Visit) -> Response {
    let is_let_in = visit.header("x-identity-header") == Some(WORD);
    let refused = || Answer::json(401, json!({"statusCode": 401, "message": "The secret is wrong."}));
    machine_token(visit, "2019-08-01", is_let_in, refused).await
}

fn wrong(error: &str, text: &str) -> Answer {
    Answer::json(400, json!({"error": error, "error_description": text}))
}

async fn machine_token(visit: Visit, version: &str, is_let_in: bool, refused: fn() -> Answer) -> Response {
    let parameters = visit.parameters();
    let parameter = |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let (resource, client_id) = (parameter("resource").unwrap_or_default(), parameter("client_id"));
    let is_version = parameter("api-version") == Some(version);
    let outside = visit.service.outside.clone();
    let login_url = visit.service.login_url.clone();
    visit
        .answer(|world, caller, now| {
            world.machine_token(caller, now, |world| {
                if !is_let_in {
                    return Err(refused());
                }
                if !is_version {
                    return Err(wrong("bad_request_102", "Required api-version is missing or not supported"));
                }
                let Some(identity) = world.identity(client_id) else {
                    return Err(wrong("invalid_request", "Identity not found"));
                };
                if !resource.starts_with(EXCHANGE) {
                    return Ok(world.grant_to_identity(identity, resource, now));
                }
                let issuer = format!("{login_url}/{}/v2.0", world.tenant());
                let token = outside.sign(world, &claims(&issuer, identity.object_id.to_string(), resource, now));
                let token = token.ok_or_else(|| Answer::empty(500))?;
                let ends = now.timestamp() + LIFE_SECONDS;
                Ok(Answer::json(
                    200,
                    json!({"access_token": token, "client_id": identity.client_id, "resource": resource,
                        "token_type": "Bearer", "expires_on": ends.to_string()}),
                ))
            })
        })
        .await
}

fn claims(issuer: &str, subject: impl Into<Value>, audience: &str, now: Timestamp) -> Value {
    let now = now.timestamp();
    let subject: Value = subject.into();
    json!({"iss": issuer, "sub": subject, "aud": audience, "iat": now, "nbf": now, "exp": now + LIFE_SECONDS})
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SecretsOrder {
    secrets: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificatesOrder {
    pem: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FederationsOrder {
    federations: Vec<Federation>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IdentitiesOrder {
    identities: Vec<MachineIdentity>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenOrder {
    issuer: String,
    subject: String,
    audience: String,
    /// From now; below zero for one that has ended.
    seconds: i64,
    /// Told apart from the one before.
    #[serde(default)]
    id: Option<Uuid>,
}

/// The secrets that are accepted from now on, and no others.
async fn secrets(visit: Visit) -> Response {
    obey(&visit, |world, order: SecretsOrder| {
        let count = order.secrets.len();
        world.set_secrets(order.secrets);
        json!({"secrets": count})
    })
}

async fn certificates(visit: Visit) -> Response {
    obey(&visit, |world, order: CertificatesOrder| json!({"thumbprints": world.set_certificates(&order.pem)}))
}

async fn federations(visit: Visit) -> Response {
    obey(&visit, |world, order: FederationsOrder| {
        world.set_federations(order.federations.clone());
        json!({"federations": order.federations})
    })
}

async fn identities(visit: Visit) -> Response {
    obey(&visit, |world, order: IdentitiesOrder| {
        world.set_identities(order.identities.clone());
        json!({"identities": order.identities})
    })
}

/// A token as somebody else would issue it, such as a Kubernetes cluster.
async fn federated_token(visit: Visit) -> Response {
    let now = visit.service.clock.now();
    let outside = visit.service.outside.clone();
    obey(&visit, |world, order: TokenOrder| {
        let mut claims = claims(&order.issuer, order.subject, &order.audience, now);
        claims["exp"] = (now.timestamp() + order.seconds).into();
        claims["jti"] = json!(order.id);
        json!({"token": outside.sign(world, &claims)})
    })
}

/// How often each scope was asked for, and how many requests for it there were at the same time.
async fn tokens(State(service): State<Service>) -> Response {
    axum::Json(lock(&service.world).tokens_asked()).into_response()
}
