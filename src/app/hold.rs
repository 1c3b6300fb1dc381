//! What the owner of a tenant holds in memory: chunks, their people, and who is ready for what.
//!
//! Picture a waiting room. Everybody whom we claimed sits in it; each seat is in exactly one queue (a step's, or
//! *wanting* a permission, or *permitted*), or waits for an hour, or is on the wire. The room decides nothing about
//! Teams: [`delivery::apply`] does. It keeps the queues, the bits and the journal in step with those decisions.
//!
//! No IO: the worker's loop asks for the next seat, carries out what comes back, and writes the journal down.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};
use std::mem;
use std::sync::Arc;

use crate::domain::broadcast::BroadcastState;
use crate::domain::chunk::Chunk;
use crate::domain::delivery::{self, Delivery, Effect, Event, Settlement, State};
use crate::domain::fairness::{Class, Turns};
use crate::domain::heard::Chat;
use crate::domain::ids::{BroadcastId, ChunkNumber, Ordinal, RecipientKey, RoundId};
use crate::domain::notification::{Notification, Scope};
use crate::domain::outcome::{Fact, Outcome, Remedy, Step};
use crate::domain::pacing::Quota;
use crate::domain::plan::{self, Knowledge, LISTEN_FOR, Odds, Place, Purpose};
use crate::domain::reason::Reason;
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::spacing::Spacing;
use crate::domain::time::{Monotonic, Timestamp};
use crate::domain::venue::Venue;
use crate::ports::{AttemptFact, ClaimedChunk, Flush, Flushed, Member, RoundWork, RouteLearnt};

mod grants;
mod hearing;
mod lane;
mod starting;
mod values;

pub use lane::Lane;
pub use values::{ChunkKey, Committed, Landed, Landing, Seat, Start};

/// So many people at the beginning of their way keep checks and installs busy until the next chunk is there: two seconds'
/// worth at the published quotas.
const BEGINNERS_AHEAD: usize = 64;
/// A chunk counts as cold when more than one in so many of its people have to be prepared.
const COLD_FROM: usize = 10;

#[derive(Debug, Clone)]
struct HeldChunk {
    chunk: Chunk,
    people: BTreeMap<Ordinal, (Member, Delivery)>,
    dirty: bool,
}

/// What a round says, as it travels.
#[derive(Debug, Clone)]
pub struct Spoken {
    /// The activity for chats and channels, as JSON: the same bytes for everybody.
    pub activity: Arc<str>,
    /// The notification for activity feeds.
    pub notification: Option<Arc<Notification>>,
}

/// The waiting room. A copy is another world that goes its own way: the exhaustive tests walk them all.
#[derive(Debug, Clone, Default)]
pub struct Hold {
    lanes: BTreeMap<RoundId, Lane>,
    chunks: BTreeMap<ChunkKey, HeldChunk>,
    facts: Vec<AttemptFact>,
    routes: BTreeMap<RecipientKey, RouteLearnt>,
    turns: BTreeMap<Step, Turns<RoundId>>,
    grants: Turns<RoundId>,
    asked: Vec<Seat>,
    odds: Odds,
    spacing: Spacing,
    /// Notifications in the name of one team, or one chat, kept apart.
    scopes: BTreeMap<Scope, Spacing<()>>,
    /// Who waits to be told of, having just been installed.
    listening: BTreeSet<Seat>,
}

impl Hold {
    /// An empty room that writes to each chat no more often than `chat_quotas` allow.
    pub fn spaced_by(chat_quotas: Vec<Quota>) -> Self {
        Self { spacing: Spacing::by(chat_quotas), ..Self::default() }
    }

    /// The rounds, oldest first.
    pub fn lanes(&self) -> impl Iterator<Item = &Lane> {
        self.lanes.values()
    }

    /// One round.
    pub fn lane_mut(&mut self, round: RoundId) -> Option<&mut Lane> {
        self.lanes.get_mut(&round)
    }

    /// The rounds of one broadcast.
    pub fn lanes_of(&mut self, broadcast: BroadcastId) -> impl Iterator<Item = &mut Lane> {
        self.lanes.values_mut().filter(move |lane| lane.work.broadcast == broadcast)
    }

    /// Takes over what the store says of the tenant's rounds. Rounds that are gone leave with their chunks settled.
    pub fn learn_rounds(&mut self, rounds: Vec<RoundWork>) {
        let known: BTreeSet<RoundId> = rounds.iter().map(|work| work.round).collect();
        let held: BTreeSet<RoundId> = self.chunks.keys().map(|key| key.0).collect();
        self.lanes.retain(|round, _| known.contains(round) || held.contains(round));
        for work in rounds {
            let lane = self.lanes.entry(work.round).or_insert_with(|| Lane::new(work.clone()));
            lane.work = work;
            lane.exhausted = false;
        }
        self.revoke_stopped();
    }

    /// Takes over where a broadcast stands.
    pub fn learn_state(&mut self, broadcast: BroadcastId, state: BroadcastState) {
        self.lanes_of(broadcast).for_each(|lane| lane.work.broadcast_state = state);
        self.revoke_stopped();
    }

    /// How many sends may be on the wire by our bits.
    pub fn open(&self) -> u32 {
        self.chunks.values().map(|held| held.chunk.open().count()).sum()
    }

    /// How many chunks we hold, and how many of `round`.
    pub fn chunk_count(&self, round: RoundId) -> (usize, usize) {
        let of_round = self.chunks.keys().filter(|key| key.0 == round).count();
        (self.chunks.len(), of_round)
    }

    /// Requests on the wire.
    pub fn in_flight(&self) -> u32 {
        self.lanes.values().map(|lane| lane.in_flight).sum()
    }

    /// How many facts wait to be written down.
    pub fn unwritten(&self) -> usize {
        self.facts.len()
    }

    /// Something waits to be written down: facts, or bits.
    pub fn is_dirty(&self) -> bool {
        !self.facts.is_empty() || self.chunks.values().any(|held| held.dirty)
    }

    /// Somebody wants a permission and nobody has one left: the next flush should not wait.
    pub fn starves(&self) -> bool {
        let able = || self.lanes.values().filter(|lane| lane.may_start());
        able().any(|lane| !lane.wanting.is_empty()) && able().all(|lane| lane.permitted.is_empty())
    }

    /// Somebody wants a permission.
    pub fn wants_permission(&self) -> bool {
        self.lanes.values().any(|lane| lane.may_start() && !lane.wanting.is_empty())
    }

    /// Takes a claimed chunk in: replays what was tried, settles whom no rule allows us to reach, queues the others.
    pub fn admit(&mut self, claimed: ClaimedChunk, policy: &RetryPolicy, now: Timestamp) {
        let ClaimedChunk { chunk, members, attempts } = claimed;
        let key = (chunk.round, chunk.number);
        let Some(lane) = self.lanes.get_mut(&chunk.round) else { return };
        let (when_in_doubt, purpose) = (lane.work.treatment.when_in_doubt, lane.work.purpose);
        let mut history: BTreeMap<Ordinal, Vec<(Step, Outcome, Timestamp)>> = BTreeMap::new();
        for recorded in attempts {
            // Nothing has ended in the future: a predecessor whose clock was fast must not make anybody wait for it.
            let ended_at = recorded.ended_at.min(now);
            history.entry(recorded.ordinal).or_default().push((recorded.step, recorded.outcome, ended_at));
        }
        let mut seats = Vec::with_capacity(members.len());
        let mut told = Vec::new();
        let mut people = BTreeMap::new();
        for mut member in members {
            let tried = history.remove(&member.ordinal).unwrap_or_default();
            // What looks back is simply done again.
            if !purpose.looks_back() && tried.iter().any(|(_, outcome, _)| matches!(outcome, Outcome::Accepted { .. }))
            {
                // A late answer proved it before the policy could send again; the fact stands in the record.
                told.push(member.ordinal);
                continue;
            }
            let count = u32::try_from(tried.len()).unwrap_or(u32::MAX);
            let jitter = |attempt| Jitter::of(chunk.round, member.ordinal, attempt);
            let replayed = Delivery::replay(member.route.clone(), tried, when_in_doubt, policy, jitter);
            let delivery = match replayed {
                Ok(delivery) if !delivery.is_settled() => delivery,
                // A record that the table does not allow: go on with a clean slate.
                Ok(_) | Err(_) => Delivery::new(member.route.clone()).after(count),
            };
            let mut delivery = match purpose.looks_back() {
                true => delivery.beside_another(member.doubt),
                false => delivery.doubted_for(member.doubt),
            };
            if member.venue.is_some() {
                delivery = delivery.without_short_cut();
            }
            if !delivery.route.is_known() {
                // It was named with a chat that is none.
                member.service_url = None;
            }
            let prepared = delivery.settled_for(purpose).is_some().then_some(Reason::AlreadyPrepared);
            let barred =
                member.account.barrier().filter(|_| member.venue.is_none() && !purpose.looks_back()).or(prepared);
            let unknown = (purpose.looks_back() && member.message.is_none()).then_some(Reason::MessageUnknown);
            let unable = unknown.or_else(|| delivery.stuck_in(purpose));
            let decided = unable.map(Event::Unable).or_else(|| barred.map(Event::Barred));
            seats.push((Seat { chunk: key, ordinal: member.ordinal }, decided));
            people.insert(member.ordinal, (member, delivery));
        }
        let mut held = HeldChunk { chunk, people, dirty: !told.is_empty() };
        for ordinal in told {
            let settled = held.chunk.settle(ordinal, Settlement::Sent);
            debug_assert!(settled.is_ok(), "only unsettled people are listed with a claim");
        }
        let is_there = |delivery: &Delivery| purpose.is_there(delivery.place_for(purpose).knowledge);
        let unknown = held.people.values().filter(|(_, delivery)| !is_there(delivery)).count();
        lane.is_cold = unknown * COLD_FROM > held.people.len();
        self.chunks.insert(key, held);
        for (seat, decided) in seats {
            match decided {
                Some(event) => self.decide(seat, event, policy, now),
                None => self.queue(seat),
            }
        }
    }

    /// Lets everybody out of waiting whose hour has come.
    pub fn wake(&mut self, now: Timestamp, policy: &RetryPolicy) {
        let rounds: Vec<_> = self.lanes.iter().map(|(round, lane)| (*round, lane.work.purpose)).collect();
        for (round, purpose) in rounds {
            while let Some(seat) = self.lanes.get_mut(&round).and_then(|lane| pop_due(lane, now)) {
                if self.listening.remove(&seat) {
                    self.odds.ears.learn(false);
                }
                if let Some((_, delivery)) = self.person_mut(seat) {
                    let jitter = Jitter::FULL;
                    let Ok(next) = delivery::apply(delivery, Event::Due, policy, now, jitter) else { continue };
                    *delivery = next.delivery;
                    // The bot was told of her chat, or another broadcast learnt it, while a predecessor had her wait.
                    if delivery.settled_for(purpose).is_some() {
                        self.decide(seat, Event::Barred(Reason::AlreadyPrepared), policy, now);
                    } else {
                        self.queue(seat);
                    }
                }
            }
        }
    }

    /// When the next hour comes.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.lanes.values().filter_map(|lane| lane.waiting.peek().map(|Reverse((due, _))| *due)).min()
    }

    /// Ends everybody idle whose broadcast's deadline has passed.
    pub fn expire(&mut self, now: Timestamp, policy: &RetryPolicy) {
        let over: BTreeSet<RoundId> = self
            .lanes
            .values()
            .filter(|lane| lane.work.treatment.deadline_at <= now && lane.work.goes_on())
            .map(|lane| lane.work.round)
            .collect();
        if over.is_empty() {
            return;
        }
        for round in &over {
            self.revoke(*round);
            if let Some(lane) = self.lanes.get_mut(round) {
                lane.preparing.clear();
                lane.wanting.clear();
                lane.waiting.clear();
            }
        }
        let idle = |delivery: &Delivery| matches!(delivery.state, State::Pending | State::Waiting { .. });
        let seats: Vec<Seat> = self
            .chunks
            .iter()
            .filter(|(key, _)| over.contains(&key.0))
            .flat_map(|(key, held)| held.people.iter().map(move |(ordinal, person)| (*key, *ordinal, person)))
            .filter(|(_, _, (_, delivery))| idle(delivery))
            .map(|(chunk, ordinal, _)| Seat { chunk, ordinal })
            .collect();
        for seat in seats {
            self.decide(seat, Event::Expired, policy, now);
        }
    }

    /// Takes an answer in.
    pub fn land(&mut self, landed: Landed, policy: &RetryPolicy) -> Landing {
        let seat = landed.seat;
        let Some(lane) = self.lanes.get_mut(&seat.chunk.0) else {
            return Landing { late: Some(fact(&landed, None, None)), ..Landing::default() };
        };
        let ours = self.chunks.get(&seat.chunk).is_some_and(|held| held.chunk.epoch == landed.epoch);
        if !ours {
            return Landing { late: Some(fact(&landed, None, None)), ..Landing::default() };
        }
        lane.in_flight = lane.in_flight.saturating_sub(1);
        if matches!(landed.answer.outcome, Outcome::Accepted { .. }) {
            lane.refused.clear();
        }
        let (when_in_doubt, purpose) = (lane.work.treatment.when_in_doubt, lane.work.purpose);
        let jitter = Jitter::of(seat.chunk.0, seat.ordinal, landed.attempt);
        let outcome = landed.answer.outcome.clone();
        // Not through `person_mut`: the odds are learnt beside it.
        let held = self.chunks.get_mut(&seat.chunk);
        let Some((member, delivery)) = held.and_then(|held| held.people.get_mut(&seat.ordinal)) else {
            return Landing::default();
        };
        // Whether teams have the app says nothing of people.
        if member.venue.is_none() && delivery.place().knowledge == Knowledge::Nothing {
            self.odds.learn(landed.step, &outcome);
        }
        let answered = |outcome: Outcome| Event::Answered(outcome);
        let next = delivery::apply(delivery, answered(outcome.clone()), policy, landed.ended_at, jitter);
        // An answer that this step cannot have is a bug of the messenger; the person must not pay for it.
        let next = next.or_else(|illegal| {
            tracing::error!(%illegal, "an answer that this step cannot have");
            delivery::apply(delivery, answered(Outcome::Lost(Reason::Unexpected)), policy, landed.ended_at, jitter)
        });
        let Ok(next) = next else { return Landing::default() };
        *delivery = next.delivery;
        if matches!(delivery.state, State::InDoubt(_)) {
            let settle = Event::DoubtSettled(when_in_doubt);
            if let Ok(next) = delivery::apply(delivery, settle, policy, landed.ended_at, jitter) {
                *delivery = next.delivery;
            }
        }
        let (recipient, route, settled) = (member.recipient, delivery.route.clone(), delivery.settled_for(purpose));
        let why = if let State::Settled(_, why) = delivery.state { why } else { None };
        let stuck = delivery.stuck_in(purpose);
        // The bot is told of people's chats, not of channels.
        let awaits_word =
            outcome == Outcome::Learnt(Fact::InstallAccepted) && delivery.looks_for_chat() && member.venue.is_none();
        for effect in &next.effects {
            let (refusal, forgets) = match effect {
                Effect::Learn(_) => (None, false),
                Effect::Forget(_) => (None, true),
                // Teams names another host than it did with the chat.
                Effect::Renew(Remedy::BotHost(_)) if member.service_url.is_some() => (None, true),
                Effect::NoteRefusal(reason) => (Some(*reason), false),
                _ => continue,
            };
            if forgets {
                member.service_url = None;
            }
            // What was to be forgotten stays so, whatever is learnt before it is written down.
            let forgets = forgets || self.routes.get(&recipient).is_some_and(|earlier| earlier.forgets);
            self.routes.insert(recipient, RouteLearnt { recipient, route: route.clone(), forgets, refusal });
        }
        if outcome != Outcome::NotStarted {
            // What was done may still leave her in doubt: then the doubt is why.
            self.facts.push(fact(&landed, settled, why));
        }
        if awaits_word && purpose.reaches_people() && self.odds.ears.are_open() {
            self.listen(seat, landed.ended_at + LISTEN_FOR, policy, landed.ended_at);
        }
        match stuck {
            Some(reason) => self.decide(seat, Event::Unable(reason), policy, landed.ended_at),
            None => self.put_back(seat, landed.step, settled),
        }
        Landing { effects: next.effects, settled, late: None }
    }

    /// Grants permissions up to `window` open sends and hands out everything unwritten; `None` when there is nothing.
    pub fn take_flush(&mut self, window: u32, now: Timestamp) -> Option<Flush> {
        self.grant(window);
        let mut chunks = Vec::new();
        for held in self.chunks.values_mut().filter(|held| held.dirty) {
            held.chunk.flush_number += 1;
            held.dirty = false;
            chunks.push(held.chunk.clone());
        }
        if chunks.is_empty() {
            // Invariant: every fact has made its chunk dirty, so nothing unwritten is left behind.
            return None;
        }
        let routes = mem::take(&mut self.routes).into_values().collect();
        Some(Flush { chunks, facts: mem::take(&mut self.facts), routes, now: Some(now) })
    }

    /// Takes a committed flush in: permissions become usable, finished and fenced chunks leave.
    pub fn committed(&mut self, flush: &Flush, flushed: &Flushed) -> Committed {
        let held: BTreeSet<ChunkKey> = flushed.held.iter().copied().collect();
        let mut committed = Committed::default();
        for seat in mem::take(&mut self.asked) {
            if let Some(lane) = self.lanes.get_mut(&seat.chunk.0) {
                lane.asked = lane.asked.saturating_sub(1);
                let present =
                    self.chunks.get(&seat.chunk).is_some_and(|chunk| chunk.people.contains_key(&seat.ordinal));
                if present && held.contains(&seat.chunk) {
                    lane.permitted.push_back(seat);
                }
            }
        }
        for chunk in &flush.chunks {
            let key = (chunk.round, chunk.number);
            if !held.contains(&key) {
                self.drop_chunk(key);
                committed.fenced.push(key);
                let theirs = |fact: &AttemptFact| (fact.round, fact.chunk) == key;
                committed.late.extend(flush.facts.iter().filter(|fact| theirs(fact)).cloned());
                // Also what landed while the flush was under way.
                committed.late.extend(self.facts.extract_if(.., |fact| theirs(fact)));
            } else if chunk.is_finished() {
                self.chunks.remove(&key);
                committed.finished.insert(key.0);
            }
        }
        for (broadcast, state) in &flushed.broadcasts {
            self.lanes_of(*broadcast).for_each(|lane| lane.work.broadcast_state = *state);
        }
        self.revoke_stopped();
        committed
    }

    /// Takes every permission back that no request has used: nothing of these rounds may start any more.
    pub fn revoke_all(&mut self) {
        let rounds: Vec<RoundId> = self.lanes.keys().copied().collect();
        rounds.into_iter().for_each(|round| self.revoke(round));
    }

    /// Whether anybody is ready for anything, or would be with a permission.
    pub fn has_work(&self) -> bool {
        Step::ALL.into_iter().any(|step| self.has_ready(step)) || self.wants_permission()
    }

    /// The numbers of the chunks of `round` that we hold.
    pub fn numbers(&self, round: RoundId) -> Vec<ChunkNumber> {
        self.chunks.keys().filter(|key| key.0 == round).map(|key| key.1).collect()
    }

    /// Settles, in cancelled rounds, whoever may have been told by an earlier send: cancelling must not say otherwise.
    pub fn settle_doubted(&mut self, round: RoundId, policy: &RetryPolicy, now: Timestamp) {
        let doubted = |(_, (_, delivery)): &(&Ordinal, &(Member, Delivery))| {
            delivery.is_doubted() && matches!(delivery.state, State::Pending | State::Waiting { .. })
        };
        let seats: Vec<Seat> = self
            .chunks
            .iter()
            .filter(|(key, _)| key.0 == round)
            .flat_map(|(key, held)| {
                held.people.iter().filter(doubted).map(|(ordinal, _)| Seat { chunk: *key, ordinal: *ordinal })
            })
            .collect();
        for seat in seats {
            self.decide(seat, Event::Cancelled, policy, now);
        }
    }

    /// Chunks that can be given back: of `round`, or all; without open bits, unwritten facts or requests on the wire.
    pub fn releasable(&self, round: Option<RoundId>) -> Vec<Chunk> {
        let idle = |held: &HeldChunk| {
            let on_the_wire = |(_, delivery): &(Member, Delivery)| matches!(delivery.state, State::InFlight(_));
            !held.dirty && held.chunk.open().count() == 0 && !held.people.values().any(on_the_wire)
        };
        let wanted = |key: &ChunkKey| round.is_none_or(|round| key.0 == round);
        self.chunks.iter().filter(|(key, held)| wanted(key) && idle(held)).map(|(_, held)| held.chunk.clone()).collect()
    }

    /// Forgets chunks that were given back or taken.
    pub fn drop_chunk(&mut self, key: ChunkKey) {
        let Some(held) = self.chunks.remove(&key) else { return };
        let Some(lane) = self.lanes.get_mut(&key.0) else { return };
        let flying = held.people.values().filter(|(_, delivery)| matches!(delivery.state, State::InFlight(_))).count();
        lane.in_flight = lane.in_flight.saturating_sub(u32::try_from(flying).unwrap_or(u32::MAX));
        let gone = |seat: &Seat| seat.chunk == key;
        lane.preparing.values_mut().for_each(|queue| queue.retain(|seat| !gone(seat)));
        lane.wanting.retain(|seat| !gone(seat));
        lane.permitted.retain(|seat| !gone(seat));
        lane.waiting.retain(|Reverse((_, seat))| !gone(seat));
        self.listening.retain(|seat| !gone(seat));
        let before = self.asked.len();
        self.asked.retain(|seat| !gone(seat));
        lane.asked = lane.asked.saturating_sub(u32::try_from(before - self.asked.len()).unwrap_or(0));
    }

    fn person_mut(&mut self, seat: Seat) -> Option<&mut (Member, Delivery)> {
        self.chunks.get_mut(&seat.chunk)?.people.get_mut(&seat.ordinal)
    }

    /// Settles somebody by a decision of ours, without a request.
    fn decide(&mut self, seat: Seat, event: Event, policy: &RetryPolicy, now: Timestamp) {
        let Some(held) = self.chunks.get_mut(&seat.chunk) else { return };
        let epoch = held.chunk.epoch;
        let Some((_, delivery)) = held.people.get_mut(&seat.ordinal) else { return };
        let Ok(next) = delivery::apply(delivery, event, policy, now, Jitter::FULL) else {
            // Whoever cannot be decided about keeps her place.
            self.queue(seat);
            return;
        };
        *delivery = next.delivery;
        let attempt = delivery.attempts.saturating_add(1);
        if let State::Settled(settlement, reason) = delivery.state {
            self.facts.push(AttemptFact {
                round: seat.chunk.0,
                chunk: seat.chunk.1,
                ordinal: seat.ordinal,
                attempt,
                epoch,
                step: None,
                outcome: None,
                settles: Some(settlement),
                reason: Some(reason.unwrap_or(Reason::Unexpected)),
                status: None,
                request: None,
                message_id: None,
                started_at: now,
                ended_at: now,
            });
            self.settle(seat, settlement);
        }
    }

    /// After an answer: settle, or close the permission and queue again.
    fn put_back(&mut self, seat: Seat, step: Step, settled: Option<Settlement>) {
        if let Some(settlement) = settled {
            self.settle(seat, settlement);
            return;
        }
        if let Some(held) = self.chunks.get_mut(&seat.chunk) {
            held.dirty = true;
            if step == Step::Send {
                let closed = held.chunk.close(seat.ordinal);
                debug_assert!(closed.is_ok(), "a seat lies in its chunk");
            }
        }
        self.queue(seat);
    }

    fn settle(&mut self, seat: Seat, settlement: Settlement) {
        self.listening.remove(&seat);
        if let Some(held) = self.chunks.get_mut(&seat.chunk) {
            held.dirty = true;
            held.people.remove(&seat.ordinal);
            if let Err(forbidden) = held.chunk.settle(seat.ordinal, settlement) {
                tracing::error!(%forbidden, "a delivery was settled twice");
            }
        }
    }

    /// Puts a person where her state says.
    fn queue(&mut self, seat: Seat) {
        let Some(lane) = self.lanes.get(&seat.chunk.0) else { return };
        let purpose = lane.work.purpose;
        let Some((_, delivery)) = self.person_mut(seat) else { return };
        let (state, place) = (delivery.state.clone(), delivery.place_for(purpose));
        let Some(lane) = self.lanes.get_mut(&seat.chunk.0) else { return };
        match state {
            State::Pending if purpose == Purpose::Send && purpose.is_there(place.knowledge) => {
                lane.wanting.push_back(seat);
            }
            State::Pending => lane.preparing.entry(place).or_default().push_back(seat),
            State::Waiting { due_at } => lane.waiting.push(Reverse((due_at, seat))),
            State::InFlight(_) | State::InDoubt(_) | State::Settled(..) => {}
        }
    }
}

fn pop_due(lane: &mut Lane, now: Timestamp) -> Option<Seat> {
    if lane.waiting.peek().is_some_and(|Reverse((due, _))| *due <= now) {
        return lane.waiting.pop().map(|Reverse((_, seat))| seat);
    }
    None
}

fn fact(landed: &Landed, settles: Option<Settlement>, why: Option<Reason>) -> AttemptFact {
    let outcome = landed.answer.outcome.clone();
    let message_id = match &outcome {
        Outcome::Accepted { message_id } => message_id.clone(),
        _ => None,
    };
    AttemptFact {
        round: landed.seat.chunk.0,
        chunk: landed.seat.chunk.1,
        ordinal: landed.seat.ordinal,
        attempt: landed.attempt,
        epoch: landed.epoch,
        step: Some(landed.step),
        reason: outcome.reason().or(why),
        outcome: Some(outcome),
        settles,
        status: landed.answer.status,
        request: Some(landed.request),
        message_id,
        started_at: landed.started_at,
        ended_at: landed.ended_at,
    }
}

#[cfg(test)]
mod tests;
