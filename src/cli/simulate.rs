//! `stentor simulate`: a small Teams on loopback.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::text::{Align, listen_address};
use super::{Global, stop, text};
use crate::config::{Need, parse_duration};
use crate::domain::cloud::{Cloud, CloudProfile};
use crate::telemetry::Voice;
use crate::wiring::{Simulated, SimulatedAccess, SimulatedTls, Simulation, Weather};

/// Pretend to be Teams, until Ctrl-C.
///
/// Entra, Graph and the bot connector over HTTP, plain or encrypted, with the published limits and people of all
/// kinds. The same seed gives the same people and the same misfortunes. It prints the settings that point Stentor at
/// it, and who may sign in to Stentor, with which role: nobody is asked for a password.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor simulate > simulated.toml &\n  stentor run --config simulated.toml\n  \
                        stentor simulate --people 40000 --faults rough --seed 7\n  \
                        stentor simulate --tls --cloud gcc_high")]
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
    /// How others reach it, when that is not where it listens, such as http://simulator:8090
    #[arg(long, value_name = "URL", value_parser = base, conflicts_with = "tls")]
    reached_at: Option<String>,
    /// How browsers reach it to sign in, when that is another address still, such as http://localhost:8090
    #[arg(long, value_name = "URL", value_parser = base, conflicts_with = "tls")]
    browsed_at: Option<String>,
    /// Where Stentor may be sent back to after a sign-in, beside http://localhost; once for each
    #[arg(long, value_name = "URL", value_parser = redirect)]
    redirect: Vec<url::Url>,
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
    /// Where to post what happens to people, as Teams does: installed, removed, written; "none" for nowhere
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080/api/messages", value_parser = webhook)]
    webhook: Webhook,
    /// Answer encrypted, vouched for by an authority made for this run
    #[arg(long)]
    tls: bool,
    /// A host name to answer as; once for each. Under the names of a Microsoft cloud it is that cloud
    #[arg(long, value_name = "HOST", default_value = "localhost", requires = "tls", value_parser = host)]
    tls_name: Vec<String>,
    /// Answer as this Microsoft cloud, under all of its host names
    #[arg(long, value_name = "CLOUD", requires = "tls", conflicts_with = "tls_name")]
    cloud: Option<Cloud>,
    /// Where to write the authority's certificate, in PEM
    #[arg(long, value_name = "FILE", default_value = "simulated-ca.pem", requires = "tls")]
    ca_file: PathBuf,
}

/// Where to post to, if anywhere.
#[derive(Debug, Clone)]
struct Webhook(Option<url::Url>);

fn webhook(text: &str) -> Result<Webhook, String> {
    if text == "none" {
        return Ok(Webhook(None));
    }
    let url = text.parse::<url::Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url =
        url.ok_or_else(|| "write a web address, such as http://127.0.0.1:8080/api/messages, or none".to_owned())?;
    Ok(Webhook(Some(url)))
}

fn redirect(text: &str) -> Result<url::Url, String> {
    let url = text.parse::<url::Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    url.ok_or_else(|| "write a web address, such as https://stentor.contoso.example/sign-in/callback".to_owned())
}

fn host(text: &str) -> Result<String, String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.';
    let is_host = !text.is_empty() && text.chars().all(plain);
    if is_host { Ok(text.to_lowercase()) } else { Err("write a host name, such as graph.contoso.example".to_owned()) }
}

fn factor(text: &str) -> Result<f64, String> {
    let factor = text.parse::<f64>().ok().filter(|factor| (0.0..=1000.0).contains(factor));
    factor.ok_or_else(|| "write a number from 0 to 1000, such as 0.5".to_owned())
}

fn base(text: &str) -> Result<String, String> {
    let url = text.parse::<url::Url>().ok().filter(|url| url.scheme() == "http" && url.path() == "/");
    let url = url.ok_or_else(|| "write an address without a path, such as http://simulator:8090".to_owned())?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
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
        let profile = self.cloud.and_then(CloudProfile::published);
        let names = profile.map_or(self.tls_name, |profile| profile.hosts());
        Simulation {
            people: self.people,
            seed: self.seed,
            listen: self.listen,
            reached_at: self.reached_at,
            browsed_at: self.browsed_at,
            redirects: self.redirect,
            quota_factor: self.quota_factor,
            is_warm: self.warm,
            installed: None,
            latency: Duration::from_millis(self.latency_ms),
            weather: self.faults,
            token_lifetime: self.token_lifetime,
            tls: self.tls.then_some(SimulatedTls { names, ca_file: self.ca_file }),
            webhook: self.webhook.0,
        }
    }
}

/// The settings that point Stentor at the simulated Teams.
fn settings(access: &SimulatedAccess) -> String {
    let SimulatedAccess { cloud, tenant_id, app_id, client_secret, manifest_id, .. } = access;
    let mut text = format!(
        "# A simulated Teams: the secret opens nothing else.\n{}\n[teams]\ncloud = \"{cloud}\"\ntenant_id = \"{tenant_id}\"\n\
         app_id = \"{app_id}\"\nclient_secret = \"{client_secret}\"\nmanifest_id = \"{manifest_id}\"\n",
        sign_in(access)
    );
    let profile = cloud.parse().ok().and_then(CloudProfile::published);
    if profile.is_some_and(|profile| profile.bot_url.is_none()) {
        text += &format!("bot_url = \"{}\"\n", access.bot_url);
    }
    if let (Some(proxy), Some(file)) = (access.proxy, &access.extra_ca_file) {
        // JSON's strings are TOML's.
        text += &format!("\n[network]\nproxy = \"{proxy}\"\nextra_ca_file = {}\n", serde_json::json!(file));
    }
    if !access.connect_to.is_empty() {
        text += "\n[network.connect_to]\n";
        text.extend(access.connect_to.iter().map(|(host, address)| format!("\"{host}\" = \"{address}\"\n")));
    }
    if cloud == "custom" {
        let SimulatedAccess { login_url, graph_url, bot_url, .. } = access;
        text += &format!(
            "\n[teams.custom]\nlogin_url = \"{login_url}\"\ngraph_url = \"{graph_url}\"\nbot_url = \"{bot_url}\"\n"
        );
    }
    text
}

/// Who may sign in, and how a program asks for a token, as a comment.
fn sign_in(access: &SimulatedAccess) -> String {
    let mut text = String::from("#\n# Who can sign in to Stentor; nobody is asked for a password:\n");
    for row in text::table(&[Align::Left, Align::Left, Align::Left], &people_rows(access), "  ").lines() {
        text += &format!("# {row}\n");
    }
    let Some(program) = access.programs.first() else { return text };
    let roles: Vec<&str> = program.roles.iter().map(|role| role.name()).collect();
    text += &format!(
        "#\n# A token of a program, here \"{}\" ({}):\n#   {}\n",
        program.name,
        roles.join(", "),
        token_request(access, &program.client_id.to_string(), &program.client_secret)
    );
    text
}

/// One row for each person: roles, name, user principal name.
pub(super) fn people_rows(access: &SimulatedAccess) -> Vec<Vec<String>> {
    let row = |person: &crate::wiring::SimulatedPerson| {
        let roles: Vec<&str> = person.roles.iter().map(|role| role.name()).collect();
        vec![roles.join(", "), person.name.clone(), person.principal_name.clone()]
    };
    access.people.iter().map(row).collect()
}

/// A line for a terminal that asks for a token.
fn token_request(access: &SimulatedAccess, client_id: &str, client_secret: &str) -> String {
    let mut line = String::from("curl --silent");
    if let Some(file) = &access.extra_ca_file {
        line += &format!(" --cacert '{file}'");
    }
    let host = access.token_url.split('/').nth(2).unwrap_or_default();
    if let Some(address) = access.connect_to.get(host) {
        line += &format!(" --connect-to {host}:443:{address}");
    }
    format!(
        "{line} {} --data grant_type=client_credentials --data client_id={client_id} --data client_secret={client_secret} \
         --data scope={}",
        access.token_url, access.api_scope
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, ProxySetting, Settings, Sources};

    fn simulation(tls: Option<SimulatedTls>) -> Simulation {
        Simulation {
            people: 3,
            seed: 1,
            listen: ([127, 0, 0, 1], 0).into(),
            reached_at: None,
            browsed_at: None,
            redirects: Vec::new(),
            quota_factor: 1.0,
            is_warm: false,
            installed: None,
            latency: Duration::ZERO,
            weather: Weather::None,
            token_lifetime: None,
            tls,
            webhook: None,
        }
    }

    async fn printed(tls: Option<SimulatedTls>, dir: &std::path::Path) -> Settings {
        let simulated = Simulated::start(simulation(tls)).await.unwrap();
        let file = dir.join("simulated.toml");
        std::fs::write(&file, settings(&simulated.access)).unwrap();
        simulated.close().await.unwrap();
        Settings::load(&Sources { file: Some(file), ..Sources::default() }, Need::Teams).unwrap()
    }

    #[tokio::test]
    async fn it_says_who_can_sign_in_and_how_a_program_asks_for_a_token() {
        let simulated = Simulated::start(Simulation { people: 40, ..simulation(None) }).await.unwrap();
        let mut access = simulated.access.clone();
        simulated.close().await.unwrap();
        let rows = people_rows(&access);
        let roles: Vec<&str> = rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(roles, ["Admin", "Approver", "Approver", "Author", "Author", "Author", "Reader", "Reader"]);
        let text = sign_in(&access);
        assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
        assert!(rows.iter().all(|row| text.contains(&row[2])), "{text}");
        let asking = format!(
            "#   curl --silent {} --data grant_type=client_credentials --data \
             client_id=66666666-6666-4666-8666-666666666661 --data client_secret=simulated-hr-secret --data \
             scope=api://22222222-2222-4222-8222-222222222222/.default\n",
            access.token_url
        );
        assert!(text.ends_with(&asking), "{text}");

        access.token_url = "https://login.microsoftonline.com/t/oauth2/v2.0/token".to_owned();
        access.extra_ca_file = Some("/tmp/ca.pem".to_owned());
        access.connect_to.insert("login.microsoftonline.com".to_owned(), "127.0.0.1:8443".to_owned());
        let there = "--cacert '/tmp/ca.pem' --connect-to login.microsoftonline.com:443:127.0.0.1:8443 https://login";
        assert!(sign_in(&access).contains(there), "encrypted, it is reached by another address");
    }

    #[tokio::test]
    async fn what_it_prints_are_settings() {
        let dir = tempfile::tempdir().unwrap();
        let plain = printed(None, dir.path()).await;
        assert!(matches!(plain.teams.cloud, config::Cloud::Custom(urls) if urls.graph.scheme() == "http"));

        let ca_file = dir.path().join("ca.pem");
        let tls = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            Some(SimulatedTls { names, ca_file: ca_file.clone() })
        };
        let local = printed(tls(&["localhost"]), dir.path()).await;
        assert!(matches!(local.teams.cloud, config::Cloud::Custom(urls) if urls.graph.scheme() == "https"));

        let names = ["login.microsoftonline.com", "graph.microsoft.com", "smba.trafficmanager.net"];
        let global = printed(tls(&names), dir.path()).await;
        assert_eq!(global.teams.cloud, config::Cloud::Global);
        assert!(names.iter().all(|name| global.network.connect_to[*name].ip().is_loopback()));
        assert!(matches!(global.network.proxy, ProxySetting::Direct));
        assert!(std::fs::read_to_string(&ca_file).unwrap().contains("BEGIN CERTIFICATE"));
    }
}
