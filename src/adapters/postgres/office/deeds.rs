//! Deeds.

use super::super::PgStore;
use crate::domain::ids::TenantKey;
use crate::domain::time::Timestamp;
use crate::ports::{Deed, DeedFilter, Deeds, StoreError};
use async_trait::async_trait;
use uuid::Uuid;

#[async_trait]
impl Deeds for PgStore {
    async fn note(&self, tenant: TenantKey, deed: &Deed) -> Result<(), StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn deeds(&self, tenant: TenantKey, filter: &DeedFilter, limit: u32) -> Result<Vec<(i64, Deed)>, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
}
