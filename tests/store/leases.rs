//! Who holds a tenant, by the database's clock alone; and what becomes of calls whose answer was lost.

use std::collections::BTreeMap;
use std::time::Duration;

use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::ids::{Ordinal, TenantKey};
use stentor::domain::sharing::Spread;
use stentor::ports::{ProcessIdentity, StoreError, Submission};
use uuid::Uuid;

use crate::bench::{Bench, GRACE, LEASE, announcement, contract, now};

contract! {
    a_tenant_has_one_owner_until_the_lease_and_its_grace_have_ended,
    a_lease_that_has_ended_is_never_renewed_and_takes_nothing,
    a_dead_owners_claim_is_refused_once_the_tenant_was_taken,
    an_orderly_stop_leaves_no_claim_and_no_lease,
    a_stop_with_somebody_on_the_wire_leaves_her_to_the_rescue,
    a_claim_whose_answer_was_lost_is_made_again,
    a_tenant_taken_in_a_call_whose_answer_was_lost_is_taken_again_and_a_strangers_never,
    tenants_of_others_do_not_take_the_place_of_free_ones,
    a_tenant_without_work_is_left_alone,
    a_dead_workers_tenants_are_free_when_its_grace_is_over,
    every_live_worker_is_counted_with_what_it_holds_and_free_ones_have_work,
    neighbours_are_the_others_of_this_host_who_were_alive_a_minute_ago,
}

async fn a_tenant_has_one_owner_until_the_lease_and_its_grace_have_ended(bench: &Bench) {
    bench.fill(4).await;
    bench.submit(WhenInDoubt::Hold).await;
    let (_, held) = bench.worker().await;
    assert_eq!(held.len(), 1);
    let (second, none) = bench.worker().await;
    assert_eq!(none, []);
    // To the instant: the first worker's lease is over, then its grace.
    bench.let_time_pass(LEASE - Duration::from_secs(1)).await;
    assert!(bench.store.renew(second, LEASE).await.unwrap());
    bench.let_time_pass(GRACE).await;
    assert_eq!(bench.take(second).await, []);
    bench.let_time_pass(Duration::from_secs(1)).await;
    let taken = bench.take(second).await;
    assert_eq!(taken.len(), 1);
    assert!(taken[0].epoch > held[0].epoch);
}

async fn a_lease_that_has_ended_is_never_renewed_and_takes_nothing(bench: &Bench) {
    bench.submit(WhenInDoubt::Hold).await;
    let worker = bench.register().await;
    bench.let_time_pass(LEASE).await;
    assert!(!bench.store.renew(worker, LEASE).await.unwrap());
    assert_eq!(bench.take(worker).await, []);
    let other = bench.register().await;
    bench.store.end_lease(other).await.unwrap();
    assert!(!bench.store.renew(other, LEASE).await.unwrap());
    assert_eq!(bench.take(other).await, []);
}

async fn a_dead_owners_claim_is_refused_once_the_tenant_was_taken(bench: &Bench) {
    bench.fill(4).await;
    let (_, round) = bench.submit(WhenInDoubt::Hold).await;
    let (first, held) = bench.worker().await;
    bench.expand(held[0], first, round, 2).await;
    bench.succeed(first).await;
    assert!(matches!(bench.store.claim(held[0], first, round, 1, &[]).await, Err(StoreError::LeaseLost)));
}

async fn an_orderly_stop_leaves_no_claim_and_no_lease(bench: &Bench) {
    bench.fill(4).await;
    let (_, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 2).await;
    bench.store.release_tenant(worker, held).await.unwrap();
    let (second, taken) = bench.worker().await;
    assert_eq!(taken.len(), 1);
    let chunks = bench.store.claim(taken[0], second, claimed.chunk.round, 10, &[]).await.unwrap();
    assert_eq!(chunks.len(), 2);
    // Given back late, by somebody who does not hold it any more.
    bench.store.release_tenant(worker, held).await.unwrap();
    assert_eq!(bench.worker().await.1, []);
}

async fn a_stop_with_somebody_on_the_wire_leaves_her_to_the_rescue(bench: &Bench) {
    bench.fill(4).await;
    let (id, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 2).await;
    let mut chunk = claimed.chunk;
    chunk.grant(Ordinal(1)).unwrap();
    bench.flush(worker, &mut chunk, vec![]).await;
    bench.store.release_tenant(worker, held).await.unwrap();
    let (second, taken) = bench.worker().await;
    assert_eq!(bench.store.rescue(taken[0], second, now()).await.unwrap(), 1);
    assert_eq!(bench.states(id).await[1].0, "unconfirmed");
}

async fn a_claim_whose_answer_was_lost_is_made_again(bench: &Bench) {
    bench.fill(4).await;
    let (_, worker, held, lost) = bench.claimed(WhenInDoubt::Hold, 2).await;
    let round = lost.chunk.round;
    // We do not know of the first chunk; then of both.
    let again = bench.claim_one(held, worker, round).await;
    assert_eq!(again.chunk.number, lost.chunk.number);
    assert!(again.chunk.epoch > lost.chunk.epoch, "the lost claim is fenced");
    let other = bench.store.claim(held, worker, round, 10, &[again.chunk.number]).await.unwrap();
    assert_eq!(other.len(), 1);
    let have = [again.chunk.number, other[0].chunk.number];
    assert_eq!(bench.store.claim(held, worker, round, 10, &have).await.unwrap(), []);
}

async fn a_tenant_taken_in_a_call_whose_answer_was_lost_is_taken_again_and_a_strangers_never(bench: &Bench) {
    bench.fill(4).await;
    bench.submit(WhenInDoubt::Hold).await;
    let (worker, lost) = bench.worker().await;
    let again = bench.take(worker).await;
    assert!(again[0].epoch > lost[0].epoch);
    let has = [bench.tenant];
    assert_eq!(bench.store.take_tenants(worker, GRACE, 10, &has, &has).await.unwrap(), []);
    bench.store.end_lease(worker).await.unwrap();
    let stranger = bench.register().await;
    assert_eq!(bench.store.take_tenants(stranger, GRACE, 10, &[TenantKey(99)], &[]).await.unwrap(), []);
}

async fn tenants_of_others_do_not_take_the_place_of_free_ones(bench: &Bench) {
    let second = bench.store.tenant(Uuid::from_u128(3), Uuid::from_u128(2)).await.unwrap();
    for tenant in [bench.tenant, second] {
        let broadcast = announcement(1, WhenInDoubt::Hold);
        bench.store.submit(&Submission { tenant, broadcast, list: vec![], lists: vec![], draft: None }).await.unwrap();
    }
    let may = [bench.tenant, second];
    let take_one = async |worker| bench.store.take_tenants(worker, GRACE, 1, &may, &[]).await.unwrap();
    let first = bench.register().await;
    assert_eq!(take_one(first).await[0].tenant, bench.tenant);
    let other = bench.register().await;
    assert_eq!(take_one(other).await[0].tenant, second);
}

async fn a_tenant_without_work_is_left_alone(bench: &Bench) {
    let (worker, none) = bench.worker().await;
    assert_eq!(none, []);
    let (_, round) = bench.submit(WhenInDoubt::Hold).await;
    let held = bench.take(worker).await;
    bench.expand(held[0], worker, round, 4).await;
    bench.store.finish(bench.tenant, now()).await.unwrap();
    bench.store.release_tenant(worker, held[0]).await.unwrap();
    assert_eq!(bench.take(worker).await, []);
}

async fn every_live_worker_is_counted_with_what_it_holds_and_free_ones_have_work(bench: &Bench) {
    let mut may = vec![bench.tenant];
    for number in 3..6 {
        may.push(bench.store.tenant(Uuid::from_u128(number), Uuid::from_u128(2)).await.unwrap());
    }
    // The last has nothing to do.
    for tenant in &may[..3] {
        let broadcast = announcement(1, WhenInDoubt::Hold);
        bench
            .store
            .submit(&Submission { tenant: *tenant, broadcast, list: vec![], lists: vec![], draft: None })
            .await
            .unwrap();
    }
    let me = bench.register().await;
    let spread = async |may: &[TenantKey]| bench.store.spread(me, GRACE, may).await.unwrap();
    assert_eq!(spread(&may).await, Spread { others: BTreeMap::new(), free: 3 });

    let (busy, idle) = (bench.register().await, bench.register().await);
    let taken = bench.store.take_tenants(busy, GRACE, 2, &may, &[]).await.unwrap();
    let others = BTreeMap::from([(busy, 2), (idle, 0)]);
    assert_eq!(spread(&may).await, Spread { others: others.clone(), free: 1 });
    // What we hold by the record and do not know of is free for us, and nobody's of those that we may not take counts.
    bench.store.take_tenants(me, GRACE, 1, &may[2..], &[]).await.unwrap();
    assert_eq!(spread(&may).await, Spread { others, free: 1 });
    assert_eq!(spread(&may[..1]).await, Spread { others: BTreeMap::from([(busy, 1), (idle, 0)]), free: 0 });

    bench.store.release_tenant(busy, taken[0]).await.unwrap();
    bench.store.end_lease(busy).await.unwrap();
    assert_eq!(spread(&may).await, Spread { others: BTreeMap::from([(idle, 0)]), free: 3 });
}

async fn a_dead_workers_tenants_are_free_when_its_grace_is_over(bench: &Bench) {
    bench.submit(WhenInDoubt::Hold).await;
    bench.worker().await;
    bench.let_time_pass(LEASE).await;
    let me = bench.register().await;
    let spread = async || bench.store.spread(me, GRACE, &[bench.tenant]).await.unwrap();
    assert_eq!(spread().await, Spread::default());
    bench.let_time_pass(GRACE).await;
    assert_eq!(spread().await.free, 1);
}

async fn neighbours_are_the_others_of_this_host_who_were_alive_a_minute_ago(bench: &Bench) {
    let process = |host: &str, pid| ProcessIdentity { host: host.into(), pid, started: 7 };
    let register = async |process: ProcessIdentity| bench.store.register(&process, LEASE).await.unwrap();
    let (me, near) = (register(process("here", 1)).await, register(process("here", 2)).await);
    register(process("there", 3)).await;
    let gone = register(process("here", 4)).await;
    bench.store.end_lease(gone).await.unwrap();
    let neighbours = async || bench.store.neighbours("here", me).await.unwrap();
    assert_eq!(neighbours().await, [(near, process("here", 2))]);
    bench.let_time_pass(Duration::from_secs(69)).await;
    assert_eq!(neighbours().await.len(), 1);
    bench.let_time_pass(Duration::from_secs(1)).await;
    assert_eq!(neighbours().await, []);
}
