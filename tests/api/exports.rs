//! Exports over HTTP: whole, or visibly broken off.

use reqwest::Method;
use stentor::app::export::{Filter, Format, export};
use stentor::domain::reason::Reason;

use crate::drafts::{drill, id};
use crate::stage::{Stage, answered};
use crate::told::Told;

#[tokio::test]
async fn an_export_is_what_the_command_line_writes() {
    let stage = Stage::open(30).await;
    let mut told = Told::begin(&stage).await;
    told.end(&stage, [3, 4], Some(Reason::NotFound)).await;
    told.end(&stage, 5..9, None).await;
    let failed = Filter { states: vec!["failed".into()], reasons: vec![] };
    for (query, format, filter) in [
        ("", Format::Csv { mark: false }, Filter::default()),
        ("?format=csv&mark=true", Format::Csv { mark: true }, Filter::default()),
        ("?format=jsonl&state=failed", Format::JsonLines, failed.clone()),
        ("?format=json&reason=recipient_not_found", Format::JsonArray, failed),
    ] {
        let mut expected = Vec::new();
        let place = (stage.tenant, told.id, None);
        export(&*stage.store, place, format, filter, &mut expected, |_| {}).await.unwrap();
        let path = format!("/broadcasts/{}/export{query}", told.id);
        let response = stage.request(Method::GET, &path, "Reader/1").send().await.unwrap();
        assert_eq!(response.status(), 200, "{query}");
        let name = response.headers()["content-disposition"].to_str().unwrap().to_owned();
        assert!(name.starts_with(&format!("attachment; filename=\"broadcast-{}.", told.id)), "{name}");
        assert_eq!(response.bytes().await.unwrap(), expected, "{query}");
    }
}

#[tokio::test]
async fn an_export_that_is_asked_for_wrongly_is_refused() {
    let stage = Stage::open(3).await;
    let told = Told::begin(&stage).await;
    for query in ["format=xml", "state=lost", "reason=why", "format=json&mark=true", "kind=nothing"] {
        let path = format!("/broadcasts/{}/export?{query}", told.id);
        let wrong = answered(stage.request(Method::GET, &path, "Reader/1")).await;
        assert_eq!((wrong.status, wrong.body["code"].as_str()), (400, Some("bad_query")), "{query}");
    }
    let nobody = stage.get("/broadcasts/0000000000000/export", "Reader/1").await;
    assert_eq!(nobody.status, 404);
    let export = stage.request(Method::GET, &format!("/broadcasts/{}/export", told.id), "Reader/1");
    let old = answered(export.version(reqwest::Version::HTTP_10)).await;
    assert_eq!((old.status, old.body["code"].as_str()), (505, Some("http_too_old")), "{old:?}");
    let draft = id(&stage.draft(&drill()).await);
    for what in ["export", "deliveries", "events"] {
        let unsent = stage.get(&format!("/broadcasts/{draft}/{what}"), "Reader/1").await;
        assert_eq!((unsent.status, unsent.body["code"].as_str()), (409, Some("wrong_state")), "{what}");
    }
}

#[tokio::test]
async fn an_export_that_fails_midway_does_not_look_whole() {
    // More people than one page, so that there is a middle.
    let stage = Stage::open(2500).await;
    let told = Told::begin(&stage).await;
    let path = format!("/broadcasts/{}/export", told.id);
    // A row that this program does not understand, on the second page.
    let sql = "insert into attempt (tenant_id, round_id, ordinal, attempt, epoch, step, outcome, settles, reason, started_at, ended_at)
        select tenant_id, round_id, 2400, 1, 1, 4, 8, 2, 'from_the_future', now(), now() from round";
    let add = async |conn: &mut sqlx::PgConnection| sqlx::query(sql).execute(conn).await;
    stage.store.database().run("test", add).await.unwrap();
    let mut response = stage.request(Method::GET, &path, "Reader/1").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let mut bytes = 0;
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => bytes += chunk.len(),
            end => break end,
        }
    };
    assert!(bytes > 10_000 && end.is_err(), "{bytes} bytes, and then a clean end");
}
