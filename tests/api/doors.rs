//! What keeps the doors: other sites' requests, floods, bodies that are too large or never come.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use stentor::domain::pacing::Quota;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::entra::{House, Plan, answer};

const BROADCASTS: &str = "/api/v1/broadcasts";
/// There is none of this id, which the guard does not ask.
const BROADCAST: &str = "/api/v1/broadcasts/0000000000001";

#[tokio::test]
async fn with_a_cookie_only_our_own_page_changes_anything() {
    let house = House::open().await;
    let mut browser = house.browser();
    let csrf = browser.sign_in().await;
    let ours = house.public_url.origin().ascii_serialization();
    // Who, and what the headers Origin, Sec-Fetch-Site and X-CSRF-Token say.
    type Row<'a> = (&'static str, Option<&'a str>, Option<&'a str>, Option<&'a str>);
    let rows: [Row; 9] = [
        ("a form of another site", Some("https://evil.example"), Some("cross-site"), None),
        ("a script of another site that has the token", Some("https://evil.example"), Some("cross-site"), Some(&csrf)),
        ("a neighbour under the same domain", Some(&ours), Some("same-site"), Some(&csrf)),
        ("an address that somebody typed", Some(&ours), Some("none"), Some(&csrf)),
        ("a page that hides where it is", Some("null"), None, Some(&csrf)),
        ("somebody who names no page", None, Some("same-origin"), Some(&csrf)),
        ("an old browser on another site", Some("http://evil.example"), None, Some(&csrf)),
        ("our page without its token", Some(&ours), Some("same-origin"), None),
        ("our page with another session's token", Some(&ours), Some("same-origin"), Some("another")),
    ];
    for (who, origin, site, token) in rows {
        for (method, path) in [(Method::POST, BROADCASTS), (Method::DELETE, BROADCAST), (Method::POST, "/sign-out")] {
            let mut request = browser.request(method.clone(), path);
            for (name, value) in [("origin", origin), ("sec-fetch-site", site), ("x-csrf-token", token)] {
                request = value.into_iter().fold(request, |request, value| request.header(name, value));
            }
            let refused = answer(request).await;
            assert_eq!((refused.status, refused.code().as_str()), (403, "not_from_our_page"), "{who}: {method} {path}");
            assert!(refused.headers.get("set-cookie").is_none(), "{who}");
        }
    }
    assert!(browser.is_signed_in().await, "and nobody was signed out");
    let own = browser.request(Method::POST, BROADCASTS).header("origin", &ours).header("x-csrf-token", &csrf);
    assert_eq!(answer(own).await.status, 415, "our own page gets as far as the route");
}

#[tokio::test]
async fn where_there_are_a_token_and_a_cookie_the_token_counts() {
    let house = House::open().await;
    let mut browser = house.browser();
    browser.sign_in().await;
    let token = house.entra.token(&house.program());
    let both = answer(browser.request(Method::GET, "/api/v1/me").bearer_auth(&token)).await;
    assert_eq!(both.body()["who"]["kind"], json!("application"));
    let broken = answer(browser.request(Method::GET, "/api/v1/me").bearer_auth("broken")).await;
    assert_eq!(broken.status, 401, "and is not forgiven for the cookie's sake");
    let posted = answer(browser.request(Method::POST, BROADCASTS).bearer_auth(&token)).await;
    assert_eq!(posted.status, 415, "a program needs no page");
}

/// What is answered to `said`, once the connection is closed or an answer is there.
async fn say(house: &House, said: &[u8]) -> String {
    let mut stream = TcpStream::connect(house.address).await.unwrap();
    stream.write_all(said).await.unwrap();
    let mut answer = vec![0; 64 * 1024];
    let length = stream.read(&mut answer).await.unwrap_or(0);
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

#[tokio::test]
async fn bodies_that_are_too_large_or_never_come_are_not_waited_for() {
    let house = House::built(Plan { time_limit: Duration::from_secs(1), ..Plan::default() }).await;
    let token = house.entra.token(&house.program());
    let head = |more: &str| {
        let head = format!("POST {BROADCAST}/pause HTTP/1.1\r\nhost: localhost\r\n");
        format!("{head}authorization: Bearer {token}\r\n{more}\r\n\r\n").into_bytes()
    };
    let large = say(&house, &head("content-length: 1048577")).await;
    assert!(large.starts_with("HTTP/1.1 413") && large.contains("body_too_large"), "{large}");
    let slow = say(&house, &head("content-length: 9")).await;
    assert!(slow.starts_with("HTTP/1.1 408") && slow.contains("body_too_slow"), "{slow}");
    let drops = [head("content-length: 9"), b"{".to_vec()].concat();
    assert!(say(&house, &drops).await.starts_with("HTTP/1.1 408"));
    let whole = vec![b' '; 1_048_577];
    let endless = reqwest::Body::from(whole);
    let request = house.request(Method::POST, &format!("{BROADCAST}/pause")).bearer_auth(&token).body(endless);
    // Whoever goes on writing may find the door shut before the answer is read.
    if let Ok(refused) = request.send().await {
        assert_eq!(refused.status(), 413);
    }
    let stranger =
        say(&house, b"POST /api/v1/broadcasts HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9999999\r\n\r\n").await;
    assert!(stranger.starts_with("HTTP/1.1 401"), "nobody's body is looked at: {stranger}");
}

#[tokio::test]
async fn who_floods_is_told_to_wait_and_others_are_not() {
    let house = House::built(Plan { caller_rate: Quota::per_second(2), ..Plan::default() }).await;
    let token = house.entra.token(&house.program());
    let mut answers = Vec::new();
    for _ in 0..14 {
        answers.push(house.me(&token).await);
    }
    let refused = answers.iter().find(|answer| answer.status == 429).expect("ten at once are enough");
    assert_eq!((refused.code().as_str(), refused.header("retry-after")), ("too_many_requests", "1"));
    assert_eq!(answers[0].status, 200);
    assert_eq!(house.me(&house.entra.token(&house.tab())).await.status, 200);

    let mut browser = house.browser();
    let mut begun = Vec::new();
    for _ in 0..300 {
        begun.push(browser.get("/sign-in").await.status);
    }
    assert!(begun[..50].iter().all(|status| *status == 303), "an office may come at once: {begun:?}");
    assert!(begun.contains(&429), "and nobody may fill the record: {begun:?}");
}

#[tokio::test]
async fn every_answer_has_an_id_and_keeps_browsers_from_harm() {
    let house = House::open().await;
    let mut ids = Vec::new();
    for (path, status) in [
        ("/healthz", 200),
        ("/metrics", 200),
        ("/nothing", 404),
        ("/api/v1/me", 401),
        ("/api/v1/nothing", 404),
        ("/sign-in", 303),
    ] {
        let answered = answer(house.request(Method::GET, path).header("x-request-id", "mine")).await;
        assert_eq!(answered.status, status, "{path}");
        ids.push(answered.header("x-request-id").parse::<uuid::Uuid>().expect(path));
        assert_eq!(answered.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answered.header("referrer-policy"), "no-referrer", "{path}");
        let policy = answered.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'self' https://teams.microsoft.com"), "{path}: {policy}");
        let is_private = path.starts_with("/api/") || path.starts_with("/sign-");
        assert_eq!(answered.header("cache-control"), if is_private { "no-store" } else { "" }, "{path}");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6);
}

#[tokio::test]
async fn whoever_goes_astray_is_told_in_their_own_way() {
    let house = House::open().await;
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    for (who, method, path, accepted, told) in [
        ("a person at a browser", Method::GET, "/broadcast", browser, "text/html; charset=utf-8"),
        ("a program", Method::GET, "/broadcast", "application/json", "application/problem+json"),
        ("whoever says nothing", Method::GET, "/broadcast", "*/*", "application/problem+json"),
        ("a browser within the API", Method::GET, "/api/v2/broadcasts", browser, "application/problem+json"),
        ("a form", Method::POST, "/broadcast", browser, "application/problem+json"),
    ] {
        let answered = answer(house.request(method, path).header("accept", accepted)).await;
        assert_eq!((answered.status, answered.header("content-type")), (404, told), "{who}");
    }
}
