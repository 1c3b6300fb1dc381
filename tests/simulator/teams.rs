//! Teams and channels: who they are, who belongs to them, and what is posted there.

use std::collections::BTreeSet;

use stentor::simulator::Bucket;
use uuid::Uuid;

use super::*;

/// A simulator whose administrator consented to everything about teams, too.
pub fn in_teams() -> SimulatorSettings {
    let mut permissions = SimulatorSettings::default().permissions;
    let more = [
        "TeamsAppInstallation.ReadWriteSelfForTeam.All",
        "Team.ReadBasic.All",
        "Channel.ReadBasic.All",
        "TeamMember.Read.All",
        "ChannelMember.Read.All",
    ];
    permissions.extend(more.map(str::to_owned));
    SimulatorSettings { permissions, ..settings() }
}

pub fn team_named(stage: &Stage, name: &str) -> String {
    let world = stage.simulator.world();
    let world = world.lock().expect("no request panics");
    world.groups().iter().find(|group| group.name == name).expect("there is such a team").id.to_string()
}

pub fn channel_of(stage: &Stage, team: &str, name: &str) -> String {
    let world = stage.simulator.world();
    let world = world.lock().expect("no request panics");
    let mut channels = world.channels().iter().filter(|channel| channel.team.to_string() == team);
    channels.find(|channel| channel.name == name).expect("the team has such a channel").id.clone()
}

/// The id and the principal name of the nth member with Teams.
pub fn member_of(stage: &Stage, team: &str, nth: usize) -> (String, String) {
    let id = Uuid::parse_str(&team_named(stage, team)).expect("an id");
    let world = stage.simulator.world();
    let world = world.lock().expect("no request panics");
    let members = world.members_of(id);
    let people = world.organisation().people().iter();
    let mut with_teams = people.filter(|person| members.contains(&person.id) && person.has_teams());
    let person = with_teams.nth(nth).expect("the team has members");
    (person.id.to_string(), person.principal_name())
}

impl Stage {
    pub async fn install_in(&self, team: &str) {
        let path = format!("/teams/{team}/installedApps");
        assert_eq!(Told::by(self.graph(Method::POST, &path).json(&bind(CATALOGUE))).await.status, 201);
    }

    /// How many members of a team have Teams.
    pub fn expect_members(&self, team: &str) -> usize {
        let id = Uuid::parse_str(&team_named(self, team)).expect("an id");
        let world = self.simulator.world();
        let world = world.lock().expect("no request panics");
        let members: BTreeSet<Uuid> = world.members_of(id).into_iter().collect();
        let people = world.organisation().people().iter();
        people.filter(|person| members.contains(&person.id) && person.has_teams()).count()
    }

    async fn post(&self, channel: &str, activity: Value) -> Told {
        Told::by(self.bot(Method::POST, "v3/conversations").json(&posting(channel, activity))).await
    }

    async fn answer_in(&self, thread: &str, activity: &Value) -> Told {
        let path = format!("v3/conversations/{}/activities", in_path(thread));
        Told::by(self.bot(Method::POST, &path).json(activity)).await
    }

    async fn posts(&self, channel: &str) -> Vec<Value> {
        self.look(&format!("posts/{}", in_path(channel))).await.body.as_array().expect("a list").clone()
    }
}

/// The published request for a channel post.
fn posting(channel: &str, activity: Value) -> Value {
    json!({
        "isGroup": true,
        "bot": {"id": format!("28:{APP}")},
        "channelData": {"channel": {"id": channel}, "tenant": {"id": TENANT}},
        "activity": activity
    })
}

fn in_path(id: &str) -> String {
    encoded(id).replace(';', "%3B")
}

#[tokio::test]
async fn a_team_has_a_primary_channel_and_others_found_by_name() {
    let stage = Stage::set(in_teams()).await;
    let team = team_named(&stage, "Lyon");
    let one = Told::by(stage.graph(Method::GET, &format!("/teams/{team}?$select=id,displayName"))).await;
    assert_eq!(one.body, json!({"id": team, "displayName": "Lyon"}));
    let all = Told::by(stage.graph(Method::GET, &format!("/teams/{team}/channels"))).await;
    let names: Vec<&Value> =
        all.body["value"].as_array().expect("a list").iter().map(|it| &it["displayName"]).collect();
    assert_eq!(names, ["General", "Announcements", "Lunch"]);
    assert!(
        all.body["value"][0]["id"].as_str().is_some_and(|id| id.starts_with("19:") && id.ends_with("@thread.tacv2"))
    );
    assert_eq!(all.body["value"][0]["membershipType"], "standard");
    stage.clock.advance(Duration::from_secs(1));
    let query = "$filter=displayName%20eq%20'Announcements'&$select=id,displayName";
    let found = Told::by(stage.graph(Method::GET, &format!("/teams/{team}/channels?{query}"))).await;
    let announcements = channel_of(&stage, &team, "Announcements");
    assert_eq!(found.body["value"], json!([{"id": announcements, "displayName": "Announcements"}]));
    let primary = Told::by(stage.graph(Method::GET, &format!("/teams/{team}/primaryChannel"))).await;
    assert_eq!(primary.body["displayName"], "General");
    let path = format!("/teams/{team}/channels/{}", encoded(&announcements));
    assert_eq!(Told::by(stage.graph(Method::GET, &path)).await.body["displayName"], "Announcements");
    stage.clock.advance(Duration::from_secs(1));
    let no_team = team_named(&stage, "Finance");
    for path in [
        format!("/teams/{no_team}"),
        format!("/teams/{no_team}/channels"),
        format!("/teams/{}/channels/{}", team_named(&stage, "Project Blue"), encoded(&announcements)),
    ] {
        assert_eq!(Told::by(stage.graph(Method::GET, &path)).await.status, 404, "{path}");
    }
    for query in ["$select=colour", "$filter=colour%20eq%20'red'", "$top=5", "$orderby=displayName"] {
        stage.clock.advance(Duration::from_secs(1));
        let told = Told::by(stage.graph(Method::GET, &format!("/teams/{team}/channels?{query}"))).await;
        assert_eq!(told.status, 400, "{query}");
    }
}

#[tokio::test]
async fn the_members_of_a_team_come_page_by_page_and_guests_are_marked() {
    let stage = Stage::set(SimulatorSettings { people: 1_000, quota_factor: 0.0, ..in_teams() }).await;
    let team = team_named(&stage, "Everyone at Contoso");
    let general = encoded(&channel_of(&stage, &team, "General"));
    for path in [format!("/teams/{team}/members"), format!("/teams/{team}/channels/{general}/members")] {
        let (mut members, mut owners, mut guests) = (BTreeSet::new(), 0, 0);
        let mut next = Some(format!("{}/v1.0{path}?$top=90", stage.simulator.graph_url()));
        while let Some(link) = next {
            let page = Told::by(stage.client.get(&link).bearer_auth(&stage.graph_token)).await;
            assert_eq!(page.status, 200, "{}", page.text);
            for member in page.body["value"].as_array().expect("a list") {
                assert_eq!(member["@odata.type"], "#microsoft.graph.aadUserConversationMember");
                owners += usize::from(member["roles"] == json!(["owner"]));
                guests += usize::from(member["roles"] == json!(["guest"]));
                members.insert(member["userId"].as_str().expect("an id").to_owned());
            }
            next = page.body["@odata.nextLink"].as_str().map(str::to_owned);
        }
        assert_eq!((members.len(), owners, guests), (1_000, 1, 25));
    }
    let told = Told::by(stage.graph(Method::GET, &format!("/teams/{team}/members?$top=1000"))).await;
    assert_eq!(told.status, 400);
}

#[tokio::test]
async fn each_question_about_a_team_needs_its_permission() {
    let stage = Stage::plain().await;
    let team = team_named(&stage, "Lyon");
    let general = encoded(&channel_of(&stage, &team, "General"));
    for (path, role) in [
        (format!("/teams/{team}"), "Team.ReadBasic.All"),
        (format!("/teams/{team}/primaryChannel"), "Channel.ReadBasic.All"),
        (format!("/teams/{team}/members"), "TeamMember.Read.All"),
        (format!("/teams/{team}/channels/{general}/members"), "ChannelMember.Read.All"),
    ] {
        let told = Told::by(stage.graph(Method::GET, &path)).await;
        assert_eq!((told.status, told.code()), (403, "Forbidden"), "{path}");
        assert!(told.message().contains(&format!("requires one of '{role}")), "{}", told.message());
    }
    let fifth = Told::by(stage.graph(Method::GET, &format!("/teams/{team}"))).await;
    assert_eq!(fifth.status, 429, "four a second about one team");
    assert_eq!(stage.simulator.ledger_summary().throttled_by_bucket[&Bucket::Teams], 1);
}

#[tokio::test]
async fn a_channel_post_begins_a_thread_that_takes_answers() {
    let stage = Stage::set(in_teams()).await;
    let team = team_named(&stage, "Lyon");
    stage.install_in(&team).await;
    let channel = channel_of(&stage, &team, "Announcements");
    let told = stage.post(&channel, card("Noon")).await;
    let thread = format!("{channel};messageid=1793610000123");
    assert_eq!((told.status, &told.body), (201, &json!({"id": thread, "activityId": "1793610000123"})));
    let answer = stage.answer_in(&thread, &card("Bring your badge")).await;
    assert_eq!((answer.status, &answer.body["id"]), (201, &json!("1793610000124")));
    let path = format!("v3/conversations/{}/activities/1793610000123", in_path(&channel));
    assert_eq!(Told::by(stage.bot(Method::POST, &path).json(&card("And coats"))).await.status, 201);
    let posts = stage.posts(&channel).await;
    let answers: Vec<&Value> = posts.iter().map(|post| &post["answers"]).collect();
    assert_eq!(answers, [&Value::Null, &json!("1793610000123"), &json!("1793610000123")]);
    let world = stage.simulator.world();
    assert_eq!(world.lock().expect("no request panics").posts(&channel).len(), 3);
    let summary = stage.simulator.ledger_summary();
    assert_eq!((summary.posts.delivered, summary.posts.channels_reached, summary.delivered), (3, 1, 0));
    assert_eq!(stage.answer_in(&channel, &card("No thread")).await.status, 400);
    let nowhere = stage.answer_in(&format!("{channel};messageid=5"), &card("Hello")).await;
    assert_eq!((nowhere.status, nowhere.code()), (404, "ConversationNotFound"));
}

#[tokio::test]
async fn a_channel_of_a_team_without_the_app_takes_no_post_and_an_unknown_one_is_not_found() {
    let stage = Stage::set(in_teams()).await;
    let team = team_named(&stage, "Lyon");
    let channel = channel_of(&stage, &team, "General");
    let told = stage.post(&channel, card("Noon")).await;
    assert_eq!((told.status, told.code()), (403, "BotNotInConversationRoster"));
    assert_eq!(told.message(), "The bot is not part of the conversation roster.");
    let unknown = stage.post("19:abcdefabcdefabcdefabcdefabcdefab@thread.tacv2", card("Noon")).await;
    assert_eq!((unknown.status, unknown.code()), (404, "ConversationNotFound"));
    for body in [
        json!({"isGroup": true, "bot": {"id": APP}, "channelData": {"channel": {"id": channel}}}),
        json!({"isGroup": true, "bot": {"id": APP}, "activity": card("Noon")}),
        posting(&channel, json!({"type": "message"})),
    ] {
        assert_eq!(Told::by(stage.bot(Method::POST, "v3/conversations").json(&body)).await.code(), "BadArgument");
    }
    assert_eq!(stage.post(&channel, card(&"x".repeat(60_000))).await.status, 413);
    stage.install_in(&team).await;
    assert_eq!(stage.post(&channel, card("Noon")).await.status, 201);
    let listed = stage.graph(
        Method::GET,
        &format!("/teams/{team}/installedApps?$expand=teamsApp&$filter=teamsApp/id%20eq%20'{CATALOGUE}'"),
    );
    let installation = Told::by(listed).await.body["value"][0]["id"].as_str().expect("an id").replace('=', "%3D");
    let path = format!("/teams/{team}/installedApps/{installation}");
    assert_eq!(Told::by(stage.graph(Method::DELETE, &path)).await.status, 204);
    assert_eq!(stage.post(&channel, card("Noon")).await.status, 403, "and after an uninstall neither");
}

#[tokio::test]
async fn a_post_is_changed_and_taken_back_once_and_then_it_is_gone() {
    let stage = Stage::set(in_teams()).await;
    let team = team_named(&stage, "Lyon");
    stage.install_in(&team).await;
    let channel = channel_of(&stage, &team, "General");
    let thread = stage.post(&channel, card("Noon")).await.body["id"].as_str().expect("an id").to_owned();
    stage.post(&channel, card("Noon")).await;
    let path = format!("v3/conversations/{}/activities/1793610000123", in_path(&thread));
    let change = async || Told::by(stage.bot(Method::PUT, &path).json(&card("One o'clock"))).await;
    let recall = async || Told::by(stage.bot(Method::DELETE, &path)).await;
    assert_eq!(change().await.body, json!({"id": "1793610000123"}));
    stage.clock.advance(Duration::from_secs(2));
    let gone = recall().await;
    assert_eq!((gone.status, gone.text.as_str()), (200, ""));
    for told in [recall().await, change().await] {
        assert_eq!((told.status, told.code()), (404, "ActivityNotFoundInConversation"));
    }
    let posts = stage.posts(&channel).await;
    assert_eq!((&posts[0]["recalled"], &posts[0]["content"]["summary"]), (&json!(true), &json!("One o'clock")));
    let summary = stage.simulator.ledger_summary().posts;
    assert_eq!((summary.delivered, summary.duplicates, summary.standing), (2, 1, 1));
    assert_eq!((summary.recalled, summary.updated), (1, 1));
}

#[tokio::test]
async fn a_lost_answer_to_a_channel_post_leaves_it_standing() {
    let plan = FaultPlan {
        lost_after_effect: 1.0,
        per_person_max: Some(1),
        buckets: vec![Bucket::Send],
        ..FaultPlan::default()
    };
    let stage = Stage::set(SimulatorSettings { faults: plan, ..in_teams() }).await;
    let team = team_named(&stage, "Lyon");
    stage.install_in(&team).await;
    let channel = channel_of(&stage, &team, "General");
    let request = stage.bot(Method::POST, "v3/conversations").json(&posting(&channel, card("Noon")));
    request.send().await.expect_err("the connection closes");
    assert_eq!(stage.posts(&channel).await.len(), 1);
    assert_eq!(stage.post(&channel, card("Noon")).await.status, 201);
    assert_eq!(stage.simulator.ledger_summary().posts.duplicates, 1);
}
