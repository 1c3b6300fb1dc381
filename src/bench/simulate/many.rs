//! Many stories, on as many threads as asked for: one seed, one thread, one runtime.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::{Verdict, run};
use crate::simulator::memory_store::Flaw;

/// What became of many stories.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Many {
    /// Stories played.
    pub seeds: u64,
    /// Effects judged.
    pub events: u64,
    /// Virtual time that passed, in seconds.
    pub virtual_seconds: u64,
    /// The broken promises, by seed.
    pub failures: Vec<Failure>,
    /// The named points at which a process died.
    #[serde(skip)]
    pub crashes: BTreeSet<String>,
}

/// One broken promise.
#[derive(Debug, Clone, Serialize)]
pub struct Failure {
    /// The seed whose story it is.
    pub seed: u64,
    /// What was broken.
    pub complaint: String,
}

/// Plays `seeds` stories from `from` on, and tells `progress` after each. Ends early after `failures_max` failures.
///
/// # Errors
/// When a runtime cannot be made.
pub fn run_many(
    from: u64,
    seeds: u64,
    flaw: Flaw,
    failures_max: usize,
    progress: impl Fn(&Verdict) + Sync,
) -> std::io::Result<Many> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, many) = (AtomicU64::new(0), Mutex::new(Many::default()));
    let work = || -> std::io::Result<()> {
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let enough = open(&many).failures.len() >= failures_max;
            if place >= seeds || enough {
                return Ok(());
            }
            let verdict = run(from.wrapping_add(place), flaw)?;
            progress(&verdict);
            open(&many).add(verdict);
        }
    };
    std::thread::scope(|scope| {
        let working: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        working
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })?;
    let mut many = many.into_inner().unwrap_or_else(PoisonError::into_inner);
    many.failures.sort_by_key(|failure| failure.seed);
    Ok(many)
}

fn open<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Many {
    fn add(&mut self, verdict: Verdict) {
        self.seeds += 1;
        self.events += verdict.events;
        self.virtual_seconds += verdict.virtual_seconds;
        self.crashes.extend(verdict.crashes);
        if let Some(complaint) = verdict.complaint {
            self.failures.push(Failure { seed: verdict.seed, complaint });
        }
    }
}
