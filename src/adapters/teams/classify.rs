//! What an answer means: (operation, status, codes, message) → [`Outcome`]. Pure, and told by data: the classes stand
//! in `errors.toml`, which also says how it is read; here is only what each class means for each operation.
//!
//! Wordings change and codes do not, so readings go beyond the file, the first three only where the file itself would find
//! no entry or nothing but a catch-all (`"*"`):
//!
//! - A code that the file knows keeps its meaning under another wording, provided that all entries of that code agree
//!   and that nobody is halted for a code that merely repeats the status (`Forbidden`).
//! - The more precise code inside is tried, and a refusal without a message is also read as one without a code.
//! - 401 always asks for a new token and 429 always means wait; whatever else Entra refuses concerns everybody, and the
//!   audience of a federated token is a fault of its federation.
//! - What the file calls transient may have put a notification into a feed all the same: that is doubt, which the next one
//!   of its chain ends.

use std::sync::LazyLock;
use std::time::Duration;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Deserializer};

use super::wire::{PROXY_REFUSED, Refusal, UNTRUSTED};
use crate::domain::outcome::{Fact, HaltScope, Outcome, Remedy, Stale, Step};
use crate::domain::reason::{HaltReason, Reason};
use crate::ports::Request;

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Api {
    /// The token endpoint.
    Entra,
    /// Microsoft Graph.
    Graph,
    /// The bot connector.
    Connector,
}

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// A token.
    Token,
    /// A page of people, a group, a page of its members.
    Directory,
    /// A page of changes among people.
    Delta,
    /// The app in the catalogue.
    Catalog,
    /// A person's installation of it.
    Check,
    /// To install it.
    Install,
    /// The chat of an installation.
    Resolve,
    /// To send.
    Send,
    /// To open a person's chat with the bot.
    Create,
    /// To notify one person, a team or a chat.
    Notify,
    /// To notify many people.
    NotifyMany,
    /// To replace a message.
    Replace,
    /// To delete one.
    Withdraw,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Token,
        Self::Directory,
        Self::Delta,
        Self::Catalog,
        Self::Check,
        Self::Install,
        Self::Resolve,
        Self::Send,
        Self::Create,
        Self::Notify,
        Self::NotifyMany,
        Self::Replace,
        Self::Withdraw,
    ];

    /// Who is asked.
    pub const fn api(self) -> Api {
        match self {
            Self::Token => Api::Entra,
            Self::Directory
            | Self::Delta
            | Self::Catalog
            | Self::Check
            | Self::Install
            | Self::Resolve
            | Self::Notify
            | Self::NotifyMany => Api::Graph,
            Self::Send | Self::Create | Self::Replace | Self::Withdraw => Api::Connector,
        }
    }

    /// The word of `errors.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Directory => "directory",
            Self::Delta => "delta",
            Self::Catalog => "catalog",
            Self::Check => "installed_apps_list",
            Self::Install => "install",
            Self::Resolve => "installation_chat",
            Self::Send => "send",
            Self::Create => "create_conversation",
            Self::Notify => "activity_feed",
            Self::NotifyMany => "activity_feed_bulk",
            Self::Replace => "update",
            Self::Withdraw => "delete",
        }
    }
}

impl Operation {
    /// How much of its life a token must have left to be taken for this.
    ///
    /// Source: Microsoft Graph, "sendActivityNotificationToRecipients" (read November 2026).
    pub const fn token_life(self) -> Duration {
        match self {
            Self::NotifyMany => Duration::from_secs(45 * 60),
            _ => Duration::ZERO,
        }
    }
}

impl From<&Request> for Operation {
    fn from(request: &Request) -> Self {
        match request {
            // A channel is looked up as groups are.
            Request::FindChannel { .. } => Self::Directory,
            _ => request.step().into(),
        }
    }
}

impl From<Step> for Operation {
    fn from(step: Step) -> Self {
        match step {
            Step::Check => Self::Check,
            Step::Install => Self::Install,
            Step::Resolve => Self::Resolve,
            Step::Send => Self::Send,
            Step::Create => Self::Create,
            Step::Notify => Self::Notify,
            Step::NotifyMany => Self::NotifyMany,
            Step::Replace => Self::Replace,
            Step::Withdraw => Self::Withdraw,
        }
    }
}

/// The classes of `errors.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Class {
    Accepted,
    AlreadyDone,
    Throttled,
    Transient,
    InDoubt,
    NotInstalled,
    BlockedByPolicy,
    BlockedByUser,
    NoLicence,
    RecipientNotFound,
    MessageGone,
    ConversationGone,
    TooLarge,
    InvalidPayload,
    WrongHost,
    Configuration,
    RefreshCatalogId,
    RestartSync,
    ConsistencyLag,
}

#[derive(Debug, Deserialize)]
struct Entry {
    api: Api,
    operation: String,
    status: u16,
    #[serde(default)]
    alt_statuses: Vec<u16>,
    code: String,
    #[serde(default)]
    alt_codes: Vec<String>,
    inner_code: Option<String>,
    /// An AADSTS number; for the connector's other shape, its `errorCode`.
    #[serde(alias = "error_code")]
    number: Option<u32>,
    #[serde(default)]
    alt_numbers: Vec<u32>,
    #[serde(default, deserialize_with = "pattern")]
    message: Option<Regex>,
    retry: String,
    outcome: Class,
}

#[derive(Deserialize)]
struct ErrorsFile {
    error: Vec<Entry>,
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    // Invariant: the file is part of the program, and a test reads it.
    let file: ErrorsFile = toml::from_str(include_str!("errors.toml")).expect("errors.toml is well formed");
    file.error
});

fn pattern<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Regex>, D::Error> {
    let text = String::deserialize(from)?;
    RegexBuilder::new(&text).case_insensitive(true).build().map(Some).map_err(serde::de::Error::custom)
}

impl Entry {
    fn statuses(&self) -> impl Iterator<Item = u16> {
        std::iter::once(self.status).chain(self.alt_statuses.iter().copied())
    }

    fn has_number_of(&self, refusal: &Refusal) -> bool {
        let mut numbers = self.number.iter().chain(&self.alt_numbers);
        numbers.any(|number| refusal.numbers.contains(number))
    }

    fn names(&self, code: &str) -> bool {
        let mut codes = std::iter::once(&self.code).chain(&self.alt_codes);
        codes.any(|known| known != "*" && known.eq_ignore_ascii_case(code))
    }

    fn takes_any_code(&self) -> bool {
        self.code == "*" || self.alt_codes.iter().any(|code| code == "*")
    }

    fn says(&self, message: &str) -> bool {
        self.message.as_ref().is_some_and(|pattern| pattern.is_match(message))
    }

    /// Entra's codes are too few to tell its faults apart without the number.
    fn needs_its_number(&self) -> bool {
        self.api == Api::Entra && self.number.is_some()
    }

    fn halts_everybody(&self) -> bool {
        self.outcome == Class::Configuration && self.retry != "once_new_token"
    }
}

/// What `refusal` means as the answer to `operation`.
pub fn classify(operation: Operation, refusal: &Refusal) -> Outcome {
    if let Some(reason) = network_fault(refusal) {
        return Outcome::Refused(HaltScope::Tenant, reason);
    }
    match entry_for(operation, refusal) {
        Some(entry) => outcome(entry, operation, refusal),
        None => unlisted(operation, refusal),
    }
}

/// What our own network does to everybody alike, before anything reaches Microsoft.
fn network_fault(refusal: &Refusal) -> Option<HaltReason> {
    match (refusal.status, refusal.message.as_str()) {
        (0, UNTRUSTED) => Some(HaltReason::CertificateUntrusted),
        (0, PROXY_REFUSED) => Some(HaltReason::ProxyRefused),
        _ => None,
    }
}

fn entry_for(operation: Operation, refusal: &Refusal) -> Option<&'static Entry> {
    let of_api: Vec<_> = ENTRIES.iter().filter(|entry| entry.api == operation.api()).collect();
    let of_status = |entry: &&&Entry| entry.statuses().any(|status| status == refusal.status);
    let here: Vec<_> = of_api.iter().filter(of_status).copied().collect();
    // A number is the most precise thing that anybody says. Entra varies the status around it.
    let by_number = |among: &[&'static Entry]| among.iter().find(|entry| entry.has_number_of(refusal)).copied();
    let numbered = by_number(&here).or_else(|| by_number(&of_api).filter(|entry| entry.api == Api::Entra));
    numbered.or_else(|| {
        let no_code = (refusal.message.is_empty() || refusal.status == 0).then_some("");
        let codes = [Some(refusal.code.as_str()), refusal.inner_code.as_deref(), no_code, conventional_code(refusal)];
        codes.into_iter().flatten().find_map(|code| entry_with_code(&here, operation, code, refusal))
    })
}

/// The code that the status alone stands for, where the vendor's tables know one.
fn conventional_code(refusal: &Refusal) -> Option<&'static str> {
    match refusal.status {
        409 => Some("Conflict"),
        404 if refusal.code.is_empty() => Some("NotFound"),
        412 if refusal.code.is_empty() => Some("PreconditionFailed"),
        _ => None,
    }
}

/// The rule of reading, in its order, for one spelling of the code.
fn entry_with_code(
    here: &[&'static Entry],
    operation: Operation,
    code: &str,
    refusal: &Refusal,
) -> Option<&'static Entry> {
    let of = |name: &'static str| here.iter().copied().filter(move |entry| entry.operation == name);
    let exact: Vec<_> = of(operation.name()).collect();
    let any: Vec<_> = of("any").collect();
    let both = exact.iter().chain(&any).copied();
    let said = both.clone().find(|entry| (entry.names(code) || entry.takes_any_code()) && entry.says(&refusal.message));
    said.or_else(|| [exact, any].into_iter().find_map(|group| entry_of_group(&group, code, refusal)))
}

fn entry_of_group(group: &[&'static Entry], code: &str, refusal: &Refusal) -> Option<&'static Entry> {
    let silent = || group.iter().copied().filter(|entry| entry.message.is_none() && !entry.needs_its_number());
    let reworded = || group.iter().copied().filter(|entry| entry.message.is_some() && !entry.needs_its_number());
    silent()
        .find(|entry| entry.names(code))
        .or_else(|| agreed(reworded().filter(|entry| entry.names(code)).collect(), code, refusal))
        .or_else(|| silent().find(|entry| entry.takes_any_code()))
        .or_else(|| reworded().find(|entry| entry.takes_any_code()))
}

/// The entry that a known code leads to although its wording is new: the one with the same inner code, or any when
/// all agree. A code that merely repeats the status is too vague to halt everybody.
fn agreed(known: Vec<&'static Entry>, code: &str, refusal: &Refusal) -> Option<&'static Entry> {
    const VAGUE: [&str; 6] = ["", "BadRequest", "Forbidden", "NotFound", "Conflict", "PreconditionFailed"];
    let precise = known.iter().find(|entry| entry.inner_code.is_some() && entry.inner_code == refusal.inner_code);
    let first = known.first()?;
    let agree = known.iter().all(|entry| entry.outcome == first.outcome && entry.inner_code.is_none());
    let found = precise.or_else(|| Some(first).filter(|_| agree))?;
    let vague = VAGUE.iter().any(|vague| vague.eq_ignore_ascii_case(code));
    Some(*found).filter(|entry| !(vague && entry.halts_everybody()))
}

/// No entry at all.
fn unlisted(operation: Operation, refusal: &Refusal) -> Outcome {
    // "Service busy", "loop detected": the vendor's list of AADSTS numbers calls both passing.
    const PASSING: [u32; 2] = [90_033, 50_196];
    let passing = refusal.numbers.iter().any(|number| PASSING.contains(number))
        || refusal.code.eq_ignore_ascii_case("temporarily_unavailable");
    match (refusal.status, operation) {
        (429, _) => Outcome::Throttled { retry_after: refusal.retry_after },
        (400..=499, Operation::Token) if passing => Outcome::Transient(Reason::Unavailable),
        // The audience of a federated token, which the fact sheet does not know beside its issuer and subject.
        (400..=499, Operation::Token) if refusal.numbers.contains(&700_212) => {
            Outcome::Refused(HaltScope::Tenant, HaltReason::FederationRefused)
        }
        (400..=499, Operation::Token) => Outcome::Refused(HaltScope::Tenant, HaltReason::IdentityRefused),
        (401, _) => Outcome::NeedsRemedy(Remedy::Token, Reason::TokenRefused),
        (400..=499, _) => Outcome::Rejected(Reason::Unexpected),
        (501..=599, _) => classify(operation, &Refusal { status: 500, ..refusal.clone() }),
        (0, Operation::Send) => Outcome::Lost(Reason::AnswerLost),
        // A redirect, from a proxy that wants something: not followed, not taken for a success.
        _ => Outcome::Transient(Reason::Unavailable),
    }
}

/// What a class means for an operation.
fn outcome(entry: &Entry, operation: Operation, refusal: &Refusal) -> Outcome {
    let install = operation == Operation::Install;
    let is_notification = matches!(operation, Operation::Notify | Operation::NotifyMany);
    match entry.outcome {
        Class::AlreadyDone if install => Outcome::Learnt(Fact::AlreadyInstalled),
        Class::AlreadyDone | Class::MessageGone if operation == Operation::Withdraw => {
            Outcome::Accepted { message_id: None }
        }
        Class::MessageGone if operation == Operation::Replace => Outcome::Rejected(Reason::MessageGone),
        Class::Accepted | Class::AlreadyDone | Class::MessageGone => Outcome::Rejected(Reason::Unexpected),
        Class::Throttled => Outcome::Throttled { retry_after: refusal.retry_after },
        // It may be in the feed.
        Class::Transient if is_notification && refusal.may_have_happened() => Outcome::Lost(match refusal.status {
            500 => Reason::ServiceFault,
            _ => Reason::AnswerLost,
        }),
        // The token would die too soon: they go one by one.
        Class::Transient if operation == Operation::NotifyMany && refusal.status == 412 => {
            Outcome::Rejected(Reason::TokenRefused)
        }
        Class::Transient => Outcome::Transient(Reason::Unavailable),
        // Whoever lists people begins again: what was asked cannot be asked again as it is.
        Class::RestartSync => Outcome::Transient(Reason::Unexpected),
        // Doing it again does no harm.
        Class::InDoubt if operation != Operation::Send => Outcome::Transient(Reason::Unavailable),
        Class::InDoubt if refusal.status == 500 => Outcome::Lost(Reason::ServiceFault),
        Class::InDoubt => Outcome::Lost(Reason::AnswerLost),
        Class::NotInstalled if matches!(operation, Operation::Create | Operation::Notify) => {
            Outcome::Learnt(Fact::NotInstalled)
        }
        // Nobody gets the app to have something taken back.
        Class::NotInstalled if matches!(operation, Operation::Replace | Operation::Withdraw) => {
            Outcome::Rejected(Reason::NotInstalled)
        }
        Class::NotInstalled => Outcome::StaleRoute(Stale::Installation, Reason::NotInstalled),
        Class::ConversationGone => Outcome::StaleRoute(Stale::Chat, Reason::ConversationGone),
        Class::BlockedByPolicy => Outcome::Rejected(Reason::BlockedByPolicy),
        Class::BlockedByUser => Outcome::Rejected(Reason::BlockedByUser),
        Class::NoLicence => Outcome::Rejected(Reason::NoLicence),
        Class::RecipientNotFound => Outcome::Rejected(Reason::NotFound),
        Class::TooLarge => Outcome::ContentRefused(Reason::TooLarge),
        Class::InvalidPayload => Outcome::ContentRefused(Reason::ContentRefused),
        Class::WrongHost => Outcome::NeedsRemedy(Remedy::BotHost(named_host(&refusal.message)), Reason::WrongHost),
        Class::RefreshCatalogId => Outcome::NeedsRemedy(Remedy::CatalogueId, Reason::StaleCatalogueId),
        Class::ConsistencyLag if operation == Operation::Check => Outcome::Learnt(Fact::NotInstalled),
        Class::ConsistencyLag => Outcome::NotYet,
        // Which app speaks, a notification says itself: the next broadcast may.
        Class::Configuration if entry.halts_everybody() && operation == Operation::Notify && entry.status == 409 => {
            Outcome::Refused(HaltScope::Broadcast, HaltReason::AppNotNamed)
        }
        Class::Configuration if entry.halts_everybody() => Outcome::Refused(HaltScope::Tenant, halt(entry, operation)),
        Class::Configuration => Outcome::NeedsRemedy(Remedy::Token, Reason::TokenRefused),
    }
}

/// Which fault of the set-up it is: what tells the administrator what to do.
fn halt(entry: &Entry, operation: Operation) -> HaltReason {
    match (operation, entry.number, entry.code.as_str()) {
        (_, Some(7_000_215), _) => HaltReason::SecretWrong,
        (_, Some(7_000_222), _) => HaltReason::SecretExpired,
        (_, Some(700_027), _) => HaltReason::CertificateRefused,
        (_, Some(700_024), _) => HaltReason::AssertionOutOfTime,
        (_, Some(70_021), _) => HaltReason::FederationRefused,
        (_, Some(7_000_229), _) => HaltReason::ConsentMissing,
        (_, Some(700_016), _) => HaltReason::AppUnknown,
        // The second is "no such resource in this tenant", mostly the wrong cloud: the same settings to check.
        (_, Some(90_002 | 500_011), _) => HaltReason::TenantUnknown,
        (_, Some(70_011), _) => HaltReason::RequestRefused,
        (Operation::Token, ..) => HaltReason::IdentityRefused,
        (Operation::Catalog, _, "") => HaltReason::NotInCatalogue,
        (_, _, "Forbidden" | "Authorization_RequestDenied" | "NotEnoughPermissions") => HaltReason::PermissionMissing,
        // Consent for what the manifest asks beside, which plain permissions do not give.
        (Operation::Install, _, "PreconditionFailed") => HaltReason::PermissionMissing,
        (Operation::Resolve, _, "PreconditionFailed") => HaltReason::ChatsRefused,
        (_, _, "BotDisabledByAdmin") => HaltReason::BotDisabled,
        (_, _, "BotNotRegistered") => HaltReason::BotNotRegistered,
        _ => HaltReason::RequestRefused,
    }
}

/// The URL in "… please call https://host/path."; empty when there is none.
fn named_host(message: &str) -> String {
    let from = message.find("https://").or_else(|| message.find("http://"));
    let url = from.and_then(|start| message[start..].split([' ', '"', '\'', '<', '>', ',', ';', ')']).next());
    url.unwrap_or_default().trim_end_matches(['.', '!', '?', ':']).to_owned()
}

#[cfg(test)]
mod tests;
