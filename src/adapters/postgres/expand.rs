//! Freezes a round's set, slice by slice, and makes the week's partitions that hold it.

use sqlx::{AssertSqlSafe, FromRow, PgConnection};

use super::PgStore;
use super::amends::standing_page;
use super::pool::Verdict;
use super::queue::HOLD_LEASE;
use super::rows::int;
use super::statement::statements;
use crate::domain::broadcast::{Channel, RoundKind};
use crate::domain::ids::{RoundId, WorkerId};
use crate::domain::time::Timestamp;
use crate::ports::{Expanded, HeldTenant, StoreError};

statements! {
    EXPANDING_ROUND = "-- expanding_round
        -- $1 tenant, $2 round
        -- Preparing begins at its own hour and tells nobody anything, so its broadcast goes on waiting.
        select r.broadcast_id, r.kind, r.channel, r.targeted, r.expanded_through, b.audience
        from round r
        join broadcast b on b.tenant_id = r.tenant_id and b.broadcast_id = r.broadcast_id
        where r.tenant_id = $1 and r.round_id = $2 and r.state = 'expanding'
          and case r.kind
            when 'prepare' then b.state = 'scheduled' and b.prepare_at <= lease_now()
            when 'send' then b.state = 'expanding'
            when 'retry' then b.state = 'expanding'
            -- Several of these may be frozen one after another; the first to be ready sets the broadcast going.
            else b.state in ('expanding', 'running')
          end
          -- Notifying begins when the messages have gone out.
          and (r.kind <> 'notify' or not exists (
            select
            from round other
            where other.tenant_id = $1
              and other.broadcast_id = r.broadcast_id
              and other.kind <> 'notify'
              and other.state <> 'done'
          ))
          -- Words are evaluated before anybody is numbered.
          and (b.audience <> 'expression' or r.kind not in ('send', 'prepare') or r.listed_at is not null)
        for update of r";
    EXPAND = include_str!("sql/expand.sql");
    TO_RETRY = "-- to_retry
        -- $1 tenant, $2 broadcast, $3 after this recipient, $4 limit, $5 before this round, $6 reasons or null,
        -- $7 also the unconfirmed
        -- Where each person stands by the newest round that names her: whoever was reached since is not among them, nor
        -- whoever has left.
        select d.recipient_id, case d.state when 'unconfirmed' then coalesce(d.reason, 'answer_lost') end as doubt
        from delivery d
        join recipient p on p.tenant_id = $1 and p.recipient_id = d.recipient_id
        where d.tenant_id = $1
          and d.broadcast_id = $2
          and d.recipient_id > $3
          and d.round_id < $5
          and p.left_at is null
          and case d.state
            when 'failed' then $6::text[] is null or d.reason = any($6::text[])
            when 'unconfirmed' then $7
            else false
          end
        order by d.recipient_id
        limit $4";
    TO_NOTIFY = "-- to_notify
        -- $1 tenant, $2 broadcast, $3 first ordinal, $4 limit
        -- The same people in the same order: their places are the same.
        select a.recipient_id
        from round r
        join audience a on a.tenant_id = $1 and a.round_id = r.round_id
        where r.tenant_id = $1 and r.broadcast_id = $2 and r.kind = 'send' and a.ordinal >= $3
        order by a.ordinal
        limit $4";
    RETRY_WISH = "-- retry_wish
        -- $1 tenant, $2 round
        select retry_reasons, retry_unconfirmed from round where tenant_id = $1 and round_id = $2";
    ADVANCE_ROUND = "-- advance_round
        -- $1 tenant, $2 round, $3 added, $4 through, $5 of them failed before, $6 unconfirmed before
        update round
        set targeted = targeted + $3,
            expanded_through = $4,
            from_failed = from_failed + $5,
            from_unconfirmed = from_unconfirmed + $6
        where tenant_id = $1 and round_id = $2";
    COMPLETE_ROUND = "-- complete_round
        -- $1 tenant, $2 round, $3 broadcast, $4 now
        -- The proof that nobody was dropped: the chunks hold exactly the people counted, or nothing becomes running.
        with proved as (
          select 1
          from round r
          where r.tenant_id = $1
            and r.round_id = $2
            and r.targeted = (
              select coalesce(sum(c.size), 0) from chunk c where c.tenant_id = $1 and c.round_id = $2
            )
        ),
        opened as (
          update round set state = 'running' where tenant_id = $1 and round_id = $2 and exists (select from proved)
          returning round_id
        ),
        started as (
          update broadcast
          set state = 'running', started_at = coalesce(started_at, $4), moved_at = lease_now()
          where tenant_id = $1 and broadcast_id = $3 and state = 'expanding' and exists (select from proved)
        ),
        forgotten_lists as (
          delete from broadcast_list
          where tenant_id = $1
            and broadcast_id = $3
            and exists (select from proved)
            and not exists (
              select from round r where r.tenant_id = $1 and r.round_id = $2 and r.kind = 'prepare'
            )
        ),
        forgotten as (
          delete from audience_list
          where tenant_id = $1
            and broadcast_id = $3
            and exists (select from proved)
            and not exists (
              select from round r where r.tenant_id = $1 and r.round_id = $2 and r.kind = 'prepare'
            )
        )
        select count(*) from opened";
    WEEK_PRESENT = "-- week_present
        -- $1 table name
        select to_regclass($1) is not null";
}

#[derive(FromRow)]
struct ExpandingRow {
    broadcast_id: i64,
    kind: String,
    channel: String,
    targeted: i32,
    expanded_through: i64,
    audience: String,
}

impl PgStore {
    pub(super) async fn expand_slice(
        &self,
        held: HeldTenant,
        worker: WorkerId,
        round: RoundId,
        slice: u32,
        chunk_size: u32,
        now: Timestamp,
    ) -> Result<Expanded, StoreError> {
        let _turn = self.turn_to_freeze().await?;
        self.ensure_week(round.week()).await?;
        let slice = (slice / chunk_size).max(1) * chunk_size;
        let tenant = held.tenant.0;
        self.database
            .transaction_if("expand", async |conn| {
                let lease = sqlx::query(HOLD_LEASE).bind(tenant).bind(worker.0).bind(int(held.epoch.0));
                if lease.fetch_optional(&mut *conn).await?.is_none() {
                    return Ok(Verdict::RollBack(Err(StoreError::LeaseLost)));
                }
                let query = sqlx::query_as(EXPANDING_ROUND).bind(tenant).bind(round.as_i64());
                let Some(row): Option<ExpandingRow> = query.fetch_optional(&mut *conn).await? else {
                    // Paused, cancelled or complete meanwhile: nothing to add, and nothing to complete.
                    return Ok(Verdict::RollBack(Ok(Expanded { added: 0, complete: false })));
                };
                let kind = RoundKind::from_name(&row.kind);
                let (source, given) = match kind {
                    Some(RoundKind::Retry) => ("given", to_retry(conn, tenant, round, &row, slice).await?),
                    Some(kind @ (RoundKind::Correct | RoundKind::Recall)) => {
                        ("given", to_amend(conn, (tenant, round, kind), &row, slice).await?)
                    }
                    Some(RoundKind::Notify) => ("given", to_notify(conn, tenant, &row, slice).await?),
                    // Whom an expression means has been laid down as a list.
                    _ if matches!(row.audience.as_str(), "expression" | "places") => ("list", Given::default()),
                    _ => (row.audience.as_str(), Given::default()),
                };
                let query = sqlx::query_as(EXPAND).bind(tenant).bind(round.as_i64()).bind(row.broadcast_id);
                let query = query.bind(row.expanded_through).bind(i64::from(slice)).bind(row.targeted);
                let query = query.bind(int(chunk_size)).bind(source).bind(kind == Some(RoundKind::Prepare));
                let query = query.bind(&given.people).bind(&given.doubts).bind(&given.messages);
                let query = query.bind(row.channel == Channel::Feed.name());
                let (added, through): (i64, i64) = query.fetch_one(&mut *conn).await?;
                let through = given.through.unwrap_or(through);
                let query = sqlx::query(ADVANCE_ROUND).bind(tenant).bind(round.as_i64());
                let query = query.bind(i32::try_from(added).unwrap_or(i32::MAX)).bind(through);
                let from = if kind == Some(RoundKind::Retry) { (given.failed(), given.unconfirmed()) } else { (0, 0) };
                query.bind(from.0).bind(from.1).execute(&mut *conn).await?;
                let complete = given.is_last.unwrap_or(added < i64::from(slice));
                if complete {
                    let query = sqlx::query_scalar(COMPLETE_ROUND).bind(tenant).bind(round.as_i64());
                    let opened: i64 = query.bind(row.broadcast_id).bind(now).fetch_one(conn).await?;
                    if opened != 1 {
                        let broken = "the chunks of a round do not hold exactly its people";
                        return Ok(Verdict::RollBack(Err(StoreError::Broken(broken.to_owned()))));
                    }
                }
                Ok(Verdict::Commit(Ok(Expanded { added: added.unsigned_abs(), complete })))
            })
            .await?
    }

    /// Creates the week's partitions of the large tables unless they are there. Made apart and then attached, so that
    /// readers and writers of other weeks are not kept waiting.
    pub(super) async fn ensure_week(&self, week: i64) -> Result<(), StoreError> {
        let (from, to) = (RoundId::first_of_week(week), RoundId::first_of_week(week + 1));
        let options = [("audience", ""), ("attempt", ""), ("chunk", "with (fillfactor = 50)")];
        for (table, storage) in options {
            let name = format!("{table}_w{week}");
            if self.database.run("week_present", async |conn| is_there(conn, &name).await).await? {
                continue;
            }
            self.database
                .transaction("ensure_week", async |conn: &mut PgConnection| {
                    // The owners of other tenants come in the same moment: they wait here, and then find it there.
                    let lock = format!("lock table {table} in share update exclusive mode");
                    sqlx::raw_sql(AssertSqlSafe(lock)).execute(&mut *conn).await?;
                    if is_there(&mut *conn, &name).await? {
                        return Ok(());
                    }
                    let create = format!(
                        "create table {name} (like {table} including defaults including constraints including comments) {storage};
                         alter table {table} attach partition {name} for values from ({from}) to ({to})"
                    );
                    sqlx::raw_sql(AssertSqlSafe(create)).execute(conn).await?;
                    Ok(())
                })
                .await?;
        }
        Ok(())
    }
}

async fn is_there(conn: &mut PgConnection, table: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar(WEEK_PRESENT).bind(table).fetch_one(conn).await
}

/// The people of a slice, found in this transaction.
#[derive(Default)]
struct Given {
    people: Vec<i64>,
    doubts: Vec<Option<String>>,
    messages: Vec<Option<String>>,
    /// How far was looked, where not everybody who was looked at is in it.
    through: Option<i64>,
    /// Whether that was all, where it does not show in their number.
    is_last: Option<bool>,
}

impl Given {
    fn unconfirmed(&self) -> i32 {
        i32::try_from(self.doubts.iter().flatten().count()).unwrap_or(i32::MAX)
    }

    fn failed(&self) -> i32 {
        i32::try_from(self.doubts.iter().filter(|doubt| doubt.is_none()).count()).unwrap_or(i32::MAX)
    }
}

async fn to_retry(
    conn: &mut PgConnection,
    tenant: i32,
    round: RoundId,
    row: &ExpandingRow,
    slice: u32,
) -> Result<Given, sqlx::Error> {
    let query = sqlx::query_as(RETRY_WISH).bind(tenant).bind(round.as_i64());
    let (reasons, unconfirmed): (Option<Vec<String>>, bool) = query.fetch_one(&mut *conn).await?;
    let query = sqlx::query_as(TO_RETRY).bind(tenant).bind(row.broadcast_id).bind(row.expanded_through);
    let query = query.bind(i64::from(slice)).bind(round.as_i64()).bind(reasons).bind(unconfirmed);
    let found: Vec<(i64, Option<String>)> = query.fetch_all(conn).await?;
    let messages = vec![None; found.len()];
    let (people, doubts) = found.into_iter().unzip();
    Ok(Given { people, doubts, messages, ..Given::default() })
}

/// Whoever was sent something, with her message. A page of those who were told may hold few of them, or none.
async fn to_amend(
    conn: &mut PgConnection,
    (tenant, round, kind): (i32, RoundId, RoundKind),
    row: &ExpandingRow,
    slice: u32,
) -> Result<Given, sqlx::Error> {
    let place = (tenant, row.broadcast_id, round);
    let page = standing_page(conn, place, &row.channel, kind, row.expanded_through, slice).await?;
    let mut given = Given {
        through: page.last().map(|(recipient, ..)| *recipient),
        is_last: Some(page.len() < slice as usize),
        ..Given::default()
    };
    for (recipient, _, message, doubt) in page.into_iter().filter(|(_, wanted, ..)| *wanted) {
        given.people.push(recipient);
        given.messages.push(message);
        given.doubts.push(doubt);
    }
    Ok(given)
}

/// Everybody of the round that sent.
async fn to_notify(conn: &mut PgConnection, tenant: i32, row: &ExpandingRow, slice: u32) -> Result<Given, sqlx::Error> {
    let query = sqlx::query_scalar(TO_NOTIFY).bind(tenant).bind(row.broadcast_id).bind(row.targeted);
    let people: Vec<i64> = query.bind(i64::from(slice)).fetch_all(conn).await?;
    let nothing = || vec![None; people.len()];
    Ok(Given { doubts: nothing(), messages: nothing(), people, ..Given::default() })
}
