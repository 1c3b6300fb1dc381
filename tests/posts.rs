//! Posts in channels, by the real command line, a real Postgres and the simulated Teams.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;
use stentor::simulator::{Simulator, SimulatorSettings};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(60);

struct House {
    simulator: Simulator,
    database: TestDatabase,
    dir: TempDir,
}

struct Ended {
    code: i32,
    out: String,
    err: String,
}

impl Ended {
    fn document(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("{}\n{}", self.out, self.err))
    }
}

/// A worker process, which does not outlive the test.
struct Working(Child);

impl Drop for Working {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn house() -> House {
    let mut settings = SimulatorSettings { people: 100, quota_factor: 0.0, ..SimulatorSettings::default() };
    let for_posts = ["TeamsAppInstallation.ReadWriteSelfForTeam.All", "Channel.ReadBasic.All"];
    settings.permissions.extend(for_posts.map(str::to_owned));
    let (tenant, app, manifest, secret) =
        (settings.tenant, settings.app, settings.external_id, settings.client_secret.clone());
    let simulator = Simulator::start(settings, Arc::new(SystemClock)).await.unwrap();
    let dir = tempfile::tempdir().unwrap();
    let (login, graph, bot) = (simulator.login_url(), simulator.graph_url(), simulator.bot_url());
    let text = format!(
        "[teams]\ncloud = \"custom\"\ntenant_id = \"{tenant}\"\napp_id = \"{app}\"\nclient_secret = \"{secret}\"\n\
         manifest_id = \"{manifest}\"\n[teams.custom]\nlogin_url = \"{login}\"\ngraph_url = \"{graph}\"\n\
         bot_url = \"{bot}\"\n"
    );
    std::fs::write(dir.path().join("stentor.toml"), text).unwrap();
    let house = House { simulator, database: TestDatabase::create().await, dir };
    assert_eq!(house.run(&["migrate"]).code, 0);
    house
}

impl House {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stentor"));
        command.current_dir(self.dir.path()).env_clear().env("STENTOR__DATABASE__URL", self.database.url());
        command.args(arguments).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        // The simulator answers from the other threads meanwhile.
        let output = tokio::task::block_in_place(|| self.command(arguments).output()).unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn create(&self, more: &[&str]) -> Ended {
        let said = ["broadcast", "create", "--now", "--title", "News", "--body", "B", "--channel", "team-channel"];
        self.run(&[&said, more].concat())
    }

    fn work(&self) -> Working {
        let mut command = self.command(&["work"]);
        Working(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }

    /// Waits until the broadcast is over.
    fn until_done(&self, id: &str) {
        let give_up_at = SystemClock.monotonic() + PATIENCE;
        loop {
            let report = self.run(&["broadcast", "show", id, "--json"]).document();
            if report["state"] == "done" {
                return;
            }
            assert!(SystemClock.monotonic() < give_up_at, "{report}");
        }
    }

    fn posts_in(&self, channel: &str) -> usize {
        let world = self.simulator.world();
        let world = world.lock().unwrap();
        let channels: Vec<String> =
            world.channels().iter().filter(|known| known.name == channel).map(|known| known.id.clone()).collect();
        channels.iter().map(|channel| world.posts(channel).len()).sum()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_are_posted_to_from_the_command_line_and_shown_as_channels() {
    let house = house().await;
    std::fs::write(house.dir.path().join("channels.csv"), "team;channel\nHamburg;Lunch\nLyon;Nowhere\n").unwrap();
    let whom = ["--post-to", "Lyon", "--post-to", "Project Blue/lunch", "--post-to-file", "channels.csv"];

    let dry = house.create(&[&whom[..], &["--dry-run"]].concat());
    assert_eq!(dry.code, 0, "{}", dry.err);
    assert!(
        dry.out.contains("would be posted in 4 channels:\n  Lyon / General\n  Project Blue / lunch\n"),
        "{}",
        dry.out
    );
    assert!(!dry.out.contains("people"), "{}", dry.out);
    assert_eq!(house.run(&["broadcast", "list", "--json"]).document()["broadcasts"], json!([]), "nothing is stored");

    let created = house.create(&whom);
    assert_eq!(created.code, 0, "{}", created.err);
    assert!(created.out.contains("“News” for 4 channels."), "{}", created.out);
    let listed = house.run(&["broadcast", "list", "--json"]).document();
    let id = listed["broadcasts"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(listed["broadcasts"][0]["channels"], "team_channel");
    let working = house.work();
    house.until_done(&id);
    drop(working);

    let shown = house.run(&["broadcast", "show", &id]).out;
    assert!(shown.contains("posted in channels of teams\n"), "{shown}");
    assert!(shown.contains("Teams does not know this team, or has no channel of this name in it."), "{shown}");
    assert!(!shown.contains("person") && !shown.contains("people"), "{shown}");
    let exported = house.run(&["broadcast", "export", &id]);
    let mut rows: Vec<(String, String)> = csv::Reader::from_reader(exported.out.as_bytes())
        .into_records()
        .map(|row| row.map(|row| (row[1].to_owned(), row[3].to_owned())).unwrap())
        .collect();
    rows.sort();
    let row = |name: &str, state: &str| (name.to_owned(), state.to_owned());
    let expected = [
        row("Hamburg / Lunch", "sent"),
        row("Lyon / General", "sent"),
        row("Lyon / Nowhere", "failed"),
        row("Project Blue / lunch", "sent"),
    ];
    assert_eq!(rows, expected);
    assert_eq!((house.posts_in("General"), house.posts_in("Lunch")), (1, 2));
    let people = house.run(&[
        "broadcast",
        "create",
        "--now",
        "--title",
        "T",
        "--body",
        "B",
        "--dry-run",
        "--json",
        "--audience-expr",
        "everyone",
    ]);
    assert_eq!(people.document()["targeted"], 100, "channels are nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_that_cannot_be_meant_are_refused_before_anything_is_stored() {
    let house = house().await;
    let refused = |more: &[&str]| {
        let ended = house.create(more);
        assert_eq!(ended.code, 2, "{more:?}: {}{}", ended.out, ended.err);
        ended.err
    };
    let unknown = refused(&["--post-to", "Atlantis", "--post-to", "Atlantis/News", "--post-to", "Europe"]);
    assert_eq!(unknown.matches("“Atlantis” is no group or team").count(), 1, "{unknown}");
    assert!(unknown.contains("“Europe” is a group without a team"), "{unknown}");
    let twice = refused(&["--post-to", "Lyon/general", "--post-to", "LYON"]);
    assert!(twice.contains("“Lyon / General” is named twice"), "{twice}");
    assert!(refused(&[]).contains("--post-to"), "whom it is for");
    std::fs::write(house.dir.path().join("channels.csv"), "team,channel\n,News\n").unwrap();
    assert!(refused(&["--post-to-file", "channels.csv"]).contains("line 2: no team is named"));
    assert!(refused(&["--post-to", "Lyon", "--audience-expr", "everyone"]).contains("cannot be used"));
    let chat = house.run(&["broadcast", "create", "--now", "--title", "T", "--body", "B", "--post-to", "Lyon"]);
    assert!(chat.code == 2 && chat.err.contains("goes with --channel team-channel"), "{}", chat.err);
    assert_eq!(house.run(&["broadcast", "list", "--json"]).document()["broadcasts"], json!([]));
}
