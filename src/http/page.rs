//! The page: what `web/` is built into, embedded in the program.
//!
//! It is the same for everybody, and knows nobody: who is there, and what they see, it asks of the API. Its addresses are
//! those of `web/src/app/routes.tsx`, and each answers with the same document.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use super::api::Api;
use super::envelope::frame_ancestors;
use super::problem::Problem;
use super::router::Shared;
use super::sign_in::pages;
use super::sign_in::secrets::secret;

/// What `npm run build` leaves. A debug build reads the folder at each request, so that the page can be worked on without
/// compiling.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Files;

/// The document that everything else is loaded from.
const DOCUMENT: &str = "index.html";
/// What stands in it where a number of our own belongs: style elements are made by script, and only those that carry it count.
const NONCE: &str = "STENTOR_NONCE";
/// Compressed when it was built, best first.
const ENCODINGS: [(&str, &str); 2] = [("br", ".br"), ("gzip", ".gz")];

/// The routes of the page.
pub fn routes(api: &Api) -> Router {
    Router::new()
        .route("/", get(document))
        .route("/signed-in", get(document))
        .route("/broadcasts", get(document))
        .route("/broadcasts/{*rest}", get(document))
        .route("/administration", get(document))
        .route("/administration/{*rest}", get(document))
        .route("/assets/{file}", get(asset))
        .with_state(api.clone())
}

/// An address that leads nowhere. A person at a browser is told so by the page, which also shows a way back; a program by a
/// problem.
pub async fn astray(State(shared): State<Shared>, method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let is_read = method == Method::GET && accepts(&headers, header::ACCEPT, "text/html");
    match shared.api.filter(|_| is_read && !uri.path().starts_with("/api/")) {
        Some(api) => (StatusCode::NOT_FOUND, document(State(api)).await).into_response(),
        None => Problem::NOT_FOUND.into_response(),
    }
}

/// The document, with a number of its own. It names the assets by their content, so it is asked for anew each time.
async fn document(State(api): State<Api>) -> Response {
    let Some(text) = Files::get(DOCUMENT).and_then(|file| String::from_utf8(file.data.into_owned()).ok()) else {
        return unbuilt().into_response();
    };
    let nonce = secret(&*api.random);
    let policy = policy(&nonce, &api.settings.cloud.teams_hosts);
    let headers =
        [(header::CONTENT_SECURITY_POLICY, policy), (header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    (headers, Html(text.replace(NONCE, &nonce))).into_response()
}

/// Nothing but ours runs, and nothing but ours is asked. Pictures of announcements may lie anywhere.
fn policy(nonce: &str, teams_hosts: &[String]) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; connect-src 'self'; \
         img-src 'self' https: data: blob:; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors {}",
        frame_ancestors(teams_hosts)
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

/// A file that is named by its content, so whoever has it need never ask again.
async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Response {
    const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
    let path = format!("assets/{file}");
    let Some(plain) = Files::get(&path) else { return Problem::NOT_FOUND.into_response() };
    let kind = HeaderValue::from_str(plain.metadata.mimetype()).unwrap_or(HeaderValue::from_static("text/plain"));
    let common = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, FOREVER), (header::VARY, ACCEPT_ENCODING)];
    for (encoding, ending) in
        ENCODINGS.into_iter().filter(|(encoding, _)| accepts(&headers, header::ACCEPT_ENCODING, encoding))
    {
        if let Some(small) = Files::get(&(path.clone() + ending)) {
            return (common, [(header::CONTENT_ENCODING, encoding)], small.data).into_response();
        }
    }
    (common, plain.data).into_response()
}

const ACCEPT_ENCODING: HeaderValue = HeaderValue::from_static("accept-encoding");

/// Whether `wanted` is among what a header of the request says can be read. Nobody is known who lists something to forbid it,
/// but for `q=0`.
fn accepts(headers: &HeaderMap, header: HeaderName, wanted: &str) -> bool {
    let accepted = headers.get_all(header);
    let mut named = accepted.iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    named.any(|one| {
        let (name, quality) = one.split_once(';').unwrap_or((one, ""));
        name.trim().eq_ignore_ascii_case(wanted) && !["q=0", "q=0.0", "q=0.000"].contains(&quality.trim())
    })
}

/// `cargo build` needs no Node.js, and then there is no page.
fn unbuilt() -> pages::Page {
    let paragraphs = vec![
        "This program was built without its page. “make build” builds both; it needs Node.js 20.19 or newer."
            .to_owned(),
        "Everything else works: the command line, and the API that /api/docs describes.".to_owned(),
    ];
    pages::Page { status: StatusCode::NOT_FOUND, title: "There is no page in here", paragraphs, again: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_goes_to_whoever_can_read_it() {
        let asked = |accepted: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(accepted));
            headers
        };
        let takes = |accepted, encoding| accepts(&asked(accepted), header::ACCEPT_ENCODING, encoding);
        assert!(takes("gzip, deflate, br, zstd", "br"));
        assert!(takes("gzip;q=0.8, BR ; q=1", "br"));
        assert!(!takes("gzip, br;q=0", "br"));
        assert!(!takes("identity", "gzip"));
        assert!(!accepts(&HeaderMap::new(), header::ACCEPT_ENCODING, "gzip"));
    }

    #[test]
    fn only_what_is_ours_runs_on_the_page() {
        let policy = policy("abc", &["teams.example".to_owned()]);
        let policy = policy.to_str().unwrap();
        assert!(policy.contains("script-src 'self' 'nonce-abc';") && !policy.contains("unsafe"), "{policy}");
        assert!(policy.ends_with("frame-ancestors 'self' https://teams.example https://*.teams.example"), "{policy}");
    }
}
