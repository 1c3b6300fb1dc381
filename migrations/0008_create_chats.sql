-- The connector may be asked to open a chat: a fifth step.

-- Not valid: what was written before obeys the narrower rule, so no row need be read again.
alter table attempt
  drop constraint attempt_step_is_known,
  add constraint attempt_step_is_known check (step between 0 and 5) not valid;
comment on column attempt.step is '0 decided without a request, 1 check, 2 install, 3 resolve, 4 send, 5 create.';
