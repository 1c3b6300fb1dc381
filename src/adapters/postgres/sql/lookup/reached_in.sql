-- lookup_reached_in
-- $1 tenant, $2 round, $3 first ordinals of runs, $4 ordinals behind their last, $5 limit
select a.ordinal, a.recipient_id
from (
  select distinct t.ordinal
  from unnest($3::int[], $4::int[]) as run (first, behind)
  cross join lateral (
    select distinct on (one.ordinal) one.ordinal
    from attempt one
    where one.tenant_id = $1 and one.round_id = $2 and one.ordinal >= run.first and one.ordinal < run.behind
      and one.settles = 1
    order by one.ordinal
    limit $5
  ) t
  order by t.ordinal
  limit $5
) few
cross join lateral (
  select one.ordinal, one.recipient_id
  from audience one
  where one.tenant_id = $1 and one.round_id = $2 and one.ordinal = few.ordinal
  limit 1
) a
order by a.ordinal
