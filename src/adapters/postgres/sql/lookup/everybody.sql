-- lookup_everybody
-- $1 tenant, $2 round, $3 from this ordinal, $4 limit
select a.ordinal, a.recipient_id
from audience a
where a.tenant_id = $1 and a.round_id = $2 and a.ordinal >= $3
order by a.ordinal
limit $4
