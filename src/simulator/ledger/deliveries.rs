//! What reached people and channels: messages, posts and notifications, and what became of each afterwards.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Bucket;
use crate::domain::time::Timestamp;

/// What became of a message after it was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// Which of [`super::Ledger::content`] it is at present.
    pub present: u32,
    /// How often it was changed.
    pub updates: u32,
    /// Whether it was taken back.
    pub is_recalled: bool,
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
    /// Which of [`super::Ledger::content`] it was.
    pub content: u32,
    /// What became of it.
    pub life: Life,
}

/// One message that stands, or stood, in a channel.
#[derive(Debug, Clone)]
pub struct PostedMessage {
    /// When it arrived.
    pub at: Timestamp,
    /// Which channel got it, by its place among all.
    pub channel: u32,
    /// Its number within the channel.
    pub activity_id: i64,
    /// Which of [`super::Ledger::content`] it was.
    pub content: u32,
    /// What became of it.
    pub life: Life,
}

/// One notification that came into somebody's activity feed.
#[derive(Debug, Clone)]
pub struct Notified {
    /// When it came.
    pub at: Timestamp,
    /// Whose feed.
    pub person: u32,
    /// Which of the four actions sent it.
    pub by: Bucket,
    /// Which of [`super::Ledger::content`] it was.
    pub content: u32,
    /// The number under which a later one replaces it.
    pub chain_id: Option<i64>,
    /// It took the place of an earlier one.
    pub is_replacement: bool,
}

/// Where an entry stands, so that what becomes of the message can be written beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slip {
    /// Among the messages.
    Message(usize),
    /// Among the posts.
    Post(usize),
}

/// Posts in channels, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PostsSummary {
    /// Posts and answers that reached a channel.
    pub delivered: usize,
    /// Those beyond the first of the same content in the same channel.
    pub duplicates: u64,
    /// Channels that got at least one.
    pub channels_reached: usize,
    /// Posts that were taken back.
    pub recalled: usize,
    /// Posts that were changed at least once.
    pub updated: usize,
    /// Posts that were delivered and not taken back.
    pub standing: usize,
}

/// How often each content reached each of many, and how many were changed or taken back.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    told: HashMap<(u32, u32), u32>,
    by_receiver: HashMap<u32, u32>,
    pub(super) recalled: usize,
    pub(super) updated: usize,
}

impl Tally {
    pub(super) fn count(&mut self, receiver: u32, content: u32) {
        *self.told.entry((receiver, content)).or_default() += 1;
        *self.by_receiver.entry(receiver).or_default() += 1;
    }

    pub(super) fn duplicates(&self) -> u64 {
        self.told.values().map(|times| u64::from(times - 1)).sum()
    }

    pub(super) fn receivers(&self) -> usize {
        self.by_receiver.len()
    }

    pub(super) fn received_by(&self, receiver: u32) -> u32 {
        self.by_receiver.get(&receiver).copied().unwrap_or_default()
    }

    pub(super) fn summary(&self, delivered: usize) -> PostsSummary {
        let (recalled, updated) = (self.recalled, self.updated);
        PostsSummary {
            delivered,
            duplicates: self.duplicates(),
            channels_reached: self.receivers(),
            recalled,
            updated,
            standing: delivered - recalled,
        }
    }
}

/// Every content that was ever told, each once.
#[derive(Debug, Clone, Default)]
pub(super) struct Contents {
    all: Vec<Arc<Value>>,
    by_hash: HashMap<u64, u32>,
}

impl Contents {
    pub(super) fn number(&mut self, hash: u64, content: &Arc<Value>) -> u32 {
        *self.by_hash.entry(hash).or_insert_with(|| {
            self.all.push(Arc::clone(content));
            (self.all.len() - 1) as u32
        })
    }

    pub(super) fn get(&self, number: u32) -> Option<&Arc<Value>> {
        self.all.get(number as usize)
    }
}

impl Life {
    pub(super) const fn begun(content: u32) -> Self {
        Self { present: content, updates: 0, is_recalled: false }
    }
}
