//! The API over real HTTP, on a real Postgres. `stage.rs` holds the pieces.

#![allow(
    clippy::disallowed_methods,
    reason = "the server under test goes by the real clock, and so does whoever asks it"
)]

use serde_json::json;

use stage::Stage;

mod audiences;
mod audit;
mod deliveries;
mod directory;
mod doctor;
mod document;
mod doors;
mod drafts;
mod entra;
mod events;
mod exports;
mod idempotency;
mod life;
mod manuscripts;
mod matrix;
mod pictures;
mod sign_in;
mod stage;
mod told;

#[tokio::test]
async fn whoever_asks_is_told_who_they_are() {
    let stage = Stage::open(5).await;
    let me = stage.get("/me", "Author/7").await;
    assert_eq!(me.status, 200);
    assert_eq!(me.body["roles"], json!(["author"]));
    let nobody = stage.get("/me", "").await;
    assert_eq!((nobody.status, nobody.body["code"].as_str()), (401, Some("not_signed_in")));
}
