-- What migration 0010 made possible, by hand, on top of the rows before it: a notification in activity feeds that was corrected,
-- a post in a channel, and a message that was recalled.

insert into recipient (tenant_id, entra_id, user_principal_name, display_name, guest, enabled, licensed, kept_at, venue)
values (1, '99999999-9999-5999-8999-999999999999', 'venue', 'Milan / News', false, true, true, '2026-11-26 08:00:00+00',
  '{"kind": "channel", "team": "77777777-7777-4777-8777-777777777777", "channel": "News"}');
insert into broadcast (tenant_id, broadcast_id, state, urgent, when_in_doubt, audience, channels, notification, deadline_at,
  created_at, started_at, finished_at, title, content)
values (1, 913098700000000008, 'done', false, 'hold', 'everyone', 'feed',
  '{"scope": "user", "topic": "app", "activity_type": "announcementPublished", "preview": "News", "parameters": [["title", "News"]]}',
  '2100-01-04 08:00:00+00', '2026-11-24 16:08:16+00', '2026-11-24 16:08:17+00', '2026-11-24 16:09:17+00', 'News',
  '{"title": "News", "body": "Text."}');
insert into round (tenant_id, round_id, broadcast_id, kind, channel, state, targeted, created_at, finished_at)
values (1, 913098700000000008, 913098700000000008, 'send', 'feed', 'done', 0, '2026-11-24 16:08:16+00', '2026-11-24 16:09:17+00');
insert into broadcast (tenant_id, broadcast_id, state, urgent, when_in_doubt, audience, channels, deadline_at, created_at,
  started_at, finished_at, expire_at, recalled_at, title, content)
values (1, 913098700000000009, 'done', false, 'hold', 'list', 'team_channel', '2100-01-04 08:00:00+00',
  '2026-11-24 16:08:16+00', '2026-11-24 16:08:17+00', '2026-11-24 16:09:17+00', '2026-11-25 16:08:16+00',
  '2026-11-25 16:08:17+00', 'News', '{"title": "News", "body": "Text."}');
insert into round (tenant_id, round_id, broadcast_id, kind, channel, state, targeted, created_at, finished_at)
values (1, 913098700000000009, 913098700000000009, 'send', 'post', 'done', 0, '2026-11-24 16:08:16+00', '2026-11-24 16:09:17+00');
insert into round (tenant_id, round_id, broadcast_id, parent_round_id, kind, channel, content, replaced, state, targeted,
  created_at, finished_at)
values (1, 913098700000000010, 913098700000000009, 913098700000000009, 'recall', 'post',
  '{"title": "Withdrawn", "body": "This announcement was withdrawn."}', null, 'done', 0, '2026-11-25 16:08:17+00',
  '2026-11-25 16:08:19+00');
