//! Activity feeds: the published examples, every refusal, and what is lost without a word.

use stentor::simulator::Bucket;

use super::teams::{channel_of, in_teams, member_of, team_named};
use super::*;

const LINK: &str = "https://teams.microsoft.com/l/entity/33333333-3333-4333-8333-333333333333/home";

/// The published example for one person.
fn announcement() -> Value {
    json!({
        "topic": {"source": "text", "value": "Company News", "webUrl": LINK},
        "activityType": "announcementPublished",
        "chainId": 1_793_610_000_123_i64,
        "previewText": {"content": "Offices close at noon on Friday"},
        "templateParameters": [{"name": "title", "value": "Offices close at noon on Friday"}]
    })
}

/// The published example for many people.
fn for_people(people: &[String]) -> Value {
    let recipient =
        |user: &String| json!({"@odata.type": "microsoft.graph.aadUserNotificationRecipient", "userId": user});
    json!({
        "topic": {"source": "entityUrl",
            "value": format!("https://graph.microsoft.com/v1.0/appCatalogs/teamsApps/{CATALOGUE}")},
        "activityType": "announcementPublished",
        "previewText": {"content": "Offices close at noon on Friday"},
        "templateParameters": [{"name": "title", "value": "Offices close at noon on Friday"}],
        "recipients": people.iter().map(recipient).collect::<Vec<_>>()
    })
}

/// The published example for a whole team.
fn for_team(team: &str) -> Value {
    json!({
        "topic": {"source": "entityUrl", "value": format!("https://graph.microsoft.com/v1.0/teams/{team}")},
        "activityType": "announcementPublished",
        "previewText": {"content": "Offices close at noon on Friday"},
        "recipient": {"@odata.type": "microsoft.graph.teamMembersNotificationRecipient", "teamId": team},
        "templateParameters": [{"name": "title", "value": "Offices close at noon on Friday"}]
    })
}

fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer into the body");
    body.pointer_mut(parent).expect("the body has this part")[name] = value;
    body
}

fn without(mut body: Value, name: &str) -> Value {
    body.as_object_mut().expect("an object").remove(name);
    body
}

impl Stage {
    async fn notify(&self, address: &str, body: &Value) -> Told {
        Told::by(self.graph(Method::POST, address).json(body)).await
    }

    async fn notify_person(&self, user: &str, body: &Value) -> Told {
        self.notify(&format!("/users/{user}/teamwork/sendActivityNotification"), body).await
    }

    async fn notify_team(&self, team: &str, body: &Value) -> Told {
        // A second apart, so that no quota of a test's own making stands in the way.
        self.clock.advance(Duration::from_secs(1));
        self.notify(&format!("/teams/{team}/sendActivityNotification"), body).await
    }

    async fn notify_people(&self, people: &[String]) -> Told {
        self.notify("/teamwork/sendActivityNotificationToRecipients", &for_people(people)).await
    }

    async fn feed(&self, user: &str) -> Vec<Value> {
        self.look(&format!("feed/{user}")).await.body.as_array().expect("a list").clone()
    }
}

#[tokio::test]
async fn a_notification_stands_in_the_feed_as_its_template_says() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let told = stage.notify_person(&user, &announcement()).await;
    assert_eq!((told.status, told.text.as_str()), (204, ""));
    let expected = json!([{
        "at": "2026-11-02T09:00:00.123000Z",
        "by": "feed_user",
        "chain_id": 1_793_610_000_123_i64,
        "activity_type": "announcementPublished",
        "text": "Company News published: Offices close at noon on Friday",
        "preview": "Offices close at noon on Friday",
        "parameters": {"title": "Offices close at noon on Friday"},
        "topic": {"source": "text", "value": "Company News", "webUrl": LINK},
        "icon": null,
        "replaced": 0
    }]);
    assert_eq!(json!(stage.feed(&user).await), expected);
    let summary = stage.simulator.ledger_summary();
    assert_eq!((summary.notified, summary.notified_people, summary.delivered), (1, 1, 0));
    assert_eq!(summary.notified_by[&Bucket::FeedUser], 1);
    let listed: Value = serde_json::from_str(stage.look("ledger/notifications").await.text.trim()).expect("one line");
    assert_eq!((&listed["person"], &listed["replacement"]), (&json!(user), &json!(false)));
}

#[tokio::test]
async fn a_person_is_named_by_principal_name_too_and_her_own_app_may_be_the_topic() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let installation = stage.check(&user).await.body["value"][0]["id"].as_str().expect("an id").to_owned();
    let name = Told::by(stage.graph(Method::GET, &format!("/users/{user}"))).await.body["userPrincipalName"].clone();
    let name = name.as_str().expect("a name");
    let own = format!("https://graph.microsoft.com/v1.0/users/{user}/teamwork/installedApps/{installation}");
    for value in [own, format!("https://graph.microsoft.com/beta/appCatalogs/teamsApps/{CATALOGUE}")] {
        let body = with(announcement(), "/topic", json!({"source": "entityUrl", "value": value}));
        assert_eq!(stage.notify_person(name, &body).await.status, 204, "{value}");
    }
}

#[tokio::test]
async fn the_same_chain_replaces_what_stands_in_the_feed_of_the_same_person() {
    let stage = Stage::plain().await;
    let (user, other) = (stage.someone(Standing::Warm, 0), stage.someone(Standing::Warm, 1));
    let corrected = with(announcement(), "/previewText/content", json!("Offices close at one"));
    for (user, body) in [(&user, &announcement()), (&other, &announcement()), (&user, &corrected)] {
        assert_eq!(stage.notify_person(user, body).await.status, 204);
    }
    let feed = stage.feed(&user).await;
    assert_eq!((feed.len(), &feed[0]["preview"], &feed[0]["replaced"]), (1, &json!("Offices close at one"), &json!(1)));
    assert_eq!(stage.feed(&other).await[0]["replaced"], 0);
    let another = with(announcement(), "/chainId", json!(2));
    assert_eq!(stage.notify_person(&user, &another).await.status, 204);
    assert_eq!(stage.notify_person(&user, &without(announcement(), "chainId")).await.status, 204);
    assert_eq!(stage.feed(&user).await.len(), 3);
    let summary = stage.simulator.ledger_summary();
    assert_eq!((summary.notified, summary.replaced, summary.notified_again), (4, 1, 2));
}

#[tokio::test]
async fn a_repeat_after_a_lost_answer_replaces_and_notifies_nobody_twice() {
    let plan = FaultPlan {
        lost_after_effect: 1.0,
        per_person_max: Some(1),
        buckets: vec![Bucket::FeedUser, Bucket::FeedBulk],
        ..FaultPlan::default()
    };
    let stage = Stage::set(with_faults(plan)).await;
    let user = stage.someone(Standing::Warm, 0);
    let path = format!("/users/{user}/teamwork/sendActivityNotification");
    stage.graph(Method::POST, &path).json(&announcement()).send().await.expect_err("the connection closes");
    assert_eq!(stage.notify_person(&user, &announcement()).await.status, 204);
    let summary = stage.simulator.ledger_summary();
    assert_eq!((summary.notified, summary.replaced, summary.lost[&Bucket::FeedUser]), (1, 1, 1));
    let bulk = "/teamwork/sendActivityNotificationToRecipients";
    let people = [stage.someone(Standing::Warm, 1)];
    stage.graph(Method::POST, bulk).json(&for_people(&people)).send().await.expect_err("the connection closes");
    assert_eq!(stage.simulator.ledger_summary().notified, 2, "it came all the same");
}

#[tokio::test]
async fn the_seven_published_examples_for_a_team_are_accepted() {
    let stage = Stage::set(in_teams()).await;
    let team = team_named(&stage, "Lyon");
    stage.install_in(&team).await;
    let channel = channel_of(&stage, &team, "General");
    let (user, name) = member_of(&stage, "Lyon", 0);
    let graph = "https://graph.microsoft.com/v1.0";
    let finance = |topic: Value, recipient: Value| {
        json!({
            "topic": topic,
            "activityType": "pendingFinanceApprovalRequests",
            "previewText": {"content": "Internal spending team has a pending finance approval requests"},
            "recipient": recipient,
            "templateParameters": [{"name": "pendingRequestCount", "value": "5"}]
        })
    };
    let task = |recipient: Value| {
        json!({
            "topic": {"source": "entityUrl", "value": format!("{graph}/teams/{team}/channels/{channel}/tabs/dd44c2d5")},
            "activityType": "taskCreated",
            "previewText": {"content": "New Task Created"},
            "recipient": recipient,
            "templateParameters": [{"name": "taskId", "value": "12322"}]
        })
    };
    let of_team = || json!({"source": "entityUrl", "value": format!("{graph}/teams/{team}")});
    let person = |id: &str| json!({"@odata.type": "microsoft.graph.aadUserNotificationRecipient", "userId": id});
    let link = format!("https://teams.microsoft.com/l/message/{channel}/1793610000456?groupId={team}");
    let reply = format!(
        "https://graph.microsoft.com/beta/teams/{team}/channels/{channel}/messages/1793610000456/replies/1793610000789"
    );
    let examples = [
        finance(of_team(), person(&user)),
        task(person(&user)),
        task(person(&name)),
        json!({
            "topic": {"source": "text", "value": "Deployment Approvals Channel", "webUrl": link},
            "activityType": "deploymentApprovalRequired",
            "previewText": {"content": "New deployment requires your approval"},
            "recipient": person(&user),
            "templateParameters": [{"name": "deploymentId", "value": "6788662"}]
        }),
        finance(of_team(), json!({"@odata.type": "microsoft.graph.teamMembersNotificationRecipient", "teamId": team})),
        finance(
            of_team(),
            json!({"@odata.type": "#microsoft.graph.channelMembersNotificationRecipient", "teamId": team,
                "channelId": channel}),
        ),
        json!({
            "topic": {"source": "entityUrl", "value": reply},
            "activityType": "userMention",
            "previewText": {"content": "A reply that names you"},
            "recipient": person(&name)
        }),
    ];
    for (number, example) in examples.iter().enumerate() {
        let told = stage.notify_team(&team, example).await;
        assert_eq!(told.status, 204, "example {}: {}", number + 1, told.text);
    }
    let feed = stage.feed(&user).await;
    assert_eq!(feed.len(), 7);
    assert_eq!(feed[0]["text"], "Company News: 5 requests need approval");
    assert_eq!(feed[6]["text"], "Company News mentioned you");
    let members = stage.expect_members("Lyon");
    assert_eq!(stage.simulator.ledger_summary().notified, 5 + 2 * members, "twice the whole team, five times her");
}

#[tokio::test]
async fn a_body_that_the_document_does_not_know_is_refused_with_the_name_of_what_is_wrong() {
    let stage = Stage::set(SimulatorSettings { quota_factor: 0.0, ..settings() }).await;
    let user = stage.someone(Standing::Warm, 0);
    let other = stage.someone(Standing::Warm, 1);
    let entity = |value: String| json!({"source": "entityUrl", "value": value});
    let graph = "https://graph.microsoft.com/v1.0";
    let parameters = |value: Value| with(announcement(), "/templateParameters", value);
    let wrong = [
        (without(announcement(), "topic"), "topic"),
        (with(announcement(), "/topic/source", json!("url")), "source"),
        (with(announcement(), "/topic/value", json!("")), "value"),
        (with(announcement(), "/topic/webUrl", Value::Null), "webUrl"),
        (with(announcement(), "/topic/webUrl", json!("https://intranet.contoso.example/closing")), "webUrl"),
        (with(announcement(), "/topic/title", json!("News")), "title"),
        (with(announcement(), "/topic", entity(format!("{graph}/users/{other}/teamwork/installedApps/a"))), "topic"),
        (with(announcement(), "/topic", entity(format!("{graph}/appCatalogs/teamsApps/{EXTERNAL}"))), "topic"),
        (with(announcement(), "/topic", entity(format!("{graph}/teams/{other}"))), "topic"),
        (with(announcement(), "/topic", entity("https://contoso.example/v1.0/me".to_owned())), "topic"),
        (without(announcement(), "activityType"), "activityType"),
        (with(announcement(), "/activityType", json!("announcementWithdrawn")), "activityType"),
        (with(announcement(), "/chainId", json!("1793610000123")), "chainId"),
        (with(announcement(), "/chainId", json!(1.5)), "chainId"),
        (without(announcement(), "previewText"), "previewText"),
        (with(announcement(), "/previewText", json!("Offices close")), "previewText"),
        (with(announcement(), "/previewText/contentType", json!("html")), "contentType"),
        (parameters(json!({"title": "Offices close"})), "templateParameters"),
        (parameters(json!([{"name": "title", "value": 5}])), "templateParameters"),
        (parameters(json!([{"name": "headline", "value": "Offices close"}])), "title"),
        (without(announcement(), "templateParameters"), "title"),
        (with(announcement(), "/recipient", json!({"userId": user})), "recipient"),
        (with(announcement(), "/urgent", json!(true)), "urgent"),
        (with(announcement(), "/teamsAppId", json!("news")), "teamsAppId"),
        (with(announcement(), "/iconId", json!("smile")), "iconId"),
        (with(announcement(), "/iconId", json!("approval")), "iconId"),
    ];
    for (body, named) in wrong {
        let told = stage.notify_person(&user, &body).await;
        assert_eq!((told.status, told.code()), (400, "BadRequest"), "{body}: {}", told.text);
        assert!(told.message().contains(named), "{named}: {}", told.message());
    }
    let path = format!("/users/{user}/teamwork/sendActivityNotification");
    let untyped = stage.graph(Method::POST, &path).body(announcement().to_string());
    assert_eq!(Told::by(untyped).await.status, 400);
    assert_eq!(stage.simulator.ledger_summary().notified, 0);
}

#[tokio::test]
async fn only_whom_and_what_the_request_names_may_be_recipient_and_topic_in_a_team() {
    let stage = Stage::set(SimulatorSettings { quota_factor: 0.0, ..in_teams() }).await;
    let (team, other) = (team_named(&stage, "Lyon"), team_named(&stage, "Project Blue"));
    stage.install_in(&team).await;
    let foreign = channel_of(&stage, &other, "General");
    let recipient = |kind: &str, members: Value| {
        let mut recipient = json!({"@odata.type": format!("microsoft.graph.{kind}NotificationRecipient")});
        recipient.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
        with(for_team(&team), "/recipient", recipient)
    };
    let graph = "https://graph.microsoft.com/v1.0";
    let topic = |value: String| with(for_team(&team), "/topic/value", json!(value));
    for (body, status) in [
        (without(for_team(&team), "recipient"), 400),
        (with(for_team(&team), "/recipient", json!({"teamId": team})), 400),
        (recipient("teamMembers", json!({"teamId": other})), 400),
        (recipient("teamMembers", json!({"teamId": team, "channelId": foreign})), 400),
        (recipient("chatMembers", json!({"chatId": "19:a@thread.v2"})), 400),
        (recipient("aadGroup", json!({"groupId": team})), 400),
        (recipient("channelMembers", json!({"teamId": team, "channelId": foreign})), 404),
        (recipient("aadUser", json!({"userId": "nobody@contoso.example"})), 404),
        (recipient("aadUser", json!({"userId": stranger_to(&stage, "Lyon")})), 403),
        (topic(format!("{graph}/teams/{other}")), 400),
        (topic(format!("{graph}/teams/{team}/channels/{foreign}")), 400),
        (topic(format!("{graph}/appCatalogs/teamsApps/{CATALOGUE}")), 400),
    ] {
        let told = stage.notify_team(&team, &body).await;
        assert_eq!(told.status, status, "{body}: {}", told.text);
    }
    assert_eq!(stage.simulator.ledger_summary().notified, 0);
}

fn stranger_to(stage: &Stage, team: &str) -> String {
    let world = stage.simulator.world();
    let world = world.lock().expect("no request panics");
    let members = world.members_of(uuid::Uuid::parse_str(&team_id(&world, team)).expect("an id"));
    let mut strangers = world.organisation().people().iter().filter(|person| !members.contains(&person.id));
    strangers.next().expect("not everybody lives there").id.to_string()
}

fn team_id(world: &stentor::simulator::World, name: &str) -> String {
    world.groups().iter().find(|group| group.name == name).expect("there is such a team").id.to_string()
}

#[tokio::test]
async fn whoever_lacks_the_app_cannot_be_notified_and_the_refusal_says_so() {
    let stage = Stage::set(in_teams()).await;
    let expected =
        format!("Application with AAD App Id '{APP}' is not authorized to generate custom text notifications");
    let user = stage.someone(Standing::WithoutBot, 0);
    let team = team_named(&stage, "Lyon");
    for told in [stage.notify_person(&user, &announcement()).await, stage.notify_team(&team, &for_team(&team)).await] {
        assert_eq!((told.status, told.code()), (403, "Forbidden"));
        assert!(told.message().starts_with(&expected) && told.message().contains("Ensure that the expected Teams app"));
    }
    assert_eq!(stage.install(&user).await.status, 201);
    assert_eq!(stage.notify_person(&user, &announcement()).await.status, 204);
}

#[tokio::test]
async fn without_the_permission_the_refusal_names_those_that_would_do() {
    let mut stage = Stage::plain().await;
    stage.pull("permissions", json!({"role": "TeamsActivity.Send", "granted": false})).await;
    stage.renew_tokens().await;
    let team = team_named(&stage, "Lyon");
    let told = stage.notify_team(&team, &for_team(&team)).await;
    assert_eq!((told.status, told.code()), (403, "Forbidden"));
    let wanted = "API requires one of 'TeamsActivity.Send, TeamsActivity.Send.Group'.";
    assert!(told.message().starts_with("Missing role permissions on the request.") && told.message().contains(wanted));
}

#[tokio::test]
async fn an_unknown_person_team_or_chat_is_not_found() {
    let stage = Stage::plain().await;
    let nobody = "99999999-9999-4999-8999-999999999999";
    assert_eq!(stage.notify_person(nobody, &announcement()).await.status, 404);
    assert_eq!(stage.notify_team(nobody, &for_team(nobody)).await.status, 404);
    let chat = encoded(&chat_of(&stage.someone(Standing::WithoutBot, 0)));
    let body = with(
        announcement(),
        "/recipient",
        json!({"@odata.type": "microsoft.graph.chatMembersNotificationRecipient", "chatId": "19:a"}),
    );
    assert_eq!(stage.notify(&format!("/chats/{chat}/sendActivityNotification"), &body).await.status, 404);
}

#[tokio::test]
async fn where_several_apps_share_the_entra_app_the_right_one_must_be_named() {
    let stage = Stage::set(SimulatorSettings { shares_entra_app: true, ..settings() }).await;
    let user = stage.someone(Standing::Warm, 0);
    let told = stage.notify_person(&user, &announcement()).await;
    assert_eq!((told.status, told.code()), (409, "Conflict"));
    assert!(told.message().starts_with(&format!("Found multiple applications with the same AAD App ID '{APP}'")));
    let named = |app: &str| with(announcement(), "/teamsAppId", json!(app));
    assert_eq!(stage.notify_person(&user, &named(CATALOGUE)).await.status, 204);
    assert_eq!(stage.notify_person(&user, &named(EXTERNAL)).await.status, 403);
}

#[tokio::test]
async fn many_are_notified_at_once_and_nothing_is_said_about_those_who_are_not() {
    let stage = Stage::plain().await;
    let (warm, blocked) = (stage.someone(Standing::Warm, 0), stage.someone(Standing::BlockedBot, 0));
    let mut people = vec![warm.clone(), blocked, "nobody@contoso.example".to_owned()];
    people.extend([Standing::WithoutBot, Standing::Guest, Standing::Unlicensed].map(|it| stage.someone(it, 0)));
    let told = stage.notify_people(&people).await;
    assert_eq!((told.status, told.text.as_str()), (202, ""));
    let summary = stage.simulator.ledger_summary();
    assert_eq!((summary.notified, summary.notified_by[&Bucket::FeedBulk]), (2, 2));
    assert_eq!(stage.feed(&warm).await.len(), 1);
}

#[tokio::test]
async fn between_one_and_a_hundred_people_fit_in_one_request() {
    let stage = Stage::set(SimulatorSettings { quota_factor: 0.0, ..settings() }).await;
    let people: Vec<String> = (0..101).map(|nth| stage.someone(Standing::Warm, nth)).collect();
    assert_eq!(stage.notify_people(&people).await.status, 400);
    assert_eq!(stage.notify_people(&[]).await.status, 400);
    assert_eq!(stage.notify_people(&people[..100]).await.status, 202);
    let team = json!({"@odata.type": "microsoft.graph.teamMembersNotificationRecipient", "teamId": people[0]});
    let path = "/teamwork/sendActivityNotificationToRecipients";
    assert_eq!(stage.notify(path, &with(for_people(&people[..1]), "/recipients", json!([team]))).await.status, 400);
    let elsewhere = with(for_people(&people[..1]), "/topic/value", json!("https://graph.microsoft.com/v1.0/teams/1"));
    assert_eq!(stage.notify(path, &elsewhere).await.status, 400);
    assert_eq!(stage.simulator.ledger_summary().notified_people, 100);
}

#[tokio::test]
async fn a_bulk_request_needs_a_token_that_lives_for_more_than_45_minutes() {
    let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
    let mut stage = Stage::set(SimulatorSettings { token_lifetime: minutes(60), ..settings() }).await;
    let people = [stage.someone(Standing::Warm, 0)];
    stage.clock.advance(Duration::from_secs(15 * 60));
    let told = stage.notify_people(&people).await;
    assert_eq!((told.status, told.code()), (412, "PreconditionFailed"));
    assert_eq!(stage.notify_person(&people[0], &announcement()).await.status, 204, "one by one goes on");
    stage.renew_tokens().await;
    assert_eq!(stage.notify_people(&people).await.status, 202);
}

#[tokio::test]
async fn a_team_of_more_than_ten_thousand_gets_nothing_and_the_call_looks_successful() {
    for (people, are_notified) in [(10_000, true), (10_001, false)] {
        let settings = SimulatorSettings { people, warm: true, ..in_teams() };
        let stage = Stage::set(settings).await;
        let team = team_named(&stage, "Everyone at Contoso");
        stage.install_in(&team).await;
        let told = stage.notify_team(&team, &for_team(&team)).await;
        assert_eq!(told.status, 204, "{}", told.text);
        assert_eq!(stage.simulator.ledger_summary().notified > 0, are_notified, "{people}");
        let (user, _) = member_of(&stage, "Everyone at Contoso", 0);
        let person = json!({"@odata.type": "microsoft.graph.aadUserNotificationRecipient", "userId": user});
        assert_eq!(stage.notify_team(&team, &with(for_team(&team), "/recipient", person)).await.status, 204);
        assert!(!stage.feed(&user).await.is_empty(), "one member can be told in any team");
    }
}

#[tokio::test]
async fn the_eleventh_notification_of_a_minute_is_dropped_without_a_word() {
    let stage = Stage::set(SimulatorSettings { quota_factor: 0.0, ..settings() }).await;
    let user = stage.someone(Standing::Warm, 0);
    for number in 0..12 {
        assert_eq!(stage.notify_person(&user, &with(announcement(), "/chainId", json!(number))).await.status, 204);
    }
    assert_eq!(stage.feed(&user).await.len(), 10);
    stage.clock.advance(Duration::from_secs(60));
    assert_eq!(stage.notify_person(&user, &with(announcement(), "/chainId", json!(99))).await.status, 204);
    assert_eq!(stage.feed(&user).await.len(), 11);
}

#[tokio::test]
async fn an_activity_type_with_other_capitals_is_dropped_without_a_word() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let body = with(announcement(), "/activityType", json!("AnnouncementPublished"));
    assert_eq!(stage.notify_person(&user, &body).await.status, 204);
    assert_eq!(stage.feed(&user).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_preview_is_shown_up_to_150_characters() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let body = with(announcement(), "/previewText", json!({"content": "é".repeat(400), "contentType": "text"}));
    assert_eq!(stage.notify_person(&user, &body).await.status, 204);
    assert_eq!(stage.feed(&user).await[0]["preview"], json!("é".repeat(150)));
}

#[tokio::test]
async fn free_text_needs_no_declaration_but_exactly_its_one_parameter() {
    let stage = Stage::set(SimulatorSettings { quota_factor: 0.0, ..settings() }).await;
    let user = stage.someone(Standing::Warm, 0);
    let free = |parameters: Value| {
        let body = with(announcement(), "/activityType", json!("systemDefault"));
        with(body, "/templateParameters", parameters)
    };
    let text = json!({"name": "systemDefaultText", "value": "Offices close at noon"});
    assert_eq!(stage.notify_person(&user, &free(json!([text]))).await.status, 204);
    assert_eq!(stage.feed(&user).await[0]["text"], "Offices close at noon");
    for parameters in
        [json!([]), json!([{"name": "title", "value": "a"}]), json!([text, {"name": "title", "value": "a"}])]
    {
        assert_eq!(stage.notify_person(&user, &free(parameters)).await.status, 400);
    }
}

#[tokio::test]
async fn an_icon_that_the_manifest_allows_for_the_type_is_shown() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let body = with(announcement(), "/iconId", json!("announcement"));
    assert_eq!(stage.notify_person(&user, &body).await.status, 204);
    assert_eq!(stage.feed(&user).await[0]["icon"], "announcement");
}

#[tokio::test]
async fn a_chat_with_the_bot_is_notified_like_its_person() {
    let stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    let chat = chat_of(&user);
    let members = json!({"@odata.type": "microsoft.graph.chatMembersNotificationRecipient", "chatId": chat});
    let topic = json!({"source": "entityUrl", "value": format!("https://graph.microsoft.com/v1.0/chats/{chat}")});
    let body = with(with(announcement(), "/recipient", members), "/topic", topic);
    let path = format!("/chats/{}/sendActivityNotification", encoded(&chat));
    assert_eq!(stage.notify(&path, &body).await.status, 204);
    assert_eq!(stage.feed(&user).await[0]["by"], "feed_chat");
    assert_eq!(stage.notify(&path, &body).await.status, 429, "one a second in one chat");
}

#[tokio::test]
async fn each_action_has_its_own_published_quota() {
    let stage = Stage::set(in_teams()).await;
    let person = |nth: usize| stage.someone(Standing::Warm, nth);
    for nth in 0..5 {
        assert_eq!(stage.notify_person(&person(nth), &announcement()).await.status, 204);
    }
    let told = stage.notify_person(&person(5), &announcement()).await;
    assert_eq!((told.status, told.header("retry-after")), (429, Some("1")));
    for _ in 0..2 {
        assert_eq!(stage.notify_people(&[person(0)]).await.status, 202);
    }
    assert_eq!(stage.notify_people(&[person(0)]).await.status, 429);
    let team = team_named(&stage, "Lyon");
    stage.install_in(&team).await;
    stage.clock.advance(Duration::from_secs(1));
    let path = format!("/teams/{team}/sendActivityNotification");
    for _ in 0..4 {
        assert_eq!(stage.notify(&path, &for_team(&team)).await.status, 204);
    }
    assert_eq!(stage.notify(&path, &for_team(&team)).await.status, 429, "four a second in one team");
    let throttled = stage.simulator.ledger_summary().throttled_by_bucket;
    let once = [Bucket::FeedUser, Bucket::FeedTeam, Bucket::FeedBulk].map(|bucket| throttled[&bucket]);
    assert_eq!(once, [1, 1, 1]);
}
