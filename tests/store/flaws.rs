//! Records that are wrong on purpose: the audit of the books, or a rescue, must notice.

use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::Ordinal;
use stentor::simulator::memory_store::Flaw;

use crate::bench::{Bench, accepted, now, settle};

/// A worker that tells somebody and has her permission open, dies, and is succeeded; the zombie then goes on.
async fn crashed(flaw: Flaw) -> (Bench, u64) {
    let bench = Bench::in_memory_with(flaw).await;
    bench.fill(4).await;
    let (_, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let mut chunk = claimed.chunk;
    chunk.grant(Ordinal(1)).unwrap();
    let told = vec![settle(&mut chunk, 0, Settlement::Sent, accepted())];
    bench.flush(worker, &mut chunk, told).await;
    let (successor, held) = bench.succeed(worker).await;
    let open = bench.store.rescue(held, successor, now()).await.unwrap();
    bench.claim_one(held, successor, chunk.round).await;
    let told = vec![settle(&mut chunk, 1, Settlement::Sent, accepted())];
    bench.flush(worker, &mut chunk, told).await;
    (bench, open)
}

#[tokio::test]
async fn without_a_flaw_the_books_are_in_order_after_a_crash() {
    let (bench, open) = crashed(Flaw::None).await;
    assert_eq!((open, bench.complaints()), (1, vec![]));
}

#[tokio::test]
async fn a_record_that_takes_any_epoch_settles_somebody_twice_and_says_so() {
    let (bench, _) = crashed(Flaw::NoEpochCheck).await;
    assert!(bench.complaints().iter().any(|told| told.contains("ordinal 1 was settled 2 times")));
}

#[tokio::test]
async fn a_record_without_permissions_knows_of_no_doubt_after_a_crash() {
    let (_, open) = crashed(Flaw::NoPermissionBit).await;
    assert_eq!(open, 0);
}

#[tokio::test]
async fn a_record_that_keeps_facts_back_loses_them_in_a_crash_and_says_so() {
    let (bench, _) = crashed(Flaw::FactsAfterPermission).await;
    assert!(bench.complaints().iter().any(|told| told.contains("ordinal 0 is settled, but no fact says how")));
}
