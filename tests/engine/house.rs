//! A worker, a store and a simulated Teams under one roof.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use sqlx::AssertSqlSafe;
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::postgres::{PgStore, schema};
use stentor::adapters::system::{SystemClock, SystemRandom, is_gone, process_identity};
use stentor::adapters::teams::{
    BotDoorkeeper, CloudProfile, Credential, SecretSource, TeamsClient, TeamsClientSettings,
};
use stentor::app::engine::EngineSettings;
use stentor::app::health::Health;
use stentor::app::hear::{Ear, Replies};
use stentor::app::lease::Worker;
use stentor::app::people::People;
use stentor::app::submit::{Audience, Draft, Going, submit};
use stentor::domain::broadcast::{TOLERANCE, Treatment};
use stentor::domain::content::Content;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, TenantKey};
use stentor::domain::pacing::{Bucket, Quota};
use stentor::domain::reason::Reason;
use stentor::domain::retry::RetryPolicy;
use stentor::domain::time::{Monotonic, Timestamp};
use stentor::http::bot::Webhook;
use stentor::http::router::{Shared, router};
use stentor::ports::{BroadcastReport, Clock, Doorkeeper, Messenger, Pending, Random, Store};
use stentor::simulator::faults::FaultPlan;
use stentor::simulator::people::Shares;
use stentor::simulator::service::Simulator;
use stentor::simulator::settings::SimulatorSettings;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub const FASTER: u32 = 20;
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct House {
    pub simulator: Simulator,
    pub store: Arc<PgStore>,
    pub tenant: TenantKey,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub client: Arc<TeamsClient>,
    pub engine: EngineSettings,
    pub database: Arc<TestDatabase>,
    doorkeeper: Arc<dyn Doorkeeper>,
    entra_tenant: Uuid,
}

pub struct Working {
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
}

impl Working {
    pub async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// A clock that is wrong by as much as a test wants it to be.
struct Shifted(TimeDelta);

impl Clock for Shifted {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.0
    }

    fn monotonic(&self) -> Monotonic {
        SystemClock.monotonic()
    }

    fn sleep_until(&self, at: Monotonic) -> Pending<()> {
        SystemClock.sleep_until(at)
    }
}

pub async fn house(settings: SimulatorSettings) -> House {
    house_with(settings, Arc::new(SystemClock)).await
}

/// A house with a webhook, to which its Teams posts what happens to people.
pub async fn house_that_hears(settings: SimulatorSettings) -> House {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let webhook = format!("http://{}/api/messages", listener.local_addr().unwrap()).parse().unwrap();
    let house = house(SimulatorSettings { webhook: Some(webhook), ..settings }).await;
    let replies = Replies {
        by_language: [("en".to_owned(), "Nobody reads this.".to_owned())].into(),
        her_pause: Duration::from_secs(600),
        pause: Duration::from_secs(1),
    };
    let ear = Ear {
        clock: Arc::clone(&house.clock),
        random: Arc::clone(&house.random),
        store: house.store.clone(),
        doorkeeper: Arc::clone(&house.doorkeeper),
        messenger: house.client.clone(),
        entra_tenant: house.entra_tenant,
        tenant: house.tenant,
        replies: Arc::new(replies),
    };
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
    let random = Arc::new(stentor::adapters::system::SystemRandom);
    let shared = Shared { health: Health::default(), metrics, webhook: Some(Webhook::new(ear)), random, api: None };
    tokio::spawn(async move { axum::serve(listener, router(shared)).await });
    house
}

/// A house in which it is `now`, for everybody in it.
pub async fn house_at(settings: SimulatorSettings, now: &str) -> House {
    let now: Timestamp = now.parse().unwrap();
    let shift = now - SystemClock.now();
    let house = house_with(settings, Arc::new(Shifted(shift))).await;
    house.set_database_clock(shift).await;
    house
}

/// A house whose client proves who it is in another way than by the simulator's own secret.
pub async fn house_proved_by(settings: SimulatorSettings, credential: Credential) -> House {
    let (store, database) = ground().await;
    house_in(settings, Arc::new(SystemClock), store, database, Some(credential)).await
}

async fn house_with(settings: SimulatorSettings, clock: Arc<dyn Clock>) -> House {
    let (store, database) = ground().await;
    house_in(settings, clock, store, database, None).await
}

async fn ground() -> (Arc<PgStore>, Arc<TestDatabase>) {
    let database = Arc::new(TestDatabase::create().await);
    let store = Arc::new(PgStore::new(database.connect_options(), PoolSettings::default()));
    schema::migrate(store.database()).await.unwrap();
    (store, database)
}

async fn house_in(
    settings: SimulatorSettings,
    clock: Arc<dyn Clock>,
    store: Arc<PgStore>,
    database: Arc<TestDatabase>,
    credential: Option<Credential>,
) -> House {
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let (tenant_id, app_id, manifest) = (settings.tenant, settings.app, settings.external_id);
    let secret = || SecretSource::Value(settings.client_secret.clone().into()).into();
    let credential = credential.unwrap_or_else(secret);
    let settings = SimulatorSettings { quota_factor: f64::from(FASTER), ..settings };
    let simulator = Simulator::start(settings, Arc::clone(&clock)).await.unwrap();
    let url = |text: String| text.parse().unwrap();
    let cloud = CloudProfile::custom(url(simulator.login_url()), url(simulator.graph_url()), url(simulator.bot_url()));
    let client = TeamsClientSettings {
        request_timeout: Duration::from_secs(4),
        ..TeamsClientSettings::new(cloud, tenant_id, app_id, credential, manifest.to_string())
    };
    let doorkeeper = Arc::new(BotDoorkeeper::new(&client, Arc::clone(&clock)).unwrap());
    let client = Arc::new(TeamsClient::new(client, Arc::clone(&clock), Arc::clone(&random)).unwrap());
    let tenant = store.tenant(tenant_id, app_id).await.unwrap();
    let quick = |bucket| (bucket, Quota::per_second(if bucket == Bucket::Send { 50 } else { 30 } * FASTER));
    let engine = EngineSettings {
        quotas: Bucket::ALL.into_iter().map(quick).collect(),
        poll_every: Duration::from_millis(200),
        flush_every: Duration::from_millis(50),
        probe_every: Duration::from_secs(1),
        chunk_size: 32,
        retry: RetryPolicy { first: Duration::from_millis(200), ..RetryPolicy::default() },
        ..EngineSettings::default()
    };
    let entra_tenant = tenant_id;
    House { simulator, store, tenant, clock, random, client, engine, database, doorkeeper, entra_tenant }
}

impl House {
    pub fn people(&self) -> People {
        People {
            directory: self.client.clone(),
            store: self.store.clone(),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            tenant: self.tenant,
            quota: self.engine.quotas[&Bucket::Directory],
            retry: self.engine.retry.clone(),
            fresh_for: Duration::from_secs(900),
        }
    }

    pub async fn submit(&self, title: &str, when_in_doubt: WhenInDoubt) -> BroadcastId {
        let deadline_at = self.clock.now() + Duration::from_secs(3600);
        self.submit_until(title, when_in_doubt, deadline_at).await
    }

    pub async fn submit_until(&self, title: &str, when_in_doubt: WhenInDoubt, deadline_at: Timestamp) -> BroadcastId {
        let draft = self.draft(title, when_in_doubt, deadline_at);
        submit(&self.people(), draft, |_| {}).await.unwrap().broadcast
    }

    pub fn draft(&self, title: &str, when_in_doubt: WhenInDoubt, deadline_at: Timestamp) -> Draft {
        let content = Content { title: title.to_owned(), body: "Text".to_owned(), ..Content::default() };
        let treatment = Treatment { when_in_doubt, urgent: false, deadline_at, tolerance: TOLERANCE };
        Draft {
            content,
            going: Going::Chat,
            treatment,
            audience: Audience::Everyone,
            schedule: None,
            author: None,
            expire_after: None,
            accept_partial: false,
        }
    }

    /// Another organisation, with a Teams of its own, in the same database.
    pub async fn neighbour(&self, settings: SimulatorSettings) -> Self {
        let settings = SimulatorSettings { tenant: Uuid::from_u128(settings.tenant.as_u128() + 1), ..settings };
        let (clock, store, database) = (Arc::clone(&self.clock), Arc::clone(&self.store), Arc::clone(&self.database));
        house_in(settings, clock, store, database, None).await
    }

    pub fn worker(&self) -> Working {
        self.worker_for(&[self])
    }

    /// One worker for the tenants of several houses, by the settings of this one.
    pub fn worker_for(&self, houses: &[&Self]) -> Working {
        let messenger = |house: &&Self| (house.tenant, Arc::clone(&house.client) as Arc<dyn Messenger>);
        let messengers: BTreeMap<TenantKey, Arc<dyn Messenger>> = houses.iter().map(messenger).collect();
        let tenants = messengers.keys().copied().collect();
        let worker = Worker {
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            store: self.store.clone(),
            messengers: Arc::new(move |tenant| Arc::clone(&messengers[&tenant])),
            tenants,
            settings: Arc::new(self.engine.clone()),
            process: process_identity(&*self.random),
            is_gone: Arc::new(is_gone),
            health: Health::default(),
        };
        let stop = CancellationToken::new();
        let task = {
            let stop = stop.clone();
            tokio::spawn(async move { worker.run(stop).await.unwrap() })
        };
        Working { stop, task }
    }

    pub async fn report(&self, id: BroadcastId) -> BroadcastReport {
        let report = self.store.report(self.tenant, id).await.unwrap().unwrap();
        assert!(report.progress.adds_up(), "{:?}", report.progress);
        report
    }

    /// Waits until the report satisfies `wanted`; the sum must hold at every look.
    pub async fn until(&self, id: BroadcastId, wanted: impl Fn(&BroadcastReport) -> bool) -> BroadcastReport {
        let give_up_at = self.clock.monotonic() + PATIENCE;
        loop {
            let report = self.report(id).await;
            if wanted(&report) {
                return report;
            }
            assert!(self.clock.monotonic() < give_up_at, "it never came: {report:?}");
            self.pause(Duration::from_millis(50)).await;
        }
    }

    pub async fn until_done(&self, id: BroadcastId) -> BroadcastReport {
        self.until(id, |report| report.state.is_final()).await
    }

    pub fn pause(&self, duration: Duration) -> impl Future<Output = ()> + use<> {
        self.clock.sleep_until(self.clock.monotonic() + duration)
    }

    pub async fn reasons(&self, id: BroadcastId) -> BTreeMap<(Settlement, Reason), u64> {
        let rows = self.store.reasons(self.tenant, id).await.unwrap();
        rows.into_iter().map(|(settlement, reason, count)| ((settlement, reason), count)).collect()
    }

    pub async fn control(&self, path: &str, body: serde_json::Value) {
        let url = format!("{}/_simulator/{path}", self.simulator.base_url());
        let answer = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Sets the database's clock forward or back: what a test may do to it, and nothing else.
    pub async fn set_database_clock(&self, by: TimeDelta) {
        let by = by.num_microseconds().unwrap();
        let sql = format!(
            "create or replace function lease_now() returns timestamptz language sql volatile as \
             'select clock_timestamp() + interval ''{by} microseconds'''"
        );
        let run = async |conn: &mut sqlx::PgConnection| {
            sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(conn).await.map(drop)
        };
        self.store.database().run("test", run).await.unwrap();
    }

    /// The same house on another database.
    pub fn on(self, database: TestDatabase) -> Self {
        let store = Arc::new(PgStore::new(database.connect_options(), PoolSettings::default()));
        Self { store, database: Arc::new(database), ..self }
    }

    pub async fn claims_left(&self) -> i64 {
        let claims = "-- claims\nselect count(*) from chunk where state = 1";
        let held = "-- held\nselect count(*) from tenant where lease_owner is not null";
        let count = async |sql: &'static str| {
            self.store
                .database()
                .run("count", async |conn| sqlx::query_scalar(sql).fetch_one(conn).await)
                .await
                .unwrap()
        };
        let (claims, held): (i64, i64) = (count(claims).await, count(held).await);
        claims + held
    }
}

pub fn organisation(people: usize) -> SimulatorSettings {
    SimulatorSettings { people, ..SimulatorSettings::default() }
}

pub fn faults(plan: FaultPlan, people: usize) -> SimulatorSettings {
    SimulatorSettings { faults: plan, ..organisation(people) }
}

/// An organisation in which nobody is out of reach; this share of it lacks the app.
pub fn everybody_reachable(people: usize, without_bot: f64) -> SimulatorSettings {
    let nobody = Shares { guests: 0.0, unlicensed: 0.0, policy: 0.0, blocked: 0.0, disabled: 0.0, without_bot };
    SimulatorSettings { shares: nobody, ..organisation(people) }
}
