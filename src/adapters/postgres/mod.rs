//! Postgres: the only home of SQL, one file an aggregate.
//!
//! [`PgStore`] answers the Store port. It holds two pools: one for the work, and one of a single connection for
//! leases, so that a busy pool can never keep a lease from being renewed.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::{Semaphore, SemaphorePermit};

mod amends;
mod audiences;
mod broadcasts;
pub mod condition;
mod directory;
mod expand;
mod hearing;
mod integrity;
mod leases;
pub mod managed;
mod office;
mod people;
pub mod pool;
mod queue;
mod reports;
mod rescue;
mod retry;
mod rows;
pub mod schema;
mod seeding;
mod statement;
mod statistics;
mod store;
mod venues;
mod ways;
pub mod witness;
pub mod yardstick;

use self::pool::{Database, DatabaseError, PoolSettings};
use crate::ports::StoreError;

/// The store on Postgres.
#[derive(Debug, Clone)]
pub struct PgStore {
    database: Database,
    leases: Database,
    /// Turns at freezing audiences, which takes long: the rest of the connections is for what must go on meanwhile.
    freezing: Arc<Semaphore>,
    /// Turns at keeping what the bot is told: as much may come as Teams likes.
    hearing: Arc<Semaphore>,
}

impl PgStore {
    /// A store on `options`. It connects when first used.
    pub fn new(options: PgConnectOptions, settings: PoolSettings) -> Self {
        let lease_settings = PoolSettings {
            connections_max: 1,
            // A renewal that takes longer than this has failed; the next one follows before the lease ends.
            acquire_limit: Duration::from_secs(2),
            work_limit: Duration::from_secs(2),
            lock_limit: Duration::from_secs(1),
            application_name: "stentor lease",
        };
        let turns = (settings.connections_max / 4).max(1) as usize;
        Self {
            freezing: Arc::new(Semaphore::new(turns)),
            hearing: Arc::new(Semaphore::new(turns)),
            leases: Database::new(options.clone(), lease_settings),
            database: Database::new(options, settings),
        }
    }

    /// The guarded pool, for the schema and for tests.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Waits for a turn at freezing an audience. However long that takes, the place in the queue is kept: whoever gave it
    /// up and asked again would never come before those who came later.
    async fn turn_to_freeze(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        let turn = self.freezing.acquire().await;
        turn.map_err(|_| StoreError::Unavailable("the store is closed".to_owned()))
    }

    /// Closes both pools. Nobody waits for a turn any more.
    pub async fn close(&self) {
        self.freezing.close();
        self.hearing.close();
        self.leases.close().await;
        self.database.close().await;
    }
}

/// Every SQL constant there is, for the test that prepares them all against the migrated schema.
pub fn statements() -> impl Iterator<Item = &'static str> {
    [
        amends::STATEMENTS,
        audiences::STATEMENTS,
        broadcasts::STATEMENTS,
        condition::STATEMENTS,
        directory::STATEMENTS,
        expand::STATEMENTS,
        hearing::STATEMENTS,
        integrity::STATEMENTS,
        leases::STATEMENTS,
        office::sessions::STATEMENTS,
        office::deeds::STATEMENTS,
        office::pictures::STATEMENTS,
        office::drafts::STATEMENTS,
        office::replies::STATEMENTS,
        office::lookup::STATEMENTS,
        people::STATEMENTS,
        queue::STATEMENTS,
        reports::STATEMENTS,
        rescue::STATEMENTS,
        retry::STATEMENTS,
        schema::STATEMENTS,
        statistics::STATEMENTS,
        venues::STATEMENTS,
        ways::STATEMENTS,
        witness::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Sorts what the pool says into what a caller can do about it.
fn unavailable_or_broken(error: DatabaseError) -> StoreError {
    // A lost answer is unavailability too: every call of the store may be repeated.
    if error.is_transient() || error.fate_unknown() {
        StoreError::Unavailable(error.to_string())
    } else if error.is_refusal() {
        StoreError::Refused(error.to_string())
    } else {
        StoreError::Broken(error.to_string())
    }
}

impl From<DatabaseError> for StoreError {
    fn from(error: DatabaseError) -> Self {
        unavailable_or_broken(error)
    }
}
