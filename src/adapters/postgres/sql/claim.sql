-- claim
-- $1 tenant, $2 worker, $3 lease epoch, $4 round, $5 limit, $6 numbers of the chunks that the worker has
-- The tenant's row is held in share: a takeover waits for this claim, or this claim sees the takeover. So no claim
-- of a dead owner can appear after its successor has looked for what it left.
with lease as materialized (
  select 1 from tenant where tenant_id = $1 and lease_owner = $2 and lease_epoch = $3 for share
),
open_round as materialized (
  select 1
  from round r
  join broadcast b on b.tenant_id = r.tenant_id and b.broadcast_id = r.broadcast_id
  where r.tenant_id = $1 and r.round_id = $4 and r.state = 'running'
    and b.state = case r.kind when 'prepare' then 'scheduled' else 'running' end
    and exists (select from lease)
),
-- Claimed by us in a call whose answer was lost. Nothing of theirs was ever permitted; the new epoch fences that call.
-- Open ones are no strays: this call itself may arrive late, when its repetition has long claimed and permitted.
strays as materialized (
  select c.number
  from chunk c
  where c.tenant_id = $1 and c.round_id = $4 and c.state = 1 and c.owner = $2 and c.number <> all($6::int[])
    and bit_count(c.open) = 0
    and exists (select from open_round)
  order by c.number
  limit $5
  for no key update of c skip locked
),
ready as materialized (
  select c.number
  from chunk c
  where c.tenant_id = $1 and c.round_id = $4 and c.state = 0
    and exists (select from open_round)
  order by c.number
  limit $5
  for no key update of c skip locked
),
pick as (
  (select number from strays union all select number from ready) limit $5
),
claimed as (
  update chunk c
  set state = 1, owner = $2, epoch = c.epoch + 1
  -- The bounds say nothing new: they let the key find the chunks. For a week without statistics the planner would read
  -- the round's every chunk.
  where c.tenant_id = $1 and c.round_id = $4 and c.number = any(array(select number from pick))
    and c.number between (select min(number) from pick) and (select max(number) from pick)
  returning c.*
)
select held.held, c.number, c.first_ordinal, c.size, c.epoch, c.flush_number, c.crashes, c.sent, c.failed, c.skipped,
  c.unconfirmed, c.open, c.settled
from (select exists (select from lease) as held) held
left join claimed c on true
order by c.number
