//! Replacing and deleting: the exact requests, and what each refusal means.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use stentor::domain::content::Content;
use stentor::domain::ids::{ConversationId, MessageId};
use stentor::domain::outcome::{HaltScope, Outcome, Remedy, Stale};
use stentor::domain::reason::{HaltReason, Reason};
use stentor::ports::{Messenger, Request};

use super::server::*;

const CHAT: &str = "a:1_chat/of;hers";
const MESSAGE: &str = "1793610000123";

fn content() -> Content {
    Content { title: "Half day".into(), body: "Offices close at one.".into(), ..Content::default() }
}

fn replace() -> Request {
    let activity: Arc<str> = content().activity(false).to_string().into();
    let (conversation, message) = (ConversationId(CHAT.into()), MessageId(MESSAGE.into()));
    Request::Replace { conversation, message, activity, service_url: None }
}

fn withdraw() -> Request {
    let (conversation, message) = (ConversationId(CHAT.into()), MessageId(MESSAGE.into()));
    Request::Withdraw { conversation, message, service_url: None }
}

#[tokio::test]
async fn a_replacement_is_put_under_the_messages_own_id() {
    let (server, client, _) = both().await;
    server.answers([reply(200, json!({"id": MESSAGE}))]);
    let answer = client.warmed(&replace(), request_id(), LATER).await;
    assert_eq!(answer.outcome, Outcome::Accepted { message_id: Some(MessageId(MESSAGE.into())) });
    let seen = &server.seen()[0];
    assert!(seen.header("authorization").starts_with("Bearer token-"));
    assert_eq!(seen.header("x-ms-client-request-id"), request_id().to_string());
    assert_eq!((seen.method.clone(), seen.header("content-type")), (Method::PUT, "application/json"));
    assert_eq!(seen.path, format!("/bot/teams/v3/conversations/a%3A1_chat%2Fof%3Bhers/activities/{MESSAGE}"));
    assert!(seen.query.is_empty());
    let mut expected = content().activity(false);
    expected["id"] = json!(MESSAGE);
    assert_eq!(seen.json(), expected);
}

#[tokio::test]
async fn a_withdrawal_deletes_the_message_and_says_nothing() {
    let (server, client, _) = both().await;
    server.answers([empty(200), empty(204)]);
    for _ in 0..2 {
        let answer = client.warmed(&withdraw(), request_id(), LATER).await;
        assert_eq!(answer.outcome, Outcome::Accepted { message_id: None });
    }
    let seen = &server.seen()[0];
    assert_eq!(seen.method, Method::DELETE);
    assert_eq!(seen.path, format!("/bot/teams/v3/conversations/a%3A1_chat%2Fof%3Bhers/activities/{MESSAGE}"));
    assert!(seen.query.is_empty() && seen.body.is_empty());
}

fn error(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

/// Each refusal of `facts/teams-api.md` 4.6: its answer, and what it means for a replacement and for a deletion.
fn refusals() -> Vec<(u16, Value, Outcome, Outcome)> {
    let both = |status, body, outcome: Outcome| (status, body, outcome.clone(), outcome);
    let rejected = Outcome::Rejected;
    let halted = |reason| Outcome::Refused(HaltScope::Tenant, reason);
    let gone = Outcome::Accepted { message_id: None };
    let roster = "The bot is not part of the conversation roster.";
    let blocked = "User blocked the conversation with the bot.";
    let host = "Invalid bot api host. For GCC tenants, please call https://smba.infra.gcc.teams.microsoft.com.";
    let busy = || Outcome::Transient(Reason::Unavailable);
    let elsewhere =
        Outcome::NeedsRemedy(Remedy::BotHost("https://smba.infra.gcc.teams.microsoft.com".into()), Reason::WrongHost);
    vec![
        both(
            401,
            error("BotNotRegistered", "No registration found for this bot."),
            halted(HaltReason::BotNotRegistered),
        ),
        both(403, error("BotDisabledByAdmin", "The tenant admin disabled this bot"), halted(HaltReason::BotDisabled)),
        both(403, error("BotNotInConversationRoster", roster), rejected(Reason::NotInstalled)),
        both(403, error("ConversationBlockedByUser", blocked), rejected(Reason::BlockedByUser)),
        both(
            403,
            error("ForbiddenOperationException", "Bot is not installed in user's personal scope"),
            rejected(Reason::NotInstalled),
        ),
        both(403, error("InvalidBotApiHost", host), elsewhere),
        (
            404,
            error("ActivityNotFoundInConversation", "Conversation not found."),
            rejected(Reason::MessageGone),
            gone.clone(),
        ),
        (
            404,
            error("ConversationNotFound", "Conversation not found."),
            Outcome::StaleRoute(Stale::Chat, Reason::ConversationGone),
            gone,
        ),
        both(412, error("PreconditionFailed", "Precondition failed, please try again."), busy()),
        both(429, error("Throttled", "Too many requests."), Outcome::Throttled { retry_after: None }),
        both(500, error("ServiceError", "various"), busy()),
        both(502, error("ServiceError", "service dependency issue"), busy()),
        both(503, json!({}), busy()),
        both(504, json!({}), busy()),
    ]
}

#[tokio::test]
async fn each_refusal_means_what_it_means_for_what_was_sent_before() {
    let (server, client, _) = both().await;
    for (status, body, replaced, withdrawn) in refusals() {
        for (request, expected) in [(replace(), replaced), (withdraw(), withdrawn)] {
            server.answers([reply(status, body.clone())]);
            let answer = client.warmed(&request, request_id(), LATER).await;
            assert_eq!(answer.outcome, expected, "{status} {body}, {:?}", request.step());
        }
    }
}

#[tokio::test]
async fn silence_leaves_no_doubt_where_it_may_simply_be_done_again() {
    let server = Server::start().await;
    let mut short = settings(&server.url);
    short.request_timeout = Duration::from_millis(200);
    short.connect_timeout = Duration::from_millis(100);
    let (client, _) = client(short);
    client.warm_up(false).await.unwrap();
    server.answers([Reply::Silence, Reply::Silence]);
    for request in [replace(), withdraw()] {
        let answer = client.warmed(&request, request_id(), LATER).await;
        assert_eq!(answer.outcome, Outcome::Transient(Reason::Unavailable));
    }
}
