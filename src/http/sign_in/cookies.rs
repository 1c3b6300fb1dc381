//! The two cookies: who is signed in, and which browser began to sign in.
//!
//! Over https their names begin with `__Host-`, whereupon browsers take them from us alone, and not from a neighbour under
//! the same domain (RFC 6265bis).

use std::time::Duration;

use axum::http::HeaderMap;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use url::Url;

use super::secrets::is_secret;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Who is signed in.
    Session,
    /// Which browser began to sign in.
    Browser,
}

impl Kind {
    /// Its name, where people reach us at `public_url`.
    pub fn name(self, public_url: &Url) -> &'static str {
        match (self, is_guarded(public_url)) {
            (Self::Session, true) => "__Host-stentor",
            (Self::Session, false) => "stentor",
            (Self::Browser, true) => "__Host-stentor-sign-in",
            (Self::Browser, false) => "stentor-sign-in",
        }
    }

    /// The secret in it, when the browser sent one that may be ours.
    pub fn secret(self, public_url: &Url, headers: &HeaderMap) -> Option<String> {
        let jar = CookieJar::from_headers(headers);
        jar.get(self.name(public_url)).map(|cookie| cookie.value().to_owned()).filter(|value| is_secret(value))
    }

    /// It, for `life`. No script reads it, and no other site's form sends it along.
    pub fn baked(self, public_url: &Url, secret: String, life: Duration) -> Cookie<'static> {
        Cookie::build((self.name(public_url), secret))
            .path("/")
            .http_only(true)
            .secure(is_guarded(public_url))
            .same_site(SameSite::Lax)
            .max_age(life.try_into().unwrap_or_default())
            .build()
    }

    /// What takes it away.
    pub fn eaten(self, public_url: &Url) -> Cookie<'static> {
        self.baked(public_url, String::new(), Duration::ZERO)
    }
}

fn is_guarded(public_url: &Url) -> bool {
    public_url.scheme() == "https"
}
