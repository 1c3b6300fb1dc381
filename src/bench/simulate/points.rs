//! The named points at which a process may die or freeze: every call that leaves it, at each moment of its way.

use std::fmt;

/// A call that leaves a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named as the methods of the ports")]
pub enum Call {
    Register,
    Renew,
    Neighbours,
    TakeTenants,
    Rescue,
    Work,
    ChatsHeard,
    Words,
    StartDue,
    Expand,
    Claim,
    Flush,
    RecordLate,
    ReleaseChunks,
    ReleaseStrays,
    Finish,
    HaltTenant,
    ReleaseHalt,
    HaltBroadcast,
    KeepBucket,
    KeepApp,
    ReleaseTenant,
    EndLease,
    /// What only a person at her desk asks.
    Desk,
    Token,
    FindApp,
    Check,
    Install,
    Resolve,
    Send,
    Create,
}

impl Call {
    /// The calls that a worker makes, in the order of its life.
    pub const OF_WORKERS: [Self; 30] = [
        Self::Register,
        Self::Renew,
        Self::Neighbours,
        Self::TakeTenants,
        Self::Rescue,
        Self::Work,
        Self::ChatsHeard,
        Self::Words,
        Self::StartDue,
        Self::Expand,
        Self::Claim,
        Self::Flush,
        Self::RecordLate,
        Self::ReleaseChunks,
        Self::ReleaseStrays,
        Self::Finish,
        Self::HaltTenant,
        Self::ReleaseHalt,
        Self::HaltBroadcast,
        Self::KeepBucket,
        Self::KeepApp,
        Self::ReleaseTenant,
        Self::EndLease,
        Self::Token,
        Self::FindApp,
        Self::Check,
        Self::Install,
        Self::Resolve,
        Self::Send,
        Self::Create,
    ];

    /// Whether it goes to Teams rather than to the database.
    pub const fn is_for_teams(self) -> bool {
        self.is_for_the_bot()
            || matches!(self, Self::Token | Self::FindApp | Self::Check | Self::Install | Self::Resolve)
    }

    /// Whether it carries the bot's token rather than Graph's.
    pub const fn is_for_the_bot(self) -> bool {
        matches!(self, Self::Send | Self::Create)
    }

    /// The word used in stories.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Register => "register",
            Self::Renew => "renew",
            Self::Neighbours => "neighbours",
            Self::TakeTenants => "take_tenants",
            Self::Rescue => "rescue",
            Self::Work => "work",
            Self::ChatsHeard => "chats_heard",
            Self::Words => "words",
            Self::StartDue => "start_due",
            Self::Expand => "expand",
            Self::Claim => "claim",
            Self::Flush => "flush",
            Self::RecordLate => "record_late",
            Self::ReleaseChunks => "release_chunks",
            Self::ReleaseStrays => "release_strays",
            Self::Finish => "finish",
            Self::HaltTenant => "halt_tenant",
            Self::ReleaseHalt => "release_halt",
            Self::HaltBroadcast => "halt_broadcast",
            Self::KeepBucket => "keep_bucket",
            Self::KeepApp => "keep_app",
            Self::ReleaseTenant => "release_tenant",
            Self::EndLease => "end_lease",
            Self::Desk => "desk",
            Self::Token => "token",
            Self::FindApp => "find_app",
            Self::Check => "check",
            Self::Install => "install",
            Self::Resolve => "resolve",
            Self::Send => "send",
            Self::Create => "create",
        }
    }
}

/// Where on its way a call is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    /// Decided upon, and not yet gone: a death here means that nothing happens.
    Asked,
    /// On the wire: it will arrive, whoever dies.
    Underway,
    /// It has taken effect, and nobody has been told.
    Done,
    /// The answer was taken in, and nothing has been made of it: between answer and flush.
    Answered,
}

impl Moment {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [Self::Asked, Self::Underway, Self::Done, Self::Answered];
}

/// A named point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Point {
    /// The call.
    pub call: Call,
    /// Where on its way.
    pub moment: Moment,
}

impl Point {
    /// Every point of a worker's life.
    pub fn all() -> impl Iterator<Item = Self> {
        Call::OF_WORKERS.into_iter().flat_map(|call| Moment::ALL.map(|moment| Self { call, moment }))
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = match self.moment {
            Moment::Asked => "before it leaves",
            Moment::Underway => "on its way",
            Moment::Done => "done, unanswered",
            Moment::Answered => "just answered",
        };
        write!(f, "{} {moment}", self.call.name())
    }
}
