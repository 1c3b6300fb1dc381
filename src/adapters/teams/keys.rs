//! The keys that somebody at Microsoft publishes, and what is signed with them.
//!
//! They are read when they are first needed and kept for a day; a token that names another key has them read again, but
//! not often, so that nobody can make us ask by making keys up. While they cannot be read, those at hand serve on, and of
//! a key that is not among them nobody can say anything.
//!
//! There is one reading at a time. It comes to its end whether anybody waits for it or not, and nobody does whose key is
//! known.
//!
//! Sources: OpenID Connect Discovery 1.0; the Microsoft identity platform's page on signing keys and their rollover, and
//! the page on authenticating requests from the Bot Connector, as of November 2026.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;

use super::client::network;
use super::transport::{Network, Transport};
use super::{TeamsClientSettings, TeamsError};
use crate::domain::cloud::Cloud;
use crate::domain::time::{Monotonic, Timestamp};
use crate::ports::{Clock, NotLetIn};

/// How long keys are used before they are read again.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// How soon after a reading that failed the next one may be tried.
const TRY_AGAIN: Duration = Duration::from_secs(10);
/// A reading is two requests.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(1500);
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1000);
/// The real document has a few keys with their certificates, some kilobytes each.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// So many wait for a reading at once: anybody may make up a key that we do not know.
const WAITING_MAX: usize = 64;
/// How far clocks may be apart.
const TOLERANCE_SECONDS: i64 = 5 * 60;

/// Who publishes the keys.
#[derive(Debug, Clone)]
pub(super) struct Publisher {
    /// For the log.
    pub name: &'static str,
    /// Where the OpenID document is.
    pub document_url: Url,
    /// How often the keys are read for the sake of one that is not among them.
    pub strange_key_every: Duration,
    /// What is said of a token that names such a key.
    pub strange_key: &'static str,
}

/// One key that signs tokens.
pub(super) struct Key {
    key: DecodingKey,
    /// The channels that it may vouch for; empty for all.
    pub endorsements: Vec<String>,
}

/// The OpenID document, as far as we go by it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct OpenIdDocument {
    jwks_uri: Url,
    #[serde(default)]
    pub issuer: String,
    /// Where browsers sign in; there is none for the Bot Framework.
    pub authorization_endpoint: Option<Url>,
}

/// Over when the keys have been read, or could not be.
type Reading = Shared<BoxFuture<'static, ()>>;

/// The keys, and when they were asked for.
#[derive(Default)]
struct Keys {
    by_id: BTreeMap<String, Arc<Key>>,
    document: Option<Arc<OpenIdDocument>>,
    read_at: Option<Monotonic>,
    asked_at: Option<Monotonic>,
    reading: Option<Reading>,
}

/// Reads the keys and keeps them.
pub(super) struct KeyRing {
    publisher: Publisher,
    /// Whether the keys, and whatever else the document names, may lie at an unguarded place.
    unguarded: bool,
    transport: Transport,
    clock: Arc<dyn Clock>,
    waiting: Semaphore,
    keys: Mutex<Keys>,
}

#[derive(Deserialize)]
struct KeyDocument {
    keys: Vec<Value>,
}

#[derive(Deserialize)]
struct PublishedKey {
    kid: String,
    kty: String,
    n: String,
    e: String,
    #[serde(default)]
    endorsements: Vec<String>,
}

impl KeyRing {
    /// A ring without any key yet.
    pub fn new(
        publisher: Publisher,
        settings: &TeamsClientSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, TeamsError> {
        let network =
            Network { request_timeout: REQUEST_TIMEOUT, connect_timeout: CONNECT_TIMEOUT, ..network(settings) };
        Ok(Arc::new(Self {
            publisher,
            unguarded: settings.cloud.cloud == Cloud::Custom,
            transport: Transport::new(&network, Arc::clone(&clock))?,
            clock,
            waiting: Semaphore::new(WAITING_MAX),
            keys: Mutex::default(),
        }))
    }

    /// What `token` says, and the key that signed it. Of what it says nothing is checked, not even when it ends.
    pub async fn verified<T: DeserializeOwned + Clone>(
        self: &Arc<Self>,
        token: &str,
    ) -> Result<(T, Arc<Key>), NotLetIn> {
        let header = decode_header(token).map_err(|_| NotLetIn::Unproved("it is no token"))?;
        if header.alg != Algorithm::RS256 {
            return Err(NotLetIn::Unproved("it is not signed by RS256"));
        }
        let id = header.kid.ok_or(NotLetIn::Unproved("it does not name its key"))?;
        let key = self.key(&id).await?;
        // The claims are ours to check, by the clock that everything here goes by.
        let mut signature_only = Validation::new(Algorithm::RS256);
        signature_only.required_spec_claims.clear();
        (signature_only.validate_exp, signature_only.validate_nbf, signature_only.validate_aud) = (false, false, false);
        let token = decode::<T>(token, &key.key, &signature_only)
            .map_err(|_| NotLetIn::Unproved("its signature is not that of its key"))?;
        Ok((token.claims, key))
    }

    /// What the publisher says of itself, however old it is; waits for the first reading.
    pub async fn document(self: &Arc<Self>) -> Result<Arc<OpenIdDocument>, NotLetIn> {
        // Nobody's key is called so, and for the sake of the document it need not be read.
        let (_, reading) = self.look_up(None);
        if let Some(document) = self.lock().document.clone() {
            return Ok(document);
        }
        self.wait(reading).await?;
        self.lock().document.clone().ok_or(NotLetIn::Unknown("the keys could not be read a moment ago"))
    }

    /// The key called `id`.
    async fn key(self: &Arc<Self>, id: &str) -> Result<Arc<Key>, NotLetIn> {
        let (known, reading) = self.look_up(Some(id));
        if let Some(key) = known {
            return Ok(key);
        }
        self.wait(reading).await?;
        let keys = self.lock();
        match keys.by_id.get(id) {
            Some(key) => Ok(Arc::clone(key)),
            None if keys.were_had() => Err(NotLetIn::Unproved(self.publisher.strange_key)),
            None => Err(NotLetIn::Unknown("the keys could not be read a moment ago")),
        }
    }

    async fn wait(&self, reading: Option<Reading>) -> Result<(), NotLetIn> {
        let Some(reading) = reading else { return Ok(()) };
        let _place = self.waiting.try_acquire().map_err(|_| NotLetIn::Unknown("too many wait for the keys"))?;
        reading.await;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key called `id`, and the last reading. Begins another one when it is time; without an `id`, none is strange.
    fn look_up(self: &Arc<Self>, id: Option<&str>) -> (Option<Arc<Key>>, Option<Reading>) {
        let (mut keys, now) = (self.lock(), self.clock.monotonic());
        let known = id.and_then(|id| keys.by_id.get(id).cloned());
        if keys.should_be_read(known.is_some() || id.is_none(), now, self.publisher.strange_key_every) {
            let ring = Arc::clone(self);
            // Apart from whoever asks: he may be gone before it is over.
            let reading = tokio::spawn(async move { ring.renew().await });
            (keys.asked_at, keys.reading) = (Some(now), Some(reading.map(drop).boxed().shared()));
        }
        (known, keys.reading.clone())
    }

    async fn renew(&self) {
        match self.read().await {
            Ok((document, by_id)) => {
                let now = self.clock.monotonic();
                let mut keys = self.lock();
                (keys.by_id, keys.document, keys.read_at) = (by_id, Some(Arc::new(document)), Some(now));
            }
            Err(why) => {
                let of = self.publisher.name;
                tracing::warn!(of, why, "the keys cannot be read; those at hand serve on");
            }
        }
    }

    async fn read(&self) -> Result<(OpenIdDocument, BTreeMap<String, Arc<Key>>), String> {
        let document: OpenIdDocument = self.get(&self.publisher.document_url).await?;
        let places = std::iter::once(&document.jwks_uri).chain(&document.authorization_endpoint);
        if !places.into_iter().all(|place| place.scheme() == "https" || self.unguarded) {
            return Err("the document names an unguarded place".to_owned());
        }
        let published: KeyDocument = self.get(&document.jwks_uri).await?;
        // A key of a kind that we do not know is none of ours; the others are good all the same.
        let keys = published.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        let usable = keys.filter_map(|PublishedKey { kid, kty, n, e, endorsements }| {
            let key = (kty == "RSA").then(|| DecodingKey::from_rsa_components(&n, &e).ok()).flatten()?;
            Some((kid, Arc::new(Key { key, endorsements })))
        });
        let usable: BTreeMap<_, _> = usable.collect();
        if usable.is_empty() { Err("the document holds no key".to_owned()) } else { Ok((document, usable)) }
    }

    async fn get<T: DeserializeOwned>(&self, url: &Url) -> Result<T, String> {
        let request = self.transport.request(Method::GET, url.as_str()).build().map_err(|error| error.to_string())?;
        let received =
            self.transport.exchange(request, BODY_BYTES_MAX).await.map_err(|unanswered| unanswered.detail)?;
        if !received.is_success() {
            return Err(format!("the answer is {}", received.status));
        }
        serde_json::from_slice(&received.body).map_err(|_| "the answer is not what was asked for".to_owned())
    }
}

impl Keys {
    /// Whether they could be read when they were last asked for.
    fn were_had(&self) -> bool {
        self.read_at.is_some() && self.read_at >= self.asked_at
    }

    /// Whether they should be read, `known` telling whether the wanted one is among them.
    fn should_be_read(&self, known: bool, now: Monotonic, strange_key_every: Duration) -> bool {
        let for_so_long = |at: Option<Monotonic>, time: Duration| at.is_none_or(|at| now.saturating_since(at) >= time);
        let fresh = self.were_had() && !for_so_long(self.read_at, KEPT_FOR);
        let rest = match (fresh, known) {
            (true, true) => return false,
            // Only a strange key is a reason to ask.
            (true, false) => strange_key_every,
            (false, _) => TRY_AGAIN,
        };
        for_so_long(self.asked_at, rest)
    }
}

/// Whether a token with these ends, in seconds of Unix time, holds `now`.
pub(super) fn holds(exp: Option<i64>, nbf: Option<i64>, now: Timestamp) -> Result<(), &'static str> {
    let now = now.timestamp();
    if exp.is_none_or(|end| end.saturating_add(TOLERANCE_SECONDS) <= now) {
        return Err("it has expired, or never does");
    }
    if nbf.is_none_or(|begin| begin.saturating_sub(TOLERANCE_SECONDS) > now) {
        return Err("it does not hold yet, or does not say from when");
    }
    Ok(())
}
