//! What must be true of a record at every moment, judged from the record alone.
//!
//! Picture an auditor who comes at night: he saw nothing happen, he has only the books. Each complaint is a sentence
//! that names the round, the chunk and the ordinal, so that the run that made it can be searched for them.

use std::collections::BTreeSet;

use super::record::{Claim, Origin, Record, StoredAttempt, StoredBroadcast, StoredChunk, StoredRound, StoredTenant};
use crate::domain::broadcast::{BroadcastState, RoundKind, RoundState};
use crate::domain::chunk::Counters;
use crate::domain::delivery::Settlement;
use crate::domain::ids::Ordinal;
use crate::domain::outcome::Outcome;

impl Record {
    /// Every promise that the record breaks, as sentences; empty when it keeps them all.
    pub fn integrity(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        self.tenants().for_each(|tenant| self.judge_lease(tenant, &mut complaints));
        self.broadcasts().for_each(|broadcast| self.judge_broadcast(broadcast, &mut complaints));
        for round in self.rounds.values() {
            self.judge_round(round, &mut complaints);
        }
        complaints
    }

    fn judge_lease(&self, tenant: &StoredTenant, complaints: &mut Vec<String>) {
        let key = tenant.key;
        if let Some(owner) = tenant.owner.filter(|owner| !self.workers.contains_key(owner)) {
            complaints.push(format!("tenant {key} is held by worker {owner}, whom nobody registered"));
        }
        let Some(left) = tenant.released_by else { return };
        for round in self.rounds(key) {
            for (number, stored) in &round.chunks {
                // Open ones stay for the rescue: it names the doubt. Invariant: an owner that gave its tenant back
                // flushes nothing any more.
                if stored.claim == Claim::Claimed(left) && stored.chunk.open().count() == 0 {
                    let id = round.id;
                    complaints.push(format!(
                        "round {id}, chunk {number}: worker {left} gave tenant {key} back and still claims the chunk"
                    ));
                }
            }
        }
    }

    fn judge_broadcast(&self, broadcast: &StoredBroadcast, complaints: &mut Vec<String>) {
        let id = broadcast.submitted.id;
        if broadcast.state.is_final() != broadcast.finished_at.is_some() {
            complaints.push(format!("broadcast {id} is {} but its end says otherwise", broadcast.state));
        }
        if broadcast.state == BroadcastState::Halted && broadcast.halt.is_none() {
            complaints.push(format!("broadcast {id} is halted without a reason"));
        }
        for round in self.rounds_of(broadcast.tenant, id).filter(|_| broadcast.state.is_final()) {
            if round.state != RoundState::Done {
                complaints
                    .push(format!("broadcast {id} is {} but its round {} is not done", broadcast.state, round.id));
            }
            let at_work = round.chunks.iter().filter(|(_, stored)| matches!(stored.claim, Claim::Claimed(_)));
            for (number, _) in at_work {
                let round = round.id;
                complaints.push(format!("round {round}, chunk {number} is claimed, but its broadcast has ended"));
            }
            let unfinished = round.chunks.iter().filter(|(_, stored)| stored.claim != Claim::Finished);
            // What was cancelled before a retry stays as it was.
            let newest = self.rounds_of(broadcast.tenant, id).filter(|other| other.kind != RoundKind::Prepare).last();
            let told = newest.is_some_and(|newest| newest.id == round.id) && broadcast.state == BroadcastState::Done;
            for (number, _) in unfinished.filter(|_| told) {
                let round = round.id;
                complaints.push(format!("round {round}, chunk {number} is unfinished, but its broadcast is done"));
            }
        }
    }

    fn judge_round(&self, round: &StoredRound, complaints: &mut Vec<String>) {
        let id = round.id;
        let people: BTreeSet<_> = round.audience.values().collect();
        if people.len() != round.audience.len() {
            complaints.push(format!("round {id} names somebody twice"));
        }
        if round.audience.keys().copied().ne((0..round.targeted).map(Ordinal)) {
            complaints
                .push(format!("round {id} targets {} people, but its ordinals are not just these", round.targeted));
        }
        let mut next = 0;
        for (place, (number, stored)) in round.chunks.iter().enumerate() {
            let chunk = &stored.chunk;
            if number.0 as usize != place || chunk.number != *number || chunk.round != id {
                complaints.push(format!("round {id}, chunk {number} stands where chunk {place} should"));
            }
            if chunk.first.0 != next {
                complaints.push(format!("round {id}, chunk {number} begins at ordinal {}, not at {next}", chunk.first));
            }
            next = chunk.first.0 + chunk.size;
            self.judge_chunk(round, stored, complaints);
        }
        if next != round.targeted {
            complaints.push(format!("round {id} targets {} people, but its chunks hold {next}", round.targeted));
        }
        for kept in round.attempts.values() {
            let fact = &kept.fact;
            let chunk = round.chunks.get(&fact.chunk).map(|stored| &stored.chunk);
            let within = |chunk: &crate::domain::chunk::Chunk| {
                (chunk.first.0..chunk.first.0 + chunk.size).contains(&fact.ordinal.0)
            };
            if !chunk.is_some_and(within) {
                let (ordinal, chunk) = (fact.ordinal, fact.chunk);
                complaints.push(format!("round {id}, chunk {chunk}: a fact names ordinal {ordinal}, who is not in it"));
            }
        }
    }

    fn judge_chunk(&self, round: &StoredRound, stored: &StoredChunk, complaints: &mut Vec<String>) {
        let chunk = &stored.chunk;
        let mut complain =
            |what: String| complaints.push(format!("round {}, chunk {}: {what}", round.id, chunk.number));
        if let Claim::Claimed(owner) = stored.claim
            && !self.workers.contains_key(&owner)
        {
            complain(format!("claimed by worker {owner}, whom nobody registered"));
        }
        for place in chunk.open().ones() {
            let ordinal = chunk.first.0 + place;
            if chunk.settled().get(place) {
                complain(format!("ordinal {ordinal} is both open and settled"));
            }
            if !matches!(stored.claim, Claim::Claimed(_)) {
                complain(format!("ordinal {ordinal} is open, but nobody claims the chunk"));
            }
        }
        if (stored.claim == Claim::Finished) != chunk.is_finished() {
            complain(format!(
                "{} of {} are settled, but it is {:?}",
                chunk.settled().count(),
                chunk.size,
                stored.claim
            ));
        }
        let (mut counted, mut late) = (Counters::default(), (0, 0));
        for place in 0..chunk.size {
            let ordinal = Ordinal(chunk.first.0 + place);
            let facts = Facts::of(round, ordinal);
            facts.judge(ordinal, chunk.settled().get(place), &mut complain);
            if chunk.settled().get(place) {
                match facts.first() {
                    Some(Settlement::Sent) => counted.sent += 1,
                    Some(Settlement::Failed) => counted.failed += 1,
                    Some(Settlement::Skipped) => counted.skipped += 1,
                    Some(Settlement::Unconfirmed) => counted.unconfirmed += 1,
                    Some(Settlement::Cancelled) | None => {}
                }
            }
            match facts.proved() {
                Some(Settlement::Sent) => late.0 += 1,
                Some(Settlement::Failed) => late.1 += 1,
                _ => {}
            }
        }
        if counted != chunk.counters {
            complain(format!("the counters say {:?}, the facts {counted:?}", chunk.counters));
        }
        if late != (stored.late_sent, stored.late_failed) {
            let told = (stored.late_sent, stored.late_failed);
            complain(format!("late sent and failed are counted {told:?}, but the facts say {late:?}"));
        }
    }
}

/// The facts that settled one person, by how they came.
struct Facts<'a> {
    /// From her chunk's owner, or from the rescue: at most one.
    own: Vec<&'a StoredAttempt>,
    /// Late ones that settled her doubt: at most one.
    proofs: Vec<&'a StoredAttempt>,
    /// Late ones that came before anything settled her: they spare her a second message.
    spared: Vec<&'a StoredAttempt>,
}

impl<'a> Facts<'a> {
    fn of(round: &'a StoredRound, ordinal: Ordinal) -> Self {
        let mut facts = Self { own: Vec::new(), proofs: Vec::new(), spared: Vec::new() };
        for kept in round.attempts_of(ordinal).filter(|kept| kept.fact.settles.is_some()) {
            match kept.origin {
                Origin::Flush | Origin::Rescue | Origin::Ended => facts.own.push(kept),
                Origin::Late { proves: true } => facts.proofs.push(kept),
                Origin::Late { proves: false } => facts.spared.push(kept),
            }
        }
        facts
    }

    /// What the counters must count her as.
    fn first(&self) -> Option<Settlement> {
        self.own.first().or(self.spared.first()).and_then(|kept| kept.fact.settles)
    }

    /// What the late counters must count her as: doubt on one side, and a definite fact on the other, whichever came
    /// first.
    fn proved(&self) -> Option<Settlement> {
        let kinds =
            || [&self.own, &self.proofs, &self.spared].into_iter().flatten().filter_map(|kept| kept.fact.settles);
        let definite = kinds().filter(|kind| *kind != Settlement::Unconfirmed).min_by_key(|kind| kind.number());
        definite.filter(|_| kinds().any(|kind| kind == Settlement::Unconfirmed))
    }

    fn judge(&self, ordinal: Ordinal, settled: bool, complain: &mut impl FnMut(String)) {
        if self.own.len() > 1 {
            complain(format!("ordinal {ordinal} was settled {} times", self.own.len()));
        }
        match (settled, self.first()) {
            (true, None) => complain(format!("ordinal {ordinal} is settled, but no fact says how")),
            // Spared ones are settled by whoever claims their chunk.
            (false, Some(settlement)) if !self.own.is_empty() => {
                complain(format!("a fact says that ordinal {ordinal} is {}, but it is not settled", settlement.name()));
            }
            _ => {}
        }
        let was_in_doubt = self.first() == Some(Settlement::Unconfirmed);
        if self.proofs.len() > usize::from(was_in_doubt) {
            complain(format!("ordinal {ordinal} was proved late without a doubt, or more than once"));
        }
        let accepted = |kept: &&StoredAttempt| matches!(kept.fact.outcome, Some(Outcome::Accepted { .. }));
        if self.spared.iter().any(|kept| !accepted(kept)) {
            complain(format!("ordinal {ordinal} was spared a message without a proof that she was told"));
        }
    }
}
