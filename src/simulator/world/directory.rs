//! The directory: who works here, page by page.
//!
//! Pages are at times shorter than asked for, and now and then empty while others follow: a reader that
//! stops at a short page loses people, and here it is found out.
//!
//! Source: Microsoft Graph v1.0, "List users"; "Advanced query capabilities on directory objects".

use serde_json::{Map, Value, json};

use super::apps::no_such_user;
use super::{Answer, Api, Bucket, Caller, Request, Road, Timestamp, World};
use crate::simulator::odata::{Filter, Literal};
use crate::simulator::people::Person;
use crate::simulator::{base64, chance};

pub(super) const READ_USERS: &[&str] =
    &["User.Read.All", "User.ReadBasic.All", "User.ReadWrite.All", "Directory.Read.All"];

const fn road(path: &'static str) -> Road {
    Road { api: Api::Graph, bucket: Bucket::Directory, method: "GET", path, roles: READ_USERS }
}

const USERS: Road = road("/users");
const COUNT: Road = road("/users/$count");
const USER: Road = road("/users/{id}");

/// `GET users` costs two resource units, `$select` takes one off.
const USERS_COST: usize = 2;

const PAGE_DEFAULT: usize = 100;
pub(super) const PAGE_MAX: usize = 999;

/// What Graph shows unless told otherwise.
const BASIC_FIELDS: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// What must be asked for by name.
const MORE_FIELDS: [&str; 9] = [
    "accountEnabled",
    "assignedPlans",
    "city",
    "companyName",
    "country",
    "department",
    "employeeType",
    "usageLocation",
    "userType",
];

/// What is asked of the list of people, read from the query of the address.
#[derive(Debug, Clone, Default)]
pub struct PeopleQuery {
    /// Which properties to show; none means the usual ones.
    pub select: Vec<String>,
    /// Only who passes.
    pub filter: Option<Filter>,
    /// The size of a page.
    pub top: Option<usize>,
    /// Where to go on, as the last page's link said.
    pub skip_token: Option<String>,
    /// Since when changes are asked for.
    pub delta_token: Option<String>,
    /// `$count=true`.
    pub has_count: bool,
    /// The header `ConsistencyLevel: eventual`.
    pub is_eventual: bool,
    /// The query as it came, without the place to go on; the next link repeats it.
    pub as_written: String,
}

impl World {
    /// `GET /users`.
    pub fn users(&mut self, caller: &Caller<'_>, query: Result<PeopleQuery, Answer>, now: Timestamp) -> Answer {
        let cost = query.as_ref().map_or(USERS_COST, PeopleQuery::cost);
        let request = Request::on(USERS).charged_to(None, cost);
        let answer = self.serve(caller, request, now, |world| {
            let query = query?;
            query.check()?;
            let page_max = query.page_max()?;
            world.page(&query, page_max)
        });
        answer.with_header("x-ms-resource-unit", cost.to_string())
    }

    /// `GET /users/$count`.
    pub fn count_users(&mut self, caller: &Caller<'_>, query: Result<PeopleQuery, Answer>, now: Timestamp) -> Answer {
        self.serve(caller, Request::on(COUNT), now, |world| {
            let query = query?;
            if !query.is_eventual {
                return Err(unsupported("$count is not supported without the header ConsistencyLevel: eventual."));
            }
            query.check_fields()?;
            let people = world.organisation.people();
            let count = people.iter().filter(|person| query.names(person)).count();
            Ok(Answer { body: super::Body::Text(count.to_string()), ..Answer::empty(200) })
        })
    }

    /// `GET /users/{id}`.
    pub fn user(
        &mut self,
        caller: &Caller<'_>,
        user: &str,
        query: Result<PeopleQuery, Answer>,
        now: Timestamp,
    ) -> Answer {
        let person = self.organisation.find(user);
        self.serve(caller, Request::about(USER, person, user), now, |world| {
            let query = query?;
            query.check_fields()?;
            let person = person.ok_or_else(|| no_such_user(user))?;
            let shown = query.show(world.organisation.person(person));
            Ok(Answer::json(200, shown))
        })
    }

    fn page(&self, query: &PeopleQuery, page_max: usize) -> Result<Answer, Answer> {
        let (start, number) = self.position(query)?;
        let size = self.page_size(start, number, page_max);
        let people = self.organisation.people();
        let mut position = start;
        let mut value = Vec::with_capacity(size);
        while let Some(person) = people.get(position).filter(|_| value.len() < size) {
            if query.names(person) {
                value.push(query.show(person));
            }
            position += 1;
        }
        let context = format!("{}/v1.0/$metadata#users", self.graph_url);
        let mut body = json!({"@odata.context": context, "value": value});
        if query.has_count && number == 0 {
            body["@odata.count"] = json!(people.iter().filter(|person| query.names(person)).count());
        }
        if position < people.len() {
            body["@odata.nextLink"] = json!(self.next_link("users", query, position, number + 1));
        }
        Ok(Answer::json(200, body))
    }

    /// One page in four is up to a tenth shorter, one in sixteen is empty; the first is always whole.
    pub(super) fn page_size(&self, start: usize, number: usize, page_max: usize) -> usize {
        let draw = |what: &str, bound: u64| {
            chance::below(self.seed, &[chance::text(what), start as u64, number as u64], bound)
        };
        match draw("page", 16) {
            _ if number == 0 => page_max,
            0 => 0,
            1..=4 => (page_max - draw("short", page_max as u64 / 10 + 1) as usize).max(1),
            _ => page_max,
        }
    }

    pub(super) fn next_link(&self, path: &str, query: &PeopleQuery, position: usize, number: usize) -> String {
        let epoch = self.changes.epoch;
        let token = base64::encode_url(format!("page:{position}:{number}:{epoch}").as_bytes());
        let separator = if query.as_written.is_empty() { "" } else { "&" };
        format!("{}/v1.0/{path}?{}{separator}$skiptoken={token}", self.graph_url, query.as_written)
    }

    /// Where a page begins, and how many came before it.
    pub(super) fn position(&self, query: &PeopleQuery) -> Result<(usize, usize), Answer> {
        let Some(token) = &query.skip_token else { return Ok((0, 0)) };
        let place = || {
            let text = String::from_utf8(base64::decode(token)?).ok()?;
            let mut parts = text.strip_prefix("page:")?.split(':');
            let (position, number) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            (parts.next()?.parse() == Ok(self.changes.epoch)).then_some((position, number))
        };
        place().ok_or_else(|| Answer::graph_error(400, "Request_BadRequest", "The specified skip token is not valid."))
    }
}

impl PeopleQuery {
    /// In resource units: `$select` takes one off, a page below twenty another, and one is the least.
    fn cost(&self) -> usize {
        let selects = usize::from(!self.select.is_empty());
        let is_small = usize::from(self.top.is_some_and(|top| top < 20));
        USERS_COST.saturating_sub(selects + is_small).max(1)
    }

    pub(super) fn check(&self) -> Result<(), Answer> {
        self.check_fields()?;
        if self.filter.as_ref().is_some_and(Filter::is_advanced) && !(self.is_eventual && self.has_count) {
            return Err(unsupported("The query is only supported with ConsistencyLevel: eventual and $count=true."));
        }
        if self.has_count && !self.is_eventual {
            return Err(unsupported("$count is only supported with ConsistencyLevel: eventual."));
        }
        Ok(())
    }

    pub(super) fn check_fields(&self) -> Result<(), Answer> {
        let is_known = |path: &str| BASIC_FIELDS.contains(&path) || MORE_FIELDS.contains(&path);
        let selected = self.select.iter().map(String::as_str).find(|path| !is_known(path));
        let filtered = self.filter.as_ref().and_then(|filter| filter.unknown_field(&is_known));
        match selected.or(filtered) {
            None => Ok(()),
            Some(field) => {
                let text = format!("Could not find a property named '{field}' on type 'microsoft.graph.user'.");
                Err(Answer::graph_error(400, "BadRequest", text))
            }
        }
    }

    pub(super) fn page_max(&self) -> Result<usize, Answer> {
        match self.top.unwrap_or(PAGE_DEFAULT) {
            top @ 1..=PAGE_MAX => Ok(top),
            top => {
                let text = format!("Invalid page size specified: '{top}'. Must be between 1 and {PAGE_MAX} inclusive.");
                Err(Answer::graph_error(400, "Request_BadRequest", text))
            }
        }
    }

    /// Whether a listing names them.
    fn names(&self, person: &Person) -> bool {
        !person.has_left() && self.filter.as_ref().is_none_or(|filter| filter.matches(&|path| literal(person, path)))
    }

    pub(super) fn show(&self, person: &Person) -> Value {
        let mut shown = Map::new();
        let mut show = |field: &str| shown.insert(field.to_owned(), property(person, field));
        if self.select.is_empty() {
            BASIC_FIELDS.iter().for_each(|field| drop(show(field)));
        } else {
            self.select.iter().for_each(|field| drop(show(field)));
        }
        Value::Object(shown)
    }
}

fn literal(person: &Person, field: &str) -> Option<Literal<'static>> {
    match property(person, field) {
        Value::String(text) => Some(Literal::Text(text.into())),
        Value::Bool(truth) => Some(Literal::Bool(truth)),
        _ => None,
    }
}

fn property(person: &Person, field: &str) -> Value {
    match field {
        "id" => json!(person.id),
        "displayName" => json!(person.display_name()),
        "givenName" => json!(person.given_name),
        "surname" => json!(person.surname),
        "mail" => json!(person.mail()),
        "userPrincipalName" => json!(person.principal_name()),
        "preferredLanguage" => json!(person.place.language),
        "usageLocation" => json!(person.place.code),
        "country" => json!(person.place.country),
        "city" => json!(person.place.city),
        "officeLocation" => json!(person.office()),
        "jobTitle" => json!(person.job_title),
        "department" => json!(person.department),
        "companyName" => json!("Contoso"),
        "accountEnabled" => json!(person.is_enabled()),
        "userType" => json!(if person.is_guest() { "Guest" } else { "Member" }),
        "assignedPlans" => plans(person),
        "businessPhones" => json!([]),
        _ => Value::Null,
    }
}

/// Teams among other things. Those without it still have mail: "has plans" is not "has Teams".
fn plans(person: &Person) -> Value {
    let plan = |service: &str, id: &str| {
        json!({"assignedDateTime": "2025-01-06T08:00:00Z", "capabilityStatus": "Enabled", "service": service,
            "servicePlanId": id})
    };
    let mail = plan("exchange", "efb87545-963c-4e0d-99df-69c6916d9eb0");
    if person.is_guest() {
        json!([])
    } else if person.has_teams() {
        json!([mail, plan("TeamspaceAPI", &person.teams_plan.to_string())])
    } else {
        json!([mail])
    }
}

pub(super) fn unsupported(text: &str) -> Answer {
    Answer::graph_error(400, "Request_UnsupportedQuery", text)
}
