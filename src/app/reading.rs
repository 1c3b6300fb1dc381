//! Lets the directory be read while whoever asked for it does something else, and tells how far it is.
//!
//! One reading of a process at a time; the store sees to it that it is one of all processes. A process that stops lets go
//! of a reading where it is, and the next reading goes on from there.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use utoipa::ToSchema;

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

/// The reading that this process was asked for last. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Readings(Arc<Mutex<Option<ReadingReport>>>);

impl Readings {
    /// How far the last reading is, if there was one.
    pub fn report(&self) -> Option<ReadingReport> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins a reading, unless one is under way: then `None`.
    ///
    /// Must be called inside a runtime.
    pub fn begin(&self, people: &People, wanted: Reading) -> Option<ReadingReport> {
        let report = {
            let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if last.as_ref().is_some_and(|report| report.ended_at.is_none()) {
                return None;
            }
            let progress = PeopleRead { whole: wanted == Reading::Whole, ..PeopleRead::default() };
            let began_at = people.clock.now();
            last.insert(ReadingReport { began_at, ended_at: None, progress, failure: None }).clone()
        };
        let (readings, people) = (self.clone(), people.clone());
        tokio::spawn(async move {
            // Should the reading panic, whoever asks next is not told for ever that it goes on.
            let ending = Ending { readings: readings.clone(), people: people.clone() };
            match people.sync(wanted, |read| readings.change(|report| report.progress = read)).await {
                Ok(read) => readings.change(|report| report.progress = read),
                Err(error) => {
                    tracing::warn!(%error, "the directory could not be read; what was known of it stays in force");
                    readings.change(|report| report.failure = Some(error.to_string()));
                }
            }
            drop(ending);
        });
        Some(report)
    }

    fn change(&self, change: impl FnOnce(&mut ReadingReport)) {
        if let Some(report) = self.0.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            change(report);
        }
    }
}

struct Ending {
    readings: Readings,
    people: People,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let now = self.people.clock.now();
        self.readings.change(|report| report.ended_at = Some(now));
    }
}
