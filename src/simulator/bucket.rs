//! The kinds of request that Teams counts, and that the ledger counts with it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One kind of request. Every request received belongs to exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bucket {
    /// `GET /users/{id}/teamwork/installedApps`.
    Check,
    /// `POST /users/{id}/teamwork/installedApps`.
    Install,
    /// `DELETE /users/{id}/teamwork/installedApps/{iid}`.
    Uninstall,
    /// `GET /users/{id}/teamwork/installedApps/{iid}/chat`.
    Resolve,
    /// Everything that is asked of the bot connector.
    Send,
    /// `GET /appCatalogs/teamsApps`.
    Catalog,
    /// `GET /users` and `GET /users/{id}`.
    Directory,
    /// `POST /{tenant}/oauth2/v2.0/token`.
    Token,
    /// `POST /users/{id}/teamwork/sendActivityNotification`.
    FeedUser,
    /// `POST /teams/{id}/sendActivityNotification`.
    FeedTeam,
    /// `POST /chats/{id}/sendActivityNotification`.
    FeedChat,
    /// `POST /teamwork/sendActivityNotificationToRecipients`.
    FeedBulk,
    /// `GET /teams/{id}`, and its channels and members.
    Teams,
    /// A request that no part of this simulator knows.
    Other,
}

impl Bucket {
    /// Every bucket, in the order of the reports.
    pub const ALL: [Self; 14] = [
        Self::Check,
        Self::Install,
        Self::Uninstall,
        Self::Resolve,
        Self::Send,
        Self::Catalog,
        Self::Directory,
        Self::Token,
        Self::FeedUser,
        Self::FeedTeam,
        Self::FeedChat,
        Self::FeedBulk,
        Self::Teams,
        Self::Other,
    ];

    /// The name on the wire of the control endpoints.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Install => "install",
            Self::Uninstall => "uninstall",
            Self::Resolve => "resolve",
            Self::Send => "send",
            Self::Catalog => "catalog",
            Self::Directory => "directory",
            Self::Token => "token",
            Self::FeedUser => "feed_user",
            Self::FeedTeam => "feed_team",
            Self::FeedChat => "feed_chat",
            Self::FeedBulk => "feed_bulk",
            Self::Teams => "teams",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Bucket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
