//! The last requests, word for word, so that tests and documentation can be held against what goes over the wire.
//!
//! A bearer token is never part of it, and neither is a secret in the form of a token request.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::time::Timestamp;

/// What stands in place of a secret.
const HIDDEN: &str = "***";
/// Fields of a form that open something.
const SECRETS: [&str; 4] = ["client_secret", "client_assertion", "code", "code_verifier"];

/// One request and how it was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exchange {
    /// When it arrived.
    pub at: Timestamp,
    /// The HTTP method.
    pub method: String,
    /// The path with its query, as on the real host of the service.
    pub path: String,
    /// The body: JSON as it is, a form as an object, anything else as text; null when there was none.
    pub body: Value,
    /// The status decided; the caller never saw it when `lost`.
    pub status: u16,
    /// Whether the connection was closed instead of an answer.
    pub lost: bool,
}

/// The newest requests, oldest first.
#[derive(Debug, Clone, Default)]
pub struct Transcript {
    max: usize,
    kept: VecDeque<Exchange>,
}

impl Transcript {
    /// Keeps the last `max`; zero keeps none.
    pub const fn of_last(max: usize) -> Self {
        Self { max, kept: VecDeque::new() }
    }

    /// Whether anything is kept at all.
    pub const fn is_on(&self) -> bool {
        self.max > 0
    }

    /// Begins again and keeps the last `max` from here; zero switches it off.
    pub fn restart(&mut self, max: usize) {
        *self = Self::of_last(max);
    }

    /// Keeps one more, and forgets the oldest when there are too many.
    pub fn keep(&mut self, exchange: Exchange) {
        if self.max == 0 {
            return;
        }
        while self.kept.len() >= self.max {
            self.kept.pop_front();
        }
        self.kept.push_back(exchange);
    }

    /// What was kept, oldest first.
    pub fn exchanges(&self) -> impl Iterator<Item = &Exchange> {
        self.kept.iter()
    }
}

/// A body as it is kept. `is_form` says that it is a form, whose secrets are hidden.
pub fn kept_body(body: &[u8], is_form: bool) -> Value {
    if body.is_empty() {
        return Value::Null;
    }
    if is_form {
        let hide = |name: &str, value: String| if SECRETS.contains(&name) { HIDDEN.to_owned() } else { value };
        let fields = url::form_urlencoded::parse(body).into_owned();
        let fields: BTreeMap<String, String> = fields.map(|(name, value)| (name.clone(), hide(&name, value))).collect();
        return json!(fields);
    }
    serde_json::from_slice(body).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(body).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange(path: &str) -> Exchange {
        let at = Timestamp::from_timestamp_millis(0).expect("the epoch is an instant");
        Exchange { at, method: "GET".to_owned(), path: path.to_owned(), body: Value::Null, status: 200, lost: false }
    }

    #[test]
    fn only_the_last_ones_are_kept_and_none_while_it_is_off() {
        let mut transcript = Transcript::of_last(2);
        ["/1", "/2", "/3"].map(exchange).into_iter().for_each(|it| transcript.keep(it));
        assert_eq!(transcript.exchanges().map(|it| it.path.as_str()).collect::<Vec<_>>(), ["/2", "/3"]);
        transcript.restart(0);
        transcript.keep(exchange("/4"));
        assert_eq!(transcript.exchanges().count(), 0);
    }

    #[test]
    fn a_secret_in_a_form_is_hidden() {
        let kept = kept_body(b"client_id=a&client_secret=s3cr3t&scope=x%2F.default", true);
        assert_eq!(kept, json!({"client_id": "a", "client_secret": "***", "scope": "x/.default"}));
        assert_eq!(kept_body(b"{\"a\": 1}", false), json!({"a": 1}));
        assert_eq!(kept_body(b"{", false), json!("{"));
    }
}
