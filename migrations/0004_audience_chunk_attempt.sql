-- The large tables, in weekly partitions by round. Expanding creates the week that it needs; retention drops old ones.

create table audience (
  round_id bigint not null,
  recipient_id bigint not null,
  tenant_id integer not null,
  ordinal integer not null,
  primary key (tenant_id, round_id, ordinal)
) partition by range (round_id);
comment on table audience is 'Who is in a round: insert only. Ordinals follow the recipient id.';
comment on column audience.round_id is 'The round.';
comment on column audience.recipient_id is 'The person.';
comment on column audience.tenant_id is 'The tenant.';
comment on column audience.ordinal is 'Her place in the round, from 0.';

create table chunk (
  round_id bigint not null,
  owner bigint,
  flush_number bigint not null default 0,
  tenant_id integer not null,
  number integer not null,
  first_ordinal integer not null,
  size integer not null,
  epoch integer not null default 0,
  sent integer not null default 0,
  failed integer not null default 0,
  skipped integer not null default 0,
  unconfirmed integer not null default 0,
  late_sent integer not null default 0,
  late_failed integer not null default 0,
  state smallint not null default 0,
  crashes smallint not null default 0,
  open bytea not null,
  settled bytea not null,
  primary key (tenant_id, round_id, number),
  constraint chunk_state_is_known check (state between 0 and 2),
  constraint chunk_has_an_owner_when_claimed check ((state = 1) = (owner is not null)),
  constraint chunk_is_not_empty check (size between 1 and 1000),
  constraint chunk_bits_fit check (octet_length(open) = (size + 7) / 8 and octet_length(settled) = (size + 7) / 8),
  constraint chunk_counts_its_people check (sent + failed + skipped + unconfirmed = bit_count(settled)),
  constraint chunk_late_answers_were_unconfirmed check (late_sent + late_failed <= unconfirmed),
  constraint chunk_is_finished_when_all_settled check (state <> 2 or (bit_count(settled) = size and bit_count(open) = 0))
) partition by range (round_id);
comment on table chunk is 'A run of ordinals: claimed, moved and counted by one owner at a time.';
comment on column chunk.round_id is 'The round.';
comment on column chunk.owner is 'The worker that claimed it; exactly when the state is 1.';
comment on column chunk.flush_number is 'The last flush that moved it: repeating a flush changes nothing.';
comment on column chunk.tenant_id is 'The tenant.';
comment on column chunk.number is 'Its place in the round, from 0.';
comment on column chunk.first_ordinal is 'Its first ordinal.';
comment on column chunk.size is 'Its number of ordinals.';
comment on column chunk.epoch is 'Grows with each claim and each rescue; a flush with another epoch changes nothing.';
comment on column chunk.sent is 'People whose message Teams took.';
comment on column chunk.failed is 'People who cannot be reached, for a named reason.';
comment on column chunk.skipped is 'People who cannot be reached by rule.';
comment on column chunk.unconfirmed is 'People who may have been reached, held by policy. Late answers do not lower it.';
comment on column chunk.late_sent is 'Of the unconfirmed, those whom a late answer proved sent.';
comment on column chunk.late_failed is 'Of the unconfirmed, those whom a late answer proved failed.';
comment on column chunk.state is '0 ready, 1 claimed, 2 finished.';
comment on column chunk.crashes is 'Owners that died while a send of this chunk was open.';
comment on column chunk.open is 'One bit an ordinal, lowest first: a send may be on the wire.';
comment on column chunk.settled is 'One bit an ordinal, lowest first: has its final state.';
-- Serves claim.
create index chunk_ready on chunk (tenant_id, round_id, number) where state = 0;
-- Serves rescue.
create index chunk_claimed on chunk (tenant_id, round_id, number) where state = 1;

create table attempt (
  round_id bigint not null,
  started_at timestamptz not null,
  ended_at timestamptz not null,
  request_id uuid,
  tenant_id integer not null,
  ordinal integer not null,
  epoch integer not null,
  attempt integer not null,
  step smallint not null,
  outcome smallint,
  settles smallint,
  status smallint,
  message_id text,
  reason text,
  primary key (tenant_id, round_id, ordinal, attempt, epoch),
  constraint attempt_step_is_known check (step between 0 and 4),
  constraint attempt_without_a_request_settles check (step <> 0 or (settles is not null and reason is not null)),
  constraint attempt_settles_a_known_state check (settles between 1 and 5),
  constraint attempt_ends_after_it_began check (ended_at >= started_at)
) partition by range (round_id);
comment on table attempt is 'What happened: one row for each request made for a delivery, written once and never changed.';
comment on column attempt.round_id is 'The round.';
comment on column attempt.started_at is 'When it began, by the worker''s clock.';
comment on column attempt.ended_at is 'When it ended, by the worker''s clock.';
comment on column attempt.request_id is 'Our id of the request, sent along; null when no request was made.';
comment on column attempt.tenant_id is 'The tenant.';
comment on column attempt.ordinal is 'Whose.';
comment on column attempt.epoch is 'The epoch under which it was made: a late fact stands beside its successor''s.';
comment on column attempt.attempt is 'Its number among the recipient''s in this round, from 1.';
comment on column attempt.step is '0 decided without a request, 1 check, 2 install, 3 resolve, 4 send.';
comment on column attempt.outcome is 'What it taught (Outcome::number); null when no request was made.';
comment on column attempt.settles is 'The final state that it led to: 1 sent, 2 failed, 3 skipped, 4 unconfirmed, 5 cancelled; or null.';
comment on column attempt.status is 'The HTTP status, if there was an answer.';
comment on column attempt.message_id is 'Teams'' id of the message.';
comment on column attempt.reason is 'Why (a Reason code); null for a success.';
