//! Who asks, and whether they may. Nothing of a request is read before both are known.
//!
//! A program shows a token, and so does a tab within Teams. A browser has a cookie, which it sends along whoever asks it
//! to: so with a cookie, whatever changes something must come from a page of ours, in three ways that no other site can
//! imitate. Where there are both, the token counts.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{Api, deeds};
use crate::domain::rights::{Action, Caller};
use crate::domain::time::Timestamp;
use crate::http::limits::{CallerLimit, Place, Room, TOO_SLOW, whole, within};
use crate::http::problem::Problem;
use crate::http::sign_in::cookies::Kind;
use crate::http::sign_in::secrets;
use crate::ports::{NotLetIn, SessionRecord};

/// What a page of ours sends along with everything that changes something.
pub const X_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");
/// Where a browser says that a request comes from.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

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
/// Somebody has signed in, and it is not their page that asks.
pub const NOT_OUR_PAGE: Problem = Problem::new(
    403,
    "not_from_our_page",
    "This does not come from a page of Stentor.",
    "A page sends the token that GET /api/v1/me tells in the header X-CSRF-Token; a program sends a token of the \
     organisation instead of a cookie.",
);

/// Where the guard stands.
#[derive(Clone)]
pub struct Post {
    /// What is guarded.
    pub api: Api,
    /// What the route is.
    pub action: Action,
    /// The largest body that it takes, in bytes.
    pub body_max: usize,
    /// How often one caller may ask.
    pub limit: Arc<CallerLimit>,
    /// The room for large bodies, and for exports.
    pub room: Room,
}

/// What the page of somebody who has signed in needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// What it must send along with everything that changes something.
    pub csrf: String,
    /// When the session ends, whatever they do.
    pub ends_at: Timestamp,
    /// When it ends if they do nothing more.
    pub idle_ends_at: Timestamp,
}

impl Signed {
    /// What it needs to know of `session`, which was just used.
    pub fn new(session: &SessionRecord, api: &Api) -> Self {
        let idle_ends_at = (api.clock.now() + api.settings.idle).min(session.ends_at);
        Self { csrf: session.csrf.clone(), ends_at: session.ends_at, idle_ends_at }
    }
}

/// Lets those in who may do what the route is, and tells the handler who it is: as a [`Caller`], and as [`Signed`] beside it
/// when they came with a cookie.
pub async fn guard(State(post): State<Post>, request: Request, next: Next) -> Response {
    let (clock, limit) = (Arc::clone(&post.api.clock), post.api.settings.time_limit);
    let work = async move {
        match let_in(&post, request).await {
            Ok(request) => {
                let _held = request.extensions().get::<Place>().cloned();
                next.run(request).await
            }
            Err(problem) => problem.into_response(),
        }
    };
    within(&*clock, limit, work).await.unwrap_or_else(|| TOO_SLOW.into_response())
}

async fn let_in(post: &Post, mut request: Request) -> Result<Request, Problem> {
    let Post { api, action, body_max, limit, room } = post;
    let (caller, signed) = caller(api, request.headers()).await?;
    let subject = caller.who.subject();
    tracing::Span::current().record("caller", &subject);
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if let Some(signed) = signed.as_ref().filter(|_| changes) {
        from_our_page(api, request.headers(), signed)?;
    }
    limit.admit(&subject)?;
    if !caller.may(*action) {
        deeds::note_refusal(api, &caller, &mut request).await;
        let roles: Vec<&str> = action.roles().map(|role| role.name()).collect();
        return Err(FORBIDDEN.because(format!("It takes one of: {}.", roles.join(", "))));
    }
    // A little sooner than the request's own end, so that it is the body that is named.
    let patience = api.settings.time_limit * 9 / 10;
    let body = std::mem::take(request.body_mut());
    let (body, place) = whole(&*api.clock, body, *body_max, patience, room).await?;
    *request.body_mut() = Body::from(body);
    if let Some(place) = place {
        request.extensions_mut().insert(place);
    }
    request.extensions_mut().insert(room.clone());
    request.extensions_mut().insert(caller);
    if let Some(signed) = signed {
        request.extensions_mut().insert(signed);
    }
    Ok(request)
}

async fn caller(api: &Api, headers: &HeaderMap) -> Result<(Caller, Option<Signed>), Problem> {
    if let Some(token) = bearer(headers) {
        return Ok((api.gate.recognise_token(token).await.map_err(|refused| not_let_in(&refused))?, None));
    }
    let Some(secret) = Kind::Session.secret(&api.settings.public_url, headers) else { return Err(unknown()) };
    let session = session(api, &secret).await?;
    let session = session.ok_or_else(|| unknown().because("The session has ended, or there was none."))?;
    let signed = Signed::new(&session, api);
    Ok((session.caller, Some(signed)))
}

/// The session of whoever has `secret`, unless it has ended.
///
/// # Errors
/// When the database cannot say.
pub async fn session(api: &Api, secret: &str) -> Result<Option<SessionRecord>, Problem> {
    let now = api.clock.now();
    Ok(api.office.session(api.tenant, &secrets::hash(secret), now - api.settings.idle, now).await?)
}

/// Whether what came with a cookie was sent by a page of ours: the browser says so twice, where it says anything, and the
/// page knows what only it can have read.
///
/// # Errors
/// [`NOT_OUR_PAGE`].
pub fn from_our_page(api: &Api, headers: &HeaderMap, signed: &Signed) -> Result<(), Problem> {
    let named = |name: &HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if named(&SEC_FETCH_SITE).is_some_and(|site| site != "same-origin") {
        return Err(NOT_OUR_PAGE.because("The browser says that another site asks."));
    }
    let ours = api.settings.public_url.origin().ascii_serialization();
    if named(&header::ORIGIN) != Some(&*ours) {
        return Err(NOT_OUR_PAGE.because(format!("The header Origin is not {ours}, as http.public_url says.")));
    }
    let token = headers.get(X_CSRF_TOKEN).map(HeaderValue::as_bytes).unwrap_or_default();
    if !secrets::are_equal(token, signed.csrf.as_bytes()) {
        return Err(NOT_OUR_PAGE.because("The header X-CSRF-Token is missing, or belongs to another session."));
    }
    Ok(())
}

fn not_let_in(refused: &NotLetIn) -> Problem {
    match refused {
        NotLetIn::Unproved(why) => unknown().because(format!("The token proves nothing: {why}.")),
        NotLetIn::Forbidden(why) => FORBIDDEN.because(format!("The token is genuine, but {why}.")),
        NotLetIn::Unknown(why) => Problem::new(
            503,
            "keys_unavailable",
            "Nobody can say at present whether the token is genuine.",
            "Ask again in a few seconds.",
        )
        .because(*why)
        .with_header(header::RETRY_AFTER, HeaderValue::from_static("5")),
    }
}

fn unknown() -> Problem {
    UNKNOWN.with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}
