//! The worker's heart: one owner for one tenant. Claim → plan → pace → attempt → gather → flush.
//!
//! The loop is level-triggered. Whatever arrives (an answer, a committed flush, a poll, a timer) only changes what we
//! know; then `Owner::advance` looks at all of it and starts what may start. A lost wake-up heals at the next one.
//! The tempting design, a task for each recipient, was left aside: it scatters the decision whose turn it is over
//! thousands of stacks, and nobody could say what is open at the moment of a crash.
//!
//! Every request and every statement runs beside the loop as a task that ends in an `Arrival`; the loop itself never
//! waits for one of them.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use metrics::{counter, gauge};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::engine::EngineSettings;
use crate::app::flush;
use crate::app::hold::{Hold, Landed, Landing, Start};
use crate::app::lease::Lease;
use crate::app::quota::{Buckets, Served};
use crate::app::rescue;
use crate::domain::broadcast::{BroadcastState, RoundState};
use crate::domain::content::Content;
use crate::domain::delivery::Effect;
use crate::domain::ids::{BroadcastId, RequestId, RoundId, TeamsAppId, WorkerId};
use crate::domain::outcome::{HaltScope, Outcome, Remedy, Step};
use crate::domain::pacing::{Bucket, window};
use crate::domain::reason::{HaltReason, Reason};
use crate::domain::route::Installation;
use crate::domain::time::{Monotonic, Timestamp};
use crate::ports::{
    Answer, AttemptFact, BucketRecord, ClaimedChunk, Clock, Expanded, Flush, Flushed, Halt, HeldTenant, Messenger,
    Random, Request, Store, StoreError, TenantWork,
};
use crate::telemetry;

/// People whose content must be refused in a row before we believe that it is the content.
const REFUSALS_THAT_HALT: usize = 3;
/// Permissions are not asked for when the send bucket rests for longer than this: a crash would leave doubt about
/// people whose turn was far away.
const GRANT_AHEAD: Duration = Duration::from_secs(1);
/// Chunks held at once by one tenant; bounds memory when everybody waits.
const CHUNKS_MAX: usize = 64;
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
    /// Stop in order.
    pub stop: CancellationToken,
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
    Landed(Box<Landed>),
    Flushed(Box<Flush>, Result<Flushed, StoreError>),
    Late(Vec<AttemptFact>, Result<u64, StoreError>),
    Polled(Result<TenantWork, StoreError>),
    Content(BroadcastId, Result<Content, StoreError>),
    Claimed(RoundId, Result<Vec<ClaimedChunk>, StoreError>),
    Expanded(RoundId, Result<Expanded, StoreError>),
    Released(Vec<crate::domain::chunk::Chunk>, Result<(), StoreError>),
    Finished(Result<Vec<(BroadcastId, BroadcastState)>, StoreError>),
    Warm(Result<(), Answer>),
    App(Result<TeamsAppId, Answer>),
    Noted(&'static str, Result<(), StoreError>),
}

/// The errands of which at most one of a kind runs at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Errand {
    Poll,
    Content(BroadcastId),
    Claim(RoundId),
    Expand(RoundId),
    Release,
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
    finish_wanted: bool,
    rest_until: Monotonic,
    app_was_read: bool,
    latency: Duration,
    idle: bool,
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
    let mut owner = Owner {
        office,
        hold: Hold::default(),
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
        finish_wanted: true,
        rest_until: now,
        app_was_read: false,
        latency: Duration::from_millis(200),
        idle: false,
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
            tokio::select! {
                Some(arrival) = self.beside.join_next() => self.arrive(joined(arrival)?)?,
                () = self.office.clock.sleep_until(wake_at) => {}
                () = self.office.stop.cancelled() => {}
                () = self.office.lease.lost.cancelled() => {}
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
                Some(arrival) = self.beside.join_next() => self.arrive(joined(arrival)?)?,
                () = self.office.abandon.cancelled() => break,
            }
        }
        let Office { store, worker, held, clock, abandon, .. } = &self.office;
        flush::repeat(&**clock, abandon, "release_tenant", || store.release_tenant(*worker, *held)).await?;
        gauge!(telemetry::OPEN_SENDS).set(0.0);
        tracing::info!(tenant = %held.tenant, "the tenant was given back");
        Ok(())
    }

    fn now(&self) -> Monotonic {
        self.office.clock.monotonic()
    }

    /// Looks at everything, starts what may start, and says when to look again.
    fn advance(&mut self) -> Monotonic {
        let (now, wall) = (self.now(), self.office.clock.now());
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

    // ------------------------------------------------------------------------------------- errands

    /// Starts the errands that are due: polling, loading, claiming, expanding, finishing, tokens.
    fn keep_house(&mut self, now: Monotonic) -> Monotonic {
        let poll_at = self.polled_at.map_or(Monotonic::ZERO, |at| at + self.office.settings.poll_every);
        if poll_at <= now {
            self.poll();
        }
        self.record_late();
        if now >= self.rest_until {
            self.load_contents();
            self.claim_and_expand();
            self.release_stopped();
            if self.finish_wanted {
                self.finish();
            }
        }
        let soon = now + Duration::from_millis(1);
        // A poll that is under way is waited for, not repeated.
        let polling = self.errands.contains(&Errand::Poll);
        let poll_at = if polling { now + self.office.settings.poll_every } else { poll_at };
        let try_at = if self.halt.is_some() { self.probe_at } else { self.try_at };
        let mut wake_at = poll_at.max(soon);
        if now < try_at {
            wake_at = wake_at.min(try_at);
        } else if !self.warm {
            self.warm_up();
        } else if self.app.is_none() && (self.hold.has_ready(Step::Check) || self.hold.has_ready(Step::Install)) {
            wake_at = wake_at.min(self.find_app(now).max(soon));
        }
        wake_at
    }

    /// Runs `work` beside the loop unless an errand of this kind runs already.
    fn send_out(&mut self, errand: Errand, work: impl Future<Output = Arrival> + Send + 'static) {
        if self.errands.insert(errand) {
            self.beside.spawn(work);
        }
    }

    fn poll(&mut self) {
        let (store, tenant) = (Arc::clone(&self.office.store), self.office.held.tenant);
        self.send_out(Errand::Poll, async move { Arrival::Polled(store.work(tenant).await) });
    }

    fn load_contents(&mut self) {
        let missing: Vec<BroadcastId> = self
            .hold
            .lanes()
            .filter(|lane| lane.activity.is_none() && lane.work.state == RoundState::Running)
            .map(|lane| lane.work.broadcast)
            .collect();
        for id in missing {
            let (store, tenant) = (Arc::clone(&self.office.store), self.office.held.tenant);
            self.send_out(Errand::Content(id), async move { Arrival::Content(id, store.content(tenant, id).await) });
        }
    }

    fn claim_and_expand(&mut self) {
        let chunk_size = self.office.settings.chunk_size;
        let (mut claims, mut expansions) = (Vec::new(), Vec::new());
        // While halted, somebody is needed to be tried with.
        let may_claim = self.halt.is_none() || (self.may_probe() && !self.hold.has_work());
        for lane in self.hold.lanes() {
            let round = lane.work.round;
            match lane.work.broadcast_state {
                BroadcastState::Expanding if lane.work.state == RoundState::Expanding => expansions.push(round),
                BroadcastState::Running if lane.work.state == RoundState::Running => {
                    let (all, own) = self.hold.chunk_count(round);
                    let hungry = lane.active() < chunk_size as usize && (all < CHUNKS_MAX || own == 0);
                    if hungry && !lane.exhausted && may_claim {
                        claims.push(round);
                    }
                }
                _ => {}
            }
        }
        for round in claims {
            let (store, held, worker) = (Arc::clone(&self.office.store), self.office.held, self.office.worker);
            let have = self.hold.numbers(round);
            self.send_out(Errand::Claim(round), async move {
                Arrival::Claimed(round, store.claim(held, worker, round, 1, &have).await)
            });
        }
        for round in expansions {
            let (store, held, worker) = (Arc::clone(&self.office.store), self.office.held, self.office.worker);
            let (slice, now) = (self.office.settings.expand_slice, self.office.clock.now());
            self.send_out(Errand::Expand(round), async move {
                Arrival::Expanded(round, store.expand(held, worker, round, slice, chunk_size, now).await)
            });
        }
    }

    /// Gives back the chunks of broadcasts that do not go on, as soon as nothing of theirs is open: they must not take
    /// the room of others.
    fn release_stopped(&mut self) {
        if self.flushing || self.errands.contains(&Errand::Release) {
            return;
        }
        let stopped: Vec<(RoundId, BroadcastState)> = self
            .hold
            .lanes()
            .filter(|lane| lane.work.state == RoundState::Running && !lane.work.broadcast_state.may_send())
            .map(|lane| (lane.work.round, lane.work.broadcast_state))
            .collect();
        let (policy, wall) = (self.office.settings.retry.clone(), self.office.clock.now());
        for (round, _) in stopped.iter().filter(|(_, state)| *state == BroadcastState::Cancelling) {
            self.hold.settle_doubted(*round, &policy, wall);
        }
        let chunks: Vec<_> = stopped.into_iter().flat_map(|(round, _)| self.hold.releasable(Some(round))).collect();
        if chunks.is_empty() {
            return;
        }
        let (store, tenant, worker) = (Arc::clone(&self.office.store), self.office.held.tenant, self.office.worker);
        self.send_out(Errand::Release, async move {
            let done = store.release_chunks(tenant, worker, &chunks).await;
            Arrival::Released(chunks, done)
        });
    }

    fn finish(&mut self) {
        self.finish_wanted = false;
        let (store, tenant, now) = (Arc::clone(&self.office.store), self.office.held.tenant, self.office.clock.now());
        self.send_out(Errand::Finish, async move { Arrival::Finished(store.finish(tenant, now).await) });
    }

    fn warm_up(&mut self) {
        let messenger = Arc::clone(&self.office.messenger);
        self.send_out(Errand::Warm, async move { Arrival::Warm(messenger.warm_up().await) });
    }

    fn find_app(&mut self, now: Monotonic) -> Monotonic {
        if self.errands.contains(&Errand::App) {
            return now + TRY_AGAIN;
        }
        match self.buckets.try_start(Bucket::Catalog, now) {
            Err(at) => at.unwrap_or(now + TRY_AGAIN),
            Ok(()) => {
                let (messenger, id) = (Arc::clone(&self.office.messenger), self.request_id());
                self.send_out(Errand::App, async move { Arrival::App(messenger.find_app(id).await) });
                now + TRY_AGAIN
            }
        }
    }

    fn record_late(&mut self) {
        if self.late.is_empty() || self.errands.contains(&Errand::Late) {
            return;
        }
        let facts = std::mem::take(&mut self.late);
        let Office { store, clock, held, abandon, .. } = &self.office;
        let (store, clock, tenant, abandon) = (Arc::clone(store), Arc::clone(clock), held.tenant, abandon.clone());
        self.send_out(Errand::Late, async move {
            let done = flush::write_late(store, clock, tenant, &facts, &abandon).await;
            Arrival::Late(facts, done)
        });
    }

    /// Runs a small write of which only the failure matters.
    fn note<F: Future<Output = Result<(), StoreError>> + Send + 'static>(
        &mut self,
        what: &'static str,
        write: impl FnOnce(Arc<dyn Store>) -> F,
    ) {
        let done = write(Arc::clone(&self.office.store));
        self.beside.spawn(async move { Arrival::Noted(what, done.await) });
    }

    // ------------------------------------------------------------------------------------- requests

    /// Starts every request that may start now; says when the next one may.
    fn start_requests(&mut self, now: Monotonic, wall: Timestamp) -> Monotonic {
        let never = now + Duration::from_secs(3600);
        let mut wake_at = never;
        if !self.office.lease.may_start(now, wall) {
            return now + self.office.settings.flush_every;
        }
        if !self.warm {
            return never;
        }
        if self.halt.is_some() {
            return self.probe(now, wall);
        }
        for step in Step::ALL {
            while self.may_try(step) {
                match self.start_one(step, now, wall) {
                    Ok(_) => {}
                    Err(at) => {
                        wake_at = wake_at.min(at.unwrap_or(never));
                        break;
                    }
                }
            }
        }
        wake_at
    }

    /// One request tells whether the cure has come: of the step that was refused, if somebody needs it.
    fn probe(&mut self, now: Monotonic, wall: Timestamp) -> Monotonic {
        let soon = now + Duration::from_millis(50);
        if !self.may_probe() || self.probing.is_some() {
            return soon.max(self.probe_at);
        }
        let wants_send = self.halted_step == Some(Step::Send) && self.hold.wants_permission();
        let first = self.halted_step.filter(|step| self.may_try(*step) || wants_send);
        for step in Step::ALL.into_iter().filter(|step| first.is_none_or(|first| first == *step)) {
            if self.may_try(step)
                && let Ok(id) = self.start_one(step, now, wall)
            {
                self.probing = Some(id);
                break;
            }
        }
        soon
    }

    /// A halted tenant may be tried with one request.
    fn may_probe(&self) -> bool {
        self.warm && self.now() >= self.probe_at
    }

    /// Somebody is ready for `step`, and everything that it needs is known.
    fn may_try(&self, step: Step) -> bool {
        let needs_app = matches!(step, Step::Check | Step::Install);
        self.hold.has_ready(step) && (self.app.is_some() || !needs_app)
    }

    /// Starts one request of `step`, or says when to ask again (`None`: an answer must come first).
    fn start_one(&mut self, step: Step, now: Monotonic, wall: Timestamp) -> Result<RequestId, Option<Monotonic>> {
        self.buckets.try_start(Bucket::from(step), now)?;
        let Some(start) = self.hold.start(step, &self.office.settings.retry, wall) else {
            self.buckets.landed(Bucket::from(step), Served::Nothing, now);
            return Err(None);
        };
        let id = self.request_id();
        let request = self.request(&start);
        let (messenger, clock) = (Arc::clone(&self.office.messenger), Arc::clone(&self.office.clock));
        let not_after = self.office.lease.start_until();
        self.beside.spawn(async move {
            let answer = match request {
                None => Answer::from(Outcome::NotStarted),
                // A panic in one delivery must not end the worker; what it may have sent is doubt.
                Some(request) => AssertUnwindSafe(messenger.perform(&request, id, not_after))
                    .catch_unwind()
                    .await
                    .unwrap_or_else(|_| Answer::from(Outcome::Lost(Reason::AnswerLost))),
            };
            Arrival::Landed(Box::new(Landed {
                seat: start.seat,
                epoch: start.epoch,
                attempt: start.attempt,
                step,
                request: id,
                started_at: wall,
                ended_at: clock.now().max(wall),
                answer,
            }))
        });
        Ok(id)
    }

    /// The request for a started step; `None` when something that it needs has just become unknown.
    fn request(&mut self, start: &Start) -> Option<Request> {
        let user = start.member.entra_id;
        let route = &start.delivery.route;
        match start.step {
            Step::Check => Some(Request::Check { user, app: self.app.clone()? }),
            Step::Install => Some(Request::Install { user, app: self.app.clone()? }),
            Step::Resolve => match &route.installation {
                Installation::Present(installation) => {
                    Some(Request::Resolve { user, installation: installation.clone() })
                }
                Installation::Unknown | Installation::Absent | Installation::Unlisted => None,
            },
            Step::Send => {
                let activity = self.hold.lane_mut(start.seat.chunk.0)?.activity.clone()?;
                Some(Request::Send { conversation: route.conversation.clone()?, activity })
            }
        }
    }

    fn request_id(&self) -> RequestId {
        RequestId::new(self.office.random.next_u64(), self.office.random.next_u64())
    }

    // ------------------------------------------------------------------------------------- flush

    /// Flushes when the time has come, many facts wait, or senders starve; says when to look again.
    fn flush_if_due(&mut self, now: Monotonic) -> Monotonic {
        let due_at = self.flushed_at + self.office.settings.flush_every;
        let may_grant = self.may_grant(now);
        let wanted = self.hold.is_dirty() || (may_grant && self.hold.wants_permission());
        if self.flushing || !wanted {
            return now + self.office.settings.poll_every;
        }
        let hasty = self.hold.unwritten() >= self.office.settings.flush_facts || (may_grant && self.hold.starves());
        if now < due_at && !hasty {
            return due_at;
        }
        let window = if may_grant { self.window(now) } else { 0 };
        self.start_flush(window, false);
        now + self.office.settings.poll_every
    }

    fn may_grant(&mut self, now: Monotonic) -> bool {
        let probe = self.halt.is_some() && self.may_probe() && self.probing.is_none();
        let free = self.halt.is_none() && self.warm;
        (free || probe) && self.buckets.earliest(Bucket::Send, now) <= now + GRANT_AHEAD
    }

    /// How many sends may be open: one while we only try.
    fn window(&mut self, now: Monotonic) -> u32 {
        if self.halt.is_some() || self.buckets.is_open(Bucket::Send) {
            return 1;
        }
        let (rate, _) = self.buckets.rate(Bucket::Send, now);
        window(rate, self.office.settings.flush_every, self.latency)
    }

    fn start_flush(&mut self, window: u32, leaving: bool) {
        if self.flushing || (leaving && !self.hold.is_dirty()) {
            return;
        }
        let Some(flush) = self.hold.take_flush(window, self.office.clock.now()) else { return };
        self.flushing = true;
        self.flushed_at = self.now();
        let Office { store, clock, held, worker, abandon, .. } = &self.office;
        let (store, clock, tenant, worker, abandon) =
            (Arc::clone(store), Arc::clone(clock), held.tenant, *worker, abandon.clone());
        self.beside.spawn(async move {
            let done = flush::write(store, clock, tenant, worker, &flush, &abandon).await;
            Arrival::Flushed(Box::new(flush), done)
        });
    }

    // ------------------------------------------------------------------------------------- arrivals

    fn arrive(&mut self, arrival: Arrival) -> Result<(), StoreError> {
        match arrival {
            Arrival::Landed(landed) => self.land(*landed),
            Arrival::Flushed(flush, done) => self.take_flushed(&flush, &done?),
            Arrival::Late(facts, done) => {
                self.errands.remove(&Errand::Late);
                let proved = done?;
                tracing::info!(facts = facts.len(), proved, "late answers were recorded");
            }
            Arrival::Polled(work) => {
                self.errands.remove(&Errand::Poll);
                self.polled_at = Some(self.now());
                if let Some(work) = self.patient("poll", work)? {
                    self.take_work(work);
                }
            }
            Arrival::Content(id, content) => {
                self.errands.remove(&Errand::Content(id));
                if let Some(content) = self.patient("content", content)? {
                    for lane in self.hold.lanes_of(id) {
                        let activity = content.activity(lane.work.treatment.urgent);
                        lane.activity = Some(Arc::from(activity.to_string()));
                    }
                }
            }
            Arrival::Claimed(round, claimed) => {
                self.errands.remove(&Errand::Claim(round));
                if let Some(chunks) = self.checked("claim", claimed)? {
                    self.take_chunks(round, chunks);
                }
            }
            Arrival::Expanded(round, done) => {
                self.errands.remove(&Errand::Expand(round));
                if let Some(expanded) = self.checked("expand", done)? {
                    tracing::info!(%round, added = expanded.added, complete = expanded.complete, "the audience was frozen");
                    self.polled_at = None;
                }
            }
            Arrival::Released(chunks, done) => {
                self.errands.remove(&Errand::Release);
                if self.patient("release", done)?.is_some() {
                    chunks.iter().for_each(|chunk| self.hold.drop_chunk((chunk.round, chunk.number)));
                    self.finish_wanted = true;
                }
            }
            Arrival::Finished(ended) => {
                self.errands.remove(&Errand::Finish);
                for (id, state) in self.patient("finish", ended)?.unwrap_or_default() {
                    tracing::info!(broadcast = %id, %state, "the broadcast ended");
                    self.polled_at = None;
                }
            }
            Arrival::Warm(done) => {
                self.errands.remove(&Errand::Warm);
                self.take_warmth(done);
            }
            Arrival::App(found) => {
                self.errands.remove(&Errand::App);
                self.take_app(found);
            }
            Arrival::Noted(what, done) => {
                self.patient(what, done)?;
            }
        }
        Ok(())
    }

    /// A database that does not answer is waited for: errands rest for a moment and then run again.
    fn patient<T>(&mut self, what: &'static str, done: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        match done {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is_transient() => {
                tracing::warn!(what, %error, "the database does not answer; trying again");
                self.rest_until = self.now() + self.office.settings.poll_every;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The same, for what carries our lease. A lost one is not an error of this run: it ends in order.
    fn checked<T>(&mut self, what: &'static str, done: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        if matches!(done, Err(StoreError::LeaseLost)) {
            tracing::warn!(tenant = %self.office.held.tenant, what, "the tenant is somebody else's");
            self.office.lease.lost.cancel();
            return Ok(None);
        }
        self.patient(what, done)
    }

    fn take_work(&mut self, work: TenantWork) {
        self.idle = work.rounds.is_empty();
        let (now, wall) = (self.now(), self.office.clock.now());
        for record in work.buckets.iter().filter(|_| !self.app_was_read) {
            let age = (wall - record.kept_at).to_std().unwrap_or(Duration::ZERO);
            self.buckets.slowed_to(record.bucket, record.share, now - age);
            let left = (record.cooldown_until - wall).to_std().unwrap_or(Duration::ZERO);
            if !left.is_zero() {
                self.buckets.hold_until(record.bucket, now + left);
            }
        }
        match (&self.halt, work.halt) {
            (None, Some(halt)) => {
                tracing::warn!(reason = %halt.reason, "the tenant was found halted");
                self.halt = Some(halt);
                self.probe_at = now;
                self.warm = false;
                self.hold.revoke_all();
            }
            (Some(halt), None) if (wall - halt.since).num_seconds() > 2 => self.resume("a person released it"),
            _ => {}
        }
        if !std::mem::replace(&mut self.app_was_read, true) {
            // Once only: after that, an id that proved stale must not come back from the store.
            self.app = work.teams_app;
        }
        self.hold.learn_rounds(work.rounds);
        // A round whose last chunk somebody else finished is ended here.
        self.finish_wanted |= self.hold.lanes().any(|lane| {
            let running = lane.work.state == RoundState::Running;
            let cancelling = lane.work.broadcast_state == BroadcastState::Cancelling;
            (running || cancelling) && self.hold.chunk_count(lane.work.round).1 == 0
        });
    }

    fn take_chunks(&mut self, round: RoundId, chunks: Vec<ClaimedChunk>) {
        if chunks.is_empty() {
            if let Some(lane) = self.hold.lane_mut(round) {
                lane.exhausted = true;
            }
            self.finish_wanted |= self.hold.chunk_count(round).1 == 0;
        }
        let wall = self.office.clock.now();
        for claimed in chunks {
            self.hold.admit(claimed, &self.office.settings.retry, wall);
        }
    }

    fn take_flushed(&mut self, flush: &Flush, flushed: &Flushed) {
        self.flushing = false;
        let committed = self.hold.committed(flush, flushed);
        for (round, chunk) in &committed.fenced {
            tracing::warn!(%round, %chunk, "the chunk is somebody else's");
        }
        self.late.extend(committed.late);
        self.finish_wanted |= !committed.finished.is_empty();
        if flushed.tenant_halted && self.halt.is_none() {
            self.polled_at = None;
        }
        // What was granted while the reason to grant passed is taken back: doubt is for what may have been sent.
        let now = self.now();
        if !self.may_grant(now) {
            self.hold.revoke_all();
        }
        gauge!(telemetry::OPEN_SENDS).set(f64::from(self.hold.open()));
    }

    fn take_warmth(&mut self, done: Result<(), Answer>) {
        match done {
            Ok(()) => self.warm = true,
            Err(answer) => {
                let now = self.now();
                self.try_at = now + TRY_AGAIN;
                self.probe_at = now + self.office.settings.probe_every;
                match answer.outcome {
                    Outcome::Refused(_, reason) => self.halt_tenant(reason, answer.detail),
                    Outcome::Throttled { retry_after: Some(wait) } => self.try_at = now + wait,
                    other => tracing::warn!(outcome = other.number(), "no token yet; trying again"),
                }
            }
        }
    }

    fn take_app(&mut self, found: Result<TeamsAppId, Answer>) {
        let now = self.now();
        let served = found.as_ref().map_or_else(|answer| served(&answer.outcome), |_| Served::Well);
        self.buckets.landed(Bucket::Catalog, served, now);
        match found {
            Ok(app) => {
                let (tenant, kept) = (self.office.held.tenant, app.clone());
                self.note("keep_app", move |store| async move { store.keep_app(tenant, &kept).await });
                self.app = Some(app);
                if self.halt.as_ref().is_some_and(|halt| halt.reason == HaltReason::NotInCatalogue) {
                    self.resume("the app is in the catalogue");
                }
            }
            Err(answer) => {
                self.try_at = now + TRY_AGAIN;
                self.probe_at = self.probe_at.max(self.try_at);
                match answer.outcome {
                    Outcome::Refused(_, reason) => self.halt_tenant(reason, answer.detail),
                    Outcome::Throttled { retry_after } => self.cool_down(Bucket::Catalog, retry_after),
                    Outcome::NeedsRemedy(Remedy::Token, _) => self.forget_tokens(),
                    other => tracing::warn!(outcome = other.number(), "the app was not found yet; trying again"),
                }
            }
        }
    }

    fn land(&mut self, landed: Landed) {
        let bucket = Bucket::from(landed.step);
        let (id, at) = (landed.request, self.now());
        if self.buckets.landed(bucket, served(&landed.answer.outcome), at).is_some() {
            tracing::warn!(
                bucket = bucket.name(),
                "many in a row met trouble: the bucket rests, and is tried one by one"
            );
            self.hold.revoke_all();
        }
        if landed.answer.outcome == Outcome::NotStarted {
            // Most likely no token was at hand. Asking for one that is there costs nothing.
            self.warm = false;
        }
        let took = (landed.ended_at - landed.started_at).to_std().unwrap_or(Duration::ZERO);
        if landed.step == Step::Send {
            // A moving average over about eight answers.
            self.latency = (self.latency * 7 + took) / 8;
        }
        let step = landed.step.name();
        counter!(telemetry::ATTEMPTS, "step" => step, "outcome" => landed.answer.outcome.label()).increment(1);
        if let (Some(detail), Some(reason)) = (&landed.answer.detail, landed.answer.outcome.reason()) {
            let status = landed.answer.status;
            tracing::debug!(request = %landed.request, step, ?status, %reason, %detail, "an answer that was not a success");
        }
        let (seat, detail) = (landed.seat, landed.answer.detail.clone());
        let refused = matches!(
            landed.answer.outcome,
            Outcome::Refused(HaltScope::Tenant, _) | Outcome::NeedsRemedy(Remedy::Token, _) | Outcome::NotStarted
        );
        if self.probing == Some(id) {
            self.probing = None;
            if refused {
                self.probe_at = at + self.office.settings.probe_every;
                self.warm = false;
            } else if self.halt.is_some() {
                self.resume("a probe was answered");
            }
        }
        if matches!(landed.answer.outcome, Outcome::Refused(HaltScope::Tenant, _)) {
            self.halted_step = Some(landed.step);
        }
        let Landing { effects, settled, late } = self.hold.land(landed, &self.office.settings.retry);
        if let Some(settlement) = settled {
            counter!(telemetry::DELIVERIES_SETTLED, "settlement" => settlement.name()).increment(1);
        }
        self.late.extend(late);
        for effect in effects {
            self.carry_out(effect, bucket, seat.chunk.0, seat.ordinal, detail.clone());
        }
    }

    fn carry_out(
        &mut self,
        effect: Effect,
        bucket: Bucket,
        round: RoundId,
        ordinal: crate::domain::ids::Ordinal,
        detail: Option<String>,
    ) {
        match effect {
            Effect::CoolDown { retry_after } => self.cool_down(bucket, retry_after),
            // The hold keeps what was learnt for the next flush.
            Effect::Learn(_) | Effect::Forget(_) | Effect::NoteRefusal(_) => {}
            Effect::Halt(HaltScope::Tenant, reason) => self.halt_tenant(reason, detail),
            Effect::Halt(HaltScope::Broadcast, reason) => self.halt_broadcast(round, reason, detail),
            Effect::Renew(Remedy::Token) => self.forget_tokens(),
            Effect::Renew(Remedy::CatalogueId) => self.app = None,
            Effect::Renew(Remedy::BotHost(url)) => self.office.messenger.use_bot_host(&url),
            Effect::ContentRefused => {
                let Some(lane) = self.hold.lane_mut(round) else { return };
                lane.refused.insert(ordinal);
                if lane.refused.len() >= REFUSALS_THAT_HALT {
                    self.halt_broadcast(round, HaltReason::ContentRefused, detail);
                }
            }
        }
    }

    fn forget_tokens(&mut self) {
        if std::mem::take(&mut self.warm) {
            self.office.messenger.forget_tokens();
        }
    }

    fn cool_down(&mut self, bucket: Bucket, retry_after: Option<Duration>) {
        let now = self.now();
        let until = self.buckets.throttled(bucket, now, retry_after);
        let (_, share) = self.buckets.rate(bucket, now);
        let wait = until.saturating_since(now);
        tracing::info!(bucket = bucket.name(), wait_ms = wait.as_millis() as u64, share, "the service said wait");
        counter!(telemetry::THROTTLED, "bucket" => bucket.name()).increment(1);
        gauge!(telemetry::BUCKET_SHARE, "bucket" => bucket.name()).set(share);
        if bucket == Bucket::Send && wait > GRANT_AHEAD {
            self.hold.revoke_all();
        }
        let kept_at = self.office.clock.now();
        let record = BucketRecord { bucket, cooldown_until: kept_at + wait, share, kept_at };
        let tenant = self.office.held.tenant;
        self.note("keep_bucket", move |store| async move { store.keep_bucket(tenant, record).await });
    }

    fn halt_tenant(&mut self, reason: HaltReason, detail: Option<String>) {
        self.probe_at = self.now() + self.office.settings.probe_every;
        self.warm = false;
        if self.halt.is_some() {
            return;
        }
        tracing::error!(%reason, detail, cure = reason.cure(), "everything of the tenant is halted");
        let halt = Halt { reason, detail, since: self.office.clock.now() };
        self.halt = Some(halt.clone());
        self.hold.revoke_all();
        let tenant = self.office.held.tenant;
        self.note("halt_tenant", move |store| async move { store.halt_tenant(tenant, &halt).await });
    }

    fn resume(&mut self, why: &'static str) {
        tracing::info!(why, "the tenant goes on");
        self.halt = None;
        self.halted_step = None;
        self.try_at = self.now();
        let tenant = self.office.held.tenant;
        self.note("release_halt", move |store| async move { store.release_halt(tenant).await });
    }

    fn halt_broadcast(&mut self, round: RoundId, reason: HaltReason, detail: Option<String>) {
        let Some(lane) = self.hold.lane_mut(round) else { return };
        let broadcast = lane.work.broadcast;
        lane.refused.clear();
        if lane.work.broadcast_state == BroadcastState::Halted {
            return;
        }
        tracing::error!(%broadcast, %reason, detail, cure = reason.cure(), "the broadcast is halted");
        self.hold.learn_state(broadcast, BroadcastState::Halted);
        let (tenant, halt) = (self.office.held.tenant, Halt { reason, detail, since: self.office.clock.now() });
        self.note("halt_broadcast", move |store| async move { store.halt_broadcast(tenant, broadcast, &halt).await });
    }
}

/// What an answer says of the service that gave it, rather than of the person.
const fn served(outcome: &Outcome) -> Served {
    match outcome {
        Outcome::Throttled { .. } => Served::Throttled,
        Outcome::Transient(_) | Outcome::Lost(_) => Served::Trouble,
        Outcome::NotStarted => Served::Nothing,
        _ => Served::Well,
    }
}

fn joined(joined: Result<Arrival, tokio::task::JoinError>) -> Result<Arrival, StoreError> {
    joined.map_err(|error| StoreError::Broken(format!("a task beside the owner ended: {error}")))
}
