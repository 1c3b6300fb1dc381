//! A simulated Teams beside a real Stentor: `stentor simulate` and `stentor demo`.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use anyhow::Context;
use url::Url;

use super::{Ground, Stentor};
use crate::adapters::system::SystemClock;
use crate::adapters::teams::{self, CloudProfile};
use crate::app::submit::{self, Audience, Draft, Going};
use crate::config::{Cloud, CredentialSettings, CustomUrls, Settings};
use crate::domain::broadcast::{TOLERANCE, Treatment};
use crate::domain::content::{Button, Content};
use crate::domain::delivery::WhenInDoubt;
use crate::domain::ids::{BroadcastId, EntraId};
use crate::domain::time::Timestamp;
use crate::ports::Clock;
use crate::simulator::entra::{Assigned, Program};
use crate::simulator::faults::FaultPlan;
use crate::simulator::people::Shares;
use crate::simulator::service::Simulator;
use crate::simulator::settings::SimulatorSettings;

/// How rough the simulated Teams is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Weather {
    /// Nothing goes wrong but what the organisation's people bring along.
    None,
    /// Now and then a slow answer, a 503 or a late installation.
    Mild,
    /// Lost answers, storms of 429 and 5xx, expiring tokens.
    Rough,
}

impl Weather {
    const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Mild => "mild",
            Self::Rough => "rough",
        }
    }
}

/// Which Teams to pretend.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// How many people the organisation has.
    pub people: u32,
    /// Decides the people and every misfortune.
    pub seed: u64,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How others reach it, when that is not the address it listens on.
    pub reached_at: Option<String>,
    /// How browsers reach it, where that is another address still.
    pub browsed_at: Option<String>,
    /// Where Stentor may be sent back to after a sign-in, beside the callback on this machine.
    pub redirects: Vec<Url>,
    /// Multiplies every limit; zero lifts them.
    pub quota_factor: f64,
    /// Everybody has the app from the beginning.
    pub is_warm: bool,
    /// This part of the people has the app from the beginning, and nobody stands apart; the usual mixture when absent.
    pub installed: Option<f64>,
    /// Added to every answer.
    pub latency: Duration,
    /// What goes wrong.
    pub weather: Weather,
    /// The life of a token; the usual 60 to 90 minutes when absent.
    pub token_lifetime: Option<Duration>,
    /// Answers encrypted; in clear when absent.
    pub tls: Option<SimulatedTls>,
    /// Where what happens to people is posted; nowhere when absent.
    pub webhook: Option<Url>,
}

/// Where a Stentor that listens at `address` hears what is posted to the bot.
pub fn webhook_at(address: SocketAddr) -> Url {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let text = format!("http://{}/api/messages", SocketAddr::new(ip, address.port()));
    // Invariant: an address and a port make the authority of a url.
    text.parse().expect("an address makes a url")
}

/// Where people on this machine reach a Stentor that listens at `address`.
pub fn public_url_at(address: SocketAddr) -> Url {
    let text = match address.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => format!("http://localhost:{}", address.port()),
        _ => format!("http://{address}"),
    };
    // Invariant: an address and a port make the authority of a url.
    text.parse().expect("an address makes a url")
}

/// Where browsers are sent back to after a sign-in at a Stentor whom people reach at `public_url`.
fn callback_of(public_url: &Url) -> Option<Url> {
    public_url.join("/sign-in/callback").ok()
}

/// Under which names, and where whoever calls finds the authority to trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimulatedTls {
    /// At least one.
    pub names: Vec<String>,
    /// Overwritten at each start.
    pub ca_file: PathBuf,
}

/// How to reach the simulated Teams: the very settings to write down; and who may sign in, with which role.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[allow(missing_docs, reason = "named as the settings are")]
pub struct SimulatedAccess {
    pub cloud: String,
    pub login_url: String,
    pub graph_url: String,
    pub bot_url: String,
    pub tenant_id: String,
    pub app_id: String,
    pub client_secret: String,
    pub manifest_id: String,
    pub token_url: String,
    pub api_scope: String,
    pub people: Vec<Assigned>,
    pub programs: Vec<Program>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub extra_ca_file: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub connect_to: BTreeMap<String, String>,
}

/// What the simulated Teams saw: the judge of what we claim.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize)]
pub struct LedgerCounts {
    /// Requests received, by bucket.
    pub requests: BTreeMap<String, u64>,
    /// 429s given.
    pub throttled: u64,
    /// The most requests in any sliding second, by bucket.
    #[serde(skip)]
    pub max_in_any_second: BTreeMap<String, u64>,
    /// Messages beyond the first of the same content to the same person.
    pub duplicates: u64,
    /// Notifications that took the place of an earlier one.
    pub replaced: u64,
    /// Notifications beyond the first of the same content in one person's feed; replacements are none.
    pub seen_twice: u64,
}

/// A running simulated Teams.
pub struct Simulated {
    /// How to reach it.
    pub access: SimulatedAccess,
    pub(super) simulator: Simulator,
}

impl Simulated {
    /// Starts it.
    ///
    /// # Errors
    /// When it cannot listen there.
    pub async fn start(simulation: Simulation) -> anyhow::Result<Self> {
        let settings = SimulatorSettings {
            seed: simulation.seed,
            people: simulation.people as usize,
            shares: shares(simulation.installed),
            warm: simulation.is_warm,
            quota_factor: simulation.quota_factor,
            faults: FaultPlan::named(simulation.weather.name()).context("every weather has its plan")?,
            latency: simulation.latency,
            token_lifetime: simulation.token_lifetime,
            listen: simulation.listen,
            tls_names: simulation.tls.as_ref().map(|tls| tls.names.clone()).unwrap_or_default(),
            reached_at: simulation.reached_at,
            browsed_at: simulation.browsed_at,
            redirects: simulation.redirects,
            webhook: simulation.webhook,
            ..SimulatorSettings::default()
        };
        let simulator = Simulator::start(settings.clone(), Arc::new(SystemClock)).await?;
        let mut access = access(&simulator, &settings)?;
        if let (Some(tls), Some(pem)) = (&simulation.tls, simulator.authority_pem()) {
            let file = std::path::absolute(&tls.ca_file)?;
            std::fs::write(&file, pem).with_context(|| format!("cannot write {}", file.display()))?;
            // No proxy leads to this machine.
            access.proxy = Some("none");
            access.extra_ca_file = Some(file.display().to_string());
            let named = tls.names.iter().filter(|name| *name != "localhost");
            access.connect_to = named.map(|name| (name.clone(), simulator.address().to_string())).collect();
        }
        Ok(Self { access, simulator })
    }

    /// Where to connect to, whatever name a url has.
    pub fn address(&self) -> SocketAddr {
        self.simulator.address()
    }

    /// What it saw so far.
    pub fn ledger(&self) -> LedgerCounts {
        let summary = self.simulator.ledger_summary();
        let most = summary.max_in_any_second.iter().map(|(bucket, count)| (bucket.to_string(), *count as u64));
        LedgerCounts {
            requests: summary.requests.iter().map(|(bucket, count)| (bucket.to_string(), *count)).collect(),
            throttled: summary.throttled,
            duplicates: summary.duplicates,
            replaced: summary.replaced as u64,
            seen_twice: summary.notified_again,
            max_in_any_second: most.collect(),
        }
    }

    /// Stops it.
    ///
    /// # Errors
    /// When it had stopped by itself.
    pub async fn close(self) -> anyhow::Result<()> {
        self.simulator.stop().await;
        Ok(())
    }

    /// `settings`, pointed at this Teams.
    pub(super) fn settings(&self, mut settings: Settings) -> anyhow::Result<Settings> {
        let access = &self.access;
        if let Some(callback) = settings.http.public_url.as_ref().and_then(callback_of) {
            let world = self.simulator.world();
            world.lock().unwrap_or_else(PoisonError::into_inner).register_redirect(callback);
        }
        settings.teams.cloud = Cloud::Custom(Box::new(CustomUrls {
            login: access.login_url.parse()?,
            graph: access.graph_url.parse()?,
            bot: access.bot_url.parse()?,
            identity: None,
        }));
        settings.teams.tenant_id = Some(access.tenant_id.parse()?);
        settings.teams.app_id = Some(access.app_id.parse()?);
        settings.teams.credential = Some(CredentialSettings::here(access.client_secret.clone()));
        settings.teams.manifest_id = Some(access.manifest_id.parse()?);
        Ok(settings)
    }
}

/// Who stands apart.
fn shares(installed: Option<f64>) -> Shares {
    let Some(installed) = installed else { return Shares::default() };
    let without_bot = 1.0 - installed;
    Shares { guests: 0.0, unlicensed: 0.0, policy: 0.0, blocked: 0.0, disabled: 0.0, without_bot }
}

fn access(simulator: &Simulator, settings: &SimulatorSettings) -> anyhow::Result<SimulatedAccess> {
    let (login_url, graph_url, bot_url) = (simulator.login_url(), simulator.graph_url(), simulator.bot_url());
    let (login, graph, bot) = (login_url.parse()?, graph_url.parse()?, bot_url.parse()?);
    // Under the very names of a published cloud it is that cloud, as far as a client can tell.
    let mut published = teams::Cloud::ALL.into_iter().filter_map(CloudProfile::published);
    let is_bot = |profile: &CloudProfile| match &profile.bot_url {
        Some(url) => *url == bot,
        None => profile.allows_service_url(&bot),
    };
    let same = published.find(|it| it.login_url == login && it.graph_url == graph && is_bot(it));
    let world = simulator.world();
    let world = world.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(SimulatedAccess {
        token_url: format!("{login_url}/{}/oauth2/v2.0/token", settings.tenant),
        api_scope: format!("api://{}/.default", settings.app),
        people: world.assigned(),
        programs: world.programs().to_vec(),
        cloud: same.map_or(teams::Cloud::Custom, |profile| profile.cloud).name().to_owned(),
        login_url,
        graph_url,
        bot_url,
        tenant_id: settings.tenant.to_string(),
        app_id: settings.app.to_string(),
        client_secret: settings.client_secret.clone(),
        manifest_id: settings.external_id.to_string(),
        proxy: None,
        extra_ca_file: None,
        connect_to: BTreeMap::new(),
    })
}

/// A simulated Teams, and Stentor before it on a private Postgres.
pub(super) async fn house(settings: Settings, simulation: Simulation) -> anyhow::Result<(Stentor, Simulated)> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let simulated = Simulated::start(simulation).await?;
    let mut settings = simulated.settings(settings)?;
    let ground = Ground::scratch(&settings, Arc::clone(&clock)).await?;
    // Whoever opens the database anew, such as an examination, comes to this one, too.
    settings.database.url = ground.managed.as_ref().map(|managed| managed.url().into());
    Ok((Stentor::on(ground, settings, true, clock).await?, simulated))
}

/// Everything that `stentor demo` shows: a simulated Teams, Stentor on it, one broadcast that waits to go out.
pub struct Demonstration {
    /// Stentor, with the simulated Teams as its cloud.
    pub stentor: Stentor,
    /// The broadcast.
    pub broadcast: BroadcastId,
    simulated: Simulated,
}

impl Demonstration {
    /// Opens it: the simulator, a private Postgres that goes with it, the directory, the broadcast.
    ///
    /// # Errors
    /// When one of them does not start.
    pub async fn open(settings: Settings, simulation: Simulation) -> anyhow::Result<Self> {
        let (stentor, simulated) = house(settings, simulation).await?;
        Self::submit(stentor, simulated, Audience::Everyone, Going::Chat).await
    }

    /// The same, by the way that `going` makes of what is said.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_going(
        settings: Settings,
        simulation: Simulation,
        going: impl FnOnce(&Content) -> Going + Send,
    ) -> anyhow::Result<Self> {
        let (stentor, simulated) = house(settings, simulation).await?;
        Self::submit(stentor, simulated, Audience::Everyone, going(&sample_content())).await
    }

    /// The same, for the people whom `whom` picks from everybody.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_for(
        settings: Settings,
        simulation: Simulation,
        whom: impl FnOnce(&[EntraId]) -> Audience + Send,
    ) -> anyhow::Result<Self> {
        let (stentor, simulated) = house(settings, simulation).await?;
        let mut people = Vec::new();
        if let Err(error) = stentor.people().browse(|person| people.push(person.entra_id)).await {
            stentor.close().await?;
            return Err(error.into());
        }
        Self::submit(stentor, simulated, whom(&people), Going::Chat).await
    }

    /// From now on the administrators of the made-up organisation look at whom a policy kept from the app, and let some in.
    pub fn let_administrators_mend(&self) {
        let world = self.simulated.simulator.world();
        world.lock().unwrap_or_else(PoisonError::into_inner).let_administrators_mend();
    }

    /// Another broadcast, to `audience`, through the same simulated Teams.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn announce(self, audience: Audience) -> anyhow::Result<Self> {
        Self::submit(self.stentor, self.simulated, audience, Going::Chat).await
    }

    async fn submit(stentor: Stentor, simulated: Simulated, audience: Audience, going: Going) -> anyhow::Result<Self> {
        let deadline_at = stentor.clock.now() + Duration::from_secs(72 * 3600);
        let draft = Draft {
            content: sample_content(),
            going,
            treatment: Treatment { when_in_doubt: WhenInDoubt::Hold, urgent: false, deadline_at, tolerance: TOLERANCE },
            audience,
            schedule: None,
            author: None,
            expire_after: None,
            accept_partial: false,
        };
        match submit::submit(&stentor.people(), draft, |_| {}).await {
            Ok(accepted) => Ok(Self { stentor, broadcast: accepted.broadcast, simulated }),
            Err(error) => {
                stentor.close().await?;
                Err(error.into())
            }
        }
    }

    /// What the simulated Teams saw so far.
    pub fn ledger(&self) -> LedgerCounts {
        self.simulated.ledger()
    }

    /// How to reach the simulated Teams, and who may sign in there.
    pub const fn access(&self) -> &SimulatedAccess {
        &self.simulated.access
    }

    /// Into whose feeds something came, by its ledger.
    pub fn notified(&self) -> BTreeSet<EntraId> {
        let world = self.simulated.simulator.world();
        let world = world.lock().unwrap_or_else(PoisonError::into_inner);
        let notified = world.ledger().notifications().iter();
        notified.map(|entry| EntraId(world.organisation().person(entry.person).id)).collect()
    }

    /// Requests that it received so far.
    pub fn requests(&self) -> u64 {
        self.ledger().requests.values().sum()
    }

    /// When the last of them arrived.
    pub fn last_request_at(&self) -> Option<Timestamp> {
        self.simulated.simulator.ledger_summary().last_request_at.values().max().copied()
    }

    /// Stops everything in order.
    ///
    /// # Errors
    /// When something did not stop in order.
    pub async fn close(self) -> anyhow::Result<()> {
        self.stentor.close().await?;
        self.simulated.close().await
    }
}

pub(super) fn sample_content() -> Content {
    Content {
        title: "Offices close at noon on Friday".to_owned(),
        body:
            "Please leave before **12:00**. The heating is being replaced in all buildings:\n\n- Lyon and Lille: doors \
               close at 12:00\n- Milan: doors close at 12:30\n\nDetails are on the intranet."
                .to_owned(),
        image: None,
        author: Some("Facilities team".to_owned()),
        banner: Some("Offices close at noon on Friday: please read".to_owned()),
        buttons: vec![Button {
            text: "Read more".to_owned(),
            url: "https://intranet.contoso.example/closing".to_owned(),
        }],
    }
}
