-- lookup_at
-- $1 tenant, $2 round, $3 ordinals, in order
select a.ordinal, a.recipient_id
from unnest($3::int[]) as few (ordinal)
cross join lateral (
  select one.ordinal, one.recipient_id
  from audience one
  where one.tenant_id = $1 and one.round_id = $2 and one.ordinal = few.ordinal
  limit 1
) a
order by a.ordinal
