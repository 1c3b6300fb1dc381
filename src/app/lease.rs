//! Takes, keeps and hands over tenants; stops in time.
//!
//! A worker's lease is like a ticket for a library that closes at the hour on its stamp. The stamp is the database's
//! clock; on our own watch we leave well before, counted from the moment at which we *asked* for the stamp. Somebody
//! else is let in a while after the hour. So two are never inside together, however long an answer took. The rules
//! themselves are plain values: `domain/lease.rs`.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use metrics::gauge;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::app::engine::EngineSettings;
use crate::app::flush::repeat;
use crate::app::health::Health;
use crate::app::tally;
use crate::app::work::{self, Ended, Office};
use crate::domain::ids::{TenantKey, WorkerId};
use crate::domain::lease::{LeaseTerms, StartUntil};
use crate::domain::sharing::Sharing;
use crate::domain::time::{Monotonic, Timestamp};
use crate::ports::{Clock, HeldTenant, Messenger, ProcessIdentity, Random, Store, StoreError};
use crate::telemetry;

mod share;

/// What readiness calls it.
const PART: &str = "worker";
/// The wait before a run that failed is followed by the next.
const BETWEEN_RUNS: Duration = Duration::from_secs(1);

/// Makes the messenger of a tenant.
pub type Messengers = Arc<dyn Fn(TenantKey) -> Arc<dyn Messenger> + Send + Sync>;

/// Proves that a process on this host is gone. `false` when in doubt.
pub type IsGone = Arc<dyn Fn(&ProcessIdentity) -> bool + Send + Sync>;

/// One tenant, and the owner that works on it.
struct Held {
    tenant: HeldTenant,
    /// Cancelled when it is to be given back: before the end of the run, to another worker.
    stop: CancellationToken,
    busy: Arc<AtomicBool>,
}

/// Everything that a worker needs from the world.
#[derive(Clone)]
pub struct Worker {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// The record.
    pub store: Arc<dyn Store>,
    /// Teams, for each tenant.
    pub messengers: Messengers,
    /// The tenants for which it has credentials; it never takes another.
    pub tenants: Vec<TenantKey>,
    /// How it behaves.
    pub settings: Arc<EngineSettings>,
    /// Where it runs.
    pub process: ProcessIdentity,
    /// The proof that a predecessor on this host is gone.
    pub is_gone: IsGone,
    /// Where it tells how it is.
    pub health: Health,
}

/// Until when this run may start requests, and whether the run is over. Every clone is the same lease.
#[derive(Debug, Clone)]
pub struct Lease {
    until: Arc<Mutex<StartUntil>>,
    /// Cancelled when the lease was lost: nothing may start, what is on the wire is still recorded.
    pub lost: CancellationToken,
}

impl Lease {
    fn new() -> Self {
        Self { until: Arc::new(Mutex::new(StartUntil::NEVER)), lost: CancellationToken::new() }
    }

    /// A request may start at this instant, told by both clocks.
    pub fn may_start(&self, now: Monotonic, wall: Timestamp) -> bool {
        self.until().allows(now, wall)
    }

    /// No request starts after this instant.
    pub fn start_until(&self) -> Monotonic {
        self.until().stopwatch()
    }

    /// The lease was renewed by a request that was sent at `sent_at`.
    fn renewed(&self, sent_at: (Monotonic, Timestamp), terms: &LeaseTerms) {
        let mut until = self.until();
        *until = until.renewed(terms, sent_at);
    }

    /// Held for one read or one write of a plain value, so a panic elsewhere cannot leave it half-made.
    fn until(&self) -> MutexGuard<'_, StartUntil> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Worker {
    /// Works until `stop` is cancelled, then stops in order: no lease remains.
    ///
    /// A run ends early when its lease is lost or something broke; the next one comes back as another worker, whose
    /// rescue settles what the last one left.
    ///
    /// # Errors
    /// [`StoreError::Schema`], which no repetition can cure.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), StoreError> {
        while !stop.is_cancelled() {
            match self.one_run(&stop).await {
                Ok(()) => {}
                Err(error @ StoreError::Schema(_)) => return Err(error),
                Err(error) => tracing::error!(%error, "this run of the worker ended; another follows"),
            }
            tokio::select! {
                biased; // Equal seeds must give equal runs, and a stop goes before the next one.
                () = stop.cancelled() => {}
                () = self.clock.sleep_until(self.clock.monotonic() + BETWEEN_RUNS) => {}
            }
        }
        Ok(())
    }

    async fn one_run(&self, stop: &CancellationToken) -> Result<(), StoreError> {
        let lease = Lease::new();
        let sent_at = self.instant();
        self.health.unwell(PART, "The worker has no lease: the database does not answer.");
        let register = || self.store.register(&self.process, self.settings.terms.lease);
        let worker = repeat(&*self.clock, stop, "register", register).await?;
        lease.renewed(sent_at, &self.settings.terms);
        self.health.well(PART);
        tracing::info!(%worker, "this run of the worker begins");

        let abandon = CancellationToken::new();
        let over = stop.child_token();
        let keeping = self.keep_lease(worker, &lease);
        let working = self.hold_tenants(worker, &lease, &over, &abandon);
        let giving_up = async {
            over.cancelled().await;
            self.clock.sleep_until(self.clock.monotonic() + self.settings.stop_within).await;
            abandon.cancel();
            std::future::pending::<()>().await;
        };
        let done = tokio::select! {
            biased; // Equal seeds must give equal runs. Only the first ever ends, so none can keep the others waiting.
            done = working => done,
            () = keeping => unreachable_end("keep_lease"),
            () = giving_up => unreachable_end("giving_up"),
        };
        // Whatever happened: a lease that is ended lets the successor in at once.
        let ended = self.store.end_lease(worker).await;
        tracing::info!(%worker, ended = ended.is_ok(), "this run of the worker is over");
        done
    }

    /// This instant by both clocks.
    fn instant(&self) -> (Monotonic, Timestamp) {
        (self.clock.monotonic(), self.clock.now())
    }

    fn tell_margin(&self, lease: &Lease) {
        let left = lease.start_until().saturating_since(self.clock.monotonic());
        gauge!(telemetry::LEASE_SECONDS_LEFT).set(left.as_secs_f64());
    }

    /// Renews the lease for as long as the run lasts. It never returns: the run drops it.
    async fn keep_lease(&self, worker: WorkerId, lease: &Lease) {
        loop {
            let sent_at = self.instant();
            match self.store.renew(worker, self.settings.terms.lease).await {
                Ok(true) => {
                    self.tell_margin(lease);
                    lease.renewed(sent_at, &self.settings.terms);
                    self.health.well(PART);
                }
                Ok(false) => {
                    self.health.unwell(PART, "The lease had ended before it was renewed; the worker begins anew.");
                    tracing::warn!(%worker, "the lease had ended before it was renewed");
                    lease.lost.cancel();
                    return std::future::pending().await;
                }
                Err(error) => {
                    self.tell_margin(lease);
                    self.health.unwell(PART, "The lease cannot be renewed: the database does not answer.");
                    tracing::warn!(%worker, %error, "the lease could not be renewed");
                }
            }
            self.clock.sleep_until(sent_at.0 + self.settings.terms.renew_every).await;
        }
    }

    /// Takes tenants that nobody holds, hands back what is too many, and lets one owner work on each, until the run is over.
    async fn hold_tenants(
        &self,
        worker: WorkerId,
        lease: &Lease,
        over: &CancellationToken,
        abandon: &CancellationToken,
    ) -> Result<(), StoreError> {
        let mut owners: JoinSet<(HeldTenant, Result<Ended, StoreError>)> = JoinSet::new();
        let mut held: BTreeMap<TenantKey, Held> = BTreeMap::new();
        let mut sharing = Sharing::default();
        let (mut outcome, mut unanswered) = (Ok(()), false);
        loop {
            gauge!(telemetry::LEASES_HELD).set(held.len() as f64);
            let ending = over.is_cancelled() || lease.lost.is_cancelled() || outcome.is_err();
            if ending {
                over.cancel();
                if owners.is_empty() {
                    return outcome;
                }
            } else {
                let taken = tokio::select! {
                    biased; // Equal seeds must give equal runs, and the end goes before whatever was taken.
                    () = over.cancelled() => continue,
                    () = lease.lost.cancelled() => continue,
                    taken = self.share(worker, &held, &mut sharing) => taken,
                };
                match taken {
                    Ok(taken) => {
                        unanswered = false;
                        for tenant in taken {
                            let (stop, busy) = (over.child_token(), Arc::new(AtomicBool::new(true)));
                            let begun = Held { tenant, stop, busy };
                            let office = self.office(worker, &begun, lease, abandon);
                            held.insert(tenant.tenant, begun);
                            owners.spawn(async move { (tenant, own(office).await) });
                        }
                    }
                    // Said once: the lease, which is renewed all the while, goes on complaining.
                    Err(error) if error.is_transient() => {
                        if !std::mem::replace(&mut unanswered, true) {
                            tracing::warn!(%error, "no tenants could be taken");
                        }
                    }
                    Err(error) => outcome = Err(error),
                }
            }
            tokio::select! {
                biased; // Equal seeds must give equal runs, and the end goes first; there are fewer owners than tenants.
                () = over.cancelled(), if !ending => {}
                () = lease.lost.cancelled(), if !ending => {}
                Some(joined) = owners.join_next() => match joined {
                    Ok((tenant, Ok(_))) => { held.remove(&tenant.tenant); }
                    Ok((tenant, Err(error))) => { held.remove(&tenant.tenant); outcome = Err(error); }
                    Err(panic) => outcome = Err(StoreError::Broken(format!("an owner's task ended: {panic}"))),
                },
                () = self.clock.sleep_until(self.clock.monotonic() + self.settings.poll_every), if !ending => {}
            }
        }
    }

    fn office(&self, worker: WorkerId, held: &Held, lease: &Lease, abandon: &CancellationToken) -> Office {
        Office {
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            store: Arc::clone(&self.store),
            messenger: (self.messengers)(held.tenant.tenant),
            settings: Arc::clone(&self.settings),
            worker,
            held: held.tenant,
            lease: lease.clone(),
            health: self.health.clone(),
            stop: held.stop.clone(),
            busy: Arc::clone(&held.busy),
            abandon: abandon.clone(),
        }
    }
}

/// Runs an owner; a panic in it becomes an error that ends this run, so that the rescue of the next one settles what
/// it left.
async fn own(office: Office) -> Result<Ended, StoreError> {
    let tenant = office.held.tenant;
    let caught = AssertUnwindSafe(work::own(office)).catch_unwind().await;
    tally::left(tenant);
    caught.unwrap_or_else(|_| Err(StoreError::Broken(format!("the owner of tenant {tenant} panicked"))))
}

fn unreachable_end(what: &str) -> Result<(), StoreError> {
    Err(StoreError::Broken(format!("{what} returned, which it never does")))
}
