//! Who may ask: the client secret, the consented permissions and the tokens made of both; and, in `sign_in` and the files
//! beside it, who signs in to our own app.
//!
//! As in Entra, a token keeps the roles that were consented to when it was issued, is issued even without
//! any, and is issued for the wrong tenant too; only the service that is shown it finds out.
//!
//! Source: Microsoft identity platform, "OAuth 2.0 client credentials flow" and "Error codes".

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use self::proofs::Proofs;
use self::sign_in::SignIn;
use super::answer::Answer;
use super::clouds::{self, Home};
use super::people::{self, Organisation};
use super::settings::SimulatorSettings;
use super::{base64, chance};
use crate::domain::time::Timestamp;

mod claims;
mod page;
mod proofs;
mod redeem;
mod roles;
mod sign_in;

pub use self::claims::{Sign, Twist};
pub use self::proofs::Federation;
pub use self::redeem::Lent;
pub use self::roles::{AppRole, Program};
pub use self::sign_in::{Assigned, Choice};

/// What the token endpoint thinks of the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretState {
    /// The configured one is accepted.
    Valid,
    /// It is known but its time has passed: AADSTS7000222.
    Expired,
    /// None is accepted: AADSTS7000215.
    Wrong,
}

/// Which service a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Microsoft Graph.
    Graph,
    /// The bot connector.
    Bot,
}

/// What a token stands for.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The service it is for.
    pub audience: Audience,
    /// Whether it came from the tenant that owns the bot.
    pub is_from_own_tenant: bool,
    /// The permissions consented to when it was issued.
    pub roles: Vec<String>,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// The token endpoint and its memory.
#[derive(Debug, Clone)]
pub struct Entra {
    seed: u64,
    tenant: Uuid,
    app: Uuid,
    login_url: String,
    proofs: Proofs,
    identities: Vec<MachineIdentity>,
    lifetime: Option<Duration>,
    permissions: BTreeSet<String>,
    tokens: HashMap<String, Grant>,
    asked: u64,
    at_once: BTreeMap<String, TokensAsked>,
    /// The cloud that it belongs to, if it is one.
    home: Option<&'static Home>,
    sign_in: SignIn,
}

/// An identity that the machine has in Azure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineIdentity {
    /// Its client id.
    pub client_id: Uuid,
    /// Its object id, which is the subject of its tokens.
    pub object_id: Uuid,
}

/// How tokens of one scope were asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct TokensAsked {
    /// How often.
    pub asked: u64,
    /// How many such requests there are at this moment.
    pub at_once: u64,
    /// The most that there were at the same time.
    pub at_once_max: u64,
}

const GRAPH_RESOURCES: [&str; 4] = [
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
];
const BOT_RESOURCES: [&str; 3] =
    ["https://api.botframework.com", "https://api.botframework.us", "https://api.botframework.azure.cn"];
/// Whose tokens a multi-tenant bot uses, one a cloud.
const BOT_TENANTS: [&str; 3] =
    ["botframework.com", "MicrosoftServices.onmicrosoft.us", "microsoftservices.partner.onmschina.cn"];
const LIFETIME_SECONDS_MIN: u64 = 3_600;
const LIFETIME_SECONDS_SPREAD: u64 = 1_801;

/// Status, `error`, number and text of a refusal.
struct Refusal(u16, &'static str, u32, String);

impl Entra {
    /// The endpoint with a valid secret and no tokens.
    pub fn new(settings: &SimulatorSettings, organisation: &Organisation) -> Self {
        Self {
            seed: settings.seed,
            tenant: settings.tenant,
            app: settings.app,
            login_url: "https://login.microsoftonline.com".to_owned(),
            proofs: Proofs::new(settings.client_secret.clone()),
            identities: Vec::new(),
            lifetime: settings.token_lifetime,
            permissions: settings.permissions.iter().cloned().collect(),
            tokens: HashMap::new(),
            asked: 0,
            at_once: BTreeMap::new(),
            home: clouds::home(&settings.tls_names),
            sign_in: SignIn::at_first(settings, organisation),
        }
    }

    /// The same endpoint under another address.
    pub fn reached_at(&mut self, login_url: &str) {
        login_url.clone_into(&mut self.login_url);
    }

    /// Changes what is thought of the secret. Tokens that are out stay good.
    pub const fn set_secret(&mut self, state: SecretState) {
        self.proofs.secret_state = state;
    }

    /// Accepts these secrets from now on, and no others.
    pub fn set_secrets(&mut self, secrets: Vec<String>) {
        self.proofs.set_secrets(secrets);
    }

    /// Accepts letters signed with the keys of these certificates from now on, and of no others; in PEM. `None` when one
    /// of them cannot be read; otherwise their SHA-256 thumbprints.
    pub fn set_certificates(&mut self, pems: &[String]) -> Option<Vec<String>> {
        self.proofs.set_certificates(pems)
    }

    /// Believes these from now on, and no others.
    pub fn set_federations(&mut self, federations: Vec<Federation>) {
        self.proofs.set_federations(federations);
    }

    /// With which key all others sign, as RSA writes a public key.
    pub fn believe_outside(&mut self, key: Vec<u8>) {
        self.proofs.believe_outside(key);
    }

    /// Gives the machine these identities.
    pub fn set_identities(&mut self, identities: Vec<MachineIdentity>) {
        self.identities = identities;
    }

    /// The machine's identity with this client id; its only one, when none is named.
    pub fn identity(&self, client_id: Option<&str>) -> Option<MachineIdentity> {
        let Some(client_id) = client_id else {
            return self.identities.first().copied().filter(|_| self.identities.len() == 1);
        };
        let client_id = Uuid::try_parse(client_id).ok()?;
        self.identities.iter().copied().find(|identity| identity.client_id == client_id)
    }

    /// A token of one of the machine's identities; only the app itself has permissions.
    pub fn grant_to_identity(
        &mut self,
        identity: MachineIdentity,
        resource: &str,
        resources: (&str, &str),
        now: Timestamp,
    ) -> Answer {
        self.asked += 1;
        match audience(&format!("{resource}/.default"), resources, self.home) {
            Ok(audience) => self.issue((audience, identity.client_id == self.app), now),
            Err(Refusal(_, error, _, text)) => Answer::json(400, json!({"error": error, "error_description": text})),
        }
    }

    /// A request for a token of `scope` has arrived.
    pub fn begin(&mut self, scope: &str) {
        let asked = self.at_once.entry(scope.to_owned()).or_default();
        asked.asked += 1;
        asked.at_once += 1;
        asked.at_once_max = asked.at_once_max.max(asked.at_once);
    }

    /// One has been answered.
    pub fn end(&mut self, scope: &str) {
        if let Some(asked) = self.at_once.get_mut(scope) {
            asked.at_once = asked.at_once.saturating_sub(1);
        }
    }

    /// How tokens were asked for on the wire, by scope.
    pub const fn tokens_asked(&self) -> &BTreeMap<String, TokensAsked> {
        &self.at_once
    }

    /// Makes every token that is out worthless.
    pub fn revoke_tokens(&mut self) {
        self.tokens.clear();
    }

    /// Gives or takes one permission; it shows only in tokens issued afterwards.
    pub fn consent(&mut self, role: &str, is_granted: bool) {
        if is_granted {
            self.permissions.insert(role.to_owned());
        } else {
            self.permissions.remove(role);
        }
    }

    /// The permissions in force.
    pub const fn permissions(&self) -> &BTreeSet<String> {
        &self.permissions
    }

    /// What this token stands for; `None` when it was never issued, was revoked or has ended.
    pub fn grant(&self, token: &str, now: Timestamp) -> Option<&Grant> {
        self.tokens.get(token).filter(|grant| grant.expires_at > now)
    }

    /// Answers a request for a token.
    ///
    /// `form` holds the decoded fields. `resources` are the names by which this simulator's own Graph and
    /// connector are asked for, beside Microsoft's.
    pub fn token(
        &mut self,
        tenant: &str,
        form: &BTreeMap<String, String>,
        resources: (&str, &str),
        now: Timestamp,
    ) -> Answer {
        self.asked += 1;
        match self.check(tenant, form, resources, now) {
            Ok(grant) => self.issue(grant, now),
            Err(refusal) => self.refuse(refusal, now),
        }
    }

    fn refuse(&self, Refusal(status, error, number, text): Refusal, now: Timestamp) -> Answer {
        Answer::entra_error(status, error, number, &text, self.numbers(), now)
    }

    /// The trace and the correlation id of this request.
    fn numbers(&self) -> (String, String) {
        let id = |what: &str| chance::uuid(self.seed, &[chance::text(what), self.asked]).to_string();
        (id("trace"), id("correlation"))
    }

    fn check(
        &self,
        tenant: &str,
        form: &BTreeMap<String, String>,
        resources: (&str, &str),
        now: Timestamp,
    ) -> Result<(Audience, bool), Refusal> {
        let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let required = |name: &str| field(name).ok_or_else(|| missing(name));
        let grant_type = required("grant_type")?;
        if grant_type != "client_credentials" {
            let text = format!("The app requested an unsupported grant type '{grant_type}'.");
            return Err(Refusal(400, "unsupported_grant_type", 70_003, text));
        }
        let client = required("client_id")?;
        let audience = audience(required("scope")?, resources, self.home)?;
        let is_own = self.check_tenant(tenant, audience)?;
        self.check_client(client)?;
        self.proofs.check(client, form, &self.token_endpoint(tenant), now)?;
        Ok((audience, is_own))
    }

    /// For whom a letter to us is written.
    fn token_endpoint(&self, tenant: &str) -> String {
        format!("{}/{tenant}/oauth2/v2.0/token", self.login_url.trim_end_matches('/'))
    }

    /// Whether this is our own tenant, by id or by domain.
    pub fn is_tenant(&self, tenant: &str) -> bool {
        Uuid::try_parse(tenant).is_ok_and(|id| id == self.tenant) || tenant.eq_ignore_ascii_case(people::DOMAIN)
    }

    /// `true` for the tenant that owns the bot. Another tenant gives a bot token all the same.
    fn check_tenant(&self, tenant: &str, audience: Audience) -> Result<bool, Refusal> {
        if self.is_tenant(tenant) {
            return Ok(true);
        }
        let is_somewhere =
            Uuid::try_parse(tenant).is_ok() || BOT_TENANTS.iter().any(|known| tenant.eq_ignore_ascii_case(known));
        if audience == Audience::Bot && is_somewhere {
            return Ok(false);
        }
        let text = format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
        Err(Refusal(400, "invalid_request", 90_002, text))
    }

    fn check_client(&self, client: &str) -> Result<(), Refusal> {
        if !Uuid::try_parse(client).is_ok_and(|id| id == self.app) {
            let text =
                format!("Application with identifier '{client}' was not found in the directory '{}'.", self.tenant);
            return Err(Refusal(400, "unauthorized_client", 700_016, text));
        }
        Ok(())
    }

    fn issue(&mut self, (audience, is_from_own_tenant): (Audience, bool), now: Timestamp) -> Answer {
        let drawn = chance::below(self.seed, &[chance::text("lifetime"), self.asked], LIFETIME_SECONDS_SPREAD);
        let lifetime = self.lifetime.unwrap_or(Duration::from_secs(LIFETIME_SECONDS_MIN + drawn));
        let life = TimeDelta::from_std(lifetime).unwrap_or(TimeDelta::MAX);
        let expires_at = now.checked_add_signed(life).unwrap_or(Timestamp::MAX_UTC);
        self.tokens.retain(|_, grant| grant.expires_at > now);
        let roles: Vec<String> = self.permissions.iter().cloned().collect();
        let token = self.write(audience, &roles, now, expires_at);
        self.tokens.insert(token.clone(), Grant { audience, is_from_own_tenant, roles, expires_at });
        let seconds = lifetime.as_secs();
        Answer::json(
            200,
            json!({"token_type": "Bearer", "expires_in": seconds, "ext_expires_in": seconds, "access_token": token}),
        )
        .with_header("Cache-Control", "no-store, no-cache")
    }

    /// A token that looks like one. Nothing verifies its signature: it is looked up.
    fn write(&self, audience: Audience, roles: &[String], now: Timestamp, expires_at: Timestamp) -> String {
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": "simulated"});
        let audience = match audience {
            Audience::Graph => self.home.map_or(GRAPH_RESOURCES[0], |home| home.graph),
            Audience::Bot => self.home.map_or(BOT_RESOURCES[0], |home| home.bot),
        };
        let payload = json!({"aud": audience, "appid": self.app, "tid": self.tenant, "roles": roles,
            "nbf": now.timestamp(), "iat": now.timestamp(), "exp": expires_at.timestamp()});
        let signature = chance::uuid(self.seed, &[chance::text("token"), self.asked]);
        [header.to_string().as_bytes(), payload.to_string().as_bytes(), signature.as_bytes()]
            .map(base64::encode_url)
            .join(".")
    }
}

fn missing(name: &str) -> Refusal {
    let text = format!("The request body must contain the following parameter: '{name}'.");
    Refusal(400, "invalid_request", 900_144, text)
}

fn audience(scope: &str, (graph, bot): (&str, &str), home: Option<&Home>) -> Result<Audience, Refusal> {
    let Some(resource) = scope.strip_suffix("/.default") else {
        let text = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with \
             /.default suffixed to the resource identifier (application ID URI)."
        );
        return Err(Refusal(400, "invalid_scope", 1_002_012, text));
    };
    let is_one_of = |known: &[&str], own: &str| {
        let own = own.trim_end_matches('/');
        known.contains(&resource.trim_end_matches('/')) || (!own.is_empty() && resource.trim_end_matches('/') == own)
    };
    let (graphs, bots) = match home {
        Some(home) => (vec![home.graph], vec![home.bot]),
        None => (GRAPH_RESOURCES.to_vec(), BOT_RESOURCES.to_vec()),
    };
    if is_one_of(&graphs, graph) {
        Ok(Audience::Graph)
    } else if is_one_of(&bots, bot) {
        Ok(Audience::Bot)
    } else {
        let text = format!("The resource principal named {resource} was not found in the tenant.");
        Err(Refusal(400, "invalid_resource", 500_011, text))
    }
}
