//! Sessions.

use super::super::PgStore;
use crate::domain::ids::TenantKey;
use crate::domain::rights::Caller;
use crate::domain::time::Timestamp;
use crate::ports::{SecretHash, SessionRecord, Sessions, SignInRecord, StoreError};
use async_trait::async_trait;

#[async_trait]
impl Sessions for PgStore {
    async fn keep_sign_in(
        &self,
        tenant: TenantKey,
        state: &SecretHash,
        sign_in: &SignInRecord,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn take_sign_in(
        &self,
        tenant: TenantKey,
        state: &SecretHash,
        now: Timestamp,
    ) -> Result<Option<SignInRecord>, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn keep_session(
        &self,
        tenant: TenantKey,
        token: &SecretHash,
        session: &SessionRecord,
    ) -> Result<(), StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn session(
        &self,
        tenant: TenantKey,
        token: &SecretHash,
        idle_since: Timestamp,
        now: Timestamp,
    ) -> Result<Option<SessionRecord>, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn end_session(&self, tenant: TenantKey, token: &SecretHash) -> Result<(), StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
}
