//! Drafts.

use super::super::PgStore;
use crate::domain::ids::{BroadcastId, TenantKey};
use crate::domain::manuscript::Manuscript;
use crate::domain::time::Timestamp;
use crate::ports::{DraftRecord, Drafts, StoreError};
use async_trait::async_trait;

#[async_trait]
impl Drafts for PgStore {
    async fn keep_draft(&self, tenant: TenantKey, draft: &DraftRecord) -> Result<(), StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn draft(&self, tenant: TenantKey, id: BroadcastId) -> Result<Option<DraftRecord>, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn drafts(&self, tenant: TenantKey, limit: u32) -> Result<Vec<DraftRecord>, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn change_draft(&self, tenant: TenantKey, draft: &DraftRecord) -> Result<bool, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn remove_draft(&self, tenant: TenantKey, id: BroadcastId, version: u32) -> Result<bool, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
}
