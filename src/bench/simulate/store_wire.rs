//! The wire between a process and the database: the [`Store`] port over the record, with every misfortune between.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::points::Call;
use super::process::{Fate, Process};
use super::story::Weather;
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
use crate::simulator::memory_store::Record;

/// How long a call waits for the database before it gives up, as the pool of the real store does.
const PATIENCE: Duration = Duration::from_secs(8);

/// One process's way to the database.
pub struct StoreWire(pub Arc<Process>);

type Answer<T> = Result<T, StoreError>;

impl StoreWire {
    async fn ask<T: Send + 'static>(
        &self,
        call: Call,
        effect: impl FnOnce(&mut Record, Timestamp) -> T + Send + 'static,
    ) -> Answer<T> {
        let it = Arc::clone(&self.0);
        let fate = self.fate(call);
        let never = || Ok::<(), Infallible>(());
        let Ok(heard) = self.0.exchange(call, fate, never, move || it.stage.in_record(&it, call, effect)).await;
        heard.ok_or_else(|| StoreError::Unavailable(fate.silence.to_owned()))
    }

    /// What becomes of the next `call`.
    fn fate(&self, call: Call) -> Fate {
        let stage = &self.0.stage;
        let drawn = self.0.draw_for(call);
        let weather = if stage.is_calm() { Weather::FAIR } else { stage.story.weather };
        let chance = (drawn >> 40) as f64 / f64::from(1 << 24);
        let spread = drawn & 0xffff;
        let milliseconds = |from: u64, to: u64| Duration::from_millis(from + spread % (to - from).max(1));
        let quick = milliseconds(1, 12);
        let mut edge = weather.store_lost_before;
        if stage.is_out() {
            let silence = "the database is away";
            return Fate { effect_after: None, heard_after: milliseconds(1, 3_000), is_heard: false, silence };
        }
        if chance < edge {
            let silence = "the statement was lost";
            return Fate { effect_after: None, heard_after: milliseconds(1, 5_000), is_heard: false, silence };
        }
        edge += weather.store_lost_after;
        if chance < edge {
            let silence = "the answer was lost";
            return Fate { effect_after: Some(quick), heard_after: quick * 2, is_heard: false, silence };
        }
        edge += weather.store_zombie;
        if chance < edge {
            // The caller has given up, and repeated it perhaps; it arrives all the same.
            let (late, silence) = (milliseconds(50, 30_000), "no answer; it may arrive yet");
            let heard_after = (late / 2).min(PATIENCE);
            return Fate { effect_after: Some(late), heard_after, is_heard: false, silence };
        }
        edge += weather.store_slow;
        if chance < edge {
            let slow = milliseconds(100, 16_000);
            let (out, heard_after) = (slow / 2, slow.min(PATIENCE));
            let is_heard = slow <= PATIENCE;
            return Fate { effect_after: Some(out), heard_after, is_heard, silence: "the database is too slow" };
        }
        Fate { effect_after: Some(quick / 2), heard_after: quick, is_heard: true, silence: "" }
    }
}

/// Where every broadcast stands, and under which control version.
fn control_of(record: &Record) -> Vec<(BroadcastId, BroadcastState, u32)> {
    record.broadcasts().map(|broadcast| (broadcast.submitted.id, broadcast.state, broadcast.control_version)).collect()
}

#[async_trait]
impl Store for StoreWire {
    async fn tenant(&self, entra_tenant: Uuid, app: Uuid) -> Answer<TenantKey> {
        self.ask(Call::Desk, move |record, _| record.tenant(entra_tenant, app)).await
    }

    async fn keep_people(&self, tenant: TenantKey, people: &[Person], now: Timestamp) -> Answer<()> {
        let people = people.to_vec();
        self.ask(Call::Desk, move |record, _| record.keep_people(tenant, &people, now)).await
    }

    async fn keep_venues(&self, tenant: TenantKey, venues: &[NamedVenue], now: Timestamp) -> Answer<Vec<RecipientKey>> {
        let venues = venues.to_vec();
        self.ask(Call::Desk, move |record, _| record.keep_venues(tenant, &venues, now)).await
    }

    async fn count_people(&self, tenant: TenantKey) -> Answer<u64> {
        self.ask(Call::Desk, move |record, _| record.count_people(tenant)).await
    }

    async fn find_people(&self, tenant: TenantKey, addresses: &[Address]) -> Answer<Vec<(Address, RecipientKey)>> {
        let addresses = addresses.to_vec();
        self.ask(Call::Desk, move |record, _| record.find_people(tenant, &addresses)).await
    }

    async fn hear(&self, tenant: TenantKey, user: EntraId, chat: Option<&Chat>, told_at: Timestamp) -> Answer<Taken> {
        let chat = chat.cloned();
        self.ask(Call::Desk, move |record, clock| record.hear(tenant, user, chat.as_ref(), told_at, clock)).await
    }

    async fn chats_heard(&self, tenant: TenantKey, since: Option<Timestamp>) -> Answer<ChatsHeard> {
        self.ask(Call::ChatsHeard, move |record, clock| record.chats_heard(tenant, since, clock)).await
    }

    async fn may_answer(&self, tenant: TenantKey, user: EntraId, pause: Duration, her_pause: Duration) -> Answer<bool> {
        self.ask(Call::Desk, move |record, clock| record.may_answer(tenant, user, pause, her_pause, clock)).await
    }

    async fn named_by(&self, tenant: TenantKey, source: &Source, of: Option<BroadcastId>) -> Answer<Option<People>> {
        let source = source.clone();
        self.ask(Call::Desk, move |record, _| record.named_by(tenant, &source, of)).await
    }

    async fn acquaintances(&self, tenant: TenantKey, people: &[RecipientKey]) -> Answer<Vec<Acquaintance>> {
        let people = people.to_vec();
        self.ask(Call::Desk, move |record, _| record.acquaintances(tenant, &people)).await
    }

    async fn saved_audiences(&self, tenant: TenantKey) -> Answer<Vec<SavedAudience>> {
        self.ask(Call::Desk, move |record, _| record.saved_audiences(tenant)).await
    }

    async fn save_audience(&self, tenant: TenantKey, audience: &SavedAudience) -> Answer<()> {
        let audience = audience.clone();
        self.ask(Call::Desk, move |record, _| record.save_audience(tenant, &audience)).await
    }

    async fn remove_audience(&self, tenant: TenantKey, name: &str) -> Answer<bool> {
        let name = name.to_owned();
        self.ask(Call::Desk, move |record, _| record.remove_audience(tenant, &name)).await
    }

    async fn waiting_audiences(&self, tenant: TenantKey) -> Answer<Vec<(BroadcastId, String)>> {
        self.ask(Call::Desk, move |record, _| record.waiting_audiences(tenant)).await
    }

    async fn lay_down(&self, held: HeldTenant, worker: WorkerId, round: RoundId, people: &People) -> Answer<()> {
        let people = people.clone();
        self.ask(Call::Expand, move |record, clock| record.lay_down(held, worker, round, &people, clock)).await?
    }

    async fn search_people(&self, tenant: TenantKey, text: &str, limit: u32) -> Answer<Vec<Person>> {
        let text = text.to_owned();
        self.ask(Call::Desk, move |record, _| record.search_people(tenant, &text, limit)).await
    }

    async fn directory(&self, tenant: TenantKey) -> Answer<DirectoryRecord> {
        self.ask(Call::Desk, move |record, _| record.directory(tenant)).await
    }

    async fn claim_directory(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        lease: Duration,
    ) -> Answer<Option<DirectoryRecord>> {
        self.ask(Call::Desk, move |record, clock| record.claim_directory(tenant, reader, lease, clock)).await
    }

    async fn advance(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        lease: Duration,
        step: &ReadingStep<'_>,
        now: Timestamp,
    ) -> Answer<Advanced> {
        // A simulated process has its people from the beginning, and reads no directory.
        let _ = (tenant, reader, lease, step, now);
        Err(StoreError::LeaseLost)
    }

    async fn release_directory(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        failure: Option<&str>,
        now: Timestamp,
    ) -> Answer<()> {
        let failure = failure.map(str::to_owned);
        self.ask(Call::Desk, move |record, _| record.release_directory(tenant, reader, failure.as_deref(), now)).await
    }

    async fn keep_group(&self, tenant: TenantKey, group: &Group, members: &[EntraId], now: Timestamp) -> Answer<()> {
        let (group, members) = (group.clone(), members.to_vec());
        self.ask(Call::Desk, move |record, _| record.keep_group(tenant, &group, &members, now)).await
    }

    async fn forget_group(&self, tenant: TenantKey, group: GroupId) -> Answer<()> {
        self.ask(Call::Desk, move |record, _| record.forget_group(tenant, group)).await
    }

    async fn groups(&self, tenant: TenantKey) -> Answer<Vec<GroupRecord>> {
        self.ask(Call::Desk, move |record, _| record.groups(tenant)).await
    }

    async fn find_groups(&self, tenant: TenantKey, name: &str) -> Answer<Vec<GroupRecord>> {
        let name = name.to_owned();
        self.ask(Call::Desk, move |record, _| record.find_groups(tenant, &name)).await
    }

    async fn submit(&self, submission: &Submission) -> Answer<bool> {
        let submission = submission.clone();
        self.ask(Call::Desk, move |record, clock| record.submit(&submission, clock)).await?.map(|()| true)
    }

    async fn tell(&self, untold: Untold, notice: &Submission) -> Answer<()> {
        let notice = notice.clone();
        self.ask(Call::Desk, move |record, clock| record.tell(untold, &notice, clock)).await?
    }

    async fn count_retry(&self, tenant: TenantKey, id: BroadcastId, wish: &RetryWish) -> Answer<u64> {
        let wish = wish.clone();
        self.ask(Call::Desk, move |record, _| record.count_retry(tenant, id, &wish)).await
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
        let wish = wish.clone();
        let effect = move |record: &mut Record, clock| record.retry(tenant, id, &wish, round, deadline_at, now, clock);
        self.ask(Call::Desk, effect).await
    }

    async fn count_standing(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        kind: RoundKind,
        channel: Channel,
    ) -> Answer<Standing> {
        self.ask(Call::Desk, move |record, _| record.count_standing(tenant, id, kind, channel)).await
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
        let (amends, rounds) = (amends.clone(), rounds.to_vec());
        self.ask(Call::Desk, move |record, clock| record.amend(tenant, id, &amends, &rounds, deadline_at, now, clock))
            .await
    }

    async fn cancel_expired(&self, held: HeldTenant, worker: WorkerId, _: Timestamp) -> Answer<Vec<BroadcastId>> {
        self.ask(Call::Desk, move |record, clock| record.cancel_expired(held, worker, clock)).await?
    }

    async fn reasons_of(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        kind: RoundKind,
        channel: Channel,
    ) -> Answer<Vec<(Settlement, Reason, u64)>> {
        self.ask(Call::Desk, move |record, _| record.reasons_of(tenant, id, (kind, channel))).await
    }

    async fn deliveries_of(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        passes: (RoundKind, Channel),
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Answer<Vec<(RecipientKey, DeliveryReport)>> {
        self.ask(Call::Desk, move |record, _| record.deliveries_of(tenant, id, passes, after, limit)).await
    }

    async fn report(&self, tenant: TenantKey, id: BroadcastId) -> Answer<Option<BroadcastReport>> {
        self.ask(Call::Desk, move |record, _| record.report(tenant, id)).await
    }

    async fn reports(&self, tenant: TenantKey, limit: u32) -> Answer<Vec<BroadcastReport>> {
        self.ask(Call::Desk, move |record, _| record.reports(tenant, limit)).await
    }

    async fn ways(&self, tenant: TenantKey, whose: &Whose) -> Answer<Mix> {
        let whose = whose.clone();
        self.ask(Call::Desk, move |record, _| record.ways(tenant, &whose)).await
    }

    async fn outlook(&self, tenant: TenantKey) -> Answer<Outlook> {
        self.ask(Call::Desk, move |record, clock| record.outlook(tenant, clock)).await
    }

    async fn reasons(&self, tenant: TenantKey, id: BroadcastId) -> Answer<Vec<(Settlement, Reason, u64)>> {
        self.ask(Call::Desk, move |record, _| record.reasons(tenant, id)).await
    }

    async fn deliveries(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Answer<Vec<(RecipientKey, DeliveryReport)>> {
        self.ask(Call::Desk, move |record, _| record.deliveries(tenant, id, after, limit)).await
    }

    async fn said(&self, tenant: TenantKey, round: RoundId) -> Answer<Said> {
        self.ask(Call::Words, move |record, _| record.said(tenant, round)).await?
    }

    async fn clock(&self) -> Answer<Timestamp> {
        self.ask(Call::Desk, |_, clock| clock).await
    }

    async fn register(&self, process: &ProcessIdentity, lease: Duration) -> Answer<WorkerId> {
        let process = process.clone();
        self.ask(Call::Register, move |record, clock| record.register(&process, lease, clock)).await
    }

    async fn renew(&self, worker: WorkerId, lease: Duration) -> Answer<bool> {
        self.ask(Call::Renew, move |record, clock| record.renew(worker, lease, clock)).await
    }

    async fn neighbours(&self, host: &str, me: WorkerId) -> Answer<Vec<(WorkerId, ProcessIdentity)>> {
        let host = host.to_owned();
        self.ask(Call::Neighbours, move |record, clock| record.neighbours(&host, me, clock)).await
    }

    async fn end_lease(&self, worker: WorkerId) -> Answer<()> {
        self.ask(Call::EndLease, move |record, _| record.end_lease(worker)).await
    }

    async fn take_tenants(
        &self,
        worker: WorkerId,
        grace: Duration,
        limit: u32,
        may: &[TenantKey],
        held: &[TenantKey],
    ) -> Answer<Vec<HeldTenant>> {
        let (may, held) = (may.to_vec(), held.to_vec());
        let effect = move |record: &mut Record, clock| record.take_tenants(worker, grace, limit, &may, &held, clock);
        self.ask(Call::TakeTenants, effect).await
    }

    async fn spread(&self, worker: WorkerId, grace: Duration, may: &[TenantKey]) -> Answer<Spread> {
        let may = may.to_vec();
        self.ask(Call::TakeTenants, move |record, clock| record.spread(worker, grace, &may, clock)).await
    }

    async fn release_tenant(&self, worker: WorkerId, held: HeldTenant) -> Answer<()> {
        self.ask(Call::ReleaseTenant, move |record, clock| record.release_tenant(worker, held, clock)).await
    }

    async fn work(&self, tenant: TenantKey) -> Answer<TenantWork> {
        let effect = move |record: &mut Record, clock| (record.work(tenant, clock), control_of(record));
        let (work, control) = self.ask(Call::Work, effect).await?;
        self.0.stage.look(|scene| scene.oracle.learnt(&self.0, &control));
        work
    }

    async fn start_due(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        _: Timestamp,
    ) -> Answer<Vec<(BroadcastId, BroadcastState)>> {
        self.ask(Call::StartDue, move |record, clock| record.start_due(held, worker, clock)).await?
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
        self.ask(Call::Expand, move |record, clock| record.expand(held, worker, round, slice, chunk_size, now, clock))
            .await?
    }

    async fn claim(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        limit: u32,
        have: &[ChunkNumber],
    ) -> Answer<Vec<ClaimedChunk>> {
        let have = have.to_vec();
        self.ask(Call::Claim, move |record, _| record.claim(held, worker, round, limit, &have)).await?
    }

    async fn flush(&self, tenant: TenantKey, worker: WorkerId, flush: &Flush) -> Answer<Flushed> {
        let flush = flush.clone();
        let effect = move |record: &mut Record, _| (record.flush(tenant, worker, &flush), control_of(record));
        let (flushed, mut control) = self.ask(Call::Flush, effect).await?;
        let flushed = flushed?;
        // A flush tells only of the broadcasts whose chunks it holds.
        control.retain(|(id, ..)| flushed.broadcasts.iter().any(|(told, _)| told == id));
        self.0.stage.look(|scene| scene.oracle.learnt(&self.0, &control));
        Ok(flushed)
    }

    async fn record_late(&self, tenant: TenantKey, facts: &[AttemptFact]) -> Answer<u64> {
        let facts = facts.to_vec();
        self.ask(Call::RecordLate, move |record, _| record.record_late(tenant, &facts)).await
    }

    async fn rescue(&self, held: HeldTenant, worker: WorkerId, now: Timestamp) -> Answer<u64> {
        self.ask(Call::Rescue, move |record, _| record.rescue(held, worker, now)).await
    }

    async fn finish(&self, tenant: TenantKey, now: Timestamp) -> Answer<Vec<(BroadcastId, BroadcastState)>> {
        let call = if self.0.seat.is_some() { Call::Finish } else { Call::Desk };
        self.ask(call, move |record, clock| record.finish(tenant, now, clock)).await
    }

    async fn release_strays(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        have: &[ChunkNumber],
    ) -> Answer<()> {
        let have = have.to_vec();
        self.ask(Call::ReleaseStrays, move |record, _| record.release_strays(held, worker, round, &have)).await?
    }

    async fn release_chunks(&self, tenant: TenantKey, worker: WorkerId, chunks: &[Chunk]) -> Answer<()> {
        let chunks = chunks.to_vec();
        self.ask(Call::ReleaseChunks, move |record, _| record.release_chunks(tenant, worker, &chunks)).await
    }

    async fn halt_tenant(&self, tenant: TenantKey, halt: &Halt) -> Answer<()> {
        let halt = halt.clone();
        self.ask(Call::HaltTenant, move |record, _| record.halt_tenant(tenant, &halt)).await
    }

    async fn release_halt(&self, tenant: TenantKey) -> Answer<()> {
        self.ask(Call::ReleaseHalt, move |record, _| record.release_halt(tenant)).await
    }

    async fn halt_broadcast(&self, tenant: TenantKey, id: BroadcastId, halt: &Halt) -> Answer<()> {
        let halt = halt.clone();
        self.ask(Call::HaltBroadcast, move |record, clock| record.halt_broadcast(tenant, id, &halt, clock)).await
    }

    async fn move_broadcast(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        from: &[BroadcastState],
        to: BroadcastState,
        now: Timestamp,
    ) -> Answer<bool> {
        let from = from.to_vec();
        self.ask(Call::Desk, move |record, clock| record.move_broadcast(tenant, id, &from, to, now, clock)).await?
    }

    async fn resume_broadcast(&self, tenant: TenantKey, id: BroadcastId, _: Timestamp) -> Answer<bool> {
        self.ask(Call::Desk, move |record, clock| record.resume_broadcast(tenant, id, clock)).await
    }

    async fn keep_bucket(&self, tenant: TenantKey, kept: BucketRecord) -> Answer<()> {
        self.ask(Call::KeepBucket, move |record, _| record.keep_bucket(tenant, kept)).await
    }

    async fn keep_app(&self, tenant: TenantKey, app: &TeamsAppId) -> Answer<()> {
        let app = app.clone();
        self.ask(Call::KeepApp, move |record, _| record.keep_app(tenant, &app)).await
    }
}
