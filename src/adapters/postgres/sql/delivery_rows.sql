select row.recipient_id, p.entra_id, p.display_name, p.user_principal_name, row.state, row.reason, row.attempts,
  row.last_status::int as last_status, row.message_id, row.first_attempt_at, row.last_attempt_at
from page
cross join lateral (
  select d.*, (
      select min(a.started_at)
      from attempt a
      where a.tenant_id = $1 and a.round_id = d.round_id and a.ordinal = d.ordinal and a.step > 0
    ) as first_attempt_at
  from passage d
  where d.tenant_id = $1 and d.round_id = page.round_id and d.ordinal = page.ordinal
  limit 1
) row
join recipient p on p.tenant_id = $1 and p.recipient_id = row.recipient_id
