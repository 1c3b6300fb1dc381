//! What stands in the end: corrections, recalls, and both after an answer that was lost.

use stentor::simulator::Bucket;

use super::*;

fn lost_after_effect() -> FaultPlan {
    FaultPlan { lost_after_effect: 1.0, per_person_max: Some(1), buckets: vec![Bucket::Send], ..FaultPlan::default() }
}

#[tokio::test]
async fn the_ledger_knows_what_each_message_says_at_present_and_which_are_gone() {
    let stage = Stage::plain().await;
    let users: Vec<String> = (0..3).map(|nth| stage.someone(Standing::Warm, nth)).collect();
    for user in &users {
        assert_eq!(stage.send(user, &card("Noon")).await.body["id"], "1793610000123");
    }
    let path = |user: &str| format!("v3/conversations/{}/activities/1793610000123", encoded(&chat_of(user)));
    for user in &users[..2] {
        assert_eq!(Told::by(stage.bot(Method::PUT, &path(user)).json(&card("One o'clock"))).await.status, 200);
    }
    assert_eq!(Told::by(stage.bot(Method::DELETE, &path(&users[0]))).await.status, 200);
    let told = Told::by(stage.bot(Method::PUT, &path(&users[0])).json(&card("Two o'clock"))).await;
    assert_eq!((told.status, told.code()), (404, "ActivityNotFoundInConversation"), "what is gone cannot be changed");
    let summary = stage.look("ledger").await.body;
    let counts = ["delivered", "recalled", "updated", "standing"].map(|name| summary[name].as_u64());
    assert_eq!(counts, [Some(3), Some(1), Some(2), Some(2)]);
    let messages = stage.look("ledger/messages").await;
    let present: Vec<(String, bool)> = messages
        .text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("one document a line"))
        .map(|line| (line["present"]["summary"].as_str().expect("a summary").to_owned(), line["recalled"] == true))
        .collect();
    let expected = [("One o'clock", true), ("One o'clock", false), ("Noon", false)];
    assert_eq!(present, expected.map(|(text, gone)| (text.to_owned(), gone)));
    let inbox = stage.look(&format!("inbox/{}", users[1])).await.body;
    assert_eq!((&inbox[0]["content"]["summary"], &inbox[0]["updates"]), (&json!("One o'clock"), &json!(1)));
}

#[tokio::test]
async fn a_recall_whose_answer_was_lost_is_done_and_a_repeat_finds_nothing() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    stage.send(&user, &card("Noon")).await;
    stage.simulator.world().lock().expect("no request panics").set_faults(lost_after_effect());
    let path = format!("v3/conversations/{}/activities/1793610000123", encoded(&chat_of(&user)));
    stage.bot(Method::DELETE, &path).send().await.expect_err("the connection closes");
    assert_eq!(stage.simulator.ledger_summary().recalled, 1);
    let again = Told::by(stage.bot(Method::DELETE, &path)).await;
    assert_eq!((again.status, again.code()), (404, "ActivityNotFoundInConversation"));
    assert_eq!(stage.simulator.ledger_summary().recalled, 1);
}

#[tokio::test]
async fn a_correction_whose_answer_was_lost_is_done_and_a_repeat_does_no_harm() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    stage.send(&user, &card("Noon")).await;
    stage.simulator.world().lock().expect("no request panics").set_faults(lost_after_effect());
    let path = format!("v3/conversations/{}/activities/1793610000123", encoded(&chat_of(&user)));
    let correcting = || stage.bot(Method::PUT, &path).json(&card("One o'clock"));
    correcting().send().await.expect_err("the connection closes");
    assert_eq!(Told::by(correcting()).await.status, 200);
    let summary = stage.simulator.ledger_summary();
    assert_eq!((summary.delivered, summary.updated, summary.standing), (1, 1, 1));
}

#[tokio::test]
async fn what_was_delivered_before_a_reset_is_changed_without_a_trace_in_the_new_ledger() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    stage.send(&user, &card("Noon")).await;
    stage.pull("ledger/reset", json!({})).await;
    let other = stage.someone(Standing::Warm, 1);
    stage.send(&other, &card("Noon")).await;
    let path = format!("v3/conversations/{}/activities/1793610000123", encoded(&chat_of(&user)));
    assert_eq!(Told::by(stage.bot(Method::DELETE, &path)).await.status, 200);
    let summary = stage.simulator.ledger_summary();
    assert_eq!((summary.delivered, summary.recalled, summary.standing), (1, 0, 1));
    assert_eq!(stage.look(&format!("inbox/{user}")).await.body[0]["recalled"], true);
}

#[tokio::test]
async fn nobody_else_has_a_message_of_that_number() {
    let stage = Stage::plain().await;
    let (user, other) = (stage.someone(Standing::Warm, 0), stage.someone(Standing::Warm, 1));
    stage.send(&user, &card("Noon")).await;
    for id in ["1793610000123", "0", "noon"] {
        let path = format!("v3/conversations/{}/activities/{id}", encoded(&chat_of(&other)));
        let told = Told::by(stage.bot(Method::DELETE, &path)).await;
        assert_eq!((told.status, told.code()), (404, "ActivityNotFoundInConversation"), "{id}");
    }
    let without = encoded(&chat_of(&stage.someone(Standing::WithoutBot, 0)));
    let path = format!("v3/conversations/{without}/activities/1793610000123");
    assert_eq!(Told::by(stage.bot(Method::DELETE, &path)).await.code(), "ConversationNotFound");
}
