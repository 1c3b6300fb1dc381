//! Signed tokens: for a code that somebody brought back, for a program, and for a tab in Teams.
//!
//! A code serves once, for ten minutes, where it was sent, to whoever knows what its challenge was made of.
//!
//! Sources: Microsoft identity platform, "OAuth 2.0 authorization code flow", "OAuth 2.0 client credentials flow", "Error
//! codes"; RFC 7636.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lc_rs::digest;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;
use uuid::Uuid;

use super::claims::{Client, Sign, Twist};
use super::roles::{AppRole, Program};
use super::sign_in::Code;
use super::{Audience, Entra, Refusal, missing};
use crate::domain::time::Timestamp;
use crate::simulator::answer::Answer;
use crate::simulator::base64;
use crate::simulator::people::Organisation;

/// The life of a code.
const CODE_SECONDS: i64 = 600;

/// Whom a token is lent to without any of the ways that lead to one.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lent {
    /// Somebody in a tab in Teams, by object id or user principal name.
    Person(String),
    /// A program, by client id or name.
    Program(String),
}

impl Entra {
    /// Whether this request is for a signed token: with a code, or of a program for our own API.
    pub fn is_for_own_api(&self, form: &BTreeMap<String, String>) -> bool {
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        match field("grant_type") {
            "authorization_code" => true,
            "client_credentials" => {
                field("scope").strip_suffix("/.default").is_some_and(|resource| self.is_own_api(resource))
            }
            _ => false,
        }
    }

    /// Answers such a request.
    pub fn signed_token(
        &mut self,
        tenant: &str,
        form: &BTreeMap<String, String>,
        organisation: &Organisation,
        sign: Sign<'_>,
        now: Timestamp,
    ) -> Answer {
        self.asked += 1;
        let is_code = form.get("grant_type").is_some_and(|kind| kind == "authorization_code");
        let told = match is_code {
            true => self.redeem(tenant, form, organisation, sign, now),
            false => self.for_program(tenant, form, sign, now),
        };
        match told {
            Ok(body) => Answer::json(200, Value::Object(body)).with_header("Cache-Control", "no-store, no-cache"),
            Err(refusal) => self.refuse(refusal, now),
        }
    }

    /// A token as its owner would have it, made other than it should be where `twist` says so; `None` when nobody is
    /// called that.
    pub fn lend(&mut self, to: &Lent, twist: &Twist, organisation: &Organisation, now: Timestamp) -> Option<Value> {
        let (mut claims, _) = match to {
            Lent::Person(person) => {
                let person = organisation.person(organisation.find(person)?);
                self.access_of(person, Client::Teams, now)
            }
            Lent::Program(program) => {
                let program = self.sign_in.assignments.program(program)?.clone();
                self.access_of_program(Some(&program), now)
            }
        };
        twist.apply(&mut claims, &self.login_url, now);
        Some(claims)
    }

    /// Gives or takes a role.
    pub fn give_role(&mut self, person: u32, role: AppRole, is_given: bool) {
        self.sign_in.assignments.give(person, role, is_given);
    }

    /// Registers a program, or another state of one that is registered.
    pub fn register_program(&mut self, program: Program) {
        self.sign_in.assignments.register(program);
    }

    /// Every program.
    pub fn programs(&self) -> &[Program] {
        &self.sign_in.assignments.programs
    }

    /// Registers one more place where the app may be sent back to.
    pub fn register_redirect(&mut self, redirect: Url) {
        self.sign_in.register_redirect(redirect);
    }

    /// How long signed tokens live from now on; as usual without.
    pub const fn set_signed_lifetime(&mut self, lifetime: Option<Duration>) {
        self.sign_in.lifetime = lifetime;
    }

    /// How identity tokens are made from now on.
    pub fn set_identity_twist(&mut self, twist: Twist) {
        self.sign_in.identity_twist = twist;
    }

    fn redeem(
        &mut self,
        tenant: &str,
        form: &BTreeMap<String, String>,
        organisation: &Organisation,
        sign: Sign<'_>,
        now: Timestamp,
    ) -> Result<Map<String, Value>, Refusal> {
        let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let required = |name: &str| field(name).ok_or_else(|| missing(name));
        let client = required("client_id")?;
        let (code, redirect) = (required("code")?, required("redirect_uri")?);
        self.check_tenant(tenant, Audience::Graph)?;
        self.check_client(client)?;
        if field("client_secret").is_none() && field("client_assertion").is_none() {
            let text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
            return Err(Refusal(401, "invalid_client", 7_000_218, text.to_owned()));
        }
        self.proofs.check(client, form, &self.token_endpoint(tenant), now)?;
        let Code { person, nonce, scopes, .. } = self.take(code, redirect, field("code_verifier"), now)?;
        let person = organisation.person(person);
        if person.has_left() || !person.is_enabled() {
            return Err(Refusal(400, "invalid_grant", 50_057, "The user account is disabled.".to_owned()));
        }
        let identity = self.identity_of(person, &scopes, &nonce, now);
        let is_own = scopes.iter().any(|scope| self.is_own_scope(scope));
        let (access, lifetime) = match is_own {
            true => self.access_of(person, Client::Ours, now),
            false => self.graph_access_of(person, &scopes, now),
        };
        let mut body = tokens(sign, &access, lifetime)?;
        body.insert("scope".to_owned(), json!(scopes.join(" ")));
        body.insert("id_token".to_owned(), json!(sign(&identity).ok_or_else(keyless)?));
        Ok(body)
    }

    /// Uses up a code, if all that it was bound to is as it was.
    fn take(&mut self, code: &str, redirect: &str, verifier: Option<&str>, now: Timestamp) -> Result<Code, Refusal> {
        let refused = |error, number, text: &str| Err(Refusal(400, error, number, text.to_owned()));
        let Some(known) = self.sign_in.codes.get_mut(code) else {
            return refused("invalid_grant", 9_002_313, "Invalid request. Request is malformed or invalid.");
        };
        if known.is_redeemed {
            let text = "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an \
                        existing refresh token.";
            return refused("invalid_grant", 54_005, text);
        }
        if (now - known.issued_at).num_seconds() >= CODE_SECONDS {
            let text = "The provided authorization code or refresh token has expired due to inactivity. Send a new \
                        interactive authorization request for this user and resource.";
            return refused("invalid_grant", 70_008, text);
        }
        if known.redirect != redirect {
            let text = format!(
                "The reply address '{redirect}' does not match the reply address '{}' provided when requesting \
                 Authorization code.",
                known.redirect
            );
            return refused("invalid_client", 500_112, &text);
        }
        let proof = verifier.map(|verifier| digest::digest(&digest::SHA256, verifier.as_bytes()));
        if proof.map(|proof| base64::encode_url(proof.as_ref())) != Some(known.challenge.clone()) {
            let text = "The Code_Verifier does not match the code_challenge supplied in the authorization request.";
            return refused("invalid_grant", 501_481, text);
        }
        known.is_redeemed = true;
        Ok(known.clone())
    }

    fn for_program(
        &mut self,
        tenant: &str,
        form: &BTreeMap<String, String>,
        sign: Sign<'_>,
        now: Timestamp,
    ) -> Result<Map<String, Value>, Refusal> {
        let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let client = field("client_id").ok_or_else(|| missing("client_id"))?;
        self.check_tenant(tenant, Audience::Graph)?;
        let program = Uuid::try_parse(client).ok().and_then(|_| self.sign_in.assignments.program(client)).cloned();
        match &program {
            Some(program) => check_secret(program, field("client_secret"))?,
            None => {
                self.check_client(client)?;
                self.proofs.check(client, form, &self.token_endpoint(tenant), now)?;
            }
        }
        let (access, lifetime) = self.access_of_program(program.as_ref(), now);
        tokens(sign, &access, lifetime)
    }
}

fn check_secret(program: &Program, shown: Option<&str>) -> Result<(), Refusal> {
    let Some(shown) = shown else {
        let text =
            "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
        return Err(Refusal(401, "invalid_client", 7_000_216, text.to_owned()));
    };
    if shown == program.client_secret {
        return Ok(());
    }
    let text = format!(
        "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the \
         client secret ID, for a secret added to app '{}'.",
        program.client_id
    );
    Err(Refusal(401, "invalid_client", 7_000_215, text))
}

fn tokens(sign: Sign<'_>, access: &Value, lifetime: Duration) -> Result<Map<String, Value>, Refusal> {
    let (token, seconds) = (sign(access).ok_or_else(keyless)?, json!(lifetime.as_secs()));
    let fields = [
        ("token_type", json!("Bearer")),
        ("expires_in", seconds.clone()),
        ("ext_expires_in", seconds),
        ("access_token", json!(token)),
    ];
    Ok(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn keyless() -> Refusal {
    Refusal(500, "server_error", 90_033, "A transient error has occurred. Please try again.".to_owned())
}
