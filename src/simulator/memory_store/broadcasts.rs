//! Broadcasts: stored, moved through their life, halted and released.

use super::record::{Claim, Record, StoredBroadcast, StoredRound};
use super::{Answer, broken, to_delta};
use crate::domain::broadcast::{BroadcastState, Channel, RoundKind, RoundState};
use crate::domain::ids::{BroadcastId, RoundId, TenantKey, WorkerId};
use crate::domain::time::Timestamp;
use crate::ports::{Halt, HeldTenant, Said, StoreError, Submission, Untold};

impl Record {
    /// As [`Store::submit`](crate::ports::Store::submit).
    ///
    /// # Errors
    /// [`StoreError::Broken`](crate::ports::StoreError::Broken) when the round's id is in use.
    pub fn submit(&mut self, submission: &Submission, clock: Timestamp) -> Answer<()> {
        self.insert(submission, None, clock)
    }

    fn insert(&mut self, submission: &Submission, notice_of: Option<BroadcastId>, clock: Timestamp) -> Answer<()> {
        let (tenant, broadcast) = (submission.tenant, &submission.broadcast);
        if self.broadcasts.contains_key(&(tenant, broadcast.id)) {
            // The same submission, repeated because its first answer was lost.
            return Ok(());
        }
        let prepare = broadcast.schedule.as_ref().filter(|(schedule, _)| schedule.prepare_at.is_some());
        let first = broadcast.way.channels().first();
        let mut rounds = vec![((RoundKind::Send, first), broadcast.round)];
        rounds.extend(prepare.map(|(_, round)| ((RoundKind::Prepare, first), *round)));
        rounds.extend(broadcast.way.notify_round().map(|round| ((RoundKind::Notify, Channel::Feed), round)));
        if rounds.iter().any(|(_, round)| self.rounds.contains_key(&(tenant, *round))) {
            return Err(broken("a round with this id is there already"));
        }
        for (kind, id) in rounds {
            let round = StoredRound::fresh(tenant, id, broadcast.id, kind, broadcast.created_at);
            self.rounds.insert((tenant, id), round);
        }
        let scheduled = broadcast.schedule.is_some();
        let stored = StoredBroadcast {
            tenant,
            submitted: broadcast.clone(),
            list: submission.list.iter().copied().collect(),
            lists: submission
                .lists
                .iter()
                .map(|(name, people)| (name.clone(), people.iter().copied().collect()))
                .collect(),
            state: if scheduled { BroadcastState::Scheduled } else { BroadcastState::Expanding },
            control_version: 0,
            halt: None,
            started_at: None,
            finished_at: None,
            moved_at: clock,
            recalled_at: None,
            told: None,
            notice_of,
        };
        self.broadcasts.insert((tenant, broadcast.id), stored);
        Ok(())
    }

    /// As [`Store::tell`](crate::ports::Store::tell).
    ///
    /// # Errors
    /// As [`Self::submit`].
    pub fn tell(&mut self, untold: Untold, notice: &Submission, clock: Timestamp) -> Answer<()> {
        let Some(stored) = self.broadcasts.get_mut(&(notice.tenant, untold.broadcast)) else { return Ok(()) };
        if stored.state != untold.state || stored.told == Some(untold.state) {
            return Ok(());
        }
        stored.told = Some(untold.state);
        self.insert(notice, Some(untold.broadcast), clock)
    }

    /// Broadcasts of which the author is to be told something, oldest first.
    pub(super) fn untold(&self, tenant: TenantKey) -> Vec<Untold> {
        use BroadcastState::{Cancelled, Done, Halted, Missed};
        let theirs = self.broadcasts.values().filter(|stored| stored.tenant == tenant);
        let telling = theirs.filter(|stored| matches!(stored.state, Done | Cancelled | Halted | Missed));
        telling
            .filter(|stored| stored.told != Some(stored.state))
            .filter_map(|stored| {
                let (broadcast, state) = (stored.submitted.id, stored.state);
                Some(Untold { broadcast, author: stored.submitted.author?, state })
            })
            .collect()
    }

    /// As [`Store::start_due`](crate::ports::Store::start_due).
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub fn start_due(
        &mut self,
        held: HeldTenant,
        worker: WorkerId,
        clock: Timestamp,
    ) -> Answer<Vec<(BroadcastId, BroadcastState)>> {
        if !self.holds(held, worker) {
            return Err(StoreError::LeaseLost);
        }
        let mut started = Vec::new();
        let scheduled =
            |stored: &&mut StoredBroadcast| stored.tenant == held.tenant && stored.state == BroadcastState::Scheduled;
        for stored in self.broadcasts.values_mut().filter(scheduled) {
            let Some((schedule, _)) = &stored.submitted.schedule else { continue };
            if schedule.start_at > clock {
                continue;
            }
            let late = clock - schedule.start_at > to_delta(stored.submitted.treatment.tolerance);
            stored.becomes(if late { BroadcastState::Missed } else { BroadcastState::Expanding }, clock);
            started.push((stored.submitted.id, stored.state));
        }
        Ok(started)
    }

    /// As [`Store::said`](crate::ports::Store::said).
    ///
    /// # Errors
    /// [`StoreError::Broken`](crate::ports::StoreError::Broken) when there is no such round.
    pub fn said(&self, tenant: TenantKey, round: RoundId) -> Answer<Said> {
        let round = self.rounds.get(&(tenant, round)).ok_or_else(|| broken("there is no such round"))?;
        let broadcast = self.broadcast(tenant, round.broadcast).ok_or_else(|| broken("there is no such broadcast"))?;
        let submitted = &broadcast.submitted;
        let notification = round.says.notification.as_ref().or(submitted.way.notification());
        let content = round.says.content.as_ref().unwrap_or(&submitted.content);
        Ok(Said { content: content.clone(), notification: notification.cloned() })
    }

    /// As [`Store::move_broadcast`](crate::ports::Store::move_broadcast).
    ///
    /// # Errors
    /// [`StoreError::Broken`](crate::ports::StoreError::Broken) when it would be halted without a reason.
    pub fn move_broadcast(
        &mut self,
        tenant: TenantKey,
        id: BroadcastId,
        from: &[BroadcastState],
        to: BroadcastState,
        now: Timestamp,
        clock: Timestamp,
    ) -> Answer<bool> {
        let Some(stored) = self.broadcasts.get_mut(&(tenant, id)).filter(|stored| from.contains(&stored.state)) else {
            return Ok(false);
        };
        if to == BroadcastState::Halted {
            return Err(broken("a halt needs its reason"));
        }
        stored.becomes(to, clock);
        stored.finished_at = to.is_final().then_some(now);
        Ok(true)
    }

    /// As [`Store::resume_broadcast`](crate::ports::Store::resume_broadcast); only the audit wants to know when.
    pub fn resume_broadcast(&mut self, tenant: TenantKey, id: BroadcastId, clock: Timestamp) -> bool {
        // Back to where it stood: an hour that is still to come is waited for, a round that was not frozen to its end
        // goes on being frozen.
        let expanding = self.rounds_of(tenant, id).any(|round| {
            !matches!(round.kind, RoundKind::Prepare | RoundKind::Notify) && round.state == RoundState::Expanding
        });
        let Some(stored) = self.broadcasts.get_mut(&(tenant, id)) else { return false };
        if !matches!(stored.state, BroadcastState::Paused | BroadcastState::Halted | BroadcastState::Missed) {
            return false;
        }
        let start_at = stored.submitted.schedule.as_ref().map(|(schedule, _)| schedule.start_at);
        if stored.state == BroadcastState::Missed {
            let treatment = &mut stored.submitted.treatment;
            let time_left = treatment.deadline_at - start_at.unwrap_or(stored.submitted.created_at);
            treatment.deadline_at = treatment.deadline_at.max(clock + time_left);
        }
        let to = match start_at {
            Some(start_at) if start_at > clock => BroadcastState::Scheduled,
            _ if expanding => BroadcastState::Expanding,
            _ => BroadcastState::Running,
        };
        stored.becomes(to, clock);
        true
    }

    /// As [`Store::halt_broadcast`](crate::ports::Store::halt_broadcast).
    pub fn halt_broadcast(&mut self, tenant: TenantKey, id: BroadcastId, halt: &Halt, clock: Timestamp) {
        let Some(stored) = self.broadcasts.get_mut(&(tenant, id)) else { return };
        if matches!(stored.state, BroadcastState::Running | BroadcastState::Expanding) {
            stored.becomes(BroadcastState::Halted, clock);
            stored.halt = Some(halt.clone());
        }
    }

    /// As [`Store::halt_tenant`](crate::ports::Store::halt_tenant).
    pub fn halt_tenant(&mut self, tenant: TenantKey, halt: &Halt) {
        if let Some(stored) = self.tenants.get_mut(&tenant) {
            // The first reason stays: what follows from a halt must not hide its cause.
            stored.halt.get_or_insert_with(|| halt.clone());
        }
    }

    /// As [`Store::release_halt`](crate::ports::Store::release_halt).
    pub fn release_halt(&mut self, tenant: TenantKey) {
        if let Some(stored) = self.tenants.get_mut(&tenant) {
            stored.halt = None;
        }
    }

    /// As [`Store::finish`](crate::ports::Store::finish).
    pub fn finish(
        &mut self,
        tenant: TenantKey,
        now: Timestamp,
        clock: Timestamp,
    ) -> Vec<(BroadcastId, BroadcastState)> {
        let finished = |round: &StoredRound| round.chunks.values().all(|stored| stored.claim == Claim::Finished);
        let goes_on: Vec<BroadcastId> = self
            .broadcasts
            .values()
            .filter(|stored| matches!(stored.state, BroadcastState::Scheduled | BroadcastState::Paused))
            .map(|stored| stored.submitted.id)
            .collect();
        for round in self.rounds_mut(tenant) {
            let over = match (round.kind, round.state) {
                (_, RoundState::Done) => false,
                // At the end of its set, or when the broadcast no longer waits for its hour and nobody holds a chunk.
                (RoundKind::Prepare, state) => {
                    !at_work(round)
                        && (!goes_on.contains(&round.broadcast) || state == RoundState::Running && finished(round))
                }
                (_, state) => state == RoundState::Running && finished(round),
            };
            if over {
                round.state = RoundState::Done;
                round.finished_at = Some(now);
            }
        }
        let (mut cancelled, mut done) = (Vec::new(), Vec::new());
        for stored in self.broadcasts.values().filter(|stored| stored.tenant == tenant) {
            let id = stored.submitted.id;
            let rounds: Vec<&StoredRound> = self.rounds_of(tenant, id).collect();
            let over = !rounds.is_empty() && rounds.iter().all(|round| round.state == RoundState::Done);
            match stored.state {
                BroadcastState::Cancelling if !rounds.iter().any(|round| at_work(round)) => {
                    cancelled.push((id, BroadcastState::Cancelled));
                }
                BroadcastState::Running | BroadcastState::Paused | BroadcastState::Halted if over => {
                    done.push((id, BroadcastState::Done));
                }
                _ => {}
            }
        }
        for (id, _) in &cancelled {
            let theirs = |round: &&mut StoredRound| round.broadcast == *id && round.state != RoundState::Done;
            for round in self.rounds_mut(tenant).filter(theirs) {
                round.settle_left(now);
                round.state = RoundState::Done;
                round.finished_at = Some(now);
            }
        }
        cancelled.extend(done);
        for (id, state) in &cancelled {
            if let Some(stored) = self.broadcasts.get_mut(&(tenant, *id)) {
                stored.becomes(*state, clock);
                stored.finished_at = Some(now);
            }
        }
        cancelled
    }
}

fn at_work(round: &StoredRound) -> bool {
    round.chunks.values().any(|stored| matches!(stored.claim, Claim::Claimed(_)))
}

impl StoredBroadcast {
    /// Moves it to `state`: whatever its author was told, and why it was halted, is over.
    pub(super) fn becomes(&mut self, state: BroadcastState, clock: Timestamp) {
        self.state = state;
        self.control_version += 1;
        self.moved_at = clock;
        self.told = None;
        self.halt = None;
    }
}
