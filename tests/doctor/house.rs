//! A set-up in which everything is well, but for what a test breaks.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::postgres::{PgStore, schema};
use stentor::adapters::system::SystemClock;
use stentor::simulator::people::{Organisation, Shares};
use stentor::simulator::{Simulator, SimulatorSettings};
use stentor::wiring::{Role, Stentor};
use tempfile::TempDir;

const PEOPLE: usize = 4;

/// Ordinary people, of whom nobody has the app.
pub fn nobody_apart() -> Shares {
    Shares { guests: 0.0, unlicensed: 0.0, policy: 0.0, blocked: 0.0, disabled: 0.0, without_bot: 1.0 }
}

/// The name of the first of them.
pub fn first_person(seed: u64) -> String {
    Organisation::generate(seed, PEOPLE, &nobody_apart(), false).person(0).principal_name()
}

/// A port where nobody listens.
pub fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub struct House {
    pub teams: Simulator,
    pub database: TestDatabase,
    pub dir: TempDir,
    settings: BTreeMap<String, String>,
}

impl House {
    pub async fn new() -> Self {
        Self::with(Vec::new()).await
    }

    /// With a Teams that answers encrypted, under these names.
    pub async fn with(tls_names: Vec<String>) -> Self {
        let teams = simulator(tls_names, None).await;
        let database = TestDatabase::create().await;
        let store = PgStore::new(database.connect_options(), PoolSettings::default());
        schema::migrate(store.database()).await.unwrap();
        store.close().await;
        let dir = tempfile::tempdir().unwrap();
        let settings = settings(&teams, &database.url());
        Self { teams, database, dir, settings }
    }

    /// Says something else of one setting, such as `teams.app_id`.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.settings.insert(variable(key), value.into());
    }

    pub fn unset(&mut self, key: &str) {
        self.settings.remove(&variable(key));
    }

    pub async fn sql(&self, sql: &str) {
        let mut conn = self.database.connect_options().connect().await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }

    /// Makes the tenant known, as the first command of an administrator does.
    pub async fn known(&self) {
        let sources = stentor::config::Sources {
            environment: self.settings.clone().into_iter().collect(),
            ..stentor::config::Sources::default()
        };
        let settings = stentor::config::Settings::load(&sources, stentor::config::Need::Teams).unwrap();
        Stentor::open(settings, Role::Command("test")).await.unwrap().close().await.unwrap();
    }

    /// Pulls a string of the simulator.
    pub async fn order(&self, path: &str, body: Value) {
        let url = format!("{}{path}", self.teams.base_url());
        let answer = reqwest::Client::new().post(url).body(body.to_string()).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
    }

    /// Everything that it says, as scripts read it.
    pub async fn doctor(&self, args: &[&str]) -> (i32, Value) {
        let Output { status, stdout, stderr } = self.run(&[&["doctor", "--json"], args].concat()).await;
        let text = String::from_utf8(stdout).unwrap();
        let document = serde_json::from_str(&text);
        let document = document.unwrap_or_else(|_| json!({"text": text, "stderr": String::from_utf8_lossy(&stderr)}));
        (status.code().unwrap_or(-1), document)
    }

    pub async fn run(&self, args: &[&str]) -> Output {
        let mut command = command(&self.settings, args);
        command.current_dir(self.dir.path());
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }
}

pub async fn simulator(tls_names: Vec<String>, webhook: Option<SocketAddr>) -> Simulator {
    let webhook = webhook.map(|at| format!("http://{at}/api/messages").parse().unwrap());
    let shares = nobody_apart();
    let settings = SimulatorSettings {
        people: PEOPLE,
        shares,
        tls_names,
        webhook,
        quota_factor: 0.0,
        ..SimulatorSettings::default()
    };
    Simulator::start(settings, Arc::new(SystemClock)).await.unwrap()
}

/// The settings that lead to `teams`, as variables.
pub fn settings(teams: &Simulator, database: &str) -> BTreeMap<String, String> {
    let ids = SimulatorSettings::default();
    let pairs = [
        ("database.url", database.to_owned()),
        ("teams.cloud", "custom".to_owned()),
        ("teams.custom.login_url", teams.login_url()),
        ("teams.custom.graph_url", teams.graph_url()),
        ("teams.custom.bot_url", teams.bot_url()),
        ("teams.tenant_id", ids.tenant.to_string()),
        ("teams.app_id", ids.app.to_string()),
        ("teams.client_secret", ids.client_secret),
        ("teams.manifest_id", ids.external_id.to_string()),
        ("network.request_timeout", "6s".to_owned()),
    ];
    pairs.into_iter().map(|(key, value)| (variable(key), value)).collect()
}

pub fn variable(key: &str) -> String {
    format!("STENTOR__{}", key.replace('.', "__").to_uppercase())
}

pub fn command(settings: &BTreeMap<String, String>, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stentor"));
    command.env_clear().stdin(Stdio::null()).envs(settings).args(args);
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
}
