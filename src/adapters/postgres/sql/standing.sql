each_round as materialized (
  select s.recipient_id, s.round_id, p.recalls, f.settles, f.message_id, f.messages, f.doubt, f.perhaps, f.taken
  from slices s
  join passes p on p.round_id = s.round_id
  cross join lateral (
    select
      (array_agg(t.settles order by t.settles = 4, t.ended_at desc) filter (where t.settles is not null))[1] as settles,
      (array_agg(t.message_id order by t.settles is null, t.ended_at desc)
        filter (where t.outcome = 2 and t.message_id is not null))[1] as message_id,
      count(distinct t.message_id) filter (where t.outcome = 2 and t.step = 4) as messages,
      -- A send whose answer nobody saw, and no late answer either.
      (array_agg(coalesce(t.reason, 'answer_lost') order by t.attempt) filter (
        where t.step = 4 and t.outcome = 10 and not exists (
          select
          from attempt late
          where late.tenant_id = $1
            and late.round_id = s.round_id
            and late.ordinal = s.ordinal
            and late.attempt = t.attempt
            and late.outcome = 2
        )
      ))[1] as doubt,
      coalesce(bool_or(t.step in (6, 7) and t.outcome = 10), false) as perhaps,
      coalesce(bool_or(t.outcome = 2), false) as taken
    from attempt t
    where t.tenant_id = $1 and t.round_id = s.round_id and t.ordinal = s.ordinal
  ) f
),
everybody as (
  select e.recipient_id,
    -- Where the newest round has her.
    (array_agg(e.settles order by e.round_id desc) filter (where not e.recalls))[1] as settles,
    (array_agg(e.message_id order by e.round_id desc) filter (where not e.recalls and e.message_id is not null))[1]
      as message_id,
    (array_agg(e.doubt order by e.round_id) filter (where not e.recalls and e.doubt is not null))[1] as doubt,
    coalesce(sum(e.messages) filter (where not e.recalls), 0) as messages,
    coalesce(bool_or(e.perhaps and not e.recalls), false) as perhaps,
    coalesce(bool_or(e.taken and e.recalls), false) as withdrawn
  from each_round e
  group by e.recipient_id
)
select e.recipient_id,
  not e.withdrawn and case $6 when 'feed' then coalesce(e.settles = 1, false) or e.perhaps else coalesce(e.settles in (1, 4), false) end
    as wanted,
  e.message_id,
  -- Two that are known are one too many as well: only one can be named.
  coalesce(e.doubt, case when e.messages > 1 then 'answer_lost' end) as doubt
from everybody e, known k
where e.recipient_id <= coalesce(k.through, e.recipient_id)
order by e.recipient_id
limit $4
