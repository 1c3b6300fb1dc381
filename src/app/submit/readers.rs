//! How many people a draft is read by, where it goes to places and not to people.

use std::collections::BTreeSet;

use crate::domain::fault::Faults;
use crate::domain::ids::GroupId;
use crate::domain::notification::TEAM_MEMBERS_MAX;
use crate::domain::venue::Venue;

use super::super::groups::GroupError;
use super::super::people::People;
use super::channels::POST_TO;
use super::named::read_group;
use super::{Audience, NamedVenue, Ready, SubmitError};

/// How many people may read what `ready` says: everybody whom it names, and for a team or its channels all of the team's
/// members. A chat, of which nobody is asked, counts as the most whom Teams notifies at once.
///
/// # Errors
/// [`SubmitError::Faults`] when the members of a team cannot be read, and whatever keeps them from being so.
pub async fn readers(people: &People, ready: &Ready) -> Result<u64, SubmitError> {
    match &ready.draft.audience {
        Audience::Venues(venues) => readers_of(people, venues).await,
        Audience::Everyone | Audience::List(_) | Audience::Words(_) => Ok(ready.targeted),
    }
}

/// How many people may read what is posted to `venues`.
///
/// # Errors
/// As [`readers`].
pub async fn readers_of(people: &People, venues: &[NamedVenue]) -> Result<u64, SubmitError> {
    let mut teams = BTreeSet::new();
    let mut readers = 0;
    for named in venues {
        match &named.venue {
            Venue::Channel { team, .. } | Venue::TeamMembers { team } | Venue::ChannelMembers { team, .. } => {
                if teams.insert(*team) {
                    readers += members(people, *team).await?;
                }
            }
            Venue::ChatMembers { .. } => readers += TEAM_MEMBERS_MAX,
        }
    }
    Ok(readers)
}

async fn members(people: &People, team: GroupId) -> Result<u64, SubmitError> {
    match read_group(people, &team.to_string(), true).await {
        Ok(read) => Ok(read.members + read.outsiders),
        Err(GroupError::People(error)) => Err(error.into()),
        Err(error) => Err(Faults(vec![error.fault(POST_TO)]).into()),
    }
}
