//! The bot's webhook over real HTTP, against whatever somebody could post to it: forged tokens, broken bodies, keys that
//! change, a database that stays away. `stage.rs` holds the pieces, `forged.rs` the table of what is refused.

use std::time::Duration;

use serde_json::json;
use stentor::adapters::system::SystemClock;
use stentor::domain::ids::ConversationId;
use stentor::domain::route::{Installation, Route};
use stentor::ports::Clock;
use tokio::io::AsyncReadExt;

use stage::{Stage, USER, claims, installed, said};

mod forged;
mod stage;

#[tokio::test]
async fn what_teams_tells_is_kept_whichever_way_the_app_is_named() {
    let stage = Stage::open().await;
    for (number, audience) in ["", "api://", "api://botid-"].iter().enumerate() {
        let mut claims = claims(&stage);
        claims["aud"] = json!(format!("{audience}{}", stage::APP));
        let mut body = installed();
        body["timestamp"] = json!(format!("2027-01-15T08:00:0{number}.000Z"));
        assert_eq!(stage.post_signed(&claims, &body).await, 200, "{audience}");
    }
    let conversation = Some(ConversationId("a:1ExampleConversation".to_owned()));
    assert_eq!(stage.route(), Route { installation: Installation::Unlisted, conversation });
    let mut removed = installed();
    removed["action"] = json!("remove");
    removed["timestamp"] = json!("2027-01-15T08:00:10.000Z");
    assert_eq!(stage.post_signed(&claims(&stage), &removed).await, 200);
    assert_eq!(stage.route(), Route { installation: Installation::Absent, conversation: None });
}

#[tokio::test]
async fn a_service_url_may_differ_by_its_last_slash_and_its_case_and_clocks_by_five_minutes() {
    let stage = Stage::open().await;
    let mut claims = claims(&stage);
    claims["serviceurl"] = json!(stage.service_url().to_uppercase().trim_end_matches('/'));
    claims["exp"] = json!(stage.now() - 299);
    assert_eq!(stage.post_signed(&claims, &installed()).await, 200);
    claims["exp"] = json!(stage.now() + 3600);
    claims["nbf"] = json!(stage.now() + 299);
    assert_eq!(stage.post_signed(&claims, &installed()).await, 200);
    let spelt = claims.as_object_mut().unwrap().remove("serviceurl").unwrap();
    claims["serviceUrl"] = spelt;
    assert_eq!(stage.post_signed(&claims, &installed()).await, 200, "as the documents spell it");
}

#[tokio::test]
async fn whatever_means_nothing_to_us_is_taken_all_the_same() {
    let stage = Stage::open().await;
    for kind in ["messageReaction", "invoke", "event", "endOfConversation", "tomorrow's"] {
        let mut body = installed();
        body["type"] = json!(kind);
        assert_eq!(stage.post_signed(&claims(&stage), &body).await, 200, "{kind}");
    }
    assert_eq!(stage.route(), Route::default());
}

#[tokio::test]
async fn a_stranger_is_told_of_in_vain_and_teams_need_not_repeat_it() {
    let stage = Stage::open().await;
    let mut body = installed();
    body["from"]["aadObjectId"] = json!("99999999-9999-4999-8999-999999999999");
    assert_eq!(stage.post_signed(&claims(&stage), &body).await, 200);
    assert_eq!(stage.route(), Route::default());
}

#[tokio::test]
async fn every_forged_token_and_every_broken_body_is_refused() {
    let stage = Stage::open().await;
    ["plain", "webchat"].iter().for_each(|name| stage.keys.publish(name));
    assert_eq!(stage.post_signed(&claims(&stage), &said("Thank you")).await, 200, "the genuine one is let in");
    let before = stage.route();
    let table = forged::table(&stage);
    assert!(table.len() >= 40, "{}", table.len());
    let mut wrong = Vec::new();
    for forged in table {
        let status = stage.post(forged.authorization.as_deref(), forged.body).await;
        if status != forged.status {
            wrong.push(format!("{}: {status} instead of {}", forged.what, forged.status));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(stage.route(), before, "nothing of it was kept");
}

#[tokio::test]
async fn keys_change_and_strange_ones_are_asked_for_once_an_hour() {
    let stage = Stage::open().await;
    let event = installed();
    assert_eq!(stage.post_signed(&claims(&stage), &event).await, 200);
    assert_eq!(stage.keys.asked(), 1);
    // A key that nobody has published yet, again and again.
    stage.let_time_pass(Duration::from_secs(3600));
    for _ in 0..5 {
        assert_eq!(stage.post_as("fresh", &claims(&stage), &event).await, 401);
    }
    assert_eq!(stage.keys.asked(), 2);
    stage.keys.publish("fresh");
    assert_eq!(stage.post_as("fresh", &claims(&stage), &event).await, 401, "asked for within the hour");
    stage.let_time_pass(Duration::from_secs(3600));
    assert_eq!(stage.post_as("fresh", &claims(&stage), &event).await, 200);
    assert_eq!(stage.keys.asked(), 3);
    // A key that was withdrawn serves until the next reading has ended, a day later at the latest.
    stage.keys.withdraw("teams");
    assert_eq!(stage.post_signed(&claims(&stage), &event).await, 200);
    stage.let_time_pass(Duration::from_secs(24 * 3600));
    stage.until_answered(401, &event).await;
}

#[tokio::test]
async fn old_keys_serve_on_while_new_ones_cannot_be_read() {
    let stage = Stage::open().await;
    assert_eq!(stage.post_signed(&claims(&stage), &installed()).await, 200);
    stage.keys.fail(true);
    stage.let_time_pass(Duration::from_secs(25 * 3600));
    for _ in 0..3 {
        assert_eq!(stage.post_signed(&claims(&stage), &installed()).await, 200);
    }
    // It may be genuine: nobody can say.
    assert_eq!(stage.post_as("fresh", &claims(&stage), &installed()).await, 503);
    assert_eq!(stage.keys.asked(), 2, "not at every request");
    stage.keys.fail(false);
    stage.let_time_pass(Duration::from_secs(11));
    assert_eq!(stage.post_signed(&claims(&stage), &installed()).await, 200);
    assert_eq!(stage.post_as("fresh", &claims(&stage), &installed()).await, 401, "they do not publish it");
    assert_eq!(stage.keys.asked(), 3);
}

#[tokio::test]
async fn without_any_key_nobody_is_believed_and_teams_shall_come_again() {
    let stage = Stage::open().await;
    stage.keys.fail(true);
    assert_eq!(stage.post_signed(&claims(&stage), &installed()).await, 503);
    assert_eq!(stage.post_signed(&claims(&stage), &installed()).await, 503, "and it is not asked for at once again");
    assert_eq!(stage.keys.asked(), 1);
    stage.keys.fail(false);
    stage.let_time_pass(Duration::from_secs(11));
    assert_eq!(stage.post_signed(&claims(&stage), &installed()).await, 200);
}

#[tokio::test]
async fn keys_that_come_slowly_are_read_to_the_end_and_whoever_is_known_does_not_wait_for_them() {
    let stage = Stage::open().await;
    stage.keys.take(Duration::from_millis(1200));
    assert_eq!(stage.post_signed(&claims(&stage), &installed()).await, 503, "longer than an answer may take");
    stage.until_answered(200, &installed()).await;
    assert_eq!(stage.keys.asked(), 1);
    stage.let_time_pass(Duration::from_secs(25 * 3600));
    let began_at = SystemClock.monotonic();
    assert_eq!(stage.post_signed(&claims(&stage), &installed()).await, 200);
    assert!(SystemClock.monotonic().saturating_since(began_at) < Duration::from_millis(1200));
}

#[tokio::test]
async fn strange_keys_by_the_dozen_keep_nobody_out_whose_key_is_known() {
    let stage = Stage::open().await;
    let (claims, event) = (claims(&stage), installed());
    assert_eq!(stage.post_signed(&claims, &event).await, 200);
    stage.keys.take(Duration::from_millis(1200));
    stage.let_time_pass(Duration::from_secs(3600));
    let strange = (0..100).map(|_| stage.post_as("fresh", &claims, &event));
    let genuine = async {
        for _ in 0..20 {
            assert_eq!(stage.post_signed(&claims, &event).await, 200);
        }
    };
    let (strange, ()) = tokio::join!(futures_util::future::join_all(strange), genuine);
    assert!(strange.iter().all(|status| *status == 503), "{strange:?}");
}

#[tokio::test]
async fn connections_that_send_nothing_keep_nobody_out() {
    let stage = Stage::open().await;
    let begun = (0..100).map(|_| stage.begin_to_post("x"));
    let _silent = futures_util::future::join_all(begun).await;
    assert_eq!(stage.post_signed(&claims(&stage), &installed()).await, 200);
}

#[tokio::test]
async fn many_at_once_read_the_keys_once() {
    let stage = Stage::open().await;
    let (claims, event) = (claims(&stage), installed());
    let posts = (0..20).map(|_| stage.post_signed(&claims, &event));
    let statuses = futures_util::future::join_all(posts).await;
    assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");
    assert_eq!(stage.keys.asked(), 1);
}

#[tokio::test]
async fn a_database_that_does_not_answer_costs_teams_a_moment_and_one_more_try() {
    let stage = Stage::without_database().await;
    let (claims, body) = (claims(&stage), installed());
    let began_at = SystemClock.monotonic();
    assert_eq!(stage.post_signed(&claims, &body).await, 503);
    let took = SystemClock.monotonic().saturating_since(began_at);
    // Five by our own limits; the rest is for a machine that has much else to do.
    assert!((Duration::from_secs(2)..Duration::from_secs(9)).contains(&took), "{took:?}");
}

#[tokio::test]
async fn whoever_writes_is_answered_in_her_language_and_not_every_time() {
    let stage = Stage::open().await;
    for _ in 0..3 {
        assert_eq!(stage.post_signed(&claims(&stage), &said("Merci")).await, 200);
    }
    let replies = stage.replies(1).await;
    assert_eq!(replies.len(), 1, "{replies:?}");
    let (conversation, service_url, text) = &replies[0];
    assert_eq!(
        (conversation.as_str(), service_url.as_deref()),
        ("a:1ExampleConversation", Some(stage.service_url().as_str()))
    );
    assert!(text.contains("Bonjour"), "{text}");
    // Somebody who uses another language, later on.
    stage.let_time_pass(Duration::from_secs(700));
    let mut body = said("ありがとう");
    body["locale"] = json!("ja-JP");
    assert_eq!(stage.post_signed(&claims(&stage), &body).await, 200);
    assert!(stage.replies(2).await[1].2.contains("Hello"));
    // A button says nothing.
    stage.let_time_pass(Duration::from_secs(700));
    let mut button = said("x");
    button["value"] = json!({"read": true});
    assert_eq!(stage.post_signed(&claims(&stage), &button).await, 200);
    assert_eq!(stage.replies(2).await.len(), 2);
}

#[tokio::test]
async fn what_she_writes_tells_her_chat_too() {
    let stage = Stage::open().await;
    assert_eq!(stage.post_signed(&claims(&stage), &said("Hello")).await, 200);
    assert!(stage.route().is_known(), "{USER}");
}

#[tokio::test]
async fn a_body_that_comes_drop_by_drop_is_given_up() {
    let stage = Stage::open().await;
    let mut stream = stage.begin_to_post(&stage.token("teams", &claims(&stage))).await;
    let mut answer = String::new();
    let answered = tokio::time::timeout(Duration::from_secs(10), stream.read_to_string(&mut answer)).await;
    answered.expect("it is kept waiting").unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
}
