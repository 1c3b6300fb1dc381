//! Tells what Teams posts to the bot from what others do: checks the token that comes with it.
//!
//! The keys are those of the Bot Framework; `keys.rs` reads and keeps them.
//!
//! Source: the vendor's pages on authenticating requests from the Bot Connector, and its SDKs, as of November 2026.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Deserialize;
use uuid::Uuid;

use super::keys::{KeyRing, Publisher, holds};
use super::{TeamsClientSettings, TeamsError};
use crate::domain::cloud::CloudProfile;
use crate::domain::time::Timestamp;
use crate::ports::{Clock, Doorkeeper, NotLetIn, Pass};

/// How often the keys are read for the sake of one that is not among them.
const STRANGE_KEY_EVERY: Duration = Duration::from_secs(3600);
/// The one channel that we serve.
const TEAMS: &str = "msteams";

/// Keeps the door of one bot in one cloud.
pub struct BotDoorkeeper {
    app_id: Uuid,
    cloud: CloudProfile,
    clock: Arc<dyn Clock>,
    ring: Arc<KeyRing>,
}

/// What a token says, as far as we go by it.
#[derive(Debug, Clone, Deserialize)]
struct Claims {
    iss: Option<String>,
    aud: Option<String>,
    exp: Option<i64>,
    nbf: Option<i64>,
    /// The documents write `serviceUrl`; the tokens do not.
    #[serde(alias = "serviceUrl")]
    serviceurl: Option<String>,
}

impl BotDoorkeeper {
    /// A doorkeeper who knows no key yet.
    ///
    /// # Errors
    /// [`TeamsError`] when the network settings cannot be used.
    pub fn new(settings: &TeamsClientSettings, clock: Arc<dyn Clock>) -> Result<Self, TeamsError> {
        let publisher = Publisher {
            name: "the Bot Framework",
            document_url: settings.cloud.openid_url.clone(),
            strange_key_every: STRANGE_KEY_EVERY,
            strange_key: "it is signed with a key that the Bot Framework does not publish",
        };
        let ring = KeyRing::new(publisher, settings, Arc::clone(&clock))?;
        Ok(Self { app_id: settings.app_id, cloud: settings.cloud.clone(), clock, ring })
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
        holds(self.exp, self.nbf, now)
    }
}

#[async_trait]
impl Doorkeeper for BotDoorkeeper {
    async fn recognise(&self, token: &str) -> Result<Pass, NotLetIn> {
        let (claims, key) = self.ring.verified::<Claims>(token).await?;
        let checked = claims.check(&self.cloud.issuer, self.app_id, self.clock.now());
        checked.map_err(NotLetIn::Unproved)?;
        Ok(Pass { service_url: claims.serviceurl, channels: key.endorsements.clone() })
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
        if !self.cloud.allows_service(service_url) {
            return Err(NotLetIn::Forbidden("its service url is not one of this cloud's"));
        }
        Ok(())
    }
}
