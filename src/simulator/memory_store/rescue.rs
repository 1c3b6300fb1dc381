//! What a dead owner left, and what a fenced one still learnt.

use super::record::{Claim, Origin, Record, StoredAttempt, StoredRound};
use crate::domain::broadcast::{BroadcastState, RoundKind};
use crate::domain::chunk::{Chunk, Doubt};
use crate::domain::delivery::{Settlement, WhenInDoubt};
use crate::domain::ids::{ChunkNumber, Epoch, Ordinal, TenantKey, WorkerId};
use crate::domain::outcome::{Outcome, Step};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::ports::{AttemptFact, HeldTenant};

impl Record {
    /// As [`Store::rescue`](crate::ports::Store::rescue).
    pub fn rescue(&mut self, held: HeldTenant, worker: WorkerId, now: Timestamp) -> u64 {
        if !self.holds(held, worker) {
            return 0;
        }
        let broadcasts = &self.broadcasts;
        let all = self.rounds.iter_mut().filter(|((tenant, _), _)| *tenant == held.tenant);
        let mut open = 0;
        for (_, round) in all {
            let Some(broadcast) = broadcasts.get(&(held.tenant, round.broadcast)) else { continue };
            // Nothing is sent again for a broadcast that was cancelled: then doubt stays doubt.
            let policy = match broadcast.state {
                BroadcastState::Cancelling | BroadcastState::Cancelled => WhenInDoubt::Hold,
                _ => broadcast.submitted.treatment.when_in_doubt,
            };
            let mut doubts = Vec::new();
            for stored in round.chunks.values_mut() {
                if !matches!(stored.claim, Claim::Claimed(owner) if owner != worker) {
                    continue;
                }
                let found = stored.chunk.rescue(policy);
                stored.claim = if stored.chunk.is_finished() { Claim::Finished } else { Claim::Ready };
                doubts.extend(found.into_iter().map(|doubt| (stored.chunk.clone(), doubt)));
            }
            open += doubts.len() as u64;
            for (chunk, doubt) in doubts {
                let fact = doubtful(round, &chunk, doubt, Some(Step::Send), now);
                round.write(fact, Origin::Rescue);
                // An earlier send of somebody who is set aside may have been proved by a late answer meanwhile.
                if doubt.held {
                    round.recount_late(chunk.number);
                }
            }
        }
        open
    }

    /// As [`Store::record_late`](crate::ports::Store::record_late).
    pub fn record_late(&mut self, tenant: TenantKey, facts: &[AttemptFact]) -> u64 {
        facts.iter().map(|fact| u64::from(self.record_one_late(tenant, fact))).sum()
    }

    /// One late fact: written down in any case, and proof when the person was held in doubt.
    fn record_one_late(&mut self, tenant: TenantKey, fact: &AttemptFact) -> bool {
        let taken_up = self.taken_up_since(tenant, fact);
        let Some(round) = self.rounds.get_mut(&(tenant, fact.round)) else { return false };
        if !round.chunks.contains_key(&fact.chunk) {
            return false;
        }
        let settled: Vec<Settlement> = round.attempts_of(fact.ordinal).filter_map(|kept| kept.fact.settles).collect();
        let doubted = !settled.is_empty() && settled.iter().all(|kind| *kind == Settlement::Unconfirmed);
        let in_doubt = doubted && !taken_up;
        let definite = match fact.outcome {
            // What looks back is simply done again by whoever has the chunk now.
            Some(_) if matches!(fact.step, Some(Step::Replace | Step::Withdraw)) => None,
            Some(Outcome::Accepted { .. }) => Some(Settlement::Sent),
            Some(Outcome::Rejected(_)) if fact.step == Some(Step::Send) => Some(Settlement::Failed),
            _ => None,
        };
        // Sent again by policy and not settled yet: a proof that she was told spares her the second message, if her
        // chunk has not been claimed again. Whoever claims it counts her.
        let spared = settled.is_empty() && definite == Some(Settlement::Sent);
        let settles = definite.filter(|_| in_doubt || spared);
        let proves = in_doubt && settles.is_some();
        let written = round.write(AttemptFact { settles, ..fact.clone() }, Origin::Late { proves });
        if !written || !proves {
            return false;
        }
        round.recount_late(fact.chunk);
        true
    }

    /// Whether a retry has taken up the person of `fact` since: then she is counted there.
    fn taken_up_since(&self, tenant: TenantKey, fact: &AttemptFact) -> bool {
        let Some(round) = self.round(tenant, fact.round) else { return false };
        let Some(person) = round.audience.get(&fact.ordinal) else { return false };
        self.rounds_of(tenant, round.broadcast)
            .filter(|newer| newer.kind == RoundKind::Retry && newer.id > round.id)
            .any(|newer| newer.audience.values().any(|again| again == person))
    }
}

impl StoredRound {
    /// Of the people counted unconfirmed, those whom another fact proves, whichever came first.
    pub(super) fn recount_late(&mut self, number: ChunkNumber) {
        let Some(stored) = self.chunks.get(&number) else { return };
        let (mut sent, mut failed) = (0, 0);
        for ordinal in (stored.chunk.first.0..).take(stored.chunk.size as usize).map(Ordinal) {
            let kinds: Vec<Settlement> = self.attempts_of(ordinal).filter_map(|kept| kept.fact.settles).collect();
            if !kinds.contains(&Settlement::Unconfirmed) {
                continue;
            }
            match kinds.iter().filter(|kind| **kind != Settlement::Unconfirmed).min_by_key(|kind| kind.number()) {
                Some(Settlement::Sent) => sent += 1,
                Some(Settlement::Failed) => failed += 1,
                _ => {}
            }
        }
        if let Some(stored) = self.chunks.get_mut(&number) {
            (stored.late_sent, stored.late_failed) = (sent, failed);
        }
    }

    /// Settles, in a round that is about to be cancelled, whoever was told or may have been: she must not be counted as
    /// not told.
    pub(super) fn settle_left(&mut self, now: Timestamp) {
        let ready = self.chunks.iter().filter(|(_, stored)| stored.claim == Claim::Ready);
        let numbers: Vec<ChunkNumber> = ready.map(|(number, _)| *number).collect();
        for number in numbers {
            let Some(mut stored) = self.chunks.remove(&number) else { continue };
            let unsettled: Vec<Ordinal> = stored.chunk.unsettled().collect();
            let mut doubts = Vec::new();
            let mut touched = false;
            for ordinal in unsettled {
                let told = self.attempts_of(ordinal).any(|kept| kept.fact.settles == Some(Settlement::Sent));
                if told {
                    touched |= stored.chunk.settle(ordinal, Settlement::Sent).is_ok();
                } else if let Some(reason) = self.doubt_about(ordinal)
                    && stored.chunk.settle(ordinal, Settlement::Unconfirmed).is_ok()
                {
                    touched = true;
                    doubts.push(Doubt { ordinal, held: true, reason });
                }
            }
            if touched {
                stored.chunk.epoch = Epoch(stored.chunk.epoch.0 + 1);
            }
            if stored.chunk.is_finished() {
                stored.claim = Claim::Finished;
            }
            for doubt in doubts {
                let fact = doubtful(self, &stored.chunk, doubt, None, now);
                self.write(fact, Origin::Ended);
            }
            self.chunks.insert(number, stored);
        }
    }

    /// Why she may have been told: by the last send whose answer nobody saw, or by an earlier round.
    fn doubt_about(&self, ordinal: Ordinal) -> Option<Reason> {
        let lost = |kept: &StoredAttempt| match (kept.fact.step, &kept.fact.outcome) {
            (Some(Step::Send), Some(Outcome::Lost(reason))) => Some(*reason),
            _ => None,
        };
        // Whoever was not reached to replace or delete what she has simply was not.
        if matches!(self.kind, RoundKind::Correct | RoundKind::Recall) {
            return None;
        }
        self.attempts_of(ordinal).filter_map(lost).last().or_else(|| self.doubts.get(&ordinal).copied())
    }
}

/// The fact that a send may have arrived, because its permission was found open.
fn doubtful(round: &StoredRound, chunk: &Chunk, doubt: Doubt, made: Option<Step>, now: Timestamp) -> AttemptFact {
    let last = round.attempts_of(doubt.ordinal).map(|kept| kept.fact.attempt).max().unwrap_or(0);
    AttemptFact {
        round: round.id,
        chunk: chunk.number,
        ordinal: doubt.ordinal,
        attempt: last + 1,
        epoch: chunk.epoch,
        step: made,
        outcome: made.map(|_| Outcome::Lost(doubt.reason)),
        settles: doubt.held.then_some(Settlement::Unconfirmed),
        reason: Some(doubt.reason),
        status: None,
        request: None,
        message_id: None,
        started_at: now,
        ended_at: now,
    }
}
