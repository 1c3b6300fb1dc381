//! `users/delta`: who joined, changed or left since a token was given out.
//!
//! A token is a place in the log of everything that changed, and says when it was given out; after seven days, or when
//! a test lets the log be put away, it is refused. What a round tells is how people *are*, not what they were: somebody
//! who changed twice is told twice, the same both times, and the last few changes before the token may come again.
//!
//! Source: Microsoft Graph v1.0, "user: delta"; "Use delta query to track changes".

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::directory::{PeopleQuery, READ_USERS};
use super::{Answer, Api, Bucket, Caller, Home, Request, Road, Timestamp, World};
use crate::simulator::people::Departure;
use crate::simulator::{base64, chance};

const DELTA: Road =
    Road { api: Api::Graph, bucket: Bucket::Directory, method: "GET", path: "/users/delta", roles: READ_USERS };

/// Not among the published costs: one unit.
const DELTA_COST: usize = 1;
/// So many entries a page; `$top` is not supported.
const PAGE: usize = 200;
/// Tokens for directory objects live so long.
const TOKEN_DAYS: i64 = 7;

/// How a token is refused that is not good any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refused {
    /// 410, with the place to start over from.
    #[default]
    Gone,
    /// 400 `syncStateNotFound`.
    SyncStateNotFound,
    /// 400 `resyncRequired`.
    ResyncRequired,
}

/// The log of everything that changed.
#[derive(Debug, Clone, Default)]
pub struct Changes {
    log: Vec<u32>,
    /// Grows when everything given out so far becomes worthless.
    pub epoch: u64,
    refused: Refused,
}

/// How many people shall join, change and leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Turnover {
    /// New people; the bot is not there for any of them.
    pub join: usize,
    /// People who change their department or their place.
    pub change: usize,
    /// People who leave.
    pub leave: usize,
}

/// What a token says.
struct Token {
    kind: Kind,
    from: usize,
    to: usize,
    given_at: i64,
    epoch: u64,
    select: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Everything from a place in the log on.
    Delta,
    /// Some of it, up to another place.
    Changes,
    /// Everybody, from a place in the directory on.
    Everybody,
}

impl Token {
    fn written(&self) -> String {
        let kind = match self.kind {
            Kind::Delta => 'd',
            Kind::Changes => 'c',
            Kind::Everybody => 'e',
        };
        let Self { from, to, given_at, epoch, select, .. } = self;
        base64::encode_url(format!("{kind}:{from}:{to}:{given_at}:{epoch}:{select}").as_bytes())
    }

    fn read(text: &str) -> Option<Self> {
        let text = String::from_utf8(base64::decode(text)?).ok()?;
        let mut parts = text.splitn(6, ':');
        let kind = match parts.next()? {
            "d" => Kind::Delta,
            "c" => Kind::Changes,
            "e" => Kind::Everybody,
            _ => return None,
        };
        Some(Self {
            kind,
            from: parts.next()?.parse().ok()?,
            to: parts.next()?.parse().ok()?,
            given_at: parts.next()?.parse().ok()?,
            epoch: parts.next()?.parse().ok()?,
            select: parts.next()?.to_owned(),
        })
    }
}

impl World {
    /// Lets people join, change and leave; who, depends on the seed and on what happened before.
    pub fn turn_over(&mut self, turnover: Turnover, now: Timestamp) {
        for _ in 0..turnover.join {
            let person = self.organisation.join(self.seed);
            self.homes.push(Home::at_first(self.organisation.person(person).standing, now));
            self.changes.log.push(person);
        }
        for _ in 0..turnover.change {
            if let Some(person) = self.somebody() {
                self.organisation.change(person);
                self.changes.log.push(person);
                // Some changes are told twice.
                if self.changes.log.len().is_multiple_of(10) {
                    self.changes.log.push(person);
                }
            }
        }
        for _ in 0..turnover.leave {
            if let Some(person) = self.somebody() {
                let is_soft = self.changes.log.len().is_multiple_of(2);
                let departure = if is_soft { Departure::SoftDeleted } else { Departure::Deleted };
                self.organisation.leave(person, departure);
                self.changes.log.push(person);
            }
        }
    }

    /// Makes every token and every link to a further page worthless; it will be refused like this.
    pub fn forget_changes(&mut self, refused: Refused) {
        self.changes.epoch += 1;
        self.changes.refused = refused;
    }

    /// Anybody who is there.
    fn somebody(&self) -> Option<u32> {
        let people = self.organisation.people();
        let draw = |nth: u64| {
            let parts = [chance::text("turnover"), self.changes.log.len() as u64, nth];
            chance::below(self.seed, &parts, people.len().max(1) as u64) as usize
        };
        let mut drawn = (0..1_000).filter_map(|nth| people.get(draw(nth)));
        drawn.find(|person| !person.has_left()).map(|person| person.number)
    }

    /// `GET /users/delta`.
    pub fn users_delta(&mut self, caller: &Caller<'_>, query: Result<PeopleQuery, Answer>, now: Timestamp) -> Answer {
        let request = Request::on(DELTA).charged_to(None, DELTA_COST);
        let answer = self.serve(caller, request, now, |world| {
            let query = query?;
            query.check_fields()?;
            world.round(&query, now)
        });
        answer.with_header("x-ms-resource-unit", DELTA_COST.to_string())
    }

    fn round(&self, query: &PeopleQuery, now: Timestamp) -> Result<Answer, Answer> {
        let given_at = now.timestamp();
        let fresh = |kind, from, to| Token {
            kind,
            from,
            to,
            given_at,
            epoch: self.changes.epoch,
            select: query.select.join(","),
        };
        let here = self.changes.log.len();
        let token = match (query.delta_token.as_deref(), query.skip_token.as_deref()) {
            (Some("latest"), _) => return Ok(self.page_of_changes(&[], &[], None, &fresh(Kind::Delta, here, here))),
            (Some(token), _) | (None, Some(token)) => Token::read(token)
                .ok_or_else(|| Answer::graph_error(400, "Request_BadRequest", "The specified token is not valid."))?,
            (None, None) => fresh(Kind::Everybody, 0, here),
        };
        let days_old = (given_at - token.given_at) / 86_400;
        if token.epoch != self.changes.epoch || days_old >= TOKEN_DAYS {
            return Err(self.refuse_token(&token));
        }
        let select: Vec<String> =
            token.select.split(',').filter(|field| !field.is_empty()).map(str::to_owned).collect();
        let next =
            |from, to, kind| Token { kind, from, to, given_at, epoch: self.changes.epoch, select: select.join(",") };
        let people = self.organisation.people();
        if token.kind == Kind::Everybody {
            let until = (token.from + PAGE).min(people.len());
            let page: Vec<u32> =
                people[token.from.min(until)..until].iter().filter(|it| !it.has_left()).map(|it| it.number).collect();
            let more = (until < people.len()).then(|| next(until, token.to, Kind::Everybody));
            return Ok(self.page_of_changes(&page, &select, more, &next(token.to, token.to, Kind::Delta)));
        }
        // The last few before the token come again at times.
        let again = if token.kind == Kind::Delta {
            chance::below(self.seed, &[chance::text("replay"), token.from as u64], 4) as usize
        } else {
            0
        };
        let to = if token.kind == Kind::Delta { here } else { token.to.min(here) };
        let from = token.from.min(to);
        // Nothing new, nothing again.
        let from = if from < to { from - again.min(from) } else { from };
        let until = (from + PAGE).min(to);
        let more = (until < to).then(|| next(until, to, Kind::Changes));
        let page = &self.changes.log[from..until];
        Ok(self.page_of_changes(page, &select, more, &next(to, to, Kind::Delta)))
    }

    fn page_of_changes(&self, page: &[u32], select: &[String], more: Option<Token>, later: &Token) -> Answer {
        let show = |number: &u32| {
            let person = self.organisation.person(*number);
            match person.departure {
                Some(departure) => {
                    let reason = if departure == Departure::Deleted { "deleted" } else { "changed" };
                    json!({"id": person.id, "@removed": {"reason": reason}})
                }
                None => shown(&PeopleQuery { select: select.to_vec(), ..PeopleQuery::default() }.show(person)),
            }
        };
        let context = format!("{}/v1.0/$metadata#users", self.graph_url);
        let mut body = json!({"@odata.context": context, "value": page.iter().map(show).collect::<Vec<_>>()});
        let link =
            |name: &str, token: &Token| format!("{}/v1.0/users/delta?${name}={}", self.graph_url, token.written());
        match more {
            Some(more) => body["@odata.nextLink"] = json!(link("skiptoken", &more)),
            None => body["@odata.deltaLink"] = json!(link("deltatoken", later)),
        }
        Answer::json(200, body)
    }

    fn refuse_token(&self, token: &Token) -> Answer {
        let is_old = token.epoch == self.changes.epoch;
        let refused = if is_old { Refused::Gone } else { self.changes.refused };
        match refused {
            Refused::Gone => {
                let afresh = format!("{}/v1.0/users/delta?$select={}", self.graph_url, token.select);
                Answer::graph_error(410, "syncStateNotFound", "The sync state generation is not found.")
                    .with_header("Location", afresh)
            }
            Refused::SyncStateNotFound => {
                Answer::graph_error(400, "syncStateNotFound", "The sync state generation is not found.")
            }
            Refused::ResyncRequired => Answer::graph_error(400, "resyncRequired", "Resync required."),
        }
    }
}

/// A property that was never set is not there at all.
fn shown(person: &Value) -> Value {
    let members = person.as_object().into_iter().flatten();
    Value::Object(
        members.filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())).collect(),
    )
}
