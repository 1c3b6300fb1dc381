//! The whole engine in one process: a real worker, a real Postgres, the simulated Teams over real HTTP, whose ledger is
//! the judge. Quotas are twenty times the published ones, so that a test takes seconds.

use std::time::Duration;

use stentor::app::control::{Granted, Wish};
use stentor::app::engine::ChatRoad;
use stentor::domain::broadcast::BroadcastState;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::pacing::{Bucket, Quota};
use stentor::domain::reason::{HaltReason, Reason};
use stentor::ports::{Halt, Store};
use stentor::simulator::faults::FaultPlan;
use stentor::simulator::settings::SimulatorSettings;

use house::{everybody_reachable, faults, house, organisation};

mod again;
mod amends;
mod channels;
mod fair;
mod feed;
mod hours;
mod house;
mod quotas;
mod restored;
mod rotation;
mod sharing;
mod told;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_of_a_mixed_organisation_ends_with_a_named_outcome() {
    let house = house(organisation(300)).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    let report = house.until_done(id).await;
    working.stop().await;

    let ledger = house.simulator.ledger_summary();
    assert_eq!((report.state, report.progress.targeted), (BroadcastState::Done, 300));
    assert_eq!((report.progress.pending, report.progress.unconfirmed), (0, 0));
    assert_eq!(report.progress.sent as usize, ledger.delivered);
    assert_eq!(ledger.duplicates, 0);
    let reasons = house.reasons(id).await;
    let named: Vec<(Settlement, Reason)> = reasons.keys().copied().collect();
    assert_eq!(
        named,
        [
            (Settlement::Failed, Reason::BlockedByPolicy),
            (Settlement::Failed, Reason::BlockedByUser),
            (Settlement::Skipped, Reason::Guest),
            (Settlement::Skipped, Reason::NoLicence),
        ]
    );
    assert_eq!(reasons.values().sum::<u64>(), report.progress.failed + report.progress.skipped);
    assert_eq!(house.claims_left().await, 0, "a worker that stops in order leaves no claim and no lease");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chats_may_be_found_among_a_persons_chats() {
    let mut settings = organisation(100);
    settings.permissions.push("Chat.ReadBasic.All".to_owned());
    settings.transcript_max = 10_000;
    let mut house = house(settings).await;
    house.engine.find_chat_through = ChatRoad::Chats;
    let working = house.worker();
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let report = house.until_done(id).await;
    working.stop().await;
    let ledger = house.simulator.ledger_summary();
    assert_eq!((report.progress.pending, report.progress.sent as usize), (0, ledger.delivered));
    assert!(report.progress.sent > 60, "{:?}", house.reasons(id).await);
    let world = house.simulator.world();
    let world = world.lock().unwrap();
    let asked = |end: &str| world.transcript().exchanges().filter(|exchange| exchange.path.contains(end)).count();
    assert!(asked("/chats?") > 10 && asked("/chat") == asked("/chats?"), "{} and {}", asked("/chats?"), asked("/chat"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_broadcast_to_the_same_people_needs_nothing_but_sends() {
    let house = house(organisation(120)).await;
    let working = house.worker();
    let first = house.submit("First", WhenInDoubt::Hold).await;
    house.until_done(first).await;
    house.control("ledger/reset", serde_json::json!({})).await;
    let second = house.submit("Second", WhenInDoubt::Hold).await;
    let report = house.until_done(second).await;
    working.stop().await;
    let requests = house.simulator.ledger_summary().requests;
    let count =
        |name: &str| requests.iter().find(|(bucket, _)| bucket.to_string() == name).map_or(0, |(_, count)| *count);
    assert_eq!(count("resolve"), 0);
    assert!(count("send") >= report.progress.sent);
    // Whom a policy keeps from us is asked again, for the policy may have changed; nobody else is.
    assert!(count("check") <= 6, "{requests:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_expired_secret_halts_everything_and_fails_nobody_until_it_is_cured() {
    let house = house(organisation(400)).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    house.until(id, |report| report.progress.sent >= 60).await;
    house.control("secret", serde_json::json!({"state": "expired", "revoke_tokens": true})).await;
    let before = house.simulator.ledger_summary().requests.values().sum::<u64>();
    let halted = house.until(id, |report| report.state == BroadcastState::Halted).await;
    let halt = halted.halt.unwrap();
    assert_eq!(halt.reason, HaltReason::SecretExpired);
    assert!(halt.reason.cure().contains("teams.client_secret"));
    house.pause(Duration::from_secs(2)).await;
    let after = house.simulator.ledger_summary().requests.values().sum::<u64>();
    assert!(after - before <= 100, "{} requests after the secret expired", after - before);

    house.control("secret", serde_json::json!({"state": "valid", "revoke_tokens": false})).await;
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(report.progress.pending, 0);
    let organisation = house.simulator.ledger_summary();
    assert_eq!((report.progress.sent as usize, organisation.duplicates), (organisation.delivered, 0));
    let ours = [Reason::BlockedByPolicy, Reason::BlockedByUser, Reason::Guest, Reason::NoLicence];
    assert!(house.reasons(id).await.keys().all(|(_, reason)| ours.contains(reason)), "somebody failed for the halt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_withdrawn_permission_halts_with_its_own_cure() {
    let house = house(organisation(100)).await;
    let role = "TeamsAppInstallation.ReadWriteSelfForUser.All";
    house.control("permissions", serde_json::json!({"role": role, "granted": false, "revoke_tokens": true})).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    let halted = house.until(id, |report| report.state == BroadcastState::Halted).await;
    assert_eq!(halted.halt.map(|halt| halt.reason), Some(HaltReason::PermissionMissing));
    // The bot itself may write before the first question to Graph is refused, and somebody may have blocked it.
    let failed = |(settlement, reason): &(Settlement, Reason)| {
        *settlement == Settlement::Failed && *reason != Reason::BlockedByUser
    };
    assert!(!house.reasons(id).await.keys().any(failed), "{:?}", house.reasons(id).await);
    house.control("permissions", serde_json::json!({"role": role, "granted": true, "revoke_tokens": true})).await;
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(report.progress.pending, 0);
    assert!(report.progress.sent > 80);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_throttled_bucket_rests_until_it_may_go_on_and_nobody_loses_a_try() {
    let house = house(organisation(200)).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    house.until(id, |report| report.progress.sent >= 20).await;
    house.control("throttle", serde_json::json!({"bucket": "send", "seconds": 2})).await;
    let report = house.until_done(id).await;
    working.stop().await;
    let ledger = house.simulator.ledger_summary();
    assert!(ledger.throttled > 0, "the storm was never met");
    assert_eq!((report.progress.sent as usize, ledger.duplicates), (ledger.delivered, 0));
    assert_eq!(report.progress.unconfirmed, 0);
    assert!(house.reasons(id).await.keys().all(|(_, reason)| *reason != Reason::Unavailable));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_lost_after_the_effect_is_held_as_doubt_and_nobody_is_told_twice() {
    let mut plan = FaultPlan::named("none").unwrap();
    plan.lost_after_effect = 0.1;
    // Nobody blocks the bot: of a refusal that was lost nobody could tell that it was none.
    let house = house(SimulatorSettings { faults: plan, ..everybody_reachable(200, 0.5) }).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    let report = house.until_done(id).await;
    working.stop().await;
    let ledger = house.simulator.ledger_summary();
    assert!(report.progress.unconfirmed > 0, "no answer was lost: {:?}", report.progress);
    assert_eq!(ledger.duplicates, 0);
    assert_eq!((report.progress.sent + report.progress.unconfirmed) as usize, ledger.delivered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rough_weather_loses_nobody() {
    let house = house(faults(FaultPlan::named("rough").unwrap(), 250)).await;
    let id = house.submit("News", WhenInDoubt::Resend).await;
    let working = house.worker();
    let report = house.until_done(id).await;
    working.stop().await;
    let ledger = house.simulator.ledger_summary();
    assert_eq!(report.progress.pending, 0);
    assert!(ledger.people_reached >= report.progress.sent as usize, "somebody was called sent who got nothing");
    let reachable = report.progress.targeted - report.progress.skipped;
    let unreached = reachable - ledger.people_reached as u64;
    assert!(report.progress.failed + report.progress.unconfirmed >= unreached);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_uploaded_again_is_looked_up_again() {
    let house = house(organisation(90)).await;
    let working = house.worker();
    let first = house.submit("First", WhenInDoubt::Hold).await;
    let sent = house.until_done(first).await.progress.sent;
    house.control("reupload", serde_json::json!({})).await;
    let second = house.submit("Second", WhenInDoubt::Hold).await;
    let report = house.until_done(second).await;
    working.stop().await;
    assert_eq!(report.progress.sent, sent, "{:?}", house.reasons(second).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_uploaded_again_during_a_broadcast_is_found_again_and_everybody_is_told() {
    let house = house(everybody_reachable(400, 0.5)).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    house.until(id, |report| report.progress.sent >= 60).await;
    house.control("reupload", serde_json::json!({})).await;
    let report = house.until(id, |report| report.state.is_final() || report.state == BroadcastState::Halted).await;
    working.stop().await;
    let ledger = house.simulator.ledger_summary();
    assert_eq!((report.state, report.progress.sent), (BroadcastState::Done, 400), "{:?}", house.reasons(id).await);
    assert_eq!((ledger.people_reached, ledger.duplicates), (400, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pausing_and_cancelling_stop_new_requests_within_a_second() {
    let house = house(organisation(600)).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    house.until(id, |report| report.progress.sent >= 30).await;
    let now = house.clock.now();
    let running = [BroadcastState::Running];
    assert!(house.store.move_broadcast(house.tenant, id, &running, BroadcastState::Paused, now).await.unwrap());
    house.pause(Duration::from_secs(1)).await;
    let paused = house.simulator.ledger_summary().requests.values().sum::<u64>();
    house.pause(Duration::from_secs(1)).await;
    assert_eq!(house.simulator.ledger_summary().requests.values().sum::<u64>(), paused);
    let paused = [BroadcastState::Paused];
    assert!(house.store.move_broadcast(house.tenant, id, &paused, BroadcastState::Cancelling, now).await.unwrap());
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(report.state, BroadcastState::Cancelled);
    assert!(report.progress.cancelled > 0 && report.progress.pending == 0);
    assert_eq!(report.progress.sent as usize, house.simulator.ledger_summary().delivered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_has_had_no_turn_by_the_deadline_is_named() {
    let mut house = house(organisation(600)).await;
    let deadline_at = house.clock.now() + Duration::from_secs(3);
    let id = house.submit_until("News", WhenInDoubt::Hold, deadline_at).await;
    house.engine.quotas.insert(Bucket::Send, Quota::per_second(20));
    let working = house.worker();
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(report.progress.pending, 0);
    assert!(house.reasons(id).await.contains_key(&(Settlement::Failed, Reason::Expired)), "{:?}", report.progress);
    assert_eq!(report.progress.sent as usize, house.simulator.ledger_summary().delivered);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_vanishes_is_followed_by_one_that_finishes_and_tells_nobody_twice() {
    let house = house(organisation(300)).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let first = house.worker();
    house.until(id, |report| report.progress.sent >= 40).await;
    // As a killed process: nothing is flushed, nothing is given back. Its lease has to be ended for it, because its
    // process, which is ours, lives on.
    first.task.abort();
    let _ = first.task.await;
    house.store.end_lease(stentor::domain::ids::WorkerId(1)).await.unwrap();
    let second = house.worker();
    let report = house.until_done(id).await;
    second.stop().await;
    let ledger = house.simulator.ledger_summary();
    assert_eq!((report.progress.pending, ledger.duplicates), (0, 0));
    let delivered = ledger.delivered as u64;
    assert!(report.progress.sent <= delivered && delivered <= report.progress.sent + report.progress.unconfirmed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_can_pause_and_resume_in_every_running_state() {
    let house = house(organisation(300)).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let wish = async |wish| {
        stentor::app::control::grant(&*house.store, house.tenant, id, wish, house.clock.now()).await.unwrap()
    };
    // Still expanding: nobody works yet.
    assert_eq!(wish(Wish::Pause).await, Granted::Yes(BroadcastState::Paused));
    assert_eq!(wish(Wish::Pause).await, Granted::No(BroadcastState::Paused));
    assert_eq!(wish(Wish::Resume).await, Granted::Yes(BroadcastState::Expanding));
    let working = house.worker();
    house.until(id, |report| report.progress.sent >= 20).await;
    assert_eq!(wish(Wish::Pause).await, Granted::Yes(BroadcastState::Paused));
    house.pause(Duration::from_millis(700)).await;
    assert_eq!(wish(Wish::Resume).await, Granted::Yes(BroadcastState::Running));
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!(report.progress.sent as usize, house.simulator.ledger_summary().delivered);
    assert_eq!(wish(Wish::Cancel).await, Granted::No(BroadcastState::Done));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_found_halted_by_a_fresh_worker_goes_on_after_the_cure() {
    let house = house(organisation(120)).await;
    house.control("secret", serde_json::json!({"state": "expired", "revoke_tokens": true})).await;
    let halt = Halt { reason: HaltReason::SecretExpired, detail: None, since: house.clock.now() };
    house.store.halt_tenant(house.tenant, &halt).await.unwrap();
    house.control("secret", serde_json::json!({"state": "valid", "revoke_tokens": false})).await;
    // Nothing of it is in memory: the worker has to claim somebody in order to try.
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    let report = house.until_done(id).await;
    working.stop().await;
    assert!(report.progress.sent > 90);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_the_service_rests_its_bucket_and_leaves_only_a_few_in_doubt() {
    let mut plan = FaultPlan::named("none").unwrap();
    plan.gateway_after_effect = 1.0;
    plan.buckets = vec![stentor::simulator::bucket::Bucket::Send];
    let house = house(faults(plan, 300)).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    house.until(id, |report| report.progress.unconfirmed > 0).await;
    house.pause(Duration::from_secs(5)).await;
    let during = house.report(id).await.progress;
    assert!(during.unconfirmed < 80, "the outage went on taking people: {during:?}");
    house.control("faults", serde_json::json!("none")).await;
    let report = house.until_done(id).await;
    working.stop().await;
    assert!(report.progress.sent > 150, "{:?}", report.progress);
    assert_eq!(house.simulator.ledger_summary().duplicates, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disabled_bot_is_tried_with_a_send_and_not_with_a_check() {
    let house = house(organisation(100)).await;
    let first = house.submit("First", WhenInDoubt::Hold).await;
    let working = house.worker();
    house.until_done(first).await;
    // The bot's tokens are refused, Graph's are not: a check would succeed.
    house.control("bot", serde_json::json!({"state": "disabled"})).await;
    let second = house.submit("Second", WhenInDoubt::Hold).await;
    let halted = house.until(second, |report| report.state == BroadcastState::Halted).await;
    assert_eq!(halted.halt.map(|halt| halt.reason), Some(HaltReason::BotDisabled));
    house.pause(Duration::from_secs(3)).await;
    assert_eq!(house.report(second).await.state, BroadcastState::Halted);
    let failed: Vec<Reason> = house.reasons(second).await.keys().map(|(_, reason)| *reason).collect();
    assert!(!failed.contains(&Reason::BlockedByUser), "a send was made in earnest: {failed:?}");
    house.control("bot", serde_json::json!({"state": "enabled"})).await;
    let report = house.until_done(second).await;
    working.stop().await;
    assert!(report.progress.sent > 70);
}
