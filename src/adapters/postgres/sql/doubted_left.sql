-- doubted_left
-- $1 tenant
-- Whoever was told (a late answer says so), or may have been, and lies unsettled in a chunk that nobody holds, of a
-- broadcast that is about to be cancelled: she must not be counted as not told. No reason: she was told.
-- Step by step from the broadcast: each `offset 0` keeps the planner from reading whole weeks instead.
select c.round_id, c.number, a.ordinal, case when not t.told then coalesce(t.reason, a.doubt) end as reason
from broadcast b
join round r on r.tenant_id = $1 and r.broadcast_id = b.broadcast_id and r.state = 'running'
cross join lateral (
  select c.round_id, c.number, c.first_ordinal, c.size, c.settled
  from chunk c
  where c.tenant_id = $1 and c.round_id = r.round_id and c.state = 0 and (c.epoch > 0 or r.kind = 'retry')
  offset 0
) c
cross join lateral (
  select a.ordinal, a.doubt
  from audience a
  where a.tenant_id = $1 and a.round_id = c.round_id
    and a.ordinal between c.first_ordinal and c.first_ordinal + c.size - 1
    and get_bit(c.settled, a.ordinal - c.first_ordinal) = 0
  offset 0
) a
cross join lateral (
  select coalesce(bool_or(t.settles = 1), false) as told,
    (array_agg(t.reason order by t.attempt desc, t.epoch desc) filter (where t.step = 4 and t.outcome = 10))[1] as reason
  from attempt t
  where t.tenant_id = $1 and t.round_id = c.round_id and t.ordinal = a.ordinal
) t
where b.tenant_id = $1
  and b.state = 'cancelling'
  and not exists (
    select
    from round held
    join chunk k on k.tenant_id = held.tenant_id and k.round_id = held.round_id
    where held.tenant_id = $1 and held.broadcast_id = b.broadcast_id and k.state = 1
  )
  -- Whoever was not reached to replace or delete what she has simply was not.
  and (t.told or r.kind not in ('correct', 'recall') and (a.doubt is not null or t.reason is not null))
order by c.round_id, c.number, a.ordinal
