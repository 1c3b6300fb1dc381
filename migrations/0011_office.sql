-- What the people's side keeps: drafts, pictures, sessions; who did what, and answers to repeated requests; and what makes
-- the people of a large broadcast quick to look up.

create table draft (
  tenant_id integer not null,
  draft_id bigint not null,
  version integer not null,
  expected integer,
  state text not null,
  created_at timestamptz not null,
  edited_at timestamptz not null,
  submitted_at timestamptz,
  decided_at timestamptz,
  created_by text not null,
  created_by_name text not null,
  edited_by text not null,
  edited_by_name text not null,
  submitted_by text,
  submitted_by_name text,
  decided_by text,
  decided_by_name text,
  rejection text,
  manuscript jsonb not null,
  primary key (tenant_id, draft_id),
  constraint draft_state_is_known check (state in ('draft', 'awaiting_approval', 'sent')),
  constraint draft_is_handed_in_by_somebody check ((submitted_at is null) = (submitted_by is null)),
  constraint draft_is_decided_by_somebody check ((decided_at is null) = (decided_by is null)),
  constraint draft_is_rejected_by_somebody check (rejection is null or decided_by is not null)
);
comment on table draft is 'An announcement as its author wrote it: being written, waiting for a second person, or sent.';
comment on column draft.tenant_id is 'The tenant.';
comment on column draft.draft_id is 'Time-ordered id; that of the broadcast which is made of it.';
comment on column draft.version is 'Grows with every change: whoever changes it names the version that was read.';
comment on column draft.expected is 'How many people it meant when it was handed in.';
comment on column draft.state is 'draft, awaiting_approval or sent.';
comment on column draft.created_at is 'When it was begun.';
comment on column draft.edited_at is 'When it was changed last.';
comment on column draft.submitted_at is 'When it was handed in for approval, or sent.';
comment on column draft.decided_at is 'When it was released or rejected.';
comment on column draft.created_by is 'Who began it: person or application, and the id.';
comment on column draft.created_by_name is 'Their name at that time.';
comment on column draft.edited_by is 'Who changed it last.';
comment on column draft.edited_by_name is 'Their name at that time.';
comment on column draft.submitted_by is 'Who handed it in.';
comment on column draft.submitted_by_name is 'Their name at that time.';
comment on column draft.decided_by is 'Who released or rejected it.';
comment on column draft.decided_by_name is 'Their name at that time.';
comment on column draft.rejection is 'Why it was rejected; null when it was not.';
comment on column draft.manuscript is 'What was written, as the domain''s Manuscript.';
-- Serves drafts: the few that were not sent.
create index draft_unsent on draft (tenant_id, draft_id) where state <> 'sent';

create table picture (
  tenant_id integer not null,
  picture_id uuid not null,
  created_at timestamptz not null,
  width integer not null,
  height integer not null,
  media_type text not null,
  created_by text not null,
  bytes bytea not null,
  primary key (tenant_id, picture_id),
  constraint picture_has_a_size check (width > 0 and height > 0)
);
comment on table picture is 'Pictures that authors uploaded, made small and written anew.';
comment on column picture.tenant_id is 'The tenant.';
comment on column picture.picture_id is 'Drawn by chance: whoever has it may see the picture.';
comment on column picture.created_at is 'When it was uploaded.';
comment on column picture.width is 'In pixels.';
comment on column picture.height is 'In pixels.';
comment on column picture.media_type is 'image/png or image/jpeg.';
comment on column picture.created_by is 'Who uploaded it: person or application, and the id.';
comment on column picture.bytes is 'The picture itself.';

create table sign_in (
  tenant_id integer not null,
  state_hash bytea not null,
  browser_hash bytea not null,
  ends_at timestamptz not null,
  nonce text not null,
  verifier text not null,
  return_to text not null,
  primary key (tenant_id, state_hash)
);
comment on table sign_in is 'Sign-ins that were begun. Each serves once.';
comment on column sign_in.tenant_id is 'The tenant.';
comment on column sign_in.state_hash is 'SHA-256 of the state that comes back with the code.';
comment on column sign_in.browser_hash is 'SHA-256 of the cookie that ties it to one browser.';
comment on column sign_in.ends_at is 'When it is too late.';
comment on column sign_in.nonce is 'What the identity token must repeat.';
comment on column sign_in.verifier is 'What proves that whoever brings the code began the sign-in (PKCE).';
comment on column sign_in.return_to is 'Where to go afterwards: a path of ours.';

create table session (
  tenant_id integer not null,
  token_hash bytea not null,
  person_id uuid not null,
  began_at timestamptz not null,
  seen_at timestamptz not null,
  ends_at timestamptz not null,
  name text not null,
  principal_name text not null,
  roles text[] not null,
  csrf text not null,
  primary key (tenant_id, token_hash)
) with (fillfactor = 70);
comment on table session is 'Who is signed in.';
comment on column session.tenant_id is 'The tenant.';
comment on column session.token_hash is 'SHA-256 of the cookie: what stands here opens no door.';
comment on column session.person_id is 'Who, by object id.';
comment on column session.began_at is 'When they signed in.';
comment on column session.seen_at is 'When they were seen last, to the minute.';
comment on column session.ends_at is 'When it ends, whatever they do.';
comment on column session.name is 'Their name.';
comment on column session.principal_name is 'Their user principal name.';
comment on column session.roles is 'The roles that they had when they signed in.';
comment on column session.csrf is 'What their page sends along with everything that changes something.';

-- Nothing has kept any answers until now; what stands there belongs to nobody, and nobody will ask for it.
alter table idempotency
  drop constraint idempotency_pkey,
  drop constraint idempotency_key_is_short,
  add column caller text not null default '',
  add column chance bigint not null default 0,
  add column taken_until timestamptz not null default '-infinity',
  alter column answer drop not null,
  add primary key (tenant_id, caller, key),
  add constraint idempotency_key_is_short check (length(key) between 1 and 255);
alter table idempotency
  alter column caller drop default,
  alter column chance drop default,
  alter column taken_until drop default;
comment on column idempotency.caller is 'Whose key: person or application, and the id.';
comment on column idempotency.chance is 'What ids are made of, beside kept_at: the same in every repetition.';
-- Serves forget_replies.
create index idempotency_by_age on idempotency (tenant_id, kept_at);
comment on column idempotency.taken_until is 'Until when somebody is believed to be at work on it, while there is no answer; by lease_now().';
comment on column idempotency.kept_at is 'When the key was first used.';
comment on column idempotency.answer is 'What was answered: status, headers, body. Null while it is being worked on.';

alter table audit
  add column request_id uuid,
  add column status smallint,
  add column actor_name text,
  add column before jsonb,
  add column after jsonb;
comment on column audit.action is 'What: broadcast_created, tenant_halted and the like; through the API, the name of the operation.';
comment on column audit.subject is 'On what: the id of a broadcast, a round or a tenant, the name of an audience; empty for what is only being made.';
comment on column audit.request_id is 'The request, by the id that its answer carries; null for what did not come through the API.';
comment on column audit.status is 'The HTTP status with which it ended; null in the line that is written before it begins.';
comment on column audit.actor_name is 'The actor''s name at that time.';
comment on column audit.before is 'How its subject was before: texts, words and numbers; of lists and pictures only how many and a hash.';
comment on column audit.after is 'How it was afterwards, in the same way.';
-- Serves deeds_on: what was done to one subject.
create index audit_by_subject on audit (tenant_id, subject, audit_id);
-- Serves deeds_of: what one person did.
create index audit_by_actor on audit (tenant_id, actor, audit_id);

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'The audit is only ever added to.';
end
$$;
comment on function audit_is_append_only() is 'Refuses to change what was written.';
create trigger audit_is_append_only before update or delete or truncate on audit
  for each statement execute function audit_is_append_only();

-- Serves lookup_explained: the few who were not simply sent to, each kind of them in the order of a round.
create index attempt_by_settlement on attempt (tenant_id, round_id, settles, reason, ordinal)
  where settles is not null and reason is not null;

-- Letters count, not how they are written: marks go, capitals become small (Greek and Cyrillic ones by name, for the
-- database's own rules may know none but A to Z), and signs part words. Each word is its tenant's.
create function words_of(tenant integer, called text) returns text[]
  immutable parallel safe language sql
  return string_to_array(
    tenant::text || '/' || replace(
      translate(
        lower(
          case
            when octet_length(called) = length(called) then called
            else regexp_replace(normalize(called, nfd), '[\u0300-\u036f]', '', 'g')
          end
        ),
        e'\t\n\r!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~ΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩАБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯ',
        repeat(' ', 35) || 'αβγδεζηθικλμνξοπρστυφχψωабвгдежзиклмнопрстуфхцчшщъыьэюя'
      ),
      ' ',
      ' ' || tenant::text || '/'
    ),
    ' '
  );
comment on function words_of(integer, text) is 'The words of a text as they are compared, each after its tenant and a slash.';
-- A word of more than 2,046 bytes would be refused, and with it the person.
create function recipient_words(tenant integer, name text, principal_name text, mail text) returns tsvector
  immutable parallel safe language sql
  return array_to_tsvector(
    words_of(tenant, left(name, 150) || ' ' || left(principal_name, 150) || ' ' || coalesce(left(mail, 150), ''))
  );
comment on function recipient_words(integer, text, text, text) is 'The words by which somebody is found.';
-- Serves lookup_called. A short list of what is pending: whoever makes it full writes it all down.
create index recipient_by_word on recipient using gin (
  recipient_words(tenant_id, display_name, user_principal_name, mail)
) with (gin_pending_list_limit = 256);
