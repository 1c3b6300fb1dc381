//! Which channels a broadcast is posted to: their teams are looked up, the channels themselves when their turn comes.

use std::collections::BTreeMap;

use crate::domain::audience::PostTo;
use crate::domain::fault::{Fault, Faults, Slip};
use crate::domain::venue::Venue;
use crate::ports::{Group, NamedVenue};

use super::super::groups::{self, GroupError};
use super::super::people::People;
use super::SubmitError;

/// The option that a channel stands behind.
pub const POST_TO: &str = "--post-to";
/// What the channel is called that every team has, where nobody has named it.
const PRIMARY: &str = "General";

/// The channels that are `wanted`, each once.
pub(super) async fn venues(people: &People, wanted: &[PostTo]) -> Result<Vec<NamedVenue>, SubmitError> {
    let mut teams: BTreeMap<String, Result<Group, Fault>> = BTreeMap::new();
    let (mut venues, mut faults) = (Vec::<NamedVenue>::new(), Vec::new());
    for post in wanted {
        let name = post.team.to_lowercase();
        if !teams.contains_key(&name) {
            let found = team(people, post).await?;
            // Told once, however many channels of it are named.
            faults.extend(found.as_ref().err().cloned());
            teams.insert(name.clone(), found);
        }
        let Some(Ok(team)) = teams.get(&name) else { continue };
        let venue = Venue::Channel { team: team.id, channel: post.channel.clone() };
        let name = format!("{} / {}", team.name, post.channel.as_deref().unwrap_or(PRIMARY));
        match venues.iter().any(|known| known.venue.key() == venue.key()) {
            true => {
                let fault = Fault::new(POST_TO, format!("“{name}” is named twice"), "Name each channel once.");
                faults.push(at(post, fault.known(Slip::NamedTwice { name })));
            }
            false => venues.push(NamedVenue { venue, name }),
        }
    }
    Ok(Faults::or(faults, venues)?)
}

async fn team(people: &People, post: &PostTo) -> Result<Result<Group, Fault>, SubmitError> {
    match groups::find_team(people, &post.team).await {
        Ok(group) if group.team => Ok(Ok(group)),
        Ok(_) => {
            let problem = format!("“{}” is a group without a team, so it has no channels", post.team);
            let cure = "Name a team, or write to the group's people: --audience-expr.";
            let fault = Fault::new(POST_TO, problem, cure).known(Slip::NoTeam { name: post.team.clone() });
            Ok(Err(at(post, fault)))
        }
        Err(GroupError::People(error)) => Err(error.into()),
        Err(error) => Ok(Err(at(post, error.fault(POST_TO)))),
    }
}

/// The same where the channel was named: on the command line, or on a line of a file.
fn at(post: &PostTo, fault: Fault) -> Fault {
    match post.line {
        None => fault,
        Some(line) => {
            let problem = format!("line {line}: {}", fault.problem);
            Fault { field: format!("{POST_TO}-file"), problem, ..fault }
        }
    }
}
