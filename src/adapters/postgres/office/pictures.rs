//! Pictures that authors uploaded.

use async_trait::async_trait;
use sqlx::FromRow;
use uuid::Uuid;

use super::super::PgStore;
use super::super::rows::{int, uint};
use super::super::statement::statements;
use crate::domain::ids::TenantKey;
use crate::domain::time::Timestamp;
use crate::ports::{PictureRecord, Pictures, StoreError};

statements! {
    KEEP_PICTURE = "-- keep_picture
        -- $1 tenant, $2 id, $3 now, $4 width, $5 height, $6 media type, $7 who, $8 bytes
        insert into picture (tenant_id, picture_id, created_at, width, height, media_type, created_by, bytes)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (tenant_id, picture_id) do nothing";
    PICTURE = "-- picture
        -- $1 tenant, $2 id
        select picture_id, created_at, width, height, media_type, created_by, bytes
        from picture
        where tenant_id = $1 and picture_id = $2";
}

#[derive(FromRow)]
struct Row {
    picture_id: Uuid,
    created_at: Timestamp,
    width: i32,
    height: i32,
    media_type: String,
    created_by: String,
    bytes: Vec<u8>,
}

#[async_trait]
impl Pictures for PgStore {
    async fn keep_picture(&self, tenant: TenantKey, picture: &PictureRecord) -> Result<(), StoreError> {
        self.database()
            .run("keep_picture", async |conn| {
                let query = sqlx::query(KEEP_PICTURE).bind(tenant.0).bind(picture.id).bind(picture.created_at);
                let query = query.bind(int(picture.width)).bind(int(picture.height)).bind(&picture.media_type);
                query.bind(&picture.created_by).bind(&picture.bytes).execute(conn).await
            })
            .await?;
        Ok(())
    }

    async fn picture(&self, tenant: TenantKey, id: Uuid) -> Result<Option<PictureRecord>, StoreError> {
        let row: Option<Row> = self
            .database()
            .run("picture", async |conn| sqlx::query_as(PICTURE).bind(tenant.0).bind(id).fetch_optional(conn).await)
            .await?;
        Ok(row.map(|row| PictureRecord {
            id: row.picture_id,
            media_type: row.media_type,
            width: uint(row.width),
            height: uint(row.height),
            bytes: row.bytes,
            created_by: row.created_by,
            created_at: row.created_at,
        }))
    }
}
