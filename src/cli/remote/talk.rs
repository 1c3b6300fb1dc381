//! One request to the server, asked again with patience while its answer may still come.
//!
//! Whatever changes something bears a key that stays the same however often it is asked: an answer that was lost is asked
//! for again, and nothing is done twice.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Method, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::super::complaint::Complaint;
use super::super::text;
use super::is_here;
use super::refusal::Refusal;
use crate::adapters::system::{SystemClock, SystemRandom};
use crate::config::Settings;
use crate::http::api::router::API;
use crate::ports::{Clock, Random};
use crate::wiring::{http_client, is_untrusted, what_happened};

/// The header that makes a request one, however often it comes.
const KEY: &str = "Idempotency-Key";
/// How often the same is asked, while nothing can have been done.
const TRIES: u32 = 5;
/// How long an answer is asked for that tells whether something was done.
const PATIENCE: Duration = Duration::from_secs(5 * 60);
/// The longest between two such questions.
const PATIENT_WAIT_MAX: Duration = Duration::from_secs(10);
/// How often it is said that we still wait.
const TELL_EVERY: Duration = Duration::from_secs(30);
/// How long it is waited after the first silence; twice as long after each further one.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// Whoever asks us to wait longer is told on: nobody sits at a keyboard for that.
const WAIT_MAX: Duration = Duration::from_secs(60);
/// Answers in which nothing moves for so long are broken off. Streams of events say something each fifteen seconds.
const SILENCE_MAX: Duration = Duration::from_secs(60);
/// The longest answer that is read as a whole.
const ANSWER_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What is asked.
#[derive(Debug, Clone)]
pub(super) struct Call {
    method: Method,
    path: Vec<String>,
    query: Vec<(&'static str, String)>,
    body: Option<Value>,
    if_match: Option<String>,
    key: Option<String>,
}

impl Call {
    /// Only looks at what is at `path`, step by step.
    pub(super) fn get(path: &[&str]) -> Self {
        let path = path.iter().map(|step| (*step).to_owned()).collect();
        Self { method: Method::GET, path, query: Vec::new(), body: None, if_match: None, key: None }
    }

    /// Only looks, with a question that is too long for an address: a POST that changes nothing, and needs no key.
    pub(super) fn ask(path: &[&str], body: Value) -> Self {
        Self { method: Method::POST, body: Some(body), ..Self::get(path) }
    }

    /// Changes something; made once, however often it is sent.
    pub(super) fn new(method: Method, path: &[&str]) -> Self {
        Self { method, key: Some(fresh_key()), ..Self::get(path) }
    }

    /// Changes something by a POST.
    pub(super) fn post(path: &[&str], body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::POST, path) }
    }

    /// Changes something by a PUT.
    pub(super) fn put(path: &[&str], body: Value) -> Self {
        Self { body: Some(body), ..Self::new(Method::PUT, path) }
    }

    /// With this behind the question mark.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.query.push((name, value.to_string()));
        self
    }
}

/// Distinct for every wish.
fn fresh_key() -> String {
    let halves = [SystemRandom.next_u64(), SystemRandom.next_u64()].map(u64::to_be_bytes);
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(halves.concat()).for_each(|(byte, chance)| *byte = chance);
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

/// Speaks to one server.
pub(super) struct Talk {
    client: Client,
    server: Url,
    bearer: HeaderValue,
    token: SecretString,
    key: Option<String>,
    patience: Duration,
    /// Time, by which it is waited.
    pub(super) clock: SystemClock,
}

impl Talk {
    /// To `server`, as whoever the token says; `key` is that of a wish which was begun before, and is asked about again.
    pub(super) fn new(
        server: Url,
        token: SecretString,
        key: Option<String>,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        let client = http_client(settings, is_here(&server), SILENCE_MAX)?;
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?;
        bearer.set_sensitive(true);
        Ok(Self { client, server, bearer, token, key, patience: PATIENCE, clock: SystemClock })
    }

    /// The server's address, as it is told.
    pub(super) fn server(&self) -> &str {
        self.server.as_str().trim_end_matches('/')
    }

    /// Asks, and reads the answer as JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, call: &Call) -> Result<T, Refusal> {
        let bytes = self.patiently(call, whole).await?;
        serde_json::from_slice(&bytes).map_err(|error| Refusal::not_understood(self.server(), &error.to_string()))
    }

    /// Asks until there is an answer, and gives one that says yes; its body is not read.
    pub(super) async fn answer(&self, call: &Call) -> Result<Response, Refusal> {
        self.patiently(call, |response| std::future::ready(Ok(response))).await
    }

    /// Asks until there is an answer that says yes, and reads it. Where it may have been done, and nobody knows, the same
    /// is asked much longer: an author who is told to try again would tell everybody twice.
    async fn patiently<T, F>(&self, call: &Call, read: impl Fn(Response) -> F) -> Result<T, Refusal>
    where
        F: Future<Output = reqwest::Result<T>>,
    {
        let (began, key) = (self.clock.monotonic(), self.key_of(call));
        let (mut tries, mut in_doubt, mut told_at) = (0, false, None);
        loop {
            tries += 1;
            let (asked_to_wait, refusal, what) = match self.once(call, &read).await {
                Ok(Answer::Yes(read)) => return Ok(read),
                Ok(Answer::No(wait, refusal)) => {
                    in_doubt |= key.is_some() && refusal.leaves_doubt();
                    if !refusal.passes() {
                        return Err(refusal);
                    }
                    let what = refusal.to_string();
                    (wait, refusal, what)
                }
                Err(error) if is_untrusted(&error) => {
                    return Err(Refusal::untrusted(self.server(), &what_happened(&error)));
                }
                Err(error) => {
                    in_doubt |= key.is_some() && !error.is_connect();
                    let what = what_happened(&error);
                    (None, Refusal::silent(self.server(), &what), what)
                }
            };
            let now = self.clock.monotonic();
            let doubt = key.filter(|_| in_doubt);
            match doubt {
                Some(key) if now.saturating_since(began) >= self.patience => {
                    return Err(Refusal::fate_unknown(self.server(), &what, key));
                }
                None if tries >= TRIES => return Err(refusal),
                Some(_) | None => {}
            }
            if told_at.is_none_or(|at| doubt.is_some() && now.saturating_since(at) >= TELL_EVERY) {
                told_at = Some(now);
                text::aside(&self.told(&what, doubt));
            }
            let longest = if in_doubt { PATIENT_WAIT_MAX } else { WAIT_MAX };
            let wait = asked_to_wait.unwrap_or(FIRST_WAIT * 2_u32.pow(tries.min(TRIES) - 1)).min(longest);
            self.clock.sleep_until(now + wait).await;
        }
    }

    async fn once<T, F>(&self, call: &Call, read: impl Fn(Response) -> F) -> reqwest::Result<Answer<T>>
    where
        F: Future<Output = reqwest::Result<T>>,
    {
        let response = self.send(call).await?;
        if response.status().is_success() {
            return read(response).await.map(Answer::Yes);
        }
        let wait = retry_after(&response);
        Ok(Answer::No(wait, self.refusal(response).await))
    }

    /// That it is asked again; under which key, where that matters.
    fn told(&self, what: &str, doubt: Option<&str>) -> String {
        let server = self.server();
        match doubt {
            Some(key) => format!(
                "No answer from {server} yet ({what}). It is still waited for, up to {} in all; nothing is done twice \
                 (idempotency key {key}).",
                text::duration(self.patience)
            ),
            None => format!("No answer from {server} yet ({what}); it is asked again."),
        }
    }

    /// The key under which something is changed: the one that was given, or else the call's own.
    fn key_of<'a>(&'a self, call: &'a Call) -> Option<&'a str> {
        call.key.as_deref().map(|own| self.key.as_deref().unwrap_or(own))
    }

    /// One request, once.
    pub(super) async fn send(&self, call: &Call) -> reqwest::Result<Response> {
        let mut url = self.server.clone();
        if let Ok(mut steps) = url.path_segments_mut() {
            steps.pop_if_empty().extend(API.split('/').skip(1)).extend(&call.path);
        }
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        let mut request = self.client.request(call.method.clone(), url).header(AUTHORIZATION, self.bearer.clone());
        if let Some(key) = self.key_of(call) {
            request = request.header(KEY, key);
        }
        if let Some(version) = &call.if_match {
            request = request.header("If-Match", version);
        }
        if let Some(body) = &call.body {
            request = request.json(body);
        }
        request.send().await
    }

    /// What an answer that does not say yes means.
    pub(super) async fn refusal(&self, response: Response) -> Refusal {
        let status = response.status();
        let bytes = whole(response).await.unwrap_or_default();
        Refusal::read(self.server(), status, &bytes, &self.token, self.clock.now())
    }
}

/// What came of asking once.
enum Answer<T> {
    Yes(T),
    /// And how long the server asks us to wait.
    No(Option<Duration>, Refusal),
}

/// How long the server asks us to wait, in whole seconds.
fn retry_after(response: &Response) -> Option<Duration> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

async fn whole(mut response: Response) -> reqwest::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(piece) = response.chunk().await? {
        // What is cut is not JSON any more, and is told as such.
        if bytes.len() + piece.len() > ANSWER_BYTES_MAX {
            break;
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// A complaint of what was refused.
impl From<Refusal> for anyhow::Error {
    fn from(refusal: Refusal) -> Self {
        Complaint::from(refusal).into()
    }
}
