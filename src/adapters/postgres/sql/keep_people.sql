-- keep_people
-- $1 tenant, $2 Entra ids, $3 what is mentioned of each, one bit for each of the columns after it in their order, $4 names,
-- $5 user principal names, $6 mails, $7 guests, $8 enabled, $9 licensed, $10 departments, $11 job titles, $12 offices,
-- $13 countries, $14 languages, $15 a page of a whole reading names them, $16 now
-- Whoever is known keeps her number, her route, and what is not mentioned. A row that would stay the same is not written:
-- of half a million people some hundred change from one reading to the next. Of an account whose type is said to be
-- missing (bit 2048), whether it is a guest's follows from what is known then, as in Account::untyped.
with told as (
  select given.entra_id, p.recipient_id, new.*,
    p.left_at is not null
    or (p.display_name, p.user_principal_name, p.mail, p.guest, p.enabled, p.licensed, p.department, p.job_title,
      p.office, p.country, p.language) is distinct from
      (new.display_name, new.user_principal_name, new.mail, new.guest, new.enabled, new.licensed, new.department,
      new.job_title, new.office, new.country, new.language) as differs
  from unnest($2::uuid[], $3::int[], $4::text[], $5::text[], $6::text[], $7::boolean[], $8::boolean[], $9::boolean[],
      $10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
    as given (entra_id, mentioned, display_name, user_principal_name, mail, guest, enabled, licensed, department,
      job_title, office, country, language)
  left join recipient p on p.tenant_id = $1 and p.entra_id = given.entra_id
  cross join lateral (select case when p.recipient_id is null then -1 else given.mentioned end as bits) taken
  cross join lateral (
    select
      case when taken.bits & 16 = 0 then p.enabled else given.enabled end as enabled,
      case when taken.bits & 32 = 0 then p.licensed else given.licensed end as licensed
  ) account
  cross join lateral (
    select
      case when taken.bits & 1 = 0 then p.display_name else given.display_name end as display_name,
      case when taken.bits & 2 = 0 then p.user_principal_name else given.user_principal_name end as user_principal_name,
      case when taken.bits & 4 = 0 then p.mail else given.mail end as mail,
      case
        when taken.bits & 8 <> 0 then given.guest
        when taken.bits & 2048 <> 0 then not (account.enabled and account.licensed)
        else p.guest
      end as guest,
      account.enabled,
      account.licensed,
      case when taken.bits & 64 = 0 then p.department else given.department end as department,
      case when taken.bits & 128 = 0 then p.job_title else given.job_title end as job_title,
      case when taken.bits & 256 = 0 then p.office else given.office end as office,
      case when taken.bits & 512 = 0 then p.country else given.country end as country,
      case when taken.bits & 1024 = 0 then p.language else given.language end as language
  ) new
),
written as (
  insert into recipient (tenant_id, entra_id, display_name, user_principal_name, mail, guest, enabled, licensed, department,
    job_title, office, country, language, kept_at)
  select $1, entra_id, display_name, user_principal_name, mail, guest, enabled, licensed, department, job_title, office,
    country, language, $16
  from told
  where differs
  order by entra_id
  on conflict (tenant_id, entra_id) do update
  set display_name = excluded.display_name,
      user_principal_name = excluded.user_principal_name,
      mail = excluded.mail,
      guest = excluded.guest,
      enabled = excluded.enabled,
      licensed = excluded.licensed,
      department = excluded.department,
      job_title = excluded.job_title,
      office = excluded.office,
      country = excluded.country,
      language = excluded.language,
      left_at = null,
      kept_at = excluded.kept_at
  returning recipient_id
),
page as (
  insert into directory_page (tenant_id, people)
  select $1, array_agg(recipient_id)
  from (
    select recipient_id from written
    union all
    select recipient_id from told where not differs
  ) named
  where $15
  having count(*) > 0
)
select count(*) from written
