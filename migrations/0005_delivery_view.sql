-- One row for each person of a broadcast, from the newest send or retry round that names her.

create view delivery as
select
  a.tenant_id,
  r.broadcast_id,
  a.round_id,
  a.ordinal,
  a.recipient_id,
  case coalesce(final.settles, 0)
    when 1 then 'sent'
    when 2 then 'failed'
    when 3 then 'skipped'
    when 4 then 'unconfirmed'
    when 5 then 'cancelled'
    else case b.state when 'cancelled' then 'cancelled' else 'pending' end
  end as state,
  case when final.settles is null and b.state = 'cancelled' then 'cancelled' else final.reason end as reason,
  final.message_id,
  coalesce(made.attempts, 0) as attempts,
  made.last_status,
  made.last_attempt_at
from round r
join broadcast b on b.tenant_id = r.tenant_id and b.broadcast_id = r.broadcast_id
join audience a on a.tenant_id = r.tenant_id and a.round_id = r.round_id
left join lateral (
  -- A definite answer beats doubt, whenever it came; among equals the newest holds.
  select t.settles, t.reason, t.message_id
  from attempt t
  where t.tenant_id = a.tenant_id and t.round_id = a.round_id and t.ordinal = a.ordinal and t.settles is not null
  order by (t.settles = 4), t.ended_at desc
  limit 1
) final on true
left join lateral (
  select
    count(*) filter (where t.step > 0) as attempts,
    (array_agg(t.status order by t.attempt desc) filter (where t.status is not null))[1] as last_status,
    max(t.ended_at) filter (where t.step > 0) as last_attempt_at
  from attempt t
  where t.tenant_id = a.tenant_id and t.round_id = a.round_id and t.ordinal = a.ordinal
) made on true
where r.kind in ('send', 'retry')
  and not exists (
    select
    from round newer
    join audience again on again.tenant_id = newer.tenant_id and again.round_id = newer.round_id
    where newer.tenant_id = r.tenant_id
      and newer.broadcast_id = r.broadcast_id
      and newer.kind = 'retry'
      and newer.round_id > r.round_id
      and again.recipient_id = a.recipient_id
  );
comment on view delivery is 'One row for each person of a broadcast; everything that reports on people reads it.';
comment on column delivery.tenant_id is 'The tenant.';
comment on column delivery.broadcast_id is 'The broadcast.';
comment on column delivery.round_id is 'The newest send or retry round that names her.';
comment on column delivery.ordinal is 'Her place in that round.';
comment on column delivery.recipient_id is 'The directory''s number for her.';
comment on column delivery.state is 'pending, sent, failed, skipped, unconfirmed or cancelled.';
comment on column delivery.reason is 'Why (a Reason code); null while pending and when sent.';
comment on column delivery.message_id is 'Teams'' id of the message.';
comment on column delivery.attempts is 'Requests made for her in that round.';
comment on column delivery.last_status is 'The last HTTP status.';
comment on column delivery.last_attempt_at is 'When the last attempt ended.';
