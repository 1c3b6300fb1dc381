//! Manuscripts over the wire: everything wrong at once, whatever takes asking somebody, and never a word of options.

use serde_json::{Value, json};

use super::drafts::{AUTHOR, code};
use super::stage::Stage;

#[tokio::test]
async fn a_manuscript_with_everything_wrong_tells_every_fault_at_once() {
    let stage = Stage::open(3).await;
    let wrong = json!({
        "title": " ", "body": "<b>x</b>", "author": "x".repeat(101), "banner": "x".repeat(151),
        "image": { "picture": "00000000-0000-4000-8000-000000000000", "description": "" },
        "buttons": [{ "text": "Menu", "url": "http://x.example" }],
        "channel": "both", "feed": { "topic": "x", "parameters": { "a b": "" } },
        "post_to": ["/News"],
        "audience": { "expression": "evryone", "lists": { "a": "" } },
        "schedule": { "at": "tomorrow", "prepare": "soon" },
        "deadline": "later", "tolerance": "1", "expire_after": "1s", "tell": "Anna",
    });
    let refused = stage.post("/broadcasts?then=send", AUTHOR, &wrong).await;
    assert_eq!((refused.status, code(&refused)), (422, "invalid"), "{refused:?}");
    let faults = refused.body["faults"].as_array().unwrap();
    let fields: Vec<&str> = faults.iter().map(|fault| fault["field"].as_str().unwrap()).collect();
    let expected = [
        "title",
        "author",
        "banner",
        "image.picture",
        "buttons[0].url",
        "feed.topic",
        "feed.parameters",
        "post_to[0]",
        "post_to",
        "audience.expression",
        "audience.lists.a",
        "schedule.at",
        "schedule.prepare",
        "deadline",
        "tolerance",
        "expire_after",
        "tell",
    ];
    for field in expected {
        assert!(fields.contains(&field), "{field}: {fields:?}");
    }
    assert!(faults.iter().all(|fault| fault["cure"].as_str().is_some_and(|cure| !cure.is_empty())));
    assert!(!refused.body.to_string().contains("--"), "{refused:?}");
    assert_eq!(stage.listed().await, 0, "and nothing is kept");
}

#[tokio::test]
async fn what_takes_asking_somebody_is_told_in_the_same_words() {
    let stage = Stage::open(3).await;
    let with = |more: Value| {
        let mut manuscript = json!({ "title": "A", "body": "B" });
        manuscript.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        manuscript
    };
    let everyone = json!({ "expression": "everyone" });
    let cases = [
        (with(json!({ "audience": { "expression": "group \"Nobody\"" } })), "audience.expression"),
        (with(json!({ "audience": { "expression": "list \"a\"" } })), "audience.expression"),
        (
            with(json!({ "audience": { "expression": "everyone", "lists": { "a": "x@contoso.example" } } })),
            "audience.lists",
        ),
        (with(json!({ "audience": { "expression": "saved \"Nothing\"" } })), "audience.expression"),
        (with(json!({ "audience": { "list": "nobody@contoso.example" } })), "audience.list"),
        (with(json!({ "audience": { "expression": "country = \"Atlantis\"" } })), "audience.expression"),
        (with(json!({ "audience": everyone, "tell": "nobody@contoso.example" })), "tell"),
        (with(json!({ "audience": everyone, "schedule": { "at": "2020-01-01T00:00Z" } })), "schedule.at"),
        (with(json!({ "audience": everyone, "schedule": { "at": "2099-01-01T00:00Z" } })), "schedule.at"),
        (with(json!({ "channel": "team_channel", "post_to": ["Nowhere/News"] })), "post_to"),
        (with(json!({ "audience": everyone, "channel": "both", "feed": { "in_team": "Nowhere" } })), "feed.in_team"),
    ];
    for (manuscript, field) in cases {
        let refused = stage.post("/broadcasts?then=send", AUTHOR, &manuscript).await;
        assert_eq!((refused.status, code(&refused)), (422, "invalid"), "{manuscript}: {refused:?}");
        let faults = refused.body["faults"].as_array().unwrap();
        assert!(faults.iter().any(|fault| fault["field"] == field), "{field}: {refused:?}");
        assert!(!refused.body.to_string().contains("--"), "{refused:?}");
    }
}
