-- lookup_rows
-- $1 tenant, $2 rounds, $3 ordinals in them, $4 state or null, $5 reason or null
with page as materialized (
  select round_id, ordinal
  from unnest($2::bigint[], $3::int[]) as place (round_id, ordinal)
)
