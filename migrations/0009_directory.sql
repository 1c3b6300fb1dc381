-- Who works where, who belongs to what, and what the bot hears about the way to somebody.

alter table recipient
  add column left_at timestamptz,
  add column heard_at timestamptz,
  add column told_at timestamptz,
  add column department text,
  add column job_title text,
  add column office text,
  add column country text,
  add column language text,
  add column service_url text,
  add column answered_at timestamptz;
comment on column recipient.left_at is 'Since when the directory does not know her any more; null for everybody who is there. Nobody who left is targeted.';
comment on column recipient.heard_at is 'When the bot was last told something new of the way to her, by lease_now(); owners look for what is newer.';
comment on column recipient.told_at is 'The instant that Teams gave with what was last heard: an event that is older comes late and changes nothing.';
comment on column recipient.department is 'Her department, as the directory writes it.';
comment on column recipient.job_title is 'Her job title.';
comment on column recipient.office is 'Her office location.';
comment on column recipient.country is 'Her country, as the directory writes it.';
comment on column recipient.language is 'The language that she prefers, as a tag: fr-FR.';
comment on column recipient.service_url is 'Where Teams wants what is sent to her; null for where everybody''s goes.';
comment on column recipient.answered_at is 'When the bot last answered something that she wrote, by lease_now().';
alter table tenant add column answered_at timestamptz;
comment on column tenant.answered_at is 'When the bot last answered anybody, by lease_now(): answers have a small share of the quota, counted here for all processes.';
-- Serves chats_heard: the few of whom the bot has just heard.
create index recipient_heard on recipient (tenant_id, heard_at) where heard_at is not null;

comment on column recipient.kept_at is 'When the directory last told us something new about her.';

create table directory (
  tenant_id integer primary key,
  began_at timestamptz,
  read_at timestamptz,
  failed_at timestamptz,
  failure text,
  reader bigint,
  reader_until timestamptz,
  unreadable boolean not null default false,
  next_page text,
  delta_link text,
  constraint directory_reader_has_its_end check ((reader is null) = (reader_until is null)),
  constraint directory_failure_has_its_instant check ((failure is null) = (failed_at is null))
) with (fillfactor = 50);
comment on table directory is 'How far a tenant''s people have been read from its directory.';
comment on column directory.tenant_id is 'The tenant.';
comment on column directory.began_at is 'When the whole reading under way began: whoever was not met since then has left, once it is over. Null when none is under way.';
comment on column directory.read_at is 'As of when what we know is complete; null before the first whole reading.';
comment on column directory.failed_at is 'When reading failed last, unless it has come through since.';
comment on column directory.failure is 'Why it failed.';
comment on column directory.reader is 'Who is reading, so that nobody else does; null for nobody.';
comment on column directory.reader_until is 'When the reader''s claim ends without a sign of life, by lease_now().';
comment on column directory.unreadable is 'The whole reading under way met somebody who could not be read, so that it parts with nobody.';
comment on column directory.next_page is 'Where the whole reading under way goes on after an interruption; null for its first page.';
comment on column directory.delta_link is 'Where the changes since the last reading are read; while a whole reading is under way, those since it began.';

create table directory_page (
  tenant_id integer not null,
  page_id bigint generated always as identity,
  people bigint[] not null,
  primary key (tenant_id, page_id)
);
comment on table directory_page is 'Whom the pages of the whole reading under way have named. A row a page: nobody''s own row is written for being there.';
comment on column directory_page.tenant_id is 'The tenant.';
comment on column directory_page.page_id is 'Its number, in order.';
comment on column directory_page.people is 'The people of the page.';

create table directory_group (
  tenant_id integer not null,
  group_id uuid not null,
  team boolean not null,
  hidden boolean not null,
  members integer not null default 0,
  outsiders integer not null default 0,
  read_at timestamptz,
  name text not null,
  primary key (tenant_id, group_id)
) with (fillfactor = 80);
comment on table directory_group is 'A group or team that an audience has named, as the directory knows it.';
comment on column directory_group.tenant_id is 'The tenant.';
comment on column directory_group.group_id is 'Its object id, which is also the team''s.';
comment on column directory_group.team is 'It has a team.';
comment on column directory_group.hidden is 'Its members may not be read.';
comment on column directory_group.members is 'Members whom we knew from the directory when they were read.';
comment on column directory_group.outsiders is 'Members whom we did not know.';
comment on column directory_group.read_at is 'As of when its members are known; null for never.';
comment on column directory_group.name is 'Its name, as shown.';
-- Serves find_groups.
create index directory_group_by_name on directory_group (tenant_id, lower(name));

create table group_member (
  tenant_id integer not null,
  group_id uuid not null,
  recipient_id bigint not null,
  primary key (tenant_id, group_id, recipient_id)
);
comment on table group_member is 'Who belongs to a group, directly or through another.';
comment on column group_member.tenant_id is 'The tenant.';
comment on column group_member.group_id is 'The group.';
comment on column group_member.recipient_id is 'The person.';

create table saved_audience (
  tenant_id integer not null,
  saved_at timestamptz not null,
  name text not null,
  expression text not null,
  primary key (tenant_id, name)
);
comment on table saved_audience is 'An audience under a name, to be used in others.';
comment on column saved_audience.tenant_id is 'The tenant.';
comment on column saved_audience.saved_at is 'When it was last saved.';
comment on column saved_audience.name is 'Its name, as it is written in an expression.';
comment on column saved_audience.expression is 'Whom it means.';

create table broadcast_list (
  tenant_id integer not null,
  broadcast_id bigint not null,
  name text not null,
  people bigint[] not null,
  primary key (tenant_id, broadcast_id, name)
);
comment on table broadcast_list is 'A list that a broadcast''s expression names, until its audience is frozen.';
comment on column broadcast_list.tenant_id is 'The tenant.';
comment on column broadcast_list.broadcast_id is 'The broadcast.';
comment on column broadcast_list.name is 'Its name, as it is written in the expression.';
comment on column broadcast_list.people is 'Its people, by the directory''s numbers.';

alter table round add column listed_at timestamptz;
comment on column round.listed_at is 'When its broadcast''s expression was evaluated into audience_list for it; null when that is still to come, or there is no expression.';

alter table broadcast
  add column expected integer,
  add column expression text,
  drop constraint broadcast_audience_is_known,
  add constraint broadcast_audience_is_known check (audience in ('everyone', 'list', 'expression')),
  add constraint broadcast_expression_is_there check ((audience = 'expression') = (expression is not null));
comment on column broadcast.audience is 'Whom it is for: everyone, the people of audience_list, or whom the expression names when the audience is frozen.';
comment on column broadcast.expected is 'How many it meant when it was created; null where nobody counted.';
comment on column broadcast.expression is 'Whom it is for, in the words of the author; exactly when audience is expression.';

-- A program that does not know audiences in words would freeze one of nobody, and one that does not know who has left would
-- tell them.
update schema_compatibility set compatible_from = 9;
