//! Whole workers in thousands of invented misfortunes: crashes at every named point, frozen processes, clocks that
//! disagree, answers lost before and after the effect. What must be true is stated in `src/bench/simulate/oracle.rs`.
//!
//! A story that fails here prints itself. Play it alone with `stentor bench simulate --seeds 1 --from <seed>`.

use std::collections::BTreeSet;

use stentor::bench::simulate::{crash_points, run, run_many};
use stentor::simulator::memory_store::Flaw;

/// Enough for every named point to be met; more are played by `stentor bench simulate`.
const SEEDS: u64 = 5_000;
/// A flaw that shows itself later than this shows that the stories are too tame.
const SEEDS_TO_NOTICE_A_FLAW: u64 = 3_000;

/// Panics with the story of the first seed that breaks a promise.
fn keeps_its_promises(seed: u64) {
    let verdict = run(seed, Flaw::None).unwrap();
    if let Some(complaint) = verdict.complaint {
        panic!(
            "seed {seed}: {complaint}\n\n{}\nrun it again: stentor bench simulate --seeds 1 --from {seed}",
            verdict.story
        );
    }
}

#[test]
fn nobody_is_lost_and_nobody_told_twice_in_thousands_of_stories_with_a_crash_at_every_named_point() {
    let many = run_many(0, SEEDS, Flaw::None, 1, |_| ()).unwrap();
    if let Some(failure) = many.failures.first() {
        keeps_its_promises(failure.seed);
    }
    assert_eq!(many.seeds, SEEDS);
    let missed: BTreeSet<_> = crash_points().difference(&many.crashes).cloned().collect();
    assert_eq!(missed, BTreeSet::new(), "nobody died at these points");
}

#[test]
fn two_runs_of_one_seed_are_equal_to_the_byte() {
    for seed in 0..40 {
        let (first, second) = (run(seed, Flaw::None).unwrap(), run(seed, Flaw::None).unwrap());
        assert_eq!(first.story, second.story, "seed {seed}");
        assert_eq!((first.events, first.virtual_seconds), (second.events, second.virtual_seconds), "seed {seed}");
    }
}

/// A judge who has never refused anybody proves nothing.
fn is_noticed(flaw: Flaw) {
    let many = run_many(0, SEEDS_TO_NOTICE_A_FLAW, flaw, 1, |_| ()).unwrap();
    let failure = many.failures.first().unwrap_or_else(|| panic!("{flaw:?} went unnoticed in {} stories", many.seeds));
    println!("{flaw:?} was noticed by seed {}: {}", failure.seed, failure.complaint);
}

#[test]
fn the_simulation_notices_a_missing_epoch_check() {
    is_noticed(Flaw::NoEpochCheck);
}

#[test]
fn the_simulation_notices_a_missing_permission_bit() {
    is_noticed(Flaw::NoPermissionBit);
}

#[test]
fn the_simulation_notices_facts_that_are_written_after_their_permission() {
    is_noticed(Flaw::FactsAfterPermission);
}

// What the simulation has found. A seed is worth what the draw makes of it: whoever changes the draw looks for another.

#[test]
fn whoever_waits_after_a_fast_clock_died_does_not_wait_for_its_hour() {
    keeps_its_promises(0);
    keeps_its_promises(47);
    keeps_its_promises(60);
    keeps_its_promises(128);
}

#[test]
fn a_claim_that_arrives_late_does_not_take_a_chunk_with_open_sends_from_its_own_owner() {
    keeps_its_promises(1438);
    keeps_its_promises(1459);
    keeps_its_promises(2282);
}

#[test]
fn a_lost_claim_does_not_keep_a_cancelled_broadcast_from_its_end() {
    keeps_its_promises(4261);
    keeps_its_promises(4599);
}

#[test]
fn a_cooldown_that_two_clocks_wrote_is_no_longer_than_either_meant() {
    keeps_its_promises(5395);
}
