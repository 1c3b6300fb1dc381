//! Replies.

use super::super::PgStore;
use crate::domain::ids::TenantKey;
use crate::domain::time::Timestamp;
use crate::ports::{Birth, KeptReply, Replies, StoreError, Turn};
use async_trait::async_trait;
use std::time::Duration;

#[async_trait]
impl Replies for PgStore {
    async fn take_turn(
        &self,
        tenant: TenantKey,
        (caller, key): (&str, &str),
        request_hash: &[u8],
        birth: Birth,
        patience: Duration,
    ) -> Result<Turn, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn keep_reply(
        &self,
        tenant: TenantKey,
        (caller, key): (&str, &str),
        reply: &KeptReply,
    ) -> Result<(), StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn give_turn_back(&self, tenant: TenantKey, (caller, key): (&str, &str)) -> Result<(), StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
    async fn forget_replies(&self, tenant: TenantKey, before: Timestamp) -> Result<u64, StoreError> {
        Err(StoreError::Broken("not built yet".to_owned()))
    }
}
