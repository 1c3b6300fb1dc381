//! Signing in with Microsoft Entra, and out again.
//!
//! `GET /sign-in` sends the browser to Entra, and Entra sends it back to `GET /sign-in/callback` with a code. Whoever brings
//! it must be the browser that began: its cookie says so, and the state serves once. What is signed in after that is a
//! session in our own database, under the hash of a secret that nobody but the browser has; no token of Entra is kept.
//!
//! Invariant: no code, token or cookie is ever logged.
//!
//! Sources: OpenID Connect Core 1.0, section 3.1; RFC 9700 (best practice for OAuth 2.0).

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{get, post};
use axum_extra::extract::cookie::Cookie;
use serde::Deserialize;
use url::Url;

use super::api::Api;
use super::api::guard::{self, Signed};
use super::limits::{StrangerLimit, TOO_SLOW, within};
use super::problem::Problem;
use crate::domain::pacing::Quota;
use crate::domain::rights::Caller;
use crate::ports::{Departure, NotLetIn, Return, SessionRecord, SignInRecord, StoreError};

pub mod cookies;
pub mod pages;
pub mod secrets;
pub mod way_back;

use cookies::Kind;
use pages::Page;

/// Time for a password, a second factor, and a forgotten telephone.
const SIGN_IN_WITHIN: Duration = Duration::from_secs(15 * 60);
/// How many sign-ins may begin or end, of everybody together: nobody knows yet who they are. A whole morning's office comes
/// in less than that.
const SIGN_INS: Quota = Quota::per_second(20);
/// Where Entra sends browsers back to.
pub const CALLBACK: &str = "/sign-in/callback";

/// What the routes answer from.
#[derive(Clone)]
struct Desk {
    api: Api,
    limit: Arc<StrangerLimit>,
}

/// The routes of the sign-in.
pub fn routes(api: &Api) -> Router {
    let limit = Arc::new(StrangerLimit::new(SIGN_INS, Arc::clone(&api.clock)));
    Router::new()
        .route("/sign-in", get(depart))
        .route(CALLBACK, get(arrive))
        .route("/sign-out", post(leave))
        .with_state(Desk { api: api.clone(), limit })
}

#[derive(Deserialize)]
struct Wanted {
    return_to: Option<String>,
}

/// What Entra puts behind the question mark.
#[derive(Deserialize)]
struct Brought {
    state: Option<String>,
    code: Option<String>,
    error: Option<String>,
}

/// `GET /sign-in`.
async fn depart(
    State(desk): State<Desk>,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response, Page> {
    desk.admit()?;
    let public_url = &desk.api.settings.public_url;
    let wanted = wanted.ok().and_then(|Query(wanted)| wanted.return_to);
    let return_to = way_back::way_back(wanted.as_deref(), public_url);
    if let Some(url) = other_name(public_url, &headers, &return_to) {
        return Ok(see_other(url.as_str(), &[]));
    }
    let api = &desk.api;
    let [state, nonce, verifier, fresh] = [(); 4].map(|()| secrets::secret(&*api.random));
    // One browser may begin several times, in several tabs: all of them may come back.
    let browser = Kind::Browser.secret(public_url, &headers).unwrap_or(fresh);
    let departure = Departure {
        state: state.clone(),
        nonce: nonce.clone(),
        challenge: secrets::challenge(&verifier),
        redirect_to: desk.callback()?,
    };
    let url = api.gate.departure(&departure).await.map_err(|refused| not_let_in(&refused))?;
    let now = api.clock.now();
    let ends_at = now + SIGN_IN_WITHIN;
    let sign_in = SignInRecord { nonce, verifier, return_to, browser: secrets::hash(&browser), ends_at };
    let kept = api.office.keep_sign_in(api.tenant, &secrets::hash(&state), &sign_in, now).await;
    kept.map_err(|error| unavailable(&error))?;
    Ok(see_other(url.as_str(), &[Kind::Browser.baked(public_url, browser, SIGN_IN_WITHIN)]))
}

/// `GET /sign-in/callback`.
async fn arrive(
    State(desk): State<Desk>,
    headers: HeaderMap,
    brought: Result<Query<Brought>, QueryRejection>,
) -> Result<Response, Page> {
    desk.admit()?;
    let api = &desk.api;
    let Ok(Query(Brought { state: Some(state), code, error })) = brought else { return Err(over()) };
    let taken = api.office.take_sign_in(api.tenant, &secrets::hash(&state), api.clock.now()).await;
    let Some(sign_in) = taken.map_err(|error| unavailable(&error))? else { return Err(over()) };
    let browser = Kind::Browser.secret(&api.settings.public_url, &headers);
    if !browser.is_some_and(|browser| secrets::are_equal(&secrets::hash(&browser), &sign_in.browser)) {
        return Err(elsewhere());
    }
    let Some(code) = code else { return Err(refused_by_entra(error.as_deref())) };
    let SignInRecord { nonce, verifier, return_to, .. } = sign_in;
    let arrival = Return { code, verifier, nonce, redirect_to: desk.callback()? };
    let caller = api.gate.arrival(&arrival).await.map_err(|refused| not_let_in(&refused))?;
    if caller.roles.is_empty() {
        return Err(without_role(&caller));
    }
    let cookie = desk.begin_session(caller, &headers).await.map_err(|error| unavailable(&error))?;
    Ok(see_other(&return_to, &[cookie]))
}

/// `POST /sign-out`: the session ends, here and not in Entra.
async fn leave(State(desk): State<Desk>, headers: HeaderMap) -> Result<Response, Problem> {
    let api = &desk.api;
    let Some(secret) = Kind::Session.secret(&api.settings.public_url, &headers) else {
        return Ok(StatusCode::NO_CONTENT.into_response());
    };
    let work = async {
        if let Some(session) = guard::session(api, &secret).await? {
            guard::from_our_page(api, &headers, &Signed::new(&session, api))?;
            api.office.end_session(api.tenant, &secrets::hash(&secret)).await?;
            tracing::info!(caller = session.caller.who.subject(), "signed out");
        }
        let eaten = Kind::Session.eaten(&api.settings.public_url);
        Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, eaten.to_string())]).into_response())
    };
    within(&*api.clock, api.settings.time_limit, work).await.unwrap_or(Err(TOO_SLOW))
}

impl Desk {
    fn admit(&self) -> Result<(), Page> {
        let sentence = "More people sign in than this can take at the moment. Try it again in a few seconds.";
        let busy = Page::new(StatusCode::TOO_MANY_REQUESTS, "Too many at once", sentence);
        self.limit.admit().map_err(|_| busy)
    }

    fn callback(&self) -> Result<Url, Page> {
        let sentence = "Tell whoever runs Stentor that http.public_url does not name an address.";
        let fault = |_| Page::new(StatusCode::INTERNAL_SERVER_ERROR, "Nobody can sign in", sentence);
        self.api.settings.public_url.join(CALLBACK).map_err(fault)
    }

    /// A session with a secret of its own: what the browser had before, ours or planted, opens nothing any more.
    async fn begin_session(&self, caller: Caller, headers: &HeaderMap) -> Result<Cookie<'static>, StoreError> {
        let api = &self.api;
        let public_url = &api.settings.public_url;
        if let Some(before) = Kind::Session.secret(public_url, headers) {
            api.office.end_session(api.tenant, &secrets::hash(&before)).await?;
        }
        let [token, csrf] = [(); 2].map(|()| secrets::secret(&*api.random));
        let (now, life) = (api.clock.now(), api.settings.session);
        let subject = caller.who.subject();
        let session = SessionRecord { caller, csrf, began_at: now, seen_at: now, ends_at: now + life };
        api.office.keep_session(api.tenant, &secrets::hash(&token), &session).await?;
        tracing::info!(caller = subject, "signed in");
        Ok(Kind::Session.baked(public_url, token, life))
    }
}

/// Where to begin, for whoever calls this machine by another of its own names: the cookie would not come back to it.
fn other_name(public_url: &Url, headers: &HeaderMap, return_to: &str) -> Option<Url> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let is_numbered = host.starts_with("127.") || host.starts_with("[::1]");
    let mut url = public_url.join("/sign-in").ok().filter(|url| is_numbered && url.host_str() == Some("localhost"))?;
    url.query_pairs_mut().append_pair("return_to", return_to);
    Some(url)
}

fn see_other(location: &str, cookies: &[Cookie<'static>]) -> Response {
    let cookies = cookies.iter().map(|cookie| (header::SET_COOKIE, cookie.to_string()));
    let location = [(header::LOCATION, location.to_owned())];
    (StatusCode::SEE_OTHER, location, AppendHeaders(cookies.collect::<Vec<_>>())).into_response()
}

// ---------------------------------------------------------------------------------------------- what is told

fn over() -> Page {
    let sentence = "It was completed already, or was begun more than a quarter of an hour ago.";
    Page::new(StatusCode::BAD_REQUEST, "This sign-in is over", sentence)
}

fn elsewhere() -> Page {
    let sentence = "Sign in where you want to work. If you did not begin this yourself, close this page: somebody may have \
                    tried to sign you in as somebody else.";
    Page::new(StatusCode::BAD_REQUEST, "This sign-in was begun in another browser", sentence)
}

fn refused_by_entra(error: Option<&str>) -> Page {
    let plain = |error: &&str| error.len() <= 64 && error.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let code = error.filter(plain).unwrap_or("no reason given");
    let sentence = format!("Microsoft Entra did not complete the sign-in ({code}).");
    Page::new(StatusCode::FORBIDDEN, "You were not signed in", sentence)
}

fn not_let_in(refused: &NotLetIn) -> Page {
    let (status, sentence) = match refused {
        NotLetIn::Unproved(why) | NotLetIn::Forbidden(why) => {
            tracing::info!(why, "somebody was not signed in");
            (StatusCode::FORBIDDEN, format!("What Microsoft Entra said of you does not hold: {why}."))
        }
        NotLetIn::Unknown(why) => {
            (StatusCode::SERVICE_UNAVAILABLE, format!("Nobody can be signed in at present: {why}."))
        }
    };
    Page::new(status, "You were not signed in", sentence)
}

fn without_role(caller: &Caller) -> Page {
    let paragraphs = vec![
        format!("Microsoft Entra knows you as {}, and nobody has given you a role in Stentor.", caller.who.name()),
        "Ask an administrator of your organisation for one: in the Entra admin center under Enterprise applications, \
         Stentor, Users and groups. The roles are Reader, Author, Approver and Admin."
            .to_owned(),
    ];
    Page { status: StatusCode::FORBIDDEN, title: "You have no role here yet", paragraphs, again: true }
}

fn unavailable(error: &StoreError) -> Page {
    tracing::warn!(%error, "nobody can be signed in");
    let sentence = "The database does not answer at present. Try it again in a minute.";
    Page::new(StatusCode::SERVICE_UNAVAILABLE, "Nobody can be signed in at present", sentence)
}
