//! Announcements that are being written, or wait for a second person. A draft and the broadcast that is made of it have the
//! same id, so that whoever has its address finds it in every state.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::super::StoreError;
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

/// Keeps drafts.
#[async_trait]
pub trait Drafts: Send + Sync {
    /// Keeps a new draft; one that is there already under the same id stays as it is.
    async fn keep_draft(&self, tenant: TenantKey, draft: &DraftRecord) -> Result<(), StoreError>;

    /// One draft, also one that was sent.
    async fn draft(&self, tenant: TenantKey, id: BroadcastId) -> Result<Option<DraftRecord>, StoreError>;

    /// Drafts that were not sent, newest first, their lists of people left out.
    async fn drafts(&self, tenant: TenantKey, limit: u32) -> Result<Vec<DraftRecord>, StoreError>;

    /// Puts `draft` in the place of the one with the version before it; `false` when that is not there any more.
    async fn change_draft(&self, tenant: TenantKey, draft: &DraftRecord) -> Result<bool, StoreError>;

    /// Forgets a draft of this version that was not sent; `false` when it is not there.
    async fn remove_draft(&self, tenant: TenantKey, id: BroadcastId, version: u32) -> Result<bool, StoreError>;
}
