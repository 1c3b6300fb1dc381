-- lookup_passes
-- $1 tenant, $2 broadcast, $3 kinds of rounds, $4 channel or null for any, $5 whether those who failed are counted
-- Null where a fact may stand that no chunk has counted yet: while somebody is not settled.
select r.round_id, r.targeted, r.state = 'done' as over, r.from_failed::bigint as from_failed,
  case
    when $5 then (
      select case when bool_and(bit_count(c.settled) = c.size) then sum(c.failed + c.late_failed)::bigint end
      from chunk c
      where c.tenant_id = $1 and c.round_id = r.round_id
    )
  end as failed
from round r
where r.tenant_id = $1 and r.broadcast_id = $2 and r.kind = any($3) and r.channel = coalesce($4, r.channel)
order by r.round_id
