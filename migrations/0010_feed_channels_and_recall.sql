-- Announcements also go into activity feeds and into channels of teams, and what was sent can be set right.

alter table broadcast
  add column channels text not null default 'chat',
  add column notification jsonb,
  add column expire_at timestamptz,
  add column recalled_at timestamptz,
  drop constraint broadcast_audience_is_known,
  add constraint broadcast_audience_is_known check (audience in ('everyone', 'list', 'places', 'expression')),
  add constraint broadcast_channels_are_known check (channels in ('chat', 'feed', 'both', 'team_channel')),
  add constraint broadcast_notifies_with_words check ((channels in ('feed', 'both')) = (notification is not null));
comment on column broadcast.audience is 'Whom it is for: everyone, the people or the places of audience_list, or whom the expression names when the audience is frozen.';
comment on column broadcast.channels is 'Which ways it goes: as messages in chats, as entries in activity feeds, as both, as posts in channels.';
comment on column broadcast.notification is 'What is said in activity feeds, or null.';
comment on column broadcast.expire_at is 'When it is recalled by itself, by lease_now(); null for never.';
comment on column broadcast.recalled_at is 'Since when it is recalled, or being so; null when it is not.';
-- Serves take_tenants and work: the few broadcasts that are to be recalled by themselves.
create index broadcast_expiring on broadcast (tenant_id, expire_at) where expire_at is not null and recalled_at is null;

alter table round
  add column channel text not null default 'chat',
  add column content jsonb,
  add column notification jsonb,
  add column replaced jsonb,
  drop constraint round_kind_is_known,
  add constraint round_kind_is_known check (kind in ('send', 'prepare', 'retry', 'correct', 'recall', 'notify')),
  add constraint round_channel_is_known check (channel in ('chat', 'feed', 'post'));
comment on column round.kind is 'Why it passes over its set: send, prepare, retry, correct, recall, or notify once the messages have gone out.';
comment on column round.channel is 'Which way its people are told: chat, feed or post.';
comment on column round.content is 'What it says in chats and channels, where that is not what the broadcast says; a recall without it deletes.';
comment on column round.notification is 'What it says in activity feeds, where that is not what the broadcast says.';
comment on column round.replaced is 'Of a correction: what the broadcast said before, content and notification.';

alter table recipient add column venue jsonb;
comment on column recipient.venue is 'Null for a person. Otherwise where something goes that is not one person''s: a channel of a team, or the members of a team, a channel or a chat. Its entra_id is made from it.';

alter table audience add column message_id text;
comment on column audience.message_id is 'Of a correction or a recall: which message is to be replaced or deleted.';

-- Not valid: what was written before obeys the narrower rule, so no row need be read again.
alter table attempt
  drop constraint attempt_step_is_known,
  add constraint attempt_step_is_known check (step between 0 and 9) not valid;
comment on column attempt.step is 'Which request: 1 check, 2 install, 3 resolve, 4 send, 5 create, 6 notify, 7 notify many, 8 replace, 9 withdraw; 0 for a decision of ours without one.';
comment on column bucket.name is 'The bucket: check, install, resolve, send, catalog, directory, notify, notify_many.';

-- A program that does not know venues would tell them as if they were people.
update schema_compatibility set compatible_from = 10;

-- What the delivery view says of the rounds that tell, for every round.
create view passage as
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
) made on true;
comment on view passage is 'One row for each person of each round, as that round left her.';
comment on column passage.tenant_id is 'The tenant.';
comment on column passage.broadcast_id is 'The broadcast.';
comment on column passage.round_id is 'The round.';
comment on column passage.ordinal is 'Her place in it.';
comment on column passage.recipient_id is 'The directory''s number for her.';
comment on column passage.state is 'pending, sent, failed, skipped, unconfirmed or cancelled; sent also where something was replaced or deleted.';
comment on column passage.reason is 'Why (a Reason code); null while pending and when sent.';
comment on column passage.message_id is 'Teams'' id of the message.';
comment on column passage.attempts is 'Requests made for her in it.';
comment on column passage.last_status is 'The last HTTP status.';
comment on column passage.last_attempt_at is 'When the last attempt ended.';
