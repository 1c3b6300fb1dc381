//! The examination over HTTP.

use serde_json::json;
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;

use crate::stage::Stage;

const ADMIN: &str = "Admin/1";

#[tokio::test]
async fn an_administrator_lets_everything_be_examined_and_reads_what_was_found() {
    let stage = Stage::open(3).await;
    assert_eq!(stage.get("/doctor", ADMIN).await.body["examination"], json!(null));
    let begun = stage.post("/doctor", ADMIN, &json!(null)).await;
    assert_eq!((begun.status, &begun.body["began"]), (202, &json!(true)), "{}", begun.body);
    let give_up_at = SystemClock.monotonic() + std::time::Duration::from_secs(30);
    let found = loop {
        let found = stage.get("/doctor", ADMIN).await.body["examination"].clone();
        if !found["ended_at"].is_null() {
            break found;
        }
        assert!(SystemClock.monotonic() < give_up_at, "{found}");
    };
    assert_eq!((&found["sound"], &found["failure"]), (&json!(true), &json!(null)));
    assert_eq!((&found["checks"][0]["name"], &found["checks"][0]["verdict"]), (&json!("stage"), &json!("ok")));
}
