-- progress
-- $1 tenant, $2 broadcast or null, $3 limit
-- A sum over chunks, never a count over recipients.
select b.broadcast_id, b.title, b.state, b.urgent, b.when_in_doubt, b.deadline_at, b.created_at, b.started_at,
  b.finished_at, coalesce(b.halt_reason, t.halt_reason) as halt_reason,
  -- Its own words, or the tenant's: never the one's reason with the other's detail.
  case when b.halt_reason is null then t.halt_detail else b.halt_detail end as halt_detail,
  coalesce(b.halted_at, t.halted_at) as halted_at,
  t.halted_at is not null as tenant_halted,
  coalesce(total.targeted, 0) as targeted, coalesce(counted.sent, 0) as sent, coalesce(counted.failed, 0) as failed,
  coalesce(counted.skipped, 0) as skipped, coalesce(counted.unconfirmed, 0) as unconfirmed,
  coalesce(counted.late_sent, 0) as late_sent, coalesce(counted.late_failed, 0) as late_failed
from (
  select * from broadcast
  where tenant_id = $1 and ($2::bigint is null or broadcast_id = $2)
  order by broadcast_id desc
  limit $3
) b
join tenant t on t.tenant_id = b.tenant_id
left join lateral (
  select sum(r.targeted)::bigint as targeted
  from round r
  where r.tenant_id = b.tenant_id and r.broadcast_id = b.broadcast_id and r.kind = 'send'
) total on true
left join lateral (
  select sum(c.sent)::bigint as sent, sum(c.failed)::bigint as failed, sum(c.skipped)::bigint as skipped,
    sum(c.unconfirmed)::bigint as unconfirmed, sum(c.late_sent)::bigint as late_sent,
    sum(c.late_failed)::bigint as late_failed
  from round r
  join chunk c on c.tenant_id = r.tenant_id and c.round_id = r.round_id
  where r.tenant_id = b.tenant_id and r.broadcast_id = b.broadcast_id and r.kind = 'send'
) counted on true
order by b.broadcast_id desc
