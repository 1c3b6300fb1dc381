//! What a token of Entra says, and whether that opens our door.
//!
//! Sources: Microsoft identity platform, "Access token claims reference", "ID token claims reference" and "Validate
//! tokens"; Teams, "Enable SSO for tab app" for the audience that names our host.

use serde::Deserialize;
use url::Url;
use uuid::Uuid;

use crate::adapters::teams::TeamsClientSettings;
use crate::adapters::teams::keys::holds;
use crate::domain::ids::EntraId;
use crate::domain::rights::{Caller, Role, Who};
use crate::domain::time::Timestamp;
use crate::ports::NotLetIn;

/// The one scope that we offer: to open Stentor as whoever has signed in.
const SCOPE: &str = "access_as_user";

/// What a token says, as far as we go by it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Claims {
    iss: Option<String>,
    aud: Option<String>,
    exp: Option<i64>,
    nbf: Option<i64>,
    /// The tenant.
    tid: Option<Uuid>,
    /// The person, or the program's own entry in the tenant.
    oid: Option<Uuid>,
    name: Option<String>,
    preferred_username: Option<String>,
    /// The same in version 1.0.
    upn: Option<String>,
    /// The same for guests in version 1.0.
    unique_name: Option<String>,
    /// What somebody lets the program do for them; a program for itself has none.
    scp: Option<String>,
    #[serde(default)]
    roles: Vec<String>,
    /// `app` for a program for itself, where the registration asks for this claim.
    idtyp: Option<String>,
    /// The program that had the token made, in version 2.0.
    azp: Option<Uuid>,
    /// The same in version 1.0.
    appid: Option<Uuid>,
    app_displayname: Option<String>,
    /// Only what is answered to a sign-in has one.
    nonce: Option<String>,
}

/// What tokens for us say.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    tenant: Uuid,
    /// Our names as somebody for whom an access token is made.
    audiences: [String; 4],
    /// Who issues access tokens of version 1.0.
    old_issuer: String,
}

impl Expected {
    /// For the app of `settings`, which people reach at `public_url`.
    pub fn new(settings: &TeamsClientSettings, public_url: &Url) -> Self {
        let (tenant, app) = (settings.tenant_id, settings.app_id);
        let host = public_url.host_str().unwrap_or_default();
        let place = public_url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        Self {
            tenant,
            audiences: [
                app.to_string(),
                format!("api://{app}"),
                format!("api://{place}/{app}"),
                format!("api://{place}/botid-{app}"),
            ],
            old_issuer: format!("{}{tenant}/", settings.cloud.token_issuer),
        }
    }

    /// Who shows an access token with these claims. `issuer` is who issues those of version 2.0.
    pub fn access(&self, claims: Claims, issuer: &str, now: Timestamp) -> Result<Caller, NotLetIn> {
        if !claims.aud.as_ref().is_some_and(|audience| self.audiences.contains(audience)) {
            return Err(NotLetIn::Unproved("it was made for something else than Stentor"));
        }
        self.ours(&claims, &[issuer, &self.old_issuer], now)?;
        let Some(program) = claims.azp.or(claims.appid).filter(|_| claims.nonce.is_none()) else {
            return Err(NotLetIn::Unproved("it is an identity token, and those open nothing"));
        };
        match (claims.idtyp.as_deref(), &claims.scp) {
            (Some("app"), _) | (None, None) => Ok(claims.program(program)),
            (Some("user") | None, Some(scopes)) if scopes.split(' ').any(|scope| scope == SCOPE) => claims.person(),
            (Some("user") | None, _) => Err(NotLetIn::Forbidden("it does not have the scope access_as_user")),
            _ => Err(NotLetIn::Unproved("it is neither a person's nor a program's")),
        }
    }

    /// Who has signed in and was given an identity token with these claims.
    pub fn identity(&self, claims: Claims, issuer: &str, nonce: &str, now: Timestamp) -> Result<Caller, NotLetIn> {
        if claims.aud.as_ref() != Some(&self.audiences[0]) {
            return Err(NotLetIn::Unproved("it was made for something else than Stentor"));
        }
        self.ours(&claims, &[issuer], now)?;
        if claims.nonce.as_deref() != Some(nonce) {
            return Err(NotLetIn::Unproved("it belongs to another sign-in"));
        }
        claims.person()
    }

    /// What every token must be: of our tenant, from whoever may issue it, and neither too old nor too new.
    fn ours(&self, claims: &Claims, issuers: &[&str], now: Timestamp) -> Result<(), NotLetIn> {
        if claims.tid != Some(self.tenant) {
            return Err(NotLetIn::Unproved("it was made in another organisation"));
        }
        let issuer = claims.iss.as_deref().unwrap_or_default();
        if issuer.is_empty() || !issuers.contains(&issuer) {
            return Err(NotLetIn::Unproved("it was issued by somebody else"));
        }
        holds(claims.exp, claims.nbf, now).map_err(NotLetIn::Unproved)
    }
}

impl Claims {
    fn person(self) -> Result<Caller, NotLetIn> {
        let roles = self.known_roles();
        let id = self.oid.map(EntraId).ok_or(NotLetIn::Unproved("it does not say whose it is"))?;
        let principal_name = self.preferred_username.or(self.upn).or(self.unique_name).unwrap_or_default();
        let name = self.name.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| principal_name.clone());
        Ok(Caller { who: Who::Person { id, name, principal_name }, roles })
    }

    fn program(self, id: Uuid) -> Caller {
        let roles = self.known_roles();
        let name = self.app_displayname.unwrap_or_else(|| id.to_string());
        Caller { who: Who::Application { id, name }, roles }
    }

    /// The roles that we know. A registration may have others, for whatever else shares it.
    fn known_roles(&self) -> Vec<Role> {
        let mut roles: Vec<Role> = self.roles.iter().filter_map(|role| Role::from_name(role)).collect();
        roles.sort_unstable();
        roles.dedup();
        roles
    }
}
