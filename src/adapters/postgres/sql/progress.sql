-- progress
-- $1 tenant, $2 broadcasts or null, $3 limit
-- One row for each round, each a sum over its chunks, never a count over recipients. Notices are nobody's announcement
-- and are listed only when asked for by id.
select b.broadcast_id, b.title, b.state, b.urgent, b.when_in_doubt, b.deadline_at, b.tolerance_seconds, b.audience,
  b.expression, b.expected, b.created_at, b.channels, b.expire_at, b.recalled_at, r.channel,
  b.started_at, b.finished_at, b.start_at, b.prepare_at, b.time_zone,
  coalesce(b.halt_reason, t.halt_reason) as halt_reason,
  -- Its own words, or the tenant's: never the one's reason with the other's detail.
  case when b.halt_reason is null then t.halt_detail else b.halt_detail end as halt_detail,
  coalesce(b.halted_at, t.halted_at) as halted_at, t.halted_at is not null as tenant_halted,
  r.round_id, r.kind, r.state as round_state, r.created_at as round_created_at, r.finished_at as round_finished_at,
  r.targeted, r.from_failed, r.from_unconfirmed,
  coalesce(counted.sent, 0) as sent, coalesce(counted.failed, 0) as failed, coalesce(counted.skipped, 0) as skipped,
  coalesce(counted.unconfirmed, 0) as unconfirmed, coalesce(counted.late_sent, 0) as late_sent,
  coalesce(counted.late_failed, 0) as late_failed
from (
  select * from broadcast
  where tenant_id = $1 and case when $2::bigint[] is null then notice_of is null else broadcast_id = any($2) end
  order by broadcast_id desc
  limit $3
) b
join tenant t on t.tenant_id = b.tenant_id
join round r on r.tenant_id = b.tenant_id and r.broadcast_id = b.broadcast_id
left join lateral (
  select sum(c.sent)::bigint as sent, sum(c.failed)::bigint as failed, sum(c.skipped)::bigint as skipped,
    sum(c.unconfirmed)::bigint as unconfirmed, sum(c.late_sent)::bigint as late_sent,
    sum(c.late_failed)::bigint as late_failed
  from chunk c
  where c.tenant_id = r.tenant_id and c.round_id = r.round_id
) counted on true
order by b.broadcast_id desc, r.round_id
