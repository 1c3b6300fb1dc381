-- lookup_explained
-- $1 tenant, $2 round, $3 from this ordinal, $4 limit, $5 settlements, $6 reasons
-- Whoever has a fact that settled her so, for such a reason. One short look into the index for each pair, for within a
-- pair it is in the order of the ordinals. Their places are looked up as one list, for half of what a join costs.
select a.ordinal, a.recipient_id
from audience a
where a.tenant_id = $1 and a.round_id = $2 and a.ordinal = any(array(
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
))
order by a.ordinal
