-- lookup_called_among
-- $1 tenant, $2 words, $3 people
select p.recipient_id
from unnest($3::bigint[]) as few (recipient_id)
cross join lateral (
  select one.recipient_id, one.display_name, one.user_principal_name, one.mail
  from recipient one
  where one.tenant_id = $1 and one.recipient_id = few.recipient_id
  limit 1
) p
where recipient_words($1, p.display_name, p.user_principal_name, p.mail) @@ $2::text::tsquery
