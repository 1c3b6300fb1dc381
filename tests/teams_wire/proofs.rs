//! Proofs of who we are, as they travel: every sign of them.

use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use stentor::adapters::teams::{AssertionAlgorithm, CertificateFiles, Credential, IdentityEndpoint, ManagedIdentity};
use stentor::ports::Messenger;
use uuid::Uuid;

use super::server::*;

const IDENTITY: Uuid = Uuid::from_u128(0x77777777_7777_4777_8777_777777777777);

fn certificate(algorithm: AssertionAlgorithm) -> Credential {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/certificates/rsa.pem");
    Credential::Certificate(CertificateFiles { file, key_file: None, password: None, algorithm })
}

async fn asked_with(credential: Credential) -> (Server, Vec<Seen>) {
    let server = Server::start().await;
    let mut settings = settings(&server.url);
    settings.credential = credential;
    let (client, _) = client(settings);
    client.warm_up(false).await.unwrap();
    let asked = server.tokens_asked();
    (server, asked)
}

fn form(seen: &Seen) -> Vec<(String, String)> {
    url::form_urlencoded::parse(seen.body.as_bytes()).into_owned().collect()
}

fn parts(letter: &str) -> [Value; 2] {
    let mut parts = letter.split('.').map(|part| URL_SAFE_NO_PAD.decode(part).unwrap());
    [(); 2].map(|()| serde_json::from_slice(&parts.next().unwrap()).unwrap())
}

#[tokio::test]
async fn an_assertion_is_written_as_entra_describes_it() {
    // Thumbprints as OpenSSL tells them.
    for (algorithm, header) in [
        (
            AssertionAlgorithm::Ps256,
            json!({"alg": "PS256", "typ": "JWT", "x5t#S256": "cWmljxOxJhmTl5kV0sb7qKwjAzHPBq4Hn2jKtEx_Xb0"}),
        ),
        (AssertionAlgorithm::Rs256, json!({"alg": "RS256", "typ": "JWT", "x5t": "b8OhBxTDN1w-yRrZYhbYEsDel4I"})),
    ] {
        let (server, asked) = asked_with(certificate(algorithm)).await;
        let mut ids = Vec::new();
        for seen in &asked {
            let form = form(seen);
            let names: Vec<&str> = form.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, ["grant_type", "client_id", "client_assertion_type", "client_assertion", "scope"]);
            assert_eq!(form[2].1, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
            let [head, claims] = parts(&form[3].1);
            assert_eq!(head, header);
            let at = "2026-11-24T12:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp();
            let endpoint = format!("{}/login/{TENANT}/oauth2/v2.0/token", server.url);
            let id = claims["jti"].as_str().unwrap().to_owned();
            assert!(Uuid::parse_str(&id).is_ok());
            let expected =
                json!({"aud": endpoint, "iss": APP, "sub": APP, "jti": id, "nbf": at, "iat": at, "exp": at + 600});
            assert_eq!(claims, expected);
            assert_eq!(URL_SAFE_NO_PAD.decode(form[3].1.rsplit('.').next().unwrap()).unwrap().len(), 256);
            ids.push(id);
        }
        assert_eq!(asked.len(), 2);
        assert_ne!(ids[0], ids[1], "an id is never used twice");
    }
}

#[tokio::test]
async fn a_workloads_token_goes_out_as_it_lies_in_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "head.claims.signature\n").unwrap();
    let (_, asked) = asked_with(Credential::Federated(file)).await;
    for seen in &asked {
        assert!(seen.body.contains("&client_assertion=head.claims.signature&"), "{}", seen.body);
        assert!(!seen.body.contains("client_secret"));
    }
}

fn identity(server: &Server, vouches: bool, service: bool) -> Credential {
    let url = format!("{}/identity?x=1", server.url).parse().unwrap();
    let endpoint = match service {
        true => IdentityEndpoint::Service { url, header: "the word".to_owned().into() },
        false => IdentityEndpoint::Metadata(url),
    };
    Credential::ManagedIdentity(ManagedIdentity { endpoint, client_id: IDENTITY, vouches })
}

async fn as_identity(server: &Server, vouches: bool, service: bool) {
    let mut settings = settings(&server.url);
    settings.credential = identity(server, vouches, service);
    let (client, clock) = client(settings);
    client.warm_up(false).await.unwrap();
    // It lives as long as it says, in either way of saying it.
    clock.advance(Duration::from_secs(1000));
    client.warm_up(false).await.unwrap();
}

#[tokio::test]
async fn the_machine_is_asked_for_a_token_as_azure_describes_it() {
    let server = Server::start().await;
    let grant = json!({"access_token": "m", "expires_in": "86399", "token_type": "Bearer"});
    server.answers([reply(200, grant.clone()), reply(200, grant)]);
    as_identity(&server, false, false).await;
    let seen = server.seen();
    let resources: Vec<&str> = seen.iter().map(|seen| seen.query["resource"].as_str()).collect();
    assert_eq!(seen.len(), 2);
    assert!(resources.contains(&"https://graph.microsoft.com") && resources.contains(&"https://api.botframework.com"));
    for seen in &seen {
        assert_eq!((seen.method.as_str(), seen.header("metadata")), ("GET", "true"));
        assert_eq!((seen.query["api-version"].as_str(), seen.query["x"].as_str()), ("2018-02-01", "1"));
        assert_eq!(seen.query["client_id"], IDENTITY.to_string());
    }
    assert!(server.tokens_asked().is_empty());
}

#[tokio::test]
async fn app_service_is_asked_for_an_assertion_with_its_own_word() {
    let server = Server::start().await;
    // 2026-11-24T13:00:00Z, which App Service tells in place of a life.
    let grant = json!({"access_token": "head.claims.signature", "expires_on": "1795525200", "token_type": "Bearer"});
    server.answers([reply(200, grant.clone()), reply(200, grant)]);
    as_identity(&server, true, true).await;
    for seen in server.seen() {
        assert_eq!((seen.header("x-identity-header"), seen.header("metadata")), ("the word", ""));
        assert_eq!((seen.query["api-version"].as_str()), "2019-08-01");
        assert_eq!(seen.query["resource"], "api://AzureADTokenExchange");
    }
    let asked = server.tokens_asked();
    assert_eq!(asked.len(), 2);
    assert!(asked.iter().all(|seen| seen.body.contains("&client_assertion=head.claims.signature&")));
}

#[tokio::test]
async fn a_machine_that_is_not_ready_is_asked_again() {
    for status in [404, 410, 429, 500] {
        let server = Server::start().await;
        server.answers([empty(status), empty(status)]);
        let mut settings = settings(&server.url);
        settings.credential = identity(&server, true, false);
        let (client, clock) = client(settings);
        let answer = client.warm_up(false).await.unwrap_err();
        assert!(!matches!(answer.outcome, stentor::domain::outcome::Outcome::Refused(..)), "{status}: {answer:?}");
        let grant = json!({"access_token": "head.claims.signature", "expires_in": 3600});
        server.answers([reply(200, grant.clone()), reply(200, grant)]);
        clock.advance(Duration::from_secs(2));
        client.warm_up(false).await.unwrap();
    }
}
