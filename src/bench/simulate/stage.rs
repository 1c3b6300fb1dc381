//! Where a story happens: the record, the world and the judge behind one lock, and the one true time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::oracle::Oracle;
use super::points::{Call, Point};
use super::process::Process;
use super::story::Story;
use crate::app::engine::EngineSettings;
use crate::domain::heard::Activity;
use crate::domain::ids::TenantKey;
use crate::domain::time::Timestamp;
use crate::ports::ProcessIdentity;
use crate::simulator::clock::{Life, TrueTime};
use crate::simulator::memory_store::Record;
use crate::simulator::world::World;

/// Everything that the effects of calls change.
pub struct Scene {
    /// The database.
    pub record: Record,
    /// Teams.
    pub world: World,
    /// Who judges.
    pub oracle: Oracle,
}

impl Scene {
    /// The bot is told whatever is due, in the stories that have a webhook. It hears at once what comes late or twice.
    fn tell_the_bot(&mut self, tenant: TenantKey, now: Timestamp, clock: Timestamp) {
        for body in self.world.take_told(now) {
            let activity = Activity::read(body.to_string().as_bytes());
            if let Some(heard) = activity.ok().and_then(|activity| activity.heard) {
                self.record.hear(tenant, heard.user, heard.chat(), heard.holds_from(now), clock);
            }
        }
    }

    /// The record in a few lines, for whoever reads a broken story.
    pub fn left_behind(&self, tenant: TenantKey) -> Vec<String> {
        let mut lines: Vec<String> = self
            .record
            .tenants()
            .map(|it| format!("tenant {}: owner {:?}, epoch {}, halt {:?}", it.key, it.owner, it.epoch, it.halt))
            .collect();
        for round in self.record.rounds(tenant) {
            let state = self.record.broadcast(tenant, round.broadcast).map(|it| it.state);
            lines.push(format!("broadcast {}: {state:?}; its round: {:?}", round.broadcast, round.state));
            for (number, stored) in &round.chunks {
                let chunk = &stored.chunk;
                lines.push(format!(
                    "  chunk {number}: {:?}, epoch {}, flush {}, crashes {}, open {:?}, settled {:?} of {}",
                    stored.claim,
                    chunk.epoch,
                    chunk.flush_number,
                    chunk.crashes,
                    chunk.open().ones().collect::<Vec<_>>(),
                    chunk.settled().ones().collect::<Vec<_>>(),
                    chunk.size
                ));
            }
            for kept in round.attempts.values() {
                let fact = &kept.fact;
                lines.push(format!(
                    "  person at {}, attempt {}, epoch {}, ended at {}: {:?} {}, settles {:?}, {:?}",
                    fact.ordinal,
                    fact.attempt,
                    fact.epoch,
                    fact.ended_at.format("%H:%M:%S%.3f"),
                    fact.step,
                    fact.outcome.as_ref().map_or("decided", crate::domain::outcome::Outcome::label),
                    fact.settles,
                    kept.origin
                ));
            }
        }
        lines
    }
}

/// Where a story happens.
pub struct Stage {
    /// The story.
    pub story: Story,
    /// True time.
    pub time: TrueTime,
    /// The tenant.
    pub tenant: TenantKey,
    /// How every worker behaves.
    pub settings: Arc<EngineSettings>,
    /// Something happened that whoever directs must see to.
    pub cue: Notify,
    scene: Mutex<Scene>,
    told: Mutex<String>,
    events: AtomicU64,
    processes: Mutex<Vec<Arc<Process>>>,
    /// Processes that died, not yet seen to.
    deaths: Mutex<Vec<u64>>,
    numbers: AtomicU64,
    calm: AtomicBool,
    outage_until: AtomicU64,
    hit: Mutex<BTreeSet<Point>>,
}

fn open<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere ends the story anyway; its last state is worth a look.
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Stage {
    /// A stage on which nothing has happened.
    pub fn new(story: Story, time: TrueTime, tenant: TenantKey, settings: EngineSettings, scene: Scene) -> Arc<Self> {
        Arc::new(Self {
            story,
            time,
            tenant,
            settings: Arc::new(settings),
            cue: Notify::new(),
            scene: Mutex::new(scene),
            told: Mutex::default(),
            events: AtomicU64::new(0),
            processes: Mutex::default(),
            deaths: Mutex::default(),
            numbers: AtomicU64::new(0),
            calm: AtomicBool::new(false),
            outage_until: AtomicU64::new(0),
            hit: Mutex::default(),
        })
    }

    /// Adds a line to the story.
    pub fn tell(&self, who: &str, what: impl FnOnce() -> String) {
        let at = self.time.elapsed();
        let mut told = open(&self.told);
        let (minutes, seconds) = (at.as_secs() / 60, at.as_secs() % 60);
        let _ = writeln!(told, "{minutes:>3}:{seconds:02}.{:03}  {who:<10}  {}", at.subsec_millis(), what());
    }

    /// The story so far.
    pub fn story_told(&self) -> String {
        open(&self.told).clone()
    }

    /// The database's clock, which alone judges leases.
    pub fn database_clock(&self) -> Timestamp {
        self.time.now() + chrono::TimeDelta::milliseconds(self.story.database_skew)
    }

    /// Something takes effect in the database, and is judged at once.
    pub fn in_record<T>(&self, process: &Process, call: Call, effect: impl FnOnce(&mut Record, Timestamp) -> T) -> T {
        self.events.fetch_add(1, Ordering::Relaxed);
        let clock = self.database_clock();
        let mut scene = open(&self.scene);
        scene.tell_the_bot(self.tenant, self.time.now(), clock);
        let done = effect(&mut scene.record, clock);
        let Scene { record, oracle, .. } = &mut *scene;
        oracle.after_record(record, call, process, self.time.elapsed());
        self.cue_if(oracle);
        done
    }

    /// Something takes effect at Teams, and is judged at once.
    pub fn in_world<T>(&self, effect: impl FnOnce(&mut World, Timestamp) -> T) -> T {
        self.events.fetch_add(1, Ordering::Relaxed);
        let now = self.time.now();
        let mut scene = open(&self.scene);
        let done = effect(&mut scene.world, now);
        let Scene { record, oracle, world } = &mut *scene;
        oracle.after_world(record, world);
        self.cue_if(oracle);
        done
    }

    /// Looks at everything, and may tell the judge something.
    pub fn look<T>(&self, at: impl FnOnce(&mut Scene) -> T) -> T {
        let mut scene = open(&self.scene);
        let seen = at(&mut scene);
        self.cue_if(&scene.oracle);
        seen
    }

    fn cue_if(&self, oracle: &Oracle) {
        if oracle.is_over() {
            self.cue.notify_one();
        }
    }

    /// How much has happened.
    pub fn events(&self) -> u64 {
        self.events.load(Ordering::Relaxed)
    }

    /// A number for a new process.
    pub fn next_process(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Remembers a process that has started.
    pub fn enter(&self, process: Arc<Process>) {
        open(&self.processes).push(process);
    }

    /// Whoever sits in `seat`, if anybody does.
    pub fn in_seat(&self, seat: usize) -> Option<Arc<Process>> {
        let processes = open(&self.processes);
        processes.iter().rev().find(|process| process.seat == Some(seat) && process.is_there()).cloned()
    }

    /// Everybody who is there, oldest first.
    pub fn present(&self) -> Vec<Arc<Process>> {
        open(&self.processes).iter().filter(|process| process.is_there()).cloned().collect()
    }

    /// The seat of a process.
    pub fn seat_of(&self, number: u64) -> Option<usize> {
        open(&self.processes).iter().find(|process| process.number == number).and_then(|process| process.seat)
    }

    /// Whether a process is provably gone: as the kernel of its host would say.
    pub fn is_gone(&self, identity: &ProcessIdentity) -> bool {
        let processes = open(&self.processes);
        processes.iter().any(|process| process.identity == *identity && !process.is_there())
    }

    /// Whether a process was killed, rather than having stopped.
    pub fn was_killed(&self, identity: &ProcessIdentity) -> bool {
        open(&self.processes).iter().any(|process| process.identity == *identity && process.clock.life() == Life::Dead)
    }

    /// A process died.
    pub fn died(&self, number: u64) {
        open(&self.deaths).push(number);
        self.cue.notify_one();
    }

    /// A process stopped in order: its seat is taken again like that of a dead one.
    pub fn stopped(&self, number: u64) {
        self.died(number);
    }

    /// Processes that went since this was asked last.
    pub fn take_deaths(&self) -> Vec<u64> {
        std::mem::take(&mut *open(&self.deaths))
    }

    /// Nothing goes wrong any more.
    pub fn calm_down(&self) {
        self.calm.store(true, Ordering::Relaxed);
    }

    /// Whether that is so.
    pub fn is_calm(&self) -> bool {
        self.calm.load(Ordering::Relaxed)
    }

    /// The database is away until then.
    pub fn outage_until(&self, at: Duration) {
        let milliseconds = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        self.outage_until.fetch_max(milliseconds, Ordering::Relaxed);
    }

    /// Whether the database is away.
    pub fn is_out(&self) -> bool {
        self.time.elapsed() < Duration::from_millis(self.outage_until.load(Ordering::Relaxed)) && !self.is_calm()
    }

    /// A process died at this named point.
    pub fn hit(&self, point: Point) {
        open(&self.hit).insert(point);
    }

    /// The points at which somebody died.
    pub fn points_hit(&self) -> BTreeSet<Point> {
        open(&self.hit).clone()
    }

    /// How many processes there have been, by seat.
    pub fn generations(&self) -> BTreeMap<usize, usize> {
        let mut seats = BTreeMap::new();
        for seat in open(&self.processes).iter().filter_map(|process| process.seat) {
            *seats.entry(seat).or_default() += 1;
        }
        seats
    }
}
