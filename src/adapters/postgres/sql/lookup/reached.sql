-- lookup_reached
-- $1 tenant, $2 round, $3 from this ordinal, $4 limit
-- Chunks in which somebody was reached, or may have been without having been counted yet.
select c.first_ordinal, c.size
from chunk c
where c.tenant_id = $1 and c.round_id = $2 and c.first_ordinal + c.size > $3
  and (c.sent + c.late_sent > 0 or bit_count(c.settled) < c.size)
order by c.number
limit $4
