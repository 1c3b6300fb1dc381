//! Two workers, one chunk, and everything that may go wrong between them.
//!
//! The workers are the real waiting room ([`Hold`]); the rescue is the real [`Chunk::rescue`]. Only the statements
//! (`record.rs`) and the loop's order of calls (here, after `app/work.rs`) are retold. Misfortunes are counted down from
//! a [`Budget`], which is what keeps the walk finite.
//!
//! Time is left out on purpose: here a tenant may be taken from a live owner at any moment, as if every clock lied, and
//! a frozen worker is one that nobody lets go on. So these promises need no clock. What the clock is for, that two
//! never send for one tenant at once, is walked through in `lease.rs`.

use std::fmt::{self, Display};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeZone;
use stentor::app::hold::{Hold, Landed, Spoken, Start};
use stentor::domain::broadcast::{BroadcastState, RoundKind, RoundState, TOLERANCE, Treatment};
use stentor::domain::chunk::Chunk;
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::ids::{
    BroadcastId, ChunkNumber, ConversationId, EntraId, Epoch, Ordinal, RecipientKey, RequestId, RoundId,
};
use stentor::domain::outcome::{Outcome, Step};
use stentor::domain::plan::Purpose;
use stentor::domain::reason::Reason;
use stentor::domain::retry::RetryPolicy;
use stentor::domain::route::{Account, Route};
use stentor::domain::time::{Monotonic, Timestamp};
use stentor::ports::{Answer, AttemptFact, ClaimedChunk, Flush, Flushed, Member, RoundWork};
use uuid::Uuid;

use crate::promises;
use crate::record::{Record, Run, Standing};
pub use crate::search::Known;
use crate::search::{Print, Shared, System, print_shown};

/// A fault built in, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// The code as it is.
    None,
    /// A flush moves the chunk whoever owns it by now.
    NoFence,
    /// The permission is granted in memory and not stored.
    NoPermissionBit,
    /// Bits and counters are committed first, the facts in a commit of their own.
    FactsApart,
    /// The rescue leaves the epoch as it was.
    RescueKeepsEpoch,
    /// Whoever ends in doubt is counted so, although a late answer has proved an earlier send meanwhile.
    DoubtForgetsProof,
    /// A send starts when its permission was asked for, not when it was committed.
    SendsBeforeCommit,
}

/// How often each misfortune may strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Budget {
    /// A process is killed.
    pub crashes: u8,
    /// A tenant is taken from an owner that lives: frozen, or cut off from the database.
    pub freezes: u8,
    /// A statement is lost before it took effect, or its answer after.
    pub losses: u8,
    /// A statement is repeated while its first copy is still under way.
    pub delays: u8,
    /// Teams' answer to a send is lost; it had arrived, or not.
    pub silences: u8,
    /// Teams says wait.
    pub throttles: u8,
    /// A worker is asked to stop.
    pub stops: u8,
}

/// More tries than any budget of misfortunes uses up.
pub const PATIENT: u8 = 12;

pub struct Broadcast {
    pub people: u32,
    pub policy: WhenInDoubt,
    /// How many permissions may be open at once.
    pub window: u32,
    pub budget: Budget,
    pub mutation: Mutation,
    /// How often this chunk's owners have died already.
    pub crashes_before: u16,
    /// How many tries a delivery has.
    pub tries: u8,
    pub rooms: Known<Hold>,
}

/// A request that has not been answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wire {
    pub ordinal: Ordinal,
    pub epoch: Epoch,
    pub attempt: u32,
    pub reached: bool,
}

/// A place where worker processes run, one after the other.
#[derive(Debug, Clone, Hash)]
pub struct Slot {
    pub run: Option<Run>,
    pub lease_epoch: u32,
    pub rescued: bool,
    pub leaving: bool,
    pub hold: Shared<Hold>,
    /// What was sent to the database and not answered.
    pub flush: Option<Shared<Flush>>,
    pub answer: Option<bool>,
    pub wire: Vec<Wire>,
    pub late: Shared<Vec<AttemptFact>>,
}

/// A flush under way to the database.
#[derive(Debug, Clone, Hash)]
pub struct Copy {
    pub run: Run,
    pub flush: Shared<Flush>,
}

#[derive(Debug, Clone, Hash)]
pub struct World {
    pub record: Shared<Record>,
    pub slots: [Slot; 2],
    pub copies: Vec<Copy>,
    /// Messages received, for each ordinal.
    pub told: Vec<u8>,
    pub runs: Run,
    pub budget: Budget,
}

#[derive(Debug, Clone, Copy)]
pub enum Act {
    Take(usize),
    Seize(usize),
    Rescue(usize),
    Claim(usize),
    ClaimUnheard(usize),
    Flush(usize),
    Repeat(usize),
    Arrive(usize),
    ArriveUnheard(usize),
    Vanish(usize),
    Hear(usize),
    Facts,
    Send(usize),
    SendIntoTheVoid(usize),
    Accepted(usize, usize),
    Silence(usize, usize),
    Wait(usize),
    Late(usize),
    LateUnheard(usize),
    Stop(usize),
    End(usize),
    Crash(usize),
}

impl Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |slot: &usize| ["Anna", "Bert"][*slot];
        let place = |wire: &usize| ["first", "second", "third"][*wire];
        match self {
            Self::Take(slot) => write!(f, "{} takes the tenant, which nobody alive holds", name(slot)),
            Self::Seize(slot) => write!(f, "{} takes the tenant; its owner is frozen, and lives", name(slot)),
            Self::Rescue(slot) => write!(f, "{} rescues what was left behind", name(slot)),
            Self::Claim(slot) => write!(f, "{} claims the chunk", name(slot)),
            Self::ClaimUnheard(slot) => write!(f, "{} claims the chunk, and the answer is lost", name(slot)),
            Self::Flush(slot) => write!(f, "{} sends a flush: facts, and permissions for whoever is ready", name(slot)),
            Self::Repeat(slot) => write!(f, "{} repeats the flush, having heard nothing", name(slot)),
            Self::Arrive(copy) => write!(f, "the {} flush under way arrives at the database", place(copy)),
            Self::ArriveUnheard(copy) => write!(f, "the {} flush under way arrives; the answer is lost", place(copy)),
            Self::Vanish(copy) => write!(f, "the {} flush under way is lost", place(copy)),
            Self::Hear(slot) => write!(f, "{} hears what became of the flush", name(slot)),
            Self::Facts => write!(f, "the facts are committed after the bits"),
            Self::Send(slot) => write!(f, "{} sends to whoever is permitted first; it is received", name(slot)),
            Self::SendIntoTheVoid(slot) => write!(f, "{} sends to whoever is permitted first; it is lost", name(slot)),
            Self::Accepted(slot, wire) => write!(f, "{} hears that its {} send was accepted", name(slot), place(wire)),
            Self::Silence(slot, wire) => write!(f, "{} hears nothing of its {} send", name(slot), place(wire)),
            Self::Wait(slot) => write!(f, "{} sends to whoever is permitted first, and is told to wait", name(slot)),
            Self::Late(slot) => write!(f, "{} records its late answers", name(slot)),
            Self::LateUnheard(slot) => write!(f, "{} records its late answers, and the reply is lost", name(slot)),
            Self::Stop(slot) => write!(f, "{} is asked to stop", name(slot)),
            Self::End(slot) => write!(f, "{} gives back what it has and ends", name(slot)),
            Self::Crash(slot) => write!(f, "{} is killed", name(slot)),
        }
    }
}

pub fn now() -> Timestamp {
    chrono::Utc.timestamp_opt(1_800_000_000, 0).unwrap()
}

const ROUND: RoundId = RoundId::from_i64(1);

impl Print for Hold {
    fn print(&self, into: &mut DefaultHasher) {
        print_shown(self, into);
    }
}

impl Slot {
    fn empty() -> Self {
        Self {
            run: None,
            lease_epoch: 0,
            rescued: false,
            leaving: false,
            hold: Shared::new(Hold::default()),
            flush: None,
            answer: None,
            wire: Vec::new(),
            late: Shared::new(Vec::new()),
        }
    }

    fn has_chunk(&self) -> bool {
        self.hold.chunk_count(ROUND).0 > 0
    }

    fn is_clean(&self) -> bool {
        self.flush.is_none() && self.wire.is_empty() && self.late.is_empty() && !self.hold.is_dirty()
    }
}

impl Broadcast {
    fn retry(&self) -> RetryPolicy {
        RetryPolicy { tries: self.tries, ..RetryPolicy::default() }
    }

    /// Waits are over at once: every order of events comes up anyway.
    fn wake(&self, hold: &mut Hold) {
        hold.wake(now() + Duration::from_secs(1 << 29), &self.retry());
    }

    fn waiting_room(&self) -> Hold {
        let mut hold = Hold::default();
        let treatment = Treatment {
            when_in_doubt: self.policy,
            urgent: false,
            deadline_at: now() + Duration::from_secs(1 << 30),
            tolerance: TOLERANCE,
        };
        hold.learn_rounds(vec![RoundWork {
            round: ROUND,
            broadcast: BroadcastId::from_i64(1),
            kind: RoundKind::Send,
            purpose: Purpose::Send,
            state: RoundState::Running,
            broadcast_state: BroadcastState::Running,
            treatment,
            expression: None,
            hour_in: None,
        }]);
        hold.lane_mut(ROUND).expect("learnt just before").said =
            Some(Spoken { activity: Arc::from("{}"), notification: None });
        hold
    }

    fn claimed(record: &Record, chunk: Chunk) -> ClaimedChunk {
        let member = |ordinal: Ordinal| Member {
            ordinal,
            recipient: RecipientKey(i64::from(ordinal.0)),
            entra_id: EntraId(Uuid::nil()),
            account: Account::ORDINARY,
            route: Route::to(ConversationId(String::new())),
            service_url: None,
            doubt: None,
            message: None,
            venue: None,
            principal_name: None,
        };
        ClaimedChunk { members: chunk.unsettled().map(member).collect(), attempts: record.attempts(), chunk }
    }

    fn take(&self, world: &mut World, at: usize) {
        world.runs += 1;
        let run = world.runs;
        let lease_epoch = world.record.change(|record| record.take(run));
        world.slots[at] = Slot { run: Some(run), lease_epoch, hold: Shared::new(self.waiting_room()), ..Slot::empty() };
    }

    fn rescue(&self, world: &mut World, at: usize) -> Result<(), String> {
        let Slot { run: Some(run), lease_epoch, .. } = world.slots[at] else { return Ok(()) };
        let open: Vec<Ordinal> = world.record.chunk.open().ones().map(Ordinal).collect();
        let doubts = world.record.change(|record| record.rescue(run, lease_epoch, self.policy, self.mutation));
        match doubts {
            // The lease was lost: this run ends with an error, and it has nothing yet.
            None => world.slots[at] = Slot::empty(),
            Some(doubts) => {
                let doubted: Vec<Ordinal> = doubts.iter().map(|doubt| doubt.ordinal).collect();
                let dirty = world.record.standing == Standing::Ready || world.record.standing == Standing::Finished;
                if dirty && !doubted.is_empty() && doubted != open {
                    return Err(format!("the doubt {doubted:?} is not exactly what was open, {open:?}"));
                }
                world.slots[at].rescued = true;
            }
        }
        Ok(())
    }

    fn claim(&self, world: &mut World, at: usize, heard: bool) -> Result<(), String> {
        let Slot { run: Some(run), lease_epoch, .. } = world.slots[at] else { return Ok(()) };
        let claimed = world.record.change(|record| record.claim(run, lease_epoch));
        match claimed {
            _ if !heard => {}
            None => world.slots[at].leaving = true,
            Some(None) => {}
            Some(Some(chunk)) => {
                if chunk.open().count() > 0 {
                    return Err("a claim met a chunk with open bits".to_owned());
                }
                let claimed = Self::claimed(&world.record, chunk);
                let key = ("claim", world.record.clone());
                world.slots[at].hold.change_known(&self.rooms, key, |hold| {
                    hold.admit(claimed, &self.retry(), now());
                    self.wake(hold);
                });
            }
        }
        Ok(())
    }

    fn flush(&self, world: &mut World, at: usize) {
        let slot = &mut world.slots[at];
        let Some(run) = slot.run else { return };
        let window = if slot.leaving { 0 } else { self.window };
        let leaving = slot.leaving;
        let flush = slot.hold.change_known(&self.rooms, ("flush", window, leaving), |hold| {
            if leaving {
                hold.revoke_all();
            }
            let flush = hold.take_flush(window, now());
            if let Some(flush) = flush.as_ref().filter(|_| self.mutation == Mutation::SendsBeforeCommit) {
                let held = flush.chunks.iter().map(|chunk| (chunk.round, chunk.number)).collect();
                hold.committed(flush, &Flushed { held, ..Flushed::default() });
            }
            flush.map(Shared::new)
        });
        if let Some(flush) = flush {
            slot.flush = Some(flush.clone());
            world.copies.push(Copy { run, flush });
        }
    }

    fn arrive(&self, world: &mut World, copy: usize, heard: bool) {
        let Copy { run, flush } = world.copies.remove(copy);
        let held = world.record.change(|record| record.flush(run, &flush, self.mutation));
        let asker = world.slots.iter_mut().find(|slot| slot.run == Some(run));
        let waits = asker.filter(|slot| slot.flush.as_ref().is_some_and(|asked| asked.chunks == flush.chunks));
        if let Some(slot) = waits.filter(|_| heard) {
            slot.answer.get_or_insert(held);
        }
    }

    fn hear(&self, world: &mut World, at: usize) {
        let slot = &mut world.slots[at];
        let (Some(flush), Some(held)) = (slot.flush.take(), slot.answer.take()) else { return };
        let keys = flush.chunks.iter().map(|chunk| (chunk.round, chunk.number)).filter(|_| held).collect();
        let flushed = Flushed { held: keys, ..Flushed::default() };
        let key = ("hear", flush.clone(), held);
        let late = slot.hold.change_known(&self.rooms, key, |hold| hold.committed(&flush, &flushed).late);
        if !late.is_empty() {
            slot.late.change(|known| known.extend(late));
        }
    }

    fn send(&self, world: &mut World, at: usize, reached: bool) -> Result<usize, String> {
        let start = world.slots[at]
            .hold
            .change_known(&self.rooms, "send", |hold| hold.start(Step::Send, &self.retry(), Monotonic::ZERO, now()));
        let Some(Start { seat, epoch, attempt, .. }) = start else {
            return Err("the waiting room says that somebody is ready, and nobody is".to_owned());
        };
        promises::may_send(&world.record, &world.told, seat.ordinal, epoch)?;
        world.told[seat.ordinal.0 as usize] += u8::from(reached);
        let (wires, sent) = (&mut world.slots[at].wire, Wire { ordinal: seat.ordinal, epoch, attempt, reached });
        let place = wires.partition_point(|known| *known < sent);
        wires.insert(place, sent);
        Ok(place)
    }

    fn land(&self, world: &mut World, at: usize, wire: usize, outcome: Outcome) {
        let slot = &mut world.slots[at];
        let Wire { ordinal, epoch, attempt, .. } = slot.wire.remove(wire);
        let seat = stentor::app::hold::Seat { chunk: (ROUND, ChunkNumber(0)), ordinal };
        let landed = Landed {
            seat,
            epoch,
            attempt,
            step: Step::Send,
            request: RequestId(Uuid::nil()),
            started_at: now(),
            ended_at: now(),
            answer: Answer::from(outcome),
        };
        let key = ("land", ordinal, epoch, attempt, landed.answer.outcome.number());
        let late = slot.hold.change_known(&self.rooms, key, |hold| {
            let landing = hold.land(landed, &self.retry());
            self.wake(hold);
            landing.late
        });
        if let Some(fact) = late {
            slot.late.change(|known| {
                known.push(fact);
                known.sort_by_key(|fact| (fact.ordinal, fact.attempt));
            });
        }
    }

    fn late(&self, world: &mut World, at: usize, heard: bool) -> Result<(), String> {
        let facts = world.slots[at].late.clone();
        world.record.change(|record| facts.iter().for_each(|fact| record.record_late(fact)));
        promises::late_answers_are_kept(&world.record, &facts)?;
        if heard {
            world.slots[at].late.change(Vec::clear);
        }
        Ok(())
    }

    fn end(&self, world: &mut World, at: usize) {
        let Slot { run: Some(run), lease_epoch, .. } = world.slots[at] else { return };
        world.record.change(|record| record.release(run, lease_epoch));
        world.slots[at] = Slot::empty();
    }

    fn acts_of(&self, world: &World, at: usize, acts: &mut Vec<Act>) {
        let (slot, budget) = (&world.slots[at], world.budget);
        let alive = |run: Run| world.slots.iter().any(|slot| slot.run == Some(run));
        let Some(run) = slot.run else {
            match world.record.holder {
                _ if world.record.standing == Standing::Finished => {}
                Some(holder) if alive(holder) => acts.extend((budget.freezes > 0).then_some(Act::Seize(at))),
                _ => acts.push(Act::Take(at)),
            }
            return;
        };
        let mut may = |allowed: bool, act: Act| acts.extend(allowed.then_some(act));
        may(budget.crashes > 0, Act::Crash(at));
        may(!slot.rescued, Act::Rescue(at));
        if !slot.rescued {
            return;
        }
        let free = !slot.leaving && !slot.has_chunk();
        may(free && world.record.standing != Standing::Finished, Act::Claim(at));
        may(free && budget.losses > 0 && world.record.holds(run, slot.lease_epoch), Act::ClaimUnheard(at));
        let wants = slot.hold.is_dirty() || (!slot.leaving && slot.hold.wants_permission());
        may(slot.flush.is_none() && (wants || slot.leaving && slot.hold.has_ready(Step::Send)), Act::Flush(at));
        if slot.flush.is_some() && slot.answer.is_none() {
            let under_way = world.copies.iter().any(|copy| copy.run == run);
            may(!under_way || (budget.delays > 0 && world.copies.len() < 3), Act::Repeat(at));
        }
        may(slot.answer.is_some(), Act::Hear(at));
        let permitted = !slot.leaving && slot.hold.has_ready(Step::Send);
        may(permitted, Act::Send(at));
        may(permitted && budget.silences > 0, Act::SendIntoTheVoid(at));
        may(permitted && budget.throttles > 0, Act::Wait(at));
        for (place, wire) in slot.wire.iter().enumerate() {
            may(wire.reached, Act::Accepted(at, place));
            may(budget.silences > 0 || !wire.reached, Act::Silence(at, place));
        }
        may(!slot.late.is_empty(), Act::Late(at));
        may(!slot.late.is_empty() && budget.losses > 0, Act::LateUnheard(at));
        may(!slot.leaving && budget.stops > 0, Act::Stop(at));
        let done = slot.leaving || !world.record.holds(run, slot.lease_epoch);
        may(done && slot.is_clean() && !slot.has_ready_permission(), Act::End(at));
    }
}

impl Slot {
    fn has_ready_permission(&self) -> bool {
        self.hold.has_ready(Step::Send)
    }
}

impl System for Broadcast {
    type State = World;
    type Act = Act;

    fn start(&self) -> World {
        World {
            record: Shared::new(Record::new(self.people, self.crashes_before)),
            slots: [Slot::empty(), Slot::empty()],
            copies: Vec::new(),
            told: vec![0; self.people as usize],
            runs: 0,
            budget: self.budget,
        }
    }

    fn acts(&self, world: &World) -> Vec<Act> {
        let mut acts = Vec::new();
        for at in [0, 1] {
            self.acts_of(world, at, &mut acts);
        }
        for copy in 0..world.copies.len() {
            acts.push(Act::Arrive(copy));
            if world.budget.losses > 0 {
                acts.extend([Act::ArriveUnheard(copy), Act::Vanish(copy)]);
            }
        }
        if !world.record.apart.is_empty() {
            acts.push(Act::Facts);
        }
        acts
    }

    fn step(&self, world: &World, act: Act) -> Result<World, String> {
        let mut next = world.clone();
        let budget = &mut next.budget;
        match act {
            Act::Seize(_) => budget.freezes -= 1,
            Act::ClaimUnheard(_) | Act::ArriveUnheard(_) | Act::Vanish(_) | Act::LateUnheard(_) => budget.losses -= 1,
            Act::SendIntoTheVoid(_) => budget.silences -= 1,
            Act::Silence(at, wire) if world.slots[at].wire[wire].reached => budget.silences -= 1,
            Act::Wait(_) => budget.throttles -= 1,
            Act::Stop(_) => budget.stops -= 1,
            Act::Crash(_) => budget.crashes -= 1,
            Act::Repeat(at) if world.copies.iter().any(|copy| Some(copy.run) == world.slots[at].run) => {
                budget.delays -= 1;
            }
            _ => {}
        }
        match act {
            Act::Take(at) | Act::Seize(at) => self.take(&mut next, at),
            Act::Rescue(at) => self.rescue(&mut next, at)?,
            Act::Claim(at) => self.claim(&mut next, at, true)?,
            Act::ClaimUnheard(at) => self.claim(&mut next, at, false)?,
            Act::Flush(at) => self.flush(&mut next, at),
            Act::Repeat(at) => {
                if let (Some(run), Some(flush)) = (next.slots[at].run, next.slots[at].flush.clone()) {
                    next.copies.push(Copy { run, flush });
                }
            }
            Act::Arrive(copy) => self.arrive(&mut next, copy, true),
            Act::ArriveUnheard(copy) => self.arrive(&mut next, copy, false),
            Act::Vanish(copy) => drop(next.copies.remove(copy)),
            Act::Hear(at) => self.hear(&mut next, at),
            Act::Facts => next.record.change(Record::insert_apart),
            Act::Send(at) => drop(self.send(&mut next, at, true)?),
            Act::SendIntoTheVoid(at) => drop(self.send(&mut next, at, false)?),
            Act::Accepted(at, wire) => self.land(&mut next, at, wire, Outcome::Accepted { message_id: None }),
            Act::Silence(at, wire) => self.land(&mut next, at, wire, Outcome::Lost(Reason::AnswerLost)),
            Act::Wait(at) => {
                let wire = self.send(&mut next, at, false)?;
                self.land(&mut next, at, wire, Outcome::Throttled { retry_after: None });
            }
            Act::Late(at) => self.late(&mut next, at, true)?,
            Act::LateUnheard(at) => self.late(&mut next, at, false)?,
            Act::Stop(at) => {
                next.slots[at].leaving = true;
                next.slots[at].hold.change_known(&self.rooms, "stop", Hold::revoke_all);
            }
            Act::End(at) => self.end(&mut next, at),
            Act::Crash(at) => next.slots[at] = Slot::empty(),
        }
        promises::hold_always(self, &world.record, &next)?;
        Ok(next)
    }

    fn check_end(&self, world: &World) -> Result<(), String> {
        promises::hold_at_the_end(world)
    }

    fn print(&self, world: &World) -> u64 {
        let mut hasher = DefaultHasher::new();
        world.hash(&mut hasher);
        hasher.finish()
    }
}
