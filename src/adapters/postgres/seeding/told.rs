//! A large broadcast as it stands after some hours, and after a retry: what looking people up is measured on.

use sqlx::AssertSqlSafe;

use super::super::PgStore;
use crate::domain::ids::{BroadcastId, RoundId, TenantKey};
use crate::ports::StoreError;

/// Of each chunk.
const SIZE: u64 = 256;

impl PgStore {
    /// Stores a broadcast to the first `people` of a tenant as it would stand. Where `retry` names a round, it is over: of
    /// twenty people, one failed for a policy and was tried again, of those one in fifty in vain; of two hundred one is a
    /// guest; of a thousand one is unconfirmed; five were set aside. Without one, it is under way and nobody was reached yet.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seed_told(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        (send, retry): (RoundId, Option<RoundId>),
        people: u64,
    ) -> Result<(), StoreError> {
        self.ensure_week(send.week()).await?;
        if let Some(retry) = retry {
            self.ensure_week(retry.week()).await?;
        }
        let (tenant, id, over) = (tenant.0, id.as_i64(), retry.is_some());
        let (send, again) = (send.as_i64(), people / 20);
        let state = if over { ("done", "now()") } else { ("running", "null") };
        let broadcast = format!(
            "insert into broadcast (tenant_id, broadcast_id, state, urgent, when_in_doubt, audience, deadline_at, created_at,
               started_at, finished_at, title, content)
             values ({tenant}, {id}, '{}', false, 'hold', 'everyone', now() + interval '3 days', now(), now(), {}, 'News',
               '{{\"title\": \"News\", \"body\": \"Text\"}}')",
            state.0, state.1
        );
        let round = |round: i64, kind: &str, targeted: u64, from_failed: u64| {
            let ended = if over { "'done', now()" } else { "'running', null" };
            format!(
                "insert into round (tenant_id, round_id, broadcast_id, kind, state, finished_at, targeted, expanded_through,
                   created_at, from_failed)
                 values ({tenant}, {round}, {id}, '{kind}', {ended}, {targeted}, {people}, now(), {from_failed})"
            )
        };
        let audience = |round: i64, targeted: u64, number: &str| {
            format!(
                "insert into audience (tenant_id, round_id, ordinal, recipient_id)
                 select {tenant}, {round}, o, (select min(recipient_id) from recipient where tenant_id = {tenant}) + {number}
                 from generate_series(0, {targeted} - 1) o"
            )
        };
        let mut statements = vec![broadcast, round(send, "send", people, 0), audience(send, people, "o")];
        let five = (0..5).map(|place| (people / 5 * place + 3).to_string()).collect::<Vec<_>>().join(", ");
        let first = format!(
            "case when o % 20 = 7 then 2 when o % 200 = 8 then 3 when o % 1000 = 9 then 4 when o in ({five}) then 2 else 1 end,
             case when o % 20 = 7 then 'blocked_by_policy' when o % 200 = 8 then 'guest' when o % 1000 = 9 then 'answer_lost'
               when o in ({five}) then 'set_aside' end"
        );
        let facts = |round: i64, targeted: u64, ends: &str| {
            format!(
                "insert into attempt (tenant_id, round_id, ordinal, attempt, epoch, step, outcome, settles, reason, status,
                   request_id, message_id, started_at, ended_at)
                 select {tenant}, {round}, o, 1, 1, 4, 2, {ends}, 201, md5(o::text)::uuid, lpad(o::text, 13, '1'), now(), now()
                 from generate_series(0, {targeted} - 1) o"
            )
        };
        let counted = |round: i64, targeted: u64| {
            format!(
                "insert into chunk (tenant_id, round_id, number, first_ordinal, size, epoch, flush_number, state, sent, failed,
                   skipped, unconfirmed, open, settled)
                 select {tenant}, {round}, o / {SIZE}, min(o), count(*), 1, 1, 2, count(*) filter (where t.settles = 1),
                   count(*) filter (where t.settles = 2), count(*) filter (where t.settles = 3),
                   count(*) filter (where t.settles = 4), decode(repeat('00', (count(*)::int + 7) / 8), 'hex'),
                   decode(repeat('ff', count(*)::int / 8) || case when count(*) % 8 > 0
                     then lpad(to_hex((1 << (count(*) % 8)::int) - 1), 2, '0') else '' end, 'hex')
                 from generate_series(0, {targeted} - 1) o
                 join attempt t on t.tenant_id = {tenant} and t.round_id = {round} and t.ordinal = o
                 group by o / {SIZE}"
            )
        };
        match retry.map(RoundId::as_i64) {
            Some(retry) => statements.extend([
                facts(send, people, &first),
                counted(send, people),
                round(retry, "retry", again, again),
                audience(retry, again, "o * 20 + 7"),
                facts(
                    retry,
                    again,
                    "case when o % 50 = 7 then 2 else 1 end, case when o % 50 = 7 then 'blocked_by_policy' end",
                ),
                counted(retry, again),
            ]),
            None => statements.push(format!(
                "insert into chunk (tenant_id, round_id, number, first_ordinal, size, open, settled)
                 select {tenant}, {send}, o / {SIZE}, min(o), count(*), decode(repeat('00', (count(*)::int + 7) / 8), 'hex'),
                   decode(repeat('00', (count(*)::int + 7) / 8), 'hex')
                 from generate_series(0, {people} - 1) o
                 group by o / {SIZE}"
            )),
        }
        for sql in statements {
            self.seed(sql).await?;
        }
        for table in ["recipient", "audience", "attempt", "chunk", "round", "broadcast"] {
            self.seed(format!("vacuum analyze {table}")).await?;
        }
        Ok(())
    }

    /// One more chunk of a round is finished, everybody in it reached.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn seed_progress(&self, tenant: TenantKey, round: RoundId, number: u32) -> Result<(), StoreError> {
        let (tenant, round) = (tenant.0, round.as_i64());
        self.seed(format!(
            "update chunk set state = 2, sent = size, settled = decode(repeat('ff', size / 8), 'hex')
             where tenant_id = {tenant} and round_id = {round} and number = {number} and size = {SIZE}"
        ))
        .await
    }

    async fn seed(&self, sql: String) -> Result<(), StoreError> {
        self.database
            .run("seed_told", async |conn| {
                // Minutes' work, for once.
                sqlx::query("select set_config('statement_timeout', '0', false)").execute(&mut *conn).await?;
                sqlx::raw_sql(AssertSqlSafe(sql.as_str())).execute(conn).await
            })
            .await?;
        Ok(())
    }
}
