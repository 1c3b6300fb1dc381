//! Renders `docs/teams.md`: what must work with Teams, each row with the request as the simulated Teams recorded it and
//! the tests that exercise it. Every request is made by the real client, over HTTP, when this test runs.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use stentor::adapters::teams::{AppHolder, CloudProfile, SecretSource, TeamsClient, TeamsClientSettings};
use stentor::domain::content::Content;
use stentor::domain::ids::{ConversationId, EntraId, GroupId, MessageId, RequestId, TeamsAppId};
use stentor::domain::notification::{NamedBy, Notification, Scope, Topic};
use stentor::domain::outcome::{Fact, Outcome};
use stentor::domain::time::{Monotonic, Timestamp};
use stentor::ports::{Clock, Messenger, Notified, Pending, Random, Request};
use stentor::simulator::Simulator;
use stentor::simulator::people::Standing;
use stentor::simulator::settings::SimulatorSettings;
use stentor::simulator::transcript::Exchange;

#[path = "teams_page/rows.rs"]
mod rows;

const LATER: Monotonic = Monotonic::from_origin(Duration::from_secs(1 << 40));
const CHAIN: i64 = 1_793_610_000_123;

/// A clock that moves only when it is told to, so that the page is the same every time.
struct HandClock(Mutex<Duration>);

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        "2026-11-02T09:00:00.123Z".parse::<Timestamp>().unwrap() + *self.0.lock().unwrap()
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::from_origin(*self.0.lock().unwrap())
    }

    fn sleep_until(&self, _: Monotonic) -> Pending<()> {
        Box::pin(std::future::ready(()))
    }
}

/// Counts, which is chance enough here.
struct Counter(AtomicU64);

impl Random for Counter {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// A simulated Teams and the client that speaks to it.
struct Stage {
    simulator: Simulator,
    clock: Arc<HandClock>,
    random: Arc<Counter>,
    client: TeamsClient,
    settings: SimulatorSettings,
}

impl Stage {
    async fn set() -> Self {
        let mut settings = SimulatorSettings { people: 400, transcript_max: 1000, ..SimulatorSettings::default() };
        let more = ["TeamsAppInstallation.ReadWriteSelfForTeam.All", "Channel.ReadBasic.All", "Chat.ReadBasic.All"];
        settings.permissions.extend(more.map(str::to_owned));
        let clock = Arc::new(HandClock(Mutex::new(Duration::ZERO)));
        let random = Arc::new(Counter(AtomicU64::new(1)));
        let simulator = Simulator::start(settings.clone(), clock.clone()).await.unwrap();
        let client = Self::client(&simulator, &settings, &clock, &random, None);
        Self { simulator, clock, random, client, settings }
    }

    fn client(
        simulator: &Simulator,
        settings: &SimulatorSettings,
        clock: &Arc<HandClock>,
        random: &Arc<Counter>,
        app_holder: Option<AppHolder>,
    ) -> TeamsClient {
        let url = |text: String| text.parse().unwrap();
        let cloud =
            CloudProfile::custom(url(simulator.login_url()), url(simulator.graph_url()), url(simulator.bot_url()));
        let secret = SecretSource::Value(settings.client_secret.clone().into());
        let manifest = settings.external_id.to_string();
        let client = TeamsClientSettings::new(cloud, settings.tenant, settings.app, secret, manifest);
        TeamsClient::new(TeamsClientSettings { app_holder, ..client }, clock.clone(), random.clone()).unwrap()
    }

    fn id(&self) -> RequestId {
        RequestId::new(self.random.next_u64(), self.random.next_u64())
    }

    /// What the simulator records while `ask` asks.
    async fn recorded<T>(&self, ask: impl Future<Output = T>) -> (T, Vec<Exchange>) {
        // Long enough apart that no quota stands in the way.
        *self.clock.0.lock().unwrap() += Duration::from_secs(10);
        self.client.warm_up(true).await.unwrap();
        let world = self.simulator.world();
        world.lock().unwrap().transcript_mut().restart(1000);
        let answer = ask.await;
        let exchanges = world.lock().unwrap().transcript().exchanges().cloned().collect();
        (answer, exchanges)
    }

    /// Makes one request; it must succeed.
    async fn make(&self, request: Request) -> (Outcome, Exchange) {
        let (answer, exchanges) = self.recorded(self.client.perform(&request, self.id(), LATER)).await;
        let [exchange] = exchanges.as_slice() else { panic!("one request for {request:?}: {exchanges:?}") };
        assert!((200..300).contains(&exchange.status), "{request:?}: {answer:?}");
        (answer.outcome, exchange.clone())
    }

    fn someone(&self, standing: Standing) -> (EntraId, String) {
        let world = self.simulator.world();
        let world = world.lock().unwrap();
        let person = world.organisation().people().iter().find(|person| person.standing == standing).unwrap();
        (EntraId(person.id), person.principal_name())
    }

    fn team(&self, name: &str) -> GroupId {
        let world = self.simulator.world();
        let world = world.lock().unwrap();
        GroupId(world.groups().iter().find(|group| group.name == name).unwrap().id)
    }

    /// Somebody with Teams who belongs to the team.
    fn member(&self, team: GroupId) -> (EntraId, String) {
        let world = self.simulator.world();
        let world = world.lock().unwrap();
        let members = world.members_of(team.0);
        let mut people = world.organisation().people().iter();
        let person = people.find(|person| members.contains(&person.id) && person.standing == Standing::Warm).unwrap();
        (EntraId(person.id), person.principal_name())
    }

    /// As the real services would have been asked.
    fn published(&self, text: &str) -> String {
        text.replace(&self.simulator.graph_url(), "https://graph.microsoft.com")
            .replace(&self.simulator.bot_url(), "https://smba.trafficmanager.net/teams")
    }

    /// One request, as it stands on the page.
    fn shown(&self, what: &str, exchange: &Exchange) -> String {
        let (path, query) = exchange.path.split_once('?').unwrap_or((&exchange.path, ""));
        let colon = if what.ends_with('?') { "" } else { ":" };
        let mut shown = format!("{what}{colon}\n\n```http\n{} {path}\n", exchange.method);
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            shown += &format!("  {name}={value}\n");
        }
        if exchange.body != Value::Null {
            shown += &format!("\n{}\n", serde_json::to_string_pretty(&exchange.body).unwrap());
        }
        shown += &format!("\n→ {}\n```\n\n", exchange.status);
        self.published(&shown)
    }
}

/// The words of every message on the page.
fn card() -> Arc<str> {
    let content = Content { title: "Offices close at noon".into(), body: "On Friday.".into(), ..Content::default() };
    content.activity(false).to_string().into()
}

fn chat_of(outcome: Outcome) -> ConversationId {
    let Outcome::Learnt(Fact::Chat(chat)) = outcome else { panic!("{outcome:?}") };
    chat
}

fn message_of(outcome: Outcome) -> MessageId {
    let Outcome::Accepted { message_id: Some(message) } = outcome else { panic!("{outcome:?}") };
    message
}

fn notification() -> Notification {
    Notification {
        activity_type: "announcementPublished".to_owned(),
        preview: "Offices close at noon on Friday".to_owned(),
        parameters: vec![("title".to_owned(), "Offices close at noon on Friday".to_owned())],
        ..Notification::default()
    }
}

async fn render() -> String {
    let stage = Stage::set().await;
    let mut page = rows::HEAD.to_owned();
    for row in [
        rows::finding_the_app(&stage).await,
        rows::installing(&stage).await,
        rows::chats(&stage).await,
        rows::events(),
        rows::messages(&stage).await,
        rows::feeds_in_a_team(&stage).await,
        rows::feeds_elsewhere(&stage).await,
        rows::permissions(&stage).await,
        rows::clouds(),
    ] {
        page += &row;
    }
    page.trim_end().to_owned() + "\n"
}

#[tokio::test]
async fn the_page_of_teams_shows_every_request_as_it_was_recorded() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/teams.md");
    let rendered = render().await;
    if std::env::var_os("STENTOR_WRITE_DOCS").is_some() {
        std::fs::write(path, &rendered).unwrap();
    }
    let page = std::fs::read_to_string(path).unwrap_or_default();
    assert!(page == rendered, "docs/teams.md is stale: `make docs` writes it again");
}
