//! Processes on a stage: the binary, a simulated Teams, and what is asked of them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;
use tempfile::TempDir;

pub const PATIENCE: Duration = Duration::from_secs(60);

/// A child that does not outlive its test.
pub struct Process(pub Child);

impl Process {
    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().cast_signed()), signal).expect("the process is ours");
    }

    pub async fn ended(&mut self) -> ExitStatus {
        until("the process does not end", async || self.0.try_wait().unwrap()).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub async fn pause(duration: Duration) {
    SystemClock.sleep_until(SystemClock.monotonic() + duration).await;
}

/// Asks again and again until there is an answer.
pub async fn until<T>(complaint: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let give_up_at = SystemClock.monotonic() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(SystemClock.monotonic() < give_up_at, "{complaint}");
        pause(Duration::from_millis(50)).await;
    }
}

/// The program, without anybody's settings.
pub fn stentor() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stentor"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("STENTOR_")) {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// A simulated Teams and an empty database, both of this test alone.
pub struct Stage {
    pub database: TestDatabase,
    pub simulator: String,
    dir: TempDir,
    _simulate: Process,
}

impl Stage {
    /// `simulation` are more arguments of `stentor simulate`.
    pub async fn set(simulation: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let simulate = stentor()
            .args(["simulate", "--listen", "127.0.0.1:0", "--quota-factor", "20"])
            .args(simulation)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut simulate = Process(simulate);
        let mut settings = String::new();
        for line in BufReader::new(simulate.0.stdout.take().unwrap()).lines() {
            let line = line.unwrap();
            settings += &format!("{line}\n");
            if line.starts_with("bot_url") {
                break;
            }
        }
        std::fs::write(dir.path().join("stentor.toml"), &settings).unwrap();
        let login = settings.lines().find_map(|line| line.strip_prefix("login_url = \"")).unwrap();
        let simulator = login.split("/login").next().unwrap().to_owned();
        Self { database: TestDatabase::create().await, simulator, dir, _simulate: simulate }
    }

    /// A command of ours on this stage's database, at twenty times the published limits.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = stentor();
        command.arg("--config").arg(self.dir.path().join("stentor.toml")).args(arguments);
        command.env("STENTOR__DATABASE__URL", self.database.url()).env("STENTOR__HTTP__LISTEN", "127.0.0.1:0");
        for (quota, limit) in [("SEND", "1000/s"), ("CHECK", "600/s"), ("INSTALL", "600/s"), ("RESOLVE", "600/s")] {
            command.env(format!("STENTOR__QUOTAS__{quota}"), limit);
        }
        command.env("STENTOR__ENGINE__CHUNK_SIZE", "32").current_dir(self.dir.path());
        command
    }

    /// A process that stays; its log is a file of the stage.
    pub fn start(&self, name: &str, arguments: &[&str]) -> Process {
        self.start_with(name, arguments, &[])
    }

    /// The same, with more settings from its environment.
    pub fn start_with(&self, name: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Process {
        let log = std::fs::File::create(self.dir.path().join(format!("{name}.log"))).unwrap();
        let mut command = self.command(arguments);
        command.envs(settings.iter().copied());
        Process(command.stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }

    pub fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.dir.path().join(format!("{name}.log"))).unwrap_or_default()
    }

    /// What a command answers with `--json`; it must succeed.
    pub fn ask(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).arg("--json").output().unwrap();
        assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// The numbers of one broadcast, once `wanted` of them; the sum must hold at every look.
    pub async fn progress(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let settled = ["pending", "sent", "failed", "skipped", "unconfirmed", "cancelled"];
        let shown = async || {
            let shown = self.ask(&["broadcast", "show", id]);
            let sum: u64 = settled.iter().map(|state| count(&shown, state)).sum();
            assert_eq!(sum, count(&shown, "targeted"), "{shown}");
            wanted(&shown).then_some(shown)
        };
        until("the broadcast does not come that far", shown).await
    }

    /// What the simulated Teams saw.
    pub async fn ledger(&self) -> Value {
        reqwest::get(format!("{}/_simulator/ledger", self.simulator)).await.unwrap().json().await.unwrap()
    }
}

/// The first value called `key`, however deep.
pub fn find<'a>(value: &'a Value, key: &str) -> &'a Value {
    fn search<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
        match value {
            Value::Object(map) => map.get(key).or_else(|| map.values().find_map(|inner| search(inner, key))),
            Value::Array(list) => list.iter().find_map(|inner| search(inner, key)),
            _ => None,
        }
    }
    search(value, key).unwrap_or(&Value::Null)
}

pub fn count(value: &Value, key: &str) -> u64 {
    find(value, key).as_u64().unwrap_or_else(|| panic!("{key} in {value}"))
}
