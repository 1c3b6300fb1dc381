//! Who is alive, and who holds which tenant. Time is judged by `lease_now()` alone.

use std::time::Duration;

use sqlx::FromRow;

use super::PgStore;
use super::broadcasts::note;
use super::rows::{int, interval, uint};
use super::statement::statements;
use crate::domain::broadcast::BroadcastState;
use crate::domain::ids::{BroadcastId, Epoch, TenantKey, WorkerId};
use crate::domain::sharing::Spread;
use crate::domain::time::Timestamp;
use crate::ports::{HeldTenant, ProcessIdentity, StoreError};

statements! {
    CLOCK = "-- clock
        select lease_now()";
    REGISTER = "-- register
        -- $1 host, $2 pid, $3 process started, $4 lease
        insert into worker (host, pid, process_started, alive_until, seen_at)
        values ($1, $2, $3, lease_now() + $4, lease_now())
        returning worker_id";
    RENEW = "-- renew
        -- $1 worker, $2 lease
        update worker
        set alive_until = lease_now() + $2, seen_at = lease_now()
        where worker_id = $1 and alive_until > lease_now()";
    NEIGHBOURS = "-- neighbours
        -- $1 host, $2 me
        select worker_id, host, pid, process_started
        from worker
        where host = $1 and worker_id <> $2 and alive_until > lease_now() - interval '1 minute'";
    END_LEASE = "-- end_lease
        -- $1 worker
        update worker set alive_until = '-infinity' where worker_id = $1";
    LOCK_FREE_TENANTS = "-- lock_free_tenants
        -- $1 tenants that may be taken, $2 limit, $3 worker, $4 grace
        -- Only locks. Whether they are free is looked at here, so that those of others do not fill the limit, and judged
        -- by the next statement, whose snapshot is younger than the locks.
        select t.tenant_id
        from tenant t
        where t.tenant_id = any($1)
          and (t.lease_owner is null or t.lease_owner = $3 or not exists (
            select from worker w where w.worker_id = t.lease_owner and w.alive_until + $4 > lease_now()
          ))
          and (
            exists (select from round r where r.tenant_id = t.tenant_id and r.state <> 'done')
            or exists (
              select from broadcast b
              where b.tenant_id = t.tenant_id
                and b.author_id is not null
                and b.state in ('done', 'cancelled', 'halted', 'missed')
                and b.told_state is distinct from b.state
            )
            or exists (
              select from broadcast b
              where b.tenant_id = t.tenant_id
                and b.expire_at is not null
                and b.recalled_at is null
                and b.state not in ('draft', 'awaiting_approval')
                and b.expire_at <= lease_now()
            )
          )
        order by t.tenant_id
        limit $2
        for update of t skip locked";
    TAKE_TENANTS = "-- take_tenants
        -- $1 worker, $2 grace, $3 locked tenants
        -- With each tenant comes the last sign of life of whoever had it before.
        with before as materialized (
          select t.tenant_id, greatest(w.seen_at, t.left_at) as quiet_since
          from tenant t
          left join worker w on w.worker_id = t.lease_owner
          where t.tenant_id = any($3)
        ),
        taken as (
          update tenant t
          set lease_owner = $1, lease_epoch = t.lease_epoch + 1
          where t.tenant_id = any($3)
            and (t.lease_owner = $1 or not exists (
              select from worker w where w.worker_id = t.lease_owner and w.alive_until + $2 > lease_now()
            ))
            and exists (select from worker me where me.worker_id = $1 and me.alive_until > lease_now())
          returning t.tenant_id, t.lease_epoch
        )
        select taken.tenant_id, taken.lease_epoch, before.quiet_since
        from taken
        join before on before.tenant_id = taken.tenant_id";
    HELD_BY_OTHERS = "-- held_by_others
        -- $1 tenants that may be taken, $2 worker
        -- Every other live worker, also those that hold none of them.
        select w.worker_id, count(t.tenant_id)
        from worker w
        left join tenant t on t.lease_owner = w.worker_id and t.tenant_id = any($1)
        where w.alive_until > lease_now() and w.worker_id <> $2
        group by w.worker_id";
    COUNT_FREE_TENANTS = "-- count_free_tenants
        -- $1 tenants that may be taken, $2 worker, $3 grace
        -- As lock_free_tenants judges them.
        select count(*)
        from tenant t
        where t.tenant_id = any($1)
          and (t.lease_owner is null or t.lease_owner = $2 or not exists (
            select from worker w where w.worker_id = t.lease_owner and w.alive_until + $3 > lease_now()
          ))
          and (
            exists (select from round r where r.tenant_id = t.tenant_id and r.state <> 'done')
            or exists (
              select from broadcast b
              where b.tenant_id = t.tenant_id
                and b.author_id is not null
                and b.state in ('done', 'cancelled', 'halted', 'missed')
                and b.told_state is distinct from b.state
            )
            or exists (
              select from broadcast b
              where b.tenant_id = t.tenant_id
                and b.expire_at is not null
                and b.recalled_at is null
                and b.state not in ('draft', 'awaiting_approval')
                and b.expire_at <= lease_now()
            )
          )";
    MISS_STALE = "-- miss_stale
        -- $1 tenant, $2 the last sign of life of its last owner, or null
        -- What lay still for longer than its tolerance may be out of date, or come out of a restored backup.
        update broadcast b
        set state = 'missed', control_version = control_version + 1, moved_at = lease_now(), told_state = null
        where b.tenant_id = $1
          and b.state in ('running', 'expanding')
          and lease_now() - greatest($2::timestamptz, b.moved_at) > make_interval(secs => b.tolerance_seconds)
        returning b.broadcast_id";
    RELEASE_CHUNKS_OF = "-- release_chunks_of
        -- $1 tenant, $2 worker
        update chunk
        set state = 0, owner = null
        where tenant_id = $1 and state = 1 and owner = $2 and bit_count(open) = 0";
    RELEASE_TENANT = "-- release_tenant
        -- $1 tenant, $2 worker, $3 lease epoch
        update tenant
        set lease_owner = null, left_at = lease_now()
        where tenant_id = $1 and lease_owner = $2 and lease_epoch = $3";
}

#[derive(FromRow)]
struct Neighbour {
    worker_id: i64,
    host: String,
    pid: i64,
    process_started: i64,
}

/// A tenant taken: its number, the lease's epoch, the last sign of life of its last owner.
type TakenRow = (i32, i32, Option<Timestamp>);

impl PgStore {
    pub(super) async fn now_by_the_database(&self) -> Result<Timestamp, StoreError> {
        Ok(self.database.run("clock", async |conn| sqlx::query_scalar(CLOCK).fetch_one(conn).await).await?)
    }

    pub(super) async fn register_worker(
        &self,
        process: &ProcessIdentity,
        lease: Duration,
    ) -> Result<WorkerId, StoreError> {
        let started = i64::try_from(process.started).unwrap_or(i64::MAX);
        let id: i64 = self
            .leases
            .run("register", async |conn| {
                let query = sqlx::query_scalar(REGISTER).bind(&process.host).bind(i64::from(process.pid));
                query.bind(started).bind(interval(lease)).fetch_one(conn).await
            })
            .await?;
        Ok(WorkerId(id))
    }

    pub(super) async fn renew_lease(&self, worker: WorkerId, lease: Duration) -> Result<bool, StoreError> {
        let done = self
            .leases
            .run("renew", async |conn| sqlx::query(RENEW).bind(worker.0).bind(interval(lease)).execute(conn).await)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    pub(super) async fn neighbours_of(
        &self,
        host: &str,
        me: WorkerId,
    ) -> Result<Vec<(WorkerId, ProcessIdentity)>, StoreError> {
        let rows: Vec<Neighbour> = self
            .database
            .run("neighbours", async |conn| sqlx::query_as(NEIGHBOURS).bind(host).bind(me.0).fetch_all(conn).await)
            .await?;
        let identity = |row: Neighbour| {
            let pid = u32::try_from(row.pid).unwrap_or(0);
            let started = u64::try_from(row.process_started).unwrap_or(0);
            (WorkerId(row.worker_id), ProcessIdentity { host: row.host, pid, started })
        };
        Ok(rows.into_iter().map(identity).collect())
    }

    pub(super) async fn end_lease_of(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.database.run("end_lease", async |conn| sqlx::query(END_LEASE).bind(worker.0).execute(conn).await).await?;
        Ok(())
    }

    pub(super) async fn take(
        &self,
        worker: WorkerId,
        grace: Duration,
        limit: u32,
        may: &[TenantKey],
        held: &[TenantKey],
    ) -> Result<Vec<HeldTenant>, StoreError> {
        let may: Vec<i32> = may.iter().filter(|tenant| !held.contains(tenant)).map(|tenant| tenant.0).collect();
        if may.is_empty() {
            return Ok(Vec::new());
        }
        let taken: Vec<TakenRow> = self
            .database
            .transaction("take_tenants", async |conn| {
                let query = sqlx::query_scalar(LOCK_FREE_TENANTS).bind(&may).bind(i64::from(limit));
                let query = query.bind(worker.0).bind(interval(grace));
                let locked: Vec<i32> = query.fetch_all(&mut *conn).await?;
                if locked.is_empty() {
                    return Ok(Vec::new());
                }
                let query = sqlx::query_as(TAKE_TENANTS).bind(worker.0).bind(interval(grace));
                let taken: Vec<TakenRow> = query.bind(&locked).fetch_all(&mut *conn).await?;
                for (tenant, _, quiet_since) in &taken {
                    let query = sqlx::query_scalar(MISS_STALE).bind(tenant).bind(quiet_since);
                    for stale in query.fetch_all(&mut *conn).await? {
                        let stale = BroadcastId::from_i64(stale);
                        note(conn, *tenant, "stentor", BroadcastState::Missed.name(), stale).await?;
                    }
                }
                Ok(taken)
            })
            .await?;
        let held = |(tenant, epoch, _): TakenRow| HeldTenant { tenant: TenantKey(tenant), epoch: Epoch(uint(epoch)) };
        Ok(taken.into_iter().map(held).collect())
    }

    pub(super) async fn spread_of(
        &self,
        worker: WorkerId,
        grace: Duration,
        may: &[TenantKey],
    ) -> Result<Spread, StoreError> {
        let may: Vec<i32> = may.iter().map(|tenant| tenant.0).collect();
        let (others, free): (Vec<(i64, i64)>, i64) = self
            .database
            .run("spread", async |conn| {
                let query = sqlx::query_as(HELD_BY_OTHERS).bind(&may).bind(worker.0);
                let others = query.fetch_all(&mut *conn).await?;
                let query = sqlx::query_scalar(COUNT_FREE_TENANTS).bind(&may).bind(worker.0).bind(interval(grace));
                Ok((others, query.fetch_one(conn).await?))
            })
            .await?;
        let count = |number: i64| u32::try_from(number).unwrap_or(u32::MAX);
        let others = others.into_iter().map(|(worker, held)| (WorkerId(worker), count(held))).collect();
        Ok(Spread { others, free: count(free) })
    }

    pub(super) async fn give_back(&self, worker: WorkerId, held: HeldTenant) -> Result<(), StoreError> {
        self.database
            .transaction("release_tenant", async |conn| {
                sqlx::query(RELEASE_CHUNKS_OF).bind(held.tenant.0).bind(worker.0).execute(&mut *conn).await?;
                let query = sqlx::query(RELEASE_TENANT).bind(held.tenant.0).bind(worker.0);
                query.bind(int(held.epoch.0)).execute(conn).await
            })
            .await?;
        Ok(())
    }
}
