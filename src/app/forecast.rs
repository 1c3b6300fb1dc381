//! Asks what a forecast must know, and makes it: of a broadcast that is there, or of one that might be.
//!
//! It only ever reads. What it costs is bounded: one pass over the directory at most, and a sample of a broadcast under
//! way; of other broadcasts, the first few in line.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::broadcast::{BroadcastState, Channel, RoundKind, RoundState, Schedule};
use crate::domain::flow::{BEGINNINGS, Mix};
use crate::domain::forecast::{Conditions, Forecast, Installed, Unknown, Work, prepared};
use crate::domain::ids::{BroadcastId, EntraId, TenantKey};
use crate::domain::pacing::{Bucket, Quota, climbed};
use crate::domain::plan::Knowledge;
use crate::domain::time::Timestamp;
use crate::ports::{BroadcastReport, BucketRecord, RoundReport, RoundWork, Store, StoreError, TenantWork, Whose};

/// More broadcasts at once are not looked into: each costs a count.
const BESIDE_MAX: usize = 8;

/// Who foretells, and from what.
#[derive(Clone, Copy)]
pub struct Foresight<'a> {
    /// Where everything is kept.
    pub store: &'a dyn Store,
    /// Whose broadcasts.
    pub tenant: TenantKey,
    /// What is granted.
    pub quotas: &'a BTreeMap<Bucket, Quota>,
    /// When the question is asked.
    pub now: Timestamp,
}

/// A broadcast that is not stored, as far as its course depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How many it can reach.
    pub reachable: u64,
    /// Who they are; `None` for everybody.
    pub people: Option<Vec<EntraId>>,
    /// It goes before others.
    pub urgent: bool,
    /// When it would start; `None` for at once.
    pub schedule: Option<Schedule>,
}

impl Foresight<'_> {
    /// What is expected of a broadcast that is stored.
    ///
    /// # Errors
    /// The store's.
    pub async fn of_broadcast(&self, report: &BroadcastReport) -> Result<Forecast, StoreError> {
        if report.state.is_final() {
            return Ok(Forecast::default());
        }
        if let Some(round) = report.afterwards() {
            return self.of_round(report, round).await;
        }
        let mut mix = self.store.ways(self.tenant, &Whose::Broadcast(report.id)).await?;
        if mix.people() == 0 {
            // A retry that has not begun names nobody yet, nor do words before their hour.
            let waits = report.started_at.is_none();
            mix = Mix::unknown(report.expected.filter(|_| waits).unwrap_or(report.progress.pending));
        }
        let schedule = report.schedule.as_ref().filter(|_| report.state == BroadcastState::Scheduled);
        self.foretell(mix, report.treatment.urgent, schedule, Some(report.id), obstacle(report.state)).await
    }

    /// What is expected of a round over people who were told before: to each of them, one request to her chat.
    async fn of_round(&self, report: &BroadcastReport, round: &RoundReport) -> Result<Forecast, StoreError> {
        if round.channel == Channel::Feed {
            // How many of them go together shows only when they go.
            return Ok(Forecast::default());
        }
        let frozen = round.state != RoundState::Expanding;
        let told = report.progress.sent + report.progress.unconfirmed;
        let mix = Mix { chat: if frozen { round.progress.pending } else { told }, ..Mix::default() };
        self.foretell(mix, report.treatment.urgent, None, Some(report.id), obstacle(report.state)).await
    }

    /// What would be expected of a broadcast if it were stored at this moment.
    ///
    /// # Errors
    /// The store's.
    pub async fn of_plan(&self, plan: &Plan) -> Result<Forecast, StoreError> {
        let whose = plan.people.clone().map_or(Whose::Everyone, Whose::People);
        let known = self.store.ways(self.tenant, &whose).await?;
        let mix = of_whom(&known, plan.reachable);
        self.foretell(mix, plan.urgent, plan.schedule.as_ref(), None, None).await
    }

    async fn foretell(
        &self,
        mix: Mix,
        urgent: bool,
        schedule: Option<&Schedule>,
        id: Option<BroadcastId>,
        obstacle: Option<Unknown>,
    ) -> Result<Forecast, StoreError> {
        let work = self.store.work(self.tenant).await?;
        let outlook = self.store.outlook(self.tenant).await?;
        let conditions = Conditions {
            quotas: self.quotas.clone(),
            shares: work.buckets.iter().map(|kept| (kept.bucket, self.share(kept))).collect(),
            rests: work.buckets.iter().map(|kept| (kept.bucket, self.until(kept.cooldown_until))).collect(),
            installed: Installed::by(outlook.asked, outlook.had),
            is_held: outlook.held,
        };
        let mut ours = Work { mix, urgent, starts_in: Duration::ZERO };
        if let Some(schedule) = schedule {
            ours.starts_in = self.until(schedule.start_at);
            if let Some(prepare_at) = schedule.prepare_at {
                let time = ours.starts_in.saturating_sub(self.until(prepare_at));
                ours.mix = prepared(&mix, time, &conditions);
            }
        }
        let obstacle = obstacle
            .or(work.halt.is_some().then_some(Unknown::Halted))
            .or((!outlook.works).then_some(Unknown::NobodyWorks));
        let others = self.beside(&work, id).await?;
        Ok(Forecast::of(&ours, &others, &conditions, obstacle, self.now))
    }

    /// The other broadcasts that go, or will go at their hour.
    async fn beside(&self, work: &TenantWork, ours: Option<BroadcastId>) -> Result<Vec<Work>, StoreError> {
        let sends = |round: &&RoundWork| matches!(round.kind, RoundKind::Send | RoundKind::Retry);
        let goes = |round: &&RoundWork| {
            round.goes_on() || matches!(round.broadcast_state, BroadcastState::Scheduled | BroadcastState::Expanding)
        };
        let mut others: Vec<&RoundWork> = work.rounds.iter().filter(sends).filter(goes).collect();
        others.retain(|round| Some(round.broadcast) != ours && round.state != RoundState::Done);
        others.dedup_by_key(|round| round.broadcast);
        let mut beside = Vec::new();
        for round in others.into_iter().take(BESIDE_MAX) {
            beside.push(Work {
                mix: self.store.ways(self.tenant, &Whose::Broadcast(round.broadcast)).await?,
                urgent: round.treatment.urgent,
                starts_in: round.hour_in.unwrap_or_default(),
            });
        }
        Ok(beside)
    }

    /// The part of a bucket's quota in use by now.
    fn share(&self, kept: &BucketRecord) -> f64 {
        climbed(kept.share, (self.now - kept.kept_at).to_std().unwrap_or_default())
    }

    fn until(&self, at: Timestamp) -> Duration {
        (at - self.now).to_std().unwrap_or_default()
    }
}

/// Why a broadcast in `state` cannot say when it ends.
const fn obstacle(state: BroadcastState) -> Option<Unknown> {
    match state {
        BroadcastState::Paused | BroadcastState::Draft | BroadcastState::AwaitingApproval => Some(Unknown::Paused),
        BroadcastState::Halted => Some(Unknown::Halted),
        BroadcastState::Missed => Some(Unknown::Missed),
        BroadcastState::Scheduled | BroadcastState::Expanding | BroadcastState::Running => None,
        BroadcastState::Cancelling | BroadcastState::Cancelled | BroadcastState::Done => Some(Unknown::Over),
    }
}

/// Of `reachable` people, `known` says what the store knows; whom it does not hold is unknown, and whoever has left since
/// it was read is counted out, the best known last.
fn of_whom(known: &Mix, reachable: u64) -> Mix {
    let (mut mix, mut left) = (Mix::default(), reachable);
    for knowledge in BEGINNINGS {
        let people = known.of(knowledge).min(left);
        mix.add(knowledge, people);
        left -= people;
    }
    mix.add(Knowledge::Nothing, left);
    mix
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::fakes::{FakeStore, TENANT};
    use crate::domain::broadcast::{TOLERANCE, Treatment};
    use crate::domain::delivery::WhenInDoubt;
    use crate::domain::ids::RoundId;
    use crate::domain::plan::Purpose;
    use crate::domain::reason::HaltReason;
    use crate::ports::{Halt, Outlook};

    fn now() -> Timestamp {
        "2026-11-24T10:00:00Z".parse().unwrap()
    }

    fn quotas() -> BTreeMap<Bucket, Quota> {
        let thirty = Quota::per_second(30);
        [
            (Bucket::Check, thirty),
            (Bucket::Install, thirty),
            (Bucket::Resolve, thirty),
            (Bucket::Send, Quota::per_second(50)),
        ]
        .into()
    }

    /// A tenant in which a worker is alive and these ways are told, in turn.
    fn store(ways: &[Mix]) -> FakeStore {
        let store = FakeStore::default();
        store.ways.lock().unwrap().extend(ways.iter().copied());
        *store.outlook.lock().unwrap() = Outlook { works: true, held: true, ..Outlook::default() };
        store
    }

    async fn of_plan(store: &FakeStore, plan: &Plan) -> Forecast {
        let quotas = quotas();
        Foresight { store, tenant: TENANT, quotas: &quotas, now: now() }.of_plan(plan).await.unwrap()
    }

    fn plan(reachable: u64) -> Plan {
        Plan { reachable, people: None, urgent: false, schedule: None }
    }

    #[tokio::test]
    async fn whom_the_store_does_not_hold_is_unknown() {
        let store = store(&[Mix { chat: 600, ..Mix::default() }]);
        let forecast = of_plan(&store, &plan(1000)).await;
        assert_eq!(forecast.forecast.unwrap().people, Mix { chat: 600, unknown: 400, ..Mix::default() });
    }

    #[tokio::test]
    async fn others_in_line_are_counted_once_each_and_a_halt_leaves_the_end_open() {
        let chats = |chat| Mix { chat, ..Mix::default() };
        let store = store(&[chats(1000), chats(2000)]);
        let round = |number, kind| RoundWork {
            round: RoundId::new(now(), number),
            broadcast: BroadcastId::new(now(), 7),
            kind,
            purpose: Purpose::of(kind, Channel::Chat, true, false),
            state: RoundState::Running,
            broadcast_state: BroadcastState::Running,
            treatment: Treatment {
                when_in_doubt: WhenInDoubt::Hold,
                urgent: false,
                deadline_at: now(),
                tolerance: TOLERANCE,
            },
            expression: None,
            hour_in: None,
        };
        store.work.lock().unwrap().rounds = vec![round(1, RoundKind::Prepare), round(2, RoundKind::Send)];
        let forecast = of_plan(&store, &plan(1000)).await;
        let seconds = forecast.expected_seconds.unwrap();
        assert!((40.0..45.0).contains(&seconds), "half of fifty a second: {seconds}");
        assert_eq!(forecast.forecast.unwrap().beside, 1);

        store.work.lock().unwrap().halt = Some(Halt { reason: HaltReason::SecretExpired, detail: None, since: now() });
        let halted = of_plan(&store, &plan(1000)).await;
        assert_eq!(halted.expected_end_at, None);
        assert_eq!(halted.forecast.unwrap().unknown_because, Some(Unknown::Halted));
    }

    #[tokio::test]
    async fn without_a_worker_only_the_work_is_told() {
        let store = store(&[Mix { chat: 1000, ..Mix::default() }]);
        *store.outlook.lock().unwrap() = Outlook::default();
        let forecast = of_plan(&store, &plan(1000)).await;
        assert_eq!(forecast.expected_seconds, None);
        let grounds = forecast.forecast.unwrap();
        assert_eq!(grounds.unknown_because, Some(Unknown::NobodyWorks));
        assert!(grounds.work_seconds.is_some());
    }

    #[tokio::test]
    async fn a_prepared_audience_starts_known_at_its_hour() {
        let store = store(&[Mix::default()]);
        let start_at = now() + Duration::from_secs(3600);
        let schedule =
            Schedule { start_at, prepare_at: Some(now() + Duration::from_secs(600)), time_zone: "UTC".into() };
        let forecast = of_plan(&store, &Plan { schedule: Some(schedule), ..plan(3000) }).await;
        assert_eq!(forecast.forecast.as_ref().unwrap().people, Mix { chat: 3000, ..Mix::default() });
        let end = forecast.expected_end_at.unwrap() - start_at;
        assert!((60..66).contains(&end.num_seconds()), "{end}");
    }
}
