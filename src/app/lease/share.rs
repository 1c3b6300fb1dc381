//! Shares the tenants with the other workers: asks how they are spread, takes, and hands back. How many is decided in
//! `domain/sharing.rs`; which ones, here: those of which nothing goes on before those that work.

use std::cmp::Reverse;
use std::sync::atomic::Ordering;

use super::*;
use crate::domain::sharing::Advice;

/// With fewer tenants there is nothing to share: one too many is no reason to hand anything over.
const SHARED_FROM: usize = 3;

impl Worker {
    /// Looks around once: returns the tenants that are ours now, and stops the owners of those that others shall have.
    pub(super) async fn share(
        &self,
        worker: WorkerId,
        held: &BTreeMap<TenantKey, Held>,
        sharing: &mut Sharing,
    ) -> Result<Vec<HeldTenant>, StoreError> {
        for (neighbour, process) in self.store.neighbours(&self.process.host, worker).await? {
            if (self.is_gone)(&process) {
                tracing::info!(%neighbour, pid = process.pid, "a predecessor on this host is gone; its lease ends now");
                self.store.end_lease(neighbour).await?;
            }
        }
        let advice = self.advice(worker, held, sharing).await?;
        hand_back(held, advice.hand_back);
        if advice.take == 0 {
            return Ok(Vec::new());
        }
        let has: Vec<TenantKey> = held.keys().copied().collect();
        self.store.take_tenants(worker, self.settings.terms.grace, advice.take, &self.tenants, &has).await
    }

    async fn advice(
        &self,
        worker: WorkerId,
        held: &BTreeMap<TenantKey, Held>,
        sharing: &mut Sharing,
    ) -> Result<Advice, StoreError> {
        let (count, most) = (number(held.len()), self.settings.tenants);
        if self.tenants.len() < SHARED_FROM {
            return Ok(Advice { take: most.saturating_sub(count), hand_back: 0 });
        }
        let others: Vec<TenantKey> = self.tenants.iter().filter(|tenant| !held.contains_key(tenant)).copied().collect();
        let spread = self.store.spread(worker, self.settings.terms.grace, &others).await?;
        let leaving = number(held.values().filter(|held| held.stop.is_cancelled()).count());
        Ok(sharing.advise(count, leaving, most, &spread, self.clock.monotonic()))
    }
}

/// Stops the owners of `count` tenants in order; each gives its tenant back when everything is written down.
fn hand_back(held: &BTreeMap<TenantKey, Held>, count: u32) {
    let mut staying: Vec<&Held> = held.values().filter(|held| !held.stop.is_cancelled()).collect();
    staying.sort_by_key(|held| (held.busy.load(Ordering::Relaxed), Reverse(held.tenant.tenant)));
    for held in staying.into_iter().take(count as usize) {
        tracing::info!(tenant = %held.tenant.tenant, "the tenant is handed to another worker that has fewer");
        held.stop.cancel();
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
