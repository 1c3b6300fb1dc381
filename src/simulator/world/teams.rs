//! Teams, their channels and who belongs to them.
//!
//! Every channel is a standard one, so its members are those of the team.
//!
//! Source: Microsoft Graph v1.0, "Get team", "List channels", "Get channel", "Get primaryChannel", "List members of
//! team", "List members of a channel".

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::directory::{PeopleQuery, unsupported};
use super::{Answer, Api, Bucket, Caller, Request, Road, Subject, Thread, Timestamp, World};
use crate::simulator::base64;
use crate::simulator::channels::Channel;
use crate::simulator::groups::{Group, Kind};
use crate::simulator::odata::Literal;
use crate::simulator::people::Person;

const READ_TEAM: &[&str] = &[
    "Team.ReadBasic.All",
    "TeamSettings.Read.All",
    "TeamSettings.ReadWrite.All",
    "Group.Read.All",
    "Directory.Read.All",
];
const READ_CHANNELS: &[&str] = &[
    "Channel.ReadBasic.All",
    "ChannelSettings.Read.All",
    "ChannelSettings.ReadWrite.All",
    "Group.Read.All",
    "Directory.Read.All",
];
const READ_MEMBERS: &[&str] = &["TeamMember.Read.All", "TeamMember.ReadWrite.All"];
const READ_CHANNEL_MEMBERS: &[&str] = &["ChannelMember.Read.All", "ChannelMember.ReadWrite.All"];

const fn road(path: &'static str, roles: &'static [&'static str]) -> Road {
    Road { api: Api::Graph, bucket: Bucket::Teams, method: "GET", path, roles }
}

const TEAM: Road = road("/teams/{id}", READ_TEAM);
const CHANNELS: Road = road("/teams/{id}/channels", READ_CHANNELS);
const PRIMARY: Road = road("/teams/{id}/primaryChannel", READ_CHANNELS);
const CHANNEL: Road = road("/teams/{id}/channels/{cid}", READ_CHANNELS);
const MEMBERS: Road = road("/teams/{id}/members", READ_MEMBERS);
const CHANNEL_MEMBERS: Road = road("/teams/{id}/channels/{cid}/members", READ_CHANNEL_MEMBERS);

const TEAM_FIELDS: [&str; 9] = [
    "createdDateTime",
    "description",
    "displayName",
    "id",
    "internalId",
    "isArchived",
    "tenantId",
    "visibility",
    "webUrl",
];
const CHANNEL_FIELDS: [&str; 8] =
    ["createdDateTime", "description", "displayName", "id", "isArchived", "membershipType", "tenantId", "webUrl"];

/// Which channel is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Wanted<'a> {
    /// The one that every team has.
    Primary,
    /// The one with this id.
    Id(&'a str),
}

impl World {
    /// `GET /teams/{id}`.
    pub fn one_team(
        &mut self,
        caller: &Caller<'_>,
        team: &str,
        query: Result<PeopleQuery, Answer>,
        now: Timestamp,
    ) -> Answer {
        let request = self.about_team(TEAM, team);
        self.serve(caller, request, now, |world| {
            let query = query?;
            let fields = fields(&query, &TEAM_FIELDS, "team")?;
            let team = world.team(team)?;
            let group = world.groups.all().iter().find(|group| group.id == team).ok_or_else(|| no_team(team))?;
            Ok(Answer::json(200, shown(&fields, |field| world.team_property(group, field))))
        })
    }

    /// `GET /teams/{id}/channels`.
    pub fn list_channels(
        &mut self,
        caller: &Caller<'_>,
        team: &str,
        query: Result<PeopleQuery, Answer>,
        now: Timestamp,
    ) -> Answer {
        let request = self.about_team(CHANNELS, team);
        self.serve(caller, request, now, |world| {
            let query = query?;
            let fields = fields(&query, &CHANNEL_FIELDS, "channel")?;
            if query.top.is_some() || query.has_count {
                return Err(unsupported("The channels of a team come all at once, without $top and $count."));
            }
            let team = world.team(team)?;
            let passes = |channel: &&Channel| {
                let field = |path: &str| match world.channel_property(channel, path) {
                    Value::String(text) => Some(Literal::Text(text.into())),
                    Value::Bool(truth) => Some(Literal::Bool(truth)),
                    _ => None,
                };
                query.filter.as_ref().is_none_or(|filter| filter.matches(&field))
            };
            let show = |channel: &Channel| shown(&fields, |field| world.channel_property(channel, field));
            let value: Vec<Value> = world.channels.of(team).filter(passes).map(show).collect();
            let context = format!("{}/v1.0/$metadata#teams('{team}')/channels", world.graph_url);
            Ok(Answer::json(200, json!({"@odata.context": context, "@odata.count": value.len(), "value": value})))
        })
    }

    /// `GET /teams/{id}/channels/{cid}` and `GET /teams/{id}/primaryChannel`.
    pub fn one_channel(
        &mut self,
        caller: &Caller<'_>,
        team: &str,
        wanted: Wanted<'_>,
        query: Result<PeopleQuery, Answer>,
        now: Timestamp,
    ) -> Answer {
        let road = if matches!(wanted, Wanted::Primary) { PRIMARY } else { CHANNEL };
        let request = self.about_team(road, team);
        self.serve(caller, request, now, |world| {
            let query = query?;
            let fields = fields(&query, &CHANNEL_FIELDS, "channel")?;
            let team = world.team(team)?;
            let channel = match wanted {
                Wanted::Primary => {
                    world.channels.of(team).find(|channel| channel.is_primary).ok_or_else(|| no_team(team))
                }
                Wanted::Id(id) => world.channel_of(team, id),
            }?;
            Ok(Answer::json(200, shown(&fields, |field| world.channel_property(channel, field))))
        })
    }

    /// `GET /teams/{id}/members`.
    pub fn list_team_members(
        &mut self,
        caller: &Caller<'_>,
        team: &str,
        query: Result<PeopleQuery, Answer>,
        now: Timestamp,
    ) -> Answer {
        let request = self.about_team(MEMBERS, team);
        self.serve(caller, request, now, |world| {
            let (query, id) = (query?, world.team(team)?);
            world.page_of_team(id, &format!("teams/{id}/members"), &query)
        })
    }

    /// `GET /teams/{id}/channels/{cid}/members`.
    pub fn list_channel_members(
        &mut self,
        caller: &Caller<'_>,
        team: &str,
        channel: &str,
        query: Result<PeopleQuery, Answer>,
        now: Timestamp,
    ) -> Answer {
        let request = self.about_team(CHANNEL_MEMBERS, team);
        self.serve(caller, request, now, |world| {
            let (query, id) = (query?, world.team(team)?);
            let channel = world.channel_of(id, channel)?;
            world.page_of_team(id, &format!("teams/{id}/channels/{}/members", channel.id), &query)
        })
    }

    fn page_of_team(&self, team: Uuid, path: &str, query: &PeopleQuery) -> Result<Answer, Answer> {
        if query.filter.is_some() || query.has_count || !query.select.is_empty() {
            return Err(unsupported("Members of a team are asked for with $top only."));
        }
        let page_max = query.page_max()?;
        let (start, number) = self.position(query)?;
        let members = self.team_members(team);
        let owner = self.owner(&members);
        let size = self.page_size(start, number, page_max);
        let show = |person: &u32| self.member_of(team, self.organisation.person(*person), owner);
        let value: Vec<Value> = members.iter().skip(start).take(size).map(show).collect();
        let context = format!("{}/v1.0/$metadata#teams('{team}')/members", self.graph_url);
        let mut body = json!({"@odata.context": context, "@odata.count": value.len(), "value": value});
        if start + size < members.len() {
            body["@odata.nextLink"] = json!(self.next_link(path, query, start + size, number + 1));
        }
        Ok(Answer::json(200, body))
    }

    fn member_of(&self, team: Uuid, person: &Person, owner: Option<u32>) -> Value {
        let role = if person.is_guest() { Some("guest") } else { (owner == Some(person.number)).then_some("owner") };
        json!({
            "@odata.type": "#microsoft.graph.aadUserConversationMember",
            "id": base64::encode(format!("{}##{team}##{}", self.tenant, person.id).as_bytes()),
            "roles": role.into_iter().collect::<Vec<_>>(),
            "displayName": person.display_name(),
            "visibleHistoryStartDateTime": "0001-01-01T00:00:00Z",
            "userId": person.id,
            "email": person.mail(),
            "tenantId": self.tenant,
        })
    }

    /// Whoever belongs to a team and is no guest may own it; the first one does.
    pub(super) fn owner(&self, members: &[u32]) -> Option<u32> {
        members.iter().copied().find(|person| self.organisation.person(*person).has_teams())
    }

    /// A request about a team, or about an id that belongs to none.
    pub(super) fn about_team(&self, road: Road, id: &str) -> Request {
        let place = self
            .groups
            .all()
            .iter()
            .position(|group| group.kind == Kind::Team && Uuid::try_parse(id).is_ok_and(|id| group.id == id));
        let subject = if place.is_some() { Subject::Place(id.into()) } else { Subject::Unknown(id.into()) };
        Request { subject, ..Request::on(road) }.charged_to(place.map(|place| Thread::Team(place as u32)), 1)
    }

    /// The team with this id.
    pub(super) fn team(&self, id: &str) -> Result<Uuid, Answer> {
        let team = self.groups.find(id).filter(|group| group.kind == Kind::Team).map(|group| group.id);
        team.ok_or_else(|| Answer::graph_error(404, "NotFound", format!("No team found with Group Id {id}")))
    }

    /// The channel with this id, if it is one of this team.
    pub(super) fn channel_of(&self, team: Uuid, id: &str) -> Result<&Channel, Answer> {
        self.channels
            .find(id)
            .filter(|channel| channel.team == team)
            .ok_or_else(|| Answer::graph_error(404, "NotFound", format!("No channel found with id {id} in the team.")))
    }

    pub(super) fn is_member(&self, team: Uuid, person: u32) -> bool {
        let group = self.groups.all().iter().find(|group| group.id == team);
        group.is_some_and(|group| self.groups.has(group, self.organisation.person(person)))
    }

    /// Everybody in a team, in the order of the directory.
    pub(super) fn team_members(&self, team: Uuid) -> Vec<u32> {
        let Some(group) = self.groups.all().iter().find(|group| group.id == team) else { return Vec::new() };
        let people = self.organisation.people().iter().filter(|person| !person.has_left());
        people.filter(|person| self.groups.has(group, person)).map(|person| person.number).collect()
    }

    fn team_property(&self, group: &Group, field: &str) -> Value {
        match field {
            "id" => json!(group.id),
            "displayName" => json!(group.name),
            "description" => json!(format!("Everybody of {}", group.name)),
            "internalId" => json!(self.channels.of(group.id).next().map(|channel| &channel.id)),
            "isArchived" => json!(false),
            "visibility" => json!("private"),
            "webUrl" => {
                json!(format!("https://teams.microsoft.com/l/team/{}/conversations?groupId={}", group.id, group.id))
            }
            _ => self.common_property(field),
        }
    }

    fn channel_property(&self, channel: &Channel, field: &str) -> Value {
        match field {
            "id" => json!(channel.id),
            "displayName" => json!(channel.name),
            "isArchived" => json!(false),
            "membershipType" => json!("standard"),
            "webUrl" => {
                let id = channel.id.replace(':', "%3A").replace('@', "%40");
                json!(format!("https://teams.microsoft.com/l/channel/{id}/{}?groupId={}", channel.name, channel.team))
            }
            _ => self.common_property(field),
        }
    }

    fn common_property(&self, field: &str) -> Value {
        match field {
            "createdDateTime" => json!(self.created_at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()),
            "tenantId" => json!(self.tenant),
            _ => Value::Null,
        }
    }
}

/// Which properties to show; all of them unless some are selected.
fn fields(query: &PeopleQuery, known: &[&'static str], of: &str) -> Result<Vec<String>, Answer> {
    let is_known = |path: &str| known.contains(&path);
    let selected = query.select.iter().map(String::as_str).find(|path| !is_known(path));
    let filtered = query.filter.as_ref().and_then(|filter| filter.unknown_field(&is_known));
    if let Some(field) = selected.or(filtered) {
        let text = format!("Could not find a property named '{field}' on type 'microsoft.graph.{of}'.");
        return Err(Answer::graph_error(400, "BadRequest", text));
    }
    let all = || known.iter().map(|field| (*field).to_owned()).collect();
    Ok(if query.select.is_empty() { all() } else { query.select.clone() })
}

fn shown(fields: &[String], property: impl Fn(&str) -> Value) -> Value {
    let shown: Map<String, Value> = fields.iter().map(|field| (field.clone(), property(field))).collect();
    Value::Object(shown)
}

fn no_team(team: Uuid) -> Answer {
    Answer::graph_error(404, "NotFound", format!("No team found with Group Id {team}"))
}
