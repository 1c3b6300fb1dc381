//! What a forecast asks for: how well ways are known, who works, who had the app.
//!
//! Everybody of a directory of 500,000 takes one pass over it; of a broadcast under way, at most [`SAMPLE`] chunks are
//! looked into.

use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::PgStore;
use super::rows::{refused, uint};
use super::statement::statements;
use crate::domain::flow::Mix;
use crate::domain::ids::{BroadcastId, TenantKey};
use crate::domain::plan::Knowledge;
use crate::ports::{Outlook, StoreError, Whose};

/// A hundred thousand people tell the mixture of a million well enough.
const SAMPLE: i32 = 400;
/// Ids looked up in one statement.
const IDS_BATCH: usize = 5000;

statements! {
    WAYS_OF_EVERYONE = "-- ways_of_everyone
        -- $1 tenant
        -- A way is numbered as its installation, or -1 when the chat is known.
        select case when conversation_id is null then installation::int else -1 end as way, count(*) as people
        from recipient
        where tenant_id = $1 and left_at is null and venue is null and not guest and enabled and licensed
        group by way";
    WAYS_OF_PEOPLE = "-- ways_of_people
        -- $1 tenant, $2 Entra ids
        select case when conversation_id is null then installation::int else -1 end as way, count(*) as people
        from unnest($2::uuid[]) as asked (entra_id)
        join recipient p on p.tenant_id = $1 and p.entra_id = asked.entra_id
        where p.left_at is null and venue is null and not guest and enabled and licensed
        group by way";
    WAYS_OF_LIST = "-- ways_of_list
        -- $1 tenant, $2 broadcast
        select case when conversation_id is null then installation::int else -1 end as way, count(*) as people
        from audience_list l
        join recipient p on p.tenant_id = l.tenant_id and p.recipient_id = l.recipient_id
        where l.tenant_id = $1 and l.broadcast_id = $2 and left_at is null and not guest and enabled and licensed
        group by way";
    WAYS_ROUNDS = "-- ways_rounds
        -- $1 tenant, $2 broadcast
        select r.round_id, r.kind, r.state, b.audience, coalesce(unfinished.chunks, 0)::int as chunks
        from round r
        join broadcast b on b.tenant_id = r.tenant_id and b.broadcast_id = r.broadcast_id
        left join lateral (
          select count(*) as chunks from chunk c
          where c.tenant_id = r.tenant_id and c.round_id = r.round_id and c.state <> 2
        ) unfinished on true
        where r.tenant_id = $1 and r.broadcast_id = $2 and r.kind in ('send', 'retry') and r.state <> 'done'";
    WAYS_LEFT = "-- ways_left
        -- $1 tenant, $2 round, $3 one chunk of so many is looked into
        select way, count(*) as people
        from chunk c
        cross join lateral (
          -- Chunk by chunk through the keys: the offset keeps the planner from reading whole tables instead.
          select case when p.conversation_id is null then p.installation::int else -1 end as way
          from audience a
          join recipient p on p.tenant_id = a.tenant_id and p.recipient_id = a.recipient_id
          where a.tenant_id = $1 and a.round_id = $2
            and a.ordinal between c.first_ordinal and c.first_ordinal + c.size - 1
            and get_bit(c.settled, a.ordinal - c.first_ordinal) = 0
            and not p.guest and p.enabled and p.licensed
          offset 0
        ) person
        where c.tenant_id = $1 and c.round_id = $2 and c.state <> 2 and c.number % $3 = 0
        group by way";
    OUTLOOK = "-- outlook
        -- $1 tenant
        -- First answers are looked for among the first people of the newest passes. A check (1) finds the app or not (1,
        -- 13), an install (2) finds it there or puts it there (16, 14), a create (5) opens the chat or is refused (15, 13).
        select exists (select from worker where alive_until > lease_now()) as works,
          exists (
            select from tenant t
            join worker w on w.worker_id = t.lease_owner
            where t.tenant_id = $1 and w.alive_until > lease_now()
          ) as held,
          count(first.outcome) as asked,
          count(first.outcome) filter (where first.outcome in (1, 15, 16)) as had
        from (select round_id from round where tenant_id = $1 order by round_id desc limit 8) r
        left join lateral (
          select a.outcome from attempt a
          where a.tenant_id = $1 and a.round_id = r.round_id and a.ordinal < 4096
            and a.attempt = 1 and (a.step, a.outcome) in ((1, 1), (1, 13), (2, 14), (2, 16), (5, 13), (5, 15))
        ) first on true";
}

/// One kind of way, and how many people are known so well.
type WayRow = (i32, i64);

#[derive(FromRow)]
struct RoundRow {
    round_id: i64,
    kind: String,
    state: String,
    audience: String,
    chunks: i32,
}

#[derive(FromRow)]
struct OutlookRow {
    works: bool,
    held: bool,
    asked: i64,
    had: i64,
}

fn add(mix: &mut Mix, rows: Vec<WayRow>, times: u64) -> Result<(), StoreError> {
    for (way, people) in rows {
        let knowledge = match way {
            -1 => Knowledge::Chat,
            0 => Knowledge::Nothing,
            1 => Knowledge::Absent,
            2 => Knowledge::Unlisted,
            3 => Knowledge::Present,
            other => return Err(refused("recipient", "installation", other)),
        };
        mix.add(knowledge, people.unsigned_abs() * times);
    }
    Ok(())
}

impl PgStore {
    pub(super) async fn count_ways(&self, tenant: TenantKey, whose: &Whose) -> Result<Mix, StoreError> {
        let mut mix = Mix::default();
        match whose {
            Whose::Everyone => add(&mut mix, self.ways_of_everyone(tenant).await?, 1)?,
            Whose::People(ids) => {
                for batch in ids.chunks(IDS_BATCH) {
                    let ids: Vec<Uuid> = batch.iter().map(|id| id.0).collect();
                    let ask = async |conn: &mut PgConnection| {
                        sqlx::query_as(WAYS_OF_PEOPLE).bind(tenant.0).bind(&ids).fetch_all(conn).await
                    };
                    add(&mut mix, self.database.run("ways_of_people", ask).await?, 1)?;
                }
            }
            Whose::Broadcast(id) => {
                let ask = async |conn: &mut PgConnection| {
                    sqlx::query_as(WAYS_ROUNDS).bind(tenant.0).bind(id.as_i64()).fetch_all(conn).await
                };
                let rounds: Vec<RoundRow> = self.database.run("ways_rounds", ask).await?;
                for round in rounds {
                    self.add_round(tenant, *id, &round, &mut mix).await?;
                }
            }
        }
        Ok(mix)
    }

    async fn add_round(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        round: &RoundRow,
        mix: &mut Mix,
    ) -> Result<(), StoreError> {
        match (round.state.as_str(), round.kind.as_str(), round.audience.as_str()) {
            // Its audience is not frozen: it is for everybody it names.
            ("expanding", "send", "everyone") => add(mix, self.ways_of_everyone(tenant).await?, 1),
            ("expanding", "send", _) => {
                let ask = async |conn: &mut PgConnection| {
                    sqlx::query_as(WAYS_OF_LIST).bind(tenant.0).bind(id.as_i64()).fetch_all(conn).await
                };
                add(mix, self.database.run("ways_of_list", ask).await?, 1)
            }
            _ => {
                let stride = (round.chunks / SAMPLE).max(1);
                let ask = async |conn: &mut PgConnection| {
                    sqlx::query_as(WAYS_LEFT).bind(tenant.0).bind(round.round_id).bind(stride).fetch_all(conn).await
                };
                add(mix, self.database.run("ways_left", ask).await?, u64::from(uint(stride)))
            }
        }
    }

    async fn ways_of_everyone(&self, tenant: TenantKey) -> Result<Vec<WayRow>, StoreError> {
        let ask = async |conn: &mut PgConnection| sqlx::query_as(WAYS_OF_EVERYONE).bind(tenant.0).fetch_all(conn).await;
        Ok(self.database.run("ways_of_everyone", ask).await?)
    }

    pub(super) async fn look_out(&self, tenant: TenantKey) -> Result<Outlook, StoreError> {
        let ask = async |conn: &mut PgConnection| sqlx::query_as(OUTLOOK).bind(tenant.0).fetch_one(conn).await;
        let row: OutlookRow = self.database.run("outlook", ask).await?;
        let (asked, had) = (row.asked.unsigned_abs(), row.had.unsigned_abs());
        Ok(Outlook { works: row.works, held: row.held, asked, had })
    }
}
