select h.recipient_id, h.round_id, h.low as ordinal, coalesce(a.recipient_id = h.recipient_id, false) as is_hers
from halving h
left join lateral (
  select one.recipient_id
  from audience one
  where one.tenant_id = $1 and one.round_id = h.round_id and one.ordinal = h.low
  limit 1
) a on true
where h.low = h.high
