//! The document that describes the API: sound by the official schema, complete by our own rules, and kept in the repository.

use std::collections::BTreeSet;
use std::path::Path;

use boon::{Compiler, Schemas};
use serde_json::{Value, json};
use stentor::domain::reason::{HaltReason, Reason};
use stentor::http::api::{document, router};

use crate::stage::Stage;

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

async fn described() -> (Stage, Value) {
    let stage = Stage::open(1).await;
    let document = serde_json::to_value(router::api(&stage.api).1).unwrap();
    (stage, document)
}

/// Every operation: its path, its method, and what is said of it.
pub fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(METHODS.contains(&method.as_str()), "{path} has {method}");
            all.push((path.clone(), method.to_uppercase(), operation.clone()));
        }
    }
    all
}

fn each_value<'a>(value: &'a Value, look: &mut impl FnMut(&'a Value)) {
    look(value);
    match value {
        Value::Array(values) => values.iter().for_each(|value| each_value(value, look)),
        Value::Object(fields) => fields.values().for_each(|value| each_value(value, look)),
        _ => {}
    }
}

#[tokio::test]
async fn the_document_is_sound_by_the_official_schema() {
    let (_stage, document) = described().await;
    let schema: Value = serde_json::from_str(include_str!("../data/openapi/openapi-3.1.json")).unwrap();
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    compiler.add_resource("openapi.json", schema).unwrap();
    let index = compiler.compile("openapi.json", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(&document, index) {
        panic!("{error:#}");
    }
}

#[tokio::test]
async fn every_schema_is_a_schema() {
    let (_stage, document) = described().await;
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource("document.json", document.clone()).unwrap();
        let place = format!("document.json#/components/schemas/{name}");
        if let Err(error) = compiler.compile(&place, &mut schemas) {
            panic!("{name}: {error:#}");
        }
    }
}

#[tokio::test]
async fn reasons_are_named_as_they_are_written() {
    let (_stage, document) = described().await;
    let named = |schema: &str| document["components"]["schemas"][schema]["enum"].clone();
    assert_eq!(named("Reason"), json!(Reason::ALL));
    assert_eq!(named("HaltReason"), json!(HaltReason::ALL));
}

#[tokio::test]
async fn every_reference_leads_somewhere() {
    let (_stage, document) = described().await;
    each_value(&document, &mut |value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let place = reference.strip_prefix('#').expect("nothing is elsewhere");
            assert!(document.pointer(place).is_some(), "{reference} leads nowhere");
        }
    });
}

#[tokio::test]
async fn every_operation_says_all_there_is_to_say() {
    let (_stage, document) = described().await;
    let tags: Vec<&str> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = format!("{method} {path}");
        let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{name} has no id"));
        assert!(id.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_'), "{name}: {id}");
        assert!(ids.insert(id.to_owned()), "{name}: {id} is the id of two");
        assert!(operation["summary"].as_str().is_some_and(|summary| !summary.ends_with('.')), "{name} has no summary");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{name} has one tag");
        assert!(tags.contains(&operation["tags"][0].as_str().unwrap()), "{name}: its tag is not described");
        assert!(operation["x-roles"].as_array().is_some_and(|roles| !roles.is_empty()), "{name} is for nobody");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
        for status in ["401", "403", "503"] {
            assert!(responses.contains_key(status), "{name} does not say {status}");
        }
        let has_body = operation.get("requestBody").is_some();
        for status in ["400", "413", "422"] {
            assert!(!has_body || responses.contains_key(status), "{name} takes a body and does not say {status}");
        }
        for (status, response) in responses.iter().filter(|(status, _)| status.starts_with(['4', '5'])) {
            let problem = &response["content"]["application/problem+json"]["schema"]["$ref"];
            assert_eq!(problem, "#/components/schemas/ProblemDocument", "{name}: {status} is no problem document");
        }
        let said = |parameter: &Value| parameter["description"].as_str().is_some_and(|text| !text.is_empty());
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        assert!(parameters.iter().all(said), "{name}: a parameter is not described");
    }
}

#[tokio::test]
async fn the_page_of_the_api_is_up_to_date() {
    let stage = Stage::open(1).await;
    let written = document::written(&router::api(&stage.api).1).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    if std::env::var_os("STENTOR_WRITE_DOCS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == written, "docs/openapi.json is out of date: `make docs` writes it again");
}

#[tokio::test]
async fn the_document_is_read_on_a_page_that_asks_nobody_else() {
    let stage = Stage::open(1).await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let get = async |path: &str| http.get(format!("{}{path}", stage.url)).send().await.unwrap();
    let document: Value = get("/api/v1/openapi.json").await.json().await.unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    let page = get("/api/docs").await;
    assert_eq!(page.status(), 200);
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("script-src 'self';"), "{policy}");
    let html = page.text().await.unwrap();
    assert!(!html.contains("http://") && !html.contains("https://"), "{html}");
    for script in html.split("<script").skip(1) {
        let (tag, rest) = script.split_once('>').unwrap();
        assert!(
            tag.contains("src=") && rest.trim_start().starts_with("</script>"),
            "a script within the page: {script}"
        );
    }
    for file in html.split(['"', '\'']).filter(|word| word.starts_with("./") || word.ends_with(".css")) {
        let answer = get(&format!("/api/docs/{}", file.trim_start_matches("./"))).await;
        assert_eq!(answer.status(), 200, "{file}");
    }
    let start = get("/api/docs/swagger-initializer.js").await.text().await.unwrap();
    assert!(start.contains("/api/v1/openapi.json") && start.contains(r#""validatorUrl": "none""#), "{start}");
}
