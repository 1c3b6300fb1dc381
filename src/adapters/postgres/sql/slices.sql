halving as (
  select round_id, 0 as low, targeted as high from passes
  union all
  select h.round_id, case when middle.after then h.low else middle.ordinal + 1 end,
    case when middle.after then middle.ordinal else h.high end
  from halving h
  cross join lateral (
    select a.ordinal, a.recipient_id > $3 as after
    from audience a
    where a.tenant_id = $1 and a.round_id = h.round_id and a.ordinal = (h.low + h.high) / 2
    limit 1
  ) middle
  where h.low < h.high
),
slices as materialized (
  select h.round_id, slice.ordinal, slice.recipient_id
  from halving h
  cross join lateral (
    select a.ordinal, a.recipient_id
    from audience a
    where a.tenant_id = $1 and a.round_id = h.round_id and a.ordinal >= h.low
    order by a.ordinal
    limit $4
  ) slice
  where h.low = h.high
),
-- Beyond the last of a slice that was cut off, others may be missing.
known as (
  select min(last) as through
  from (select max(recipient_id) as last from slices group by round_id having count(*) >= $4) cut
),
