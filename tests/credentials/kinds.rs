//! Each kind gets tokens for Graph and for the bot, and a new one in its place needs no restart.

use std::time::Duration;

use serde_json::json;
use stentor::adapters::teams::{AssertionAlgorithm, Credential, IdentityEndpoint, ManagedIdentity, SecretSource};
use stentor::domain::ids::RequestId;
use stentor::ports::Messenger;
use stentor::simulator::SimulatorSettings;
use uuid::Uuid;

use super::stage::*;

const HOUR: Duration = Duration::from_secs(3600);

/// Long enough that every token is dead.
const DAYS: Duration = Duration::from_secs(2 * 24 * 3600);

#[tokio::test]
async fn a_certificate_signs_in_either_form() {
    let stage = Stage::plain().await;
    let (pem, public) = certificate();
    std::fs::write(stage.file("both.pem"), &pem).unwrap();
    stage.control("certificates", json!({"pem": [public]})).await;
    for algorithm in [AssertionAlgorithm::Ps256, AssertionAlgorithm::Rs256] {
        let client = stage.client(signed_with(stage.file("both.pem"), algorithm));
        client.warm_up(false).await.unwrap();
        assert!(client.find_app(RequestId(Uuid::from_u128(9))).await.is_ok(), "{algorithm:?}");
    }
}

#[tokio::test]
async fn a_certificate_replaced_in_its_file_needs_no_restart() {
    let stage = Stage::plain().await;
    let ((old, old_public), (new, new_public)) = (certificate(), certificate());
    std::fs::write(stage.file("c.pem"), &old).unwrap();
    stage.control("certificates", json!({"pem": [old_public]})).await;
    let client = stage.client(signed_with(stage.file("c.pem"), AssertionAlgorithm::Ps256));
    client.warm_up(false).await.unwrap();
    std::fs::write(stage.file("c.pem"), &new).unwrap();
    stage.control("certificates", json!({"pem": [new_public]})).await;
    stage.clock.advance(DAYS);
    client.warm_up(false).await.unwrap();
}

#[tokio::test]
async fn the_old_token_serves_for_as_long_as_it_lives_whatever_lies_in_the_file() {
    let settings = SimulatorSettings { people: 20, token_lifetime: Some(HOUR), ..SimulatorSettings::default() };
    let stage = Stage::set(settings, 1).await;
    let ((old, old_public), (new, _)) = (certificate(), certificate());
    let file = stage.file("c.pem");
    std::fs::write(&file, &old).unwrap();
    stage.control("certificates", json!({"pem": [old_public]})).await;
    let client = stage.client(signed_with(file.clone(), AssertionAlgorithm::Ps256));
    client.warm_up(false).await.unwrap();

    // At two thirds of its life it would be renewed: with a certificate that Entra does not know, then half of one, then
    // none.
    stage.clock.advance(HOUR * 2 / 3);
    for wrong in [new.as_str(), &old[..400], ""] {
        std::fs::write(&file, wrong).unwrap();
        let asked = stage.tokens().0;
        for _ in 0..20 {
            client.warm_up(false).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert!(stage.tokens().0 - asked <= 2, "one try for each scope, and then a rest");
        stage.clock.advance(Duration::from_secs(180));
    }
    assert!(client.find_app(RequestId(Uuid::from_u128(9))).await.is_ok());
    std::fs::write(&file, &old).unwrap();
    stage.clock.advance(HOUR);
    // Somebody may still have been reading the last wrong file.
    if client.warm_up(false).await.is_err() {
        stage.clock.advance(Duration::from_secs(60));
        client.warm_up(false).await.unwrap();
    }
}

#[tokio::test]
async fn a_workloads_token_is_read_again_for_every_exchange() {
    let stage = Stage::plain().await;
    let file = stage.file("token");
    stage.believe(WORKLOAD).await;
    stage.token_of_cluster(WORKLOAD, EXCHANGE, 3600, &file).await;
    let client = stage.client(Credential::Federated(file.clone()));
    client.warm_up(false).await.unwrap();

    stage.believe("another").await;
    stage.token_of_cluster("another", EXCHANGE, 1_000_000, &file).await;
    stage.clock.advance(DAYS);
    client.warm_up(false).await.unwrap();
}

fn identity(stage: &Stage, client_id: Uuid, vouches: bool, service: bool) -> Credential {
    let base = stage.simulator.base_url();
    let endpoint = match service {
        true => IdentityEndpoint::Service {
            url: format!("{base}/msi/token").parse().unwrap(),
            header: "simulated-identity-header".to_owned().into(),
        },
        false => IdentityEndpoint::Metadata(format!("{base}/metadata/identity/oauth2/token").parse().unwrap()),
    };
    Credential::ManagedIdentity(ManagedIdentity { endpoint, client_id, vouches })
}

#[tokio::test]
async fn an_identity_of_the_machine_is_the_bot_itself() {
    let stage = Stage::plain().await;
    let app = SimulatorSettings::default().app;
    stage.control("identities", json!({"identities": [{"client_id": app, "object_id": OBJECT}]})).await;
    for service in [false, true] {
        let client = stage.client(identity(&stage, app, false, service));
        client.warm_up(false).await.unwrap();
        assert!(client.find_app(RequestId(Uuid::from_u128(9))).await.is_ok());
    }
    assert_eq!(stage.tokens().0, 0, "Entra itself was not asked");
}

#[tokio::test]
async fn an_identity_of_the_machine_vouches_for_the_bot() {
    let stage = Stage::plain().await;
    let client_id: Uuid = IDENTITY.parse().unwrap();
    stage.control("identities", json!({"identities": [{"client_id": client_id, "object_id": OBJECT}]})).await;
    let issuer = format!("{}/{}/v2.0", stage.simulator.login_url(), SimulatorSettings::default().tenant);
    let trusted = json!([{"issuer": issuer, "subject": OBJECT, "audience": EXCHANGE}]);
    stage.control("federations", json!({"federations": trusted})).await;
    for service in [false, true] {
        let client = stage.client(identity(&stage, client_id, true, service));
        client.warm_up(false).await.unwrap();
        assert!(client.find_app(RequestId(Uuid::from_u128(9))).await.is_ok());
    }
}

#[tokio::test]
async fn an_identity_that_the_machine_lacks_halts_with_its_own_cure() {
    let stage = Stage::plain().await;
    let client = stage.client(identity(&stage, IDENTITY.parse().unwrap(), true, false));
    let (reason, detail) = halt(&client).await;
    assert_eq!(reason.code(), "no_such_identity");
    assert!(detail.contains("Identity not found"), "{detail}");
}

#[tokio::test]
async fn nothing_that_proves_anything_is_ever_printed() {
    let stage = Stage::plain().await;
    let (pem, _) = certificate();
    std::fs::write(stage.file("c.pem"), &pem).unwrap();
    let service = identity(&stage, IDENTITY.parse().unwrap(), true, true);
    let secret: Credential = SecretSource::Value("hunter2".to_owned().into()).into();
    for credential in [service, secret, signed_with(stage.file("c.pem"), AssertionAlgorithm::Ps256)] {
        let client = stage.client(credential.clone());
        let _ = client.warm_up(false).await;
        let printed = format!("{credential:?} {client:?}");
        for word in ["simulated-identity-header", "hunter2", "PRIVATE", "eyJ"] {
            assert!(!printed.contains(word), "{printed}");
        }
    }
}
