//! The directory over HTTP: how fresh it is, who is in it, and reading it again.

use reqwest::Method;
use serde_json::json;
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;

use crate::stage::{Answered, Stage, answered};

const READER: &str = "Reader/8";

async fn sync(stage: &Stage, token: &str) -> Answered {
    answered(stage.request(Method::POST, "/directory/sync?whole=true", token)).await
}

/// The principal name of somebody.
fn first_name(stage: &Stage) -> String {
    let world = stage.simulator.world();
    let world = world.lock().unwrap();
    world.organisation().people()[0].principal_name()
}

/// What the directory is like once nobody reads it any more.
async fn read_to_the_end(stage: &Stage) -> Answered {
    let give_up_at = SystemClock.monotonic() + std::time::Duration::from_secs(30);
    loop {
        let status = stage.get("/directory", READER).await;
        if !status.body["reading"]["ended_at"].is_null() {
            return status;
        }
        assert!(SystemClock.monotonic() < give_up_at, "{}", status.body);
    }
}

#[tokio::test]
async fn the_directory_tells_how_fresh_it_is() {
    let stage = Stage::open(30).await;
    let status = stage.get("/directory", READER).await;
    assert_eq!(status.status, 200);
    assert_eq!((&status.body["people"], &status.body["stale"]), (&json!(30), &json!(false)));
    assert_eq!((&status.body["failure"], &status.body["reading"]), (&json!(null), &json!(null)));
}

#[tokio::test]
async fn people_and_groups_are_found_by_the_beginning_of_a_name() {
    let stage = Stage::open(30).await;
    let name = first_name(&stage);
    let found = stage.get(&format!("/directory/search?text={}", &name[..5]), READER).await;
    assert_eq!(found.status, 200);
    assert!(found.body["people"].as_array().unwrap().iter().any(|person| person["user_principal_name"] == *name));
    let found = stage.get("/directory/search?text=project%20b&limit=1", READER).await;
    assert_eq!(found.body["groups"].as_array().unwrap().len(), 2, "{}", found.body);
    for wrong in ["", "?text=", "?text=%20", "?text=a&limit=0", "?text=a&limit=201", "?text=a&more=1", "?text=%00"] {
        let told = stage.get(&format!("/directory/search{wrong}"), READER).await;
        assert_eq!(told.status, 400, "{wrong}: {}", told.body);
    }
}

#[tokio::test]
async fn what_the_directory_says_of_people_is_counted() {
    let stage = Stage::open(30).await;
    let told = stage.get("/directory/values?of=department", READER).await;
    assert_eq!(told.status, 200, "{}", told.body);
    let values = told.body["values"].as_array().unwrap();
    let counts: Vec<u64> = values.iter().map(|value| value["people"].as_u64().unwrap()).collect();
    assert!(counts.len() > 1 && counts.is_sorted_by(|one, next| one >= next), "{}", told.body);
    assert!(counts.iter().sum::<u64>() <= 30);
    let first = values[0]["value"].as_str().unwrap();
    let meant =
        stage.post("/audiences/count", READER, &json!({ "expression": format!("department = \"{first}\"") })).await;
    assert_eq!(meant.body["people"], json!(counts[0]), "{}", meant.body);
    assert_eq!(stage.get("/directory/values?of=department&limit=1", READER).await.body["values"], json!([values[0]]));
    for wrong in ["", "?of=shoe_size", "?of=country&limit=0", "?of=country&limit=501"] {
        assert_eq!(stage.get(&format!("/directory/values{wrong}"), READER).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn people_are_found_while_nobody_can_be_asked_about_groups() {
    let stage = Stage::open(5).await;
    let order = json!({ "role": "GroupMember.Read.All", "granted": false, "revoke_tokens": true });
    let url = format!("{}/_simulator/permissions", stage.simulator.base_url());
    let withdrawn = reqwest::Client::builder().no_proxy().build().unwrap().post(url).json(&order).send().await.unwrap();
    assert!(withdrawn.status().is_success());
    let found = stage.get(&format!("/directory/search?text={}", &first_name(&stage)[..5]), READER).await;
    assert_eq!(found.status, 200, "{}", found.body);
    assert!(found.body["groups_failure"].is_string(), "{}", found.body);
    assert!(!found.body["people"].as_array().unwrap().is_empty(), "{}", found.body);
    let counted = stage.post("/audiences/count", READER, &json!({ "expression": "group \"Circle\"" })).await;
    assert_eq!((counted.status, counted.body["code"].as_str()), (503, Some("directory_refused")), "{}", counted.body);
}

#[tokio::test]
async fn the_directory_is_read_in_the_background_and_by_one_at_a_time() {
    let stage = Stage::open(200).await;
    let (one, other) = tokio::join!(sync(&stage, "Admin/1"), sync(&stage, "Admin/2"));
    assert_eq!((one.status, other.status), (202, 202));
    let began = [&one, &other].map(|answer| answer.body["began"].as_bool().unwrap());
    assert!(began[0] != began[1], "one of them began it: {began:?}");
    let status = read_to_the_end(&stage).await;
    assert_eq!(status.body["reading"]["progress"]["people"], 200, "{}", status.body);
    assert_eq!(status.body["reading"]["failure"], json!(null));
    assert_eq!(sync(&stage, "Admin/1").await.body["began"], true, "the next one begins anew");
    assert_eq!(sync(&stage, "Author/3").await.status, 403);
}
