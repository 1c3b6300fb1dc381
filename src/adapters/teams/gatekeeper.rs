//! Recognises people and programs of our organisation by the tokens that Microsoft Entra makes for our app.
//!
//! Three kinds of token come here: what a program shows, what Teams hands to a tab of ours, and what Entra answers to
//! whoever brings the code of a sign-in. One ring of keys and one set of checks serve all three; `claims.rs` holds what is
//! particular to each. Why no library does this: docs/decisions/0015.
//!
//! Sources: Microsoft identity platform, "OAuth 2.0 authorization code flow" and "OpenID Connect"; RFC 7636 (PKCE).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::ExposeSecret;
use serde::Deserialize;
use url::Url;

use super::applicant::{Applicant, Asked};
use super::client::{credentials, identity, network};
use super::keys::{KeyRing, Publisher};
use super::transport::{Network, Transport};
use super::{Credential, TeamsClientSettings, TeamsError};
use crate::domain::cloud::base;
use crate::domain::rights::Caller;
use crate::ports::{Answer, Clock, Departure, Gatekeeper, NotLetIn, Random, Return};

mod claims;

use claims::{Claims, Expected};

/// What a sign-in asks for: who it is, by id and by name.
const SCOPE: &str = "openid profile";
/// How often the keys are read for the sake of one that is not among them. Entra may change them at any time.
const STRANGE_KEY_EVERY: Duration = Duration::from_secs(300);
/// Somebody sits before an empty page meanwhile.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// Keeps the gate of one app in one tenant.
pub struct EntraGatekeeper {
    expected: Expected,
    clock: Arc<dyn Clock>,
    ring: Arc<KeyRing>,
    applicant: Applicant,
    /// An identity of this machine is the app itself.
    is_machine: bool,
}

#[derive(Deserialize)]
struct Grant {
    id_token: String,
}

impl EntraGatekeeper {
    /// A gatekeeper who knows no key yet. `public_url` is where people reach us: a tab's token may name it.
    ///
    /// # Errors
    /// [`TeamsError`] when the network settings cannot be used.
    pub fn new(
        settings: &TeamsClientSettings,
        public_url: &Url,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, TeamsError> {
        let tenant = settings.tenant_id.to_string();
        let login = base(&settings.cloud.login_url);
        let document = format!("{login}/{tenant}/v2.0/.well-known/openid-configuration");
        let document_url = document
            .parse()
            .map_err(|_| TeamsError::Settings(format!("teams.login_url makes no address: {document}")))?;
        let publisher = Publisher {
            name: "Entra",
            document_url,
            strange_key_every: STRANGE_KEY_EVERY,
            strange_key: "it is signed with a key that Entra does not publish",
        };
        let network = Network { request_timeout: REQUEST_TIMEOUT, ..network(settings) };
        let credentials = credentials(settings, identity(settings, &clock)?, &tenant, SCOPE);
        let transport = Arc::new(Transport::new(&network, Arc::clone(&clock))?);
        Ok(Self {
            expected: Expected::new(settings, public_url),
            ring: KeyRing::new(publisher, settings, Arc::clone(&clock))?,
            applicant: Applicant { credentials, transport, clock: Arc::clone(&clock), random },
            clock,
            is_machine: matches!(&settings.credential, Credential::ManagedIdentity(it) if !it.vouches),
        })
    }

    /// What Entra answers to `code`: an identity token, unread.
    async fn redeem(&self, arrival: &Return) -> Result<String, NotLetIn> {
        let wanted = [
            ("code", arrival.code.as_str()),
            ("redirect_uri", arrival.redirect_to.as_str()),
            ("code_verifier", &arrival.verifier),
            ("scope", SCOPE),
        ];
        let Asked { heard, proved, .. } =
            self.applicant.ask("authorization_code", &wanted).await.map_err(|answer| unproved_ourselves(&answer))?;
        let received = heard.map_err(|unanswered| silent(&unanswered.detail))?;
        if received.is_success() {
            let grant = serde_json::from_slice(&received.body).map(|grant: Grant| grant.id_token);
            return grant.map_err(|_| silent("the answer holds no identity token"));
        }
        let refusal = received.refusal();
        let without_secrets = |text: String| text.replace(proved.expose_secret(), "***").replace(&arrival.code, "***");
        let detail = without_secrets(refusal.detail());
        match refusal.status {
            429 | 500.. => Err(silent(&detail)),
            _ if refusal.code == "invalid_grant" => {
                tracing::info!(detail, "Entra does not take the code of a sign-in");
                Err(NotLetIn::Unproved("the code was used already, came too late, or is none"))
            }
            status => {
                tracing::warn!(status, detail, "Entra refuses to complete a sign-in: see to the app registration");
                Err(NotLetIn::Unknown("Entra refuses what this app asks; the log says why"))
            }
        }
    }
}

/// Entra gave no answer that one could go by.
fn silent(detail: &str) -> NotLetIn {
    tracing::warn!(detail, "a sign-in cannot be completed");
    NotLetIn::Unknown("Entra does not answer")
}

/// We cannot say who we are.
fn unproved_ourselves(answer: &Answer) -> NotLetIn {
    tracing::warn!(outcome = ?answer.outcome, detail = answer.detail, "a sign-in cannot be completed");
    NotLetIn::Unknown("this app cannot prove to Entra who it is; the log says why")
}

#[async_trait]
impl Gatekeeper for EntraGatekeeper {
    async fn recognise_token(&self, token: &str) -> Result<Caller, NotLetIn> {
        let (claims, _) = self.ring.verified::<Claims>(token).await?;
        let issuer = self.ring.document().await?.issuer.clone();
        self.expected.access(claims, &issuer, self.clock.now())
    }

    async fn departure(&self, departure: &Departure) -> Result<Url, NotLetIn> {
        if self.is_machine {
            return Err(NotLetIn::Unknown("the app is an identity of this machine, and Entra signs nobody in to one"));
        }
        let document = self.ring.document().await?;
        let mut url = document
            .authorization_endpoint
            .clone()
            .ok_or(NotLetIn::Unknown("Entra does not say where people sign in"))?;
        url.query_pairs_mut().extend_pairs([
            ("client_id", self.applicant.credentials.client_id.as_str()),
            ("response_type", "code"),
            ("response_mode", "query"),
            ("redirect_uri", departure.redirect_to.as_str()),
            ("scope", SCOPE),
            ("state", &departure.state),
            ("nonce", &departure.nonce),
            ("code_challenge", &departure.challenge),
            ("code_challenge_method", "S256"),
            // Who has several accounts must be able to choose, after signing out above all.
            ("prompt", "select_account"),
        ]);
        Ok(url)
    }

    async fn arrival(&self, arrival: &Return) -> Result<Caller, NotLetIn> {
        let token = self.redeem(arrival).await?;
        let (claims, _) = self.ring.verified::<Claims>(&token).await?;
        let issuer = self.ring.document().await?.issuer.clone();
        self.expected.identity(claims, &issuer, &arrival.nonce, self.clock.now())
    }
}

impl std::fmt::Debug for EntraGatekeeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EntraGatekeeper").field("expected", &self.expected).finish_non_exhaustive()
    }
}
