//! The tables as values, and read-only ways into them.

use std::collections::{BTreeMap, BTreeSet};

use uuid::Uuid;

use crate::domain::broadcast::{BroadcastState, Channel, NewBroadcast, RoundKind, RoundState};
use crate::domain::chunk::Chunk;
use crate::domain::content::Content;
use crate::domain::ids::{
    BroadcastId, ChunkNumber, Epoch, GroupId, MessageId, Ordinal, ReaderId, RecipientKey, RoundId, TeamsAppId,
    TenantKey, WorkerId,
};
use crate::domain::notification::Notification;
use crate::domain::pacing::Bucket;
use crate::domain::progress::Retried;
use crate::domain::reason::Reason;
use crate::domain::route::Route;
use crate::domain::time::Timestamp;
use crate::domain::venue::Venue;
use crate::ports::{
    AttemptFact, BucketRecord, DirectoryRecord, Group, Halt, HeldTenant, Person, ProcessIdentity, RetryWish, Said,
    SavedAudience,
};

/// A way in which a record is wrong on purpose.
///
/// They exist so that the simulation can show that it would notice: a judge who has never refused anybody proves
/// nothing. No store outside tests has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flaw {
    /// The record keeps its promises.
    #[default]
    None,
    /// A flush is taken from any owner under any epoch: a worker that was frozen for a while goes on as if it held
    /// the chunk, and two are inside together.
    NoEpochCheck,
    /// A flush does not keep the open bits: after a crash nobody knows who may have been told.
    NoPermissionBit,
    /// A flush keeps bits and counters at once, but its facts only with the same worker's next flush that moves
    /// anything, or when it gives the tenant back: a crash in between loses them.
    FactsAfterPermission,
}

/// One tenant and its lease.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredTenant {
    /// Our number for it.
    pub key: TenantKey,
    /// Entra's id of the tenant.
    pub entra_tenant: Uuid,
    /// Entra's id of our app.
    pub app: Uuid,
    /// The catalogue's id of our Teams app, once looked up.
    pub teams_app: Option<TeamsAppId>,
    /// Why everything waits, if it does.
    pub halt: Option<Halt>,
    /// The worker that holds it.
    pub owner: Option<WorkerId>,
    /// Grows with each owner.
    pub epoch: Epoch,
    /// The worker that gave it back in order, while nobody has taken it since.
    pub released_by: Option<WorkerId>,
    /// When its last owner gave it back, by the database's clock.
    pub left_at: Option<Timestamp>,
    /// Cooldowns for the next owner.
    pub buckets: BTreeMap<Bucket, BucketRecord>,
    /// When the bot last answered somebody, by the database's clock.
    pub answered_at: Option<Timestamp>,
}

/// One run of a worker process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredWorker {
    /// Where it runs.
    pub process: ProcessIdentity,
    /// End of its lease by the database's clock; `None` once it was ended by somebody.
    pub alive_until: Option<Timestamp>,
    /// Its last sign of life, by the database's clock.
    pub seen_at: Timestamp,
}

/// One person of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPerson {
    /// Our number for her.
    pub key: RecipientKey,
    /// What the directory said last.
    pub person: Person,
    /// When that was.
    pub kept_at: Timestamp,
    /// What is known of the way.
    pub route: Route,
    /// Why Teams last refused her, and when.
    pub refusal: Option<(Reason, Timestamp)>,
    /// Where Teams wants what is sent to her.
    pub service_url: Option<String>,
    /// When the bot was last told something new of the way to her, by the database's clock.
    pub heard_at: Option<Timestamp>,
    /// The instant that Teams gave with what was told last.
    pub told_at: Option<Timestamp>,
    /// When the bot last answered her, by the database's clock.
    pub answered_at: Option<Timestamp>,
    /// Since when the directory does not know her any more.
    pub left_at: Option<Timestamp>,
    /// Where it is, when this is not a person.
    pub venue: Option<Box<Venue>>,
}

/// How far a tenant's directory has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredDirectory {
    /// What a reader is told; `left` is counted when it is asked for.
    pub told: DirectoryRecord,
    /// Who is reading, and until when without a sign of life, by the database's clock.
    pub reader: Option<(ReaderId, Timestamp)>,
    /// Whom the pages of the whole reading under way have named.
    pub named: BTreeSet<RecipientKey>,
    /// One of them names somebody who could not be read.
    pub unreadable: bool,
}

/// A group that an audience has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredGroup {
    /// The group.
    pub group: Group,
    /// Its members whom we know.
    pub members: BTreeSet<RecipientKey>,
    /// How many we do not know.
    pub outsiders: u64,
    /// As of when.
    pub read_at: Timestamp,
}

/// One announcement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBroadcast {
    /// The tenant.
    pub tenant: TenantKey,
    /// As it was submitted; a retry, or a person who lets a missed one go on, moves its deadline.
    pub submitted: NewBroadcast,
    /// The people of its list, until its audience is frozen; of an expression, once it is evaluated.
    pub list: BTreeSet<RecipientKey>,
    /// The lists that its expression names, until its audience is frozen.
    pub lists: BTreeMap<String, BTreeSet<RecipientKey>>,
    /// Where it stands.
    pub state: BroadcastState,
    /// Grows with each change of state by a person or a halt.
    pub control_version: u32,
    /// Why it is halted, if it is.
    pub halt: Option<Halt>,
    /// When its first chunk became claimable.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When its state last changed, by the database's clock.
    pub moved_at: Timestamp,
    /// Since when it is recalled, or being so.
    pub recalled_at: Option<Timestamp>,
    /// The state of which its author was told last.
    pub told: Option<BroadcastState>,
    /// The broadcast of whose state this one tells the author.
    pub notice_of: Option<BroadcastId>,
}

/// One pass over a frozen set of people, with everything that happened in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRound {
    /// The tenant.
    pub tenant: TenantKey,
    /// Its id.
    pub id: RoundId,
    /// Its broadcast.
    pub broadcast: BroadcastId,
    /// Why it passes.
    pub kind: RoundKind,
    /// Which way its people are told.
    pub channel: Channel,
    /// What it says, where that is not what its broadcast says.
    pub says: Saying,
    /// Where it stands.
    pub state: RoundState,
    /// People with an ordinal so far.
    pub targeted: u32,
    /// The last person who has an ordinal.
    pub expanded_through: RecipientKey,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When its broadcast's expression was evaluated for it, by the database's clock.
    pub listed_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Of a retry: whom it takes up.
    pub retries: Option<RetryWish>,
    /// Of a retry: where its people stood before.
    pub from: Retried,
    /// Who is in it.
    pub audience: BTreeMap<Ordinal, RecipientKey>,
    /// Who of them may have been told by an earlier round, and why.
    pub doubts: BTreeMap<Ordinal, Reason>,
    /// Which message of theirs is to be replaced or deleted.
    pub messages: BTreeMap<Ordinal, MessageId>,
    /// Its chunks.
    pub chunks: BTreeMap<ChunkNumber, StoredChunk>,
    /// What happened: by ordinal, number of the attempt, epoch.
    pub attempts: BTreeMap<(Ordinal, u32, Epoch), StoredAttempt>,
}

/// What a round says beside its broadcast.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Saying {
    /// In chats and channels.
    pub content: Option<Content>,
    /// In activity feeds.
    pub notification: Option<Notification>,
    /// Of a correction: what its broadcast said before.
    pub replaced: Option<Said>,
}

/// Whose a chunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Anybody's who holds the tenant.
    Ready,
    /// This worker's.
    Claimed(WorkerId),
    /// Nobody's any more: everybody in it is settled.
    Finished,
}

/// One run of ordinals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChunk {
    /// Bits, counters, epoch, flush number.
    pub chunk: Chunk,
    /// Whose it is.
    pub claim: Claim,
    /// Of the unconfirmed, those whom a late answer proved sent.
    pub late_sent: u32,
    /// Of the unconfirmed, those whom a late answer proved failed.
    pub late_failed: u32,
}

/// How a fact came into the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// With its owner's flush.
    Flush,
    /// A rescue found the permission open.
    Rescue,
    /// Her broadcast was cancelled, and she may have been told.
    Ended,
    /// Late, from a worker that had lost the chunk.
    Late {
        /// It settled a doubt, and was counted so.
        proves: bool,
    },
}

/// One fact as kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAttempt {
    /// What happened. Of a late fact, `settles` is what it settled here.
    pub fact: AttemptFact,
    /// How it came here. Postgres does not keep this; the judge of a run wants to know.
    pub origin: Origin,
}

/// The numbers that were handed out last, as the database's identity columns count them: also for a row that turned
/// out to be there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Issued {
    pub tenant: i32,
    pub worker: i64,
    pub recipient: i64,
}

/// Everything that a store keeps, as one plain value. Each method is atomic by nature.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Record {
    pub(super) tenants: BTreeMap<TenantKey, StoredTenant>,
    pub(super) workers: BTreeMap<WorkerId, StoredWorker>,
    pub(super) people: BTreeMap<(TenantKey, RecipientKey), StoredPerson>,
    pub(super) directories: BTreeMap<TenantKey, StoredDirectory>,
    pub(super) groups: BTreeMap<(TenantKey, GroupId), StoredGroup>,
    pub(super) broadcasts: BTreeMap<(TenantKey, BroadcastId), StoredBroadcast>,
    pub(super) rounds: BTreeMap<(TenantKey, RoundId), StoredRound>,
    pub(super) saved: BTreeMap<(TenantKey, String), SavedAudience>,
    pub(super) issued: Issued,
    pub(super) flaw: Flaw,
    /// Under [`Flaw::FactsAfterPermission`]: facts that wait for the next flush of their worker.
    pub(super) withheld: BTreeMap<TenantKey, (WorkerId, Vec<AttemptFact>)>,
}

impl Record {
    /// An empty record that is wrong in one way.
    pub fn with_flaw(flaw: Flaw) -> Self {
        Self { flaw, ..Self::default() }
    }

    /// The tenants.
    pub fn tenants(&self) -> impl Iterator<Item = &StoredTenant> {
        self.tenants.values()
    }

    /// Every run of a worker process, oldest first.
    pub fn workers(&self) -> impl Iterator<Item = (WorkerId, &StoredWorker)> {
        self.workers.iter().map(|(id, worker)| (*id, worker))
    }

    /// The people of a tenant, and its venues, by their directory number.
    pub fn people(&self, tenant: TenantKey) -> impl Iterator<Item = &StoredPerson> {
        let all = (tenant, RecipientKey(i64::MIN))..=(tenant, RecipientKey(i64::MAX));
        self.people.range(all).map(|(_, person)| person)
    }

    /// The people of a tenant who have not left, by their directory number. Venues are nobody.
    pub fn present(&self, tenant: TenantKey) -> impl Iterator<Item = &StoredPerson> {
        self.people(tenant).filter(|stored| stored.left_at.is_none() && stored.venue.is_none())
    }

    /// One person.
    pub fn person(&self, tenant: TenantKey, key: RecipientKey) -> Option<&StoredPerson> {
        self.people.get(&(tenant, key))
    }

    /// Every broadcast, oldest first within its tenant.
    pub fn broadcasts(&self) -> impl Iterator<Item = &StoredBroadcast> {
        self.broadcasts.values()
    }

    /// One broadcast.
    pub fn broadcast(&self, tenant: TenantKey, id: BroadcastId) -> Option<&StoredBroadcast> {
        self.broadcasts.get(&(tenant, id))
    }

    /// The rounds of a tenant, oldest first.
    pub fn rounds(&self, tenant: TenantKey) -> impl Iterator<Item = &StoredRound> {
        let all = (tenant, RoundId::from_i64(i64::MIN))..=(tenant, RoundId::from_i64(i64::MAX));
        self.rounds.range(all).map(|(_, round)| round)
    }

    /// The rounds of one broadcast, oldest first.
    pub fn rounds_of(&self, tenant: TenantKey, broadcast: BroadcastId) -> impl Iterator<Item = &StoredRound> {
        self.rounds(tenant).filter(move |round| round.broadcast == broadcast)
    }

    /// One round.
    pub fn round(&self, tenant: TenantKey, id: RoundId) -> Option<&StoredRound> {
        self.rounds.get(&(tenant, id))
    }

    /// Whether `worker` holds the tenant under this very epoch.
    pub(super) fn holds(&self, held: HeldTenant, worker: WorkerId) -> bool {
        let tenant = self.tenants.get(&held.tenant);
        tenant.is_some_and(|tenant| tenant.owner == Some(worker) && tenant.epoch == held.epoch)
    }

    pub(super) fn rounds_mut(&mut self, tenant: TenantKey) -> impl Iterator<Item = &mut StoredRound> {
        let all = (tenant, RoundId::from_i64(i64::MIN))..=(tenant, RoundId::from_i64(i64::MAX));
        self.rounds.range_mut(all).map(|(_, round)| round)
    }
}

impl StoredRound {
    /// A round of which nobody is frozen yet.
    pub(super) const fn fresh(
        tenant: TenantKey,
        id: RoundId,
        broadcast: BroadcastId,
        (kind, channel): (RoundKind, Channel),
        created_at: Timestamp,
    ) -> Self {
        Self {
            tenant,
            id,
            broadcast,
            kind,
            channel,
            says: Saying { content: None, notification: None, replaced: None },
            state: RoundState::Expanding,
            targeted: 0,
            expanded_through: RecipientKey(0),
            created_at,
            listed_at: None,
            finished_at: None,
            retries: None,
            from: Retried { failed: 0, unconfirmed: 0 },
            audience: BTreeMap::new(),
            doubts: BTreeMap::new(),
            messages: BTreeMap::new(),
            chunks: BTreeMap::new(),
            attempts: BTreeMap::new(),
        }
    }

    /// What happened to one person of it, in the order of the attempts.
    pub fn attempts_of(&self, ordinal: Ordinal) -> impl Iterator<Item = &StoredAttempt> {
        let all = (ordinal, 0, Epoch(0))..=(ordinal, u32::MAX, Epoch(u32::MAX));
        self.attempts.range(all).map(|(_, attempt)| attempt)
    }

    /// Writes a fact down unless there is one under the same key; `false` when there was.
    pub(super) fn write(&mut self, fact: AttemptFact, origin: Origin) -> bool {
        let key = (fact.ordinal, fact.attempt, fact.epoch);
        let free = !self.attempts.contains_key(&key);
        if free {
            // An attempt never ends before it began, whatever the clock was set to meanwhile.
            let fact = AttemptFact { ended_at: fact.ended_at.max(fact.started_at), ..fact };
            self.attempts.insert(key, StoredAttempt { fact, origin });
        }
        free
    }
}
