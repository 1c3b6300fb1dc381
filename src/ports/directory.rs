//! The directory: reads the tenant's people, their changes and their groups, and the values that it answers with.

use super::*;

/// One person as the directory knows her.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Person {
    /// Her object id.
    pub entra_id: EntraId,
    /// Her user principal name.
    pub user_principal_name: String,
    /// Her name, as shown.
    pub display_name: String,
    /// Her mail address, if she has one.
    pub mail: Option<String>,
    /// What decides whether the bot may write to her.
    pub account: Account,
    /// Where she works, and as what.
    pub attributes: Attributes,
}

impl Person {
    /// This news of somebody who was known as `old`: what it does not mention stays.
    #[must_use]
    pub fn over(self, old: &Self, mentioned: Mentioned) -> Self {
        use Property as P;
        let has = |property| mentioned.has(property);
        let of = |property, new, old: &Option<String>| if has(property) { new } else { old.clone() };
        let name = |property, new: String, old: &String| if has(property) { new } else { old.clone() };
        let (account, attributes) = (self.account, self.attributes);
        let flag = |property, new, old| if has(property) { new } else { old };
        let enabled = flag(P::Enabled, account.enabled, old.account.enabled);
        let licensed = flag(P::Licensed, account.licensed, old.account.licensed);
        let guest = match () {
            () if has(P::Guest) => account.guest,
            () if has(P::Untyped) => Account::untyped(enabled, licensed).guest,
            () => old.account.guest,
        };
        Self {
            entra_id: self.entra_id,
            user_principal_name: name(P::PrincipalName, self.user_principal_name, &old.user_principal_name),
            display_name: name(P::DisplayName, self.display_name, &old.display_name),
            mail: of(P::Mail, self.mail, &old.mail),
            account: Account { guest, enabled, licensed },
            attributes: Attributes {
                department: of(P::Department, attributes.department, &old.attributes.department),
                job_title: of(P::JobTitle, attributes.job_title, &old.attributes.job_title),
                office: of(P::Office, attributes.office, &old.attributes.office),
                country: of(P::Country, attributes.country, &old.attributes.country),
                language: of(P::Language, attributes.language, &old.attributes.language),
            },
        }
    }
}

/// What the directory allows itself for one answer, in its resource units.
///
/// Source: the vendor's throttling limits of identity and access, editions of 2021 to 2023, with `$select`.
pub mod units {
    /// A page of people, or of groups.
    pub const PEOPLE: u32 = 1;
    /// A page of changes.
    pub const CHANGES: u32 = 1;
    /// A group, or a search for one.
    pub const GROUPS: u32 = 1;
    /// A page of a group's members.
    pub const MEMBERS: u32 = 4;
}

/// What the directory told, and what it charged for it when it said so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told<T> {
    /// What it told.
    pub told: T,
    /// In resource units.
    pub units: Option<u32>,
}

impl<T> From<T> for Told<T> {
    fn from(told: T) -> Self {
        Self { told, units: None }
    }
}

/// One page of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeoplePage {
    /// The people; a page may be empty while another follows.
    pub people: Vec<Person>,
    /// It names somebody of whom not even the id could be read: who is not named may be there all the same.
    pub unreadable: bool,
    /// Where the next page is; `None` after the last.
    pub next: Option<String>,
}

/// One entry among the changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// She joined, or something of her changed.
    Person(Box<Person>, Mentioned),
    /// She is gone.
    Gone(EntraId),
}

impl Change {
    /// Whom it is about.
    pub const fn about(&self) -> EntraId {
        match self {
            Self::Person(person, _) => person.entra_id,
            Self::Gone(id) => *id,
        }
    }
}

/// One page of changes. The same person may be in it several times; the last word holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangesPage {
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// Where it goes on.
    pub next: Onward,
}

/// Where a reading of changes goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Onward {
    /// At once, for there is more.
    Now(String),
    /// Another time: these were all changes so far.
    Later(String),
}

impl Onward {
    /// The link.
    pub fn link(&self) -> &str {
        match self {
            Self::Now(link) | Self::Later(link) => link,
        }
    }
}

/// A group or team, as the directory knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Group {
    /// Its object id.
    pub id: GroupId,
    /// Its name, as shown.
    pub name: String,
    /// It has a team.
    pub team: bool,
    /// Whoever may not read hidden memberships is shown it empty.
    pub hidden: bool,
}

/// Which groups are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhichGroups<'a> {
    /// The one with this id.
    Id(GroupId),
    /// Those of exactly this name, in any case of letters.
    Named(&'a str),
    /// Those whose name begins so.
    Beginning(&'a str),
}

/// One page of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupsPage {
    /// The groups; a page may be empty while another follows.
    pub groups: Vec<Group>,
    /// Where the next page is; `None` after the last.
    pub next: Option<String>,
}

/// One page of a group's members, those of the groups within it included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembersPage {
    /// The people among them.
    pub members: Vec<EntraId>,
    /// Where the next page is; `None` after the last.
    pub next: Option<String>,
}

/// Reads the tenant's people and groups. One call makes one request.
///
/// An answer [`Outcome::Transient`](crate::domain::outcome::Outcome::Transient) for [`Reason::Unexpected`] means that the
/// listing must begin again: the directory does not know the link any more.
#[async_trait]
pub trait Directory: Send + Sync {
    /// The page at `page`, or the first.
    ///
    /// # Errors
    /// The answer to act on: throttled, transient, or a halt.
    async fn people(&self, page: Option<&str>, id: RequestId) -> Result<Told<PeoplePage>, Answer>;

    /// The changes at `link`; without one, none at all, and where those from this moment on will be.
    ///
    /// # Errors
    /// As [`Self::people`].
    async fn changes(&self, link: Option<&str>, id: RequestId) -> Result<Told<ChangesPage>, Answer>;

    /// The page at `page` of the groups asked for, or the first. None is found by an id that is unknown.
    ///
    /// # Errors
    /// As [`Self::people`].
    async fn groups(
        &self,
        which: WhichGroups<'_>,
        page: Option<&str>,
        id: RequestId,
    ) -> Result<Told<GroupsPage>, Answer>;

    /// The page of members at `page`, or the first.
    ///
    /// # Errors
    /// As [`Self::people`].
    async fn members(&self, group: GroupId, page: Option<&str>, id: RequestId) -> Result<Told<MembersPage>, Answer>;
}
