//! Retry: exactly those whom nothing reached, and nobody else.

use std::collections::BTreeSet;
use std::time::Duration;

use stentor::app::control::{Wish, grant};
use stentor::app::retry::{Retry, retry};
use stentor::domain::broadcast::{BroadcastState, RoundKind};
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, EntraId};
use stentor::domain::reason::Reason;
use stentor::ports::{RetryWish, Store};
use stentor::simulator::faults::FaultPlan;

use crate::house::{House, PATIENCE, faults, house, organisation};

impl House {
    async fn retry(&self, id: BroadcastId, wish: &RetryWish) -> Retry {
        let (chance, now) = (self.random.next_u64(), self.clock.now());
        retry(&*self.store, self.tenant, id, wish, Duration::from_secs(3600), chance, now).await.unwrap()
    }

    /// Everybody of a broadcast who stands in `state`.
    async fn people_in(&self, id: BroadcastId, state: &str) -> BTreeSet<EntraId> {
        let rows = self.store.deliveries(self.tenant, id, None, 10_000).await.unwrap();
        rows.into_iter().filter(|(_, person)| person.state == state).map(|(_, person)| person.entra_id).collect()
    }

    /// The cards in somebody's chat, as JSON.
    pub async fn inbox(&self, person: EntraId) -> Vec<String> {
        let url = format!("{}/_simulator/inbox/{}", self.simulator.base_url(), person);
        let inbox: serde_json::Value = reqwest::get(url).await.unwrap().json().await.unwrap();
        let messages = inbox.as_array().or_else(|| inbox["messages"].as_array()).cloned().unwrap_or_default();
        messages.iter().map(serde_json::Value::to_string).collect()
    }

    pub async fn until_told(&self, person: EntraId, words: &str) {
        let give_up_at = self.clock.monotonic() + PATIENCE;
        while !self.inbox(person).await.iter().any(|card| card.contains(words)) {
            assert!(self.clock.monotonic() < give_up_at, "she was never told {words}");
            self.pause(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_takes_up_exactly_whoever_failed_and_the_first_report_stays() {
    let house = house(organisation(200)).await;
    let working = house.worker();
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let first = house.until_done(id).await;
    let failed = house.people_in(id, "failed").await;
    assert!(failed.len() >= 4 && failed.len() as u64 == first.progress.failed);
    house.control("ledger/reset", serde_json::json!({})).await;

    assert_eq!(house.retry(id, &RetryWish::default()).await, Retry::Begun(failed.len() as u64));
    assert!(matches!(house.retry(id, &RetryWish::default()).await, Retry::TooEarly(_)));
    let again = house.until_done(id).await;
    working.stop().await;
    // Policies have not changed: they fail again, and that is all that happened.
    assert_eq!(again.progress, first.progress);
    assert_eq!(house.people_in(id, "failed").await, failed);
    assert_eq!(house.simulator.ledger_summary().delivered, 0, "nobody who had it was touched");
    assert_eq!(again.rounds[0], first.rounds[0], "the first report stays");
    let retried = &again.rounds[1];
    assert_eq!((retried.kind, retried.progress.targeted), (RoundKind::Retry, failed.len() as u64));
    let reasons = house.reasons(id).await;
    let named: u64 = reasons.iter().filter(|((how, _), _)| *how == Settlement::Failed).map(|(_, count)| *count).sum();
    assert_eq!(named, again.progress.failed, "each is counted once: {reasons:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_for_one_reason_leaves_the_others() {
    let house = house(organisation(200)).await;
    let working = house.worker();
    let id = house.submit("News", WhenInDoubt::Hold).await;
    house.until_done(id).await;
    let blocked = house.reasons(id).await[&(Settlement::Failed, Reason::BlockedByUser)];
    let wish = RetryWish { reasons: vec![Reason::BlockedByUser], unconfirmed: false };
    assert_eq!(house.retry(id, &wish).await, Retry::Begun(blocked));
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(report.rounds[1].progress.targeted, blocked);
    let wish = RetryWish { reasons: vec![Reason::TooLarge], unconfirmed: true };
    assert_eq!(house.retry(id, &wish).await, Retry::Nobody);
    let unknown = BroadcastId::from_i64(7);
    assert_eq!(house.retry(unknown, &wish).await, Retry::Unknown);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_unconfirmed_are_tried_again_only_when_a_person_says_so() {
    let mut plan = FaultPlan::named("none").unwrap();
    plan.lost_after_effect = 0.15;
    let house = house(faults(plan, 150)).await;
    let working = house.worker();
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let first = house.until_done(id).await;
    let doubted = house.people_in(id, "unconfirmed").await;
    assert!(!doubted.is_empty());
    house.control("faults", serde_json::json!("none")).await;
    let wish = RetryWish { reasons: Vec::new(), unconfirmed: true };
    let expected = doubted.len() as u64 + first.progress.failed;
    assert_eq!(house.retry(id, &wish).await, Retry::Begun(expected));
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(report.progress.unconfirmed, 0, "{:?}", report.rounds);
    assert_eq!(report.progress.sent, first.progress.sent + doubted.len() as u64);
    assert!(doubted.is_subset(&house.people_in(id, "sent").await));
    assert_eq!(
        house.simulator.ledger_summary().duplicates,
        doubted.len() as u64,
        "each of them was asked for by a person"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_have_been_told_stays_unconfirmed_when_her_retry_is_cancelled() {
    let mut plan = FaultPlan::named("none").unwrap();
    plan.lost_after_effect = 0.3;
    let house = house(faults(plan, 100)).await;
    let working = house.worker();
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let first = house.until_done(id).await;
    working.stop().await;
    let wish = RetryWish { reasons: Vec::new(), unconfirmed: true };
    assert!(matches!(house.retry(id, &wish).await, Retry::Begun(_)));
    // Frozen, but nobody's turn has come.
    let working = house.worker();
    house.control("throttle", serde_json::json!({"bucket": "send", "seconds": 5})).await;
    house.until(id, |report| report.state == BroadcastState::Running).await;
    grant(&*house.store, house.tenant, id, Wish::Cancel, house.clock.now()).await.unwrap();
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(report.state, BroadcastState::Cancelled);
    let unconfirmed = house.people_in(id, "unconfirmed").await.len() as u64;
    assert_eq!(report.progress.unconfirmed, unconfirmed);
    assert!(report.progress.unconfirmed + report.progress.sent >= first.progress.unconfirmed + first.progress.sent);
    let cancelled = house.people_in(id, "cancelled").await.len() as u64;
    assert_eq!(report.progress.cancelled, cancelled, "the export says the same as the screen");
    // What was cancelled can be tried again like what is done.
    assert!(matches!(house.retry(id, &wish).await, Retry::Begun(_)));
}
