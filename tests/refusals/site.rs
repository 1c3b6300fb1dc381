//! A running Stentor with its private Postgres and a simulated Teams, and what it refuses.

use std::fs::Permissions;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use sqlx::Connection;
use stentor::adapters::postgres::managed::testing::plant_cluster;
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::ground::closed_port;
use crate::row::{Row, SECRET, row};

const PATIENCE: Duration = Duration::from_secs(30);
const UNKNOWN_ID: &str = "0000000000000";

/// Children, which do not outlive the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = nix::sys::signal::kill(
            nix::unistd::Pid::from_raw(self.0.id().cast_signed()),
            nix::sys::signal::Signal::SIGTERM,
        );
        let _ = self.0.wait();
    }
}

pub struct Site {
    // The order of the fields is the order of the end.
    _run: Process,
    _simulate: Process,
    simulator: String,
    dir: TempDir,
    /// One that has begun and does not end: its first request used the quota of an hour.
    running: String,
    /// One that is over.
    finished: String,
    runtime: Runtime,
}

fn stentor(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stentor"));
    command.args(args).env_remove("STENTOR_CONFIG").stdin(Stdio::null()).stderr(Stdio::null());
    command
}

impl Site {
    pub fn open() -> Self {
        let runtime = Runtime::new().unwrap();
        let dir = tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap();
        runtime.block_on(plant_cluster(&dir.path().join("data"))).unwrap();
        let simulate = stentor(&["simulate", "--listen", "127.0.0.1:0", "--people", "40", "--quota-factor", "0"])
            .stdout(Stdio::piped())
            .spawn();
        let mut simulate = Process(simulate.unwrap());
        let mut settings = String::new();
        for line in BufReader::new(simulate.0.stdout.take().unwrap()).lines() {
            settings += &format!("{}\n", line.unwrap());
            if settings.contains("bot_url") {
                break;
            }
        }
        std::fs::write(dir.path().join("stentor.toml"), &settings).unwrap();
        let login = settings.lines().find_map(|line| line.strip_prefix("login_url = \"")).unwrap();
        let simulator = login.split("/login").next().unwrap().trim_end_matches('"').to_owned();
        let mut run = stentor(&["run"]);
        settle(&mut run, &dir);
        let run = Process(
            run.env("STENTOR__QUOTAS__CHECK", "1/h")
                .env("STENTOR__QUOTAS__SEND", "1/h")
                .stdout(Stdio::null())
                .spawn()
                .unwrap(),
        );
        let (running, finished) = (String::new(), String::new());
        let mut site = Self { _run: run, _simulate: simulate, simulator, dir, running, finished, runtime };
        (site.running, site.finished) = (site.create("Goes on"), site.create("Is over"));
        site.ask(&["broadcast", "cancel", &site.finished]);
        site.runtime.block_on(shift_clock(&site.database("shifted"), &site.database("postgres")));
        site.until(&site.running, "running");
        site.until(&site.finished, "cancelled");
        site
    }

    /// Points `command` at the simulated Teams and the database.
    pub fn settle(&self, command: &mut Command) {
        settle(command, &self.dir);
    }

    fn ask(&self, args: &[&str]) -> Value {
        let mut command = stentor(args);
        self.settle(&mut command);
        let output = command.arg("--json").output().unwrap();
        assert!(output.status.success(), "{args:?}\n{}", String::from_utf8_lossy(&output.stdout));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn create(&self, title: &str) -> String {
        let args = ["broadcast", "create", "--now", "--title", title, "--body", "B", "--audience-expr", "everyone"];
        self.ask(&args)["id"].as_str().unwrap().to_owned()
    }

    fn until(&self, id: &str, state: &str) {
        let give_up_at = SystemClock.monotonic() + PATIENCE;
        while !self.broadcasts().contains(&(id.to_owned(), state.to_owned())) {
            assert!(SystemClock.monotonic() < give_up_at, "{id} never was {state}: {:?}", self.broadcasts());
        }
    }

    /// Every broadcast with its state.
    pub fn broadcasts(&self) -> Vec<(String, String)> {
        let listed = self.ask(&["broadcast", "list"]);
        let text = |of: &Value, member: &str| of[member].as_str().unwrap_or_default().to_owned();
        let listed = listed["broadcasts"].as_array().unwrap();
        listed.iter().map(|broadcast| (text(broadcast, "id"), text(broadcast, "state"))).collect()
    }

    /// Pulls a string of the simulated Teams.
    pub fn order(&self, path: &str, body: &'static str) {
        let url = format!("{}{path}", self.simulator);
        let sent = self.runtime.block_on(reqwest::Client::new().post(url).body(body).send());
        assert!(sent.unwrap().status().is_success());
    }

    /// The private Postgres, by the address of its socket.
    fn database(&self, name: &str) -> String {
        let socket = self.dir.path().join("data/run").display().to_string().replace('/', "%2F");
        format!("postgres://stentor@localhost/{name}?host={socket}")
    }
}

/// A database whose clock is an hour ahead of this machine's, which is the same as a machine that is an hour late.
async fn shift_clock(url: &str, server: &str) {
    let run = async |url: &str, sql: &'static str| {
        let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    };
    run(server, "create database shifted").await;
    let mut migrate = stentor(&["migrate"]);
    let migrated = migrate.env("STENTOR__DATABASE__URL", url).stdout(Stdio::null()).status().unwrap();
    assert!(migrated.success());
    let shifted = "create or replace function lease_now() returns timestamptz language sql volatile as
        'select clock_timestamp() + interval ''1 hour'''";
    run(url, shifted).await;
}

fn settle(command: &mut Command, dir: &TempDir) {
    command.arg("--config").arg(dir.path().join("stentor.toml")).arg("--data-dir").arg(dir.path().join("data"));
    // Patience is tested elsewhere.
    let quick = [("RETRY__TRIES", "1"), ("RETRY__FIRST", "100ms"), ("HTTP__LISTEN", "127.0.0.1:0")];
    command.envs(quick.map(|(key, value)| (format!("STENTOR__{key}"), value)));
}

/// A service that answers everything with something that it should not.
fn babbler() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut caller in listener.incoming().flatten() {
            let _ = caller.read(&mut [0; 4096]);
            let _ = caller.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\nconnection: close\r\n\r\n<html>??\n");
        }
    });
    format!("http://{address}")
}

fn create(name: &str, more: &[&str]) -> Row {
    let said: &[&str] = &["broadcast", "create", "--now", "--title", "T", "--body", "B"];
    row(name, &[said, more].concat()).on_site()
}

/// Hours and people that only the clock and the directory can refuse.
fn hours() -> Vec<Row> {
    let hour = |name, at: &str| {
        let said = ["broadcast", "create", "--title", "T", "--body", "B", "--audience-expr", "everyone", "--at", at];
        row(name, &said).on_site()
    };
    let nobody = ["--audience-expr", "everyone", "--tell", "nobody@contoso.example"];
    vec![
        hour("an hour in the past", "2020-01-01T10:00Z").bad("--at", "has passed already", "Name an hour to come"),
        hour("an hour in two lifetimes", "2126-01-01T10:00Z").bad("--at", "366 days ahead", "check the year"),
        create("an author who is nobody", &nobody).bad("--tell", "whom the directory knows", "Name one person"),
    ]
}

fn everyone(name: &str) -> Row {
    create(name, &["--audience-expr", "everyone"])
}

/// The same, by somebody for whom what is known of the directory is too old.
fn unread(name: &str) -> Row {
    everyone(name).with("STENTOR__DIRECTORY__FRESH_FOR", "1ms")
}

pub fn expired_secret() -> Row {
    everyone("an expired secret").refused(
        1,
        "secret_expired",
        "teams.client_secret",
        "has expired",
        "Make a new secret",
    )
}

pub fn rows(site: &Site) -> Vec<Row> {
    [identities(), services(), lists(), saved(), hours(), lives(site), databases(site)].into_iter().flatten().collect()
}

fn identities() -> Vec<Row> {
    let other = "99999999-9999-4999-8999-999999999999";
    let dry = ["--audience-expr", "everyone", "--dry-run"];
    vec![
        everyone("a wrong secret").with("STENTOR__TEAMS__CLIENT_SECRET", SECRET).refused(
            1,
            "secret_wrong",
            "teams.client_secret",
            "refuses the client secret",
            "the secret's value",
        ),
        everyone("a wrong tenant").with("STENTOR__TEAMS__TENANT_ID", other).refused(
            1,
            "tenant_unknown",
            "teams.tenant_id",
            "does not know this tenant",
            "teams.cloud",
        ),
        everyone("a wrong app").with("STENTOR__TEAMS__APP_ID", other).refused(
            1,
            "app_unknown",
            "teams.app_id",
            "does not know the app",
            "Check teams.app_id",
        ),
        everyone("an app that is not in the catalogue").with("STENTOR__TEAMS__MANIFEST_ID", other).refused(
            1,
            "app_not_in_catalogue",
            "teams.manifest_id",
            "not in the organisation's",
            "Upload the app",
        ),
        create("the same in a dry run", &dry).with("STENTOR__TEAMS__MANIFEST_ID", other).refused(
            1,
            "app_not_in_catalogue",
            "teams.manifest_id",
            "not in the organisation's",
            "Upload the app",
        ),
    ]
}

fn services() -> Vec<Row> {
    let nowhere = format!("http://127.0.0.1:{}", closed_port());
    let unavailable = |row: Row, limit| row.refused(1, "directory_unavailable", "network", limit, "network.proxy");
    vec![
        unavailable(unread("an unreachable Graph").with("STENTOR__TEAMS__CUSTOM__GRAPH_URL", &nowhere), "no answer"),
        unavailable(unread("an unreachable login").with("STENTOR__TEAMS__CUSTOM__LOGIN_URL", &nowhere), "no answer"),
        unavailable(unread("a login that babbles").with("STENTOR__TEAMS__CUSTOM__LOGIN_URL", babbler()), "status 200"),
        unavailable(unread("a Graph that babbles").with("STENTOR__TEAMS__CUSTOM__GRAPH_URL", babbler()), "status 200"),
        unread("a proxy that is not there").with("STENTOR__NETWORK__PROXY", nowhere).refused(
            1,
            "directory_unavailable",
            "network",
            "no answer",
            "network.proxy",
        ),
    ]
}

fn lists() -> Vec<Row> {
    let stranger = "nobody@elsewhere.example\n";
    let list = ["--audience", "list.csv"];
    let partial = [&list[..], &["--accept-partial"]].concat();
    let dry = [&list[..], &["--dry-run"]].concat();
    vec![
        create("a list of unknown people", &list).file("list.csv", stranger).bad(
            "audience",
            "the directory does not know: line 1",
            "--accept-partial",
        ),
        create("the same in a dry run", &dry).file("list.csv", stranger).bad(
            "audience",
            "the directory does not know: line 1",
            "--accept-partial",
        ),
        create("a list with a line that names nobody", &list).file("list.csv", format!("{stranger}neither\n")).bad(
            "audience",
            "no person or id in it: line 2",
            "Correct the list",
        ),
        create("a list of which nobody is left", &partial).file("list.csv", stranger).bad(
            "audience",
            "names nobody whom the directory knows",
            "teams.tenant_id",
        ),
    ]
}

/// Audiences under names.
fn saved() -> Vec<Row> {
    let on = |name: &str, args: &[&str]| row(name, &[&["audience"], args].concat()).on_site();
    vec![
        on("a saved audience of a list", &["save", "x", "list \"a\""]).bad(
            "EXPR",
            "belongs to one broadcast",
            "Leave the list out",
        ),
        on("a saved audience of itself", &["save", "x", "guest or saved \"x\""]).bad(
            "EXPR",
            "x → x",
            "Save one of them again",
        ),
        on("a saved audience in other words", &["save", "x", "guest and"]).bad("EXPR", "column 10", "Name somebody"),
        on("a saved audience without a name", &["save", " ", "guest"]).bad_arguments("<NAME>", "letters or digits", ""),
        on("a saved audience that is not there", &["show", "x"]).refused(
            2,
            "audience_unknown",
            "NAME",
            "“x”",
            "audience list",
        ),
        on("the same to be removed", &["remove", "x"]).refused(2, "audience_unknown", "NAME", "“x”", "audience list"),
    ]
}

fn lives(site: &Site) -> Vec<Row> {
    let on = |name: &str, args: &[&str]| row(name, &[&["broadcast"], args].concat()).on_site();
    let unknown =
        |row: Row| row.refused(2, "broadcast_not_found", "ID", "There is no broadcast 0000", "broadcast list");
    let wrong_state = |row: Row, limit, cure| row.refused(2, "wrong_state", "ID", limit, cure);
    let (running, finished) = (site.running.as_str(), site.finished.as_str());
    vec![
        unknown(on("an unknown broadcast", &["show", UNKNOWN_ID])),
        unknown(on("an export of an unknown broadcast", &["export", UNKNOWN_ID])),
        unknown(on("a pause of an unknown broadcast", &["pause", UNKNOWN_ID])),
        unknown(on("a watch of an unknown broadcast", &["watch", UNKNOWN_ID])),
        wrong_state(on("a pause of a finished one", &["pause", finished]), "nothing to pause", "expanding, running"),
        wrong_state(on("a cancel of a finished one", &["cancel", finished]), "nothing to cancel", "running, paused"),
        wrong_state(on("a resume of a running one", &["resume", running]), "nothing to resume", "paused, halted"),
        on("an export to nowhere", &["export", running, "--output", "no/people.csv"]).refused(
            1,
            "export",
            "--output",
            "it is not there",
            "in a directory that is there",
        ),
        on("an export to a full disk", &["export", running, "--output", "/dev/full"]).refused(
            1,
            "export",
            "--output",
            "o space left",
            "Make room",
        ),
        row("a second instance on one directory", &["run"]).on_site().refused(
            1,
            "data_dir_in_use",
            "data.dir",
            "is in use by `run`",
            "Stop that process",
        ),
    ]
}

fn databases(site: &Site) -> Vec<Row> {
    let on = |name, url| row(name, &["broadcast", "list"]).on_site().with("STENTOR__DATABASE__URL", url);
    vec![
        on("a database that is not there", site.database("nowhere")).refused(
            1,
            "database_refused",
            "database.url",
            "refuses us",
            "Correct the user",
        ),
        on("a database without a schema", site.database("postgres")).refused(
            1,
            "schema",
            "database.url",
            "no schema yet",
            "stentor migrate",
        ),
        everyone("a clock that is an hour late").with("STENTOR__DATABASE__URL", site.database("shifted")).refused(
            1,
            "clock",
            "clock",
            "s behind the database's; the limit is 60 s",
            "timedatectl set-ntp true",
        ),
    ]
}
