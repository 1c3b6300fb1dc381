//! Every request arrives as documented, and every success is understood.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};
use stentor::adapters::teams::{AppHolder, BotKind, TeamsClientSettings, TeamsError};
use stentor::domain::attributes::Property;
use stentor::domain::content::Content;
use stentor::domain::ids::{ConversationId, EntraId, GroupId, InstallationId, MessageId, TeamsAppId};
use stentor::domain::outcome::{Fact, HaltScope, Outcome};
use stentor::domain::reason::{HaltReason, Reason};
use stentor::domain::route::Account;
use stentor::ports::{Change, Directory, Group, GroupsPage, Messenger, Onward, Request, WhichGroups};

use super::server::*;

const CHAT: &str = "19:2222_5555@unq.gbl.spaces";
const INSTALLATION: &str = "NTU1+/==";

pub fn check() -> Request {
    Request::Check { user: EntraId(USER), app: TeamsAppId(CATALOGUE_ID.into()) }
}

pub fn install() -> Request {
    Request::Install { user: EntraId(USER), app: TeamsAppId(CATALOGUE_ID.into()) }
}

pub fn resolve() -> Request {
    Request::Resolve { user: EntraId(USER), installation: InstallationId(INSTALLATION.into()) }
}

pub fn send() -> Request {
    let content = Content { title: "Half day".into(), body: "Offices close at noon.".into(), ..Content::default() };
    let activity: Arc<str> = content.activity(true).to_string().into();
    Request::Send { conversation: ConversationId(CHAT.into()), activity, service_url: None }
}

/// One of the official schemas beside the repository, when they are there.
fn schema(name: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/facts/schemas").join(name);
    let Ok(text) = std::fs::read_to_string(path) else {
        println!("skipped: no {name} beside the repository");
        return None;
    };
    Some(serde_json::from_str(&text).unwrap())
}

fn assert_common(seen: &Seen, id_header: &str) {
    assert!(seen.header("authorization").starts_with("Bearer token-"));
    assert_eq!(seen.header(id_header), request_id().to_string());
    assert_eq!(seen.header("user-agent"), concat!("stentor/", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn check_asks_graph_for_this_app_of_this_person() {
    let (server, client, _) = both().await;
    let listed = json!({"value": [{"id": "other", "teamsApp": {"id": "another app"}},
        {"id": INSTALLATION, "teamsApp": {"id": CATALOGUE_ID, "distributionMethod": "Organization", "name": "News"}}]});
    server.answers([reply(200, listed), reply(200, json!({"value": []}))]);

    let answer = client.warmed(&check(), request_id(), LATER).await;
    assert_eq!(answer.outcome, Outcome::Learnt(Fact::Installed(InstallationId(INSTALLATION.into()))));
    let answer = client.warmed(&check(), request_id(), LATER).await;
    assert_eq!((answer.outcome, answer.status), (Outcome::Learnt(Fact::NotInstalled), Some(200)));

    let seen = &server.seen()[0];
    assert_common(seen, "client-request-id");
    assert_eq!(seen.method, Method::GET);
    assert_eq!(seen.path, format!("/graph/v1.0/users/{USER}/teamwork/installedApps"));
    assert_eq!(seen.query["$expand"], "teamsApp");
    assert_eq!(seen.query["$filter"], format!("teamsApp/id eq '{CATALOGUE_ID}'"));
    assert_eq!(seen.query.len(), 2);
}

#[tokio::test]
async fn install_binds_the_app_of_this_clouds_graph() {
    let (server, client, _) = both().await;
    server.answers([empty(201), reply(409, json!({"error": {"code": "Conflict", "message": "there"}})), empty(200)]);
    for told in [Fact::InstallAccepted, Fact::AlreadyInstalled, Fact::InstallAccepted] {
        let answer = client.warmed(&install(), request_id(), LATER).await;
        assert_eq!(answer.outcome, Outcome::Learnt(told));
    }

    let seen = &server.seen()[0];
    assert_common(seen, "client-request-id");
    assert_eq!((seen.method.clone(), seen.header("content-type")), (Method::POST, "application/json"));
    assert_eq!(seen.path, format!("/graph/v1.0/users/{USER}/teamwork/installedApps"));
    let app = format!("{}/graph/v1.0/appCatalogs/teamsApps/{CATALOGUE_ID}", server.url);
    assert_eq!(seen.json(), json!({"teamsApp@odata.bind": app}));
    if let Some(graph) = schema("graph.json") {
        let installation = &graph["types"]["teamsAppInstallation"];
        for member in seen.json().as_object().unwrap().keys() {
            let bound = member.strip_suffix("@odata.bind");
            let known = bound.map_or(&installation["props"][member], |bound| &installation["nav"][bound]);
            assert!(!known.is_null(), "{member}");
        }
    }
}

#[tokio::test]
async fn resolve_encodes_the_installation() {
    let (server, client, _) = both().await;
    server.answers([reply(200, json!({"id": CHAT, "topic": null, "chatType": "oneOnOne"})), reply(200, json!({}))]);
    let answer = client.warmed(&resolve(), request_id(), LATER).await;
    assert_eq!(answer.outcome, Outcome::Learnt(Fact::Chat(ConversationId(CHAT.into()))));
    let answer = client.warmed(&resolve(), request_id(), LATER).await;
    assert_eq!(answer.outcome, Outcome::Transient(Reason::Unavailable));

    let seen = &server.seen()[0];
    assert_common(seen, "client-request-id");
    assert_eq!(seen.path, format!("/graph/v1.0/users/{USER}/teamwork/installedApps/NTU1%2B%2F%3D%3D/chat"));
}

#[tokio::test]
async fn send_hands_over_the_very_bytes() {
    let (server, client, _) = both().await;
    server.answers([reply(201, json!({"id": "1793610000123"})), empty(202)]);
    let answer = client.warmed(&send(), request_id(), LATER).await;
    assert_eq!(answer.outcome, Outcome::Accepted { message_id: Some(MessageId("1793610000123".into())) });
    let answer = client.warmed(&send(), request_id(), LATER).await;
    assert_eq!(answer.outcome, Outcome::Accepted { message_id: None });

    let seen = &server.seen()[0];
    assert_common(seen, "x-ms-client-request-id");
    assert_eq!((seen.method.clone(), seen.header("content-type")), (Method::POST, "application/json"));
    assert_eq!(seen.path, "/bot/teams/v3/conversations/19%3A2222_5555%40unq.gbl.spaces/activities");
    let Request::Send { activity, .. } = send() else { unreachable!() };
    assert_eq!(seen.body, *activity);
    if let Some(connector) = schema("connector.json") {
        let known = &connector["definitions"]["Activity"]["properties"];
        assert!(seen.json().as_object().unwrap().keys().all(|member| !known[member].is_null()));
    }
}

#[tokio::test]
async fn create_asks_the_connector_for_the_chat_of_one_person() {
    let (server, client, _) = both().await;
    let not_installed = "Bot is not installed in user's personal scope";
    let refused = json!({"error": {"code": "BadArgument", "message": not_installed}});
    server.answers([reply(201, json!({"id": "a:1pL8"})), reply(403, refused), reply(200, json!({}))]);
    let create = Request::Create { user: EntraId(USER) };
    let answer = client.warmed(&create, request_id(), LATER).await;
    assert_eq!(answer.outcome, Outcome::Learnt(Fact::Chat(ConversationId("a:1pL8".into()))));
    let answer = client.warmed(&create, request_id(), LATER).await;
    assert_eq!(answer.outcome, Outcome::Learnt(Fact::NotInstalled));
    let answer = client.warmed(&create, request_id(), LATER).await;
    assert_eq!(answer.outcome, Outcome::Transient(Reason::Unavailable));

    let seen = &server.seen()[0];
    assert_common(seen, "x-ms-client-request-id");
    assert_eq!((seen.method.clone(), seen.header("content-type")), (Method::POST, "application/json"));
    assert_eq!(seen.path, "/bot/teams/v3/conversations");
    let body = seen.json();
    assert_eq!(body["members"], json!([{"id": USER.to_string()}]));
    assert_eq!((&body["isGroup"], &body["tenantId"]), (&json!(false), &body["channelData"]["tenant"]["id"]));
    assert!(body["bot"]["id"].as_str().unwrap().starts_with("28:"));
    if let Some(connector) = schema("connector.json") {
        let known = &connector["definitions"]["ConversationParameters"]["properties"];
        assert!(body.as_object().unwrap().keys().all(|member| !known[member].is_null()), "{known}");
    }
}

#[tokio::test]
async fn the_app_is_found_by_its_manifest_and_only_when_it_is_one() {
    let (server, client, _) = both().await;
    let app = |id: &str, method: &str| json!({"id": id, "externalId": MANIFEST, "distributionMethod": method});
    let catalogue = json!({"value": [app("store", "store"), app(CATALOGUE_ID, "Organization")]});
    server.answers([reply(200, catalogue), reply(200, json!({"value": []}))]);
    assert_eq!(client.find_app(request_id()).await, Ok(TeamsAppId(CATALOGUE_ID.into())));
    let missing = client.find_app(request_id()).await.unwrap_err();
    assert_eq!(format!("{:?}", missing.outcome), "Refused(Tenant, NotInCatalogue)");

    let seen = &server.seen()[0];
    assert_common(seen, "client-request-id");
    assert_eq!(seen.path, "/graph/v1.0/appCatalogs/teamsApps");
    let filter = format!("externalId eq '{MANIFEST}' and distributionMethod eq 'organization'");
    assert_eq!(seen.query, [("$filter".to_owned(), filter)].into());
}

#[tokio::test]
async fn where_the_catalogue_may_not_be_read_the_app_is_found_through_whoever_has_it() {
    let denied =
        || reply(403, json!({"error": {"code": "Forbidden", "message": "Missing role permissions on the request."}}));
    let installed = |external: &str, id: &str| json!({"id": "x", "teamsApp": {"id": id, "externalId": external}});
    let team = GroupId(USER);
    for (holder, path) in [
        (
            AppHolder::User("anna@contoso.example".into()),
            "/graph/v1.0/users/anna%40contoso.example/teamwork/installedApps",
        ),
        (AppHolder::Team(team), "/graph/v1.0/teams/55555555-5555-4555-8555-555555555555/installedApps"),
    ] {
        let server = Server::start().await;
        let (client, _) = client(TeamsClientSettings { app_holder: Some(holder), ..settings(&server.url) });
        let apps = json!({"value": [installed("another", "other"), installed(MANIFEST, CATALOGUE_ID)]});
        server.answers([denied(), reply(200, apps), denied(), reply(200, json!({"value": []}))]);
        assert_eq!(client.find_app(request_id()).await, Ok(TeamsAppId(CATALOGUE_ID.into())));
        let seen = server.seen();
        assert_eq!((seen[1].path.as_str(), seen[1].query["$expand"].as_str()), (path, "teamsApp"));
        assert_eq!(seen[1].query["$filter"], format!("teamsApp/externalId eq '{MANIFEST}'"));
        // It does not have it: the refusal stands, and says where else was looked.
        let refused = client.find_app(request_id()).await.unwrap_err();
        assert_eq!(format!("{:?}", refused.outcome), "Refused(Tenant, PermissionMissing)");
        assert!(refused.detail.unwrap().contains("teams.find_app_through_"));
    }
    let (server, client, _) = both().await;
    server.answers([denied()]);
    client.find_app(request_id()).await.unwrap_err();
    assert_eq!(server.seen().len(), 1, "nobody is named who has it");
}

#[tokio::test]
async fn a_team_is_asked_for_the_app_and_given_it() {
    let (server, client, _) = both().await;
    let (team, app) = (GroupId(USER), TeamsAppId(CATALOGUE_ID.into()));
    let listed = json!({"value": [{"id": INSTALLATION, "teamsApp": {"id": CATALOGUE_ID}}]});
    let there = json!({"error": {"code": "Conflict", "message": "there"}});
    server.answers([reply(200, listed), reply(200, json!({"value": []})), empty(200), empty(201), reply(409, there)]);
    let has = client.check_team(team, &app, request_id()).await;
    assert_eq!(has.outcome, Outcome::Learnt(Fact::Installed(InstallationId(INSTALLATION.into()))));
    let has_not = client.check_team(team, &app, request_id()).await;
    assert_eq!(has_not.outcome, Outcome::Learnt(Fact::NotInstalled));
    for told in [Fact::InstallAccepted, Fact::InstallAccepted, Fact::AlreadyInstalled] {
        assert_eq!(client.install_in_team(team, &app, request_id()).await.outcome, Outcome::Learnt(told));
    }
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.path == format!("/graph/v1.0/teams/{USER}/installedApps")));
    assert_eq!(seen[0].query["$filter"], format!("teamsApp/id eq '{CATALOGUE_ID}'"));
    let bound = format!("{}/graph/v1.0/appCatalogs/teamsApps/{CATALOGUE_ID}", server.url);
    assert_eq!(seen[2].json(), json!({"teamsApp@odata.bind": bound}));
}

#[tokio::test]
async fn changes_are_told_in_order_with_what_they_do_not_mention() {
    let (server, client, _) = both().await;
    let link = |token: &str| format!("{}/graph/v1.0/users/delta?{token}", server.url);
    let (more, later) = (link("$skiptoken=m'"), link("$deltatoken=2"));
    let moved = json!({"id": USER, "officeLocation": "Lyon 2", "department": null, "jobTitle": " "});
    let gone = json!({"id": USER, "@removed": {"reason": "changed"}});
    let page = json!({"@odata.nextLink": more, "value": [moved, {"id": "no id"}, gone]});
    let charged = Reply::Whole {
        status: 200,
        headers: vec![("x-ms-resource-unit", "3".to_owned())],
        body: json!({"@odata.deltaLink": later, "value": [person(1, json!({"preferredLanguage": "fr-FR"}))]})
            .to_string(),
    };
    let gone_link = Reply::Whole { status: 410, headers: vec![("location", link("$select=id"))], body: String::new() };
    let stale = |code: &str| reply(400, json!({"error": {"code": code, "message": "start over"}}));
    server.answers([reply(200, page), charged, gone_link, stale("syncStateNotFound"), stale("resyncRequired")]);

    let first = client.changes(None, request_id()).await.unwrap().told;
    assert_eq!(first.next, Onward::Now(more.clone()));
    let [Change::Person(moved, mentioned), Change::Gone(id)] = first.changes.as_slice() else { panic!("{first:?}") };
    assert_eq!((moved.attributes.office.as_deref(), *id), (Some("Lyon 2"), EntraId(USER)));
    use Property as P;
    let said = [P::Office, P::Department, P::JobTitle].map(|property| mentioned.has(property));
    let unsaid = [P::DisplayName, P::Mail, P::Guest, P::Enabled, P::Licensed].map(|property| mentioned.has(property));
    assert_eq!((said, unsaid), ([true; 3], [false; 5]));
    assert_eq!((&moved.attributes.department, &moved.attributes.job_title), (&None, &None));

    let last = client.changes(Some(&more), request_id()).await.unwrap();
    assert_eq!((last.told.next, last.units), (Onward::Later(later.clone()), Some(3)));
    let Change::Person(new, mentioned) = &last.told.changes[0] else { panic!() };
    assert_eq!((new.attributes.language.as_deref(), new.account), (Some("fr-FR"), Account::ORDINARY));
    assert!(mentioned.has(P::Licensed) && mentioned.has(P::Mail) && !mentioned.has(P::Office));
    for _ in 0..3 {
        let answer = client.changes(Some(&later), request_id()).await.unwrap_err();
        assert_eq!(answer.outcome, Outcome::Transient(Reason::Unexpected), "{answer:?}");
    }
    let seen = server.seen();
    assert_eq!((seen[0].path.as_str(), seen[0].query["$deltatoken"].as_str()), ("/graph/v1.0/users/delta", "latest"));
    assert_eq!(seen[1].query["$skiptoken"], "m'");
}

#[tokio::test]
async fn a_property_that_cannot_be_read_says_nothing_and_the_rest_of_the_person_is_read() {
    let (server, client, _) = both().await;
    let odd = json!({"jobTitle": {"text": "Buyer"}, "department": 7, "accountEnabled": "yes",
        "assignedPlans": [{"servicePlanId": "no id"}], "officeLocation": "Lyon"});
    let untyped = json!({"userType": null});
    let later = format!("{}/graph/v1.0/users/delta?$deltatoken=2", server.url);
    let body = json!({"value": [person(1, odd), person(2, untyped), person(3, json!({"userType": "Guest"}))],
        "@odata.deltaLink": later});
    server.answers([reply(200, body.clone()), reply(200, body)]);
    let page = client.people(None, request_id()).await.unwrap().told;
    assert_eq!((page.people.len(), page.unreadable), (3, false));
    let changes = client.changes(None, request_id()).await.unwrap().told.changes;
    use Property as P;
    let mentioned = |place: usize, properties: [P; 6]| match &changes[place] {
        Change::Person(_, mentioned) => properties.map(|property| mentioned.has(property)),
        Change::Gone(_) => panic!("nobody is gone"),
    };
    let unread = mentioned(0, [P::JobTitle, P::Department, P::Enabled, P::Licensed, P::Office, P::Guest]);
    assert_eq!(unread, [false, false, false, false, true, true]);
    let types = [P::Guest, P::Untyped, P::Licensed, P::Enabled, P::Mail, P::DisplayName];
    assert_eq!(mentioned(1, types), [false, true, true, true, true, true]);
    assert_eq!(mentioned(2, types), [true, false, true, true, true, true]);
}

#[tokio::test]
async fn groups_are_asked_for_by_id_by_name_and_by_the_beginning_of_a_name() {
    let (server, client, _) = both().await;
    let more = format!("{}/graph/v1.0/groups?$skiptoken=2", server.url);
    let team =
        json!({"id": USER, "displayName": "O'Hara", "visibility": "Private", "resourceProvisioningOptions": ["Team"]});
    let hidden = json!({"id": USER, "displayName": null, "visibility": "HiddenMembership"});
    let unknown = json!({"error": {"code": "Request_ResourceNotFound", "message": "Resource 'x' does not exist or one of         its queried reference-property objects are not present."}});
    server.answers([
        reply(200, team.clone()),
        reply(200, json!({"value": [team], "@odata.nextLink": more})),
        reply(200, json!({"value": [hidden]})),
        reply(200, json!({"value": []})),
        reply(404, unknown),
    ]);
    let id = GroupId(USER);
    let group = |name: &str, team, hidden| Group { id, name: name.into(), team, hidden };
    let ask = async |which, page| client.groups(which, page, request_id()).await.unwrap().told;
    let only = |groups: Vec<Group>| GroupsPage { groups, next: None };
    assert_eq!(ask(WhichGroups::Id(id), None).await, only(vec![group("O'Hara", true, false)]));
    let named = WhichGroups::Named("O'Hara");
    let first = GroupsPage { groups: vec![group("O'Hara", true, false)], next: Some(more.clone()) };
    assert_eq!(ask(named, None).await, first);
    assert_eq!(ask(named, Some(&more)).await, only(vec![group(&USER.to_string(), false, true)]));
    assert_eq!(ask(WhichGroups::Beginning("Mi"), None).await, only(vec![]));
    assert_eq!(ask(WhichGroups::Id(id), None).await, only(vec![]));
    let seen = server.seen();
    assert_eq!(seen[0].path, format!("/graph/v1.0/groups/{USER}"));
    assert_eq!(seen[1].query["$filter"], "displayName eq 'O''Hara'");
    assert_eq!(seen[2].query["$skiptoken"], "2");
    assert_eq!(seen[3].query["$filter"], "startswith(displayName,'Mi')");
}

#[tokio::test]
async fn every_page_of_members_is_asked_for_with_the_header_that_casts_need() {
    let (server, client, _) = both().await;
    let next = format!("{}/graph/v1.0/groups/x/transitiveMembers/microsoft.graph.user?$skiptoken=2", server.url);
    let member = json!({"@odata.type": "#microsoft.graph.user", "id": USER});
    server.answers([reply(200, json!({"value": [member], "@odata.nextLink": next})), reply(200, json!({"value": []}))]);
    let first = client.members(GroupId(USER), None, request_id()).await.unwrap().told;
    assert_eq!(first.members, [EntraId(USER)]);
    let last = client.members(GroupId(USER), first.next.as_deref(), request_id()).await.unwrap().told;
    assert!(last.members.is_empty() && last.next.is_none());
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.header("consistencylevel") == "eventual"));
    assert_eq!(seen[0].path, format!("/graph/v1.0/groups/{USER}/transitiveMembers/microsoft.graph.user"));
    assert_eq!((seen[0].query["$count"].as_str(), seen[0].query["$top"].as_str()), ("true", "999"));
}

fn person(number: u8, members: Value) -> Value {
    let mut person = json!({"id": format!("55555555-5555-4555-8555-5555555555{number:02}"),
        "userPrincipalName": format!("p{number}@contoso.example"), "displayName": format!("Person {number}"),
        "mail": null, "accountEnabled": true, "userType": "Member",
        "assignedPlans": [{"capabilityStatus": "Enabled", "servicePlanId": "57ff2da0-773e-42df-b2af-ffb7a2317929"}]});
    person.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    person
}

#[tokio::test]
async fn people_are_read_page_by_page_and_judged_by_type_and_licence() {
    let (server, client, _) = both().await;
    let deleted = [json!({"id": "no id"}), person(8, json!({"@removed": {"reason": "deleted"}}))];
    let plan =
        |status: &str| json!([{"capabilityStatus": status, "servicePlanId": "57FF2DA0-773E-42DF-B2AF-FFB7A2317929"}]);
    let people = [
        person(1, json!({})),
        person(2, json!({"userType": "guest"})),
        person(3, json!({"userType": null, "assignedPlans": plan("warning")})),
        person(4, json!({"userType": null, "assignedPlans": plan("Deleted")})),
        person(5, json!({"accountEnabled": false, "assignedPlans": []})),
    ];
    let next = format!("{}/graph/v1.0/users?$select=id&$skiptoken=RFNw'dA", server.url);
    let page = json!({"@odata.nextLink": next, "value": ([people.as_slice(), deleted.as_slice()].concat())});
    server.answers([reply(200, page), reply(200, json!({"value": []}))]);

    let page = client.people(None, request_id()).await.unwrap().told;
    let account = |guest, enabled, licensed| Account { guest, enabled, licensed };
    let accounts: Vec<Account> = page.people.iter().map(|person| person.account).collect();
    let nobody = account(true, true, false);
    let off = account(false, false, false);
    assert_eq!(accounts, [Account::ORDINARY, account(true, true, true), Account::ORDINARY, nobody, off]);
    assert_eq!(page.people[0].display_name, "Person 1");
    assert!(page.unreadable, "of one not even the id was read");
    let last = client.people(page.next.as_deref(), request_id()).await.unwrap().told;
    assert!(last.people.is_empty() && last.next.is_none() && !last.unreadable);

    let seen = server.seen();
    assert_common(&seen[0], "client-request-id");
    assert_eq!((seen[0].path.as_str(), seen[0].query["$top"].as_str()), ("/graph/v1.0/users", "999"));
    assert_eq!(seen[1].query["$skiptoken"], "RFNw'dA");
    if let Some(graph) = schema("graph.json") {
        let known = |member: &str| member == "id" || !graph["types"]["user"]["props"][member].is_null();
        assert!(seen[0].query["$select"].split(',').all(known));
    }
}

#[tokio::test]
async fn a_link_to_another_host_gets_no_token() {
    let (server, client, _) = both().await;
    let other = Server::start().await;
    let astray = format!("{}/graph/v1.0/users?$skiptoken=x", other.url);
    server.answers([reply(200, json!({"value": [], "@odata.nextLink": astray}))]);
    let answer = client.people(None, request_id()).await.unwrap_err();
    assert_eq!(answer.outcome, Outcome::Rejected(Reason::Unexpected));
    // Kept from another cloud, perhaps: whoever has it begins again.
    for page in [astray.as_str(), "not a link"] {
        let answer = client.people(Some(page), request_id()).await.unwrap_err();
        assert_eq!(answer.outcome, Outcome::Transient(Reason::Unexpected));
        let answer = client.changes(Some(page), request_id()).await.unwrap_err();
        assert_eq!(answer.outcome, Outcome::Transient(Reason::Unexpected));
    }
    assert_eq!((other.seen().len(), server.seen().len()), (0, 1));
}

#[tokio::test]
async fn a_token_is_asked_for_in_the_tenant_that_the_bot_belongs_to() {
    for (kind, tenant) in
        [(BotKind::SingleTenant, TENANT.to_string()), (BotKind::MultiTenant, "botframework.com".into())]
    {
        let server = Server::start().await;
        let mut settings = settings(&server.url);
        settings.bot_kind = kind;
        client(settings).0.warm_up(false).await.unwrap();

        let mut asked = server.tokens_asked();
        asked.sort_by_key(|seen| seen.body.contains("botframework"));
        let form = |scope: &str| {
            let secret = "s3cr3t%7Evalue";
            format!(
                "grant_type=client_credentials&client_id={APP}&client_secret={secret}&scope=https%3A%2F%2F{scope}%2F.default"
            )
        };
        assert_eq!(asked.len(), 2);
        assert_eq!(asked[0].path, format!("/login/{TENANT}/oauth2/v2.0/token"));
        assert_eq!(asked[1].path, format!("/login/{tenant}/oauth2/v2.0/token"));
        assert_eq!([&asked[0].body, &asked[1].body], [&form("graph.microsoft.com"), &form("api.botframework.com")]);
        assert_eq!(asked[0].header("content-type"), "application/x-www-form-urlencoded");
    }
}

#[tokio::test]
async fn the_other_way_to_a_chat_is_through_a_persons_chats_and_takes_her_own() {
    let (server, client, _) = both().await;
    let with_others = json!({"id": "19:meeting@thread.v2", "chatType": "meeting"});
    let chats = |own: &[Value]| {
        let listed: Vec<&Value> = std::iter::once(&with_others).chain(own).collect();
        reply(200, json!({ "value": listed }))
    };
    let own = json!({"id": CHAT, "chatType": "oneOnOne"});
    let refusal = "Requested API is not supported in application-only context";
    let refused = json!({"error": {"code": "PreconditionFailed", "message": refusal}});
    server.answers([chats(&[own]), chats(&[]), reply(412, refused)]);
    let find = Request::FindChat { user: EntraId(USER), app: TeamsAppId(CATALOGUE_ID.into()) };
    for expected in [
        Outcome::Learnt(Fact::Chat(ConversationId(CHAT.into()))),
        Outcome::NotYet,
        Outcome::Refused(HaltScope::Tenant, HaltReason::ChatsRefused),
    ] {
        assert_eq!(client.warmed(&find, request_id(), LATER).await.outcome, expected);
    }
    let seen = &server.seen()[0];
    assert_eq!((seen.method.clone(), seen.path.clone()), (Method::GET, format!("/graph/v1.0/users/{USER}/chats")));
    assert_eq!(seen.query["$filter"], format!("installedApps/any(a:a/teamsApp/id eq '{CATALOGUE_ID}')"));
    assert_eq!(seen.query.len(), 1);
}

#[tokio::test]
async fn a_named_bot_host_is_used_if_it_may_have_our_token() {
    let (server, client, _) = both().await;
    let other = Server::start().await;
    other.answers([reply(201, json!({"id": "1"})), reply(201, json!({"id": "2"}))]);
    let message = format!("Invalid bot api host. For GCC tenants, please call {}.", other.url);
    server.answers([reply(403, json!({"error": {"code": "InvalidBotApiHost", "message": message}}))]);

    client.use_bot_host("https://evil.example/teams/");
    let answer = client.warmed(&send(), request_id(), LATER).await;
    let Outcome::NeedsRemedy(stentor::domain::outcome::Remedy::BotHost(host), Reason::WrongHost) = answer.outcome
    else {
        panic!("{answer:?}")
    };
    for host in [host, format!("{}/gcc/", other.url)] {
        client.use_bot_host(&host);
        let answer = client.warmed(&send(), request_id(), LATER).await;
        assert!(matches!(answer.outcome, Outcome::Accepted { .. }), "{answer:?}");
    }
    let starts = ["/bot/teams/v3/conversations/", "/gcc/v3/conversations/"];
    assert!(other.seen().iter().zip(starts).all(|(seen, start)| seen.path.starts_with(start)));
}

#[tokio::test]
async fn a_host_can_be_given_another_address_and_a_proxy_is_gone_through() {
    let server = Server::start().await;
    server.answers([empty(201), empty(201)]);
    let mut direct = settings("http://teams.example");
    direct.connect_to = vec![("teams.example".into(), server.address)];
    let mut proxied = settings("http://elsewhere.example");
    proxied.way = stentor::adapters::teams::Way::Proxy(server.url.parse().unwrap());
    for settings in [direct, proxied] {
        let answer = client(settings).0.warmed(&send(), request_id(), LATER).await;
        assert_eq!(answer.outcome, Outcome::Accepted { message_id: None });
    }
    assert_eq!(server.seen()[0].header("host"), "teams.example");
}

#[tokio::test]
async fn connections_are_kept_for_the_next_wave() {
    let (server, client, _) = both().await;
    client.warm_up(false).await.unwrap();
    for _ in 0..3 {
        server.answers((0..50).map(|_| reply(201, json!({"id": "1"}))));
        let (request, client) = (&send(), &client);
        let wave = (0..50).map(|_| client.warmed(request, request_id(), LATER));
        futures_util::future::join_all(wave).await;
    }
    let peers: BTreeSet<_> = server.seen().iter().map(|seen| seen.peer).collect();
    assert!(peers.len() <= 52, "{} connections for three waves of 50", peers.len());
}

#[test]
fn settings_that_cannot_work_are_refused_in_a_sentence() {
    let refused = |change: &dyn Fn(&mut stentor::adapters::teams::TeamsClientSettings)| {
        let mut settings = settings("http://127.0.0.1:1");
        change(&mut settings);
        let made = stentor::adapters::teams::TeamsClient::new(
            settings,
            Arc::new(HandClock::default()),
            Arc::new(Counter::default()),
        );
        made.map(|_| ()).unwrap_err()
    };
    let refusal = refused(&|settings| settings.cloud.bot_url = None);
    assert!(refusal.to_string().contains("set teams.bot_url"), "{refusal}");
    assert!(refused(&|settings| settings.manifest_id.clear()).to_string().contains("teams.manifest_id"));
    assert!(refused(&|settings| settings.connect_timeout = settings.request_timeout).to_string().contains("connect"));
    let missing = refused(&|settings| settings.extra_ca_file = Some("no/such/file.pem".into()));
    assert!(matches!(missing, TeamsError::Certificates(_)), "{missing}");
}

#[tokio::test]
async fn a_message_goes_where_teams_wants_it_if_a_token_may_go_there() {
    let (server, client, _) = both().await;
    let to = |service_url: &str| {
        let Request::Send { conversation, activity, .. } = send() else { unreachable!() };
        Request::Send { conversation, activity, service_url: Some(service_url.to_owned()) }
    };
    server.answers((0..4).map(|_| reply(201, json!({"id": "1"}))).collect::<Vec<_>>());
    let her_own = format!("{}/teams/emea/{TENANT}/", server.url);
    let foreign = ["https://evil.example/", "https://smba.trafficmanager.net.evil.example/teams/", "nonsense"];
    for service_url in [her_own.as_str()].into_iter().chain(foreign) {
        assert_eq!(client.warmed(&to(service_url), request_id(), LATER).await.status, Some(201), "{service_url}");
    }
    let paths: Vec<String> = server.seen().iter().map(|seen| seen.path.clone()).collect();
    assert!(paths[0].starts_with(&format!("/teams/emea/{TENANT}/v3/conversations/")), "{paths:?}");
    assert!(paths[1..].iter().all(|path| path.starts_with("/bot/teams/v3/conversations/")), "{paths:?}");
}
