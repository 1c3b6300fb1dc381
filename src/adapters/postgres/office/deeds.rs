//! Who did what: the audit, to which lines are only ever added.

use async_trait::async_trait;
use serde_json::Value;
use sqlx::FromRow;
use uuid::Uuid;

use super::super::PgStore;
use super::super::rows::{int, refused};
use super::super::statement::statements;
use crate::domain::ids::TenantKey;
use crate::domain::time::Timestamp;
use crate::ports::{Deed, DeedFilter, Deeds, StoreError};

statements! {
    NOTE_DEED = "-- note_deed
        -- $1 tenant, $2 now, $3 actor, $4 their name, $5 action, $6 subject, $7 request, $8 status, $9 before, $10 after
        insert into audit (tenant_id, happened_at, actor, actor_name, action, subject, request_id, status, before, after)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    DEEDS = "-- deeds
        -- $1 tenant, $2 only those before this number, $3 at most
        select audit_id, happened_at, actor, actor_name, action, subject, request_id, status, before, after
        from audit
        where tenant_id = $1 and ($2::bigint is null or audit_id < $2)
        order by audit_id desc
        limit $3";
    DEEDS_ON = "-- deeds_on
        -- $1 tenant, $2 only those before this number, $3 at most, $4 subject, $5 actor
        select audit_id, happened_at, actor, actor_name, action, subject, request_id, status, before, after
        from audit
        where tenant_id = $1 and ($2::bigint is null or audit_id < $2) and subject = $4 and ($5::text is null or actor = $5)
        order by audit_id desc
        limit $3";
    DEEDS_OF = "-- deeds_of
        -- $1 tenant, $2 only those before this number, $3 at most, $4 actor
        select audit_id, happened_at, actor, actor_name, action, subject, request_id, status, before, after
        from audit
        where tenant_id = $1 and ($2::bigint is null or audit_id < $2) and actor = $4
        order by audit_id desc
        limit $3";
}

#[derive(FromRow)]
struct Row {
    audit_id: i64,
    happened_at: Timestamp,
    actor: String,
    actor_name: Option<String>,
    action: String,
    subject: String,
    request_id: Option<Uuid>,
    status: Option<i16>,
    before: Option<Value>,
    after: Option<Value>,
}

impl Row {
    fn into_deed(self) -> Result<(i64, Deed), StoreError> {
        let status = self.status.map(u16::try_from).transpose();
        let deed = Deed {
            happened_at: self.happened_at,
            actor: self.actor,
            actor_name: self.actor_name,
            action: self.action,
            subject: self.subject,
            request: self.request_id,
            status: status.map_err(|_| refused("audit", "status", self.status))?,
            before: self.before,
            after: self.after,
        };
        Ok((self.audit_id, deed))
    }
}

#[async_trait]
impl Deeds for PgStore {
    async fn note(&self, tenant: TenantKey, deed: &Deed) -> Result<(), StoreError> {
        let (before, after) = (deed.before.clone().map(kept), deed.after.clone().map(kept));
        let status = deed.status.and_then(|status| i16::try_from(status).ok());
        self.database()
            .run("note_deed", async |conn| {
                let query = sqlx::query(NOTE_DEED).bind(tenant.0).bind(deed.happened_at).bind(kept_text(&deed.actor));
                let query = query.bind(deed.actor_name.as_deref().map(kept_text)).bind(&deed.action);
                let query = query.bind(kept_text(&deed.subject)).bind(deed.request).bind(status);
                query.bind(before.as_ref()).bind(after.as_ref()).execute(conn).await
            })
            .await?;
        Ok(())
    }

    async fn deeds(&self, tenant: TenantKey, filter: &DeedFilter, limit: u32) -> Result<Vec<(i64, Deed)>, StoreError> {
        let page = |sql| sqlx::query_as::<_, Row>(sql).bind(tenant.0).bind(filter.before).bind(int(limit));
        let rows = self
            .database()
            .run("deeds", async |conn| match (&filter.subject, &filter.actor) {
                (Some(subject), actor) => {
                    let actor = actor.as_deref().map(kept_text);
                    page(DEEDS_ON).bind(kept_text(subject)).bind(actor).fetch_all(conn).await
                }
                (None, Some(actor)) => page(DEEDS_OF).bind(kept_text(actor)).fetch_all(conn).await,
                (None, None) => page(DEEDS).fetch_all(conn).await,
            })
            .await?;
        rows.into_iter().map(Row::into_deed).collect()
    }
}

/// `text` without the one character that Postgres keeps in no text.
fn kept_text(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn kept(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(kept_text(&text)),
        Value::Array(values) => values.into_iter().map(kept).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (kept_text(&name), kept(value))).collect(),
        plain => plain,
    }
}
