//! What must be true of every run, stated once, and judged after every step.
//!
//! The judge believes nobody. He reads three things: the record, as reports and exports read it; the ledger of the
//! simulated Teams, which knows who was told and how often; and the instants at which requests really began.
//!
//! - **P1** Nobody is lost: the sums add up at every instant, the audience only grows until it is frozen and never
//!   changes then, whoever is settled stays settled (but for a doubt that a late answer proves), and reports and exports
//!   say the same.
//! - **P2** Doubt is a state: a send begins only while its bit is open in the record; whoever was told is open, sent,
//!   unconfirmed, or in doubt by a policy that sends again, and never reported as not reached; whoever is reported sent
//!   was told. Under `hold` nobody is told twice; under `resend` once more for each doubt, no more. A rescue doubts
//!   exactly those whose bits were open.
//! - **P3** Quotas hold: in no sliding window do more requests begin than the quota allows, over all processes; none
//!   begins during a cooldown that its process has heard of.
//! - **P6** Control is immediate: whoever has heard of a pause or a cancellation begins nothing more, and a process
//!   that is neither slow nor frozen has heard within a second.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use super::points::Call;
use super::process::Process;
use crate::domain::broadcast::{BroadcastState, RoundKind, RoundState};
use crate::domain::delivery::WhenInDoubt;
use crate::domain::ids::{BroadcastId, ConversationId, Ordinal, RecipientKey, RoundId, TenantKey};
use crate::domain::outcome::{Outcome, Step};
use crate::domain::pacing::{Bucket, Quota};
use crate::ports::{Answer, ProcessIdentity, Request};
use crate::simulator::memory_store::{Claim, Origin, Record, StoredBroadcast, StoredRound, StoredWorker};
use crate::simulator::world::World;

/// A pause is heard of by the next poll at the latest: a second, and the call's own way.
const WITHIN: Duration = Duration::from_millis(1_200);

/// What the judge remembers of one broadcast.
#[derive(Debug, Default)]
struct Known {
    /// Each person's state as the export told it last.
    states: BTreeMap<RecipientKey, String>,
    /// Who is in it.
    audience: BTreeMap<Ordinal, RecipientKey>,
    is_frozen: bool,
    /// Since when a person wants it to stand still.
    stopped_at: Option<Duration>,
}

/// What one process has heard of one broadcast's control.
#[derive(Debug, Clone, Copy)]
struct Heard {
    version: u32,
    is_stopped: bool,
    at: Duration,
}

/// The judge.
#[derive(Debug)]
pub struct Oracle {
    tenant: TenantKey,
    quotas: BTreeMap<Bucket, Quota>,
    expected: usize,
    people: BTreeMap<u32, RecipientKey>,
    chats: BTreeMap<String, RecipientKey>,
    /// Each broadcast's activity and title.
    said: Vec<(BroadcastId, String, String)>,
    contents: BTreeMap<u32, BroadcastId>,
    messages: usize,
    told: BTreeMap<(BroadcastId, RecipientKey), u32>,
    broadcasts: BTreeMap<BroadcastId, Known>,
    open: BTreeSet<(RoundId, Ordinal)>,
    rescued: BTreeMap<(RoundId, Ordinal), usize>,
    starts: BTreeMap<Bucket, VecDeque<Duration>>,
    cooldowns: BTreeMap<(u64, Bucket), (Duration, Duration)>,
    heard: BTreeMap<(u64, BroadcastId), Heard>,
    now: Duration,
    complaint: Option<String>,
    all_final: bool,
}

impl Oracle {
    /// A judge who has seen nothing. `expected` broadcasts will be submitted.
    pub fn new(
        tenant: TenantKey,
        quotas: BTreeMap<Bucket, Quota>,
        expected: usize,
        record: &Record,
        world: &World,
    ) -> Self {
        let (mut people, mut chats) = (BTreeMap::new(), BTreeMap::new());
        for stored in record.people(tenant) {
            let found = world.organisation().find(&stored.person.entra_id.to_string());
            let Some(number) = found else { continue };
            people.insert(number, stored.key);
            chats.insert(world.chat_id(number), stored.key);
            chats.insert(world.connector_id(number), stored.key);
        }
        Self {
            tenant,
            quotas,
            expected,
            people,
            chats,
            said: Vec::new(),
            contents: BTreeMap::new(),
            messages: 0,
            told: BTreeMap::new(),
            broadcasts: BTreeMap::new(),
            open: BTreeSet::new(),
            rescued: BTreeMap::new(),
            starts: BTreeMap::new(),
            cooldowns: BTreeMap::new(),
            heard: BTreeMap::new(),
            now: Duration::ZERO,
            complaint: None,
            all_final: false,
        }
    }

    /// A broadcast will be submitted, and says this.
    pub fn expect(&mut self, id: BroadcastId, activity: String, title: String) {
        self.said.push((id, activity, title));
    }

    /// The first promise that was broken.
    pub fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// A promise was broken, or everything has ended.
    pub const fn is_over(&self) -> bool {
        self.complaint.is_some() || self.all_final
    }

    /// A promise is broken; the first one counts.
    pub fn complain(&mut self, what: impl FnOnce() -> String) {
        if self.complaint.is_none() {
            self.complaint = Some(what());
        }
    }

    fn ensure(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.complain(what);
        }
    }

    // ------------------------------------------------------------------------------------------ the record

    /// Judges the record after `call` of `process` took effect.
    pub fn after_record(&mut self, record: &Record, call: Call, process: &Process, now: Duration) {
        self.now = now;
        if call == Call::Register {
            // Another run of the worker: it knows of cooldowns by the record, and by a wall clock that may have jumped.
            self.cooldowns.retain(|(number, _), _| *number != process.number);
        }
        let changes_nothing = matches!(
            call,
            Call::Work
                | Call::Words
                | Call::Neighbours
                | Call::Register
                | Call::Renew
                | Call::KeepBucket
                | Call::KeepApp
                | Call::TakeTenants
                | Call::EndLease
        );
        if changes_nothing || self.complaint.is_some() {
            return;
        }
        if let Some(complaint) = record.integrity().into_iter().next() {
            self.complain(|| format!("P1: after {} of {}: {complaint}", call.name(), process.name()));
        }
        self.judge_rescues(record);
        if matches!(
            call,
            Call::Claim
                | Call::ReleaseTenant
                | Call::ReleaseChunks
                | Call::ReleaseStrays
                | Call::HaltTenant
                | Call::ReleaseHalt
        ) {
            return;
        }
        for broadcast in record.broadcasts() {
            self.judge_broadcast(record, broadcast);
        }
        let (ended, all) = record
            .broadcasts()
            .fold((0, 0), |(ended, all), broadcast| (ended + usize::from(broadcast.state.is_final()), all + 1));
        self.all_final = all == self.expected && ended == all;
    }

    /// A rescue doubts exactly those whose bits were open.
    fn judge_rescues(&mut self, record: &Record) {
        let (mut open, mut rescued) = (BTreeSet::new(), BTreeMap::new());
        for round in record.rounds(self.tenant) {
            for stored in round.chunks.values() {
                open.extend(stored.chunk.open().ones().map(|place| (round.id, Ordinal(stored.chunk.first.0 + place))));
            }
            for (key, kept) in &round.attempts {
                if kept.origin == Origin::Rescue {
                    *rescued.entry((round.id, key.0)).or_insert(0) += 1;
                }
            }
        }
        if rescued != self.rescued {
            let doubted = rescued.iter().filter(|(seat, times)| self.rescued.get(seat).unwrap_or(&0) < times);
            let doubted: BTreeSet<_> = doubted.map(|(seat, _)| *seat).collect();
            let closed: BTreeSet<_> = self.open.difference(&open).copied().collect();
            self.ensure(doubted == closed, || {
                format!("P2: a rescue doubts {doubted:?}, but the bits that it found open were {closed:?}")
            });
        }
        (self.open, self.rescued) = (open, rescued);
    }

    fn judge_broadcast(&mut self, record: &Record, broadcast: &StoredBroadcast) {
        let id = broadcast.submitted.id;
        let mut known = self.broadcasts.remove(&id).unwrap_or_default();
        self.judge_audience(record, id, &mut known);
        let rows = record.deliveries(self.tenant, id, None, u32::MAX);
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for (key, row) in rows {
            *counts.entry(row.state.clone()).or_default() += 1;
            if let Some(before) = known.states.get(&key)
                && before != &row.state
            {
                let proved = before == "unconfirmed" && (row.state == "sent" || row.state == "failed");
                self.ensure(before == "pending" || proved, || {
                    format!("P1: person {key} of {id} was {before} and is {} now", row.state)
                });
            }
            self.judge_person(record, broadcast, key, &row.state);
            known.states.insert(key, row.state);
        }
        self.judge_sums(record, broadcast, &counts);
        let stands_still =
            matches!(broadcast.state, BroadcastState::Paused | BroadcastState::Cancelling | BroadcastState::Cancelled);
        known.stopped_at = if stands_still { known.stopped_at.or(Some(self.now)) } else { None };
        self.broadcasts.insert(id, known);
    }

    /// Whoever is in stays in, at her place; once frozen, nobody joins.
    fn judge_audience(&mut self, record: &Record, id: BroadcastId, known: &mut Known) {
        for round in telling(record, self.tenant, id) {
            let kept = known.audience.iter().all(|(ordinal, person)| round.audience.get(ordinal) == Some(person));
            let grew = round.audience.len() > known.audience.len();
            self.ensure(kept && !(grew && known.is_frozen), || format!("P1: the audience of {id} changed"));
            if grew {
                known.audience.clone_from(&round.audience);
            }
            known.is_frozen |= round.state != RoundState::Expanding;
        }
    }

    /// Reports and exports say the same, and it adds up.
    fn judge_sums(&mut self, record: &Record, broadcast: &StoredBroadcast, counts: &BTreeMap<String, u64>) {
        let id = broadcast.submitted.id;
        let Some(report) = record.report(self.tenant, id) else { return };
        let told = report.progress;
        self.ensure(told.adds_up(), || format!("P1: the sum of {id} does not hold: {told:?}"));
        let count = |state: &str| counts.get(state).copied().unwrap_or_default();
        // Whoever was proved told before her chunk was claimed again is counted by whoever claims it.
        let spared = if broadcast.state.is_final() { 0 } else { count("sent").saturating_sub(told.sent) };
        let exported = [
            count("pending") + spared,
            count("sent") - spared,
            count("failed"),
            count("skipped"),
            count("unconfirmed"),
            count("cancelled"),
        ];
        let reported = [told.pending, told.sent, told.failed, told.skipped, told.unconfirmed, told.cancelled];
        self.ensure(exported == reported, || format!("P1: {id}: the report says {told:?}, the export {counts:?}"));
    }

    // ------------------------------------------------------------------------------------------ people

    /// What is said of a person and what she has received fit together.
    fn judge_person(&mut self, record: &Record, broadcast: &StoredBroadcast, key: RecipientKey, state: &str) {
        let id = broadcast.submitted.id;
        let times = self.told.get(&(id, key)).copied().unwrap_or_default();
        if times == 0 {
            self.ensure(state != "sent", || format!("P2: person {key} of {id} is reported sent and was not told"));
            if state != "unconfirmed" {
                return;
            }
        }
        let policy = broadcast.submitted.treatment.when_in_doubt;
        let seat = telling(record, self.tenant, id).find_map(|round| Seat::of(round, key));
        let doubts = seat.as_ref().map_or(0, |seat| seat.doubts);
        let is_open = seat.as_ref().is_some_and(|seat| seat.is_open);
        let most = match policy {
            WhenInDoubt::Hold => 1,
            WhenInDoubt::Resend => 1 + doubts,
        };
        self.ensure(times <= most, || {
            format!("P2: person {key} of {id} was told {times} times; {policy:?} and {doubts} doubts allow {most}")
        });
        let fits = match state {
            "sent" => times > 0,
            "unconfirmed" => doubts > 0,
            "pending" => is_open || (policy == WhenInDoubt::Resend && doubts > 0),
            _ => times == 0,
        };
        self.ensure(fits, || {
            format!("P2: person {key} of {id} was told {times} times, is {state}, open: {is_open}, doubts: {doubts}")
        });
    }

    /// Judges whom Teams has told since it was asked last.
    pub fn after_world(&mut self, record: &Record, world: &World) {
        let ledger = world.ledger();
        while let Some(message) = ledger.messages().get(self.messages) {
            self.messages += 1;
            let said = || {
                let content = ledger.content(message.content)?.to_string();
                self.said.iter().find(|(.., title)| content.contains(title.as_str())).map(|(id, ..)| *id)
            };
            let known = self.contents.get(&message.content).copied().or_else(said);
            let (Some(id), Some(key)) = (known, self.people.get(&message.person).copied()) else {
                self.complain(|| "P2: somebody was told something that nobody sent".to_owned());
                return;
            };
            self.contents.insert(message.content, id);
            *self.told.entry((id, key)).or_default() += 1;
            if let Some(broadcast) = record.broadcast(self.tenant, id) {
                let state = self.broadcasts.get(&id).and_then(|known| known.states.get(&key));
                let state = state.cloned().unwrap_or_else(|| "pending".to_owned());
                self.judge_person(record, broadcast, key, &state);
            }
        }
    }

    // ------------------------------------------------------------------------------------------ requests

    /// A process asks for a request: here its quota counts it.
    pub fn is_asked(&mut self, process: &Process, request: &Request) {
        let (bucket, now) = (Bucket::from(request.step()), process.stage.time.elapsed());
        self.now = now;
        if let Some(quota) = self.quotas.get(&bucket).copied() {
            let starts = self.starts.entry(bucket).or_default();
            starts.push_back(now);
            while starts.front().is_some_and(|first| *first + quota.window <= now) {
                starts.pop_front();
            }
            let count = starts.len();
            self.ensure(count <= quota.requests as usize, || {
                format!(
                    "P3: {count} requests of {} began within {:?}; the quota is {quota}",
                    bucket.name(),
                    quota.window
                )
            });
        }
        if let Some((at, until)) = self.cooldowns.get(&(process.number, bucket)).copied() {
            self.ensure(now <= at || now >= until, || {
                format!("P3: {} began a {} during a cooldown until {until:?}", process.name(), bucket.name())
            });
        }
        self.judge_control(process, request, now);
    }

    fn judge_control(&mut self, process: &Process, request: &Request, now: Duration) {
        let Some(id) = self.broadcast_of(request) else { return };
        if let Some(heard) = self.heard.get(&(process.number, id)).copied() {
            self.ensure(!heard.is_stopped || now <= heard.at, || {
                let who = process.name();
                format!("P6: {who} began a send of {id} although it had heard at {:?} that it stands still", heard.at)
            });
        }
        let stopped_at = self.broadcasts.get(&id).and_then(|known| known.stopped_at);
        if let Some(stopped_at) = stopped_at.filter(|at| now > *at + WITHIN && now > process.excused_until()) {
            let who = process.name();
            self.complain(|| format!("P6: {who} began a send of {id}, which has stood still since {stopped_at:?}"));
        }
    }

    /// A request leaves: nothing can hold it up any more.
    pub fn starts(&mut self, record: &Record, process: &Process, request: &Request) {
        let Request::Send { conversation, .. } = request else { return };
        let person = self.person_at(conversation);
        let (Some(id), Some(key)) = (self.broadcast_of(request), person) else {
            self.complain(|| format!("P2: {} sends to nobody, or nothing that was submitted", process.name()));
            return;
        };
        let seat = telling(record, self.tenant, id).find_map(|round| Seat::of(round, key));
        self.ensure(seat.is_some_and(|seat| seat.is_open), || {
            format!("P2: {} begins a send to person {key} of {id}, whose bit is not open", process.name())
        });
    }

    /// A process has heard what became of a request.
    pub fn answered(&mut self, process: &Process, step: Step, answer: &Answer) {
        if let Outcome::Throttled { retry_after: Some(wait) } = answer.outcome {
            let now = process.stage.time.elapsed();
            self.cooldowns.insert((process.number, Bucket::from(step)), (now, now + wait));
        }
    }

    /// A process has heard where broadcasts stood, under which control version.
    pub fn learnt(&mut self, process: &Process, states: &[(BroadcastId, BroadcastState, u32)]) {
        let at = process.stage.time.elapsed();
        for (id, state, version) in states.iter().copied() {
            let is_stopped = matches!(state, BroadcastState::Paused | BroadcastState::Cancelling);
            let heard = self.heard.entry((process.number, id)).or_insert(Heard { version, is_stopped, at });
            if version > heard.version {
                *heard = Heard { version, is_stopped, at };
            }
        }
    }

    fn broadcast_of(&self, request: &Request) -> Option<BroadcastId> {
        let Request::Send { activity, .. } = request else { return None };
        self.said.iter().find(|(_, text, _)| **text == **activity).map(|(id, ..)| *id)
    }

    fn person_at(&self, conversation: &ConversationId) -> Option<RecipientKey> {
        self.chats.get(&conversation.0).copied()
    }

    // ------------------------------------------------------------------------------------------ the end

    /// After an orderly stop of the last worker: everybody settled, nothing claimed, nothing held.
    ///
    /// Whoever `was_killed` could not give anything back; its leases run out by themselves.
    pub fn at_the_end(&mut self, record: &Record, was_killed: impl Fn(&ProcessIdentity) -> bool) {
        for broadcast in record.broadcasts() {
            let id = broadcast.submitted.id;
            self.ensure(broadcast.state.is_final(), || format!("P1: {id} never ended: {}", broadcast.state));
            let pending = self
                .broadcasts
                .get(&id)
                .map_or(0, |known| known.states.values().filter(|state| *state == "pending").count());
            self.ensure(pending == 0, || format!("P1: {pending} people of {id} are pending for ever"));
        }
        for round in record.rounds(self.tenant) {
            let claimed = round.chunks.values().filter(|stored| matches!(stored.claim, Claim::Claimed(_))).count();
            self.ensure(claimed == 0, || format!("P1: {claimed} chunks of round {} are claimed for ever", round.id));
        }
        let owns = |id| record.tenants().any(|tenant| tenant.owner == Some(id));
        let lives = |worker: &StoredWorker| worker.alive_until.is_some() && !was_killed(&worker.process);
        let held = record.workers().filter(|(id, worker)| owns(*id) && lives(worker)).count();
        self.ensure(held == 0, || "a tenant is held although everybody has stopped in order".to_owned());
    }
}

/// The rounds of a broadcast that tell people something.
fn telling(record: &Record, tenant: TenantKey, id: BroadcastId) -> impl Iterator<Item = &StoredRound> {
    record.rounds_of(tenant, id).filter(|round| round.kind != RoundKind::Prepare)
}

/// One person's place in a round.
struct Seat {
    is_open: bool,
    /// Sends of hers that may have arrived, by the record.
    doubts: u32,
}

impl Seat {
    fn of(round: &StoredRound, key: RecipientKey) -> Option<Self> {
        let ordinal = *round.audience.iter().find(|(_, person)| **person == key)?.0;
        let open = |stored: &crate::simulator::memory_store::StoredChunk| {
            let place = ordinal.0.checked_sub(stored.chunk.first.0);
            place.is_some_and(|place| stored.chunk.open().get(place))
        };
        let is_lost = |fact: &crate::ports::AttemptFact| {
            fact.step == Some(Step::Send) && matches!(fact.outcome, Some(Outcome::Lost(_)))
        };
        let doubts = round.attempts_of(ordinal).filter(|kept| is_lost(&kept.fact)).count();
        Some(Self { is_open: round.chunks.values().any(open), doubts: u32::try_from(doubts).unwrap_or(u32::MAX) })
    }
}
