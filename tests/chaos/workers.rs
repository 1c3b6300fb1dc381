//! Something crawls or freezes.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::house::{House, pause};

pub async fn writes_that_crawl_slow_the_broadcast_down_and_nothing_else() {
    let house = House::open().await;
    let id = house.create();
    let mut worker = house.worker("worker", &house.postgres().url());
    house.until_sent(id, &mut worker, 200).await;

    house
        .sql(
            "create function crawl() returns trigger language plpgsql as
               $$ begin perform pg_sleep(1.5); return null; end $$;
             create trigger crawl after update on chunk for each statement execute function crawl();",
        )
        .await;
    let before = house.report(id).await.unwrap().progress;
    worker.goes_on(Duration::from_secs(15)).await;
    let during = house.report(id).await.unwrap().progress;
    assert!(during.sent > before.sent, "it stands still: {before:?} {during:?}");
    house.sql("drop trigger crawl on chunk").await;

    let progress = house.ends_well(id, &mut [&mut worker]).await;
    assert_eq!(progress.unconfirmed, 0, "slowness is no doubt");
    assert_eq!(worker.restarts, 0);
    let log = worker.log();
    assert!(!log.contains("lease had ended"), "leases have a connection of their own\n{log}");
}

pub async fn a_frozen_worker_is_followed_by_the_standby_and_its_late_answers_are_recorded() {
    let house = House::open().await;
    let id = house.create();
    let mut first = house.worker("first", &house.postgres().url());
    house.until_sent(id, &mut first, 200).await;
    let mut standby = house.worker("standby", &house.postgres().url());
    pause(Duration::from_secs(1)).await;

    first.signal(Signal::SIGSTOP);
    house.until(id, &mut [&mut standby], |report| report.progress.unconfirmed > 0).await;
    standby.goes_on(Duration::from_secs(8)).await;
    let held = house.report(id).await.unwrap().progress;
    first.signal(Signal::SIGCONT);

    let progress = house.ends_well(id, &mut [&mut standby, &mut first]).await;
    first.says("the lease had ended before it was renewed").await;
    // Whoever had an answer waiting in a socket is proved sent; the others stay as they were held.
    first.says("this run of the worker is over").await;
    let proved = house.report(id).await.unwrap().progress;
    println!(
        "held in doubt {}, at the end {}, after the late answers {}",
        held.unconfirmed, progress.unconfirmed, proved.unconfirmed
    );
    assert!(proved.unconfirmed < held.unconfirmed, "no late answer was recorded: {held:?} {proved:?}");
    assert_eq!((first.restarts, standby.restarts), (0, 0));
}
