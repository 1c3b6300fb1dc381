//! A simulated Teams in a process of its own, `stentor simulate`: what it uses of the machine is not counted as ours.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use anyhow::Context;
use serde_json::Value;

use super::demonstration::sample_content;
use crate::adapters::system::{SystemClock, SystemRandom};
use crate::adapters::teams::TeamsClient;
use crate::config::{Cloud, CredentialSettings, CustomUrls, ProxySetting, Settings};
use crate::ports::Clock;

/// The running process. Dropping it ends it.
pub struct SimulatedElsewhere {
    process: Child,
    access: Value,
}

impl SimulatedElsewhere {
    /// Starts it with so many people who all have the app, and without limits.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(people: u32) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot find the program itself")?;
        let mut command = Command::new(&program);
        let people = people.to_string();
        command.args(["simulate", "--json", "--warm", "--listen", "127.0.0.1:0", "--quota-factor", "0"]);
        command.args(["--people", &people]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
        let said = process.stdout.take().context("its output is a pipe")?;
        // It says how it is reached and goes on, so its output does not end.
        let mut text = String::new();
        for line in BufReader::new(said).lines() {
            let line = line?;
            text += &line;
            if line == "}" {
                break;
            }
        }
        let access = serde_json::from_str(&text).context("the simulator did not say how it is reached")?;
        Ok(Self { process, access })
    }

    /// The client of Teams that every worker has, pointed at it.
    ///
    /// # Errors
    /// When the client cannot be made.
    pub fn client(&self, settings: &Settings) -> anyhow::Result<TeamsClient> {
        let text = |key: &str| self.access[key].as_str().with_context(|| format!("the simulator did not say {key}"));
        let mut settings = settings.clone();
        settings.teams.cloud = Cloud::Custom(Box::new(CustomUrls {
            login: text("login_url")?.parse()?,
            graph: text("graph_url")?.parse()?,
            bot: text("bot_url")?.parse()?,
            identity: None,
        }));
        settings.teams.tenant_id = Some(text("tenant_id")?.parse()?);
        settings.teams.app_id = Some(text("app_id")?.parse()?);
        settings.teams.credential = Some(CredentialSettings::here(text("client_secret")?.to_owned()));
        settings.teams.manifest_id = Some(text("manifest_id")?.parse()?);
        settings.network.proxy = ProxySetting::Direct;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        super::teams_client(&settings, clock, Arc::new(SystemRandom))
    }

    /// A card of the usual size, as the connector takes it.
    pub fn activity() -> Arc<str> {
        Arc::from(sample_content().activity(false).to_string())
    }
}

impl Drop for SimulatedElsewhere {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
