//! What an app has registered as proof of itself, and what is thought of a proof that is shown.
//!
//! Letters are read here by hand and verified with another library than the one that our client signs with.
//!
//! Source: Microsoft identity platform, "Certificate credentials", "Workload identity federation" and "Error codes".

use std::collections::BTreeMap;

use aws_lc_rs::digest;
use jsonwebtoken::crypto::verify;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::{Refusal, SecretState};
use crate::domain::time::Timestamp;
use crate::simulator::base64;

/// How wrong the clock of whoever wrote a letter may be.
const SKEW_SECONDS: i64 = 300;
const LETTER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Whom an app believes in its place: whoever holds a token with exactly these words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Federation {
    /// Who signed the token.
    pub issuer: String,
    /// Whom it is about.
    pub subject: String,
    /// Whom it is for.
    pub audience: String,
}

/// A certificate that is registered with the app.
#[derive(Debug, Clone)]
struct Registered {
    sha1: String,
    sha256: String,
    /// The public key, as RSA writes it.
    key: Vec<u8>,
    not_after: i64,
}

impl Registered {
    fn read(pem: &str) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
        let (_, certificate) = X509Certificate::from_der(&der).ok()?;
        let thumbprint = |by| base64::encode_url(digest::digest(by, &der).as_ref());
        Some(Self {
            sha1: thumbprint(&digest::SHA1_FOR_LEGACY_USE_ONLY),
            sha256: thumbprint(&digest::SHA256),
            key: certificate.public_key().subject_public_key.data.to_vec(),
            not_after: certificate.validity().not_after.timestamp(),
        })
    }
}

/// What the app has registered.
#[derive(Debug, Clone)]
pub(super) struct Proofs {
    pub(super) secret_state: SecretState,
    secrets: Vec<String>,
    certificates: Vec<Registered>,
    federations: Vec<Federation>,
    /// The key with which all others sign, as RSA writes it; as if it were fetched from each of them.
    outside: Option<Vec<u8>>,
}

/// A letter, taken apart.
struct Letter<'a> {
    header: Value,
    claims: Value,
    signed: &'a str,
    signature: &'a str,
}

impl<'a> Letter<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let part = |part: &str| serde_json::from_slice(&base64::decode(part)?).ok();
        Some(Self { header: part(header)?, claims: part(claims)?, signed, signature })
    }

    fn claim(&self, name: &str) -> &str {
        self.claims[name].as_str().unwrap_or_default()
    }

    fn is_signed_with(&self, key: &[u8]) -> bool {
        let algorithm = match self.header["alg"].as_str() {
            Some("PS256") => Algorithm::PS256,
            Some("RS256") => Algorithm::RS256,
            _ => return false,
        };
        verify(self.signature, self.signed.as_bytes(), &DecodingKey::from_rsa_der(key), algorithm).is_ok_and(|it| it)
    }

    fn is_in_time(&self, now: Timestamp) -> Result<(), Refusal> {
        let at = |name: &str| self.claims[name].as_i64();
        let (from, to) = (at("nbf").or_else(|| at("iat")).unwrap_or_default(), at("exp").unwrap_or_default());
        let now = now.timestamp();
        if (from - SKEW_SECONDS..to + SKEW_SECONDS).contains(&now) {
            return Ok(());
        }
        Err(refused(700_024, "Client assertion is not within its valid time range."))
    }
}

fn refused(number: u32, text: &str) -> Refusal {
    Refusal(401, "invalid_client", number, text.to_owned())
}

impl Proofs {
    /// One secret, and nothing else.
    pub(super) fn new(secret: String) -> Self {
        let (certificates, federations) = (Vec::new(), Vec::new());
        Self { secret_state: SecretState::Valid, secrets: vec![secret], certificates, federations, outside: None }
    }

    pub(super) fn set_secrets(&mut self, secrets: Vec<String>) {
        self.secrets = secrets;
    }

    /// `None` when one of them cannot be read; otherwise the SHA-256 thumbprints.
    pub(super) fn set_certificates(&mut self, pems: &[String]) -> Option<Vec<String>> {
        self.certificates = pems.iter().map(|pem| Registered::read(pem)).collect::<Option<_>>()?;
        Some(self.certificates.iter().map(|certificate| certificate.sha256.clone()).collect())
    }

    pub(super) fn set_federations(&mut self, federations: Vec<Federation>) {
        self.federations = federations;
    }

    pub(super) fn believe_outside(&mut self, key: Vec<u8>) {
        self.outside = Some(key);
    }

    /// Whether what is shown proves that `client` asks, at the token endpoint `endpoint`.
    pub(super) fn check(
        &self,
        client: &str,
        form: &BTreeMap<String, String>,
        endpoint: &str,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let field = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
        match (field("client_secret"), field("client_assertion")) {
            (Some(secret), None) => self.check_secret(client, secret),
            (None, Some(letter)) => {
                if field("client_assertion_type") != Some(LETTER) {
                    let text = "The request body must contain the following parameter: 'client_assertion_type'.";
                    return Err(Refusal(400, "invalid_request", 900_144, text.to_owned()));
                }
                let Some(letter) = Letter::read(letter) else {
                    return Err(Refusal(
                        401,
                        "invalid_client",
                        50_027,
                        "JWT token is invalid or malformed.".to_owned(),
                    ));
                };
                match letter.claim("iss") == client {
                    true => self.check_own(client, &letter, endpoint, now),
                    false => self.check_outside(&letter, now),
                }
            }
            _ => Err(refused(
                7_000_216,
                "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
            )),
        }
    }

    fn check_secret(&self, client: &str, secret: &str) -> Result<(), Refusal> {
        if self.secret_state == SecretState::Wrong || !self.secrets.iter().any(|known| known == secret) {
            return Err(refused(
                7_000_215,
                &format!(
                    "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
                     value, not the client secret ID, for a secret added to app '{client}'."
                ),
            ));
        }
        if self.secret_state == SecretState::Expired {
            return Err(refused(
                7_000_222,
                &format!("The provided client secret keys for app '{client}' are expired."),
            ));
        }
        Ok(())
    }

    /// A letter of the app's own, signed with the key of one of its certificates.
    fn check_own(&self, client: &str, letter: &Letter<'_>, endpoint: &str, now: Timestamp) -> Result<(), Refusal> {
        let named = |name: &str| letter.header[name].as_str().unwrap_or_default();
        let (sha1, sha256) = (named("x5t"), named("x5t#S256"));
        let known = self.certificates.iter().find(|it| it.sha256 == sha256 || it.sha1 == sha1);
        let Some(known) = known else {
            let text = "The certificate with identifier used to sign the client assertion is not registered on application. \
                        [Reason - The key was not found.]";
            return Err(refused(700_027, text));
        };
        if !letter.is_signed_with(&known.key) {
            return Err(refused(700_027, "Client assertion failed signature validation."));
        }
        if known.not_after < now.timestamp() {
            return Err(refused(700_027, "The key used is expired."));
        }
        if letter.claim("sub") != client {
            return Err(refused(
                700_021,
                "Client assertion application identifier doesn't match 'client_id' parameter.",
            ));
        }
        if letter.claim("aud") != endpoint {
            return Err(refused(700_023, "Client assertion audience claim does not match Realm issuer."));
        }
        if letter.claim("jti").is_empty() {
            return Err(refused(700_027, "Client assertion failed signature validation. [Reason - No 'jti'.]"));
        }
        letter.is_in_time(now)
    }

    /// A token of somebody else's whom the app believes.
    fn check_outside(&self, letter: &Letter<'_>, now: Timestamp) -> Result<(), Refusal> {
        let none = |what: &str, number: u32| {
            let text = format!(
                "No matching federated identity record found for presented assertion {what} '{}'.",
                letter.claim(match what {
                    "issuer" => "iss",
                    "subject" => "sub",
                    _ => "aud",
                })
            );
            Err(refused(number, &text))
        };
        let issued: Vec<&Federation> = self.federations.iter().filter(|it| it.issuer == letter.claim("iss")).collect();
        let about: Vec<&&Federation> = issued.iter().filter(|it| it.subject == letter.claim("sub")).collect();
        if issued.is_empty() {
            return none("issuer", 700_211);
        }
        if about.is_empty() {
            return none("subject", 700_213);
        }
        if !about.iter().any(|it| it.audience == letter.claim("aud")) {
            return none("audience", 700_212);
        }
        if !self.outside.as_ref().is_some_and(|key| letter.is_signed_with(key)) {
            return Err(refused(700_027, "Client assertion failed signature validation."));
        }
        letter.is_in_time(now)
    }
}
