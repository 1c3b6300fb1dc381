//! Audiences told in words: whom a source names, what is saved, what is laid down for a round.
//!
//! Attributes are read value by value and judged by the domain, which then asks for the people who have those that pass:
//! there are few departments among half a million people, and capital letters mean the same in every database.

use sqlx::FromRow;
use uuid::Uuid;

use super::PgStore;
use super::broadcasts::INSERT_LIST;
use super::pool::Verdict;
use super::queue::HOLD_LEASE;
use super::reports::TELLING;
use super::rows::{int, reason};
use super::statement::statements;
use crate::domain::audience::Address;
use crate::domain::audience::expression::{Attribute, Flag, People, Source, Test, is_called};
use crate::domain::ids::{BroadcastId, EntraId, GroupId, RecipientKey, RoundId, TenantKey, WorkerId};
use crate::domain::route::Account;
use crate::domain::time::Timestamp;
use crate::ports::{Acquaintance, HeldTenant, SavedAudience, StoreError};

/// People of a broadcast read at once.
const PAGE: u32 = 5000;

statements! {
    PEOPLE_HERE = "-- people_here
        -- $1 tenant
        -- One row: half a million numbers are read faster as one array.
        select coalesce(array_agg(recipient_id), '{}')
        from recipient
        where tenant_id = $1 and left_at is null and venue is null";
    PEOPLE_FLAGGED = "-- people_flagged
        -- $1 tenant, $2 flag
        select coalesce(array_agg(recipient_id), '{}')
        from recipient
        where tenant_id = $1
          and left_at is null
          and venue is null
          and case $2::text when 'guest' then guest when 'disabled' then not enabled when 'unlicensed' then not licensed end";
    ATTRIBUTE_VALUES = concat!(
        "-- attribute_values
        -- $1 tenant, $2 attribute
        select distinct coalesce(",
        include_str!("sql/attribute.sql"),
        ", '')
        from recipient
        where tenant_id = $1 and left_at is null and venue is null"
    );
    PEOPLE_OF_VALUES = concat!(
        "-- people_of_values
        -- $1 tenant, $2 attribute, $3 values
        -- Joined, so that the values are hashed: whether one is among thousands is asked of everybody.
        select coalesce(array_agg(p.recipient_id), '{}')
        from recipient p
        join unnest($3::text[]) as passing (value) on passing.value = coalesce(",
        include_str!("sql/attribute.sql"),
        ", '')
        where p.tenant_id = $1 and p.left_at is null and p.venue is null"
    );
    GROUP_MEMBERS = "-- group_members
        -- $1 tenant, $2 group
        select coalesce(array_agg(m.recipient_id), '{}')
        from group_member m
        join recipient p on p.tenant_id = m.tenant_id and p.recipient_id = m.recipient_id
        where m.tenant_id = $1 and m.group_id = $2 and p.left_at is null";
    GROUPS_READ = "-- groups_read
        -- $1 tenant
        select group_id, name, team from directory_group where tenant_id = $1 and read_at is not null";
    PEOPLE_OF_LIST = "-- people_of_list
        -- $1 tenant, $2 broadcast, $3 name
        select array(
            select p.recipient_id
            from unnest(l.people) as listed (recipient_id)
            join recipient p on p.tenant_id = $1 and p.recipient_id = listed.recipient_id
            where p.left_at is null
          )
        from broadcast_list l
        where l.tenant_id = $1 and l.broadcast_id = $2 and l.name = $3";
    IS_FROZEN = "-- is_frozen
        -- $1 tenant, $2 broadcast
        -- There is such a broadcast, and whom it is for is settled.
        select exists (select from broadcast where tenant_id = $1 and broadcast_id = $2)
          and not exists (
            select from round
            where tenant_id = $1 and broadcast_id = $2 and kind = 'send' and state = 'expanding'
          )";
    ACQUAINTANCES = "-- acquaintances
        -- $1 tenant, $2 recipients
        select p.recipient_id, p.entra_id, p.display_name, p.user_principal_name, p.guest, p.enabled, p.licensed, p.refusal
        from unnest($2::bigint[]) with ordinality as asked (recipient_id, place)
        join recipient p on p.tenant_id = $1 and p.recipient_id = asked.recipient_id
        order by asked.place";
    SAVED_AUDIENCES = "-- saved_audiences
        -- $1 tenant
        select name, expression, saved_at from saved_audience where tenant_id = $1 order by name collate \"C\"";
    SAVE_AUDIENCE = "-- save_audience
        -- $1 tenant, $2 name, $3 expression, $4 now
        insert into saved_audience (tenant_id, name, expression, saved_at)
        values ($1, $2, $3, $4)
        on conflict (tenant_id, name) do update set expression = excluded.expression, saved_at = excluded.saved_at";
    REMOVE_AUDIENCE = "-- remove_audience
        -- $1 tenant, $2 name
        delete from saved_audience where tenant_id = $1 and name = $2";
    WAITING_AUDIENCES = "-- waiting_audiences
        -- $1 tenant
        select b.broadcast_id, b.expression
        from round r
        join broadcast b on b.tenant_id = r.tenant_id and b.broadcast_id = r.broadcast_id
        where r.tenant_id = $1 and r.kind = 'send' and r.state = 'expanding' and b.expression is not null
          and b.state not in ('done', 'cancelled')
        order by b.broadcast_id";
    UNLISTED_ROUND = "-- unlisted_round
        -- $1 tenant, $2 round
        -- As expanding_round, for a round that must not be expanded before its list is there.
        select r.broadcast_id
        from round r
        join broadcast b on b.tenant_id = r.tenant_id and b.broadcast_id = r.broadcast_id
        where r.tenant_id = $1 and r.round_id = $2 and r.state = 'expanding' and r.listed_at is null
          and b.audience = 'expression'
          and case r.kind
            when 'prepare' then b.state = 'scheduled' and b.prepare_at <= lease_now()
            when 'send' then b.state = 'expanding'
            else false
          end
        for update of r";
    CLEAR_LIST = "-- clear_list
        -- $1 tenant, $2 broadcast
        delete from audience_list where tenant_id = $1 and broadcast_id = $2";
    LIST_IS_THERE = "-- list_is_there
        -- $1 tenant, $2 round
        update round set listed_at = lease_now() where tenant_id = $1 and round_id = $2";
}

#[derive(FromRow)]
struct AcquaintanceRow {
    recipient_id: i64,
    entra_id: Uuid,
    display_name: String,
    user_principal_name: String,
    guest: bool,
    enabled: bool,
    licensed: bool,
    refusal: Option<String>,
}

impl AcquaintanceRow {
    fn known(self) -> Result<Acquaintance, StoreError> {
        Ok(Acquaintance {
            key: RecipientKey(self.recipient_id),
            entra_id: EntraId(self.entra_id),
            display_name: self.display_name,
            user_principal_name: self.user_principal_name,
            account: Account { guest: self.guest, enabled: self.enabled, licensed: self.licensed },
            refusal: reason("recipient", self.refusal)?,
        })
    }
}

fn set(numbers: Vec<i64>) -> People {
    numbers.into_iter().map(RecipientKey).collect()
}

impl PgStore {
    pub(super) async fn people_named_by(
        &self,
        tenant: TenantKey,
        source: &Source,
        of: Option<BroadcastId>,
    ) -> Result<Option<People>, StoreError> {
        match source {
            Source::Everyone => self.people_here(tenant).await.map(Some),
            Source::Flag(flag) => self.people_flagged(tenant, *flag).await.map(Some),
            Source::Attribute(attribute, test) => self.people_who_pass(tenant, *attribute, test).await.map(Some),
            Source::Group(name) => self.members(tenant, name, false).await,
            Source::Team(name) => self.members(tenant, name, true).await,
            Source::Person(address) => self.only(tenant, address).await,
            Source::List(name) => match of {
                Some(of) => self.people_of_list(tenant, of, name).await,
                None => Ok(None),
            },
            Source::Broadcast { id, standing, reason } => {
                let is_asked = |state: &str, why| {
                    standing.is_none_or(|standing| standing.word() == state)
                        && reason.is_none_or(|reason| why == Some(reason))
                };
                self.people_of_broadcast(tenant, *id, is_asked).await
            }
            Source::Saved(_) => Ok(None),
        }
    }

    async fn people_here(&self, tenant: TenantKey) -> Result<People, StoreError> {
        let here =
            async |conn: &mut sqlx::PgConnection| sqlx::query_scalar(PEOPLE_HERE).bind(tenant.0).fetch_one(conn).await;
        Ok(set(self.database.run("people_here", here).await?))
    }

    async fn people_flagged(&self, tenant: TenantKey, flag: Flag) -> Result<People, StoreError> {
        let flagged = async |conn: &mut sqlx::PgConnection| {
            sqlx::query_scalar(PEOPLE_FLAGGED).bind(tenant.0).bind(flag.word()).fetch_one(conn).await
        };
        Ok(set(self.database.run("people_flagged", flagged).await?))
    }

    async fn people_who_pass(
        &self,
        tenant: TenantKey,
        attribute: Attribute,
        test: &Test,
    ) -> Result<People, StoreError> {
        let numbers = self
            .database
            .run("people_of_values", async |conn| {
                let query = sqlx::query_scalar(ATTRIBUTE_VALUES).bind(tenant.0).bind(attribute.word());
                let mut values: Vec<String> = query.fetch_all(&mut *conn).await?;
                values.retain(|value| test.passes(attribute, value));
                let query = sqlx::query_scalar(PEOPLE_OF_VALUES).bind(tenant.0).bind(attribute.word());
                query.bind(&values).fetch_one(conn).await
            })
            .await?;
        Ok(set(numbers))
    }

    /// The members of the only group of this name or id that has been read.
    async fn members(&self, tenant: TenantKey, name: &str, is_team: bool) -> Result<Option<People>, StoreError> {
        let numbers: Option<Vec<i64>> = self
            .database
            .run("group_members", async |conn| {
                let query = sqlx::query_as(GROUPS_READ).bind(tenant.0);
                let mut groups: Vec<(Uuid, String, bool)> = query.fetch_all(&mut *conn).await?;
                groups.retain(|(id, called, team)| (*team || !is_team) && is_called(name, GroupId(*id), called));
                // Of several of one name, nobody knows which is meant.
                let [(group, ..)] = groups.as_slice() else { return Ok(None) };
                sqlx::query_scalar(GROUP_MEMBERS).bind(tenant.0).bind(group).fetch_one(conn).await.map(Some)
            })
            .await?;
        Ok(numbers.map(set))
    }

    /// The one person who has this address.
    async fn only(&self, tenant: TenantKey, address: &Address) -> Result<Option<People>, StoreError> {
        match self.find(tenant, std::slice::from_ref(address)).await?.as_slice() {
            [(_, key)] => Ok(Some([*key].into_iter().collect())),
            _ => Ok(None),
        }
    }

    async fn people_of_list(
        &self,
        tenant: TenantKey,
        of: BroadcastId,
        name: &str,
    ) -> Result<Option<People>, StoreError> {
        let numbers: Option<Vec<i64>> = self
            .database
            .run("people_of_list", async |conn| {
                let query = sqlx::query_scalar(PEOPLE_OF_LIST).bind(tenant.0).bind(of.as_i64()).bind(name);
                query.fetch_optional(conn).await
            })
            .await?;
        Ok(numbers.map(set))
    }

    /// Page by page, because where somebody stands is found in the attempts made for her.
    async fn people_of_broadcast(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        is_asked: impl Fn(&str, Option<crate::domain::reason::Reason>) -> bool,
    ) -> Result<Option<People>, StoreError> {
        let is_frozen: bool = self
            .database
            .run("is_frozen", async |conn| {
                sqlx::query_scalar(IS_FROZEN).bind(tenant.0).bind(id.as_i64()).fetch_one(conn).await
            })
            .await?;
        if !is_frozen {
            return Ok(None);
        }
        let (mut people, mut after) = (Vec::new(), None);
        loop {
            let page = self.delivery_page(tenant, id, TELLING, after, PAGE).await?;
            let asked = page.iter().filter(|(_, delivery)| is_asked(&delivery.state, delivery.reason));
            people.extend(asked.map(|(key, _)| *key));
            match page.last() {
                Some((last, _)) if page.len() == PAGE as usize => after = Some(*last),
                _ => break,
            }
        }
        let people: People = people.into_iter().collect();
        Ok(Some(people.and(&self.people_here(tenant).await?)))
    }

    pub(super) async fn known_of(
        &self,
        tenant: TenantKey,
        people: &[RecipientKey],
    ) -> Result<Vec<Acquaintance>, StoreError> {
        let numbers: Vec<i64> = people.iter().map(|key| key.0).collect();
        let rows: Vec<AcquaintanceRow> = self
            .database
            .run("acquaintances", async |conn| {
                sqlx::query_as(ACQUAINTANCES).bind(tenant.0).bind(&numbers).fetch_all(conn).await
            })
            .await?;
        rows.into_iter().map(AcquaintanceRow::known).collect()
    }

    pub(super) async fn all_saved(&self, tenant: TenantKey) -> Result<Vec<SavedAudience>, StoreError> {
        let rows: Vec<(String, String, Timestamp)> = self
            .database
            .run("saved_audiences", async |conn| sqlx::query_as(SAVED_AUDIENCES).bind(tenant.0).fetch_all(conn).await)
            .await?;
        let saved = |(name, expression, saved_at)| SavedAudience { name, expression, saved_at };
        Ok(rows.into_iter().map(saved).collect())
    }

    pub(super) async fn save(&self, tenant: TenantKey, audience: &SavedAudience) -> Result<(), StoreError> {
        self.database
            .run("save_audience", async |conn| {
                let query = sqlx::query(SAVE_AUDIENCE).bind(tenant.0).bind(&audience.name);
                query.bind(&audience.expression).bind(audience.saved_at).execute(conn).await
            })
            .await?;
        Ok(())
    }

    pub(super) async fn forget_saved(&self, tenant: TenantKey, name: &str) -> Result<bool, StoreError> {
        let removed = self
            .database
            .run("remove_audience", async |conn| {
                sqlx::query(REMOVE_AUDIENCE).bind(tenant.0).bind(name).execute(conn).await
            })
            .await?;
        Ok(removed.rows_affected() == 1)
    }

    pub(super) async fn expressions_waiting(
        &self,
        tenant: TenantKey,
    ) -> Result<Vec<(BroadcastId, String)>, StoreError> {
        let rows: Vec<(i64, String)> = self
            .database
            .run("waiting_audiences", async |conn| {
                sqlx::query_as(WAITING_AUDIENCES).bind(tenant.0).fetch_all(conn).await
            })
            .await?;
        Ok(rows.into_iter().map(|(id, expression)| (BroadcastId::from_i64(id), expression)).collect())
    }

    pub(super) async fn list_for(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        people: &People,
    ) -> Result<(), StoreError> {
        let _turn = self.turn_to_freeze().await?;
        let (tenant, numbers) = (held.tenant.0, people.iter().map(|key| key.0).collect::<Vec<i64>>());
        self.database
            .transaction_if("lay_down", async |conn| {
                let lease = sqlx::query(HOLD_LEASE).bind(tenant).bind(worker.0).bind(int(held.epoch.0));
                if lease.fetch_optional(&mut *conn).await?.is_none() {
                    return Ok(Verdict::RollBack(Err(StoreError::LeaseLost)));
                }
                let query = sqlx::query_scalar(UNLISTED_ROUND).bind(tenant).bind(round.as_i64());
                let Some(broadcast): Option<i64> = query.fetch_optional(&mut *conn).await? else {
                    // Laid down already, or paused or cancelled meanwhile.
                    return Ok(Verdict::RollBack(Ok(())));
                };
                // What was laid down for preparing was known earlier.
                sqlx::query(CLEAR_LIST).bind(tenant).bind(broadcast).execute(&mut *conn).await?;
                sqlx::query(INSERT_LIST).bind(tenant).bind(broadcast).bind(&numbers).execute(&mut *conn).await?;
                sqlx::query(LIST_IS_THERE).bind(tenant).bind(round.as_i64()).execute(conn).await?;
                Ok(Verdict::Commit(Ok(())))
            })
            .await?
    }
}
