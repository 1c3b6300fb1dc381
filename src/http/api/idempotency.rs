//! The header `Idempotency-Key`: who asks the same under the same key again is answered as the first time, and nothing is
//! done twice.
//!
//! Think of a numbered ticket at a counter. Whoever shows it again gets the receipt that was written for it, not a second
//! parcel; while the parcel is being packed they are asked to wait; and for another parcel it is no ticket. Should whoever
//! packs fall over, the next one takes the ticket up and finds by its [`Birth`] what was sent already.

use aws_lc_rs::digest::{Context, SHA256};
use axum::Extension;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::Api;
use crate::domain::rights::Caller;
use crate::http::limits::Place;
use crate::http::problem::Problem;
use crate::ports::{Birth, KeptReply, Turn};

/// The header that names a key.
pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The header of an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The longest key.
pub const KEY_CHARACTERS_MAX: usize = 255;
/// The largest answer that is kept, in bytes. What changes something answers with a few kilobytes, and its draft.
const REPLY_BYTES_MAX: usize = 80 << 20;
/// Headers that belong to an answer.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

const BAD_KEY: Problem = Problem::new(
    400,
    "bad_key",
    "This is no Idempotency-Key.",
    "Send one header with 1 to 255 visible ASCII characters, such as a UUID.",
);
const REUSED: Problem = Problem::new(
    422,
    "key_reused",
    "This Idempotency-Key was used for another request.",
    "Use a new key for each thing that is to be done, and the same only to ask for the same again.",
);
const RUNNING: Problem = Problem::new(
    409,
    "still_running",
    "The first request with this Idempotency-Key is still being answered.",
    "Ask again in a few seconds, with the same key.",
);
const DIED: Problem = Problem::new(
    500,
    "internal",
    "Something went wrong that should not.",
    "Tell whoever runs Stentor the id in the header X-Request-Id: the log says more under it.",
);

/// Does what changes something once for each key of each caller; without a key, each time. What is done goes on when
/// whoever asked hangs up, so that the answer is there when they come again.
pub async fn once(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    mut request: Request,
    next: Next,
) -> Response {
    let birth = Birth { at: api.clock.now(), chance: api.random.next_u64() };
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let key = match key(request.headers()) {
        Ok(Some(key)) => key,
        Ok(None) => {
            request.extensions_mut().insert(birth);
            return next.run(request).await;
        }
        Err(problem) => return problem.into_response(),
    };
    let (parts, body) = request.into_parts();
    let whole = Request::from_parts(parts.clone(), body);
    let bytes = match Bytes::from_request(whole, &()).await {
        Ok(bytes) => bytes,
        Err(unread) => return Problem::from(unread).into_response(),
    };
    let subject = caller.who.subject();
    let asked = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let hash = hash(&[parts.method.as_str().as_bytes(), asked.as_bytes(), &bytes]);
    // A request that is cut off ends within the time limit; what it began may take as long again.
    let patience = api.settings.time_limit * 2;
    let birth = match api.office.take_turn(api.tenant, (&subject, &key), &hash, birth, patience).await {
        Ok(Turn::Yours(birth)) => birth,
        Ok(Turn::Done(reply)) => return replayed(reply),
        Ok(Turn::Running) => {
            return RUNNING.with_header(header::RETRY_AFTER, HeaderValue::from_static("2")).into_response();
        }
        Ok(Turn::Other) => return REUSED.into_response(),
        Err(error) => return Problem::from(error).into_response(),
    };
    let mut request = Request::from_parts(parts, Body::from(bytes));
    request.extensions_mut().insert(birth);
    let (keeper, who) = (api.clone(), (subject.clone(), key.clone()));
    // Whoever hangs up does not make room before the work is done.
    let place = request.extensions().get::<Place>().cloned();
    let doing = async move {
        let _held = place;
        let response = next.run(request).await;
        kept(&keeper, (&who.0, &who.1), response).await
    };
    match tokio::spawn(doing.in_current_span()).await {
        Ok(response) => response,
        Err(error) => {
            give_back(&api, (&subject, &key)).await;
            match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is being shut down, and nobody is there to read this.
                Err(_) => DIED.into_response(),
            }
        }
    }
}

/// The key of a request, if it names one.
fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut keys = headers.get_all(&KEY).iter();
    let Some(key) = keys.next() else { return Ok(None) };
    let is_key = (1..=KEY_CHARACTERS_MAX).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic);
    match key.to_str() {
        Ok(key) if is_key && keys.next().is_none() => Ok(Some(key.to_owned())),
        _ => Err(BAD_KEY),
    }
}

/// SHA-256 of the parts, each told from the next.
fn hash(parts: &[&[u8]]) -> Vec<u8> {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().to_vec()
}

/// Refused for who asked or when, or for how it was asked: nothing was done, and mended headers are no other request.
const NOT_DONE: [StatusCode; 9] = [
    StatusCode::BAD_REQUEST,
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PRECONDITION_FAILED,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    StatusCode::PRECONDITION_REQUIRED,
    StatusCode::TOO_MANY_REQUESTS,
];

/// Keeps an answer that would be the same again; what was not done, or what failed, is asked anew.
async fn kept(api: &Api, who: (&str, &str), response: Response) -> Response {
    let status = response.status();
    if status.is_server_error() || NOT_DONE.contains(&status) {
        give_back(api, who).await;
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, REPLY_BYTES_MAX).await else {
        give_back(api, who).await;
        return DIED.into_response();
    };
    let text = |value: &HeaderValue| value.to_str().ok().map(str::to_owned);
    let headers = KEPT.iter().filter_map(|name| Some((name.to_string(), text(parts.headers.get(name)?)?)));
    let reply = KeptReply {
        status: status.as_u16(),
        headers: headers.collect(),
        body: String::from_utf8_lossy(&bytes).into_owned(),
    };
    if let Err(error) = api.office.keep_reply(api.tenant, who, &reply).await {
        // It was done: whoever asks again finds that by the ids that the key makes.
        tracing::error!(%error, "an answer could not be kept");
    }
    Response::from_parts(parts, Body::from(bytes))
}

async fn give_back(api: &Api, who: (&str, &str)) {
    if let Err(error) = api.office.give_turn_back(api.tenant, who).await {
        tracing::error!(%error, "a key stays taken for a while");
    }
}

fn replayed(reply: KeptReply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, reply.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(values: &[&[u8]]) -> Result<Option<String>, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(KEY, HeaderValue::from_bytes(value).unwrap());
        }
        key(&headers)
    }

    #[test]
    fn a_key_is_short_and_visible_and_given_once() {
        assert_eq!(with(&[]).unwrap(), None);
        assert_eq!(with(&[b"a-1~"]).unwrap().as_deref(), Some("a-1~"));
        let long = [b'x'; KEY_CHARACTERS_MAX + 1];
        for wrong in [&[&b""[..]][..], &[b"a b"], &["ä".as_bytes()], &[&long], &[b"a", b"a"]] {
            assert_eq!(with(wrong).unwrap_err().code, "bad_key");
        }
        assert!(with(&[&long[1..]]).is_ok());
    }

    #[test]
    fn the_parts_of_a_request_are_told_from_each_other() {
        assert_ne!(hash(&[b"POST", b"/a", b"b"]), hash(&[b"POST", b"/ab", b""]));
    }
}
