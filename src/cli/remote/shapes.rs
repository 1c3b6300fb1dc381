//! What the API answers, as far as commands tell of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::super::desk::{Known, Tally};
use crate::app::groups::GroupRead;
use crate::app::people::PeopleRead;
use crate::app::submit::LeftOut;
use crate::domain::audience::{Address, Flaw, Malformed, Repeat};
use crate::domain::broadcast::BroadcastState;
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::time::Timestamp;
use crate::ports::{BroadcastReport, DirectoryRecord, Group, GroupRecord, Person, SavedAudience};

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
        Self {
            unknown: lines(shape.unknown),
            ambiguous: lines(shape.ambiguous),
            malformed: shape.malformed.into_iter().map(malformed).collect(),
            duplicates: shape.duplicates,
        }
    }
}

pub(super) fn left_out(lists: BTreeMap<String, LeftOutShape>) -> BTreeMap<String, LeftOut> {
    lists.into_iter().map(|(name, shape)| (name, shape.into())).collect()
}

/// A page of broadcasts.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub broadcasts: Vec<BroadcastReport>,
    #[serde(default)]
    pub next: Option<String>,
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
