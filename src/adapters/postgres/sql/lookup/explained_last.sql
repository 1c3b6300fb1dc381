-- lookup_explained_last
-- $1 tenant, $2 round, $3 from this ordinal, $4 limit, $5 settlements, $6 reasons, $7 the rounds after it
-- The same, without those whom a later round took up again: after a retry of nearly all of them that is nearly everybody, so
-- they are left out here, and not a step at a time.
with again as materialized (
  select n.recipient_id
  from audience n
  where n.tenant_id = $1 and n.round_id = any($7)
),
settled as materialized (
  select distinct t.ordinal
  from attempt t
  where t.tenant_id = $1 and t.round_id = $2 and t.settles = any($5) and t.reason = any($6) and t.ordinal >= $3
)
select a.ordinal, a.recipient_id
from (select ordinal from settled order by ordinal) few
cross join lateral (
  select one.ordinal, one.recipient_id
  from audience one
  where one.tenant_id = $1 and one.round_id = $2 and one.ordinal = few.ordinal
  limit 1
) a
where not exists (select from again where again.recipient_id = a.recipient_id)
order by few.ordinal
limit $4
