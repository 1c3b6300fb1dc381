-- The directory: people, what decides whether they may be written to, and the way to each.

create table recipient (
  recipient_id bigint generated always as identity,
  tenant_id integer not null,
  installation smallint not null default 0,
  guest boolean not null,
  enabled boolean not null,
  licensed boolean not null,
  entra_id uuid not null,
  kept_at timestamptz not null,
  refused_at timestamptz,
  user_principal_name text not null,
  display_name text not null,
  mail text,
  installation_id text,
  conversation_id text,
  refusal text,
  primary key (tenant_id, recipient_id),
  constraint recipient_is_known_once unique (tenant_id, entra_id),
  constraint recipient_installation_is_known check (installation between 0 and 3),
  constraint recipient_installation_has_its_id check ((installation = 3) = (installation_id is not null)),
  constraint recipient_refusal_has_its_instant check ((refusal is null) = (refused_at is null))
) with (fillfactor = 80);
comment on table recipient is 'One person of a tenant''s directory and the route to her. Survives broadcasts.';
comment on column recipient.recipient_id is 'Our number for her; ordinals follow it.';
comment on column recipient.tenant_id is 'The tenant.';
comment on column recipient.installation is 'Our app for her: 0 unknown, 1 absent, 2 installed but not listed yet, 3 present.';
comment on column recipient.guest is 'From another organisation.';
comment on column recipient.enabled is 'The account is switched on.';
comment on column recipient.licensed is 'Has one of the cloud''s Teams plans.';
comment on column recipient.entra_id is 'Her object id in Entra.';
comment on column recipient.kept_at is 'When the directory last told us about her.';
comment on column recipient.refused_at is 'When Teams last refused her.';
comment on column recipient.user_principal_name is 'Her user principal name.';
comment on column recipient.display_name is 'Her name, as shown.';
comment on column recipient.mail is 'Her mail address, if she has one.';
comment on column recipient.installation_id is 'Graph''s id of the installation; exactly when installation is 3.';
comment on column recipient.conversation_id is 'The chat between her and our bot, once known.';
comment on column recipient.refusal is 'Why Teams last refused her (a Reason code); remembered, never a reason to skip her.';
-- Serves find_people.
create index recipient_by_user_principal_name on recipient (tenant_id, lower(user_principal_name));
-- Serves find_people.
create index recipient_by_mail on recipient (tenant_id, lower(mail));
