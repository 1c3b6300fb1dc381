-- claim
-- $1 tenant, $2 worker, $3 lease epoch, $4 round, $5 limit
-- The tenant's row is held in share: a takeover waits for this claim, or this claim sees the takeover. So no claim
-- of a dead owner can appear after its successor has looked for what it left.
with lease as materialized (
  select 1 from tenant where tenant_id = $1 and lease_owner = $2 and lease_epoch = $3 for share
),
pick as materialized (
  select c.round_id, c.number
  from chunk c
  where c.tenant_id = $1
    and c.round_id = $4
    and c.state = 0
    and exists (select from lease)
    and exists (
      select
      from round r
      join broadcast b on b.tenant_id = r.tenant_id and b.broadcast_id = r.broadcast_id
      where r.tenant_id = $1 and r.round_id = $4 and r.state = 'running' and b.state = 'running'
    )
  order by c.number
  limit $5
  for no key update of c skip locked
),
claimed as (
  update chunk c
  set state = 1, owner = $2, epoch = c.epoch + 1
  from pick p
  where c.tenant_id = $1 and c.round_id = p.round_id and c.number = p.number
  returning c.*
)
select held.held, c.number, c.first_ordinal, c.size, c.epoch, c.flush_number, c.crashes, c.sent, c.failed, c.skipped,
  c.unconfirmed, c.open, c.settled
from (select exists (select from lease) as held) held
left join claimed c on true
order by c.number
