//! The worker's heart: one owner for one tenant. Claim → plan → pace → attempt → gather → flush.
//!
//! The loop is level-triggered. Whatever arrives (an answer, a committed flush, a poll, a timer) only changes what we
//! know; then `Owner::advance` looks at all of it and starts what may start. A lost wake-up heals at the next one.
//! The tempting design, a task for each recipient, was left aside: it scatters the decision whose turn it is over
//! thousands of stacks, and nobody could say what is open at the moment of a crash.
//!
//! The rooms beside this one hold the loop's hands: `errands`, `requests`, `permissions`, `arrivals`, `trouble`.
//!
//! Every request and every statement runs beside the loop as a task that ends in an `Arrival`; the loop itself never
//! waits for one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use metrics::counter;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::amend;
use crate::app::audience::{self, LaidDown};
use crate::app::engine::EngineSettings;
use crate::app::flush;
use crate::app::health::Health;
use crate::app::hold::{Hold, Landed, Landing, Lane, Spoken, Start};
use crate::app::lease::Lease;
use crate::app::notice;
use crate::app::quota::{Buckets, Served};
use crate::app::rescue;
use crate::app::tally;
use crate::domain::broadcast::{BroadcastState, RoundKind, RoundState};
use crate::domain::delivery::Effect;
use crate::domain::fairness;
use crate::domain::ids::{BroadcastId, RequestId, RoundId, TeamsAppId, WorkerId};
use crate::domain::notification::Notification;
use crate::domain::outcome::{HaltScope, NOTIFIED_AT_ONCE, Outcome, Remedy, Step};
use crate::domain::pacing::{Bucket, window};
use crate::domain::plan::Purpose;
use crate::domain::reason::{HaltReason, Reason};
use crate::domain::route::Installation;
use crate::domain::time::{Monotonic, Timestamp};
use crate::domain::venue::Venue;
use crate::ports::{
    Answer, AttemptFact, BucketRecord, ChatsHeard, ClaimedChunk, Clock, Expanded, Flush, Flushed, Halt, HeldTenant,
    Messenger, Notified, Random, Request, RoundWork, Said, Store, StoreError, TenantWork, Untold,
};
use crate::telemetry;

mod arrivals;
mod errands;
mod permissions;
mod requests;
mod trouble;

/// People whose content must be refused in a row before we believe that it is the content.
const REFUSALS_THAT_HALT: usize = 3;
/// Permissions are not asked for when the send bucket rests for longer than this: a crash would leave doubt about
/// people whose turn was far away.
const GRANT_AHEAD: Duration = Duration::from_secs(1);
/// Chunks held at once by one tenant, up to twice as many when several rounds share them; bounds memory when everybody
/// waits.
const CHUNKS_MAX: usize = 64;
/// A look at the database is repeated no sooner than after so many times as long as it took, and no later than this: where
/// many tenants keep it busy, looking must not take the place of writing down.
const POLL_REST: u32 = 4;
const POLL_AT_LEAST_EVERY: Duration = Duration::from_secs(5);
/// Permissions are given ahead for a flush that takes up to so long.
const COVERED_FLUSH: Duration = Duration::from_millis(500);
/// Windows of sends that should be claimed ahead.
const WINDOWS_AHEAD: u32 = 2;
/// Chunks claimed by one statement.
const CLAIMED_AT_ONCE: u32 = 4;
/// How often a round that stands still is looked through for claims that we do not have.
const STRAYS_EVERY: Duration = Duration::from_secs(5);
/// The wait before something that serves everybody (a token, the catalogue id) is tried again.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Everything that an owner needs.
pub struct Office {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// The record.
    pub store: Arc<dyn Store>,
    /// Teams.
    pub messenger: Arc<dyn Messenger>,
    /// How to behave.
    pub settings: Arc<EngineSettings>,
    /// Who we are.
    pub worker: WorkerId,
    /// What we hold.
    pub held: HeldTenant,
    /// Until when we may start requests.
    pub lease: Lease,
    /// Where to tell that results cannot be written down.
    pub health: Health,
    /// Stop in order.
    pub stop: CancellationToken,
    /// Where to tell that something of the tenant goes on, or does not.
    pub busy: Arc<AtomicBool>,
    /// Stop waiting for the database.
    pub abandon: CancellationToken,
}

/// Why an owner ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// There was nothing to do.
    Idle,
    /// It was asked to stop, or lost its lease.
    Stopped,
}

/// What arrives from beside the loop.
enum Arrival {
    /// An answer, for everybody whom the request was about.
    Landed(Vec<Landed>),
    Flushed(Box<Flush>, Result<Flushed, StoreError>),
    Late(Vec<AttemptFact>, Result<u64, StoreError>),
    Polled(Result<TenantWork, StoreError>),
    Heard(Result<ChatsHeard, StoreError>),
    Said(RoundId, Box<Result<Said, StoreError>>),
    Claimed(RoundId, Result<Vec<ClaimedChunk>, StoreError>),
    Expanded(RoundId, Result<Expanded, StoreError>),
    LaidDown(RoundId, Result<LaidDown, StoreError>),
    Started(Result<Vec<(BroadcastId, BroadcastState)>, StoreError>),
    /// How many broadcasts are recalled by themselves now.
    Recalled(Result<usize, StoreError>),
    Told(BroadcastId, Result<(), StoreError>),
    Released(Vec<crate::domain::chunk::Chunk>, Result<(), StoreError>),
    Strays(RoundId, Result<(), StoreError>),
    Finished(Result<Vec<(BroadcastId, BroadcastState)>, StoreError>),
    Warm(Result<(), Answer>),
    App(Result<TeamsAppId, Answer>),
    Noted(&'static str, Result<(), StoreError>),
}

/// The errands of which at most one of a kind runs at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Errand {
    Poll,
    Listen,
    Words(RoundId),
    Claim(RoundId),
    Expand(RoundId),
    LayDown(RoundId),
    Start,
    Recall,
    Tell(BroadcastId),
    Release,
    Strays(RoundId),
    Finish,
    Warm,
    App,
    Late,
}

struct Owner {
    office: Office,
    hold: Hold,
    buckets: Buckets,
    beside: JoinSet<Arrival>,
    errands: BTreeSet<Errand>,
    flushing: bool,
    flushed_at: Monotonic,
    late: Vec<AttemptFact>,
    app: Option<TeamsAppId>,
    warm: bool,
    try_at: Monotonic,
    halt: Option<Halt>,
    halted_step: Option<Step>,
    probe_at: Monotonic,
    probing: Option<RequestId>,
    polled_at: Option<Monotonic>,
    /// When the last poll was asked for, and how long its answer took.
    poll_asked_at: Monotonic,
    poll_took: Duration,
    /// When to ask next what the bot was told, when it was last asked, how long that took, and as of when we know.
    listen_at: Monotonic,
    listen_asked_at: Monotonic,
    listen_took: Duration,
    heard_as_of: Option<Timestamp>,
    /// How often that found nothing; `None` once it has found something.
    looks_in_vain: Option<u32>,
    /// When the next hour of a broadcast comes: its preparing, its start, or the one at which it is recalled by itself.
    hour_at: Option<Monotonic>,
    /// When claims of ours that we do not have are given back next, for rounds that stand still.
    strays_at: BTreeMap<RoundId, Monotonic>,
    finish_wanted: bool,
    rest_until: Monotonic,
    app_was_read: bool,
    latency: Duration,
    /// How long a flush takes at present, from its start to its commit.
    flush_took: Duration,
    idle: bool,
    /// The database did not answer when it was last asked.
    unanswered: bool,
    /// The instant that a timer was set for, when it is what woke us.
    woken_for: Option<Monotonic>,
}

/// Works on one tenant until there is nothing to do, or it is asked to stop. Leaves no chunk and no lease behind.
///
/// # Errors
/// [`StoreError`] that no repetition cures: the run ends, and the next one's rescue settles what was left.
pub async fn own(office: Office) -> Result<Ended, StoreError> {
    rescue::take_over(&*office.store, &*office.clock, office.held, office.worker, &office.abandon).await?;
    let now = office.clock.monotonic();
    tracing::info!(tenant = %office.held.tenant, epoch = %office.held.epoch, "the tenant is ours");
    let buckets = Buckets::taking_over(&office.settings.quotas, now);
    let hold = Hold::spaced_by(office.settings.chat_quotas.clone());
    let mut owner = Owner {
        office,
        hold,
        buckets,
        beside: JoinSet::new(),
        errands: BTreeSet::new(),
        flushing: false,
        flushed_at: now,
        late: Vec::new(),
        app: None,
        warm: false,
        try_at: now,
        halt: None,
        halted_step: None,
        probe_at: now,
        probing: None,
        polled_at: None,
        poll_asked_at: now,
        poll_took: Duration::ZERO,
        listen_at: now,
        listen_asked_at: now,
        listen_took: Duration::ZERO,
        heard_as_of: None,
        looks_in_vain: Some(0),
        hour_at: None,
        strays_at: BTreeMap::new(),
        finish_wanted: true,
        rest_until: now,
        app_was_read: false,
        latency: Duration::from_millis(200),
        flush_took: Duration::ZERO,
        idle: false,
        unanswered: false,
        woken_for: None,
    };
    let ended = owner.run().await?;
    owner.leave().await?;
    Ok(ended)
}

impl Owner {
    async fn run(&mut self) -> Result<Ended, StoreError> {
        loop {
            if self.office.stop.is_cancelled() || self.office.lease.lost.is_cancelled() {
                return Ok(Ended::Stopped);
            }
            if self.idle && self.beside.is_empty() && !self.hold.is_dirty() {
                return Ok(Ended::Idle);
            }
            let wake_at = self.advance();
            self.woken_for = None;
            tokio::select! {
                // Equal seeds must give equal runs, and the end goes first. Arrivals may go before the hour: whatever
                // wakes us, `advance` looks at the clock.
                biased;
                () = self.office.stop.cancelled() => {}
                () = self.office.lease.lost.cancelled() => {}
                Some(arrival) = self.beside.join_next() => self.arrive(joined(arrival)?)?,
                () = self.office.clock.sleep_until(wake_at) => self.woken_for = Some(wake_at),
            }
            // Take in everything that is there before looking again.
            while let Some(arrival) = self.beside.try_join_next() {
                self.arrive(joined(arrival)?)?;
            }
        }
    }

    /// Stops in order: nothing starts, what is on the wire is awaited and written down, everything is given back.
    async fn leave(&mut self) -> Result<(), StoreError> {
        loop {
            // Also what a flush that was under way grants only now.
            self.hold.revoke_all();
            self.start_flush(0, true);
            self.record_late();
            if self.beside.is_empty() {
                break;
            }
            tokio::select! {
                biased; // Equal seeds must give equal runs, and what has arrived is better written down than abandoned.
                Some(arrival) = self.beside.join_next() => self.arrive(joined(arrival)?)?,
                () = self.office.abandon.cancelled() => break,
            }
        }
        let Office { store, worker, held, clock, abandon, .. } = &self.office;
        flush::repeat(&**clock, abandon, "release_tenant", || store.release_tenant(*worker, *held)).await?;
        tracing::info!(tenant = %held.tenant, "the tenant was given back");
        Ok(())
    }

    fn now(&self) -> Monotonic {
        self.office.clock.monotonic()
    }

    /// Looks at everything, starts what may start, and says when to look again.
    fn advance(&mut self) -> Monotonic {
        let (now, wall) = (self.now(), self.office.clock.now());
        let expands = |work: &RoundWork| {
            let may = work.kind.may_expand(work.broadcast_state) && work.hour_has_come();
            work.state == RoundState::Expanding && may
        };
        let goes_on = self.halt.is_none() && self.hold.lanes().any(|lane| lane.work.goes_on() || expands(&lane.work));
        self.office.busy.store(goes_on, Ordering::Relaxed);
        let policy = &self.office.settings.retry;
        self.hold.wake(wall, policy);
        self.hold.expire(wall, policy);
        let mut wake_at = self.keep_house(now);
        wake_at = wake_at.min(self.start_requests(now, wall));
        wake_at = wake_at.min(self.flush_if_due(now));
        if let Some(due) = self.hold.next_due() {
            let wait = (due - wall).to_std().unwrap_or(Duration::ZERO);
            wake_at = wake_at.min(now + wait);
        }
        wake_at
    }
}

fn joined(joined: Result<Arrival, tokio::task::JoinError>) -> Result<Arrival, StoreError> {
    joined.map_err(|error| StoreError::Broken(format!("a task beside the owner ended: {error}")))
}
