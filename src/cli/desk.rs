//! The desk at which a command is handed in: Stentor opened here, or a server far away.
//!
//! A command asks the desk for values and tells what it got; whoever stands behind the desk makes no difference to what is
//! read. [`Stentor`](crate::wiring::Stentor) is a desk itself, and so is [`Server`](super::remote::Server).

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use async_trait::async_trait;

use crate::app::amend::{Amended, Wish as Amendment};
use crate::app::control::{Granted, Wish};
use crate::app::export::{Exported, Filter, Format, Passes};
use crate::app::groups::GroupRead;
use crate::app::people::PeopleRead;
use crate::app::report::Summary;
use crate::app::retry::Retry;
use crate::app::saved::Removal;
use crate::app::submit::{Accepted, Audience, Draft, Going, LeftOut, Preview, Words};
use crate::domain::broadcast::Schedule;
use crate::domain::forecast::Forecast;
use crate::domain::ids::BroadcastId;
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::time::Timestamp;
use crate::ports::{
    BroadcastReport, Clock, DirectoryRecord, Group, GroupRecord, Person, RetryWish, Said, SavedAudience,
};

use super::text;

mod local;

#[cfg(test)]
pub(super) use local::OverStore;

/// Pages between two words about how far the reading of the directory is.
const PAGES_A_WORD: u64 = 20;

/// Takes what commands ask for. What is refused comes as a complaint that is told as it is.
#[async_trait]
pub(super) trait Desk: Send + Sync {
    /// Whose time whoever waits here waits by.
    fn clock(&self) -> &dyn Clock;

    /// The newest broadcasts, newest first.
    async fn newest(&self, limit: u32) -> anyhow::Result<Vec<BroadcastReport>>;

    /// Where one stands; `None` when there is no such broadcast.
    async fn report(&self, id: BroadcastId) -> anyhow::Result<Option<BroadcastReport>>;

    /// The same, with the reasons of everybody who was not simply sent to.
    async fn summary(&self, id: BroadcastId) -> anyhow::Result<Option<Summary>>;

    /// What it says at present; `None` when there is no such broadcast.
    async fn said(&self, id: BroadcastId) -> anyhow::Result<Option<Said>>;

    /// What Microsoft grants, as whoever works there has set it.
    async fn quotas(&self) -> anyhow::Result<BTreeMap<Bucket, Quota>>;

    /// Looks at one again and again.
    fn sight(&self, id: BroadcastId) -> Box<dyn Sight + '_>;

    /// Pauses, resumes or cancels.
    async fn grant(&self, id: BroadcastId, wish: Wish) -> anyhow::Result<Granted>;

    /// Tries some of its people again; whoever has had no turn after `time_left` fails.
    async fn retry(&self, id: BroadcastId, wish: &RetryWish, time_left: Duration) -> anyhow::Result<Retry>;

    /// Corrects or recalls, or only looks what that would be.
    async fn amend(&self, id: BroadcastId, order: &AmendOrder) -> anyhow::Result<Amended>;

    /// Writes a line for each of its people; `progress` hears how far that is.
    async fn export(
        &self,
        report: &BroadcastReport,
        order: &ExportOrder,
        to: &mut (dyn Write + Send),
        progress: &mut (dyn FnMut(Exported) + Send),
    ) -> anyhow::Result<Exported>;

    /// Refuses what could not go out at all, before anything of it is looked at.
    async fn check(&self, draft: &Draft) -> anyhow::Result<()>;

    /// Finds out what `draft` would be; nothing is stored. `by_name`: whoever falls aside is wanted by name.
    async fn rehearse(&self, draft: Draft, by_name: bool) -> anyhow::Result<Rehearsed>;

    /// Stores `draft`.
    async fn create(&self, draft: Draft) -> anyhow::Result<Created>;

    /// Every saved audience.
    async fn audiences(&self) -> anyhow::Result<Vec<SavedAudience>>;

    /// Whom words mean at this moment.
    async fn count(&self, words: &Words) -> anyhow::Result<Tally>;

    /// Keeps an expression under a name; when that was, and whom it means at this moment.
    async fn save(&self, name: &str, expression: &str) -> anyhow::Result<(SavedAudience, Tally)>;

    /// Forgets the audience saved under `name`.
    async fn remove(&self, name: &str) -> anyhow::Result<Removal>;

    /// Whom we know of the organisation.
    async fn known(&self) -> anyhow::Result<Known>;

    /// People, groups and teams by the beginning of a name.
    async fn search(&self, wanted: &str, limit: u32) -> anyhow::Result<(Vec<Person>, Vec<Group>)>;

    /// Lets the directory be read: what has changed, or everybody.
    async fn sync(&self, whole: bool) -> anyhow::Result<Synced>;
}

/// Looks at one broadcast.
#[async_trait]
pub(super) trait Sight: Send {
    /// Waits for the next look; `None` when there is no such broadcast.
    async fn look(&mut self) -> Result<Option<Look>, Blind>;
}

/// What was seen.
#[derive(Debug)]
pub(super) struct Look {
    /// Where it stands.
    pub report: BroadcastReport,
    /// When it ends, by what is granted, when that was asked anew; the last answer holds otherwise.
    pub forecast: Option<Forecast>,
}

/// Why nothing was seen.
#[derive(Debug)]
pub(super) enum Blind {
    /// It passes, and why that is.
    Passing(String),
    /// It does not.
    ForGood(anyhow::Error),
}

/// How something is set right.
#[derive(Debug, Clone)]
pub(super) struct AmendOrder {
    /// What is wanted.
    pub wish: Amendment,
    /// Whoever has had no turn by then is reported as not reached.
    pub time_left: Duration,
    /// Only look.
    pub is_dry: bool,
}

/// What is exported, and how.
#[derive(Debug, Clone)]
pub(super) struct ExportOrder {
    /// How lines are written.
    pub format: Format,
    /// Which rounds.
    pub passes: Passes,
    /// Who is written.
    pub filter: Filter,
}

/// A stored broadcast.
#[derive(Debug)]
pub(super) struct Created {
    /// What is known of it.
    pub accepted: Accepted,
    /// The places that are meant as a whole, by name.
    pub whom: Option<String>,
    /// When it starts; `None` for at once.
    pub schedule: Option<Schedule>,
    /// When that was.
    pub now: Timestamp,
}

/// What a broadcast would be.
#[derive(Debug)]
pub(super) struct Rehearsed {
    /// Whom it is for, and who falls aside.
    pub preview: Preview,
    /// The places that are meant as a whole, by name.
    pub whom: Option<String>,
    /// Which way it goes, with its team found.
    pub going: Going,
    /// When it would start; `None` for at once.
    pub schedule: Option<Schedule>,
    /// How long it would take.
    pub forecast: Forecast,
}

/// Whom words mean, counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Tally {
    /// The words, as they are understood.
    pub expression: String,
    /// How many.
    pub people: u64,
    /// Who is named by several sources.
    pub named_again: u64,
    /// Who would be among them if nobody were taken away.
    pub excluded: u64,
    /// Each source once, and how many it names.
    pub sources: Vec<(String, u64)>,
    /// The groups and teams that are named.
    pub groups: Vec<GroupRead>,
    /// What of the lists that are named is nobody's name.
    pub lists: BTreeMap<String, LeftOut>,
}

/// Whom we know of the organisation.
#[derive(Debug)]
pub(super) struct Known {
    /// How far it was read.
    pub record: DirectoryRecord,
    /// How many.
    pub people: u64,
    /// The groups and teams that audiences have named.
    pub groups: Vec<GroupRecord>,
    /// What is known is older than whoever makes a broadcast would take it.
    pub stale: bool,
}

/// A reading that is over.
#[derive(Debug)]
pub(super) struct Synced {
    /// What it did.
    pub read: PeopleRead,
    /// How many people the directory holds.
    pub people: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Places that are meant as a whole, by their names.
fn whom(audience: &Audience) -> Option<String> {
    let Audience::Venues(venues) = audience else { return None };
    let names: Vec<String> = venues.iter().map(|named| text::one_line(&named.name)).collect();
    Some(format!("{}, with one request each", names.join(", ")))
}

/// Says how far the reading is that somebody asked for, now and then.
pub(super) fn words_of_reading() -> impl FnMut(PeopleRead) + Send {
    let (mut waits, mut said) = (false, false);
    move |read: PeopleRead| {
        if read.waits {
            if !std::mem::replace(&mut waits, true) {
                text::aside("Another process is reading the directory; this one waits for it.");
            }
        } else if read.whole && (!std::mem::replace(&mut said, true) || read.pages.is_multiple_of(PAGES_A_WORD)) {
            text::aside(&format!("Reading everybody: {} so far.", text::people(read.people)));
        }
    }
}
