//! Drafts, and the list of them and of broadcasts.

use async_trait::async_trait;
use sqlx::FromRow;
use sqlx::types::Json;

use super::super::PgStore;
use super::super::broadcasts::broadcast_state;
use super::super::rows::{int, refused, uint};
use super::super::statement::statements;
use crate::domain::broadcast::{BroadcastState, Channels};
use crate::domain::ids::{BroadcastId, TenantKey};
use crate::domain::manuscript::Manuscript;
use crate::domain::time::Timestamp;
use crate::ports::{
    Announcement, AnnouncementQuery, BroadcastReport, DraftRecord, DraftState, Drafts, Signature, StoreError,
};

statements! {
    KEEP_DRAFT = "-- keep_draft
        -- $1 tenant, $2 draft, $3 version, $4 state, $5 manuscript, $6 created by, $7 their name, $8 when, $9 edited by,
        -- $10 their name, $11 when
        insert into draft (tenant_id, draft_id, version, state, manuscript, created_by, created_by_name, created_at,
          edited_by, edited_by_name, edited_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        on conflict (tenant_id, draft_id) do nothing";
    DRAFT = "-- draft
        -- $1 tenant, $2 draft
        select draft_id, version, state, manuscript, expected, rejection, created_by, created_by_name, created_at, edited_by,
          edited_by_name, edited_at, submitted_by, submitted_by_name, submitted_at, decided_by, decided_by_name, decided_at
        from draft
        where tenant_id = $1 and draft_id = $2";
    CHANGE_DRAFT = "-- change_draft
        -- $1 tenant, $2 draft, $3 version, $4 state, $5 manuscript, $6 edited by, $7 their name, $8 when, $9 submitted by,
        -- $10 their name, $11 when, $12 decided by, $13 their name, $14 when, $15 rejection, $16 expected
        update draft
        set version = $3,
            state = $4,
            manuscript = $5,
            edited_by = $6,
            edited_by_name = $7,
            edited_at = $8,
            submitted_by = $9,
            submitted_by_name = $10,
            submitted_at = $11,
            decided_by = $12,
            decided_by_name = $13,
            decided_at = $14,
            rejection = $15,
            expected = $16
        where tenant_id = $1 and draft_id = $2 and version = $3 - 1 and state <> 'sent'";
    REMOVE_DRAFT = "-- remove_draft
        -- $1 tenant, $2 draft, $3 version
        delete from draft
        where tenant_id = $1 and draft_id = $2 and version = $3 and state <> 'sent'";
    ANNOUNCEMENTS = "-- announcements
        -- $1 tenant, $2 states or null, $3 a part of the title in lower case or null, $4 born before, $5 limit
        select id, title, state, channels, created_at, created_by, expected
        from (
          select b.broadcast_id as id, b.title, b.channels, b.created_at, d.created_by_name as created_by, b.expected,
            -- As reports have it: everything that goes out stands still while its tenant does.
            case when t.halted_at is not null and b.state in ('expanding', 'running') then 'halted' else b.state end as state
          from broadcast b
          join tenant t on t.tenant_id = b.tenant_id
          left join draft d on d.tenant_id = b.tenant_id and d.draft_id = b.broadcast_id
          where b.tenant_id = $1 and b.notice_of is null
          union all
          select draft_id, manuscript ->> 'title', manuscript ->> 'channel', created_at, created_by_name, expected, state
          from draft
          where tenant_id = $1 and state <> 'sent'
        ) a
        where ($2::text[] is null or state = any($2))
          and ($3::text is null or position($3 in lower(title)) > 0)
          and id < $4
        order by id desc
        limit $5";
}

#[derive(FromRow)]
struct DraftRow {
    draft_id: i64,
    version: i32,
    state: String,
    manuscript: Json<Manuscript>,
    expected: Option<i32>,
    rejection: Option<String>,
    created_by: String,
    created_by_name: String,
    created_at: Timestamp,
    edited_by: String,
    edited_by_name: String,
    edited_at: Timestamp,
    submitted_by: Option<String>,
    submitted_by_name: Option<String>,
    submitted_at: Option<Timestamp>,
    decided_by: Option<String>,
    decided_by_name: Option<String>,
    decided_at: Option<Timestamp>,
}

#[derive(FromRow)]
struct AnnouncementRow {
    id: i64,
    title: String,
    state: String,
    channels: String,
    created_at: Timestamp,
    created_by: Option<String>,
    expected: Option<i32>,
}

fn signature(subject: Option<String>, name: Option<String>, at: Option<Timestamp>) -> Option<Signature> {
    Some(Signature { subject: subject?, name: name.unwrap_or_default(), at: at? })
}

impl DraftRow {
    fn into_record(self) -> Result<DraftRecord, StoreError> {
        let state = DraftState::from_name(&self.state).ok_or_else(|| refused("draft", "state", &self.state))?;
        Ok(DraftRecord {
            id: BroadcastId::from_i64(self.draft_id),
            version: uint(self.version),
            state,
            manuscript: self.manuscript.0,
            created: Signature { subject: self.created_by, name: self.created_by_name, at: self.created_at },
            edited: Signature { subject: self.edited_by, name: self.edited_by_name, at: self.edited_at },
            submitted: signature(self.submitted_by, self.submitted_by_name, self.submitted_at),
            expected: self.expected.map(|people| u64::from(uint(people))),
            decided: signature(self.decided_by, self.decided_by_name, self.decided_at),
            rejection: self.rejection,
        })
    }
}

impl AnnouncementRow {
    fn into_announcement(self) -> Result<Announcement, StoreError> {
        let channels = Channels::from_name(&self.channels);
        Ok(Announcement {
            id: BroadcastId::from_i64(self.id),
            title: self.title,
            state: broadcast_state(&self.state)?,
            channels: channels.ok_or_else(|| refused("broadcast", "channels", &self.channels))?,
            created_at: self.created_at,
            created_by: self.created_by,
            expected: self.expected.map(|people| u64::from(uint(people))),
        })
    }
}

#[async_trait]
impl Drafts for PgStore {
    async fn keep_draft(&self, tenant: TenantKey, draft: &DraftRecord) -> Result<(), StoreError> {
        let (created, edited) = (&draft.created, &draft.edited);
        self.database
            .run("keep_draft", async |conn| {
                let query = sqlx::query(KEEP_DRAFT).bind(tenant.0).bind(draft.id.as_i64()).bind(int(draft.version));
                let query = query.bind(draft.state.name()).bind(Json(&draft.manuscript));
                let query = query.bind(&created.subject).bind(&created.name).bind(created.at);
                query.bind(&edited.subject).bind(&edited.name).bind(edited.at).execute(conn).await
            })
            .await?;
        Ok(())
    }

    async fn draft(&self, tenant: TenantKey, id: BroadcastId) -> Result<Option<DraftRecord>, StoreError> {
        let row: Option<DraftRow> = self
            .database
            .run("draft", async |conn| {
                sqlx::query_as(DRAFT).bind(tenant.0).bind(id.as_i64()).fetch_optional(conn).await
            })
            .await?;
        row.map(DraftRow::into_record).transpose()
    }

    async fn announcements(
        &self,
        tenant: TenantKey,
        query: &AnnouncementQuery,
        limit: u32,
    ) -> Result<Vec<Announcement>, StoreError> {
        let states: Vec<&str> = query.states.iter().copied().map(BroadcastState::name).collect();
        let states = (!states.is_empty()).then_some(states);
        let before = query.before.map_or(i64::MAX, BroadcastId::as_i64);
        let rows: Vec<AnnouncementRow> = self
            .database
            .run("announcements", async |conn| {
                let rows = sqlx::query_as(ANNOUNCEMENTS).bind(tenant.0).bind(&states);
                let rows = rows.bind(query.title.as_ref().map(|title| title.to_lowercase())).bind(before);
                rows.bind(i64::from(limit)).fetch_all(conn).await
            })
            .await?;
        rows.into_iter().map(AnnouncementRow::into_announcement).collect()
    }

    async fn reports_of(&self, tenant: TenantKey, ids: &[BroadcastId]) -> Result<Vec<BroadcastReport>, StoreError> {
        self.progress(tenant, Some(ids), u32::try_from(ids.len()).unwrap_or(u32::MAX)).await
    }

    async fn change_draft(&self, tenant: TenantKey, draft: &DraftRecord) -> Result<bool, StoreError> {
        let (edited, submitted, decided) = (&draft.edited, draft.submitted.as_ref(), draft.decided.as_ref());
        let expected = draft.expected.map(|people| i32::try_from(people).unwrap_or(i32::MAX));
        let done = self
            .database
            .run("change_draft", async |conn| {
                let query = sqlx::query(CHANGE_DRAFT).bind(tenant.0).bind(draft.id.as_i64()).bind(int(draft.version));
                let query = query.bind(draft.state.name()).bind(Json(&draft.manuscript));
                let query = query.bind(&edited.subject).bind(&edited.name).bind(edited.at);
                let query = query.bind(submitted.map(|by| &by.subject)).bind(submitted.map(|by| &by.name));
                let query = query.bind(submitted.map(|by| by.at));
                let query = query.bind(decided.map(|by| &by.subject)).bind(decided.map(|by| &by.name));
                let query = query.bind(decided.map(|by| by.at));
                query.bind(&draft.rejection).bind(expected).execute(conn).await
            })
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn remove_draft(&self, tenant: TenantKey, id: BroadcastId, version: u32) -> Result<bool, StoreError> {
        let done = self
            .database
            .run("remove_draft", async |conn| {
                sqlx::query(REMOVE_DRAFT).bind(tenant.0).bind(id.as_i64()).bind(int(version)).execute(conn).await
            })
            .await?;
        Ok(done.rows_affected() == 1)
    }
}
