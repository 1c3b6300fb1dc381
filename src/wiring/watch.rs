//! How a process that stays keeps its database in sight: what readiness says of it, and when the process gives up.

use std::time::Duration;

use metrics::gauge;
use tokio_util::sync::CancellationToken;

use super::Stentor;
use crate::adapters::postgres::schema;
use crate::app::clocks;
use crate::ports::StoreError;
use crate::telemetry;

/// How often a process asks whether its database is there.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// After this long without a database a process ends: its supervisor starts it afresh, and the queue is durable.
const WITHOUT_DATABASE_MAX: Duration = Duration::from_secs(60);

impl Stentor {
    /// Watches the database until `stop`; ends with an error when it stays away, so that a supervisor starts this
    /// process afresh.
    ///
    /// # Errors
    /// When the database was away for a minute, or a private one ended by itself.
    pub async fn watch(&self, stop: CancellationToken) -> anyhow::Result<()> {
        let ended = async {
            match &self.ground.managed {
                Some(managed) => managed.exited().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = stop.cancelled() => Ok(()),
            () = ended => anyhow::bail!("the private Postgres ended by itself; its log says why. Start stentor again"),
            away = self.look_after_database() => away,
        }
    }

    async fn look_after_database(&self) -> anyhow::Result<()> {
        let (mut seen_at, mut apart) = (self.clock.monotonic(), false);
        loop {
            self.tell_connections();
            match self.ground.store.database().ping().await {
                Ok(()) => {
                    seen_at = self.clock.monotonic();
                    self.health.well("database");
                    self.look_at_schema().await;
                    self.look_at_clock(&mut apart).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "the database does not answer");
                    self.health.unwell("database", "The database does not answer.");
                    let away = self.clock.monotonic().saturating_since(seen_at);
                    if away >= WITHOUT_DATABASE_MAX {
                        return Err(StoreError::Unavailable(format!("not for a minute, at last: {error}")).into());
                    }
                }
            }
            self.clock.sleep_until(self.clock.monotonic() + LOOK_EVERY).await;
        }
    }

    /// A newer program may have taken the schema where this one cannot follow.
    async fn look_at_schema(&self) {
        match schema::check(self.ground.store.database(), schema::known_version()).await {
            Ok(()) => self.health.well("schema"),
            Err(StoreError::Schema(trouble)) => self.health.unwell("schema", trouble),
            // That is the database's trouble, and told as such.
            Err(_) => {}
        }
    }

    /// Work goes on by a wrong clock, because leases do not depend on it; but it is told, once and on the board.
    async fn look_at_clock(&self, told: &mut bool) {
        match clocks::apart(&*self.store, &*self.clock).await {
            Ok(None) => {
                *told = false;
                self.health.well("clock");
            }
            Ok(Some(apart)) => {
                if !std::mem::replace(told, true) {
                    tracing::warn!(cure = clocks::CURE, "{apart}");
                }
                self.health.unwell("clock", format!("{apart}."));
            }
            // That is the database's trouble, and told as such.
            Err(_) => {}
        }
    }

    fn tell_connections(&self) {
        let (open, idle) = self.ground.store.database().connections();
        let idle = u32::try_from(idle).unwrap_or(u32::MAX);
        gauge!(telemetry::POOL_CONNECTIONS, "state" => "idle").set(f64::from(idle));
        gauge!(telemetry::POOL_CONNECTIONS, "state" => "busy").set(f64::from(open.saturating_sub(idle)));
    }
}
