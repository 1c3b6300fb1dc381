//! A served stage, the settings of its own machine, and the real binary on both sides.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use stentor::http::api::Reach;
use stentor::simulator::settings::SimulatorSettings;
use tempfile::TempDir;

use super::stage::Stage;

/// Whoever may do everything.
pub const ADMIN: &str = "Admin/1";

pub struct House {
    pub stage: Stage,
    pub dir: TempDir,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ended {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("one document ({error}): {self:?}"))
    }
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// The program in `dir`, without anybody's settings.
pub fn stentor(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stentor"));
    command.current_dir(dir).env_clear().stdin(Stdio::null());
    command
}

/// Runs `command` while the stage goes on.
pub async fn run(mut command: Command) -> Ended {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap().into()
}

/// The program as whoever `token` says, at a server.
pub fn afar(dir: &Path, server: &str, token: &str, args: &[&str]) -> Command {
    let mut command = stentor(dir);
    command.args(["--server", server]).args(args);
    if !token.is_empty() {
        command.env("STENTOR_TOKEN", token);
    }
    command
}

impl House {
    pub async fn open(people: usize) -> Self {
        Self::open_with(people, Reach::default()).await
    }

    pub async fn open_with(people: usize, reach: Reach) -> Self {
        let stage = Stage::open_with(people, reach).await;
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("here")).unwrap();
        std::fs::create_dir(dir.path().join("afar")).unwrap();
        std::fs::write(dir.path().join("here/stentor.toml"), settings(&stage)).unwrap();
        Self { stage, dir }
    }

    /// A command on the server's own machine.
    pub fn command_here(&self, args: &[&str]) -> Command {
        let mut command = stentor(&self.dir.path().join("here"));
        command.args(args);
        command
    }

    /// The same from another machine, which knows nothing but the server and a token.
    pub fn command_afar(&self, args: &[&str]) -> Command {
        afar(&self.dir.path().join("afar"), &self.stage.url, ADMIN, args)
    }

    pub async fn here(&self, args: &[&str]) -> Ended {
        run(self.command_here(args)).await
    }

    pub async fn afar(&self, args: &[&str]) -> Ended {
        run(self.command_afar(args)).await
    }

    /// Both tell the same, in words and to scripts.
    pub async fn same(&self, args: &[&str]) {
        for args in [args.to_vec(), [args, &["--json"]].concat()] {
            let (here, afar) = (self.here(&args).await, self.afar(&args).await);
            assert_eq!(here.code, afar.code, "{args:?}\n{}\n{}", here.err, afar.err);
            assert_eq!(here.out, afar.out, "{args:?}");
            assert_eq!(told(&here.err), told(&afar.err), "{args:?}");
        }
    }
}

/// What is told aside, without how far a reading of the directory is: whoever is far away does not wait for it by that.
pub fn told(aside: &str) -> Vec<&str> {
    aside.lines().filter(|line| !line.starts_with("Reading the directory")).collect()
}

fn settings(stage: &Stage) -> String {
    let SimulatorSettings { tenant, app, client_secret, external_id, .. } = SimulatorSettings::default();
    let (simulator, database) = (&stage.simulator, stage._database.url());
    format!(
        "[database]\nurl = \"{database}\"\n[http]\nlisten = \"127.0.0.1:0\"\n[teams]\ncloud = \"custom\"\ntenant_id = \"{tenant}\"\n\
         app_id = \"{app}\"\nclient_secret = \"{client_secret}\"\nmanifest_id = \"{external_id}\"\n[teams.custom]\n\
         login_url = \"{}\"\ngraph_url = \"{}\"\nbot_url = \"{}\"\n",
        simulator.login_url(),
        simulator.graph_url(),
        simulator.bot_url(),
    )
}
