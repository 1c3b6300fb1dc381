-- counters_and_facts
-- $1 limit
-- The screen sums counters, the export reads facts: they must say the same of everybody who is settled.
select c.tenant_id, c.round_id, c.number, null::int as ordinal,
  format('by the counters %s sent, %s failed, %s skipped, %s unconfirmed; by the facts %s, %s, %s, %s',
    c.sent + c.late_sent, c.failed + c.late_failed, c.skipped, c.unconfirmed - c.late_sent - c.late_failed,
    f.sent, f.failed, f.skipped, f.unconfirmed) as detail,
  count(*) over () as total
from chunk c
cross join lateral (
  select count(*) filter (where settles = 1) as sent, count(*) filter (where settles = 2) as failed,
    count(*) filter (where settles = 3) as skipped, count(*) filter (where settles = 4) as unconfirmed
  from (
    -- As the delivery view has it: a definite answer beats doubt.
    select distinct on (a.ordinal) a.ordinal, a.settles
    from attempt a
    where a.tenant_id = c.tenant_id
      and a.round_id = c.round_id
      and a.ordinal between c.first_ordinal and c.first_ordinal + c.size - 1
      and a.settles is not null
    order by a.ordinal, (a.settles = 4), a.ended_at desc
  ) final
  where get_bit(c.settled, final.ordinal - c.first_ordinal) = 1
) f
where bit_count(c.settled) > 0
  and (c.sent + c.late_sent, c.failed + c.late_failed, c.skipped, c.unconfirmed - c.late_sent - c.late_failed)
    <> (f.sent, f.failed, f.skipped, f.unconfirmed)
order by 1, 2, 3
limit $1
