//! Which way a draft goes, with what its author wants said in activity feeds or where it is to be posted; finds the team in
//! whose name it is said, and the teams of the channels.

use std::collections::BTreeMap;

use crate::domain::audience::PostTo;
use crate::domain::audience::expression::{People as Set, Source};
use crate::domain::broadcast::{Channels, Way};
use crate::domain::fault::{Fault, Faults, Slip};
use crate::domain::flow::Means;
use crate::domain::ids::{ConversationId, GroupId, RecipientKey, RoundId};
use crate::domain::notification::{Notification, Scope, TEAM_MEMBERS_MAX};
use crate::domain::venue::Venue;
use crate::ports::NamedVenue;

use super::super::audience::{Lists, whom};
use super::super::forecast::means_of;
use super::super::groups::{GroupError, GroupRead};
use super::super::people::People;
use super::named::read_group;
use super::{Audience, Draft, SubmitError, channels};

/// The option that names the team in whose name people are notified.
pub const IN_TEAM: &str = "--in-team";
/// Names that a refusal spells out; the count tells of the others.
const NAMES_SHOWN: usize = 5;

/// Which way a broadcast goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Going {
    /// As messages in chats.
    #[default]
    Chat,
    /// As entries in activity feeds.
    Feed(Box<Wanted>),
    /// As messages in chats, and then as entries in activity feeds.
    Both(Box<Wanted>),
    /// As posts in these channels of teams.
    TeamChannel(Vec<PostTo>),
}

/// What is wanted in activity feeds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// What is said. Its scope is a team's once that is found.
    pub notification: Notification,
    /// The author named its type of activity, which is the server's own otherwise.
    pub names_type: bool,
    /// The team in whose name, by name or id, until it is found.
    pub in_team: Option<String>,
    /// Everybody in the place of its scope, with one notification.
    pub everybody: Option<Everybody>,
}

/// Who in the place of its scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Everybody {
    /// All of the team, or of the chat.
    Members,
    /// All of this channel of the team.
    OfChannel(ConversationId),
}

impl Going {
    /// What is wanted in activity feeds, if anything is.
    pub fn wanted(&self) -> Option<&Wanted> {
        match self {
            Self::Chat | Self::TeamChannel(_) => None,
            Self::Feed(wanted) | Self::Both(wanted) => Some(wanted),
        }
    }

    fn wanted_mut(&mut self) -> Option<&mut Wanted> {
        match self {
            Self::Chat | Self::TeamChannel(_) => None,
            Self::Feed(wanted) | Self::Both(wanted) => Some(wanted),
        }
    }

    /// The team in whose name people are notified, once it is found.
    pub fn team(&self) -> Option<GroupId> {
        match self.wanted()?.notification.scope {
            Scope::Team(team) => Some(team),
            Scope::User | Scope::Chat(_) => None,
        }
    }

    /// Its name.
    pub const fn channels(&self) -> Channels {
        match self {
            Self::Chat => Channels::Chat,
            Self::Feed(_) => Channels::Feed,
            Self::Both(_) => Channels::Both,
            Self::TeamChannel(_) => Channels::TeamChannel,
        }
    }

    /// By what means people are reached first.
    pub fn means(&self) -> Means {
        match self {
            Self::Chat | Self::Both(_) | Self::TeamChannel(_) => Means::Chat,
            Self::Feed(wanted) => means_of(&wanted.notification),
        }
    }

    /// As it is stored; `round` makes the id of another round.
    pub(super) fn way(self, round: impl FnOnce() -> RoundId) -> Way {
        match self {
            Self::Chat => Way::Chat,
            Self::Feed(wanted) => Way::Feed(wanted.notification),
            Self::Both(wanted) => Way::Both(wanted.notification, round()),
            Self::TeamChannel(_) => Way::TeamChannel,
        }
    }
}

/// The draft with its team found, and whoever is in the place of its scope, or the channels that it is posted to, as its
/// audience. Without a team, or with one that was found already, nobody is asked. What would notify nobody is refused.
///
/// In the name of a team or a chat nothing can be prepared ahead of the hour: the app is there, not with each person.
///
/// # Errors
/// [`SubmitError::Faults`], and whatever keeps the team from being found.
pub async fn placed(people: &People, mut draft: Draft) -> Result<Draft, SubmitError> {
    if let Going::TeamChannel(posts) = &mut draft.going {
        let posts = std::mem::take(posts);
        if !posts.is_empty() {
            draft.audience = Audience::Venues(channels::venues(people, &posts).await?);
        }
        return Ok(draft);
    }
    let Some(wanted) = draft.going.wanted_mut() else { return Ok(draft) };
    if let (Some(everybody), true, Some(team)) = (&wanted.everybody, draft.schedule.is_some(), wanted.named_team()) {
        return Err(Faults(vec![too_early(everybody, &team)]).into());
    }
    let mut team = None;
    if let Some(name) = wanted.in_team.take() {
        let found = find_team(people, &name).await?;
        wanted.notification.scope = Scope::Team(found.id);
        team = Some(found);
    }
    wanted.notification = wanted.notification.clone().check()?;
    if let Some(everybody) = wanted.everybody.take() {
        draft.audience = Audience::Venues(vec![venue(&wanted.notification.scope, everybody, team.as_ref())?]);
    }
    let is_within = wanted.notification.scope != Scope::User;
    if let (Going::Feed(_), Some(schedule), true) = (&draft.going, &mut draft.schedule, is_within) {
        schedule.prepare_at = None;
    }
    Ok(draft)
}

impl Wanted {
    /// The team in whose name, as its author or its id names it.
    fn named_team(&self) -> Option<String> {
        match (&self.in_team, &self.notification.scope) {
            (Some(name), _) => Some(name.clone()),
            (None, Scope::Team(id)) => Some(id.to_string()),
            (None, Scope::User | Scope::Chat(_)) => None,
        }
    }
}

/// How large a team is can be looked at now, and not at its hour.
fn too_early(everybody: &Everybody, team: &str) -> Fault {
    let option = match everybody {
        Everybody::Members => "--all-members",
        Everybody::OfChannel(_) => "--members-of-channel",
    };
    let problem = format!(
        "does not go with {option} of a team: should it have more than {TEAM_MEMBERS_MAX} members by then, Teams would \
         notify nobody and not say so"
    );
    let cure = format!("Notify each of them, looked up at its hour: --audience-expr 'team \"{team}\"'.");
    Fault::new("--at", problem, cure)
}

/// Refuses people who do not belong to the team in whose name they are to be notified: Teams would refuse each of them.
pub(super) async fn refuse_outsiders(people: &People, draft: &Draft, meant: &Set) -> Result<(), SubmitError> {
    let Some(team) = draft.going.team().filter(|_| !matches!(draft.audience, Audience::Venues(_))) else {
        return Ok(());
    };
    let read = find_team(people, &team.to_string()).await?;
    let source = Source::Team(team.to_string()).into();
    let members = whom(&*people.store, people.tenant, &source, Lists::Given(&BTreeMap::new())).await?.meant.people;
    let outsiders = meant.except(&members);
    if outsiders.is_empty() {
        return Ok(());
    }
    let first: Vec<RecipientKey> = outsiders.iter().take(NAMES_SHOWN).collect();
    let known = people.store.acquaintances(people.tenant, &first).await?;
    let names: Vec<&str> = known.iter().map(|person| person.display_name.as_str()).collect();
    let more = match outsiders.count() - first.len() as u64 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (of, name) = (meant.count(), &read.name);
    let problem = format!("{} of {of} do not belong to “{name}”: {}{more}", outsiders.count(), names.join(", "));
    let cure = format!(
        "Narrow the audience with --audience-expr '… and team \"{name}\"', take these people out, or leave the option out."
    );
    Err(Faults(vec![Fault::new(IN_TEAM, problem, cure)]).into())
}

async fn find_team(people: &People, name: &str) -> Result<GroupRead, SubmitError> {
    match read_group(people, name, true).await {
        Ok(group) if group.team => Ok(group),
        Ok(_) => {
            let problem = format!("“{name}” is a group without a team");
            let slip = Slip::NoTeam { name: name.to_owned() };
            Err(Faults(vec![Fault::new(IN_TEAM, problem, "Name a team.").known(slip)]).into())
        }
        Err(GroupError::People(error)) => Err(error.into()),
        Err(error) => Err(Faults(vec![error.fault(IN_TEAM)]).into()),
    }
}

fn venue(scope: &Scope, everybody: Everybody, team: Option<&GroupRead>) -> Result<NamedVenue, Faults> {
    let called = |id: &GroupId| team.map_or_else(|| id.to_string(), |team| team.name.clone());
    let everybody = match (scope, everybody) {
        (Scope::Team(id), Everybody::Members) => {
            let members = team.map_or(0, |team| team.members + team.outsiders);
            if members > TEAM_MEMBERS_MAX {
                return Err(Faults(vec![too_many(&called(id), members)]));
            }
            NamedVenue { venue: Venue::TeamMembers { team: *id }, name: format!("Everybody in {}", called(id)) }
        }
        (Scope::Team(id), Everybody::OfChannel(channel)) => NamedVenue {
            name: format!("Everybody in {} of {}", channel.0, called(id)),
            venue: Venue::ChannelMembers { team: *id, channel },
        },
        (Scope::Chat(chat), Everybody::Members) => {
            NamedVenue { name: format!("Everybody in {}", chat.0), venue: Venue::ChatMembers { chat: chat.clone() } }
        }
        (Scope::User, _) | (Scope::Chat(_), Everybody::OfChannel(_)) => {
            let cure = "Name the team with --in-team, or the chat with --in-chat.";
            return Err(Faults(vec![Fault::new("--all-members", "does not say of which team or chat", cure)]));
        }
    };
    Ok(everybody)
}

/// Teams takes a notification for so many, and notifies nobody.
fn too_many(team: &str, members: u64) -> Fault {
    let problem = format!(
        "“{team}” has {members} members; Teams notifies nobody of a team of more than {TEAM_MEMBERS_MAX} with one request"
    );
    let cure = format!("Notify each of them instead: --channel feed --audience-expr 'team \"{team}\"'.");
    Fault::new("--all-members", problem, cure)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn team(members: u64) -> GroupRead {
        let read_at = "2026-11-24T10:00:00Z".parse().unwrap();
        let id = GroupId(Uuid::from_u128(7));
        GroupRead { id, name: "Milan".into(), team: true, members, outsiders: 1, read_at }
    }

    #[test]
    fn a_team_of_ten_thousand_and_one_is_refused_with_the_cure_and_one_fewer_is_not() {
        let scope = Scope::Team(team(0).id);
        let refused = venue(&scope, Everybody::Members, Some(&team(10_000))).unwrap_err().to_string();
        assert!(refused.contains("10001 members") && refused.contains("10000"), "{refused}");
        assert!(refused.contains("--channel feed --audience-expr 'team \"Milan\"'"), "{refused}");
        let named = venue(&scope, Everybody::Members, Some(&team(9_999))).unwrap();
        assert_eq!(named.venue, Venue::TeamMembers { team: team(0).id });
        assert_eq!(named.name, "Everybody in Milan");
    }

    #[test]
    fn everybody_of_nothing_is_refused() {
        assert!(venue(&Scope::User, Everybody::Members, None).is_err());
        let chat = Scope::Chat(ConversationId("19:c@thread.v2".into()));
        assert!(venue(&chat, Everybody::OfChannel(ConversationId("19:d".into())), None).is_err());
        assert!(venue(&chat, Everybody::Members, None).is_ok());
    }
}
