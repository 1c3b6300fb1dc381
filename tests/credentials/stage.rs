//! A simulated Teams, a client of it, and the files that prove who we are.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize, date_time_ymd};
use serde_json::{Value, json};
use stentor::adapters::system::{SystemClock, SystemRandom};
use stentor::adapters::teams::{
    AssertionAlgorithm, CertificateFiles, CloudProfile, Credential, TeamsClient, TeamsClientSettings,
};
use stentor::domain::outcome::{HaltScope, Outcome};
use stentor::domain::reason::HaltReason;
use stentor::domain::time::{Monotonic, Timestamp};
use stentor::ports::{Answer, Clock, Messenger, Pending};
use stentor::simulator::{Simulator, SimulatorSettings};
use tempfile::TempDir;

pub const CLUSTER: &str = "https://oidc.example/cluster";
pub const WORKLOAD: &str = "system:serviceaccount:stentor:stentor";
pub const EXCHANGE: &str = "api://AzureADTokenExchange";
pub const IDENTITY: &str = "77777777-7777-4777-8777-777777777777";
pub const OBJECT: &str = "88888888-8888-4888-8888-888888888888";

/// A clock that runs `times` as fast as the system's, and may be moved by hand besides.
pub struct Faster {
    times: u32,
    from: (Timestamp, Monotonic),
    moved: Mutex<Duration>,
}

impl Faster {
    pub fn new(times: u32) -> Arc<Self> {
        Arc::new(Self { times, from: (SystemClock.now(), SystemClock.monotonic()), moved: Mutex::default() })
    }

    pub fn advance(&self, by: Duration) {
        *self.moved.lock().unwrap() += by;
    }

    fn passed(&self) -> Duration {
        SystemClock.monotonic().saturating_since(self.from.1) * self.times + *self.moved.lock().unwrap()
    }
}

impl Clock for Faster {
    fn now(&self) -> Timestamp {
        self.from.0 + self.passed()
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::from_origin(self.passed())
    }

    fn sleep_until(&self, at: Monotonic) -> Pending<()> {
        let left = at.saturating_since(self.monotonic()) / self.times;
        SystemClock.sleep_until(SystemClock.monotonic() + left)
    }
}

pub struct Stage {
    pub simulator: Simulator,
    pub clock: Arc<Faster>,
    pub folder: TempDir,
}

impl Stage {
    pub async fn plain() -> Self {
        Self::set(SimulatorSettings { people: 20, ..SimulatorSettings::default() }, 1).await
    }

    pub async fn set(settings: SimulatorSettings, times: u32) -> Self {
        let clock = Faster::new(times);
        let simulator = Simulator::start(settings, clock.clone()).await.unwrap();
        Self { simulator, clock, folder: tempfile::tempdir().unwrap() }
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn settings(&self, credential: impl Into<Credential>) -> TeamsClientSettings {
        let known = SimulatorSettings::default();
        let url = |text: String| text.parse().unwrap();
        let (login, graph) = (url(self.simulator.login_url()), url(self.simulator.graph_url()));
        let cloud = CloudProfile::custom(login, graph, url(self.simulator.bot_url()));
        let manifest = known.external_id.to_string();
        TeamsClientSettings {
            request_timeout: Duration::from_secs(60),
            connect_timeout: Duration::from_secs(30),
            ..TeamsClientSettings::new(cloud, known.tenant, known.app, credential, manifest)
        }
    }

    pub fn client(&self, credential: impl Into<Credential>) -> Arc<TeamsClient> {
        self.client_of(self.settings(credential))
    }

    pub fn client_of(&self, settings: TeamsClientSettings) -> Arc<TeamsClient> {
        Arc::new(TeamsClient::new(settings, self.clock.clone(), Arc::new(SystemRandom)).unwrap())
    }

    pub async fn control(&self, path: &str, body: Value) -> Value {
        let url = format!("{}/_simulator/{path}", self.simulator.base_url());
        let answer = reqwest::Client::new().post(url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// Writes a token of the cluster into `path`.
    pub async fn token_of_cluster(&self, subject: &str, audience: &str, seconds: i64, path: &Path) {
        let order = json!({"issuer": CLUSTER, "subject": subject, "audience": audience, "seconds": seconds});
        let told = self.control("federated_token", order).await;
        std::fs::write(path, told["token"].as_str().unwrap()).unwrap();
    }

    pub async fn believe(&self, subject: &str) {
        let trusted = json!([{"issuer": CLUSTER, "subject": subject, "audience": EXCHANGE}]);
        self.control("federations", json!({"federations": trusted})).await;
    }

    /// Tokens asked for so far, and the most at once for one scope.
    pub fn tokens(&self) -> (u64, u64) {
        let world = self.simulator.world();
        let world = world.lock().unwrap();
        let each = world.tokens_asked().values();
        each.fold((0, 0), |(asked, most), it| (asked + it.asked, most.max(it.at_once_max)))
    }
}

/// A certificate and its key in one PEM, and the certificate alone.
pub fn certificate() -> (String, String) {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2096, 1, 1));
    let certificate = params.self_signed(&key).unwrap().pem();
    (format!("{}{certificate}", key.serialize_pem()), certificate)
}

pub fn signed_with(file: PathBuf, algorithm: AssertionAlgorithm) -> Credential {
    Credential::Certificate(CertificateFiles { file, key_file: None, password: None, algorithm })
}

/// Why everybody waits.
pub async fn halt(client: &TeamsClient) -> (HaltReason, String) {
    match client.warm_up(false).await {
        Err(Answer { outcome: Outcome::Refused(HaltScope::Tenant, reason), detail, .. }) => {
            (reason, detail.unwrap_or_default())
        }
        other => panic!("{other:?}"),
    }
}
