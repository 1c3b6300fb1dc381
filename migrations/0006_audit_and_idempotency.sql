-- Who did what, and the answers kept for repeated keys.

create table audit (
  audit_id bigint generated always as identity,
  tenant_id integer not null,
  happened_at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb,
  primary key (tenant_id, audit_id)
);
comment on table audit is 'Append-only: who did what to what.';
comment on column audit.audit_id is 'In order of writing.';
comment on column audit.tenant_id is 'The tenant.';
comment on column audit.happened_at is 'When.';
comment on column audit.actor is 'Who: a signed-in person, an application, the command line, or Stentor itself.';
comment on column audit.action is 'What: broadcast_created, tenant_halted and the like.';
comment on column audit.subject is 'On what: the id of a broadcast, a round or a tenant.';
comment on column audit.detail is 'What else is worth knowing; never a person''s name or the text of a message.';

create table idempotency (
  tenant_id integer not null,
  key text not null,
  request_hash bytea not null,
  kept_at timestamptz not null,
  answer jsonb not null,
  primary key (tenant_id, key),
  constraint idempotency_key_is_short check (length(key) between 1 and 255)
);
comment on table idempotency is 'Answers kept, so that a repeated request is answered and not repeated.';
comment on column idempotency.tenant_id is 'The tenant.';
comment on column idempotency.key is 'The caller''s key.';
comment on column idempotency.request_hash is 'What was asked: the same key with another request is refused.';
comment on column idempotency.kept_at is 'When.';
comment on column idempotency.answer is 'What was answered.';
