//! The bot connector: conversations, messages and the limits of both.

use super::*;

#[tokio::test]
async fn a_card_is_delivered_and_has_an_id_in_milliseconds() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let first = stage.send(&user, &card("Offices close at noon on Friday")).await;
    assert_eq!((first.status, &first.body), (201, &json!({"id": "1793610000123"})));
    let second = stage.send(&user, &card("Another")).await;
    assert_eq!(second.body["id"], "1793610000124", "unique within the conversation");
    let inbox = stage.look(&format!("inbox/{user}")).await;
    assert_eq!(inbox.body[0]["content"]["summary"], "Offices close at noon on Friday");
}

#[tokio::test]
async fn text_beside_a_card_arrives_twice_and_without_an_id() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let mut activity = card("Offices close at noon on Friday");
    activity["text"] = json!("Please read");
    let told = stage.send(&user, &activity).await;
    assert_eq!(told.status, 201);
    assert_eq!(told.body.get("id"), None);
    assert_eq!(stage.simulator.ledger_summary().delivered, 2);
}

#[tokio::test]
async fn a_message_that_is_too_big_is_refused() {
    let stage = Stage::plain().await;
    let told = stage.send(&stage.someone(Standing::Warm, 0), &card(&"x".repeat(60_000))).await;
    assert_eq!((told.status, told.code()), (413, "MessageSizeTooBig"));
    assert_eq!(stage.simulator.ledger_summary().delivered, 0);
}

#[tokio::test]
async fn a_badly_made_activity_is_refused() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let mut hero = card("Hello");
    hero["attachments"][0]["contentType"] = json!("application/vnd.microsoft.card.hero");
    for activity in [json!({"type": "message"}), json!({"type": "event", "text": "Hello"}), hero] {
        let told = stage.send(&user, &activity).await;
        assert_eq!((told.status, told.code()), (400, "BadArgument"), "{activity}");
    }
    let path = format!("v3/conversations/{}/activities", encoded(&chat_of(&user)));
    let broken = stage.bot(Method::POST, &path).header("Content-Type", "application/json").body("{");
    assert_eq!(Told::by(broken).await.code(), "BadSyntax");
    let untyped = stage.bot(Method::POST, &path).body(card("Hello").to_string());
    assert_eq!(Told::by(untyped).await.status, 415);
}

#[tokio::test]
async fn whoever_blocked_the_bot_is_told_about_in_both_shapes() {
    let stage = Stage::plain().await;
    let mut shapes = [0, 0];
    for nth in 0..10 {
        let told = stage.send(&stage.someone(Standing::BlockedBot, nth), &card("Hello")).await;
        assert_eq!(told.status, 403);
        if told.body["errorCode"] == 209 {
            let message: Value =
                serde_json::from_str(told.body["message"].as_str().expect("text")).expect("JSON in it");
            assert_eq!(message["subCode"], "MessageWritesBlocked");
            shapes[1] += 1;
        } else {
            assert_eq!(told.code(), "ConversationBlockedByUser");
            shapes[0] += 1;
        }
    }
    assert!(shapes[0] > 0 && shapes[1] > 0, "{shapes:?}");
    assert_eq!(stage.simulator.ledger_summary().delivered, 0);
}

#[tokio::test]
async fn conversations_that_are_not_there_are_told_apart() {
    let stage = Stage::plain().await;
    let never = stage.send(&stage.someone(Standing::WithoutBot, 0), &card("Hello")).await;
    assert_eq!((never.status, never.code()), (404, "ConversationNotFound"));
    let foreign = "19:99999999-9999-4999-8999-999999999999_aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa@unq.gbl.spaces";
    let path = format!("v3/conversations/{}/activities", encoded(foreign));
    let told = Told::by(stage.bot(Method::POST, &path).json(&card("Hello"))).await;
    assert_eq!((told.status, told.message()), (400, "Failed to decrypt conversation id"));
}

fn opening(user: &str) -> Value {
    json!({
        "isGroup": false,
        "bot": {"id": format!("28:{APP}")},
        "members": [{"id": user}],
        "tenantId": TENANT,
        "channelData": {"tenant": {"id": TENANT}}
    })
}

#[tokio::test]
async fn an_opened_conversation_keeps_its_id_and_takes_messages() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let first = Told::by(stage.bot(Method::POST, "v3/conversations").json(&opening(&user))).await;
    assert_eq!(first.status, 201);
    let id = first.body["id"].as_str().expect("an id").to_owned();
    assert!(id.starts_with("a:1"));
    let second = Told::by(stage.bot(Method::POST, "v3/conversations").json(&opening(&user))).await;
    assert_eq!(second.body["id"], json!(id));
    let path = format!("v3/conversations/{}/activities", encoded(&id));
    assert_eq!(Told::by(stage.bot(Method::POST, &path).json(&card("Hello"))).await.status, 201);
    assert_eq!(stage.look(&format!("inbox/{user}")).await.body.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_conversation_with_somebody_without_the_app_is_refused() {
    let stage = Stage::plain().await;
    for nth in 0..7 {
        let user = stage.someone(Standing::WithoutBot, nth);
        let told = Told::by(stage.bot(Method::POST, "v3/conversations").json(&opening(&user))).await;
        assert_eq!(told.status, 403);
        let is_explained = told.message() == "Bot is not installed in user's personal scope";
        assert!(is_explained || told.text.is_empty(), "{}", told.text);
    }
    let named = opening("amelie@contoso.example");
    assert_eq!(Told::by(stage.bot(Method::POST, "v3/conversations").json(&named)).await.code(), "BadArgument");
}

#[tokio::test]
async fn a_message_is_changed_and_taken_back_once() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let id = stage.send(&user, &card("Noon")).await.body["id"].as_str().expect("an id").to_owned();
    let path = format!("v3/conversations/{}/activities/{id}", encoded(&chat_of(&user)));
    let changed = Told::by(stage.bot(Method::PUT, &path).json(&card("One o'clock"))).await;
    assert_eq!((changed.status, &changed.body["id"]), (200, &json!(id)));
    let gone = Told::by(stage.bot(Method::DELETE, &path)).await;
    assert_eq!((gone.status, gone.text.as_str()), (200, ""));
    let again = Told::by(stage.bot(Method::DELETE, &path)).await;
    assert_eq!((again.status, again.code()), (404, "ActivityNotFoundInConversation"));
    let inbox = stage.look(&format!("inbox/{user}")).await;
    assert_eq!(
        (&inbox.body[0]["recalled"], &inbox.body[0]["content"]["summary"]),
        (&json!(true), &json!("One o'clock"))
    );
    assert_eq!(stage.simulator.ledger_summary().delivered, 1, "neither is a delivery");
}

#[tokio::test]
async fn the_eighth_message_of_a_second_in_one_chat_is_refused() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    for number in 0..7 {
        assert_eq!(stage.send(&user, &card(&format!("Number {number}"))).await.status, 201);
    }
    let told = stage.send(&user, &card("One too many")).await;
    assert_eq!(told.status, 429);
    assert!(["Throttled", "TooManyRequests"].contains(&told.code()), "{}", told.text);
    assert_eq!(told.header("retry-after"), Some("2"), "the window of two seconds is full as well");
    assert_eq!(stage.send(&stage.someone(Standing::Warm, 1), &card("Hello")).await.status, 201, "others go on");
}

#[tokio::test]
async fn the_51st_request_of_a_second_is_refused_whatever_the_operation() {
    let stage = Stage::plain().await;
    for nth in 0..25 {
        let user = stage.someone(Standing::Warm, nth);
        assert_eq!(stage.send(&user, &card("Hello")).await.status, 201);
        assert_eq!(Told::by(stage.bot(Method::POST, "v3/conversations").json(&opening(&user))).await.status, 201);
    }
    assert_eq!(stage.send(&stage.someone(Standing::Warm, 26), &card("Hello")).await.status, 429);
    stage.clock.advance(Duration::from_secs(1));
    assert_eq!(stage.send(&stage.someone(Standing::Warm, 26), &card("Hello")).await.status, 201);
}
