//! Chaos over the real thing: worker processes, a durable Postgres, and the simulated Teams whose ledger is the judge.
//! Postgres goes away, the network falls silent, the disk fills, commits crawl, a worker freezes. Afterwards nobody is
//! lost, nobody was told twice, and nobody had to help.
//!
//! Each takes as long as its mishap and mostly waits, so all run side by side in one test: the harness would run as many at
//! a time as there are processors.

mod house;
#[path = "../support/network.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod network;
mod outages;
#[path = "../support/small_disk.rs"]
mod small_disk;
mod workers;

use std::thread::JoinHandle;

use outages::{
    a_full_disk_for_half_a_minute_costs_nobody_anything, a_network_that_is_silent_for_a_minute_costs_nobody_anything,
    postgres_stopped_for_a_minute_in_the_middle_costs_nobody_anything,
};
use tokio::runtime::Runtime;
use workers::{
    a_frozen_worker_is_followed_by_the_standby_and_its_late_answers_are_recorded,
    writes_that_crawl_slow_the_broadcast_down_and_nothing_else,
};

/// Starts each in a thread of its own, whose name stands in what it says when it fails.
macro_rules! side_by_side {
    ($($sentence:ident),* $(,)?) => {
        [$((stringify!($sentence), beside(stringify!($sentence), || Runtime::new().unwrap().block_on($sentence())))),*]
    };
}

fn beside(name: &str, run: fn()) -> JoinHandle<()> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run).unwrap()
}

#[test]
fn whatever_goes_away_in_the_middle_nobody_is_lost_and_nobody_is_told_twice() {
    let all = side_by_side![
        postgres_stopped_for_a_minute_in_the_middle_costs_nobody_anything,
        a_network_that_is_silent_for_a_minute_costs_nobody_anything,
        a_full_disk_for_half_a_minute_costs_nobody_anything,
        a_frozen_worker_is_followed_by_the_standby_and_its_late_answers_are_recorded,
        writes_that_crawl_slow_the_broadcast_down_and_nothing_else,
    ];
    let mut failed = Vec::new();
    for (sentence, thread) in all {
        match thread.join() {
            Ok(()) => println!("{sentence} ... ok"),
            Err(_) => failed.push(sentence),
        }
    }
    assert_eq!(failed, Vec::<&str>::new(), "what went wrong stands above, where it was said");
}
