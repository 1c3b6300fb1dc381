//! Answers kept for requests that are made again under the same key.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::super::StoreError;
use crate::domain::ids::TenantKey;
use crate::domain::time::Timestamp;

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptReply {
    /// The HTTP status.
    pub status: u16,
    /// The headers that belong to it: `Content-Type`, `ETag`, `Location`.
    pub headers: Vec<(String, String)>,
    /// The body, which is text.
    pub body: String,
}

/// What a key makes of ids: whoever asks again after a crash makes the same ones, so that what was stored is found stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Birth {
    /// When the key was first used.
    pub at: Timestamp,
    /// Chance, drawn then.
    pub chance: u64,
}

impl Birth {
    /// Chance for one of several ids: another for each place, and the same in every repetition.
    pub const fn draw(self, place: u64) -> u64 {
        // SplitMix64: neighbouring places become numbers that have nothing in common.
        let mixed = self.chance.wrapping_add(place.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// What is to be done with a request under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Do it, and keep the answer.
    Yours(Birth),
    /// It was done: this is the answer.
    Done(KeptReply),
    /// Somebody else is doing it.
    Running,
    /// The key was used for another request.
    Other,
}

/// Keeps answers.
#[async_trait]
pub trait Replies: Send + Sync {
    /// Takes the turn for `key` of `caller`, unless somebody has it. Whoever took it and has neither kept an answer nor given it
    /// back for `patience` is believed dead, and the next one has the turn, with the same [`Birth`].
    async fn take_turn(
        &self,
        tenant: TenantKey,
        (caller, key): (&str, &str),
        request_hash: &[u8],
        birth: Birth,
        patience: Duration,
    ) -> Result<Turn, StoreError>;

    /// Keeps the answer.
    async fn keep_reply(
        &self,
        tenant: TenantKey,
        (caller, key): (&str, &str),
        reply: &KeptReply,
    ) -> Result<(), StoreError>;

    /// Gives the turn back: whoever asks next has it, with the same [`Birth`].
    async fn give_turn_back(&self, tenant: TenantKey, (caller, key): (&str, &str)) -> Result<(), StoreError>;

    /// Forgets keys that were first used before this instant, and their answers; returns how many.
    async fn forget_replies(&self, tenant: TenantKey, before: Timestamp) -> Result<u64, StoreError>;
}
