//! Audiences told in words: whom a source names, what is saved, what is laid down for a round.

use super::record::{Record, StoredBroadcast, StoredPerson, StoredRound};
use super::{Answer, queue};
use crate::domain::audience::Address;
use crate::domain::audience::expression::{Attribute, Flag, People, Source, is_called};
use crate::domain::broadcast::{RoundKind, RoundState};
use crate::domain::ids::{BroadcastId, RecipientKey, RoundId, TenantKey, WorkerId};
use crate::domain::time::Timestamp;
use crate::ports::{Acquaintance, HeldTenant, SavedAudience, StoreError};

impl Record {
    /// As [`Store::named_by`](crate::ports::Store::named_by).
    pub fn named_by(&self, tenant: TenantKey, source: &Source, of: Option<BroadcastId>) -> Option<People> {
        let who = |is: &dyn Fn(&StoredPerson) -> bool| -> People {
            self.present(tenant).filter(|stored| is(stored)).map(|stored| stored.key).collect()
        };
        match source {
            Source::Everyone => Some(who(&|_| true)),
            Source::Flag(flag) => Some(who(&|stored| is_flagged(stored, *flag))),
            Source::Attribute(attribute, test) => {
                Some(who(&|stored| test.passes(*attribute, value(stored, *attribute))))
            }
            Source::Person(address) => self.only(tenant, address),
            Source::List(name) => {
                let list = self.broadcast(tenant, of?)?.lists.get(name)?;
                Some(who(&|stored| list.contains(&stored.key)))
            }
            Source::Broadcast { id, standing, reason } => {
                self.broadcast(tenant, *id)?;
                let is_open =
                    |round: &StoredRound| round.kind == RoundKind::Send && round.state == RoundState::Expanding;
                if self.rounds_of(tenant, *id).any(is_open) {
                    return None;
                }
                let state = standing.map(|standing| standing.word());
                let deliveries = self.deliveries(tenant, *id, None, u32::MAX).into_iter();
                let asked = deliveries.filter(|(_, delivery)| {
                    state.is_none_or(|state| delivery.state == state)
                        && reason.is_none_or(|reason| delivery.reason == Some(reason))
                });
                let asked: People = asked.map(|(key, _)| key).collect();
                Some(asked.and(&who(&|_| true)))
            }
            Source::Group(name) | Source::Team(name) => {
                let is_team = matches!(source, Source::Team(_));
                let mut groups =
                    self.groups.iter().filter(|((of, _), _)| *of == tenant).map(|(_, stored)| stored).filter(
                        |stored| {
                            let group = &stored.group;
                            (group.team || !is_team) && is_called(name, group.id, &group.name)
                        },
                    );
                // Of several of one name, nobody knows which is meant.
                let (Some(group), None) = (groups.next(), groups.next()) else { return None };
                Some(who(&|stored| group.members.contains(&stored.key)))
            }
            Source::Saved(_) => None,
        }
    }

    /// The one person who has this address.
    fn only(&self, tenant: TenantKey, address: &Address) -> Option<People> {
        match self.find_people(tenant, std::slice::from_ref(address)).as_slice() {
            [(_, key)] => Some([*key].into_iter().collect()),
            _ => None,
        }
    }

    /// As [`Store::acquaintances`](crate::ports::Store::acquaintances).
    pub fn acquaintances(&self, tenant: TenantKey, people: &[RecipientKey]) -> Vec<Acquaintance> {
        let known = people.iter().filter_map(|key| self.person(tenant, *key));
        known
            .map(|stored| Acquaintance {
                key: stored.key,
                entra_id: stored.person.entra_id,
                display_name: stored.person.display_name.clone(),
                user_principal_name: stored.person.user_principal_name.clone(),
                account: stored.person.account,
                refusal: stored.refusal.map(|(reason, _)| reason),
            })
            .collect()
    }

    /// As [`Store::saved_audiences`](crate::ports::Store::saved_audiences).
    pub fn saved_audiences(&self, tenant: TenantKey) -> Vec<SavedAudience> {
        self.saved.iter().filter(|((of, _), _)| *of == tenant).map(|(_, saved)| saved.clone()).collect()
    }

    /// As [`Store::save_audience`](crate::ports::Store::save_audience).
    pub fn save_audience(&mut self, tenant: TenantKey, audience: &SavedAudience) {
        self.saved.insert((tenant, audience.name.clone()), audience.clone());
    }

    /// As [`Store::remove_audience`](crate::ports::Store::remove_audience).
    pub fn remove_audience(&mut self, tenant: TenantKey, name: &str) -> bool {
        self.saved.remove(&(tenant, name.to_owned())).is_some()
    }

    /// As [`Store::waiting_audiences`](crate::ports::Store::waiting_audiences).
    pub fn waiting_audiences(&self, tenant: TenantKey) -> Vec<(BroadcastId, String)> {
        let waits = |stored: &&StoredBroadcast| {
            let mut rounds = self.rounds_of(tenant, stored.submitted.id);
            stored.tenant == tenant
                && !stored.state.is_final()
                && rounds.any(|round| round.kind == RoundKind::Send && round.state == RoundState::Expanding)
        };
        let waiting = self.broadcasts.values().filter(waits);
        waiting
            .filter_map(|stored| Some((stored.submitted.id, stored.submitted.audience.expression()?.to_owned())))
            .collect()
    }

    /// As [`Store::lay_down`](crate::ports::Store::lay_down).
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub fn lay_down(
        &mut self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        people: &People,
        clock: Timestamp,
    ) -> Answer<()> {
        if !self.holds(held, worker) {
            return Err(StoreError::LeaseLost);
        }
        let key = (held.tenant, round);
        let Some(stored) = self.rounds.get(&key).filter(|round| round.state == RoundState::Expanding) else {
            return Ok(());
        };
        let (id, kind) = (stored.broadcast, stored.kind);
        let waits = queue::words_of(stored, self.broadcast(held.tenant, id)).is_some();
        let may = self.broadcast(held.tenant, id).is_some_and(|broadcast| queue::may_expand(broadcast, kind, clock));
        if !(waits && may) {
            return Ok(());
        }
        if let Some(broadcast) = self.broadcasts.get_mut(&(held.tenant, id)) {
            broadcast.list = people.iter().collect();
        }
        if let Some(round) = self.rounds.get_mut(&key) {
            round.listed_at = Some(clock);
        }
        Ok(())
    }
}

const fn is_flagged(stored: &StoredPerson, flag: Flag) -> bool {
    let account = stored.person.account;
    match flag {
        Flag::Guest => account.guest,
        Flag::Disabled => !account.enabled,
        Flag::Unlicensed => !account.licensed,
    }
}

/// What the directory says of her.
fn value(stored: &StoredPerson, attribute: Attribute) -> &str {
    fn of(text: &Option<String>) -> &str {
        text.as_deref().unwrap_or_default()
    }
    let (person, attributes) = (&stored.person, &stored.person.attributes);
    match attribute {
        Attribute::Name => &person.display_name,
        Attribute::PrincipalName => &person.user_principal_name,
        Attribute::Mail => of(&person.mail),
        Attribute::Department => of(&attributes.department),
        Attribute::JobTitle => of(&attributes.job_title),
        Attribute::Office => of(&attributes.office),
        Attribute::Country => of(&attributes.country),
        Attribute::Language => of(&attributes.language),
    }
}
