-- What migration 0008 made possible, by hand, on top of the rows before it: a chat that the connector opened.

insert into attempt (tenant_id, round_id, ordinal, attempt, epoch, step, outcome, settles, reason, message_id, status,
  started_at, ended_at)
values (1, 913098700000000006, 0, 2, 1, 5, 15, null, null, null, 201, '2026-11-24 16:09:16+00',
  '2026-11-24 16:09:17+00');
