-- Announcements also go into activity feeds and into channels of teams, and what was sent can be set right.

alter table broadcast
  add column channels text not null default 'chat',
  add column notification jsonb,
  add column expire_at timestamptz,
  add column recalled_at timestamptz,
  add constraint broadcast_channels_are_known check (channels in ('chat', 'feed', 'both', 'team_channel')),
  add constraint broadcast_notifies_with_words check ((channels in ('feed', 'both')) = (notification is not null));
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
