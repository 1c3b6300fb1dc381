//! The [`Store`] without Postgres: the same promises, kept by a value in memory.
//!
//! [`Record`] is the whole database as one plain value: no clock, no chance, no waiting, equal calls give equal
//! records. A simulation may copy it, compare it, and look into it at any moment. [`MemoryStore`] only puts it behind
//! the port: a lock, and a clock that plays the database's.
//!
//! Invariant: whatever Postgres answers, this answers. One suite of tests runs against both, and seeded stories are
//! told to both and compared. Where the two differ, one of them is wrong; the SQL beside each method is the original:
//! `adapters/postgres/`, file by file as in the folder here.
//!
//! [`Flaw`] breaks a record on purpose, so that whoever judges runs can show that he would notice.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use uuid::Uuid;

use crate::domain::audience::Address;
use crate::domain::audience::expression::{People, Source};
use crate::domain::broadcast::{BroadcastState, Channel, RoundKind};
use crate::domain::chunk::Chunk;
use crate::domain::delivery::Settlement;
use crate::domain::flow::Mix;
use crate::domain::heard::Chat;
use crate::domain::ids::{
    BroadcastId, ChunkNumber, EntraId, GroupId, ReaderId, RecipientKey, RoundId, TeamsAppId, TenantKey, WorkerId,
};
use crate::domain::reason::Reason;
use crate::domain::sharing::Spread;
use crate::domain::time::Timestamp;
use crate::ports::{
    Acquaintance, Advanced, Amends, AttemptFact, BroadcastReport, BucketRecord, ChatsHeard, ClaimedChunk, Clock,
    DeliveryReport, DirectoryRecord, Expanded, Flush, Flushed, Group, GroupRecord, Halt, HeldTenant, NamedVenue,
    Outlook, Person, ProcessIdentity, ReadingStep, RetryWish, Said, SavedAudience, Standing, Store, StoreError,
    Submission, Taken, TenantWork, Untold, Whose,
};

mod amends;
mod audiences;
mod broadcasts;
mod directory;
mod hearing;
mod integrity;
mod leases;
mod people;
mod queue;
mod record;
mod reports;
mod rescue;
mod retry;
mod venues;
mod ways;

pub use record::{
    Claim, Flaw, Origin, Record, StoredAttempt, StoredBroadcast, StoredChunk, StoredDirectory, StoredGroup,
    StoredPerson, StoredRound, StoredTenant, StoredWorker,
};

type Answer<T> = Result<T, StoreError>;

/// What the database says when a constraint would not hold, or a row that must be there is not.
fn broken(what: &str) -> StoreError {
    StoreError::Broken(what.to_owned())
}

/// A tolerance as a difference of instants.
fn to_delta(time: Duration) -> TimeDelta {
    TimeDelta::from_std(time).unwrap_or(TimeDelta::MAX)
}

/// A store in memory. Clones share one record.
#[derive(Clone)]
pub struct MemoryStore {
    record: Arc<Mutex<Record>>,
    clock: Arc<dyn Clock>,
}

impl MemoryStore {
    /// A store over `record`. `clock` plays the database's clock: leases are judged by it alone.
    pub fn new(record: Record, clock: Arc<dyn Clock>) -> Self {
        Self { record: Arc::new(Mutex::new(record)), clock }
    }

    /// The record as it stands.
    pub fn record(&self) -> Record {
        self.lock().clone()
    }

    /// Looks at the record without copying it. Nobody else can use the store meanwhile.
    pub fn look<T>(&self, at: impl FnOnce(&Record) -> T) -> T {
        at(&self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Record> {
        // A panic of somebody else cannot leave the record half-written: each method decides first and writes then.
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn tenant(&self, entra_tenant: Uuid, app: Uuid) -> Answer<TenantKey> {
        Ok(self.lock().tenant(entra_tenant, app))
    }

    async fn keep_people(&self, tenant: TenantKey, people: &[Person], now: Timestamp) -> Answer<()> {
        self.lock().keep_people(tenant, people, now);
        Ok(())
    }

    async fn keep_venues(&self, tenant: TenantKey, venues: &[NamedVenue], now: Timestamp) -> Answer<Vec<RecipientKey>> {
        Ok(self.lock().keep_venues(tenant, venues, now))
    }

    async fn count_people(&self, tenant: TenantKey) -> Answer<u64> {
        Ok(self.lock().count_people(tenant))
    }

    async fn find_people(&self, tenant: TenantKey, addresses: &[Address]) -> Answer<Vec<(Address, RecipientKey)>> {
        Ok(self.lock().find_people(tenant, addresses))
    }

    async fn hear(&self, tenant: TenantKey, user: EntraId, chat: Option<&Chat>, told_at: Timestamp) -> Answer<Taken> {
        Ok(self.lock().hear(tenant, user, chat, told_at, self.clock.now()))
    }

    async fn chats_heard(&self, tenant: TenantKey, since: Option<Timestamp>) -> Answer<ChatsHeard> {
        Ok(self.lock().chats_heard(tenant, since, self.clock.now()))
    }

    async fn may_answer(&self, tenant: TenantKey, user: EntraId, pause: Duration, her_pause: Duration) -> Answer<bool> {
        Ok(self.lock().may_answer(tenant, user, pause, her_pause, self.clock.now()))
    }

    async fn named_by(&self, tenant: TenantKey, source: &Source, of: Option<BroadcastId>) -> Answer<Option<People>> {
        Ok(self.lock().named_by(tenant, source, of))
    }

    async fn acquaintances(&self, tenant: TenantKey, people: &[RecipientKey]) -> Answer<Vec<Acquaintance>> {
        Ok(self.lock().acquaintances(tenant, people))
    }

    async fn saved_audiences(&self, tenant: TenantKey) -> Answer<Vec<SavedAudience>> {
        Ok(self.lock().saved_audiences(tenant))
    }

    async fn save_audience(&self, tenant: TenantKey, audience: &SavedAudience) -> Answer<()> {
        self.lock().save_audience(tenant, audience);
        Ok(())
    }

    async fn remove_audience(&self, tenant: TenantKey, name: &str) -> Answer<bool> {
        Ok(self.lock().remove_audience(tenant, name))
    }

    async fn waiting_audiences(&self, tenant: TenantKey) -> Answer<Vec<(BroadcastId, String)>> {
        Ok(self.lock().waiting_audiences(tenant))
    }

    async fn lay_down(&self, held: HeldTenant, worker: WorkerId, round: RoundId, people: &People) -> Answer<()> {
        self.lock().lay_down(held, worker, round, people, self.clock.now())
    }

    async fn search_people(&self, tenant: TenantKey, text: &str, limit: u32) -> Answer<Vec<Person>> {
        Ok(self.lock().search_people(tenant, text, limit))
    }

    async fn directory(&self, tenant: TenantKey) -> Answer<DirectoryRecord> {
        Ok(self.lock().directory(tenant))
    }

    async fn claim_directory(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        lease: Duration,
    ) -> Answer<Option<DirectoryRecord>> {
        Ok(self.lock().claim_directory(tenant, reader, lease, self.clock.now()))
    }

    async fn advance(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        lease: Duration,
        step: &ReadingStep<'_>,
        now: Timestamp,
    ) -> Answer<Advanced> {
        self.lock().advance(tenant, reader, lease, step, now, self.clock.now())
    }

    async fn release_directory(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        failure: Option<&str>,
        now: Timestamp,
    ) -> Answer<()> {
        self.lock().release_directory(tenant, reader, failure, now);
        Ok(())
    }

    async fn keep_group(&self, tenant: TenantKey, group: &Group, members: &[EntraId], now: Timestamp) -> Answer<()> {
        self.lock().keep_group(tenant, group, members, now);
        Ok(())
    }

    async fn forget_group(&self, tenant: TenantKey, group: GroupId) -> Answer<()> {
        self.lock().forget_group(tenant, group);
        Ok(())
    }

    async fn groups(&self, tenant: TenantKey) -> Answer<Vec<GroupRecord>> {
        Ok(self.lock().groups(tenant))
    }

    async fn find_groups(&self, tenant: TenantKey, name: &str) -> Answer<Vec<GroupRecord>> {
        Ok(self.lock().find_groups(tenant, name))
    }

    async fn submit(&self, submission: &Submission) -> Answer<bool> {
        self.lock().submit(submission, self.clock.now()).map(|()| true)
    }

    async fn tell(&self, untold: Untold, notice: &Submission) -> Answer<()> {
        self.lock().tell(untold, notice, self.clock.now())
    }

    async fn count_retry(&self, tenant: TenantKey, id: BroadcastId, wish: &RetryWish) -> Answer<u64> {
        Ok(self.lock().count_retry(tenant, id, wish))
    }

    async fn retry(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        wish: &RetryWish,
        round: RoundId,
        deadline_at: Timestamp,
        now: Timestamp,
    ) -> Answer<bool> {
        Ok(self.lock().retry(tenant, id, wish, round, deadline_at, now, self.clock.now()))
    }

    async fn count_standing(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        kind: RoundKind,
        channel: Channel,
    ) -> Answer<Standing> {
        Ok(self.lock().count_standing(tenant, id, kind, channel))
    }

    async fn amend(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        amends: &Amends,
        rounds: &[(RoundId, Channel)],
        deadline_at: Timestamp,
        now: Timestamp,
    ) -> Answer<bool> {
        Ok(self.lock().amend(tenant, id, amends, rounds, deadline_at, now, self.clock.now()))
    }

    async fn cancel_expired(&self, held: HeldTenant, worker: WorkerId, _: Timestamp) -> Answer<Vec<BroadcastId>> {
        self.lock().cancel_expired(held, worker, self.clock.now())
    }

    async fn reasons_of(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        kind: RoundKind,
        channel: Channel,
    ) -> Answer<Vec<(Settlement, Reason, u64)>> {
        Ok(self.lock().reasons_of(tenant, id, (kind, channel)))
    }

    async fn deliveries_of(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        passes: (RoundKind, Channel),
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Answer<Vec<(RecipientKey, DeliveryReport)>> {
        Ok(self.lock().deliveries_of(tenant, id, passes, after, limit))
    }

    async fn report(&self, tenant: TenantKey, id: BroadcastId) -> Answer<Option<BroadcastReport>> {
        Ok(self.lock().report(tenant, id))
    }

    async fn reports(&self, tenant: TenantKey, limit: u32) -> Answer<Vec<BroadcastReport>> {
        Ok(self.lock().reports(tenant, limit))
    }

    async fn ways(&self, tenant: TenantKey, whose: &Whose) -> Answer<Mix> {
        Ok(self.lock().ways(tenant, whose))
    }

    async fn outlook(&self, tenant: TenantKey) -> Answer<Outlook> {
        Ok(self.lock().outlook(tenant, self.clock.now()))
    }

    async fn reasons(&self, tenant: TenantKey, id: BroadcastId) -> Answer<Vec<(Settlement, Reason, u64)>> {
        Ok(self.lock().reasons(tenant, id))
    }

    async fn deliveries(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Answer<Vec<(RecipientKey, DeliveryReport)>> {
        Ok(self.lock().deliveries(tenant, id, after, limit))
    }

    async fn said(&self, tenant: TenantKey, round: RoundId) -> Answer<Said> {
        self.lock().said(tenant, round)
    }

    async fn clock(&self) -> Answer<Timestamp> {
        Ok(self.clock.now())
    }

    async fn register(&self, process: &ProcessIdentity, lease: Duration) -> Answer<WorkerId> {
        Ok(self.lock().register(process, lease, self.clock.now()))
    }

    async fn renew(&self, worker: WorkerId, lease: Duration) -> Answer<bool> {
        Ok(self.lock().renew(worker, lease, self.clock.now()))
    }

    async fn neighbours(&self, host: &str, me: WorkerId) -> Answer<Vec<(WorkerId, ProcessIdentity)>> {
        Ok(self.lock().neighbours(host, me, self.clock.now()))
    }

    async fn end_lease(&self, worker: WorkerId) -> Answer<()> {
        self.lock().end_lease(worker);
        Ok(())
    }

    async fn take_tenants(
        &self,
        worker: WorkerId,
        grace: Duration,
        limit: u32,
        may: &[TenantKey],
        held: &[TenantKey],
    ) -> Answer<Vec<HeldTenant>> {
        Ok(self.lock().take_tenants(worker, grace, limit, may, held, self.clock.now()))
    }

    async fn spread(&self, worker: WorkerId, grace: Duration, may: &[TenantKey]) -> Answer<Spread> {
        Ok(self.lock().spread(worker, grace, may, self.clock.now()))
    }

    async fn release_tenant(&self, worker: WorkerId, held: HeldTenant) -> Answer<()> {
        self.lock().release_tenant(worker, held, self.clock.now());
        Ok(())
    }

    async fn work(&self, tenant: TenantKey) -> Answer<TenantWork> {
        self.lock().work(tenant, self.clock.now())
    }

    async fn start_due(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        _: Timestamp,
    ) -> Answer<Vec<(BroadcastId, BroadcastState)>> {
        self.lock().start_due(held, worker, self.clock.now())
    }

    async fn expand(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        slice: u32,
        chunk_size: u32,
        now: Timestamp,
    ) -> Answer<Expanded> {
        self.lock().expand(held, worker, round, slice, chunk_size, now, self.clock.now())
    }

    async fn claim(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        limit: u32,
        have: &[ChunkNumber],
    ) -> Answer<Vec<ClaimedChunk>> {
        self.lock().claim(held, worker, round, limit, have)
    }

    async fn flush(&self, tenant: TenantKey, worker: WorkerId, flush: &Flush) -> Answer<Flushed> {
        self.lock().flush(tenant, worker, flush)
    }

    async fn record_late(&self, tenant: TenantKey, facts: &[AttemptFact]) -> Answer<u64> {
        Ok(self.lock().record_late(tenant, facts))
    }

    async fn rescue(&self, held: HeldTenant, worker: WorkerId, now: Timestamp) -> Answer<u64> {
        Ok(self.lock().rescue(held, worker, now))
    }

    async fn finish(&self, tenant: TenantKey, now: Timestamp) -> Answer<Vec<(BroadcastId, BroadcastState)>> {
        Ok(self.lock().finish(tenant, now, self.clock.now()))
    }

    async fn release_strays(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        have: &[ChunkNumber],
    ) -> Answer<()> {
        self.lock().release_strays(held, worker, round, have)
    }

    async fn release_chunks(&self, tenant: TenantKey, worker: WorkerId, chunks: &[Chunk]) -> Answer<()> {
        self.lock().release_chunks(tenant, worker, chunks);
        Ok(())
    }

    async fn halt_tenant(&self, tenant: TenantKey, halt: &Halt) -> Answer<()> {
        self.lock().halt_tenant(tenant, halt);
        Ok(())
    }

    async fn release_halt(&self, tenant: TenantKey) -> Answer<()> {
        self.lock().release_halt(tenant);
        Ok(())
    }

    async fn halt_broadcast(&self, tenant: TenantKey, id: BroadcastId, halt: &Halt) -> Answer<()> {
        self.lock().halt_broadcast(tenant, id, halt, self.clock.now());
        Ok(())
    }

    async fn move_broadcast(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        from: &[BroadcastState],
        to: BroadcastState,
        now: Timestamp,
    ) -> Answer<bool> {
        self.lock().move_broadcast(tenant, id, from, to, now, self.clock.now())
    }

    async fn resume_broadcast(&self, tenant: TenantKey, id: BroadcastId, _: Timestamp) -> Answer<bool> {
        Ok(self.lock().resume_broadcast(tenant, id, self.clock.now()))
    }

    async fn keep_bucket(&self, tenant: TenantKey, record: BucketRecord) -> Answer<()> {
        self.lock().keep_bucket(tenant, record);
        Ok(())
    }

    async fn keep_app(&self, tenant: TenantKey, app: &TeamsAppId) -> Answer<()> {
        self.lock().keep_app(tenant, app);
        Ok(())
    }
}
