//! An assertion: a short letter to one token endpoint, signed with the key of a registered certificate.
//!
//! Source: Microsoft identity platform, "Application authentication certificate credentials".

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::CredentialError;
use super::certificate::SigningCertificate;
use crate::domain::time::Timestamp;

/// Goes with every assertion.
pub(in crate::adapters::teams) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// The longest life that Entra recommends; the letter is read within seconds.
const LIFE_SECONDS: i64 = 600;

/// How assertions are signed, and how the certificate is named in them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AssertionAlgorithm {
    /// PSS with SHA-256, and the certificate's SHA-256 thumbprint: what Entra recommends.
    #[default]
    Ps256,
    /// PKCS #1 with SHA-256, and the SHA-1 thumbprint: the older form, for whoever still needs it.
    Rs256,
}

impl AssertionAlgorithm {
    /// The word used in settings and in the letter itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
        }
    }

    fn encoding(self) -> &'static dyn RsaEncoding {
        match self {
            Self::Ps256 => &RSA_PSS_SHA256,
            Self::Rs256 => &RSA_PKCS1_SHA256,
        }
    }

    fn header(self, certificate: &[u8]) -> Value {
        let thumbprint = |by| URL_SAFE_NO_PAD.encode(digest::digest(by, certificate));
        match self {
            Self::Ps256 => json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint(&digest::SHA256)}),
            // Not for security: it only names one of the app's certificates.
            Self::Rs256 => {
                json!({"alg": "RS256", "typ": "JWT", "x5t": thumbprint(&digest::SHA1_FOR_LEGACY_USE_ONLY)})
            }
        }
    }
}

/// Whom an assertion is for, and when.
pub(in crate::adapters::teams) struct AssertionFor<'a> {
    pub client_id: &'a str,
    /// The token endpoint that will read it: no other takes it.
    pub audience: &'a str,
    /// Never used twice.
    pub id: Uuid,
    pub now: Timestamp,
}

impl SigningCertificate {
    /// Writes and signs an assertion.
    pub(super) fn assert(&self, wanted: &AssertionFor<'_>) -> Result<SecretString, CredentialError> {
        let now = wanted.now.timestamp();
        let claims = json!({"aud": wanted.audience, "iss": wanted.client_id, "sub": wanted.client_id,
            "jti": wanted.id, "nbf": now, "iat": now, "exp": now + LIFE_SECONDS});
        let parts = [self.algorithm.header(&self.certificate), claims];
        let letter = parts.map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".");
        let mut signature = vec![0; self.key.public_modulus_len()];
        let signed = self.key.sign(self.algorithm.encoding(), &SystemRandom::new(), letter.as_bytes(), &mut signature);
        signed.map_err(|_| CredentialError("the certificate's key cannot sign".to_owned()))?;
        Ok(SecretString::from(format!("{letter}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }
}
