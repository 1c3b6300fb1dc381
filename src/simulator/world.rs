//! Teams as a value: one tenant, its people, what is installed for whom, and what everybody received.
//!
//! No socket, no clock and no thread. Every request comes with the instant at which it arrives and gets a
//! decision, so the same world serves real HTTP under the real clock and a test under a virtual one.
//!
//! Every request takes the same way (`World::serve`): it is entered in the ledger; its token is looked
//! at; the quotas count it; its permission is checked; misfortune is drawn; and then, perhaps, it happens.

mod apps;
mod changes;
mod chats;
mod directory;
mod events;
mod feed;
mod groups;
mod own_chats;
mod posts;
mod proofs;
mod sign_in;
mod team_apps;
mod teams;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use serde_json::Value;
use uuid::Uuid;

pub use self::apps::AppQuery;
use self::changes::Changes;
pub use self::changes::{Refused, Turnover};
pub use self::chats::{Asked, Opening};
pub use self::directory::PeopleQuery;
use self::feed::Feed;
pub use self::feed::{Notice, Said};
pub use self::posts::{Posting, answered};
pub use self::teams::Wanted;
use super::answer::{Answer, Api, Body};
use super::bucket::Bucket;
use super::chance;
use super::channels::Channels;
use super::clouds;
use super::entra::{Audience, Entra, SecretState};
use super::faults::{Fault, FaultPlan, Faults};
use super::groups::Groups;
use super::ledger::{Ledger, LedgerSummary, Received, Slip, Subject};
use super::manifest::Activities;
use super::people::{Expected, Organisation, Standing};
use super::quotas::{Quotas, Thread};
use super::settings::SimulatorSettings;
use super::transcript::Transcript;
use crate::domain::time::Timestamp;

/// Who asks: the bearer token and the caller's own number for the request.
#[derive(Debug, Clone, Copy, Default)]
pub struct Caller<'a> {
    /// The token, without the word before it.
    pub bearer: Option<&'a str>,
    /// `client-request-id`, or whatever the caller sends in its place.
    pub request_id: Option<&'a str>,
}

/// One message in somebody's chat with the bot, or in a channel.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its number, in milliseconds of the epoch; unique within the chat or channel.
    pub activity_id: i64,
    /// What it says at present.
    pub content: Arc<Value>,
    /// Whether the bot took it back.
    pub is_recalled: bool,
    /// How often it was changed.
    pub updates: u32,
    /// In a channel, the first post of the thread that it is an answer in.
    pub answers: Option<i64>,
    /// Where the ledger has it; nowhere since the ledger was reset.
    slip: Option<Slip>,
}

/// What Teams keeps for one person.
#[derive(Debug, Clone, Default)]
struct Home {
    installation: Option<Installation>,
    installs: u32,
    has_chat: bool,
    inbox: Vec<Message>,
}

#[derive(Debug, Clone, Copy)]
struct Installation {
    visible_at: Timestamp,
}

/// What kind of request this is; the same for every request of one road.
#[derive(Debug, Clone, Copy)]
struct Road {
    api: Api,
    bucket: Bucket,
    method: &'static str,
    path: &'static str,
    /// One of these roles opens it; empty means that none is needed.
    roles: &'static [&'static str],
}

/// One request on its road.
#[derive(Debug, Clone)]
struct Request {
    road: Road,
    subject: Subject,
    thread: Thread,
    cost: usize,
    /// What misfortune goes by when no single subject tells requests apart.
    key: u64,
}

/// A time in which one bucket is refused, called for by hand.
#[derive(Debug, Clone, Copy)]
struct Refusal {
    until: Timestamp,
    retry_after: Duration,
}

/// The whole of the small Teams.
#[derive(Debug, Clone)]
pub struct World {
    seed: u64,
    tenant: Uuid,
    app: Uuid,
    external_id: Uuid,
    catalogue_id: Uuid,
    uploads: u64,
    created_at: Timestamp,
    graph_url: String,
    bot_url: String,
    organisation: Organisation,
    groups: Groups,
    channels: Channels,
    /// What stands in each channel, by its place.
    posts: Vec<Vec<Message>>,
    /// Feeds into which something came.
    feeds: BTreeMap<u32, Feed>,
    activities: Activities,
    shares_entra_app: bool,
    transcript: Transcript,
    teams_with_app: BTreeSet<Uuid>,
    changes: Changes,
    homes: Vec<Home>,
    entra: Entra,
    quotas: Quotas,
    faults: Faults,
    refusals: HashMap<Bucket, Refusal>,
    ledger: Ledger,
    bot: BotState,
    served: u64,
    /// What is to be told to the bot; absent while nobody listens.
    outbox: Option<events::Outbox>,
    /// Whom a policy has come to keep the app from.
    forbidden: BTreeSet<u32>,
    /// How often a policy has kept the app from somebody; absent while no administrator looks at it.
    kept_out: Option<BTreeMap<u32, u32>>,
}

/// How the bot itself is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotState {
    /// Registered, with its Teams channel on.
    #[default]
    Enabled,
    /// The tenant's administrator switched it off.
    Disabled,
    /// Not registered, or without its Teams channel.
    Unregistered,
}

impl World {
    /// A world in which nothing has happened yet, at `now`.
    pub fn new(settings: &SimulatorSettings, now: Timestamp) -> Self {
        let organisation = Organisation::generate(settings.seed, settings.people, &settings.shares, settings.warm)
            .with_plan(clouds::plan(&settings.tls_names));
        let entra = Entra::new(settings, &organisation);
        let homes = organisation.people().iter().map(|person| Home::at_first(person.standing, now)).collect();
        let groups = Groups::generate(settings.seed);
        let channels = Channels::generate(settings.seed, &groups);
        Self {
            seed: settings.seed,
            tenant: settings.tenant,
            app: settings.app,
            external_id: settings.external_id,
            catalogue_id: settings.catalogue_id,
            uploads: 1,
            created_at: now,
            graph_url: "https://graph.microsoft.com".to_owned(),
            bot_url: "https://smba.trafficmanager.net/teams/".to_owned(),
            organisation,
            groups,
            posts: vec![Vec::new(); channels.all().len()],
            channels,
            feeds: BTreeMap::new(),
            activities: settings.activities.clone(),
            shares_entra_app: settings.shares_entra_app,
            transcript: Transcript::of_last(settings.transcript_max),
            teams_with_app: BTreeSet::new(),
            changes: Changes::default(),
            homes,
            entra,
            quotas: Quotas::new(settings.people, settings.quota_factor),
            faults: Faults::new(settings.seed, settings.faults.clone()),
            refusals: HashMap::new(),
            ledger: Ledger::default(),
            bot: BotState::default(),
            served: 0,
            outbox: None,
            forbidden: BTreeSet::new(),
            kept_out: None,
        }
    }

    /// The same world under other addresses, which appear in its links.
    pub fn reached_at(mut self, graph_url: &str, bot_url: &str) -> Self {
        graph_url.clone_into(&mut self.graph_url);
        bot_url.clone_into(&mut self.bot_url);
        self
    }

    /// Everybody.
    pub const fn organisation(&self) -> &Organisation {
        &self.organisation
    }

    /// What a run over everybody must end with.
    pub const fn expected(&self) -> Expected {
        self.organisation.expected()
    }

    /// What really happened.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What really happened, in numbers.
    pub fn ledger_summary(&self) -> LedgerSummary {
        self.ledger.summary()
    }

    /// What stands in this person's chat with the bot.
    pub fn inbox(&self, person: u32) -> &[Message] {
        self.homes.get(person as usize).map_or(&[], |home| &home.inbox)
    }

    /// The id of the app in the catalogue at present.
    pub const fn catalogue_id(&self) -> Uuid {
        self.catalogue_id
    }

    /// The permissions consented to at present.
    pub fn permissions(&self) -> Vec<String> {
        self.entra.permissions().iter().cloned().collect()
    }

    /// The plan of misfortunes in force.
    pub const fn fault_plan(&self) -> &FaultPlan {
        self.faults.plan()
    }

    /// Puts another plan of misfortunes in force.
    pub fn set_faults(&mut self, plan: FaultPlan) {
        self.faults.replace(plan);
    }

    /// Forgets what was received and delivered. Chats, channels, feeds and installations stay.
    pub fn reset_ledger(&mut self) {
        self.ledger = Ledger::default();
        let inboxes = self.homes.iter_mut().map(|home| &mut home.inbox);
        for message in inboxes.chain(&mut self.posts).flatten() {
            message.slip = None;
        }
    }

    /// The last requests, word for word.
    pub const fn transcript(&self) -> &Transcript {
        &self.transcript
    }

    /// The same, to write into or to switch on and off.
    pub const fn transcript_mut(&mut self) -> &mut Transcript {
        &mut self.transcript
    }

    /// Changes what the token endpoint thinks of the client secret.
    pub const fn set_secret(&mut self, state: SecretState) {
        self.entra.set_secret(state);
    }

    /// Switches the bot on or off.
    pub const fn set_bot(&mut self, state: BotState) {
        self.bot = state;
    }

    /// Makes every token that is out worthless.
    pub fn revoke_tokens(&mut self) {
        self.entra.revoke_tokens();
    }

    /// Gives or takes one application permission; it shows in tokens issued afterwards.
    pub fn consent(&mut self, role: &str, is_granted: bool) {
        self.entra.consent(role, is_granted);
    }

    /// Refuses every request of `bucket` with 429 and this `Retry-After`, from `now` for so long.
    ///
    /// Returns when that ends.
    pub fn refuse(&mut self, bucket: Bucket, wait: Duration, retry_after: Duration, now: Timestamp) -> Timestamp {
        let until = after(now, wait);
        self.refusals.insert(bucket, Refusal { until, retry_after });
        until
    }

    /// Deletes the app from the catalogue and uploads it again: another id, and nobody has it any more.
    ///
    /// The chats stay, as they do after an uninstall. The new id depends on the seed alone.
    pub fn reupload(&mut self) -> Uuid {
        self.uploads += 1;
        self.catalogue_id = chance::uuid(self.seed, &[chance::text("catalogue"), self.uploads]);
        for home in &mut self.homes {
            home.installation = None;
        }
        self.teams_with_app.clear();
        self.catalogue_id
    }

    /// `POST /{tenant}/oauth2/v2.0/token`.
    pub fn token(
        &mut self,
        caller: &Caller<'_>,
        tenant: &str,
        form: Result<&BTreeMap<String, String>, Answer>,
        now: Timestamp,
    ) -> Answer {
        const ROAD: Road = Road {
            api: Api::Entra,
            bucket: Bucket::Token,
            method: "POST",
            path: "/{tenant}/oauth2/v2.0/token",
            roles: &[],
        };
        self.serve(caller, Request::on(ROAD), now, |world| {
            Ok(world.entra.token(tenant, form?, (&world.graph_url, &world.bot_url), now))
        })
    }

    /// A request to an address that does not exist. `path` is what it was taken for.
    pub fn unknown(&mut self, caller: &Caller<'_>, api: Api, path: &str, now: Timestamp) -> Answer {
        let road = Road { api: Api::Entra, bucket: Bucket::Other, method: "*", path: "*", roles: &[] };
        let request = Request { subject: Subject::Unknown(path.into()), ..Request::on(road) };
        self.serve(caller, request, now, |_| match api {
            Api::Graph => Err(Answer::graph_error(404, "ResourceNotFound", "Resource not found for the segment.")),
            Api::Entra | Api::Connector => Err(Answer::empty(404)),
        })
    }

    /// The way that every request takes.
    fn serve(
        &mut self,
        caller: &Caller<'_>,
        request: Request,
        now: Timestamp,
        effect: impl FnOnce(&mut Self) -> Result<Answer, Answer>,
    ) -> Answer {
        self.served += 1;
        let entry = self.ledger.receive(Received {
            at: now,
            bucket: request.road.bucket,
            method: request.road.method,
            path: request.road.path,
            subject: request.subject.clone(),
            request_id: caller.request_id.map(Into::into),
            status: 0,
            is_lost: false,
        });
        let mut answer = match self.admit(caller, &request, now) {
            Ok(()) => self.happen(&request, effect),
            Err(refusal) => refusal,
        };
        if request.road.api == Api::Graph {
            let id = chance::uuid(self.seed, &[chance::text("request"), self.served]).to_string();
            answer.stamp_graph(&id, caller.request_id, now);
        }
        self.ledger.answer(entry, answer.status, answer.is_lost);
        answer
    }

    fn admit(&mut self, caller: &Caller<'_>, request: &Request, now: Timestamp) -> Result<(), Answer> {
        let api = request.road.api;
        let has_role = match api {
            Api::Entra => true,
            Api::Graph | Api::Connector => self.authenticate(caller, &request.road, now)?,
        };
        self.pace(request, now)?;
        if has_role { Ok(()) } else { Err(self.missing_role(caller, &request.road, now)) }
    }

    /// Whether the token has one of the roles of this road.
    fn authenticate(&self, caller: &Caller<'_>, road: &Road, now: Timestamp) -> Result<bool, Answer> {
        let grant = caller.bearer.and_then(|token| self.entra.grant(token, now));
        let wanted = if road.api == Api::Graph { Audience::Graph } else { Audience::Bot };
        match grant.filter(|grant| grant.audience == wanted && grant.is_from_own_tenant) {
            Some(grant) => {
                let has = |role: &&str| grant.roles.iter().any(|granted| granted == role);
                Ok(road.roles.is_empty() || road.roles.iter().any(has))
            }
            None if wanted == Audience::Bot => Err(Answer::connector_denied()),
            None => {
                let text = match caller.bearer {
                    None | Some("") => "Access token is empty.",
                    Some(_) => "Lifetime validation failed, the token is expired, or its audience is invalid.",
                };
                Err(Answer::graph_error(401, "InvalidAuthenticationToken", text))
            }
        }
    }

    /// Whether the caller's token has this role.
    fn has_role(&self, caller: &Caller<'_>, role: &str, now: Timestamp) -> bool {
        let grant = caller.bearer.and_then(|token| self.entra.grant(token, now));
        grant.is_some_and(|grant| grant.roles.iter().any(|granted| granted == role))
    }

    fn missing_role(&self, caller: &Caller<'_>, road: &Road, now: Timestamp) -> Answer {
        if road.bucket == Bucket::Directory {
            let text = "Insufficient privileges to complete the operation.";
            return Answer::graph_error(403, "Authorization_RequestDenied", text);
        }
        let grant = caller.bearer.and_then(|token| self.entra.grant(token, now));
        let granted = grant.map_or_else(String::new, |grant| grant.roles.join(", "));
        let text = format!(
            "Missing role permissions on the request. API requires one of '{}'. Roles on the request '{granted}'. \
             Resource specific consent grants on the request ''.",
            road.roles.join(", ")
        );
        Answer::graph_error(403, "Forbidden", text)
    }

    /// Storms first, then the quotas; both count the request.
    fn pace(&mut self, request: &Request, now: Timestamp) -> Result<(), Answer> {
        let bucket = request.road.bucket;
        let counted = self.quotas.admit(bucket, request.thread, request.cost, now);
        let age = self.ledger.first_arrival(bucket).map_or(Duration::ZERO, |first| since(first, now));
        let called_for = self.refusals.get(&bucket).filter(|refusal| refusal.until > now);
        let storm = called_for.map(|refusal| refusal.retry_after).or_else(|| self.faults.storm(bucket, age));
        let Some(wait) = storm.or(counted.err()) else { return Ok(()) };
        let nth = self.ledger.throttled(bucket);
        let is_hidden = self.faults.hides_retry_after(bucket, nth);
        let is_other_shape = chance::below(self.seed, &[chance::text("shape"), bucket as u64, nth], 4) == 0;
        let answer = Answer::throttled(request.road.api, (!is_hidden).then_some(wait), is_other_shape);
        Err(if bucket == Bucket::Directory { self.explained(answer) } else { answer })
    }

    fn explained(&self, answer: Answer) -> Answer {
        answer
            .with_header("x-ms-throttle-scope", format!("Tenant_Application/ReadWrite/{}/{}", self.app, self.tenant))
            .with_header("x-ms-throttle-information", "ResourceUnitLimitExceeded")
    }

    /// Draws misfortune, and lets the request take effect unless that forbids it.
    fn happen(&mut self, request: &Request, effect: impl FnOnce(&mut Self) -> Result<Answer, Answer>) -> Answer {
        let fault = match request.road.bucket {
            Bucket::Other => None,
            bucket => self.faults.next(bucket, request.fault_key()),
        };
        let take_effect = || effect(self).unwrap_or_else(|refusal| refusal);
        let Some(fault) = fault else { return take_effect() };
        let answer = if fault.has_effect() { take_effect() } else { Answer::empty(0) };
        misfortune(fault, request.road.api, answer)
    }

    fn home(&self, person: u32) -> &Home {
        &self.homes[person as usize]
    }

    fn home_mut(&mut self, person: u32) -> &mut Home {
        &mut self.homes[person as usize]
    }
}

impl Home {
    fn at_first(standing: Standing, now: Timestamp) -> Self {
        let has_app = matches!(standing, Standing::Warm | Standing::BlockedBot);
        Self { installation: has_app.then_some(Installation { visible_at: now }), has_chat: has_app, ..Self::default() }
    }

    fn is_visible(&self, now: Timestamp) -> bool {
        self.installation.is_some_and(|installation| installation.visible_at <= now)
    }

    fn install(&mut self, visible_at: Timestamp) {
        self.installation = Some(Installation { visible_at });
        self.installs += 1;
        self.has_chat = true;
    }
}

impl Request {
    const fn on(road: Road) -> Self {
        Self { road, subject: Subject::None, thread: Thread::None, cost: 1, key: 0 }
    }

    const fn with_key(mut self, key: u64) -> Self {
        self.key = key;
        self
    }

    /// About a person, or about an id that belongs to nobody.
    fn about(road: Road, person: Option<u32>, id: &str) -> Self {
        let subject = person.map_or_else(|| Subject::Unknown(id.into()), Subject::Person);
        Self { subject, ..Self::on(road) }
    }

    fn charged_to(mut self, thread: Option<Thread>, cost: usize) -> Self {
        self.thread = thread.unwrap_or(Thread::None);
        self.cost = cost.max(1);
        self
    }

    fn fault_key(&self) -> u64 {
        match &self.subject {
            Subject::None => chance::text(self.road.path) ^ self.key,
            Subject::Place(id) => chance::text(id) ^ chance::text(self.road.method),
            Subject::Person(person) => u64::from(*person) ^ chance::text(self.road.method),
            Subject::Unknown(id) => chance::text(id),
        }
    }
}

/// The answer that this misfortune leaves of `answer`.
fn misfortune(fault: Fault, api: Api, answer: Answer) -> Answer {
    match fault {
        Fault::LostBefore | Fault::LostAfter => answer.lost(),
        Fault::InternalBefore | Fault::InternalAfter => error_of(api, 500),
        Fault::Gateway(is_timeout) => error_of(api, if is_timeout { 504 } else { 502 }),
        Fault::Unavailable => error_of(api, 503),
        Fault::Precondition => {
            Answer::connector_error(412, "PreconditionFailed", "Precondition failed, please try again.")
        }
        Fault::InstallHiccup => Answer::graph_error(
            400,
            "BadRequest",
            "Exception in CreateOrUpdateUserAppEntitlementForTeamsAsync: the operation could not be completed.",
        ),
    }
}

fn error_of(api: Api, status: u16) -> Answer {
    let gateway = |title: &str| Answer {
        body: Body::Html(format!("<html><head><title>{status} {title}</title></head><body></body></html>")),
        ..Answer::empty(status)
    };
    match (api, status) {
        (Api::Graph, 500) => Answer::graph_error(500, "InternalServerError", "An internal server error occurred."),
        (Api::Graph, 502) => Answer::graph_error(502, "BadGateway", "Bad gateway."),
        (Api::Graph, 503) => Answer::graph_error(503, "ServiceUnavailable", "The service is temporarily unavailable."),
        (Api::Graph, _) => Answer::graph_error(504, "GatewayTimeout", "The request timed out."),
        (Api::Connector, 500) => Answer::connector_error(500, "ServiceError", "An internal error occurred."),
        (Api::Connector, 502) => Answer::connector_error(502, "ServiceError", "A service dependency failed."),
        (_, 504) => gateway("Gateway Time-out"),
        (_, status) => Answer::empty(status),
    }
}

fn since(earlier: Timestamp, later: Timestamp) -> Duration {
    (later - earlier).to_std().unwrap_or_default()
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(wait).unwrap_or(Timestamp::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::simulator::activity::Activity;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_timestamp_millis(millis).expect("a small number is an instant")
    }

    fn token(world: &mut World, scope: &str) -> String {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", "22222222-2222-4222-8222-222222222222"),
            ("client_secret", "simulated-secret"),
            ("scope", scope),
        ];
        let form = fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let tenant = world.tenant.to_string();
        match world.token(&Caller::default(), &tenant, Ok(&form), at(0)).body {
            Body::Json(body) => body["access_token"].as_str().unwrap_or_default().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_world_serves_without_a_wire_and_reaches_exactly_whom_it_expects() {
        let settings = SimulatorSettings { people: 200, quota_factor: 0.0, ..SimulatorSettings::default() };
        let mut world = World::new(&settings, at(0));
        let graph = token(&mut world, "https://graph.microsoft.com/.default");
        let bot = token(&mut world, "https://api.botframework.com/.default");
        let card = json!({"contentType": "application/vnd.microsoft.card.adaptive",
            "content": {"type": "AdaptiveCard", "version": "1.5", "body": []}});
        let activity = Activity::from_value(&json!({"type": "message", "attachments": [card]})).expect("one card");
        for person in 0..200 {
            let id = world.organisation().person(person).id.to_string();
            let caller = Caller { bearer: Some(&graph), request_id: None };
            let app = world.catalogue_id();
            world.install(&caller, &id, Ok(app), at(1_000));
            let caller = Caller { bearer: Some(&bot), request_id: None };
            let chat = world.chat_id(person);
            world.send(&caller, &chat, Ok(activity.clone()), at(5_000));
        }
        let (summary, expected) = (world.ledger_summary(), world.expected());
        assert_eq!((summary.delivered, summary.duplicates), (expected.reachable, 0));
        assert_eq!(summary.statuses[&Bucket::Install][&201], expected.without_bot as u64);
        assert_eq!(summary.statuses[&Bucket::Install][&409], (expected.warm + expected.blocked) as u64);
    }
}
