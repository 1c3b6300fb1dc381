//! Entra for people on the wire: where everything is, the keys, the page, the way out.
//!
//! Source: Microsoft identity platform, "OpenID Connect", "Fetch the OpenID configuration document".

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::{Service, Visit, lock};
use crate::simulator::entra::Choice;

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/login/{tenant}/v2.0/.well-known/openid-configuration", get(document))
        .route("/login/{tenant}/discovery/v2.0/keys", get(keys))
        .route("/login/{tenant}/oauth2/v2.0/authorize", get(authorize).post(authorize))
        .route("/login/{tenant}/oauth2/v2.0/logout", get(sign_out))
}

async fn document(State(service): State<Service>, Path(tenant): Path<String>) -> Response {
    let (login, page) = (service.login_url.trim_end_matches('/'), service.page_url.trim_end_matches('/'));
    let (issuer, is_known) = {
        let world = lock(&service.world);
        (world.signs_as(), world.is_tenant(&tenant))
    };
    if !is_known {
        let text =
            format!("AADSTS90002: Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
        let body = json!({"error": "invalid_tenant", "error_description": text, "error_codes": [90_002]});
        return (StatusCode::BAD_REQUEST, axum::Json(body)).into_response();
    }
    let document = json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{page}/{tenant}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{login}/{tenant}/oauth2/v2.0/token"),
        "jwks_uri": format!("{login}/{tenant}/discovery/v2.0/keys"),
        "end_session_endpoint": format!("{page}/{tenant}/oauth2/v2.0/logout"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
        "response_modes_supported": ["query", "fragment"],
        "response_types_supported": ["code"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "email"],
        "request_uri_parameter_supported": false,
        "tenant_region_scope": "EU",
    });
    axum::Json(document).into_response()
}

async fn keys(State(service): State<Service>, Path(_): Path<String>) -> Response {
    if let Err(error) = service.ready_to_sign().await {
        return (StatusCode::INTERNAL_SERVER_ERROR, error).into_response();
    }
    let issuer = lock(&service.world).signs_as();
    let mut keys = service.keys.published();
    for key in &mut keys {
        key["issuer"] = json!(issuer);
    }
    axum::Json(json!({"keys": keys})).into_response()
}

async fn authorize(Path(tenant): Path<String>, visit: Visit) -> Response {
    let mut asked: BTreeMap<String, String> = visit.parameters().into_iter().collect();
    let mut choice = None;
    if visit.method == Method::POST {
        let form = url::form_urlencoded::parse(&visit.body).into_owned();
        for (name, value) in form {
            match name.as_str() {
                "account" => choice = Some(Choice::Account(value.trim().to_owned())),
                "cancel" => choice = Some(Choice::Cancelled),
                _ => drop(asked.insert(name, value)),
            }
        }
    }
    visit.answer(|world, _, now| world.authorize(&tenant, &asked, choice.as_ref(), now)).await
}

async fn sign_out(Path(_): Path<String>, visit: Visit) -> Response {
    let parameters = visit.parameters();
    let wanted = parameters.iter().find(|(name, _)| name == "post_logout_redirect_uri").map(|(_, url)| url.as_str());
    visit.answer(|world, _, _| world.sign_out(wanted)).await
}

impl Service {
    /// Makes the key that signs, if there is none yet: before the world is locked, for it takes a moment.
    pub(super) async fn ready_to_sign(&self) -> Result<(), String> {
        let keys = self.keys.clone();
        let made = tokio::task::spawn_blocking(move || keys.current().map(drop)).await;
        made.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }
}
