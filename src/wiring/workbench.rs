//! A private Postgres with people whose chats are known, and whole workers on it whose Teams is in this process: the
//! ground on which the engine alone is measured.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use sqlx::postgres::PgConnectOptions;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Ground;
use super::demonstration::sample_content;
use crate::adapters::postgres::{PgStore, schema};
use crate::adapters::system::{SystemClock, SystemRandom, is_gone, process_identity};
use crate::app::engine::EngineSettings;
use crate::app::health::Health;
use crate::app::lease::Worker;
use crate::config::Settings;
use crate::domain::broadcast::{AudienceKind, NewBroadcast, TOLERANCE, Treatment, Way};
use crate::domain::delivery::WhenInDoubt;
use crate::domain::ids::{BroadcastId, RoundId, TenantKey};
use crate::domain::pacing::Quota;
use crate::ports::{BroadcastReport, Clock, Messenger, Random, Store, Submission};

/// A quota that nothing here comes near.
const LIFTED: Quota = Quota::per_second(500_000);
/// Half of so many sends are written down while the other half goes out: flushes as large as the batches of the bare loops.
const OPEN_MAX: u32 = 1024;
/// How often a broadcast is looked at while it is under way.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// The ground, and how the engine behaves on it.
pub struct Workbench {
    /// The record.
    pub store: PgStore,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Whose people.
    pub tenant: TenantKey,
    engine: Arc<EngineSettings>,
    ground: Ground,
}

impl Workbench {
    /// Opens a Postgres with durable commits that goes when this is closed.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ground = Ground::scratch(settings, Arc::clone(&clock)).await?;
        Self::on(ground, settings, clock).await
    }

    /// Comes to the Postgres of another process's workbench, by `database.url`.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn join(settings: &Settings) -> anyhow::Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ground = Ground::open(settings, super::Role::Command("bench"), Arc::clone(&clock)).await?;
        Self::on(ground, settings, clock).await
    }

    async fn on(ground: Ground, settings: &Settings, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        schema::migrate(ground.store.database()).await?;
        let store = ground.store.clone();
        let tenant = store.tenant(Uuid::from_u128(1), Uuid::from_u128(2)).await?;
        let mut engine = settings.engine.clone();
        engine.quotas = engine.quotas.keys().map(|bucket| (*bucket, LIFTED)).collect::<BTreeMap<_, _>>();
        engine.open_max = OPEN_MAX;
        Ok(Self { store, clock, random: Arc::new(SystemRandom), tenant, engine: Arc::new(engine), ground })
    }

    /// How to connect to it.
    ///
    /// # Errors
    /// When the Postgres is another process's.
    pub fn connect_options(&self) -> anyhow::Result<PgConnectOptions> {
        Ok(self.ground.managed.as_ref().context("the Postgres is another process's")?.connect_options())
    }

    /// The same as an address.
    ///
    /// # Errors
    /// When the Postgres is another process's.
    pub fn url(&self) -> anyhow::Result<String> {
        Ok(self.ground.managed.as_ref().context("the Postgres is another process's")?.url())
    }

    /// How the engine behaves.
    pub fn engine(&self) -> &EngineSettings {
        &self.engine
    }

    /// Accepts a broadcast to everybody.
    ///
    /// # Errors
    /// The store's.
    pub async fn submit(&self) -> anyhow::Result<(BroadcastId, RoundId)> {
        let now = self.clock.now();
        let (id, round) = (BroadcastId::new(now, self.random.next_u64()), RoundId::new(now, self.random.next_u64()));
        let deadline_at = now + Duration::from_secs(72 * 3600);
        let broadcast = NewBroadcast {
            id,
            round,
            content: sample_content(),
            treatment: Treatment { when_in_doubt: WhenInDoubt::Hold, urgent: false, deadline_at, tolerance: TOLERANCE },
            audience: AudienceKind::Everyone,
            way: Way::Chat,
            expire_at: None,
            expected: None,
            schedule: None,
            author: None,
            created_at: now,
        };
        self.store
            .submit(&Submission { tenant: self.tenant, broadcast, list: Vec::new(), lists: vec![], draft: None })
            .await?;
        Ok((id, round))
    }

    /// Lets one whole worker work, whose Teams is `messenger`, until the broadcast is over.
    ///
    /// # Errors
    /// When the worker cannot go on by itself, or the database does not answer.
    pub async fn send_out(&self, id: BroadcastId, messenger: Arc<dyn Messenger>) -> anyhow::Result<BroadcastReport> {
        let stop = CancellationToken::new();
        let watching = async {
            let over = self.until_over(id).await;
            stop.cancel();
            over
        };
        let (worked, watched) = tokio::join!(self.work(messenger, stop.clone()), watching);
        worked?;
        watched
    }

    /// Lets one whole worker work until `stop`.
    ///
    /// # Errors
    /// When it cannot go on by itself.
    pub async fn work(&self, messenger: Arc<dyn Messenger>, stop: CancellationToken) -> anyhow::Result<()> {
        let worker = Worker {
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            store: Arc::new(self.store.clone()),
            messengers: Arc::new(move |_| Arc::clone(&messenger)),
            tenants: vec![self.tenant],
            settings: Arc::clone(&self.engine),
            process: process_identity(&*self.random),
            is_gone: Arc::new(is_gone),
            health: Health::default(),
        };
        Ok(worker.run(stop).await?)
    }

    /// Waits until a broadcast is over.
    ///
    /// # Errors
    /// The store's.
    pub async fn until_over(&self, id: BroadcastId) -> anyhow::Result<BroadcastReport> {
        loop {
            let report = self.store.report(self.tenant, id).await?.context("a broadcast that was accepted is there")?;
            if report.state.is_final() {
                return Ok(report);
            }
            self.clock.sleep_until(self.clock.monotonic() + LOOK_EVERY).await;
        }
    }

    /// Gives everything back.
    pub async fn close(self) {
        self.ground.close().await;
    }
}
