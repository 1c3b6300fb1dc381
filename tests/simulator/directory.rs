//! The directory, page by page.

use std::collections::BTreeSet;

use super::*;

const SELECT: &str = "$select=id,userPrincipalName,displayName,mail,accountEnabled,userType,preferredLanguage,\
                      usageLocation,department,country,assignedPlans";

#[tokio::test]
async fn a_thousand_to_a_page_is_refused_and_999_is_not() {
    let stage = Stage::plain().await;
    let told = Told::by(stage.graph(Method::GET, "/users?$top=1000")).await;
    assert_eq!((told.status, told.code()), (400, "Request_BadRequest"));
    assert_eq!(Told::by(stage.graph(Method::GET, "/users?$top=999")).await.status, 200);
}

#[tokio::test]
async fn following_the_links_finds_everybody_once_although_pages_fall_short() {
    let stage = Stage::set(SimulatorSettings { people: 3_000, ..settings() }).await;
    let mut address = format!("{}/v1.0/users?{SELECT}&$top=50", stage.simulator.graph_url());
    let (mut ids, mut sizes) = (Vec::new(), BTreeSet::new());
    loop {
        let told = Told::by(stage.client.get(&address).bearer_auth(&stage.graph_token)).await;
        let people = told.body["value"].as_array().expect("a page");
        sizes.insert(people.len());
        ids.extend(people.iter().map(|person| person["id"].as_str().expect("an id").to_owned()));
        let Some(next) = told.body["@odata.nextLink"].as_str() else { break };
        assert!(next.contains("$skiptoken=") && next.contains("$select="), "{next}");
        address = next.to_owned();
    }
    assert_eq!(ids.len(), 3_000);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 3_000);
    assert!(sizes.contains(&0) && sizes.iter().any(|size| (1..50).contains(size)), "{sizes:?}");
}

#[tokio::test]
async fn the_documented_filter_leaves_the_guests_out() {
    let stage = Stage::plain().await;
    let filter = "$filter=accountEnabled%20eq%20true%20and%20userType%20eq%20'Member'";
    let told = Told::by(stage.graph(Method::GET, &format!("/users?{SELECT}&{filter}&$top=999"))).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.body["value"].as_array().map(Vec::len), Some(390));
    let somebody = &told.body["value"][0];
    assert_eq!(somebody["userType"], "Member");
    assert!(somebody["userPrincipalName"].as_str().is_some_and(|name| name.ends_with("@contoso.example")));
    assert_eq!(told.header("x-ms-resource-unit"), Some("1"));
}

#[tokio::test]
async fn only_what_is_selected_is_shown() {
    let stage = Stage::plain().await;
    let told = Told::by(stage.graph(Method::GET, "/users?$select=id,department&$top=1")).await;
    let names: Vec<&String> = told.body["value"][0].as_object().expect("a person").keys().collect();
    assert_eq!(names, ["department", "id"]);
    let usual = Told::by(stage.graph(Method::GET, "/users?$top=1")).await;
    assert!(usual.body["value"][0].get("userType").is_none(), "must be asked for by name");
    assert!(usual.body["value"][0].get("mail").is_some());
    assert_eq!(Told::by(stage.graph(Method::GET, "/users?$select=shoeSize")).await.status, 400);
}

#[tokio::test]
async fn an_advanced_query_needs_its_header_and_count() {
    let stage = Stage::plain().await;
    let path = "/users?$filter=userType%20ne%20'Guest'&$count=true&$top=10";
    let told = Told::by(stage.graph(Method::GET, path)).await;
    assert_eq!((told.status, told.code()), (400, "Request_UnsupportedQuery"));
    let told = Told::by(stage.graph(Method::GET, path).header("ConsistencyLevel", "eventual")).await;
    assert_eq!((told.status, &told.body["@odata.count"]), (200, &json!(390)));
    let told = Told::by(stage.graph(Method::GET, "/users/$count").header("ConsistencyLevel", "eventual")).await;
    assert_eq!((told.status, told.text.as_str()), (200, "400"));
}

#[tokio::test]
async fn only_people_with_a_teams_plan_have_it_among_their_plans() {
    let stage = Stage::plain().await;
    let told = Told::by(stage.graph(Method::GET, "/users?$select=id,assignedPlans&$top=999")).await;
    let people = told.body["value"].as_array().expect("a page");
    let with_teams =
        people.iter().filter(|person| person["assignedPlans"].to_string().contains("TeamspaceAPI")).count();
    assert_eq!(with_teams, 380, "neither ten guests nor ten without a licence");
}

#[tokio::test]
async fn somebody_unknown_is_not_found() {
    let stage = Stage::plain().await;
    let told = Told::by(stage.graph(Method::GET, "/users/55555555-5555-4555-8555-555555555555")).await;
    assert_eq!((told.status, told.code()), (404, "Request_ResourceNotFound"));
    assert!(
        told.message().ends_with("does not exist or one of its queried reference-property objects are not present.")
    );
    let lost = Told::by(stage.graph(Method::GET, "/users?$skiptoken=nonsense")).await;
    assert_eq!((lost.status, lost.code()), (400, "Request_BadRequest"));
}

impl Stage {
    /// Everything from `address` to the last page, and the link at its end.
    async fn changes(&self, address: &str) -> (Vec<Value>, String) {
        let (mut entries, mut address) = (Vec::new(), address.to_owned());
        loop {
            let told = Told::by(self.client.get(&address).bearer_auth(&self.graph_token)).await;
            assert_eq!(told.status, 200, "{}", told.text);
            entries.extend(told.body["value"].as_array().expect("a page").iter().cloned());
            match (told.body["@odata.nextLink"].as_str(), told.body["@odata.deltaLink"].as_str()) {
                (Some(next), None) => address = next.to_owned(),
                (None, Some(later)) => return (entries, later.to_owned()),
                both => panic!("{both:?}"),
            }
        }
    }

    async fn delta_link(&self) -> String {
        let address = format!("{}/v1.0/users/delta?$deltatoken=latest&{SELECT}", self.simulator.graph_url());
        let (entries, later) = self.changes(&address).await;
        assert!(entries.is_empty());
        later
    }

    fn group(&self, name: &str) -> String {
        let world = self.simulator.world();
        let world = world.lock().expect("no request panics");
        world.groups().iter().find(|group| group.name == name).expect("there is such a group").id.to_string()
    }
}

#[tokio::test]
async fn changes_tell_who_joined_changed_and_left_and_tell_some_of_it_twice() {
    let stage = Stage::plain().await;
    let later = stage.delta_link().await;
    stage.pull("directory/changes", json!({"join": 5, "change": 300, "leave": 7})).await;
    let (entries, next) = stage.changes(&later).await;
    let removed = entries.iter().filter(|entry| entry.get("@removed").is_some());
    let reasons: BTreeSet<&str> = removed.clone().filter_map(|entry| entry["@removed"]["reason"].as_str()).collect();
    assert_eq!(reasons, BTreeSet::from(["changed", "deleted"]));
    let ids: BTreeSet<&str> = entries.iter().filter_map(|entry| entry["id"].as_str()).collect();
    assert!(entries.len() > ids.len(), "nobody was told twice");
    let gone: BTreeSet<&str> = removed.filter_map(|entry| entry["id"].as_str()).collect();
    assert_eq!(gone.len(), 7);
    let somebody = gone.iter().next().expect("seven have left");
    assert_eq!(Told::by(stage.graph(Method::GET, &format!("/users/{somebody}"))).await.status, 404);
    let everybody = Told::by(stage.graph(Method::GET, "/users?$select=id&$top=999")).await;
    assert_eq!(everybody.body["value"].as_array().map(Vec::len), Some(398));
    assert_eq!(stage.look("organisation").await.body["total"], 398);
    assert!(stage.changes(&next).await.0.is_empty(), "nothing has changed since");
}

#[tokio::test]
async fn changes_without_a_token_tell_everybody_first() {
    let stage = Stage::plain().await;
    let address = format!("{}/v1.0/users/delta?$select=id,department", stage.simulator.graph_url());
    let (entries, later) = stage.changes(&address).await;
    assert_eq!(entries.len(), 400);
    stage.pull("directory/changes", json!({"change": 1})).await;
    let (changed, _) = stage.changes(&later).await;
    assert_eq!(changed[0].as_object().map(serde_json::Map::len), Some(2), "what was selected at the beginning");
    for query in ["$top=5", "$expand=manager", "$deltatoken=nonsense"] {
        let told = Told::by(stage.graph(Method::GET, &format!("/users/delta?{query}"))).await;
        assert_eq!(told.status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_place_among_the_changes_is_forgotten_after_a_week_or_when_a_test_says_so() {
    let mut stage = Stage::plain().await;
    let later = stage.delta_link().await;
    let path = later.split("/v1.0").nth(1).expect("a link into Graph").to_owned();
    for (order, status, code) in [
        ("gone", 410, "syncStateNotFound"),
        ("sync_state_not_found", 400, "syncStateNotFound"),
        ("resync_required", 400, "resyncRequired"),
    ] {
        stage.pull("directory/expire", json!({"as": order})).await;
        let told = Told::by(stage.graph(Method::GET, &path)).await;
        assert_eq!((told.status, told.code()), (status, code), "{order}");
        assert_eq!(told.header("location").is_some(), status == 410);
    }
    let later = stage.delta_link().await;
    stage.clock.advance(Duration::from_secs(7 * 86_400));
    stage.renew_tokens().await;
    let told = Told::by(stage.client.get(&later).bearer_auth(&stage.graph_token)).await;
    assert_eq!(told.status, 410);
    let afresh = told.header("location").expect("where to start over").to_owned();
    assert_eq!(stage.changes(&afresh).await.0.len(), 400);
}

#[tokio::test]
async fn the_members_of_every_group_are_those_of_the_definition() {
    let stage = Stage::set(SimulatorSettings { people: 1_500, ..settings() }).await;
    stage.pull("directory/changes", json!({"join": 20, "change": 40, "leave": 60})).await;
    let groups: Vec<(uuid::Uuid, bool)> = {
        let world = stage.simulator.world();
        let world = world.lock().expect("no request panics");
        world.groups().iter().map(|group| (group.id, group.is_hidden)).collect()
    };
    for (group, is_hidden) in groups {
        let path = format!("/groups/{group}/transitiveMembers/microsoft.graph.user?$count=true&$select=id&$top=200");
        let mut address = format!("{}/v1.0{path}", stage.simulator.graph_url());
        let mut ids = Vec::new();
        loop {
            let request = stage.client.get(&address).bearer_auth(&stage.graph_token);
            let told = Told::by(request.header("ConsistencyLevel", "eventual")).await;
            assert_eq!((told.status, told.header("x-ms-resource-unit")), (200, Some("4")), "{}", told.text);
            let page = told.body["value"].as_array().expect("a page");
            ids.extend(page.iter().filter_map(|member| uuid::Uuid::try_parse(member["id"].as_str()?).ok()));
            let Some(next) = told.body["@odata.nextLink"].as_str() else { break };
            address = next.to_owned();
        }
        let world = stage.simulator.world();
        let expected = world.lock().expect("no request panics").members_of(group);
        assert_eq!(ids, if is_hidden { Vec::new() } else { expected });
    }
}

#[tokio::test]
async fn a_cast_needs_its_header_on_every_page_and_without_it_groups_come_along() {
    let stage = Stage::plain().await;
    let europe = stage.group("Europe");
    let cast = format!("/groups/{europe}/transitiveMembers/microsoft.graph.user?$count=true&$top=5");
    let told = Told::by(stage.graph(Method::GET, &cast)).await;
    assert_eq!((told.status, told.code()), (400, "Request_UnsupportedQuery"));
    let told = Told::by(stage.graph(Method::GET, &cast).header("ConsistencyLevel", "eventual")).await;
    let next = told.body["@odata.nextLink"].as_str().expect("more than five").to_owned();
    assert_eq!(Told::by(stage.client.get(&next).bearer_auth(&stage.graph_token)).await.status, 400);
    let mixed = Told::by(stage.graph(Method::GET, &format!("/groups/{europe}/transitiveMembers?$top=5"))).await;
    let kinds: BTreeSet<&str> =
        mixed.body["value"].as_array().expect("a page").iter().filter_map(|it| it["@odata.type"].as_str()).collect();
    assert_eq!(kinds, BTreeSet::from(["#microsoft.graph.group", "#microsoft.graph.user"]));
    assert_eq!(Told::by(stage.graph(Method::GET, "/groups/55555555-5555-4555-8555-555555555555")).await.status, 404);
}

#[tokio::test]
async fn hidden_members_are_shown_only_to_whoever_may_see_them() {
    let mut stage = Stage::plain().await;
    let council = stage.group("Works Council");
    let path = format!("/groups/{council}/transitiveMembers?$select=id");
    let shown = Told::by(stage.graph(Method::GET, &path)).await;
    assert_eq!(shown.body["value"], json!([]));
    stage.pull("permissions", json!({"role": "Member.Read.Hidden", "granted": true})).await;
    stage.renew_tokens().await;
    let shown = Told::by(stage.graph(Method::GET, &path)).await;
    assert_eq!(shown.body["value"].as_array().map(Vec::len), Some(8));
    let group = Told::by(stage.graph(Method::GET, &format!("/groups/{council}"))).await;
    assert_eq!(group.body["visibility"], "HiddenMembership");
}

#[tokio::test]
async fn groups_are_found_by_name_and_by_its_beginning() {
    let stage = Stage::plain().await;
    let names = async |filter: &str| {
        let told =
            Told::by(stage.graph(Method::GET, &format!("/groups?$select=id,displayName&$filter={filter}"))).await;
        assert_eq!(told.status, 200, "{}", told.text);
        let page = told.body["value"].as_array().expect("a page").clone();
        page.iter().map(|it| it["displayName"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("displayName%20eq%20'project%20blue'").await.len(), 2);
    assert_eq!(names("startswith(displayName,'Cur')").await, ["Curitiba"]);
    assert!(names("displayName%20eq%20'Nobody'").await.is_empty());
}

#[tokio::test]
async fn a_team_has_the_app_once_it_was_installed_there() {
    let mut stage = Stage::plain().await;
    stage.pull("permissions", json!({"role": "TeamsAppInstallation.ReadWriteSelfForTeam.All", "granted": true})).await;
    stage.renew_tokens().await;
    let (team, no_team) = (stage.group("Lyon"), stage.group("Finance"));
    let apps = |team: &str| format!("/teams/{team}/installedApps");
    let has = async || {
        let query = format!("{}?$expand=teamsApp&$filter=teamsApp/externalId%20eq%20'{EXTERNAL}'", apps(&team));
        let told = Told::by(stage.graph(Method::GET, &query)).await;
        told.body["value"][0]["teamsApp"]["id"].as_str().map(str::to_owned)
    };
    let install =
        async |team: &str| Told::by(stage.graph(Method::POST, &apps(team)).json(&bind(CATALOGUE))).await.status;
    assert_eq!(has().await, None);
    assert_eq!((install(&team).await, install(&team).await, install(&no_team).await), (201, 409, 404));
    assert_eq!(has().await.as_deref(), Some(CATALOGUE));
}
