//! Who asks, and whether they may. Nothing of a request is read before both are known.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Api, deeds};
use crate::domain::rights::{Action, Caller};
use crate::http::problem::Problem;
use crate::ports::NotLetIn;

/// Nobody knows who asks.
pub const UNKNOWN: Problem = Problem::new(
    401,
    "not_signed_in",
    "Nobody knows who is asking.",
    "Sign in at /sign-in, or send a token of the organisation in the header Authorization.",
);
/// Whoever asks may not.
pub const FORBIDDEN: Problem = Problem::new(
    403,
    "not_allowed",
    "This is not among what your roles let you do.",
    "Ask an administrator for one of the roles that may; they are given in Microsoft Entra.",
);

/// Lets those in who may do `action`, and tells the handler who it is.
pub async fn guard(State((api, action)): State<(Api, Action)>, mut request: Request, next: Next) -> Response {
    let caller = match caller(&api, request.headers()).await {
        Ok(caller) => caller,
        Err(problem) => return problem.into_response(),
    };
    if !caller.may(action) {
        deeds::note_refusal(&api, &caller, &mut request).await;
        let roles: Vec<&str> = action.roles().map(|role| role.name()).collect();
        return FORBIDDEN.because(format!("It takes one of: {}.", roles.join(", "))).into_response();
    }
    request.extensions_mut().insert(caller);
    next.run(request).await
}

async fn caller(api: &Api, headers: &HeaderMap) -> Result<Caller, Problem> {
    let Some(token) = bearer(headers) else { return Err(unknown()) };
    api.gate.recognise_token(token).await.map_err(|error| match error {
        NotLetIn::Unproved(why) => unknown().because(format!("The token proves nothing: {why}.")),
        NotLetIn::Forbidden(why) => FORBIDDEN.because(format!("The token is genuine, but {why}.")),
        NotLetIn::Unknown(why) => Problem::new(
            503,
            "keys_unavailable",
            "Nobody can say at present whether the token is genuine.",
            "Ask again in a few seconds.",
        )
        .because(why)
        .with_header(header::RETRY_AFTER, HeaderValue::from_static("5")),
    })
}

fn unknown() -> Problem {
    UNKNOWN.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
