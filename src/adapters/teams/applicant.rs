//! Asks the token endpoint, and proves who asks: for tokens of our own, and for whoever brings a code.

use std::fmt;
use std::sync::Arc;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};

use super::credential::{ASSERTION_TYPE, AssertionFor, Credential, CredentialError, IdentityService, Proof};
use super::hearing;
use super::transport::{Received, Transport, Unanswered};
use crate::domain::ids::RequestId;
use crate::domain::outcome::{HaltScope, Outcome};
use crate::domain::reason::HaltReason;
use crate::domain::time::Monotonic;
use crate::ports::{Answer, Clock, Random};

/// An answer of the token endpoint is about two kilobytes.
const GRANT_BYTES_MAX: usize = 256 * 1024;

/// Who is asked for which token, and by whom.
#[derive(Clone)]
pub struct Credentials {
    /// The token endpoint of the tenant.
    pub token_url: String,
    pub client_id: String,
    pub scope: String,
    pub credential: Credential,
    /// What the token of an identity that vouches for us is for.
    pub exchange_audience: String,
    /// Who is asked for the tokens of an identity, when the credential is one.
    pub identity: Option<Arc<IdentityService>>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut credentials = f.debug_struct("Credentials");
        credentials.field("token_url", &self.token_url).field("client_id", &self.client_id);
        credentials.field("scope", &self.scope).field("credential", &self.credential).finish_non_exhaustive()
    }
}

/// Asks in the name of one app.
pub(super) struct Applicant {
    pub credentials: Credentials,
    pub transport: Arc<Transport>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
}

/// What came of it.
pub(super) struct Asked {
    pub heard: Result<Received, Unanswered>,
    /// When the request went out.
    pub asked_at: Monotonic,
    /// What proved who we are: whatever is told of the answer must not repeat it.
    pub proved: SecretString,
}

impl Applicant {
    /// Asks for a grant of this type; `wanted` goes into the form beside it.
    pub async fn ask(&self, grant_type: &str, wanted: &[(&str, &str)]) -> Result<Asked, Answer> {
        let Credentials { client_id, token_url, .. } = &self.credentials;
        let proof = self.proof().await?;
        let id = RequestId::new(self.random.next_u64(), self.random.next_u64());
        let mut form = vec![("grant_type", grant_type), ("client_id", client_id.as_str())];
        let proved = match &proof {
            Proof::Secret(secret) => {
                form.push(("client_secret", secret.expose_secret()));
                secret
            }
            Proof::Assertion(letter) => {
                form.extend([("client_assertion_type", ASSERTION_TYPE), ("client_assertion", letter.expose_secret())]);
                letter
            }
        };
        form.extend_from_slice(wanted);
        let request = self.transport.request(Method::POST, token_url);
        let request = request.header("client-request-id", id.to_string()).form(&form).build();
        let request = request.map_err(|_| hearing::no_grant(0, "the token endpoint's address is not usable"))?;
        let asked_at = self.clock.monotonic();
        let heard = self.transport.exchange(request, GRANT_BYTES_MAX).await;
        Ok(Asked { heard, asked_at, proved: proved.clone() })
    }

    /// A fresh proof of who we are.
    async fn proof(&self) -> Result<Proof, Answer> {
        let Credentials { credential, client_id, token_url, exchange_audience, identity, .. } = &self.credentials;
        if let Some(service) = identity {
            let grant = service.token(exchange_audience).await?;
            return Ok(Proof::Assertion(SecretString::from(grant.access_token)));
        }
        let id = RequestId::new(self.random.next_u64(), self.random.next_u64()).0;
        let wanted = AssertionFor { client_id, audience: token_url, id, now: self.clock.now() };
        let nothing = || CredentialError("there is nobody to ask for the machine's identity".to_owned());
        credential.proof(&wanted).await.and_then(|proof| proof.ok_or_else(nothing)).map_err(unusable)
    }
}

/// The credential itself is no use: an administrator must see to it.
fn unusable(error: CredentialError) -> Answer {
    let outcome = Outcome::Refused(HaltScope::Tenant, HaltReason::CredentialUnusable);
    Answer { outcome, status: None, detail: Some(error.0) }
}
