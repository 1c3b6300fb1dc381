//! A certificate and its private key, from PEM or PFX.

use std::path::{Path, PathBuf};

use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::KeyPair as _;
use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as PfxError;
use secrecy::{ExposeSecret, SecretString};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::certificate::X509Certificate;
use x509_parser::oid_registry::OID_PKCS1_RSAENCRYPTION;
use x509_parser::prelude::FromDer;

use super::{AssertionAlgorithm, CredentialError, SecretSource, file};
use crate::domain::time::Timestamp;

const CERTIFICATE: &str = "certificate";
const KEY: &str = "certificate's key";
const ELLIPTIC: &str = "the certificate has no RSA key; Entra takes assertions signed with RSA only, such as RSA 2048 or \
                        4096: make and register another";

/// Where a certificate and its key are. All of it is read again for each assertion.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// The certificate: PEM, with its key unless `key_file` is given; or PFX (PKCS #12), which holds its key.
    pub file: PathBuf,
    /// The key in PEM, when it lies apart.
    pub key_file: Option<PathBuf>,
    /// The PFX's password; none is an empty one.
    pub password: Option<SecretSource>,
    /// How assertions are signed.
    pub algorithm: AssertionAlgorithm,
}

/// A certificate, and the key that belongs to it.
pub(super) struct SigningCertificate {
    pub(super) certificate: Vec<u8>,
    pub(super) key: KeyPair,
    pub(super) algorithm: AssertionAlgorithm,
    ends_at: Timestamp,
}

/// What was found in the files, in DER; the certificates in their order.
struct Found {
    certificates: Vec<Vec<u8>>,
    keys: Vec<PrivateKeyDer<'static>>,
}

impl CertificateFiles {
    /// Reads the files as they are at this moment.
    pub(super) async fn read(&self) -> Result<SigningCertificate, CredentialError> {
        let bytes = file(&self.file, CERTIFICATE).await?;
        let key_bytes = match &self.key_file {
            Some(path) => Some(file(path, KEY).await?),
            None => None,
        };
        let password = match &self.password {
            Some(source) => source.read("password of the certificate").await?,
            None => SecretString::from(String::new()),
        };
        let (files, is_pem) = (self.clone(), holds_pem(&bytes));
        // A password is stretched for a good part of a second.
        let work = move || {
            let found = match is_pem {
                true => from_pem(&files, &bytes, key_bytes.as_deref())?,
                false => from_pfx(&files, &bytes, &password)?,
            };
            found.pair(&files)
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.unwrap_or_else(|_| Err(CredentialError("the certificate could not be read".to_owned())))
    }

    fn fault(&self, cause: &str) -> CredentialError {
        CredentialError(format!("{}: {cause}", self.file.display()))
    }
}

fn holds_pem(bytes: &[u8]) -> bool {
    bytes.windows(11).any(|piece| piece == b"-----BEGIN ")
}

fn from_pem(files: &CertificateFiles, bytes: &[u8], key_bytes: Option<&[u8]>) -> Result<Found, CredentialError> {
    let certificates = CertificateDer::pem_slice_iter(bytes).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| files.fault(&format!("is not sound PEM: {error}")))?;
    let certificates: Vec<Vec<u8>> = certificates.into_iter().map(|it| it.as_ref().to_vec()).collect();
    if certificates.is_empty() {
        return Err(files.fault("holds no certificate"));
    }
    let place: &Path = files.key_file.as_deref().unwrap_or(&files.file);
    let key_bytes = key_bytes.unwrap_or(bytes);
    if is_encrypted(key_bytes) {
        let cure = "its key is encrypted: name a PFX with its password instead, or write the key without a password, in a \
                    file that only this user may read";
        return Err(CredentialError(format!("{}: {cure}", place.display())));
    }
    let keys = PrivateKeyDer::pem_slice_iter(key_bytes).collect::<Result<Vec<_>, _>>();
    let keys = keys.map_err(|error| CredentialError(format!("{}: is not sound PEM: {error}", place.display())))?;
    if keys.is_empty() {
        let cure = "holds no private key: add it, or name its file as teams.certificate_key_file";
        return Err(CredentialError(format!("{}: {cure}", place.display())));
    }
    Ok(Found { certificates, keys })
}

fn is_encrypted(pem: &[u8]) -> bool {
    let text = String::from_utf8_lossy(pem);
    text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
}

fn from_pfx(files: &CertificateFiles, bytes: &[u8], password: &SecretString) -> Result<Found, CredentialError> {
    if files.key_file.is_some() {
        return Err(files.fault("is no PEM, and a PFX holds its key itself: leave teams.certificate_key_file out"));
    }
    let archive = Pkcs12Archive::from_pkcs12(bytes, password.expose_secret()).map_err(|error| match error {
        PfxError::MacError(_) | PfxError::Pkcs5Error(_) | PfxError::UnpadError => {
            files.fault("teams.certificate_password does not open it")
        }
        PfxError::DerError(_) => files.fault("is neither PEM nor PFX"),
        other => files.fault(&format!("this PFX cannot be read: {other}")),
    })?;
    let keys =
        archive.keys.iter().map(|bag| PrivateKeyDer::Pkcs8(bag.key.as_der().to_vec().into())).collect::<Vec<_>>();
    match (archive.certs.is_empty(), keys.is_empty()) {
        (true, _) => Err(files.fault("this PFX holds no certificate")),
        (_, true) => Err(files.fault("this PFX holds no private key: export it with its key")),
        _ => Ok(Found { certificates: archive.certs.iter().map(|bag| bag.cert.as_der().to_vec()).collect(), keys }),
    }
}

impl Found {
    /// The certificate, among those of its chain, to which a key belongs.
    fn pair(self, files: &CertificateFiles) -> Result<SigningCertificate, CredentialError> {
        let unreadable = || files.fault("holds a certificate that cannot be read");
        let certificates = self.certificates.iter().map(|der| Ok((der, parsed(der).ok_or_else(unreadable)?)));
        let certificates = certificates.collect::<Result<Vec<_>, CredentialError>>()?;
        let mut rejected = None;
        for key in &self.keys {
            let key = match rsa(key) {
                Ok(key) => key,
                Err(cause) => {
                    rejected = Some(cause);
                    continue;
                }
            };
            let ours = key.public_key().as_ref();
            let own = certificates.iter().find(|(_, it)| it.public_key().subject_public_key.data.as_ref() == ours);
            if let Some((der, certificate)) = own {
                let ends_at = Timestamp::from_timestamp(certificate.validity().not_after.timestamp(), 0);
                return Ok(SigningCertificate {
                    certificate: (*der).clone(),
                    ends_at: ends_at.unwrap_or(Timestamp::MAX_UTC),
                    key,
                    algorithm: files.algorithm,
                });
            }
        }
        let is_rsa = |it: &X509Certificate<'_>| it.public_key().algorithm.algorithm == OID_PKCS1_RSAENCRYPTION;
        Err(files.fault(match rejected {
            Some(_) if !certificates.iter().any(|(_, it)| is_rsa(it)) => ELLIPTIC,
            Some(cause) => cause,
            None => "the private key does not belong to the certificate",
        }))
    }
}

fn parsed(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate)
}

fn rsa(key: &PrivateKeyDer<'_>) -> Result<KeyPair, &'static str> {
    let key = match key {
        PrivateKeyDer::Pkcs8(key) => KeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => KeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err(ELLIPTIC),
    };
    key.map_err(|_| "the private key is no sound RSA key of 2048 to 8192 bits")
}

impl SigningCertificate {
    /// When the certificate ends.
    pub(super) const fn ends_at(&self) -> Timestamp {
        self.ends_at
    }
}

#[cfg(test)]
mod tests;
