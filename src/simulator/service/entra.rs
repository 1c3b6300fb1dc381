//! The token endpoint on the wire. What it gives for Graph and the connector is looked up by them; what it gives for our own
//! API is signed.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::Value;

use super::{Service, Visit, lock};
use crate::simulator::answer::Answer;

pub(super) fn routes() -> Router<Service> {
    Router::new().route("/login/{tenant}/oauth2/v2.0/token", post(token))
}

async fn token(Path(tenant): Path<String>, visit: Visit) -> Response {
    let form: BTreeMap<String, String> = url::form_urlencoded::parse(&visit.body).into_owned().collect();
    // Counted from its arrival until the answer is on its way, so that two for one scope show.
    let _counted = Counted::begin(&visit.service, form.get("scope").cloned().unwrap_or_default());
    let is_form = visit.is_of_type("application/x-www-form-urlencoded");
    let is_signed = is_form && lock(&visit.service.world).is_for_own_api(&form);
    if is_signed && let Err(error) = visit.service.ready_to_sign().await {
        return (StatusCode::INTERNAL_SERVER_ERROR, error).into_response();
    }
    let signer = if is_signed { visit.service.keys.current().ok() } else { None };
    let sign = |claims: &Value| signer.as_ref().and_then(|signer| signer.sign(claims).ok());
    visit
        .answer(|world, caller, now| {
            if is_signed {
                return world.signed_token(caller, &tenant, &form, &sign, now);
            }
            let form = if is_form { Ok(&form) } else { Err(not_a_form(now)) };
            world.token(caller, &tenant, form, now)
        })
        .await
}

fn not_a_form(now: crate::domain::time::Timestamp) -> Answer {
    let text = "The request body must be in the format application/x-www-form-urlencoded.";
    Answer::entra_error(400, "invalid_request", 900_144, text, (String::new(), String::new()), now)
}

/// One request for a token, from its arrival to its answer.
struct Counted {
    service: Service,
    scope: String,
}

impl Counted {
    fn begin(service: &Service, scope: String) -> Self {
        lock(&service.world).begin_token(&scope);
        Self { service: service.clone(), scope }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        lock(&self.service.world).end_token(&self.scope);
    }
}
