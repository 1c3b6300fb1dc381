-- lookup_unsettled
-- $1 tenant, $2 round, $3 from this ordinal, $4 limit
-- Chunks in which somebody has no final state.
select c.first_ordinal, c.size, c.settled
from chunk c
where c.tenant_id = $1 and c.round_id = $2 and c.first_ordinal + c.size > $3 and bit_count(c.settled) < c.size
order by c.number
limit $4
