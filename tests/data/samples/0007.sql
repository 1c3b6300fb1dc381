-- What migration 0007 made possible, by hand, on top of the rows before it: a broadcast that waits for its hour with a
-- round that prepares its people, and a retry of one person who may have been told.

insert into broadcast (tenant_id, broadcast_id, state, urgent, when_in_doubt, audience, deadline_at, created_at, title,
  content, start_at, prepare_at, time_zone, tolerance_seconds, author_id)
values (1, 913098700000000001, 'scheduled', false, 'hold', 'everyone', '2100-01-04 08:00:00+00',
  '2026-11-24 16:08:16+00', 'All hands', '{"title": "All hands", "body": "At nine."}', '2100-01-01 08:00:00+00',
  '2099-12-31 20:00:00+00', 'Europe/Berlin', 1800, 1);
insert into round (tenant_id, round_id, broadcast_id, kind, state, created_at)
values (1, 913098700000000002, 913098700000000001, 'send', 'expanding', '2026-11-24 16:08:16+00'),
  (1, 913098700000000003, 913098700000000001, 'prepare', 'expanding', '2026-11-24 16:08:16+00');

insert into broadcast (tenant_id, broadcast_id, state, urgent, when_in_doubt, audience, deadline_at, created_at,
  started_at, finished_at, title, content, author_id, told_state)
values (1, 913098700000000004, 'done', false, 'hold', 'list', '2100-01-04 08:00:00+00', '2026-11-24 16:08:16+00',
  '2026-11-24 16:08:17+00', '2026-11-24 16:09:17+00', 'Canteen', '{"title": "Canteen", "body": "Soup."}', 1, 'done');
insert into round (tenant_id, round_id, broadcast_id, parent_round_id, kind, state, targeted, created_at, finished_at,
  retry_reasons, retry_unconfirmed, from_failed, from_unconfirmed)
values (1, 913098700000000005, 913098700000000004, null, 'send', 'done', 1, '2026-11-24 16:08:16+00',
  '2026-11-24 16:08:18+00', null, false, 0, 0),
  (1, 913098700000000006, 913098700000000004, 913098700000000005, 'retry', 'done', 1, '2026-11-24 16:09:16+00',
  '2026-11-24 16:09:17+00', '{no_licence}', true, 0, 1);
insert into audience (tenant_id, round_id, ordinal, recipient_id, doubt)
values (1, 913098700000000005, 0, 1, null), (1, 913098700000000006, 0, 1, 'answer_lost');
insert into chunk (tenant_id, round_id, number, first_ordinal, size, epoch, flush_number, state, open, settled,
  unconfirmed, sent)
values (1, 913098700000000005, 0, 0, 1, 1, 2, 2, '\x00', '\x01', 1, 0),
  (1, 913098700000000006, 0, 0, 1, 1, 2, 2, '\x00', '\x01', 0, 1);
insert into attempt (tenant_id, round_id, ordinal, attempt, epoch, step, outcome, settles, reason, message_id, status,
  started_at, ended_at)
values (1, 913098700000000005, 0, 1, 1, 4, 10, 4, 'answer_lost', null, null, '2026-11-24 16:08:17+00',
  '2026-11-24 16:08:18+00'),
  (1, 913098700000000006, 0, 1, 1, 4, 2, 1, null, '1795536557000', 201, '2026-11-24 16:09:16+00',
  '2026-11-24 16:09:17+00');
insert into tenant overriding system value values (2, '11111111-1111-4111-8111-111111111112',
  '22222222-2222-4222-8222-222222222222', null, null, null, null, null, 5, '2026-11-24 16:08:10+00');
