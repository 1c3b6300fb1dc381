-- reasons
-- $1 tenant, $2 broadcast, $3 kinds of rounds, $4 channel or null for any
-- The facts that settled somebody, one for each; a definite answer beats doubt, a newer round what was before.
-- Round by round, so that no week but theirs is read.
with taken_up as materialized (
  select me.round_id, me.ordinal
  from round newer
  join audience again on again.tenant_id = $1 and again.round_id = newer.round_id
  join round older
    on older.tenant_id = $1
    and older.broadcast_id = $2
    and older.kind = any($3)
    and older.channel = newer.channel
    and older.round_id < newer.round_id
  join audience me on me.tenant_id = $1 and me.round_id = older.round_id and me.recipient_id = again.recipient_id
  where newer.tenant_id = $1 and newer.broadcast_id = $2 and newer.kind = any($3)
    and newer.channel = coalesce($4, newer.channel)
)
select final.settles, final.reason, count(*) as people
from round r
cross join lateral (
  select distinct on (a.ordinal) a.ordinal, a.settles, a.reason
  from attempt a
  where a.tenant_id = $1 and a.round_id = r.round_id and a.settles is not null
  order by a.ordinal, (a.settles = 4), a.ended_at desc
) final
where r.tenant_id = $1 and r.broadcast_id = $2 and r.kind = any($3) and r.channel = coalesce($4, r.channel)
  and final.reason is not null
  and not exists (select from taken_up t where t.round_id = r.round_id and t.ordinal = final.ordinal)
group by final.settles, final.reason
order by final.settles, people desc, final.reason
