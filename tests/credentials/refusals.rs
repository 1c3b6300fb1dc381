//! Every proof that Entra refuses halts the tenant with the reason that cures it.

use serde_json::json;
use std::time::Duration;
use stentor::adapters::teams::{AssertionAlgorithm, Credential, SecretSource};
use stentor::ports::Messenger;

use super::stage::*;

#[tokio::test]
async fn a_certificate_that_is_not_registered_is_told_as_such() {
    let stage = Stage::plain().await;
    let (pem, _) = certificate();
    let (_, other) = certificate();
    std::fs::write(stage.file("c.pem"), &pem).unwrap();
    stage.control("certificates", json!({"pem": [other]})).await;
    let (reason, detail) = halt(&stage.client(signed_with(stage.file("c.pem"), AssertionAlgorithm::Rs256))).await;
    assert_eq!(reason.code(), "certificate_refused");
    assert!(detail.contains("AADSTS700027") && !detail.contains("eyJ"), "{detail}");
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told_as_such() {
    let stage = Stage::plain().await;
    let (pem, public) = certificate();
    std::fs::write(stage.file("c.pem"), &pem).unwrap();
    stage.control("certificates", json!({"pem": [public]})).await;
    let settings = stage.settings(signed_with(stage.file("c.pem"), AssertionAlgorithm::Ps256));
    let fast = Faster::new(1);
    fast.advance(Duration::from_secs(20 * 60));
    let random = std::sync::Arc::new(stentor::adapters::system::SystemRandom);
    let client = stentor::adapters::teams::TeamsClient::new(settings, fast, random).unwrap();
    let (reason, detail) = halt(&client).await;
    assert_eq!(reason.code(), "assertion_out_of_time", "{detail}");
    assert!(reason.cure().contains("clock"));
}

#[tokio::test]
async fn a_letter_to_another_tenants_endpoint_is_refused() {
    let stage = Stage::plain().await;
    let (pem, public) = certificate();
    std::fs::write(stage.file("c.pem"), &pem).unwrap();
    stage.control("certificates", json!({"pem": [public]})).await;
    let mut settings = stage.settings(signed_with(stage.file("c.pem"), AssertionAlgorithm::Ps256));
    // The same server by another name: the letter names the address that it is sent to.
    let by_name = settings.cloud.login_url.as_str().replace("127.0.0.1", "localhost");
    settings.cloud.login_url = by_name.parse().unwrap();
    let (reason, detail) = halt(&stage.client_of(settings)).await;
    assert_eq!(reason.code(), "identity_refused");
    assert!(detail.contains("AADSTS700023"), "{detail}");
}

#[tokio::test]
async fn a_workload_that_the_app_does_not_believe_is_told_by_what_differs() {
    let stage = Stage::plain().await;
    let file = stage.file("token");
    let client = || stage.client(Credential::Federated(file.clone()));
    stage.token_of_cluster(WORKLOAD, EXCHANGE, 3600, &file).await;
    for (trusted, number) in [
        (json!([]), "AADSTS700211"),
        (json!([{"issuer": CLUSTER, "subject": "else", "audience": EXCHANGE}]), "AADSTS700213"),
        (json!([{"issuer": CLUSTER, "subject": WORKLOAD, "audience": "api://else"}]), "AADSTS700212"),
    ] {
        stage.control("federations", json!({"federations": trusted})).await;
        let (reason, detail) = halt(&client()).await;
        assert_eq!(reason.code(), "federation_refused", "{detail}");
        assert!(detail.contains(number), "{detail}");
    }
    stage.believe(WORKLOAD).await;
    client().warm_up(false).await.unwrap();
    stage.token_of_cluster(WORKLOAD, EXCHANGE, -3600, &file).await;
    assert_eq!(halt(&client()).await.0.code(), "assertion_out_of_time");
}

#[tokio::test]
async fn a_forged_letter_opens_nothing() {
    let stage = Stage::plain().await;
    let file = stage.file("token");
    stage.believe(WORKLOAD).await;
    stage.token_of_cluster(WORKLOAD, EXCHANGE, 3600, &file).await;
    let token = std::fs::read_to_string(&file).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let forged: String = signature.chars().rev().collect();
    std::fs::write(&file, format!("{signed}.{forged}")).unwrap();
    let (reason, _) = halt(&stage.client(Credential::Federated(file))).await;
    assert_eq!(reason.code(), "certificate_refused");
}

#[tokio::test]
async fn a_file_that_cannot_be_read_halts_and_says_which() {
    let stage = Stage::plain().await;
    let gone = stage.file("gone");
    for credential in [
        Credential::Federated(gone.clone()),
        signed_with(gone.clone(), AssertionAlgorithm::Ps256),
        SecretSource::File(gone.clone()).into(),
    ] {
        let (reason, detail) = halt(&stage.client(credential)).await;
        assert_eq!(reason.code(), "credential_unusable");
        assert!(detail.contains("gone"), "{detail}");
    }
    assert_eq!(stage.tokens().0, 0);
}
