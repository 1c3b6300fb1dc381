//! What a dead owner left, and what a fenced one still learnt.

use super::record::{Claim, Origin, Record, StoredRound};
use crate::domain::broadcast::BroadcastState;
use crate::domain::chunk::{Chunk, Doubt};
use crate::domain::delivery::{Settlement, WhenInDoubt};
use crate::domain::ids::{TenantKey, WorkerId};
use crate::domain::outcome::{Outcome, Step};
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
                let fact = doubtful(round, &chunk, doubt, now);
                round.write(fact, Origin::Rescue);
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
        let Some(round) = self.rounds.get_mut(&(tenant, fact.round)) else { return false };
        if !round.chunks.contains_key(&fact.chunk) {
            return false;
        }
        let settled: Vec<Settlement> = round.attempts_of(fact.ordinal).filter_map(|kept| kept.fact.settles).collect();
        let in_doubt = !settled.is_empty() && settled.iter().all(|kind| *kind == Settlement::Unconfirmed);
        let definite = match fact.outcome {
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
        if let Some(stored) = round.chunks.get_mut(&fact.chunk) {
            let count = if settles == Some(Settlement::Sent) { &mut stored.late_sent } else { &mut stored.late_failed };
            *count += 1;
        }
        true
    }
}

/// The fact that a send may have arrived, because its permission was found open.
fn doubtful(round: &StoredRound, chunk: &Chunk, doubt: Doubt, now: Timestamp) -> AttemptFact {
    let last = round.attempts_of(doubt.ordinal).map(|kept| kept.fact.attempt).max().unwrap_or(0);
    AttemptFact {
        round: round.id,
        chunk: chunk.number,
        ordinal: doubt.ordinal,
        attempt: last + 1,
        epoch: chunk.epoch,
        step: Some(Step::Send),
        outcome: Some(Outcome::Lost(doubt.reason)),
        settles: doubt.held.then_some(Settlement::Unconfirmed),
        reason: Some(doubt.reason),
        status: None,
        request: None,
        message_id: None,
        started_at: now,
        ended_at: now,
    }
}
