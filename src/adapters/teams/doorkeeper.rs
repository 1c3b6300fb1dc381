//! Tells what Teams posts to the bot from what others do: checks the token that comes with it.
//!
//! The keys of the Bot Framework are read when they are first needed and kept for a day; a token that names another key
//! has them read again, at most once an hour, so that nobody can make us ask by making keys up. While they cannot be read,
//! those at hand serve on, and of a key that is not among them nobody can say anything.
//!
//! There is one reading at a time. It comes to its end whether anybody waits for it or not, and nobody does whose key is
//! known.
//!
//! Source: the vendor's pages on authenticating requests from the Bot Connector, and its SDKs, as of November 2026.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;
use uuid::Uuid;

use super::client::network;
use super::transport::{Network, Transport};
use super::{TeamsClientSettings, TeamsError};
use crate::domain::cloud::{Cloud, CloudProfile};
use crate::domain::time::{Monotonic, Timestamp};
use crate::ports::{Clock, Doorkeeper, NotLetIn, Pass};

/// How long keys are used before they are read again.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);
/// How often the keys are read for the sake of one that is not among them.
const STRANGE_KEY_EVERY: Duration = Duration::from_secs(3600);
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
/// The one channel that we serve.
const TEAMS: &str = "msteams";

/// One key that vouches for what is posted to bots.
struct Key {
    key: DecodingKey,
    /// The channels that it may vouch for; empty for all.
    endorsements: Vec<String>,
}

/// Over when the keys have been read, or could not be.
type Reading = Shared<BoxFuture<'static, ()>>;

/// The keys, and when they were asked for.
#[derive(Default)]
struct Keys {
    by_id: BTreeMap<String, Arc<Key>>,
    read_at: Option<Monotonic>,
    asked_at: Option<Monotonic>,
    reading: Option<Reading>,
}

/// Reads the keys and keeps them.
struct KeyRing {
    cloud: CloudProfile,
    transport: Transport,
    clock: Arc<dyn Clock>,
    keys: Mutex<Keys>,
}

/// Keeps the door of one bot in one cloud.
pub struct BotDoorkeeper {
    app_id: Uuid,
    ring: Arc<KeyRing>,
    waiting: Semaphore,
}

/// What a token says, as far as we go by it.
#[derive(Debug, Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<String>,
    exp: Option<i64>,
    nbf: Option<i64>,
    /// The documents write `serviceUrl`; the tokens do not.
    #[serde(alias = "serviceUrl")]
    serviceurl: Option<String>,
}

#[derive(Deserialize)]
struct OpenIdDocument {
    jwks_uri: Url,
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

impl BotDoorkeeper {
    /// A doorkeeper who knows no key yet.
    ///
    /// # Errors
    /// [`TeamsError`] when the network settings cannot be used.
    pub fn new(settings: &TeamsClientSettings, clock: Arc<dyn Clock>) -> Result<Self, TeamsError> {
        let network =
            Network { request_timeout: REQUEST_TIMEOUT, connect_timeout: CONNECT_TIMEOUT, ..network(settings) };
        let ring = KeyRing {
            cloud: settings.cloud.clone(),
            transport: Transport::new(&network, Arc::clone(&clock))?,
            clock,
            keys: Mutex::default(),
        };
        Ok(Self { app_id: settings.app_id, ring: Arc::new(ring), waiting: Semaphore::new(WAITING_MAX) })
    }

    /// The key called `id`.
    async fn key(&self, id: &str) -> Result<Arc<Key>, NotLetIn> {
        let (known, reading) = self.ring.look_up(id);
        if let Some(key) = known {
            return Ok(key);
        }
        if let Some(reading) = reading {
            let _place = self.waiting.try_acquire().map_err(|_| NotLetIn::Unknown("too many wait for them"))?;
            reading.await;
        }
        let keys = self.ring.lock();
        match keys.by_id.get(id) {
            Some(key) => Ok(Arc::clone(key)),
            None if keys.were_had() => {
                Err(NotLetIn::Unproved("it is signed with a key that the Bot Framework does not publish"))
            }
            None => Err(NotLetIn::Unknown("they could not be read a moment ago")),
        }
    }
}

impl Keys {
    /// Whether they could be read when they were last asked for.
    fn were_had(&self) -> bool {
        self.read_at.is_some() && self.read_at >= self.asked_at
    }

    /// Whether they should be read, `known` telling whether the wanted one is among them.
    fn should_be_read(&self, known: bool, now: Monotonic) -> bool {
        let for_so_long = |at: Option<Monotonic>, time: Duration| at.is_none_or(|at| now.saturating_since(at) >= time);
        let fresh = self.were_had() && !for_so_long(self.read_at, KEPT_FOR);
        let rest = match (fresh, known) {
            (true, true) => return false,
            // Only a strange key is a reason to ask.
            (true, false) => STRANGE_KEY_EVERY,
            (false, _) => TRY_AGAIN,
        };
        for_so_long(self.asked_at, rest)
    }
}

impl KeyRing {
    fn lock(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The key called `id`, and the last reading. Begins another one when it is time.
    fn look_up(self: &Arc<Self>, id: &str) -> (Option<Arc<Key>>, Option<Reading>) {
        let (mut keys, now) = (self.lock(), self.clock.monotonic());
        let known = keys.by_id.get(id).cloned();
        if keys.should_be_read(known.is_some(), now) {
            let ring = Arc::clone(self);
            // Apart from whoever asks: he may be gone before it is over.
            let reading = tokio::spawn(async move { ring.renew().await });
            (keys.asked_at, keys.reading) = (Some(now), Some(reading.map(drop).boxed().shared()));
        }
        (known, keys.reading.clone())
    }

    async fn renew(&self) {
        match self.read().await {
            Ok(by_id) => {
                let now = self.clock.monotonic();
                let mut keys = self.lock();
                (keys.by_id, keys.read_at) = (by_id, Some(now));
            }
            Err(why) => tracing::warn!(why, "the keys of the Bot Framework cannot be read; those at hand serve on"),
        }
    }

    async fn read(&self) -> Result<BTreeMap<String, Arc<Key>>, String> {
        let document: OpenIdDocument = self.get(&self.cloud.openid_url).await?;
        let guarded = document.jwks_uri.scheme() == "https" || self.cloud.cloud == Cloud::Custom;
        if !guarded {
            return Err("the document names an unguarded place for the keys".to_owned());
        }
        let published: KeyDocument = self.get(&document.jwks_uri).await?;
        // A key of a kind that we do not know is none of ours; the others are good all the same.
        let keys = published.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok());
        let usable = keys.filter_map(|PublishedKey { kid, kty, n, e, endorsements }| {
            let key = (kty == "RSA").then(|| DecodingKey::from_rsa_components(&n, &e).ok()).flatten()?;
            Some((kid, Arc::new(Key { key, endorsements })))
        });
        let usable: BTreeMap<_, _> = usable.collect();
        if usable.is_empty() { Err("the document holds no key".to_owned()) } else { Ok(usable) }
    }

    async fn get<T: for<'de> Deserialize<'de>>(&self, url: &Url) -> Result<T, String> {
        let request = self.transport.request(Method::GET, url.as_str()).build().map_err(|error| error.to_string())?;
        let received =
            self.transport.exchange(request, BODY_BYTES_MAX).await.map_err(|unanswered| unanswered.detail)?;
        if !received.is_success() {
            return Err(format!("the answer is {}", received.status));
        }
        serde_json::from_slice(&received.body).map_err(|_| "the answer is not what was asked for".to_owned())
    }
}

impl Claims {
    /// Whether they say that the token is for us, and holds.
    fn check(&self, issuer: &str, app: Uuid, now: Timestamp) -> Result<(), &'static str> {
        let says = |claim: &Option<String>, wanted: &str| claim.as_deref() == Some(wanted);
        if !says(&self.iss, issuer) {
            return Err("it was issued by somebody else");
        }
        let ours = [format!("{app}"), format!("api://{app}"), format!("api://botid-{app}")];
        if !ours.iter().any(|name| says(&self.aud, name)) {
            return Err("it is for somebody else");
        }
        let now = now.timestamp();
        if self.exp.is_none_or(|end| end.saturating_add(TOLERANCE_SECONDS) <= now) {
            return Err("it has expired, or never does");
        }
        if self.nbf.is_none_or(|begin| begin.saturating_sub(TOLERANCE_SECONDS) > now) {
            return Err("it does not hold yet, or does not say from when");
        }
        Ok(())
    }
}

#[async_trait]
impl Doorkeeper for BotDoorkeeper {
    async fn recognise(&self, token: &str) -> Result<Pass, NotLetIn> {
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
        let token = decode::<Claims>(token, &key.key, &signature_only)
            .map_err(|_| NotLetIn::Unproved("its signature is not that of its key"))?;
        let checked = token.claims.check(&self.ring.cloud.issuer, self.app_id, self.ring.clock.now());
        checked.map_err(NotLetIn::Unproved)?;
        Ok(Pass { service_url: token.claims.serviceurl, channels: key.endorsements.clone() })
    }

    fn let_in(&self, pass: &Pass, channel: &str, service_url: &str) -> Result<(), NotLetIn> {
        let plain = |url: &str| url.trim_end_matches('/').to_lowercase();
        if service_url.is_empty() || pass.service_url.as_deref().map(plain) != Some(plain(service_url)) {
            return Err(NotLetIn::Unproved("it is about another service url than the activity"));
        }
        if !(pass.channels.is_empty() || pass.channels.iter().any(|endorsed| endorsed == channel)) {
            return Err(NotLetIn::Forbidden("its key does not vouch for the channel"));
        }
        if channel != TEAMS {
            return Err(NotLetIn::Forbidden("it does not come through Teams"));
        }
        if !self.ring.cloud.allows_service(service_url) {
            return Err(NotLetIn::Forbidden("its service url is not one of this cloud's"));
        }
        Ok(())
    }
}
