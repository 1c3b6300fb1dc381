//! Finds the groups and teams that audiences name, and keeps who belongs to them.
//!
//! The members of a team are those of its group; the directory resolves groups within groups, circles included.
//! Invariant: a group's members are replaced only when all of them were read, so a reading that fails keeps the old ones.

use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::domain::ids::{EntraId, GroupId};
use crate::domain::time::Timestamp;
use crate::ports::{Directory, Group, GroupRecord, StoreError, WhichGroups, units};

use super::inquiry::Inquiry;
use super::people::{People, PeopleError};

/// A group whose members are known.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
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

/// The group of this name or id with its members, read afresh when they are older than [`People::fresh_for`].
///
/// # Errors
/// [`GroupError`]; what was known of the group is kept.
pub async fn ensure_fresh(people: &People, wanted: &str) -> Result<GroupRead, GroupError> {
    let wanted = wanted.trim();
    let id = Uuid::try_parse(wanted).ok().map(GroupId);
    let known = match id {
        Some(id) => known(people, id).await?.into_iter().collect(),
        None => people.store.find_groups(people.tenant, wanted).await?,
    };
    if let [group] = known.as_slice()
        && let Some(read_at) = group.read_at.filter(|at| people.is_fresh(*at))
    {
        return Ok(read(group.clone(), read_at));
    }
    let mut inquiry = Inquiry::new(people);
    let which = id.map_or(WhichGroups::Named(wanted), WhichGroups::Id);
    let mut found = ask(&mut inquiry, which).await?;
    match found.len() {
        0 => Err(GroupError::Unknown { wanted: wanted.to_owned() }),
        1 => read_members(people, &mut inquiry, found.remove(0)).await,
        _ => Err(GroupError::Ambiguous { wanted: wanted.to_owned(), groups: found }),
    }
}

/// Reads those groups again that audiences have named and that were last read longer than `age` ago. One that cannot be
/// read keeps its members, and the others have their turn.
///
/// # Errors
/// The store's.
pub async fn refresh_known(people: &People, age: Duration) -> Result<(), StoreError> {
    let due = people.clock.now() - age;
    let mut inquiry = Inquiry::new(people);
    for known in people.store.groups(people.tenant).await? {
        if known.read_at.is_some_and(|at| at > due) {
            continue;
        }
        let group = known.group.id;
        let again = async {
            match ask(&mut inquiry, WhichGroups::Id(group)).await?.pop() {
                Some(found) => read_members(people, &mut inquiry, found).await.map(drop),
                None => Err(GroupError::Unknown { wanted: group.to_string() }),
            }
        };
        match again.await {
            Err(GroupError::People(PeopleError::Store(error))) => return Err(error),
            Err(error) => tracing::warn!(%group, %error, "the members of a group stay as they were"),
            Ok(()) => {}
        }
    }
    Ok(())
}

/// The groups and teams whose name begins with `text`.
///
/// # Errors
/// [`PeopleError`].
pub async fn search(people: &People, text: &str) -> Result<Vec<Group>, PeopleError> {
    ask(&mut Inquiry::new(people), WhichGroups::Beginning(text)).await
}

async fn ask(inquiry: &mut Inquiry<'_>, which: WhichGroups<'_>) -> Result<Vec<Group>, PeopleError> {
    let ask = move |directory: Arc<dyn Directory>, id| async move { directory.groups(which, id).await };
    inquiry.ask(units::GROUPS, ask).await
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
