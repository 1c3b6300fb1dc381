//! The same request again under the same key: one broadcast, one answer.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use stentor::ports::Replies;

use super::drafts::{AUTHOR, code, drill, id};
use super::stage::{Answered, Stage, answered};

impl Stage {
    pub async fn keyed(&self, path: &str, token: &str, key: &str, body: &Value) -> Answered {
        answered(self.request(Method::POST, path, token).header("Idempotency-Key", key).json(body)).await
    }

    pub async fn sql(&self, sql: &'static str) {
        let run = async |conn: &mut PgConnection| conn.execute(AssertSqlSafe(sql)).await;
        self.store.database().run("test", run).await.unwrap();
    }

    pub async fn listed(&self) -> usize {
        self.get("/broadcasts?limit=200", "Reader/1").await.body["broadcasts"].as_array().unwrap().len()
    }

    /// As if whoever answered `key` had died before the answer was kept.
    async fn lose_answers(&self) {
        self.sql("update idempotency set answer = null, taken_until = lease_now() - interval '1 second'").await;
    }
}

/// Asks until the first one has been answered.
async fn patiently(stage: &Stage, client: &reqwest::Client, path: &str, key: &str) -> Answered {
    loop {
        let request = client.post(format!("{}/api/v1{path}", stage.url)).bearer_auth(AUTHOR);
        let answer = answered(request.header("Idempotency-Key", key).json(&drill())).await;
        match answer.status {
            409 => assert_eq!(code(&answer), "still_running"),
            // So many at once may be asked to wait for another reason.
            429 => {}
            _ => return answer,
        }
        assert!(answer.headers.contains_key("retry-after"));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn fifty_equal_requests_at_once_make_one_broadcast() {
    let stage = Stage::open(3).await;
    for (place, path) in ["/broadcasts", "/broadcasts?then=send"].into_iter().enumerate() {
        let shared = reqwest::Client::builder().no_proxy().build().unwrap();
        for own_connections in [false, true] {
            let key = format!("{place}-{own_connections}");
            let before = stage.listed().await;
            let clients: Vec<reqwest::Client> = (0..50)
                .map(|_| {
                    if own_connections {
                        reqwest::Client::builder().no_proxy().build().unwrap()
                    } else {
                        shared.clone()
                    }
                })
                .collect();
            let answers = join_all(clients.iter().map(|client| patiently(&stage, client, path, &key))).await;
            for answer in &answers {
                assert_eq!(answer.status, 201, "{answer:?}");
                assert_eq!(
                    (&answer.body, &answer.headers["location"], &answer.headers["etag"]),
                    (&answers[0].body, &answers[0].headers["location"], &answers[0].headers["etag"])
                );
            }
            let fresh = answers.iter().filter(|answer| !answer.headers.contains_key("idempotency-replayed"));
            assert_eq!(fresh.count(), 1, "one did it");
            assert_eq!(stage.listed().await, before + 1);
        }
    }
}

#[tokio::test]
async fn a_key_is_for_one_request_of_one_caller() {
    let stage = Stage::open(3).await;
    let first = stage.keyed("/broadcasts", AUTHOR, "k", &drill()).await;
    let other = stage.keyed("/broadcasts", AUTHOR, "k", &json!({ "title": "Other" })).await;
    assert_eq!((other.status, code(&other)), (422, "key_reused"));
    let elsewhere = stage.keyed("/broadcasts?then=send", AUTHOR, "k", &drill()).await;
    assert_eq!(code(&elsewhere), "key_reused");
    let of_another = stage.keyed("/broadcasts", "Author/8", "k", &drill()).await;
    assert_eq!(of_another.status, 201);
    assert_ne!(id(&of_another), id(&first));
    for key in ["", "a b", &"x".repeat(256)] {
        assert_eq!(code(&stage.keyed("/broadcasts", AUTHOR, key, &drill()).await), "bad_key");
    }
    let refused = stage.keyed("/broadcasts?then=send", AUTHOR, "w", &json!({ "title": "" })).await;
    let again = stage.keyed("/broadcasts?then=send", AUTHOR, "w", &json!({ "title": "" })).await;
    assert_eq!(
        (refused.status, again.status, &again.headers["idempotency-replayed"]),
        (422, 422, &"true".parse().unwrap())
    );
    assert_eq!(again.headers["content-type"], "application/problem+json");
}

#[tokio::test]
async fn whoever_was_refused_may_ask_again_with_the_same_key_once_they_may() {
    let stage = Stage::open(3).await;
    let draft = stage.draft(&drill()).await;
    let path = format!("/broadcasts/{}/submit", id(&draft));
    assert_eq!(stage.keyed(&path, AUTHOR, "s", &json!({})).await.status, 200);
    let path = format!("/broadcasts/{}/approve", id(&draft));
    let approve = |token: &'static str| {
        let request = stage.request(Method::POST, &path, token).header("Idempotency-Key", "a");
        answered(request.header("If-Match", "\"2\""))
    };
    assert_eq!(approve("Author,Approver/7").await.status, 403);
    let again = approve("Author,Approver/7").await;
    assert_eq!((again.status, again.headers.contains_key("idempotency-replayed")), (403, false));
}

#[tokio::test]
async fn a_header_that_was_forgotten_may_be_sent_with_the_same_key() {
    let stage = Stage::open(3).await;
    let path = format!("/broadcasts/{}", id(&stage.draft(&drill()).await));
    let change = |tag: Option<&'static str>| {
        let request = stage.request(Method::PUT, &path, AUTHOR).header("Idempotency-Key", "c").json(&drill());
        answered(tag.into_iter().fold(request, |request, tag| request.header("If-Match", tag)))
    };
    assert_eq!(change(None).await.status, 428);
    assert_eq!(change(Some("\"7\"")).await.status, 412);
    assert_eq!(change(Some("\"1\"")).await.status, 200);
    let unnamed = |kind: &'static str| {
        let request = stage.request(Method::POST, "/broadcasts", AUTHOR).header("Idempotency-Key", "t");
        answered(request.header("content-type", kind).body(drill().to_string()))
    };
    assert_eq!(unnamed("text/plain").await.status, 415);
    assert_eq!(unnamed("application/json").await.status, 201);
}

#[tokio::test]
async fn what_was_stored_before_the_answer_was_lost_is_not_stored_again() {
    let stage = Stage::open(3).await;
    for path in ["/broadcasts", "/broadcasts?then=send"] {
        let first = stage.keyed(path, AUTHOR, path, &drill()).await;
        stage.lose_answers().await;
        let before = stage.listed().await;
        let again = stage.keyed(path, AUTHOR, path, &drill()).await;
        assert_eq!((again.status, id(&again), stage.listed().await), (201, id(&first), before), "{again:?}");
        assert!(!again.headers.contains_key("idempotency-replayed"));
    }
    let draft = id(&stage.draft(&drill()).await);
    let path = format!("/broadcasts/{draft}/send");
    assert_eq!(stage.keyed(&path, AUTHOR, "send", &json!({})).await.status, 202);
    stage.lose_answers().await;
    let again = stage.keyed(&path, AUTHOR, "send", &json!({})).await;
    assert_eq!((again.status, again.body["report"]["rounds"].as_array().map(Vec::len)), (202, Some(1)), "{again:?}");
    let by_another_key = stage.keyed(&path, AUTHOR, "other", &json!({})).await;
    assert_eq!((by_another_key.status, code(&by_another_key)), (409, "wrong_state"));
}

#[tokio::test]
async fn old_answers_are_forgotten() {
    let stage = Stage::open(3).await;
    stage.keyed("/broadcasts", AUTHOR, "k", &drill()).await;
    let now = stage.api.clock.now();
    assert_eq!(stage.store.forget_replies(stage.tenant, now - Duration::from_secs(60)).await.unwrap(), 0);
    assert_eq!(stage.store.forget_replies(stage.tenant, now + Duration::from_secs(60)).await.unwrap(), 1);
    assert_eq!(stage.keyed("/broadcasts", AUTHOR, "k", &json!({ "title": "Other" })).await.status, 201);
}
