//! Activity feeds: every request to the letter, every answer by its meaning, and a token that lives long enough.

use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use stentor::adapters::teams::TeamsClient;
use stentor::domain::content::Content;
use stentor::domain::ids::{BroadcastId, ConversationId, EntraId, GroupId, TeamsAppId};
use stentor::domain::notification::{Notification, Scope, Topic};
use stentor::domain::outcome::{Fact, HaltScope, Outcome};
use stentor::domain::reason::{HaltReason, Reason};
use stentor::ports::{Messenger, Notified, Request};
use uuid::Uuid;

use super::server::*;

const TEAM: GroupId = GroupId(Uuid::from_u128(0x66666666_6666_4666_8666_666666666666));
const CHANNEL: &str = "19:abcdefabcdefabcdefabcdefabcdefab@thread.tacv2";
const GROUP_CHAT: &str = "19:aaaabbbbccccdddd@thread.v2";
const TITLE: &str = "Offices close at noon on Friday";
const CHAIN: i64 = 1_793_610_000_123;

fn plain() -> Notification {
    let content = Content { title: TITLE.into(), body: "Text".into(), ..Content::default() };
    Notification::of(&content, "announcementPublished")
}

fn in_team() -> Notification {
    Notification { scope: Scope::Team(TEAM), ..plain() }
}

fn notify(to: Notified, notification: Notification) -> Request {
    let app = TeamsAppId(CATALOGUE_ID.into());
    Request::Notify { to, notification: Arc::new(notification), chain: CHAIN, app }
}

fn one() -> Request {
    notify(Notified::Person(EntraId(USER)), plain())
}

fn many() -> Request {
    let users = vec![EntraId(USER), EntraId(Uuid::from_u128(7))];
    Request::NotifyMany { users, notification: Arc::new(plain()), chain: CHAIN, app: TeamsAppId(CATALOGUE_ID.into()) }
}

/// What every body has in common.
fn body(topic: &Value, beside: &Value) -> Value {
    let mut body = json!({
        "topic": topic,
        "activityType": "announcementPublished",
        "chainId": CHAIN,
        "previewText": {"content": TITLE},
        "templateParameters": [{"name": "title", "value": TITLE}],
    });
    for (name, value) in beside.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

async fn sent(client: &TeamsClient, server: &Server, request: &Request) -> Seen {
    server.answers([empty(204)]);
    let answer = client.warmed(request, request_id(), LATER).await;
    assert_eq!(answer.outcome, Outcome::Accepted { message_id: None });
    server.seen().pop().unwrap()
}

#[tokio::test]
async fn each_action_is_asked_for_to_the_letter() {
    let (server, client, _) = both().await;
    let graph = format!("{}/graph/v1.0", server.url);
    let app = json!({"source": "entityUrl", "value": format!("{graph}/appCatalogs/teamsApps/{CATALOGUE_ID}")});
    let team = json!({"source": "entityUrl", "value": format!("{graph}/teams/{TEAM}")});
    let chat = json!({"source": "entityUrl", "value": format!("{graph}/chats/{GROUP_CHAT}")});
    let person = |id: &str| json!({"@odata.type": "microsoft.graph.aadUserNotificationRecipient", "userId": id});
    let of_user = format!("/users/{USER}/teamwork");
    let of_team = format!("/teams/{TEAM}");
    let of_chat = "/chats/19%3Aaaaabbbbccccdddd%40thread.v2".to_owned();
    let in_chat = || Notification { scope: Scope::Chat(ConversationId(GROUP_CHAT.into())), ..plain() };
    let channel = ConversationId(CHANNEL.into());
    let named = |name: &str| Notified::PersonNamed(name.into());
    let table = [
        (one(), of_user, body(&app, &json!({}))),
        (
            notify(named("jacob@contoso.com"), plain()),
            "/users/jacob%40contoso.com/teamwork".into(),
            body(&app, &json!({})),
        ),
        (
            notify(Notified::Person(EntraId(USER)), in_team()),
            of_team.clone(),
            body(&team, &json!({"recipient": person(&USER.to_string())})),
        ),
        (
            notify(named("jacob@contoso.com"), in_team()),
            of_team.clone(),
            body(&team, &json!({"recipient": person("jacob@contoso.com")})),
        ),
        (
            notify(Notified::TeamMembers, in_team()),
            of_team.clone(),
            body(
                &team,
                &json!({"recipient": {
                "@odata.type": "microsoft.graph.teamMembersNotificationRecipient", "teamId": TEAM.to_string()}}),
            ),
        ),
        (
            notify(Notified::ChannelMembers(channel), in_team()),
            of_team,
            body(
                &team,
                &json!({"recipient": {
                "@odata.type": "microsoft.graph.channelMembersNotificationRecipient",
                "teamId": TEAM.to_string(), "channelId": CHANNEL}}),
            ),
        ),
        (
            notify(Notified::ChatMembers, in_chat()),
            of_chat,
            body(
                &chat,
                &json!({"recipient": {
                "@odata.type": "microsoft.graph.chatMembersNotificationRecipient", "chatId": GROUP_CHAT}}),
            ),
        ),
    ];
    for (request, place, expected) in table {
        let seen = sent(&client, &server, &request).await;
        assert_eq!((seen.method.clone(), seen.header("content-type")), (Method::POST, "application/json"));
        assert_eq!(seen.path, format!("/graph/v1.0{place}/sendActivityNotification"));
        assert!(seen.query.is_empty());
        assert_eq!(seen.json(), expected);
    }
}

#[tokio::test]
async fn a_topic_of_our_own_an_icon_and_the_apps_name_travel_along() {
    let (server, client, _) = both().await;
    let link = "https://teams.microsoft.com/l/message/19:x/1";
    let topic = Topic::Text { title: "Company News".into(), link: link.into() };
    let said = Notification { topic, icon: Some("news".into()), names_app: true, ..plain() };
    let seen = sent(&client, &server, &notify(Notified::Person(EntraId(USER)), said)).await;
    let topic = json!({"source": "text", "value": "Company News", "webUrl": link});
    assert_eq!(seen.json(), body(&topic, &json!({"iconId": "news", "teamsAppId": CATALOGUE_ID})));
}

#[tokio::test]
async fn many_are_notified_with_one_request_that_lists_them() {
    let (server, client, _) = both().await;
    client.warm_up(true).await.unwrap();
    server.answers([empty(202)]);
    let answer = client.perform(&many(), request_id(), LATER).await;
    assert_eq!((answer.outcome, answer.status), (Outcome::Accepted { message_id: None }, Some(202)));
    let seen = &server.seen()[0];
    assert_eq!(seen.path, "/graph/v1.0/teamwork/sendActivityNotificationToRecipients");
    let person = |id: Uuid| json!({"@odata.type": "microsoft.graph.aadUserNotificationRecipient", "userId": id});
    let app = json!({"source": "entityUrl",
        "value": format!("{}/graph/v1.0/appCatalogs/teamsApps/{CATALOGUE_ID}", server.url)});
    assert_eq!(seen.json(), body(&app, &json!({"recipients": [person(USER), person(Uuid::from_u128(7))]})));
}

fn refusal(status: u16, code: &str, message: &str) -> Reply {
    reply(status, json!({"error": {"code": code, "message": message}}))
}

#[tokio::test]
async fn every_refusal_has_its_meaning() {
    let absent = "Application with AAD App Id 'x' is not authorized to generate custom text notifications about 'y' to the \
                  recipient. Ensure that the expected Teams app is installed in the target scope (user, team, or chat).";
    let consent = "Missing role permissions on the request. API requires one of 'TeamsActivity.Send'. Roles on the request \
                   ''. Resource specific consent grants on the request ''.";
    let several = "Found multiple applications with the same AAD App ID 'x' - a Teams Application ID is required to resolve \
                   which application is correct.";
    let for_team = || notify(Notified::Person(EntraId(USER)), in_team());
    let for_all = || notify(Notified::TeamMembers, in_team());
    let halts = |scope, reason| Outcome::Refused(scope, reason);
    let table = [
        (one(), refusal(400, "BadRequest", "webUrl"), Outcome::ContentRefused(Reason::ContentRefused)),
        (one(), refusal(403, "Forbidden", absent), Outcome::Learnt(Fact::NotInstalled)),
        // Teams says the same of somebody who is not in the team and of a team without the app.
        (for_team(), refusal(403, "Forbidden", absent), Outcome::ContentRefused(Reason::NotInTeam)),
        (for_all(), refusal(403, "Forbidden", absent), halts(HaltScope::Broadcast, HaltReason::NotInTeam)),
        (one(), refusal(403, "Forbidden", consent), halts(HaltScope::Broadcast, HaltReason::PermissionMissing)),
        (one(), refusal(404, "NotFound", "no such user"), Outcome::Rejected(Reason::NotFound)),
        // It may be the team that is unknown.
        (for_team(), refusal(404, "NotFound", "no such team"), Outcome::ContentRefused(Reason::NotInTeam)),
        (for_all(), refusal(404, "NotFound", "no such team"), halts(HaltScope::Broadcast, HaltReason::NotInTeam)),
        (one(), refusal(409, "Conflict", several), halts(HaltScope::Broadcast, HaltReason::AppNotNamed)),
        (one(), refusal(429, "TooManyRequests", "wait"), Outcome::Throttled { retry_after: None }),
        // It may be in her feed; doing it again does no harm, for the chain replaces.
        (one(), empty(500), Outcome::Lost(Reason::ServiceFault)),
        (one(), Reply::CutOff { status: 504 }, Outcome::Lost(Reason::AnswerLost)),
    ];
    for (request, answer, meaning) in table {
        let (server, client, _) = both().await;
        server.answers([answer.clone()]);
        assert_eq!(client.warmed(&request, request_id(), LATER).await.outcome, meaning, "{answer:?}");
    }
    for (answer, meaning) in [
        (refusal(412, "PreconditionFailed", "token"), Outcome::Rejected(Reason::TokenRefused)),
        (refusal(403, "Forbidden", consent), halts(HaltScope::Broadcast, HaltReason::PermissionMissing)),
        (refusal(400, "BadRequest", "recipients"), Outcome::ContentRefused(Reason::ContentRefused)),
        (with_header(429, "retry-after", "2.1"), Outcome::Throttled { retry_after: Some(Duration::from_millis(2100)) }),
        (empty(503), Outcome::Transient(Reason::Unavailable)),
    ] {
        let (server, client, _) = both().await;
        client.warm_up(true).await.unwrap();
        server.answers([answer.clone()]);
        assert_eq!(client.perform(&many(), request_id(), LATER).await.outcome, meaning, "{answer:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_about_to_be_too_old_for_many_is_renewed_first() {
    let (server, client, clock) = both().await;
    client.warm_up(true).await.unwrap();
    let asked = server.tokens_asked().len();
    // 3600 seconds of life, a few last moments left out: fewer than 45 minutes after 900.
    clock.advance(Duration::from_secs(950));
    assert_eq!(client.perform(&many(), request_id(), LATER).await, Outcome::NotStarted.into());
    client.warm_up(true).await.unwrap();
    assert_eq!(server.tokens_asked().len(), asked + 1);
    server.answers([empty(202)]);
    assert_eq!(client.perform(&many(), request_id(), LATER).await.status, Some(202));
}

#[tokio::test]
async fn where_even_a_fresh_token_is_too_short_they_go_one_by_one() {
    let (server, client, _) = both().await;
    server.grants([grant(2400), grant(2400), grant(2400)]);
    client.warm_up(true).await.unwrap();
    let answer = client.perform(&many(), request_id(), LATER).await;
    assert_eq!(answer, Outcome::Rejected(Reason::TokenRefused).into());
    assert!(server.seen().is_empty(), "nothing was asked that would be refused");
    sent(&client, &server, &one()).await;
}

#[test]
fn a_chain_is_a_number_that_every_reader_of_json_keeps() {
    let id = BroadcastId::new("2032-01-01T00:00:00Z".parse().unwrap(), u64::MAX);
    let chain = Notification::chain(id);
    assert!(chain > 0 && chain < (1 << 53), "{chain}");
}
