//! A simulated process: a whole worker that may be frozen or killed at any call that leaves it.
//!
//! Every call takes the same way, [`Process::exchange`]. What is *inside* the process (its task, its waiting) ends with
//! it; what has *left* it runs in a task of the world, which nobody's death stops. So a killed process leaves behind
//! exactly what a killed process leaves behind: requests and statements that arrive all the same.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use super::points::{Call, Moment, Point};
use super::stage::Stage;
use super::store_wire::StoreWire;
use super::story::{Blow, SeatPlan, Trap};
use super::teams_wire::TeamsWire;
use crate::app::engine::EngineSettings;
use crate::app::health::Health;
use crate::app::lease::Worker;
use crate::domain::ids::TenantKey;
use crate::ports::{Clock, Messenger, ProcessIdentity, Random, Store};
use crate::simulator::chance;
use crate::simulator::clock::{Life, VirtualClock};

/// What becomes of one call on its way.
#[derive(Debug, Clone, Copy)]
pub struct Fate {
    /// When it takes effect, counted from its start; `None` when it never arrives.
    pub effect_after: Option<Duration>,
    /// When the caller hears, or gives up. Not before the effect, if he hears.
    pub heard_after: Duration,
    /// Whether he hears.
    pub is_heard: bool,
    /// What he is told when he does not, in the network's words.
    pub silence: &'static str,
}

/// One process.
pub struct Process {
    /// Where it happens.
    pub stage: Arc<Stage>,
    /// Its number in the story, from 0.
    pub number: u64,
    /// Its seat; `None` for a person at her desk.
    pub seat: Option<usize>,
    /// What it calls itself.
    pub identity: ProcessIdentity,
    /// Its time.
    pub clock: Arc<VirtualClock>,
    /// Asks it to stop in order.
    pub stop: CancellationToken,
    traps: Vec<Trap>,
    passed: Mutex<BTreeMap<Point, u64>>,
    calls: Mutex<BTreeMap<Call, u64>>,
    drawn: AtomicU64,
    main: Mutex<Option<AbortHandle>>,
    /// Until when slowness excuses it from learning of a pause, in milliseconds since time began.
    excused_until: AtomicU64,
    ended: AtomicU64,
}

impl Process {
    /// A process that only makes calls: a person at her desk.
    pub fn desk(stage: &Arc<Stage>) -> Arc<Self> {
        Self::new(stage, None, Vec::new(), 0, "desk".to_owned())
    }

    /// Starts a worker in a seat.
    pub fn start(stage: &Arc<Stage>, seat: usize, plan: &SeatPlan, host: u64, traps: Vec<Trap>) -> Arc<Self> {
        let process = Self::new(stage, Some(seat), traps, plan.skew, format!("host-{host}"));
        stage.tell(&process.name(), || format!("starts on {}{}", process.identity.host, told(&process.traps)));
        let worker = process.worker();
        let (it, stop) = (Arc::clone(&process), process.stop.clone());
        let main = tokio::spawn(async move {
            let done = worker.run(stop).await;
            it.ended.store(1, Ordering::Relaxed);
            it.stage.tell(&it.name(), || format!("has stopped in order: {done:?}"));
            it.stage.stopped(it.number);
        });
        *process.main.lock().unwrap_or_else(PoisonError::into_inner) = Some(main.abort_handle());
        process
    }

    fn new(stage: &Arc<Stage>, seat: Option<usize>, traps: Vec<Trap>, skew: i64, host: String) -> Arc<Self> {
        let number = stage.next_process();
        let pid = u32::try_from(100 + number).unwrap_or(u32::MAX);
        Arc::new(Self {
            stage: Arc::clone(stage),
            number,
            seat,
            identity: ProcessIdentity { host, pid, started: number },
            clock: Arc::new(VirtualClock::new(stage.time, skew)),
            stop: CancellationToken::new(),
            traps,
            passed: Mutex::default(),
            calls: Mutex::default(),
            drawn: AtomicU64::new(0),
            main: Mutex::new(None),
            excused_until: AtomicU64::new(0),
            ended: AtomicU64::new(0),
        })
    }

    fn worker(self: &Arc<Self>) -> Worker {
        let stage = Arc::clone(&self.stage);
        let messenger: Arc<dyn Messenger> = Arc::new(TeamsWire::of(self));
        Worker {
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::clone(self) as Arc<dyn Random>,
            store: Arc::new(StoreWire(Arc::clone(self))) as Arc<dyn Store>,
            messengers: Arc::new(move |_: TenantKey| Arc::clone(&messenger)),
            tenants: vec![stage.tenant],
            settings: Arc::<EngineSettings>::clone(&stage.settings),
            process: self.identity.clone(),
            is_gone: Arc::new(move |process| stage.is_gone(process)),
            health: Health::default(),
        }
    }

    /// The word used in stories.
    pub fn name(&self) -> String {
        match self.seat {
            Some(seat) => format!("p{}/seat {seat}", self.number),
            None => "desk".to_owned(),
        }
    }

    /// Neither killed nor stopped.
    pub fn is_there(&self) -> bool {
        self.clock.life() != Life::Dead && self.ended.load(Ordering::Relaxed) == 0
    }

    /// Until when nobody may expect it to have learnt anything.
    pub fn excused_until(&self) -> Duration {
        Duration::from_millis(self.excused_until.load(Ordering::Relaxed))
    }

    fn excuse_until(&self, at: Duration) {
        let milliseconds = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        self.excused_until.fetch_max(milliseconds, Ordering::Relaxed);
    }

    /// Strikes it.
    pub fn strike(self: &Arc<Self>, blow: Blow, why: &str) {
        if !self.is_there() {
            return;
        }
        match blow {
            Blow::Death => self.die(why),
            Blow::Freeze(long, stops_watch) => self.freeze(long, stops_watch, why),
        }
    }

    fn die(&self, why: &str) {
        self.stage.tell(&self.name(), || format!("is killed: {why}"));
        self.clock.end();
        if let Some(main) = self.main.lock().unwrap_or_else(PoisonError::into_inner).take() {
            main.abort();
        }
        self.stage.died(self.number);
    }

    fn freeze(self: &Arc<Self>, long: Duration, stops_watch: bool, why: &str) {
        if self.clock.life() != Life::Running {
            return;
        }
        let kind = if stops_watch { "suspended" } else { "frozen" };
        self.stage.tell(&self.name(), || format!("is {kind} for {long:?}: {why}"));
        self.clock.freeze();
        let it = Arc::clone(self);
        let until = self.stage.time.elapsed() + long;
        tokio::spawn(async move {
            it.stage.time.until(until).await;
            it.thaw(if stops_watch { long } else { Duration::ZERO });
        });
    }

    /// Thaws it, if it is frozen.
    pub fn thaw(&self, missed: Duration) {
        if self.clock.life() == Life::Frozen {
            self.excuse_until(self.stage.time.elapsed() + EXCUSE);
            self.stage.tell(&self.name(), || "is thawed".to_owned());
            self.clock.thaw(missed);
        }
    }

    /// Asks it to stop in order, once it gets time to hear.
    pub fn ask_to_stop(self: &Arc<Self>) {
        self.stage.tell(&self.name(), || "is asked to stop".to_owned());
        let it = Arc::clone(self);
        tokio::spawn(async move {
            it.clock.running().await;
            it.stop.cancel();
        });
    }

    /// Passes a named point from within: what befalls the process there has befallen it when this returns.
    async fn pass(self: &Arc<Self>, point: Point) {
        self.clock.running().await;
        self.note(point);
        self.clock.running().await;
    }

    /// Notes that a call passes a point, and springs the trap that lies there.
    fn note(self: &Arc<Self>, point: Point) {
        if !self.is_there() {
            return;
        }
        let nth = {
            let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
            let times = passed.entry(point).or_default();
            *times += 1;
            *times
        };
        let sprung = |trap: &&Trap| trap.point == point && trap.nth == nth;
        let Some(trap) = self.traps.iter().find(sprung).copied() else { return };
        if self.stage.is_calm() {
            return;
        }
        if trap.what == Blow::Death {
            self.stage.hit(point);
        }
        if point.moment != Moment::Answered {
            self.strike(trap.what, &format!("{point}, number {nth}"));
            return;
        }
        // The answer is taken in first; how far the process gets with it is drawn.
        let it = Arc::clone(self);
        let turns = self.draw("turns") % 6;
        tokio::spawn(async move {
            for _ in 0..turns {
                tokio::task::yield_now().await;
            }
            it.strike(trap.what, &format!("{point}, number {nth}"));
        });
    }

    /// Sixty-four bits for the next `call`; each call has its own stream.
    pub fn draw_for(&self, call: Call) -> u64 {
        let nth = {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            let times = calls.entry(call).or_default();
            *times += 1;
            *times
        };
        chance::draw(self.stage.story.seed, &[chance::text(call.name()), self.number, nth])
    }

    fn draw(&self, what: &str) -> u64 {
        let nth = self.drawn.fetch_add(1, Ordering::Relaxed);
        chance::draw(self.stage.story.seed, &[chance::text(what), self.number, nth])
    }

    /// One call: it leaves, takes effect in the world, and is heard of, or not. `None` for silence.
    ///
    /// `leaves` is asked last of all, when nothing can hold the call up any more; `Err` means that it never leaves.
    pub async fn exchange<T: Send + 'static, N>(
        self: &Arc<Self>,
        call: Call,
        fate: Fate,
        leaves: impl FnOnce() -> Result<(), N> + Send,
        effect: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Option<T>, N> {
        let at = move |moment| Point { call, moment };
        self.pass(at(Moment::Asked)).await;
        leaves()?;
        let began_at = self.stage.time.elapsed();
        if !call.is_for_teams() && (!fate.is_heard || fate.heard_after > PROMPT) {
            self.excuse_until(began_at + fate.heard_after + EXCUSE);
        }
        let (tell, told) = oneshot::channel();
        if let Some(after) = fate.effect_after {
            let it = Arc::clone(self);
            tokio::spawn(async move {
                it.stage.time.until(began_at + after).await;
                let done = effect();
                it.stage.tell(&it.name(), || format!("{} takes effect", call.name()));
                it.note(at(Moment::Done));
                // Whoever is dead hears nothing.
                let _ = tell.send(done);
            });
        }
        self.note(at(Moment::Underway));
        self.stage.time.until(began_at + fate.heard_after).await;
        let heard = if fate.is_heard { told.await.ok() } else { None };
        self.clock.running().await;
        if heard.is_none() {
            self.stage.tell(&self.name(), || format!("{} stays unanswered: {}", call.name(), fate.silence));
        }
        self.note(at(Moment::Answered));
        Ok(heard)
    }
}

/// A call that takes no longer is prompt.
const PROMPT: Duration = Duration::from_millis(100);
/// How long after a slow call, or a thaw, a process may still not have learnt of a pause.
const EXCUSE: Duration = Duration::from_millis(1_300);

impl Random for Process {
    fn next_u64(&self) -> u64 {
        self.draw("random")
    }
}

fn told(traps: &[Trap]) -> String {
    traps.iter().map(|trap| format!("; {:?} at {}, number {}", trap.what, trap.point, trap.nth)).collect()
}
