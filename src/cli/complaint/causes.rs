//! What the adapters and the simulator complain of: a stable code, the setting it is about, the cure.

use super::{Complaint, sentence};
use crate::adapters::postgres::managed::ManagedError;
use crate::adapters::postgres::pool::DatabaseError;
use crate::adapters::teams::TeamsError;
use crate::domain::reason::HaltReason;
use crate::ports::StoreError;
use crate::simulator::SimulatorError;
use crate::telemetry::TelemetryError;

/// The complaint of an error below the use cases, when `cause` is one.
pub(super) fn of_adapter(cause: &(dyn std::error::Error + 'static)) -> Option<Complaint> {
    (cause.downcast_ref::<ManagedError>().map(Complaint::from))
        .or_else(|| cause.downcast_ref::<DatabaseError>().map(Complaint::from))
        .or_else(|| cause.downcast_ref::<TeamsError>().map(Complaint::from))
        .or_else(|| cause.downcast_ref::<SimulatorError>().map(Complaint::from))
        .or_else(|| cause.downcast_ref::<TelemetryError>().map(Complaint::from))
}

/// The setting that a refusal for everybody is most likely about.
pub(super) const fn field_of(reason: HaltReason) -> &'static str {
    use HaltReason as R;
    match reason {
        R::SecretWrong | R::SecretExpired => "teams.client_secret",
        R::CertificateRefused => "teams.certificate_file",
        R::CredentialUnusable | R::AssertionOutOfTime | R::FederationRefused => "teams.credential",
        R::NoSuchIdentity => "teams.managed_identity_client_id",
        R::TenantUnknown => "teams.tenant_id",
        R::NotInCatalogue => "teams.manifest_id",
        R::CertificateUntrusted => "network.extra_ca_file",
        R::ProxyRefused => "network.proxy",
        R::ContentRefused => "body",
        R::AudienceGone => "audience",
        R::NotInTeam => "--in-team",
        R::AppNotNamed => "--name-app",
        R::ChatsRefused => "teams.find_chat_through",
        R::ConsentMissing | R::AppUnknown | R::IdentityRefused | R::PermissionMissing => "teams.app_id",
        R::TokenRefused | R::BotDisabled | R::BotNotRegistered | R::RequestRefused => "teams",
    }
}

const fn is_full(kind: std::io::ErrorKind) -> bool {
    matches!(kind, std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded)
}

impl From<&ManagedError> for Complaint {
    fn from(error: &ManagedError) -> Self {
        use ManagedError as E;
        let (code, field) = match error {
            E::InUse { .. } => ("data_dir_in_use", "data.dir"),
            E::OwnerSilent { .. } => ("data_dir_silent", "data.dir"),
            E::Blocked { .. } => ("data_dir_blocked", "data.dir"),
            E::NotACluster { .. } => ("data_dir_occupied", "data.dir"),
            E::Usurped { .. } => ("socket_dir_usurped", "data.dir"),
            E::DiskFull { .. } => ("data_dir_full", "data.dir"),
            E::Io { source, .. } if is_full(source.kind()) => ("data_dir_full", "data.dir"),
            E::Io { .. } => ("data_dir", "data.dir"),
            E::ProgramsMissing { .. } => ("postgres_missing", "database.url"),
            E::VersionMismatch { .. } => ("postgres_version", "data.dir"),
            E::TooOld { .. } => ("postgres_too_old", "database.url"),
            E::NoAccount => ("postgres_account", "database.url"),
            E::InitFailed { .. } => ("postgres_init", "data.dir"),
            E::StartFailed { .. } => ("postgres_start", "data.dir"),
            E::StartTooSlow { .. } => ("postgres_slow", "data.dir"),
            E::Orphan { .. } => ("postgres_orphan", "data.dir"),
            E::NotDurable { .. } => ("postgres_not_durable", "data.dir"),
            E::Unreachable { .. } => ("postgres_silent", "data.dir"),
        };
        Self::failed(code, sentence(error), error.cure()).about(field)
    }
}

impl From<&DatabaseError> for Complaint {
    fn from(error: &DatabaseError) -> Self {
        let said = error.to_string();
        let sorted = match error {
            _ if error.is_refusal() => StoreError::Refused(said),
            DatabaseError::NoConnection { .. } => StoreError::Unavailable(said),
            _ if error.is_transient() || error.fate_unknown() => StoreError::Unavailable(said),
            _ => StoreError::Broken(said),
        };
        Self::from(&sorted)
    }
}

impl From<&TeamsError> for Complaint {
    fn from(error: &TeamsError) -> Self {
        let (field, cure) = match error {
            TeamsError::Settings(_) => ("teams", "Correct [teams] and [network]; `stentor config` prints both."),
            TeamsError::Certificates(_) => {
                ("network.extra_ca_file", "Put certificates in PEM into the file, and let this user read it.")
            }
            TeamsError::Network(_) => ("network", "Correct [network]; `stentor config` prints it."),
        };
        Self::bad_input("teams_settings", sentence(error), cure).about(field)
    }
}

impl From<&SimulatorError> for Complaint {
    fn from(error: &SimulatorError) -> Self {
        match error {
            SimulatorError::Faults(_) => {
                Self::bad_input("simulator_faults", sentence(error), "Correct the plan of faults.").about("--faults")
            }
            SimulatorError::Certificate { .. } => {
                let cure = "Give --tls-name host names, such as graph.contoso.example.";
                Self::bad_input("simulator_certificate", sentence(error), cure).about("--tls-name")
            }
            SimulatorError::Post { .. } => {
                let cure = "Give --webhook another address, or none.";
                Self::failed("simulator_post", sentence(error), cure).about("--webhook")
            }
            SimulatorError::Listen { .. } => {
                let cure = "Stop whatever listens there, or choose another address of this machine with --listen; \
                            port 0 takes a free one.";
                Self::failed("simulator_listen", sentence(error), cure).about("--listen")
            }
        }
    }
}

impl From<&TelemetryError> for Complaint {
    fn from(error: &TelemetryError) -> Self {
        Self::failed("telemetry", sentence(error), "Report this to whoever runs Stentor.").about("log")
    }
}
