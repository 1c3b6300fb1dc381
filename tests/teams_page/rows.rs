//! One function a row of the table: makes its requests, and says which tests exercise it.

use std::path::Path;
use std::sync::LazyLock;

use super::*;

pub const HEAD: &str = r"# What works with Teams, request by request

Rendered by `tests/teams_page.rs`: the real client makes each request of the simulated Teams, over HTTP, and here it stands as
it was recorded, with the hosts of the public cloud put in. `make docs` writes the page again; a test compares the two. Queries
are shown one parameter a line, decoded. The simulator checks what it is asked against Microsoft's documents and refuses whatever
they do not know, so a request that succeeds here is a well-formed one.

";

/// Everything that we and our tests are made of.
static SOURCES: LazyLock<String> = LazyLock::new(|| {
    let mut texts = String::new();
    ["src", "tests"]
        .iter()
        .for_each(|folder| everything_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut texts));
    texts
});

/// Every file of `folder` whose name ends in `.rs`, read.
fn everything_below(folder: &Path, texts: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            everything_below(&path, texts);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            texts.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// A row: what must work, its requests, the tests that exercise it. A test that is not there is not named.
fn row(what: &str, note: &str, requests: &[String], shown_by: &[&str]) -> String {
    let is_there = |name: &&&str| SOURCES.contains(&format!("fn {name}("));
    let shown_by: Vec<&str> = shown_by.iter().filter(is_there).copied().collect();
    assert!(!shown_by.is_empty(), "nothing shows “{what}”");
    let note = if note.is_empty() { String::new() } else { format!("{note}\n\n") };
    let tests: Vec<String> = shown_by.iter().map(|name| format!("`{name}`")).collect();
    format!("## {what}\n\n{note}{}Shown by {}\n\n", requests.concat(), tests.join(", "))
}

pub async fn finding_the_app(stage: &Stage) -> String {
    let (person, _) = stage.someone(Standing::Warm);
    let team = stage.team("Lyon");
    let app = TeamsAppId(stage.settings.catalogue_id.to_string());
    // The app has to be there to be found there.
    stage.recorded(stage.client.install_in_team(team, &app, stage.id())).await;
    let (found, exchanges) = stage.recorded(stage.client.find_app(stage.id())).await;
    assert_eq!(found.unwrap(), app);
    let mut requests = vec![stage.shown("In the catalogue", &exchanges[0])];
    stage.simulator.world().lock().unwrap().consent("AppCatalog.Read.All", false);
    for (what, holder) in [
        (
            "Among a person's apps, where the catalogue may not be read (`teams.find_app_through_user`)",
            AppHolder::User(person.to_string()),
        ),
        ("Among a team's apps (`teams.find_app_through_team`)", AppHolder::Team(team)),
    ] {
        let client = Stage::client(&stage.simulator, &stage.settings, &stage.clock, &stage.random, Some(holder));
        let (found, exchanges) = stage.recorded(client.find_app(stage.id())).await;
        assert_eq!(found.unwrap(), app, "{exchanges:?}");
        requests.push(stage.shown(what, exchanges.last().unwrap()));
    }
    stage.simulator.world().lock().unwrap().consent("AppCatalog.Read.All", true);
    let tests = [
        "the_app_is_found_by_its_manifest_and_only_when_it_is_one",
        "where_the_catalogue_may_not_be_read_the_app_is_found_through_whoever_has_it",
        "an_app_uploaded_again_is_looked_up_again",
    ];
    row("Find the app by its manifest's id", "", &requests, &tests)
}

pub async fn installing(stage: &Stage) -> String {
    let (stranger, _) = stage.someone(Standing::WithoutBot);
    let team = stage.team("Hamburg");
    let app = TeamsAppId(stage.settings.catalogue_id.to_string());
    let mut requests = Vec::new();
    for (what, request) in [
        ("Is it installed for this person?", Request::Check { user: stranger, app: app.clone() }),
        ("Install it for this person", Request::Install { user: stranger, app: app.clone() }),
        ("Is it installed in this team?", Request::CheckTeam { team, app: app.clone() }),
        ("Install it in this team", Request::InstallInTeam { team, app }),
    ] {
        requests.push(stage.shown(what, &stage.make(request).await.1));
    }
    let tests = [
        "check_asks_graph_for_this_app_of_this_person",
        "install_binds_the_app_of_this_clouds_graph",
        "a_team_is_asked_for_this_app_and_no_other",
        "everybody_of_a_mixed_organisation_ends_with_a_named_outcome",
        "a_post_reaches_each_of_its_channels_once_and_the_app_comes_where_it_is_missing",
    ];
    row("Check and install, for a person and for a team", "", &requests, &tests)
}

pub async fn chats(stage: &Stage) -> String {
    let (user, _) = stage.someone(Standing::Warm);
    let app = TeamsAppId(stage.settings.catalogue_id.to_string());
    let (outcome, _) = stage.make(Request::Check { user, app: app.clone() }).await;
    let Outcome::Learnt(Fact::Installed(installation)) = outcome else { panic!("{outcome:?}") };
    let (outcome, exchange) = stage.make(Request::Resolve { user, installation }).await;
    let (other, by_chats) = stage.make(Request::FindChat { user, app }).await;
    assert_eq!(outcome, other, "both ways lead to the same chat");
    let requests = [
        stage.shown("Which chat belongs to this installation?", &exchange),
        stage.shown(
            "The other way, with `teams.find_chat_through = \"chats\"`: which of her chats has the app?",
            &by_chats,
        ),
    ];
    let tests = [
        "resolve_encodes_the_installation",
        "the_other_way_to_a_chat_is_through_a_persons_chats_and_takes_her_own",
        "chats_may_be_found_among_a_persons_chats",
        "everybody_of_a_mixed_organisation_ends_with_a_named_outcome",
    ];
    row("Find a person's chat", "", &requests, &tests)
}

pub fn events() -> String {
    let note = "No request of ours: Teams posts `installationUpdate` and `conversationUpdate` to `/api/messages`, signed. What they \
                tell goes into the record, and a worker that waits for it hears of it within a second.";
    let tests = [
        "what_teams_tells_is_kept_whichever_way_the_app_is_named",
        "whoever_is_told_of_needs_an_install_and_a_send_and_hardly_anything_else",
        "every_forged_token_and_every_broken_body_is_refused",
    ];
    row("Learn a chat from what Teams tells the bot", note, &[], &tests)
}

pub async fn messages(stage: &Stage) -> String {
    let (user, _) = stage.someone(Standing::Warm);
    let team = stage.team("Lyon");
    let (outcome, opened) = stage.make(Request::Create { user }).await;
    let (chat, activity) = (chat_of(outcome), card());
    let send = Request::Send { conversation: chat.clone(), activity: card(), service_url: None };
    let (outcome, sent) = stage.make(send).await;
    let message = message_of(outcome);
    let replace =
        Request::Replace { conversation: chat.clone(), message: message.clone(), activity: card(), service_url: None };
    let (_, replaced) = stage.make(replace).await;
    let withdraw = Request::Withdraw { conversation: chat, message, service_url: None };
    let (_, withdrawn) = stage.make(withdraw).await;
    let (outcome, primary) = stage.make(Request::FindChannel { team, channel: None }).await;
    chat_of(outcome);
    let (outcome, named) = stage.make(Request::FindChannel { team, channel: Some("Announcements".to_owned()) }).await;
    let channel = chat_of(outcome);
    let (outcome, posted) = stage.make(Request::Post { channel: channel.clone(), activity: card() }).await;
    let post = message_of(outcome);
    let thread = channel.thread(&post);
    let replace = Request::Replace { conversation: thread.clone(), message: post.clone(), activity, service_url: None };
    let (_, corrected) = stage.make(replace).await;
    let (_, recalled) = stage.make(Request::Withdraw { conversation: thread, message: post, service_url: None }).await;
    let requests = [
        stage.shown("Open a person's chat, or find the one that is there", &opened),
        stage.shown("A message to a person", &sent),
        stage.shown("Put another in its place", &replaced),
        stage.shown("Delete it", &withdrawn),
        stage.shown("Which is the General channel of this team?", &primary),
        stage.shown("Which channel has this name?", &named),
        stage.shown("A post in a channel", &posted),
        stage.shown("Put another in its place: the conversation is the thread that the post began", &corrected),
        stage.shown("Delete it", &recalled),
    ];
    let tests = [
        "send_hands_over_the_very_bytes",
        "create_asks_the_connector_for_the_chat_of_one_person",
        "a_second_broadcast_to_the_same_people_needs_nothing_but_sends",
        "a_post_begins_a_thread_with_the_message_and_its_id_is_kept",
        "a_post_is_replaced_and_deleted_in_the_thread_that_it_began",
        "a_replacement_is_put_under_the_messages_own_id",
        "a_withdrawal_deletes_the_message_and_says_nothing",
        "a_correction_replaces_every_card_and_a_retry_sends_the_corrected_one",
        "a_recall_deletes_every_message_once_and_nobody_is_told_any_more",
        "a_post_is_corrected_and_recalled_in_the_thread_that_it_began",
        "a_post_reaches_each_of_its_channels_once_and_the_app_comes_where_it_is_missing",
        "channels_are_posted_to_from_the_command_line_and_shown_as_channels",
    ];
    row("Messages to a person and to a channel", "", &requests, &tests)
}

pub async fn feeds_in_a_team(stage: &Stage) -> String {
    let team = stage.team("Lyon");
    let (member, name) = stage.member(team);
    let app = TeamsAppId(stage.settings.catalogue_id.to_string());
    let channel = chat_of(stage.make(Request::FindChannel { team, channel: None }).await.0);
    let own = format!("https://graph.microsoft.com/v1.0/teams/{team}");
    let within = |path: &str| Topic::Entity(format!("https://graph.microsoft.com/{path}"));
    let in_channel = format!("teams/{team}/channels/{}", channel.0);
    let text = Topic::Text {
        title: "Company News".to_owned(),
        link: "https://teams.microsoft.com/l/message/19%3Aabc%40thread.tacv2/1793610000456".to_owned(),
    };
    let tab = within(&format!("v1.0/{in_channel}/tabs/3f4e5d6c-7b8a-4990-8877-665544332211"));
    let reply = within(&format!("beta/{in_channel}/messages/1793610000456/replies/1793610000789"));
    let cases = [
        ("About the team, to one of it", Topic::Entity(own.clone()), Notified::Person(member)),
        ("About a tab, to one of it", tab.clone(), Notified::Person(member)),
        ("The same, naming the person by user principal name", tab, Notified::PersonNamed(name.clone())),
        ("A title and a link of our own", text, Notified::Person(member)),
        ("To everybody in the team, of at most 10,000", Topic::Entity(own.clone()), Notified::TeamMembers),
        ("To everybody in a channel", Topic::Entity(own), Notified::ChannelMembers(channel)),
        ("About a reply", reply, Notified::PersonNamed(name)),
    ];
    let mut requests = Vec::new();
    for (what, topic, to) in cases {
        let named_by = if matches!(to, Notified::PersonNamed(_)) { NamedBy::PrincipalName } else { NamedBy::Id };
        let notification = Notification { scope: Scope::Team(team), topic, named_by, ..notification() };
        let request = Request::Notify { to, notification: Arc::new(notification), chain: CHAIN, app: app.clone() };
        requests.push(stage.shown(what, &stage.make(request).await.1));
    }
    let with_app = Notification { scope: Scope::Team(team), names_app: true, ..notification() };
    let with_app = Notification { topic: within(&format!("v1.0/teams/{team}")), ..with_app };
    let request = Request::Notify { to: Notified::Person(member), notification: Arc::new(with_app), chain: CHAIN, app };
    requests.push(stage.shown("Naming the app, where several share one registration", &stage.make(request).await.1));
    row("Activity feed, in a team's name", "", &requests, FEED_TESTS)
}

const FEED_TESTS: &[&str] = &[
    "the_seven_published_examples_are_made_from_the_command_line_to_the_letter",
    "everybody_is_notified_once_and_most_of_them_with_others",
    "a_team_of_ten_thousand_and_one_is_refused_before_anybody_is_asked_to_notify",
    "each_action_is_asked_for_to_the_letter",
    "a_topic_of_our_own_an_icon_and_the_apps_name_travel_along",
    "many_are_notified_with_one_request_that_lists_them",
    "where_even_a_fresh_token_is_too_short_they_go_one_by_one",
    "a_notification_stands_in_the_feed_as_its_template_says",
    "only_what_leads_to_the_app_goes_to_many",
];

pub async fn feeds_elsewhere(stage: &Stage) -> String {
    let (member, name) = stage.someone(Standing::Warm);
    let team = stage.team("Lyon");
    let (other, _) = stage.member(team);
    let app = TeamsAppId(stage.settings.catalogue_id.to_string());
    let (outcome, _) = stage.make(Request::Check { user: member, app: app.clone() }).await;
    let Outcome::Learnt(Fact::Installed(installation)) = outcome else { panic!("{outcome:?}") };
    let chat = chat_of(stage.make(Request::Resolve { user: member, installation }).await.0);
    let in_chat = Notification {
        scope: Scope::Chat(chat.clone()),
        topic: Topic::Entity(format!("https://graph.microsoft.com/v1.0/chats/{}", chat.0)),
        ..notification()
    };
    let said = Arc::new(notification());
    let one = |to: Notified, notification: &Arc<Notification>| Request::Notify {
        to,
        notification: Arc::clone(notification),
        chain: CHAIN,
        app: app.clone(),
    };
    let in_chat = Arc::new(in_chat);
    let many = Request::NotifyMany {
        users: vec![member, other],
        notification: Arc::clone(&said),
        chain: CHAIN,
        app: app.clone(),
    };
    let mut requests = Vec::new();
    for (what, request) in [
        ("To one person, by object id", one(Notified::Person(member), &said)),
        ("To one person, by user principal name", one(Notified::PersonNamed(name), &said)),
        ("In a chat's name, to one of it", one(Notified::Person(member), &in_chat)),
        ("In a chat's name, to everybody in it", one(Notified::ChatMembers, &in_chat)),
        ("To up to a hundred people at once; the token has more than 45 minutes left", many),
    ] {
        requests.push(stage.shown(what, &stage.make(request).await.1));
    }
    row("Activity feed, in a person's and a chat's name, and to many", "", &requests, FEED_TESTS)
}

pub async fn permissions(stage: &Stage) -> String {
    stage.client.forget_tokens();
    let world = stage.simulator.world();
    world.lock().unwrap().transcript_mut().restart(10);
    stage.client.warm_up(false).await.unwrap();
    let exchanges: Vec<Exchange> = world.lock().unwrap().transcript().exchanges().cloned().collect();
    let mut shown: Vec<(String, String)> = exchanges
        .iter()
        .map(|exchange| {
            let what = format!("A token for {}", exchange.body["scope"].as_str().unwrap_or_default());
            (what.clone(), stage.shown(&what, exchange))
        })
        .collect();
    shown.sort();
    let requests: Vec<String> = shown.into_iter().map(|(_, shown)| shown).collect();
    let note = "Each permission that is missing halts what needs it, with its name and its cure: a broadcast of posts for those of \
                teams, everything of the tenant for those that all need. `doctor` does not look at permissions yet.";
    let tests = [
        "a_token_is_asked_for_in_the_tenant_that_the_bot_belongs_to",
        "a_withdrawn_permission_halts_with_its_own_cure",
        "a_missing_permission_is_never_taken_for_one_persons_policy",
        "a_permission_that_posts_lack_halts_them_and_nobody_else",
        "without_the_permission_for_groups_the_refusal_says_so_and_people_are_read_all_the_same",
    ];
    row("Permissions", note, &requests, &tests)
}

pub fn clouds() -> String {
    let note = "The same requests at other hosts: `teams.cloud` is `global`, `gcc`, `gcc_high`, `dod`, `china`, or `custom` with every \
                address given. A host that Teams names for an organisation is used when it is one of the cloud's.";
    let tests = [
        "every_published_cloud_has_a_sound_profile",
        "a_named_bot_host_is_used_if_it_may_have_our_token",
        "a_message_goes_where_teams_wants_it_if_a_token_may_go_there",
    ];
    row("National clouds", note, &[], &tests)
}
