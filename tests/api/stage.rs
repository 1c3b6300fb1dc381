//! The pieces: a Postgres, a small simulated Teams, the API on a port, and a gate at which tokens say what they are.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use serde_json::Value;
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::postgres::{PgStore, schema};
use stentor::adapters::system::{SystemClock, SystemRandom};
use stentor::adapters::teams::{CloudProfile, Credential, SecretSource, TeamsClient, TeamsClientSettings};
use stentor::app::engine::EngineSettings;
use stentor::app::errand::Errand;
use stentor::app::health::Health;
use stentor::app::lookout::Lookout;
use stentor::app::people::People;
use stentor::domain::check::Check;
use stentor::domain::ids::{EntraId, TenantKey};
use stentor::domain::pacing::{Bucket, Quota};
use stentor::domain::retry::RetryPolicy;
use stentor::domain::rights::{Caller, Role, Who};
use stentor::http::api::{Api, ApiSettings, Reach};
use stentor::http::router::{Shared, router};
use stentor::http::server;
use stentor::ports::{Clock, Departure, Examiner, Gatekeeper, NotLetIn, Random, Return, Store};
use stentor::simulator::service::Simulator;
use stentor::simulator::settings::SimulatorSettings;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

/// Believes every token of the form `Author,Approver/7`: the roles, and the number of the person.
pub struct OpenGate;

#[async_trait]
impl Gatekeeper for OpenGate {
    async fn recognise_token(&self, token: &str) -> Result<Caller, NotLetIn> {
        let (roles, number) = token.split_once('/').ok_or(NotLetIn::Unproved("it is no token"))?;
        let number: u128 = number.parse().map_err(|_| NotLetIn::Unproved("it is nobody's"))?;
        let id = EntraId(Uuid::from_u128(number));
        let (name, principal_name) = (format!("Person {number}"), format!("person{number}@contoso.example"));
        let roles = roles.split(',').filter_map(Role::from_name).collect();
        Ok(Caller { who: Who::Person { id, name, principal_name }, roles })
    }

    async fn departure(&self, _: &Departure) -> Result<Url, NotLetIn> {
        Err(NotLetIn::Unknown("nobody signs in here"))
    }

    async fn arrival(&self, _: &Return) -> Result<Caller, NotLetIn> {
        Err(NotLetIn::Unknown("nobody signs in here"))
    }
}

/// Finds one thing, and that it is well.
pub struct Sound;

#[async_trait]
impl Examiner for Sound {
    async fn examine(&self, found: &mut (dyn FnMut(Check) + Send)) -> Result<(), String> {
        found(Check::ok("stage", "The stage stands"));
        Ok(())
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

pub struct Stage {
    pub url: String,
    pub api: Api,
    pub store: Arc<PgStore>,
    pub tenant: TenantKey,
    pub simulator: Simulator,
    http: reqwest::Client,
    // Dropped last: the database goes with it.
    pub _database: TestDatabase,
}

impl Stage {
    /// With so many people in the organisation, whom the record knows.
    pub async fn open(people: usize) -> Self {
        Self::open_with(people, Reach::default()).await
    }

    pub async fn open_with(people: usize, reach: Reach) -> Self {
        let database = TestDatabase::create().await;
        let store = Arc::new(PgStore::new(database.connect_options(), PoolSettings::default()));
        schema::migrate(store.database()).await.unwrap();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let settings = SimulatorSettings { people, quota_factor: 20.0, ..SimulatorSettings::default() };
        let simulator = Simulator::start(settings.clone(), Arc::clone(&clock)).await.unwrap();
        let url = |text: String| text.parse().unwrap();
        let cloud =
            CloudProfile::custom(url(simulator.login_url()), url(simulator.graph_url()), url(simulator.bot_url()));
        let secret: Credential = SecretSource::Value(settings.client_secret.clone().into()).into();
        let manifest = settings.external_id.to_string();
        let client = TeamsClientSettings::new(cloud.clone(), settings.tenant, settings.app, secret, manifest);
        let client = Arc::new(TeamsClient::new(client, Arc::clone(&clock), Arc::clone(&random)).unwrap());
        let tenant = store.tenant(settings.tenant, settings.app).await.unwrap();
        let engine = EngineSettings::default();
        let people = People {
            directory: client.clone(),
            store: store.clone(),
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            tenant,
            quota: engine.quotas[&Bucket::Directory],
            retry: RetryPolicy::default(),
            fresh_for: Duration::from_secs(900),
        };
        people.refresh(|_| {}).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (quotas, office) = (engine.quotas.clone(), store.clone());
        let lookout = Lookout::new(store.clone(), office, Arc::clone(&clock), tenant, quotas);
        let api = Api {
            lookout,
            clock,
            random,
            store: store.clone(),
            office: store.clone(),
            gate: Arc::new(OpenGate),
            people,
            readings: Errand::default(),
            examiner: Arc::new(Sound),
            examinations: Errand::default(),
            messenger: client,
            tenant,
            settings: Arc::new(ApiSettings {
                public_url: url.parse().unwrap(),
                session: Duration::from_secs(12 * 3600),
                idle: Duration::from_secs(7200),
                reach,
                quotas: engine.quotas.clone(),
                cloud,
                activity_type: "announcementPublished".to_owned(),
                request_timeout: Duration::from_secs(20),
                time_limit: Duration::from_secs(30),
                caller_rate: Quota::per_second(1000),
            }),
        };
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let shared = Shared {
            health: Health::default(),
            metrics,
            webhook: None,
            random: Arc::new(SystemRandom),
            api: Some(api.clone()),
        };
        tokio::spawn(
            async move { server::serve(listener, router(shared), CancellationToken::new(), &SystemClock).await },
        );
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { url, api, store, tenant, simulator, http, _database: database }
    }

    /// A request to `path` below `/api/v1`, as whoever `token` says; with nobody's when it is empty.
    pub fn request(&self, method: Method, path: &str, token: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.url));
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    pub async fn get(&self, path: &str, token: &str) -> Answered {
        answered(self.request(Method::GET, path, token)).await
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Answered {
        answered(self.request(Method::POST, path, token).json(body)).await
    }
}

pub async fn answered(request: reqwest::RequestBuilder) -> Answered {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answered { status, headers, body }
}
