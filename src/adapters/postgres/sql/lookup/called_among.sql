-- lookup_called_among
-- $1 tenant, $2 words, $3 people, $4 the word that fewest have, as it is written
-- To make somebody's words costs ten times as much as to see that a plain name does not hold one of them.
select p.recipient_id
from unnest($3::bigint[]) as few (recipient_id)
cross join lateral (
  select one.recipient_id, one.display_name, one.user_principal_name, one.mail,
    one.display_name || ' ' || one.user_principal_name || ' ' || coalesce(one.mail, '') as called
  from recipient one
  where one.tenant_id = $1 and one.recipient_id = few.recipient_id
  limit 1
) p
where case
    when octet_length(p.called) = length(p.called) and strpos(lower(p.called), $4) = 0 then false
    else recipient_words($1, p.display_name, p.user_principal_name, p.mail) @@ $2::text::tsquery
  end
