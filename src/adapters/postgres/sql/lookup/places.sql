-- lookup_places
-- $1 tenant, $2 rounds, $3 how many each names, $4 people
-- The first place in each round whose person has at least this number: found by halving, all of them at once.
with recursive halving as (
  select p.recipient_id, r.round_id, 0 as low, r.targeted as high
  from unnest($2::bigint[], $3::int[]) as r (round_id, targeted)
  cross join unnest($4::bigint[]) as p (recipient_id)
  union all
  select h.recipient_id, h.round_id, case when middle.before then (h.low + h.high) / 2 + 1 else h.low end,
    case when middle.before then h.high else (h.low + h.high) / 2 end
  from halving h
  cross join lateral (
    select a.recipient_id < h.recipient_id as before
    from audience a
    where a.tenant_id = $1 and a.round_id = h.round_id and a.ordinal = (h.low + h.high) / 2
    limit 1
  ) middle
  where h.low < h.high
)
