//! What one attempt taught us. The adapter that knows the wire makes an [`Outcome`]; everything above decides by it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::{ConversationId, InstallationId, MessageId};
use super::reason::{HaltReason, Reason};

/// One kind of request made for a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Is the app installed for this person, and under which id?
    Check,
    /// Install it.
    Install,
    /// Which chat belongs to the installation?
    Resolve,
    /// Send the announcement.
    Send,
    /// Ask the connector to open the chat: the short cut.
    Create,
    /// Put an entry into one activity feed, or into those of a whole team or chat. A later one of the same chain takes its
    /// place.
    Notify,
    /// The same for up to [`NOTIFIED_AT_ONCE`] people with one request, which tells nothing of any one of them.
    NotifyMany,
    /// Put another text in the place of a message.
    Replace,
    /// Delete a message.
    Withdraw,
}

/// The most people whom one request notifies.
///
/// Source: Microsoft Graph, "sendActivityNotificationToRecipients" (read November 2026).
pub const NOTIFIED_AT_ONCE: usize = 100;

impl Step {
    /// All steps, in the order of the road, the short cut after the steps that share its bucket: it takes what they leave.
    pub const ALL: [Self; 9] = [
        Self::Check,
        Self::Install,
        Self::Resolve,
        Self::Send,
        Self::Replace,
        Self::Withdraw,
        Self::Create,
        Self::NotifyMany,
        Self::Notify,
    ];

    /// The word used in logs, tables and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Install => "install",
            Self::Resolve => "resolve",
            Self::Send => "send",
            Self::Create => "create",
            Self::Notify => "notify",
            Self::NotifyMany => "notify_many",
            Self::Replace => "replace",
            Self::Withdraw => "withdraw",
        }
    }

    /// Whether it goes to a chat, which may be written to so often only.
    pub const fn goes_to_chat(self) -> bool {
        matches!(self, Self::Send | Self::Replace | Self::Withdraw)
    }

    /// The number that stands for it in the `attempt` table.
    pub const fn number(self) -> i16 {
        match self {
            Self::Check => 1,
            Self::Install => 2,
            Self::Resolve => 3,
            Self::Send => 4,
            Self::Create => 5,
            Self::Notify => 6,
            Self::NotifyMany => 7,
            Self::Replace => 8,
            Self::Withdraw => 9,
        }
    }

    /// The step with this number.
    pub fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.number() == number)
    }
}

/// Something learnt about the route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fact {
    /// The app is installed, under this id.
    Installed(InstallationId),
    /// The app is not installed, or not listed yet.
    NotInstalled,
    /// The install request was accepted.
    InstallAccepted,
    /// The app was there before (409).
    AlreadyInstalled,
    /// The chat.
    Chat(ConversationId),
}

/// What of the route an answer proved stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stale {
    /// The chat is gone; the installation may stand.
    Chat,
    /// The app is not installed any more.
    Installation,
}

/// A remedy that serves everybody, tried once for each delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Remedy {
    /// Fetch a new token.
    Token,
    /// Look up the app's catalogue id again.
    CatalogueId,
    /// Use the bot host that Teams named.
    BotHost(String),
}

/// Whom a refusal concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HaltScope {
    /// This broadcast only.
    Broadcast,
    /// All broadcasts of the tenant.
    Tenant,
}

/// What one attempt taught us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// A step before the send succeeded.
    Learnt(Fact),
    /// The message was taken. Without an id it cannot be corrected or recalled.
    Accepted {
        /// Teams' id of the message.
        message_id: Option<MessageId>,
    },
    /// The service said wait. It costs no try.
    Throttled {
        /// For how long, rounded up; `None` when the service did not say.
        retry_after: Option<Duration>,
    },
    /// A definite refusal that passes by itself. It costs a try.
    Transient(Reason),
    /// The service has not caught up with our own last step.
    NotYet,
    /// What we knew of the way is wrong.
    StaleRoute(Stale, Reason),
    /// Something that serves everybody must be renewed first; once for each delivery.
    NeedsRemedy(Remedy, Reason),
    /// A definite refusal for this person.
    Rejected(Reason),
    /// A definite refusal of what we say, not of whom we say it to.
    ContentRefused(Reason),
    /// A send that may have arrived.
    Lost(Reason),
    /// What refuses everybody.
    Refused(HaltScope, HaltReason),
    /// The request was never made.
    NotStarted,
}

impl Outcome {
    /// The number that stands for its kind in the `attempt` table.
    pub const fn number(&self) -> i16 {
        match self {
            Self::Learnt(Fact::Installed(_)) => 1,
            Self::Learnt(Fact::NotInstalled) => 13,
            Self::Learnt(Fact::InstallAccepted) => 14,
            Self::Learnt(Fact::Chat(_)) => 15,
            Self::Learnt(Fact::AlreadyInstalled) => 16,
            Self::Accepted { .. } => 2,
            Self::Throttled { .. } => 3,
            Self::Transient(_) => 4,
            Self::NotYet => 5,
            Self::StaleRoute(..) => 6,
            Self::NeedsRemedy(..) => 7,
            Self::Rejected(_) => 8,
            Self::ContentRefused(_) => 9,
            Self::Lost(_) => 10,
            Self::Refused(..) => 11,
            Self::NotStarted => 12,
        }
    }

    /// The word used in metrics.
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Learnt(_) => "learnt",
            Self::Accepted { .. } => "accepted",
            Self::Throttled { .. } => "throttled",
            Self::Transient(_) => "transient",
            Self::NotYet => "not_yet",
            Self::StaleRoute(..) => "stale_route",
            Self::NeedsRemedy(..) => "needs_remedy",
            Self::Rejected(_) => "rejected",
            Self::ContentRefused(_) => "content_refused",
            Self::Lost(_) => "lost",
            Self::Refused(..) => "refused",
            Self::NotStarted => "not_started",
        }
    }

    /// What the outcome with this number taught, in a word; `None` for one that this program does not know.
    pub const fn word_of(number: i16) -> Option<&'static str> {
        Some(match number {
            1 => "installed",
            2 => "accepted",
            3 => "throttled",
            4 => "transient",
            5 => "not_yet",
            6 => "stale_route",
            7 => "needs_remedy",
            8 => "rejected",
            9 => "content_refused",
            10 => "lost",
            11 => "refused",
            12 => "not_started",
            13 => "not_installed",
            14 => "install_accepted",
            15 => "chat_found",
            16 => "already_installed",
            _ => return None,
        })
    }

    /// The reason to record with the attempt; none for a success.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            Self::Learnt(_) | Self::Accepted { .. } => None,
            Self::Throttled { .. } => Some(Reason::Throttled),
            Self::NotYet => Some(Reason::NotYetVisible),
            Self::Transient(reason)
            | Self::StaleRoute(_, reason)
            | Self::NeedsRemedy(_, reason)
            | Self::Rejected(reason)
            | Self::ContentRefused(reason)
            | Self::Lost(reason) => Some(*reason),
            Self::Refused(..) => Some(Reason::HaltedForAll),
            Self::NotStarted => Some(Reason::NotStarted),
        }
    }
}
