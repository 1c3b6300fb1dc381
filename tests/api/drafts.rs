//! Drafts: written, changed by several people, looked at, listed.

use reqwest::Method;
use serde_json::{Value, json};

use super::stage::{Answered, Stage, answered};

pub const AUTHOR: &str = "Author/7";

/// An announcement to everybody.
pub fn drill() -> Value {
    json!({ "title": "Fire drill", "body": "At **noon**.", "audience": { "expression": "everyone" } })
}

pub fn id(answer: &Answered) -> String {
    answer.body["id"].as_str().unwrap_or_else(|| panic!("{answer:?}")).to_owned()
}

pub fn etag(answer: &Answered) -> String {
    answer.headers["etag"].to_str().unwrap().to_owned()
}

pub fn state(answer: &Answered) -> &str {
    answer.body["state"].as_str().unwrap_or_else(|| panic!("{answer:?}"))
}

pub fn code(answer: &Answered) -> &str {
    answer.body["code"].as_str().unwrap_or_else(|| panic!("{answer:?}"))
}

impl Stage {
    pub async fn draft(&self, manuscript: &Value) -> Answered {
        let draft = self.post("/broadcasts", AUTHOR, manuscript).await;
        assert_eq!(draft.status, 201, "{draft:?}");
        draft
    }

    /// `POST /broadcasts/{id}/{verb}` by whoever `token` says, who read the version `tag`.
    pub async fn verb(&self, id: &str, verb: &str, token: &str, tag: &str, body: &Value) -> Answered {
        let request = self.request(Method::POST, &format!("/broadcasts/{id}/{verb}"), token).json(body);
        answered(if tag.is_empty() { request } else { request.header("If-Match", tag) }).await
    }

    pub async fn change(&self, id: &str, token: &str, tag: &str, manuscript: &Value) -> Answered {
        let request = self.request(Method::PUT, &format!("/broadcasts/{id}"), token).json(manuscript);
        answered(if tag.is_empty() { request } else { request.header("If-Match", tag) }).await
    }
}

#[tokio::test]
async fn a_draft_is_written_changed_and_deleted_by_whoever_has_read_it() {
    let stage = Stage::open(3).await;
    let draft = stage.draft(&drill()).await;
    let (id, first) = (id(&draft), etag(&draft));
    assert_eq!(draft.headers["location"], format!("/api/v1/broadcasts/{id}"));
    assert_eq!(
        (state(&draft), &draft.body["draft"]["created"]["subject"]),
        ("draft", &json!("person:00000000-0000-0000-0000-000000000007"))
    );
    let other = json!({ "title": "Drill at one", "body": "At one.", "audience": { "expression": "everyone" } });
    let unread = stage.change(&id, AUTHOR, "", &other).await;
    assert_eq!((unread.status, code(&unread)), (428, "if_match_missing"));
    let changed = stage.change(&id, "Author/8", &first, &other).await;
    assert_eq!((changed.status, changed.body["draft"]["version"].as_u64()), (200, Some(2)));
    let lost = stage.change(&id, AUTHOR, &first, &drill()).await;
    assert_eq!((lost.status, code(&lost)), (412, "changed"), "a lost update is refused");
    let again = etag(&changed);
    let drill_again = drill();
    let both =
        tokio::join!(stage.change(&id, AUTHOR, &again, &drill_again), stage.change(&id, "Author/8", &again, &other));
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412], "of two at once, one");
    let read = stage.get(&format!("/broadcasts/{id}"), "Reader/9").await;
    assert_eq!((read.status, etag(&read).as_str()), (200, "\"3\""));
    let by_reader = stage.change(&id, "Reader/9", "\"3\"", &drill()).await;
    assert_eq!(by_reader.status, 403);
    let gone =
        answered(stage.request(Method::DELETE, &format!("/broadcasts/{id}"), AUTHOR).header("If-Match", "\"3\"")).await;
    assert_eq!(gone.status, 204);
    assert_eq!(stage.get(&format!("/broadcasts/{id}"), AUTHOR).await.status, 404);
}

#[tokio::test]
async fn a_draft_is_kept_as_wrong_as_it_is_and_says_what_is_wrong_when_asked() {
    let stage = Stage::open(3).await;
    let wrong = json!({ "title": "", "channel": "feed", "feed": { "topic": "x" }, "deadline": "soon" });
    let draft = stage.draft(&wrong).await;
    let looked = stage.verb(&id(&draft), "validate", "Reader/1", "", &json!({})).await;
    assert_eq!((looked.status, &looked.body["is_valid"]), (200, &json!(false)));
    let fields: Vec<&str> =
        looked.body["faults"].as_array().unwrap().iter().map(|fault| fault["field"].as_str().unwrap()).collect();
    for field in ["title", "feed.topic", "deadline", "audience"] {
        assert!(fields.contains(&field), "{field}: {fields:?}");
    }
    let sent = stage.verb(&id(&draft), "send", AUTHOR, "", &json!({})).await;
    assert_eq!((sent.status, code(&sent)), (422, "invalid"));
    assert!(!sent.body.to_string().contains("--"), "{sent:?}");
    let unknown = stage.post("/broadcasts", AUTHOR, &json!({ "tittle": "x" })).await;
    assert_eq!((unknown.status, code(&unknown)), (422, "bad_body"));
}

#[tokio::test]
async fn a_dry_run_counts_and_shows_the_card_and_keeps_nothing() {
    let stage = Stage::open(5).await;
    let looked = stage.post("/broadcasts/validate", "Reader/1", &drill()).await;
    assert_eq!((looked.status, &looked.body["message"]["card"]["type"]), (200, &json!("AdaptiveCard")), "{looked:?}");
    let tried = stage.post("/broadcasts/dry-run", "Reader/1", &drill()).await;
    assert_eq!((tried.status, &tried.body["targeted"]), (200, &json!(5)), "{tried:?}");
    let listed = json!({ "title": "A", "body": "B", "audience": { "list": "nobody@contoso.example\nx\n" } });
    let refused = stage.post("/broadcasts/dry-run", "Reader/1", &listed).await;
    assert_eq!(
        (refused.status, refused.body["faults"][0]["field"].as_str()),
        (422, Some("audience.list")),
        "{refused:?}"
    );
    assert!(!refused.body.to_string().contains("--"), "{refused:?}");
    assert_eq!(stage.get("/broadcasts", "Reader/1").await.body["broadcasts"], json!([]));
}

#[tokio::test]
async fn drafts_and_broadcasts_are_listed_together_page_by_page() {
    let stage = Stage::open(3).await;
    for title in ["One", "Two", "Three"] {
        stage.draft(&json!({ "title": title, "body": "Text.", "audience": { "expression": "everyone" } })).await;
    }
    let sent = stage.post("/broadcasts?then=send", AUTHOR, &drill()).await;
    assert_eq!(sent.status, 201, "{sent:?}");
    let titles = |page: &Answered| -> Vec<String> {
        let rows = page.body["broadcasts"].as_array().unwrap();
        rows.iter().map(|row| row["title"].as_str().unwrap().to_owned()).collect()
    };
    let first = stage.get("/broadcasts?limit=2", "Reader/1").await;
    assert_eq!(titles(&first), ["Fire drill", "Three"], "{first:?}");
    assert!(first.body["broadcasts"][0]["report"].is_object() && first.body["broadcasts"][1]["report"].is_null());
    let next = first.body["next"].as_str().unwrap();
    assert_eq!(titles(&stage.get(&format!("/broadcasts?limit=2&after={next}"), "Reader/1").await), ["Two", "One"]);
    assert_eq!(titles(&stage.get("/broadcasts?state=draft&title=t", "Reader/1").await), ["Three", "Two"]);
    assert_eq!(titles(&stage.get("/broadcasts?state=expanding", "Reader/1").await), ["Fire drill"]);
    for wrong in ["limit=0", "limit=201", "state=none", "after=x", "limt=1"] {
        assert_eq!(stage.get(&format!("/broadcasts?{wrong}"), "Reader/1").await.status, 400, "{wrong}");
    }
    let again = stage.verb(&id(&sent), "duplicate", AUTHOR, "", &json!({})).await;
    assert_eq!((again.status, state(&again)), (201, "draft"));
    assert_eq!(again.body["draft"]["manuscript"], sent.body["draft"]["manuscript"]);
}
