//! The audience is frozen: everybody one ordinal in exactly one chunk, or nothing runs.

use stentor::domain::broadcast::{AudienceKind, BroadcastState, NewBroadcast};
use stentor::domain::delivery::WhenInDoubt;
use stentor::ports::{Expanded, StoreError};

use crate::bench::{Bench, announcement, contract, now};

contract! {
    expanding_in_slices_gives_everybody_one_ordinal_in_exactly_one_chunk,
    an_audience_of_nobody_is_done_at_once,
    a_chunk_size_changed_while_expanding_does_no_harm,
    a_list_is_frozen_with_its_people_and_nobody_else,
    a_pause_while_expanding_adds_nobody_until_it_goes_on,
    only_the_owner_of_the_tenant_expands,
    whoever_joins_while_expanding_is_told_only_if_her_turn_is_to_come,
}

const STOPPED: Expanded = Expanded { added: 0, complete: false };

async fn expanding_in_slices_gives_everybody_one_ordinal_in_exactly_one_chunk(bench: &Bench) {
    bench.fill(25).await;
    let (id, round) = bench.submit(WhenInDoubt::Hold).await;
    let (worker, held) = bench.worker().await;
    let mut slices = Vec::new();
    loop {
        let expanded = bench.store.expand(held[0], worker, round, 10, 4, now()).await.unwrap();
        slices.push(expanded.added);
        if expanded.complete {
            break;
        }
    }
    assert_eq!(slices, [8, 8, 8, 1]);
    let report = bench.report(id).await;
    assert_eq!((report.state, report.progress.targeted, report.progress.pending), (BroadcastState::Running, 25, 25));
    let chunks = bench.store.claim(held[0], worker, round, 100, &[]).await.unwrap();
    assert_eq!(chunks.iter().map(|claimed| claimed.chunk.size).collect::<Vec<_>>(), [4, 4, 4, 4, 4, 4, 1]);
    let ordinals: Vec<u32> =
        chunks.iter().flat_map(|claimed| &claimed.members).map(|member| member.ordinal.0).collect();
    assert_eq!(ordinals, (0..25).collect::<Vec<_>>());
}

async fn an_audience_of_nobody_is_done_at_once(bench: &Bench) {
    let (id, round) = bench.submit(WhenInDoubt::Hold).await;
    let (worker, held) = bench.worker().await;
    assert!(bench.store.expand(held[0], worker, round, 1000, 4, now()).await.unwrap().complete);
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Done)]);
}

async fn a_chunk_size_changed_while_expanding_does_no_harm(bench: &Bench) {
    bench.fill(12).await;
    let (_, round) = bench.submit(WhenInDoubt::Hold).await;
    let (worker, held) = bench.worker().await;
    bench.store.expand(held[0], worker, round, 6, 2, now()).await.unwrap();
    let rest = bench.store.expand(held[0], worker, round, 100, 3, now()).await.unwrap();
    assert!(rest.complete);
    let chunks = bench.store.claim(held[0], worker, round, 100, &[]).await.unwrap();
    assert_eq!(chunks.iter().map(|claimed| claimed.chunk.size).collect::<Vec<_>>(), [2, 2, 2, 3, 3]);
}

async fn a_list_is_frozen_with_its_people_and_nobody_else(bench: &Bench) {
    bench.fill(6).await;
    let all = bench.keys(6).await;
    let list = NewBroadcast { audience: AudienceKind::List, ..announcement(1, WhenInDoubt::Hold) };
    // Named twice, told once; the order is the directory's.
    let (_, round) = bench.submit_this(list, vec![all[4], all[1], all[4]]).await;
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, round, 4).await;
    let chunk = bench.claim_one(held[0], worker, round).await;
    let members: Vec<_> = chunk.members.iter().map(|member| member.recipient).collect();
    assert_eq!(members, [all[1], all[4]]);
}

async fn a_pause_while_expanding_adds_nobody_until_it_goes_on(bench: &Bench) {
    bench.fill(6).await;
    let (id, round) = bench.submit(WhenInDoubt::Hold).await;
    let (worker, held) = bench.worker().await;
    assert_eq!(bench.store.expand(held[0], worker, round, 4, 4, now()).await.unwrap().added, 4);
    bench.go(id, BroadcastState::Expanding, BroadcastState::Paused).await;
    assert_eq!(bench.store.expand(held[0], worker, round, 4, 4, now()).await.unwrap(), STOPPED);
    assert_eq!(bench.store.claim(held[0], worker, round, 9, &[]).await.unwrap(), []);
    assert!(bench.store.resume_broadcast(bench.tenant, id, now()).await.unwrap());
    assert_eq!(bench.report(id).await.state, BroadcastState::Expanding);
    let rest = bench.store.expand(held[0], worker, round, 4, 4, now()).await.unwrap();
    assert_eq!(rest, Expanded { added: 2, complete: true });
    assert_eq!(bench.store.expand(held[0], worker, round, 4, 4, now()).await.unwrap(), STOPPED);
}

async fn only_the_owner_of_the_tenant_expands(bench: &Bench) {
    bench.fill(4).await;
    let (_, round) = bench.submit(WhenInDoubt::Hold).await;
    let (first, held) = bench.worker().await;
    let (successor, taken) = bench.succeed(first).await;
    let expand = async |held, worker| bench.store.expand(held, worker, round, 10, 4, now()).await;
    assert!(matches!(expand(held[0], first).await, Err(StoreError::LeaseLost)));
    assert!(matches!(expand(held[0], successor).await, Err(StoreError::LeaseLost)));
    assert!(expand(taken, successor).await.unwrap().complete);
}

async fn whoever_joins_while_expanding_is_told_only_if_her_turn_is_to_come(bench: &Bench) {
    bench.fill(4).await;
    let (id, round) = bench.submit(WhenInDoubt::Hold).await;
    let (worker, held) = bench.worker().await;
    bench.store.expand(held[0], worker, round, 2, 2, now()).await.unwrap();
    bench.fill(5).await;
    bench.expand(held[0], worker, round, 2).await;
    assert_eq!(bench.progress(id).await.targeted, 5);
    bench.fill(6).await;
    assert_eq!(bench.progress(id).await.targeted, 5);
}
