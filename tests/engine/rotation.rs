//! The credential is replaced while a broadcast runs, and nobody notices: everybody is told once, nothing halts, no
//! request is refused.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd};
use serde_json::{Value, json};
use stentor::adapters::teams::{AssertionAlgorithm, CertificateFiles, Credential, SecretSource};
use stentor::domain::broadcast::BroadcastState;
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::pacing::{Bucket, Quota};
use stentor::simulator::bucket::Bucket as Received;
use stentor::simulator::settings::SimulatorSettings;

use crate::house::{House, everybody_reachable, house_proved_by};

const PEOPLE: usize = 1_500;
/// Renewed at four seconds, dead at six.
const LIFE: Duration = Duration::from_secs(6);

/// What is rotated, and how Entra is told.
struct Rotation {
    file: PathBuf,
    /// What lies in the file before and after.
    old: String,
    new: String,
    /// Where Entra is told which are valid, and how: the old one, both, the new one.
    control: &'static str,
    valid: [Value; 3],
}

async fn told(house: &House, path: &str, body: Value) -> Value {
    let url = format!("{}/_simulator/{path}", house.simulator.base_url());
    reqwest::Client::new().post(url).json(&body).send().await.unwrap().json().await.unwrap()
}

fn tokens_granted(house: &House) -> u64 {
    house.simulator.ledger_summary().statuses[&Received::Token][&200]
}

async fn house_of(credential: Credential) -> House {
    let settings = SimulatorSettings { warm: true, token_lifetime: Some(LIFE), ..everybody_reachable(PEOPLE, 0.0) };
    let mut house = house_proved_by(settings, credential).await;
    house.engine.quotas.insert(Bucket::Send, Quota::per_second(100));
    house
}

/// As an administrator does it: the new one is registered beside the old one, then put in its place, clumsily, and at last
/// the old one is removed.
async fn rotate_during_a_broadcast(house: House, rotation: Rotation) {
    let Rotation { file, old, new, control, valid: [only_old, both, only_new] } = rotation;
    std::fs::write(&file, old).unwrap();
    house.control(control, only_old).await;
    let id = house.submit("News", WhenInDoubt::Hold).await;
    let working = house.worker();
    let running = |sent: u64| {
        move |report: &stentor::ports::BroadcastReport| {
            assert_ne!(report.state, BroadcastState::Halted, "{report:?}");
            report.progress.sent >= sent
        }
    };
    house.until(id, running(100)).await;
    house.control(control, both).await;
    // Half a file, for a moment: whoever reads now finds no credential.
    std::fs::write(&file, &new[..new.len() / 2]).unwrap();
    house.pause(Duration::from_millis(300)).await;
    std::fs::write(&file, &new).unwrap();
    house.control(control, only_new).await;
    let (granted, sent) = (tokens_granted(&house), house.report(id).await.progress.sent);
    assert!(sent < PEOPLE as u64 / 2, "rotated too late: {sent}");
    let report = house.until(id, |report| running(0)(report) && report.state.is_final()).await;
    working.stop().await;

    let ledger = house.simulator.ledger_summary();
    assert!(tokens_granted(&house) >= granted + 2, "both tokens are renewed with the new one");
    assert_eq!((report.state, report.progress.sent as usize), (BroadcastState::Done, PEOPLE));
    assert_eq!((ledger.delivered, ledger.duplicates), (PEOPLE, 0));
    let refused = |wanted: bool| -> u64 {
        let of = ledger.statuses.iter().filter(|(bucket, _)| (**bucket == Received::Token) == wanted);
        of.filter_map(|(_, statuses)| statuses.get(&401)).sum()
    };
    println!("{granted} tokens granted before, {} in all: {:?}", tokens_granted(&house), ledger.statuses);
    assert_eq!(refused(false), 0, "a request with a token of ours was refused: {:?}", ledger.statuses);
    // Half a token can look like one: whoever renewed in that moment, once for each scope, was refused and went on with the
    // old token.
    assert!(refused(true) <= 2, "{:?}", ledger.statuses);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_is_rotated_during_a_broadcast_without_interruption() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    let (old, new) = ("the old secret".to_owned(), "the new secret".to_owned());
    std::fs::write(&file, &old).unwrap();
    let house = house_of(SecretSource::File(file.clone()).into()).await;
    let valid = [json!({"secrets": [old]}), json!({"secrets": [old, new]}), json!({"secrets": [new]})];
    rotate_during_a_broadcast(house, Rotation { file, old, new, control: "secrets", valid }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_is_rotated_during_a_broadcast_without_interruption() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("certificate.pem");
    let ((old, old_public), (new, new_public)) = (certificate(), certificate());
    let (key_file, password, algorithm) = (None, None, AssertionAlgorithm::Ps256);
    let files = CertificateFiles { file: file.clone(), key_file, password, algorithm };
    let house = house_of(Credential::Certificate(files)).await;
    let valid = [json!({"pem": [old_public]}), json!({"pem": [old_public, new_public]}), json!({"pem": [new_public]})];
    rotate_during_a_broadcast(house, Rotation { file, old, new, control: "certificates", valid }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_federated_token_is_rotated_during_a_broadcast_without_interruption() {
    let folder = tempfile::tempdir().unwrap();
    let file: &Path = &folder.path().join("token");
    let house = house_of(Credential::Federated(file.to_owned())).await;
    let (issuer, audience) = ("https://oidc.example/cluster", "api://AzureADTokenExchange");
    let token = async |subject: &str| {
        let order = json!({"issuer": issuer, "subject": subject, "audience": audience, "seconds": 3600});
        told(&house, "federated_token", order).await["token"].as_str().unwrap().to_owned()
    };
    let (old, new) = (token("old").await, token("new").await);
    let valid = [&["old"][..], &["old", "new"], &["new"]].map(|subjects| {
        let trusted = |subject: &&str| json!({"issuer": issuer, "subject": subject, "audience": audience});
        json!({"federations": subjects.iter().map(trusted).collect::<Vec<_>>()})
    });
    rotate_during_a_broadcast(house, Rotation { file: file.to_owned(), old, new, control: "federations", valid }).await;
}

/// A certificate and its key in one PEM, and the certificate alone.
fn certificate() -> (String, String) {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2096, 1, 1));
    let certificate = params.self_signed(&key).unwrap().pem();
    (format!("{}{certificate}", key.serialize_pem()), certificate)
}
