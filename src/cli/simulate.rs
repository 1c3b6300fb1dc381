//! `stentor simulate`: a small Teams on loopback.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use super::text::listen_address;
use super::{Global, stop, text};
use crate::config::{Need, parse_duration};
use crate::telemetry::Voice;
use crate::wiring::{Simulated, SimulatedAccess, Simulation, Weather};

/// Pretend to be Teams, until Ctrl-C.
///
/// Entra, Graph and the bot connector over plain HTTP, with the published limits and people of all kinds. The same
/// seed gives the same people and the same misfortunes. It prints the settings that point Stentor at it.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor simulate > simulated.toml &\n  stentor run --config simulated.toml\n  \
                        stentor simulate --people 40000 --faults rough --seed 7")]
pub(super) struct Simulate {
    /// How many people the organisation has
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=5_000_000))]
    people: u32,
    /// Decides the people and every misfortune
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090", value_parser = listen_address)]
    listen: SocketAddr,
    /// Multiplies every published limit; 0 lifts them
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = factor)]
    quota_factor: f64,
    /// Everybody has the app from the beginning
    #[arg(long)]
    warm: bool,
    /// Added to every answer, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u64,
    /// What goes wrong
    #[arg(long, value_enum, default_value_t = Weather::None)]
    faults: Weather,
    /// How long a token lives, such as 90s or 5m [default: 60 to 90 minutes]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    token_lifetime: Option<Duration>,
}

fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse::<f64>().ok().filter(|factor| (0.0..=1000.0).contains(factor));
    factor.ok_or_else(|| "write a number from 0 to 1000, such as 0.5".to_owned())
}

impl Simulate {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        global.begin(Need::Nothing, Voice::Service)?;
        let stop = stop::on_signals()?;
        let simulated = Simulated::start(self.simulation()).await?;
        match global.json {
            true => text::print_json(&simulated.access)?,
            false => text::print(&settings(&simulated.access))?,
        }
        stop.cancelled().await;
        let ledger = simulated.ledger();
        tracing::info!(requests = ?ledger.requests, throttled = ledger.throttled, duplicates = ledger.duplicates, "seen");
        simulated.close().await
    }

    fn simulation(self) -> Simulation {
        Simulation {
            people: self.people,
            seed: self.seed,
            listen: self.listen,
            quota_factor: self.quota_factor,
            is_warm: self.warm,
            latency: Duration::from_millis(self.latency_ms),
            weather: self.faults,
            token_lifetime: self.token_lifetime,
        }
    }
}

/// The settings that point Stentor at the simulated Teams.
fn settings(access: &SimulatedAccess) -> String {
    let SimulatedAccess { login_url, graph_url, bot_url, tenant_id, app_id, client_secret, manifest_id } = access;
    format!(
        "# A simulated Teams: the secret opens nothing else.\n[teams]\ncloud = \"custom\"\ntenant_id = \"{tenant_id}\"\n\
         app_id = \"{app_id}\"\nclient_secret = \"{client_secret}\"\nmanifest_id = \"{manifest_id}\"\n\n[teams.custom]\n\
         login_url = \"{login_url}\"\ngraph_url = \"{graph_url}\"\nbot_url = \"{bot_url}\"\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Settings, Sources};

    #[test]
    fn what_it_prints_are_settings() {
        let text = |letter: &str| letter.repeat(8) + "-1111-4111-8111-111111111111";
        let access = SimulatedAccess {
            login_url: "http://127.0.0.1:8090".into(),
            graph_url: "http://127.0.0.1:8090/graph".into(),
            bot_url: "http://127.0.0.1:8090/teams".into(),
            tenant_id: text("1"),
            app_id: text("2"),
            client_secret: "simulated-secret".into(),
            manifest_id: text("3"),
        };
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("simulated.toml");
        std::fs::write(&file, settings(&access)).unwrap();
        let sources = Sources { file: Some(file), ..Sources::default() };
        assert!(Settings::load(&sources, Need::Teams).is_ok());
    }
}
