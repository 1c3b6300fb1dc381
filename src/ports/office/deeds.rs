//! Who did what: written twice for each action, before it begins and when it is over, and never changed.

use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::super::StoreError;
use crate::domain::ids::TenantKey;
use crate::domain::time::Timestamp;

/// One line of the audit.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Deed {
    /// When.
    pub happened_at: Timestamp,
    /// Who, as [`Who::subject`](crate::domain::rights::Who::subject) writes it; or `command line`, or `engine` for what somebody asked for who stands in
    /// another line or is not known, or `stentor` for what it did of its own accord.
    pub actor: String,
    /// Their name at that time.
    pub actor_name: Option<String>,
    /// What: the name of the operation.
    pub action: String,
    /// On what: the id of a broadcast, the name of an audience and the like; empty for what is only being made.
    pub subject: String,
    /// The request, by the id that its answer carries.
    pub request: Option<Uuid>,
    /// The HTTP status that it ended with; `None` for the line written before it began. A line without a second one is
    /// an action of which nobody knows whether it took place.
    pub status: Option<u16>,
    /// How its subject was before.
    pub before: Option<Value>,
    /// How it was afterwards.
    pub after: Option<Value>,
}

/// Which lines are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeedFilter {
    /// Only those on this subject.
    pub subject: Option<String>,
    /// Only those of this actor.
    pub actor: Option<String>,
    /// Only those with a smaller number.
    pub before: Option<i64>,
}

/// Keeps the audit.
#[async_trait]
pub trait Deeds: Send + Sync {
    /// Writes one line.
    async fn note(&self, tenant: TenantKey, deed: &Deed) -> Result<(), StoreError>;

    /// The newest lines with their numbers, newest first.
    async fn deeds(&self, tenant: TenantKey, filter: &DeedFilter, limit: u32) -> Result<Vec<(i64, Deed)>, StoreError>;
}
