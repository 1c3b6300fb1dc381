//! The strings that pull at the app registration: roles, programs, redirects, the life and the keys of signed tokens; and
//! tokens without any of the ways that lead to one. None of this exists in Entra.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

use super::control::obey;
use super::signer::Signer;
use super::{Service, Visit, lock};
use crate::simulator::chance;
use crate::simulator::entra::{AppRole, Lent, Program, Twist};

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/_simulator/roles", get(roles).post(give_role))
        .route("/_simulator/programs", get(programs).post(register_program))
        .route("/_simulator/redirects", post(register_redirect))
        .route("/_simulator/token_lifetime", post(lifetime))
        .route("/_simulator/rotate_sign_in_keys", post(rotate))
        .route("/_simulator/id_token", post(identity_twist))
        .route("/_simulator/teams_token", post(teams_token))
        .route("/_simulator/program_token", post(program_token))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RoleOrder {
    person: String,
    role: AppRole,
    granted: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramOrder {
    name: String,
    #[serde(default)]
    client_id: Option<Uuid>,
    #[serde(default)]
    client_secret: Option<String>,
    roles: Vec<AppRole>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RedirectOrder {
    redirect: Url,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LifetimeOrder {
    /// As usual when absent.
    #[serde(default)]
    seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TeamsTokenOrder {
    person: String,
    #[serde(default)]
    twist: Twist,
    #[serde(default)]
    signed_by: SignedBy,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramTokenOrder {
    program: String,
    #[serde(default)]
    twist: Twist,
    #[serde(default)]
    signed_by: SignedBy,
}

/// Whose key signs.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum SignedBy {
    /// Entra's.
    #[default]
    Entra,
    /// One that nobody publishes, under a name of its own.
    Stranger,
    /// One that nobody publishes, under the name of Entra's.
    Impostor,
}

async fn roles(State(service): State<Service>) -> Response {
    axum::Json(lock(&service.world).assigned()).into_response()
}

async fn programs(State(service): State<Service>) -> Response {
    axum::Json(lock(&service.world).programs()).into_response()
}

async fn give_role(visit: Visit) -> Response {
    obey(&visit, |world, order: RoleOrder| {
        let is_known = world.give_role(&order.person, order.role, order.granted);
        json!({"known": is_known, "people": world.assigned()})
    })
}

async fn register_program(visit: Visit) -> Response {
    obey(&visit, |world, order: ProgramOrder| {
        let drawn = chance::uuid(chance::text("program"), &[chance::text(&order.name)]);
        let secret = order.client_secret.unwrap_or_else(|| format!("simulated-{drawn}"));
        let program = Program::new(&order.name, order.client_id.unwrap_or(drawn), &secret, &order.roles);
        world.register_program(program.clone());
        json!(program)
    })
}

async fn register_redirect(visit: Visit) -> Response {
    obey(&visit, |world, order: RedirectOrder| {
        world.register_redirect(order.redirect.clone());
        json!({"redirect": order.redirect})
    })
}

async fn lifetime(visit: Visit) -> Response {
    obey(&visit, |world, order: LifetimeOrder| {
        world.set_signed_lifetime(order.seconds.map(Duration::from_secs));
        json!({"seconds": order.seconds})
    })
}

/// Signs with a new key from now on; the one before it is published still.
async fn rotate(State(service): State<Service>) -> Response {
    match service.keys.rotate() {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// How identity tokens are made from now on: other than they should be, or, with nothing, as they should.
async fn identity_twist(visit: Visit) -> Response {
    obey(&visit, |world, twist: Twist| {
        world.set_identity_twist(twist);
        json!({})
    })
}

/// The token that the Teams client would hand to a tab.
async fn teams_token(visit: Visit) -> Response {
    lend::<TeamsTokenOrder>(&visit, |order| (Lent::Person(order.person), order.twist, order.signed_by)).await
}

async fn program_token(visit: Visit) -> Response {
    lend::<ProgramTokenOrder>(&visit, |order| (Lent::Program(order.program), order.twist, order.signed_by)).await
}

async fn lend<T: serde::de::DeserializeOwned>(visit: &Visit, read: fn(T) -> (Lent, Twist, SignedBy)) -> Response {
    if let Err(error) = visit.service.ready_to_sign().await {
        return (StatusCode::INTERNAL_SERVER_ERROR, error).into_response();
    }
    let now = visit.service.clock.now();
    let keys = visit.service.keys.clone();
    obey(visit, |world, order: T| {
        let (to, twist, signed_by) = read(order);
        let signer = keys.current().and_then(|entra| match signed_by {
            SignedBy::Entra => Ok(entra),
            SignedBy::Stranger => Signer::new().map(Arc::new),
            SignedBy::Impostor => entra.impostor().map(Arc::new),
        });
        let claims = world.lend(&to, &twist, now);
        let token = claims.zip(signer.ok()).and_then(|(claims, signer)| signer.sign(&claims).ok());
        token.map_or(Value::Null, |token| json!({"token": token}))
    })
}
