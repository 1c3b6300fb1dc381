//! The values that cross the Store: who works, what is to be done, what happened, and what reports read.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::domain::broadcast::{
    AudienceKind, BroadcastState, Channel, Channels, NewBroadcast, RoundKind, RoundState, Schedule, Treatment,
};
use crate::domain::chunk::Chunk;
use crate::domain::content::Content;
use crate::domain::delivery::Settlement;
use crate::domain::heard::Chat;
use crate::domain::ids::{
    BroadcastId, ChunkNumber, EntraId, Epoch, MessageId, Ordinal, RecipientKey, RequestId, RoundId, TeamsAppId,
    TenantKey,
};
use crate::domain::notification::Notification;
use crate::domain::outcome::{Outcome, Step};
use crate::domain::pacing::Bucket;
use crate::domain::plan::Purpose;
use crate::domain::progress::Progress;
use crate::domain::reason::{HaltReason, Reason};
use crate::domain::route::{Account, Route};
use crate::domain::time::Timestamp;
use crate::domain::venue::Venue;

use super::{Change, Group, Person, Release};

/// Where a worker process runs, so that a successor on the same host can prove that it is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProcessIdentity {
    /// Names this boot of this host, and the process namespace: equal for processes that can see each other.
    pub host: String,
    /// The process id.
    pub pid: u32,
    /// When the process started, in the kernel's own count: a recycled pid has another.
    pub started: u64,
}

/// A tenant that this worker holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldTenant {
    /// The tenant.
    pub tenant: TenantKey,
    /// The lease's epoch: claims carry it.
    pub epoch: Epoch,
}

/// What everybody of a tenant waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Halt {
    /// Why.
    pub reason: HaltReason,
    /// What the service said, for the administrator.
    pub detail: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// A bucket's memory, for the next owner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BucketRecord {
    /// Which.
    pub bucket: Bucket,
    /// Nothing starts before.
    pub cooldown_until: Timestamp,
    /// The part of the quota in use after the last 429, in 0.1..=1.0.
    pub share: f64,
    /// When that was.
    pub kept_at: Timestamp,
}

/// One round that has work, as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoundWork {
    /// The round.
    pub round: RoundId,
    /// Its broadcast.
    pub broadcast: BroadcastId,
    /// Why it passes.
    pub kind: RoundKind,
    /// Where it stands.
    pub state: RoundState,
    /// What it is there for.
    pub purpose: Purpose,
    /// Where its broadcast stands.
    pub broadcast_state: BroadcastState,
    /// How its broadcast is treated.
    pub treatment: Treatment,
    /// Whom its broadcast means, while that is in words and not evaluated for this round.
    pub expression: Option<String>,
    /// How long until its hour, by the store's clock: the start, or the preparing ahead of it. Zero when it has come;
    /// `None` when there is nothing to wait for.
    pub hour_in: Option<Duration>,
}

impl RoundWork {
    /// New requests may start.
    pub const fn goes_on(&self) -> bool {
        self.kind.goes_on(self.broadcast_state)
    }

    /// Its hour is there, or there is none.
    pub fn hour_has_come(&self) -> bool {
        self.hour_in.is_none_or(|left| left.is_zero())
    }
}

/// A broadcast whose author has not been told yet where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Untold {
    /// The broadcast.
    pub broadcast: BroadcastId,
    /// Whom to tell.
    pub author: RecipientKey,
    /// What to tell.
    pub state: BroadcastState,
}

/// Everything that the owner of a tenant needs to decide what to do next.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TenantWork {
    /// Rounds that are not done, urgent ones first, then oldest first.
    pub rounds: Vec<RoundWork>,
    /// Why everything waits, if it does.
    pub halt: Option<Halt>,
    /// The app's catalogue id, once looked up.
    pub teams_app: Option<TeamsAppId>,
    /// Cooldowns that may still hold.
    pub buckets: Vec<BucketRecord>,
    /// Broadcasts that ended, halted or missed their hour, of which the author does not know yet.
    pub untold: Vec<Untold>,
    /// How long until the next broadcast is to be recalled by itself, by the store's clock; zero when that is due.
    pub expires_in: Option<Duration>,
}

/// One recipient of a claimed chunk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Her place in the round.
    pub ordinal: Ordinal,
    /// The directory's number for her.
    pub recipient: RecipientKey,
    /// Her object id.
    pub entra_id: EntraId,
    /// What decides whether the bot may write to her.
    pub account: Account,
    /// What is known of the way.
    pub route: Route,
    /// Where Teams wants what is sent to her; `None` for where everybody's goes.
    pub service_url: Option<String>,
    /// Why she may have been told by an earlier round of the same broadcast.
    pub doubt: Option<Reason>,
    /// Which message is to be replaced or deleted, in a round that looks back.
    pub message: Option<MessageId>,
    /// Where it goes, when this is not a person.
    pub venue: Option<Box<Venue>>,
    /// Her user principal name, where Teams is told whom we mean by it.
    pub principal_name: Option<String>,
}

/// What a round says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Said {
    /// In chats and channels. Nothing is to be said of it in a round that deletes.
    pub content: Content,
    /// In activity feeds.
    pub notification: Option<Notification>,
}

/// One attempt as recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// Whose.
    pub ordinal: Ordinal,
    /// Which step.
    pub step: Step,
    /// What it taught.
    pub outcome: Outcome,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// A chunk that this worker claimed, with what it needs to go on. Only unsettled ordinals are listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimedChunk {
    /// The chunk.
    pub chunk: Chunk,
    /// Its unsettled people, by ordinal.
    pub members: Vec<Member>,
    /// Their attempts so far, by ordinal, then in order.
    pub attempts: Vec<Recorded>,
}

/// One fact for the record: a request made, or a decision taken without one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttemptFact {
    /// The round.
    pub round: RoundId,
    /// The chunk.
    pub chunk: ChunkNumber,
    /// Whose.
    pub ordinal: Ordinal,
    /// Its number among the recipient's attempts in this round, from 1.
    pub attempt: u32,
    /// The epoch under which it was made.
    pub epoch: Epoch,
    /// Which step; `None` for a decision without a request (skipped, expired).
    pub step: Option<Step>,
    /// What it taught; `None` for a decision without a request.
    pub outcome: Option<Outcome>,
    /// The final state that it led to, if it did.
    pub settles: Option<Settlement>,
    /// Why; `None` for a success.
    pub reason: Option<Reason>,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Our id of the request; `None` for a decision without one.
    pub request: Option<RequestId>,
    /// Teams' id of the message.
    pub message_id: Option<MessageId>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// A route learnt, or a refusal to be remembered beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteLearnt {
    /// Whose.
    pub recipient: RecipientKey,
    /// The whole route as it is known now.
    pub route: Route,
    /// What was known of the chat is wrong: forget it where nothing is known instead, and where it was reached.
    pub forgets: bool,
    /// Why Teams refused her, when it did.
    pub refusal: Option<Reason>,
}

/// Everything that one tenant has to write down at once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flush {
    /// Chunks as they shall stand: bits, counters, `flush_number` one above the last that was committed.
    pub chunks: Vec<Chunk>,
    /// What happened. Facts of fenced chunks are not written; they go to [`Store::record_late`](super::Store::record_late).
    pub facts: Vec<AttemptFact>,
    /// What was learnt of people; true whatever became of the chunk.
    pub routes: Vec<RouteLearnt>,
    /// When.
    pub now: Option<Timestamp>,
}

/// What a flush brought back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Flushed {
    /// Chunks whose claim still holds: their new bits are committed.
    pub held: Vec<(RoundId, ChunkNumber)>,
    /// Where the tenant's broadcasts of these chunks stand.
    pub broadcasts: Vec<(BroadcastId, BroadcastState)>,
    /// Everything of the tenant waits.
    pub tenant_halted: bool,
}

/// What became of something that the bot was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// It is kept.
    Kept,
    /// Something younger was told of her before.
    Old,
    /// The directory does not know her.
    Stranger,
}

/// Whose chats the bot was told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChatsHeard {
    /// The instant of looking, by the store's clock: the next look begins here.
    pub as_of: Timestamp,
    /// Who, and her chat.
    pub chats: Vec<(RecipientKey, Chat)>,
}

/// What expanding one slice did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expanded {
    /// People added by this slice.
    pub added: u64,
    /// The round's set is frozen: all of it has ordinals and chunks.
    pub complete: bool,
}

/// One broadcast as reports show it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct BroadcastReport {
    /// Its id.
    pub id: BroadcastId,
    /// Its heading.
    pub title: String,
    /// Where it stands; `halted` also when its whole tenant is.
    pub state: BroadcastState,
    /// Why it is halted, if it is.
    pub halt: Option<Halt>,
    /// How it is treated.
    pub treatment: Treatment,
    /// Whom it is for.
    pub audience: AudienceKind,
    /// Which ways it goes.
    pub channels: Channels,
    /// When it is recalled by itself.
    pub expire_at: Option<Timestamp>,
    /// Since when it is recalled, or being so.
    pub recalled_at: Option<Timestamp>,
    /// How many it meant when it was created; `None` where nobody counted.
    pub expected: Option<u64>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When its first request may have started.
    pub started_at: Option<Timestamp>,
    /// When its last person was settled.
    pub finished_at: Option<Timestamp>,
    /// Its hour, for one that does not start at once.
    pub schedule: Option<Schedule>,
    /// Where everybody stands: whoever was tried again, by the newest try.
    pub progress: Progress,
    /// Its passes, oldest first; each says where it left its own people.
    pub rounds: Vec<RoundReport>,
}

impl BroadcastReport {
    /// The pass over people who were told before, while it is under way: one that corrects, recalls or notifies. Of a
    /// broadcast that is over, the one that it ended with.
    pub fn afterwards(&self) -> Option<&RoundReport> {
        let is_over = |round: &RoundReport| round.state == RoundState::Done;
        if self.rounds.iter().any(|round| round.kind.tells() && !is_over(round)) {
            return None;
        }
        let later = |round: &&RoundReport| !round.kind.tells() && round.kind != RoundKind::Prepare;
        let amends = |round: &&RoundReport| matches!(round.kind, RoundKind::Correct | RoundKind::Recall);
        let last = || self.rounds.iter().rfind(|round| round.kind.tells() || amends(round)).filter(amends);
        self.rounds.iter().filter(later).find(|round| !is_over(round)).or_else(last)
    }
}

/// One pass of a broadcast as reports show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RoundReport {
    /// Its id.
    pub id: RoundId,
    /// Why it passes.
    pub kind: RoundKind,
    /// Which way its people are told.
    pub channel: Channel,
    /// Where it stands.
    pub state: RoundState,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Where its people stand. In a round that prepares, *sent* are those to whom the way is known now.
    pub progress: Progress,
}

/// Whom a retry takes up again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RetryWish {
    /// Whoever failed for one of these; everybody who failed when empty.
    pub reasons: Vec<Reason>,
    /// Also whoever may have been told.
    pub unconfirmed: bool,
}

/// How what was sent is set right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amends {
    /// The broadcast says this from now on: it takes the place of what was sent, and whoever is told later reads it.
    Correct(Said),
    /// Nobody is to read it any more.
    Recall(Recalling),
}

impl Amends {
    /// The kind of the rounds that carry it out.
    pub const fn kind(&self) -> RoundKind {
        match self {
            Self::Correct(_) => RoundKind::Correct,
            Self::Recall(_) => RoundKind::Recall,
        }
    }
}

/// How a broadcast is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recalling {
    /// What takes the place of each message; `None` to delete them.
    pub content: Option<Content>,
    /// What takes the place of each notification, which cannot be deleted.
    pub notification: Option<Notification>,
    /// Nobody asked for it: the instant came that its author set when it was created.
    pub by_itself: bool,
}

/// How many people of a broadcast can be reached to set right what they were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Standing {
    /// Those whose message, or notification, is known.
    pub known: u64,
    /// Those who may have been sent one that nobody can name.
    pub unknown: u64,
    /// Of those whose message is known: those who may have another one beside it.
    pub doubted: u64,
}

impl Standing {
    /// Everybody.
    pub const fn people(self) -> u64 {
        self.known + self.unknown
    }
}

/// One person of a broadcast as exports show her: a row of the `delivery` view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DeliveryReport {
    /// Her object id.
    pub entra_id: EntraId,
    /// Her name.
    pub display_name: String,
    /// Her user principal name.
    pub user_principal_name: String,
    /// `pending`, or a settlement.
    pub state: String,
    /// Why.
    pub reason: Option<Reason>,
    /// Requests made for her.
    pub attempts: i64,
    /// The last HTTP status.
    pub last_status: Option<i32>,
    /// Teams' id of the message.
    pub message_id: Option<String>,
    /// When the first attempt began.
    pub first_attempt_at: Option<Timestamp>,
    /// When the last attempt ended.
    pub last_attempt_at: Option<Timestamp>,
}

/// Whose ways are counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's whom the directory holds.
    Everyone,
    /// These people's; whom the directory does not hold counts as nobody.
    People(Vec<EntraId>),
    /// Those of a broadcast who are not settled, in the passes that send.
    Broadcast(BroadcastId),
}

/// What a forecast must know of a tenant beside its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outlook {
    /// A worker is alive.
    pub works: bool,
    /// One of those alive holds the tenant.
    pub held: bool,
    /// Of the first people of the newest passes, those who were asked for the first time whether they have the app.
    pub asked: u64,
    /// Those of them who had it.
    pub had: u64,
}

/// An audience under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SavedAudience {
    /// Its name.
    pub name: String,
    /// Whom it means, in the words of whoever saved it.
    pub expression: String,
    /// When it was saved last.
    pub saved_at: Timestamp,
}

/// One person as the record knows her.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acquaintance {
    /// Our number for her.
    pub key: RecipientKey,
    /// Her object id.
    pub entra_id: EntraId,
    /// Her name, as shown.
    pub display_name: String,
    /// Her user principal name.
    pub user_principal_name: String,
    /// What decides whether the bot may write to her.
    pub account: Account,
    /// Why Teams refused her when it was last asked.
    pub refusal: Option<Reason>,
}

/// How far a tenant's directory has been read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DirectoryRecord {
    /// When the whole reading under way began, if one is.
    pub began_at: Option<Timestamp>,
    /// Where it goes on; `None` for its first page.
    pub next_page: Option<String>,
    /// Where the changes since the last reading are read; while a whole reading is under way, those since it began.
    pub delta_link: Option<String>,
    /// As of when what we know is complete.
    pub read_at: Option<Timestamp>,
    /// When reading failed last and why, unless it has come through since.
    pub failure: Option<(Timestamp, String)>,
    /// People who have left.
    pub left: u64,
}

/// One step of reading the directory.
#[derive(Debug, Clone, Copy)]
pub enum ReadingStep<'a> {
    /// A whole reading begins.
    Begin {
        /// Where the changes since this moment will be read.
        delta_link: &'a str,
    },
    /// A page of it.
    Page {
        /// Whom it names.
        people: &'a [Person],
        /// It names somebody who could not be read, so that this reading parts with nobody.
        unreadable: bool,
        /// Where it goes on; `None` after the last.
        next: Option<&'a str>,
    },
    /// All pages are kept: at most so many of those whom none of them named have left.
    PartWith {
        /// At least 1.
        limit: u32,
    },
    /// Nobody is left to part with: the whole reading is over.
    End,
    /// A sign of life of a reader who waits: nothing but its claim is renewed.
    Stay,
    /// A page of changes.
    Changes {
        /// In order.
        changes: &'a [Change],
        /// Where it goes on.
        link: &'a str,
        /// As of when everything is known, when it was the last page.
        read_at: Option<Timestamp>,
    },
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Advanced {
    /// People who are new, or of whom something is.
    pub changed: u64,
    /// People who have left.
    pub left: u64,
}

/// A group that an audience has named, and how far it is known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GroupRecord {
    /// The group.
    #[serde(flatten)]
    pub group: Group,
    /// Its members whom we know, whoever left the directory left out.
    pub members: u64,
    /// Its members whom we do not know.
    pub outsiders: u64,
    /// As of when its members are known.
    pub read_at: Option<Timestamp>,
}

/// What to store a broadcast with.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The tenant.
    pub tenant: TenantKey,
    /// The broadcast.
    pub broadcast: NewBroadcast,
    /// The people of its list, when it has one.
    pub list: Vec<RecipientKey>,
    /// The lists that its expression names, by name.
    pub lists: Vec<(String, Vec<RecipientKey>)>,
    /// What becomes of the draft that it is made of, which has its id; `None` when there is none.
    pub draft: Option<Release>,
}

/// A venue, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedVenue {
    /// Which.
    pub venue: Venue,
    /// For reports: such as “Milan / News”.
    pub name: String,
}
