//! A store, a directory, a clock and dice for the tests of the use cases. What a use case has no business with panics.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::people::People;
use crate::domain::attributes::Attributes;
use crate::domain::audience::Address;
use crate::domain::audience::expression::{People as Set, Source};
use crate::domain::broadcast::{BroadcastState, Channel, RoundKind};
use crate::domain::chunk::Chunk;
use crate::domain::delivery::Settlement;
use crate::domain::flow::Mix;
use crate::domain::heard::Chat;
use crate::domain::ids::{
    BroadcastId, ChunkNumber, EntraId, GroupId, ReaderId, RecipientKey, RequestId, RoundId, TeamsAppId, TenantKey,
    WorkerId,
};
use crate::domain::pacing::Quota;
use crate::domain::reason::Reason;
use crate::domain::retry::RetryPolicy;
use crate::domain::route::Account;
use crate::domain::sharing::Spread;
use crate::domain::time::{Monotonic, Timestamp};
use crate::ports::{
    Acquaintance, Advanced, Amends, Answer, AttemptFact, BroadcastReport, BucketRecord, ChangesPage, ChatsHeard,
    ClaimedChunk, Clock, DeliveryReport, Directory, DirectoryRecord, Expanded, Flush, Flushed, Group, GroupRecord,
    GroupsPage, Halt, HeldTenant, MembersPage, NamedVenue, Onward, Outlook, Pending, PeoplePage, Person,
    ProcessIdentity, Random, ReadingStep, RetryWish, Said, SavedAudience, Standing, Store, StoreError, Submission,
    Taken, TenantWork, Told, Untold, WhichGroups, Whose,
};

pub const TENANT: TenantKey = TenantKey(1);

/// Sleeps by moving its own hands.
#[derive(Default)]
pub struct FakeClock(AtomicU64);

impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        "2026-11-24T10:00:00Z".parse::<Timestamp>().unwrap() + self.monotonic().since_origin()
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::from_origin(Duration::from_millis(self.0.load(Ordering::Relaxed)))
    }

    fn sleep_until(&self, at: Monotonic) -> Pending<()> {
        self.0.fetch_max(at.since_origin().as_millis() as u64, Ordering::Relaxed);
        Box::pin(std::future::ready(()))
    }
}

/// 1, 2, 3 …
#[derive(Default)]
pub struct FakeRandom(AtomicU64);

impl Random for FakeRandom {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// Answers what was laid in, page by page, and counts.
#[derive(Default)]
pub struct FakeDirectory {
    pub people: Mutex<Vec<Person>>,
    pub page_size: usize,
    /// Given before anything else.
    pub refusals: Mutex<VecDeque<Answer>>,
    /// What is answered when changes are asked for, in turn; none after the last.
    pub changes: Mutex<VecDeque<Result<ChangesPage, Answer>>>,
    /// The groups, and the pages of their members.
    pub groups: Mutex<Vec<(Group, Vec<Vec<EntraId>>)>>,
    pub requests: AtomicU64,
}

#[async_trait]
impl Directory for FakeDirectory {
    async fn people(&self, page: Option<&str>, _: RequestId) -> Result<Told<PeoplePage>, Answer> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let from: usize = page.map_or(0, |page| page.parse().unwrap());
        // The refusals meet whoever asks for the second page.
        if let Some(answer) = self.refusals.lock().unwrap().pop_front_if(|_| from > 0) {
            return Err(answer);
        }
        let people = self.people.lock().unwrap();
        let to = (from + self.page_size.max(1)).min(people.len());
        let next = (to < people.len()).then(|| to.to_string());
        Ok(PeoplePage { people: people[from..to].to_vec(), unreadable: false, next }.into())
    }

    async fn changes(&self, link: Option<&str>, _: RequestId) -> Result<Told<ChangesPage>, Answer> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let none = || Ok(ChangesPage { changes: Vec::new(), next: Onward::Later("later".to_owned()) });
        let laid_in = link.and_then(|_| self.changes.lock().unwrap().pop_front());
        laid_in.unwrap_or_else(none).map(Told::from)
    }

    /// One group a page.
    async fn groups(
        &self,
        which: WhichGroups<'_>,
        page: Option<&str>,
        _: RequestId,
    ) -> Result<Told<GroupsPage>, Answer> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let wanted = |group: &Group| match which {
            WhichGroups::Id(id) => group.id == id,
            WhichGroups::Named(name) => group.name == name,
            WhichGroups::Beginning(text) => group.name.starts_with(text),
        };
        let groups = self.groups.lock().unwrap();
        let mut found = groups.iter().map(|(group, _)| group).filter(|group| wanted(group)).cloned();
        let place: usize = page.map_or(0, |page| page.parse().unwrap());
        let groups: Vec<Group> = found.nth(place).into_iter().collect();
        Ok(GroupsPage { groups, next: found.next().map(|_| (place + 1).to_string()) }.into())
    }

    async fn members(&self, group: GroupId, page: Option<&str>, _: RequestId) -> Result<Told<MembersPage>, Answer> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        let place: usize = page.map_or(0, |page| page.parse().unwrap());
        if let Some(answer) = self.refusals.lock().unwrap().pop_front_if(|_| place > 0) {
            return Err(answer);
        }
        let groups = self.groups.lock().unwrap();
        let (_, pages) = groups.iter().find(|(known, _)| known.id == group).unwrap();
        let next = (place + 1 < pages.len()).then(|| (place + 1).to_string());
        Ok(MembersPage { members: pages[place].clone(), next }.into())
    }
}

/// Keeps people and submissions, in memory.
#[derive(Default)]
pub struct FakeStore {
    pub people: Mutex<Vec<Person>>,
    pub submissions: Mutex<Vec<Submission>>,
    /// How far the directory was read.
    pub directory: Mutex<DirectoryRecord>,
    /// When a reader who waited renewed its claim.
    pub signs_of_life: Mutex<Vec<Timestamp>>,
    /// So many claims on the reading are lost at the next steps.
    pub claims_lost: AtomicU64,
    /// The groups and their members.
    pub groups: Mutex<BTreeMap<GroupId, (GroupRecord, Vec<EntraId>)>>,
    pub deliveries: Mutex<Vec<DeliveryReport>>,
    /// What is answered when a broadcast's state is asked for, in turn.
    pub reports: Mutex<VecDeque<Stored<Option<BroadcastReport>>>>,
    /// How well ways are known, in turn; nobody's after the last.
    pub ways: Mutex<VecDeque<Mix>>,
    /// Who works, and who had the app.
    pub outlook: Mutex<Outlook>,
    /// What the owner of the tenant would be told.
    pub work: Mutex<TenantWork>,
    /// How many a correction or a recall would take up, channel by channel; nobody after the last.
    pub standing: Mutex<VecDeque<Standing>>,
    /// What the broadcast says.
    pub said: Mutex<Option<Said>>,
    /// What was begun to set right, and in which rounds.
    pub amends: Mutex<Vec<Begun>>,
    /// Submissions that are stored, but whose answer is lost.
    pub silences: AtomicU64,
}

/// What was begun to set right, and the rounds for it.
type Begun = (Amends, Vec<(RoundId, Channel)>);

pub fn entra_id(number: u128) -> EntraId {
    EntraId(uuid::Uuid::from_u128(number))
}

pub fn person(number: u128, name: &str, account: Account) -> Person {
    Person {
        entra_id: entra_id(number),
        user_principal_name: format!("{name}@Contoso.example"),
        display_name: name.to_owned(),
        mail: Some(format!("{name}@mail.contoso.example")),
        account,
        attributes: Attributes::default(),
    }
}

/// What the use cases need, over these fakes.
pub fn people(directory: std::sync::Arc<FakeDirectory>, store: std::sync::Arc<FakeStore>) -> People {
    People {
        directory,
        store,
        clock: std::sync::Arc::new(FakeClock::default()),
        random: std::sync::Arc::new(FakeRandom::default()),
        tenant: TENANT,
        quota: Quota::per_second(50),
        retry: RetryPolicy::default(),
        fresh_for: Duration::from_secs(900),
    }
}

fn key(person: &Person) -> RecipientKey {
    RecipientKey(person.entra_id.0.as_u128() as i64)
}

type Stored<T> = Result<T, StoreError>;

#[async_trait]
impl Store for FakeStore {
    async fn keep_people(&self, _: TenantKey, people: &[Person], _: Timestamp) -> Stored<()> {
        let mut kept = self.people.lock().unwrap();
        for person in people {
            kept.retain(|known| known.entra_id != person.entra_id);
            kept.push(person.clone());
        }
        Ok(())
    }

    async fn keep_venues(&self, _: TenantKey, _: &[NamedVenue], _: Timestamp) -> Stored<Vec<RecipientKey>> {
        unreachable!()
    }

    async fn count_people(&self, _: TenantKey) -> Stored<u64> {
        Ok(self.people.lock().unwrap().len() as u64)
    }

    async fn find_people(&self, _: TenantKey, addresses: &[Address]) -> Stored<Vec<(Address, RecipientKey)>> {
        let people = self.people.lock().unwrap();
        let is = |text: &String, name: &String| text.to_lowercase() == *name;
        // A principal name goes before somebody else's mail address, as in the real store.
        let owner = |name: &String| people.iter().find(|person| is(&person.user_principal_name, name));
        let names = |person: &Person, address: &Address| match address {
            Address::Id(id) => person.entra_id == *id,
            Address::Name(name) => match owner(name) {
                Some(owner) => owner.entra_id == person.entra_id,
                None => person.mail.as_ref().is_some_and(|mail| is(mail, name)),
            },
        };
        let found = people.iter().flat_map(|person| {
            addresses.iter().filter(|address| names(person, address)).map(|address| (address.clone(), key(person)))
        });
        Ok(found.collect())
    }

    async fn search_people(&self, _: TenantKey, _: &str, _: u32) -> Stored<Vec<Person>> {
        unreachable!()
    }

    async fn directory(&self, _: TenantKey) -> Stored<DirectoryRecord> {
        Ok(self.directory.lock().unwrap().clone())
    }

    async fn claim_directory(&self, _: TenantKey, _: ReaderId, _: Duration) -> Stored<Option<DirectoryRecord>> {
        Ok(Some(self.directory.lock().unwrap().clone()))
    }

    /// Nobody ever leaves: what becomes of whom is for the tests of the real stores.
    async fn advance(
        &self,
        tenant: TenantKey,
        _: ReaderId,
        _: Duration,
        step: &ReadingStep<'_>,
        now: Timestamp,
    ) -> Stored<Advanced> {
        if self.claims_lost.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(StoreError::LeaseLost);
        }
        match step {
            ReadingStep::Page { people, next, .. } => {
                self.keep_people(tenant, people, now).await?;
                self.directory.lock().unwrap().next_page = next.map(str::to_owned);
            }
            ReadingStep::Begin { delta_link } => {
                let mut directory = self.directory.lock().unwrap();
                (directory.began_at, directory.delta_link) = (Some(now), Some((*delta_link).to_owned()));
            }
            ReadingStep::PartWith { .. } => {}
            ReadingStep::Stay => self.signs_of_life.lock().unwrap().push(now),
            ReadingStep::End => self.directory.lock().unwrap().began_at = None,
            ReadingStep::Changes { link, read_at, .. } => {
                let mut directory = self.directory.lock().unwrap();
                (directory.delta_link, directory.read_at) = (Some((*link).to_owned()), *read_at);
            }
        }
        Ok(Advanced::default())
    }

    async fn release_directory(&self, _: TenantKey, _: ReaderId, failure: Option<&str>, now: Timestamp) -> Stored<()> {
        self.directory.lock().unwrap().failure = failure.map(|failure| (now, failure.to_owned()));
        Ok(())
    }

    async fn keep_group(&self, _: TenantKey, group: &Group, members: &[EntraId], now: Timestamp) -> Stored<()> {
        let record =
            GroupRecord { group: group.clone(), members: members.len() as u64, outsiders: 0, read_at: Some(now) };
        self.groups.lock().unwrap().insert(group.id, (record, members.to_vec()));
        Ok(())
    }

    async fn forget_group(&self, _: TenantKey, group: GroupId) -> Stored<()> {
        self.groups.lock().unwrap().remove(&group);
        Ok(())
    }

    async fn groups(&self, _: TenantKey) -> Stored<Vec<GroupRecord>> {
        Ok(self.groups.lock().unwrap().values().map(|(record, _)| record.clone()).collect())
    }

    async fn find_groups(&self, tenant: TenantKey, name: &str) -> Stored<Vec<GroupRecord>> {
        Ok(self.groups(tenant).await?.into_iter().filter(|known| known.group.name == name).collect())
    }

    async fn submit(&self, submission: &Submission) -> Stored<bool> {
        let mut stored = self.submissions.lock().unwrap();
        if stored.iter().all(|known| known.broadcast.id != submission.broadcast.id) {
            stored.push(submission.clone());
        }
        let silence = self.silences.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        silence.map_or(Ok(true), |_| Err(StoreError::Unavailable("silence".into())))
    }

    async fn deliveries(
        &self,
        _: TenantKey,
        _: BroadcastId,
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Stored<Vec<(RecipientKey, DeliveryReport)>> {
        let deliveries = self.deliveries.lock().unwrap();
        let numbered = (1..).map(RecipientKey).zip(deliveries.iter().cloned());
        Ok(numbered.filter(|(key, _)| after.is_none_or(|after| *key > after)).take(limit as usize).collect())
    }

    async fn named_by(&self, _: TenantKey, source: &Source, _: Option<BroadcastId>) -> Stored<Option<Set>> {
        let people = self.people.lock().unwrap();
        let Source::Team(id) = source else {
            assert_eq!(*source, Source::Everyone, "of other sources the real stores are asked");
            return Ok(Some(people.iter().map(key).collect()));
        };
        let groups = self.groups.lock().unwrap();
        let team = groups.iter().find(|(group, _)| group.to_string() == *id);
        let of = |(_, members): &(GroupRecord, Vec<EntraId>)| {
            people.iter().filter(|person| members.contains(&person.entra_id)).map(key).collect()
        };
        Ok(team.map(|(_, team)| of(team)))
    }

    async fn acquaintances(&self, _: TenantKey, wanted: &[RecipientKey]) -> Stored<Vec<Acquaintance>> {
        let people = self.people.lock().unwrap();
        let known = people.iter().filter(|person| wanted.contains(&key(person))).map(|person| Acquaintance {
            key: key(person),
            entra_id: person.entra_id,
            display_name: person.display_name.clone(),
            user_principal_name: person.user_principal_name.clone(),
            account: person.account,
            refusal: None,
        });
        Ok(known.collect())
    }

    async fn saved_audiences(&self, _: TenantKey) -> Stored<Vec<SavedAudience>> {
        unreachable!()
    }
    async fn save_audience(&self, _: TenantKey, _: &SavedAudience) -> Stored<()> {
        unreachable!()
    }
    async fn remove_audience(&self, _: TenantKey, _: &str) -> Stored<bool> {
        unreachable!()
    }
    async fn waiting_audiences(&self, _: TenantKey) -> Stored<Vec<(BroadcastId, String)>> {
        unreachable!()
    }
    async fn lay_down(&self, _: HeldTenant, _: WorkerId, _: RoundId, _: &Set) -> Stored<()> {
        unreachable!()
    }
    async fn tenant(&self, _: uuid::Uuid, _: uuid::Uuid) -> Stored<TenantKey> {
        unreachable!()
    }
    async fn count_standing(&self, _: TenantKey, _: BroadcastId, _: RoundKind, _: Channel) -> Stored<Standing> {
        Ok(self.standing.lock().unwrap().pop_front().unwrap_or_default())
    }
    async fn amend(
        &self,
        _: TenantKey,
        _: BroadcastId,
        amends: &Amends,
        rounds: &[(RoundId, Channel)],
        _: Timestamp,
        _: Timestamp,
    ) -> Stored<bool> {
        self.amends.lock().unwrap().push((amends.clone(), rounds.to_vec()));
        Ok(true)
    }
    async fn cancel_expired(&self, _: HeldTenant, _: WorkerId, _: Timestamp) -> Stored<Vec<BroadcastId>> {
        unreachable!()
    }
    async fn reasons_of(
        &self,
        _: TenantKey,
        _: BroadcastId,
        _: RoundKind,
        _: Channel,
    ) -> Stored<Vec<(Settlement, Reason, u64)>> {
        unreachable!()
    }
    async fn deliveries_of(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        _: (RoundKind, Channel),
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Stored<Vec<(RecipientKey, DeliveryReport)>> {
        self.deliveries(tenant, id, after, limit).await
    }
    async fn report(&self, _: TenantKey, _: BroadcastId) -> Stored<Option<BroadcastReport>> {
        Ok(self.reports.lock().unwrap().pop_front().transpose()?.flatten())
    }
    async fn reports(&self, _: TenantKey, _: u32) -> Stored<Vec<BroadcastReport>> {
        unreachable!()
    }
    async fn ways(&self, _: TenantKey, _: &Whose) -> Stored<Mix> {
        Ok(self.ways.lock().unwrap().pop_front().unwrap_or_default())
    }
    async fn outlook(&self, _: TenantKey) -> Stored<Outlook> {
        Ok(*self.outlook.lock().unwrap())
    }
    async fn reasons(&self, _: TenantKey, _: BroadcastId) -> Stored<Vec<(Settlement, Reason, u64)>> {
        unreachable!()
    }
    async fn said(&self, _: TenantKey, _: RoundId) -> Stored<Said> {
        Ok(self.said.lock().unwrap().clone().unwrap())
    }
    async fn tell(&self, _: Untold, _: &Submission) -> Stored<()> {
        unreachable!()
    }
    async fn count_retry(&self, _: TenantKey, _: BroadcastId, _: &RetryWish) -> Stored<u64> {
        unreachable!()
    }
    async fn retry(
        &self,
        _: TenantKey,
        _: BroadcastId,
        _: &RetryWish,
        _: RoundId,
        _: Timestamp,
        _: Timestamp,
    ) -> Stored<bool> {
        unreachable!()
    }
    async fn start_due(&self, _: HeldTenant, _: WorkerId, _: Timestamp) -> Stored<Vec<(BroadcastId, BroadcastState)>> {
        unreachable!()
    }
    async fn clock(&self) -> Stored<Timestamp> {
        unreachable!()
    }
    async fn register(&self, _: &ProcessIdentity, _: Duration) -> Stored<WorkerId> {
        unreachable!()
    }
    async fn renew(&self, _: WorkerId, _: Duration) -> Stored<bool> {
        unreachable!()
    }
    async fn neighbours(&self, _: &str, _: WorkerId) -> Stored<Vec<(WorkerId, ProcessIdentity)>> {
        unreachable!()
    }
    async fn end_lease(&self, _: WorkerId) -> Stored<()> {
        unreachable!()
    }
    async fn take_tenants(
        &self,
        _: WorkerId,
        _: Duration,
        _: u32,
        _: &[TenantKey],
        _: &[TenantKey],
    ) -> Stored<Vec<HeldTenant>> {
        unreachable!()
    }
    async fn spread(&self, _: WorkerId, _: Duration, _: &[TenantKey]) -> Stored<Spread> {
        unreachable!()
    }
    async fn release_tenant(&self, _: WorkerId, _: HeldTenant) -> Stored<()> {
        unreachable!()
    }
    async fn work(&self, _: TenantKey) -> Stored<TenantWork> {
        Ok(self.work.lock().unwrap().clone())
    }
    async fn expand(&self, _: HeldTenant, _: WorkerId, _: RoundId, _: u32, _: u32, _: Timestamp) -> Stored<Expanded> {
        unreachable!()
    }
    async fn claim(
        &self,
        _: HeldTenant,
        _: WorkerId,
        _: RoundId,
        _: u32,
        _: &[ChunkNumber],
    ) -> Stored<Vec<ClaimedChunk>> {
        unreachable!()
    }
    async fn flush(&self, _: TenantKey, _: WorkerId, _: &Flush) -> Stored<Flushed> {
        unreachable!()
    }
    async fn record_late(&self, _: TenantKey, _: &[AttemptFact]) -> Stored<u64> {
        unreachable!()
    }
    async fn rescue(&self, _: HeldTenant, _: WorkerId, _: Timestamp) -> Stored<u64> {
        unreachable!()
    }
    async fn finish(&self, _: TenantKey, _: Timestamp) -> Stored<Vec<(BroadcastId, BroadcastState)>> {
        unreachable!()
    }
    async fn release_strays(&self, _: HeldTenant, _: WorkerId, _: RoundId, _: &[ChunkNumber]) -> Stored<()> {
        unreachable!()
    }
    async fn release_chunks(&self, _: TenantKey, _: WorkerId, _: &[Chunk]) -> Stored<()> {
        unreachable!()
    }
    async fn halt_tenant(&self, _: TenantKey, _: &Halt) -> Stored<()> {
        unreachable!()
    }
    async fn release_halt(&self, _: TenantKey) -> Stored<()> {
        unreachable!()
    }
    async fn halt_broadcast(&self, _: TenantKey, _: BroadcastId, _: &Halt) -> Stored<()> {
        unreachable!()
    }
    async fn move_broadcast(
        &self,
        _: TenantKey,
        _: BroadcastId,
        _: &[BroadcastState],
        _: BroadcastState,
        _: Timestamp,
    ) -> Stored<bool> {
        unreachable!()
    }
    async fn resume_broadcast(&self, _: TenantKey, _: BroadcastId, _: Timestamp) -> Result<bool, StoreError> {
        unreachable!()
    }

    async fn hear(&self, _: TenantKey, _: EntraId, _: Option<&Chat>, _: Timestamp) -> Stored<Taken> {
        unreachable!()
    }
    async fn chats_heard(&self, _: TenantKey, _: Option<Timestamp>) -> Stored<ChatsHeard> {
        unreachable!()
    }
    async fn may_answer(&self, _: TenantKey, _: EntraId, _: Duration, _: Duration) -> Stored<bool> {
        unreachable!()
    }
    async fn keep_bucket(&self, _: TenantKey, _: BucketRecord) -> Stored<()> {
        unreachable!()
    }
    async fn keep_app(&self, _: TenantKey, _: &TeamsAppId) -> Stored<()> {
        unreachable!()
    }
}
