//! What is looked up of the engine's record for people who watch: one page of a broadcast's people, what was tried for one
//! of them, how the quotas stand and who works.

use async_trait::async_trait;
use serde::Serialize;
use utoipa::ToSchema;

use super::super::{DeliveryReport, StoreError};
use crate::domain::audience::expression::Attribute;
use crate::domain::broadcast::{Channel, RoundKind};
use crate::domain::delivery::Settlement;
use crate::domain::ids::{BroadcastId, EntraId, RecipientKey, TenantKey, WorkerId};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;

/// Which people of a broadcast are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeliveryQuery {
    /// Those of its rounds of this kind in this channel; of the rounds that tell when `None`.
    pub passes: Option<(RoundKind, Channel)>,
    /// Only those in this state; `Some(None)` for those who are pending.
    pub state: Option<Option<Settlement>>,
    /// Only those for whom this is why.
    pub reason: Option<Reason>,
    /// Only those whom every word of this means: it begins a word of their name, their principal name or their mail
    /// address. Words end at spaces and signs; capitals and accents do not count. At most 150 characters are looked at.
    pub text: Option<String>,
    /// Only those after this one.
    pub after: Option<RecipientKey>,
}

impl DeliveryQuery {
    /// Somebody who failed may be meant.
    pub fn may_have_failed(&self) -> bool {
        match self.state {
            Some(state) => state == Some(Settlement::Failed),
            None => self.reason.is_some(),
        }
    }
}

/// One request made for somebody, or a decision taken without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AttemptReport {
    /// Which round's: its kind.
    pub round: RoundKind,
    /// Its number among hers in that round, from 1.
    pub attempt: u32,
    /// Which step: check, install, resolve, send and the like; `None` for a decision without a request.
    pub step: Option<&'static str>,
    /// What it taught, in a word; `None` for a decision without a request.
    pub outcome: Option<&'static str>,
    /// The final state that it led to, if it did.
    pub settles: Option<Settlement>,
    /// Why.
    pub reason: Option<Reason>,
    /// The HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Our id of the request, which Microsoft's support asks for.
    pub request: Option<uuid::Uuid>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
}

/// What the next owner of a tenant will know of one quota.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct BucketReport {
    /// Its name.
    pub name: String,
    /// No request of it starts earlier; long past when it does not rest.
    pub cooldown_until: Timestamp,
    /// The part of the quota in use after the last 429, above 0 to 1.
    pub share: f64,
    /// When that was.
    pub kept_at: Timestamp,
}

/// One run of a worker process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct WorkerReport {
    /// Its number.
    #[schema(value_type = i64)]
    pub id: WorkerId,
    /// Boot of its host and process namespace.
    pub host: String,
    /// Its process id there.
    pub pid: i64,
    /// Since when.
    pub registered_at: Timestamp,
    /// When its lease ends without another sign of life.
    pub alive_until: Timestamp,
    /// Its lease has not ended.
    pub is_alive: bool,
    /// It holds the tenant.
    pub holds: bool,
}

/// What the directory says of some people, and of how many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ValueCount {
    /// As the directory writes it.
    pub value: String,
    /// How many people have it.
    pub people: u64,
}

/// Looks things up.
#[async_trait]
pub trait Lookup: Send + Sync {
    /// The next people whom `query` means, in the order of their directory numbers; at most `limit`.
    async fn find_deliveries(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        query: &DeliveryQuery,
        limit: u32,
    ) -> Result<Vec<(RecipientKey, DeliveryReport)>, StoreError>;

    /// One person of a broadcast, and everything that was tried for her, in order; `None` when she is not among its people.
    async fn delivery(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        person: EntraId,
    ) -> Result<Option<(DeliveryReport, Vec<AttemptReport>)>, StoreError>;

    /// The newest broadcasts that are not over, newest first; notices to authors are none.
    async fn going(&self, tenant: TenantKey, limit: u32) -> Result<Vec<BroadcastId>, StoreError>;

    /// What the directory says of its people in `attribute`, what most have first, at most `limit`; nothing is no value.
    async fn values(&self, tenant: TenantKey, attribute: Attribute, limit: u32) -> Result<Vec<ValueCount>, StoreError>;

    /// How the tenant's quotas stand, by the record.
    async fn buckets(&self, tenant: TenantKey) -> Result<Vec<BucketReport>, StoreError>;

    /// The workers that are alive, and those whose lease ended less than a day ago.
    async fn workers(&self, tenant: TenantKey) -> Result<Vec<WorkerReport>, StoreError>;
}
