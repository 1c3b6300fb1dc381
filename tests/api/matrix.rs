//! Who may do what: every route, with every role, with none, and without a sign-in. The routes come from the router itself,
//! and what is expected from a table that stands here a second time.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use serde_json::Value;
use stentor::domain::rights::{Action, Role};
use stentor::http::api::router;
use stentor::http::router::OPEN;

use crate::document::operations;
use crate::stage::Stage;

/// What each action is, and who may: written by hand, and not by the program.
const RULES: [(Action, &str); 9] = [
    (Action::See, "Reader Author Approver Admin"),
    (Action::Write, "Author Admin"),
    (Action::Send, "Author Admin"),
    (Action::Stop, "Author Approver Admin"),
    (Action::GoOn, "Author Admin"),
    (Action::Amend, "Author Admin"),
    (Action::Approve, "Approver Admin"),
    (Action::Audit, "Admin"),
    (Action::Administer, "Admin"),
];

/// A path with something at each of its open places.
fn filled(path: &str) -> String {
    let mut filled = path.to_owned();
    while let Some((before, rest)) = filled.split_once('{') {
        let (name, after) = rest.split_once('}').unwrap();
        let value = match name.trim_start_matches('*') {
            "person" => "00000000-0000-4000-8000-000000000001",
            "id" if path.starts_with("/pictures") => "00000000-0000-4000-8000-000000000001",
            "id" => "0123456789abc",
            _ => "nothing",
        };
        filled = format!("{before}{value}{after}");
    }
    filled
}

/// The status, and the code of the problem if it is one. What goes on for long is not waited for.
async fn asked(stage: &Stage, method: &Method, path: &str, token: &str) -> (u16, String) {
    let path = path.strip_prefix(router::API).unwrap_or(path);
    let answer = stage.request(method.clone(), path, token).send().await.unwrap();
    let status = answer.status().as_u16();
    let is_problem = answer.headers().get("content-type").is_some_and(|kind| kind == "application/problem+json");
    if !is_problem {
        return (status, String::new());
    }
    let told: Value = answer.json().await.unwrap();
    (status, told["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn the_rules_are_those_that_stand_here() {
    for (action, roles) in RULES {
        let granted: Vec<&str> = action.roles().map(Role::name).collect();
        assert_eq!(granted.join(" "), roles, "{action:?}");
    }
    assert_eq!(RULES.map(|(action, _)| action), Action::ALL, "every action has its rule here");
}

#[tokio::test]
async fn every_route_lets_in_whom_it_should_and_nobody_else() {
    let stage = Stage::open(1).await;
    let document = serde_json::to_value(router::api(&stage.api).1).unwrap();
    let mut number = 100;
    let mut walked = 0;
    for (path, method, operation) in operations(&document) {
        let (name, path) = (format!("{method} {path}"), filled(&path));
        let method: Method = method.parse().unwrap();
        let action = operation["x-action"].as_str().unwrap_or_else(|| panic!("{name} has no rule"));
        let (_, expected) = RULES.iter().find(|(rule, _)| format!("{rule:?}") == action).unwrap();
        let said: Vec<&str> =
            operation["x-roles"].as_array().unwrap().iter().map(|role| role.as_str().unwrap()).collect();
        assert_eq!(said.join(" "), *expected, "{name} says what it does");

        let (status, code) = asked(&stage, &method, &path, "").await;
        assert_eq!((status, code.as_str()), (401, "not_signed_in"), "{name} without a sign-in");
        assert_eq!(asked(&stage, &method, &path, "nonsense").await.0, 401, "{name} with a token that proves nothing");
        for role in ["", "Owner", "Reader", "Author", "Approver", "Admin"] {
            // Somebody else each time, so that nobody asks too often.
            number += 1;
            let (status, code) = asked(&stage, &method, &path, &format!("{role}/{number}")).await;
            let is_refused = status == 403 && code == "not_allowed";
            let may = expected.split(' ').any(|expected| expected == role);
            assert_eq!(is_refused, !may, "{name} as “{role}”: {status} {code}");
            assert_ne!(status, 401, "{name} as “{role}”");
            walked += 1;
        }
    }
    assert!(walked >= 6 * 10, "{walked}");
}

#[tokio::test]
async fn beside_the_routes_of_the_api_there_is_nothing() {
    let stage = Stage::open(1).await;
    let nowhere =
        ["/nothing", "/", "", "/me/more", "/broadcasts/0123456789abc/nothing", "/../v2/me", "/openapi.json/x"];
    for path in nowhere {
        for token in ["", "Reader/1", "Admin/2"] {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let (status, code) = asked(&stage, &method, path, token).await;
                assert_eq!((status, code.as_str()), (404, "not_found"), "{method} {path} as “{token}”");
            }
        }
    }
    let (status, code) = asked(&stage, &Method::PATCH, "/me", "Admin/2").await;
    assert_eq!((status, code.as_str()), (405, "method_not_allowed"));
}

/// The paths that a file of the program gives to `route`, one by one.
fn routed(file: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http").join(file)).unwrap();
    let text = text.split("#[cfg(test)]").next().unwrap();
    let literals = text.split(".route(").skip(1).map(|rest| {
        let rest = rest.trim_start();
        match rest.strip_prefix('"') {
            Some(literal) => literal.split('"').next().unwrap().to_owned(),
            None => rest.split(',').next().unwrap().to_owned(),
        }
    });
    literals.collect()
}

#[test]
fn every_route_outside_the_api_says_why_it_is_open() {
    let mut found = BTreeSet::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut folders = vec![folder.clone()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.extend(routed(path.strip_prefix(&folder).unwrap().to_str().unwrap()));
            }
        }
    }
    // The page's own three are laid by the crate that brings it.
    found.extend(["/api/docs", "/api/docs/", "/api/docs/{*rest}"].map(str::to_owned));
    let named = |path: &str| match path {
        "DOCUMENT" => "/api/v1/openapi.json".to_owned(),
        "CALLBACK" => "/sign-in/callback".to_owned(),
        path => path.to_owned(),
    };
    let found: BTreeSet<String> = found.iter().map(|path| named(path)).collect();
    let listed: BTreeSet<String> = OPEN.iter().map(|open| open.path.to_owned()).collect();
    assert_eq!(found, listed);
    assert!(OPEN.iter().all(|open| !open.what.is_empty() && !open.why.is_empty()));
}

#[test]
fn every_route_of_the_api_has_a_rule() {
    let text = include_str!("../../src/http/api/router.rs");
    for line in text.lines().filter(|line| line.trim_start().starts_with(".route")) {
        let has_rule = line.contains(".routes(at(A::") || line.contains(".routes(at_most(");
        assert!(has_rule, "without a rule: {line}");
    }
}

#[tokio::test]
async fn what_is_open_answers_everybody_and_tells_nobody_about_anybody() {
    let stage = Stage::open(3).await;
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let names = crate::audiences::names(&stage);
    for open in OPEN {
        let url = format!("{}{}", stage.url, filled(open.path));
        let answer = http.get(&url).timeout(Duration::from_secs(10)).send().await.unwrap();
        let status = answer.status().as_u16();
        assert!(![401, 403].contains(&status) || open.path.starts_with("/sign"), "{}: {status}", open.path);
        let text = answer.text().await.unwrap();
        assert!(!names.iter().any(|name| text.contains(name)), "{} names somebody", open.path);
    }
}
