//! Who somebody is, by what Microsoft Entra says of them.

use async_trait::async_trait;
use url::Url;

use super::NotLetIn;
use crate::domain::rights::Caller;

/// What sends a browser to Entra.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// Comes back with the code.
    pub state: String,
    /// Comes back within the identity token.
    pub nonce: String,
    /// SHA-256 of the verifier, in base64url (PKCE, S256).
    pub challenge: String,
    /// Where Entra sends the browser afterwards.
    pub redirect_to: Url,
}

/// What a browser brings back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// Serves once, and not for long.
    pub code: String,
    /// What its challenge was made of.
    pub verifier: String,
    /// What the identity token must repeat.
    pub nonce: String,
    /// The same as at the departure.
    pub redirect_to: Url,
}

/// Tells people and programs of our organisation from everybody else.
#[async_trait]
pub trait Gatekeeper: Send + Sync {
    /// Who sent `token`: an access token that Entra made for our app, of a program or of somebody in Teams.
    ///
    /// # Errors
    /// [`NotLetIn`].
    async fn recognise_token(&self, token: &str) -> Result<Caller, NotLetIn>;

    /// Where a browser goes to sign in.
    ///
    /// # Errors
    /// [`NotLetIn::Unknown`] when Entra does not say where.
    async fn departure(&self, departure: &Departure) -> Result<Url, NotLetIn>;

    /// Who came back: redeems the code and checks the identity token.
    ///
    /// # Errors
    /// [`NotLetIn`].
    async fn arrival(&self, arrival: &Return) -> Result<Caller, NotLetIn>;
}
