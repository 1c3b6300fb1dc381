//! Pictures that authors upload, made small and written anew.

use async_trait::async_trait;
use uuid::Uuid;

use super::super::StoreError;
use crate::domain::ids::TenantKey;
use crate::domain::time::Timestamp;

/// A picture as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PictureRecord {
    /// Drawn by chance, so that nobody guesses the address of a picture.
    pub id: Uuid,
    /// `image/png` or `image/jpeg`.
    pub media_type: String,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Itself.
    pub bytes: Vec<u8>,
    /// Who uploaded it, as [`Who::subject`](crate::domain::rights::Who::subject) writes it.
    pub created_by: String,
    /// When.
    pub created_at: Timestamp,
}

/// Keeps pictures.
#[async_trait]
pub trait Pictures: Send + Sync {
    /// Keeps one; the same id again changes nothing.
    async fn keep_picture(&self, tenant: TenantKey, picture: &PictureRecord) -> Result<(), StoreError>;

    /// One of them.
    async fn picture(&self, tenant: TenantKey, id: Uuid) -> Result<Option<PictureRecord>, StoreError>;
}
