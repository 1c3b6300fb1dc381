//! Posts in channels: every request arrives as documented, and every answer is understood.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};
use stentor::domain::ids::{ConversationId, GroupId, InstallationId, MessageId, TeamsAppId};
use stentor::domain::outcome::{Fact, HaltScope, Outcome, Remedy, Stale};
use stentor::domain::reason::{HaltReason, Reason};
use stentor::ports::{Answer, Request};
use uuid::Uuid;

use super::server::*;

const TEAM: Uuid = Uuid::from_u128(0x66666666_6666_4666_8666_666666666666);
const CHANNEL: &str = "19:abcdefabcdefabcdefabcdefabcdefab@thread.tacv2";
const INSTALLATION: &str = "NjY2Ng==";

fn check() -> Request {
    Request::CheckTeam { team: GroupId(TEAM), app: TeamsAppId(CATALOGUE_ID.into()) }
}

fn install() -> Request {
    Request::InstallInTeam { team: GroupId(TEAM), app: TeamsAppId(CATALOGUE_ID.into()) }
}

fn find(channel: Option<&str>) -> Request {
    Request::FindChannel { team: GroupId(TEAM), channel: channel.map(str::to_owned) }
}

fn post() -> Request {
    let activity: Arc<str> = json!({"type": "message", "attachments": []}).to_string().into();
    Request::Post { channel: ConversationId(CHANNEL.into()), activity }
}

fn error(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

/// Makes `request`, which is answered so.
async fn answered(request: &Request, reply: Reply) -> (Answer, Seen) {
    let (server, client, _) = both().await;
    server.answers([reply]);
    let answer = client.warmed(request, request_id(), LATER).await;
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    (answer, seen.into_iter().next().unwrap())
}

async fn outcome(request: &Request, reply: Reply) -> Outcome {
    answered(request, reply).await.0.outcome
}

#[tokio::test]
async fn a_team_is_asked_for_this_app_and_no_other() {
    let listed = json!({"value": [{"id": INSTALLATION, "teamsApp": {"id": CATALOGUE_ID}}]});
    let (answer, seen) = answered(&check(), reply(200, listed)).await;
    assert_eq!(answer.outcome, Outcome::Learnt(Fact::Installed(InstallationId(INSTALLATION.into()))));
    assert_eq!(
        (seen.method.clone(), seen.path.clone()),
        (Method::GET, format!("/graph/v1.0/teams/{TEAM}/installedApps"))
    );
    assert_eq!((seen.query["$expand"].as_str(), seen.query.len()), ("teamsApp", 2));
    assert_eq!(seen.query["$filter"], format!("teamsApp/id eq '{CATALOGUE_ID}'"));
    assert_eq!(outcome(&check(), reply(200, json!({"value": []}))).await, Outcome::Learnt(Fact::NotInstalled));
}

#[tokio::test]
async fn the_app_is_installed_in_a_team_as_for_a_person() {
    let (answer, seen) = answered(&install(), empty(200)).await;
    assert_eq!(answer.outcome, Outcome::Learnt(Fact::InstallAccepted));
    assert_eq!(
        (seen.method.clone(), seen.path.clone()),
        (Method::POST, format!("/graph/v1.0/teams/{TEAM}/installedApps"))
    );
    let bind = seen.json()["teamsApp@odata.bind"].as_str().unwrap().to_owned();
    assert!(bind.ends_with(&format!("/graph/v1.0/appCatalogs/teamsApps/{CATALOGUE_ID}")), "{bind}");
    let there = reply(409, error("Conflict", "App already installed in the team."));
    assert_eq!(outcome(&install(), there).await, Outcome::Learnt(Fact::AlreadyInstalled));
}

#[tokio::test]
async fn the_general_channel_is_the_primary_one_and_others_are_found_by_name() {
    let chat = Outcome::Learnt(Fact::Chat(ConversationId(CHANNEL.into())));
    let (answer, seen) = answered(&find(None), reply(200, json!({"id": CHANNEL, "displayName": "Allgemein"}))).await;
    assert_eq!((answer.outcome, seen.method), (chat.clone(), Method::GET));
    assert_eq!(seen.path, format!("/graph/v1.0/teams/{TEAM}/primaryChannel"));
    assert_eq!(seen.query["$select"], "id");

    let others =
        json!({"value": [{"id": "19:other", "displayName": "O'Hara's"}, {"id": CHANNEL, "displayName": "O'Hara"}]});
    let (answer, seen) = answered(&find(Some("O'HARA")), reply(200, others)).await;
    assert_eq!(answer.outcome, chat);
    assert_eq!(seen.path, format!("/graph/v1.0/teams/{TEAM}/channels"));
    assert_eq!(seen.query["$select"], "id,displayName");
}

#[tokio::test]
async fn what_is_not_there_is_a_channel_and_not_a_person() {
    let gone = Outcome::Rejected(Reason::ChannelNotFound);
    let none = reply(200, json!({"value": []}));
    assert_eq!(outcome(&find(Some("News")), none).await, gone);
    let no_team = || reply(404, error("NotFound", "No team found with Group Id 66666666"));
    for request in [check(), find(None), find(Some("News"))] {
        assert_eq!(outcome(&request, no_team()).await, gone, "{request:?}");
    }
    // The app may be what is unknown here: it is looked up once more first.
    let renew = Outcome::NeedsRemedy(Remedy::CatalogueId, Reason::StaleCatalogueId);
    assert_eq!(outcome(&install(), no_team()).await, renew);
}

#[tokio::test]
async fn a_permission_that_posts_need_halts_their_broadcast_and_not_the_tenant() {
    let missing =
        || reply(403, error("Forbidden", "Missing role permissions on the request. API requires one of 'x'."));
    let halt = Outcome::Refused(HaltScope::Broadcast, HaltReason::PermissionMissing);
    for request in [check(), install(), find(None), find(Some("News"))] {
        assert_eq!(outcome(&request, missing()).await, halt, "{request:?}");
    }
}

#[tokio::test]
async fn a_post_begins_a_thread_with_the_message_and_its_id_is_kept() {
    let created = json!({"id": format!("{CHANNEL};messageid=1793610000456"), "activityId": "1793610000456"});
    let (answer, seen) = answered(&post(), reply(201, created)).await;
    let message = Some(MessageId("1793610000456".into()));
    assert_eq!(answer.outcome, Outcome::Accepted { message_id: message.clone() });
    assert_eq!((seen.method.clone(), seen.path.as_str()), (Method::POST, "/bot/teams/v3/conversations"));
    assert_eq!(
        seen.json(),
        json!({
            "isGroup": true,
            "bot": {"id": format!("28:{APP}")},
            "channelData": {"channel": {"id": CHANNEL}, "tenant": {"id": TENANT}},
            "activity": {"type": "message", "attachments": []},
        })
    );
    let by_thread = reply(201, json!({"id": format!("{CHANNEL};messageid=1793610000456")}));
    assert_eq!(outcome(&post(), by_thread).await, Outcome::Accepted { message_id: message });
    assert_eq!(outcome(&post(), empty(201)).await, Outcome::Accepted { message_id: None });
}

#[tokio::test]
async fn every_refusal_of_a_post_is_understood() {
    let cases = [
        (403, "BotNotInConversationRoster", Outcome::StaleRoute(Stale::Installation, Reason::NotInstalled)),
        (404, "ConversationNotFound", Outcome::StaleRoute(Stale::Chat, Reason::ConversationGone)),
        (412, "PreconditionFailed", Outcome::Transient(Reason::Unavailable)),
        (413, "MessageSizeTooBig", Outcome::ContentRefused(Reason::TooLarge)),
        (429, "Throttled", Outcome::Throttled { retry_after: None }),
        (500, "ServiceError", Outcome::Lost(Reason::ServiceFault)),
        (502, "ServiceError", Outcome::Lost(Reason::AnswerLost)),
        (503, "", Outcome::Transient(Reason::Unavailable)),
        (504, "", Outcome::Lost(Reason::AnswerLost)),
    ];
    for (status, code, expected) in cases {
        assert_eq!(outcome(&post(), reply(status, error(code, ""))).await, expected, "{status} {code}");
    }
}

#[tokio::test]
async fn a_post_is_replaced_and_deleted_in_the_thread_that_it_began() {
    let message = MessageId("1793610000456".into());
    let conversation = ConversationId(CHANNEL.into()).thread(&message);
    let path = "/bot/teams/v3/conversations/19%3Aabcdefabcdefabcdefabcdefabcdefab%40thread.tacv2%3Bmessageid%3D1793610000456\
                /activities/1793610000456";
    let activity: Arc<str> = json!({"type": "message"}).to_string().into();
    let replace =
        Request::Replace { conversation: conversation.clone(), message: message.clone(), activity, service_url: None };
    let (_, seen) = answered(&replace, reply(200, json!({"id": "1793610000456"}))).await;
    assert_eq!((seen.method.clone(), seen.path.as_str()), (Method::PUT, path));
    let withdraw = Request::Withdraw { conversation, message, service_url: None };
    let (_, seen) = answered(&withdraw, empty(200)).await;
    assert_eq!((seen.method.clone(), seen.path.as_str()), (Method::DELETE, path));
}
