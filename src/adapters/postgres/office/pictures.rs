//! Pictures.

use super::super::PgStore;
use crate::domain::ids::TenantKey;
use crate::domain::time::Timestamp;
use crate::ports::{PictureRecord, Pictures, StoreError};
use async_trait::async_trait;
use uuid::Uuid;

#[async_trait]
impl Pictures for PgStore {
    async fn keep_picture(&self, tenant: TenantKey, picture: &PictureRecord) -> Result<(), StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn picture(&self, tenant: TenantKey, id: Uuid) -> Result<Option<PictureRecord>, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
}
