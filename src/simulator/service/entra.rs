//! The token endpoint on the wire.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Path;
use axum::response::Response;
use axum::routing::post;

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
    visit
        .answer(|world, caller, now| {
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
