//! What the record stands on: the server itself, what we may do there, who copies it, and what it remembers of quotas and
//! workers. Reads only, and takes no lock that anybody would wait for.

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::PgStore;
use super::statement::statements;
use crate::domain::ids::RoundId;
use crate::domain::time::Timestamp;
use crate::ports::StoreError;

statements! {
    SERVER = "-- server
        select current_setting('server_version_num')::int as version, current_setting('server_version') as release,
          pg_is_in_recovery() as is_standby, current_setting('default_transaction_read_only') = 'on' as is_read_only,
          current_user::text as role, current_database()::text as database,
          pg_database_size(current_database()) as bytes,
          coalesce(has_schema_privilege(current_schema(), 'create'), false) as may_create";
    OWNED_BY_OTHERS = "-- owned_by_others
        -- To attach a week one must own its table.
        select c.relname::text, pg_get_userbyid(c.relowner)::text
        from pg_class c
        where c.oid in (to_regclass('audience'), to_regclass('chunk'), to_regclass('attempt'))
          and not pg_has_role(c.relowner, 'usage')
        order by 1";
    STANDBYS = "-- standbys
        select coalesce(nullif(application_name, ''), host(client_addr), 'one without a name') as name,
          extract(epoch from replay_lag)::float8 as seconds,
          pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 as bytes
        from pg_stat_replication
        order by 1";
    TENANT_CONDITION = "-- tenant_condition
        -- $1 Entra's tenant, $2 the app
        select t.tenant_id, t.halt_reason, t.halt_detail,
          (select count(*) from worker where alive_until > lease_now()) as workers,
          (
            select count(*) from broadcast b
            where b.tenant_id = t.tenant_id and b.state in ('expanding', 'running', 'cancelling')
          ) as at_work,
          exists (select from directory_group g where g.tenant_id = t.tenant_id) as has_groups,
          exists (
            select from broadcast b where b.tenant_id = t.tenant_id and b.channels in ('feed', 'both')
          ) as has_feeds,
          exists (
            select from broadcast b where b.tenant_id = t.tenant_id and b.channels = 'team_channel'
          ) as has_posts
        from tenant t
        where t.entra_tenant_id = $1 and t.app_id = $2";
    RESTING_BUCKETS = "-- resting_buckets
        -- $1 tenant
        select name, cooldown_until, share::float8 as share, kept_at, lease_now() as now
        from bucket
        where tenant_id = $1
        order by name";
    WEEKS = "-- weeks
        select parent.relname::text as table_name, child.relname::text as name
        from pg_inherits i
        join pg_class parent on parent.oid = i.inhparent
        join pg_class child on child.oid = i.inhrelid
        where i.inhparent in (to_regclass('audience'), to_regclass('chunk'), to_regclass('attempt'))
        order by 1, 2";
    UNFINISHED_ROUNDS = "-- unfinished_rounds
        select round_id from round where state = 'running' order by 1";
}

/// The server, and what we may do there.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Server {
    /// As Postgres counts: 160004 is 16.4.
    pub version: i32,
    /// As it is written.
    pub release: String,
    /// It only follows another.
    pub is_standby: bool,
    /// New transactions may not write.
    pub is_read_only: bool,
    /// As whom we are there.
    pub role: String,
    /// The database's name.
    pub database: String,
    /// What the database takes on its disk.
    pub bytes: i64,
    /// We may make tables.
    pub may_create: bool,
}

/// Somebody who copies the server.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct Standby {
    /// Its name.
    pub name: String,
    /// How long it takes until it has what was just written, if it has told.
    pub seconds: Option<f64>,
    /// How much it does not have yet, if we may know.
    pub bytes: Option<f64>,
}

/// What is known of a tenant without asking anybody else.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct TenantCondition {
    /// Our number for it.
    pub tenant_id: i32,
    /// Why everything waits, as a code.
    pub halt_reason: Option<String>,
    /// What the service said.
    pub halt_detail: Option<String>,
    /// Workers whose lease runs.
    pub workers: i64,
    /// Broadcasts that somebody should be working on.
    pub at_work: i64,
    /// Groups have been written to, or are named by a saved audience.
    pub has_groups: bool,
    /// Feeds have been written to.
    pub has_feeds: bool,
    /// Channels of teams have been written to.
    pub has_posts: bool,
}

/// What is remembered of one quota.
#[derive(Debug, Clone, PartialEq, FromRow)]
pub struct RestingBucket {
    /// The bucket's name.
    pub name: String,
    /// Nothing starts before.
    pub cooldown_until: Timestamp,
    /// The part of the quota in use after the last 429.
    pub share: f64,
    /// When that was.
    pub kept_at: Timestamp,
    /// The database's clock.
    pub now: Timestamp,
}

impl PgStore {
    /// The server, and what we may do there.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn server(&self) -> Result<Server, StoreError> {
        Ok(self.database.run("server", async |conn| sqlx::query_as(SERVER).fetch_one(conn).await).await?)
    }

    /// The large tables that are not ours, each with its owner.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn owned_by_others(&self) -> Result<Vec<(String, String)>, StoreError> {
        let read = async |conn: &mut PgConnection| sqlx::query_as(OWNED_BY_OTHERS).fetch_all(conn).await;
        Ok(self.database.run("owned_by_others", read).await?)
    }

    /// Who copies the server, as far as we may know. Only for one that is no standby itself.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn standbys(&self) -> Result<Vec<Standby>, StoreError> {
        Ok(self.database.run("standbys", async |conn| sqlx::query_as(STANDBYS).fetch_all(conn).await).await?)
    }

    /// What is known of the tenant; `None` when nothing was ever done for it.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn tenant_condition(&self, tenant: Uuid, app: Uuid) -> Result<Option<TenantCondition>, StoreError> {
        let read = async |conn: &mut PgConnection| {
            sqlx::query_as(TENANT_CONDITION).bind(tenant).bind(app).fetch_optional(conn).await
        };
        Ok(self.database.run("tenant_condition", read).await?)
    }

    /// What is remembered of each quota.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn resting_buckets(&self, tenant_id: i32) -> Result<Vec<RestingBucket>, StoreError> {
        let read =
            async |conn: &mut PgConnection| sqlx::query_as(RESTING_BUCKETS).bind(tenant_id).fetch_all(conn).await;
        Ok(self.database.run("resting_buckets", read).await?)
    }

    /// What is wrong with the weeks of the large tables, in words: a week that one of the three lacks, a running broadcast
    /// whose week is not there.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn missing_weeks(&self) -> Result<Vec<String>, StoreError> {
        let read = async |conn: &mut PgConnection| {
            let weeks: Vec<(String, String)> = sqlx::query_as(WEEKS).fetch_all(&mut *conn).await?;
            let rounds: Vec<i64> = sqlx::query_scalar(UNFINISHED_ROUNDS).fetch_all(conn).await?;
            Ok((weeks, rounds))
        };
        let (weeks, rounds) = self.database.run("missing_weeks", read).await?;
        Ok(missing(&weeks, &rounds))
    }
}

fn missing(weeks: &[(String, String)], rounds: &[i64]) -> Vec<String> {
    let week = |(table, name): &(String, String)| name.strip_prefix(&format!("{table}_w"))?.parse::<i64>().ok();
    let mut wanted: Vec<i64> = weeks.iter().filter_map(week).collect();
    wanted.extend(rounds.iter().map(|round| RoundId::from_i64(*round).week()));
    wanted.sort_unstable();
    wanted.dedup();
    let is_there = |table: &str, week: i64| weeks.iter().any(|(_, name)| *name == format!("{table}_w{week}"));
    let lacking = |week: i64| ["audience", "attempt", "chunk"].into_iter().filter(move |table| !is_there(table, week));
    wanted.iter().flat_map(|week| lacking(*week).map(move |table| format!("{table}_w{week} is not there"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_week_that_one_table_lacks_is_named_and_so_is_that_of_a_running_broadcast() {
        let week = |table: &str, week: i64| (table.to_owned(), format!("{table}_w{week}"));
        let all = |number| [week("audience", number), week("attempt", number), week("chunk", number)];
        let mut weeks = all(360).to_vec();
        assert_eq!(missing(&weeks, &[RoundId::first_of_week(360) + 5]), Vec::<String>::new());
        weeks.pop();
        assert_eq!(missing(&weeks, &[]), ["chunk_w360 is not there"]);
        let found = missing(&weeks, &[RoundId::first_of_week(361)]);
        assert_eq!((found.len(), found[1].as_str()), (4, "audience_w361 is not there"));
    }
}
