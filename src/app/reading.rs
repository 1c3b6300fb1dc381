//! Lets the directory be read while whoever asked for it does something else, and tells how far it is.
//!
//! One reading of a process at a time; the store sees to it that it is one of all processes. A process that stops lets go
//! of a reading where it is, and the next reading goes on from there.

use serde::Serialize;
use utoipa::ToSchema;

use super::errand::Errand;
use super::people::{People, PeopleRead, Reading};
use crate::domain::time::Timestamp;

/// A reading that was asked for, and how far it is or how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ReadingReport {
    /// When it began.
    pub began_at: Timestamp,
    /// When it ended; `None` while it goes on.
    pub ended_at: Option<Timestamp>,
    /// How far it is, or what came of it.
    pub progress: PeopleRead,
    /// Why it did not come to its end; `None` when it did, or may.
    pub failure: Option<String>,
}

/// Begins a reading, unless one is under way: then `None`.
///
/// Must be called inside a runtime.
pub fn begin(readings: &Errand<ReadingReport>, people: &People, wanted: Reading) -> Option<ReadingReport> {
    let progress = PeopleRead { whole: wanted == Reading::Whole, ..PeopleRead::default() };
    let report = ReadingReport { began_at: people.clock.now(), ended_at: None, progress, failure: None };
    let (reader, clock) = (people.clone(), people.clock.clone());
    let work = async move |readings: Errand<ReadingReport>| match reader
        .sync(wanted, |read| readings.tell(|report| report.progress = read))
        .await
    {
        Ok(read) => readings.tell(|report| report.progress = read),
        Err(error) => {
            tracing::warn!(%error, "the directory could not be read; what was known of it stays in force");
            readings.tell(|report| report.failure = Some(error.to_string()));
        }
    };
    readings.begin(report, work, move |report| report.ended_at = Some(clock.now()))
}
