//! Tenants and their people.

use sqlx::FromRow;
use uuid::Uuid;

use super::PgStore;
use super::statement::statements;
use crate::domain::audience::Address;
use crate::domain::ids::{RecipientKey, TenantKey};
use crate::domain::time::Timestamp;
use crate::ports::{Person, StoreError};

statements! {
    TENANT = "-- tenant
        -- $1 Entra tenant, $2 app
        with made as (
          insert into tenant (entra_tenant_id, app_id)
          values ($1, $2)
          on conflict (entra_tenant_id, app_id) do nothing
          returning tenant_id
        )
        select tenant_id from made
        union all
        select tenant_id from tenant where entra_tenant_id = $1 and app_id = $2
        limit 1";
    KEEP_PEOPLE = "-- keep_people
        -- $1 tenant, $2 Entra ids, $3 names, $4 user principal names, $5 mails, $6 guests, $7 enabled, $8 licensed, $9 now
        insert into recipient (tenant_id, entra_id, display_name, user_principal_name, mail, guest, enabled, licensed, kept_at)
        select $1, p.*, $9
        from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::boolean[], $8::boolean[]) p
        on conflict (tenant_id, entra_id) do update
        set display_name = excluded.display_name,
            user_principal_name = excluded.user_principal_name,
            mail = excluded.mail,
            guest = excluded.guest,
            enabled = excluded.enabled,
            licensed = excluded.licensed,
            kept_at = excluded.kept_at";
    COUNT_PEOPLE = "-- count_people
        -- $1 tenant
        select count(*) from recipient where tenant_id = $1";
    FIND_PEOPLE_BY_ID = "-- find_people_by_id
        -- $1 tenant, $2 Entra ids
        select asked.entra_id, p.recipient_id
        from unnest($2::uuid[]) as asked (entra_id)
        join recipient p on p.tenant_id = $1 and p.entra_id = asked.entra_id";
    FIND_PEOPLE_BY_NAME = "-- find_people_by_name
        -- $1 tenant, $2 names in lower case
        -- A user principal name goes before somebody else's mail address that reads the same. It is unique in the
        -- directory, so of two people the one read last has it, and the other is gone. A mail address may be shared.
        select held.name, held.recipient_id
        from (
          select asked.name, p.recipient_id,
            rank() over (partition by asked.name order by p.rank, p.kept_at desc) as place
          from unnest($2::text[]) as asked (name)
          join lateral (
            select recipient_id, 0 as rank, kept_at from recipient
            where tenant_id = $1 and lower(user_principal_name) = asked.name
            union all
            select recipient_id, 1, null from recipient where tenant_id = $1 and lower(mail) = asked.name
          ) p on true
        ) held
        where held.place = 1
        order by held.name, held.recipient_id";
}

#[derive(FromRow)]
struct ById {
    entra_id: Uuid,
    recipient_id: i64,
}

#[derive(FromRow)]
struct ByName {
    name: String,
    recipient_id: i64,
}

impl PgStore {
    pub(super) async fn tenant_key(&self, entra_tenant: Uuid, app: Uuid) -> Result<TenantKey, StoreError> {
        let find = async |conn: &mut sqlx::PgConnection| {
            sqlx::query_scalar(TENANT).bind(entra_tenant).bind(app).fetch_optional(conn).await
        };
        // Two first callers at once: the loser inserts nothing and does not see the winner's row yet. It does the
        // second time.
        for _ in 0..2 {
            if let Some(key) = self.database.run("tenant", find).await? {
                return Ok(TenantKey(key));
            }
        }
        Err(StoreError::Broken("a tenant that was just made cannot be found".to_owned()))
    }

    pub(super) async fn keep(&self, tenant: TenantKey, people: &[Person], now: Timestamp) -> Result<(), StoreError> {
        // One row may not be written twice by one statement; the last word about a person holds.
        let mut newest: Vec<&Person> = people.iter().collect();
        newest.reverse();
        newest.sort_by_key(|person| person.entra_id);
        newest.dedup_by_key(|person| person.entra_id);
        let ids: Vec<Uuid> = newest.iter().map(|person| person.entra_id.0).collect();
        let names: Vec<&str> = newest.iter().map(|person| person.display_name.as_str()).collect();
        let principals: Vec<&str> = newest.iter().map(|person| person.user_principal_name.as_str()).collect();
        let mails: Vec<Option<&str>> = newest.iter().map(|person| person.mail.as_deref()).collect();
        let guests: Vec<bool> = newest.iter().map(|person| person.account.guest).collect();
        let enabled: Vec<bool> = newest.iter().map(|person| person.account.enabled).collect();
        let licensed: Vec<bool> = newest.iter().map(|person| person.account.licensed).collect();
        self.database
            .run("keep_people", async |conn| {
                let query = sqlx::query(KEEP_PEOPLE).bind(tenant.0).bind(&ids).bind(&names).bind(&principals);
                query.bind(&mails).bind(&guests).bind(&enabled).bind(&licensed).bind(now).execute(conn).await
            })
            .await?;
        Ok(())
    }

    pub(super) async fn count(&self, tenant: TenantKey) -> Result<u64, StoreError> {
        let count: i64 = self
            .database
            .run("count_people", async |conn| sqlx::query_scalar(COUNT_PEOPLE).bind(tenant.0).fetch_one(conn).await)
            .await?;
        Ok(count.unsigned_abs())
    }

    pub(super) async fn find(
        &self,
        tenant: TenantKey,
        addresses: &[Address],
    ) -> Result<Vec<(Address, RecipientKey)>, StoreError> {
        let (mut ids, mut names) = (Vec::new(), Vec::new());
        for address in addresses {
            match address {
                Address::Id(id) => ids.push(id.0),
                Address::Name(name) => names.push(name.as_str()),
            }
        }
        let (by_id, by_name): (Vec<ById>, Vec<ByName>) = self
            .database
            .run("find_people", async |conn| {
                let by_id = sqlx::query_as(FIND_PEOPLE_BY_ID).bind(tenant.0).bind(&ids).fetch_all(&mut *conn).await?;
                let by_name = sqlx::query_as(FIND_PEOPLE_BY_NAME).bind(tenant.0).bind(&names).fetch_all(conn).await?;
                Ok((by_id, by_name))
            })
            .await?;
        let by_id = by_id
            .into_iter()
            .map(|row| (Address::Id(crate::domain::ids::EntraId(row.entra_id)), RecipientKey(row.recipient_id)));
        let by_name = by_name.into_iter().map(|row| (Address::Name(row.name), RecipientKey(row.recipient_id)));
        Ok(by_id.chain(by_name).collect())
    }
}
