//! P8: a database that comes back from a backup knows nothing of the hour since, and must not tell everybody again.

use std::time::Duration;

use chrono::TimeDelta;
use stentor::app::control::{Granted, Wish, grant};
use stentor::domain::broadcast::BroadcastState;
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::ids::WorkerId;
use stentor::ports::Store;

use crate::house::{house, organisation};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_broadcast_of_an_hour_old_copy_waits_for_a_person() {
    let house = house(organisation(300)).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    house.until(id, |report| report.progress.sent >= 40).await;
    // The copy is made in mid-broadcast, its owner's lease and open permissions included.
    working.task.abort();
    let _ = working.task.await;
    let copy = house.database.copy().await;
    let told_by_then = house.simulator.ledger_summary().delivered;

    // The original goes on to its end; then it is lost, and the copy takes its place.
    // Its pool finds the connections cut off that it had, one by one.
    while house.store.end_lease(WorkerId(1)).await.is_err() {}
    let working = house.worker();
    let report = house.until_done(id).await;
    working.stop().await;
    let delivered = house.simulator.ledger_summary().delivered;
    assert!(delivered > told_by_then && report.progress.pending == 0, "{report:?}");
    let house = house.on(copy);
    house.set_database_clock(TimeDelta::minutes(61)).await;
    let stale = house.report(id).await;
    assert!(stale.state == BroadcastState::Running && stale.progress.pending > 0, "{stale:?}");

    let working = house.worker();
    house.until(id, |report| report.state == BroadcastState::Missed).await;
    house.pause(Duration::from_secs(2)).await;
    assert_eq!(house.simulator.ledger_summary().delivered, delivered, "somebody was told again without being asked");
    // Whoever looks decides: this person knows that it went out, and ends it.
    let wish = grant(&*house.store, house.tenant, id, Wish::Cancel, house.clock.now()).await.unwrap();
    assert!(matches!(wish, Granted::Yes(_)), "{wish:?}");
    let report = house.until_done(id).await;
    working.stop().await;
    assert_eq!((report.state, report.progress.pending), (BroadcastState::Cancelled, 0));
    assert_eq!(house.simulator.ledger_summary().delivered, delivered);
}
