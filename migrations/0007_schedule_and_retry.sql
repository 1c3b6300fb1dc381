-- A broadcast may wait for its hour, lie still for too long, tell its author, and try some of its people again.

alter table broadcast
  add column start_at timestamptz,
  add column prepare_at timestamptz,
  add column time_zone text,
  add column tolerance_seconds integer not null default 3600,
  add column moved_at timestamptz not null default clock_timestamp(),
  add column author_id bigint,
  add column told_state text,
  add column notice_of bigint,
  add constraint broadcast_scheduled_has_its_hour check (state <> 'scheduled' or start_at is not null),
  add constraint broadcast_prepares_before_its_hour check (prepare_at is null or prepare_at < start_at),
  add constraint broadcast_tolerance_is_a_time check (tolerance_seconds >= 0);
comment on column broadcast.start_at is 'Its hour; null for one that started at once. Judged by lease_now().';
comment on column broadcast.prepare_at is 'From when its people are prepared (installed, resolved) ahead of the hour; null for not at all.';
comment on column broadcast.time_zone is 'The zone in which the author named the hour, for showing it again.';
comment on column broadcast.tolerance_seconds is 'How late it may start, and how long it may lie still, before it waits for a person.';
comment on column broadcast.moved_at is 'When its state last changed, by lease_now().';
comment on column broadcast.author_id is 'The person whom the bot tells when it ends, halts or misses its hour; null for nobody.';
comment on column broadcast.told_state is 'The state of which the author was told last; null again once it goes on.';
comment on column broadcast.notice_of is 'The broadcast of whose state this one tells the author; null for announcements.';
-- Serves work and take_tenants: the few authors who are to be told something.
create index broadcast_untold on broadcast (tenant_id, broadcast_id)
  where author_id is not null
    and state in ('done', 'cancelled', 'halted', 'missed')
    and told_state is distinct from state;

-- How long everything of a tenant lay still is told by the last sign of life of its last owner.
alter table worker add column seen_at timestamptz not null default clock_timestamp();
comment on column worker.seen_at is 'The last sign of life: registered, renewed or ended, by lease_now().';
alter table tenant add column left_at timestamptz;
comment on column tenant.left_at is 'When its last owner gave it back, by lease_now().';

alter table round
  add column retry_reasons text[],
  add column retry_unconfirmed boolean not null default false,
  add column from_failed integer not null default 0,
  add column from_unconfirmed integer not null default 0;
comment on column round.retry_reasons is 'Of a retry: whoever failed for one of these; null for every reason.';
comment on column round.retry_unconfirmed is 'Of a retry: also whoever may have been told.';
comment on column round.from_failed is 'Of a retry: how many of its people had failed before. They are counted here and no longer there.';
comment on column round.from_unconfirmed is 'Of a retry: how many of its people were unconfirmed before.';

alter table audience add column doubt text;
comment on column audience.doubt is 'Why she may have been told by an earlier round (a Reason code); null, and no byte, for nearly everybody.';

-- A round that is done has nobody pending: whoever is not settled was cancelled.
create or replace view delivery as
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
    else case r.state when 'done' then 'cancelled' else 'pending' end
  end as state,
  case when final.settles is null and r.state = 'done' then 'cancelled' else final.reason end as reason,
  final.message_id,
  coalesce(made.attempts, 0) as attempts,
  made.last_status,
  made.last_attempt_at
from round r
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

comment on function lease_now() is 'The one clock that judges leases, hours and how long something lay still: the database''s own.';
