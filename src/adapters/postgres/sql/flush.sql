-- flush
-- $1 tenant, $2 worker
-- chunks: $3 round, $4 number, $5 epoch, $6 flush number, $7 open, $8 settled, $9 finished, $10 sent, $11 failed,
--   $12 skipped, $13 unconfirmed
-- facts: $14 round, $15 chunk number, $16 ordinal, $17 attempt, $18 epoch, $19 step, $20 outcome, $21 settles,
--   $22 reason, $23 status, $24 request, $25 message id, $26 started at, $27 ended at
-- routes: $28 recipient, $29 installation, $30 installation id, $31 conversation id, $32 refusal; $33 now; $34 forgets
-- A fact that is there already stops this; then it is asked for again with the clause that stands here as a comment,
-- which costs each row a second look at the index and a second entry in the log.
-- Permission is fenced by owner, epoch and flush number; the facts of a fenced chunk are left to record_late.
with asked as materialized (
  select *
  from unnest($3::bigint[], $4::int[], $5::int[], $6::bigint[], $7::bytea[], $8::bytea[], $9::boolean[], $10::int[],
    $11::int[], $12::int[], $13::int[])
    as u (round_id, number, epoch, flush_number, open, settled, finished, sent, failed, skipped, unconfirmed)
),
moved as (
  update chunk c
  set open = u.open,
      settled = u.settled,
      flush_number = u.flush_number,
      sent = u.sent,
      failed = u.failed,
      skipped = u.skipped,
      unconfirmed = u.unconfirmed,
      state = case when u.finished then 2 else 1 end,
      owner = case when u.finished then null else c.owner end
  from asked u
  where c.tenant_id = $1
    and c.round_id = u.round_id
    and c.number = u.number
    and c.state = 1
    and c.owner = $2
    and c.epoch = u.epoch
    and c.flush_number < u.flush_number
  returning c.round_id, c.number
),
facts as (
  insert into attempt (tenant_id, round_id, ordinal, attempt, epoch, step, outcome, settles, reason, status, request_id,
    message_id, started_at, ended_at)
  select $1, ($14::bigint[])[f.place], ($16::int[])[f.place], ($17::int[])[f.place], ($18::int[])[f.place],
    ($19::smallint[])[f.place], ($20::smallint[])[f.place], ($21::smallint[])[f.place], f.reason,
    ($23::smallint[])[f.place], ($24::uuid[])[f.place], f.message_id, ($26::timestamptz[])[f.place],
    ($27::timestamptz[])[f.place]
  -- Fourteen arrays side by side would each be written out before the first row is read. What has a fixed length is
  -- taken from its place instead, at a fraction of the cost; a text's place has to be searched for.
  from unnest($22::text[], $25::text[]) with ordinality as f (reason, message_id, place)
  join moved m on m.round_id = ($14::bigint[])[f.place] and m.number = ($15::int[])[f.place]
  /* on conflict do nothing */
),
learnt as (
  update recipient p
  set installation = l.installation,
      installation_id = l.installation_id,
      -- What another broadcast learnt meanwhile stays, unless Teams said that it is wrong.
      conversation_id = case
        when l.forgets then l.conversation_id
        else coalesce(l.conversation_id, p.conversation_id)
      end,
      service_url = case when l.forgets then null else p.service_url end,
      refusal = l.refusal,
      refused_at = case when l.refusal is null then null else $33::timestamptz end
  from unnest($28::bigint[], $29::smallint[], $30::text[], $31::text[], $32::text[], $34::boolean[])
    as l (recipient_id, installation, installation_id, conversation_id, refusal, forgets)
  where p.tenant_id = $1 and p.recipient_id = l.recipient_id
)
select m.round_id, m.number, b.broadcast_id, b.state, t.halted_at is not null as tenant_halted
from moved m
join round r on r.tenant_id = $1 and r.round_id = m.round_id
join broadcast b on b.tenant_id = $1 and b.broadcast_id = r.broadcast_id
join tenant t on t.tenant_id = $1
