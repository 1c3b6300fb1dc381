//! Facts always, permission fenced: by owner, epoch and number of the flush.

use stentor::domain::broadcast::BroadcastState;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{ConversationId, Epoch, WorkerId};
use stentor::domain::outcome::Outcome;
use stentor::domain::reason::{HaltReason, Reason};
use stentor::domain::route::Route;
use stentor::ports::{Flush, Flushed, Halt, RouteLearnt};

use crate::bench::{Bench, accepted, contract, fact, now, settle};

contract! {
    a_flush_moves_bits_facts_and_counters_together_and_repeating_it_changes_nothing,
    a_flush_that_arrives_after_its_successor_changes_nothing,
    a_flush_of_another_owner_or_under_another_epoch_changes_nothing,
    a_flush_repeated_because_its_answer_was_lost_learns_of_the_pause_meanwhile,
    a_flush_tells_of_a_halt_of_the_whole_tenant,
    a_flush_that_settles_the_last_one_gives_the_chunk_up_and_may_be_repeated,
    one_flush_moves_the_chunks_that_are_ours_and_leaves_the_others,
    what_one_broadcast_learns_does_not_erase_what_another_learnt,
    what_a_fenced_worker_learnt_of_people_is_kept,
    a_fact_that_is_there_already_does_not_stop_the_others,
    a_chunk_with_somebody_on_the_wire_is_not_given_back,
}

async fn a_flush_moves_bits_facts_and_counters_together_and_repeating_it_changes_nothing(bench: &Bench) {
    bench.fill(4).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let mut chunk = claimed.chunk;
    chunk.grant(claimed.members[0].ordinal).unwrap();
    let facts = vec![settle(&mut chunk, 1, Settlement::Sent, accepted())];
    chunk.flush_number += 1;
    let flush = Flush { chunks: vec![chunk.clone()], facts, now: Some(now()), ..Flush::default() };
    for _ in 0..2 {
        let flushed = bench.store.flush(bench.tenant, worker, &flush).await.unwrap();
        assert_eq!(flushed.held, [(chunk.round, chunk.number)]);
    }
    let progress = bench.progress(id).await;
    assert_eq!((progress.sent, progress.pending), (1, 3));
    assert_eq!(bench.states(id).await[1], ("sent".into(), None));
}

async fn a_flush_that_arrives_after_its_successor_changes_nothing(bench: &Bench) {
    bench.fill(4).await;
    let (_, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let mut first = claimed.chunk.clone();
    first.grant(claimed.members[0].ordinal).unwrap();
    first.flush_number = 1;
    let mut second = first.clone();
    second.close(claimed.members[0].ordinal).unwrap();
    second.flush_number = 2;
    for chunk in [second, first] {
        let flush = Flush { chunks: vec![chunk], now: Some(now()), ..Flush::default() };
        bench.store.flush(bench.tenant, worker, &flush).await.unwrap();
    }
    let (successor, held) = bench.succeed(worker).await;
    assert_eq!(bench.store.rescue(held, successor, now()).await.unwrap(), 0, "nobody is open");
}

async fn a_flush_of_another_owner_or_under_another_epoch_changes_nothing(bench: &Bench) {
    bench.fill(4).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let stranger = bench.register().await;
    let mut theirs = claimed.chunk.clone();
    let facts = vec![settle(&mut theirs, 0, Settlement::Sent, accepted())];
    assert_eq!(bench.flush(stranger, &mut theirs, facts).await, Flushed::default());
    for epoch in [claimed.chunk.epoch.0 - 1, claimed.chunk.epoch.0 + 1] {
        let mut stale = claimed.chunk.clone();
        stale.epoch = Epoch(epoch);
        let facts = vec![settle(&mut stale, 0, Settlement::Sent, accepted())];
        assert_eq!(bench.flush(worker, &mut stale, facts).await, Flushed::default());
    }
    assert_eq!(bench.progress(id).await.pending, 4);
    assert!(bench.states(id).await.iter().all(|(state, _)| state == "pending"));
}

async fn a_flush_repeated_because_its_answer_was_lost_learns_of_the_pause_meanwhile(bench: &Bench) {
    bench.fill(4).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let mut chunk = claimed.chunk;
    chunk.grant(claimed.members[0].ordinal).unwrap();
    assert_eq!(bench.flush(worker, &mut chunk, vec![]).await.broadcasts, [(id, BroadcastState::Running)]);
    bench.go(id, BroadcastState::Running, BroadcastState::Paused).await;
    let halt = Halt { reason: HaltReason::BotDisabled, detail: None, since: now() };
    bench.store.halt_tenant(bench.tenant, &halt).await.unwrap();
    // Otherwise the permission that this flush brings would be used.
    let again = Flush { chunks: vec![chunk.clone()], now: Some(now()), ..Flush::default() };
    let flushed = bench.store.flush(bench.tenant, worker, &again).await.unwrap();
    let held = vec![(chunk.round, chunk.number)];
    assert_eq!(flushed, Flushed { held, broadcasts: vec![(id, BroadcastState::Paused)], tenant_halted: true });
}

async fn a_flush_tells_of_a_halt_of_the_whole_tenant(bench: &Bench) {
    bench.fill(4).await;
    let (_, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let mut chunk = claimed.chunk;
    assert!(!bench.flush(worker, &mut chunk, vec![]).await.tenant_halted);
    let halt = Halt { reason: HaltReason::SecretExpired, detail: None, since: now() };
    bench.store.halt_tenant(bench.tenant, &halt).await.unwrap();
    assert!(bench.flush(worker, &mut chunk, vec![]).await.tenant_halted);
}

async fn a_flush_that_settles_the_last_one_gives_the_chunk_up_and_may_be_repeated(bench: &Bench) {
    bench.fill(1).await;
    let (id, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 1).await;
    let mut chunk = claimed.chunk;
    let facts = vec![settle(&mut chunk, 0, Settlement::Failed, Outcome::Rejected(Reason::BlockedByUser))];
    let key = (chunk.round, chunk.number);
    assert_eq!(bench.flush(worker, &mut chunk, facts.clone()).await.held, [key]);
    let again = Flush { chunks: vec![chunk.clone()], facts, now: Some(now()), ..Flush::default() };
    assert_eq!(bench.store.flush(bench.tenant, worker, &again).await.unwrap().held, [key]);
    assert_eq!(bench.store.claim(held, worker, chunk.round, 9, &[]).await.unwrap(), []);
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Done)]);
}

async fn one_flush_moves_the_chunks_that_are_ours_and_leaves_the_others(bench: &Bench) {
    bench.fill(4).await;
    let (id, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 2).await;
    let mut mine = claimed.chunk;
    let mut gone = bench.store.claim(held, worker, mine.round, 1, &[mine.number]).await.unwrap().remove(0).chunk;
    bench.store.release_chunks(bench.tenant, worker, &[gone.clone()]).await.unwrap();
    let facts = [&mut mine, &mut gone].map(|chunk| settle(chunk, 0, Settlement::Sent, accepted()));
    mine.flush_number += 1;
    gone.flush_number += 1;
    let key = (mine.round, mine.number);
    let flush = Flush { chunks: vec![gone, mine], facts: facts.to_vec(), now: Some(now()), ..Flush::default() };
    assert_eq!(bench.store.flush(bench.tenant, worker, &flush).await.unwrap().held, [key]);
    let states: Vec<_> = bench.states(id).await.into_iter().map(|(state, _)| state).collect();
    assert_eq!(states, ["sent", "pending", "pending", "pending"]);
}

/// A flush that only learns.
fn learn(recipient: stentor::domain::ids::RecipientKey, route: Route, forgets: bool) -> Flush {
    let routes = vec![RouteLearnt { recipient, route, forgets, refusal: None }];
    Flush { routes, now: Some(now()), ..Flush::default() }
}

async fn what_one_broadcast_learns_does_not_erase_what_another_learnt(bench: &Bench) {
    bench.fill(1).await;
    let (_, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 1).await;
    let recipient = claimed.members[0].recipient;
    let chat = ConversationId("19:chat".into());
    for (route, forgets, expected) in [
        (Route::to(chat.clone()), false, Some(chat.clone())),
        (Route::default(), false, Some(chat.clone())),
        (Route::default(), true, None),
    ] {
        bench.store.flush(bench.tenant, worker, &learn(recipient, route, forgets)).await.unwrap();
        // Claimed again, as after a lost answer: she comes with what is known now.
        let again = bench.claim_one(held, worker, claimed.chunk.round).await;
        assert_eq!(again.members[0].route.conversation, expected);
    }
}

async fn what_a_fenced_worker_learnt_of_people_is_kept(bench: &Bench) {
    bench.fill(1).await;
    let (_, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 1).await;
    let (successor, held) = bench.succeed(worker).await;
    bench.store.rescue(held, successor, now()).await.unwrap();
    let route = Route::to(ConversationId("19:chat".into()));
    let flush = learn(claimed.members[0].recipient, route.clone(), false);
    assert_eq!(bench.store.flush(bench.tenant, WorkerId(worker.0), &flush).await.unwrap(), Flushed::default());
    assert_eq!(bench.claim_one(held, successor, claimed.chunk.round).await.members[0].route, route);
}

async fn a_chunk_with_somebody_on_the_wire_is_not_given_back(bench: &Bench) {
    bench.fill(2).await;
    let (_, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 2).await;
    let mut chunk = claimed.chunk;
    let (round, have) = (chunk.round, [chunk.number]);
    let ready = async || bench.store.claim(held, worker, round, 9, &have).await.unwrap().len();
    chunk.grant(claimed.members[0].ordinal).unwrap();
    bench.flush(worker, &mut chunk.clone(), vec![]).await;
    chunk.flush_number += 1;
    // What the caller believes of the bits does not matter, the record's count.
    let mut closed = chunk.clone();
    closed.close(claimed.members[0].ordinal).unwrap();
    bench.store.release_chunks(bench.tenant, worker, &[closed.clone()]).await.unwrap();
    assert_eq!(ready().await, 0);
    let answered = fact(&closed, 0, None, Outcome::Throttled { retry_after: None });
    bench.flush(worker, &mut closed, vec![answered]).await;
    let stranger = bench.register().await;
    bench.store.release_chunks(bench.tenant, stranger, &[closed.clone()]).await.unwrap();
    assert_eq!(ready().await, 0);
    bench.store.release_chunks(bench.tenant, worker, &[closed]).await.unwrap();
    assert_eq!(ready().await, 1);
}

async fn a_fact_that_is_there_already_does_not_stop_the_others(bench: &Bench) {
    bench.fill(4).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let mut chunk = claimed.chunk;
    let there = settle(&mut chunk, 0, Settlement::Sent, accepted());
    bench.store.record_late(bench.tenant, std::slice::from_ref(&there)).await.unwrap();
    let facts = vec![there, settle(&mut chunk, 1, Settlement::Sent, accepted())];
    let flushed = bench.flush(worker, &mut chunk, facts).await;
    assert_eq!(flushed.held, [(chunk.round, chunk.number)]);
    assert_eq!(bench.progress(id).await.sent, 2);
    let sent = ("sent".to_owned(), None);
    assert_eq!(bench.states(id).await[..2], [sent.clone(), sent]);
}
