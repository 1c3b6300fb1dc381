//! What really happened, as Teams saw it: every request received and every message delivered.
//!
//! This is the judge. A client may believe what it likes about an answer that it never got; the ledger
//! knows whether the person was told, how often, and how fast the requests came.
//!
//! Invariant: a request is entered when it arrives, before anybody decides about it, so that refused and
//! lost ones count like all others.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bucket::Bucket;
use crate::domain::time::Timestamp;

/// Whom or what a request was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Nobody in particular.
    None,
    /// A person of the organisation.
    Person(u32),
    /// An id that belongs to nobody.
    Unknown(Box<str>),
}

/// One request received.
#[derive(Debug, Clone)]
pub struct Received {
    /// When it arrived.
    pub at: Timestamp,
    /// What it counts as.
    pub bucket: Bucket,
    /// The HTTP method.
    pub method: &'static str,
    /// The path with its variable parts named.
    pub path: &'static str,
    /// Whom it was about.
    pub subject: Subject,
    /// The caller's own number for it.
    pub request_id: Option<Box<str>>,
    /// The status decided; the caller never saw it when `is_lost`.
    pub status: u16,
    /// Whether the connection was closed instead of an answer.
    pub is_lost: bool,
}

/// One message that reached a person.
#[derive(Debug, Clone)]
pub struct DeliveredMessage {
    /// When it arrived.
    pub at: Timestamp,
    /// Who got it.
    pub person: u32,
    /// Its number within the conversation.
    pub activity_id: i64,
    /// Which of [`Ledger::content`] it was.
    pub content: u32,
}

/// A request that is being answered.
#[derive(Debug, Clone, Copy)]
pub struct Entry(usize);

/// Everything received and delivered.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    requests: Vec<Received>,
    messages: Vec<DeliveredMessage>,
    contents: Vec<Arc<Value>>,
    content_by_hash: HashMap<u64, u32>,
    told: HashMap<(u32, u32), u32>,
    delivered_to: HashMap<u32, u32>,
    counts: BTreeMap<Bucket, Counts>,
}

#[derive(Debug, Clone, Default)]
struct Counts {
    requests: u64,
    throttled: u64,
    lost: u64,
    statuses: BTreeMap<u16, u64>,
    last_second: VecDeque<Timestamp>,
    max_in_any_second: usize,
    first_at: Option<Timestamp>,
    last_at: Option<Timestamp>,
}

/// The ledger in numbers. Buckets without requests are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerSummary {
    /// Requests received.
    pub requests: BTreeMap<Bucket, u64>,
    /// How often each status was decided; lost answers included.
    pub statuses: BTreeMap<Bucket, BTreeMap<u16, u64>>,
    /// 429s over all buckets.
    pub throttled: u64,
    /// 429s.
    pub throttled_by_bucket: BTreeMap<Bucket, u64>,
    /// Answers that were never heard.
    pub lost: BTreeMap<Bucket, u64>,
    /// The most requests in any sliding second, which includes its end and not its beginning.
    pub max_in_any_second: BTreeMap<Bucket, usize>,
    /// Messages that reached somebody.
    pub delivered: usize,
    /// Messages beyond the first of the same content to the same person.
    pub duplicates: u64,
    /// People who got at least one message.
    pub people_reached: usize,
    /// The first arrival.
    pub first_request_at: BTreeMap<Bucket, Timestamp>,
    /// The last arrival.
    pub last_request_at: BTreeMap<Bucket, Timestamp>,
}

impl Ledger {
    /// Enters a request at its arrival.
    pub fn receive(&mut self, received: Received) -> Entry {
        self.counts.entry(received.bucket).or_default().arrive(received.at);
        self.requests.push(received);
        Entry(self.requests.len() - 1)
    }

    /// Completes an entry with what was decided.
    pub fn answer(&mut self, entry: Entry, status: u16, is_lost: bool) {
        let Some(received) = self.requests.get_mut(entry.0) else { return };
        (received.status, received.is_lost) = (status, is_lost);
        let counts = self.counts.entry(received.bucket).or_default();
        *counts.statuses.entry(status).or_default() += 1;
        counts.throttled += u64::from(status == 429);
        counts.lost += u64::from(is_lost);
    }

    /// Enters a message. `hash` stands for what the person reads, `content` for the whole of it.
    pub fn deliver(&mut self, at: Timestamp, person: u32, activity_id: i64, hash: u64, content: &Arc<Value>) {
        let content = *self.content_by_hash.entry(hash).or_insert_with(|| {
            self.contents.push(Arc::clone(content));
            (self.contents.len() - 1) as u32
        });
        *self.told.entry((person, content)).or_default() += 1;
        *self.delivered_to.entry(person).or_default() += 1;
        self.messages.push(DeliveredMessage { at, person, activity_id, content });
    }

    /// When the first request of `bucket` arrived.
    pub fn first_arrival(&self, bucket: Bucket) -> Option<Timestamp> {
        self.counts.get(&bucket).and_then(|counts| counts.first_at)
    }

    /// How many requests of `bucket` were refused with 429.
    pub fn throttled(&self, bucket: Bucket) -> u64 {
        self.counts.get(&bucket).map_or(0, |counts| counts.throttled)
    }

    /// How many messages this person got.
    pub fn delivered_to(&self, person: u32) -> u32 {
        self.delivered_to.get(&person).copied().unwrap_or_default()
    }

    /// Messages beyond the first of the same content to the same person.
    pub fn duplicates(&self) -> u64 {
        self.told.values().map(|times| u64::from(times - 1)).sum()
    }

    /// Every request, in the order of arrival.
    pub fn requests(&self) -> &[Received] {
        &self.requests
    }

    /// Every message, in the order of arrival.
    pub fn messages(&self) -> &[DeliveredMessage] {
        &self.messages
    }

    /// What a message said; `None` for a number that no message of this ledger has.
    pub fn content(&self, content: u32) -> Option<&Arc<Value>> {
        self.contents.get(content as usize)
    }

    /// The ledger in numbers.
    pub fn summary(&self) -> LedgerSummary {
        LedgerSummary {
            requests: self.each(|counts| Some(counts.requests)),
            statuses: self.each(|counts| Some(counts.statuses.clone())),
            throttled: self.counts.values().map(|counts| counts.throttled).sum(),
            throttled_by_bucket: self.each(|counts| (counts.throttled > 0).then_some(counts.throttled)),
            lost: self.each(|counts| (counts.lost > 0).then_some(counts.lost)),
            max_in_any_second: self.each(|counts| Some(counts.max_in_any_second)),
            delivered: self.messages.len(),
            duplicates: self.duplicates(),
            people_reached: self.delivered_to.len(),
            first_request_at: self.each(|counts| counts.first_at),
            last_request_at: self.each(|counts| counts.last_at),
        }
    }

    fn each<T>(&self, of: impl Fn(&Counts) -> Option<T>) -> BTreeMap<Bucket, T> {
        self.counts.iter().filter_map(|(bucket, counts)| of(counts).map(|value| (*bucket, value))).collect()
    }
}

impl Counts {
    fn arrive(&mut self, at: Timestamp) {
        self.requests += 1;
        self.first_at.get_or_insert(at);
        self.last_at = Some(at);
        self.last_second.push_back(at);
        let second = chrono::TimeDelta::seconds(1);
        while self.last_second.front().is_some_and(|first| *first + second <= at) {
            self.last_second.pop_front();
        }
        self.max_in_any_second = self.max_in_any_second.max(self.last_second.len());
    }
}

/// An instant as the ledger writes it: UTC to the microsecond.
pub fn written(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_timestamp_micros(micros).expect("a small number is an instant")
    }

    fn knock(ledger: &mut Ledger, micros: i64) -> Entry {
        let (path, subject) = ("/users", Subject::None);
        let bucket = Bucket::Directory;
        ledger.receive(Received {
            at: at(micros),
            bucket,
            method: "GET",
            path,
            subject,
            request_id: None,
            status: 0,
            is_lost: false,
        })
    }

    #[test]
    fn the_largest_sliding_second_is_found_across_the_edges_of_seconds() {
        let mut ledger = Ledger::default();
        for micros in [0, 900_000, 950_000, 1_000_000, 1_899_999, 1_900_000] {
            knock(&mut ledger, micros);
        }
        // From after 0.9 s to 1.9 s: 0.95, 1.0, 1.899999 and 1.9; from 0.9 to 1.899999 there are as many.
        assert_eq!(ledger.summary().max_in_any_second[&Bucket::Directory], 4);
    }

    #[test]
    fn only_the_same_content_to_the_same_person_is_a_duplicate() {
        let mut ledger = Ledger::default();
        let content = Arc::new(json!({"summary": "Offices close at noon"}));
        for (person, hash) in [(1, 10), (2, 10), (1, 11), (1, 10), (1, 10)] {
            ledger.deliver(at(0), person, 1, hash, &content);
        }
        let summary = ledger.summary();
        assert_eq!((summary.delivered, summary.duplicates, summary.people_reached), (5, 2, 2));
        assert_eq!(ledger.delivered_to(1), 4);
    }

    #[test]
    fn refused_and_lost_requests_count() {
        let mut ledger = Ledger::default();
        let first = knock(&mut ledger, 0);
        ledger.answer(first, 429, false);
        let second = knock(&mut ledger, 10);
        ledger.answer(second, 200, true);
        let summary = ledger.summary();
        assert_eq!(summary.requests[&Bucket::Directory], 2);
        assert_eq!(summary.throttled, 1);
        assert_eq!(summary.lost[&Bucket::Directory], 1);
    }
}
