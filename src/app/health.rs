//! What keeps us from working: each part reports how it is, and readiness asks all of them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// A board on which each part of the process pins how it is. Clones share the board.
#[derive(Debug, Clone, Default)]
pub struct Health(Arc<Mutex<BTreeMap<&'static str, Option<String>>>>);

/// Whether every part is well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// All are.
    pub ready: bool,
    /// `ok`, or what is wrong, by part.
    pub parts: BTreeMap<&'static str, String>,
}

impl Health {
    /// `part` is well.
    pub fn well(&self, part: &'static str) {
        self.board().insert(part, None);
    }

    /// `part` is not, because of `trouble`: a sentence for an administrator, without secrets or names of people.
    pub fn unwell(&self, part: &'static str, trouble: impl Into<String>) {
        self.board().insert(part, Some(trouble.into()));
    }

    /// How everything is. With nothing on the board nothing has begun, so it is not ready.
    pub fn readiness(&self) -> Readiness {
        let board = self.board();
        let ready = !board.is_empty() && board.values().all(Option::is_none);
        let word = |trouble: &Option<String>| trouble.clone().unwrap_or_else(|| "ok".to_owned());
        Readiness { ready, parts: board.iter().map(|(part, trouble)| (*part, word(trouble))).collect() }
    }

    /// A panic while the board was held cannot have left it half-written.
    fn board(&self) -> MutexGuard<'_, BTreeMap<&'static str, Option<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ready_means_that_every_part_is_well() {
        let health = Health::default();
        assert!(!health.readiness().ready);
        health.well("database");
        assert!(health.readiness().ready);
        health.unwell("worker", "The lease cannot be renewed.");
        let readiness = health.readiness();
        assert!(!readiness.ready);
        assert_eq!(readiness.parts["worker"], "The lease cannot be renewed.");
    }
}
