//! Tenants and their people.

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::PgStore;
use super::statement::statements;
use crate::domain::attributes::{Attributes, Mentioned};
use crate::domain::audience::Address;
use crate::domain::ids::{EntraId, RecipientKey, TenantKey};
use crate::domain::route::Account;
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
    KEEP_PEOPLE = include_str!("sql/keep_people.sql");
    COUNT_PEOPLE = "-- count_people
        -- $1 tenant
        select count(*) from recipient where tenant_id = $1 and left_at is null and venue is null";
    SEARCH_PEOPLE = "-- search_people
        -- $1 tenant, $2 beginning in lower case, $3 limit
        -- Asked by a person now and then: one pass over the people is nothing that an index would have to be kept for.
        select entra_id, display_name, user_principal_name, mail, guest, enabled, licensed, department, job_title, office,
          country, language
        from recipient
        where tenant_id = $1
          and left_at is null
          and venue is null
          and (starts_with(lower(display_name), $2) or starts_with(lower(user_principal_name), $2)
            or starts_with(lower(mail), $2))
        order by display_name collate \"C\", recipient_id
        limit $3";
    FIND_PEOPLE_BY_ID = "-- find_people_by_id
        -- $1 tenant, $2 Entra ids
        select asked.entra_id, p.recipient_id
        from unnest($2::uuid[]) as asked (entra_id)
        join recipient p on p.tenant_id = $1 and p.entra_id = asked.entra_id
        where p.left_at is null and p.venue is null";
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
            where tenant_id = $1 and lower(user_principal_name) = asked.name and left_at is null and venue is null
            union all
            select recipient_id, 1, null from recipient
            where tenant_id = $1 and lower(mail) = asked.name and left_at is null and venue is null
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

#[derive(FromRow)]
struct PersonRow {
    entra_id: Uuid,
    display_name: String,
    user_principal_name: String,
    mail: Option<String>,
    guest: bool,
    enabled: bool,
    licensed: bool,
    department: Option<String>,
    job_title: Option<String>,
    office: Option<String>,
    country: Option<String>,
    language: Option<String>,
}

impl PersonRow {
    fn into_person(self) -> Person {
        Person {
            entra_id: EntraId(self.entra_id),
            user_principal_name: self.user_principal_name,
            display_name: self.display_name,
            mail: self.mail,
            account: Account { guest: self.guest, enabled: self.enabled, licensed: self.licensed },
            attributes: Attributes {
                department: self.department,
                job_title: self.job_title,
                office: self.office,
                country: self.country,
                language: self.language,
            },
        }
    }
}

/// Keeps people, of whom each tells only what is mentioned, and notes that a page of a whole reading names them if
/// `met`. Whose row would stay the same is not written. Returns how many were.
pub(super) async fn keep<'a>(
    conn: &mut PgConnection,
    tenant: TenantKey,
    people: impl Iterator<Item = (&'a Person, Mentioned)>,
    met: bool,
    now: Timestamp,
) -> Result<u64, sqlx::Error> {
    // One row may not be written twice by one statement; the last word about a person holds.
    let mut newest: Vec<(&Person, Mentioned)> = people.collect();
    newest.reverse();
    newest.sort_by_key(|(person, _)| person.entra_id);
    newest.dedup_by_key(|(person, _)| person.entra_id);
    fn column<'a, T>(from: &[(&'a Person, Mentioned)], of: impl Fn(&'a Person) -> T) -> Vec<T> {
        from.iter().map(|(person, _)| of(person)).collect()
    }
    let of = |which: fn(&Attributes) -> &Option<String>| column(&newest, |it| which(&it.attributes).as_deref());
    let query = sqlx::query_scalar(KEEP_PEOPLE)
        .bind(tenant.0)
        .bind(column(&newest, |it| it.entra_id.0))
        .bind(newest.iter().map(|(_, mentioned)| mentioned.bits()).collect::<Vec<_>>())
        .bind(column(&newest, |it| it.display_name.as_str()))
        .bind(column(&newest, |it| it.user_principal_name.as_str()))
        .bind(column(&newest, |it| it.mail.as_deref()))
        .bind(column(&newest, |it| it.account.guest))
        .bind(column(&newest, |it| it.account.enabled))
        .bind(column(&newest, |it| it.account.licensed))
        .bind(of(|it| &it.department))
        .bind(of(|it| &it.job_title))
        .bind(of(|it| &it.office))
        .bind(of(|it| &it.country))
        .bind(of(|it| &it.language))
        .bind(met)
        .bind(now);
    let changed: i64 = query.fetch_one(conn).await?;
    Ok(changed.unsigned_abs())
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
        let people = people.iter().map(|person| (person, Mentioned::ALL));
        self.database.run("keep_people", async |conn| keep(conn, tenant, people.clone(), false, now).await).await?;
        Ok(())
    }

    pub(super) async fn search(&self, tenant: TenantKey, text: &str, limit: u32) -> Result<Vec<Person>, StoreError> {
        let text = text.to_lowercase();
        let ask = async |conn: &mut PgConnection| {
            sqlx::query_as(SEARCH_PEOPLE).bind(tenant.0).bind(&text).bind(i64::from(limit)).fetch_all(conn).await
        };
        let rows: Vec<PersonRow> = self.database.run("search_people", ask).await?;
        Ok(rows.into_iter().map(PersonRow::into_person).collect())
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
        let by_id = by_id.into_iter().map(|row| (Address::Id(EntraId(row.entra_id)), RecipientKey(row.recipient_id)));
        let by_name = by_name.into_iter().map(|row| (Address::Name(row.name), RecipientKey(row.recipient_id)));
        Ok(by_id.chain(by_name).collect())
    }
}
