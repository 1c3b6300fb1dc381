//! One round: everybody is told something, and in the middle something breaks.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Context;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::super::staff::{Staff, Worker};
use super::verdict::{Evidence, Verdict};
use super::{GRACE, LEASE, Mishap, Plan, draw};
use crate::domain::broadcast::BroadcastState;
use crate::domain::delivery::WhenInDoubt;
use crate::domain::ids::{BroadcastId, EntraId};
use crate::domain::time::Timestamp;
use crate::ports::{BroadcastReport, Clock};
use crate::wiring::{Place, ProvingGround};

/// How long a round may take as a whole, after the mishap.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often we look.
const LOOK: Duration = Duration::from_millis(5);
/// Between two readings of the record that must be equal: a statement of a killed worker may still be running.
const STILL: Duration = Duration::from_millis(25);
/// What a killed process had written to its sockets arrives within this, and nobody else sends anything so soon: a
/// successor waits for one window of the quota, which is a second.
const ON_THE_WIRE: Duration = Duration::from_millis(900);

/// What will happen, drawn before it begins.
#[derive(Debug, Clone)]
pub(super) struct Round {
    seed: u64,
    number: u32,
    policy: WhenInDoubt,
    policy_name: &'static str,
    pub mishap: Mishap,
    /// A second worker stands by; otherwise it comes after the mishap.
    has_standby: bool,
    /// Nobody's chat is known.
    is_cold: bool,
    /// Breaks when this many of a thousand have been told; `None`: soon after the start, whoever was told.
    after: Option<u64>,
    and_then: Duration,
}

/// The state of things at the mishap.
struct AtTheMishap {
    at: Timestamp,
    /// Whatever arrives later comes from whoever went on.
    quiet_at: Timestamp,
    open: u64,
    settled: BTreeSet<EntraId>,
}

impl Round {
    pub(super) fn drawn(plan: Plan, number: u32, policy: WhenInDoubt, policy_name: &'static str) -> Self {
        let seed = plan.seed;
        let draw = |what, bound| draw(seed, number, policy_name, what, bound);
        // So each comes equally often; the policies start at different ones.
        let in_turn = Mishap::ALL[(number as usize + policy_name.len()) % Mishap::ALL.len()];
        let is_early = draw("early", 8) == 0;
        Self {
            seed,
            number,
            policy,
            policy_name,
            mishap: plan.only.unwrap_or(in_turn),
            has_standby: draw("standby", 2) == 0,
            is_cold: number == 1 || draw("cold", 6) == 0,
            after: (!is_early).then(|| draw("after", 900)),
            and_then: Duration::from_millis(draw("then", if is_early { 1500 } else { 120 })),
        }
    }

    /// Also in each of its messages, by which the ledger knows them.
    pub(super) fn title(&self) -> String {
        let (name, number, seed, mishap) = (self.policy_name, self.number, self.seed, self.mishap.name());
        format!("Drill {name} {number:05} of seed {seed}, {mishap}")
    }

    pub(super) async fn play(&self, ground: &mut ProvingGround, staff: &Staff) -> anyhow::Result<Verdict> {
        let title = self.title();
        if self.is_cold {
            ground.forget_routes().await?;
        }
        let place = ground.place();
        let id = ground.submit(&title, self.policy).await?;
        let mut workers = vec![staff.engage()?];
        if self.has_standby {
            workers.push(staff.engage()?);
        }
        self.wait_for_the_moment(ground, place, id).await?;
        let then = self.strike(ground, staff, &mut workers, id).await?;
        let report = match self.wait_for_the_end(ground, id).await {
            Ok(report) => report,
            Err(error) => return Err(error.context(staff.last_words())),
        };
        for worker in workers {
            worker.dismiss(ground.clock()).await?;
        }
        // What a thawed worker learnt late is written down when it has stopped.
        let (report, holding) = (ground.report(report.id).await?, ground.holding().await?);
        let evidence = Evidence {
            reachable: &ground.reachable(),
            told: &ground.told(place, &title, None),
            said: &ground.deliveries(id).await?,
            progress: report.progress,
            told_then: &ground.told(place, &title, Some(then.quiet_at)),
            settled_then: &then.settled,
        };
        let recovered_at = ground.first_request_after(place, then.quiet_at);
        Ok(Verdict {
            open_at_kill: then.open,
            recovery_seconds: recovered_at.map(|at| (at - then.at).as_seconds_f64()),
            left_over: (holding.open + holding.claimed).unsigned_abs(),
            ..Verdict::of(self.policy, self.mishap, &evidence)
        })
    }

    async fn wait_for_the_moment(&self, ground: &ProvingGround, place: Place, id: BroadcastId) -> anyhow::Result<()> {
        let clock = ground.clock();
        if let Some(after) = self.after {
            let (title, everybody) = (self.title(), ground.reachable().len() as u64);
            let give_up_at = clock.monotonic() + PATIENCE;
            while (ground.told(place, &title, None).len() as u64) * 1000 <= after * everybody {
                anyhow::ensure!(clock.monotonic() < give_up_at, "broadcast {id} does not get going");
                pause(clock, LOOK).await;
            }
        }
        pause(clock, self.and_then).await;
        Ok(())
    }

    async fn strike(
        &self,
        ground: &mut ProvingGround,
        staff: &Staff,
        workers: &mut Vec<Worker>,
        id: BroadcastId,
    ) -> anyhow::Result<AtTheMishap> {
        let owner = ground.holding().await?.pid;
        let owner = workers.iter().position(|worker| Some(i64::from(worker.pid())) == owner).unwrap_or(0);
        let struck = workers.swap_remove(owner);
        match self.mishap {
            Mishap::WorkerKilled => {
                // The standby is held still while we read, so that it cannot settle what we want to count.
                workers.iter().for_each(Worker::freeze);
                let at = ground.clock().now();
                struck.slay();
                let then = self.look(ground, id, at).await?;
                workers.iter().for_each(Worker::thaw);
                workers.push(staff.engage()?);
                Ok(then)
            }
            Mishap::WorkerFrozen => {
                workers.iter().for_each(Worker::freeze);
                let at = ground.clock().now();
                struck.freeze();
                let then = self.look(ground, id, at).await?;
                workers.iter().for_each(Worker::thaw);
                if workers.is_empty() {
                    workers.push(staff.engage()?);
                }
                let more = Duration::from_millis(draw(self.seed, self.number, self.policy_name, "frozen", 2500));
                pause(ground.clock(), LEASE + GRACE + more).await;
                struck.thaw();
                workers.push(struck);
                Ok(then)
            }
            Mishap::PostgresKilled => {
                workers.push(struck);
                let at = self.kill_postgres(ground)?;
                ground.restart_postgres().await?;
                let then = self.look_at_once(ground, id, at).await?;
                if workers.len() < 2 {
                    workers.push(staff.engage()?);
                }
                Ok(then)
            }
            Mishap::PowerCut => {
                workers.iter().for_each(Worker::freeze);
                let at = self.kill_postgres(ground)?;
                struck.slay();
                ground.restart_postgres().await?;
                let then = self.look(ground, id, at).await?;
                workers.iter().for_each(Worker::thaw);
                workers.push(staff.engage()?);
                Ok(then)
            }
        }
    }

    fn kill_postgres(&self, ground: &ProvingGround) -> anyhow::Result<Timestamp> {
        let postmaster = ground.postmaster().context("the ground has a Postgres of its own")?;
        let at = ground.clock().now();
        kill(Pid::from_raw(postmaster.cast_signed()), Signal::SIGKILL).context("cannot kill Postgres")?;
        Ok(at)
    }

    /// Reads the record once nothing moves it any more.
    async fn look(&self, ground: &ProvingGround, id: BroadcastId, at: Timestamp) -> anyhow::Result<AtTheMishap> {
        let mut before = (ground.holding().await?, ground.settled(id).await?);
        loop {
            pause(ground.clock(), STILL).await;
            let again = (ground.holding().await?, ground.settled(id).await?);
            if again == before {
                break;
            }
            before = again;
        }
        let (holding, settled) = before;
        Ok(AtTheMishap { at, quiet_at: at + ON_THE_WIRE, open: holding.open.unsigned_abs(), settled })
    }

    /// Reads the record while the worker goes on: as much as may be in doubt if it has to begin anew.
    async fn look_at_once(
        &self,
        ground: &ProvingGround,
        id: BroadcastId,
        at: Timestamp,
    ) -> anyhow::Result<AtTheMishap> {
        let quiet_at = ground.clock().now();
        let settled = ground.settled(id).await?;
        let first = ground.holding().await?;
        let (mut open, mut before) = (first.open, first);
        // Should the lease have ended meanwhile, the worker begins anew within a lease, and rescues what it left itself.
        let until = ground.clock().monotonic() + LEASE + GRACE;
        while ground.clock().monotonic() < until {
            let holding = ground.holding().await?;
            if holding.lease_epoch != first.lease_epoch {
                open = open.max(before.open);
                break;
            }
            before = holding;
            pause(ground.clock(), LOOK).await;
        }
        Ok(AtTheMishap { at, quiet_at, open: open.unsigned_abs(), settled })
    }

    async fn wait_for_the_end(&self, ground: &ProvingGround, id: BroadcastId) -> anyhow::Result<BroadcastReport> {
        let give_up_at = ground.clock().monotonic() + PATIENCE;
        loop {
            let report = ground.report(id).await?;
            if report.state == BroadcastState::Done {
                return Ok(report);
            }
            let (title, progress) = (self.title(), report.progress);
            anyhow::ensure!(ground.clock().monotonic() < give_up_at, "{title} does not end: {progress:?}");
            pause(ground.clock(), Duration::from_millis(50)).await;
        }
    }
}

async fn pause(clock: &dyn Clock, duration: Duration) {
    clock.sleep_until(clock.monotonic() + duration).await;
}
