//! Accepts a broadcast: checks what is said, finds out who is meant, stores both or nothing.
//!
//! The rooms beside this one find out who is meant: `lists` reads whom the lines of a list name, `named` whom a whole
//! audience, and `preview` tells both before anything is stored; `going` finds the team in whose name people are notified,
//! and `channels` those that are posted to.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::audience::expression::Expression;
use crate::domain::audience::{Address, List};
use crate::domain::broadcast::{AudienceKind, NewBroadcast, Schedule, Treatment};
use crate::domain::content::Content;
use crate::domain::fault::{Fault, Faults, Slip};
use crate::domain::ids::{BroadcastId, RecipientKey, RoundId};
use crate::domain::retry::Jitter;
use crate::domain::time::Timestamp;
use crate::ports::{Birth, NamedVenue, Release, StoreError, Submission};

use super::audience::AudienceError;
use super::groups::GroupRead;
use super::people::{People, PeopleError, PeopleRead};

mod channels;
mod going;
mod lists;
mod named;
mod preview;
mod readers;

pub use channels::POST_TO;
pub use going::{Everybody, Going, IN_TEAM, Wanted, placed};
pub use lists::{LeftOut, LeftOutCounts, look_up};
pub use named::{Counted, count};
pub use preview::{Preview, Reach, preview};
pub use readers::{readers, readers_of};

use going::refuse_outsiders;
use named::{Named, named};

/// The option that an expression stands behind.
pub const EXPRESSION: &str = "--audience-expr";
/// How often the same submission is stored again while the database does not answer.
const STORE_TRIES: u8 = 5;
/// How far ahead an hour may lie. Further is a slip of the year.
const AHEAD_MAX: TimeDelta = TimeDelta::days(366);
/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Audience {
    /// Everybody whom the directory knows.
    Everyone,
    /// The people of a list.
    List(List),
    /// Whom an expression means.
    Words(Words),
    /// Places where many are told at once.
    Venues(Vec<NamedVenue>),
}

/// An audience in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// As the author wrote them.
    pub text: String,
    /// What they say.
    pub expression: Expression,
    /// The lists that they name.
    pub lists: BTreeMap<String, List>,
}

/// A broadcast as its author hands it in.
#[derive(Debug, Clone)]
pub struct Draft {
    /// What is said.
    pub content: Content,
    /// Which way it goes.
    pub going: Going,
    /// How it is treated.
    pub treatment: Treatment,
    /// Who is meant.
    pub audience: Audience,
    /// When it starts; `None` for at once.
    pub schedule: Option<Schedule>,
    /// Whom the bot tells when it ends, halts or misses its hour.
    pub author: Option<Address>,
    /// How long after its start it is recalled by itself; `None` for never.
    pub expire_after: Option<Duration>,
    /// Go on without the lines that name nobody.
    pub accept_partial: bool,
}

/// A stored broadcast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Its id.
    pub broadcast: BroadcastId,
    /// How many people, or channels, it is for; for everyone, as the directory stands at this instant.
    pub targeted: u64,
    /// What of the list is not among them.
    pub left_out: LeftOut,
    /// The same of the lists that an expression names, by name.
    pub lists: BTreeMap<String, LeftOut>,
    /// The groups and teams that an expression names.
    pub groups: Vec<GroupRead>,
}

/// Why a broadcast was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It is wrong; nothing was stored.
    #[error(transparent)]
    Faults(#[from] Faults),
    /// It is for nobody, or lines of its lists name nobody and nobody said to go on without them; nothing was stored.
    #[error("{faults}")]
    LeftOut {
        /// The first of them, in words.
        faults: Faults,
        /// All of them: of the list that is the audience.
        left_out: Box<LeftOut>,
        /// All of them: of the lists that an expression names, by name.
        lists: BTreeMap<String, LeftOut>,
    },
    /// The directory could not be read; nothing was stored.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// Its draft does not stand any more as it was read; nothing was stored.
    #[error("The announcement was changed in the same moment.")]
    Changed,
    /// The database failed; nothing was stored.
    #[error(transparent)]
    Store(StoreError),
    /// The database went silent while storing: it may have been stored.
    #[error("The database went silent while the broadcast was being stored; it may have been stored as {0}.")]
    FateUnknown(BroadcastId),
}

impl From<StoreError> for SubmitError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<AudienceError> for SubmitError {
    fn from(error: AudienceError) -> Self {
        match error {
            AudienceError::Store(error) => Self::Store(error),
            wrong => Self::Faults(Faults(vec![wrong.fault(EXPRESSION)])),
        }
    }
}

/// A draft of which everything was found right. Nothing of it is stored.
#[derive(Debug)]
pub struct Ready {
    draft: Draft,
    content: Content,
    targeted: u64,
    named: Named,
    author: Option<RecipientKey>,
}

/// Under which ids a broadcast is stored, and what it is made of.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Its id.
    pub id: BroadcastId,
    /// What the ids of its rounds are made of, and when it is accepted.
    pub birth: Birth,
    /// What becomes of the draft of the same id.
    pub draft: Option<Release>,
}

impl Origin {
    /// The id of its send round: what tells this very submission from another of the same draft.
    pub fn round(&self) -> RoundId {
        RoundId::new(self.birth.at, self.birth.draw(1))
    }
}

impl Ready {
    /// How many people, or places, it is for.
    pub const fn targeted(&self) -> u64 {
        self.targeted
    }

    /// The draft, its team and its places found.
    pub const fn draft(&self) -> &Draft {
        &self.draft
    }
}

/// Checks and stores `draft`; `progress` hears of the directory being read.
///
/// # Errors
/// [`SubmitError`]; only [`SubmitError::FateUnknown`] leaves open whether it was stored.
pub async fn submit(
    people: &People,
    draft: Draft,
    progress: impl FnMut(PeopleRead) + Send,
) -> Result<Accepted, SubmitError> {
    keep(people, ready(people, draft, progress).await?).await
}

/// Checks `draft` and finds out who is meant; `progress` hears of the directory being read.
///
/// # Errors
/// [`SubmitError`], without the doubt.
pub async fn ready(
    people: &People,
    draft: Draft,
    progress: impl FnMut(PeopleRead) + Send,
) -> Result<Ready, SubmitError> {
    let draft = placed(people, draft).await?;
    let content = check(people, &draft)?;
    let (targeted, named) = match &draft.audience {
        // In a team's name it matters who they are.
        Audience::Everyone if draft.going.team().is_none() => {
            // Counted, not read: half a million are as quick as ten.
            people.refresh(progress).await?;
            (people.store.count_people(people.tenant).await?, Named::default())
        }
        Audience::Venues(venues) => (venues.len() as u64, Named::default()),
        audience => {
            let named = named(people, audience, progress).await?;
            (named.whom.meant.people.count(), named)
        }
    };
    named.refuse(&draft.audience, targeted, draft.accept_partial)?;
    refuse_outsiders(people, &draft, &named.whom.meant.people).await?;
    let author = match &draft.author {
        Some(address) => Some(find_author(people, address).await?),
        None => None,
    };
    Ok(Ready { draft, content, targeted, named, author })
}

/// Stores what is ready, as something new.
///
/// # Errors
/// [`SubmitError`]; only [`SubmitError::FateUnknown`] leaves open whether it was stored.
pub async fn keep(people: &People, ready: Ready) -> Result<Accepted, SubmitError> {
    let birth = Birth { at: people.clock.now(), chance: people.random.next_u64() };
    let id = BroadcastId::new(birth.at, people.random.next_u64());
    keep_as(people, ready, Origin { id, birth, draft: None }).await
}

/// Stores what is ready under the ids that `origin` makes: again, it changes nothing.
///
/// # Errors
/// [`SubmitError`]; only [`SubmitError::FateUnknown`] leaves open whether it was stored.
pub async fn keep_as(people: &People, ready: Ready, origin: Origin) -> Result<Accepted, SubmitError> {
    let Ready { draft, content, targeted, named, author } = ready;
    let (audience, list) = match draft.audience {
        Audience::Everyone => (AudienceKind::Everyone, Vec::new()),
        Audience::List(_) => (AudienceKind::List, named.whom.meant.people.iter().collect()),
        // Whom it means is decided when it is frozen.
        Audience::Words(words) => (AudienceKind::Expression(words.text), Vec::new()),
        Audience::Venues(venues) => {
            let kept = people.store.keep_venues(people.tenant, &venues, people.clock.now()).await?;
            (AudienceKind::Places, kept)
        }
    };
    let (id, created_at, round) = (origin.id, origin.birth.at, origin.round());
    let another = |place| RoundId::new(created_at, origin.birth.draw(place));
    let start_at = draft.schedule.as_ref().map_or(created_at, |schedule| schedule.start_at);
    let broadcast = NewBroadcast {
        id,
        round,
        schedule: draft.schedule.map(|schedule| (schedule, another(2))),
        author,
        content,
        treatment: draft.treatment,
        audience,
        // Rounds are told in the order of their ids, and this one comes after the messages.
        way: draft.going.way(|| RoundId::new(created_at + Duration::from_millis(1), origin.birth.draw(3))),
        expire_at: draft.expire_after.map(|time| start_at + time),
        expected: Some(targeted),
        created_at,
    };
    let lists = named.lists.iter().map(|(name, listed)| (name.clone(), listed.people.clone())).collect();
    store(people, &Submission { tenant: people.tenant, broadcast, list, lists, draft: origin.draft }).await?;
    tracing::info!(broadcast = %id, targeted, "broadcast accepted");
    let lists = named.lists.into_iter().map(|(name, listed)| (name, listed.left_out)).collect();
    Ok(Accepted { broadcast: id, targeted, left_out: named.left_out, lists, groups: named.groups })
}

/// Everything that can be refused without asking anybody.
fn check(people: &People, draft: &Draft) -> Result<Content, Faults> {
    let mut faults = Vec::new();
    let content = draft.content.clone().check().map_err(|found| faults.extend(found.0)).ok();
    let now = people.clock.now();
    let start_at = draft.schedule.as_ref().map_or(now, |schedule| schedule.start_at);
    if draft.treatment.deadline_at <= start_at.max(now) {
        faults.push(Fault::new("deadline", "has passed already", "Give it some hours, such as 72h."));
    }
    if draft.schedule.is_some() {
        faults.extend(bad_hour(start_at, now));
    }
    match content {
        Some(content) => Faults::or(faults, content),
        None => Err(Faults(faults)),
    }
}

/// An hour that cannot be waited for.
fn bad_hour(start_at: Timestamp, now: Timestamp) -> Option<Fault> {
    let shown = start_at.format("%Y-%m-%d %H:%M UTC");
    if start_at <= now {
        let problem = format!("{shown} has passed already");
        let fault = Fault::new("--at", problem, "Name an hour to come, or send it with --now.");
        return Some(fault.known(Slip::Past));
    }
    (start_at - now > AHEAD_MAX).then(|| {
        let problem = format!("{shown} lies more than {} days ahead", AHEAD_MAX.num_days());
        let slip = Slip::TooFarAhead { days: AHEAD_MAX.num_days() };
        Fault::new("--at", problem, "Name an earlier hour; check the year.").known(slip)
    })
}

/// The person whom the bot tells.
async fn find_author(people: &People, address: &Address) -> Result<RecipientKey, SubmitError> {
    match people.store.find_people(people.tenant, std::slice::from_ref(address)).await?.as_slice() {
        [(_, author)] => Ok(*author),
        several => {
            let problem = match several {
                [] => format!("“{address}” is nobody whom the directory knows"),
                _ => format!("“{address}” is the address of several people"),
            };
            let cure = "Name one person by object id or user principal name.";
            let slip = Slip::UnknownPerson { address: address.to_string() };
            Err(Faults(vec![Fault::new("--tell", problem, cure).known(slip)]).into())
        }
    }
}

/// Stores the submission. The same ids every time, so that a repetition of unknown fate cannot store it twice.
async fn store(people: &People, submission: &Submission) -> Result<(), SubmitError> {
    let mut tries = 0;
    loop {
        match people.store.submit(submission).await {
            Ok(true) => return Ok(()),
            Ok(false) => return Err(SubmitError::Changed),
            Err(error) if !error.is_transient() => return Err(error.into()),
            Err(_) if tries + 1 == STORE_TRIES => return Err(SubmitError::FateUnknown(submission.broadcast.id)),
            Err(_) => tries += 1,
        }
        let wait = people.retry.delay(tries, Jitter::FULL);
        people.clock.sleep_until(people.clock.monotonic() + wait).await;
    }
}

#[cfg(test)]
mod tests;
