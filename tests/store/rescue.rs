//! What a dead owner left is settled by policy, in every state of the broadcast, before anybody claims it.

use stentor::domain::broadcast::BroadcastState;
use stentor::domain::chunk::{Chunk, Forbidden};
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{Ordinal, WorkerId};
use stentor::domain::outcome::Outcome;
use stentor::domain::reason::{HaltReason, Reason};
use stentor::ports::{Halt, HeldTenant};

use crate::bench::{Bench, accepted, contract, now, settle};

contract! {
    a_rescue_holds_exactly_the_open_ones_in_doubt,
    a_rescue_gives_the_open_ones_another_turn_when_the_policy_resends,
    a_rescue_of_the_last_open_one_finishes_the_chunk,
    a_rescuer_that_lost_the_tenant_settles_nothing,
    a_rescue_leaves_what_is_its_own,
    a_cancelled_broadcast_is_never_sent_again_so_its_doubt_stays,
    in_every_state_of_the_broadcast_a_rescue_settles_by_policy,
    a_rescue_while_another_is_still_expanding_settles_only_what_was_open,
    the_person_over_whom_three_owners_died_is_set_aside_and_named,
}

/// A worker that dies with ordinal 0 open, and its successor's rescue.
pub async fn crashed(bench: &Bench, when_in_doubt: WhenInDoubt) -> (Chunk, WorkerId, HeldTenant) {
    let (_, worker, _, claimed) = bench.claimed(when_in_doubt, 4).await;
    let mut chunk = claimed.chunk;
    chunk.grant(Ordinal(0)).unwrap();
    bench.flush(worker, &mut chunk, vec![]).await;
    let (successor, held) = bench.succeed(worker).await;
    assert_eq!(bench.store.rescue(held, successor, now()).await.unwrap(), 1);
    (chunk, successor, held)
}

fn halt() -> Halt {
    Halt { reason: HaltReason::ContentRefused, detail: None, since: now() }
}

async fn a_rescue_holds_exactly_the_open_ones_in_doubt(bench: &Bench) {
    bench.fill(4).await;
    crashed(bench, WhenInDoubt::Hold).await;
    let id = bench.newest().await;
    let states = bench.states(id).await;
    assert_eq!(states[0], ("unconfirmed".into(), Some(Reason::LeaseEnded)));
    assert!(states[1..].iter().all(|(state, _)| state == "pending"));
    let progress = bench.progress(id).await;
    assert_eq!((progress.unconfirmed, progress.pending), (1, 3));
}

async fn a_rescue_gives_the_open_ones_another_turn_when_the_policy_resends(bench: &Bench) {
    bench.fill(4).await;
    let (chunk, successor, held) = crashed(bench, WhenInDoubt::Resend).await;
    assert!(bench.states(bench.newest().await).await.iter().all(|(state, _)| state == "pending"));
    let again = bench.claim_one(held, successor, chunk.round).await;
    assert_eq!(again.members.len(), 4);
    assert_eq!(again.attempts[0].outcome, Outcome::Lost(Reason::LeaseEnded));
    assert!(again.chunk.epoch > chunk.epoch);
}

async fn a_rescue_of_the_last_open_one_finishes_the_chunk(bench: &Bench) {
    bench.fill(2).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 2).await;
    let mut chunk = claimed.chunk;
    chunk.grant(Ordinal(0)).unwrap();
    let facts = vec![settle(&mut chunk, 1, Settlement::Sent, accepted())];
    bench.flush(worker, &mut chunk, facts).await;
    let (successor, held) = bench.succeed(worker).await;
    bench.store.rescue(held, successor, now()).await.unwrap();
    assert_eq!(bench.store.claim(held, successor, chunk.round, 9, &[]).await.unwrap(), []);
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Done)]);
}

async fn a_rescuer_that_lost_the_tenant_settles_nothing(bench: &Bench) {
    bench.fill(4).await;
    let (_, first, _, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let mut chunk = claimed.chunk;
    chunk.grant(Ordinal(0)).unwrap();
    bench.flush(first, &mut chunk, vec![]).await;
    let (slow, held) = bench.succeed(first).await;
    let (successor, taken) = bench.succeed(slow).await;
    // The tenant was its own when it set out; now it must not touch what its successor works on.
    assert_eq!(bench.store.rescue(held, slow, now()).await.unwrap(), 0);
    assert_eq!(bench.store.rescue(taken, successor, now()).await.unwrap(), 1);
}

async fn a_rescue_leaves_what_is_its_own(bench: &Bench) {
    bench.fill(4).await;
    let (_, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let mut chunk = claimed.chunk;
    chunk.grant(Ordinal(0)).unwrap();
    bench.flush(worker, &mut chunk, vec![]).await;
    assert_eq!(bench.store.rescue(held, worker, now()).await.unwrap(), 0);
    let facts = vec![settle(&mut chunk, 0, Settlement::Sent, accepted())];
    assert_eq!(bench.flush(worker, &mut chunk, facts).await.held.len(), 1);
}

async fn a_cancelled_broadcast_is_never_sent_again_so_its_doubt_stays(bench: &Bench) {
    bench.fill(4).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Resend, 4).await;
    let mut chunk = claimed.chunk;
    chunk.grant(Ordinal(0)).unwrap();
    bench.flush(worker, &mut chunk, vec![]).await;
    bench.go(id, BroadcastState::Running, BroadcastState::Cancelling).await;
    let (successor, held) = bench.succeed(worker).await;
    bench.store.rescue(held, successor, now()).await.unwrap();
    bench.store.finish(bench.tenant, now()).await.unwrap();
    let progress = bench.progress(id).await;
    assert_eq!((progress.unconfirmed, progress.cancelled), (1, 3));
    let cancelled = ("cancelled".into(), Some(Reason::Cancelled));
    assert_eq!(bench.states(id).await[1], cancelled);
}

async fn in_every_state_of_the_broadcast_a_rescue_settles_by_policy(bench: &Bench) {
    use BroadcastState::{Cancelling, Halted, Paused, Running};
    bench.fill(2).await;
    let mut number = 0;
    for state in [Running, Paused, Halted, Cancelling] {
        for policy in [WhenInDoubt::Hold, WhenInDoubt::Resend] {
            number += 1;
            let (id, round) = bench.submit_this(crate::bench::announcement(number, policy), vec![]).await;
            let (worker, held) = bench.worker().await;
            bench.expand(held[0], worker, round, 2).await;
            let mut chunk = bench.claim_one(held[0], worker, round).await.chunk;
            chunk.grant(Ordinal(0)).unwrap();
            bench.flush(worker, &mut chunk, vec![]).await;
            match state {
                Running => {}
                Halted => bench.store.halt_broadcast(bench.tenant, id, &halt()).await.unwrap(),
                other => bench.go(id, Running, other).await,
            }
            let (successor, held) = bench.succeed(worker).await;
            assert_eq!(bench.store.rescue(held, successor, now()).await.unwrap(), 1, "{state} {policy:?}");
            let held_so = policy == WhenInDoubt::Hold || state == Cancelling;
            assert_eq!(bench.progress(id).await.unconfirmed, u64::from(held_so), "{state} {policy:?}");
            // Nothing of a broadcast that does not run is claimed.
            let claimed = bench.store.claim(held, successor, round, 9, &[]).await.unwrap();
            assert_eq!(claimed.len(), usize::from(state == Running), "{state} {policy:?}");
            bench.store.end_lease(successor).await.unwrap();
        }
    }
}

async fn a_rescue_while_another_is_still_expanding_settles_only_what_was_open(bench: &Bench) {
    bench.fill(4).await;
    let (_, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let (second, round) = bench.submit_this(crate::bench::announcement(2, WhenInDoubt::Hold), vec![]).await;
    bench.store.expand(held, worker, round, 2, 2, now()).await.unwrap();
    let mut chunk = claimed.chunk;
    chunk.grant(Ordinal(2)).unwrap();
    bench.flush(worker, &mut chunk, vec![]).await;
    let (successor, held) = bench.succeed(worker).await;
    assert_eq!(bench.store.rescue(held, successor, now()).await.unwrap(), 1);
    bench.expand(held, successor, round, 2).await;
    let progress = bench.progress(second).await;
    assert_eq!((progress.targeted, progress.pending), (4, 4));
}

async fn the_person_over_whom_three_owners_died_is_set_aside_and_named(bench: &Bench) {
    bench.fill(3).await;
    let (id, mut worker, _, claimed) = bench.claimed(WhenInDoubt::Resend, 3).await;
    let mut chunk = claimed.chunk;
    for crash in 1..=3 {
        chunk.grant(Ordinal(1)).unwrap();
        if crash == 3 {
            assert_eq!(chunk.grant(Ordinal(2)), Err(Forbidden::SingleFile));
        } else {
            chunk.grant(Ordinal(2)).unwrap();
        }
        bench.flush(worker, &mut chunk, vec![]).await;
        let (successor, held) = bench.succeed(worker).await;
        worker = successor;
        bench.store.rescue(held, worker, now()).await.unwrap();
        let again = bench.claim_one(held, worker, chunk.round).await;
        assert_eq!(again.chunk.crashes, crash);
        assert_eq!(again.members.len(), if crash == 3 { 2 } else { 3 });
        chunk = again.chunk;
    }
    assert_eq!(bench.states(id).await[1], ("unconfirmed".into(), Some(Reason::SetAside)));
    let unconfirmed = [(Settlement::Unconfirmed, Reason::SetAside, 1)];
    assert_eq!(bench.store.reasons(bench.tenant, id).await.unwrap(), unconfirmed);
    let row = &bench.store.deliveries(bench.tenant, id, None, 9).await.unwrap()[1].1;
    assert_eq!((row.attempts, row.last_status), (3, None));
}
