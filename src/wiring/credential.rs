//! With what we prove to Entra who we are: from settings to the adapter's, and how long it lasts.

use std::time::Duration;

use metrics::gauge;
use tokio_util::sync::CancellationToken;

use super::Stentor;
use crate::adapters::teams::{
    self, CertificateFiles, CloudProfile, Credential, CredentialError, IdentityEndpoint, ManagedIdentity, SecretSource,
};
use crate::config::{AssertionAlgorithm, CredentialSettings, Given, Settings};
use crate::domain::credential::{CredentialKind, CredentialLife};
use crate::domain::time::Timestamp;
use crate::telemetry;

/// How often the metric is brought up to date: a certificate is replaced when it is.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often a log says that it ends soon.
const WARN_EVERY: Duration = Duration::from_secs(24 * 3600);

/// How long the credential of these settings lasts, read from its files as they are at this moment. `None` when the
/// settings name none.
///
/// # Errors
/// What keeps it from proving anything: a file that is not there, a key that does not belong to its certificate.
pub async fn credential_life(settings: &Settings) -> Result<Option<CredentialLife>, CredentialError> {
    if settings.teams.credential.is_none() {
        return Ok(None);
    }
    let cloud = super::cloud(settings).map_err(|error| CredentialError(error.to_string()))?;
    credential(settings, &cloud).life().await.map(Some)
}

/// What the client of Teams proves itself with. Commands that never speak to Teams may lack it; theirs refuses when it
/// is used.
pub(super) fn credential(settings: &Settings, cloud: &CloudProfile) -> Credential {
    match &settings.teams.credential {
        None => SecretSource::Value(String::new().into()).into(),
        Some(CredentialSettings::Secret(secret)) => {
            Credential::Secret { source: source(&secret.secret), ends_at: secret.ends_at }
        }
        Some(CredentialSettings::Certificate(certificate)) => Credential::Certificate(CertificateFiles {
            file: certificate.file.clone(),
            key_file: certificate.key_file.clone(),
            password: certificate.password.as_ref().map(source),
            algorithm: match certificate.assertion {
                AssertionAlgorithm::Ps256 => teams::AssertionAlgorithm::Ps256,
                AssertionAlgorithm::Rs256 => teams::AssertionAlgorithm::Rs256,
            },
        }),
        Some(CredentialSettings::WorkloadIdentity(file)) => Credential::Federated(file.clone()),
        Some(CredentialSettings::ManagedIdentity(identity)) => {
            let endpoint = match &identity.service {
                Some(service) => IdentityEndpoint::Service { url: service.url.clone(), header: service.header.clone() },
                None => IdentityEndpoint::Metadata(cloud.identity_url.clone()),
            };
            let (client_id, vouches) = (identity.client_id, identity.vouches);
            Credential::ManagedIdentity(ManagedIdentity { endpoint, client_id, vouches })
        }
    }
}

fn source(given: &Given) -> SecretSource {
    match given {
        Given::Here(text) => SecretSource::Value(text.clone()),
        Given::InFile(file) => SecretSource::File(file.clone()),
    }
}

impl Stentor {
    /// Tells how long the credential lasts, as a metric, and warns when it ends soon; until `stop`.
    pub async fn watch_credential(&self, stop: CancellationToken) {
        let mut warned_at = None;
        while !stop.is_cancelled() {
            let (now, at) = (self.clock.now(), self.clock.monotonic());
            // What cannot be read is told by whoever needs a token.
            if let Ok(Some(life)) = credential_life(&self.settings).await {
                tell(life, now);
                let is_time = warned_at.is_none_or(|before| at.saturating_since(before) >= WARN_EVERY);
                if life.is_short(now) && is_time {
                    let (credential, days_left) = (life.kind.name(), life.days_left(now));
                    tracing::warn!(credential, days_left, cure = life.kind.cure(), "the credential ends soon");
                    warned_at = Some(at);
                }
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.clock.sleep_until(at + LOOK_EVERY) => {}
            }
        }
    }
}

fn tell(life: CredentialLife, now: Timestamp) {
    for kind in CredentialKind::ALL {
        let left = life.left(now).filter(|_| kind == life.kind);
        let seconds = left.map_or(f64::INFINITY, |left| left.num_milliseconds() as f64 / 1000.0);
        gauge!(telemetry::CREDENTIAL_EXPIRES_SECONDS, "credential" => kind.name()).set(seconds);
    }
}
