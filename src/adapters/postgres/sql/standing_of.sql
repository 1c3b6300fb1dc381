-- standing_of
-- $1 tenant, $2 broadcast, $3 after this recipient, $4 limit, $5 before this round, $6 channel,
-- $7 without those whom an earlier recall reached
-- Whom a correction or a recall takes up: one row for each person of the rounds that told, wanted or not, at the cost of
-- one page. As in an export, each round's first ordinal after $3 is found by halving.
with recursive passes as materialized (
  select r.round_id, r.targeted, r.kind = 'recall' as recalls
  from round r
  join broadcast b on b.tenant_id = r.tenant_id and b.broadcast_id = r.broadcast_id
  where r.tenant_id = $1
    and r.broadcast_id = $2
    and r.round_id < $5
    and case
      when r.kind = 'recall' then $7 and r.channel = $6
      when b.channels = 'both' and $6 = 'feed' then r.kind = 'notify'
      else r.kind in ('send', 'retry')
    end
),
