//! With what the app proves who it is: one of four ways, and what belongs to it.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use url::Url;
use uuid::Uuid;

use super::checks::either;
use super::layers::IDENTITY_SERVICE;
use super::reader::Reader;
use super::{file_trouble, secret_in};
use crate::domain::credential::CredentialKind;
use crate::domain::fault::Fault;
use crate::domain::time::Timestamp;

const KIND: &str = "teams.credential";
const SECRET: &str = "teams.client_secret";
const SECRET_FILE: &str = "teams.client_secret_file";
const SECRET_EXPIRES: &str = "teams.client_secret_expires";
const CERTIFICATE: &str = "teams.certificate_file";
const CERTIFICATE_KEY: &str = "teams.certificate_key_file";
const PASSWORD: &str = "teams.certificate_password";
const PASSWORD_FILE: &str = "teams.certificate_password_file";
const ASSERTION: &str = "teams.assertion";
const TOKEN_FILE: &str = "teams.federated_token_file";
const IDENTITY: &str = "teams.managed_identity_client_id";

/// What belongs to which credential: the keys that make it one, and those that only go with it.
const KEYS: [(CredentialKind, &[&str], &[&str]); 4] = [
    (CredentialKind::Secret, &[SECRET, SECRET_FILE], &[SECRET_EXPIRES]),
    (CredentialKind::Certificate, &[CERTIFICATE], &[CERTIFICATE_KEY, PASSWORD, PASSWORD_FILE]),
    (CredentialKind::WorkloadIdentity, &[TOKEN_FILE], &[]),
    (CredentialKind::ManagedIdentity, &[IDENTITY], &[]),
];

/// A secret text: in place, or in a file that is read when it is needed.
#[derive(Debug, Clone)]
pub enum Given {
    /// Here.
    Here(SecretString),
    /// There.
    InFile(PathBuf),
}

/// With what the app proves who it is.
#[derive(Debug, Clone)]
pub enum CredentialSettings {
    /// A client secret.
    Secret(SecretSettings),
    /// A certificate.
    Certificate(CertificateSettings),
    /// The token of a workload, in this file.
    WorkloadIdentity(PathBuf),
    /// An identity of this machine.
    ManagedIdentity(ManagedIdentitySettings),
}

/// A client secret.
#[derive(Debug, Clone)]
pub struct SecretSettings {
    /// Its value.
    pub secret: Given,
    /// When it ends, if somebody has said so.
    pub ends_at: Option<Timestamp>,
}

/// A certificate and its key.
#[derive(Debug, Clone)]
pub struct CertificateSettings {
    /// PEM or PFX.
    pub file: PathBuf,
    /// The key, when it lies apart.
    pub key_file: Option<PathBuf>,
    /// A PFX's password.
    pub password: Option<Given>,
    /// How assertions are signed.
    pub assertion: AssertionAlgorithm,
}

/// How assertions are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AssertionAlgorithm {
    /// What Entra recommends.
    Ps256,
    /// The older form.
    Rs256,
}

/// An identity of this machine.
#[derive(Debug, Clone)]
pub struct ManagedIdentitySettings {
    /// Its client id.
    pub client_id: Uuid,
    /// Whether it vouches for the app, which is another; otherwise it is the app.
    pub vouches: bool,
    /// Where App Service or Container Apps hand its tokens out; `None` on a virtual machine.
    pub service: Option<IdentityService>,
}

/// Where App Service or Container Apps hand out tokens.
#[derive(Debug, Clone)]
pub struct IdentityService {
    /// Its address on this machine.
    pub url: Url,
    /// The word that lets us in.
    pub header: SecretString,
}

/// What is chosen, or follows from what is given; `None` when nothing is.
pub(super) fn credential(reader: &mut Reader, app_id: Option<Uuid>) -> Option<CredentialSettings> {
    either(reader, SECRET, SECRET_FILE);
    either(reader, PASSWORD, PASSWORD_FILE);
    let secret = given(reader, SECRET, SECRET_FILE, "\"the secret's value\"");
    let ends_at = reader.day(SECRET_EXPIRES);
    let certificate = reader.file(CERTIFICATE);
    let key_file = reader.file(CERTIFICATE_KEY);
    let password = given(reader, PASSWORD, PASSWORD_FILE, "\"the password\"");
    let algorithms = &[("PS256", AssertionAlgorithm::Ps256), ("RS256", AssertionAlgorithm::Rs256)];
    let assertion = reader.choice(ASSERTION, algorithms);
    let token_file = reader.file(TOKEN_FILE);
    let client_id = reader.uuid(IDENTITY);

    let kind = kind(reader)?;
    match kind {
        CredentialKind::Secret => Some(CredentialSettings::Secret(SecretSettings { secret: secret?, ends_at })),
        CredentialKind::Certificate => {
            let certificate = CertificateSettings { file: certificate?, key_file, password, assertion };
            Some(CredentialSettings::Certificate(certificate))
        }
        CredentialKind::WorkloadIdentity => token_file.map(CredentialSettings::WorkloadIdentity),
        CredentialKind::ManagedIdentity => {
            let service = identity_service(reader);
            let (client_id, vouches) = (client_id?, client_id != app_id);
            Some(CredentialSettings::ManagedIdentity(ManagedIdentitySettings { client_id, vouches, service }))
        }
    }
}

fn given(reader: &mut Reader, here: &str, in_file: &str, example: &str) -> Option<Given> {
    let file = reader.file(in_file).map(Given::InFile);
    reader.text(here, example).map(|text| Given::Here(SecretString::from(text))).or(file)
}

/// Which credential it is. Whatever belongs to another is refused: nobody shall believe that it counts.
fn kind(reader: &mut Reader) -> Option<CredentialKind> {
    let named = reader.text(KIND, "\"certificate\"");
    let said = named.as_deref().and_then(|word| CredentialKind::ALL.into_iter().find(|kind| kind.name() == word));
    if let (Some(word), None) = (&named, said) {
        let words = CredentialKind::ALL.map(|kind| format!("\"{}\"", kind.name())).join(" or ");
        reader.refuse(KIND, format!("“{word}” is not one of the choices"), format!("Write it like {words}."));
        return None;
    }
    match said {
        Some(kind) => {
            refuse_strangers(reader, kind);
            let (_, own, _) = KEYS.into_iter().find(|(of, ..)| *of == kind)?;
            // Of a secret the commands that need it ask themselves.
            if kind != CredentialKind::Secret && !own.iter().any(|key| reader.is_given(key)) {
                let problem = format!("is not given, but teams.credential is \"{}\"", kind.name());
                reader.refuse(own[0], problem, cure_of(kind));
            }
            Some(kind)
        }
        None => infer(reader),
    }
}

fn infer(reader: &mut Reader) -> Option<CredentialKind> {
    let main = |(kind, own, _): &(CredentialKind, &[&'static str], &[&str])| {
        own.iter().find(|key| reader.is_given(key)).map(|key| (*kind, *key))
    };
    let found: Vec<(CredentialKind, &str)> = KEYS.iter().filter_map(main).collect();
    match found.as_slice() {
        [(kind, _)] => {
            refuse_strangers(reader, *kind);
            Some(*kind)
        }
        [] => {
            for (_, own, with) in KEYS {
                for key in with.iter().filter(|key| reader.is_given(key)).copied().collect::<Vec<_>>() {
                    let cure = format!("Set {}, or remove it.", own[0]);
                    reader.refuse(key, format!("is given without {}", own[0]), cure);
                }
            }
            None
        }
        [(_, first), others @ ..] => {
            let others = others.iter().map(|(_, key)| *key).collect::<Vec<_>>().join(" and ");
            let problem = format!("is given, and {others} too");
            reader.refuse(first, problem, "Keep what belongs to one credential and remove the others.");
            None
        }
    }
}

fn refuse_strangers(reader: &mut Reader, kind: CredentialKind) {
    let strangers = KEYS.into_iter().filter(|(of, ..)| *of != kind).flat_map(|(_, own, with)| own.iter().chain(with));
    for key in strangers {
        if reader.is_given(key) {
            let problem = format!("is given, but the credential is \"{}\"", kind.name());
            reader.refuse_together(&[key, KIND], problem, "Remove it, or choose another teams.credential.");
        }
    }
}

const fn cure_of(kind: CredentialKind) -> &'static str {
    match kind {
        CredentialKind::Secret => "Set it to the secret's value.",
        CredentialKind::Certificate => "Name a file in PEM with the certificate and its key, or a PFX.",
        CredentialKind::WorkloadIdentity => {
            "Name the file in which the platform keeps this workload's token; where AZURE_FEDERATED_TOKEN_FILE is set, it is \
             that one."
        }
        CredentialKind::ManagedIdentity => "Copy the client id of the user-assigned identity from the Azure portal.",
    }
}

/// What App Service and Container Apps tell those whom they run.
fn identity_service(reader: &mut Reader) -> Option<IdentityService> {
    let [endpoint, header] = IDENTITY_SERVICE;
    let url = reader.told(endpoint)?.parse().ok();
    let word = reader.told(header).map(|word| SecretString::from(word.to_owned()));
    match (url, word) {
        (Some(url), Some(header)) => Some(IdentityService { url, header }),
        _ => {
            let problem = format!("has {endpoint} without a url, or without {header}");
            reader.refuse_together(&[IDENTITY], problem, "Leave both variables as the platform has set them.");
            None
        }
    }
}

impl CredentialSettings {
    /// A secret, of which nobody knows when it ends.
    pub fn here(secret: String) -> Self {
        Self::Secret(SecretSettings { secret: Given::Here(secret.into()), ends_at: None })
    }

    /// Which kind it is.
    pub const fn kind(&self) -> CredentialKind {
        match self {
            Self::Secret(_) => CredentialKind::Secret,
            Self::Certificate(_) => CredentialKind::Certificate,
            Self::WorkloadIdentity(_) => CredentialKind::WorkloadIdentity,
            Self::ManagedIdentity(_) => CredentialKind::ManagedIdentity,
        }
    }

    /// What keeps its files from being read at this moment.
    pub(super) fn faults(&self) -> Vec<Fault> {
        let secret = "Put the secret's value alone into the file, and let this user read it.";
        let word = "Put the password alone into the file, and let this user read it.";
        let readable = "Let this user read it.";
        match self {
            Self::Secret(SecretSettings { secret: Given::InFile(file), .. }) => {
                secret_in(file).err().map(|problem| Fault::new(SECRET_FILE, problem, secret)).into_iter().collect()
            }
            Self::Certificate(CertificateSettings { file, key_file, password, .. }) => {
                let password = match password {
                    Some(Given::InFile(file)) => secret_in(file).err(),
                    _ => None,
                };
                let key = key_file.as_deref().and_then(|file| unreadable(CERTIFICATE_KEY, file, readable));
                let password = password.map(|problem| Fault::new(PASSWORD_FILE, problem, word));
                [unreadable(CERTIFICATE, file, readable), key, password].into_iter().flatten().collect()
            }
            Self::WorkloadIdentity(file) => unreadable(TOKEN_FILE, file, readable).into_iter().collect(),
            Self::Secret(_) | Self::ManagedIdentity(_) => Vec::new(),
        }
    }
}

fn unreadable(key: &str, file: &Path, cure: &str) -> Option<Fault> {
    let trouble = match std::fs::read(file) {
        Ok(bytes) if bytes.is_empty() => return Some(Fault::new(key, format!("“{}” is empty", file.display()), cure)),
        Ok(_) => return None,
        Err(error) => file_trouble(&error),
    };
    Some(Fault::new(key, format!("“{}” cannot be read: {trouble}", file.display()), cure))
}
