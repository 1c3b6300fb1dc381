//! What a forecast asks for: how well ways are known, who works, who had the app.

use crate::domain::broadcast::{AudienceKind, RoundKind, RoundState};
use crate::domain::flow::Mix;
use crate::domain::ids::{BroadcastId, EntraId, RecipientKey, TenantKey, WorkerId};
use crate::domain::outcome::{Fact, Outcome, Step};
use crate::domain::plan::Knowledge;
use crate::domain::time::Timestamp;
use crate::ports::{Outlook, Whose};

use super::record::{Record, StoredPerson, StoredRound};

/// Passes and people of them that are looked at for first answers.
const PASSES: usize = 8;
const PEOPLE: u32 = 4096;

impl Record {
    /// As [`Store::ways`](crate::ports::Store::ways).
    pub fn ways(&self, tenant: TenantKey, whose: &Whose) -> Mix {
        match whose {
            Whose::Everyone => mix(self.present(tenant)),
            Whose::People(ids) => {
                let ids: std::collections::BTreeSet<&EntraId> = ids.iter().collect();
                mix(self.present(tenant).filter(|stored| ids.contains(&stored.person.entra_id)))
            }
            Whose::Broadcast(id) => {
                let keys: Vec<RecipientKey> = self.still_to_reach(tenant, *id);
                mix(keys.iter().filter_map(|key| self.person(tenant, *key)))
            }
        }
    }

    /// The people of a broadcast's unfinished passes who are not settled; of one whose audience is not frozen,
    /// everybody it is for.
    fn still_to_reach(&self, tenant: TenantKey, id: BroadcastId) -> Vec<RecipientKey> {
        let sends = |round: &&StoredRound| matches!(round.kind, RoundKind::Send | RoundKind::Retry);
        let rounds = self.rounds_of(tenant, id).filter(sends).filter(|round| round.state != RoundState::Done);
        let mut keys = Vec::new();
        for round in rounds {
            match (round.state, round.kind, self.broadcast(tenant, id)) {
                (RoundState::Expanding, RoundKind::Send, Some(stored)) => match &stored.submitted.audience {
                    AudienceKind::Everyone => keys.extend(self.present(tenant).map(|stored| stored.key)),
                    AudienceKind::List | AudienceKind::Places | AudienceKind::Expression(_) => {
                        let listed = stored.list.iter().filter_map(|key| self.person(tenant, *key));
                        keys.extend(listed.filter(|stored| stored.left_at.is_none()).map(|stored| stored.key));
                    }
                },
                _ => keys.extend(unsettled(round)),
            }
        }
        keys
    }

    /// As [`Store::outlook`](crate::ports::Store::outlook).
    pub fn outlook(&self, tenant: TenantKey, clock: Timestamp) -> Outlook {
        let alive =
            |id: &WorkerId| self.workers.get(id).is_some_and(|it| it.alive_until.is_some_and(|end| end > clock));
        let owner = self.tenants.get(&tenant).and_then(|tenant| tenant.owner);
        let mut outlook = Outlook {
            works: self.workers.keys().any(alive),
            held: owner.as_ref().is_some_and(alive),
            ..Outlook::default()
        };
        let passes: Vec<&StoredRound> = self.rounds(tenant).collect();
        let newest = passes.into_iter().rev().take(PASSES);
        for fact in newest.flat_map(|round| round.attempts.values()).map(|kept| &kept.fact) {
            if fact.attempt != 1 || fact.ordinal.0 >= PEOPLE {
                continue;
            }
            if let (Some(Step::Notify), Some(Outcome::Accepted { .. })) = (fact.step, fact.outcome.as_ref()) {
                outlook.asked += 1;
                outlook.had += 1;
            }
            let Some((step, Outcome::Learnt(learnt))) = fact.step.zip(fact.outcome.as_ref()) else { continue };
            match (step, learnt) {
                (Step::Check, Fact::Installed(_))
                | (Step::Install, Fact::AlreadyInstalled)
                | (Step::Create, Fact::Chat(_)) => {
                    outlook.asked += 1;
                    outlook.had += 1;
                }
                (Step::Check | Step::Create | Step::Notify, Fact::NotInstalled)
                | (Step::Install, Fact::InstallAccepted) => {
                    outlook.asked += 1;
                }
                _ => {}
            }
        }
        outlook
    }
}

fn unsettled(round: &StoredRound) -> impl Iterator<Item = RecipientKey> {
    let ordinals = round.chunks.values().flat_map(|stored| stored.chunk.unsettled());
    ordinals.filter_map(|ordinal| round.audience.get(&ordinal).copied())
}

fn mix<'a>(people: impl Iterator<Item = &'a StoredPerson>) -> Mix {
    let mut mix = Mix::default();
    let reachable = people.filter(|stored| stored.person.account.barrier().is_none());
    reachable.for_each(|stored| mix.add(Knowledge::of(&stored.route), 1));
    mix
}
