//! How far the directory has been read, and the groups that audiences name.

use std::collections::BTreeSet;
use std::time::Duration;

use super::record::{Record, StoredDirectory, StoredGroup, StoredPerson};
use super::to_delta;
use crate::domain::attributes::Mentioned;
use crate::domain::ids::{EntraId, GroupId, ReaderId, RecipientKey, TenantKey};
use crate::domain::time::Timestamp;
use crate::ports::{Advanced, Change, DirectoryRecord, Group, GroupRecord, ReadingStep, StoreError};

impl Record {
    /// As [`Store::directory`](crate::ports::Store::directory).
    pub fn directory(&self, tenant: TenantKey) -> DirectoryRecord {
        let told = self.directories.get(&tenant).map(|stored| stored.told.clone()).unwrap_or_default();
        let left = self.people(tenant).filter(|stored| stored.left_at.is_some()).count() as u64;
        DirectoryRecord { left, ..told }
    }

    /// As [`Store::claim_directory`](crate::ports::Store::claim_directory).
    pub fn claim_directory(
        &mut self,
        tenant: TenantKey,
        reader: ReaderId,
        lease: Duration,
        clock: Timestamp,
    ) -> Option<DirectoryRecord> {
        let stored = self.directories.entry(tenant).or_default();
        let is_free = stored.reader.is_none_or(|(owner, until)| owner == reader || until <= clock);
        is_free.then(|| {
            stored.reader = Some((reader, clock + to_delta(lease)));
            stored.told.clone()
        })
    }

    /// As [`Store::release_directory`](crate::ports::Store::release_directory).
    pub fn release_directory(&mut self, tenant: TenantKey, reader: ReaderId, failure: Option<&str>, now: Timestamp) {
        if let Ok(stored) = self.held(tenant, reader) {
            stored.reader = None;
            if let Some(failure) = failure {
                stored.told.failure = Some((now, failure.to_owned()));
            }
        }
    }

    /// As [`Store::advance`](crate::ports::Store::advance).
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the claim is not `reader`'s any more.
    pub fn advance(
        &mut self,
        tenant: TenantKey,
        reader: ReaderId,
        lease: Duration,
        step: &ReadingStep<'_>,
        now: Timestamp,
        clock: Timestamp,
    ) -> Result<Advanced, StoreError> {
        self.held(tenant, reader)?.reader = Some((reader, clock + to_delta(lease)));
        let mut advanced = Advanced::default();
        match step {
            ReadingStep::Begin { delta_link } => {
                let stored = self.held(tenant, reader)?;
                stored.named.clear();
                stored.unreadable = false;
                let told = &mut stored.told;
                (told.began_at, told.next_page, told.delta_link) = (Some(now), None, Some((*delta_link).to_owned()));
            }
            ReadingStep::Page { people, unreadable, next } => {
                let people = people.iter().map(|person| (person, Mentioned::ALL));
                let (keys, written) = self.keep(tenant, people, now);
                advanced.changed = written;
                let stored = self.held(tenant, reader)?;
                stored.named.extend(keys);
                stored.unreadable |= unreadable;
                stored.told.next_page = next.map(str::to_owned);
            }
            ReadingStep::PartWith { limit } => {
                let StoredDirectory { named, unreadable, .. } = self.held(tenant, reader)?.clone();
                // Whoever could not be read is named by nobody, and has not left for that.
                let has_left = |key: &RecipientKey| !(unreadable || named.contains(key));
                let unnamed: Vec<RecipientKey> =
                    self.present(tenant).map(|stored| stored.key).filter(has_left).collect();
                for key in unnamed.into_iter().take(*limit as usize) {
                    advanced.left += self.part_with(tenant, |stored| stored.key == key, now);
                }
            }
            ReadingStep::End => {
                let stored = self.held(tenant, reader)?;
                stored.named.clear();
                (stored.told.began_at, stored.told.next_page) = (None, None);
            }
            // The claim was renewed when it was held.
            ReadingStep::Stay => {}
            ReadingStep::Changes { changes, link, read_at } => {
                for change in *changes {
                    match change {
                        Change::Person(person, mentioned) => {
                            let one = std::iter::once((person.as_ref(), *mentioned));
                            advanced.changed += self.keep(tenant, one, now).1;
                        }
                        Change::Gone(id) => {
                            advanced.left += self.part_with(tenant, |stored| stored.person.entra_id == *id, now);
                        }
                    }
                }
                let told = &mut self.held(tenant, reader)?.told;
                told.delta_link = Some((*link).to_owned());
                if read_at.is_some() {
                    (told.read_at, told.failure) = (*read_at, None);
                }
            }
        }
        Ok(advanced)
    }

    /// As [`Store::keep_group`](crate::ports::Store::keep_group).
    pub fn keep_group(&mut self, tenant: TenantKey, group: &Group, members: &[EntraId], now: Timestamp) {
        if self.groups.get(&(tenant, group.id)).is_some_and(|known| known.read_at > now) {
            return;
        }
        let named: BTreeSet<&EntraId> = members.iter().collect();
        let known = self.present(tenant).filter(|stored| named.contains(&stored.person.entra_id));
        let members: BTreeSet<RecipientKey> = known.map(|stored| stored.key).collect();
        let outsiders = (named.len() - members.len()) as u64;
        let stored = StoredGroup { group: group.clone(), members, outsiders, read_at: now };
        self.groups.insert((tenant, group.id), stored);
    }

    /// As [`Store::forget_group`](crate::ports::Store::forget_group).
    pub fn forget_group(&mut self, tenant: TenantKey, group: GroupId) {
        self.groups.remove(&(tenant, group));
    }

    /// As [`Store::groups`](crate::ports::Store::groups).
    pub fn groups(&self, tenant: TenantKey) -> Vec<GroupRecord> {
        let mut groups: Vec<GroupRecord> =
            self.groups.iter().filter(|(key, _)| key.0 == tenant).map(|(_, stored)| told(stored)).collect();
        groups.sort_by_key(|known| (known.group.name.to_lowercase(), known.group.id));
        groups
    }

    /// As [`Store::find_groups`](crate::ports::Store::find_groups).
    pub fn find_groups(&self, tenant: TenantKey, name: &str) -> Vec<GroupRecord> {
        let name = name.to_lowercase();
        self.groups(tenant).into_iter().filter(|known| known.group.name.to_lowercase() == name).collect()
    }

    fn held(&mut self, tenant: TenantKey, reader: ReaderId) -> Result<&mut StoredDirectory, StoreError> {
        let stored = self.directories.get_mut(&tenant).ok_or(StoreError::LeaseLost)?;
        let is_held = stored.reader.is_some_and(|(owner, _)| owner == reader);
        if is_held { Ok(stored) } else { Err(StoreError::LeaseLost) }
    }

    fn part_with(&mut self, tenant: TenantKey, whom: impl Fn(&StoredPerson) -> bool, now: Timestamp) -> u64 {
        let all = (tenant, RecipientKey(i64::MIN))..=(tenant, RecipientKey(i64::MAX));
        let there = self.people.range_mut(all).map(|(_, stored)| stored);
        let leaving = there.filter(|stored| stored.left_at.is_none() && whom(stored));
        leaving.map(|stored| stored.left_at = Some(now)).count() as u64
    }
}

fn told(stored: &StoredGroup) -> GroupRecord {
    let StoredGroup { group, members, outsiders, read_at } = stored;
    let members = members.len() as u64;
    GroupRecord { group: group.clone(), members, outsiders: *outsiders, read_at: Some(*read_at) }
}
