//! The Store port, answered by the files beside this one.

use std::time::Duration;

use async_trait::async_trait;
use tracing::Instrument;
use uuid::Uuid;

use super::PgStore;
use super::reports::{TELLING, passes_of};
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
    Acquaintance, Advanced, Amends, AttemptFact, BroadcastReport, BucketRecord, ChatsHeard, ClaimedChunk,
    DeliveryReport, DirectoryRecord, Expanded, Flush, Flushed, Group, GroupRecord, Halt, HeldTenant, NamedVenue,
    Outlook, Person, ProcessIdentity, ReadingStep, RetryWish, Said, SavedAudience, Standing, Store, StoreError,
    Submission, Taken, TenantWork, Untold, Whose,
};

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Store for PgStore {
    async fn tenant(&self, entra_tenant: Uuid, app: Uuid) -> Answer<TenantKey> {
        self.tenant_key(entra_tenant, app).await
    }

    async fn keep_people(&self, tenant: TenantKey, people: &[Person], now: Timestamp) -> Answer<()> {
        self.keep(tenant, people, now).await
    }

    async fn keep_venues(&self, tenant: TenantKey, venues: &[NamedVenue], now: Timestamp) -> Answer<Vec<RecipientKey>> {
        self.keep_these_venues(tenant, venues, now).await
    }

    async fn count_people(&self, tenant: TenantKey) -> Answer<u64> {
        self.count(tenant).await
    }

    async fn find_people(&self, tenant: TenantKey, addresses: &[Address]) -> Answer<Vec<(Address, RecipientKey)>> {
        self.find(tenant, addresses).await
    }

    async fn hear(&self, tenant: TenantKey, user: EntraId, chat: Option<&Chat>, told_at: Timestamp) -> Answer<Taken> {
        self.keep_heard(tenant, user, chat, told_at).await
    }

    async fn chats_heard(&self, tenant: TenantKey, since: Option<Timestamp>) -> Answer<ChatsHeard> {
        self.look_for_chats(tenant, since).await
    }

    async fn may_answer(&self, tenant: TenantKey, user: EntraId, pause: Duration, her_pause: Duration) -> Answer<bool> {
        self.take_turn_to_answer(tenant, user, pause, her_pause).await
    }

    async fn named_by(&self, tenant: TenantKey, source: &Source, of: Option<BroadcastId>) -> Answer<Option<People>> {
        self.people_named_by(tenant, source, of).await
    }

    async fn acquaintances(&self, tenant: TenantKey, people: &[RecipientKey]) -> Answer<Vec<Acquaintance>> {
        self.known_of(tenant, people).await
    }

    async fn saved_audiences(&self, tenant: TenantKey) -> Answer<Vec<SavedAudience>> {
        self.all_saved(tenant).await
    }

    async fn save_audience(&self, tenant: TenantKey, audience: &SavedAudience) -> Answer<()> {
        self.save(tenant, audience).await
    }

    async fn remove_audience(&self, tenant: TenantKey, name: &str) -> Answer<bool> {
        self.forget_saved(tenant, name).await
    }

    async fn waiting_audiences(&self, tenant: TenantKey) -> Answer<Vec<(BroadcastId, String)>> {
        self.expressions_waiting(tenant).await
    }

    async fn lay_down(&self, held: HeldTenant, worker: WorkerId, round: RoundId, people: &People) -> Answer<()> {
        self.list_for(held, worker, round, people).await
    }

    async fn search_people(&self, tenant: TenantKey, text: &str, limit: u32) -> Answer<Vec<Person>> {
        self.search(tenant, text, limit).await
    }

    async fn directory(&self, tenant: TenantKey) -> Answer<DirectoryRecord> {
        self.directory_record(tenant).await
    }

    async fn claim_directory(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        lease: Duration,
    ) -> Answer<Option<DirectoryRecord>> {
        self.claim_reading(tenant, reader, lease).await
    }

    async fn advance(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        lease: Duration,
        step: &ReadingStep<'_>,
        now: Timestamp,
    ) -> Answer<Advanced> {
        self.advance_reading(tenant, reader, lease, step, now).await
    }

    async fn release_directory(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        failure: Option<&str>,
        now: Timestamp,
    ) -> Answer<()> {
        self.release_reading(tenant, reader, failure, now).await
    }

    async fn keep_group(&self, tenant: TenantKey, group: &Group, members: &[EntraId], now: Timestamp) -> Answer<()> {
        self.keep_members(tenant, group, members, now).await
    }

    async fn forget_group(&self, tenant: TenantKey, group: GroupId) -> Answer<()> {
        self.forget_members(tenant, group).await
    }

    async fn groups(&self, tenant: TenantKey) -> Answer<Vec<GroupRecord>> {
        self.all_groups(tenant).await
    }

    async fn find_groups(&self, tenant: TenantKey, name: &str) -> Answer<Vec<GroupRecord>> {
        self.groups_named(tenant, name).await
    }

    async fn submit(&self, submission: &Submission) -> Answer<bool> {
        self.insert(submission).await
    }

    async fn tell(&self, untold: Untold, notice: &Submission) -> Answer<()> {
        self.insert_notice(untold, notice).await
    }

    async fn count_retry(&self, tenant: TenantKey, id: BroadcastId, wish: &RetryWish) -> Answer<u64> {
        self.count_to_retry(tenant, id, wish).await
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
        self.begin_retry(tenant, id, wish, round, deadline_at, now).await
    }

    async fn count_standing(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        kind: RoundKind,
        channel: Channel,
    ) -> Answer<Standing> {
        self.count_those_standing(tenant, id, kind, channel).await
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
        self.begin_amends(tenant, id, amends, rounds, deadline_at, now).await
    }

    async fn cancel_expired(&self, held: HeldTenant, worker: WorkerId, now: Timestamp) -> Answer<Vec<BroadcastId>> {
        self.cancel_what_expired(held, worker, now).await
    }

    async fn report(&self, tenant: TenantKey, id: BroadcastId) -> Answer<Option<BroadcastReport>> {
        Ok(self.progress(tenant, Some(&[id]), 1).await?.pop())
    }

    async fn reports(&self, tenant: TenantKey, limit: u32) -> Answer<Vec<BroadcastReport>> {
        self.progress(tenant, None, limit).await
    }

    async fn ways(&self, tenant: TenantKey, whose: &Whose) -> Answer<Mix> {
        self.count_ways(tenant, whose).await
    }

    async fn outlook(&self, tenant: TenantKey) -> Answer<Outlook> {
        self.look_out(tenant).await
    }

    async fn reasons(&self, tenant: TenantKey, id: BroadcastId) -> Answer<Vec<(Settlement, Reason, u64)>> {
        self.reason_counts(tenant, id, TELLING).await
    }

    async fn reasons_of(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        kind: RoundKind,
        channel: Channel,
    ) -> Answer<Vec<(Settlement, Reason, u64)>> {
        self.reason_counts(tenant, id, passes_of(kind, channel)).await
    }

    async fn deliveries(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Answer<Vec<(RecipientKey, DeliveryReport)>> {
        self.delivery_page(tenant, id, TELLING, after, limit).await
    }

    async fn deliveries_of(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        (kind, channel): (RoundKind, Channel),
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Answer<Vec<(RecipientKey, DeliveryReport)>> {
        self.delivery_page(tenant, id, passes_of(kind, channel), after, limit).await
    }

    async fn said(&self, tenant: TenantKey, round: RoundId) -> Answer<Said> {
        self.said_by(tenant, round).await
    }

    async fn clock(&self) -> Answer<Timestamp> {
        self.now_by_the_database().await
    }

    async fn register(&self, process: &ProcessIdentity, lease: Duration) -> Answer<WorkerId> {
        self.register_worker(process, lease).await
    }

    async fn renew(&self, worker: WorkerId, lease: Duration) -> Answer<bool> {
        self.renew_lease(worker, lease).await
    }

    async fn neighbours(&self, host: &str, me: WorkerId) -> Answer<Vec<(WorkerId, ProcessIdentity)>> {
        self.neighbours_of(host, me).await
    }

    async fn end_lease(&self, worker: WorkerId) -> Answer<()> {
        self.end_lease_of(worker).await
    }

    async fn take_tenants(
        &self,
        worker: WorkerId,
        grace: Duration,
        limit: u32,
        may: &[TenantKey],
        held: &[TenantKey],
    ) -> Answer<Vec<HeldTenant>> {
        self.take(worker, grace, limit, may, held).await
    }

    async fn spread(&self, worker: WorkerId, grace: Duration, may: &[TenantKey]) -> Answer<Spread> {
        self.spread_of(worker, grace, may).await
    }

    async fn release_tenant(&self, worker: WorkerId, held: HeldTenant) -> Answer<()> {
        self.give_back(worker, held).await
    }

    async fn work(&self, tenant: TenantKey) -> Answer<TenantWork> {
        self.work_of(tenant).await
    }

    async fn start_due(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        now: Timestamp,
    ) -> Answer<Vec<(BroadcastId, BroadcastState)>> {
        self.start_hours(held, worker, now).await
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
        self.expand_slice(held, worker, round, slice, chunk_size, now).await
    }

    async fn claim(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        limit: u32,
        have: &[ChunkNumber],
    ) -> Answer<Vec<ClaimedChunk>> {
        let span = tracing::info_span!("claim", %round, limit);
        self.claim_chunks(held, worker, round, limit, have).instrument(span).await
    }

    async fn flush(&self, tenant: TenantKey, worker: WorkerId, flush: &Flush) -> Answer<Flushed> {
        self.flush_all(tenant, worker, flush).await
    }

    async fn record_late(&self, tenant: TenantKey, facts: &[AttemptFact]) -> Answer<u64> {
        self.insert_late(tenant, facts).await
    }

    async fn rescue(&self, held: HeldTenant, worker: WorkerId, now: Timestamp) -> Answer<u64> {
        self.rescue_all(held, worker, now).await
    }

    async fn finish(&self, tenant: TenantKey, now: Timestamp) -> Answer<Vec<(BroadcastId, BroadcastState)>> {
        self.finish_all(tenant, now).await
    }

    async fn release_strays(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        have: &[ChunkNumber],
    ) -> Answer<()> {
        self.give_strays_back(held, worker, round, have).await
    }

    async fn release_chunks(&self, tenant: TenantKey, worker: WorkerId, chunks: &[Chunk]) -> Answer<()> {
        self.release(tenant, worker, chunks).await
    }

    async fn halt_tenant(&self, tenant: TenantKey, halt: &Halt) -> Answer<()> {
        self.halt_all(tenant, halt).await
    }

    async fn release_halt(&self, tenant: TenantKey) -> Answer<()> {
        self.release_all(tenant).await
    }

    async fn halt_broadcast(&self, tenant: TenantKey, id: BroadcastId, halt: &Halt) -> Answer<()> {
        self.halt_one(tenant, id, halt).await
    }

    async fn move_broadcast(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        from: &[BroadcastState],
        to: BroadcastState,
        now: Timestamp,
    ) -> Answer<bool> {
        self.move_state(tenant, id, from, to, now).await
    }

    async fn resume_broadcast(&self, tenant: TenantKey, id: BroadcastId, now: Timestamp) -> Answer<bool> {
        self.resume_one(tenant, id, now).await
    }

    async fn keep_bucket(&self, tenant: TenantKey, record: BucketRecord) -> Answer<()> {
        self.keep_cooldown(tenant, record).await
    }

    async fn keep_app(&self, tenant: TenantKey, app: &TeamsAppId) -> Answer<()> {
        self.keep_app_id(tenant, app).await
    }
}
