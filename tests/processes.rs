//! The real binary, its private Postgres and the simulated Teams as processes of their own: what a `kill -9` leaves,
//! and that stop means stop. The simulator outlives everything, so its ledger is the judge.

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use stentor::adapters::postgres::managed::testing::plant_cluster;
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(240);
/// Twenty times the published limits, on both sides.
const QUICK: [(&str, &str); 6] = [
    ("STENTOR__QUOTAS__SEND", "1000/s"),
    ("STENTOR__QUOTAS__CHECK", "600/s"),
    ("STENTOR__QUOTAS__INSTALL", "600/s"),
    ("STENTOR__QUOTAS__RESOLVE", "600/s"),
    ("STENTOR__QUOTAS__CATALOG", "600/s"),
    ("STENTOR__HTTP__LISTEN", "127.0.0.1:0"),
];

/// A child that does not outlive its test.
struct Process(Child);

impl Process {
    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.0.id().cast_signed()), signal).expect("the process is ours");
    }

    async fn ended(&mut self) -> std::process::ExitStatus {
        let give_up_at = SystemClock.monotonic() + PATIENCE;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status;
            }
            assert!(SystemClock.monotonic() < give_up_at, "the process does not end");
            pause(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn pause(duration: Duration) {
    SystemClock.sleep_until(SystemClock.monotonic() + duration).await;
}

struct Site {
    dir: TempDir,
    simulator: String,
    _simulate: Process,
}

fn stentor() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stentor"));
    command.env_remove("STENTOR_CONFIG").stdin(Stdio::null());
    command
}

/// A simulated Teams of `people`, and a data directory that is ready for a private Postgres.
async fn site(people: u32) -> Site {
    let dir = tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap();
    plant_cluster(&dir.path().join("data")).await.unwrap();
    let simulate = stentor()
        .args(["simulate", "--listen", "127.0.0.1:0", "--quota-factor", "20", "--latency-ms", "20"])
        .args(["--people", &people.to_string()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut simulate = Process(simulate);
    let lines = BufReader::new(simulate.0.stdout.take().unwrap()).lines();
    let mut settings = String::new();
    for line in lines {
        let line = line.unwrap();
        settings += &format!("{line}\n");
        if line.starts_with("bot_url") {
            break;
        }
    }
    std::fs::write(dir.path().join("stentor.toml"), &settings).unwrap();
    let login = settings.lines().find_map(|line| line.strip_prefix("login_url = \"")).unwrap();
    let simulator = login.split("/login").next().unwrap().trim_end_matches('"').to_owned();
    Site { dir, simulator, _simulate: simulate }
}

impl Site {
    fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = stentor();
        command.arg("--config").arg(self.dir.path().join("stentor.toml")).arg("--data-dir").arg(self.data());
        command.envs(QUICK).args(args);
        command
    }

    fn run(&self) -> Process {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.dir.path().join("run.log")).unwrap();
        Process(self.command(&["run"]).stdout(Stdio::null()).stderr(log).spawn().unwrap())
    }

    fn ask(&self, args: &[&str]) -> Value {
        let Output { status, stdout, stderr } = self.command(args).arg("--json").output().unwrap();
        let log = || std::fs::read_to_string(self.dir.path().join("run.log")).unwrap_or_default();
        assert!(status.success(), "{args:?}\n{}\n{}", String::from_utf8_lossy(&stderr), log());
        serde_json::from_slice(&stdout).unwrap()
    }

    /// Another title is another content: the ledger counts the same one to the same person as told twice.
    fn create(&self, title: &str) -> String {
        let args = ["broadcast", "create", "--now", "--title", title, "--body", "Text", "--audience-expr", "everyone"];
        find(&self.ask(&args), "id").as_str().unwrap().to_owned()
    }

    async fn until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let give_up_at = SystemClock.monotonic() + PATIENCE;
        loop {
            let shown = self.ask(&["broadcast", "show", id]);
            if wanted(&shown) {
                return shown;
            }
            let log = || std::fs::read_to_string(self.dir.path().join("run.log")).unwrap_or_default();
            assert!(SystemClock.monotonic() < give_up_at, "it never came: {shown}\n{}", log());
            pause(Duration::from_millis(100)).await;
        }
    }

    async fn ledger(&self) -> Value {
        reqwest::get(format!("{}/_simulator/ledger", self.simulator)).await.unwrap().json().await.unwrap()
    }

    /// Kills the process and its Postgres in the same moment, as a power cut would.
    fn cut_the_power(&self, run: &Process) {
        let postmaster = postmaster(&self.data()).expect("a private Postgres is running");
        run.signal(Signal::SIGKILL);
        let _ = kill(Pid::from_raw(postmaster), Signal::SIGKILL);
    }
}

fn postmaster(data: &Path) -> Option<i32> {
    std::fs::read_to_string(data.join("postgres/postmaster.pid")).ok()?.lines().next()?.trim().parse().ok()
}

/// The first value called `key`, however deep.
fn find<'a>(value: &'a Value, key: &str) -> &'a Value {
    fn search<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
        match value {
            Value::Object(map) => map.get(key).or_else(|| map.values().find_map(|inner| search(inner, key))),
            Value::Array(list) => list.iter().find_map(|inner| search(inner, key)),
            _ => None,
        }
    }
    search(value, key).unwrap_or(&Value::Null)
}

fn count(value: &Value, key: &str) -> u64 {
    find(value, key).as_u64().unwrap_or_else(|| panic!("{key} in {value}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_with_its_postgres_in_the_middle_it_finishes_by_itself_and_tells_nobody_twice() {
    let site = site(2000).await;
    let mut first = site.run();
    let id = site.create("News");
    site.until(&id, |shown| count(shown, "sent") >= 400).await;
    site.cut_the_power(&first);
    first.ended().await;
    let at_the_cut = count(&site.ledger().await, "delivered");

    let restarted_at = SystemClock.monotonic();
    let _second = site.run();
    let first_request = async {
        loop {
            if count(&site.ledger().await, "delivered") > at_the_cut {
                return SystemClock.monotonic().saturating_since(restarted_at);
            }
            pause(Duration::from_millis(50)).await;
        }
    };
    let took = tokio::time::timeout(PATIENCE, first_request).await.expect("nothing was sent after the restart");
    println!("restart to first delivery: {:.1} s", took.as_secs_f64());
    // Ten seconds of lease and two of grace are not waited for: the predecessor is provably gone.
    assert!(took < Duration::from_secs(9), "{took:?}");

    let shown = site.until(&id, |shown| find(shown, "state") == "done").await;
    let ledger = site.ledger().await;
    assert_eq!(count(&ledger, "duplicates"), 0);
    assert_eq!((count(&shown, "pending"), count(&shown, "targeted")), (0, 2000));
    let (sent, unconfirmed, delivered) =
        (count(&shown, "sent"), count(&shown, "unconfirmed"), count(&ledger, "delivered"));
    assert!(sent <= delivered && delivered <= sent + unconfirmed, "{sent} {unconfirmed} {delivered}");
    assert!(unconfirmed <= 256, "the doubt is at most one window: {unconfirmed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asked_to_stop_it_stops_soon_leaves_no_lease_and_the_next_one_goes_on() {
    let site = site(800).await;
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut run = site.run();
        let id = site.create(signal.as_str());
        site.until(&id, |shown| count(shown, "sent") >= 50).await;
        let asked_at = SystemClock.monotonic();
        run.signal(signal);
        let status = run.ended().await;
        assert!(status.success(), "{status}");
        assert!(SystemClock.monotonic().saturating_since(asked_at) < Duration::from_secs(10));
        assert_eq!(postmaster(&site.data()), None, "its Postgres was stopped");
        let delivered = count(&site.ledger().await, "delivered");
        let sum = |shown: &Value| count(shown, "sent");
        let all = site.ask(&["broadcast", "list"]);
        let recorded: u64 = all_reports(&all).iter().map(|report| sum(report)).sum();
        assert_eq!(recorded, delivered, "whatever was on the wire was written down");
        let _again = site.run();
        let shown = site.until(&id, |shown| find(shown, "state") == "done").await;
        assert_eq!((count(&shown, "unconfirmed"), count(&shown, "pending")), (0, 0));
    }
    assert_eq!(count(&site.ledger().await, "duplicates"), 0);
}

fn all_reports(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(list) => list.iter().collect(),
        Value::Object(map) => {
            map.values().find_map(Value::as_array).map(|list| list.iter().collect()).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_add_up_and_commands_attach_to_the_running_cluster() {
    let site = site(120).await;
    let _run = site.run();
    let id = site.create("News");
    let shown = site.until(&id, |shown| find(shown, "state") == "done").await;
    let output = site.command(&["broadcast", "export", &id]).output().unwrap();
    let export = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<&str> = export.lines().skip(1).collect();
    assert_eq!(rows.len() as u64, count(&shown, "targeted"));
    let with = |state: &str| rows.iter().filter(|row| row.contains(&format!(",{state},"))).count() as u64;
    for state in ["sent", "failed", "skipped"] {
        assert_eq!(with(state), count(&shown, state), "{state}\n{export}");
    }
    exports_to_a_file(&site, &id, count(&shown, "sent"));
    takes_a_list_from_standard_input(&site, rows[0].split(',').next().unwrap());
    let second = site.command(&["run"]).output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let refusal = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(refusal.contains("run"), "{refusal}");
}

fn exports_to_a_file(site: &Site, id: &str, sent: u64) {
    let file = site.dir.path().join("sent.jsonl");
    let output = file.to_str().unwrap();
    let args = ["broadcast", "export", id, "--format", "jsonl", "--state", "sent", "--output", output];
    assert_eq!(count(&site.ask(&args), "people"), sent);
    let written = std::fs::read_to_string(&file).unwrap();
    let people: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(people.len() as u64, sent);
    assert!(people.iter().all(|person| person["state"] == "sent" && person["first_attempt_at"].is_string()));
    let names = std::fs::read_dir(site.dir.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().contains("partial")));
}

fn takes_a_list_from_standard_input(site: &Site, known: &str) {
    let list = site.dir.path().join("list.csv");
    // As a spreadsheet of some years ago wrote it: Windows-1252, semicolons.
    let text = format!("name;id\r\nZo\u{1};{known}\r\nBob;nonsense\r\nAnn;{known}\r\n");
    let bytes: Vec<u8> = text.bytes().map(|byte| if byte == 1 { 0xeb } else { byte }).collect();
    std::fs::write(&list, bytes).unwrap();
    let create = |more: &[&str]| {
        let args = ["broadcast", "create", "--now", "--title", "List", "--body", "Text", "--audience", "-", "--json"];
        let mut command = site.command(&args);
        let ended = command.args(more).stdin(std::fs::File::open(&list).unwrap()).output().unwrap();
        let document: Value = serde_json::from_slice(&ended.stdout).unwrap();
        (ended.status.code(), document, String::from_utf8(ended.stderr).unwrap())
    };
    let (code, refused, told) = create(&[]);
    assert_eq!((code, &refused["error"]["list"]["malformed"][0]["line"]), (Some(2), &3.into()), "{refused}");
    assert!(
        told.contains("Windows-1252, separated by semicolons, by “id”: 1 person, 1 named again, 1 malformed"),
        "{told}"
    );
    for more in [["--accept-partial", "--dry-run"].as_slice(), &["--accept-partial"]] {
        let (code, accepted, _) = create(more);
        assert_eq!((code, count(&accepted, "targeted")), (Some(0), 1), "{accepted}");
        assert_eq!(accepted["list"]["duplicates"][0], serde_json::json!({ "line": 4, "first_line": 2 }));
        assert_eq!(accepted["list"]["read_as"]["encoding"], "windows-1252");
    }
}

/// How many people the recall below is for: 2,000, or as many as the environment says (`STENTOR_RECALL_PEOPLE`).
fn recalled_people() -> u32 {
    std::env::var("STENTOR_RECALL_PEOPLE").ok().and_then(|people| people.parse().ok()).unwrap_or(2000)
}

/// The last round of a broadcast, as `show --json` has it.
fn last_round(shown: &Value) -> &Value {
    shown["rounds"].as_array().and_then(|rounds| rounds.last()).unwrap_or(&Value::Null)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recall_that_was_killed_in_the_middle_leaves_no_message_that_is_not_reported() {
    let people = recalled_people();
    let site = site(people).await;
    let mut first = site.run();
    let id = site.create("News");
    site.until(&id, |shown| find(shown, "state") == "done").await;
    let began_at = SystemClock.monotonic();
    let begun = site.ask(&["broadcast", "recall", &id]);
    let known = count(&begun, "known");
    let withdrawn = |shown: &Value| count(&last_round(shown)["progress"], "sent");
    let cut = site.until(&id, |shown| last_round(shown)["kind"] == "recall" && withdrawn(shown) >= known / 4).await;
    site.cut_the_power(&first);
    first.ended().await;
    let _second = site.run();
    let shown = site.until(&id, |shown| find(shown, "state") == "done").await;
    let took = SystemClock.monotonic().saturating_since(began_at);
    assert!(withdrawn(&cut) < known, "it was over before it was killed");
    let progress = &last_round(&shown)["progress"];
    assert_eq!(count(progress, "pending"), 0);

    let output = site.command(&["broadcast", "export", &id, "--of", "recall", "--format", "jsonl"]).output().unwrap();
    let rows = String::from_utf8(output.stdout).unwrap();
    let rows: Vec<Value> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len() as u64, count(progress, "targeted"), "every person's result");
    let state_of: std::collections::BTreeMap<&str, &str> =
        rows.iter().map(|row| (row["id"].as_str().unwrap(), row["state"].as_str().unwrap())).collect();
    let told = site.command(&["broadcast", "export", &id, "--format", "jsonl"]).output().unwrap();
    let told = String::from_utf8(told.stdout).unwrap();
    let client = reqwest::Client::new();
    let (mut standing, mut unnamed) = (0, Vec::new());
    for line in told.lines() {
        let person: Value = serde_json::from_str(line).unwrap();
        let who = person["id"].as_str().unwrap();
        let url = format!("{}/_simulator/inbox/{who}", site.simulator);
        let inbox: Value = client.get(url).send().await.unwrap().json().await.unwrap();
        if inbox.as_array().unwrap().iter().any(|message| message["recalled"] == false) {
            standing += 1;
            if !matches!(state_of.get(who), Some(&"failed" | &"unconfirmed")) {
                unnamed.push(who.to_owned());
            }
        }
    }
    let figures = (withdrawn(&cut), count(progress, "sent"), count(progress, "failed"), count(progress, "unconfirmed"));
    println!(
        "recall of {people} people, {known} messages: killed at {}, withdrawn {}, failed {}, unconfirmed {}; \
         standing {standing}, of them not reported {}; {:.1} s",
        figures.0,
        figures.1,
        figures.2,
        figures.3,
        unnamed.len(),
        took.as_secs_f64()
    );
    assert_eq!(unnamed, Vec::<String>::new());
    assert_eq!(figures.1, known, "whoever could be reached was");
}
