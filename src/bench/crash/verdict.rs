//! What one round came to, and which promises it broke.

use std::collections::{BTreeMap, BTreeSet};

use super::Mishap;
use crate::domain::delivery::WhenInDoubt;
use crate::domain::ids::EntraId;
use crate::domain::progress::Progress;
use crate::domain::reason::Reason;
use crate::ports::DeliveryReport;

/// Names that a broken promise spells out.
const NAMES_SHOWN: usize = 5;

/// Everything that is known of a round once it is over.
pub(super) struct Evidence<'a> {
    /// By the organisation: who can be told, with their names.
    pub reachable: &'a BTreeMap<EntraId, String>,
    /// By the ledger: who was told how often.
    pub told: &'a BTreeMap<EntraId, u64>,
    /// By our record: what we say of each.
    pub said: &'a BTreeMap<EntraId, DeliveryReport>,
    /// By our record: the sums.
    pub progress: Progress,
    /// Told by the time of the mishap, by the ledger.
    pub told_then: &'a BTreeMap<EntraId, u64>,
    /// With a settling fact at that time, by our record.
    pub settled_then: &'a BTreeSet<EntraId>,
}

/// One round, judged.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub policy: WhenInDoubt,
    pub mishap: Mishap,
    pub lost: Vec<String>,
    pub duplicates: u64,
    pub unconfirmed: u64,
    pub set_aside: u64,
    pub open_at_kill: u64,
    pub received_unrecorded: u64,
    pub recovery_seconds: Option<f64>,
    pub left_over: u64,
    pub twice: Vec<String>,
    pub misreported: Vec<String>,
    pub sum: Option<String>,
}

/// How many people were told more than once.
pub(super) fn told_twice(told: &BTreeMap<EntraId, u64>) -> u64 {
    told.values().filter(|times| **times > 1).count() as u64
}

impl Verdict {
    pub(super) fn of(policy: WhenInDoubt, mishap: Mishap, evidence: &Evidence<'_>) -> Self {
        let Evidence { reachable, told, said, progress, told_then, settled_then } = evidence;
        let state = |id: &EntraId| said.get(id).map_or("nothing", |report| report.state.as_str());
        let is_set_aside = |id: &EntraId| said.get(id).is_some_and(|it| it.reason == Some(Reason::SetAside));
        let named = |id: &EntraId| {
            let name = reachable.get(id).map_or("somebody who cannot be told", String::as_str);
            format!("{name} ({}, told {} times)", state(id), told.get(id).copied().unwrap_or_default())
        };
        let lost = reachable.keys().filter(|id| {
            let owned_up = state(id) == "unconfirmed" && (policy == WhenInDoubt::Hold || is_set_aside(id));
            !told.contains_key(*id) && !owned_up
        });
        let unconfirmed = || said.iter().filter(|(_, report)| report.state == "unconfirmed");
        let set_aside = unconfirmed().filter(|(id, _)| is_set_aside(id)).count() as u64;
        // Told, and reported as somebody who was not and will not be.
        let misreported = told.keys().filter(|id| !matches!(state(id), "sent" | "unconfirmed"));
        Self {
            policy,
            mishap,
            lost: lost.map(named).collect(),
            duplicates: told_twice(told),
            unconfirmed: unconfirmed().count() as u64 - set_aside,
            set_aside,
            open_at_kill: 0,
            received_unrecorded: told_then.keys().filter(|id| !settled_then.contains(id)).count() as u64,
            recovery_seconds: None,
            left_over: 0,
            twice: told.iter().filter(|(_, times)| **times > 1).map(|(id, _)| named(id)).collect(),
            misreported: misreported.map(named).collect(),
            sum: sum_broken(progress, said),
        }
    }

    /// The promises that were broken, in words.
    pub(super) fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut unless = |kept: bool, words: String| {
            if !kept {
                broken.push(words);
            }
        };
        let (lost, duplicates, unconfirmed) = (self.lost.len(), self.duplicates, self.unconfirmed);
        unless(lost == 0, format!("{lost} lost: {}", names(&self.lost)));
        match self.policy {
            WhenInDoubt::Hold => {
                unless(duplicates == 0, format!("{duplicates} told twice in hold: {}", names(&self.twice)));
                let open = self.open_at_kill;
                unless(unconfirmed <= open, format!("{unconfirmed} unconfirmed, but only {open} were open"));
            }
            WhenInDoubt::Resend => {
                let known = self.received_unrecorded;
                let words = format!("{duplicates} told twice, but only {known} unrecorded: {}", names(&self.twice));
                unless(duplicates <= known, words);
                unless(unconfirmed == 0, format!("{unconfirmed} unconfirmed in resend"));
            }
        }
        let wrong = &self.misreported;
        unless(wrong.is_empty(), format!("{} told and reported otherwise: {}", wrong.len(), names(wrong)));
        unless(self.left_over == 0, format!("{} permissions or claims are left over", self.left_over));
        broken.extend(self.sum.clone());
        broken
    }
}

fn names(all: &[String]) -> String {
    let shown = all[..all.len().min(NAMES_SHOWN)].join("; ");
    if all.len() > NAMES_SHOWN { format!("{shown}; and {} more", all.len() - NAMES_SHOWN) } else { shown }
}

/// P1: the sum holds, nobody is pending, and the sums are those of the people themselves.
fn sum_broken(progress: &Progress, said: &BTreeMap<EntraId, DeliveryReport>) -> Option<String> {
    let count = |state: &str| said.values().filter(|report| report.state == state).count() as u64;
    let by_person = Progress {
        targeted: said.len() as u64,
        pending: count("pending"),
        sent: count("sent"),
        failed: count("failed"),
        skipped: count("skipped"),
        unconfirmed: count("unconfirmed"),
        cancelled: count("cancelled"),
    };
    let holds = progress.adds_up() && progress.pending == 0 && by_person == *progress;
    (!holds).then(|| format!("the sum does not hold: {progress:?}, by person {by_person:?}"))
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> EntraId {
        EntraId(Uuid::from_u128(number))
    }

    fn report(number: u128, state: &str, reason: Option<Reason>) -> (EntraId, DeliveryReport) {
        let report = DeliveryReport {
            entra_id: id(number),
            display_name: String::new(),
            user_principal_name: String::new(),
            state: state.to_owned(),
            reason,
            attempts: 1,
            last_status: None,
            message_id: None,
            first_attempt_at: None,
            last_attempt_at: None,
        };
        (id(number), report)
    }

    /// Four people: what each was told how often and what we say of each.
    fn judge(policy: WhenInDoubt, people: &[(u64, &str, Option<Reason>)], then: u64) -> Verdict {
        let numbered = || (1_u128..).zip(people);
        let reachable = numbered().map(|(number, _)| (id(number), format!("P{number}"))).collect();
        let told = numbered().filter(|(_, it)| it.0 > 0).map(|(number, it)| (id(number), it.0)).collect();
        let said: BTreeMap<_, _> = numbered().map(|(number, it)| report(number, it.1, it.2)).collect();
        let count = |state| people.iter().filter(|it| it.1 == state).count() as u64;
        let progress = Progress {
            targeted: people.len() as u64,
            sent: count("sent"),
            failed: count("failed"),
            unconfirmed: count("unconfirmed"),
            ..Progress::default()
        };
        let told_then = (1..=u128::from(then)).map(|number| (id(number), 1)).collect();
        let settled_then = BTreeSet::new();
        let (reachable, told): (BTreeMap<_, _>, BTreeMap<_, _>) = (reachable, told);
        let evidence = Evidence {
            reachable: &reachable,
            told: &told,
            said: &said,
            progress,
            told_then: &told_then,
            settled_then: &settled_then,
        };
        Verdict { open_at_kill: 2, ..Verdict::of(policy, Mishap::WorkerKilled, &evidence) }
    }

    #[test]
    fn doubt_within_the_permissions_breaks_nothing() {
        let people = [(1, "sent", None), (1, "unconfirmed", None), (0, "unconfirmed", None)];
        assert_eq!(judge(WhenInDoubt::Hold, &people, 2).broken(), Vec::<String>::new());
        let people = [(1, "sent", None), (2, "sent", None), (0, "unconfirmed", Some(Reason::SetAside))];
        let verdict = judge(WhenInDoubt::Resend, &people, 2);
        assert_eq!(verdict.broken(), Vec::<String>::new());
        assert_eq!((verdict.set_aside, verdict.duplicates, verdict.received_unrecorded), (1, 1, 2));
    }

    #[test]
    fn each_broken_promise_is_told_by_name() {
        let people = [(2, "sent", None), (0, "sent", None), (1, "failed", None)];
        let broken = judge(WhenInDoubt::Hold, &people, 0).broken();
        assert_eq!(
            broken,
            [
                "1 lost: P2 (sent, told 0 times)",
                "1 told twice in hold: P1 (sent, told 2 times)",
                "1 told and reported otherwise: P3 (failed, told 1 times)",
            ]
        );
        let people = [(0, "unconfirmed", None), (2, "sent", None)];
        let broken = judge(WhenInDoubt::Resend, &people, 0).broken();
        assert_eq!(broken.len(), 3, "{broken:?}");
    }
}
