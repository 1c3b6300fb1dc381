//! One announcement and its life, draft to done; its rounds.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::content::Content;
use super::delivery::WhenInDoubt;
use super::ids::{BroadcastId, RecipientKey, RoundId};
use super::notification::Notification;
use super::time::Timestamp;

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$state_doc:meta])* $variant:ident $text:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$state_doc])* $variant),* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word used in tables, the API and on the screen.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The one called `name`.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.name() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

states! {
    /// Where a broadcast stands.
    BroadcastState {
        /// Being written.
        Draft "draft",
        /// Written; somebody else must release it.
        AwaitingApproval "awaiting_approval",
        /// Starts at its hour.
        Scheduled "scheduled",
        /// Its audience is being frozen.
        Expanding "expanding",
        /// Going out.
        Running "running",
        /// Stopped by a person.
        Paused "paused",
        /// Stopped by us, with a reason and a cure.
        Halted "halted",
        /// Cancelled; what was open is being settled.
        Cancelling "cancelling",
        /// Cancelled and settled.
        Cancelled "cancelled",
        /// Everybody has a final state.
        Done "done",
        /// Its hour passed by more than the tolerance: waits for a person.
        Missed "missed",
    }
}

impl BroadcastState {
    /// Nothing more will happen by itself, unless a person asks for a retry.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Cancelled | Self::Done)
    }

    /// New requests may start.
    pub const fn may_send(self) -> bool {
        matches!(self, Self::Running)
    }

    /// The arrows of a broadcast's life.
    pub const fn may_become(self, next: Self) -> bool {
        use BroadcastState as S;
        match self {
            S::Draft => matches!(next, S::AwaitingApproval | S::Scheduled | S::Expanding),
            S::AwaitingApproval => matches!(next, S::Draft | S::Scheduled | S::Expanding | S::Cancelled),
            S::Scheduled => matches!(next, S::Draft | S::Expanding | S::Missed | S::Paused | S::Cancelling),
            S::Missed => matches!(next, S::Expanding | S::Running | S::Cancelling),
            S::Expanding => matches!(next, S::Running | S::Paused | S::Halted | S::Cancelling | S::Missed),
            S::Running => matches!(next, S::Paused | S::Halted | S::Cancelling | S::Done | S::Missed),
            S::Paused => matches!(next, S::Scheduled | S::Expanding | S::Running | S::Cancelling),
            S::Halted => matches!(next, S::Expanding | S::Running | S::Paused | S::Cancelling),
            S::Cancelling => matches!(next, S::Cancelled),
            // A retry takes some of its people up again.
            S::Cancelled | S::Done => matches!(next, S::Expanding),
        }
    }
}

states! {
    /// Why a round passes over its set.
    RoundKind {
        /// The broadcast itself.
        Send "send",
        /// Install and resolve ahead of the hour; nobody is told anything.
        Prepare "prepare",
        /// Some of an earlier round, again.
        Retry "retry",
        /// Replace the card in every chat.
        Correct "correct",
        /// Delete the card from every chat, or say in its place that it is withdrawn.
        Recall "recall",
        /// Everybody of the broadcast again, in the activity feed, once the messages have gone out.
        Notify "notify",
    }
}

impl RoundKind {
    /// A round of this kind goes on while its broadcast stands in `state`: new requests may start.
    pub const fn goes_on(self, state: BroadcastState) -> bool {
        match self {
            Self::Prepare => matches!(state, BroadcastState::Scheduled),
            Self::Send | Self::Retry | Self::Correct | Self::Recall | Self::Notify => state.may_send(),
        }
    }

    /// A round of this kind may be frozen while its broadcast stands in `state`.
    pub const fn may_expand(self, state: BroadcastState) -> bool {
        match self {
            Self::Prepare => matches!(state, BroadcastState::Scheduled),
            Self::Send | Self::Retry => matches!(state, BroadcastState::Expanding),
            // Several of these may be frozen one after another; the first to be ready sets the broadcast going.
            Self::Correct | Self::Recall | Self::Notify => {
                matches!(state, BroadcastState::Expanding | BroadcastState::Running)
            }
        }
    }

    /// A round of this kind says what the broadcast says, to people who have not been told: its progress is the
    /// broadcast's.
    pub const fn tells(self) -> bool {
        matches!(self, Self::Send | Self::Retry)
    }
}

states! {
    /// Which way a round's people are told.
    Channel {
        /// A message in each person's chat with the bot.
        Chat "chat",
        /// An entry in each person's activity feed.
        Feed "feed",
        /// A post in a channel of a team.
        Post "post",
    }
}

states! {
    /// Which ways a broadcast goes.
    Channels {
        /// As messages in chats.
        Chat "chat",
        /// As entries in activity feeds.
        Feed "feed",
        /// As messages in chats, and once those have gone out, as entries in activity feeds.
        Both "both",
        /// As posts in channels of teams.
        TeamChannel "team_channel",
    }
}

#[allow(clippy::derivable_impls, reason = "the macro that makes it knows no default")]
impl Default for Channels {
    fn default() -> Self {
        Self::Chat
    }
}

impl Channels {
    /// The way of the rounds that send, and try again.
    pub const fn first(self) -> Channel {
        match self {
            Self::Chat | Self::Both => Channel::Chat,
            Self::Feed => Channel::Feed,
            Self::TeamChannel => Channel::Post,
        }
    }
}

states! {
    /// Where a round stands.
    RoundState {
        /// Its set is being frozen.
        Expanding "expanding",
        /// Its chunks may be claimed.
        Running "running",
        /// Every chunk is finished, or its broadcast was cancelled, or (preparing) its hour has come. Whoever is not
        /// settled then was cancelled.
        Done "done",
    }
}

/// Whom an audience names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind", content = "expression")]
pub enum AudienceKind {
    /// Everybody whom the directory knows when the audience is frozen.
    Everyone,
    /// The people of a list, stored beside the broadcast.
    List,
    /// Places where many are told at once, stored beside the broadcast as a list is.
    Places,
    /// Whom this expression means when the audience is frozen, in the words of its author.
    Expression(String),
}

impl AudienceKind {
    /// The word used in tables.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Everyone => "everyone",
            Self::List => "list",
            Self::Places => "places",
            Self::Expression(_) => "expression",
        }
    }

    /// Its words, if it is told in words.
    pub fn expression(&self) -> Option<&str> {
        match self {
            Self::Expression(text) => Some(text),
            Self::Everyone | Self::List | Self::Places => None,
        }
    }
}

/// How one broadcast is to be treated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Treatment {
    /// What to do with a send that may have arrived.
    pub when_in_doubt: WhenInDoubt,
    /// Goes before broadcasts that are not.
    pub urgent: bool,
    /// Whoever has not had his turn by then fails as expired.
    pub deadline_at: Timestamp,
    /// How late it may start, and how long it may lie still, before it waits for a person.
    #[schema(value_type = Span)]
    pub tolerance: Duration,
}

/// A span of time as it is written in documents: whole seconds, and what is left of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, utoipa::ToSchema)]
pub struct Span {
    /// Whole seconds.
    pub secs: u64,
    /// Nanoseconds beside them.
    #[schema(maximum = 999_999_999)]
    pub nanos: u32,
}

/// The tolerance unless the author says otherwise.
pub const TOLERANCE: Duration = Duration::from_secs(3600);

/// When a broadcast starts, if not at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Schedule {
    /// Its hour, UTC; judged by the database's clock.
    pub start_at: Timestamp,
    /// From when its people are prepared, UTC and before the hour; `None` for not at all.
    pub prepare_at: Option<Timestamp>,
    /// The zone in which its author named the hour, such as `Europe/Berlin` or `+01:00`.
    pub time_zone: String,
}

/// Which way a broadcast goes, with what that takes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Way {
    /// As messages in chats.
    #[default]
    Chat,
    /// As entries in activity feeds.
    Feed(Notification),
    /// As messages in chats, and once those have gone out, as entries in activity feeds, in a round with this id.
    Both(Notification, RoundId),
    /// As posts in channels of teams.
    TeamChannel,
}

impl Way {
    /// Its name.
    pub const fn channels(&self) -> Channels {
        match self {
            Self::Chat => Channels::Chat,
            Self::Feed(_) => Channels::Feed,
            Self::Both(..) => Channels::Both,
            Self::TeamChannel => Channels::TeamChannel,
        }
    }

    /// What is said in activity feeds, if anything is.
    pub const fn notification(&self) -> Option<&Notification> {
        match self {
            Self::Feed(notification) | Self::Both(notification, _) => Some(notification),
            Self::Chat | Self::TeamChannel => None,
        }
    }

    /// The round that notifies once the messages have gone out.
    pub const fn notify_round(&self) -> Option<RoundId> {
        match self {
            Self::Both(_, round) => Some(*round),
            Self::Chat | Self::Feed(_) | Self::TeamChannel => None,
        }
    }
}

/// One announcement, ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewBroadcast {
    /// Its id.
    pub id: BroadcastId,
    /// The id of its send round.
    pub round: RoundId,
    /// When it starts, and the id of the round that prepares its people; `None` for at once.
    pub schedule: Option<(Schedule, RoundId)>,
    /// Whom the bot tells when it ends, halts or misses its hour.
    pub author: Option<RecipientKey>,
    /// Which way it goes.
    pub way: Way,
    /// What is said.
    pub content: Content,
    /// When it is recalled by itself, UTC; `None` for never.
    pub expire_at: Option<Timestamp>,
    /// How it is treated.
    pub treatment: Treatment,
    /// Whom it is for.
    pub audience: AudienceKind,
    /// How many it means at this moment; `None` where nobody counted.
    pub expected: Option<u64>,
    /// When it was accepted.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_final_stays_final_unless_a_person_tries_again() {
        for from in BroadcastState::ALL.iter().filter(|state| state.is_final()) {
            let next: Vec<_> = BroadcastState::ALL.iter().filter(|to| from.may_become(**to)).collect();
            assert_eq!(next, [&BroadcastState::Expanding]);
        }
    }

    #[test]
    fn everything_that_runs_can_be_cancelled() {
        use BroadcastState as S;
        for from in [S::Scheduled, S::Missed, S::Expanding, S::Running, S::Paused, S::Halted] {
            assert!(from.may_become(BroadcastState::Cancelling));
        }
    }
}
