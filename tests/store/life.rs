//! The life of a broadcast: moved, halted, resumed, and ended when nothing of it is left to do.

use stentor::domain::broadcast::BroadcastState;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, RoundId};
use stentor::domain::reason::HaltReason;
use stentor::ports::{Halt, StoreError};

use crate::bench::{Bench, accepted, after, announcement, contract, now, settle};

contract! {
    submitting_twice_stores_one_broadcast,
    cancelling_counts_whoever_had_no_turn_at_the_cost_of_one_row,
    what_is_finished_ends_from_every_state_in_which_it_can_be,
    what_is_unfinished_ends_only_when_it_was_cancelled,
    cancelling_while_expanding_ends_the_round_too,
    a_broadcast_goes_on_from_where_it_stood,
    a_move_from_elsewhere_does_nothing,
    a_halt_needs_its_reason,
    a_halted_broadcast_shows_why_until_it_goes_on,
    a_halted_tenant_shows_its_first_reason_on_every_broadcast_until_released,
    a_broadcasts_own_halt_is_told_with_its_own_words,
}

fn halt(reason: HaltReason, detail: Option<&str>) -> Halt {
    Halt { reason, detail: detail.map(str::to_owned), since: now() }
}

async fn submitting_twice_stores_one_broadcast(bench: &Bench) {
    bench.fill(4).await;
    bench.submit(WhenInDoubt::Hold).await;
    bench.submit(WhenInDoubt::Hold).await;
    assert_eq!(bench.store.reports(bench.tenant, 10).await.unwrap().len(), 1);
    assert_eq!(bench.store.work(bench.tenant).await.unwrap().rounds.len(), 1);
}

async fn cancelling_counts_whoever_had_no_turn_at_the_cost_of_one_row(bench: &Bench) {
    bench.fill(4).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 2).await;
    bench.go(id, BroadcastState::Running, BroadcastState::Cancelling).await;
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [], "a chunk is still claimed");
    bench.store.release_chunks(bench.tenant, worker, &[claimed.chunk]).await.unwrap();
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Cancelled)]);
    let progress = bench.progress(id).await;
    assert_eq!((progress.cancelled, progress.pending), (4, 0));
    assert!(bench.states(id).await.iter().all(|(state, _)| state == "cancelled"));
}

/// A broadcast to one person in `state`; settled, or not.
async fn standing(bench: &Bench, number: u64, state: BroadcastState, settled: bool) -> BroadcastId {
    use BroadcastState::{Halted, Running};
    let (id, round): (BroadcastId, RoundId) = bench.submit_this(announcement(number, WhenInDoubt::Hold), vec![]).await;
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, round, 1).await;
    if settled {
        let mut chunk = bench.claim_one(held[0], worker, round).await.chunk;
        let facts = vec![settle(&mut chunk, 0, Settlement::Sent, accepted())];
        bench.flush(worker, &mut chunk, facts).await;
    }
    match state {
        Running => {}
        Halted => {
            bench.store.halt_broadcast(bench.tenant, id, &halt(HaltReason::ContentRefused, None)).await.unwrap();
        }
        other => bench.go(id, Running, other).await,
    }
    bench.store.end_lease(worker).await.unwrap();
    id
}

async fn what_is_finished_ends_from_every_state_in_which_it_can_be(bench: &Bench) {
    use BroadcastState::{Cancelled, Cancelling, Done, Halted, Paused, Running};
    bench.fill(1).await;
    let ends = [(Running, Done), (Paused, Done), (Halted, Done), (Cancelling, Cancelled)];
    for (number, (state, end)) in (1..).zip(ends) {
        let id = standing(bench, number, state, true).await;
        assert_eq!(bench.store.finish(bench.tenant, after(5)).await.unwrap(), [(id, end)], "{state}");
        let report = bench.report(id).await;
        assert_eq!((report.state, report.halt, report.finished_at), (end, None, Some(after(5))));
        assert_eq!(report.progress.sent, 1);
        assert_eq!(bench.store.finish(bench.tenant, after(6)).await.unwrap(), [], "it ends once");
    }
    assert_eq!(bench.store.work(bench.tenant).await.unwrap().rounds, []);
}

async fn what_is_unfinished_ends_only_when_it_was_cancelled(bench: &Bench) {
    use BroadcastState::{Cancelled, Cancelling, Halted, Paused, Running};
    bench.fill(1).await;
    for (number, state) in (1..).zip([Running, Paused, Halted, Cancelling]) {
        let id = standing(bench, number, state, false).await;
        let ended = bench.store.finish(bench.tenant, now()).await.unwrap();
        let expected = if state == Cancelling { vec![(id, Cancelled)] } else { vec![] };
        assert_eq!(ended, expected, "{state}");
    }
    let unfinished = bench.store.work(bench.tenant).await.unwrap().rounds;
    assert_eq!(unfinished.len(), 3);
}

async fn cancelling_while_expanding_ends_the_round_too(bench: &Bench) {
    bench.fill(4).await;
    let (id, round) = bench.submit(WhenInDoubt::Hold).await;
    let (worker, held) = bench.worker().await;
    bench.store.expand(held[0], worker, round, 2, 2, now()).await.unwrap();
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [], "expanding is not done");
    bench.go(id, BroadcastState::Expanding, BroadcastState::Cancelling).await;
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Cancelled)]);
    assert!(!bench.store.expand(held[0], worker, round, 2, 2, now()).await.unwrap().complete);
    let progress = bench.progress(id).await;
    assert_eq!((progress.targeted, progress.cancelled), (2, 2));
    assert_eq!(bench.store.work(bench.tenant).await.unwrap().rounds, []);
}

async fn a_broadcast_goes_on_from_where_it_stood(bench: &Bench) {
    use BroadcastState::{Expanding, Halted, Paused, Running};
    bench.fill(4).await;
    let (id, round) = bench.submit(WhenInDoubt::Hold).await;
    let (worker, held) = bench.worker().await;
    for stood in [Expanding, Running] {
        for stop in [Paused, Halted] {
            if stop == Paused {
                bench.go(id, stood, Paused).await;
            } else {
                bench.store.halt_broadcast(bench.tenant, id, &halt(HaltReason::ContentRefused, None)).await.unwrap();
            }
            assert_eq!(bench.report(id).await.state, stop);
            assert!(bench.store.resume_broadcast(bench.tenant, id, now()).await.unwrap());
            assert_eq!(bench.report(id).await.state, stood);
            assert!(!bench.store.resume_broadcast(bench.tenant, id, now()).await.unwrap(), "it goes on already");
        }
        if stood == Expanding {
            bench.expand(held[0], worker, round, 4).await;
        }
    }
}

async fn a_move_from_elsewhere_does_nothing(bench: &Bench) {
    use BroadcastState::{Cancelling, Expanding, Paused, Running};
    let (id, _) = bench.submit(WhenInDoubt::Hold).await;
    let move_it = async |id, from: &[BroadcastState], to| {
        bench.store.move_broadcast(bench.tenant, id, from, to, now()).await.unwrap()
    };
    assert!(!move_it(id, &[Running, Paused], Cancelling).await);
    assert!(!move_it(BroadcastId::new(now(), 99), &[Expanding], Cancelling).await);
    assert!(move_it(id, &[Running, Expanding], Paused).await);
    assert!(!move_it(id, &[Running, Expanding], Paused).await);
    // Nothing to halt either.
    bench.store.halt_broadcast(bench.tenant, id, &halt(HaltReason::ContentRefused, None)).await.unwrap();
    assert_eq!(bench.report(id).await.state, Paused);
}

async fn a_halt_needs_its_reason(bench: &Bench) {
    let (id, _) = bench.submit(WhenInDoubt::Hold).await;
    let from = [BroadcastState::Expanding];
    let refused = bench.store.move_broadcast(bench.tenant, id, &from, BroadcastState::Halted, now()).await;
    assert!(matches!(refused, Err(StoreError::Broken(_))));
}

async fn a_halted_broadcast_shows_why_until_it_goes_on(bench: &Bench) {
    let (id, _) = bench.submit(WhenInDoubt::Hold).await;
    let why = halt(HaltReason::ContentRefused, Some("a button without a link"));
    bench.store.halt_broadcast(bench.tenant, id, &why).await.unwrap();
    let report = bench.report(id).await;
    assert_eq!((report.state, report.halt), (BroadcastState::Halted, Some(why)));
    bench.store.resume_broadcast(bench.tenant, id, now()).await.unwrap();
    assert_eq!(bench.report(id).await.halt, None);
}

async fn a_halted_tenant_shows_its_first_reason_on_every_broadcast_until_released(bench: &Bench) {
    bench.fill(4).await;
    let (id, ..) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let (paused, _) = bench.submit_this(announcement(2, WhenInDoubt::Hold), vec![]).await;
    bench.go(paused, BroadcastState::Expanding, BroadcastState::Paused).await;
    for reason in [HaltReason::SecretExpired, HaltReason::TokenRefused] {
        bench.store.halt_tenant(bench.tenant, &halt(reason, None)).await.unwrap();
    }
    let report = bench.report(id).await;
    assert_eq!(report.state, BroadcastState::Halted);
    assert_eq!(report.halt.map(|halt| halt.reason), Some(HaltReason::SecretExpired));
    assert_eq!(bench.store.work(bench.tenant).await.unwrap().halt, Some(halt(HaltReason::SecretExpired, None)));
    let report = bench.report(paused).await;
    assert_eq!((report.state, report.halt), (BroadcastState::Paused, None), "it would not send in any case");
    bench.store.release_halt(bench.tenant).await.unwrap();
    assert_eq!(bench.report(id).await.state, BroadcastState::Running);
}

async fn a_broadcasts_own_halt_is_told_with_its_own_words(bench: &Bench) {
    let (id, _) = bench.submit(WhenInDoubt::Hold).await;
    let own = halt(HaltReason::ContentRefused, None);
    bench.store.halt_broadcast(bench.tenant, id, &own).await.unwrap();
    bench.store.halt_tenant(bench.tenant, &halt(HaltReason::SecretExpired, Some("AADSTS7000222"))).await.unwrap();
    assert_eq!(bench.report(id).await.halt, Some(own));
}
