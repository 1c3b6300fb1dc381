//! Signing in with Entra: the whole way, and everything that must not lead to it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::entra::{AMELIE, APP, Answer, Departed, House, PROGRAM, Plan, TENANT, answer};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn somebody_signs_in_by_code_and_out_again() {
    let house = House::open().await;
    let mut browser = house.browser();
    let departed = browser.depart("/broadcasts/7").await;
    let asked = ["client_id", "response_type", "response_mode", "scope", "code_challenge_method"];
    let said = asked.map(|name| departed.said(name));
    assert_eq!(said, [&APP.to_string(), "code", "query", "openid profile", "S256"].map(str::to_owned));
    assert_eq!(departed.said("redirect_uri"), format!("{}sign-in/callback", house.public_url));
    let token = house.entra.token(&house.identity(&departed.said("nonce")));
    let arrived = browser.get(&house.entra.send_back(&departed, token)).await;
    assert_eq!((arrived.status, arrived.header("location")), (303, "/broadcasts/7"), "{}", arrived.text);
    let cookie = arrived.header("set-cookie");
    assert!(
        ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=43200"].iter().all(|word| cookie.contains(word)),
        "{cookie}"
    );

    let me = browser.get("/api/v1/me").await.body();
    assert_eq!(me["who"]["id"], json!(AMELIE));
    assert_eq!(me["roles"], json!(["author", "approver"]), "a role of somebody else's app gives nothing");
    assert_eq!((&me["people_max"], &me["approve_above"]), (&json!(20_000), &json!(5000)));
    let csrf = me["session"]["csrf_token"].as_str().unwrap();

    let stolen = browser.cookies.clone();
    let leave = browser.request(Method::POST, "/sign-out");
    let origin = house.public_url.origin().ascii_serialization();
    let left = answer(leave.header("origin", origin).header("x-csrf-token", csrf)).await;
    assert_eq!(left.status, 204, "{}", left.text);
    assert!(left.header("set-cookie").contains("Max-Age=0"), "{left:?}");
    browser.cookies = stolen;
    assert!(!browser.is_signed_in().await, "a cookie that was stolen opens nothing after that");
}

#[tokio::test]
async fn what_the_database_holds_opens_no_door() {
    let house = House::open().await;
    let mut browser = house.browser();
    let csrf = browser.sign_in().await;
    let hash: Vec<u8> = house
        .store
        .database()
        .run("peek", async |conn| sqlx::query_scalar("-- peek\nselect token_hash from session").fetch_one(conn).await)
        .await
        .unwrap();
    for forged in [URL_SAFE_NO_PAD.encode(&hash), csrf, "A".repeat(43), String::new(), "x".repeat(4000)] {
        browser.cookies.insert("stentor".to_owned(), forged);
        assert!(!browser.is_signed_in().await);
    }
}

#[tokio::test]
async fn a_session_ends_when_nothing_is_done_and_at_last_in_any_case() {
    let house = House::open().await;
    let mut browser = house.browser();
    browser.sign_in().await;
    house.clock.let_time_pass(HOUR * 2 + Duration::from_secs(1));
    assert!(!browser.is_signed_in().await, "it was idle");

    browser.sign_in().await;
    for _ in 0..11 {
        house.clock.let_time_pass(HOUR);
        assert!(browser.is_signed_in().await, "whoever works stays signed in");
    }
    house.clock.let_time_pass(HOUR);
    assert!(!browser.is_signed_in().await, "twelve hours are over");
}

#[tokio::test]
async fn a_planted_session_is_never_ones_own() {
    let house = House::open().await;
    let (mut attacker, mut victim) = (house.browser(), house.browser());
    attacker.sign_in().await;
    let planted = attacker.cookies["stentor"].clone();
    victim.cookies.insert("stentor".to_owned(), planted.clone());
    victim.sign_in().await;
    assert_ne!(victim.cookies["stentor"], planted);
    assert!(!attacker.is_signed_in().await, "it has ended, so nobody watches through it");
}

#[tokio::test]
async fn a_sign_in_serves_once_and_in_one_browser() {
    let house = House::open().await;
    let (mut browser, mut other) = (house.browser(), house.browser());
    let told = |page: &Answer, status: u16, words: &str| {
        assert!(page.status == status && page.text.contains(words), "{status} {words}: {page:?}");
        assert!(page.headers.get("set-cookie").is_none() && !page.text.contains("<script"), "{page:?}");
        assert!(page.header("content-security-policy").starts_with("default-src 'none'; style-src 'sha256-"));
    };
    let departed = browser.depart("/").await;
    let back = house.entra.send_back(&departed, house.entra.token(&house.identity(&departed.said("nonce"))));
    told(&other.get(&back).await, 400, "another browser");
    told(&browser.get(&back).await, 400, "over");

    let departed = browser.depart("/").await;
    let back = house.entra.send_back(&departed, house.entra.token(&house.identity(&departed.said("nonce"))));
    assert_eq!(browser.get(&back).await.status, 303);
    told(&browser.get(&back).await, 400, "over");
    // The same code once more, with a state that is good.
    let code = Departed::new(&back).said("code");
    let departed = browser.depart("/").await;
    let replayed = format!("/sign-in/callback?code={code}&state={}", departed.said("state"));
    told(&browser.get(&replayed).await, 403, "the code was used already");

    let departed = browser.depart("/").await;
    let refused = format!("/sign-in/callback?error=access_denied&state={}", departed.said("state"));
    told(&browser.get(&refused).await, 403, "access_denied");
    let departed = browser.depart("/").await;
    let written = format!("/sign-in/callback?error=%3Cscript%3E&state={}", departed.said("state"));
    told(&browser.get(&written).await, 403, "no reason given");
    let late = browser.depart("/").await;
    let back = house.entra.send_back(&late, house.entra.token(&house.identity(&late.said("nonce"))));
    house.clock.let_time_pass(Duration::from_secs(901));
    told(&browser.get(&back).await, 400, "over");
    for strange in ["", "?state=x", "?code=a", "?state=a&state=b", "?state=%ff&code=%00"] {
        told(&browser.get(&format!("/sign-in/callback{strange}")).await, 400, "over");
    }
}

#[tokio::test]
async fn nobody_is_sent_to_somebody_elses_page() {
    let house = House::open().await;
    for astray in
        ["//evil.example", "/%5Cevil.example", "https://evil.example", "%2F%2Fevil.example", "/%252Fevil.example"]
    {
        let mut browser = house.browser();
        let departed = browser.depart(astray).await;
        let token = house.entra.token(&house.identity(&departed.said("nonce")));
        let arrived = browser.get(&house.entra.send_back(&departed, token)).await;
        assert_eq!((arrived.status, arrived.header("location")), (303, "/"), "{astray}");
    }
}

/// The claims with this one instead.
fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[tokio::test]
async fn whoever_brings_an_identity_that_does_not_hold_is_not_signed_in() {
    let house = House::open().await;
    let (nil, now) = (Uuid::nil(), house.now());
    let rows: [(&str, &str, Value); 9] = [
        ("of another sign-in", "nonce", json!("another")),
        ("without a nonce", "nonce", Value::Null),
        ("of another organisation", "tid", json!(nil)),
        ("of an issuer whom nobody knows", "iss", json!(format!("https://login.example/{nil}/v2.0"))),
        ("for another app", "aud", json!(nil)),
        ("for our app as an API, not as a page", "aud", json!(format!("api://{APP}"))),
        ("that has expired", "exp", json!(now - 301)),
        ("that does not hold yet", "nbf", json!(now + 400)),
        ("of nobody", "oid", Value::Null),
    ];
    for (which, name, value) in rows {
        let mut browser = house.browser();
        let page = browser.sign_in_as(|claims| with(claims, name, value)).await;
        assert_eq!(page.status, 403, "{which}: {}", page.text);
        assert!(page.text.contains("does not hold") && !browser.is_signed_in().await, "{which}");
    }
    for (which, header, by) in [
        ("signed by nobody", json!({"alg": "none", "kid": "published"}), "published"),
        ("signed by a forger", json!({"alg": "RS256", "kid": "published"}), "forger's"),
    ] {
        let mut browser = house.browser();
        let departed = browser.depart("/").await;
        let token = house.entra.signed(&header, &house.identity(&departed.said("nonce")), by);
        assert_eq!(browser.get(&house.entra.send_back(&departed, token)).await.status, 403, "{which}");
    }
    let mut browser = house.browser();
    let slightly_off = with(house.identity(""), "exp", json!(now - 100));
    let arrived = browser.sign_in_as(|claims| with(claims, "exp", slightly_off["exp"].clone())).await;
    assert_eq!(arrived.status, 303, "clocks may be five minutes apart");
}

#[tokio::test]
async fn whoever_was_given_no_role_is_told_who_can_give_one() {
    let house = House::open().await;
    for roles in [json!([]), json!(["Gardener", "reader"])] {
        let mut browser = house.browser();
        let page =
            browser.sign_in_as(|claims| with(with(claims, "roles", roles), "name", json!("<b>Amélie</b>"))).await;
        assert_eq!(page.status, 403);
        assert!(page.text.contains("Users and groups") && page.text.contains("&lt;b&gt;Amélie"), "{}", page.text);
        assert!(!browser.cookies.contains_key("stentor"));
    }
}

#[tokio::test]
async fn only_tokens_that_entra_made_for_us_are_believed() {
    let house = House::open().await;
    let (now, nil) = (house.now(), Uuid::nil());
    let v1 = |claims: Value| {
        let claims = with(claims, "iss", json!(format!("https://sts.windows.net/{TENANT}/")));
        with(with(claims, "appid", json!(PROGRAM)), "azp", Value::Null)
    };
    let here = house.public_url.as_str().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let bare = {
        let mut claims = house.program();
        claims.as_object_mut().unwrap().remove("idtyp");
        claims
    };
    let believed = [
        ("a program's", house.program(), "application"),
        (
            "a program's, by the app's other name",
            with(house.program(), "aud", json!(format!("api://{APP}"))),
            "application",
        ),
        ("a program's that does not say of which kind it is", bare, "application"),
        ("a program's of version 1.0", v1(house.program()), "application"),
        ("a tab's", house.tab(), "person"),
        (
            "a tab's of version 1.0, by our host",
            with(v1(house.tab()), "aud", json!(format!("api://{here}/{APP}"))),
            "person",
        ),
        ("a tab's, with more than it needs", with(house.tab(), "scp", json!("openid access_as_user")), "person"),
        ("one whose clock is a little off", with(house.program(), "exp", json!(now - 200)), "application"),
    ];
    for (which, claims, kind) in believed {
        let me = house.me(&house.entra.token(&claims)).await;
        assert_eq!((me.status, &me.body()["who"]["kind"]), (200, &json!(kind)), "{which}: {}", me.text);
        assert_eq!(me.body()["session"], Value::Null, "{which}");
    }
    let refused = [
        ("another organisation's", with(house.program(), "tid", json!(nil)), 401),
        ("one without an organisation", with(house.program(), "tid", Value::Null), 401),
        ("another issuer's", with(house.program(), "iss", json!("https://evil.example/v2.0")), 401),
        (
            "another issuer's of version 1.0",
            with(house.program(), "iss", json!(format!("https://sts.windows.net/{nil}/"))),
            401,
        ),
        ("nobody's", with(house.program(), "iss", json!("")), 401),
        ("one for Graph", with(house.tab(), "aud", json!("00000003-0000-0000-c000-000000000000")), 401),
        (
            "one for another host of an app like ours",
            with(house.tab(), "aud", json!(format!("api://evil.example/{APP}"))),
            401,
        ),
        ("one that has expired", with(house.program(), "exp", json!(now - 301)), 401),
        ("one that never ends", with(house.program(), "exp", Value::Null), 401),
        ("one that holds tomorrow", with(house.program(), "nbf", json!(now + 86_400)), 401),
        ("an identity token", house.identity("n"), 401),
        ("an identity token that hides its nonce", with(house.identity(""), "nonce", Value::Null), 401),
        ("somebody's for another purpose", with(house.tab(), "scp", json!("User.Read")), 403),
        ("somebody's, written to be taken for a program's", with(house.tab(), "idtyp", json!("device")), 401),
        ("a program's without a role", with(house.program(), "roles", json!([])), 403),
    ];
    for (which, claims, status) in refused {
        let me = house.me(&house.entra.token(&claims)).await;
        assert_eq!(me.status, status, "{which}: {}", me.text);
        assert!(!me.body()["next_step"].as_str().unwrap().is_empty(), "{which}");
    }
    let good = house.program();
    let header = |alg: &str, kid: &str| json!({"alg": alg, "kid": kid, "typ": "JWT"});
    let forged = [
        ("one that nobody signed", house.entra.signed(&header("none", "published"), &good, "published")),
        ("one signed with what everybody knows", house.entra.signed(&header("HS256", "published"), &good, "published")),
        ("one signed otherwise", house.entra.signed(&header("PS256", "published"), &good, "published")),
        ("a forger's", house.entra.signed(&header("RS256", "published"), &good, "forger's")),
        ("a forger's own key", house.entra.signed(&header("RS256", "forger's"), &good, "forger's")),
        ("one without a key", house.entra.signed(&json!({"alg": "RS256"}), &good, "published")),
        ("no token", "nonsense".to_owned()),
        ("half a token", house.entra.token(&good).rsplit_once('.').unwrap().0.to_owned()),
    ];
    for (which, token) in forged {
        let me = house.me(&token).await;
        assert_eq!((me.status, me.code().as_str()), (401, "not_signed_in"), "{which}: {}", me.text);
        assert_eq!(me.header("www-authenticate"), "Bearer", "{which}");
    }
}

#[tokio::test]
async fn without_entra_nobody_is_signed_in_and_everybody_is_told_so() {
    let house = House::open().await;
    house.entra.is_down.store(true, Ordering::Relaxed);
    let page = house.browser().get("/sign-in").await;
    assert!(page.status == 503 && page.text.contains("at present"), "{page:?}");
    let me = house.me(&house.entra.token(&house.program())).await;
    assert_eq!((me.status, me.code().as_str(), me.header("retry-after")), (503, "keys_unavailable", "5"));
    house.entra.is_down.store(false, Ordering::Relaxed);
    house.clock.let_time_pass(Duration::from_secs(11));
    assert_eq!(house.me(&house.entra.token(&house.program())).await.status, 200);
}

#[tokio::test]
async fn over_https_cookies_are_ours_alone_and_travel_encrypted() {
    let house = House::built(Plan { public_url: Some("https://stentor.contoso.example"), ..Plan::default() }).await;
    let mut browser = house.browser();
    let departed = browser.depart("/").await;
    assert_eq!(departed.said("redirect_uri"), "https://stentor.contoso.example/sign-in/callback");
    let arrived = browser.sign_in_as(|claims| claims).await;
    let cookie = arrived.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-stentor=") && cookie.contains("Secure") && !cookie.contains("Domain"),
        "{cookie}"
    );
    assert!(browser.is_signed_in().await);
    let unguarded = browser.cookies["__Host-stentor"].clone();
    browser.cookies = [("stentor".to_owned(), unguarded)].into();
    assert!(!browser.is_signed_in().await, "a cookie that a neighbour may have set is not looked at");
}

#[tokio::test]
async fn whoever_calls_this_machine_by_number_begins_under_its_name() {
    let house = House::built(Plan { public_url: Some("http://localhost:8080"), ..Plan::default() }).await;
    let sent = house.browser().get("/sign-in?return_to=/x").await;
    assert_eq!((sent.status, sent.header("location")), (303, "http://localhost:8080/sign-in?return_to=%2Fx"));
}
