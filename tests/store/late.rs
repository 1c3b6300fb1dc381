//! What a worker learnt after it had lost the chunk: a fact in any case, and sometimes the end of a doubt.

use stentor::domain::broadcast::BroadcastState;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{ChunkNumber, Ordinal, WorkerId};
use stentor::domain::outcome::Outcome;
use stentor::domain::reason::Reason;
use stentor::ports::AttemptFact;

use crate::bench::{Bench, accepted, contract, fact, settle};
use crate::rescue::crashed;

contract! {
    a_fenced_worker_moves_nothing_but_its_late_answer_settles_the_doubt,
    a_late_refusal_settles_the_doubt_the_other_way,
    a_late_answer_that_proves_nothing_is_only_a_fact,
    a_late_answer_never_changes_what_is_definite,
    a_late_answer_for_a_chunk_that_nobody_knows_is_not_kept,
    a_late_answer_counts_after_the_broadcast_has_ended,
    under_resend_a_late_proof_spares_the_person_the_second_message,
}

async fn a_fenced_worker_moves_nothing_but_its_late_answer_settles_the_doubt(bench: &Bench) {
    bench.fill(4).await;
    let (mut chunk, ..) = crashed(bench, WhenInDoubt::Hold).await;
    let id = bench.newest().await;
    let zombie = WorkerId(1);
    let fact = settle(&mut chunk, 0, Settlement::Sent, accepted());
    assert_eq!(bench.flush(zombie, &mut chunk, vec![fact.clone()]).await.held, []);
    assert_eq!(bench.states(id).await[0].0, "unconfirmed");

    let facts = [fact];
    assert_eq!(bench.store.record_late(bench.tenant, &facts).await.unwrap(), 1);
    assert_eq!(bench.store.record_late(bench.tenant, &facts).await.unwrap(), 0);
    assert_eq!(bench.states(id).await[0], ("sent".into(), None));
    let progress = bench.progress(id).await;
    assert_eq!((progress.sent, progress.unconfirmed), (1, 0));
}

async fn a_late_refusal_settles_the_doubt_the_other_way(bench: &Bench) {
    bench.fill(4).await;
    let (chunk, ..) = crashed(bench, WhenInDoubt::Hold).await;
    let id = bench.newest().await;
    let late = fact(&chunk, 0, None, Outcome::Rejected(Reason::BlockedByUser));
    assert_eq!(bench.store.record_late(bench.tenant, &[late]).await.unwrap(), 1);
    assert_eq!(bench.states(id).await[0], ("failed".into(), Some(Reason::BlockedByUser)));
    let progress = bench.progress(id).await;
    assert_eq!((progress.failed, progress.unconfirmed), (1, 0));
    let reasons = [(Settlement::Failed, Reason::BlockedByUser, 1)];
    assert_eq!(bench.store.reasons(bench.tenant, id).await.unwrap(), reasons);
}

async fn a_late_answer_that_proves_nothing_is_only_a_fact(bench: &Bench) {
    bench.fill(4).await;
    let (chunk, ..) = crashed(bench, WhenInDoubt::Hold).await;
    let id = bench.newest().await;
    let late = fact(&chunk, 0, Some(Settlement::Failed), Outcome::Lost(Reason::AnswerLost));
    assert_eq!(bench.store.record_late(bench.tenant, &[late]).await.unwrap(), 0);
    assert_eq!(bench.states(id).await[0], ("unconfirmed".into(), Some(Reason::LeaseEnded)));
    assert_eq!(bench.store.deliveries(bench.tenant, id, None, 1).await.unwrap()[0].1.attempts, 2);
}

async fn a_late_answer_never_changes_what_is_definite(bench: &Bench) {
    bench.fill(4).await;
    let (chunk, ..) = crashed(bench, WhenInDoubt::Hold).await;
    let id = bench.newest().await;
    let refused = fact(&chunk, 0, None, Outcome::Rejected(Reason::BlockedByUser));
    let told = AttemptFact { attempt: 2, ..fact(&chunk, 0, None, accepted()) };
    assert_eq!(bench.store.record_late(bench.tenant, &[refused, told]).await.unwrap(), 1);
    assert_eq!(bench.states(id).await[0].0, "failed");
    let progress = bench.progress(id).await;
    assert_eq!((progress.sent, progress.failed), (0, 1));
}

async fn a_late_answer_for_a_chunk_that_nobody_knows_is_not_kept(bench: &Bench) {
    bench.fill(4).await;
    let (chunk, ..) = crashed(bench, WhenInDoubt::Hold).await;
    let stray = AttemptFact { chunk: ChunkNumber(7), ordinal: Ordinal(70), ..fact(&chunk, 0, None, accepted()) };
    assert_eq!(bench.store.record_late(bench.tenant, &[stray]).await.unwrap(), 0);
}

async fn a_late_answer_counts_after_the_broadcast_has_ended(bench: &Bench) {
    bench.fill(4).await;
    let (chunk, ..) = crashed(bench, WhenInDoubt::Hold).await;
    let id = bench.newest().await;
    bench.go(id, BroadcastState::Running, BroadcastState::Cancelling).await;
    let ended = bench.store.finish(bench.tenant, crate::bench::now()).await.unwrap();
    assert_eq!(ended, [(id, BroadcastState::Cancelled)]);
    let late = fact(&chunk, 0, None, accepted());
    assert_eq!(bench.store.record_late(bench.tenant, &[late]).await.unwrap(), 1);
    let progress = bench.progress(id).await;
    assert_eq!((progress.sent, progress.cancelled), (1, 3));
}

async fn under_resend_a_late_proof_spares_the_person_the_second_message(bench: &Bench) {
    bench.fill(4).await;
    let (chunk, successor, held) = crashed(bench, WhenInDoubt::Resend).await;
    let id = bench.newest().await;
    let late = fact(&chunk, 0, Some(Settlement::Sent), accepted());
    assert_eq!(bench.store.record_late(bench.tenant, &[late]).await.unwrap(), 0, "there was no settled doubt");
    assert_eq!(bench.states(id).await[0].0, "sent");
    let mut again = bench.claim_one(held, successor, chunk.round).await;
    assert!(again.attempts.iter().any(|attempt| matches!(attempt.outcome, Outcome::Accepted { .. })));
    // Whoever claims her counts her; the fact is there already.
    again.chunk.settle(Ordinal(0), Settlement::Sent).unwrap();
    bench.flush(successor, &mut again.chunk, vec![]).await;
    assert_eq!(bench.progress(id).await.sent, 1);
}
