//! What is known about reaching one person: nothing, the installation, the chat, or why not.
//!
//! A route belongs to the person and outlives the broadcast. It is learnt from answers, kept for ever, and
//! dropped only when Teams says that it is stale.

use serde::{Deserialize, Serialize};

use super::ids::{ConversationId, InstallationId};
use super::reason::Reason;

/// What we know about our app's installation for one person.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Installation {
    /// Never asked.
    #[default]
    Unknown,
    /// Asked, and not there.
    Absent,
    /// There, but its id is unknown: Teams may not list yet what we have just installed.
    Unlisted,
    /// There, under this id.
    Present(InstallationId),
}

/// The way to one person's chat.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Route {
    /// Our app's installation for the person.
    pub installation: Installation,
    /// The chat between the person and our bot, once known.
    pub conversation: Option<ConversationId>,
}

impl Route {
    /// A route whose chat is known.
    pub fn to(conversation: ConversationId) -> Self {
        Self { installation: Installation::Unknown, conversation: Some(conversation) }
    }

    /// Whether a send could start now.
    pub const fn is_known(&self) -> bool {
        self.conversation.is_some()
    }
}

/// What the directory says about a person that decides whether the bot may write to her at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Account {
    /// From another organisation.
    pub guest: bool,
    /// Switched on.
    pub enabled: bool,
    /// Has one of the cloud's Teams plans.
    pub licensed: bool,
}

impl Account {
    /// An ordinary colleague.
    pub const ORDINARY: Self = Self { guest: false, enabled: true, licensed: true };

    /// An account of which nobody says whether it is a guest's, as old ones are and some of the service's own. One that
    /// is switched on and has Teams from this organisation belongs to it; any other is taken for a guest.
    pub const fn untyped(enabled: bool, licensed: bool) -> Self {
        Self { guest: !(enabled && licensed), enabled, licensed }
    }

    /// Why this person cannot be reached by rule, if so. The first that applies is reported.
    pub const fn barrier(self) -> Option<Reason> {
        if self.guest {
            Some(Reason::Guest)
        } else if !self.enabled {
            Some(Reason::AccountDisabled)
        } else if !self.licensed {
            Some(Reason::NoLicence)
        } else {
            None
        }
    }
}
