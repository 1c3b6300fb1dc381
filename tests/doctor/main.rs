//! `stentor doctor` through the real binary, against a simulated Teams and a real Postgres: set-ups that are broken in one
//! way each, and one that is sound. Each is named by its line, with the cure.

mod house;
mod rows;
mod sound;

use futures_util::StreamExt;
use futures_util::stream;
use house::House;
use rows::Row;

/// Processes side by side: each waits more than it works.
const SIDE_BY_SIDE: usize = 3;

async fn fallen_short(row: Row) -> Option<String> {
    let mut house = House::new().await;
    (row.breaks)(&mut house).await;
    let (exit, document) = house.doctor(row.args).await;
    let problem = row.check(exit, &document).err()?;
    let checks = document["checks"].as_array().into_iter().flatten();
    let told: Vec<String> = checks.filter(|check| check["verdict"] != "ok").map(|check| format!("{check:#}")).collect();
    Some(format!("{}: {problem}\n{}", row.name, told.join("\n")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn every_broken_set_up_is_named_with_its_cure() {
    let rows = rows::all();
    let count = rows.len();
    assert!(count >= 14, "{count}");
    let wrong: Vec<String> = stream::iter(rows.into_iter().map(fallen_short))
        .buffer_unordered(SIDE_BY_SIDE)
        .filter_map(async |it| it)
        .collect()
        .await;
    assert!(wrong.is_empty(), "{} of {count} fall short:\n\n{}", wrong.len(), wrong.join("\n\n"));
    println!("{count} broken set-ups");
}
