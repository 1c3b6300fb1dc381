//! What somebody reads who cannot be signed in: what happened, and what to do. No script, nothing from elsewhere.

use std::sync::LazyLock;

use aws_lc_rs::digest;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const STYLE: &str = "body{font:1rem/1.6 'Segoe UI',system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem;\
                     color:#242424;background:#fff}h1{font-size:1.4rem;font-weight:600}a{color:#115ea3}\
                     @media(prefers-color-scheme:dark){body{color:#fff;background:#1f1f1f}a{color:#8ab4f8}}";

/// Only this very style is allowed on the page.
static POLICY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    /// The HTTP status.
    pub status: StatusCode,
    /// What happened, in a few words.
    pub title: &'static str,
    /// The rest of it, and what to do, one paragraph each; plain text.
    pub paragraphs: Vec<String>,
    /// Whether beginning anew may help.
    pub again: bool,
}

impl Page {
    /// A page of one paragraph.
    pub fn new(status: StatusCode, title: &'static str, paragraph: impl Into<String>) -> Self {
        Self { status, title, paragraphs: vec![paragraph.into()], again: true }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let title = escaped(self.title);
        let paragraphs: String = self.paragraphs.iter().map(|text| format!("<p>{}</p>\n", escaped(text))).collect();
        let again = if self.again { "<p><a href=\"/sign-in\">Sign in again</a></p>\n" } else { "" };
        let html = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title} – Stentor</title>\n\
             <style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{paragraphs}{again}</main>\n</body>\n</html>\n"
        );
        (self.status, [(header::CONTENT_SECURITY_POLICY, POLICY.clone())], Html(html)).into_response()
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
