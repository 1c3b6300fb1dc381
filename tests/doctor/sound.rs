//! A set-up in which everything is well: all green, with a test message at the end.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use stentor::adapters::postgres::managed::testing::plant_cluster;
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;

use crate::house::{closed_port, command, first_person, settings, simulator, variable};

/// A child that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = kill(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGTERM);
        let _ = self.0.wait();
    }
}

async fn until_ready(port: u16) {
    let give_up_at = SystemClock.monotonic() + Duration::from_secs(60);
    loop {
        let answer = reqwest::get(format!("http://127.0.0.1:{port}/readyz")).await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        assert!(SystemClock.monotonic() < give_up_at, "it never became ready");
        SystemClock.sleep_until(SystemClock.monotonic() + Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_set_up_is_all_green_and_the_test_person_is_written_to() {
    let dir = tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap();
    plant_cluster(&dir.path().join("data")).await.unwrap();
    let port = closed_port();
    let teams = simulator(Vec::new(), Some(([127, 0, 0, 1], port).into())).await;
    let mut settings = settings(&teams, "");
    settings.insert(variable("http.listen"), format!("127.0.0.1:{port}"));
    settings.insert(variable("bot.public_url"), format!("http://127.0.0.1:{port}/api/messages"));
    settings.insert(variable("teams.client_secret_expires"), "2099-01-31".to_owned());
    let run = command(&settings, &["run"]).current_dir(dir.path()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let _run = Running(run.unwrap());
    until_ready(port).await;

    let doctor = |args: &'static [&'static str]| {
        let mut command = command(&settings, args);
        command.current_dir(dir.path());
        tokio::task::spawn_blocking(move || command.output().unwrap())
    };
    let told = doctor(&["doctor"]).await.unwrap();
    let (out, err) = (String::from_utf8(told.stdout).unwrap(), String::from_utf8(told.stderr).unwrap());
    assert!(told.status.success(), "{out}{err}");
    assert!(out.lines().count() > 30 && out.lines().all(|line| line.ends_with(": ok")), "{out}");
    assert_eq!(err, "");
    assert!(out.contains("(one worker is alive)"), "{out}");
    let requests: u64 = teams.ledger_summary().requests.values().sum();
    assert!(requests <= 8, "a handful of requests, not {requests}");

    let person = first_person(1);
    let mut command = command(&settings, &["doctor", "--json", "--send-to", &person]);
    command.current_dir(dir.path());
    let told = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let document: Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!((told.status.code(), &document["sound"]), (Some(0), &Value::Bool(true)), "{document:#}");
    let checks = document["checks"].as_array().unwrap();
    assert!(checks.iter().all(|check| check["verdict"] == "ok"), "{document:#}");
    let of = |name: &str| checks.iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(of("test_person_app")["remark"], "installed now");
    assert_eq!(checks.last().unwrap()["name"], "test_person_message");
    let world = teams.world();
    let world = world.lock().unwrap();
    assert_eq!(world.inbox(0).len(), 1);
    assert!(world.inbox(0)[0].content.to_string().contains("A test by Stentor"));
}
