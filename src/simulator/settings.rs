//! Everything that can be chosen about the small Teams.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use url::Url;
use uuid::{Uuid, uuid};

use super::faults::FaultPlan;
use super::manifest::Activities;
use super::people::Shares;

/// What to simulate. The ids of [`SimulatorSettings::default`] are those of the published examples.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// Decides the people and every misfortune.
    pub seed: u64,
    /// How many people the organisation has.
    pub people: usize,
    /// Which of them stand apart.
    pub shares: Shares,
    /// Every ordinary person has the app from the beginning.
    pub warm: bool,
    /// Multiplies every limit for the app and for a conversation; zero lifts them.
    pub quota_factor: f64,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// Added to every answer.
    pub latency: Duration,
    /// The life of a token; without it, each is drawn between 60 and 90 minutes.
    pub token_lifetime: Option<Duration>,
    /// Where to listen. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// Answers encrypted, as these hosts; in clear when there are none.
    pub tls_names: Vec<String>,
    /// How others reach it, when that is not the address it listens on; without a slash at the end.
    pub reached_at: Option<String>,
    /// How browsers reach it, where that is another address still; without a slash at the end. Sign-ins lead there.
    pub browsed_at: Option<String>,
    /// The Entra tenant.
    pub tenant: Uuid,
    /// The Entra app, which is also the bot.
    pub app: Uuid,
    /// The manifest id of the Teams app.
    pub external_id: Uuid,
    /// Its first id in the catalogue of the tenant.
    pub catalogue_id: Uuid,
    /// The client secret. It opens nothing but this simulator.
    pub client_secret: String,
    /// Where our app may be sent back to after a sign-in, beside the callback on one's own machine.
    pub redirects: Vec<Url>,
    /// Where what happens to people is posted, as Teams posts it to a bot; nowhere when absent.
    pub webhook: Option<Url>,
    /// The application permissions that are consented to at the beginning.
    pub permissions: Vec<String>,
    /// What the manifest of the Teams app declares for activity feeds.
    pub activities: Activities,
    /// Another Teams app belongs to the same Entra app, so that a notification must say which one it is from.
    pub shares_entra_app: bool,
    /// How many of the last requests are kept word for word; zero keeps none.
    pub transcript_max: usize,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            seed: 1,
            people: 1_000,
            shares: Shares::default(),
            warm: false,
            quota_factor: 1.0,
            faults: FaultPlan::default(),
            latency: Duration::ZERO,
            token_lifetime: None,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls_names: Vec::new(),
            reached_at: None,
            browsed_at: None,
            tenant: uuid!("11111111-1111-4111-8111-111111111111"),
            app: uuid!("22222222-2222-4222-8222-222222222222"),
            external_id: uuid!("33333333-3333-4333-8333-333333333333"),
            catalogue_id: uuid!("44444444-4444-4444-8444-444444444444"),
            client_secret: "simulated-secret".to_owned(),
            redirects: Vec::new(),
            webhook: None,
            permissions: PERMISSIONS.map(str::to_owned).to_vec(),
            activities: Activities::default(),
            shares_entra_app: false,
            transcript_max: 0,
        }
    }
}

/// What an administrator grants to a broadcaster (facts on the manifest, administrator steps).
const PERMISSIONS: [&str; 5] = [
    "TeamsAppInstallation.ReadWriteSelfForUser.All",
    "AppCatalog.Read.All",
    "User.Read.All",
    "GroupMember.Read.All",
    "TeamsActivity.Send",
];
