//! Who may do what.
//!
//! Four roles, as the app registration in Entra declares them; somebody may have several. Every route of the API names one
//! [`Action`], and [`Role::may`] is the whole table: what does not stand there, nobody may.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ids::EntraId;

/// What somebody was given in Entra.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything but the audit, and changes nothing.
    Reader,
    /// Writes announcements, sends them and sets them right.
    Author,
    /// Releases or rejects what others have written, and can stop it.
    Approver,
    /// May do everything but approve what they have written themselves.
    Admin,
}

/// What a route is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// See broadcasts, people, audiences, quotas and workers.
    See,
    /// Write drafts, upload pictures, save audiences, try things on a few named people.
    Write,
    /// Send, schedule, or hand in for approval.
    Send,
    /// Pause and cancel.
    Stop,
    /// Resume and retry.
    GoOn,
    /// Correct and recall.
    Amend,
    /// Approve and reject.
    Approve,
    /// Read the audit.
    Audit,
    /// Let the directory be read.
    Administer,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Reader, Self::Author, Self::Approver, Self::Admin];

    /// Its value in the app registration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reader => "Reader",
            Self::Author => "Author",
            Self::Approver => "Approver",
            Self::Admin => "Admin",
        }
    }

    /// The one called `name` in the app registration.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Whether whoever has it may do that.
    pub const fn may(self, action: Action) -> bool {
        use Action as A;
        match self {
            Self::Reader => matches!(action, A::See),
            Self::Author => matches!(action, A::See | A::Write | A::Send | A::Stop | A::GoOn | A::Amend),
            Self::Approver => matches!(action, A::See | A::Stop | A::Approve),
            Self::Admin => true,
        }
    }
}

impl Action {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::See,
        Self::Write,
        Self::Send,
        Self::Stop,
        Self::GoOn,
        Self::Amend,
        Self::Approve,
        Self::Audit,
        Self::Administer,
    ];

    /// The roles that may.
    pub fn roles(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| role.may(self))
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Who {
    /// Somebody who has signed in.
    Person {
        /// Object id.
        #[schema(value_type = Uuid)]
        id: EntraId,
        /// As shown.
        name: String,
        /// User principal name.
        principal_name: String,
    },
    /// A program with a token of its own.
    Application {
        /// Client id.
        id: Uuid,
        /// As shown.
        name: String,
    },
}

/// Somebody who asks, and what they were given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Caller {
    /// Who.
    pub who: Who,
    /// What they were given; nothing lets nobody do anything.
    pub roles: Vec<Role>,
}

/// How far roles reach; `None` is no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reach {
    /// More people than this must be approved by a second person.
    pub approve_above: Option<u64>,
    /// An author reaches so many people at most.
    pub author: Option<u64>,
    /// An administrator reaches so many people at most.
    pub admin: Option<u64>,
}

impl Reach {
    /// How many people an announcement may go to that `caller` hands in or sends.
    pub fn of_sender(&self, caller: &Caller) -> Option<u64> {
        if caller.roles.contains(&Role::Admin) { self.admin } else { self.author }
    }

    /// How many people an announcement may go to that `caller` releases. An approver has no limit of her own: whoever
    /// handed it in had one.
    pub fn of_releaser(&self, caller: &Caller) -> Option<u64> {
        if caller.roles.contains(&Role::Admin) { self.admin } else { None }
    }

    /// So many people must be approved by a second person.
    pub fn needs_approval(&self, people: u64) -> bool {
        self.approve_above.is_some_and(|limit| people > limit)
    }

    /// Nothing is limited.
    pub const fn is_unlimited(&self) -> bool {
        self.approve_above.is_none() && self.author.is_none() && self.admin.is_none()
    }
}

impl Who {
    /// How records name them: `person:` or `application:` and the id.
    pub fn subject(&self) -> String {
        match self {
            Self::Person { id, .. } => format!("person:{id}"),
            Self::Application { id, .. } => format!("application:{id}"),
        }
    }

    /// As shown.
    pub fn name(&self) -> &str {
        match self {
            Self::Person { name, .. } | Self::Application { name, .. } => name,
        }
    }
}

impl Caller {
    /// Whether one of their roles lets them.
    pub fn may(&self, action: Action) -> bool {
        self.roles.iter().any(|role| role.may(action))
    }

    /// The highest role, by which ceilings are chosen.
    pub fn highest(&self) -> Option<Role> {
        self.roles.iter().max().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_no_role_may_nothing_and_an_admin_everything() {
        let who = Who::Application { id: Uuid::nil(), name: "HR".into() };
        let nobody = Caller { who: who.clone(), roles: Vec::new() };
        let admin = Caller { who, roles: vec![Role::Admin] };
        for action in Action::ALL {
            assert!(!nobody.may(action) && admin.may(action), "{action:?}");
        }
    }

    #[test]
    fn whoever_writes_does_not_approve_by_that() {
        assert!(!Role::Author.may(Action::Approve) && !Role::Approver.may(Action::Send));
    }

    #[test]
    fn every_role_is_found_by_its_name() {
        assert!(Role::ALL.into_iter().all(|role| Role::from_name(role.name()) == Some(role)));
        assert_eq!(Role::from_name("reader"), None, "Entra compares letters, and so do we");
    }
}
