//! What really happened, as Teams saw it: every request received, every message delivered and every notification.
//!
//! This is the judge. A client may believe what it likes about an answer that it never got; the ledger
//! knows whether the person was told, how often, and how fast the requests came.
//!
//! Invariant: a request is entered when it arrives, before anybody decides about it, so that refused and
//! lost ones count like all others.

mod deliveries;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use chrono::SecondsFormat;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::deliveries::{Contents, Tally};
pub use self::deliveries::{DeliveredMessage, Life, Notified, PostedMessage, PostsSummary, Slip};
use super::bucket::Bucket;
use crate::domain::time::Timestamp;

/// Whom or what a request was about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// Nobody in particular.
    None,
    /// A person of the organisation.
    Person(u32),
    /// A team, a channel or a chat, by its id.
    Place(Box<str>),
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

/// A request that is being answered.
#[derive(Debug, Clone, Copy)]
pub struct Entry(usize);

/// Everything received and delivered.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    requests: Vec<Received>,
    messages: Vec<DeliveredMessage>,
    posts: Vec<PostedMessage>,
    notifications: Vec<Notified>,
    contents: Contents,
    told: Tally,
    posted: Tally,
    notified: Tally,
    replaced: usize,
    notified_by: BTreeMap<Bucket, u64>,
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
    /// Messages to people that were taken back.
    pub recalled: usize,
    /// Messages to people that were changed at least once.
    pub updated: usize,
    /// Messages that were delivered and not taken back.
    pub standing: usize,
    /// The same of channels.
    pub posts: PostsSummary,
    /// Notifications that came into somebody's feed and replaced none.
    pub notified: usize,
    /// Notifications beyond the first of the same content to the same person; replacements are none.
    pub notified_again: u64,
    /// People who got at least one notification.
    pub notified_people: usize,
    /// Notifications that replaced an earlier one.
    pub replaced: usize,
    /// Notifications, replacements included, by the action that sent them.
    pub notified_by: BTreeMap<Bucket, u64>,
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
    pub fn deliver(&mut self, at: Timestamp, person: u32, activity_id: i64, hash: u64, content: &Arc<Value>) -> Slip {
        let content = self.contents.number(hash, content);
        self.told.count(person, content);
        self.messages.push(DeliveredMessage { at, person, activity_id, content, life: Life::begun(content) });
        Slip::Message(self.messages.len() - 1)
    }

    /// Enters a post or an answer in a channel, as [`Ledger::deliver`] does a message.
    pub fn post(&mut self, at: Timestamp, channel: u32, activity_id: i64, hash: u64, content: &Arc<Value>) -> Slip {
        let content = self.contents.number(hash, content);
        self.posted.count(channel, content);
        self.posts.push(PostedMessage { at, channel, activity_id, content, life: Life::begun(content) });
        Slip::Post(self.posts.len() - 1)
    }

    /// Enters a notification that came into a feed.
    pub fn notify(
        &mut self,
        (at, person, by): (Timestamp, u32, Bucket),
        (hash, content): (u64, &Arc<Value>),
        chain_id: Option<i64>,
        is_replacement: bool,
    ) {
        let content = self.contents.number(hash, content);
        if is_replacement {
            self.replaced += 1;
        } else {
            self.notified.count(person, content);
        }
        *self.notified_by.entry(by).or_default() += 1;
        self.notifications.push(Notified { at, person, by, content, chain_id, is_replacement });
    }

    /// Writes down that a message says something else.
    pub fn update(&mut self, slip: Slip, hash: u64, content: &Arc<Value>) {
        let content = self.contents.number(hash, content);
        let Some((life, tally)) = self.life(slip) else { return };
        tally.updated += usize::from(life.updates == 0);
        life.updates += 1;
        life.present = content;
    }

    /// Writes down that a message was taken back.
    pub fn recall(&mut self, slip: Slip) {
        let Some((life, tally)) = self.life(slip) else { return };
        tally.recalled += usize::from(!life.is_recalled);
        life.is_recalled = true;
    }

    fn life(&mut self, slip: Slip) -> Option<(&mut Life, &mut Tally)> {
        match slip {
            Slip::Message(place) => Some((&mut self.messages.get_mut(place)?.life, &mut self.told)),
            Slip::Post(place) => Some((&mut self.posts.get_mut(place)?.life, &mut self.posted)),
        }
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
        self.told.received_by(person)
    }

    /// How many notifications came into this person's feed, without those that replaced one.
    pub fn notified_to(&self, person: u32) -> u32 {
        self.notified.received_by(person)
    }

    /// Messages beyond the first of the same content to the same person.
    pub fn duplicates(&self) -> u64 {
        self.told.duplicates()
    }

    /// Every request, in the order of arrival.
    pub fn requests(&self) -> &[Received] {
        &self.requests
    }

    /// Every message, in the order of arrival.
    pub fn messages(&self) -> &[DeliveredMessage] {
        &self.messages
    }

    /// Every post and answer in a channel, in the order of arrival.
    pub fn posts(&self) -> &[PostedMessage] {
        &self.posts
    }

    /// Every notification that came into a feed, in the order of arrival.
    pub fn notifications(&self) -> &[Notified] {
        &self.notifications
    }

    /// What a message said; `None` for a number that nothing in this ledger has.
    pub fn content(&self, content: u32) -> Option<&Arc<Value>> {
        self.contents.get(content)
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
            people_reached: self.told.receivers(),
            recalled: self.told.recalled,
            updated: self.told.updated,
            standing: self.messages.len() - self.told.recalled,
            posts: self.posted.summary(self.posts.len()),
            notified: self.notifications.len() - self.replaced,
            notified_again: self.notified.duplicates(),
            notified_people: self.notified.receivers(),
            replaced: self.replaced,
            notified_by: self.notified_by.clone(),
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
    fn what_becomes_of_a_message_is_written_beside_it_once() {
        let mut ledger = Ledger::default();
        let said = |text: &str| Arc::new(json!({"summary": text}));
        let slip = ledger.deliver(at(0), 1, 1, 10, &said("Noon"));
        ledger.deliver(at(0), 2, 1, 10, &said("Noon"));
        ledger.update(slip, 11, &said("One o'clock"));
        ledger.update(slip, 12, &said("Two o'clock"));
        ledger.recall(slip);
        ledger.recall(slip);
        let summary = ledger.summary();
        assert_eq!((summary.delivered, summary.recalled, summary.updated, summary.standing), (2, 1, 1, 1));
        let present = ledger.content(ledger.messages()[0].life.present).map(|content| content["summary"].clone());
        assert_eq!(present, Some(json!("Two o'clock")));
        assert_eq!(summary.posts, PostsSummary::default());
    }

    #[test]
    fn a_replacement_is_no_second_notification() {
        let mut ledger = Ledger::default();
        let content = Arc::new(json!({"preview": "Noon"}));
        for (person, is_replacement) in [(1, false), (1, true), (2, false), (2, false)] {
            ledger.notify((at(0), person, Bucket::FeedUser), (10, &content), Some(7), is_replacement);
        }
        let summary = ledger.summary();
        assert_eq!((summary.notified, summary.replaced, summary.notified_people), (3, 1, 2));
        assert_eq!((summary.notified_again, summary.notified_by[&Bucket::FeedUser]), (1, 4));
        assert_eq!(ledger.notified_to(1), 1);
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
