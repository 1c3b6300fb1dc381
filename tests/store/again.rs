//! Retry: exactly those whom nothing has reached since, counted where their newest try has them.

use stentor::domain::broadcast::{BroadcastState, RoundKind, RoundState};
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, RoundId};
use stentor::domain::outcome::Outcome;
use stentor::domain::reason::Reason;
use stentor::ports::{ClaimedChunk, RetryWish};

use crate::bench::{Bench, accepted, after, contract, fact, now, settle};

contract! {
    a_retry_freezes_exactly_those_whom_it_means,
    a_retry_leaves_out_whoever_has_left_since,
    a_retry_is_begun_once_and_only_when_the_broadcast_is_over,
    people_are_counted_by_their_newest_try_and_the_first_report_stays,
    whoever_may_have_been_told_comes_with_her_doubt,
    a_late_answer_to_the_first_round_is_not_counted_twice,
    whoever_may_have_been_told_stays_unconfirmed_when_the_retry_is_cancelled,
    a_cancelled_retry_leaves_the_others_as_they_were,
}

/// Five people: one sent to, two failed for different reasons, two unconfirmed.
async fn mixed(bench: &Bench) -> (BroadcastId, ClaimedChunk) {
    bench.fill(5).await;
    let (id, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 5).await;
    let mut chunk = claimed.chunk.clone();
    let (blocked, gone) = (Outcome::Rejected(Reason::BlockedByUser), Outcome::Rejected(Reason::NotFound));
    let lost = || Outcome::Lost(Reason::AnswerLost);
    let facts = vec![
        settle(&mut chunk, 0, Settlement::Sent, accepted()),
        settle(&mut chunk, 1, Settlement::Failed, blocked),
        settle(&mut chunk, 2, Settlement::Failed, gone),
        settle(&mut chunk, 3, Settlement::Unconfirmed, lost()),
        settle(&mut chunk, 4, Settlement::Unconfirmed, lost()),
    ];
    bench.flush(worker, &mut chunk, facts).await;
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Done)]);
    bench.store.release_tenant(worker, held).await.unwrap();
    (id, claimed)
}

fn round(number: u64) -> RoundId {
    RoundId::new(after(number), number)
}

async fn retry(bench: &Bench, id: BroadcastId, wish: &RetryWish, number: u64) -> bool {
    bench.store.retry(bench.tenant, id, wish, round(number), after(9000), after(number)).await.unwrap()
}

/// Freezes the retry's people and claims them all.
async fn claimed(bench: &Bench, number: u64) -> (stentor::domain::ids::WorkerId, ClaimedChunk) {
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, round(number), 10).await;
    (worker, bench.claim_one(held[0], worker, round(number)).await)
}

fn all() -> RetryWish {
    RetryWish { reasons: Vec::new(), unconfirmed: true }
}

async fn a_retry_freezes_exactly_those_whom_it_means(bench: &Bench) {
    let (id, _) = mixed(bench).await;
    let count = async |wish: &RetryWish| bench.store.count_retry(bench.tenant, id, wish).await.unwrap();
    let blocked = RetryWish { reasons: vec![Reason::BlockedByUser], unconfirmed: false };
    let nobody = RetryWish { reasons: vec![Reason::TooLarge], unconfirmed: false };
    let counts = (count(&RetryWish::default()).await, count(&all()).await, count(&blocked).await, count(&nobody).await);
    assert_eq!(counts, (2, 4, 1, 0));
    assert!(retry(bench, id, &blocked, 1).await);
    let keys = bench.keys(5).await;
    let (_, claimed) = claimed(bench, 1).await;
    assert_eq!(claimed.members.iter().map(|member| member.recipient).collect::<Vec<_>>(), [keys[1]]);
    assert_eq!(bench.report(id).await.treatment.deadline_at, after(9000));
}

async fn a_retry_leaves_out_whoever_has_left_since(bench: &Bench) {
    let (id, _) = mixed(bench).await;
    let keys = bench.keys(5).await;
    bench.part_with(1).await;
    bench.part_with(3).await;
    assert_eq!(bench.store.count_retry(bench.tenant, id, &all()).await.unwrap(), 2);
    assert!(retry(bench, id, &all(), 1).await);
    let (_, claimed) = claimed(bench, 1).await;
    let members: Vec<_> = claimed.members.iter().map(|member| member.recipient).collect();
    assert_eq!(members, [keys[2], keys[4]]);
}

async fn a_retry_is_begun_once_and_only_when_the_broadcast_is_over(bench: &Bench) {
    let (id, _) = mixed(bench).await;
    assert!(retry(bench, id, &all(), 1).await);
    assert!(retry(bench, id, &all(), 1).await, "the same, because its answer was lost");
    assert!(!retry(bench, id, &all(), 2).await, "another");
    assert_eq!(bench.report(id).await.rounds.len(), 2);
    assert!(!retry(bench, BroadcastId::from_i64(7), &all(), 3).await);
}

async fn people_are_counted_by_their_newest_try_and_the_first_report_stays(bench: &Bench) {
    let (id, _) = mixed(bench).await;
    let first = bench.report(id).await;
    assert!(retry(bench, id, &RetryWish::default(), 1).await);
    let (worker, claimed) = claimed(bench, 1).await;
    let progress = bench.progress(id).await;
    assert_eq!((progress.targeted, progress.pending, progress.failed), (5, 2, 0));
    let mut chunk = claimed.chunk;
    let facts = vec![
        settle(&mut chunk, 0, Settlement::Sent, accepted()),
        settle(&mut chunk, 1, Settlement::Failed, Outcome::Rejected(Reason::NotFound)),
    ];
    bench.flush(worker, &mut chunk, facts).await;
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Done)]);
    let report = bench.report(id).await;
    assert_eq!(report.rounds[0], first.rounds[0]);
    assert_eq!((report.rounds[1].kind, report.rounds[1].state), (RoundKind::Retry, RoundState::Done));
    let progress = bench.progress(id).await;
    assert_eq!((progress.sent, progress.failed, progress.unconfirmed), (2, 1, 2));
    let states: Vec<String> = bench.states(id).await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["sent", "sent", "failed", "unconfirmed", "unconfirmed"]);
    let reasons = bench.store.reasons(bench.tenant, id).await.unwrap();
    assert!(reasons.contains(&(Settlement::Failed, Reason::NotFound, 1)));
    assert!(!reasons.iter().any(|(_, reason, _)| *reason == Reason::BlockedByUser), "{reasons:?}");
    // A page of the export breaks anywhere between the rounds.
    for limit in 1..=5 {
        let (mut after, mut paged) = (None, Vec::new());
        loop {
            let page = bench.store.deliveries(bench.tenant, id, after, limit).await.unwrap();
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            paged.extend(page.into_iter().map(|(_, row)| row.state));
        }
        assert_eq!(paged, states, "{limit} a page");
    }
}

async fn whoever_may_have_been_told_comes_with_her_doubt(bench: &Bench) {
    let (id, _) = mixed(bench).await;
    assert!(retry(bench, id, &all(), 1).await);
    let (_, claimed) = claimed(bench, 1).await;
    let doubts: Vec<_> = claimed.members.iter().map(|member| member.doubt).collect();
    assert_eq!(doubts, [None, None, Some(Reason::AnswerLost), Some(Reason::AnswerLost)]);
}

async fn a_late_answer_to_the_first_round_is_not_counted_twice(bench: &Bench) {
    let (id, first) = mixed(bench).await;
    assert!(retry(bench, id, &all(), 1).await);
    let (worker, claimed) = claimed(bench, 1).await;
    let late = stentor::ports::AttemptFact { attempt: 2, ..fact(&first.chunk, 3, None, accepted()) };
    assert_eq!(bench.store.record_late(bench.tenant, &[late]).await.unwrap(), 0);
    assert_eq!(bench.progress(id).await.pending, 4);
    let mut chunk = claimed.chunk;
    let facts = (0..4).map(|place| settle(&mut chunk, place, Settlement::Sent, accepted())).collect();
    bench.flush(worker, &mut chunk, facts).await;
    let progress = bench.progress(id).await;
    assert_eq!((progress.sent, progress.unconfirmed), (5, 0));
}

async fn whoever_may_have_been_told_stays_unconfirmed_when_the_retry_is_cancelled(bench: &Bench) {
    let (id, _) = mixed(bench).await;
    assert!(retry(bench, id, &all(), 1).await);
    let (worker, claimed) = claimed(bench, 1).await;
    bench.store.release_chunks(bench.tenant, worker, &[claimed.chunk]).await.unwrap();
    bench.go(id, BroadcastState::Running, BroadcastState::Cancelling).await;
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Cancelled)]);
    let progress = bench.progress(id).await;
    assert_eq!((progress.sent, progress.unconfirmed, progress.cancelled), (1, 2, 2));
    let states: Vec<String> = bench.states(id).await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["sent", "cancelled", "cancelled", "unconfirmed", "unconfirmed"]);
}

async fn a_cancelled_retry_leaves_the_others_as_they_were(bench: &Bench) {
    let (id, _) = mixed(bench).await;
    let blocked = RetryWish { reasons: vec![Reason::BlockedByUser], unconfirmed: false };
    assert!(retry(bench, id, &blocked, 1).await);
    bench.go(id, BroadcastState::Expanding, BroadcastState::Cancelling).await;
    bench.store.finish(bench.tenant, now()).await.unwrap();
    let progress = bench.progress(id).await;
    assert_eq!((progress.sent, progress.failed, progress.unconfirmed, progress.cancelled), (1, 2, 2, 0));
    assert!(retry(bench, id, &RetryWish::default(), 2).await, "what was cancelled can be tried again");
    assert_eq!(bench.store.count_retry(bench.tenant, id, &RetryWish::default()).await.unwrap(), 2);
}
