//! The seven published examples of a notification in a team's name, made on the command line by the real binary, and held
//! against the literal requests as the simulated Teams received them. Ids are put in the place of the published ones, and
//! `chainId`, which the examples lack, is looked at apart.
//!
//! Source: Microsoft Graph, "team: sendActivityNotification", examples 1 to 7.

use std::fs::Permissions;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use stentor::adapters::postgres::managed::testing::plant_cluster;
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);
const TEAM: &str = "66666666-6666-4666-8666-666666666666";
const CHANNEL: &str = "19:abcdefabcdefabcdefabcdefabcdefab@thread.tacv2";
const USER: &str = "55555555-5555-4555-8555-555555555555";
const UPN: &str = "jacob@contoso.com";
const LINK: &str =
    "https://teams.microsoft.com/l/message/19:abcdefabcdefabcdefabcdefabcdefab@thread.tacv2/1616963377068";
const TITLE: &str = "Offices close at noon on Friday";

/// A child that does not outlive its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn pause() {
    SystemClock.sleep_until(SystemClock.monotonic() + Duration::from_millis(100)).await;
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

async fn site() -> Site {
    let dir = tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap();
    plant_cluster(&dir.path().join("data")).await.unwrap();
    let mut simulate = Process(
        stentor()
            .args(["simulate", "--listen", "127.0.0.1:0", "--people", "120", "--quota-factor", "20"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
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
    let simulator = login.split("/login").next().unwrap().trim_end_matches('"').to_owned();
    Site { dir, simulator, _simulate: simulate }
}

impl Site {
    fn command(&self, args: &[&str]) -> Command {
        let mut command = stentor();
        let (settings, data) = (self.dir.path().join("stentor.toml"), self.dir.path().join("data"));
        command.arg("--config").arg(settings).arg("--data-dir").arg(data).args(args);
        command.env("STENTOR__HTTP__LISTEN", "127.0.0.1:0");
        command
    }

    fn ask(&self, args: &[&str]) -> Value {
        let output = self.command(args).arg("--json").output().unwrap();
        assert!(output.status.success(), "{args:?}\n{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    async fn look(&self, at: &str) -> String {
        reqwest::get(format!("{}/_simulator/{at}", self.simulator)).await.unwrap().text().await.unwrap()
    }

    async fn order(&self, what: &str, order: Value) {
        let url = format!("{}/_simulator/{what}", self.simulator);
        let answer = reqwest::Client::new().post(url).json(&order).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    /// Waits until everybody of a broadcast is accepted.
    async fn accepted(&self, id: &str) {
        let give_up_at = SystemClock.monotonic() + PATIENCE;
        loop {
            let shown = self.ask(&["broadcast", "show", id]);
            if shown["state"] == "done" {
                assert_eq!(shown["progress"]["sent"], 1, "{shown}");
                return;
            }
            assert!(SystemClock.monotonic() < give_up_at, "it never came: {shown}");
            pause().await;
        }
    }
}

fn to_person(named: &str) -> Value {
    json!({"@odata.type": "microsoft.graph.aadUserNotificationRecipient", "userId": named})
}

fn entity(address: &str) -> Value {
    json!({"source": "entityUrl", "value": format!("https://graph.microsoft.com/{address}")})
}

fn request(topic: &Value, recipient: &Value) -> Value {
    json!({
        "topic": topic,
        "activityType": "announcementPublished",
        "previewText": {"content": TITLE},
        "recipient": recipient,
        "templateParameters": [{"name": "title", "value": TITLE}],
    })
}

/// An example: its number, its topic's options, whom it is for, and the request.
struct Example {
    topic: Vec<String>,
    whom: Whom,
    expected: Value,
}

enum Whom {
    Id,
    Upn,
    Team,
    Channel,
}

/// The table of the published examples; addresses with the published ids.
fn examples() -> Vec<Example> {
    let url = |address: &str| vec!["--topic-url".to_owned(), format!("https://graph.microsoft.com/{address}")];
    let team = format!("v1.0/teams/{TEAM}");
    let tab = format!("{team}/channels/{CHANNEL}/tabs/8d5a6e3a-0c4c-4f0e-9d5c-1d2f3b4a5c6d");
    let reply = format!("beta/teams/{TEAM}/channels/{CHANNEL}/messages/1616963377068/replies/1616963377069");
    let text =
        vec!["--topic".to_owned(), "Deployment approvals".to_owned(), "--topic-link".to_owned(), LINK.to_owned()];
    let free = json!({"source": "text", "value": "Deployment approvals", "webUrl": LINK});
    let members = json!({"@odata.type": "microsoft.graph.teamMembersNotificationRecipient", "teamId": TEAM});
    let channel = json!({
        "@odata.type": "microsoft.graph.channelMembersNotificationRecipient", "teamId": TEAM, "channelId": CHANNEL});
    let example = |topic, whom, expected| Example { topic, whom, expected };
    vec![
        example(url(&team), Whom::Id, request(&entity(&team), &to_person(USER))),
        example(url(&tab), Whom::Id, request(&entity(&tab), &to_person(USER))),
        example(url(&tab), Whom::Upn, request(&entity(&tab), &to_person(UPN))),
        example(text, Whom::Id, request(&free, &to_person(USER))),
        example(url(&team), Whom::Team, request(&entity(&team), &members)),
        example(url(&team), Whom::Channel, request(&entity(&team), &channel)),
        example(url(&reply), Whom::Upn, request(&entity(&reply), &to_person(UPN))),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_seven_published_examples_are_made_from_the_command_line_to_the_letter() {
    let site = site().await;
    for role in ["TeamsAppInstallation.ReadWriteSelfForTeam.All", "TeamsAppInstallation.ReadForTeam.All"] {
        site.order("permissions", json!({"role": role, "granted": true, "revoke_tokens": true})).await;
    }
    site.ask(&["directory", "sync"]);
    let teams: Value = serde_json::from_str(&site.look("teams").await).unwrap();
    let team = teams.as_array().unwrap().iter().find(|team| team["name"] == "Everyone at Contoso").unwrap();
    let (team_id, channel_id) = (team["id"].as_str().unwrap(), team["channels"][0]["id"].as_str().unwrap());
    let found = site.ask(&["directory", "search", "a", "--limit", "50"]);
    let person = found["people"].as_array().unwrap().iter().find(|person| {
        ["guest", "enabled", "licensed"].map(|flag| person["account"][flag].as_bool())
            == [Some(false), Some(true), Some(true)]
    });
    let person = person.unwrap_or_else(|| panic!("{found}"));
    let (user, upn) = (person["entra_id"].as_str().unwrap(), person["user_principal_name"].as_str().unwrap());
    let list = site.dir.path().join("one.csv");
    std::fs::write(&list, format!("{user}\n")).unwrap();
    let run = site.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _run = Process(run);
    site.order("transcript", json!({"keep": 10_000})).await;

    let ours = |text: &str| text.replace(TEAM, team_id).replace(CHANNEL, channel_id);
    let published = |text: &str| {
        let text = text.replace(team_id, TEAM).replace(channel_id, CHANNEL);
        text.replace(user, USER).replace(upn, UPN)
    };
    for (place, example) in examples().into_iter().enumerate() {
        let topic: Vec<String> =
            example.topic.iter().map(|part| if part == LINK { part.clone() } else { ours(part) }).collect();
        let mut args = vec!["broadcast", "create", "--now", "--channel", "feed", "--title", TITLE, "--in-team"];
        args.push("Everyone at Contoso");
        args.extend(topic.iter().map(String::as_str));
        let list = list.to_str().unwrap();
        args.extend(match example.whom {
            Whom::Id => vec!["--audience", list],
            Whom::Upn => vec!["--audience", list, "--name-people-by", "upn"],
            Whom::Team => vec!["--all-members"],
            Whom::Channel => vec!["--members-of-channel", channel_id],
        });
        let created = site.ask(&args);
        site.accepted(created["id"].as_str().unwrap()).await;

        let transcript = site.look("transcript").await;
        let mut lines = transcript.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let last = lines.rfind(|line| line["path"].as_str().unwrap().contains("sendActivityNotification"));
        let mut last = last.unwrap();
        assert!(last["body"]["chainId"].as_i64().is_some_and(|chain| chain > 0), "{last}");
        last["body"].as_object_mut().unwrap().remove("chainId");
        let body: Value = serde_json::from_str(&published(&last["body"].to_string())).unwrap();
        assert_eq!(body, example.expected, "example {}", place + 1);
        let path = published(last["path"].as_str().unwrap());
        assert_eq!((&last["method"], path), (&json!("POST"), format!("/v1.0/teams/{TEAM}/sendActivityNotification")));
        assert_eq!(last["status"], 204);
    }
}
