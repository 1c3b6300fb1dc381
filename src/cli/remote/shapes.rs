//! What the API answers, as far as commands tell of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::super::desk::{Known, Tally};
use crate::app::groups::GroupRead;
use crate::app::people::PeopleRead;
use crate::app::report::Summary;
use crate::app::submit::{LeftOut, LeftOutCounts, Preview, Reach};
use crate::domain::audience::expression::{Expression, parse};
use crate::domain::audience::{Address, Flaw, Malformed, Repeat};
use crate::domain::broadcast::{BroadcastState, Channel};
use crate::domain::forecast::Forecast;
use crate::domain::ids::{BroadcastId, EntraId, RecipientKey};
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::reason::Reason;
use crate::domain::route::Account;
use crate::domain::time::Timestamp;
use crate::ports::{
    Acquaintance, BroadcastReport, DirectoryRecord, Group, GroupRecord, Person, Said, SavedAudience, Standing,
};

/// Where a broadcast stands after it was told something.
#[derive(Debug, Deserialize)]
pub(super) struct Stands {
    pub state: BroadcastState,
}

/// One quota.
#[derive(Debug, Deserialize)]
pub(super) struct Granted {
    pub bucket: Bucket,
    pub requests: u32,
    pub window_seconds: f64,
}

/// Lines of a list that count for nobody.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct LeftOutShape {
    pub counts: LeftOutCounts,
    pub duplicates: Vec<Repeat>,
    pub unknown: Vec<LineShape>,
    pub ambiguous: Vec<LineShape>,
    pub malformed: Vec<MalformedShape>,
}

/// A line, and the address that stands there.
#[derive(Debug, Deserialize)]
pub(super) struct LineShape {
    pub line: u64,
    pub address: String,
}

/// A line that names nobody.
#[derive(Debug, Deserialize)]
pub(super) struct MalformedShape {
    pub line: u64,
    pub text: String,
    pub flaw: Flaw,
}

impl From<LeftOutShape> for LeftOut {
    fn from(shape: LeftOutShape) -> Self {
        let lines = |lines: Vec<LineShape>| {
            let address = |text: String| Address::parse(&text).unwrap_or(Address::Name(text));
            lines.into_iter().map(|line| (line.line, address(line.address))).collect()
        };
        let malformed = |row: MalformedShape| Malformed { line: row.line, cell: row.text, flaw: row.flaw };
        let counts = shape.counts;
        let beyond = LeftOutCounts {
            duplicates: counts.duplicates.saturating_sub(shape.duplicates.len()),
            unknown: counts.unknown.saturating_sub(shape.unknown.len()),
            ambiguous: counts.ambiguous.saturating_sub(shape.ambiguous.len()),
            malformed: counts.malformed.saturating_sub(shape.malformed.len()),
        };
        Self {
            unknown: lines(shape.unknown),
            ambiguous: lines(shape.ambiguous),
            malformed: shape.malformed.into_iter().map(malformed).collect(),
            duplicates: shape.duplicates,
            beyond,
        }
    }
}

pub(super) fn left_out(lists: BTreeMap<String, LeftOutShape>) -> BTreeMap<String, LeftOut> {
    lists.into_iter().map(|(name, shape)| (name, shape.into())).collect()
}

/// A page of drafts and broadcasts.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub broadcasts: Vec<Listed>,
    #[serde(default)]
    pub next: Option<String>,
}

/// A draft or a broadcast.
#[derive(Debug, Deserialize)]
pub(super) struct Listed {
    pub report: Option<BroadcastReport>,
}

/// All that there is to know of a draft or a broadcast.
#[derive(Debug, Deserialize)]
pub(super) struct Document {
    pub id: BroadcastId,
    pub report: Option<Summary>,
    pub said: Option<Said>,
    #[serde(default)]
    pub notes: Vec<String>,
}

/// What a correction or a recall does.
#[derive(Debug, Deserialize)]
pub(super) struct Amending {
    rounds: Vec<AmendingRound>,
}

/// Those whom it reaches on one way.
#[derive(Debug, Deserialize)]
struct AmendingRound {
    channel: Channel,
    #[serde(flatten)]
    people: Standing,
}

impl Amending {
    pub(super) fn standing(self) -> Vec<(Channel, Standing)> {
        self.rounds.into_iter().map(|round| (round.channel, round.people)).collect()
    }
}

/// What an announcement would be.
#[derive(Debug, Deserialize)]
pub(super) struct DryRun {
    targeted: u64,
    left_out_by_rule: BTreeMap<String, u64>,
    refused_before: BTreeMap<String, u64>,
    named_again: u64,
    excluded: u64,
    sources: Vec<SourceShape>,
    groups: Vec<GroupRead>,
    list: LeftOutShape,
    lists: BTreeMap<String, LeftOutShape>,
    posts: Vec<String>,
    people: BTreeMap<String, Vec<PersonAside>>,
    pub notes: Vec<String>,
    #[serde(flatten)]
    forecast: Forecast,
}

/// Somebody who would not get it, or not for certain.
#[derive(Debug, Deserialize)]
struct PersonAside {
    id: EntraId,
    name: String,
    user_principal_name: String,
}

impl DryRun {
    pub(super) fn told(self) -> (Preview, Forecast) {
        let by_reason = |counts: BTreeMap<String, u64>| {
            counts.into_iter().filter_map(|(code, count)| Some((Reason::from_code(&code)?, count))).collect()
        };
        let source = |row: SourceShape| match parse(&row.source) {
            Ok(Expression::Source(source)) => Some((source, row.people)),
            _ => None,
        };
        let aside = |person: PersonAside| Acquaintance {
            key: RecipientKey(0),
            entra_id: person.id,
            display_name: person.name,
            user_principal_name: person.user_principal_name,
            account: Account::ORDINARY,
            refusal: None,
        };
        let people = self.people.into_iter().filter(|(_, people)| !people.is_empty());
        let preview = Preview {
            reach: Reach { people: self.targeted, barred: by_reason(self.left_out_by_rule) },
            refused_before: by_reason(self.refused_before),
            named_again: self.named_again,
            excluded: self.excluded,
            reachable: None,
            left_out: self.list.into(),
            lists: left_out(self.lists),
            groups: self.groups,
            sources: self.sources.into_iter().filter_map(source).collect(),
            posts: self.posts,
            rolls: people.map(|(why, people)| (why, people.into_iter().map(aside).collect())).collect(),
        };
        (preview, self.forecast)
    }
}

/// How many are tried again.
#[derive(Debug, Deserialize)]
pub(super) struct Retried {
    pub people: u64,
}

/// What Microsoft grants.
#[derive(Debug, Deserialize)]
pub(super) struct Quotas {
    pub quotas: Vec<Granted>,
}

impl Quotas {
    pub(super) fn granted(self) -> BTreeMap<Bucket, Quota> {
        let quota = |granted: Granted| {
            let window = Duration::try_from_secs_f64(granted.window_seconds).unwrap_or(Duration::from_secs(1));
            (granted.bucket, Quota { requests: granted.requests, window })
        };
        self.quotas.into_iter().map(quota).collect()
    }
}

/// Audiences that are saved.
#[derive(Debug, Deserialize)]
pub(super) struct Saved {
    pub audiences: Vec<SavedAudience>,
}

/// An audience that was saved, and whom it means.
#[derive(Debug, Deserialize)]
pub(super) struct Kept {
    pub audience: SavedAudience,
    pub count: CountShape,
}

/// Whom an audience means at this moment.
#[derive(Debug, Deserialize)]
pub(super) struct CountShape {
    expression: String,
    people: u64,
    named_again: u64,
    excluded: u64,
    sources: Vec<SourceShape>,
    groups: Vec<GroupRead>,
    lists: BTreeMap<String, LeftOutShape>,
}

/// One source of an audience.
#[derive(Debug, Deserialize)]
pub(super) struct SourceShape {
    pub source: String,
    pub people: u64,
}

impl CountShape {
    pub(super) fn tally(self) -> Tally {
        Tally {
            expression: self.expression,
            people: self.people,
            named_again: self.named_again,
            excluded: self.excluded,
            sources: self.sources.into_iter().map(|row| (row.source, row.people)).collect(),
            groups: self.groups,
            lists: left_out(self.lists),
        }
    }
}

/// What is known of the directory.
#[derive(Debug, Deserialize)]
pub(super) struct Directory {
    pub people: u64,
    left: u64,
    read_at: Option<Timestamp>,
    stale: bool,
    whole_reading_since: Option<Timestamp>,
    failure: Option<FailureShape>,
    pub reading: Option<ReadingShape>,
}

/// A reading that failed.
#[derive(Debug, Deserialize)]
pub(super) struct FailureShape {
    at: Timestamp,
    message: String,
}

/// A reading that was asked for.
#[derive(Debug, Deserialize)]
pub(super) struct ReadingShape {
    pub began_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub progress: PeopleRead,
    pub failure: Option<String>,
}

/// The groups and teams that audiences have named.
#[derive(Debug, Deserialize)]
pub(super) struct Groups {
    groups: Vec<GroupRecord>,
}

/// Whether a reading was begun.
#[derive(Debug, Deserialize)]
pub(super) struct Begun {
    pub began: bool,
}

/// Who was found.
#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub people: Vec<Person>,
    pub groups: Vec<Group>,
    #[serde(default)]
    pub groups_failure: Option<String>,
}

impl Directory {
    pub(super) fn with(self, Groups { groups }: Groups) -> Known {
        let record = DirectoryRecord {
            began_at: self.whole_reading_since,
            read_at: self.read_at,
            failure: self.failure.map(|failure| (failure.at, failure.message)),
            left: self.left,
            ..DirectoryRecord::default()
        };
        Known { record, people: self.people, groups, stale: self.stale }
    }
}
