-- lookup_called
-- $1 tenant, $2 words, $3 after this recipient, $4 limit, $5 the word that fewest have
-- The index is asked for one word alone: of one that everybody has it would read as many entries as there are people. Read
-- whole before it is cut off: the planner would rather go through everybody in order, and read each name.
with found as materialized (
  select p.recipient_id, p.display_name, p.user_principal_name, p.mail
  from recipient p
  where p.tenant_id = $1
    and recipient_words(p.tenant_id, p.display_name, p.user_principal_name, p.mail) @@ $5::text::tsquery
)
select f.recipient_id
from found f
where f.recipient_id > $3
  and ($2 = $5 or recipient_words($1, f.display_name, f.user_principal_name, f.mail) @@ $2::text::tsquery)
order by f.recipient_id
limit $4
