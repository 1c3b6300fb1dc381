//! Groups, and who belongs to them through however many groups within groups.
//!
//! Source: Microsoft Graph v1.0, "List groups", "List group transitive members"; "Advanced query capabilities on
//! directory objects".

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::directory::{PAGE_MAX, PeopleQuery, unsupported};
use super::{Answer, Api, Bucket, Caller, Request, Road, Timestamp, World};
use crate::simulator::groups::{Group, Kind};
use crate::simulator::odata::{Filter, Literal};

const READ_GROUPS: &[&str] = &["GroupMember.Read.All", "Group.ReadBasic.All", "Group.Read.All", "Directory.Read.All"];
const READ_MEMBERS: &[&str] = &["GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"];
/// Opens hidden memberships, beside the other.
const READ_HIDDEN: &str = "Member.Read.Hidden";

const fn road(path: &'static str, roles: &'static [&'static str]) -> Road {
    Road { api: Api::Graph, bucket: Bucket::Directory, method: "GET", path, roles }
}

const GROUPS: Road = road("/groups", READ_GROUPS);
const GROUP: Road = road("/groups/{id}", READ_GROUPS);
const MEMBERS: Road = road("/groups/{id}/transitiveMembers", READ_MEMBERS);

/// What a listing of groups costs, in resource units.
const GROUPS_COST: usize = 1;
/// What a page of members costs, before `$select` takes one off.
const MEMBERS_COST: usize = 5;

const FIELDS: [&str; 8] = [
    "displayName",
    "groupTypes",
    "id",
    "mail",
    "mailEnabled",
    "resourceProvisioningOptions",
    "securityEnabled",
    "visibility",
];

impl World {
    /// Everybody who belongs to this group, by the very definition: what any client must find out.
    pub fn members_of(&self, group: Uuid) -> Vec<Uuid> {
        let Some(group) = self.groups.find(&group.to_string()) else { return Vec::new() };
        let people = self.organisation.people().iter().filter(|person| !person.has_left());
        people.filter(|person| self.groups.has(group, person)).map(|person| person.id).collect()
    }

    /// Every group.
    pub fn groups(&self) -> &[Group] {
        self.groups.all()
    }

    /// `GET /groups`.
    pub fn list_groups(&mut self, caller: &Caller<'_>, query: Result<PeopleQuery, Answer>, now: Timestamp) -> Answer {
        let request = Request::on(GROUPS).charged_to(None, GROUPS_COST);
        let answer = self.serve(caller, request, now, |world| {
            let query = query?;
            check(&query)?;
            let passes = |group: &&Group| {
                let field = |path: &str| literal(group, path);
                query.filter.as_ref().is_none_or(|filter| filter.matches(&field))
            };
            let top = query.top.unwrap_or(100);
            let value: Vec<Value> =
                world.groups.all().iter().filter(passes).take(top).map(|it| show(it, &query)).collect();
            let context = format!("{}/v1.0/$metadata#groups", world.graph_url);
            Ok(Answer::json(200, json!({"@odata.context": context, "value": value})))
        });
        answer.with_header("x-ms-resource-unit", GROUPS_COST.to_string())
    }

    /// `GET /groups/{id}`.
    pub fn group(
        &mut self,
        caller: &Caller<'_>,
        group: &str,
        query: Result<PeopleQuery, Answer>,
        now: Timestamp,
    ) -> Answer {
        let request = Request::on(GROUP).charged_to(None, GROUPS_COST);
        let answer = self.serve(caller, request, now, |world| {
            let query = query?;
            check(&query)?;
            let group = world.groups.find(group).ok_or_else(|| no_such_group(group))?;
            Ok(Answer::json(200, show(group, &query)))
        });
        answer.with_header("x-ms-resource-unit", GROUPS_COST.to_string())
    }

    /// `GET /groups/{id}/transitiveMembers`, and the same cast to people, which is an advanced query.
    pub fn members(
        &mut self,
        caller: &Caller<'_>,
        group: &str,
        is_cast: bool,
        query: Result<PeopleQuery, Answer>,
        now: Timestamp,
    ) -> Answer {
        let selects = query.as_ref().is_ok_and(|query| !query.select.is_empty());
        let cost = MEMBERS_COST - usize::from(selects);
        let sees_hidden = self.has_role(caller, READ_HIDDEN, now);
        let request = Request::on(MEMBERS).charged_to(None, cost);
        let answer = self.serve(caller, request, now, |world| {
            let query = query?;
            if is_cast && !(query.is_eventual && query.has_count) {
                return Err(unsupported(
                    "The query is only supported with ConsistencyLevel: eventual and $count=true.",
                ));
            }
            query.check()?;
            let page_max = query.page_max()?;
            let group = world.groups.find(group).ok_or_else(|| no_such_group(group))?;
            world.members_page(group, is_cast, sees_hidden, &query, page_max)
        });
        answer.with_header("x-ms-resource-unit", cost.to_string())
    }

    fn members_page(
        &self,
        group: &Group,
        is_cast: bool,
        sees_hidden: bool,
        query: &PeopleQuery,
        page_max: usize,
    ) -> Result<Answer, Answer> {
        let (start, number) = self.position(query)?;
        let people = self.organisation.people();
        let is_shown = sees_hidden || !group.is_hidden;
        let belongs = |place: &usize| is_shown && !people[*place].has_left() && self.groups.has(group, &people[*place]);
        let size = self.page_size(start, number, page_max);
        let mut members = (start..people.len()).filter(belongs);
        let mut value: Vec<Value> = Vec::new();
        if !is_cast && number == 0 {
            // What is within it comes along: only a cast leaves it out.
            let inner = self.groups.with_those_within(group).into_iter().skip(1);
            value.extend(inner.map(|it| json!({"@odata.type": "#microsoft.graph.group", "id": it.id})));
        }
        for place in members.by_ref().take(size) {
            let mut shown = query.show(&people[place]);
            if let Value::Object(shown) = &mut shown {
                shown.insert("@odata.type".to_owned(), json!("#microsoft.graph.user"));
            }
            value.push(shown);
        }
        let context = format!("{}/v1.0/$metadata#directoryObjects", self.graph_url);
        let mut body = json!({"@odata.context": context, "value": value});
        if query.has_count && number == 0 {
            body["@odata.count"] = json!((0..people.len()).filter(belongs).count());
        }
        if let Some(next) = members.next() {
            let cast = if is_cast { "/microsoft.graph.user" } else { "" };
            let path = format!("groups/{}/transitiveMembers{cast}", group.id);
            body["@odata.nextLink"] = json!(self.next_link(&path, query, next, number + 1));
        }
        Ok(Answer::json(200, body))
    }
}

fn check(query: &PeopleQuery) -> Result<(), Answer> {
    let is_known = |path: &str| FIELDS.contains(&path);
    let selected = query.select.iter().map(String::as_str).find(|path| !is_known(path));
    let filtered = query.filter.as_ref().and_then(|filter| filter.unknown_field(&is_known));
    if let Some(field) = selected.or(filtered) {
        let text = format!("Could not find a property named '{field}' on type 'microsoft.graph.group'.");
        return Err(Answer::graph_error(400, "BadRequest", text));
    }
    if query.filter.as_ref().is_some_and(Filter::is_advanced) && !(query.is_eventual && query.has_count) {
        return Err(unsupported("The query is only supported with ConsistencyLevel: eventual and $count=true."));
    }
    match query.top {
        Some(top) if top == 0 || top > PAGE_MAX => {
            Err(Answer::graph_error(400, "Request_BadRequest", "Invalid page size."))
        }
        _ => Ok(()),
    }
}

fn show(group: &Group, query: &PeopleQuery) -> Value {
    let all = FIELDS.map(str::to_owned);
    let fields = if query.select.is_empty() { &all[..] } else { &query.select };
    let shown: Map<String, Value> = fields.iter().map(|field| (field.clone(), property(group, field))).collect();
    Value::Object(shown)
}

fn literal(group: &Group, field: &str) -> Option<Literal<'static>> {
    match property(group, field) {
        Value::String(text) => Some(Literal::Text(text.into())),
        Value::Bool(truth) => Some(Literal::Bool(truth)),
        _ => None,
    }
}

fn property(group: &Group, field: &str) -> Value {
    let is_unified = matches!(group.kind, Kind::Unified | Kind::Team);
    match field {
        "id" => json!(group.id),
        "displayName" => json!(group.name),
        "groupTypes" => json!(if is_unified { vec!["Unified"] } else { vec![] }),
        "mailEnabled" => json!(group.kind != Kind::Security),
        "securityEnabled" => json!(group.kind == Kind::Security),
        "resourceProvisioningOptions" => json!(if group.kind == Kind::Team { vec!["Team"] } else { vec![] }),
        "visibility" if group.is_hidden => json!("HiddenMembership"),
        "visibility" if is_unified => json!("Private"),
        _ => Value::Null,
    }
}

fn no_such_group(group: &str) -> Answer {
    let text =
        format!("Resource '{group}' does not exist or one of its queried reference-property objects are not present.");
    Answer::graph_error(404, "Request_ResourceNotFound", text)
}
