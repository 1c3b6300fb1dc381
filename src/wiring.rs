//! The one place that knows concrete types on both sides: chooses the adapters, starts the loops, stops them in order.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use tokio_util::sync::CancellationToken;

use crate::adapters::postgres::managed::{self, Managed, ScratchOptions};
use crate::adapters::postgres::pool::PoolSettings;
use crate::adapters::postgres::{PgStore, schema};
use crate::adapters::system::{SystemClock, SystemRandom, is_gone, process_identity};
use crate::adapters::teams::{self, BotDoorkeeper, CloudProfile, TeamsClient, TeamsClientSettings, Way};
use crate::app::clocks::{self, Apart};
use crate::app::forecast::Foresight;
use crate::app::health::{Health, Readiness};
use crate::app::hear::{Ear, Replies};
use crate::app::lease::Worker;
use crate::app::people::People;
use crate::app::presence::Usher;
use crate::app::refresh;
use crate::config::{AppHolder, BotKind, Cloud, ProxySetting, Settings};
use crate::domain::content::Content;
use crate::domain::fault::{Fault, Faults};
use crate::domain::ids::{BroadcastId, GroupId, TenantKey};
use crate::domain::outcome::Step;
use crate::domain::pacing::Bucket;
use crate::domain::retry::RetryPolicy;
use crate::domain::time::Timestamp;
use crate::http::bot::Webhook;
use crate::ports::{Clock, Directory, Doorkeeper, Messenger, Random, Store};

mod acquainted;
mod afar;
mod credential;
mod demonstration;
mod desk;
mod elsewhere;
mod examination;
mod proving;
mod watch;
mod workbench;

pub use acquainted::{Acquainted, Delivered, Town};
pub use afar::{http_client, is_untrusted, what_happened};
pub use credential::credential_life;
pub use elsewhere::SimulatedElsewhere;
pub use examination::{Said, Scope, examine};
pub use proving::{Holding, Place, ProvingGround};
pub use workbench::Workbench;

pub use crate::simulator::entra::Assigned as SimulatedPerson;
pub use demonstration::{
    Demonstration, LedgerCounts, Simulated, SimulatedAccess, SimulatedTls, Simulation, Weather, public_url_at,
    webhook_at,
};

/// In which capacity a process opens Stentor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It stays: `run`, `work`, `serve`, `demo`.
    Service(&'static str),
    /// It does one thing and ends.
    Command(&'static str),
}

/// Which Postgres, and whether it is ours to stop.
#[derive(Debug)]
struct Ground {
    store: PgStore,
    managed: Option<Managed>,
}

impl Ground {
    /// The given Postgres, or the private one of the data directory.
    async fn open(settings: &Settings, role: Role, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let database = &settings.database;
        if let Some(url) = &database.url {
            let options: PgConnectOptions = url.expose_secret().parse().map_err(|error| not_an_address(&error))?;
            return Ok(Self { store: PgStore::new(options, pool(settings)), managed: None });
        }
        let role = match role {
            Role::Service(name) => managed::Role::Service { name },
            Role::Command(name) => managed::Role::Command { name },
        };
        let directory = std::path::absolute(&settings.data_dir).context("data.dir is not a path")?;
        Self::on(Managed::open(&directory, role, clock).await?, settings)
    }

    /// A private Postgres that nobody will miss afterwards.
    async fn scratch(settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let options = ScratchOptions { durable: true, connections_max: 60 };
        Self::on(Managed::scratch(options, clock).await?, settings)
    }

    fn on(managed: Managed, settings: &Settings) -> anyhow::Result<Self> {
        let store = PgStore::new(managed.connect_options(), pool(settings));
        Ok(Self { store, managed: Some(managed) })
    }

    async fn close(self) {
        self.store.close().await;
        if let Some(managed) = self.managed {
            managed.stop().await;
        }
    }
}

fn pool(settings: &Settings) -> PoolSettings {
    PoolSettings {
        connections_max: settings.database.connections,
        work_limit: settings.database.statement_timeout,
        ..PoolSettings::default()
    }
}

/// Says what is wrong with the address, which may hold a password, without repeating it.
fn not_an_address(error: &sqlx::Error) -> Faults {
    let problem = match error {
        sqlx::Error::Configuration(cause) => format!("is not the address of a Postgres: {cause}"),
        _ => "is not the address of a Postgres".to_owned(),
    };
    let cure = "Write it like \"postgres://stentor:password@db.example:5432/stentor?sslmode=verify-full\".";
    Faults(vec![Fault::new("database.url", problem, cure)])
}

/// Stentor, opened: everything that the commands use.
pub struct Stentor {
    /// What was set.
    pub settings: Settings,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Who works here.
    pub directory: Arc<dyn Directory>,
    /// Whose broadcasts.
    pub tenant: TenantKey,
    /// How the parts of this process are.
    pub health: Health,
    messenger: Arc<dyn Messenger>,
    doorkeeper: Arc<dyn Doorkeeper>,
    ground: Ground,
}

impl Stentor {
    /// Opens the given or the private Postgres, brings a private one's schema up to date (a given one's for `run`),
    /// and checks that this program fits it.
    ///
    /// # Errors
    /// When settings, database or schema do not allow it; each error says what to do.
    pub async fn open(settings: Settings, role: Role) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ground = Ground::open(&settings, role, Arc::clone(&clock)).await?;
        let migrates = ground.managed.is_some() || role == Role::Service("run");
        Self::on(ground, settings, migrates, clock).await
    }

    async fn on(ground: Ground, settings: Settings, migrates: bool, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        match Self::assemble(&ground, settings, migrates, clock).await {
            Ok(assemble) => Ok(assemble(ground)),
            Err(error) => {
                ground.close().await;
                Err(error)
            }
        }
    }

    async fn assemble(
        ground: &Ground,
        settings: Settings,
        migrates: bool,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<impl FnOnce(Ground) -> Self + use<>> {
        let database = ground.store.database();
        if migrates {
            schema::migrate(database).await?;
        } else {
            schema::check(database, schema::known_version()).await?;
        }
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let identity = settings.identity()?;
        let store: Arc<dyn Store> = Arc::new(ground.store.clone());
        let tenant = store.tenant(identity.tenant_id, identity.app_id).await?;
        let client = Arc::new(teams_client(&settings, Arc::clone(&clock), Arc::clone(&random))?);
        let doorkeeper = Arc::new(BotDoorkeeper::new(&client_settings(&settings)?, Arc::clone(&clock))?);
        let health = Health::default();
        // It has just answered; readiness must not wait for the next look, nor leave it out until then.
        health.well("database");
        health.well("schema");
        Ok(move |ground| Self {
            directory: Arc::clone(&client) as Arc<dyn Directory>,
            messenger: client,
            doorkeeper,
            settings,
            clock,
            random,
            store,
            tenant,
            health,
            ground,
        })
    }

    /// Gives everything back; stops a private Postgres that this process started.
    ///
    /// # Errors
    /// None at present: what cannot be given back in order is given back by force.
    pub async fn close(self) -> anyhow::Result<()> {
        self.ground.close().await;
        Ok(())
    }

    /// Works until `stop`, then settles what is open and gives its leases back.
    ///
    /// # Errors
    /// When the worker cannot go on by itself.
    pub async fn work(&self, stop: CancellationToken) -> anyhow::Result<()> {
        let messenger = Arc::clone(&self.messenger);
        let worker = Worker {
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            store: Arc::clone(&self.store),
            messengers: Arc::new(move |_| Arc::clone(&messenger)),
            tenants: vec![self.tenant],
            settings: Arc::new(self.settings.engine.clone()),
            process: process_identity(&*self.random),
            is_gone: Arc::new(is_gone),
            health: self.health.clone(),
        };
        Ok(worker.run(stop).await?)
    }

    /// Where Teams posts to.
    pub fn webhook(&self) -> Webhook {
        // Invariant: `assemble` has found the identity, and the settings hold every bucket.
        let entra_tenant = self.settings.teams.tenant_id.unwrap_or_default();
        let replies = Replies {
            by_language: self.settings.bot.replies.clone(),
            her_pause: self.settings.bot.reply_every,
            pause: self.settings.engine.quotas[&Bucket::Send].window,
        };
        Webhook::new(Ear {
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            store: Arc::clone(&self.store),
            doorkeeper: Arc::clone(&self.doorkeeper),
            messenger: Arc::clone(&self.messenger),
            entra_tenant,
            tenant: self.tenant,
            replies: Arc::new(replies),
        })
    }

    /// Whether every part of this process is well.
    pub fn is_ready(&self) -> Readiness {
        self.health.readiness()
    }

    /// When the requests of one step of a broadcast began, in order, by our own record.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn starts(&self, broadcast: BroadcastId, step: Step) -> anyhow::Result<Vec<Timestamp>> {
        Ok(self.ground.store.starts(self.tenant, broadcast, step).await?)
    }

    /// Lets the database count what statements cost, from zero; `false` when it cannot.
    ///
    /// # Errors
    /// The store's.
    pub async fn count_statements(&self) -> anyhow::Result<bool> {
        Ok(self.ground.store.count_statements().await?)
    }

    /// Milliseconds that the statement called `name` has taken in the database since then.
    ///
    /// # Errors
    /// The store's.
    pub async fn statement_ms(&self, name: &str) -> anyhow::Result<f64> {
        Ok(self.ground.store.statement_ms(name).await?)
    }

    /// Who looks for the app.
    pub fn usher(&self) -> Usher<'_> {
        Usher {
            messenger: &*self.messenger,
            clock: &*self.clock,
            random: &*self.random,
            request_timeout: self.settings.network.request_timeout,
        }
    }

    /// Why nobody's activity feed can be written to in this cloud, with the cure, for whoever asked for it with `field`;
    /// `None` where that works, or may work.
    pub fn feed_fault(&self, field: &str) -> Option<Fault> {
        let profile = cloud(&self.settings).ok()?;
        profile.features.feed_fault(profile.cloud, field)
    }

    /// Why nobody would see the picture of `content` in this cloud, with the cure; `None` where there is nothing amiss.
    pub fn picture_fault(&self, content: &Content) -> Option<Fault> {
        let profile = cloud(&self.settings).ok()?;
        content.image.as_ref().filter(|image| !image.is_inside())?;
        profile.features.image_link_fault(profile.cloud, "image")
    }

    /// Whether this machine and its database agree what time it is: a deadline by a wrong clock is a wrong deadline.
    ///
    /// # Errors
    /// [`Apart`], or the database's own.
    pub async fn check_clock(&self) -> anyhow::Result<()> {
        let apart: Option<Apart> = clocks::apart(&*self.store, &*self.clock).await?;
        apart.map_or(Ok(()), |apart| Err(apart.into()))
    }

    /// Who foretells, by what stands in the store at this moment.
    pub fn foresight(&self) -> Foresight<'_> {
        let quotas = &self.settings.engine.quotas;
        Foresight { store: self.store.as_ref(), tenant: self.tenant, quotas, now: self.clock.now() }
    }

    /// Keeps what we know of the organisation fresh until `stop`. A process that may not speak to Teams leaves it to others.
    pub async fn keep_fresh(&self, stop: CancellationToken) {
        match self.settings.directory.refresh_every.filter(|_| self.settings.teams().is_ok()) {
            Some(every) => refresh::keep_fresh(&self.people(), every, stop).await,
            None => stop.cancelled().await,
        }
    }

    /// What reading the directory and accepting broadcasts need.
    pub fn people(&self) -> People {
        People {
            directory: Arc::clone(&self.directory),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            tenant: self.tenant,
            // Invariant: the settings hold every bucket.
            quota: self.settings.engine.quotas[&Bucket::Directory],
            // Somebody waits at the keyboard: fail within seconds, not within the patience of a delivery.
            retry: RetryPolicy { tries: 5, longest: Duration::from_secs(5), ..self.settings.engine.retry.clone() },
            fresh_for: self.settings.directory.fresh_for,
        }
    }
}

/// What migrating did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct MigrationReport {
    /// The migrations applied by this call, in order: number and name.
    pub applied: Vec<String>,
    /// The schema's version after it.
    pub version: i64,
}

/// Brings the database's schema up to this program.
///
/// # Errors
/// When the database cannot be reached, or its schema is newer than this program.
pub async fn migrate(settings: &Settings) -> anyhow::Result<MigrationReport> {
    let ground = Ground::open(settings, Role::Command("migrate"), Arc::new(SystemClock)).await?;
    let migrated = schema::migrate(ground.store.database()).await;
    ground.close().await;
    let applied = migrated?;
    Ok(MigrationReport { applied, version: schema::known_version() })
}

/// The client of Teams. Commands that never speak to Teams may lack the secret; theirs refuses when it is used.
fn teams_client(settings: &Settings, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> anyhow::Result<TeamsClient> {
    Ok(TeamsClient::new(client_settings(settings)?, clock, random)?)
}

fn client_settings(settings: &Settings) -> anyhow::Result<TeamsClientSettings> {
    let identity = settings.identity()?;
    let cloud = cloud(settings)?;
    let credential = credential::credential(settings, &cloud);
    // A command that only reads our own records has no need of it.
    let manifest_id = settings.teams.manifest_id.unwrap_or_default().to_string();
    let mut client = TeamsClientSettings::new(cloud, identity.tenant_id, identity.app_id, credential, manifest_id);
    let network = &settings.network;
    client.bot_kind = match settings.teams.bot {
        BotKind::SingleTenant => teams::BotKind::SingleTenant,
        BotKind::MultiTenant => teams::BotKind::MultiTenant,
    };
    client.app_holder = settings.teams.find_app_through.clone().map(|holder| match holder {
        AppHolder::User(user) => teams::AppHolder::User(user),
        AppHolder::Team(team) => teams::AppHolder::Team(GroupId(team)),
    });
    client.request_timeout = network.request_timeout;
    client.connect_timeout = network.connect_timeout;
    client.way = way(&network.proxy)?;
    client.extra_ca_file = network.extra_ca_file.as_deref().map(Path::to_path_buf);
    client.connect_to = network.connect_to.iter().map(|(host, address)| (host.clone(), *address)).collect();
    Ok(client)
}

fn way(proxy: &ProxySetting) -> anyhow::Result<Way> {
    Ok(match proxy {
        ProxySetting::Environment => Way::Environment,
        ProxySetting::Direct => Way::Direct,
        ProxySetting::At(url) => Way::Proxy(url.expose_secret().parse()?),
    })
}

/// The cloud's profile, with what the settings put in its place.
fn cloud(settings: &Settings) -> anyhow::Result<CloudProfile> {
    let published = |cloud| {
        let mut profile = CloudProfile::published(cloud).context("a published cloud has its profile")?;
        settings.teams.login_url.iter().for_each(|url| profile.login_url = url.clone());
        profile.bot_url = settings.teams.bot_url.clone().or(profile.bot_url);
        Ok(profile)
    };
    match &settings.teams.cloud {
        Cloud::Global => published(teams::Cloud::Global),
        Cloud::Gcc => published(teams::Cloud::Gcc),
        Cloud::GccHigh => published(teams::Cloud::GccHigh),
        Cloud::Dod => published(teams::Cloud::Dod),
        Cloud::China => published(teams::Cloud::China),
        Cloud::Custom(urls) => {
            let custom = CloudProfile::custom(urls.login.clone(), urls.graph.clone(), urls.bot.clone());
            let identity_url = urls.identity.clone().unwrap_or_else(|| custom.identity_url.clone());
            Ok(CloudProfile { identity_url, ..custom })
        }
    }
}
