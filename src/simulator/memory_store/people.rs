//! Tenants and their people.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::record::{Record, StoredPerson, StoredTenant};
use crate::domain::attributes::Mentioned;
use crate::domain::audience::Address;
use crate::domain::ids::{EntraId, Epoch, RecipientKey, TenantKey};
use crate::domain::route::Route;
use crate::domain::time::Timestamp;
use crate::ports::Person;

impl Record {
    /// As [`Store::tenant`](crate::ports::Store::tenant).
    pub fn tenant(&mut self, entra_tenant: Uuid, app: Uuid) -> TenantKey {
        self.issued.tenant += 1;
        let known = self.tenants.values().find(|known| known.entra_tenant == entra_tenant && known.app == app);
        if let Some(known) = known {
            return known.key;
        }
        let key = TenantKey(self.issued.tenant);
        let tenant = StoredTenant {
            key,
            entra_tenant,
            app,
            teams_app: None,
            halt: None,
            owner: None,
            epoch: Epoch(0),
            released_by: None,
            left_at: None,
            buckets: BTreeMap::new(),
            answered_at: None,
        };
        self.tenants.insert(key, tenant);
        key
    }

    /// As [`Store::keep_people`](crate::ports::Store::keep_people).
    pub fn keep_people(&mut self, tenant: TenantKey, people: &[Person], now: Timestamp) {
        self.keep(tenant, people.iter().map(|person| (person, Mentioned::ALL)), now);
    }

    /// Keeps people, of whom each tells only what is mentioned; their numbers, and how many rows were written.
    pub(super) fn keep<'a>(
        &mut self,
        tenant: TenantKey,
        people: impl Iterator<Item = (&'a Person, Mentioned)>,
        now: Timestamp,
    ) -> (Vec<RecipientKey>, u64) {
        // The last word about a person holds.
        let newest: BTreeMap<EntraId, (&Person, Mentioned)> = people.map(|it| (it.0.entra_id, it)).collect();
        let known: BTreeMap<EntraId, RecipientKey> =
            self.people(tenant).map(|stored| (stored.person.entra_id, stored.key)).collect();
        let (mut keys, mut written) = (Vec::new(), 0);
        for (id, (person, mentioned)) in newest {
            let old = known.get(&id).and_then(|key| self.people.get(&(tenant, *key)));
            let person = old.map_or_else(|| person.clone(), |old| person.clone().over(&old.person, mentioned));
            if let Some(old) = old.filter(|old| old.person == person && old.left_at.is_none()) {
                keys.push(old.key);
                continue;
            }
            self.issued.recipient += 1;
            let key = old.map_or(RecipientKey(self.issued.recipient), |old| old.key);
            let fresh = || StoredPerson {
                key,
                person: person.clone(),
                kept_at: now,
                route: Route::default(),
                refusal: None,
                service_url: None,
                heard_at: None,
                told_at: None,
                answered_at: None,
                left_at: None,
                venue: None,
            };
            let stored = self.people.entry((tenant, key)).or_insert_with(fresh);
            (stored.person, stored.kept_at, stored.left_at) = (person.clone(), now, None);
            keys.push(key);
            written += 1;
        }
        (keys, written)
    }

    /// As [`Store::search_people`](crate::ports::Store::search_people).
    pub fn search_people(&self, tenant: TenantKey, text: &str, limit: u32) -> Vec<Person> {
        let text = text.to_lowercase();
        let begins = |name: &str| name.to_lowercase().starts_with(&text);
        let hit = |person: &Person| {
            let mail = person.mail.as_deref().is_some_and(begins);
            mail || begins(&person.display_name) || begins(&person.user_principal_name)
        };
        let found = self.present(tenant).filter(|stored| hit(&stored.person));
        let mut found: Vec<&StoredPerson> = found.collect();
        found.sort_by_key(|stored| (&stored.person.display_name, stored.key));
        found.into_iter().take(limit as usize).map(|stored| stored.person.clone()).collect()
    }

    /// As [`Store::count_people`](crate::ports::Store::count_people).
    pub fn count_people(&self, tenant: TenantKey) -> u64 {
        self.present(tenant).count() as u64
    }

    /// As [`Store::find_people`](crate::ports::Store::find_people).
    pub fn find_people(&self, tenant: TenantKey, addresses: &[Address]) -> Vec<(Address, RecipientKey)> {
        let mut by_id: BTreeMap<EntraId, RecipientKey> = BTreeMap::new();
        let mut by_principal: BTreeMap<String, Vec<&StoredPerson>> = BTreeMap::new();
        let mut by_mail: BTreeMap<String, Vec<&StoredPerson>> = BTreeMap::new();
        for stored in self.present(tenant) {
            by_id.insert(stored.person.entra_id, stored.key);
            by_principal.entry(stored.person.user_principal_name.to_lowercase()).or_default().push(stored);
            if let Some(mail) = &stored.person.mail {
                by_mail.entry(mail.to_lowercase()).or_default().push(stored);
            }
        }
        // A user principal name goes before somebody else's mail address; of two people who have it, the one read
        // last. A mail address may be shared.
        let named = |name: &String| -> Vec<RecipientKey> {
            let Some(owners) = by_principal.get(name) else {
                return by_mail.get(name).into_iter().flatten().map(|stored| stored.key).collect();
            };
            let newest = owners.iter().map(|stored| stored.kept_at).max();
            owners.iter().filter(|stored| Some(stored.kept_at) == newest).map(|stored| stored.key).collect()
        };
        let (mut ids, mut names) = (Vec::new(), Vec::new());
        for address in addresses {
            match address {
                Address::Id(id) => ids.extend(by_id.get(id).map(|key| (address.clone(), *key))),
                Address::Name(name) => names.extend(named(name).into_iter().map(|key| (address.clone(), key))),
            }
        }
        names.sort();
        ids.extend(names);
        ids
    }
}
