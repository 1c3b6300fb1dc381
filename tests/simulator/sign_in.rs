//! Signing in: the page, the code, the tokens, and every way in which it is refused.

use std::collections::BTreeMap;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::redirect::Policy;
use url::Url;

use super::*;

const REDIRECT: &str = "http://localhost:8080/sign-in/callback";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const SCOPE: &str = "openid profile";

/// A browser that goes nowhere by itself.
fn browser() -> Client {
    Client::builder().no_proxy().redirect(Policy::none()).build().expect("a plain client")
}

type Fields = BTreeMap<&'static str, String>;

/// What a careful app asks for.
fn asked() -> Fields {
    [
        ("client_id", APP),
        ("response_type", "code"),
        ("redirect_uri", REDIRECT),
        ("response_mode", "query"),
        ("scope", SCOPE),
        ("state", "a state & more"),
        ("nonce", "a-nonce"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

/// What a careful app redeems a code with.
fn redeemed(code: &str) -> Fields {
    [
        ("grant_type", "authorization_code"),
        ("client_id", APP),
        ("client_secret", "simulated-secret"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .into()
}

fn with(mut fields: Fields, name: &'static str, value: &str) -> Fields {
    if value.is_empty() {
        fields.remove(name);
    } else {
        fields.insert(name, value.to_owned());
    }
    fields
}

impl Stage {
    fn door(&self, tenant: &str, fields: &Fields) -> Url {
        let url = format!("{}/{tenant}/oauth2/v2.0/authorize", self.simulator.login_url());
        Url::parse_with_params(&url, fields).expect("an address")
    }

    async fn knock(&self, fields: &Fields) -> Told {
        Told::by(browser().get(self.door(TENANT, fields))).await
    }

    /// Picks `account` on the page, as its form does.
    async fn pick(&self, fields: &Fields, account: &str) -> Told {
        Told::by(browser().post(self.door(TENANT, fields)).form(&[("account", account)])).await
    }

    /// The first one with this role.
    pub(super) async fn with_role(&self, role: &str) -> Value {
        let people = self.look("roles").await.body;
        let found = people.as_array().unwrap().iter().find(|person| person["roles"] == json!([role]));
        found.unwrap_or_else(|| panic!("nobody is {role}: {people}")).clone()
    }

    async fn code_for(&self, fields: &Fields) -> String {
        let author = self.with_role("Author").await;
        let told = self.pick(fields, author["principal_name"].as_str().unwrap()).await;
        returned(&told).remove("code").unwrap_or_else(|| panic!("no code: {told:?}"))
    }

    async fn redeem(&self, fields: &Fields) -> Told {
        let url = format!("{}/{TENANT}/oauth2/v2.0/token", self.simulator.login_url());
        Told::by(self.client.post(url).form(fields)).await
    }

    /// What `token` says, if its signature is that of a published key.
    pub(super) async fn read(&self, token: &str, audience: &str) -> Option<Value> {
        let known = format!("{}/{TENANT}/v2.0/.well-known/openid-configuration", self.simulator.login_url());
        let document = Told::by(self.client.get(known)).await.body;
        let keys = Told::by(self.client.get(document["jwks_uri"].as_str().unwrap())).await.body;
        let kid = decode_header(token).ok()?.kid?;
        let key = keys["keys"].as_array()?.iter().find(|key| key["kid"] == kid.as_str())?;
        let key = DecodingKey::from_rsa_components(key["n"].as_str()?, key["e"].as_str()?).ok()?;
        let mut wanted = Validation::new(Algorithm::RS256);
        wanted.set_audience(&[audience]);
        // The stage's clock stands still, the library's does not.
        wanted.validate_exp = false;
        Some(decode::<Value>(token, &key, &wanted).ok()?.claims)
    }
}

/// What the browser is sent back with.
fn returned(told: &Told) -> BTreeMap<String, String> {
    assert_eq!(told.status, 302, "{told:?}");
    let url = Url::parse(told.header("location").unwrap()).unwrap();
    assert!(url.as_str().starts_with(REDIRECT), "{url}");
    url.query_pairs().into_owned().collect()
}

fn number(told: &Told) -> Option<u64> {
    told.body["error_codes"][0].as_u64()
}

#[tokio::test]
async fn the_document_says_where_everything_is() {
    let stage = Stage::plain().await;
    let login = stage.simulator.login_url();
    let known = format!("{login}/{TENANT}/v2.0/.well-known/openid-configuration");
    let document = Told::by(stage.client.get(known)).await.body;
    assert_eq!(document["issuer"], format!("{login}/{TENANT}/v2.0"));
    assert_eq!(document["authorization_endpoint"], format!("{login}/{TENANT}/oauth2/v2.0/authorize"));
    assert_eq!(document["token_endpoint"], format!("{login}/{TENANT}/oauth2/v2.0/token"));
    let keys = Told::by(stage.client.get(document["jwks_uri"].as_str().unwrap())).await.body;
    let key = &keys["keys"][0];
    assert_eq!((&key["kty"], &key["use"], &key["e"]), (&json!("RSA"), &json!("sig"), &json!("AQAB")));
    assert_eq!(key["n"].as_str().unwrap().len(), 342, "2048 bits");
    let stranger = format!("{login}/{CATALOGUE}/v2.0/.well-known/openid-configuration");
    assert_eq!(number(&Told::by(stage.client.get(stranger)).await), Some(90_002));
}

#[tokio::test]
async fn somebody_picks_an_account_and_the_app_learns_who_it_is() {
    let stage = Stage::plain().await;
    let author = stage.with_role("Author").await;
    let page = stage.knock(&asked()).await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));

    let told = stage.pick(&asked(), author["principal_name"].as_str().unwrap()).await;
    let back = returned(&told);
    assert_eq!(back["state"], "a state & more");
    let tokens = stage.redeem(&redeemed(&back["code"])).await;
    assert_eq!((tokens.status, &tokens.body["token_type"]), (200, &json!("Bearer")), "{tokens:?}");

    let identity = stage.read(tokens.body["id_token"].as_str().unwrap(), APP).await.expect("a good signature");
    let now = stage.clock.now().timestamp();
    let issuer = format!("{}/{TENANT}/v2.0", stage.simulator.login_url());
    let expected = json!({"aud": APP, "iss": issuer, "iat": now, "nbf": now, "exp": now + 3600, "nonce": "a-nonce",
        "oid": author["id"], "tid": TENANT, "name": author["name"], "preferred_username": author["principal_name"],
        "roles": ["Author"], "ver": "2.0", "sub": identity["sub"], "uti": identity["uti"]});
    assert_eq!(identity, expected);
    assert_ne!(identity["sub"], author["id"], "each app knows her by another name");
    // Without a scope of our API the other token is for Graph.
    assert!(stage.read(tokens.body["access_token"].as_str().unwrap(), APP).await.is_none());
}

#[tokio::test]
async fn a_scope_of_our_api_leads_to_a_token_for_it() {
    let stage = Stage::plain().await;
    let fields = with(asked(), "scope", &format!("openid profile api://{APP}/access_as_user"));
    let tokens = stage.redeem(&redeemed(&stage.code_for(&fields).await)).await;
    let access = stage.read(tokens.body["access_token"].as_str().unwrap(), APP).await.expect("it is for us");
    assert_eq!((&access["scp"], &access["azp"]), (&json!("access_as_user"), &json!(APP)));
    assert_eq!(access["roles"], json!(["Author"]));
}

#[tokio::test]
async fn without_the_scope_profile_nobody_has_a_name() {
    let stage = Stage::plain().await;
    let tokens = stage.redeem(&redeemed(&stage.code_for(&with(asked(), "scope", "openid")).await)).await;
    let identity = stage.read(tokens.body["id_token"].as_str().unwrap(), APP).await.unwrap();
    assert!(["name", "oid", "preferred_username"].iter().all(|claim| identity[claim].is_null()), "{identity}");
    assert!(!identity["sub"].is_null());
}

#[tokio::test]
async fn the_page_lists_who_has_a_role_and_some_who_have_none() {
    let stage = Stage::plain().await;
    let page = stage.knock(&asked()).await.text;
    let people = stage.look("roles").await.body;
    let people = people.as_array().unwrap();
    assert_eq!(people.len(), 8);
    for person in people {
        let wanted = format!("name=\"account\" value=\"{}\"", person["principal_name"].as_str().unwrap());
        assert!(page.contains(&wanted), "{wanted}");
        assert!(page.contains(person["job_title"].as_str().unwrap()));
    }
    assert_eq!(page.matches("<li>").count(), 11);
    assert_eq!(page.matches("No role").count(), 3);
    for role in ["Admin", "Approver", "Author", "Reader"] {
        assert!(page.contains(&format!(">{role}</span>")), "{role}");
    }
    assert!(!page.contains("<script"));
}

#[tokio::test]
async fn the_page_stays_until_somebody_is_picked_who_can_sign_in() {
    let shares = stentor::simulator::Shares { disabled: 0.1, ..Default::default() };
    let stage = Stage::set(SimulatorSettings { shares, ..settings() }).await;
    let disabled = stage.someone(Standing::Disabled, 0);
    for (account, number) in [(disabled.as_str(), "AADSTS50057"), ("nobody@contoso.example", "AADSTS50034")] {
        let page = stage.pick(&asked(), account).await;
        assert_eq!(page.status, 200);
        assert!(page.text.contains(number) && page.text.contains("Pick an account"), "{number}");
    }
}

#[tokio::test]
async fn a_hint_goes_without_a_page_unless_the_app_wants_one() {
    let stage = Stage::plain().await;
    let author = stage.with_role("Author").await["principal_name"].as_str().unwrap().to_owned();
    let hinted = with(asked(), "login_hint", &author);
    assert!(returned(&stage.knock(&hinted).await).contains_key("code"));
    assert!(returned(&stage.knock(&with(hinted.clone(), "prompt", "none")).await).contains_key("code"));
    let page = stage.knock(&with(hinted, "prompt", "select_account")).await;
    assert_eq!(page.status, 200);
    let first = page.text.find("name=\"account\" value=\"").unwrap();
    assert!(page.text[first..].starts_with(&format!("name=\"account\" value=\"{author}\"")), "she comes first");
}

#[tokio::test]
async fn whoever_must_not_be_sent_back_is_told_on_a_page() {
    let stage = Stage::plain().await;
    let wrong = [
        ("client_id", CATALOGUE, "AADSTS700016"),
        ("client_id", "", "AADSTS900144"),
        ("redirect_uri", "", "AADSTS900144"),
        ("redirect_uri", "https://elsewhere.example/sign-in/callback", "AADSTS50011"),
        ("redirect_uri", "http://localhost:8080/sign-in/callback/", "AADSTS50011"),
        ("redirect_uri", "http://localhost:8080/sign-in/callback?next=1", "AADSTS50011"),
        ("redirect_uri", "http://localhost.example/sign-in/callback", "AADSTS50011"),
        ("redirect_uri", "https://localhost/sign-in/callback", "AADSTS50011"),
        ("redirect_uri", "javascript:alert(1)", "AADSTS50011"),
    ];
    for (name, value, number) in wrong {
        let told = stage.knock(&with(asked(), name, value)).await;
        assert_eq!((told.status, told.header("location")), (400, None), "{name}={value}");
        assert!(told.text.contains(number), "{name}={value}: {}", told.text);
    }
    for (tenant, number) in [("common", "AADSTS50194"), (CATALOGUE, "AADSTS90002")] {
        let told = Told::by(browser().get(stage.door(tenant, &asked()))).await;
        assert!(told.status == 400 && told.text.contains(number), "{tenant}");
    }
}

#[tokio::test]
async fn everything_else_that_is_wrong_goes_back_to_the_app() {
    let stage = Stage::plain().await;
    let wrong = [
        ("response_type", "", "invalid_request", "AADSTS900144"),
        ("response_type", "id_token", "unsupported_response_type", "AADSTS700054"),
        ("response_mode", "form_post", "invalid_request", "AADSTS70007"),
        ("scope", "", "invalid_request", "AADSTS900144"),
        ("scope", "profile", "invalid_scope", "AADSTS70011"),
        ("scope", "openid Everything.Write", "invalid_scope", "AADSTS70011"),
        ("nonce", "", "invalid_request", "AADSTS900144"),
        ("code_challenge", "", "invalid_request", "AADSTS50147"),
        ("code_challenge", "too-short", "invalid_request", "AADSTS501491"),
        ("code_challenge_method", "", "invalid_request", "AADSTS501491"),
        ("code_challenge_method", "plain", "invalid_request", "AADSTS501491"),
        ("prompt", "none", "login_required", "AADSTS50058"),
        ("prompt", "sometimes", "invalid_request", "AADSTS90023"),
    ];
    for (name, value, error, number) in wrong {
        let back = returned(&stage.knock(&with(asked(), name, value)).await);
        assert_eq!((back["error"].as_str(), back["state"].as_str()), (error, "a state & more"), "{name}={value}");
        assert!(back["error_description"].starts_with(&format!("{number}: ")), "{name}={value}: {back:?}");
    }
    let cancelled = Told::by(browser().post(stage.door(TENANT, &asked())).form(&[("cancel", "yes")])).await;
    let back = returned(&cancelled);
    assert_eq!(back["error"], "access_denied");
    assert!(back["error_description"].starts_with("AADSTS65004: "));
}

#[tokio::test]
async fn the_answer_comes_in_the_fragment_where_the_app_wants_it_there() {
    let stage = Stage::plain().await;
    let fields = with(asked(), "response_mode", "fragment");
    let told = stage.pick(&fields, &stage.someone(Standing::Warm, 0)).await;
    let url = Url::parse(told.header("location").unwrap()).unwrap();
    assert!(url.query().is_none() && url.fragment().unwrap().starts_with("code=1."), "{url}");
}

#[tokio::test]
async fn a_code_serves_once() {
    let stage = Stage::plain().await;
    let code = stage.code_for(&asked()).await;
    assert_eq!(stage.redeem(&redeemed(&code)).await.status, 200);
    let again = stage.redeem(&redeemed(&code)).await;
    assert_eq!((again.status, number(&again)), (400, Some(54_005)));
    assert_eq!(again.body["error"], "invalid_grant");
}

#[tokio::test]
async fn a_code_lives_for_ten_minutes() {
    let stage = Stage::plain().await;
    let (early, late) = (stage.code_for(&asked()).await, stage.code_for(&asked()).await);
    stage.clock.advance(Duration::from_secs(599));
    assert_eq!(stage.redeem(&redeemed(&early)).await.status, 200);
    stage.clock.advance(Duration::from_secs(1));
    let told = stage.redeem(&redeemed(&late)).await;
    assert_eq!((&told.body["error"], number(&told)), (&json!("invalid_grant"), Some(70_008)));
}

#[tokio::test]
async fn a_code_is_bound_to_everything_that_it_was_asked_for_with() {
    let stage = Stage::plain().await;
    let code = stage.code_for(&asked()).await;
    let wrong = [
        ("code", "", 400, "invalid_request", 900_144),
        ("code", "1.made-up", 400, "invalid_grant", 9_002_313),
        ("client_id", "", 400, "invalid_request", 900_144),
        ("client_id", CATALOGUE, 400, "unauthorized_client", 700_016),
        ("client_secret", "", 401, "invalid_client", 7_000_218),
        ("client_secret", "guessed", 401, "invalid_client", 7_000_215),
        ("redirect_uri", "", 400, "invalid_request", 900_144),
        ("redirect_uri", "http://127.0.0.1:8080/sign-in/callback", 400, "invalid_client", 500_112),
        ("code_verifier", "", 400, "invalid_grant", 501_481),
        ("code_verifier", CHALLENGE, 400, "invalid_grant", 501_481),
    ];
    for (name, value, status, error, wanted) in wrong {
        let told = stage.redeem(&with(redeemed(&code), name, value)).await;
        assert_eq!((told.status, number(&told)), (status, Some(wanted)), "{name}={value}: {told:?}");
        assert_eq!(told.body["error"], error, "{name}={value}");
    }
    assert_eq!(stage.redeem(&redeemed(&code)).await.status, 200, "nobody has used it up");
}

#[tokio::test]
async fn the_app_proves_itself_with_its_certificate_as_well() {
    let stage = Stage::plain().await;
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let certificate = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&pair).unwrap();
    let told = stage.pull("certificates", json!({"pem": [certificate.pem()]})).await;
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": told.body["thumbprints"][0]});
    let now = stage.clock.now().timestamp();
    let endpoint = format!("{}/{TENANT}/oauth2/v2.0/token", stage.simulator.login_url());
    let claims =
        json!({"iss": APP, "sub": APP, "aud": endpoint, "jti": "one", "iat": now, "nbf": now, "exp": now + 300});
    let letter = entra::letter(&pair, &header, &claims);
    let fields = with(redeemed(&stage.code_for(&asked()).await), "client_secret", "");
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let fields = with(with(fields, "client_assertion_type", kind), "client_assertion", &letter);
    let told = stage.redeem(&fields).await;
    assert_eq!(told.status, 200, "{told:?}");
}

#[tokio::test]
async fn whoever_signs_out_goes_back_only_where_the_app_lives() {
    let stage = Stage::plain().await;
    let out = format!("{}/{TENANT}/oauth2/v2.0/logout", stage.simulator.login_url());
    let to = |url: &str| browser().get(Url::parse_with_params(&out, [("post_logout_redirect_uri", url)]).unwrap());
    let told = Told::by(to("http://localhost:8080/")).await;
    assert_eq!((told.status, told.header("location")), (302, Some("http://localhost:8080/")));
    let told = Told::by(to("https://elsewhere.example/")).await;
    assert_eq!(told.status, 200);
    assert!(told.text.contains("You signed out"));
}

#[tokio::test]
async fn the_token_endpoint_is_counted_and_misfortune_may_strike_there() {
    let stage = Stage::plain().await;
    let before = stage.simulator.ledger_summary().requests[&stentor::simulator::Bucket::Token];
    stage.redeem(&redeemed(&stage.code_for(&asked()).await)).await;
    assert_eq!(stage.simulator.ledger_summary().requests[&stentor::simulator::Bucket::Token], before + 1);
    stage.pull("throttle", json!({"bucket": "token", "seconds": 5})).await;
    assert_eq!(stage.redeem(&redeemed("1.any")).await.status, 429);
}

#[tokio::test]
async fn in_every_cloud_people_sign_in_at_the_host_of_that_cloud() {
    use stentor::domain::cloud::{Cloud, CloudProfile};
    for profile in Cloud::ALL.into_iter().filter_map(CloudProfile::published) {
        let start = Timestamp::from_timestamp_millis(1_793_610_000_123).expect("an instant of 2026");
        let clock = Arc::new(StillClock(Mutex::new(start)));
        let settings = SimulatorSettings { tls_names: profile.hosts(), people: 12, ..settings() };
        let teams = Simulator::start(settings, clock).await.unwrap();
        let host = profile.login_url.host_str().unwrap();
        let authority = reqwest::Certificate::from_pem(teams.authority_pem().unwrap().as_bytes()).unwrap();
        let client = Client::builder().no_proxy().add_root_certificate(authority).resolve(host, teams.address());
        let client = client.redirect(Policy::none()).build().unwrap();
        // The listener has a port of its own, which no url of a cloud names.
        let here = |url: &str| url.replacen(host, &format!("{host}:{}", teams.address().port()), 1);

        let issuer = format!("{}/{TENANT}/v2.0", profile.login_url.as_str().trim_end_matches('/'));
        let known = here(&format!("{issuer}/.well-known/openid-configuration"));
        let document = Told::by(client.get(known)).await.body;
        assert_eq!(document["issuer"], issuer, "{:?}", profile.cloud);
        let door = here(document["authorization_endpoint"].as_str().unwrap());
        let page = Told::by(client.get(Url::parse_with_params(&door, asked()).unwrap())).await;
        assert!(page.status == 200 && page.text.contains("Pick an account"), "{:?}: {page:?}", profile.cloud);
        let keys = Told::by(client.get(here(document["jwks_uri"].as_str().unwrap()))).await.body;
        assert_eq!(keys["keys"][0]["issuer"], issuer);
    }
}

#[tokio::test]
async fn browsers_are_led_where_they_reach_the_page() {
    let browsed_at = Some("http://localhost:8090".to_owned());
    let stage = Stage::set(SimulatorSettings { browsed_at, ..settings() }).await;
    let known = format!("{}/{TENANT}/v2.0/.well-known/openid-configuration", stage.simulator.login_url());
    let document = Told::by(stage.client.get(known)).await.body;
    let page = format!("http://localhost:8090/login/{TENANT}/oauth2/v2.0/authorize");
    assert_eq!(document["authorization_endpoint"], page);
    assert!(document["token_endpoint"].as_str().unwrap().starts_with(&stage.simulator.login_url()));
}
