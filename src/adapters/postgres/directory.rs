//! How far the directory has been read, and the groups that audiences name.

use std::time::Duration;

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::PgStore;
use super::people::keep;
use super::pool::Verdict;
use super::rows::{interval, uint};
use super::statement::statements;
use crate::domain::attributes::Mentioned;
use crate::domain::ids::{EntraId, GroupId, ReaderId, TenantKey};
use crate::domain::time::Timestamp;
use crate::ports::{Advanced, Change, DirectoryRecord, Group, GroupRecord, ReadingStep, StoreError};

/// How long a group of half a million members may take to be kept.
const GROUP_LIMIT: Duration = Duration::from_secs(120);

statements! {
    DIRECTORY = "-- directory
        -- $1 tenant
        select d.began_at, d.next_page, d.delta_link, d.read_at, d.failed_at, d.failure,
          (select count(*) from recipient p where p.tenant_id = $1 and p.left_at is not null) as left
        from (select $1::int as tenant_id) asked
        left join directory d using (tenant_id)";
    CLAIM_DIRECTORY = "-- claim_directory
        -- $1 tenant, $2 reader, $3 lease
        insert into directory (tenant_id, reader, reader_until)
        values ($1, $2, lease_now() + $3)
        on conflict (tenant_id) do update
        set reader = excluded.reader, reader_until = excluded.reader_until
        where directory.reader is null or directory.reader = $2 or directory.reader_until <= lease_now()
        returning began_at, next_page, delta_link, read_at, failed_at, failure, 0::bigint as left";
    HOLD_READING = "-- hold_reading
        -- $1 tenant, $2 reader, $3 lease
        update directory set reader_until = lease_now() + $3 where tenant_id = $1 and reader = $2 returning 1";
    RELEASE_DIRECTORY = "-- release_directory
        -- $1 tenant, $2 reader, $3 failure or null, $4 now
        update directory
        set reader = null,
            reader_until = null,
            failure = coalesce($3, failure),
            failed_at = case when $3::text is null then failed_at else $4 end
        where tenant_id = $1 and reader = $2";
    FORGET_PAGES = "-- forget_pages
        -- $1 tenant
        delete from directory_page where tenant_id = $1";
    BEGIN_READING = "-- begin_reading
        -- $1 tenant, $2 where the changes from now on will be, $3 now
        update directory
        set began_at = $3, next_page = null, delta_link = $2, unreadable = false
        where tenant_id = $1";
    TURN_PAGE = "-- turn_page
        -- $1 tenant, $2 the next page or null, $3 it names somebody who could not be read
        update directory set next_page = $2, unreadable = unreadable or $3 where tenant_id = $1";
    ROOM_FOR_NAMES = "-- room_for_names
        -- Half a million numbers in a hash table. With less room the planner would look through all of them for everybody.
        select set_config('work_mem', '128MB', true)";
    TAKE_TIME = "-- take_time
        -- One statement of this transaction may take so long: nobody waits for it but the group itself.
        select set_config('statement_timeout', '100s', true)";
    PART_WITH = "-- part_with
        -- $1 tenant, $2 limit, $3 now
        update recipient
        set left_at = $3
        where tenant_id = $1
          -- Whoever could not be read is named by nobody, and has not left for that.
          and not exists (select from directory d where d.tenant_id = $1 and d.unreadable)
          and recipient_id in (
            select p.recipient_id
            from recipient p
            where p.tenant_id = $1
              and p.left_at is null
              and p.venue is null
              and p.recipient_id not in (
                select unnest(page.people) from directory_page page where page.tenant_id = $1
              )
            limit $2
          )";
    END_READING = "-- end_reading
        -- $1 tenant
        update directory set began_at = null, next_page = null where tenant_id = $1";
    PART_WITH_THESE = "-- part_with_these
        -- $1 tenant, $2 Entra ids, $3 now
        update recipient
        set left_at = $3
        where tenant_id = $1 and entra_id = any($2::uuid[]) and left_at is null";
    FOLLOW_CHANGES = "-- follow_changes
        -- $1 tenant, $2 where they go on, $3 as of when everything is known, or null
        update directory
        set delta_link = $2,
            read_at = coalesce($3, read_at),
            failed_at = case when $3::timestamptz is null then failed_at end,
            failure = case when $3::timestamptz is null then failure end
        where tenant_id = $1";
    MEET_GROUP = "-- meet_group
        -- $1 tenant, $2 group, $3 team, $4 hidden, $5 name, $6 now
        -- Locks the group's row for the transaction. No row comes back when its members were read later than now.
        insert into directory_group (tenant_id, group_id, team, hidden, read_at, name)
        values ($1, $2, $3, $4, $6, $5)
        on conflict (tenant_id, group_id) do update
        set team = excluded.team,
            hidden = excluded.hidden,
            read_at = excluded.read_at,
            name = excluded.name
        where directory_group.read_at is null or directory_group.read_at <= excluded.read_at
        returning 1";
    KEEP_GROUP = "-- keep_group
        -- $1 tenant, $2 group, $3 its members' Entra ids
        with known as materialized (
          select p.recipient_id
          from (select distinct unnest($3::uuid[]) as entra_id) given
          join recipient p on p.tenant_id = $1 and p.entra_id = given.entra_id
          where p.left_at is null and p.venue is null
        ),
        gone as (
          delete from group_member m
          where m.tenant_id = $1 and m.group_id = $2 and m.recipient_id not in (select recipient_id from known)
        ),
        come as (
          insert into group_member (tenant_id, group_id, recipient_id)
          select $1, $2, recipient_id
          from known
          on conflict do nothing
        ),
        counted as (select count(*)::int as members from known)
        update directory_group g
        set members = counted.members,
            outsiders = (select count(distinct given) from unnest($3::uuid[]) given) - counted.members
        from counted
        where g.tenant_id = $1 and g.group_id = $2";
    FORGET_GROUP = "-- forget_group
        -- $1 tenant, $2 group
        delete from directory_group where tenant_id = $1 and group_id = $2";
    FORGET_MEMBERS = "-- forget_members
        -- $1 tenant, $2 group
        delete from group_member where tenant_id = $1 and group_id = $2";
    GROUPS = "-- groups
        -- $1 tenant
        select group_id, name, team, hidden, members, outsiders, read_at
        from directory_group
        where tenant_id = $1
        order by lower(name), group_id";
    FIND_GROUPS = "-- find_groups
        -- $1 tenant, $2 name
        select group_id, name, team, hidden, members, outsiders, read_at
        from directory_group
        where tenant_id = $1 and lower(name) = lower($2)
        order by group_id";
}

#[derive(FromRow)]
struct DirectoryRow {
    began_at: Option<Timestamp>,
    next_page: Option<String>,
    delta_link: Option<String>,
    read_at: Option<Timestamp>,
    failed_at: Option<Timestamp>,
    failure: Option<String>,
    left: i64,
}

impl From<DirectoryRow> for DirectoryRecord {
    fn from(row: DirectoryRow) -> Self {
        Self {
            began_at: row.began_at,
            next_page: row.next_page,
            delta_link: row.delta_link,
            read_at: row.read_at,
            failure: row.failed_at.zip(row.failure),
            left: row.left.unsigned_abs(),
        }
    }
}

#[derive(FromRow)]
struct GroupRow {
    group_id: Uuid,
    name: String,
    team: bool,
    hidden: bool,
    members: i32,
    outsiders: i32,
    read_at: Option<Timestamp>,
}

impl From<GroupRow> for GroupRecord {
    fn from(row: GroupRow) -> Self {
        let group = Group { id: GroupId(row.group_id), name: row.name, team: row.team, hidden: row.hidden };
        let (members, outsiders) = (uint(row.members).into(), uint(row.outsiders).into());
        Self { group, members, outsiders, read_at: row.read_at }
    }
}

impl PgStore {
    pub(super) async fn directory_record(&self, tenant: TenantKey) -> Result<DirectoryRecord, StoreError> {
        let ask = async |conn: &mut PgConnection| sqlx::query_as(DIRECTORY).bind(tenant.0).fetch_one(conn).await;
        let row: DirectoryRow = self.database.run("directory", ask).await?;
        Ok(row.into())
    }

    pub(super) async fn claim_reading(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        lease: Duration,
    ) -> Result<Option<DirectoryRecord>, StoreError> {
        let ask = async |conn: &mut PgConnection| {
            let query = sqlx::query_as(CLAIM_DIRECTORY).bind(tenant.0).bind(reader.0).bind(interval(lease));
            query.fetch_optional(conn).await
        };
        let row: Option<DirectoryRow> = self.database.run("claim_directory", ask).await?;
        Ok(row.map(DirectoryRecord::from))
    }

    pub(super) async fn advance_reading(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        lease: Duration,
        step: &ReadingStep<'_>,
        now: Timestamp,
    ) -> Result<Advanced, StoreError> {
        self.database
            .transaction_if("advance", async |conn| {
                let hold = sqlx::query(HOLD_READING).bind(tenant.0).bind(reader.0).bind(interval(lease));
                if hold.fetch_optional(&mut *conn).await?.is_none() {
                    return Ok(Verdict::RollBack(Err(StoreError::LeaseLost)));
                }
                take(conn, tenant, step, now).await.map(|advanced| Verdict::Commit(Ok(advanced)))
            })
            .await?
    }

    pub(super) async fn release_reading(
        &self,
        tenant: TenantKey,
        reader: ReaderId,
        failure: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let run = async |conn: &mut PgConnection| {
            let query = sqlx::query(RELEASE_DIRECTORY).bind(tenant.0).bind(reader.0).bind(failure).bind(now);
            query.execute(conn).await
        };
        self.database.run("release_directory", run).await?;
        Ok(())
    }

    pub(super) async fn keep_members(
        &self,
        tenant: TenantKey,
        group: &Group,
        members: &[EntraId],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ids: Vec<Uuid> = members.iter().map(|member| member.0).collect();
        let run = async |conn: &mut PgConnection| {
            sqlx::query(TAKE_TIME).execute(&mut *conn).await?;
            let query = sqlx::query(MEET_GROUP).bind(tenant.0).bind(group.id.0).bind(group.team).bind(group.hidden);
            if query.bind(&group.name).bind(now).fetch_optional(&mut *conn).await?.is_some() {
                sqlx::query(KEEP_GROUP).bind(tenant.0).bind(group.id.0).bind(&ids).execute(conn).await?;
            }
            Ok(())
        };
        self.database.transaction_within(GROUP_LIMIT, "keep_group", run).await?;
        Ok(())
    }

    pub(super) async fn forget_members(&self, tenant: TenantKey, group: GroupId) -> Result<(), StoreError> {
        let run = async |conn: &mut PgConnection| {
            // Its row first, as whoever keeps it does: they wait for one another.
            sqlx::query(FORGET_GROUP).bind(tenant.0).bind(group.0).execute(&mut *conn).await?;
            sqlx::query(FORGET_MEMBERS).bind(tenant.0).bind(group.0).execute(conn).await
        };
        self.database.transaction("forget_group", run).await?;
        Ok(())
    }

    pub(super) async fn all_groups(&self, tenant: TenantKey) -> Result<Vec<GroupRecord>, StoreError> {
        let ask = async |conn: &mut PgConnection| sqlx::query_as(GROUPS).bind(tenant.0).fetch_all(conn).await;
        let rows: Vec<GroupRow> = self.database.run("groups", ask).await?;
        Ok(rows.into_iter().map(GroupRecord::from).collect())
    }

    pub(super) async fn groups_named(&self, tenant: TenantKey, name: &str) -> Result<Vec<GroupRecord>, StoreError> {
        let ask =
            async |conn: &mut PgConnection| sqlx::query_as(FIND_GROUPS).bind(tenant.0).bind(name).fetch_all(conn).await;
        let rows: Vec<GroupRow> = self.database.run("find_groups", ask).await?;
        Ok(rows.into_iter().map(GroupRecord::from).collect())
    }
}

async fn take(
    conn: &mut PgConnection,
    tenant: TenantKey,
    step: &ReadingStep<'_>,
    now: Timestamp,
) -> Result<Advanced, sqlx::Error> {
    let tenant_id = tenant.0;
    let mut advanced = Advanced::default();
    match step {
        ReadingStep::Begin { delta_link } => {
            sqlx::query(FORGET_PAGES).bind(tenant_id).execute(&mut *conn).await?;
            sqlx::query(BEGIN_READING).bind(tenant_id).bind(delta_link).bind(now).execute(conn).await?;
        }
        ReadingStep::Page { people, unreadable, next } => {
            let people = people.iter().map(|person| (person, Mentioned::ALL));
            advanced.changed = keep(conn, tenant, people, true, now).await?;
            sqlx::query(TURN_PAGE).bind(tenant_id).bind(next).bind(unreadable).execute(conn).await?;
        }
        ReadingStep::PartWith { limit } => {
            sqlx::query(ROOM_FOR_NAMES).execute(&mut *conn).await?;
            let query = sqlx::query(PART_WITH).bind(tenant_id).bind(i64::from(*limit)).bind(now);
            advanced.left = query.execute(conn).await?.rows_affected();
        }
        ReadingStep::End => {
            sqlx::query(FORGET_PAGES).bind(tenant_id).execute(&mut *conn).await?;
            sqlx::query(END_READING).bind(tenant_id).execute(conn).await?;
        }
        // The claim was renewed when it was held.
        ReadingStep::Stay => {}
        ReadingStep::Changes { changes, link, read_at } => {
            advanced = apply(conn, tenant, changes, now).await?;
            sqlx::query(FOLLOW_CHANGES).bind(tenant_id).bind(link).bind(read_at).execute(conn).await?;
        }
    }
    Ok(advanced)
}

/// Applies changes in order: of one person the last word holds, unless what went before it says more of her.
async fn apply(
    conn: &mut PgConnection,
    tenant: TenantKey,
    changes: &[Change],
    now: Timestamp,
) -> Result<Advanced, sqlx::Error> {
    let mut advanced = Advanced::default();
    for run in runs(changes) {
        let people = run.iter().filter_map(|change| match change {
            Change::Person(person, mentioned) => Some((person.as_ref(), *mentioned)),
            Change::Gone(_) => None,
        });
        advanced.changed += keep(conn, tenant, people, false, now).await?;
        let gone: Vec<Uuid> = run
            .iter()
            .filter_map(|change| match change {
                Change::Gone(id) => Some(id.0),
                Change::Person(..) => None,
            })
            .collect();
        let query = sqlx::query(PART_WITH_THESE).bind(tenant.0).bind(&gone).bind(now);
        advanced.left += query.execute(&mut *conn).await?.rows_affected();
    }
    Ok(advanced)
}

/// The changes cut where somebody is named a second time, so that within a run their order is of no matter.
fn runs(changes: &[Change]) -> Vec<&[Change]> {
    let (mut runs, mut from, mut named) = (Vec::new(), 0, std::collections::BTreeSet::new());
    for (place, change) in changes.iter().enumerate() {
        if !named.insert(change.about()) {
            runs.push(&changes[from..place]);
            from = place;
            named = [change.about()].into();
        }
    }
    runs.push(&changes[from..]);
    runs
}
