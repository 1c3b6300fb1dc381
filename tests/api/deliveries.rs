//! The people of a broadcast, looked up over HTTP.

use stentor::domain::reason::Reason;

use crate::stage::{Answered, Stage};
use crate::told::Told;

fn names(page: &Answered) -> Vec<String> {
    assert_eq!(page.status, 200, "{page:?}");
    let rows = page.body["deliveries"].as_array().unwrap();
    rows.iter().map(|row| row["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn people_come_page_by_page_and_the_last_page_knows_that_it_is_one() {
    let stage = Stage::open(25).await;
    let told = Told::begin(&stage).await;
    let (mut all, mut path) = (Vec::new(), format!("/broadcasts/{}/deliveries?limit=10", told.id));
    let mut sizes = Vec::new();
    loop {
        let page = stage.get(&path, "Reader/1").await;
        sizes.push(names(&page).len());
        all.extend(page.body["deliveries"].as_array().unwrap().iter().map(|row| row["id"].to_string()));
        let Some(next) = page.body["next"].as_str() else { break };
        path = format!("/broadcasts/{}/deliveries?limit=10&after={next}", told.id);
    }
    assert_eq!(sizes, [10, 10, 5]);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 25);
}

#[tokio::test]
async fn a_filter_names_exactly_those_who_are_meant_in_words() {
    let stage = Stage::open(25).await;
    let mut told = Told::begin(&stage).await;
    told.end(&stage, [3, 4], Some(Reason::NotFound)).await;
    told.end(&stage, 5..9, None).await;
    let path = |query: &str| format!("/broadcasts/{}/deliveries?{query}", told.id);
    let failed = stage.get(&path("state=failed"), "Reader/1").await;
    assert_eq!(names(&failed).len(), 2);
    let row = &failed.body["deliveries"][0];
    assert_eq!(row["reason"], "recipient_not_found");
    assert_eq!(row["sentence"], "Teams does not know this person any more.");
    assert_eq!(
        (row["attempts"].as_i64(), row["last_status"].as_i64(), row["channel"].as_str()),
        (Some(1), Some(403), Some("chat"))
    );
    for (query, people) in [
        ("reason=recipient_not_found", 2),
        ("state=sent", 4),
        ("state=accepted", 4),
        ("state=pending", 19),
        ("state=skipped", 0),
        ("state=failed&reason=guest", 0),
    ] {
        assert_eq!(names(&stage.get(&path(query), "Reader/1").await).len(), people, "{query}");
    }
    let name = row["name"].as_str().unwrap().to_uppercase();
    let search = stage.get(&path(&format!("search={}", name.replace(' ', "%20"))), "Reader/1").await;
    assert!(names(&search).iter().all(|found| found.to_uppercase().starts_with(&name)), "{search:?}");
    let principal = row["user_principal_name"].as_str().unwrap();
    let search = stage.get(&path(&format!("search={principal}")), "Reader/1").await;
    assert_eq!(search.body["deliveries"][0]["user_principal_name"], principal);
    assert_eq!(names(&stage.get(&path("search=%27%20%3A%20%26"), "Reader/1").await), Vec::<String>::new());
}

#[tokio::test]
async fn a_query_that_is_wrong_is_told_with_everything_that_is() {
    let stage = Stage::open(3).await;
    let told = Told::begin(&stage).await;
    let path = |query: &str| format!("/broadcasts/{}/deliveries?{query}", told.id);
    let wrong = stage.get(&(path("limit=0&after=AAAAAAAAAAAAAAAAAA&search=") + &"x".repeat(500)), "Reader/1").await;
    assert_eq!((wrong.status, wrong.body["code"].as_str()), (400, Some("bad_query")));
    let fields: Vec<_> = wrong.body["faults"].as_array().unwrap().iter().map(|fault| fault["field"].clone()).collect();
    assert_eq!(fields, ["limit", "after", "search"]);
    for query in ["state=lost", "reason=nothing", "limit=x", "limit=501", "kind=other", "channel=mail", "limit=-1"] {
        let wrong = stage.get(&path(query), "Reader/1").await;
        assert_eq!((wrong.status, wrong.body["code"].as_str()), (400, Some("bad_query")), "{query}");
    }
    let elsewhere = stage.get(&path("kind=recall"), "Reader/1").await;
    assert_eq!((elsewhere.status, elsewhere.body["code"].as_str()), (404, Some("round_not_found")));
    let nothing = stage.get("/broadcasts/0000000000000/deliveries", "Reader/1").await;
    assert_eq!((nothing.status, nothing.body["code"].as_str()), (404, Some("broadcast_not_found")));
}

#[tokio::test]
async fn one_person_is_told_with_everything_that_was_tried() {
    let stage = Stage::open(5).await;
    let mut told = Told::begin(&stage).await;
    told.end(&stage, [2], Some(Reason::BlockedByUser)).await;
    let failed = stage.get(&format!("/broadcasts/{}/deliveries?state=failed", told.id), "Reader/1").await;
    let id = failed.body["deliveries"][0]["id"].as_str().unwrap();
    let one = stage.get(&format!("/broadcasts/{}/deliveries/{id}", told.id), "Reader/1").await;
    assert_eq!((one.status, one.body["state"].as_str()), (200, Some("failed")), "{one:?}");
    let tried = &one.body["tried"][0];
    assert_eq!((tried["step"].as_str(), tried["outcome"].as_str()), (Some("send"), Some("rejected")));
    assert_eq!(tried["remedy"], "Only the person can unblock the bot; write by mail.");
    let nobody = format!("/broadcasts/{}/deliveries/00000000-0000-4000-8000-000000000000", told.id);
    let nobody = stage.get(&nobody, "Reader/1").await;
    assert_eq!((nobody.status, nobody.body["code"].as_str()), (404, Some("person_not_found")));
}

#[tokio::test]
async fn quotas_and_workers_are_told() {
    let stage = Stage::open(5).await;
    Told::begin(&stage).await;
    let quotas = stage.get("/quotas", "Reader/1").await;
    assert_eq!(quotas.status, 200);
    let send = quotas.body["quotas"].as_array().unwrap().iter().find(|quota| quota["bucket"] == "send").unwrap();
    assert_eq!((send["share"].as_f64(), send["rests_until"].as_str()), (Some(1.0), None));
    assert!(quotas.body["quotas"].as_array().unwrap().iter().any(|quota| quota["is_limit"] == true), "{quotas:?}");
    let workers = stage.get("/workers", "Reader/1").await;
    assert_eq!((workers.status, workers.body["workers"][0]["holds"].as_bool()), (200, Some(true)));
}
