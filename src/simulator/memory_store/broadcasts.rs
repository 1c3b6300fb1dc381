//! Broadcasts: stored, moved through their life, halted and released.

use std::collections::BTreeMap;

use super::record::{Claim, Record, StoredBroadcast, StoredRound};
use super::{Answer, broken};
use crate::domain::broadcast::{BroadcastState, RoundKind, RoundState};
use crate::domain::content::Content;
use crate::domain::ids::{BroadcastId, RecipientKey, TenantKey};
use crate::domain::time::Timestamp;
use crate::ports::{Halt, Submission};

impl Record {
    /// As [`Store::submit`](crate::ports::Store::submit).
    ///
    /// # Errors
    /// [`StoreError::Broken`](crate::ports::StoreError::Broken) when the round's id is in use.
    pub fn submit(&mut self, submission: &Submission) -> Answer<()> {
        let (tenant, broadcast) = (submission.tenant, &submission.broadcast);
        if self.broadcasts.contains_key(&(tenant, broadcast.id)) {
            // The same submission, repeated because its first answer was lost.
            return Ok(());
        }
        if self.rounds.contains_key(&(tenant, broadcast.round)) {
            return Err(broken("a round with this id is there already"));
        }
        let round = StoredRound {
            tenant,
            id: broadcast.round,
            broadcast: broadcast.id,
            kind: RoundKind::Send,
            state: RoundState::Expanding,
            targeted: 0,
            expanded_through: RecipientKey(0),
            created_at: broadcast.created_at,
            finished_at: None,
            audience: BTreeMap::new(),
            chunks: BTreeMap::new(),
            attempts: BTreeMap::new(),
        };
        let stored = StoredBroadcast {
            tenant,
            submitted: broadcast.clone(),
            list: submission.list.iter().copied().collect(),
            state: BroadcastState::Expanding,
            control_version: 0,
            halt: None,
            started_at: None,
            finished_at: None,
        };
        self.rounds.insert((tenant, broadcast.round), round);
        self.broadcasts.insert((tenant, broadcast.id), stored);
        Ok(())
    }

    /// As [`Store::content`](crate::ports::Store::content).
    ///
    /// # Errors
    /// [`StoreError::Broken`](crate::ports::StoreError::Broken) when there is no such broadcast.
    pub fn content(&self, tenant: TenantKey, id: BroadcastId) -> Answer<Content> {
        let stored = self.broadcast(tenant, id).ok_or_else(|| broken("there is no such broadcast"))?;
        Ok(stored.submitted.content.clone())
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
    ) -> Answer<bool> {
        let Some(stored) = self.broadcasts.get_mut(&(tenant, id)).filter(|stored| from.contains(&stored.state)) else {
            return Ok(false);
        };
        if to == BroadcastState::Halted {
            return Err(broken("a halt needs its reason"));
        }
        stored.state = to;
        stored.control_version += 1;
        stored.finished_at = to.is_final().then_some(now);
        stored.halt = None;
        Ok(true)
    }

    /// As [`Store::resume_broadcast`](crate::ports::Store::resume_broadcast); only the audit wants to know when.
    pub fn resume_broadcast(&mut self, tenant: TenantKey, id: BroadcastId) -> bool {
        // Back to where it stood: a round that was not frozen to its end goes on being frozen.
        let expanding = self.rounds_of(tenant, id).any(|round| round.state == RoundState::Expanding);
        let Some(stored) = self.broadcasts.get_mut(&(tenant, id)) else { return false };
        if !matches!(stored.state, BroadcastState::Paused | BroadcastState::Halted) {
            return false;
        }
        stored.state = if expanding { BroadcastState::Expanding } else { BroadcastState::Running };
        stored.control_version += 1;
        stored.halt = None;
        true
    }

    /// As [`Store::halt_broadcast`](crate::ports::Store::halt_broadcast).
    pub fn halt_broadcast(&mut self, tenant: TenantKey, id: BroadcastId, halt: &Halt) {
        let Some(stored) = self.broadcasts.get_mut(&(tenant, id)) else { return };
        if matches!(stored.state, BroadcastState::Running | BroadcastState::Expanding) {
            stored.state = BroadcastState::Halted;
            stored.control_version += 1;
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
    pub fn finish(&mut self, tenant: TenantKey, now: Timestamp) -> Vec<(BroadcastId, BroadcastState)> {
        for round in self.rounds_mut(tenant).filter(|round| round.state == RoundState::Running) {
            if round.chunks.values().all(|stored| stored.claim == Claim::Finished) {
                round.state = RoundState::Done;
                round.finished_at = Some(now);
            }
        }
        let (mut cancelled, mut done) = (Vec::new(), Vec::new());
        for stored in self.broadcasts.values().filter(|stored| stored.tenant == tenant) {
            let id = stored.submitted.id;
            let rounds: Vec<&StoredRound> = self.rounds_of(tenant, id).collect();
            let over = !rounds.is_empty() && rounds.iter().all(|round| round.state == RoundState::Done);
            let at_work = rounds
                .iter()
                .any(|round| round.chunks.values().any(|stored| matches!(stored.claim, Claim::Claimed(_))));
            match stored.state {
                BroadcastState::Cancelling if !at_work => cancelled.push((id, BroadcastState::Cancelled)),
                BroadcastState::Running | BroadcastState::Paused | BroadcastState::Halted if over => {
                    done.push((id, BroadcastState::Done));
                }
                _ => {}
            }
        }
        for (id, _) in &cancelled {
            let theirs = |round: &&mut StoredRound| round.broadcast == *id && round.state != RoundState::Done;
            for round in self.rounds_mut(tenant).filter(theirs) {
                round.state = RoundState::Done;
                round.finished_at = Some(now);
            }
        }
        cancelled.extend(done);
        for (id, state) in &cancelled {
            if let Some(stored) = self.broadcasts.get_mut(&(tenant, *id)) {
                stored.state = *state;
                stored.finished_at = Some(now);
                stored.halt = None;
            }
        }
        cancelled
    }
}
