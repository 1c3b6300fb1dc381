//! Who is alive, and who holds which tenant. The only methods that are told the database's clock.

use std::time::Duration;

use super::record::{Claim, Record, StoredWorker};
use crate::domain::broadcast::RoundState;
use crate::domain::ids::{Epoch, TenantKey, WorkerId};
use crate::domain::time::Timestamp;
use crate::ports::{HeldTenant, ProcessIdentity};

/// Neighbours whose lease ended so long ago are of no interest: their tenants are free already.
const NEIGHBOUR_FOR: Duration = Duration::from_secs(60);

impl Record {
    /// As [`Store::register`](crate::ports::Store::register).
    pub fn register(&mut self, process: &ProcessIdentity, lease: Duration, clock: Timestamp) -> WorkerId {
        self.issued.worker += 1;
        let worker = WorkerId(self.issued.worker);
        self.workers.insert(worker, StoredWorker { process: process.clone(), alive_until: Some(clock + lease) });
        worker
    }

    /// As [`Store::renew`](crate::ports::Store::renew).
    pub fn renew(&mut self, worker: WorkerId, lease: Duration, clock: Timestamp) -> bool {
        let Some(stored) = self.workers.get_mut(&worker) else { return false };
        let alive = stored.alive_until.is_some_and(|until| until > clock);
        if alive {
            stored.alive_until = Some(clock + lease);
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
        let alive_for = |worker: WorkerId, grace: Duration| {
            let until = self.workers.get(&worker).and_then(|stored| stored.alive_until);
            until.is_some_and(|until| until + grace > clock)
        };
        if !alive_for(worker, Duration::ZERO) {
            return Vec::new();
        }
        let free = |owner: Option<WorkerId>| owner.is_none_or(|owner| owner == worker || !alive_for(owner, grace));
        let has_work = |tenant| self.rounds(tenant).any(|round| round.state != RoundState::Done);
        let taken: Vec<TenantKey> = self
            .tenants
            .values()
            .filter(|tenant| may.contains(&tenant.key) && !held.contains(&tenant.key))
            .filter(|tenant| free(tenant.owner) && has_work(tenant.key))
            .map(|tenant| tenant.key)
            .take(limit as usize)
            .collect();
        let take = |tenant: &mut super::StoredTenant| {
            tenant.owner = Some(worker);
            tenant.epoch = Epoch(tenant.epoch.0 + 1);
            tenant.released_by = None;
            HeldTenant { tenant: tenant.key, epoch: tenant.epoch }
        };
        taken.into_iter().filter_map(|key| self.tenants.get_mut(&key).map(take)).collect()
    }

    /// As [`Store::release_tenant`](crate::ports::Store::release_tenant).
    pub fn release_tenant(&mut self, worker: WorkerId, held: HeldTenant) {
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
        }
    }
}
