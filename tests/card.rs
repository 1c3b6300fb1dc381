//! Our cards against the official schema of Adaptive Cards 1.5, and against rules of our own where it is not at hand.

use std::path::Path;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use stentor::domain::content::{ACTIVITY_BYTES_MAX, Button, Content, IMAGE_BYTES_MAX, Image, inline};
use stentor::simulator::activity::Activity;

const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0;";

/// The official schema, compiled.
struct Official {
    schemas: Schemas,
    card: SchemaIndex,
}

impl Official {
    /// `None` where the folder of facts does not stand beside the repository.
    fn find() -> Option<Self> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/facts/schemas/adaptive-card-1.5.json");
        let schema: Value = serde_json::from_str(&std::fs::read_to_string(file).ok()?).expect("the schema is JSON");
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.set_default_draft(Draft::V6);
        compiler.enable_format_assertions();
        compiler.add_resource("mem:card", schema).unwrap();
        let card = compiler.compile("mem:card", &mut schemas).unwrap();
        Some(Self { schemas, card })
    }

    /// Teams accepts `msteams` beside what the schema knows.
    fn refusal(&self, card: &Value) -> Option<String> {
        let mut card = card.clone();
        card.as_object_mut().unwrap().remove("msteams");
        self.schemas.validate(&card, self.card).err().map(|error| format!("{error:#}"))
    }
}

/// The part of the schema that we use, and what Teams asks for beyond it.
fn own_refusal(card: &Value) -> Option<String> {
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let is_link = |value: &Value| value.as_str().is_some_and(|url| url.starts_with("https://"));
    let only = |value: &Value, members: &[&str]| {
        value.as_object().is_some_and(|object| object.keys().all(|member| members.contains(&member.as_str())))
    };
    let part_is_well = |part: &Value| match part["type"].as_str() {
        Some("TextBlock") => only(part, &["type", "text", "weight", "size", "wrap"]) && is_text(&part["text"]),
        Some("Image") => {
            let is_inside = part["url"].as_str().is_some_and(|url| url.starts_with("data:image/"));
            only(part, &["type", "url", "size", "altText"])
                && is_text(&part["altText"])
                && (is_inside || is_link(&part["url"]))
        }
        _ => false,
    };
    let button_is_well = |button: &Value| {
        only(button, &["type", "title", "url"])
            && button["type"] == "Action.OpenUrl"
            && is_text(&button["title"])
            && is_link(&button["url"])
    };
    let parts = card["body"].as_array().is_some_and(|parts| !parts.is_empty() && parts.iter().all(part_is_well));
    let buttons = card.get("actions").is_none_or(|buttons| {
        buttons.as_array().is_some_and(|buttons| (1..=6).contains(&buttons.len()) && buttons.iter().all(button_is_well))
    });
    let whole = only(card, &["type", "$schema", "version", "msteams", "body", "actions"])
        && card["type"] == "AdaptiveCard"
        && card["version"] == "1.5";
    (!(whole && parts && buttons)).then(|| format!("whole {whole}, parts {parts}, buttons {buttons}"))
}

/// Announcements that pass our own door.
fn announcements() -> impl Strategy<Value = Content> {
    let text = |longest: usize| {
        proptest::string::string_regex(&format!("[^\\p{{C}}\\s][^\\p{{C}}]{{0,{}}}", longest - 1)).unwrap()
    };
    let link = "https://[a-z]{1,20}\\.example/[a-z0-9/?=&%é|#\\[\\]^{} -]{0,30}[a-z]";
    let button = (text(60), link).prop_map(|(text, url)| Button { text, url });
    let url = prop_oneof![link.prop_map(String::from), Just(inline(GIF).unwrap())];
    let image = (url, text(300)).prop_map(|(url, description)| Image { url, description });
    let body = "(\\*\\*[A-Za-zé]{1,10}\\*\\*|[A-Za-z,. \u{1f600}\"]{1,40}|\n\n- [a-z]{1,9}|\\[a\\]\\(https://x\\.example\\)){1,12}";
    (
        text(200),
        body,
        proptest::option::of(image),
        proptest::option::of(text(100)),
        proptest::option::of(text(150)),
        proptest::collection::vec(button, 0..7),
    )
        .prop_map(|(title, body, image, author, banner, buttons)| Content {
            title,
            body,
            image,
            author,
            banner,
            buttons,
        })
        .prop_filter_map("refused at the door", |content| content.check().ok())
}

#[test]
fn every_card_is_one_by_the_official_schema() {
    let official = Official::find();
    if official.is_none() {
        println!("skipped: the official schema is not beside the repository; our own rules are held");
    }
    let mut runner = TestRunner::new_with_rng(
        Config { failure_persistence: None, ..Config::default() },
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    runner
        .run(&announcements(), |content| {
            let card = content.card();
            prop_assert_eq!(own_refusal(&card), None);
            prop_assert_eq!(official.as_ref().and_then(|official| official.refusal(&card)), None);
            Ok(())
        })
        .unwrap();
}

#[test]
fn what_just_passes_our_door_passes_that_of_the_simulated_teams() {
    let picture = [b"GIF89a", vec![1; IMAGE_BYTES_MAX - 7].as_slice(), b";"].concat();
    let image = Some(Image { url: inline(&picture).unwrap(), description: "Noise".into() });
    let sized = |body: String| Content { title: "T".into(), body, image: image.clone(), ..Content::default() };
    let room = (ACTIVITY_BYTES_MAX - sized(String::new()).size().bytes) / 2;
    let full = sized("é".repeat(room)).check().unwrap();
    assert_eq!(full.size().image_bytes, IMAGE_BYTES_MAX);
    assert!(Activity::read(full.activity(true).to_string().as_bytes()).is_ok());
    assert!(sized("é".repeat(room + 1)).check().is_err());
}

#[test]
fn the_rules_notice_a_card_that_is_none() {
    let content = Content { title: "T".into(), body: "B".into(), ..Content::default() };
    let spoilt = [
        ("/body/0/type", json!("Headline")),
        ("/body/0/text", json!(7)),
        ("/version", json!(1.5)),
        ("/body", json!({})),
        ("/type", json!("Card")),
    ];
    let official = Official::find();
    for (place, value) in spoilt {
        let mut card = content.card();
        *card.pointer_mut(place).unwrap() = value;
        assert!(own_refusal(&card).is_some(), "{place}");
        assert!(official.as_ref().is_none_or(|official| official.refusal(&card).is_some()), "{place}");
    }
}
