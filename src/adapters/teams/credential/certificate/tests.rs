//! Files of every kind; those of `tests/data/certificates` were made by OpenSSL 3 and open nothing.

use super::*;
use crate::adapters::teams::credential::{Credential, SecretSource};

fn at(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/certificates").join(name)
}

fn files(name: &str) -> CertificateFiles {
    CertificateFiles { file: at(name), key_file: None, password: None, algorithm: AssertionAlgorithm::Ps256 }
}

fn with_password(name: &str, password: &str) -> CertificateFiles {
    let password = Some(SecretSource::Value(password.to_owned().into()));
    CertificateFiles { password, ..files(name) }
}

async fn refused(files: CertificateFiles) -> String {
    let error = Credential::Certificate(files).life().await.unwrap_err().0;
    assert!(!error.contains("opensesame") && !error.contains("wrong-word"), "{error}");
    error
}

#[tokio::test]
async fn the_same_certificate_comes_out_of_pem_and_of_every_pfx() {
    let pem = files("rsa.pem").read().await.unwrap();
    assert_eq!(pem.ends_at().date_naive().to_string(), "2036-11-23");
    let apart = CertificateFiles { key_file: Some(at("pkcs1.key")), ..files("rsa.crt") };
    for same in [
        apart,
        with_password("modern.pfx", "opensesame"),
        with_password("legacy.pfx", "opensesame"),
        files("nopassword.pfx"),
    ] {
        let read = same.read().await.unwrap();
        assert_eq!((read.certificate, read.ends_at), (pem.certificate.clone(), pem.ends_at), "{:?}", same.file);
        assert_eq!(read.key.public_key().as_ref(), pem.key.public_key().as_ref());
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_certificate_is_named_with_its_cure() {
    assert!(refused(files("elliptic.pem")).await.contains("Entra takes assertions signed with RSA only"));
    assert!(refused(files("rsa.crt")).await.contains("teams.certificate_key_file"));
    for wrong in ["modern.pfx", "legacy.pfx"] {
        assert!(refused(with_password(wrong, "wrong-word")).await.contains("does not open it"), "{wrong}");
        assert!(refused(files(wrong)).await.contains("does not open it"), "{wrong} without a password");
    }
    let twice = CertificateFiles { key_file: Some(at("pkcs1.key")), ..with_password("modern.pfx", "opensesame") };
    assert!(refused(twice).await.contains("leave teams.certificate_key_file out"));
    let encrypted = CertificateFiles { key_file: Some(at("encrypted.key")), ..files("rsa.crt") };
    assert!(refused(encrypted).await.contains("its key is encrypted"));
    assert!(refused(files("nowhere.pem")).await.contains("nowhere.pem"));

    let folder = tempfile::tempdir().unwrap();
    let there = |text: &[u8]| {
        let file = folder.path().join("certificate");
        std::fs::write(&file, text).unwrap();
        CertificateFiles { file, ..files("") }
    };
    assert!(refused(there(b"nonsense")).await.contains("neither PEM nor PFX"));
    assert!(refused(there(b"")).await.contains("neither PEM nor PFX"));
    let another = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let theirs = [another.serialize_pem().as_bytes(), &std::fs::read(at("rsa.crt")).unwrap()].concat();
    assert!(refused(there(&theirs)).await.contains("does not belong to the certificate"));
    // Half of a file that is being written.
    let half = std::fs::read(at("rsa.pem")).unwrap();
    assert!(!refused(there(&half[..half.len() / 2])).await.is_empty());
}
