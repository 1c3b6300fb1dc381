//! What somebody could post to the bot, and the status with which it is refused: 401 for a token that proves nothing, 403
//! for what Microsoft has signed and is not for us, 400 and 413 for bodies that are none. Nothing of it is ever 200.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::stage::{APP, Stage, TENANT, claims, said, unsigned};

pub struct Forged {
    pub what: String,
    pub authorization: Option<String>,
    pub body: Vec<u8>,
    pub status: u16,
}

pub fn table(stage: &Stage) -> Vec<Forged> {
    [headers(stage), tokens(stage), claimed(stage), not_for_us(stage), bodies(stage)].into_iter().flatten().collect()
}

fn genuine(stage: &Stage) -> String {
    stage.keys.sign(&header("teams"), &claims(stage), "teams")
}

fn header(key: &str) -> Value {
    json!({"alg": "RS256", "kid": key, "typ": "JWT"})
}

fn body() -> Vec<u8> {
    said("Thank you").to_string().into_bytes()
}

fn forged(what: &str, authorization: impl Into<String>, status: u16) -> Forged {
    Forged { what: what.to_owned(), authorization: Some(authorization.into()), body: body(), status }
}

fn headers(stage: &Stage) -> Vec<Forged> {
    let token = genuine(stage);
    vec![
        Forged { authorization: None, ..forged("no header", "", 401) },
        forged("an empty header", "", 401),
        forged("a token without its word", token.clone(), 401),
        forged("a word without its token", "Bearer ", 401),
        forged("another word", format!("Basic {token}"), 401),
        forged("two tokens", format!("Bearer {token} {token}"), 401),
        forged("no token at all", "Bearer x", 401),
        forged("a token of dots", "Bearer ..", 401),
        forged("a token with four parts", format!("Bearer {token}.x"), 401),
        forged("a token cut short", format!("Bearer {}", &token[..token.len() - 9]), 401),
        forged("a token that is not base64", "Bearer !!!.???.***", 401),
    ]
}

fn tokens(stage: &Stage) -> Vec<Forged> {
    let (keys, claims) = (&stage.keys, claims(stage));
    let bearer = |what: &str, token: String| forged(what, format!("Bearer {token}"), 401);
    let hmac = |secret: &[u8]| {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("teams".to_owned());
        encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    let none = unsigned(&json!({"alg": "none", "kid": "teams"}), &claims);
    let other_claims = {
        let mut claims = claims.clone();
        claims["serviceurl"] = json!("http://127.0.0.1:10/teams/");
        let signature = genuine(stage).rsplit('.').next().unwrap().to_owned();
        format!("{}.{signature}", unsigned(&header("teams"), &claims))
    };
    let with = |more: Value| {
        let mut header = header("teams");
        header.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        header
    };
    let own_key = json!({"kty": "RSA", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode(&keys.public("forger")[9..265])});
    vec![
        bearer("alg none with an empty signature", format!("{none}.")),
        bearer("alg none with a signature", format!("{none}.AAAA")),
        bearer("alg None in capitals", format!("{}.", unsigned(&json!({"alg": "NONE", "kid": "teams"}), &claims))),
        bearer("HS256 with the public key as its secret", hmac(&keys.public("teams"))),
        bearer("HS256 with an empty secret", hmac(b"")),
        bearer("RS512, though by the right key", keys.sign(&with(json!({"alg": "RS512"})), &claims, "teams")),
        bearer("PS256", keys.sign(&with(json!({"alg": "PS256"})), &claims, "teams")),
        bearer("ES256", keys.sign(&with(json!({"alg": "ES256"})), &claims, "teams")),
        bearer("no algorithm", keys.sign(&json!({"kid": "teams"}), &claims, "teams")),
        bearer("another's signature under a published name", keys.sign(&header("teams"), &claims, "forger")),
        bearer("a key that nobody publishes", keys.sign(&header("forger"), &claims, "forger")),
        bearer("a key of another kind", keys.sign(&header("curve"), &claims, "teams")),
        bearer("no name of a key", keys.sign(&json!({"alg": "RS256"}), &claims, "teams")),
        bearer("the forger's key in the header", keys.sign(&with(json!({"jwk": own_key})), &claims, "forger")),
        bearer(
            "a place of keys in the header",
            keys.sign(&with(json!({"jku": "http://127.0.0.1:1/"})), &claims, "forger"),
        ),
        bearer("a name that is a path", keys.sign(&with(json!({"kid": "../teams"})), &claims, "teams")),
        bearer("claims under another's signature", other_claims),
        bearer("no claims", keys.sign(&header("teams"), &json!({}), "teams")),
        bearer("claims that are a list", keys.sign(&header("teams"), &json!([1, 2]), "teams")),
    ]
}

/// Genuinely signed, with claims that are not what they must be.
fn claimed(stage: &Stage) -> Vec<Forged> {
    let now = stage.now();
    let rows: Vec<(&str, &str, Value)> = vec![
        ("another issuer", "iss", json!("https://sts.windows.net/11111111-1111-4111-8111-111111111111/")),
        ("the issuer with a slash", "iss", json!("https://api.botframework.com/")),
        ("another cloud's issuer", "iss", json!("https://api.botframework.us")),
        ("no issuer", "iss", Value::Null),
        ("a list of issuers", "iss", json!(["https://api.botframework.com"])),
        ("another app", "aud", json!("99999999-9999-4999-8999-999999999999")),
        ("an app that begins like ours", "aud", json!(format!("{APP}0"))),
        ("another scheme of audience", "aud", json!(format!("https://{APP}"))),
        ("no audience", "aud", Value::Null),
        ("expired", "exp", json!(now - 301)),
        ("no end", "exp", Value::Null),
        ("an end that is a text", "exp", json!("tomorrow")),
        ("the earliest end", "exp", json!(i64::MIN)),
        ("of the future", "nbf", json!(now + 301)),
        ("no beginning", "nbf", Value::Null),
        ("the last beginning", "nbf", json!(i64::MAX)),
        ("another service url", "serviceurl", json!("http://127.0.0.1:9/other/")),
        ("another port", "serviceurl", json!("http://127.0.0.1:10/teams/")),
        ("an empty service url", "serviceurl", json!("")),
        ("no service url", "serviceurl", Value::Null),
    ];
    let row = |(what, claim, value): (&str, &str, Value)| {
        let mut claims = claims(stage);
        claims[claim] = value;
        forged(what, format!("Bearer {}", stage.keys.sign(&header("teams"), &claims, "teams")), 401)
    };
    let mut table: Vec<Forged> = rows.into_iter().map(row).collect();
    // The token is genuine; the activity beside it is another.
    let mut swapped = said("x");
    swapped["serviceUrl"] = json!("http://127.0.0.1:9/stolen/");
    let genuine = format!("Bearer {}", genuine(stage));
    let swapped =
        Forged { body: swapped.to_string().into_bytes(), ..forged("a swapped service url", genuine.clone(), 401) };
    let mut bare = said("x");
    bare.as_object_mut().unwrap().remove("serviceUrl");
    let bare = Forged { body: bare.to_string().into_bytes(), ..forged("no service url beside it", genuine, 401) };
    table.extend([swapped, bare]);
    table
}

/// From Microsoft, and not for us.
fn not_for_us(stage: &Stage) -> Vec<Forged> {
    let row = |what: &str, key: &str, service_url: Option<&str>, change: &dyn Fn(&mut Value)| {
        let (mut claims, mut body) = (claims(stage), said("x"));
        if let Some(service_url) = service_url {
            claims["serviceurl"] = json!(service_url);
            body["serviceUrl"] = json!(service_url);
        }
        change(&mut body);
        let token = stage.keys.sign(&header(key), &claims, key);
        Forged { body: body.to_string().into_bytes(), ..forged(what, format!("Bearer {token}"), 403) }
    };
    let other = "99999999-9999-4999-8999-999999999999";
    vec![
        row("a key that vouches for another channel", "webchat", None, &|_| {}),
        row("another channel", "teams", None, &|body| body["channelId"] = json!("webchat")),
        row("another channel by a key for all", "plain", None, &|body| body["channelId"] = json!("emulator")),
        row("no channel", "plain", None, &|body| body["channelId"] = Value::Null),
        row("a foreign host", "teams", Some("https://evil.example/"), &|_| {}),
        row("a host that begins like Teams'", "teams", Some("https://smba.trafficmanager.net.evil.example/"), &|_| {}),
        row("a host with a name and a password", "teams", Some("https://u:p@smba.trafficmanager.net/"), &|_| {}),
        row("a service url that is no url", "teams", Some("teams"), &|_| {}),
        row("another tenant", "teams", None, &|body| {
            body["channelData"]["tenant"]["id"] = json!(other);
            body["conversation"]["tenantId"] = json!(other);
        }),
        row("two tenants", "teams", None, &|body| body["channelData"]["tenant"]["id"] = json!(other)),
        row("ours first, then another", "teams", None, &|body| body["conversation"]["tenantId"] = json!(other)),
        row("no tenant", "teams", None, &|body| {
            body["channelData"] = json!({});
            body["conversation"]["tenantId"] = Value::Null;
        }),
        row("a tenant that is a number", "teams", None, &|body| {
            body["channelData"]["tenant"]["id"] = json!(TENANT.as_u128() as u64);
            body["conversation"]["tenantId"] = json!("x");
        }),
    ]
}

/// A genuine token, and a body that is none.
fn bodies(stage: &Stage) -> Vec<Forged> {
    let token = format!("Bearer {}", genuine(stage));
    let row = |what: &str, body: Vec<u8>, status| Forged { body, ..forged(what, token.clone(), status) };
    let mut padded = said("x");
    padded["padding"] = json!("x".repeat(256 * 1024));
    vec![
        row("nothing", Vec::new(), 400),
        row("a text", b"hello".to_vec(), 400),
        row("half an object", b"{\"type\":\"message\"".to_vec(), 400),
        row("two objects", b"{}{}".to_vec(), 400),
        row("a list", b"[{}]".to_vec(), 400),
        row("a string", b"\"message\"".to_vec(), 400),
        row("no UTF-8", b"{\"type\":\"\xff\"}".to_vec(), 400),
        row("a well without ground", [b"[".repeat(100_000), b"]".repeat(100_000)].concat(), 400),
        row("an empty object", b"{}".to_vec(), 401),
        row("an activity of a quarter of a megabyte", padded.to_string().into_bytes(), 413),
        row("a megabyte of nothing", vec![b' '; 1024 * 1024], 413),
        Forged { authorization: None, ..row("a megabyte without a token", vec![b' '; 1024 * 1024], 401) },
    ]
}
