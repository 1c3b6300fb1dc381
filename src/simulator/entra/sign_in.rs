//! How people sign in: the authorization endpoint, the page on which they pick an account, and the code that they take back.
//!
//! What cannot be told to the app is shown on a page: an app that nobody knows, a redirect that is not registered.
//! Everything else goes back to the app with `error=…`. Stricter than Entra where today's practice is (RFC 9700): a
//! request without PKCE or without a nonce is refused, for our client must not leave them out.
//!
//! Sources: Microsoft identity platform, "OAuth 2.0 authorization code flow", "OpenID Connect", "Redirect URI
//! restrictions and limitations" and "Error codes".

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use url::{Host, Url};
use uuid::Uuid;

use super::claims::{ACCESS_AS_USER, Twist};
use super::page::{self, Account};
use super::roles::{AppRole, Assignments};
use super::{Audience, Entra, Refusal, missing};
use crate::domain::time::Timestamp;
use crate::simulator::answer::{Answer, Body};
use crate::simulator::chance;
use crate::simulator::people::{Organisation, Person, Standing};
use crate::simulator::settings::SimulatorSettings;

/// How many people without a role the page offers: somebody has to be turned away.
const WITHOUT_ROLE: usize = 3;
/// Codes older than this are forgotten; those that have ended are kept so long, to say so.
const CODES_KEPT_SECONDS: i64 = 3_600;
/// A SHA-256 in base64url, without padding.
const CHALLENGE_LETTERS: usize = 43;
/// Where the app is sent back to on one's own machine. The port does not count there.
const USUAL_REDIRECTS: [&str; 2] = ["http://localhost/sign-in/callback", "http://127.0.0.1/sign-in/callback"];

/// What the app registration has of people and programs who sign in, and who is about to.
#[derive(Debug, Clone)]
pub(super) struct SignIn {
    pub(super) assignments: Assignments,
    pub(super) codes: HashMap<String, Code>,
    /// The life of signed tokens; the usual when absent.
    pub(super) lifetime: Option<Duration>,
    /// How identity tokens are made other than they should be.
    pub(super) identity_twist: Twist,
    /// How many codes and tokens there were.
    pub(super) issued: u64,
    redirects: Vec<Url>,
}

/// What a code stands for.
#[derive(Debug, Clone)]
pub(super) struct Code {
    pub(super) person: u32,
    pub(super) redirect: String,
    pub(super) nonce: String,
    pub(super) challenge: String,
    pub(super) scopes: Vec<String>,
    pub(super) issued_at: Timestamp,
    pub(super) is_redeemed: bool,
}

/// What somebody chose on the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// This account, by object id or user principal name.
    Account(String),
    /// None of them.
    Cancelled,
}

/// Who has which role.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Assigned {
    /// Object id.
    pub id: Uuid,
    /// As shown.
    pub name: String,
    /// By which they sign in.
    pub principal_name: String,
    /// What they are.
    pub job_title: &'static str,
    /// What they were given.
    pub roles: Vec<AppRole>,
}

impl SignIn {
    pub(super) fn at_first(settings: &SimulatorSettings, organisation: &Organisation) -> Self {
        let usual = USUAL_REDIRECTS.iter().filter_map(|url| Url::parse(url).ok());
        Self {
            assignments: Assignments::at_first(organisation),
            codes: HashMap::new(),
            lifetime: None,
            identity_twist: Twist::default(),
            issued: 0,
            redirects: usual.chain(settings.redirects.iter().cloned()).collect(),
        }
    }

    pub(super) fn register_redirect(&mut self, redirect: Url) {
        if !self.redirects.contains(&redirect) {
            self.redirects.push(redirect);
        }
    }

    /// Whether it is registered: letter by letter, but for the port of one's own machine.
    fn is_registered(&self, wanted: &str) -> bool {
        let Ok(wanted) = Url::parse(wanted) else { return false };
        let without_port = |url: &Url| {
            let mut url = url.clone();
            let is_own = match url.host() {
                Some(Host::Domain(name)) => name == "localhost",
                Some(Host::Ipv4(ip)) => ip.is_loopback(),
                _ => false,
            };
            if is_own && url.scheme() == "http" {
                // An http url has a port to take away.
                let _ = url.set_port(None);
            }
            url
        };
        self.redirects.iter().any(|known| *known == wanted || without_port(known) == without_port(&wanted))
    }
}

/// The way back to the app.
struct Back<'a> {
    redirect: Url,
    state: Option<&'a str>,
    in_fragment: bool,
}

impl Back<'_> {
    fn with(&self, told: &[(&str, &str)]) -> Answer {
        let mut url = self.redirect.clone();
        let told = told.iter().copied().chain(self.state.map(|state| ("state", state)));
        if self.in_fragment {
            let written: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(told).finish();
            url.set_fragment(Some(&written));
        } else {
            url.query_pairs_mut().extend_pairs(told);
        }
        Answer::empty(302).with_header("Location", url.to_string()).with_header("Cache-Control", "no-store, no-cache")
    }
}

impl Entra {
    /// `GET` and `POST /{tenant}/oauth2/v2.0/authorize`.
    ///
    /// `asked` holds the decoded parameters, `choice` what was chosen on the page, if it was shown.
    pub fn authorize(
        &mut self,
        tenant: &str,
        asked: &BTreeMap<String, String>,
        choice: Option<&Choice>,
        organisation: &Organisation,
        now: Timestamp,
    ) -> Answer {
        self.asked += 1;
        let field = |name: &str| asked.get(name).map(String::as_str).filter(|value| !value.is_empty());
        let back = match self.check_door(tenant, &field) {
            Ok(back) => back,
            Err(Refusal(status, _, number, text)) => {
                return page_answer(status, &page::refusal(number, &text, &self.numbers(), now));
            }
        };
        let chosen = check_request(&field).and_then(|scope| {
            let scopes = self.check_scopes(scope)?;
            Ok((scopes, self.choose(&field, choice, organisation)?))
        });
        match chosen {
            Ok((scopes, Chosen::Person(person))) => self.send_back(&back, &field, scopes, person, now),
            Ok((_, Chosen::Page(message))) => {
                page_answer(200, &page::choice(&self.accounts(organisation), field("login_hint"), message))
            }
            Err(Refusal(_, error, number, text)) => {
                let (trace, correlation) = self.numbers();
                let at = now.format("%Y-%m-%d %H:%M:%SZ");
                let description =
                    format!("AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}");
                back.with(&[("error", error), ("error_description", &description)])
            }
        }
    }

    /// `GET /{tenant}/oauth2/v2.0/logout`: back to where the app wants, if that is the app's.
    pub fn sign_out(&self, wanted: Option<&str>) -> Answer {
        let origin = |url: &Url| (url.scheme().to_owned(), url.host_str().map(str::to_owned));
        let wanted = wanted.and_then(|wanted| Url::parse(wanted).ok());
        let is_ours = |url: &&Url| self.sign_in.redirects.iter().any(|known| origin(known) == origin(url));
        match wanted.as_ref().filter(is_ours) {
            Some(url) => Answer::empty(302).with_header("Location", url.to_string()),
            None => page_answer(200, &page::signed_out()),
        }
    }

    /// Everybody who has a role in the app.
    pub fn assigned(&self, organisation: &Organisation) -> Vec<Assigned> {
        let everybody = self.sign_in.assignments.everybody().into_iter();
        let present = everybody.filter(|(person, _)| !organisation.person(*person).has_left());
        present.map(|(person, roles)| assigned(organisation.person(person), roles)).collect()
    }

    /// Whom the page offers: whoever has a role, and some who have none.
    fn accounts(&self, organisation: &Organisation) -> Vec<Account> {
        let without = organisation.people().iter().filter(|person| {
            let is_ordinary = matches!(person.standing, Standing::Warm | Standing::WithoutBot);
            is_ordinary && !person.has_left() && self.sign_in.assignments.of(person.number).is_empty()
        });
        let without = without.take(WITHOUT_ROLE).map(|person| assigned(person, Vec::new()));
        let everybody = self.assigned(organisation).into_iter().chain(without);
        everybody.map(|account| Account { department: department(organisation, account.id), account }).collect()
    }

    /// What must be right before anybody may be sent anywhere.
    fn check_door<'a>(&self, tenant: &str, field: &impl Fn(&str) -> Option<&'a str>) -> Result<Back<'a>, Refusal> {
        let shown = |number, text| Refusal(400, "invalid_request", number, text);
        let client = field("client_id").ok_or_else(|| missing("client_id"))?;
        if ["common", "organizations", "consumers"].contains(&tenant) {
            let text = format!(
                "Application '{client}' is not configured as a multi-tenant application. Usage of the /common endpoint \
                 is not supported for such apps created after '10/15/2018'. Use a tenant-specific endpoint or configure \
                 the application to be multi-tenant."
            );
            return Err(shown(50_194, text));
        }
        self.check_tenant(tenant, Audience::Graph)?;
        self.check_client(client)?;
        let redirect = field("redirect_uri").ok_or_else(|| missing("redirect_uri"))?;
        let registered = Some(redirect).filter(|redirect| self.sign_in.is_registered(redirect));
        let Some(redirect) = registered.and_then(|redirect| Url::parse(redirect).ok()) else {
            let text = format!(
                "The redirect URI '{redirect}' specified in the request does not match the redirect URIs configured for \
                 the application '{client}'. Make sure the redirect URI sent in the request matches one added to your \
                 application in the Azure portal."
            );
            return Err(shown(50_011, text));
        };
        Ok(Back { redirect, state: field("state"), in_fragment: field("response_mode") == Some("fragment") })
    }

    /// The scopes asked for, each of them known.
    fn check_scopes(&self, scope: &str) -> Result<Vec<String>, Refusal> {
        let scopes: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
        let is_known = |scope: &String| {
            ["openid", "profile", "email", "offline_access", "User.Read"].contains(&scope.as_str())
                || self.is_own_scope(scope)
        };
        if let Some(stranger) = scopes.iter().find(|scope| !is_known(scope)) {
            let text = format!(
                "The provided value for the input parameter 'scope' is not valid. The scope '{stranger}' does not exist."
            );
            return Err(Refusal(302, "invalid_scope", 70_011, text));
        }
        if !scopes.iter().any(|scope| scope == "openid") {
            let text = "The provided value for the input parameter 'scope' is not valid. It must contain 'openid'.";
            return Err(Refusal(302, "invalid_scope", 70_011, text.to_owned()));
        }
        Ok(scopes)
    }

    /// Whether `scope` is one of our own API: all that the app may, or that it may act for somebody.
    pub(super) fn is_own_scope(&self, scope: &str) -> bool {
        let resource = scope.rsplit_once('/').filter(|(_, name)| [".default", ACCESS_AS_USER].contains(name));
        resource.is_some_and(|(resource, _)| self.is_own_api(resource))
    }

    /// Whether `resource` names our own API: the client id, or the address made of it, which may hold a host.
    pub(super) fn is_own_api(&self, resource: &str) -> bool {
        let id = match resource.strip_prefix("api://") {
            Some(address) => address.rsplit_once('/').map_or(address, |(_, id)| id),
            None => resource,
        };
        Uuid::try_parse(id).is_ok_and(|id| id == self.app)
    }

    fn choose<'a>(
        &self,
        field: &impl Fn(&str) -> Option<&'a str>,
        choice: Option<&Choice>,
        organisation: &Organisation,
    ) -> Result<Chosen, Refusal> {
        let (prompt, hint) = (field("prompt"), field("login_hint"));
        let silent = || {
            let text = "Session information is not sufficient for single-sign-on.";
            Refusal(302, "login_required", 50_058, text.to_owned())
        };
        let wanted = match (choice, prompt, hint) {
            (Some(Choice::Cancelled), ..) => {
                let text = "User declined to consent to access the app.";
                return Err(Refusal(302, "access_denied", 65_004, text.to_owned()));
            }
            (Some(Choice::Account(account)), ..) => account.as_str(),
            (None, Some("none"), hint) => hint.ok_or_else(silent)?,
            // As if there were a session of hers in the browser.
            (None, None, Some(hint)) => hint,
            (None, Some("login" | "select_account" | "consent") | None, _) => return Ok(Chosen::Page(None)),
            (None, Some(_), _) => {
                let text = "The provided value for the input parameter 'prompt' is not valid.";
                return Err(Refusal(302, "invalid_request", 90_023, text.to_owned()));
            }
        };
        let found = organisation.find(wanted).map(|person| organisation.person(person));
        match found {
            Some(person) if person.is_enabled() => Ok(Chosen::Person(person.number)),
            _ if prompt == Some("none") => Err(silent()),
            Some(_) => Ok(Chosen::Page(Some("AADSTS50057: This account is disabled. Pick another one."))),
            None => Ok(Chosen::Page(Some("AADSTS50034: There is no such account in this organisation."))),
        }
    }

    fn send_back<'a>(
        &mut self,
        back: &Back<'_>,
        field: &impl Fn(&str) -> Option<&'a str>,
        scopes: Vec<String>,
        person: u32,
        now: Timestamp,
    ) -> Answer {
        self.sign_in.issued += 1;
        let part =
            |what: &str| chance::uuid(self.seed, &[chance::text(what), self.sign_in.issued]).simple().to_string();
        let (code, session) = (format!("1.{}{}", part("code"), part("rest")), part("session"));
        self.sign_in.codes.retain(|_, code| (now - code.issued_at).num_seconds() < CODES_KEPT_SECONDS);
        let text = |name: &str| field(name).unwrap_or_default().to_owned();
        let entry = Code {
            person,
            redirect: text("redirect_uri"),
            nonce: text("nonce"),
            challenge: text("code_challenge"),
            scopes,
            issued_at: now,
            is_redeemed: false,
        };
        self.sign_in.codes.insert(code.clone(), entry);
        back.with(&[("code", &code), ("session_state", &session)])
    }
}

/// What comes next.
enum Chosen {
    /// She goes back with a code.
    Person(u32),
    /// Somebody has to be picked, after this message.
    Page(Option<&'static str>),
}

/// What the request must hold whoever signs in. Returns its scope.
fn check_request<'a>(field: &impl Fn(&str) -> Option<&'a str>) -> Result<&'a str, Refusal> {
    let told = |number, text: &str| Err(Refusal(302, "invalid_request", number, text.to_owned()));
    let required = |name: &str| field(name).ok_or_else(|| missing(name));
    let response_type = required("response_type")?;
    if response_type != "code" {
        let text = format!("response_type '{response_type}' is not enabled for the application.");
        return Err(Refusal(302, "unsupported_response_type", 700_054, text));
    }
    if let Some(mode) = field("response_mode").filter(|mode| !["query", "fragment"].contains(mode)) {
        return told(70_007, &format!("'{mode}' is not a supported value of 'response_mode' when requesting a code."));
    }
    let scope = required("scope")?;
    required("nonce")?;
    let Some(challenge) = field("code_challenge") else {
        return told(50_147, "The size of the code challenge parameter is not valid.");
    };
    let is_url_safe = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    let is_digest = challenge.len() == CHALLENGE_LETTERS && challenge.chars().all(is_url_safe);
    if field("code_challenge_method") != Some("S256") || !is_digest {
        return told(501_491, "Invalid size of Code_Challenge parameter.");
    }
    Ok(scope)
}

fn assigned(person: &Person, roles: Vec<AppRole>) -> Assigned {
    let (name, principal_name) = (person.display_name(), person.principal_name());
    Assigned { id: person.id, name, principal_name, job_title: person.job_title, roles }
}

fn department(organisation: &Organisation, id: Uuid) -> &'static str {
    organisation.find(&id.to_string()).map_or("", |person| organisation.person(person).department)
}

fn page_answer(status: u16, html: &str) -> Answer {
    Answer { body: Body::Html(html.to_owned()), ..Answer::empty(status) }
        .with_header("Content-Type", "text/html; charset=utf-8")
        .with_header("Cache-Control", "no-store, no-cache")
        .with_header("Referrer-Policy", "no-referrer")
        .with_header(
            "Content-Security-Policy",
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
        )
}
