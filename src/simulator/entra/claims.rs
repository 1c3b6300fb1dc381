//! What a signed token says: identity tokens of people, access tokens of people and of programs, all of version 2.0.
//!
//! Claims are put together from Microsoft's tables: `name`, `preferred_username` and `oid` of an identity token only with
//! the scope `profile`; `roles` only for whoever has one; the names of programs in no token at all.
//!
//! Sources: Microsoft identity platform, "ID token claims reference", "Access token claims reference", "Optional claims
//! reference" (`idtyp`).

use std::time::Duration;

use aws_lc_rs::digest;
use serde_json::{Map, Value, json};
use uuid::{Uuid, uuid};

use super::roles::{AppRole, Program};
use super::{Entra, LIFETIME_SECONDS_MIN, LIFETIME_SECONDS_SPREAD};
use crate::domain::time::Timestamp;
use crate::simulator::people::Person;
use crate::simulator::{base64, chance};

/// Signs claims; `None` where no key can be made.
pub type Sign<'a> = &'a dyn Fn(&Value) -> Option<String>;

/// The client of Teams on a desktop or a telephone, which asks for tokens of tabs.
///
/// Source: Microsoft Teams, "Register your tab app in Microsoft Entra ID", client ids for pre-authorisation.
const TEAMS_CLIENT: Uuid = uuid!("1fec8e78-bce4-4aaf-ab1b-5451cc387264");
/// Graph, as tokens of version 1 name it: whoever asks for no scope of an API gets a token for it.
const GRAPH: Uuid = uuid!("00000003-0000-0000-c000-000000000000");
/// The delegated permission that a tab has.
pub(super) const ACCESS_AS_USER: &str = "access_as_user";
/// An identity token lives for an hour.
const IDENTITY_SECONDS: u64 = 3_600;
/// The tenant of somebody else.
const OTHER_TENANT: Uuid = uuid!("99999999-9999-4999-8999-999999999999");

/// How a token is made other than it should be, for whoever tries what a guard sees.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Twist {
    /// From another tenant, which signs as well as ours.
    pub other_tenant: bool,
    /// Ends so many seconds from now; below zero it has ended.
    pub seconds: Option<i64>,
    /// Put in place of what would stand there; null takes a claim away.
    pub claims: Map<String, Value>,
}

impl Twist {
    /// Puts it into `claims`.
    pub(super) fn apply(&self, claims: &mut Value, login_url: &str, now: Timestamp) {
        if self.other_tenant {
            claims["tid"] = json!(OTHER_TENANT);
            claims["iss"] = json!(format!("{}/{OTHER_TENANT}/v2.0", login_url.trim_end_matches('/')));
        }
        if let Some(seconds) = self.seconds {
            claims["exp"] = json!(now.timestamp().saturating_add(seconds));
        }
        let Some(claims) = claims.as_object_mut() else { return };
        for (name, value) in &self.claims {
            if value.is_null() {
                claims.remove(name);
            } else {
                claims.insert(name.clone(), value.clone());
            }
        }
    }
}

impl Entra {
    /// Who signs: `{login}/{tenant}/v2.0`.
    pub fn issuer(&self) -> String {
        format!("{}/{}/v2.0", self.login_url.trim_end_matches('/'), self.tenant)
    }

    /// The identity of `person` for our app. `scopes` are those that were asked for.
    pub(super) fn identity_of(&mut self, person: &Person, scopes: &[String], nonce: &str, now: Timestamp) -> Value {
        let has = |scope: &str| scopes.iter().any(|asked| asked == scope);
        let mut claims = self.claims(self.app, self.identity_lifetime(), now);
        claims["sub"] = json!(self.subject(person));
        claims["nonce"] = json!(nonce);
        if has("profile") {
            claims["name"] = json!(person.display_name());
            claims["preferred_username"] = json!(person.principal_name());
            claims["oid"] = json!(person.id);
        }
        if has("email") {
            claims["email"] = json!(person.mail());
        }
        with_roles(&mut claims, &self.sign_in.assignments.of(person.number));
        let twist = self.sign_in.identity_twist.clone();
        twist.apply(&mut claims, &self.login_url, now);
        claims
    }

    /// An access token of `person` for our own API, as `client` asked for it; its life with it.
    pub(super) fn access_of(&mut self, person: &Person, client: Client, now: Timestamp) -> (Value, Duration) {
        let lifetime = self.access_lifetime();
        let mut claims = self.claims(self.app, lifetime, now);
        let (azp, azpacr) = match client {
            Client::Ours => (self.app, "1"),
            Client::Teams => (TEAMS_CLIENT, "0"),
        };
        claims["azp"] = json!(azp);
        claims["azpacr"] = json!(azpacr);
        claims["name"] = json!(person.display_name());
        claims["oid"] = json!(person.id);
        claims["preferred_username"] = json!(person.principal_name());
        claims["scp"] = json!(ACCESS_AS_USER);
        claims["sub"] = json!(self.subject(person));
        with_roles(&mut claims, &self.sign_in.assignments.of(person.number));
        (claims, lifetime)
    }

    /// An access token of `person` for Graph, which says nothing to our API.
    pub(super) fn graph_access_of(&mut self, person: &Person, scopes: &[String], now: Timestamp) -> (Value, Duration) {
        let lifetime = self.access_lifetime();
        let mut claims = self.claims(GRAPH, lifetime, now);
        claims["appid"] = json!(self.app);
        claims["oid"] = json!(person.id);
        claims["scp"] = json!(scopes.join(" "));
        claims["sub"] = json!(self.subject(person));
        (claims, lifetime)
    }

    /// An access token of a program for our API; of our own app, when there is none.
    pub(super) fn access_of_program(&mut self, program: Option<&Program>, now: Timestamp) -> (Value, Duration) {
        let lifetime = self.access_lifetime();
        let mut claims = self.claims(self.app, lifetime, now);
        let own = chance::uuid(self.seed, &[chance::text("service principal")]);
        let (client, object) = program.map_or((self.app, own), |program| (program.client_id, program.object_id));
        claims["azp"] = json!(client);
        claims["azpacr"] = json!("1");
        claims["idtyp"] = json!("app");
        claims["oid"] = json!(object);
        claims["sub"] = json!(object);
        let roles: Vec<AppRole> = program.into_iter().flat_map(|program| program.roles.iter().copied()).collect();
        with_roles(&mut claims, &roles);
        (claims, lifetime)
    }

    /// What every token says.
    fn claims(&mut self, audience: Uuid, lifetime: Duration, now: Timestamp) -> Value {
        self.sign_in.issued += 1;
        let unique = chance::uuid(self.seed, &[chance::text("uti"), self.sign_in.issued]);
        let from = now.timestamp();
        let to = from.saturating_add(i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX));
        json!({"aud": audience, "iss": self.issuer(), "iat": from, "nbf": from, "exp": to, "tid": self.tenant,
            "uti": base64::encode_url(unique.as_bytes()), "ver": "2.0"})
    }

    /// A person as one app knows them: another app knows them by another name.
    fn subject(&self, person: &Person) -> String {
        let pair = format!("{}/{}", self.app, person.id);
        base64::encode_url(digest::digest(&digest::SHA256, pair.as_bytes()).as_ref())
    }

    fn identity_lifetime(&self) -> Duration {
        self.sign_in.lifetime.unwrap_or(Duration::from_secs(IDENTITY_SECONDS))
    }

    fn access_lifetime(&self) -> Duration {
        let drawn = [chance::text("signed lifetime"), self.sign_in.issued];
        let drawn = LIFETIME_SECONDS_MIN + chance::below(self.seed, &drawn, LIFETIME_SECONDS_SPREAD);
        self.sign_in.lifetime.or(self.lifetime).unwrap_or(Duration::from_secs(drawn))
    }
}

/// Who asks in somebody's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    /// Our own app, with its code.
    Ours,
    /// The Teams client, for a tab.
    Teams,
}

/// Entra leaves the claim out where there is nothing to say.
fn with_roles(claims: &mut Value, roles: &[AppRole]) {
    if !roles.is_empty() {
        claims["roles"] = json!(roles);
    }
}
