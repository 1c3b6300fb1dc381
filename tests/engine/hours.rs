//! P8: a schedule fires once, or asks.

use std::time::Duration;

use chrono::TimeDelta;
use stentor::adapters::system::SystemClock;
use stentor::app::control::{Granted, Wish, grant};
use stentor::app::submit::{Draft, submit};
use stentor::domain::audience::Address;
use stentor::domain::broadcast::{BroadcastState, RoundKind, RoundState, Schedule};
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::ids::BroadcastId;
use stentor::domain::schedule;
use stentor::domain::time::Timestamp;
use stentor::ports::{Clock, Store};

use crate::house::{House, house, house_at, organisation};

/// The promise is a second; a machine that builds beside the test gets three.
const NEVER_LATE: Duration = Duration::from_secs(3);

const TWO_HOURS: TimeDelta = TimeDelta::hours(2);

impl House {
    fn scheduled(&self, ahead: Duration, prepare: bool) -> Draft {
        let start_at = self.clock.now() + ahead;
        let prepare_at = prepare.then(|| start_at - Duration::from_secs(3600));
        self.starting(Schedule { start_at, prepare_at, time_zone: "Europe/Berlin".to_owned() })
    }

    fn starting(&self, schedule: Schedule) -> Draft {
        let start_at = schedule.start_at;
        let draft = self.draft("News", WhenInDoubt::Hold, start_at + Duration::from_secs(3600));
        Draft { schedule: Some(schedule), ..draft }
    }

    async fn submit_draft(&self, draft: Draft) -> BroadcastId {
        submit(&self.people(), draft, |_| {}).await.unwrap().broadcast
    }

    async fn wish(&self, id: BroadcastId, wish: Wish) -> Granted {
        grant(&*self.store, self.tenant, id, wish, self.clock.now()).await.unwrap()
    }

    fn delivered(&self) -> usize {
        self.simulator.ledger_summary().delivered
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduled_broadcast_prepares_its_people_and_starts_at_its_hour() {
    let house = house(organisation(150)).await;
    let working = house.worker();
    let id = house.submit_draft(house.scheduled(Duration::from_secs(20), true)).await;
    let prepared = |report: &stentor::ports::BroadcastReport| {
        report.rounds.iter().any(|round| round.kind == RoundKind::Prepare && round.state == RoundState::Done)
    };
    let report = house.until(id, prepared).await;
    assert_eq!((report.state, report.progress.targeted), (BroadcastState::Scheduled, 0));
    assert_eq!(house.delivered(), 0, "preparing tells nobody anything");
    let ready = report.rounds.iter().find(|round| round.kind == RoundKind::Prepare).unwrap().progress;
    assert!(ready.adds_up() && ready.pending == 0 && ready.sent > 100, "{ready:?}");

    house.control("ledger/reset", serde_json::json!({})).await;
    let report = house.until_done(id).await;
    working.stop().await;
    let late = report.started_at.unwrap() - report.schedule.unwrap().start_at;
    assert!(late >= chrono::TimeDelta::zero() && late.to_std().unwrap() <= NEVER_LATE, "it started {late} late");
    assert_eq!((report.state, report.progress.sent as usize), (BroadcastState::Done, house.delivered()));
    // Whoever has blocked the bot can be prepared, but not told.
    assert!(report.progress.sent <= ready.sent && report.progress.targeted == 150, "{:?}", report.progress);
    let requests = house.simulator.ledger_summary().requests;
    let of =
        |name: &str| requests.iter().filter(|(bucket, _)| bucket.to_string() == name).map(|(_, n)| *n).sum::<u64>();
    // Whom a policy keeps from us is asked about again, for the policy may have changed.
    assert!(of("resolve") == 0 && of("install") <= report.progress.failed, "everybody was prepared: {requests:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_that_comes_while_preparing_overtakes_it() {
    let mut house = house(organisation(400)).await;
    let slow = stentor::domain::pacing::Quota::per_second(20);
    house.engine.quotas.insert(stentor::domain::pacing::Bucket::Install, slow);
    let working = house.worker();
    let id = house.submit_draft(house.scheduled(Duration::from_secs(4), true)).await;
    let report = house.until(id, |report| report.state == BroadcastState::Running).await;
    assert_eq!(report.progress.targeted, 400);
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(report.progress.sent as usize, house.delivered());
    let prepare = report.rounds.iter().find(|round| round.kind == RoundKind::Prepare).unwrap();
    assert_eq!((prepare.state, prepare.progress.pending), (RoundState::Done, 0));
    assert!(prepare.progress.cancelled > 0, "{prepare:?}");
    assert_eq!(house.claims_left().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_at_the_very_moment_starts_it_once() {
    let house = house(organisation(80)).await;
    let id = house.submit_draft(house.scheduled(Duration::from_secs(4), false)).await;
    // Two workers stop and start around the hour, in turns.
    for _ in 0..6 {
        let working = [house.worker(), house.worker()];
        house.pause(Duration::from_millis(900)).await;
        for working in working {
            working.stop().await;
        }
    }
    let working = house.worker();
    let report = house.until_done(id).await;
    working.stop().await;
    let ledger = house.simulator.ledger_summary();
    assert_eq!((report.progress.sent as usize, ledger.duplicates), (ledger.delivered, 0));
    assert_eq!(report.rounds.len(), 1);
}

/// It is `now` (UTC) when somebody in Berlin schedules for `hour`; two workers stop and start around it, in turns.
async fn across_the_change(now: &str, hour: &str, start_at: &str) -> House {
    let house = house_at(organisation(60), now).await;
    let understood = schedule::hour(hour, Some("Europe/Berlin")).unwrap();
    assert_eq!(understood.at, start_at.parse::<Timestamp>().unwrap());
    let schedule = Schedule { start_at: understood.at, prepare_at: None, time_zone: understood.zone };
    let id = house.submit_draft(house.starting(schedule)).await;
    let mut before = true;
    for _ in 0..5 {
        let working = [house.worker(), house.worker()];
        house.pause(Duration::from_millis(1200)).await;
        before &= house.clock.now() < understood.at;
        assert!(!before || house.delivered() == 0, "it went out before its hour");
        for working in working {
            working.stop().await;
        }
    }
    assert!(!before, "the workers were never there at the hour");
    let working = house.worker();
    let report = house.until_done(id).await;
    let late = report.started_at.unwrap() - understood.at;
    assert!(late >= TimeDelta::zero() && late.to_std().unwrap() <= NEVER_LATE, "it started {late} late");
    let ledger = house.simulator.ledger_summary();
    assert_eq!((report.progress.sent as usize, ledger.duplicates), (ledger.delivered, 0));
    assert!(ledger.delivered > 40 && report.rounds.len() == 1, "{report:?}");
    working.stop().await;
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_behind_the_jump_of_spring_comes_once_and_not_an_hour_late() {
    across_the_change("2027-03-28T00:59:56Z", "2027-03-28T03:00:00", "2027-03-28T01:00:00Z").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_hour_that_autumn_shows_twice_comes_once() {
    let house = across_the_change("2027-10-30T23:59:56Z", "2027-10-31T02:00:00", "2027-10-31T00:00:00Z").await;
    // The clocks on the wall show the same hour again.
    let delivered = house.delivered();
    let again: Timestamp = "2027-10-31T00:59:58Z".parse().unwrap();
    house.set_database_clock(again - SystemClock.now()).await;
    let working = house.worker();
    house.pause(Duration::from_secs(4)).await;
    working.stop().await;
    assert_eq!(house.delivered(), delivered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_missed_by_more_than_its_tolerance_waits_for_a_person() {
    let house = house(organisation(60)).await;
    let id = house.submit_draft(house.scheduled(Duration::from_secs(2), false)).await;
    house.set_database_clock(TWO_HOURS).await;
    let working = house.worker();
    house.until(id, |report| report.state == BroadcastState::Missed).await;
    house.pause(Duration::from_secs(1)).await;
    assert_eq!(house.delivered(), 0);
    assert_eq!(house.wish(id, Wish::Resume).await, Granted::Yes(BroadcastState::Expanding));
    let report = house.until_done(id).await;
    working.stop().await;
    assert!(report.progress.sent > 40 && report.progress.failed < 10, "{:?}", report.progress);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_broadcast_that_lay_still_for_too_long_waits_for_a_person() {
    let house = house(organisation(200)).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    house.until(id, |report| report.progress.sent >= 20).await;
    working.stop().await;
    // The weekend passes.
    house.set_database_clock(TWO_HOURS).await;
    let working = house.worker();
    house.until(id, |report| report.state == BroadcastState::Missed).await;
    let before = house.delivered();
    house.pause(Duration::from_secs(1)).await;
    assert_eq!(house.delivered(), before);
    assert_eq!(house.wish(id, Wish::Resume).await, Granted::Yes(BroadcastState::Running));
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!((report.progress.sent as usize, report.progress.pending), (house.delivered(), 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scheduled_broadcast_can_be_paused_resumed_and_cancelled_while_it_prepares() {
    let mut house = house(organisation(300)).await;
    let slow = stentor::domain::pacing::Quota::per_second(20);
    house.engine.quotas.insert(stentor::domain::pacing::Bucket::Install, slow);
    let working = house.worker();
    let id = house.submit_draft(house.scheduled(Duration::from_secs(600), true)).await;
    house.until(id, |report| report.rounds.iter().any(|round| round.progress.sent > 0)).await;
    assert_eq!(house.wish(id, Wish::Pause).await, Granted::Yes(BroadcastState::Paused));
    house.pause(Duration::from_secs(1)).await;
    let requests = || house.simulator.ledger_summary().requests.values().sum::<u64>();
    let before = requests();
    house.pause(Duration::from_secs(1)).await;
    assert_eq!(requests(), before, "a pause ends the preparing, too");
    assert_eq!(house.wish(id, Wish::Resume).await, Granted::Yes(BroadcastState::Scheduled));
    house.pause(Duration::from_secs(2)).await;
    assert!(requests() > before);
    assert!(matches!(house.wish(id, Wish::Cancel).await, Granted::Yes(_)));
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!((report.state, house.delivered()), (BroadcastState::Cancelled, 0));
    assert_eq!(house.claims_left().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bot_tells_the_author_when_hers_ends_or_misses_its_hour() {
    let house = house(organisation(60)).await;
    let working = house.worker();
    let first = house.submit("Warm", WhenInDoubt::Hold).await;
    house.until_done(first).await;
    let author = house.store.deliveries(house.tenant, first, None, 100).await.unwrap();
    let (_, author) = author.into_iter().find(|(_, person)| person.state == "sent").unwrap();
    let tell = Some(Address::Id(author.entra_id));

    let draft = house.draft("News", WhenInDoubt::Hold, house.clock.now() + Duration::from_secs(3600));
    house.submit_draft(Draft { author: tell.clone(), ..draft }).await;
    house.until_told(author.entra_id, "Your announcement has gone out").await;

    let missed = house.submit_draft(Draft { author: tell, ..house.scheduled(Duration::from_secs(1), false) }).await;
    house.set_database_clock(TWO_HOURS).await;
    house.until(missed, |report| report.state == BroadcastState::Missed).await;
    house.until_told(author.entra_id, "Your announcement waits for you").await;
    house.pause(Duration::from_secs(1)).await;
    working.stop().await;
    assert_eq!(house.store.reports(house.tenant, 10).await.unwrap().len(), 3, "a notice is not an announcement");
    let told = house.inbox(author.entra_id).await;
    assert_eq!(told.iter().filter(|card| card.contains("waits for you")).count(), 1);
    assert_eq!(told.iter().filter(|card| card.contains("has gone out")).count(), 1);
}
