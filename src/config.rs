//! Typed settings: files, then environment; refuses keys it does not know.
//!
//! Layers come from the `config` crate: `config/default.toml` (compiled in), one file of the operator's, the
//! environment. What serde would refuse one fault at a time is read by hand, key by key (`reader.rs`), so that one
//! report names every unknown key, wrong unit and contradiction.
//!
//! Invariant: `config/default.toml` is the schema. A key exists when it stands there, and its value there shows its
//! type; an empty text means "not given".

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use crate::app::engine::EngineSettings;
use crate::domain::fault::{Fault, Faults};
use crate::domain::pacing::Quota;

mod checks;
mod credentials;
mod layers;
mod reader;
mod replies;
mod show;
#[cfg(test)]
mod tests;

pub use crate::domain::duration::{NotADuration, duration_text, parse_duration};
pub use credentials::{
    AssertionAlgorithm, CertificateSettings, CredentialSettings, Given, IdentityService, ManagedIdentitySettings,
    SecretSettings,
};
pub use layers::{DEFAULTS, Origin, Sources};
pub use show::{Effective, Shown};

/// Everything that can be set.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which Postgres.
    pub database: DatabaseSettings,
    /// Where the private Postgres lives.
    pub data_dir: PathBuf,
    /// Whose bot we are, and in which cloud.
    pub teams: TeamsSettings,
    /// What the bot says to whoever writes to it.
    pub bot: BotSettings,
    /// How we reach Microsoft.
    pub network: NetworkSettings,
    /// How fresh what we know of the organisation is kept.
    pub directory: DirectorySettings,
    /// How the engine behaves, patience and quotas included.
    pub engine: EngineSettings,
    /// Where we listen.
    pub http: HttpSettings,
    /// How long people stay signed in.
    pub sign_in: SignInSettings,
    /// How far roles reach.
    pub rights: RightsSettings,
    /// What we log.
    pub log: LogSettings,
    /// What we report beside log and metrics.
    pub telemetry: TelemetrySettings,
}

/// Which Postgres.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Where it is; `None` for a private one in the data directory.
    pub url: Option<SecretString>,
    /// Connections of one process, at most.
    pub connections: u32,
    /// How long one statement may take.
    pub statement_timeout: Duration,
}

/// Whose bot we are. Commands that never talk to Teams live without any of it.
#[derive(Debug, Clone)]
pub struct TeamsSettings {
    /// Which hosts.
    pub cloud: Cloud,
    /// The organisation's tenant.
    pub tenant_id: Option<Uuid>,
    /// The app registration.
    pub app_id: Option<Uuid>,
    /// With what it proves who it is.
    pub credential: Option<CredentialSettings>,
    /// The manifest's id of the Teams app.
    pub manifest_id: Option<Uuid>,
    /// Who has the app: asked for its id when the catalogue may not be read.
    pub find_app_through: Option<AppHolder>,
    /// The activity type of notifications whose author names none.
    pub activity_type: String,
    /// Where tokens come from, when that is not where the cloud's profile says.
    pub login_url: Option<Url>,
    /// Where the bot connector is, when that is not where the cloud's profile says.
    pub bot_url: Option<Url>,
    /// How the bot is registered.
    pub bot: BotKind,
}

/// Who is known to have the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppHolder {
    /// Somebody, by object id or user principal name.
    User(String),
    /// A team, by its id.
    Team(Uuid),
}

/// The tenant and app that every record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The organisation's tenant.
    pub tenant_id: Uuid,
    /// The app registration.
    pub app_id: Uuid,
}

/// Everything needed to speak to Teams; see [`Settings::teams`].
#[derive(Debug, Clone)]
pub struct TeamsAccess {
    /// Whose records.
    pub identity: Identity,
    /// Which hosts.
    pub cloud: Cloud,
    /// With what the app proves who it is.
    pub credential: CredentialSettings,
    /// The manifest's id of the Teams app.
    pub manifest_id: Uuid,
    /// How the bot is registered.
    pub bot: BotKind,
}

/// Which Microsoft cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cloud {
    /// The public one.
    Global,
    /// United States government, on the public hosts.
    Gcc,
    /// United States government, high.
    GccHigh,
    /// United States department of defence.
    Dod,
    /// Operated by 21Vianet.
    China,
    /// A simulator or a test server.
    Custom(Box<CustomUrls>),
}

/// The hosts of a custom cloud.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomUrls {
    /// Where tokens come from.
    pub login: Url,
    /// Where Graph is.
    pub graph: Url,
    /// Where the bot connector is.
    pub bot: Url,
    /// Where the tokens of the machine's identities are; `None` for where Azure has them.
    pub identity: Option<Url>,
}

/// How the bot is registered in Azure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BotKind {
    /// Its tokens come from the organisation's tenant.
    SingleTenant,
    /// Its tokens come from the Bot Framework's tenant.
    MultiTenant,
}

/// What the bot says to whoever writes to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotSettings {
    /// Its replies, by language tag; none when it is silent.
    pub replies: BTreeMap<String, String>,
    /// How long somebody who was answered is left without another reply.
    pub reply_every: Duration,
    /// The messaging endpoint, as Azure knows it.
    pub public_url: Option<Url>,
}

/// Which proxy, if any.
#[derive(Debug, Clone)]
pub enum ProxySetting {
    /// That of the environment.
    Environment,
    /// None, whatever the environment says.
    Direct,
    /// The one at this url, which may hold a password.
    At(SecretString),
}

/// How we reach Microsoft.
#[derive(Debug, Clone)]
pub struct NetworkSettings {
    /// A proxy for everything.
    pub proxy: ProxySetting,
    /// Authorities to trust beside the system's.
    pub extra_ca_file: Option<PathBuf>,
    /// Hosts to reach at another address; port 0 stands for the usual one.
    pub connect_to: BTreeMap<String, SocketAddr>,
    /// How long a connection may take to be made.
    pub connect_timeout: Duration,
    /// How long one request may take as a whole.
    pub request_timeout: Duration,
}

/// How fresh what we know of the organisation is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DirectorySettings {
    /// How often a process that stays reads what has changed; `None` for never.
    pub refresh_every: Option<Duration>,
    /// How old it may be before somebody who makes a broadcast waits for it to be read.
    pub fresh_for: Duration,
}

/// Where we listen.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Address and port.
    pub listen: SocketAddr,
    /// Where people reach us from outside; `None` for this machine alone.
    pub public_url: Option<Url>,
    /// How long one request may take as a whole.
    pub time_limit: Duration,
    /// How often one caller may ask for long.
    pub caller_rate: Quota,
}

/// How long people stay signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignInSettings {
    /// At most.
    pub session: Duration,
    /// Without doing anything.
    pub idle: Duration,
}

/// How far roles reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RightsSettings {
    /// More people than this must be approved by a second person; `None` for never.
    pub approve_above: Option<u64>,
    /// An author reaches so many people at most; `None` for any number.
    pub author_reaches: Option<u64>,
    /// An administrator reaches so many people at most; `None` for any number.
    pub admin_reaches: Option<u64>,
}

/// What we log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// For people or for machines.
    pub format: LogFormat,
    /// What is logged; `None` leaves it to the command.
    pub filter: Option<String>,
}

/// What we report beside log and metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelemetrySettings {
    /// An OpenTelemetry collector, over HTTP; `None` for none.
    pub otlp_endpoint: Option<Url>,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

/// What a command cannot do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Neither tenant nor secret: `config`, `migrate`, `simulate`, `demo`.
    Nothing,
    /// The tenant and the app, because records belong to them: `broadcast list`.
    Identity,
    /// All of [`TeamsAccess`]: `run`, `work`, `broadcast create`.
    Teams,
}

impl Settings {
    /// Reads every layer.
    ///
    /// # Errors
    /// Every fault found, in one report; what `need` asks for is part of it.
    pub fn load(sources: &Sources, need: Need) -> Result<Self, Faults> {
        Self::load_with_origins(sources, need).map(|(settings, _)| settings)
    }

    /// Reads every layer, and tells where each value came from.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn load_with_origins(sources: &Sources, need: Need) -> Result<(Self, Effective), Faults> {
        let mut reader = layers::read(sources)?;
        let settings = checks::settings(&mut reader);
        match need {
            Need::Nothing => {}
            Need::Identity => reader.take_faults(settings.identity().err()),
            Need::Teams => reader.take_faults(settings.teams().err()),
        }
        let effective = show::effective(&reader);
        Faults::or(reader.into_faults(), (settings, effective))
    }

    /// The defaults alone.
    ///
    /// # Panics
    /// Never: a test reads the very same text.
    pub fn defaults() -> Self {
        Self::load(&Sources::default(), Need::Nothing).expect("config/default.toml is compiled in and tested")
    }

    /// The tenant and app that every record belongs to.
    ///
    /// # Errors
    /// One fault for each that is not given.
    pub fn identity(&self) -> Result<Identity, Faults> {
        let mut faults = Vec::new();
        let tenant_id = given(self.teams.tenant_id, "teams.tenant_id", TENANT_CURE, &mut faults);
        let app_id = given(self.teams.app_id, "teams.app_id", APP_CURE, &mut faults);
        match (tenant_id, app_id) {
            (Some(tenant_id), Some(app_id)) => Ok(Identity { tenant_id, app_id }),
            _ => Err(Faults(faults)),
        }
    }

    /// Everything needed to speak to Teams; sees whether the credential's files can be read.
    ///
    /// # Errors
    /// One fault for each part that is not given, or cannot be read.
    pub fn teams(&self) -> Result<TeamsAccess, Faults> {
        let identity = self.identity();
        let mut faults = identity.as_ref().err().cloned().unwrap_or(Faults(Vec::new())).0;
        let credential = given(self.teams.credential.clone(), "teams.client_secret", SECRET_CURE, &mut faults);
        faults.extend(credential.iter().flat_map(CredentialSettings::faults));
        let manifest_id = given(self.teams.manifest_id, "teams.manifest_id", MANIFEST_CURE, &mut faults);
        match (identity, credential, manifest_id) {
            (Ok(identity), Some(credential), Some(manifest_id)) if faults.is_empty() => {
                let (cloud, bot) = (self.teams.cloud.clone(), self.teams.bot);
                Ok(TeamsAccess { identity, cloud, credential, manifest_id, bot })
            }
            _ => Err(Faults(faults)),
        }
    }
}

const TENANT_CURE: &str = "Copy the tenant id from the overview page of Microsoft Entra.";
const APP_CURE: &str = "Copy the application (client) id of the bot's app registration in Entra.";
const MANIFEST_CURE: &str = "Copy the `id` of the Teams app's manifest, not the one that the catalogue shows.";
const SECRET_CURE: &str = "Make a client secret in Entra and set its value here, or the file's name as \
                           teams.client_secret_file. A certificate or an identity does as well: see teams.credential.";

fn given<T>(value: Option<T>, key: &str, cure: &str, faults: &mut Vec<Fault>) -> Option<T> {
    if value.is_none() {
        faults.push(Fault::new(key, "is not given, and this command needs it", cure));
    }
    value
}

/// Why a file cannot be read or written, in plain words.
pub fn file_trouble(error: &std::io::Error) -> String {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::NotFound => "it is not there".to_owned(),
        ErrorKind::PermissionDenied => "this user may not".to_owned(),
        ErrorKind::InvalidData => "it is not text in UTF-8".to_owned(),
        ErrorKind::IsADirectory => "it is a directory".to_owned(),
        ErrorKind::NotADirectory => "a file stands where a directory should".to_owned(),
        ErrorKind::StorageFull => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}

/// Reads a secret from `file`, without the line end that editors leave behind it.
fn secret_in(file: &Path) -> Result<SecretString, String> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("“{}” cannot be read: {}", file.display(), file_trouble(&error)))?;
    let text = text.trim_end_matches(['\n', '\r']);
    if text.is_empty() {
        return Err(format!("“{}” is empty", file.display()));
    }
    Ok(SecretString::from(text))
}
