//! Where something goes that is not one person's, kept beside the people.

use super::record::{Record, StoredPerson};
use crate::domain::attributes::Attributes;
use crate::domain::ids::{RecipientKey, TenantKey};
use crate::domain::route::{Account, Route};
use crate::domain::time::Timestamp;
use crate::ports::{NamedVenue, Person};

impl Record {
    /// As [`Store::keep_venues`](crate::ports::Store::keep_venues).
    pub fn keep_venues(&mut self, tenant: TenantKey, venues: &[NamedVenue], now: Timestamp) -> Vec<RecipientKey> {
        let mut in_order: Vec<&NamedVenue> = venues.iter().collect();
        in_order.sort_by_key(|named| named.venue.key());
        in_order.dedup_by_key(|named| named.venue.key());
        for NamedVenue { venue, .. } in in_order {
            // Of one that is named twice, the last name holds.
            let Some(named) = venues.iter().rev().find(|named| named.venue == *venue) else { continue };
            let known = self.people(tenant).find(|stored| stored.person.entra_id == venue.key()).map(|known| known.key);
            self.issued.recipient += 1;
            let key = known.unwrap_or(RecipientKey(self.issued.recipient));
            let stored = self.people.entry((tenant, key)).or_insert_with(|| StoredPerson {
                key,
                person: Person {
                    entra_id: venue.key(),
                    user_principal_name: venue.to_string(),
                    display_name: String::new(),
                    mail: None,
                    account: Account::ORDINARY,
                    attributes: Attributes::default(),
                },
                kept_at: now,
                route: Route::default(),
                refusal: None,
                service_url: None,
                heard_at: None,
                told_at: None,
                answered_at: None,
                left_at: None,
                venue: None,
            });
            stored.person.display_name.clone_from(&named.name);
            stored.venue = Some(Box::new(named.venue.clone()));
            (stored.kept_at, stored.left_at) = (now, None);
        }
        let number = |named: &NamedVenue| {
            self.people(tenant).find(|stored| stored.person.entra_id == named.venue.key()).map(|stored| stored.key)
        };
        venues.iter().filter_map(number).collect()
    }
}
