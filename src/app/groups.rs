//! Finds the groups and teams that audiences name, and keeps who belongs to them.
//!
//! The members of a team are those of its group; the directory resolves groups within groups, circles included.
//! Which group a name means is for the directory to say, each time; only its members are taken as they are known.
//! Invariant: a group's members are replaced only when all of them were read, so a reading that fails keeps the old ones;
//! a group that the directory has no longer is forgotten with them.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::domain::fault::{Fault, Slip};
use crate::domain::ids::{EntraId, GroupId};
use crate::domain::time::Timestamp;
use crate::ports::{Directory, Group, GroupRecord, StoreError, WhichGroups, units};

use super::inquiry::Inquiry;
use super::people::{People, PeopleError};

/// A group whose members are known.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
pub struct GroupRead {
    /// Its object id.
    pub id: GroupId,
    /// Its name, as shown.
    pub name: String,
    /// It has a team.
    pub team: bool,
    /// Its members whom we know from the directory.
    pub members: u64,
    /// Its members whom we do not know: they cannot be written to.
    pub outsiders: u64,
    /// As of when.
    pub read_at: Timestamp,
}

/// Why a group cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// There is none.
    #[error("“{wanted}” is no group or team of this organisation")]
    Unknown {
        /// As it was asked for.
        wanted: String,
    },
    /// There are several of this name.
    #[error("“{wanted}” is the name of {} groups: {}", groups.len(), told(groups))]
    Ambiguous {
        /// As it was asked for.
        wanted: String,
        /// All of them.
        groups: Vec<Group>,
    },
    /// Its members are hidden from us.
    #[error("the members of “{name}” are hidden, and the app may not see hidden memberships")]
    Hidden {
        /// Its name.
        name: String,
    },
    /// The directory could not be read.
    #[error(transparent)]
    People(#[from] PeopleError),
}

impl GroupError {
    /// What to do about it; empty when the cause has a cure of its own.
    pub const fn cure(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => {
                "`stentor directory search` finds groups and teams by the beginning of their names."
            }
            Self::Ambiguous { .. } => "Name the one that is meant by its id.",
            Self::Hidden { .. } => {
                "Grant the application permission Member.Read.Hidden to the app registration, with admin consent, or \
                 name another group."
            }
            Self::People(_) => "",
        }
    }

    /// As a fault of `field`.
    pub fn fault(&self, field: &str) -> Fault {
        let fault = Fault::new(field, self.to_string(), self.cure());
        match self {
            Self::Unknown { wanted } => fault.known(Slip::UnknownGroup { name: wanted.clone() }),
            Self::Ambiguous { wanted, .. } => fault.known(Slip::SeveralGroups { name: wanted.clone() }),
            Self::Hidden { name } => fault.known(Slip::HiddenGroup { name: name.clone() }),
            Self::People(_) => fault,
        }
    }
}

impl From<StoreError> for GroupError {
    fn from(error: StoreError) -> Self {
        Self::People(error.into())
    }
}

fn told(groups: &[Group]) -> String {
    let told = |group: &Group| format!("{} ({})", group.id, if group.team { "a team" } else { "a group" });
    groups.iter().map(told).collect::<Vec<_>>().join(", ")
}

/// The group of this name or id with its members, read afresh when they are older than [`People::fresh_for`] or some of
/// them may have become known since.
///
/// # Errors
/// [`GroupError`]; what was known of the group is kept.
pub async fn ensure_fresh(people: &People, wanted: &str) -> Result<GroupRead, GroupError> {
    let wanted = wanted.trim();
    let mut inquiry = Inquiry::new(people);
    if let Ok(id) = Uuid::try_parse(wanted) {
        if let Some(known) = known(people, GroupId(id)).await?
            && let Some(fresh) = fresh(people, known, people.fresh_for).await?
        {
            return Ok(fresh);
        }
        return read_again(people, &mut inquiry, GroupId(id)).await;
    }
    let mut found = ask(&mut inquiry, WhichGroups::Named(wanted)).await?;
    for stale in people.store.find_groups(people.tenant, wanted).await? {
        // It was called so when it was read; it has another name now, or is gone.
        if found.iter().all(|group| group.id != stale.group.id)
            && let Err(GroupError::People(error)) = read_again(people, &mut inquiry, stale.group.id).await
        {
            return Err(error.into());
        }
    }
    if found.len() > 1 {
        return Err(GroupError::Ambiguous { wanted: wanted.to_owned(), groups: found });
    }
    let group = found.pop().ok_or_else(|| GroupError::Unknown { wanted: wanted.to_owned() })?;
    if let Some(known) = known(people, group.id).await?.filter(|known| known.group == group)
        && let Some(fresh) = fresh(people, known, people.fresh_for).await?
    {
        return Ok(fresh);
    }
    read_members(people, &mut inquiry, group).await
}

/// The group of this name or id, its members left alone; of several of one name, the only one that has a team.
///
/// # Errors
/// [`GroupError`].
pub async fn find_team(people: &People, wanted: &str) -> Result<Group, GroupError> {
    let (wanted, mut inquiry) = (wanted.trim(), Inquiry::new(people));
    let which = Uuid::try_parse(wanted).map_or(WhichGroups::Named(wanted), |id| WhichGroups::Id(GroupId(id)));
    let mut found = ask(&mut inquiry, which).await?;
    if found.len() > 1 && found.iter().filter(|group| group.team).count() == 1 {
        found.retain(|group| group.team);
    }
    match (found.pop(), found.is_empty()) {
        (Some(group), true) => Ok(group),
        (Some(group), false) => {
            found.push(group);
            Err(GroupError::Ambiguous { wanted: wanted.to_owned(), groups: found })
        }
        (None, _) => Err(GroupError::Unknown { wanted: wanted.to_owned() }),
    }
}

/// Reads those groups again that audiences have named and that were last read longer than `age` ago, or before people
/// became known who may be among those whom we did not know. One that cannot be read keeps its members, and the others
/// have their turn.
///
/// # Errors
/// The store's.
pub async fn refresh_known(people: &People, age: Duration) -> Result<(), StoreError> {
    let mut inquiry = Inquiry::new(people);
    for known in people.store.groups(people.tenant).await? {
        let group = known.group.id;
        if fresh(people, known, age).await?.is_some() {
            continue;
        }
        match read_again(people, &mut inquiry, group).await {
            Err(GroupError::People(PeopleError::Store(error))) => return Err(error),
            Err(GroupError::Unknown { .. }) => tracing::warn!(%group, "a group is gone, and forgotten"),
            Err(error) => tracing::warn!(%group, %error, "the members of a group stay as they were"),
            Ok(_) => {}
        }
    }
    Ok(())
}

/// What is known of a group, when it need not be read again: it is younger than `age`, and the directory has not been read
/// since, where some of the members were nobody to us.
async fn fresh(people: &People, known: GroupRecord, age: Duration) -> Result<Option<GroupRead>, StoreError> {
    if known.outsiders > 0 && people.store.directory(people.tenant).await?.read_at > known.read_at {
        return Ok(None);
    }
    let read_at = known.read_at.filter(|at| people.is_younger(Some(*at), age));
    Ok(read_at.map(|read_at| read(known, read_at)))
}

/// Reads the group of this id; one that the directory has not is forgotten.
async fn read_again(people: &People, inquiry: &mut Inquiry<'_>, id: GroupId) -> Result<GroupRead, GroupError> {
    if let Some(group) = ask(inquiry, WhichGroups::Id(id)).await?.pop() {
        return read_members(people, inquiry, group).await;
    }
    people.store.forget_group(people.tenant, id).await?;
    Err(GroupError::Unknown { wanted: id.to_string() })
}

/// The groups and teams whose name begins with `text`.
///
/// # Errors
/// [`PeopleError`].
pub async fn search(people: &People, text: &str) -> Result<Vec<Group>, PeopleError> {
    ask(&mut Inquiry::new(people), WhichGroups::Beginning(text)).await
}

/// All groups that are asked for; of a search the first page, which is more than anybody reads.
async fn ask(inquiry: &mut Inquiry<'_>, which: WhichGroups<'_>) -> Result<Vec<Group>, PeopleError> {
    let mut groups = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let page = next.as_deref();
        let ask = move |directory: Arc<dyn Directory>, id| async move { directory.groups(which, page, id).await };
        let page = inquiry.ask(units::GROUPS, ask).await?;
        groups.extend(page.groups);
        next = page.next;
        if next.is_none() || matches!(which, WhichGroups::Beginning(_)) {
            return Ok(groups);
        }
    }
}

async fn read_members(people: &People, inquiry: &mut Inquiry<'_>, group: Group) -> Result<GroupRead, GroupError> {
    let read_at = people.clock.now();
    let members = match all_members(inquiry, group.id).await {
        // A link that was refused: once more from the beginning.
        Err(PeopleError::Forgotten { .. }) => all_members(inquiry, group.id).await?,
        other => other?,
    };
    if group.hidden && members.is_empty() {
        return Err(GroupError::Hidden { name: group.name });
    }
    people.store.keep_group(people.tenant, &group, &members, read_at).await?;
    let kept = known(people, group.id).await?;
    let kept = kept.ok_or_else(|| StoreError::Broken("a group that was just kept cannot be found".to_owned()))?;
    let read_at = kept.read_at.unwrap_or(read_at);
    Ok(read(kept, read_at))
}

async fn all_members(inquiry: &mut Inquiry<'_>, group: GroupId) -> Result<Vec<EntraId>, PeopleError> {
    let mut members = Vec::new();
    let mut next: Option<String> = None;
    loop {
        let page = next.as_deref();
        let ask = move |directory: Arc<dyn Directory>, id| async move { directory.members(group, page, id).await };
        let page = inquiry.ask(units::MEMBERS, ask).await?;
        members.extend(page.members);
        next = page.next;
        if next.is_none() {
            return Ok(members);
        }
    }
}

async fn known(people: &People, id: GroupId) -> Result<Option<GroupRecord>, StoreError> {
    let groups = people.store.groups(people.tenant).await?;
    Ok(groups.into_iter().find(|known| known.group.id == id))
}

fn read(known: GroupRecord, read_at: Timestamp) -> GroupRead {
    let Group { id, name, team, .. } = known.group;
    GroupRead { id, name, team, members: known.members, outsiders: known.outsiders, read_at }
}

#[cfg(test)]
mod tests;
