//! The audit: who did what, before and after; and that nothing is done without it.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use stentor::adapters::system::SystemClock;
use stentor::domain::time::Timestamp;
use stentor::ports::{Clock, Deed, DeedFilter, Deeds, Store};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::stage::{Answered, Stage, answered};

const AUTHOR: &str = "Author/7";
const ADMIN: &str = "Admin/1";

async fn save(stage: &Stage, name: &str, token: &str, expression: &str) -> Answered {
    let request = stage.request(Method::PUT, &format!("/audiences/{name}"), token);
    answered(request.json(&json!({ "expression": expression }))).await
}

/// The lines, oldest first.
async fn lines(stage: &Stage, query: &str) -> Vec<Value> {
    let page = stage.get(&format!("/audit{query}"), ADMIN).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let mut lines = page.body["deeds"].as_array().unwrap().clone();
    lines.reverse();
    lines
}

#[tokio::test]
async fn every_action_leaves_a_line_before_and_one_after() {
    let stage = Stage::open(5).await;
    save(&stage, "south", AUTHOR, "country = \"Spain\"").await;
    save(&stage, "south", AUTHOR, "everyone").await;
    save(&stage, "south", AUTHOR, "country =").await;
    let lines = lines(&stage, "?subject=south").await;
    let told: Vec<_> = lines.iter().map(|line| (line["status"].clone(), line["after"]["expression"].clone())).collect();
    let none = Value::Null;
    let expected = [
        (none.clone(), none.clone()),
        (json!(200), json!("country = \"Spain\"")),
        (none.clone(), none.clone()),
        (json!(200), json!("everyone")),
        (none.clone(), none.clone()),
        (json!(422), none),
    ];
    assert_eq!(told, expected);
    let second = &lines[3];
    assert_eq!(second["before"]["expression"], "country = \"Spain\"");
    assert_eq!((&second["action"], &second["actor_name"]), (&json!("save_audience"), &json!("Person 7")));
    assert_eq!(second["actor"], "person:00000000-0000-0000-0000-000000000007");
}

#[tokio::test]
async fn whoever_may_not_is_noted_and_whoever_only_looks_is_not() {
    let stage = Stage::open(5).await;
    assert_eq!(save(&stage, "south", "Reader/9", "everyone").await.status, 403);
    assert_eq!(stage.get("/audit", AUTHOR).await.status, 403);
    assert_eq!(stage.get("/audiences", AUTHOR).await.status, 200);
    assert_eq!(save(&stage, "south", "", "everyone").await.status, 401);
    assert_eq!(stage.post("/audiences/count", AUTHOR, &json!({ "expression": "everyone" })).await.status, 200);
    let lines = lines(&stage, "").await;
    let told: Vec<_> = lines.iter().map(|line| (line["action"].clone(), line["status"].clone())).collect();
    assert_eq!(told, [(json!("save_audience"), json!(403)), (json!("list_audit"), json!(403))]);
}

#[tokio::test]
async fn nothing_is_done_that_cannot_be_noted() {
    let stage = Stage::open(5).await;
    let run = async |sql: &'static str| {
        stage.store.database().run("test", async |conn| sqlx::query(sql).execute(conn).await).await
    };
    run("alter table audit rename to audit_gone").await.unwrap();
    let refused = save(&stage, "south", AUTHOR, "everyone").await;
    assert_eq!((refused.status, refused.body["code"].as_str()), (503, Some("not_noted")), "{}", refused.body);
    assert_eq!(refused.headers["retry-after"], "5");
    run("alter table audit_gone rename to audit").await.unwrap();
    assert_eq!(stage.get("/audiences", AUTHOR).await.body, json!({ "audiences": [] }));
}

#[tokio::test]
async fn what_was_written_is_never_changed() {
    let stage = Stage::open(5).await;
    save(&stage, "south", AUTHOR, "everyone").await;
    for sql in ["update audit set actor = 'nobody'", "delete from audit", "truncate audit"] {
        let refused = stage.store.database().run("test", async |conn| sqlx::query(sql).execute(conn).await).await;
        let refused = refused.expect_err(sql).to_string();
        assert!(refused.contains("only ever added to"), "{refused}");
    }
    assert_eq!(lines(&stage, "").await.len(), 2);
}

#[tokio::test]
async fn the_audit_is_read_page_by_page_and_by_actor() {
    let stage = Stage::open(5).await;
    for (name, token) in [("a", "Author/7"), ("b", "Author/8"), ("c", "Author/7")] {
        save(&stage, name, token, "everyone").await;
    }
    let first = stage.get("/audit?limit=4", ADMIN).await.body;
    let rest = stage.get(&format!("/audit?limit=4&before={}", first["next"]), ADMIN).await.body;
    let subjects = |page: &Value| -> Vec<String> {
        page["deeds"].as_array().unwrap().iter().map(|line| line["subject"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        (subjects(&first), subjects(&rest)),
        (vec!["c".into(), "c".into(), "b".into(), "b".into()], vec!["a".into(), "a".into()])
    );
    assert_eq!(rest["next"], Value::Null);
    let seven = lines(&stage, "?actor=person:00000000-0000-0000-0000-000000000007").await;
    assert_eq!(seven.len(), 4);
    assert_eq!(lines(&stage, "?subject=b&actor=person:00000000-0000-0000-0000-000000000007").await.len(), 0);
    assert_eq!(stage.get("/audit?limit=0", ADMIN).await.status, 400);
}

#[tokio::test]
async fn what_the_command_line_does_stands_beside_it() {
    let stage = Stage::open(5).await;
    let deed = Deed {
        happened_at: Timestamp::default(),
        actor: "command line".into(),
        actor_name: None,
        action: "broadcast_paused".into(),
        subject: "0123456789abc".into(),
        request: None,
        status: None,
        before: None,
        after: Some(json!({ "text": "a\0b" })),
    };
    stage.store.note(stage.tenant, &deed).await.unwrap();
    let filter = DeedFilter { actor: Some("command line".into()), ..DeedFilter::default() };
    let lines = stage.store.deeds(stage.tenant, &filter, 10).await.unwrap();
    assert_eq!(lines[0].1.action, "broadcast_paused");
    assert_eq!(lines[0].1.after, Some(json!({ "text": "a\u{fffd}b" })), "Postgres keeps no NUL, and the line is kept");
}

#[tokio::test]
async fn whoever_hangs_up_does_not_keep_the_second_line_from_being_written() {
    let stage = Stage::open(5).await;
    let address = stage.url.strip_prefix("http://").unwrap();
    let body = r#"{"expression":"everyone"}"#;
    let request = format!(
        "PUT /api/v1/audiences/gone HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {AUTHOR}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let give_up_at = SystemClock.monotonic() + Duration::from_secs(20);
    while lines(&stage, "?subject=gone").await.is_empty() {
        assert!(SystemClock.monotonic() < give_up_at, "the request was not noticed");
    }
    drop(stream);
    while lines(&stage, "?subject=gone").await.len() < 2 {
        assert!(SystemClock.monotonic() < give_up_at, "nobody knows how it ended");
    }
    assert_eq!(stage.store.saved_audiences(stage.tenant).await.unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_asks_what_would_be_done_has_done_nothing() {
    let stage = Stage::open(5).await;
    let id = "0000000000001";
    for verb in ["retry", "correct", "recall"] {
        let path = format!("/broadcasts/{id}/{verb}?dry=true");
        let asked = answered(stage.request(Method::POST, &path, AUTHOR).json(&json!({}))).await;
        assert!([404, 422].contains(&asked.status), "{verb}: {}", asked.body);
        assert_eq!(lines(&stage, &format!("?subject={id}")).await, Vec::<Value>::new(), "{verb}");
    }
    answered(stage.request(Method::POST, &format!("/broadcasts/{id}/pause?dry=true"), AUTHOR)).await;
    assert!(!lines(&stage, &format!("?subject={id}")).await.is_empty(), "what cannot be asked so is done");
}
