//! Hours, and what it means to come too late, by the store's own clock alone.

use std::time::Duration;

use stentor::domain::broadcast::{BroadcastState, NewBroadcast, RoundKind, RoundState, Schedule};
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, ConversationId, RoundId, WorkerId};
use stentor::domain::route::Route;
use stentor::ports::{Flush, HeldTenant, RouteLearnt, StoreError, Submission, Untold};

use crate::bench::{Bench, LEASE, accepted, after, announcement, contract, now, settle};

contract! {
    an_hour_is_told_as_the_time_left_and_comes_once,
    an_hour_that_passed_by_more_than_its_tolerance_is_missed_and_a_person_lets_it_go_on,
    nothing_starts_by_the_hand_of_a_worker_that_lost_the_tenant,
    preparing_takes_only_those_whose_chat_is_not_known_and_ends_with_the_hour,
    a_paused_broadcast_waits_for_its_hour_again,
    cancelling_before_the_hour_ends_every_round,
    what_lay_still_for_longer_than_its_tolerance_waits_for_a_person,
    what_a_living_owner_works_on_never_lies_still,
    a_broadcast_that_nobody_took_for_too_long_waits_for_a_person,
    an_author_is_told_once_of_each_end,
    a_notice_is_no_announcement,
}

const HOUR: u64 = 600;

fn scheduled(number: u64, prepare: bool) -> NewBroadcast {
    let prepare_at = prepare.then(|| after(HOUR / 2));
    let schedule = Schedule { start_at: after(HOUR), prepare_at, time_zone: "Europe/Berlin".into() };
    let round = RoundId::new(now(), 1000 + number);
    NewBroadcast { schedule: Some((schedule, round)), ..announcement(number, WhenInDoubt::Hold) }
}

async fn state(bench: &Bench, id: BroadcastId) -> BroadcastState {
    bench.report(id).await.state
}

/// A worker whose lease is as long as the story.
async fn patient(bench: &Bench) -> (WorkerId, HeldTenant) {
    let process = stentor::ports::ProcessIdentity { host: "here".into(), pid: 9, started: 9 };
    let worker = bench.store.register(&process, Duration::from_secs(100_000)).await.unwrap();
    (worker, bench.take(worker).await[0])
}

async fn an_hour_is_told_as_the_time_left_and_comes_once(bench: &Bench) {
    bench.fill(3).await;
    let (id, _) = bench.submit_this(scheduled(1, false), vec![]).await;
    let (worker, held) = patient(bench).await;
    let work = bench.store.work(bench.tenant).await.unwrap();
    assert_eq!(work.rounds[0].hour_in, Some(Duration::from_secs(HOUR)));
    assert_eq!(bench.store.start_due(held, worker, now()).await.unwrap(), []);
    bench.let_time_pass(Duration::from_secs(HOUR)).await;
    assert!(bench.store.work(bench.tenant).await.unwrap().rounds[0].hour_has_come());
    assert_eq!(bench.store.start_due(held, worker, now()).await.unwrap(), [(id, BroadcastState::Expanding)]);
    assert_eq!(bench.store.start_due(held, worker, now()).await.unwrap(), []);
    assert_eq!(bench.store.work(bench.tenant).await.unwrap().rounds[0].hour_in, None);
}

async fn an_hour_that_passed_by_more_than_its_tolerance_is_missed_and_a_person_lets_it_go_on(bench: &Bench) {
    bench.fill(3).await;
    let (id, round) = bench.submit_this(scheduled(1, false), vec![]).await;
    let (worker, held) = patient(bench).await;
    bench.let_time_pass(Duration::from_secs(HOUR + 3601)).await;
    assert_eq!(bench.store.start_due(held, worker, now()).await.unwrap(), [(id, BroadcastState::Missed)]);
    assert!(bench.store.expand(held, worker, round, 10, 2, now()).await.unwrap().added == 0);
    let deadline_at = bench.report(id).await.treatment.deadline_at;
    assert!(bench.store.resume_broadcast(bench.tenant, id, now()).await.unwrap());
    assert_eq!(state(bench, id).await, BroadcastState::Expanding);
    // The time that it had between hour and deadline, it has again.
    assert_eq!(bench.report(id).await.treatment.deadline_at, deadline_at + Duration::from_secs(3601));
    assert!(bench.store.expand(held, worker, round, 10, 2, now()).await.unwrap().complete);
}

async fn nothing_starts_by_the_hand_of_a_worker_that_lost_the_tenant(bench: &Bench) {
    bench.fill(3).await;
    let (id, _) = bench.submit_this(scheduled(1, false), vec![]).await;
    let (dead, held) = bench.worker().await;
    bench.let_time_pass(Duration::from_secs(HOUR)).await;
    bench.succeed(dead).await;
    let late = bench.store.start_due(held[0], dead, now()).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
    assert_eq!(state(bench, id).await, BroadcastState::Scheduled);
}

async fn preparing_takes_only_those_whose_chat_is_not_known_and_ends_with_the_hour(bench: &Bench) {
    bench.fill(4).await;
    let keys = bench.keys(4).await;
    let route = Route::to(ConversationId("19:x".into()));
    let known = RouteLearnt { recipient: keys[1], route, forgets: false, refusal: None };
    let flush = Flush { routes: vec![known], now: Some(now()), ..Flush::default() };
    bench.store.flush(bench.tenant, WorkerId(1), &flush).await.unwrap();
    let (id, send) = bench.submit_this(scheduled(1, true), vec![]).await;
    let prepare = scheduled(1, true).schedule.unwrap().1;
    let (worker, held) = patient(bench).await;
    let early = bench.store.expand(held, worker, prepare, 10, 2, now()).await.unwrap();
    assert_eq!((early.added, early.complete), (0, false), "its own hour has not come");
    bench.let_time_pass(Duration::from_secs(HOUR / 2)).await;
    assert_eq!(bench.store.expand(held, worker, prepare, 10, 2, now()).await.unwrap().added, 3);
    assert!(!bench.store.expand(held, worker, send, 10, 2, now()).await.unwrap().complete);
    let mut chunk = bench.claim_one(held, worker, prepare).await.chunk;
    let facts = vec![settle(&mut chunk, 0, Settlement::Sent, accepted())];
    bench.flush(worker, &mut chunk, facts).await;
    assert_eq!(bench.progress(id).await.targeted, 0, "preparing tells nobody anything");

    bench.let_time_pass(Duration::from_secs(HOUR / 2)).await;
    bench.store.start_due(held, worker, now()).await.unwrap();
    assert_eq!(bench.store.claim(held, worker, prepare, 1, &[chunk.number]).await.unwrap(), []);
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), []);
    bench.store.release_chunks(bench.tenant, worker, &[chunk]).await.unwrap();
    bench.store.finish(bench.tenant, now()).await.unwrap();
    let rounds = bench.report(id).await.rounds;
    let prepared = rounds.iter().find(|round| round.kind == RoundKind::Prepare).unwrap();
    let (sent, cancelled) = (prepared.progress.sent, prepared.progress.cancelled);
    assert_eq!((prepared.state, sent, cancelled), (RoundState::Done, 1, 2));
    assert_eq!(bench.store.expand(held, worker, send, 10, 2, now()).await.unwrap().added, 4);
}

async fn a_paused_broadcast_waits_for_its_hour_again(bench: &Bench) {
    bench.fill(2).await;
    let (id, _) = bench.submit_this(scheduled(1, false), vec![]).await;
    bench.go(id, BroadcastState::Scheduled, BroadcastState::Paused).await;
    let (worker, held) = patient(bench).await;
    assert!(bench.store.resume_broadcast(bench.tenant, id, now()).await.unwrap());
    assert_eq!(state(bench, id).await, BroadcastState::Scheduled);
    bench.go(id, BroadcastState::Scheduled, BroadcastState::Paused).await;
    bench.let_time_pass(Duration::from_secs(HOUR + 1)).await;
    assert_eq!(bench.store.start_due(held, worker, now()).await.unwrap(), [], "a person stopped it");
    assert!(bench.store.resume_broadcast(bench.tenant, id, now()).await.unwrap());
    assert_eq!(state(bench, id).await, BroadcastState::Expanding, "its hour has passed, and a person says go");
}

async fn cancelling_before_the_hour_ends_every_round(bench: &Bench) {
    bench.fill(2).await;
    let (id, _) = bench.submit_this(scheduled(1, true), vec![]).await;
    bench.go(id, BroadcastState::Scheduled, BroadcastState::Cancelling).await;
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Cancelled)]);
    assert!(bench.report(id).await.rounds.iter().all(|round| round.state == RoundState::Done));
    assert_eq!(bench.store.work(bench.tenant).await.unwrap().rounds, []);
}

async fn what_lay_still_for_longer_than_its_tolerance_waits_for_a_person(bench: &Bench) {
    bench.fill(3).await;
    let (id, worker, held, _) = bench.claimed(WhenInDoubt::Hold, 2).await;
    bench.store.release_tenant(worker, held).await.unwrap();
    bench.let_time_pass(Duration::from_secs(3600)).await;
    let (second, again) = bench.worker().await;
    assert_eq!(state(bench, id).await, BroadcastState::Running, "exactly as long as it may");
    bench.store.release_tenant(second, again[0]).await.unwrap();
    bench.let_time_pass(Duration::from_secs(3601)).await;
    let (third, held) = bench.worker().await;
    assert_eq!(state(bench, id).await, BroadcastState::Missed);
    let round = bench.report(id).await.rounds[0].id;
    assert_eq!(bench.store.claim(held[0], third, round, 1, &[]).await.unwrap(), []);
    assert!(bench.store.resume_broadcast(bench.tenant, id, now()).await.unwrap());
    assert_eq!(state(bench, id).await, BroadcastState::Running);
    // A person has just said go: the next owner does not ask again.
    bench.succeed(third).await;
    assert_eq!(state(bench, id).await, BroadcastState::Running);
}

async fn what_a_living_owner_works_on_never_lies_still(bench: &Bench) {
    bench.fill(3).await;
    let (id, worker, ..) = bench.claimed(WhenInDoubt::Hold, 2).await;
    for _ in 0..500 {
        bench.let_time_pass(Duration::from_secs(9)).await;
        assert!(bench.store.renew(worker, LEASE).await.unwrap());
    }
    bench.succeed(worker).await;
    assert_eq!(state(bench, id).await, BroadcastState::Running);
}

async fn a_broadcast_that_nobody_took_for_too_long_waits_for_a_person(bench: &Bench) {
    bench.fill(3).await;
    let (id, _) = bench.submit(WhenInDoubt::Hold).await;
    bench.let_time_pass(Duration::from_secs(3601)).await;
    bench.worker().await;
    assert_eq!(state(bench, id).await, BroadcastState::Missed);
}

async fn an_author_is_told_once_of_each_end(bench: &Bench) {
    bench.fill(3).await;
    let author = bench.keys(1).await[0];
    let (id, _) = bench.submit_this(NewBroadcast { author: Some(author), ..scheduled(1, false) }, vec![]).await;
    let untold = async || bench.store.work(bench.tenant).await.unwrap().untold;
    assert_eq!(untold().await, []);
    bench.go(id, BroadcastState::Scheduled, BroadcastState::Cancelling).await;
    bench.store.finish(bench.tenant, now()).await.unwrap();
    let ended = Untold { broadcast: id, author, state: BroadcastState::Cancelled };
    assert_eq!(untold().await, [ended]);
    assert_eq!(bench.worker().await.1.len(), 1, "to tell somebody is work, too");

    let stale = Untold { state: BroadcastState::Done, ..ended };
    let notice = |number| Submission {
        tenant: bench.tenant,
        broadcast: announcement(number, WhenInDoubt::Hold),
        list: vec![author],
        lists: vec![],
        draft: None,
    };
    bench.store.tell(stale, &notice(50)).await.unwrap();
    assert_eq!(untold().await, [ended], "it does not stand there");
    bench.store.tell(ended, &notice(51)).await.unwrap();
    bench.store.tell(ended, &notice(52)).await.unwrap();
    assert_eq!(untold().await, []);
    assert_eq!(bench.store.work(bench.tenant).await.unwrap().rounds.len(), 1, "one notice, not two");
}

async fn a_notice_is_no_announcement(bench: &Bench) {
    bench.fill(3).await;
    let author = bench.keys(1).await[0];
    let (id, _) = bench.submit_this(NewBroadcast { author: Some(author), ..scheduled(1, false) }, vec![]).await;
    bench.go(id, BroadcastState::Scheduled, BroadcastState::Cancelling).await;
    bench.store.finish(bench.tenant, now()).await.unwrap();
    let told = Untold { broadcast: id, author, state: BroadcastState::Cancelled };
    let broadcast = announcement(50, WhenInDoubt::Hold);
    let notice = broadcast.id;
    bench
        .store
        .tell(told, &Submission { tenant: bench.tenant, broadcast, list: vec![author], lists: vec![], draft: None })
        .await
        .unwrap();
    let listed: Vec<_> = bench.store.reports(bench.tenant, 10).await.unwrap().iter().map(|report| report.id).collect();
    assert_eq!(listed, [id]);
    assert_eq!(bench.report(notice).await.state, BroadcastState::Expanding, "but it can be asked for");
}
