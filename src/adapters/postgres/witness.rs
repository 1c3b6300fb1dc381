//! What the record says at one instant, for whoever judges it from outside: the bench that kills workers.

use sqlx::FromRow;
use uuid::Uuid;

use super::PgStore;
use super::statement::statements;
use crate::domain::ids::{BroadcastId, ConversationId, EntraId, TenantKey};
use crate::ports::StoreError;

statements! {
    HOLDING = "-- holding
        -- $1 tenant
        select t.lease_epoch, w.pid, c.open, c.claimed
        from tenant t
        left join worker w on w.worker_id = t.lease_owner
        cross join lateral (
          select coalesce(sum(bit_count(k.open)), 0)::bigint as open, count(*) filter (where k.state = 1) as claimed
          from chunk k
          where k.tenant_id = t.tenant_id and k.state < 2
        ) c
        where t.tenant_id = $1";
    SETTLED_PEOPLE = "-- settled_people
        -- $1 tenant, $2 broadcast
        select distinct p.entra_id
        from round r
        join attempt a on a.tenant_id = r.tenant_id and a.round_id = r.round_id and a.settles is not null
        join audience u on u.tenant_id = a.tenant_id and u.round_id = a.round_id and u.ordinal = a.ordinal
        join recipient p on p.tenant_id = u.tenant_id and p.recipient_id = u.recipient_id
        where r.tenant_id = $1 and r.broadcast_id = $2
        order by p.entra_id";
    FORGET_ROUTES = "-- forget_routes
        -- $1 tenant
        update recipient
        set installation = 0, installation_id = null, conversation_id = null, refusal = null, refused_at = null
        where tenant_id = $1";
    LEARN_CHATS = "-- learn_chats
        -- $1 tenant, $2 Entra ids, $3 chats
        update recipient p
        set conversation_id = known.chat
        from unnest($2::uuid[], $3::text[]) known (entra_id, chat)
        where p.tenant_id = $1 and p.entra_id = known.entra_id";
}

/// How a tenant is held at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct Holding {
    /// Grows with each owner.
    pub lease_epoch: i32,
    /// The process of the owner, when there is one.
    pub pid: Option<i64>,
    /// Sends permitted whose answer is not recorded, over all of its chunks.
    pub open: i64,
    /// Chunks that somebody claims.
    pub claimed: i64,
}

impl PgStore {
    /// How `tenant` is held at this instant.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn holding(&self, tenant: TenantKey) -> Result<Holding, StoreError> {
        let query = async |conn: &mut _| sqlx::query_as(HOLDING).bind(tenant.0).fetch_one(conn).await;
        Ok(self.database.run("holding", query).await?)
    }

    /// Everybody of a broadcast who has a fact that settled her, by object id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn settled_people(&self, tenant: TenantKey, id: BroadcastId) -> Result<Vec<EntraId>, StoreError> {
        let people: Vec<Uuid> = self
            .database
            .run("settled_people", async |conn| {
                sqlx::query_scalar(SETTLED_PEOPLE).bind(tenant.0).bind(id.as_i64()).fetch_all(conn).await
            })
            .await?;
        Ok(people.into_iter().map(EntraId).collect())
    }

    /// Forgets the way to everybody, so that the next broadcast has to find it again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn forget_routes(&self, tenant: TenantKey) -> Result<(), StoreError> {
        self.database
            .run("forget_routes", async |conn| sqlx::query(FORGET_ROUTES).bind(tenant.0).execute(conn).await)
            .await?;
        Ok(())
    }

    /// Lets the chats of these people be known, as if an earlier broadcast had learnt them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn learn_chats(&self, tenant: TenantKey, chats: &[(EntraId, ConversationId)]) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = chats.iter().map(|(person, _)| person.0).collect();
        let chats: Vec<&str> = chats.iter().map(|(_, chat)| chat.0.as_str()).collect();
        self.database
            .run("learn_chats", async |conn| {
                sqlx::query(LEARN_CHATS).bind(tenant.0).bind(&ids).bind(&chats).execute(conn).await
            })
            .await?;
        Ok(())
    }
}
