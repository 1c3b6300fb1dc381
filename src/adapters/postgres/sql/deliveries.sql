-- deliveries
-- $1 tenant, $2 broadcast, $3 after this recipient, $4 limit
-- One page, at the cost of one page. Within a round, ordinals follow the recipient's number; so each round's first
-- ordinal after $3 is found by halving, as in a telephone book, and no index of the audience by recipient is needed.
with recursive passes as materialized (
  select round_id, targeted
  from round
  where tenant_id = $1 and broadcast_id = $2 and kind in ('send', 'retry')
),
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
-- The newest round that names her, as the view will have it.
page as materialized (
  select distinct on (s.recipient_id) s.recipient_id, s.round_id, s.ordinal
  from slices s, known k
  where s.recipient_id <= coalesce(k.through, s.recipient_id)
  order by s.recipient_id, s.round_id desc
  limit $4
)
select row.recipient_id, p.entra_id, p.display_name, p.user_principal_name, row.state, row.reason, row.attempts,
  row.last_status::int as last_status, row.message_id, row.first_attempt_at, row.last_attempt_at
from page
cross join lateral (
  select d.*, (
      select min(a.started_at)
      from attempt a
      where a.tenant_id = $1 and a.round_id = d.round_id and a.ordinal = d.ordinal and a.step > 0
    ) as first_attempt_at
  from delivery d
  where d.tenant_id = $1 and d.broadcast_id = $2 and d.round_id = page.round_id and d.ordinal = page.ordinal
  limit 1
) row
join recipient p on p.tenant_id = $1 and p.recipient_id = row.recipient_id
order by row.recipient_id
