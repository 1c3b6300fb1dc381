//! Lookup.

use super::super::PgStore;
use crate::domain::broadcast::{Channel, RoundKind};
use crate::domain::delivery::Settlement;
use crate::domain::ids::{BroadcastId, EntraId, RecipientKey, TenantKey, WorkerId};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::ports::{AttemptReport, BucketReport, DeliveryQuery, DeliveryReport, Lookup, StoreError, WorkerReport};
use async_trait::async_trait;

#[async_trait]
impl Lookup for PgStore {
    async fn find_deliveries(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        query: &DeliveryQuery,
        limit: u32,
    ) -> Result<Vec<(RecipientKey, DeliveryReport)>, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn delivery(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        person: EntraId,
    ) -> Result<Option<(DeliveryReport, Vec<AttemptReport>)>, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn buckets(&self, tenant: TenantKey) -> Result<Vec<BucketReport>, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn workers(&self, tenant: TenantKey) -> Result<Vec<WorkerReport>, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
}
