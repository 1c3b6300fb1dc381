//! The small Teams, asked with literal requests of the vendor's documents.
//!
//! Time stands still unless a test moves it, so that "the 31st request within a second" does not depend on
//! how busy the machine is.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder, Response};
use serde_json::{Value, json};
use stentor::domain::time::{Monotonic, Timestamp};
use stentor::ports::{Clock, Pending};
use stentor::simulator::people::Standing;
use stentor::simulator::{FaultPlan, Simulator, SimulatorSettings};

#[path = "simulator/connector.rs"]
mod connector;
#[path = "simulator/control.rs"]
mod control;
#[path = "simulator/directory.rs"]
mod directory;
#[path = "simulator/entra.rs"]
mod entra;
#[path = "simulator/feed.rs"]
mod feed;
#[path = "simulator/installation.rs"]
mod installation;
#[path = "simulator/misfortune.rs"]
mod misfortune;
#[path = "simulator/recall.rs"]
mod recall;
#[path = "simulator/registration.rs"]
mod registration;
#[path = "simulator/sign_in.rs"]
mod sign_in;
#[path = "simulator/teams.rs"]
mod teams;
#[path = "simulator/transcript.rs"]
mod transcript;

const TENANT: &str = "11111111-1111-4111-8111-111111111111";
const APP: &str = "22222222-2222-4222-8222-222222222222";
const EXTERNAL: &str = "33333333-3333-4333-8333-333333333333";
const CATALOGUE: &str = "44444444-4444-4444-8444-444444444444";

/// A clock that a test moves by hand.
#[derive(Debug)]
struct StillClock(Mutex<Timestamp>);

impl StillClock {
    fn advance(&self, by: Duration) {
        *self.0.lock().expect("no test panics while it moves the clock") += by;
    }
}

impl Clock for StillClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("no test panics while it moves the clock")
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::ZERO
    }

    fn sleep_until(&self, _: Monotonic) -> Pending<()> {
        Box::pin(std::future::ready(()))
    }
}

/// A running simulator, somebody to ask it, and both tokens.
struct Stage {
    simulator: Simulator,
    clock: Arc<StillClock>,
    client: Client,
    graph_token: String,
    bot_token: String,
}

impl Stage {
    async fn set(settings: SimulatorSettings) -> Self {
        let start = Timestamp::from_timestamp_millis(1_793_610_000_123).expect("an instant of 2026");
        let clock = Arc::new(StillClock(Mutex::new(start)));
        let simulator = Simulator::start(settings, clock.clone()).await.expect("a free port of the loopback");
        let client = Client::builder().no_proxy().build().expect("a plain client");
        let mut stage = Self { simulator, clock, client, graph_token: String::new(), bot_token: String::new() };
        stage.renew_tokens().await;
        stage
    }

    async fn plain() -> Self {
        Self::set(settings()).await
    }

    async fn renew_tokens(&mut self) {
        self.graph_token = self.new_token(TENANT, "https://graph.microsoft.com/.default").await;
        self.bot_token = self.new_token(TENANT, "https://api.botframework.com/.default").await;
    }

    async fn new_token(&self, tenant: &str, scope: &str) -> String {
        let answer = Told::by(self.token(tenant, APP, "simulated-secret", scope)).await;
        answer.body["access_token"].as_str().unwrap_or_else(|| panic!("no token: {}", answer.body)).to_owned()
    }

    fn token(&self, tenant: &str, app: &str, secret: &str, scope: &str) -> RequestBuilder {
        let form =
            [("grant_type", "client_credentials"), ("client_id", app), ("client_secret", secret), ("scope", scope)];
        self.client.post(format!("{}/{tenant}/oauth2/v2.0/token", self.simulator.login_url())).form(&form)
    }

    fn graph(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}/v1.0{path}", self.simulator.graph_url())).bearer_auth(&self.graph_token)
    }

    fn bot(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.simulator.bot_url())).bearer_auth(&self.bot_token)
    }

    async fn pull(&self, string: &str, order: Value) -> Told {
        Told::by(self.client.post(format!("{}/_simulator/{string}", self.simulator.base_url())).json(&order)).await
    }

    async fn look(&self, what: &str) -> Told {
        Told::by(self.client.get(format!("{}/_simulator/{what}", self.simulator.base_url()))).await
    }

    /// The id of the nth person who stands like this.
    fn someone(&self, standing: Standing, nth: usize) -> String {
        let world = self.simulator.world();
        let world = world.lock().expect("no request panics");
        let mut alike = world.organisation().people().iter().filter(|person| person.standing == standing);
        alike.nth(nth).expect("the organisation has people of every kind").id.to_string()
    }

    async fn install(&self, user: &str) -> Told {
        Told::by(self.graph(Method::POST, &format!("/users/{user}/teamwork/installedApps")).json(&bind(CATALOGUE)))
            .await
    }

    async fn check(&self, user: &str) -> Told {
        let query = format!("$expand=teamsApp&$filter=teamsApp/id%20eq%20'{CATALOGUE}'");
        Told::by(self.graph(Method::GET, &format!("/users/{user}/teamwork/installedApps?{query}"))).await
    }

    async fn resolve(&self, user: &str, installation: &str) -> Told {
        let installation = installation.replace('=', "%3D").replace('+', "%2B").replace('/', "%2F");
        Told::by(self.graph(Method::GET, &format!("/users/{user}/teamwork/installedApps/{installation}/chat"))).await
    }

    async fn send(&self, user: &str, activity: &Value) -> Told {
        Told::by(self.sending(user, activity)).await
    }

    fn sending(&self, user: &str, activity: &Value) -> RequestBuilder {
        let path = format!("v3/conversations/{}/activities", encoded(&chat_of(user)));
        self.bot(Method::POST, &path).json(activity)
    }
}

/// An answer, read to its end.
#[derive(Debug)]
struct Told {
    status: u16,
    headers: reqwest::header::HeaderMap,
    text: String,
    body: Value,
}

impl Told {
    async fn by(request: RequestBuilder) -> Self {
        let response: Response = request.send().await.expect("an answer");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("a whole body");
        let body = serde_json::from_str(&text).unwrap_or_default();
        Self { status, headers, text, body }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    fn message(&self) -> &str {
        self.body["error"]["message"].as_str().unwrap_or_default()
    }
}

fn settings() -> SimulatorSettings {
    SimulatorSettings { people: 400, ..SimulatorSettings::default() }
}

fn with_faults(faults: FaultPlan) -> SimulatorSettings {
    SimulatorSettings { faults, ..settings() }
}

fn bind(app: &str) -> Value {
    json!({"teamsApp@odata.bind": format!("https://graph.microsoft.com/v1.0/appCatalogs/teamsApps/{app}")})
}

fn card(text: &str) -> Value {
    json!({
        "type": "message",
        "summary": text,
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "content": {"type": "AdaptiveCard", "version": "1.5",
                "body": [{"type": "TextBlock", "text": text, "wrap": true}]}
        }],
        "channelData": {"notification": {"alert": true}}
    })
}

/// The observed form of a chat id: both ids in order.
fn chat_of(user: &str) -> String {
    let (first, second) = if APP < user { (APP, user) } else { (user, APP) };
    format!("19:{first}_{second}@unq.gbl.spaces")
}

fn encoded(id: &str) -> String {
    id.replace(':', "%3A").replace('@', "%40").replace('=', "%3D")
}
