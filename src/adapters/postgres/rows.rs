//! From rows to values of the domain. A value that the domain refuses becomes an error that names it.

use std::time::Duration;

use sqlx::FromRow;
use sqlx::postgres::types::PgInterval;

use crate::domain::chunk::{Chunk, Counters};
use crate::domain::ids::{ChunkNumber, ConversationId, Epoch, InstallationId, Ordinal, RoundId};
use crate::domain::outcome::Step;
use crate::domain::reason::Reason;
use crate::domain::route::{Installation, Route};
use crate::ports::StoreError;

/// A value in the database that the domain refuses.
pub fn refused(table: &str, column: &str, value: impl std::fmt::Debug) -> StoreError {
    StoreError::Broken(format!("{table}.{column} holds {value:?}, which this program does not know"))
}

/// A number of ours as the database's `integer`. Ordinals and sizes stay far below the limit.
pub fn int(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// The database's `integer` as a number of ours; checks keep it from being negative.
pub fn uint(number: i32) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

/// The database's count of seconds as a time.
pub fn seconds(count: i32) -> Duration {
    Duration::from_secs(u64::from(uint(count)))
}

/// A time as the database's `interval`.
pub fn interval(duration: Duration) -> PgInterval {
    PgInterval { months: 0, days: 0, microseconds: i64::try_from(duration.as_micros()).unwrap_or(i64::MAX) }
}

/// What of a chunk's row its owner needs.
#[derive(Debug, FromRow)]
pub struct ChunkRow {
    pub number: i32,
    pub first_ordinal: i32,
    pub size: i32,
    pub epoch: i32,
    pub flush_number: i64,
    pub crashes: i16,
    pub sent: i32,
    pub failed: i32,
    pub skipped: i32,
    pub unconfirmed: i32,
    pub open: Vec<u8>,
    pub settled: Vec<u8>,
}

impl ChunkRow {
    /// The chunk.
    pub fn into_chunk(self, round: RoundId) -> Result<Chunk, StoreError> {
        let (number, first) = (ChunkNumber(uint(self.number)), Ordinal(uint(self.first_ordinal)));
        let mut chunk = Chunk::fresh(round, number, first, uint(self.size));
        chunk.epoch = Epoch(uint(self.epoch));
        chunk.flush_number = self.flush_number;
        chunk.crashes = u16::try_from(self.crashes).unwrap_or(0);
        chunk.counters = Counters {
            sent: uint(self.sent),
            failed: uint(self.failed),
            skipped: uint(self.skipped),
            unconfirmed: uint(self.unconfirmed),
        };
        chunk.with_bits(self.open, self.settled).ok_or_else(|| refused("chunk", "open or settled", self.size))
    }
}

/// A route's three columns.
pub fn route(installation: i16, id: Option<String>, conversation: Option<String>) -> Result<Route, StoreError> {
    let installation = match (installation, id) {
        (0, None) => Installation::Unknown,
        (1, None) => Installation::Absent,
        (2, None) => Installation::Unlisted,
        (3, Some(id)) => Installation::Present(InstallationId(id)),
        (other, _) => return Err(refused("recipient", "installation", other)),
    };
    Ok(Route { installation, conversation: conversation.map(ConversationId) })
}

/// The number that stands for an installation, and its id.
pub fn installation(route: &Route) -> (i16, Option<String>) {
    match &route.installation {
        Installation::Unknown => (0, None),
        Installation::Absent => (1, None),
        Installation::Unlisted => (2, None),
        Installation::Present(id) => (3, Some(id.0.clone())),
    }
}

/// A reason's code.
pub fn reason(table: &str, code: Option<String>) -> Result<Option<Reason>, StoreError> {
    code.map(|code| Reason::from_code(&code).ok_or_else(|| refused(table, "reason", code))).transpose()
}

/// A step's number.
pub fn step(number: i16) -> Result<Step, StoreError> {
    Step::from_number(number).ok_or_else(|| refused("attempt", "step", number))
}
