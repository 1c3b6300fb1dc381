//! An identity of this machine in Azure: whoever runs here may ask for its tokens, and nothing is kept in a file.
//!
//! It is either the bot itself, or vouches for it: then its token for Entra's exchange is the assertion that a certificate
//! would have signed.
//!
//! Sources: Azure, "How to use managed identities on an Azure VM to acquire an access token" and "How to use managed
//! identities for App Service"; Microsoft identity platform, "Configure an application to trust a managed identity".

use std::sync::Arc;

use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use url::Url;
use uuid::Uuid;

use crate::adapters::teams::hearing;
use crate::adapters::teams::transport::Transport;
use crate::adapters::teams::wire::TokenGrant;
use crate::ports::Answer;

/// An answer of an identity endpoint is about two kilobytes.
const GRANT_BYTES_MAX: usize = 256 * 1024;

/// Where the tokens of the machine's identities are.
#[derive(Debug, Clone)]
pub enum IdentityEndpoint {
    /// The metadata service of a virtual machine.
    Metadata(Url),
    /// What App Service and Container Apps offer, with the word that lets us in.
    Service {
        /// Its address.
        url: Url,
        /// The word.
        header: SecretString,
    },
}

/// One of the machine's identities.
#[derive(Debug, Clone)]
pub struct ManagedIdentity {
    /// Where its tokens are.
    pub endpoint: IdentityEndpoint,
    /// Its client id.
    pub client_id: Uuid,
    /// Whether it vouches for the app, which is another; otherwise it is the app.
    pub vouches: bool,
}

/// Asks for the tokens of an identity, straight ahead: no proxy leads to this machine.
pub(in crate::adapters::teams) struct IdentityService {
    pub identity: ManagedIdentity,
    pub transport: Arc<Transport>,
}

impl IdentityService {
    /// A token for `resource`.
    pub async fn token(&self, resource: &str) -> Result<TokenGrant, Answer> {
        let client_id = self.identity.client_id.to_string();
        let (url, version) = match &self.identity.endpoint {
            IdentityEndpoint::Metadata(url) => (url, "2018-02-01"),
            IdentityEndpoint::Service { url, .. } => (url, "2019-08-01"),
        };
        let mut url = url.clone();
        url.query_pairs_mut().extend_pairs([
            ("api-version", version),
            ("resource", resource),
            ("client_id", &client_id),
        ]);
        let request = self.transport.request(Method::GET, url.as_str());
        let request = match &self.identity.endpoint {
            IdentityEndpoint::Metadata(_) => request.header("Metadata", "true"),
            IdentityEndpoint::Service { header, .. } => request.header("X-IDENTITY-HEADER", header.expose_secret()),
        };
        let request = request.build();
        let request = request.map_err(|_| hearing::no_grant(0, "the identity endpoint's address is not usable"))?;
        hearing::of_identity(self.transport.exchange(request, GRANT_BYTES_MAX).await)
    }
}
