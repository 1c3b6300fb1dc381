-- What migration 0011 made possible, by hand, on top of the rows before it: a draft that was rejected and one that was sent,
-- a picture, somebody signed in and somebody about to be, an answer kept and one that is being worked on, and a deed.

insert into draft (tenant_id, draft_id, version, expected, state, created_at, edited_at, submitted_at, decided_at,
  created_by, created_by_name, edited_by, edited_by_name, submitted_by, submitted_by_name, decided_by, decided_by_name,
  rejection, manuscript)
values
  (1, 913098700000000020, 3, 40000, 'draft', '2026-11-26 08:00:00+00', '2026-11-26 08:01:00+00', '2026-11-26 08:02:00+00',
    '2026-11-26 08:03:00+00', 'person:11111111-1111-4111-8111-111111111111', 'Ann', 'person:11111111-1111-4111-8111-111111111111',
    'Ann', 'person:11111111-1111-4111-8111-111111111111', 'Ann', 'person:22222222-2222-4222-8222-222222222222', 'Bob',
    'Name the building.', '{"title": "News", "body": "Text."}'),
  (1, 913098700000000007, 2, 2, 'sent', '2026-11-24 16:08:00+00', '2026-11-24 16:08:00+00', '2026-11-24 16:08:16+00', null,
    'application:33333333-3333-4333-8333-333333333333', 'HR', 'application:33333333-3333-4333-8333-333333333333', 'HR',
    'application:33333333-3333-4333-8333-333333333333', 'HR', null, null, null,
    '{"title": "News", "body": "Text.", "audience": {"expression": "everyone"}}');
insert into picture (tenant_id, picture_id, created_at, width, height, media_type, created_by, bytes)
values (1, '44444444-4444-4444-8444-444444444444', '2026-11-26 08:00:00+00', 1, 1, 'image/png',
  'person:11111111-1111-4111-8111-111111111111', '\x89504e47');
insert into sign_in (tenant_id, state_hash, browser_hash, ends_at, nonce, verifier, return_to)
values (1, '\x01', '\x02', '2026-11-26 08:10:00+00', 'nonce', 'verifier', '/');
insert into session (tenant_id, token_hash, person_id, began_at, seen_at, ends_at, name, principal_name, roles, csrf)
values (1, '\x03', '11111111-1111-4111-8111-111111111111', '2026-11-26 08:00:00+00', '2026-11-26 08:30:00+00',
  '2026-11-26 20:00:00+00', 'Ann', 'ann@contoso.example', '{Author}', 'csrf');
insert into idempotency (tenant_id, caller, key, request_hash, kept_at, chance, taken_until, answer)
values
  (1, 'application:33333333-3333-4333-8333-333333333333', 'k1', '\x04', '2026-11-26 08:00:00+00', 7, '2026-11-26 08:01:00+00',
    '{"status": 201, "headers": [], "body": "{}"}'),
  (1, 'application:33333333-3333-4333-8333-333333333333', 'k2', '\x05', '2026-11-26 08:00:00+00', 8, '2026-11-26 08:01:00+00', null);
insert into audit (tenant_id, happened_at, actor, action, subject, request_id, status, actor_name, before, after)
values (1, '2026-11-26 08:03:00+00', 'person:22222222-2222-4222-8222-222222222222', 'reject_broadcast', '913098700000000020',
  '55555555-5555-4555-8555-555555555555', 200, 'Bob', '{"state": "awaiting_approval"}', '{"state": "draft"}');
