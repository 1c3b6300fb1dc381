//! With what we prove to Entra who we are: a secret, a certificate, or the word of somebody whom Entra trusts.
//!
//! Invariant: whatever lies in a file is read again for each proof, so that a new one needs no restart; and nothing that
//! proves anything is ever printed.
//!
//! Sources: Microsoft identity platform, "OAuth 2.0 client credentials flow", "Certificate credentials" and "Workload
//! identity federation".

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::domain::credential::{CredentialKind, CredentialLife};
use crate::domain::time::Timestamp;

mod assertion;
mod certificate;
mod identity;

pub use assertion::AssertionAlgorithm;
pub(super) use assertion::{ASSERTION_TYPE, AssertionFor};
pub use certificate::CertificateFiles;
pub(super) use identity::IdentityService;
pub use identity::{IdentityEndpoint, ManagedIdentity};

/// Larger than any secret, token or certificate.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Why there is no proof, in words that hold nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CredentialError(pub String);

/// Where a secret text is.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// Here.
    Value(SecretString),
    /// In this file, read again for every token, so that a rotated secret needs no restart. White space at its end is
    /// not part of it.
    File(PathBuf),
}

impl SecretSource {
    /// The text, which is not empty; `what` it is to be goes into the complaint.
    async fn read(&self, what: &str) -> Result<SecretString, CredentialError> {
        let secret = match self {
            Self::Value(secret) => secret.clone(),
            Self::File(path) => {
                let bytes = file(path, what).await?;
                let text = std::str::from_utf8(&bytes);
                let text = text.map_err(|_| CredentialError(format!("{} is not text", path.display())))?;
                SecretString::from(text.trim_end())
            }
        };
        match secret.expose_secret().is_empty() {
            true => Err(CredentialError(format!("the {what} is empty"))),
            false => Ok(secret),
        }
    }
}

/// With what we prove who we are.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A client secret.
    Secret {
        /// Where it is.
        source: SecretSource,
        /// When it ends, as far as somebody has told us: it does not say so itself.
        ends_at: Option<Timestamp>,
    },
    /// A certificate that is registered with the app.
    Certificate(CertificateFiles),
    /// The token of somebody whom the app trusts, in this file. The platform renews it there.
    Federated(PathBuf),
    /// An identity of this machine.
    ManagedIdentity(ManagedIdentity),
}

impl From<SecretSource> for Credential {
    fn from(source: SecretSource) -> Self {
        Self::Secret { source, ends_at: None }
    }
}

/// What goes into the form that asks for a token.
pub(super) enum Proof {
    Secret(SecretString),
    Assertion(SecretString),
}

impl Credential {
    /// Which kind it is.
    pub const fn kind(&self) -> CredentialKind {
        match self {
            Self::Secret { .. } => CredentialKind::Secret,
            Self::Certificate(_) => CredentialKind::Certificate,
            Self::Federated(_) => CredentialKind::WorkloadIdentity,
            Self::ManagedIdentity(_) => CredentialKind::ManagedIdentity,
        }
    }

    /// How long it lasts; reads the files as they are at this moment.
    ///
    /// # Errors
    /// What keeps it from proving anything: a file that is not there, a key that does not belong to its certificate.
    pub async fn life(&self) -> Result<CredentialLife, CredentialError> {
        let ends_at = match self {
            Self::Secret { source, ends_at } => source.read(SECRET).await.map(|_| *ends_at)?,
            Self::Certificate(files) => Some(files.read().await?.ends_at()),
            Self::Federated(path) => end_of_token(&token_in(path).await?),
            Self::ManagedIdentity(_) => None,
        };
        Ok(CredentialLife { kind: self.kind(), ends_at })
    }

    /// A fresh proof for one request; `None` when it is an identity's own to give.
    pub(super) async fn proof(&self, wanted: &AssertionFor<'_>) -> Result<Option<Proof>, CredentialError> {
        Ok(Some(match self {
            Self::Secret { source, .. } => Proof::Secret(source.read(SECRET).await?),
            Self::Certificate(files) => Proof::Assertion(files.read().await?.assert(wanted)?),
            Self::Federated(path) => Proof::Assertion(token_in(path).await?),
            Self::ManagedIdentity(_) => return Ok(None),
        }))
    }
}

const SECRET: &str = "client secret";
const TOKEN: &str = "federated token";

/// The token in `path`: of its three parts none is ours to check.
async fn token_in(path: &Path) -> Result<SecretString, CredentialError> {
    let token = SecretSource::File(path.to_owned()).read(TOKEN).await?;
    let is_token = token.expose_secret().split('.').filter(|part| !part.is_empty()).count() == 3;
    if is_token { Ok(token) } else { Err(CredentialError(format!("{} holds no token", path.display()))) }
}

/// When a token says that it ends.
fn end_of_token(token: &SecretString) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Claims {
        exp: f64,
    }
    let claims = token.expose_secret().split('.').nth(1)?;
    let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
    Timestamp::from_timestamp(claims.exp as i64, 0)
}

/// What is in `path`, when it is not larger than anything of the kind.
async fn file(path: &Path, what: &str) -> Result<Vec<u8>, CredentialError> {
    let fault = |cause: String| CredentialError(format!("cannot read the {what} in {}: {cause}", path.display()));
    let length = tokio::fs::metadata(path).await.map_err(|error| fault(error.to_string()))?.len();
    if length > FILE_BYTES_MAX {
        return Err(fault(format!("it is larger than {FILE_BYTES_MAX} bytes")));
    }
    tokio::fs::read(path).await.map_err(|error| fault(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_federated_token_tells_its_own_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let token = [part("{}"), part(r#"{"exp":1796126400}"#), part("signature")].join(".");
        std::fs::write(&path, format!("{token}\n")).unwrap();
        let life = Credential::Federated(path.clone()).life().await.unwrap();
        assert_eq!(life.ends_at.unwrap().to_string(), "2026-12-01 12:00:00 UTC");

        for none in ["", "one.two", "no token at all"] {
            std::fs::write(&path, none).unwrap();
            let refused = Credential::Federated(path.clone()).life().await.unwrap_err();
            assert!(refused.0.contains("token"), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_secret_ends_when_the_settings_say_so() {
        let source = SecretSource::Value("s3cr3t".to_owned().into());
        assert_eq!(Credential::from(source.clone()).life().await.unwrap().ends_at, None);
        let ends_at = "2027-01-31T00:00:00Z".parse().ok();
        let told = Credential::Secret { source, ends_at };
        assert_eq!(told.life().await.unwrap().ends_at, ends_at);
        assert!(!format!("{told:?}").contains("s3cr3t"));
    }
}
