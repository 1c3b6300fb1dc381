//! With a webhook: what the bot is told spares requests, and costs nobody a message when it comes late, twice or never.

use std::time::Duration;

use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::EntraId;
use stentor::domain::pacing::{Bucket, Quota};
use stentor::domain::reason::Reason;
use stentor::ports::Store;
use stentor::simulator::faults::FaultPlan;
use stentor::simulator::settings::SimulatorSettings;

use crate::house::{House, PATIENCE, everybody_reachable, house, house_that_hears};

impl House {
    /// Requests that Graph has received, by the ledger.
    fn asked_of_graph(&self) -> u64 {
        let requests = self.simulator.ledger_summary().requests;
        let of =
            |name: &str| requests.iter().filter(|(it, _)| it.to_string() == name).map(|(_, count)| count).sum::<u64>();
        of("check") + of("install") + of("resolve")
    }

    fn anybody(&self) -> EntraId {
        EntraId(self.simulator.world().lock().unwrap().organisation().person(0).id)
    }

    /// Waits until the record says of her what it should.
    async fn until_known(&self, user: EntraId, wanted: &'static str) {
        let give_up_at = self.clock.monotonic() + PATIENCE;
        let sql = "-- standing\nselect case when conversation_id is not null then 'chat' when installation = 1 then 'absent' \
                   else 'nothing' end from recipient where entra_id = $1";
        loop {
            let database = self.store.database();
            let ask = async |conn: &mut sqlx::PgConnection| {
                sqlx::query_scalar::<_, String>(sql).bind(user.0).fetch_one(conn).await
            };
            if database.run("standing", ask).await.unwrap() == wanted {
                return;
            }
            assert!(self.clock.monotonic() < give_up_at, "she is never {wanted}");
            self.pause(Duration::from_millis(30)).await;
        }
    }
}

/// Nobody has the app, and installs are slow enough for events to come in between.
fn cold(people: usize, plan: FaultPlan) -> SimulatorSettings {
    SimulatorSettings { faults: plan, ..everybody_reachable(people, 1.0) }
}

fn slow(mut house: House) -> House {
    house.engine.quotas.insert(Bucket::Install, Quota::per_second(12));
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_told_of_needs_an_install_and_a_send_and_hardly_anything_else() {
    let plan = FaultPlan { telling_lag_seconds_max: 0.2, ..FaultPlan::default() };
    let mut asked = Vec::new();
    for house in [house(cold(72, plan.clone())).await, house_that_hears(cold(72, plan)).await] {
        let house = slow(house);
        let id = house.submit("News", WhenInDoubt::Hold).await;
        let working = house.worker();
        let report = house.until_done(id).await;
        working.stop().await;
        assert_eq!((report.progress.sent, house.simulator.ledger_summary().duplicates), (72, 0));
        asked.push(house.asked_of_graph());
    }
    // One install each, and what was asked before the first events came.
    assert!(asked[0] >= 3 * 72, "without a webhook: {asked:?}");
    assert!(asked[1] * 3 <= asked[0] * 2, "with one: {asked:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_come_late_twice_in_disorder_or_never_lose_nobody() {
    let plan = FaultPlan {
        telling_lag_seconds_max: 3.0,
        told_late: 0.2,
        told_twice: 0.3,
        told_never: 0.3,
        ..FaultPlan::default()
    };
    let house = slow(house_that_hears(cold(60, plan)).await);
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!((report.progress.sent, house.simulator.ledger_summary().duplicates), (60, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_removed_the_app_between_two_broadcasts_gets_it_again_and_is_reached() {
    let house = house_that_hears(cold(12, FaultPlan::default())).await;
    let working = house.worker();
    let first = house.submit("First", WhenInDoubt::Hold).await;
    assert_eq!(house.until_done(first).await.progress.sent, 12);
    let she = house.anybody();
    house.until_known(she, "chat").await;
    house.control("uninstall", serde_json::json!({"person": she.to_string()})).await;
    house.until_known(she, "absent").await;
    house.control("ledger/reset", serde_json::json!({})).await;
    let second = house.submit("Second", WhenInDoubt::Hold).await;
    assert_eq!(house.until_done(second).await.progress.sent, 12);
    working.stop().await;
    house.until_told(she, "Second").await;
    // She alone had to be prepared, and nothing was sent in vain.
    let ledger = house.simulator.ledger_summary();
    assert_eq!(ledger.statuses[&stentor::simulator::Bucket::Install].values().sum::<u64>(), 1, "{ledger:?}");
    assert_eq!(ledger.delivered, 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_removed_the_app_and_may_not_have_it_again_is_reported_by_name() {
    let house = house_that_hears(cold(12, FaultPlan::default())).await;
    let working = house.worker();
    let first = house.submit("First", WhenInDoubt::Hold).await;
    house.until_done(first).await;
    let she = house.anybody();
    house.until_known(she, "chat").await;
    house.control("uninstall", serde_json::json!({"person": she.to_string(), "for_good": true})).await;
    house.until_known(she, "absent").await;
    let second = house.submit("Second", WhenInDoubt::Hold).await;
    let report = house.until_done(second).await;
    working.stop().await;
    assert_eq!((report.progress.sent, report.progress.failed), (11, 1));
    let rows = house.store.deliveries(house.tenant, second, None, 100).await.unwrap();
    let hers = rows.into_iter().map(|(_, row)| row).find(|row| row.entra_id == she).unwrap();
    assert_eq!((hers.state.as_str(), hers.reason), (Settlement::Failed.name(), Some(Reason::BlockedByPolicy)));
    assert!(!hers.display_name.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn signing_keys_that_change_go_unnoticed_and_whoever_writes_is_answered() {
    let house = house_that_hears(everybody_reachable(3, 0.0)).await;
    let (first, people) = (house.submit("News", WhenInDoubt::Hold).await, house.anybody());
    let working = house.worker();
    house.until_done(first).await;
    working.stop().await;
    // The old key is published beside the new one, as when Microsoft changes keys; ours are read for the first time here.
    house.control("rotate_keys", serde_json::json!({})).await;
    house.control("say", serde_json::json!({"person": people.to_string(), "text": "Thank you"})).await;
    house.until_known(people, "chat").await;
    let give_up_at = house.clock.monotonic() + PATIENCE;
    while house.simulator.ledger_summary().delivered < 4 {
        assert!(house.clock.monotonic() < give_up_at, "she was never answered");
        house.pause(Duration::from_millis(30)).await;
    }
}
