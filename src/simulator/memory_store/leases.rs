//! Who is alive, and who holds which tenant. The only methods that are told the database's clock.

use std::time::Duration;

use super::record::{Claim, Record, StoredWorker};
use super::to_delta;
use crate::domain::broadcast::{BroadcastState, RoundState};
use crate::domain::ids::{Epoch, TenantKey, WorkerId};
use crate::domain::sharing::Spread;
use crate::domain::time::Timestamp;
use crate::ports::{HeldTenant, ProcessIdentity};

/// Neighbours whose lease ended so long ago are of no interest: their tenants are free already.
const NEIGHBOUR_FOR: Duration = Duration::from_secs(60);

impl Record {
    /// As [`Store::register`](crate::ports::Store::register).
    pub fn register(&mut self, process: &ProcessIdentity, lease: Duration, clock: Timestamp) -> WorkerId {
        self.issued.worker += 1;
        let worker = WorkerId(self.issued.worker);
        let alive_until = Some(clock + lease);
        self.workers.insert(worker, StoredWorker { process: process.clone(), alive_until, seen_at: clock });
        worker
    }

    /// As [`Store::renew`](crate::ports::Store::renew).
    pub fn renew(&mut self, worker: WorkerId, lease: Duration, clock: Timestamp) -> bool {
        let Some(stored) = self.workers.get_mut(&worker) else { return false };
        let alive = stored.alive_until.is_some_and(|until| until > clock);
        if alive {
            stored.alive_until = Some(clock + lease);
            stored.seen_at = clock;
        }
        alive
    }

    /// As [`Store::neighbours`](crate::ports::Store::neighbours).
    pub fn neighbours(&self, host: &str, me: WorkerId, clock: Timestamp) -> Vec<(WorkerId, ProcessIdentity)> {
        let near = |(id, worker): &(WorkerId, &StoredWorker)| {
            *id != me
                && worker.process.host == host
                && worker.alive_until.is_some_and(|until| until > clock - NEIGHBOUR_FOR)
        };
        self.workers().filter(near).map(|(id, worker)| (id, worker.process.clone())).collect()
    }

    /// As [`Store::end_lease`](crate::ports::Store::end_lease).
    pub fn end_lease(&mut self, worker: WorkerId) {
        if let Some(stored) = self.workers.get_mut(&worker) {
            stored.alive_until = None;
        }
    }

    /// As [`Store::take_tenants`](crate::ports::Store::take_tenants).
    pub fn take_tenants(
        &mut self,
        worker: WorkerId,
        grace: Duration,
        limit: u32,
        may: &[TenantKey],
        held: &[TenantKey],
        clock: Timestamp,
    ) -> Vec<HeldTenant> {
        if !self.is_alive_for(worker, Duration::ZERO, clock) {
            return Vec::new();
        }
        let free = |owner: Option<WorkerId>| {
            owner.is_none_or(|owner| owner == worker || !self.is_alive_for(owner, grace, clock))
        };
        let taken: Vec<TenantKey> = self
            .tenants
            .values()
            .filter(|tenant| may.contains(&tenant.key) && !held.contains(&tenant.key))
            .filter(|tenant| free(tenant.owner) && self.has_work(tenant.key, clock))
            .map(|tenant| tenant.key)
            .take(limit as usize)
            .collect();
        taken.into_iter().filter_map(|key| self.take_one(key, worker, clock)).collect()
    }

    /// As [`Store::spread`](crate::ports::Store::spread).
    pub fn spread(&self, worker: WorkerId, grace: Duration, may: &[TenantKey], clock: Timestamp) -> Spread {
        let shared = || self.tenants.values().filter(|tenant| may.contains(&tenant.key));
        let held_by = |owner| shared().filter(|tenant| tenant.owner == Some(owner)).count();
        let alive = self.workers().map(|(id, _)| id).filter(|id| self.is_alive_for(*id, Duration::ZERO, clock));
        let others = alive.filter(|id| *id != worker).map(|id| (id, count(held_by(id)))).collect();
        let free = |owner: Option<WorkerId>| {
            owner.is_none_or(|owner| owner == worker || !self.is_alive_for(owner, grace, clock))
        };
        let free = shared().filter(|tenant| free(tenant.owner) && self.has_work(tenant.key, clock)).count();
        Spread { others, free: count(free) }
    }

    fn is_alive_for(&self, worker: WorkerId, grace: Duration, clock: Timestamp) -> bool {
        let until = self.workers.get(&worker).and_then(|stored| stored.alive_until);
        until.is_some_and(|until| until + grace > clock)
    }

    fn has_work(&self, tenant: TenantKey, clock: Timestamp) -> bool {
        self.rounds(tenant).any(|round| round.state != RoundState::Done)
            || !self.untold(tenant).is_empty()
            || self.expires_in(tenant, clock).is_some_and(|left| left.is_zero())
    }

    fn take_one(&mut self, key: TenantKey, worker: WorkerId, clock: Timestamp) -> Option<HeldTenant> {
        let before = self.tenants.get(&key)?.owner.and_then(|owner| self.workers.get(&owner));
        let seen_at = before.map(|owner| owner.seen_at);
        let tenant = self.tenants.get_mut(&key)?;
        let quiet_since = seen_at.max(tenant.left_at);
        tenant.owner = Some(worker);
        tenant.epoch = Epoch(tenant.epoch.0 + 1);
        tenant.released_by = None;
        let held = HeldTenant { tenant: key, epoch: tenant.epoch };
        // What lay still for longer than its tolerance may be out of date, or come out of a restored backup.
        for stored in self.broadcasts.values_mut().filter(|stored| stored.tenant == key) {
            let active = matches!(stored.state, BroadcastState::Running | BroadcastState::Expanding);
            let quiet_since = quiet_since.map_or(stored.moved_at, |quiet| quiet.max(stored.moved_at));
            if active && clock - quiet_since > to_delta(stored.submitted.treatment.tolerance) {
                stored.becomes(BroadcastState::Missed, clock);
            }
        }
        Some(held)
    }

    /// As [`Store::release_tenant`](crate::ports::Store::release_tenant).
    pub fn release_tenant(&mut self, worker: WorkerId, held: HeldTenant, clock: Timestamp) {
        self.write_withheld(held.tenant, worker);
        for stored in self.rounds_mut(held.tenant).flat_map(|round| round.chunks.values_mut()) {
            if stored.claim == Claim::Claimed(worker) && stored.chunk.open().count() == 0 {
                stored.claim = Claim::Ready;
            }
        }
        if self.holds(held, worker)
            && let Some(tenant) = self.tenants.get_mut(&held.tenant)
        {
            tenant.owner = None;
            tenant.released_by = Some(worker);
            tenant.left_at = Some(clock);
        }
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
