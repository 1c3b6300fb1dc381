//! Bad input of every kind through the real binary, as one table: each refusal names the field, the limit and the cure,
//! exits with the right code, shows no trace of our own insides, and leaves nothing half-made behind.

mod commands;
mod ground;
mod row;
mod said;
mod settings;
mod site;
#[path = "../support/small_disk.rs"]
#[allow(dead_code, reason = "each test uses its part of it")]
mod small_disk;

use std::sync::Mutex;
use std::time::Duration;

use row::Row;
use site::Site;
use small_disk::SmallDisk;
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;

/// Processes side by side: each waits more than it works.
const SIDE_BY_SIDE: usize = 4;

fn refusals(rows: Vec<Row>, site: &Site) -> Vec<String> {
    let (rows, wrong) = (Mutex::new(rows.into_iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(|| {
                loop {
                    let next = rows.lock().unwrap().next();
                    let Some(row) = next else { break };
                    if let Err(problem) = row.check(site) {
                        wrong.lock().unwrap().push(format!("{}: {problem}", row.name));
                    }
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

#[test]
fn every_refusal_names_field_limit_and_cure_and_stores_nothing() {
    let begun = SystemClock.monotonic();
    let site = Site::open();
    let rows: Vec<Row> = [said::rows(), settings::rows(), commands::rows(), ground::rows(), site::rows(&site)]
        .into_iter()
        .flatten()
        .collect();
    let (count, before) = (rows.len() + 1, site.broadcasts());
    assert!(count >= 60, "{count}");
    let mut wrong = refusals(rows, &site);
    // It changes the simulated Teams for everybody, so it is the last.
    site.order("/_simulator/secret", r#"{"state": "expired"}"#);
    wrong.extend(refusals(vec![site::expired_secret()], &site));
    assert!(wrong.is_empty(), "{} of {count} fall short:\n\n{}", wrong.len(), wrong.join("\n\n"));
    assert_eq!(site.broadcasts(), before, "something was stored");
    let took = SystemClock.monotonic().saturating_since(begun);
    println!("{count} refusals in {:.1} s", took.as_secs_f64());
    assert!(took < Duration::from_secs(120), "{took:?}");
}

/// Half of a cluster fits; /dev/full in the table above is the stand-in for those who may not mount.
#[test]
fn a_data_directory_on_a_full_disk_is_refused_and_nothing_half_made_is_kept() {
    let Some(disk) = SmallDisk::mount(16) else { return };
    let data = disk.path().join("data");
    let site = Site::open();
    let wrong = refusals(vec![ground::full_disk("half of it fits", &data), ground::full_disk("again", &data)], &site);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    let kept: Vec<String> = std::fs::read_dir(&data)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.starts_with("postgres"))
        .collect();
    assert_eq!(kept, Vec::<String>::new(), "something half-made was kept");
    // Not a byte is left, where even the folder's own files do not fit.
    disk.fill();
    let wrong = refusals(vec![ground::full_disk("nothing fits", &disk.path().join("other"))], &site);
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
