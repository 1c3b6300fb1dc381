-- deliveries
-- $1 tenant, $2 broadcast, $3 after this recipient, $4 limit, $5 kinds of rounds, $6 channel or null for any
-- One page, at the cost of one page. Within a round, ordinals follow the recipient's number; so each round's first
-- ordinal after $3 is found by halving, as in a telephone book, and no index of the audience by recipient is needed.
with recursive passes as materialized (
  select round_id, targeted
  from round
  where tenant_id = $1 and broadcast_id = $2 and kind = any($5)
    and channel = coalesce($6, channel)
),
