//! With what we prove to Entra who we are, and how long that goes on being a proof.

use chrono::TimeDelta;
use serde::Serialize;

use super::time::Timestamp;

/// What somebody has to replace in time is told of this long before it ends.
pub const SHORT: TimeDelta = TimeDelta::days(30);

/// Which kind of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialKind {
    /// A client secret.
    Secret,
    /// A certificate, whose key signs an assertion for each token.
    Certificate,
    /// A token of somebody else's whom Entra trusts, such as a Kubernetes cluster; it lies in a file.
    WorkloadIdentity,
    /// An identity of the machine in Azure.
    ManagedIdentity,
}

impl CredentialKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Secret, Self::Certificate, Self::WorkloadIdentity, Self::ManagedIdentity];

    /// The word used in settings and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Secret => "secret",
            Self::Certificate => "certificate",
            Self::WorkloadIdentity => "workload_identity",
            Self::ManagedIdentity => "managed_identity",
        }
    }

    /// Whether somebody must replace it by hand before it ends. The others are renewed by the platform, within the hour.
    pub const fn is_replaced_by_hand(self) -> bool {
        matches!(self, Self::Secret | Self::Certificate)
    }

    /// What to do before it ends, in a sentence.
    pub const fn cure(self) -> &'static str {
        match self {
            Self::Secret => {
                "Make another client secret in Entra, put it in the place of this one, and correct \
                 teams.client_secret_expires."
            }
            Self::Certificate => {
                "Upload a new certificate to the app registration in Entra, and replace teams.certificate_file."
            }
            Self::WorkloadIdentity => "Look why the platform does not renew the file in teams.federated_token_file.",
            Self::ManagedIdentity => "Nothing: the platform renews it.",
        }
    }
}

/// How long our proof lasts, as far as that can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CredentialLife {
    /// Which proof.
    pub kind: CredentialKind,
    /// When it ends; `None` where nobody can know: a secret whose end the settings do not tell, a managed identity.
    pub ends_at: Option<Timestamp>,
}

impl CredentialLife {
    /// What is left of it at `now`; negative when it has ended, `None` when nobody can know.
    pub fn left(&self, now: Timestamp) -> Option<TimeDelta> {
        self.ends_at.map(|ends_at| ends_at - now)
    }

    /// The same in whole days, rounded down.
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        self.left(now).map(|left| left.num_seconds().div_euclid(24 * 3600))
    }

    /// Whether it has ended.
    pub fn has_ended(&self, now: Timestamp) -> bool {
        self.left(now).is_some_and(|left| left <= TimeDelta::zero())
    }

    /// Whether somebody should see to it: it has ended, or it must be replaced by hand within [`SHORT`].
    pub fn is_short(&self, now: Timestamp) -> bool {
        let soon = self.kind.is_replaced_by_hand() && self.left(now).is_some_and(|left| left < SHORT);
        soon || self.has_ended(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(kind: CredentialKind, ends_at: &str) -> CredentialLife {
        CredentialLife { kind, ends_at: Some(ends_at.parse().unwrap()) }
    }

    #[test]
    fn what_is_replaced_by_hand_is_told_of_a_month_before_its_end() {
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        for kind in [CredentialKind::Secret, CredentialKind::Certificate] {
            assert!(!life(kind, "2026-12-24T12:00:00Z").is_short(now));
            let soon = life(kind, "2026-12-24T11:59:59Z");
            assert!(soon.is_short(now) && !soon.has_ended(now));
            assert_eq!(soon.days_left(now), Some(29));
        }
        let ended = life(CredentialKind::Certificate, "2026-11-24T11:00:00Z");
        assert!(ended.is_short(now) && ended.has_ended(now));
        assert_eq!(ended.days_left(now), Some(-1));
    }

    #[test]
    fn a_token_of_the_platform_is_told_of_when_it_has_ended() {
        let now = "2026-11-24T12:00:00Z".parse().unwrap();
        assert!(!life(CredentialKind::WorkloadIdentity, "2026-11-24T12:10:00Z").is_short(now));
        assert!(life(CredentialKind::WorkloadIdentity, "2026-11-24T11:59:00Z").is_short(now));
        let unknown = CredentialLife { kind: CredentialKind::Secret, ends_at: None };
        assert!(!unknown.is_short(now) && unknown.days_left(now).is_none());
    }
}
