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
