//! Who signs: pairs of keys, made when they are first needed, and what is published of them.
//!
//! Tokens are put together here by hand, from the vendor's description, so that whoever checks them meets a second
//! opinion.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize, SigningKey};
use serde_json::{Value, json};

use crate::simulator::base64;

/// Where the modulus of a key of 2048 bits stands in its DER, and how long it is.
const MODULUS: std::ops::Range<usize> = 9..265;
/// The one that signs, and the one before it.
const PUBLISHED_MAX: usize = 2;

/// A pair of keys, and the name of it.
pub(super) struct Signer {
    pub(super) id: String,
    pair: KeyPair,
}

impl Signer {
    pub(super) fn new() -> Result<Self, rcgen::Error> {
        let pair = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
        let id =
            base64::encode_url(pair.public_key_raw().get(MODULUS).unwrap_or_default().get(..15).unwrap_or_default());
        Ok(Self { id, pair })
    }

    /// A stranger who claims to be `self`: the name is the same, the key is not.
    pub(super) fn impostor(&self) -> Result<Self, rcgen::Error> {
        Ok(Self { id: self.id.clone(), ..Self::new()? })
    }

    fn published(&self) -> Value {
        let modulus = self.pair.public_key_raw().get(MODULUS).unwrap_or_default();
        json!({"kty": "RSA", "use": "sig", "kid": self.id, "x5t": self.id, "n": base64::encode_url(modulus), "e": "AQAB"})
    }

    pub(super) fn sign(&self, claims: &Value) -> Result<String, rcgen::Error> {
        let header = json!({"alg": "RS256", "kid": self.id, "x5t": self.id, "typ": "JWT"});
        let signed = [header, claims.clone()].map(|part| base64::encode_url(part.to_string().as_bytes())).join(".");
        let signature = base64::encode_url(&self.pair.sign(signed.as_bytes())?);
        Ok(format!("{signed}.{signature}"))
    }
}

/// The keys of one who signs: the last one signs, the one before it is published still. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Keys(Arc<Mutex<VecDeque<Arc<Signer>>>>);

impl Keys {
    /// Who signs at present; made if nobody does yet, which takes a moment.
    pub(super) fn current(&self) -> Result<Arc<Signer>, rcgen::Error> {
        let mut signers = self.lock();
        if let Some(signer) = signers.back() {
            return Ok(Arc::clone(signer));
        }
        let signer = Arc::new(Signer::new()?);
        signers.push_back(Arc::clone(&signer));
        Ok(signer)
    }

    /// Signs with a new key from now on.
    pub(super) fn rotate(&self) -> Result<(), rcgen::Error> {
        let fresh = Arc::new(Signer::new()?);
        let mut signers = self.lock();
        signers.push_back(fresh);
        while signers.len() > PUBLISHED_MAX {
            signers.pop_front();
        }
        Ok(())
    }

    pub(super) fn published(&self) -> Vec<Value> {
        self.lock().iter().map(|signer| signer.published()).collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Signer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
