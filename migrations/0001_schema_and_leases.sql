-- What every program must know before it touches anything, and who is alive.

create table schema_compatibility (
  only_row boolean primary key default true constraint schema_compatibility_has_one_row check (only_row),
  compatible_from bigint not null
);
comment on table schema_compatibility is 'One row: which programs may still use this schema.';
comment on column schema_compatibility.only_row is 'Always true, so that there is one row.';
comment on column schema_compatibility.compatible_from is 'The oldest schema version that a program may know and still work here; older ones refuse to start.';
insert into schema_compatibility (compatible_from) values (1);

-- Leases are judged by this clock alone; a test may replace the function, nothing else may.
create function lease_now() returns timestamptz language sql volatile as 'select clock_timestamp()';
comment on function lease_now() is 'The one clock that judges leases: the database''s own.';

create table worker (
  worker_id bigint generated always as identity primary key,
  host text not null,
  pid bigint not null,
  process_started bigint not null,
  registered_at timestamptz not null default clock_timestamp(),
  alive_until timestamptz not null
) with (fillfactor = 30);
comment on table worker is 'One run of a worker process and its lease. A restarted worker is another row.';
comment on column worker.worker_id is 'Never used again.';
comment on column worker.host is 'Boot of the host and process namespace: equal for processes that can see each other.';
comment on column worker.pid is 'Process id on that host.';
comment on column worker.process_started is 'When the process started, in the kernel''s count: a recycled pid has another.';
comment on column worker.registered_at is 'When the run began.';
comment on column worker.alive_until is 'End of the lease, by lease_now(). Never extended once it has passed.';

create table tenant (
  tenant_id integer generated always as identity primary key,
  entra_tenant_id uuid not null,
  app_id uuid not null,
  teams_app_id text,
  halt_reason text,
  halt_detail text,
  halted_at timestamptz,
  lease_owner bigint,
  lease_epoch integer not null default 0,
  constraint tenant_is_known_once unique (entra_tenant_id, app_id),
  constraint tenant_halt_has_its_instant check ((halt_reason is null) = (halted_at is null))
) with (fillfactor = 50);
comment on table tenant is 'One Entra tenant with one app: what a quota, a lease and a halt belong to.';
comment on column tenant.tenant_id is 'Our number for it; the first part of every key.';
comment on column tenant.entra_tenant_id is 'Entra''s id of the tenant.';
comment on column tenant.app_id is 'Entra''s id of our app, which is also the bot''s.';
comment on column tenant.teams_app_id is 'The catalogue''s id of our Teams app, once looked up; changes when the app is uploaded again.';
comment on column tenant.halt_reason is 'Why everything of the tenant waits (a HaltReason code), or null.';
comment on column tenant.halt_detail is 'What the service said, for the administrator.';
comment on column tenant.halted_at is 'Since when it waits.';
comment on column tenant.lease_owner is 'The worker that holds the tenant, or null.';
comment on column tenant.lease_epoch is 'Grows with each owner; claims and expansions carry it.';

create table bucket (
  tenant_id integer not null,
  name text not null,
  cooldown_until timestamptz not null,
  share real not null,
  kept_at timestamptz not null,
  primary key (tenant_id, name),
  constraint bucket_share_is_a_share check (share > 0 and share <= 1)
) with (fillfactor = 50);
comment on table bucket is 'What the next owner of a tenant must know of one quota.';
comment on column bucket.tenant_id is 'The tenant.';
comment on column bucket.name is 'The bucket: check, install, resolve, send, catalog, directory.';
comment on column bucket.cooldown_until is 'No request of this bucket starts earlier.';
comment on column bucket.share is 'The part of the quota in use after the last 429; climbs back from there.';
comment on column bucket.kept_at is 'When that was.';
