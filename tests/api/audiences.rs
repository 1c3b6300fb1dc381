//! Audiences over HTTP: counted, kept under names, and lists as they lie around.

use reqwest::Method;
use serde_json::{Value, json};

use crate::drafts::{code, drill, id};
use crate::stage::{Answered, Stage, answered};

const AUTHOR: &str = "Author/7";
const READER: &str = "Reader/8";

async fn put(stage: &Stage, name: &str, token: &str, expression: &str) -> Answered {
    let request = stage.request(Method::PUT, &format!("/audiences/{name}"), token);
    answered(request.json(&json!({ "expression": expression }))).await
}

async fn delete(stage: &Stage, name: &str) -> Answered {
    answered(stage.request(Method::DELETE, &format!("/audiences/{name}"), AUTHOR)).await
}

async fn read_list(stage: &Stage, bytes: &'static [u8]) -> Answered {
    let request = stage.request(Method::POST, "/audiences/read-list", READER);
    answered(request.header("content-type", "text/csv").body(bytes)).await
}

/// The user principal names of the organisation.
pub fn names(stage: &Stage) -> Vec<String> {
    let world = stage.simulator.world();
    let world = world.lock().unwrap();
    world.organisation().people().iter().map(|person| person.principal_name()).collect()
}

#[tokio::test]
async fn an_audience_is_counted_with_what_it_is_made_of() {
    let stage = Stage::open(40).await;
    let names = names(&stage);
    let body = json!({
        "expression": "list \"board\" or list \"press\" or team \"Everyone at Contoso\" except guest",
        "lists": { "board": format!("{}\nnobody@contoso.example\nnonsense", names[0]), "press": names[1] },
    });
    let told = stage.post("/audiences/count", READER, &body).await;
    assert_eq!(told.status, 200, "{}", told.body);
    let everyone = stage.post("/audiences/count", READER, &json!({ "expression": "everyone except guest" })).await;
    assert_eq!(told.body["people"], everyone.body["people"]);
    assert_eq!(told.body["sources"][0], json!({ "source": "list \"board\"", "people": 1 }));
    assert_eq!(told.body["groups"][0]["name"], "Everyone at Contoso");
    let board = &told.body["lists"]["board"];
    assert_eq!(board["counts"], json!({ "duplicates": 0, "unknown": 1, "ambiguous": 0, "malformed": 1 }));
    assert_eq!(board["unknown"], json!([{ "line": 2, "address": "nobody@contoso.example" }]));
    assert_eq!(board["malformed"][0]["flaw"], "not_an_address");
}

#[tokio::test]
async fn everything_wrong_with_an_audience_is_told_in_the_words_of_the_api() {
    let stage = Stage::open(5).await;
    let wrong = [
        (json!({ "expression": "country =" }), "expression"),
        (json!({ "expression": "group \"Nowhere\"" }), "expression"),
        (json!({ "expression": "team \"Alumni\"" }), "expression"),
        (json!({ "expression": "person \"nobody@contoso.example\"" }), "expression"),
        (json!({ "expression": "saved \"nothing\"" }), "expression"),
        (json!({ "expression": "list \"a\"" }), "expression"),
        (json!({ "expression": "everyone", "lists": { "a": "x@contoso.example" } }), "lists"),
        (json!({ "expression": "list \"a\"", "lists": { "a": "nothing here" } }), "lists.a"),
        (json!({ "expression": "broadcast 0123456789abc" }), "expression"),
    ];
    for (body, field) in wrong {
        let told = stage.post("/audiences/count", READER, &body).await;
        assert_eq!((told.status, &told.body["code"]), (422, &json!("bad_audience")), "{body}: {}", told.body);
        let fault = &told.body["faults"][0];
        assert_eq!(fault["field"], field, "{body}: {fault}");
        let text = told.body.to_string();
        assert!(!text.contains("--") && !text.contains("`stentor"), "{text}");
    }
    let both = json!({ "expression": "country =", "lists": { "a": "-", "b": "" } });
    assert_eq!(stage.post("/audiences/count", READER, &both).await.body["faults"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_before_anybody_looks() {
    let stage = Stage::open(5).await;
    let post = |text: &'static str, kind: &'static str| {
        answered(stage.request(Method::POST, "/audiences/count", READER).header("content-type", kind).body(text))
    };
    let cases = [
        ("{}", "text/plain", 415, "not_json"),
        ("{", "application/json", 400, "unreadable_body"),
        ("{}", "application/json", 422, "bad_body"),
        (r#"{"expression":"everyone","more":1}"#, "application/json", 422, "bad_body"),
        (r#"{"expression":"name = \"a\u0000b\""}"#, "application/json", 422, "bad_character"),
    ];
    for (text, kind, status, code) in cases {
        let told = post(text, kind).await;
        assert_eq!((told.status, told.body["code"].as_str()), (status, Some(code)), "{text}: {}", told.body);
        assert_eq!(told.headers["content-type"], "application/problem+json");
    }
    assert_eq!(stage.get("/audiences/a%00b", READER).await.status, 404);
}

#[tokio::test]
async fn an_audience_is_saved_used_and_forgotten() {
    let stage = Stage::open(20).await;
    let saved = put(&stage, "the%20south", AUTHOR, "country = \"Spain\" or country = \"France\"").await;
    assert_eq!(saved.status, 200, "{}", saved.body);
    assert_eq!(saved.body["audience"]["name"], "the south");
    assert_eq!(saved.body["count"]["sources"].as_array().unwrap().len(), 2);
    assert_eq!(put(&stage, "north", AUTHOR, "everyone except saved \"the south\"").await.status, 200);
    let list = stage.get("/audiences", READER).await.body;
    let names: Vec<_> = list["audiences"].as_array().unwrap().iter().map(|saved| saved["name"].clone()).collect();
    assert_eq!(names, ["north", "the south"]);
    assert_eq!(stage.get("/audiences/north", READER).await.body["expression"], "everyone except saved \"the south\"");

    let used = delete(&stage, "the%20south").await;
    assert_eq!((used.status, used.body["code"].as_str()), (409, Some("audience_in_use")));
    assert!(used.body["detail"].as_str().unwrap().contains("“north”"));
    assert_eq!(delete(&stage, "north").await.status, 204);
    assert_eq!(delete(&stage, "the%20south").await.status, 204);
    assert_eq!(delete(&stage, "the%20south").await.status, 404);
    assert_eq!(stage.get("/audiences/north", READER).await.status, 404);
}

#[tokio::test]
async fn what_a_broadcast_or_a_draft_waits_with_stays_as_it_was_released() {
    let stage = Stage::open(5).await;
    assert_eq!(put(&stage, "a", AUTHOR, "country = \"France\" or everyone").await.status, 200);
    assert_eq!(put(&stage, "b", AUTHOR, "saved \"a\"").await.status, 200);
    let mut drill = drill();
    drill["audience"] = json!({ "expression": "saved \"b\"" });
    let sent = stage.post("/broadcasts?then=send", AUTHOR, &drill).await;
    assert_eq!(sent.status, 201, "{sent:?}");
    let handed_in = id(&stage.draft(&drill).await);
    assert_eq!(stage.verb(&handed_in, "submit", AUTHOR, "", &json!({})).await.status, 200);
    for waiting in [id(&sent), handed_in.clone()] {
        let refused = put(&stage, "a", AUTHOR, "everyone").await;
        assert_eq!((refused.status, code(&refused)), (409, "audience_in_use"), "{refused:?}");
        assert!(refused.body["detail"].as_str().unwrap().contains(&waiting), "{refused:?}");
        assert_eq!(stage.verb(&waiting, "cancel", "Admin/9", "", &json!({})).await.status, 200);
    }
    stage.sql("update broadcast set state = 'cancelled', finished_at = now()").await;
    assert_eq!(put(&stage, "a", AUTHOR, "everyone").await.status, 200);
}

#[tokio::test]
async fn what_leads_back_to_itself_or_names_a_list_is_not_saved() {
    let stage = Stage::open(5).await;
    assert_eq!(put(&stage, "a", AUTHOR, "everyone").await.status, 200);
    assert_eq!(put(&stage, "b", AUTHOR, "saved \"a\"").await.status, 200);
    for (name, expression) in [("a", "saved \"b\""), ("c", "list \"mine\""), ("%09", "everyone")] {
        let refused = put(&stage, name, AUTHOR, expression).await;
        assert_eq!((refused.status, &refused.body["code"]), (422, &json!("bad_audience")), "{expression}");
    }
    assert_eq!(stage.get("/audiences/a", READER).await.body["expression"], "everyone");
    assert_eq!(put(&stage, "d", READER, "everyone").await.status, 403, "a reader changes nothing");
}

#[tokio::test]
async fn a_list_is_read_as_it_was_uploaded() {
    let stage = Stage::open(5).await;
    let name = names(&stage)[0].clone();
    let table = format!("Name;Mail\nZoe;{name}\nZoe;{}\nBela;bela@nowhere.example\nCarla;\n", name.to_uppercase());
    let read = read_list(&stage, Box::leak(table.into_boxed_str()).as_bytes()).await;
    assert_eq!(read.status, 200, "{}", read.body);
    assert_eq!(read.body["people"], 1);
    assert_eq!(read.body["understood"]["sentence"], "UTF-8, separated by semicolons, by “Mail”");
    assert_eq!(read.body["left_out"]["duplicates"], json!([{ "line": 3, "first_line": 2 }]));
    assert_eq!(read.body["left_out"]["unknown"][0]["line"], 4);
    assert_eq!(read.body["left_out"]["malformed"][0]["flaw"], "empty");
    for nothing in [&b""[..], b"PK\x03\x04", b"\0\0\0", b"nobody"] {
        let told = read_list(&stage, nothing).await;
        assert_eq!((told.status, &told.body["code"]), (422, &json!("bad_audience")), "{nothing:?}");
    }
}

#[tokio::test]
async fn groups_that_were_named_are_listed_with_their_members() {
    let stage = Stage::open(30).await;
    assert_eq!(stage.get("/groups", READER).await.body, json!({ "groups": [] }));
    stage.post("/audiences/count", READER, &json!({ "expression": "group \"Everyone at Contoso\"" })).await;
    let groups: Value = stage.get("/groups", READER).await.body;
    assert_eq!(
        (&groups["groups"][0]["name"], &groups["groups"][0]["team"]),
        (&json!("Everyone at Contoso"), &json!(true))
    );
}
