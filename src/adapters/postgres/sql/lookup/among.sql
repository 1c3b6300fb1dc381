-- lookup_among
-- $1 tenant, $2 round, $3 first ordinal, $4 last ordinal, $5 people
-- Which of a great many people a run of ordinals names: read through once.
select a.ordinal, a.recipient_id
from unnest($5::bigint[]) as p (recipient_id)
join (
  select one.ordinal, one.recipient_id
  from audience one
  where one.tenant_id = $1 and one.round_id = $2 and one.ordinal between $3 and $4
) a on a.recipient_id = p.recipient_id
order by a.ordinal
