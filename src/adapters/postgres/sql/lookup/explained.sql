-- lookup_explained
-- $1 tenant, $2 round, $3 from this ordinal, $4 limit, $5 settlements, $6 reasons
-- Whoever has a fact that settled her so, for such a reason. One short look into the index for each pair, for within a
-- pair it is in the order of the ordinals.
select a.ordinal, a.recipient_id
from (
  select distinct found.ordinal
  from unnest($5::smallint[]) as s (settles)
  cross join unnest($6::text[]) as w (reason)
  cross join lateral (
    select distinct on (t.ordinal) t.ordinal
    from attempt t
    where t.tenant_id = $1 and t.round_id = $2 and t.settles = s.settles and t.reason = w.reason and t.ordinal >= $3
    order by t.ordinal
    limit $4
  ) found
  order by found.ordinal
  limit $4
) few
cross join lateral (
  select one.ordinal, one.recipient_id
  from audience one
  where one.tenant_id = $1 and one.round_id = $2 and one.ordinal = few.ordinal
  limit 1
) a
order by a.ordinal
