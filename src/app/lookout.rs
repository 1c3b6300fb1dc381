//! Looks after broadcasts for everybody who watches: one look a second at each, however many eyes there are.
//!
//! Think of a lighthouse keeper who calls out what he sees, once; whoever stands below hears it. He climbs up when the first
//! comes to listen and goes home with the last. What he called last is all that is kept, so a listener who is slow misses
//! what came between and costs nothing.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::watch;
use utoipa::ToSchema;

use super::forecast::Foresight;
use crate::domain::broadcast::BroadcastState;
use crate::domain::forecast::Forecast;
use crate::domain::ids::{BroadcastId, TenantKey};
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::time::Monotonic;
use crate::ports::{BroadcastReport, Clock, Office, Store, StoreError};

/// How often we look. A look costs one sum over the broadcast's chunks.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often the end is foretold anew; in between, the clock runs on. It costs more than a look.
const FORETELL_EVERY: Duration = Duration::from_secs(15);
/// So many broadcasts that are not over are looked after at once; older ones are seen alone.
const GOING_MAX: u32 = 50;
/// So many may watch at once, all in all: each holds a connection.
pub const WATCHERS_MAX: usize = 1000;
/// So many of one caller.
pub const WATCHERS_OF_ONE_MAX: usize = 50;

/// Where one broadcast stands, and when it is expected to end.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BroadcastProgress {
    /// The broadcast.
    #[serde(flatten)]
    pub report: BroadcastReport,
    /// When it is expected to end; nothing of one that is over.
    #[serde(flatten)]
    pub forecast: Forecast,
}

/// The broadcasts that are not over, and those that ended since the last look.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Going {
    /// The newest first, 50 at most.
    pub broadcasts: Vec<BroadcastProgress>,
}

/// What was seen last.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Grows with every change; 0 while nothing was seen.
    pub number: u64,
    /// What was seen, in JSON.
    pub text: Arc<str>,
    /// It is over: nothing follows.
    pub is_end: bool,
}

/// Too many watch already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crowded {
    /// All in all.
    Everybody,
    /// Of this caller.
    Caller,
}

/// Whoever looks. Clones share what is seen.
#[derive(Clone)]
pub struct Lookout(Arc<Tower>);

struct Tower {
    store: Arc<dyn Store>,
    office: Arc<dyn Office>,
    clock: Arc<dyn Clock>,
    tenant: TenantKey,
    quotas: BTreeMap<Bucket, Quota>,
    crowd: Mutex<Crowd>,
}

/// What is watched: one broadcast, or all that are not over.
type Subject = Option<BroadcastId>;

#[derive(Default)]
struct Crowd {
    looks: HashMap<Subject, watch::Sender<Seen>>,
    of_callers: HashMap<String, usize>,
}

/// Somebody who watches. Dropping it makes room for others.
pub struct Watcher {
    seen: watch::Receiver<Seen>,
    caller: String,
    tower: Arc<Tower>,
}

impl Lookout {
    /// Somebody who looks after the broadcasts of `tenant`.
    pub fn new(
        store: Arc<dyn Store>,
        office: Arc<dyn Office>,
        clock: Arc<dyn Clock>,
        tenant: TenantKey,
        quotas: BTreeMap<Bucket, Quota>,
    ) -> Self {
        Self(Arc::new(Tower { store, office, clock, tenant, quotas, crowd: Mutex::default() }))
    }

    /// Watches `subject`: one broadcast, or with `None` all that are not over. Must be called inside a runtime.
    ///
    /// # Errors
    /// [`Crowded`] when too many do already.
    pub fn watch(&self, subject: Option<BroadcastId>, caller: String) -> Result<Watcher, Crowded> {
        let tower = &self.0;
        let mut crowd = tower.crowd();
        if crowd.of_callers.values().sum::<usize>() >= WATCHERS_MAX {
            return Err(Crowded::Everybody);
        }
        let of_caller = crowd.of_callers.entry(caller.clone()).or_default();
        if *of_caller >= WATCHERS_OF_ONE_MAX {
            return Err(Crowded::Caller);
        }
        *of_caller += 1;
        let looks = crowd.looks.entry(subject).or_insert_with(|| {
            let sender = watch::Sender::default();
            tokio::spawn(Arc::clone(tower).look_after(subject, sender.clone()));
            sender
        });
        let mut seen = looks.subscribe();
        // What was seen before somebody came is news to her.
        seen.mark_changed();
        Ok(Watcher { seen, caller, tower: Arc::clone(tower) })
    }

    /// How many broadcasts are looked after, the list of those that are not over counted as one.
    pub fn looks(&self) -> usize {
        self.0.crowd().looks.len()
    }
}

impl Watcher {
    /// What is seen next; at first what was seen last. `None` when nobody looks any more.
    pub async fn next(&mut self) -> Option<Seen> {
        loop {
            self.seen.changed().await.ok()?;
            let seen = self.seen.borrow_and_update().clone();
            if seen.number > 0 {
                return Some(seen);
            }
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let mut crowd = self.tower.crowd();
        if let Some(count) = crowd.of_callers.get_mut(&self.caller) {
            *count -= 1;
            if *count == 0 {
                crowd.of_callers.remove(&self.caller);
            }
        }
    }
}

/// Whoever looks, on his post. However he leaves it, also in a panic, whoever comes next finds it empty and sends another.
struct Keeper {
    tower: Arc<Tower>,
    subject: Subject,
    has_left: bool,
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if !self.has_left {
            self.tower.crowd().looks.remove(&self.subject);
        }
    }
}

/// What a look goes on from.
#[derive(Default)]
struct Memory {
    forecasts: HashMap<BroadcastId, (Monotonic, BroadcastState, Forecast)>,
    told: Option<Vec<BroadcastProgress>>,
}

impl Tower {
    fn crowd(&self) -> MutexGuard<'_, Crowd> {
        // Counts and senders are whole at every moment, whoever panicked.
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks until nobody watches or there is nothing more to see.
    async fn look_after(self: Arc<Self>, subject: Subject, seen: watch::Sender<Seen>) {
        let mut memory = Memory::default();
        let mut keeper = Keeper { tower: Arc::clone(&self), subject, has_left: false };
        loop {
            let began = self.clock.monotonic();
            match self.look(subject, &mut memory).await {
                Ok(Some((text, is_end))) => {
                    let number = seen.borrow().number + 1;
                    seen.send_replace(Seen { number, text: text.into(), is_end });
                    if is_end {
                        break;
                    }
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a look at the broadcasts failed"),
            }
            tokio::select! {
                () = self.clock.sleep_until(began + LOOK_EVERY) => {}
                () = seen.closed() => {
                    // Whoever came meanwhile holds the crowd while subscribing, so that nobody is left behind.
                    let mut crowd = self.crowd();
                    if seen.receiver_count() == 0 {
                        crowd.looks.remove(&subject);
                        keeper.has_left = true;
                        return;
                    }
                }
            }
        }
    }

    /// What has changed, in JSON, and whether that is the end; `None` when nothing has.
    async fn look(&self, subject: Subject, memory: &mut Memory) -> Result<Option<(String, bool)>, StoreError> {
        let mut ids = match subject {
            Some(id) => vec![id],
            None => self.office.going(self.tenant, GOING_MAX).await?,
        };
        // Whoever ended since the last look is shown once more, as it ended.
        let known = memory.told.iter().flatten().filter(|standing| !standing.report.state.is_final());
        let ended: Vec<BroadcastId> = known.map(|standing| standing.report.id).filter(|id| !ids.contains(id)).collect();
        ids.extend(ended);
        let mut standings = Vec::new();
        for id in ids {
            if let Some(report) = self.store.report(self.tenant, id).await? {
                let forecast = self.foretell(&report, memory).await;
                standings.push(BroadcastProgress { report, forecast });
            }
        }
        memory.forecasts.retain(|id, _| standings.iter().any(|standing| standing.report.id == *id));
        if memory.told.as_ref() == Some(&standings) {
            return Ok(None);
        }
        let is_end = subject.is_some() && standings.iter().all(|standing| standing.report.state.is_final());
        let text = match (subject, standings.first()) {
            (Some(_), Some(standing)) => serde_json::to_string(standing),
            (Some(_), None) => Ok("null".to_owned()),
            (None, _) => serde_json::to_string(&Going { broadcasts: standings.clone() }),
        };
        memory.told = Some(standings);
        Ok(Some((text.map_err(|error| StoreError::Broken(error.to_string()))?, is_end)))
    }

    /// The forecast of `report`: anew when it has moved or the last one has grown old. One that cannot be made is none.
    async fn foretell(&self, report: &BroadcastReport, memory: &mut Memory) -> Forecast {
        let at = self.clock.monotonic();
        if let Some((made, state, forecast)) = memory.forecasts.get(&report.id)
            && *state == report.state
            && at.saturating_since(*made) < FORETELL_EVERY
        {
            return forecast.clone();
        }
        let (store, quotas) = (self.store.as_ref(), &self.quotas);
        let foresight = Foresight { store, tenant: self.tenant, quotas, now: self.clock.now() };
        let forecast = foresight.of_broadcast(report).await.unwrap_or_default();
        memory.forecasts.insert(report.id, (at, report.state, forecast.clone()));
        forecast
    }
}
