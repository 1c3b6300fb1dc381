-- The newest round that names her, as the view will have it.
page as materialized (
  select distinct on (s.recipient_id) s.recipient_id, s.round_id, s.ordinal
  from slices s, known k
  where s.recipient_id <= coalesce(k.through, s.recipient_id)
  order by s.recipient_id, s.round_id desc
  limit $4
)
