-- Announcements, and the passes made over their people.

create table broadcast (
  tenant_id integer not null,
  broadcast_id bigint not null,
  state text not null,
  control_version integer not null default 0,
  urgent boolean not null,
  when_in_doubt text not null,
  audience text not null,
  deadline_at timestamptz not null,
  created_at timestamptz not null,
  started_at timestamptz,
  finished_at timestamptz,
  halted_at timestamptz,
  halt_reason text,
  halt_detail text,
  title text not null,
  content jsonb not null,
  primary key (tenant_id, broadcast_id),
  constraint broadcast_state_is_known check (state in ('draft', 'awaiting_approval', 'scheduled', 'expanding', 'running', 'paused', 'halted', 'cancelling', 'cancelled', 'done', 'missed')),
  constraint broadcast_when_in_doubt_is_known check (when_in_doubt in ('hold', 'resend')),
  constraint broadcast_audience_is_known check (audience in ('everyone', 'list')),
  constraint broadcast_halt_has_its_reason check ((state <> 'halted' or halt_reason is not null) and (halt_reason is null) = (halted_at is null)),
  constraint broadcast_end_has_its_instant check ((state in ('cancelled', 'done')) = (finished_at is not null))
) with (fillfactor = 50);
comment on table broadcast is 'One announcement: what is said, how it is treated, where it stands.';
comment on column broadcast.tenant_id is 'The tenant.';
comment on column broadcast.broadcast_id is 'Time-ordered id.';
comment on column broadcast.state is 'Its life, draft to done.';
comment on column broadcast.control_version is 'Grows with each change of state by a person or a halt; every flush reads the state back.';
comment on column broadcast.urgent is 'Goes before broadcasts that are not.';
comment on column broadcast.when_in_doubt is 'What to do with a send that may have arrived: hold or resend.';
comment on column broadcast.audience is 'Whom it is for: everyone, or the people of audience_list.';
comment on column broadcast.deadline_at is 'Whoever has not had his turn by then fails as expired.';
comment on column broadcast.created_at is 'When it was accepted.';
comment on column broadcast.started_at is 'When its first chunk became claimable.';
comment on column broadcast.finished_at is 'When it ended; exactly when the state is final.';
comment on column broadcast.halted_at is 'Since when we have stopped it.';
comment on column broadcast.halt_reason is 'Why we stopped it (a HaltReason code).';
comment on column broadcast.halt_detail is 'What the service said, for the administrator.';
comment on column broadcast.title is 'Its heading, for lists.';
comment on column broadcast.content is 'What is said, as the domain''s Content.';

create table audience_list (
  tenant_id integer not null,
  broadcast_id bigint not null,
  recipient_id bigint not null,
  primary key (tenant_id, broadcast_id, recipient_id)
);
comment on table audience_list is 'The people of a list, until its broadcast''s audience is frozen.';
comment on column audience_list.tenant_id is 'The tenant.';
comment on column audience_list.broadcast_id is 'The broadcast.';
comment on column audience_list.recipient_id is 'One person.';

create table round (
  tenant_id integer not null,
  round_id bigint not null,
  broadcast_id bigint not null,
  parent_round_id bigint,
  kind text not null,
  state text not null,
  targeted integer not null default 0,
  expanded_through bigint not null default 0,
  created_at timestamptz not null,
  finished_at timestamptz,
  primary key (tenant_id, round_id),
  constraint round_kind_is_known check (kind in ('send', 'prepare', 'retry', 'correct', 'recall')),
  constraint round_state_is_known check (state in ('expanding', 'running', 'done')),
  constraint round_end_has_its_instant check ((state = 'done') = (finished_at is not null))
) with (fillfactor = 50);
comment on table round is 'One pass over a frozen set of people.';
comment on column round.tenant_id is 'The tenant.';
comment on column round.round_id is 'Time-ordered id; tells the week whose partitions hold its rows.';
comment on column round.broadcast_id is 'Its broadcast.';
comment on column round.parent_round_id is 'The round whose people it takes again, for a retry, a correction or a recall.';
comment on column round.kind is 'Why it passes.';
comment on column round.state is 'Where it stands.';
comment on column round.targeted is 'People with an ordinal so far; all of them once the state is not expanding.';
comment on column round.expanded_through is 'The last recipient_id that has an ordinal; expanding goes on after it.';
comment on column round.created_at is 'When it was asked for.';
comment on column round.finished_at is 'When it ended.';
-- Serves reports and the delivery view.
create index round_by_broadcast on round (tenant_id, broadcast_id);
-- Serves work and take_tenants: the few rounds that are not done.
create index round_unfinished on round (tenant_id, round_id) where state <> 'done';
