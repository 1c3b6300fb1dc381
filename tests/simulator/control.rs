//! The strings that a test pulls, and what the ledger tells.

use stentor::simulator::Bucket;

use super::*;

#[tokio::test]
async fn the_same_seed_gives_the_same_organisation() {
    let page = "/users?$top=400&$select=id,displayName,userPrincipalName,department,country";
    let mut pages = Vec::new();
    for seed in [7, 7, 8] {
        let stage = Stage::set(SimulatorSettings { seed, ..settings() }).await;
        let told = Told::by(stage.graph(Method::GET, page)).await;
        pages.push(told.body["value"].clone());
    }
    assert_eq!(pages[0], pages[1]);
    assert_ne!(pages[0], pages[2]);
}

#[tokio::test]
async fn the_organisation_says_what_a_run_must_end_with() {
    let stage = Stage::plain().await;
    let told = stage.look("organisation").await;
    let expected = json!({"total": 400, "guests": 10, "unlicensed": 10, "policy": 10, "blocked": 10, "disabled": 0,
        "without_bot": 120, "warm": 240, "reachable": 360});
    assert_eq!(told.body, expected);
    let warm = Stage::set(SimulatorSettings { warm: true, ..settings() }).await;
    assert_eq!(warm.look("organisation").await.body["warm"], 360);
}

#[tokio::test]
async fn the_ledger_counts_requests_messages_and_duplicates() {
    let stage = Stage::plain().await;
    let (first, second) = (stage.someone(Standing::Warm, 0), stage.someone(Standing::Warm, 1));
    for (user, text) in [(&first, "Noon"), (&second, "Noon"), (&first, "Noon"), (&first, "One o'clock")] {
        stage.send(user, &card(text)).await;
    }
    let summary = stage.look("ledger").await.body;
    assert_eq!((&summary["requests"]["send"], &summary["requests"]["token"]), (&json!(4), &json!(2)));
    assert_eq!(
        (&summary["delivered"], &summary["duplicates"], &summary["people_reached"]),
        (&json!(4), &json!(1), &json!(2))
    );
    assert_eq!(summary["statuses"]["send"], json!({"201": 4}));
    assert_eq!(summary["max_in_any_second"]["send"], 4);
    assert_eq!(summary["first_request_at"]["send"], "2026-11-02T09:00:00.123Z");
}

#[tokio::test]
async fn the_ledger_lists_every_request_and_every_message() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let id = "9a5d0000-0000-4000-8000-000000000000";
    let checking = stage.graph(Method::GET, &format!("/users/{user}/teamwork/installedApps"));
    let told = Told::by(checking.header("client-request-id", id)).await;
    assert_eq!(told.header("client-request-id"), Some(id));
    stage.send(&user, &card("Noon")).await;
    let requests = lines(&stage.look("ledger/requests").await);
    let check = requests.iter().find(|line| line["bucket"] == "check").expect("the check is listed");
    assert_eq!((&check["person"], &check["request_id"], &check["status"]), (&json!(user), &json!(id), &json!(200)));
    assert_eq!(check["path"], "/users/{id}/teamwork/installedApps");
    let messages = lines(&stage.look("ledger/messages").await);
    assert_eq!(messages.len(), 1);
    assert_eq!((&messages[0]["person"], &messages[0]["conversation"]), (&json!(user), &json!(chat_of(&user))));
    assert_eq!(messages[0]["content"]["summary"], "Noon");
}

fn lines(told: &Told) -> Vec<Value> {
    told.text.lines().map(|line| serde_json::from_str(line).expect("one document a line")).collect()
}

#[tokio::test]
async fn a_reset_ledger_begins_again() {
    let stage = Stage::plain().await;
    stage.send(&stage.someone(Standing::Warm, 0), &card("Noon")).await;
    assert_eq!(stage.pull("ledger/reset", json!({})).await.status, 204);
    let summary = stage.simulator.ledger_summary();
    assert_eq!((summary.delivered, summary.requests.len()), (0, 0));
}

#[tokio::test]
async fn a_throttle_called_for_ends_by_itself() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    stage.pull("throttle", json!({"bucket": "check", "seconds": 3})).await;
    let told = stage.check(&user).await;
    assert_eq!((told.status, told.header("retry-after")), (429, Some("3")));
    stage.clock.advance(Duration::from_secs(3));
    assert_eq!(stage.check(&user).await.status, 200);
}

#[tokio::test]
async fn an_order_that_is_not_understood_changes_nothing() {
    let stage = Stage::plain().await;
    for (string, order) in [
        ("secret", json!({"state": "lost"})),
        ("throttle", json!({"bucket": "everything", "seconds": 1})),
        ("throttle", json!({"bucket": "send", "seconds": -1})),
        ("faults", json!({"unavailabel": 1.0})),
        ("faults", json!({"unavailable": 1.5})),
        ("faults", json!("stormy")),
    ] {
        assert_eq!(stage.pull(string, order).await.status, 400, "{string}");
    }
    assert_eq!(stage.pull("faults", json!("rough")).await.status, 200);
}

#[tokio::test]
async fn a_stray_request_is_answered_and_counted() {
    let stage = Stage::plain().await;
    let told = Told::by(stage.graph(Method::GET, "/me/messages")).await;
    assert_eq!((told.status, told.code()), (404, "ResourceNotFound"));
    assert_eq!(Told::by(stage.graph(Method::PATCH, "/users")).await.status, 404);
    assert_eq!(stage.simulator.ledger_summary().requests[&Bucket::Other], 2);
}

#[tokio::test]
async fn a_stopped_simulator_closes_its_door() {
    let stage = Stage::plain().await;
    let address = stage.simulator.base_url();
    stage.simulator.stop().await;
    let error = stage.client.get(address).send().await.expect_err("nobody is there");
    assert!(error.is_connect(), "{error:?}");
}
