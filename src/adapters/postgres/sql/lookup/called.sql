-- lookup_called
-- $1 tenant, $2 words, $3 after this recipient, $4 limit
-- Read whole before it is cut off: the planner would rather go through everybody in order, and read each name.
with found as materialized (
  select p.recipient_id
  from recipient p
  where p.tenant_id = $1
    and recipient_words(p.tenant_id, p.display_name, p.user_principal_name, p.mail) @@ $2::text::tsquery
)
select recipient_id
from found
where recipient_id > $3
order by recipient_id
limit $4
