//! The engine's settings: every duration and bound that the use cases share.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::domain::lease::LeaseTerms;
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::retry::RetryPolicy;

/// How the engine behaves. The defaults are the documented ones; `config/default.toml` explains each.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineSettings {
    /// How long a tenant is ours, when we stop, and when somebody else may come.
    pub terms: LeaseTerms,
    /// How often the owner of a tenant looks for new work and changed states.
    pub poll_every: Duration,
    /// How often facts and permissions are written down.
    pub flush_every: Duration,
    /// How many facts hasten a flush.
    pub flush_facts: usize,
    /// Sends that may be open at once: what a crash may leave in doubt, at most.
    pub open_max: u32,
    /// Recipients in a chunk.
    pub chunk_size: u32,
    /// Recipients frozen in one transaction while expanding.
    pub expand_slice: u32,
    /// How often a halted tenant is tried with one request.
    pub probe_every: Duration,
    /// How long a stop waits for answers and for the database; longer than a request may take.
    pub stop_within: Duration,
    /// How many tenants one worker holds at most.
    pub tenants: u32,
    /// How patient we are with one delivery.
    pub retry: RetryPolicy,
    /// The quota of each bucket.
    pub quotas: BTreeMap<Bucket, Quota>,
    /// How often one and the same chat may be written to; all of them are kept.
    pub chat_quotas: Vec<Quota>,
    /// Through what a person's chat is found.
    pub find_chat_through: ChatRoad,
}

/// Through what the chat of somebody who has the app is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChatRoad {
    /// Her installation of the app.
    #[default]
    Installation,
    /// Her chats, which takes a broader permission.
    Chats,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            terms: LeaseTerms::default(),
            poll_every: Duration::from_secs(1),
            flush_every: Duration::from_millis(100),
            flush_facts: 500,
            open_max: 256,
            chunk_size: 256,
            expand_slice: 50_000,
            probe_every: Duration::from_secs(60),
            stop_within: Duration::from_secs(25),
            tenants: 200,
            retry: RetryPolicy::default(),
            quotas: Bucket::ALL.into_iter().map(|bucket| (bucket, default_quota(bucket))).collect(),
            chat_quotas: CHAT_QUOTAS.to_vec(),
            find_chat_through: ChatRoad::default(),
        }
    }
}

/// The published limits on one chat.
const CHAT_QUOTAS: [Quota; 4] = [
    Quota::per_second(7),
    Quota { requests: 8, window: Duration::from_secs(2) },
    Quota { requests: 60, window: Duration::from_secs(30) },
    Quota { requests: 1800, window: Duration::from_secs(3600) },
];

/// The published limits, for tests and for whoever starts the engine without settings.
const fn default_quota(bucket: Bucket) -> Quota {
    match bucket {
        Bucket::Send => Quota::per_second(50),
        Bucket::Check | Bucket::Install | Bucket::Resolve | Bucket::Catalog | Bucket::Directory => {
            Quota::per_second(30)
        }
        Bucket::Notify => Quota::per_second(5),
        Bucket::NotifyMany => Quota::per_second(2),
    }
}
