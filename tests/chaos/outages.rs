//! The database is away: stopped, unreachable, or without room.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;

use crate::house::{House, Worker, pause};
use crate::network::Network;
use crate::small_disk::SmallDisk;

/// From the end of an outage to the end of the broadcast, of which three quarters are left: a worker that was started
/// afresh has to come up, and one that lost its lease waits for nobody, because its predecessor on this host is gone.
const BACK_WITHIN: Duration = Duration::from_secs(45);

pub async fn postgres_stopped_for_a_minute_in_the_middle_costs_nobody_anything() {
    let mut house = House::open().await;
    let id = house.create();
    let mut worker = house.worker("worker", &house.postgres().url());
    house.until_sent(id, &mut worker, 200).await;

    house.stop_postgres().await;
    let said = worker.sits_out(Duration::from_secs(60)).await;
    assert!(said.contains("The database does not answer."), "{said}");
    assert!(said.contains("The lease cannot be renewed: the database does not answer."), "{said}");
    house.start_postgres().await;

    comes_back(&house, id, &mut worker).await;
    let log = worker.log();
    assert!(log.contains("the database does not answer; trying again"), "{log}");
    if worker.restarts > 0 {
        assert!(log.contains("The database does not answer: not for a minute"), "{log}");
    }
}

pub async fn a_network_that_is_silent_for_a_minute_costs_nobody_anything() {
    let house = House::open().await;
    let network = Network::to(house.postgres().connect_options()).await;
    let id = house.create();
    let mut worker = house.worker("worker", &network.url());
    house.until_sent(id, &mut worker, 200).await;

    network.go_dark();
    let said = worker.sits_out(Duration::from_secs(60)).await;
    assert!(said.contains("The lease cannot be renewed: the database does not answer."), "{said}");
    network.restore();

    comes_back(&house, id, &mut worker).await;
}

pub async fn a_full_disk_for_half_a_minute_costs_nobody_anything() {
    let Some(disk) = SmallDisk::mount(192) else { return };
    let dir = tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap();
    let mut house = House::on(dir, disk.path().join("data")).await;
    let id = house.create();
    let mut worker = house.worker("worker", &house.postgres().url());
    house.until_sent(id, &mut worker, 200).await;

    disk.fill();
    let said = worker.sits_out(Duration::from_secs(30)).await;
    let log = worker.log();
    assert!(log.contains("No space left on device"), "the disk was not full enough: {log}");
    assert!(said.contains("Results cannot be written down: the database does not answer: flush"), "{said}");
    disk.relieve();
    // Without room for its journal Postgres gives up; whoever keeps it starts it again.
    let has_ended = house.postgres_ended().await;
    println!("Postgres {} on the full disk", if has_ended { "ended" } else { "went on" });
    if has_ended {
        house.start_postgres().await;
    }
    comes_back(&house, id, &mut worker).await;
    drop(house);
}

/// By itself, within a stated time, and without a trace but in the log.
async fn comes_back(house: &House, id: stentor::domain::ids::BroadcastId, worker: &mut Worker) {
    let back_at = SystemClock.monotonic();
    let progress = house.ends_well(id, &mut [&mut *worker]).await;
    let took = SystemClock.monotonic().saturating_since(back_at);
    println!(
        "done {:.1} s after the database was back, after {} restarts: {progress:?}",
        took.as_secs_f64(),
        worker.restarts
    );
    assert!(took < BACK_WITHIN, "{took:?}");
    let well_at = SystemClock.monotonic() + Duration::from_secs(15);
    while !worker.readiness().await.contains("\"ready\":true") {
        assert!(SystemClock.monotonic() < well_at, "{}\n{}", worker.readiness().await, worker.last_words());
        worker.look_after();
        pause(Duration::from_millis(200)).await;
    }
}
