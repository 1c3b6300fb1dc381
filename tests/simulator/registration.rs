//! The app registration: roles, programs, redirects, and tokens as somebody would have them.

use jsonwebtoken::decode_header;
use reqwest::redirect::Policy;
use url::Url;

use super::*;

/// Of the program that may write.
const HR: &str = "66666666-6666-4666-8666-666666666661";

impl Stage {
    async fn program_token(&self, client: &str, secret: &str, scope: &str) -> Told {
        Told::by(self.token(TENANT, client, secret, scope)).await
    }

    async fn lent(&self, string: &str, order: Value) -> String {
        let told = self.pull(string, order).await;
        told.body["token"].as_str().unwrap_or_else(|| panic!("no token: {told:?}")).to_owned()
    }
}

#[tokio::test]
async fn roles_are_dealt_by_the_seed() {
    let mut seen = Vec::new();
    for seed in [7, 7, 8] {
        seen.push(Stage::set(SimulatorSettings { seed, ..settings() }).await.look("roles").await.body);
    }
    assert_eq!(seen[0], seen[1]);
    assert_ne!(seen[0], seen[2]);
    let roles: Vec<&str> =
        seen[0].as_array().unwrap().iter().filter_map(|person| person["roles"][0].as_str()).collect();
    assert_eq!(roles, ["Admin", "Approver", "Approver", "Author", "Author", "Author", "Reader", "Reader"]);
}

#[tokio::test]
async fn a_program_gets_a_token_for_our_api_with_its_roles() {
    let stage = Stage::plain().await;
    for scope in [format!("api://{APP}/.default"), format!("{APP}/.default")] {
        let told = stage.program_token(HR, "simulated-hr-secret", &scope).await;
        assert_eq!(told.status, 200, "{told:?}");
        let life = told.body["expires_in"].as_i64().unwrap();
        assert!((3600..=5400).contains(&life));
        let claims = stage.read(told.body["access_token"].as_str().unwrap(), APP).await.expect("a good signature");
        let now = stage.clock.now().timestamp();
        let expected = json!({"aud": APP, "iss": format!("{}/{TENANT}/v2.0", stage.simulator.login_url()), "iat": now,
            "nbf": now, "exp": now + life, "azp": HR, "azpacr": "1", "idtyp": "app", "oid": claims["sub"],
            "sub": claims["sub"], "roles": ["Author"], "tid": TENANT, "uti": claims["uti"], "ver": "2.0"});
        assert_eq!(claims, expected);
        assert_ne!(claims["oid"], HR, "a service principal has an id of its own");
    }
}

#[tokio::test]
async fn every_wrong_request_of_a_program_has_its_number() {
    let stage = Stage::plain().await;
    let (ours, secret) = (format!("api://{APP}/.default"), "simulated-hr-secret");
    let wrong = [
        (TENANT, HR, "guessed", ours.as_str(), 401, 7_000_215),
        (TENANT, HR, "", &ours, 401, 7_000_216),
        (TENANT, CATALOGUE, secret, &ours, 400, 700_016),
        (CATALOGUE, HR, secret, &ours, 400, 90_002),
        (TENANT, HR, secret, "api://99999999-9999-4999-8999-999999999999/.default", 400, 500_011),
        (TENANT, HR, secret, &ours[..ours.len() - 9], 400, 1_002_012),
    ];
    for (tenant, client, secret, scope, status, number) in wrong {
        let told = Told::by(stage.token(tenant, client, secret, scope)).await;
        assert_eq!((told.status, told.body["error_codes"][0].as_u64()), (status, Some(number)), "{told:?}");
    }
}

#[tokio::test]
async fn a_program_without_a_role_gets_a_token_that_names_none() {
    let stage = Stage::plain().await;
    let program = stage.pull("programs", json!({"name": "Curious", "roles": []})).await.body;
    let (id, secret) = (program["client_id"].as_str().unwrap(), program["client_secret"].as_str().unwrap());
    let told = stage.program_token(id, secret, &format!("{APP}/.default")).await;
    let claims = stage.read(told.body["access_token"].as_str().unwrap(), APP).await.unwrap();
    assert!(claims["roles"].is_null(), "{claims}");
    // Registered again, it has another state and not another self.
    let order = json!({"name": "Curious", "client_id": id, "client_secret": "new", "roles": ["Reader", "Author"]});
    stage.pull("programs", order).await;
    assert_eq!(stage.look("programs").await.body.as_array().unwrap().len(), 4);
    let told = stage.program_token(id, "new", &format!("{APP}/.default")).await;
    let claims = stage.read(told.body["access_token"].as_str().unwrap(), APP).await.unwrap();
    assert_eq!(claims["roles"], json!(["Author", "Reader"]));
}

#[tokio::test]
async fn the_teams_client_hands_a_tab_a_token_of_whoever_uses_it() {
    let stage = Stage::plain().await;
    let approver = stage.with_role("Approver").await;
    let token = stage.lent("teams_token", json!({"person": approver["principal_name"]})).await;
    let claims = stage.read(&token, APP).await.expect("a good signature");
    assert_eq!((&claims["scp"], &claims["ver"]), (&json!("access_as_user"), &json!("2.0")));
    assert_eq!(claims["azp"], "1fec8e78-bce4-4aaf-ab1b-5451cc387264");
    assert_eq!((&claims["oid"], &claims["name"]), (&approver["id"], &approver["name"]));
    assert_eq!((&claims["preferred_username"], &claims["roles"]), (&approver["principal_name"], &json!(["Approver"])));
    assert!(stage.pull("teams_token", json!({"person": "nobody@contoso.example"})).await.body.is_null());
}

#[tokio::test]
async fn a_role_shows_in_the_next_token() {
    let stage = Stage::plain().await;
    let person = stage.someone(Standing::Guest, 0);
    let roles = async || {
        let token = stage.lent("teams_token", json!({"person": person})).await;
        stage.read(&token, APP).await.unwrap()["roles"].clone()
    };
    assert!(roles().await.is_null());
    for role in ["Reader", "Approver"] {
        let told = stage.pull("roles", json!({"person": person, "role": role, "granted": true})).await;
        assert_eq!(told.body["known"], true);
    }
    assert_eq!(roles().await, json!(["Approver", "Reader"]));
    stage.pull("roles", json!({"person": person, "role": "Reader", "granted": false})).await;
    assert_eq!(roles().await, json!(["Approver"]));
    let stranger = json!({"person": "nobody", "role": "Reader", "granted": true});
    assert_eq!(stage.pull("roles", stranger).await.body["known"], false);
    let unknown = json!({"person": person, "role": "Emperor", "granted": true});
    assert_eq!(stage.pull("roles", unknown).await.status, 400);
}

#[tokio::test]
async fn tokens_live_as_long_as_they_are_told_to() {
    let stage = Stage::plain().await;
    stage.pull("token_lifetime", json!({"seconds": 5})).await;
    let told = stage.program_token(HR, "simulated-hr-secret", &format!("{APP}/.default")).await;
    assert_eq!(told.body["expires_in"], 5);
    let token = stage.lent("teams_token", json!({"person": stage.someone(Standing::Warm, 0)})).await;
    assert_eq!(stage.read(&token, APP).await.unwrap()["exp"], stage.clock.now().timestamp() + 5);
    // Tokens for Graph are as before.
    let graph = Told::by(stage.token(TENANT, APP, "simulated-secret", "https://graph.microsoft.com/.default")).await;
    assert!(graph.body["expires_in"].as_u64().unwrap() >= 3600);
    stage.pull("token_lifetime", json!({})).await;
    let told = stage.program_token(HR, "simulated-hr-secret", &format!("{APP}/.default")).await;
    assert!(told.body["expires_in"].as_u64().unwrap() >= 3600);
}

#[tokio::test]
async fn after_a_rotation_the_key_before_is_published_once_more() {
    let stage = Stage::plain().await;
    let person = json!({"person": stage.someone(Standing::Warm, 0)});
    let first = stage.lent("teams_token", person.clone()).await;
    assert_eq!(stage.pull("rotate_sign_in_keys", json!({})).await.status, 204);
    let second = stage.lent("teams_token", person).await;
    assert_ne!(decode_header(&first).unwrap().kid, decode_header(&second).unwrap().kid);
    assert!(stage.read(&first, APP).await.is_some() && stage.read(&second, APP).await.is_some());
    stage.pull("rotate_sign_in_keys", json!({})).await;
    assert!(stage.read(&first, APP).await.is_none() && stage.read(&second, APP).await.is_some());
}

#[tokio::test]
async fn a_token_can_be_wrong_in_every_way_that_a_guard_must_see() {
    let stage = Stage::plain().await;
    let person = stage.someone(Standing::Warm, 0);
    let lent = async |extra: Value| {
        let mut order = json!({"person": person});
        order.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        stage.lent("teams_token", order).await
    };
    let other = stage.read(&lent(json!({"twist": {"other_tenant": true}})).await, APP).await.expect("signed well");
    assert_ne!(other["tid"], TENANT);
    assert!(other["iss"].as_str().unwrap().contains(other["tid"].as_str().unwrap()));
    let ended = stage.read(&lent(json!({"twist": {"seconds": -10}})).await, APP).await.unwrap();
    assert_eq!(ended["exp"], stage.clock.now().timestamp() - 10);
    let claims = json!({"twist": {"claims": {"oid": null, "scp": "other", "aud": CATALOGUE}}});
    let twisted = stage.read(&lent(claims).await, CATALOGUE).await.unwrap();
    assert_eq!((&twisted["oid"], &twisted["scp"]), (&Value::Null, &json!("other")));

    let good = decode_header(&lent(json!({})).await).unwrap().kid;
    let (stranger, impostor) =
        (lent(json!({"signed_by": "stranger"})).await, lent(json!({"signed_by": "impostor"})).await);
    assert_ne!(decode_header(&stranger).unwrap().kid, good);
    assert_eq!(decode_header(&impostor).unwrap().kid, good);
    assert!(stage.read(&stranger, APP).await.is_none() && stage.read(&impostor, APP).await.is_none());

    let order = json!({"program": "HR system", "twist": {"other_tenant": true}});
    assert_eq!(stage.read(&stage.lent("program_token", order).await, APP).await.unwrap()["tid"], other["tid"]);
}

#[tokio::test]
async fn one_more_redirect_can_be_registered() {
    let stage = Stage::plain().await;
    let there = "https://stentor.contoso.example/sign-in/callback";
    let query = [
        ("client_id", APP),
        ("redirect_uri", there),
        ("response_type", "code"),
        ("scope", "openid profile"),
        ("nonce", "n"),
        ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
        ("code_challenge_method", "S256"),
    ];
    let door = format!("{}/{TENANT}/oauth2/v2.0/authorize", stage.simulator.login_url());
    let door = Url::parse_with_params(&door, query).unwrap();
    let browser = Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
    assert_eq!(Told::by(browser.get(door.clone())).await.status, 400);
    stage.pull("redirects", json!({"redirect": there})).await;
    assert_eq!(Told::by(browser.get(door)).await.status, 200);
}
