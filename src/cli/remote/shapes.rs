//! What the API answers, as far as commands tell of it.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use crate::app::submit::LeftOut;
use crate::domain::audience::{Address, Flaw, Malformed, Repeat};
use crate::domain::broadcast::BroadcastState;
use crate::domain::pacing::{Bucket, Quota};
use crate::ports::BroadcastReport;

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
