//! Nobody lost, nobody told twice: every interleaving of small systems, walked through.
//!
//! Not a model of the engine beside the engine: the waiting room, the bits, the rescue and the lease's rules are the
//! very code that runs (`app/hold.rs`, `domain/chunk.rs`, `domain/lease.rs`). Retold are only the statements
//! (`record.rs`) and the order in which the loop calls them (`system.rs`). Each walk prints how much it saw:
//!
//! | walk | people | misfortunes | states | transitions |
//! |---|---|---|---|---|
//! | one person, every misfortune | 1, hold | a crash, a freeze, a loss, a delay, a silence | 78,538 | 286,884 |
//! | an orderly stop | 1, hold | a crash, a freeze, a loss, a stop | 89,921 | 275,280 |
//! | two crashes | 3, hold | two crashes, a loss | 27,456 | 77,398 |
//! | a frozen owner | 3, hold | a freeze, a 429 | 34,087 | 81,442 |
//! | a frozen owner and a crash | 2, hold | a crash, a freeze, a silence | 33,539 | 88,498 |
//! | sent again | 2, resend | a crash, a freeze | 119,739 | 347,068 |
//! | sent again | 3, resend | a crash, a loss | 64,440 | 173,322 |
//! | the third crash | 1, resend | one crash before; a crash, a freeze, a silence | 29,846 | 71,237 |
//! | the last try | 1, resend, two tries | a freeze, two silences, a loss | 21,905 | 48,162 |
//! | the lease | – | 5 seconds of a lease of 3; a crash, any freeze, delay and loss | 325,689 | 1,734,415 |
//!
//! Unoptimised, on one core, all of it takes some forty seconds.
//!
//! A walk that finds nothing proves little before it has shown that it would: `mutations` builds faults in, one at a
//! time, and each must be found. Its stories are printed; read one to see how a promise would break.

mod lease;
mod promises;
mod record;
mod search;
mod system;

use std::fmt::Display;
use std::time::Duration;

use lease::{ON_THE_WAY, TICK, Tenant};
use search::{Broken, System, explore};
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::lease::LeaseTerms;
use system::{Broadcast, Budget, Known, Mutation, PATIENT};

const NONE: Budget = Budget { crashes: 0, freezes: 0, losses: 0, delays: 0, silences: 0, throttles: 0, stops: 0 };
const HOLD: WhenInDoubt = WhenInDoubt::Hold;
const RESEND: WhenInDoubt = WhenInDoubt::Resend;

fn broadcast(people: u32, policy: WhenInDoubt, budget: Budget) -> Broadcast {
    let (mutation, rooms) = (Mutation::None, Known::default());
    Broadcast { people, policy, window: people, budget, mutation, crashes_before: 0, tries: PATIENT, rooms }
}

/// Walks through all of it, and says how much that was.
fn holds(name: &str, system: &impl System) {
    match explore(system) {
        Ok(seen) => println!("{name}: {} states, {} transitions, {} ends", seen.states, seen.transitions, seen.ends),
        Err(broken) => panic!("{name}: {broken}"),
    }
}

/// Walks until a promise breaks, and tells the story.
fn breaks(mutation: impl Display, system: &impl System, promise: &str) {
    let broken: Broken = explore(system).expect_err("a fault was built in");
    println!("{mutation}: {broken}");
    assert!(broken.promise.contains(promise), "{mutation}: {broken}");
}

#[test]
fn one_person_and_every_misfortune() {
    let budget = Budget { crashes: 1, freezes: 1, losses: 1, delays: 1, silences: 1, ..NONE };
    holds("one person, every misfortune", &broadcast(1, HOLD, budget));
}

#[test]
fn one_person_and_a_worker_that_is_asked_to_stop() {
    let budget = Budget { crashes: 1, freezes: 1, losses: 1, stops: 1, ..NONE };
    holds("one person, an orderly stop", &broadcast(1, HOLD, budget));
}

#[test]
fn three_people_two_crashes_and_a_lost_flush() {
    holds("three people, two crashes", &broadcast(3, HOLD, Budget { crashes: 2, losses: 1, ..NONE }));
}

#[test]
fn three_people_and_a_frozen_owner() {
    holds("three people, a frozen owner", &broadcast(3, HOLD, Budget { freezes: 1, throttles: 1, ..NONE }));
    let budget = Budget { crashes: 1, freezes: 1, silences: 1, ..NONE };
    holds("two people, a frozen owner and a crash", &broadcast(2, HOLD, budget));
}

#[test]
fn whoever_is_sent_to_again_is_told_or_set_aside() {
    holds("two people, sent again", &broadcast(2, RESEND, Budget { crashes: 1, freezes: 1, ..NONE }));
    holds("three people, sent again", &broadcast(3, RESEND, Budget { crashes: 1, losses: 1, ..NONE }));
}

#[test]
fn a_third_crash_sets_the_person_aside_whatever_comes_late() {
    let budget = Budget { crashes: 1, freezes: 1, silences: 1, ..NONE };
    holds("the third crash", &Broadcast { crashes_before: 1, ..broadcast(1, RESEND, budget) });
}

#[test]
fn the_last_try_ends_in_doubt_whatever_comes_late() {
    let budget = Budget { freezes: 1, silences: 2, losses: 1, ..NONE };
    holds("the last try", &Broadcast { tries: 2, ..broadcast(1, RESEND, budget) });
}

#[test]
fn nothing_reaches_the_wire_when_somebody_else_is_the_owner() {
    holds("the lease", &tenant(lease::Mutation::None));
}

#[test]
fn the_mutations_of_the_chunk_are_found() {
    let budget = Budget { crashes: 1, freezes: 1, losses: 1, ..NONE };
    let found = [
        (Mutation::NoFence, "open bits"),
        (Mutation::NoPermissionBit, "without a committed permission"),
        (Mutation::SendsBeforeCommit, "without a committed permission"),
        (Mutation::FactsApart, "the facts of the settled say"),
        (Mutation::RescueKeepsEpoch, "late answer"),
    ];
    for (mutation, promise) in found {
        breaks(format!("{mutation:?}"), &Broadcast { mutation, ..broadcast(1, HOLD, budget) }, promise);
    }
    let impatient = Broadcast { tries: 2, ..broadcast(1, RESEND, Budget { freezes: 1, silences: 2, ..NONE }) };
    let mutation = Mutation::DoubtForgetsProof;
    breaks(format!("{mutation:?}"), &Broadcast { mutation, ..impatient }, "the facts of the settled say");
}

#[test]
fn the_mutations_of_the_lease_are_found() {
    use lease::Mutation;
    for mutation in [Mutation::NoGrace, Mutation::CountsFromAnswer, Mutation::RenewsTheDead] {
        breaks(format!("{mutation:?}"), &tenant(mutation), "somebody else was the owner");
    }
}

fn tenant(mutation: lease::Mutation) -> Tenant {
    let terms = LeaseTerms { lease: TICK * 3, renew_every: TICK, stop_before: TICK, grace: TICK * 2 };
    let way: Duration = TICK * ON_THE_WAY;
    assert!(terms.contradictions().is_empty() && terms.outlast(way).is_ok(), "the settings' checks let these pass");
    // The stories of the faults need no crash, and are shorter to find without.
    let crashes = u8::from(mutation == lease::Mutation::None);
    Tenant { terms, ticks: 5, crashes, mutation }
}
