//! The one place that knows concrete types on both sides: chooses the adapters, starts the loops, stops them in order.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio_util::sync::CancellationToken;

use crate::app::health::{Health, Readiness};
use crate::app::people::People;
use crate::config::Settings;
use crate::domain::ids::{BroadcastId, TenantKey};
use crate::domain::pacing::Bucket;
use crate::ports::{Clock, Directory, Random, Store};

/// In which capacity a process opens Stentor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It stays: `run`, `work`, `serve`, `demo`.
    Service(&'static str),
    /// It does one thing and ends.
    Command(&'static str),
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
}

impl Stentor {
    /// Opens the given or the private Postgres and checks its schema.
    ///
    /// # Errors
    /// When settings, database or schema do not allow it; each error says what to do.
    pub async fn open(_settings: Settings, _role: Role) -> anyhow::Result<Self> {
        bail!("not wired yet")
    }

    /// Gives everything back; stops a private Postgres that this process started.
    ///
    /// # Errors
    /// When something could not be given back in order.
    pub async fn close(self) -> anyhow::Result<()> {
        bail!("not wired yet")
    }

    /// Works until `stop`, then settles what is open and gives its leases back.
    ///
    /// # Errors
    /// When the worker cannot go on by itself.
    pub async fn work(&self, _stop: CancellationToken) -> anyhow::Result<()> {
        bail!("not wired yet")
    }

    /// Whether every part of this process is well.
    pub fn is_ready(&self) -> Readiness {
        self.health.readiness()
    }

    /// What reading the directory and accepting broadcasts need.
    pub fn people(&self) -> People {
        People {
            directory: self.directory.clone(),
            store: self.store.clone(),
            clock: self.clock.clone(),
            random: self.random.clone(),
            tenant: self.tenant,
            // Invariant: the settings hold every bucket.
            quota: self.settings.engine.quotas[&Bucket::Directory],
            retry: self.settings.engine.retry.clone(),
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
pub async fn migrate(_settings: &Settings) -> anyhow::Result<MigrationReport> {
    bail!("not wired yet")
}

/// How rough the simulated Teams is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Weather {
    /// Nothing goes wrong but what the organisation's people bring along.
    None,
    /// Now and then a slow answer, a 503 or a late installation.
    Mild,
    /// Lost answers, storms of 429 and 5xx, expiring tokens.
    Rough,
}

/// Which Teams to pretend.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// How many people the organisation has.
    pub people: u32,
    /// Decides the people and every misfortune.
    pub seed: u64,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Multiplies every limit; zero lifts them.
    pub quota_factor: f64,
    /// Everybody has the app from the beginning.
    pub is_warm: bool,
    /// Added to every answer.
    pub latency: Duration,
    /// What goes wrong.
    pub weather: Weather,
    /// The life of a token; the usual 60 to 90 minutes when absent.
    pub token_lifetime: Option<Duration>,
}

/// How to reach the simulated Teams: the very settings to write down.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[allow(missing_docs, reason = "named as the settings are")]
pub struct SimulatedAccess {
    pub login_url: String,
    pub graph_url: String,
    pub bot_url: String,
    pub tenant_id: String,
    pub app_id: String,
    pub client_secret: String,
    pub manifest_id: String,
}

/// What the simulated Teams saw: the judge of what we claim.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct LedgerCounts {
    /// Requests received, by bucket.
    pub requests: BTreeMap<String, u64>,
    /// 429s given.
    pub throttled: u64,
    /// Messages beyond the first of the same content to the same person.
    pub duplicates: u64,
}

/// A running simulated Teams.
pub struct Simulated {
    /// How to reach it.
    pub access: SimulatedAccess,
}

impl Simulated {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub async fn start(_simulation: Simulation) -> anyhow::Result<Self> {
        bail!("not wired yet")
    }

    /// What it saw so far.
    pub fn ledger(&self) -> LedgerCounts {
        LedgerCounts::default()
    }

    /// Stops it.
    ///
    /// # Errors
    /// When it had stopped by itself.
    pub async fn close(self) -> anyhow::Result<()> {
        bail!("not wired yet")
    }
}

/// Everything that `stentor demo` shows: a simulated Teams, Stentor on it, one broadcast that waits to go out.
pub struct Demonstration {
    /// Stentor, with the simulated Teams as its cloud.
    pub stentor: Stentor,
    /// The broadcast.
    pub broadcast: BroadcastId,
}

impl Demonstration {
    /// Opens it: the simulator, the private Postgres, the directory, the broadcast.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn open(_settings: Settings, _simulation: Simulation) -> anyhow::Result<Self> {
        bail!("not wired yet")
    }

    /// What the simulated Teams saw so far.
    pub fn ledger(&self) -> LedgerCounts {
        LedgerCounts::default()
    }

    /// Stops everything in order.
    ///
    /// # Errors
    /// When something did not stop in order.
    pub async fn close(self) -> anyhow::Result<()> {
        bail!("not wired yet")
    }
}
