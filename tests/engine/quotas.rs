//! P3 and P4: each quota is kept, and being told to wait concerns one bucket of one tenant.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::pacing::Bucket;
use stentor::domain::time::Timestamp;
use stentor::simulator::bucket::Bucket as Received;

use crate::house::{House, everybody_reachable, house};

const STORM: Duration = Duration::from_secs(30);
/// The rate before is taken from so long.
const BEFORE: Duration = Duration::from_secs(8);

impl House {
    /// Requests that arrived in `bucket` from `from` until `until`.
    fn arrived(&self, bucket: Received, from: Timestamp, until: Timestamp) -> usize {
        let world = self.simulator.world();
        let world = world.lock().unwrap();
        let in_time = |at: Timestamp| from <= at && at < until;
        world.ledger().requests().iter().filter(|it| it.bucket == bucket && in_time(it.at)).count()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_minute_of_waiting_is_kept_to_the_bucket_and_the_tenant_that_were_told() {
    let mut house = house(everybody_reachable(1600, 1.0)).await;
    let neighbour = house.neighbour(everybody_reachable(2200, 0.0)).await;
    // Our own quotas are the published ones; the simulators would allow more.
    house.engine.quotas = stentor::app::engine::EngineSettings::default().quotas;
    let ours = house.submit("Ours", WhenInDoubt::Hold).await;
    let theirs = neighbour.submit("Theirs", WhenInDoubt::Hold).await;
    let working = house.worker_for(&[&house, &neighbour]);
    house.until(ours, |report| report.progress.sent >= 30).await;
    neighbour.until(theirs, |report| report.progress.sent >= 30).await;
    let began = house.clock.now();
    house.pause(BEFORE).await;
    house.control("throttle", serde_json::json!({"bucket": "send", "seconds": STORM.as_secs()})).await;
    let storm = house.clock.now();
    // What was on its way when the storm began meets it; the first that is refused tells us.
    let told = storm + Duration::from_millis(500);
    let over = storm + STORM;
    house.pause(STORM + Duration::from_secs(3)).await;

    assert_eq!(house.arrived(Received::Send, told, over), 0, "the bucket was to rest");
    let after = house.arrived(Received::Send, over, over + Duration::from_secs(2));
    assert!(after >= 60, "it went on at once: {after} in two seconds");
    let rates = |house: &House| -> BTreeMap<&str, (f64, f64)> {
        let rate = |bucket, from, until: Timestamp| {
            house.arrived(bucket, from, until) as f64 / (until - from).to_std().unwrap().as_secs_f64()
        };
        let of = |bucket| (rate(bucket, began, storm), rate(bucket, told, over));
        [("check", Received::Check), ("install", Received::Install), ("resolve", Received::Resolve)]
            .into_iter()
            .chain([("send", Received::Send)])
            .map(|(name, bucket)| (name, of(bucket)))
            .collect()
    };
    let (of_ours, of_theirs) = (rates(&house), rates(&neighbour));
    // Installing is what limits a cold audience; it may not slow down while the bot rests.
    assert!(of_ours["install"].1 >= 0.9 * of_ours["install"].0, "{of_ours:?}");
    assert!(of_ours["check"].1 >= 0.9 * of_ours["check"].0, "{of_ours:?}");
    assert!(of_theirs["send"].1 >= 0.9 * of_theirs["send"].0, "{of_theirs:?}");
    println!("before and during the half minute, a second: ours {of_ours:?}, theirs {of_theirs:?}");
    working.stop().await;
    assert_eq!(house.report(ours).await.progress.failed, 0, "waiting is not failing");
}

/// The same people in the same order, announcement after announcement: an ordinal is a person.
const STARTS: &str = "select ordinal, started_at from attempt where step = 4 order by started_at";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_announcements_at_once_keep_the_limit_of_each_chat() {
    let mut house = house(everybody_reachable(6, 0.0)).await;
    let mut all = Vec::new();
    for number in 0..12 {
        all.push(house.submit(&format!("News {number}"), WhenInDoubt::Hold).await);
    }
    house.engine.chat_quotas = vec!["7/s".parse().unwrap(), "8/2s".parse().unwrap()];
    let working = house.worker();
    for id in all {
        let report = house.until_done(id).await;
        assert_eq!(report.progress.sent, 6, "{report:?}");
    }
    working.stop().await;
    assert_eq!(house.simulator.ledger_summary().delivered, 72);
    let starts: Vec<(i32, Timestamp)> =
        house.store.database().run("starts", async |conn| sqlx::query_as(STARTS).fetch_all(conn).await).await.unwrap();
    for person in 0..6 {
        let told: Vec<Timestamp> = starts.iter().filter(|start| start.0 == person).map(|start| start.1).collect();
        let most = |window: TimeDelta| {
            let within = |from: &Timestamp| told.iter().filter(|at| *at >= from && **at - *from < window).count();
            told.iter().map(within).max().unwrap()
        };
        assert_eq!((told.len(), most(TimeDelta::seconds(1)), most(TimeDelta::seconds(2))), (12, 7, 8), "{told:?}");
    }
    let quota = |bucket| house.engine.quotas[&bucket].requests;
    assert!(quota(Bucket::Send) > 7, "the limit of the bucket is not what spaced them");
}
