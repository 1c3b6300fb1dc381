//! What we ask of the world: the six traits between the use cases and everything outside, and the values that
//! cross them.
//!
//! They are trait objects: a use case names what it needs, `wiring.rs` chooses who answers.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::domain::attributes::{Attributes, Mentioned, Property};
use crate::domain::audience::Address;
use crate::domain::audience::expression::{People, Source};
use crate::domain::broadcast::{BroadcastState, Channel, RoundKind};
use crate::domain::chunk::Chunk;
use crate::domain::delivery::Settlement;
use crate::domain::flow::Mix;
use crate::domain::heard::Chat;
use crate::domain::ids::{
    BroadcastId, ChunkNumber, EntraId, GroupId, ReaderId, RecipientKey, RequestId, RoundId, TeamsAppId, TenantKey,
    WorkerId,
};
use crate::domain::reason::Reason;
use crate::domain::route::Account;
use crate::domain::sharing::Spread;
use crate::domain::time::{Monotonic, Timestamp};

mod directory;
mod examiner;
mod gatekeeper;
mod messenger;
mod office;
mod record;

pub use directory::*;
pub use examiner::*;
pub use gatekeeper::*;
pub use messenger::*;
pub use office::*;
pub use record::*;

/// A future that a port hands out; boxed, so that the ports stay trait objects.
pub type Pending<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The only source of time.
pub trait Clock: Send + Sync {
    /// The present instant in UTC. It may jump when an administrator sets the clock.
    fn now(&self) -> Timestamp;

    /// The present instant of the process's stopwatch. It never goes back.
    fn monotonic(&self) -> Monotonic;

    /// Resolves at `at`, or at once when `at` has passed.
    fn sleep_until(&self, at: Monotonic) -> Pending<()>;
}

/// The only source of chance.
pub trait Random: Send + Sync {
    /// Sixty-four fresh bits. Outside tests and simulations nobody can guess them: what browsers sign in with is made of them.
    fn next_u64(&self) -> u64;
}

// ---------------------------------------------------------------------------------------------- Doorkeeper

/// Why somebody is not let in: whoever posts to the bot, or wants to use the API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotLetIn {
    /// What they show does not prove who they are.
    #[error("the token proves nothing: {0}")]
    Unproved(&'static str),
    /// It is genuine, and gives no right to anything here.
    #[error("it gives no right to anything here: {0}")]
    Forbidden(&'static str),
    /// Nobody can say at present.
    #[error("nobody can say at present: {0}")]
    Unknown(&'static str),
}

/// What a genuine token vouches for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// The service URL of the activity that it comes with; `None` when it names none.
    pub service_url: Option<String>,
    /// The channels that its key vouches for; empty for all.
    pub channels: Vec<String>,
}

/// Tells what Teams posts to the bot from what others do.
#[async_trait]
pub trait Doorkeeper: Send + Sync {
    /// What `token` vouches for, if the Bot Framework has made it for our bot and it holds now. This needs nothing of the
    /// activity, so that nobody's activity is read who has no such token.
    ///
    /// # Errors
    /// [`NotLetIn`].
    async fn recognise(&self, token: &str) -> Result<Pass, NotLetIn>;

    /// Whether `pass` is one for an activity with this channel and service URL, and that comes from Teams.
    ///
    /// # Errors
    /// [`NotLetIn::Unproved`] and [`NotLetIn::Forbidden`].
    fn let_in(&self, pass: &Pass, channel: &str, service_url: &str) -> Result<(), NotLetIn>;
}

// ---------------------------------------------------------------------------------------------- Store

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, or asks us to come again. Repeat the same call.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// The database is there and does not let us in: wrong user, password or name. An administrator must act.
    #[error("the database refuses us: {0}")]
    Refused(String),
    /// The lease under which the call was made is not ours any more.
    #[error("the lease was lost")]
    LeaseLost,
    /// The schema and this program do not fit.
    #[error("{0}")]
    Schema(String),
    /// A statement failed, or a row holds what the domain refuses. A bug of ours, or a hand in the database.
    #[error("the database answered something unexpected: {0}")]
    Broken(String),
}

impl StoreError {
    /// The same call may succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

/// Keeps everything. Only leases are judged by the database's clock; elsewhere `now` is a parameter.
///
/// Every method may answer [`StoreError::Unavailable`], after which the same call may be made again.
#[async_trait]
pub trait Store: Send + Sync {
    // -- people

    /// The tenant's key; makes the tenant when it is new.
    async fn tenant(&self, entra_tenant: uuid::Uuid, app: uuid::Uuid) -> Result<TenantKey, StoreError>;

    /// Keeps these people; whoever is known already keeps her route.
    async fn keep_people(&self, tenant: TenantKey, people: &[Person], now: Timestamp) -> Result<(), StoreError>;

    /// Keeps these venues beside the people; one that is known keeps its number and its way, and takes the new name. Their
    /// numbers, in the same order. Nothing that asks for people finds a venue: it can only be named by its number.
    async fn keep_venues(
        &self,
        tenant: TenantKey,
        venues: &[NamedVenue],
        now: Timestamp,
    ) -> Result<Vec<RecipientKey>, StoreError>;

    /// How many people the directory holds. Whoever left it does not count, nor does a venue.
    async fn count_people(&self, tenant: TenantKey) -> Result<u64, StoreError>;

    /// Whom these addresses name; unknown ones, and whoever left, are left out.
    async fn find_people(
        &self,
        tenant: TenantKey,
        addresses: &[Address],
    ) -> Result<Vec<(Address, RecipientKey)>, StoreError>;

    /// Keeps what the bot was told at `told_at` of the way to somebody: her chat, or that she does not have the app any
    /// more. What is older than what was told last changes nothing, so that repeating and reordering do no harm.
    ///
    /// A worker may write down at the same time what it learnt of her. Whoever writes last is believed: what is wrong
    /// then, Teams itself corrects with the answer to the next request, which costs that request and nobody a message.
    async fn hear(
        &self,
        tenant: TenantKey,
        user: EntraId,
        chat: Option<&Chat>,
        told_at: Timestamp,
    ) -> Result<Taken, StoreError>;

    /// Whose chats the bot was told of since `since`, by the store's clock, or of late. What was told in the five seconds
    /// before may be among it once more: a write may become visible after a younger one.
    async fn chats_heard(&self, tenant: TenantKey, since: Option<Timestamp>) -> Result<ChatsHeard, StoreError>;

    /// Whether the bot may answer somebody now: nobody of the tenant was answered for `pause`, nor was she for
    /// `her_pause`. Then both begin anew.
    async fn may_answer(
        &self,
        tenant: TenantKey,
        user: EntraId,
        pause: Duration,
        her_pause: Duration,
    ) -> Result<bool, StoreError>;

    // -- audiences

    /// Whom `source` names of those who are there, a list being one of the broadcast `of`; `None` when what it names is
    /// not there, or not for certain. What is saved under a name is not looked up: it is put in before.
    async fn named_by(
        &self,
        tenant: TenantKey,
        source: &Source,
        of: Option<BroadcastId>,
    ) -> Result<Option<People>, StoreError>;

    /// What is known of these people, by their numbers; unknown ones are left out.
    async fn acquaintances(&self, tenant: TenantKey, people: &[RecipientKey]) -> Result<Vec<Acquaintance>, StoreError>;

    /// Every saved audience, by name.
    async fn saved_audiences(&self, tenant: TenantKey) -> Result<Vec<SavedAudience>, StoreError>;

    /// Saves an audience under its name, in the place of an earlier one.
    async fn save_audience(&self, tenant: TenantKey, audience: &SavedAudience) -> Result<(), StoreError>;

    /// Forgets a saved audience; `false` when there was none.
    async fn remove_audience(&self, tenant: TenantKey, name: &str) -> Result<bool, StoreError>;

    /// Broadcasts whose audience is told in words and not frozen yet, with the words.
    async fn waiting_audiences(&self, tenant: TenantKey) -> Result<Vec<(BroadcastId, String)>, StoreError>;

    /// The first people in the order of their names whose name, principal name or mail address begins with `text`.
    async fn search_people(&self, tenant: TenantKey, text: &str, limit: u32) -> Result<Vec<Person>, StoreError>;

    // -- reading the directory

    /// How far the directory has been read.
    async fn directory(&self, tenant: TenantKey) -> Result<DirectoryRecord, StoreError>;

    /// Claims the reading of the directory for `lease` from now on, by the store's clock; `None` while somebody else
    /// has it. Each [`Store::advance`] renews it.
    async fn claim_directory(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        lease: Duration,
    ) -> Result<Option<DirectoryRecord>, StoreError>;

    /// Takes one step of a reading, all of it or nothing.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when the claim is not `reader`'s any more.
    async fn advance(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        lease: Duration,
        step: &ReadingStep<'_>,
        now: Timestamp,
    ) -> Result<Advanced, StoreError>;

    /// Gives the claim back, and notes why the reading failed, if it did.
    async fn release_directory(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        failure: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Keeps a group with exactly these members, all or nothing; whom we do not know is counted. What was read later
    /// stays.
    async fn keep_group(
        &self,
        tenant: TenantKey,
        group: &Group,
        members: &[EntraId],
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Forgets a group and its members: the directory has it no longer.
    async fn forget_group(&self, tenant: TenantKey, group: GroupId) -> Result<(), StoreError>;

    /// Every group that an audience has named, by name.
    async fn groups(&self, tenant: TenantKey) -> Result<Vec<GroupRecord>, StoreError>;

    /// Those of this name, in any case of letters.
    async fn find_groups(&self, tenant: TenantKey, name: &str) -> Result<Vec<GroupRecord>, StoreError>;

    // -- broadcasts

    /// Stores a broadcast, its list and its rounds, and marks the draft that it is made of as sent, all or nothing; `false`
    /// when that draft does not stand any more as it was read. The same submission again changes nothing, and is `true`.
    async fn submit(&self, submission: &Submission) -> Result<bool, StoreError>;

    /// Stores a notice that tells an author where her broadcast stands, unless she knows already or it has moved on.
    async fn tell(&self, untold: Untold, notice: &Submission) -> Result<(), StoreError>;

    /// How many people of a broadcast a retry would take up.
    async fn count_retry(&self, tenant: TenantKey, id: BroadcastId, wish: &RetryWish) -> Result<u64, StoreError>;

    /// Begins a retry of a broadcast that is over and was not recalled; `false` when it is not. Repeating it with the same round does no
    /// harm.
    async fn retry(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        wish: &RetryWish,
        round: RoundId,
        deadline_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// How many people a correction, or a recall, of a broadcast would take up in this channel. Whoever an earlier recall
    /// reached is not among them.
    async fn count_standing(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        kind: RoundKind,
        channel: Channel,
    ) -> Result<Standing, StoreError>;

    /// Begins to set right what was sent of a broadcast that is over, in one round for each of the channels; `false` when it
    /// is not over, when it is to be corrected and was recalled, and when it is to be recalled by itself and was recalled by
    /// somebody. Repeating it with the same rounds does no harm. A recall without rounds only keeps others from telling
    /// anybody.
    async fn amend(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        amends: &Amends,
        rounds: &[(RoundId, Channel)],
        deadline_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Cancels the broadcasts that were to be recalled by themselves before this instant and still go out; returns those
    /// that are over, so that they can be recalled. Judged by the store's clock.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when `held` is not ours any more.
    async fn cancel_expired(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        now: Timestamp,
    ) -> Result<Vec<BroadcastId>, StoreError>;

    /// One broadcast.
    async fn report(&self, tenant: TenantKey, id: BroadcastId) -> Result<Option<BroadcastReport>, StoreError>;

    /// The newest broadcasts, newest first.
    async fn reports(&self, tenant: TenantKey, limit: u32) -> Result<Vec<BroadcastReport>, StoreError>;

    /// How well the way is known to each person who is still to be reached. Who is left out by rule is not counted; of
    /// a large broadcast under way, chunks are counted by sample and scaled up.
    async fn ways(&self, tenant: TenantKey, whose: &Whose) -> Result<Mix, StoreError>;

    /// Who works, and who had the app of late: what a forecast must know of a tenant.
    async fn outlook(&self, tenant: TenantKey) -> Result<Outlook, StoreError>;

    /// How many people ended for which reason.
    async fn reasons(&self, tenant: TenantKey, id: BroadcastId) -> Result<Vec<(Settlement, Reason, u64)>, StoreError>;

    /// The same of its rounds of one kind in one channel: each person by the newest of them that names her.
    async fn reasons_of(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        kind: RoundKind,
        channel: Channel,
    ) -> Result<Vec<(Settlement, Reason, u64)>, StoreError>;

    /// The next people of a broadcast after `after` (their directory number), in that order; at most `limit`.
    async fn deliveries(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Result<Vec<(RecipientKey, DeliveryReport)>, StoreError>;

    /// The same of its rounds of one kind in one channel: each person by the newest of them that names her.
    async fn deliveries_of(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        passes: (RoundKind, Channel),
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Result<Vec<(RecipientKey, DeliveryReport)>, StoreError>;

    /// Lays down whom a round's expression means, all of them or nobody, so that the round can be expanded. Once: a
    /// repetition changes nothing, and neither does a round that is not to be expanded at this moment.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when `held` is not ours any more.
    async fn lay_down(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        people: &People,
    ) -> Result<(), StoreError>;

    /// What a round says.
    async fn said(&self, tenant: TenantKey, round: RoundId) -> Result<Said, StoreError>;

    // -- leases

    /// The instant by the clock that judges leases.
    async fn clock(&self) -> Result<Timestamp, StoreError>;

    /// Registers a run of a worker process whose lease lasts `lease` from now on.
    async fn register(&self, process: &ProcessIdentity, lease: Duration) -> Result<WorkerId, StoreError>;

    /// Renews the lease; `false` when it had ended: this run is over, the process must come back as another.
    async fn renew(&self, worker: WorkerId, lease: Duration) -> Result<bool, StoreError>;

    /// Workers on `host` whose lease has not ended, `me` left out: candidates for proving gone.
    async fn neighbours(&self, host: &str, me: WorkerId) -> Result<Vec<(WorkerId, ProcessIdentity)>, StoreError>;

    /// Ends the lease of a worker that is provably gone, or that stops in order.
    async fn end_lease(&self, worker: WorkerId) -> Result<(), StoreError>;

    /// Takes up to `limit` of the tenants in `may` that have work and that nobody holds, or whose holder's lease ended
    /// `grace` ago. A tenant that this worker holds by the record but not in `held` was taken by a call whose answer was
    /// lost, and is taken again.
    ///
    /// Broadcasts of a taken tenant that lay still for longer than their tolerance, since their last change and the last
    /// owner's last sign of life, become [`BroadcastState::Missed`] with it.
    async fn take_tenants(
        &self,
        worker: WorkerId,
        grace: Duration,
        limit: u32,
        may: &[TenantKey],
        held: &[TenantKey],
    ) -> Result<Vec<HeldTenant>, StoreError>;

    /// How the tenants in `may`, which this worker does not have, are spread over the other live workers, and how many of
    /// them [`Store::take_tenants`] would take.
    async fn spread(&self, worker: WorkerId, grace: Duration, may: &[TenantKey]) -> Result<Spread, StoreError>;

    /// Gives tenants back, and whatever chunks of theirs `worker` still claims and nobody is open in.
    async fn release_tenant(&self, worker: WorkerId, held: HeldTenant) -> Result<(), StoreError>;

    // -- the engine

    /// What the owner of a tenant needs to know.
    async fn work(&self, tenant: TenantKey) -> Result<TenantWork, StoreError>;

    /// Starts the broadcasts whose hour has come; those that it passed by more than their tolerance are missed. Each once,
    /// judged by the store's clock. Returns where they stand now.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when `held` is not ours any more.
    async fn start_due(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        now: Timestamp,
    ) -> Result<Vec<(BroadcastId, BroadcastState)>, StoreError>;

    /// Freezes the next slice of a round's set.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when `held` is not ours any more.
    async fn expand(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        slice: u32,
        chunk_size: u32,
        now: Timestamp,
    ) -> Result<Expanded, StoreError>;

    /// Claims up to `limit` clean chunks of a round. One that this worker claims by the record but does not have
    /// (`have`) was claimed by a call whose answer was lost, and is claimed again.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when `held` is not ours any more.
    async fn claim(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        limit: u32,
        have: &[ChunkNumber],
    ) -> Result<Vec<ClaimedChunk>, StoreError>;

    /// Writes down a tenant's facts, permissions and routes in one statement. Repeating it does no harm.
    async fn flush(&self, tenant: TenantKey, worker: WorkerId, flush: &Flush) -> Result<Flushed, StoreError>;

    /// Records what a fenced worker still learnt, under each chunk's lock. Returns how many unconfirmed people the
    /// answers settled.
    async fn record_late(&self, tenant: TenantKey, facts: &[AttemptFact]) -> Result<u64, StoreError>;

    /// Takes every chunk of `held` that a dead owner left, one transaction each, and settles its open ordinals by the
    /// broadcast's policy; returns how many people were open.
    async fn rescue(&self, held: HeldTenant, worker: WorkerId, now: Timestamp) -> Result<u64, StoreError>;

    /// Ends rounds whose chunks are all finished, and with them broadcasts; ends cancelled broadcasts that nobody
    /// holds a chunk of, and preparing when the hour has come. Returns the broadcasts that ended.
    async fn finish(&self, tenant: TenantKey, now: Timestamp)
    -> Result<Vec<(BroadcastId, BroadcastState)>, StoreError>;

    /// Gives back chunks of a round that this worker claims by the record but does not have (`have`), because the answer of
    /// their claim was lost. Nothing of theirs was ever permitted; the new epoch fences that claim.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] when `held` is not ours any more.
    async fn release_strays(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        have: &[ChunkNumber],
    ) -> Result<(), StoreError>;

    /// Gives back chunks without open sends, bits kept.
    async fn release_chunks(&self, tenant: TenantKey, worker: WorkerId, chunks: &[Chunk]) -> Result<(), StoreError>;

    /// Halts everything of a tenant.
    async fn halt_tenant(&self, tenant: TenantKey, halt: &Halt) -> Result<(), StoreError>;

    /// Lets a halted tenant go on.
    async fn release_halt(&self, tenant: TenantKey) -> Result<(), StoreError>;

    /// Halts one broadcast that is running.
    async fn halt_broadcast(&self, tenant: TenantKey, id: BroadcastId, halt: &Halt) -> Result<(), StoreError>;

    /// Moves a broadcast to `to` if it stands in one of `from`; `false` when it stood elsewhere.
    async fn move_broadcast(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        from: &[BroadcastState],
        to: BroadcastState,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Lets a paused, halted or missed broadcast go on from where it stood; `false` when it was none of them.
    async fn resume_broadcast(&self, tenant: TenantKey, id: BroadcastId, now: Timestamp) -> Result<bool, StoreError>;

    /// Keeps a bucket's cooldown for the next owner.
    async fn keep_bucket(&self, tenant: TenantKey, record: BucketRecord) -> Result<(), StoreError>;

    /// Keeps the app's catalogue id.
    async fn keep_app(&self, tenant: TenantKey, app: &TeamsAppId) -> Result<(), StoreError>;
}
