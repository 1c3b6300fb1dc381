//! What only a browser has: 256 bits of chance each, and what of them is kept here.

use aws_lc_rs::{constant_time, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ports::{Random, SecretHash};

/// Letters of a secret: 32 bytes in base64url.
const LETTERS: usize = 43;

/// A fresh secret, in letters that may stand in an address or a cookie.
pub fn secret(random: &dyn Random) -> String {
    let bytes = [(); 4].map(|()| random.next_u64().to_be_bytes()).concat();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether `text` may be one of ours.
pub fn is_secret(text: &str) -> bool {
    text.len() == LETTERS && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// What is kept of it: SHA-256. Nobody can guess back 256 bits, so it needs no salt and no time.
pub fn hash(secret: &str) -> SecretHash {
    let mut hash = SecretHash::default();
    hash.copy_from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref());
    hash
}

/// The challenge to a verifier (RFC 7636, S256).
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(hash(verifier))
}

/// Whether both are the same, in a time that does not tell how far they are.
pub fn are_equal(one: &[u8], other: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(one, other).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::system::SystemRandom;

    #[test]
    fn a_secret_is_long_and_never_the_same() {
        let [one, other] = [(); 2].map(|()| secret(&SystemRandom));
        assert!(is_secret(&one) && is_secret(&other) && one != other);
        assert!(!is_secret("short") && !is_secret(&"=".repeat(LETTERS)));
        assert!(are_equal(one.as_bytes(), one.as_bytes()) && !are_equal(one.as_bytes(), other.as_bytes()));
    }

    #[test]
    fn the_challenge_is_that_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
