//! Announcements that are being written, or wait for a second person. A draft and the broadcast that is made of it have the
//! same id, so that whoever has its address finds it in every state.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::{BroadcastReport, StoreError};
use crate::domain::broadcast::{BroadcastState, Channels};
use crate::domain::ids::{BroadcastId, TenantKey};
use crate::domain::manuscript::Manuscript;
use crate::domain::time::Timestamp;

/// Somebody, when they did something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Signature {
    /// Who, as [`Who::subject`](crate::domain::rights::Who::subject) writes it.
    pub subject: String,
    /// Their name at that time.
    pub name: String,
    /// When.
    pub at: Timestamp,
}

/// Where a draft stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DraftState {
    /// Being written.
    Draft,
    /// A second person must release it.
    AwaitingApproval,
    /// It is a broadcast now; the draft stays, so that it can be duplicated.
    Sent,
}

impl DraftState {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Draft, Self::AwaitingApproval, Self::Sent];

    /// The word used in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Sent => "sent",
        }
    }

    /// The one called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

/// An announcement as its author wrote it.
#[derive(Debug, Clone, PartialEq)]
pub struct DraftRecord {
    /// Its id, and that of its broadcast.
    pub id: BroadcastId,
    /// Grows with every change; its `ETag`.
    pub version: u32,
    /// Where it stands.
    pub state: DraftState,
    /// What was written.
    pub manuscript: Manuscript,
    /// Who began it.
    pub created: Signature,
    /// Who changed it last.
    pub edited: Signature,
    /// Who handed it in, for approval or by sending it.
    pub submitted: Option<Signature>,
    /// How many people it meant then.
    pub expected: Option<u64>,
    /// Who released or rejected it.
    pub decided: Option<Signature>,
    /// Why it was rejected; `None` when it was not.
    pub rejection: Option<String>,
}

/// A draft becomes a broadcast, by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The version that was read: another one is not released.
    pub version: u32,
    /// Who sends it, unless it was handed in before.
    pub submitted: Option<Signature>,
    /// Who releases what somebody else handed in.
    pub decided: Option<Signature>,
    /// How many people it means.
    pub expected: u64,
}

/// Which drafts and broadcasts are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AnnouncementQuery {
    /// Only those that stand in one of these; all when empty.
    pub states: Vec<BroadcastState>,
    /// Only those whose title holds this, in any case of letters.
    pub title: Option<String>,
    /// Only those born before this one.
    pub before: Option<BroadcastId>,
}

/// A draft or a broadcast, in a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Announcement {
    /// Its id.
    pub id: BroadcastId,
    /// Its heading.
    pub title: String,
    /// Where it stands.
    pub state: BroadcastState,
    /// Which ways it goes.
    pub channels: Channels,
    /// When it was begun.
    pub created_at: Timestamp,
    /// Who began it, by name; `None` where nobody wrote that down.
    pub created_by: Option<String>,
    /// How many people it means, as far as it was counted.
    pub expected: Option<u64>,
}

/// Keeps drafts.
#[async_trait]
pub trait Drafts: Send + Sync {
    /// Keeps a new draft; one that is there already under the same id stays as it is.
    async fn keep_draft(&self, tenant: TenantKey, draft: &DraftRecord) -> Result<(), StoreError>;

    /// One draft, also one that was sent.
    async fn draft(&self, tenant: TenantKey, id: BroadcastId) -> Result<Option<DraftRecord>, StoreError>;

    /// Drafts that were not sent, and broadcasts, newest first. Notices are nobody's announcement.
    async fn announcements(
        &self,
        tenant: TenantKey,
        query: &AnnouncementQuery,
        limit: u32,
    ) -> Result<Vec<Announcement>, StoreError>;

    /// The broadcasts of these ids, newest first.
    async fn reports_of(&self, tenant: TenantKey, ids: &[BroadcastId]) -> Result<Vec<BroadcastReport>, StoreError>;

    /// Puts `draft` in the place of the one with the version before it; `false` when that is not there any more, or sent.
    async fn change_draft(&self, tenant: TenantKey, draft: &DraftRecord) -> Result<bool, StoreError>;

    /// Forgets a draft of this version that was not sent; `false` when it is not there.
    async fn remove_draft(&self, tenant: TenantKey, id: BroadcastId, version: u32) -> Result<bool, StoreError>;
}
