//! The queue: rounds frozen, chunks claimed, facts and permissions flushed.

use std::collections::{BTreeMap, BTreeSet};

use super::amends::Stands;
use super::record::{Claim, Flaw, Origin, Record, StoredBroadcast, StoredChunk, StoredPerson, StoredRound};
use super::{Answer, broken};
use crate::domain::broadcast::{AudienceKind, BroadcastState, Channel, RoundKind, RoundState};
use crate::domain::chunk::Chunk;
use crate::domain::delivery::{Settlement, outcome_from_record};
use crate::domain::ids::{ChunkNumber, Epoch, Ordinal, RecipientKey, RoundId, TeamsAppId, TenantKey, WorkerId};
use crate::domain::notification::{NamedBy, Scope};
use crate::domain::plan::Purpose;
use crate::domain::route::Installation;
use crate::domain::time::Timestamp;
use crate::ports::{
    BucketRecord, ClaimedChunk, Expanded, Flush, Flushed, HeldTenant, Member, Recorded, RoundWork, RouteLearnt,
    StoreError, TenantWork,
};

/// The hour for which a round of `kind` waits.
fn hour_of(broadcast: &StoredBroadcast, kind: RoundKind) -> Option<Timestamp> {
    let scheduled = broadcast.state == BroadcastState::Scheduled;
    let (schedule, _) = broadcast.submitted.schedule.as_ref().filter(|_| scheduled)?;
    if kind == RoundKind::Prepare { schedule.prepare_at } else { Some(schedule.start_at) }
}

/// Whether a round of `kind` may be expanded at this moment.
pub(super) fn may_expand(broadcast: &StoredBroadcast, kind: RoundKind, clock: Timestamp) -> bool {
    kind.may_expand(broadcast.state) && hour_of(broadcast, kind).is_none_or(|hour| hour <= clock)
}

/// Whom a round's broadcast means, while that is in words and not evaluated for this round.
pub(super) fn words_of<'a>(round: &StoredRound, broadcast: Option<&'a StoredBroadcast>) -> Option<&'a str> {
    let reads_list = matches!(round.kind, RoundKind::Send | RoundKind::Prepare) && round.listed_at.is_none();
    broadcast.filter(|_| reads_list)?.submitted.audience.expression()
}

impl Record {
    /// As [`Store::work`](crate::ports::Store::work).
    ///
    /// # Errors
    /// [`StoreError::Broken`] when there is no such tenant.
    pub fn work(&self, tenant: TenantKey, clock: Timestamp) -> Answer<TenantWork> {
        let stored = self.tenants.get(&tenant).ok_or_else(|| broken("there is no such tenant"))?;
        let as_work = |round: &StoredRound| {
            let broadcast = self.broadcast(tenant, round.broadcast)?;
            Some(RoundWork {
                round: round.id,
                broadcast: round.broadcast,
                kind: round.kind,
                purpose: self.purpose_of(round, broadcast),
                state: round.state,
                broadcast_state: broadcast.state,
                treatment: broadcast.submitted.treatment.clone(),
                expression: words_of(round, Some(broadcast)).map(str::to_owned),
                hour_in: hour_of(broadcast, round.kind).map(|hour| (hour - clock).to_std().unwrap_or_default()),
            })
        };
        let unfinished = self.rounds(tenant).filter(|round| round.state != RoundState::Done && self.is_next(round));
        let mut rounds: Vec<RoundWork> = unfinished.filter_map(as_work).collect();
        rounds.sort_by_key(|work| (!work.treatment.urgent, work.round));
        Ok(TenantWork {
            rounds,
            halt: stored.halt.clone(),
            teams_app: stored.teams_app.clone(),
            buckets: stored.buckets.values().copied().collect(),
            untold: self.untold(tenant),
            expires_in: self.expires_in(tenant, clock),
        })
    }

    /// Notifying begins when the messages have gone out.
    fn is_next(&self, round: &StoredRound) -> bool {
        let mut others = self.rounds_of(round.tenant, round.broadcast);
        round.kind != RoundKind::Notify
            || !others.any(|other| other.kind != RoundKind::Notify && other.state != RoundState::Done)
    }

    /// What a round is there for.
    fn purpose_of(&self, round: &StoredRound, broadcast: &StoredBroadcast) -> Purpose {
        let notification = round.says.notification.as_ref().or(broadcast.submitted.way.notification());
        let within = notification.is_some_and(|notification| notification.scope != Scope::User);
        let says = round.kind != RoundKind::Recall || round.says.content.is_some();
        Purpose::of(round.kind, round.channel, says, within)
    }

    /// As [`Store::expand`](crate::ports::Store::expand).
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], and [`StoreError::Broken`] when the chunks would not hold exactly the round's people.
    #[allow(clippy::too_many_arguments, reason = "the port's, and the database's clock")]
    pub fn expand(
        &mut self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        slice: u32,
        chunk_size: u32,
        now: Timestamp,
        clock: Timestamp,
    ) -> Answer<Expanded> {
        if !self.holds(held, worker) {
            return Err(StoreError::LeaseLost);
        }
        let tenant = held.tenant;
        let chunk_size = chunk_size.max(1);
        let slice = (slice / chunk_size).max(1) * chunk_size;
        let stopped = Expanded { added: 0, complete: false };
        let Some(stored) = self.round(tenant, round).filter(|round| round.state == RoundState::Expanding) else {
            return Ok(stopped);
        };
        let kind = stored.kind;
        let may = |broadcast: &&StoredBroadcast| {
            may_expand(broadcast, kind, clock) && words_of(stored, Some(broadcast)).is_none() && self.is_next(stored)
        };
        let Some(broadcast) = self.broadcast(tenant, stored.broadcast).filter(may) else {
            return Ok(stopped);
        };
        let (first, from) = (stored.targeted, stored.expanded_through);
        let is_ready = |person: &StoredPerson| {
            let installed = matches!(person.route.installation, Installation::Present(_));
            person.route.conversation.is_some() || (stored.channel == Channel::Feed && installed)
        };
        let wanted = |key: &RecipientKey| {
            let is_wanted = |person: &StoredPerson| match kind {
                // Whoever was sent something, or was meant before, is looked after also when she has left.
                RoundKind::Correct | RoundKind::Recall | RoundKind::Notify => true,
                RoundKind::Prepare => person.left_at.is_none() && !is_ready(person),
                RoundKind::Send | RoundKind::Retry => person.left_at.is_none(),
            };
            *key > from && self.person(tenant, *key).is_some_and(is_wanted)
        };
        let plain = |key: RecipientKey| (key, Stands::default());
        let given: Vec<(RecipientKey, Stands)> = match (kind, &stored.retries, &broadcast.submitted.audience) {
            (RoundKind::Correct | RoundKind::Recall, ..) => {
                let passes = (kind, stored.channel);
                self.to_amend(tenant, stored.broadcast, passes, Some(round)).into_iter().collect()
            }
            (RoundKind::Notify, ..) => {
                let sends = self.rounds_of(tenant, stored.broadcast).find(|other| other.kind == RoundKind::Send);
                sends.map(|sends| sends.audience.values().copied().map(plain).collect()).unwrap_or_default()
            }
            (_, Some(wish), _) => self
                .to_retry(tenant, stored.broadcast, wish, Some(round))
                .into_iter()
                .map(|(key, doubt)| (key, Stands { doubt, message: None }))
                .collect(),
            (_, None, AudienceKind::List | AudienceKind::Places | AudienceKind::Expression(_)) => {
                broadcast.list.iter().copied().map(plain).collect()
            }
            (_, None, AudienceKind::Everyone) => self.present(tenant).map(|person| plain(person.key)).collect(),
        };
        let given = given.into_iter().filter(|(key, _)| wanted(key)).take(slice as usize);
        let (people, stands): (Vec<RecipientKey>, Vec<Stands>) = given.unzip();
        let added = u32::try_from(people.len()).unwrap_or(u32::MAX);
        let complete = added < slice;
        let in_chunks: u32 = stored.chunks.values().map(|chunk| chunk.chunk.size).sum();
        if complete && in_chunks != first {
            return Err(broken("the chunks of a round do not hold exactly its people"));
        }
        let Some(stored) = self.rounds.get_mut(&(tenant, round)) else { return Ok(stopped) };
        // Numbered on from the last one, so that a chunk size that was changed meanwhile does no harm.
        let next = stored.chunks.keys().next_back().map_or(0, |last| last.0 + 1);
        let mut ordinal = first;
        for (number, run) in (next..).zip(people.chunks(chunk_size as usize)) {
            let size = u32::try_from(run.len()).unwrap_or(chunk_size);
            let chunk = Chunk::fresh(round, ChunkNumber(number), Ordinal(ordinal), size);
            stored.audience.extend((ordinal..).map(Ordinal).zip(run.iter().copied()));
            let fresh = StoredChunk { chunk, claim: Claim::Ready, late_sent: 0, late_failed: 0 };
            stored.chunks.insert(ChunkNumber(number), fresh);
            ordinal += size;
        }
        stored.targeted = ordinal;
        for (ordinal, Stands { message, doubt }) in (first..).map(Ordinal).zip(stands) {
            if stored.retries.is_some() {
                *(if doubt.is_some() { &mut stored.from.unconfirmed } else { &mut stored.from.failed }) += 1;
            }
            stored.doubts.extend(doubt.map(|doubt| (ordinal, doubt)));
            stored.messages.extend(message.map(|message| (ordinal, message)));
        }
        stored.expanded_through = people.last().copied().unwrap_or(from);
        if complete {
            stored.state = RoundState::Running;
            let id = stored.broadcast;
            let reaches = kind != RoundKind::Prepare;
            if let Some(broadcast) = self.broadcasts.get_mut(&(tenant, id)).filter(|_| reaches) {
                // Not a change by a person: nothing to be told, and no new version.
                if broadcast.state == BroadcastState::Expanding {
                    broadcast.state = BroadcastState::Running;
                    broadcast.moved_at = clock;
                    broadcast.started_at.get_or_insert(now);
                }
                broadcast.list.clear();
                broadcast.lists.clear();
            }
        }
        Ok(Expanded { added: u64::from(added), complete })
    }

    /// As [`Store::claim`](crate::ports::Store::claim).
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`], and [`StoreError::Broken`] when a fact cannot be read back.
    pub fn claim(
        &mut self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        limit: u32,
        have: &[ChunkNumber],
    ) -> Answer<Vec<ClaimedChunk>> {
        if !self.holds(held, worker) {
            return Err(StoreError::LeaseLost);
        }
        let key = (held.tenant, round);
        let Some(stored) = self.rounds.get(&key).filter(|round| round.state == RoundState::Running) else {
            return Ok(Vec::new());
        };
        let broadcast = self.broadcast(held.tenant, stored.broadcast);
        if broadcast.is_none_or(|broadcast| !stored.kind.goes_on(broadcast.state)) {
            return Ok(Vec::new());
        }
        let of = |claim: Claim| {
            // Open ones are no strays: this call may arrive late, when its repetition has long claimed and permitted.
            let free = move |chunk: &StoredChunk| claim == Claim::Ready || chunk.chunk.open().count() == 0;
            let wanted = stored.chunks.iter().filter(move |(_, chunk)| chunk.claim == claim && free(chunk));
            wanted.map(|(number, _)| *number).filter(move |number| claim == Claim::Ready || !have.contains(number))
        };
        // Claimed by us in a call whose answer was lost come first; the new epoch fences that call.
        let picked: BTreeSet<ChunkNumber> =
            of(Claim::Claimed(worker)).chain(of(Claim::Ready)).take(limit as usize).collect();
        let Some(stored) = self.rounds.get_mut(&key) else { return Ok(Vec::new()) };
        let mut chunks = Vec::with_capacity(picked.len());
        for number in picked {
            let Some(chunk) = stored.chunks.get_mut(&number) else { continue };
            chunk.claim = Claim::Claimed(worker);
            chunk.chunk.epoch = Epoch(chunk.chunk.epoch.0 + 1);
            chunks.push(chunk.chunk.clone());
        }
        chunks.into_iter().map(|chunk| self.fill(key, chunk)).collect()
    }

    /// Adds the unsettled people of a claimed chunk and what was tried with them.
    fn fill(&self, key: (TenantKey, RoundId), chunk: Chunk) -> Answer<ClaimedChunk> {
        let round = self.rounds.get(&key).ok_or_else(|| broken("there is no such round"))?;
        let (mut members, mut attempts) = (Vec::new(), Vec::new());
        let notification =
            self.broadcast(key.0, round.broadcast).and_then(|stored| stored.submitted.way.notification());
        let named_by_principal = notification.is_some_and(|said| said.named_by == NamedBy::PrincipalName);
        for ordinal in chunk.unsettled() {
            let recipient = round.audience.get(&ordinal).copied();
            let Some(person) = recipient.and_then(|recipient| self.person(key.0, recipient)) else { continue };
            members.push(Member {
                ordinal,
                recipient: person.key,
                entra_id: person.person.entra_id,
                account: person.person.account,
                route: person.route.clone(),
                service_url: person.service_url.clone(),
                doubt: round.doubts.get(&ordinal).copied(),
                message: round.messages.get(&ordinal).cloned(),
                venue: person.venue.clone(),
                principal_name: named_by_principal.then(|| person.person.user_principal_name.clone()),
            });
            let mut tried: Vec<_> = round.attempts_of(ordinal).filter(|kept| kept.fact.step.is_some()).collect();
            tried.sort_by_key(|kept| (kept.fact.ended_at, kept.fact.attempt, kept.fact.epoch));
            for kept in tried {
                let fact = &kept.fact;
                // What an outcome carries beside its kind, reason and message id is not kept.
                let number = fact.outcome.as_ref().map(|outcome| outcome.number());
                let outcome =
                    number.and_then(|number| outcome_from_record(number, fact.reason, fact.message_id.clone()));
                let outcome = outcome.ok_or_else(|| broken("an attempt without its outcome"))?;
                let step = fact.step.ok_or_else(|| broken("an attempt without its step"))?;
                attempts.push(Recorded { ordinal, step, outcome, ended_at: fact.ended_at });
            }
        }
        Ok(ClaimedChunk { chunk, members, attempts })
    }

    /// As [`Store::flush`](crate::ports::Store::flush).
    ///
    /// # Errors
    /// [`StoreError::Broken`] when a chunk does not count its people.
    pub fn flush(&mut self, tenant: TenantKey, worker: WorkerId, flush: &Flush) -> Answer<Flushed> {
        // Decide first, write then: a flush that cannot be taken leaves nothing behind.
        let mut moved = Vec::new();
        for wanted in &flush.chunks {
            let stored = self.rounds.get(&(tenant, wanted.round)).and_then(|round| round.chunks.get(&wanted.number));
            if let Some(stored) = stored.filter(|stored| self.is_ours(stored, wanted, worker)) {
                moved.push(self.moved(stored, wanted, worker)?);
            }
        }
        if flush.routes.iter().any(|learnt| learnt.refusal.is_some() && flush.now.is_none()) {
            return Err(broken("a refusal needs its instant"));
        }
        if !moved.is_empty() {
            self.write_withheld(tenant, worker);
        }
        let mut flushed = Flushed::default();
        for stored in moved {
            let key = (stored.chunk.round, stored.chunk.number);
            flushed.held.push(key);
            if let Some(round) = self.rounds.get_mut(&(tenant, key.0)) {
                round.chunks.insert(key.1, stored);
            }
        }
        let facts = flush.facts.iter().filter(|fact| flushed.held.contains(&(fact.round, fact.chunk))).cloned();
        if self.flaw == Flaw::FactsAfterPermission {
            self.withheld.insert(tenant, (worker, facts.collect()));
        } else {
            for fact in facts {
                if let Some(round) = self.rounds.get_mut(&(tenant, fact.round)) {
                    let (chunk, doubted) = (fact.chunk, fact.settles == Some(Settlement::Unconfirmed));
                    round.write(fact, Origin::Flush);
                    if doubted {
                        round.recount_late(chunk);
                    }
                }
            }
        }
        flush.routes.iter().for_each(|learnt| self.learn(tenant, learnt, flush.now));
        self.standing(tenant, &flush.chunks, &mut flushed);
        Ok(flushed)
    }

    /// Whether a flush may move `stored` to `wanted`.
    fn is_ours(&self, stored: &StoredChunk, wanted: &Chunk, worker: WorkerId) -> bool {
        let fresh = stored.chunk.flush_number < wanted.flush_number;
        let held = stored.claim == Claim::Claimed(worker) && stored.chunk.epoch == wanted.epoch;
        fresh && (held || (self.flaw == Flaw::NoEpochCheck && stored.claim != Claim::Finished))
    }

    /// The chunk as a flush leaves it: bits, counters and number are the flush's, the rest stays.
    fn moved(&self, stored: &StoredChunk, wanted: &Chunk, worker: WorkerId) -> Answer<StoredChunk> {
        let mut open = wanted.open().as_bytes().to_vec();
        if self.flaw == Flaw::NoPermissionBit {
            open.fill(0);
        }
        let chunk = stored.chunk.clone().with_bits(open, wanted.settled().as_bytes().to_vec());
        let mut chunk = chunk.ok_or_else(|| broken("the bits do not fit their chunk"))?;
        chunk.counters = wanted.counters;
        chunk.flush_number = wanted.flush_number;
        if chunk.counters.total() != chunk.settled().count() {
            return Err(broken("a chunk does not count its people"));
        }
        let claim = if chunk.is_finished() { Claim::Finished } else { Claim::Claimed(worker) };
        if claim == Claim::Finished && chunk.open().count() > 0 {
            return Err(broken("a finished chunk has open permissions"));
        }
        Ok(StoredChunk { chunk, claim, ..stored.clone() })
    }

    /// Keeps what was learnt of a person, whatever became of the chunk.
    fn learn(&mut self, tenant: TenantKey, learnt: &RouteLearnt, now: Option<Timestamp>) {
        let Some(person) = self.people.get_mut(&(tenant, learnt.recipient)) else { return };
        person.route.installation = learnt.route.installation.clone();
        // What another broadcast learnt meanwhile stays, unless Teams said that it is wrong.
        if learnt.forgets || learnt.route.conversation.is_some() {
            person.route.conversation = learnt.route.conversation.clone();
        }
        if learnt.forgets {
            person.service_url = None;
        }
        person.refusal = learnt.refusal.zip(now);
    }

    /// Adds the chunks that stand exactly as an earlier arrival of this flush left them, and where their broadcasts
    /// stand.
    fn standing(&self, tenant: TenantKey, chunks: &[Chunk], flushed: &mut Flushed) {
        let stands = |wanted: &&Chunk| {
            let stored = self.rounds.get(&(tenant, wanted.round)).and_then(|round| round.chunks.get(&wanted.number));
            stored.is_some_and(|stored| {
                stored.chunk.epoch == wanted.epoch && stored.chunk.flush_number == wanted.flush_number
            })
        };
        let again: Vec<_> = chunks
            .iter()
            .filter(|chunk| !flushed.held.contains(&(chunk.round, chunk.number)))
            .filter(stands)
            .map(|chunk| (chunk.round, chunk.number))
            .collect();
        flushed.held.extend(again);
        let mut states = BTreeMap::new();
        for (round, _) in &flushed.held {
            let Some(round) = self.round(tenant, *round) else { continue };
            if let Some(broadcast) = self.broadcast(tenant, round.broadcast) {
                states.insert(round.broadcast, broadcast.state);
            }
        }
        flushed.broadcasts = states.into_iter().collect();
        let halted = self.tenants.get(&tenant).is_some_and(|tenant| tenant.halt.is_some());
        flushed.tenant_halted = halted && !flushed.held.is_empty();
    }

    /// Under [`Flaw::FactsAfterPermission`]: writes what the last flush left out, if it was this worker's.
    pub(super) fn write_withheld(&mut self, tenant: TenantKey, worker: WorkerId) {
        let Some((owner, facts)) = self.withheld.remove(&tenant) else { return };
        for fact in facts.into_iter().filter(|_| owner == worker) {
            if let Some(round) = self.rounds.get_mut(&(tenant, fact.round)) {
                round.write(fact, Origin::Flush);
            }
        }
    }

    /// As [`Store::release_strays`](crate::ports::Store::release_strays).
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub fn release_strays(
        &mut self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        have: &[ChunkNumber],
    ) -> Answer<()> {
        if !self.holds(held, worker) {
            return Err(StoreError::LeaseLost);
        }
        let Some(round) = self.rounds.get_mut(&(held.tenant, round)) else { return Ok(()) };
        for (_, stored) in round.chunks.iter_mut().filter(|(number, _)| !have.contains(number)) {
            if stored.claim == Claim::Claimed(worker) && stored.chunk.open().count() == 0 {
                stored.claim = Claim::Ready;
                stored.chunk.epoch = Epoch(stored.chunk.epoch.0 + 1);
            }
        }
        Ok(())
    }

    /// As [`Store::release_chunks`](crate::ports::Store::release_chunks).
    pub fn release_chunks(&mut self, tenant: TenantKey, worker: WorkerId, chunks: &[Chunk]) {
        for wanted in chunks {
            let round = self.rounds.get_mut(&(tenant, wanted.round));
            let Some(stored) = round.and_then(|round| round.chunks.get_mut(&wanted.number)) else { continue };
            let ours = stored.claim == Claim::Claimed(worker) && stored.chunk.epoch == wanted.epoch;
            if ours && stored.chunk.open().count() == 0 {
                stored.claim = Claim::Ready;
            }
        }
    }

    /// As [`Store::keep_bucket`](crate::ports::Store::keep_bucket).
    pub fn keep_bucket(&mut self, tenant: TenantKey, record: BucketRecord) {
        let Some(stored) = self.tenants.get_mut(&tenant) else { return };
        let earlier = stored.buckets.get(&record.bucket);
        // What is left of the earlier wait is never longer than it was by the clock that wrote it.
        let left = |earlier: &BucketRecord| {
            earlier.cooldown_until.min(record.kept_at + (earlier.cooldown_until - earlier.kept_at))
        };
        let cooldown_until = earlier.map_or(record.cooldown_until, |earlier| left(earlier).max(record.cooldown_until));
        // The table keeps the share as a `real`.
        let share = f64::from(record.share as f32);
        stored.buckets.insert(record.bucket, BucketRecord { cooldown_until, share, ..record });
    }

    /// As [`Store::keep_app`](crate::ports::Store::keep_app).
    pub fn keep_app(&mut self, tenant: TenantKey, app: &TeamsAppId) {
        if let Some(stored) = self.tenants.get_mut(&tenant) {
            stored.teams_app = Some(app.clone());
        }
    }
}
