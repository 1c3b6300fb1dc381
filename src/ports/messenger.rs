//! What we ask of Teams: one request at a time, and what came back of it.

use std::sync::Arc;

use async_trait::async_trait;

use crate::domain::ids::{ConversationId, EntraId, GroupId, InstallationId, MessageId, RequestId, TeamsAppId};
use crate::domain::notification::Notification;
use crate::domain::outcome::{Outcome, Step};
use crate::domain::time::Monotonic;

/// One request to Teams on behalf of one recipient, or of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Is the app installed for this person?
    Check {
        /// The person.
        user: EntraId,
        /// The app, as the catalogue knows it.
        app: TeamsAppId,
    },
    /// Install it for this person.
    Install {
        /// The person.
        user: EntraId,
        /// The app, as the catalogue knows it.
        app: TeamsAppId,
    },
    /// Which chat belongs to this installation?
    Resolve {
        /// The person.
        user: EntraId,
        /// Her installation of the app.
        installation: InstallationId,
    },
    /// Which of this person's chats is the one with the app? Needs a broader permission.
    FindChat {
        /// The person.
        user: EntraId,
        /// The app, as the catalogue knows it.
        app: TeamsAppId,
    },
    /// Send this activity to this chat.
    Send {
        /// The chat.
        conversation: ConversationId,
        /// The finished activity, as JSON; the same bytes for everybody.
        activity: Arc<str>,
        /// Where Teams wants it, as it said about this chat; where everybody's goes when it said nothing, or named a host
        /// that may not be sent a token.
        service_url: Option<String>,
    },
    /// Open this person's chat with the bot, or find the one that is there. Safe to repeat.
    Create {
        /// The person.
        user: EntraId,
    },
    /// Is the app installed in this team?
    CheckTeam {
        /// The team.
        team: GroupId,
        /// The app, as the catalogue knows it.
        app: TeamsAppId,
    },
    /// Install it in this team.
    InstallInTeam {
        /// The team.
        team: GroupId,
        /// The app, as the catalogue knows it.
        app: TeamsAppId,
    },
    /// Which channel of this team is it?
    FindChannel {
        /// The team.
        team: GroupId,
        /// Its name, in any case of letters; `None` for the one that every team has.
        channel: Option<String>,
    },
    /// Begin a thread with this activity in this channel.
    Post {
        /// The channel.
        channel: ConversationId,
        /// The finished activity, as JSON.
        activity: Arc<str>,
    },
    /// Put this entry into an activity feed, or into those of everybody whom `to` means.
    Notify {
        /// Whose.
        to: Notified,
        /// What it says.
        notification: Arc<Notification>,
        /// What it belongs to: a later one of the same chain takes its place.
        chain: i64,
        /// The app, as the catalogue knows it.
        app: TeamsAppId,
    },
    /// Put this entry into these people's activity feeds. The answer says nothing of any one of them.
    NotifyMany {
        /// Whose: from 1 to [`NOTIFIED_AT_ONCE`](crate::domain::outcome::NOTIFIED_AT_ONCE).
        users: Vec<EntraId>,
        /// What it says.
        notification: Arc<Notification>,
        /// What it belongs to.
        chain: i64,
        /// The app, as the catalogue knows it.
        app: TeamsAppId,
    },
    /// Put this activity in the place of a message.
    Replace {
        /// The chat, or the channel.
        conversation: ConversationId,
        /// The message in it.
        message: MessageId,
        /// The finished activity, as JSON.
        activity: Arc<str>,
        /// As with [`Request::Send`].
        service_url: Option<String>,
    },
    /// Delete a message; one that is gone already is as good.
    Withdraw {
        /// The chat, or the channel.
        conversation: ConversationId,
        /// The message in it.
        message: MessageId,
        /// As with [`Request::Send`].
        service_url: Option<String>,
    },
}

/// Whose activity feed a request means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notified {
    /// This person's.
    Person(EntraId),
    /// The person's with this user principal name.
    PersonNamed(String),
    /// Everybody's in the team of the notification's scope.
    TeamMembers,
    /// Everybody's in this channel of it.
    ChannelMembers(ConversationId),
    /// Everybody's in the chat of the notification's scope.
    ChatMembers,
}

impl Request {
    /// The step that it is.
    pub const fn step(&self) -> Step {
        match self {
            Self::Check { .. } | Self::CheckTeam { .. } => Step::Check,
            Self::Install { .. } | Self::InstallInTeam { .. } => Step::Install,
            Self::Resolve { .. } | Self::FindChat { .. } | Self::FindChannel { .. } => Step::Resolve,
            Self::Send { .. } | Self::Post { .. } => Step::Send,
            Self::Create { .. } => Step::Create,
            Self::Notify { .. } => Step::Notify,
            Self::NotifyMany { .. } => Step::NotifyMany,
            Self::Replace { .. } => Step::Replace,
            Self::Withdraw { .. } => Step::Withdraw,
        }
    }
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What it means.
    pub outcome: Outcome,
    /// The HTTP status; `None` when no answer was received.
    pub status: Option<u16>,
    /// The service's own error code and message, bounded, for the log. Never a person's name.
    pub detail: Option<String>,
}

impl From<Outcome> for Answer {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, status: None, detail: None }
    }
}

/// Speaks to Teams for one tenant. One call makes **one** request and returns what it taught us; nothing below it
/// retries, and nothing is an error: what we expect is a value.
#[async_trait]
pub trait Messenger: Send + Sync {
    /// Makes sure that tokens for Graph and the bot are at hand, so that paced requests start when they are told to.
    /// `Ok` when they are; the outcome to act on otherwise (a halt, or transient trouble). `for_many` asks for a token that
    /// [`Request::NotifyMany`] needs: one with a long life ahead, if any is to be had.
    async fn warm_up(&self, for_many: bool) -> Result<(), Answer>;

    /// Makes `request` under the id `id`. When it could not start by `not_after`, it never starts:
    /// [`Outcome::NotStarted`].
    async fn perform(&self, request: &Request, id: RequestId, not_after: Monotonic) -> Answer;

    /// Looks the app up in the catalogue by the manifest's id; where the catalogue may not be read, with a second request
    /// among the apps of whoever the settings say has it.
    ///
    /// # Errors
    /// The answer to act on, when it is not exactly one app of the organisation.
    async fn find_app(&self, id: RequestId) -> Result<TeamsAppId, Answer>;

    /// The token was refused: fetch a new one before the next request.
    fn forget_tokens(&self);

    /// Teams named another bot host for this tenant. Ignored unless the cloud's allow-list has it.
    fn use_bot_host(&self, url: &str);
}
