-- What migration 0009 made possible, by hand, on top of the rows before it: a directory that was read and is being read again, a person of whom the
-- bot heard, one who left, a group with a member, a saved audience, and a broadcast to whom an expression names.

insert into directory (tenant_id, read_at, delta_link, began_at, next_page, reader, reader_until)
values (1, '2026-11-26 08:00:00+00', 'https://graph.example/v1.0/users/delta?$deltatoken=1', '2026-11-26 09:00:00+00',
  'https://graph.example/v1.0/users?$skiptoken=2', 7, '2026-11-26 09:00:30+00');
insert into directory_page (tenant_id, people) values (1, '{1}');
update recipient
set department = 'Sales', job_title = 'Buyer', office = 'Lyon', country = 'France', language = 'fr-FR',
  service_url = 'https://smba.trafficmanager.net/emea/', heard_at = '2026-11-26 08:01:00+00',
  told_at = '2026-11-26 08:00:59+00', answered_at = '2026-11-26 08:01:01+00'
where tenant_id = 1 and recipient_id = 1;
update tenant set answered_at = '2026-11-26 08:01:01+00' where tenant_id = 1;
insert into directory_group (tenant_id, group_id, team, hidden, members, outsiders, read_at, name)
values (1, '77777777-7777-4777-8777-777777777777', true, false, 1, 2, '2026-11-26 08:00:00+00', 'Milan');
insert into group_member (tenant_id, group_id, recipient_id) values (1, '77777777-7777-4777-8777-777777777777', 1);
insert into saved_audience (tenant_id, name, expression, saved_at)
values (1, 'south', 'country = "France" or group "Milan"', '2026-11-26 08:00:00+00');
insert into broadcast (tenant_id, broadcast_id, state, urgent, when_in_doubt, audience, expression, expected, deadline_at,
  created_at, started_at, finished_at, title, content)
values (1, 913098700000000007, 'done', false, 'hold', 'expression', 'saved "south" or list "board"', 2,
  '2100-01-04 08:00:00+00', '2026-11-24 16:08:16+00', '2026-11-24 16:08:17+00', '2026-11-24 16:09:17+00', 'News',
  '{"title": "News", "body": "Text."}');
insert into round (tenant_id, round_id, broadcast_id, kind, state, targeted, listed_at, created_at, finished_at)
values (1, 913098700000000007, 913098700000000007, 'send', 'done', 0, '2026-11-24 16:08:16+00', '2026-11-24 16:08:16+00',
  '2026-11-24 16:09:17+00');
insert into broadcast_list (tenant_id, broadcast_id, name, people) values (1, 913098700000000007, 'board', '{1, 2}');
