//! Tokens: how they are asked for, refused, and found to be worthless.

use super::*;

const GRAPH: &str = "https://graph.microsoft.com/.default";
const BOT: &str = "https://api.botframework.com/.default";

fn number(told: &Told) -> Option<u64> {
    told.body["error_codes"][0].as_u64()
}

#[tokio::test]
async fn a_literal_token_request_is_answered_as_published() {
    let stage = Stage::plain().await;
    let form = "grant_type=client_credentials&client_id=22222222-2222-4222-8222-222222222222\
                &client_secret=simulated-secret&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default";
    let request = stage
        .client
        .post(format!("{}/{TENANT}/oauth2/v2.0/token", stage.simulator.login_url()))
        .header("Content-Type", "application/x-www-form-urlencoded")
        .body(form);
    let told = Told::by(request).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.body["token_type"], "Bearer");
    let life = told.body["expires_in"].as_u64().expect("a life in seconds");
    assert!((3_600..=5_400).contains(&life), "{life}");
    assert!(told.header("cache-control").is_some_and(|value| value.contains("no-store")));
}

#[tokio::test]
async fn every_wrong_token_request_has_its_number() {
    let stage = Stage::plain().await;
    let stranger = "99999999-9999-4999-8999-999999999999";
    for (tenant, app, secret, scope, status, error, code) in [
        (TENANT, APP, "wrong", GRAPH, 401, "invalid_client", 7_000_215),
        (TENANT, stranger, "simulated-secret", GRAPH, 400, "unauthorized_client", 700_016),
        (stranger, APP, "simulated-secret", GRAPH, 400, "invalid_request", 90_002),
        (TENANT, APP, "simulated-secret", "https://graph.microsoft.com/User.Read", 400, "invalid_scope", 1_002_012),
        (TENANT, APP, "simulated-secret", "https://graph.elsewhere/.default", 400, "invalid_resource", 500_011),
    ] {
        let told = Told::by(stage.token(tenant, app, secret, scope)).await;
        assert_eq!((told.status, told.body["error"].as_str()), (status, Some(error)), "{}", told.text);
        assert_eq!(number(&told), Some(code));
        let description = told.body["error_description"].as_str().expect("a description");
        assert!(description.starts_with(&format!("AADSTS{code}: ")), "{description}");
    }
}

const LETTER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A letter signed by a library that neither our client nor the simulator signs with.
pub(super) fn letter(key: &rcgen::KeyPair, header: &Value, claims: &Value) -> String {
    use jsonwebtoken::{Algorithm, EncodingKey, crypto::sign};
    let encode =
        |part: &Value| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, part.to_string());
    let signed = format!("{}.{}", encode(header), encode(claims));
    let algorithm = if header["alg"] == "RS256" { Algorithm::RS256 } else { Algorithm::PS256 };
    // What stands before the key itself in PKCS #8 has this length for every RSA key of 2048 bits.
    let key = EncodingKey::from_rsa_der(&key.serialize_der()[26..]);
    let signature = sign(signed.as_bytes(), &key, algorithm).expect("a key that signs");
    format!("{signed}.{signature}")
}

#[tokio::test]
async fn a_letter_is_read_to_the_last_sign() {
    let stage = Stage::plain().await;
    let key = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).expect("a key");
    let mut params = rcgen::CertificateParams::new(Vec::new()).expect("no names");
    (params.not_before, params.not_after) = (rcgen::date_time_ymd(2020, 1, 1), rcgen::date_time_ymd(2096, 1, 1));
    let pem = params.self_signed(&key).expect("a certificate").pem();
    let told = stage.pull("certificates", json!({"pem": [pem]})).await;
    let thumbprint = told.body["thumbprints"][0].as_str().expect("a thumbprint").to_owned();
    let endpoint = format!("{}/{TENANT}/oauth2/v2.0/token", stage.simulator.login_url());
    let now = stage.clock.now().timestamp();
    let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
    let claims = json!({"aud": endpoint, "iss": APP, "sub": APP, "jti": "a", "nbf": now, "iat": now, "exp": now + 600});
    let changed = |value: &Value, name: &str, to: Value| {
        let mut value = value.clone();
        value[name] = to;
        value
    };
    for (header, claims, wanted) in [
        (header.clone(), claims.clone(), None),
        (changed(&header, "alg", "RS256".into()), claims.clone(), None),
        (changed(&header, "x5t#S256", "else".into()), claims.clone(), Some(700_027)),
        (header.clone(), changed(&claims, "aud", "https://elsewhere.example/token".into()), Some(700_023)),
        (header.clone(), changed(&claims, "sub", TENANT.into()), Some(700_021)),
        (header.clone(), changed(&claims, "iss", TENANT.into()), Some(700_211)),
        (header.clone(), changed(&claims, "exp", (now - 301).into()), Some(700_024)),
        (header.clone(), changed(&claims, "nbf", (now + 301).into()), Some(700_024)),
        (header.clone(), changed(&claims, "nbf", (now + 299).into()), None),
        (header.clone(), changed(&claims, "jti", Value::Null), Some(700_027)),
    ] {
        let letter = letter(&key, &header, &claims);
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", APP),
            ("client_assertion_type", LETTER),
            ("client_assertion", &letter),
            ("scope", GRAPH),
        ];
        let told = Told::by(stage.client.post(&endpoint).form(&form)).await;
        assert_eq!(
            (told.status, number(&told)),
            (if wanted.is_some() { 401 } else { 200 }, wanted),
            "{header} {claims}"
        );
    }
    let tampered = letter(&key, &header, &claims).replace("eyJh", "eyJi");
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", APP),
        ("client_assertion_type", LETTER),
        ("client_assertion", &tampered),
        ("scope", GRAPH),
    ];
    assert_eq!(Told::by(stage.client.post(&endpoint).form(&form)).await.status, 401);
}

#[tokio::test]
async fn an_expired_secret_gets_no_new_token_while_old_ones_stay_good() {
    let stage = Stage::plain().await;
    stage.pull("secret", json!({"state": "expired"})).await;
    let told = Told::by(stage.token(TENANT, APP, "simulated-secret", GRAPH)).await;
    assert_eq!((told.status, number(&told)), (401, Some(7_000_222)));
    assert_eq!(stage.check(&stage.someone(Standing::Warm, 0)).await.status, 200);
    stage.pull("secret", json!({"state": "valid"})).await;
    assert_eq!(Told::by(stage.token(TENANT, APP, "simulated-secret", GRAPH)).await.status, 200);
}

#[tokio::test]
async fn revoked_tokens_are_refused_by_both_services() {
    let stage = Stage::plain().await;
    stage.pull("secret", json!({"state": "valid", "revoke_tokens": true})).await;
    let user = stage.someone(Standing::Warm, 0);
    let told = stage.check(&user).await;
    assert_eq!((told.status, told.code()), (401, "InvalidAuthenticationToken"));
    let told = stage.send(&user, &card("Hello")).await;
    assert_eq!(told.status, 401);
    assert_eq!(told.body["message"], "Authorization has been denied for this request.");
}

#[tokio::test]
async fn a_token_ends_when_it_said_it_would() {
    let settings = SimulatorSettings { token_lifetime: Some(Duration::from_secs(60)), ..settings() };
    let stage = Stage::set(settings).await;
    let user = stage.someone(Standing::Warm, 0);
    stage.clock.advance(Duration::from_secs(59));
    assert_eq!(stage.check(&user).await.status, 200);
    stage.clock.advance(Duration::from_secs(1));
    assert_eq!(stage.check(&user).await.status, 401);
}

#[tokio::test]
async fn a_bot_token_of_the_wrong_tenant_is_issued_and_then_refused_by_the_connector() {
    let mut stage = Stage::plain().await;
    let user = stage.someone(Standing::Warm, 0);
    stage.bot_token = stage.new_token("botframework.com", BOT).await;
    assert_eq!(stage.send(&user, &card("Hello")).await.status, 401);
}

#[tokio::test]
async fn a_token_for_one_service_is_refused_by_the_other() {
    let mut stage = Stage::plain().await;
    std::mem::swap(&mut stage.graph_token, &mut stage.bot_token);
    let user = stage.someone(Standing::Warm, 0);
    assert_eq!(stage.check(&user).await.status, 401);
    assert_eq!(stage.send(&user, &card("Hello")).await.status, 401);
}

#[tokio::test]
async fn the_simulators_own_addresses_are_resources_too() {
    let stage = Stage::plain().await;
    for resource in [stage.simulator.graph_url(), stage.simulator.bot_url()] {
        let scope = format!("{}/.default", resource.trim_end_matches('/'));
        assert_eq!(Told::by(stage.token(TENANT, APP, "simulated-secret", &scope)).await.status, 200, "{scope}");
    }
}

#[tokio::test]
async fn a_withdrawn_permission_shows_in_the_next_token() {
    let mut stage = Stage::plain().await;
    let user = stage.someone(Standing::WithoutBot, 0);
    for role in ["TeamsAppInstallation.ReadWriteSelfForUser.All", "User.Read.All"] {
        stage.pull("permissions", json!({"role": role, "granted": false})).await;
    }
    assert_eq!(stage.check(&user).await.status, 200, "the old token keeps its roles");
    stage.renew_tokens().await;
    let told = stage.install(&user).await;
    assert_eq!((told.status, told.code()), (403, "Forbidden"));
    assert!(told.message().starts_with("Missing role permissions on the request. API requires one of '"));
    assert!(told.message().contains("Roles on the request 'AppCatalog.Read.All"), "{}", told.message());
    let told = Told::by(stage.graph(Method::GET, "/users")).await;
    assert_eq!((told.status, told.code()), (403, "Authorization_RequestDenied"));
}
