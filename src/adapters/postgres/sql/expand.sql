-- expand
-- $1 tenant, $2 round, $3 broadcast, $4 after this recipient, $5 slice, $6 first ordinal, $7 chunk size,
-- $8 whom: everyone, list or given, $9 only those whose chat is not known, $10 given people, $11 their doubts
-- and $12 their messages
-- Freezes one slice: everybody an ordinal, in the order of the directory's numbers, every run of ordinals a chunk.
-- Chunks are numbered on from the last one, so that a chunk size that was changed meanwhile does no harm.
-- Only one of the sources has rows; each is in order and ends after a slice by itself, or the one plan for all values
-- would read everybody who is left and sort them, slice by slice.
with source as (
  (
    select l.recipient_id, null::text as doubt, null::text as message_id
    from audience_list l
    where $8 = 'list' and l.tenant_id = $1 and l.broadcast_id = $3 and l.recipient_id > $4
      and exists (
        select from recipient p
        where p.tenant_id = $1 and p.recipient_id = l.recipient_id and p.left_at is null
          and (not $9 or p.conversation_id is null)
      )
    order by l.recipient_id
    limit $5
  )
  union all
  (
    select p.recipient_id, null::text, null::text
    from recipient p
    where $8 = 'everyone' and p.tenant_id = $1 and p.recipient_id > $4 and p.left_at is null
      and p.venue is null
      and (not $9 or p.conversation_id is null)
    order by p.recipient_id
    limit $5
  )
  union all
  select given.recipient_id, given.doubt, given.message_id
  from unnest($10::bigint[], $11::text[], $12::text[]) as given (recipient_id, doubt, message_id)
  where $8 = 'given'
),
slice as materialized (
  select recipient_id, doubt, message_id, (row_number() over (order by recipient_id))::int - 1 as place
  from (select recipient_id, doubt, message_id from source order by recipient_id limit $5) first
),
placed as (
  insert into audience (tenant_id, round_id, ordinal, recipient_id, doubt, message_id)
  select $1, $2, $6 + place, recipient_id, doubt, message_id
  from slice
),
cut as (
  insert into chunk (tenant_id, round_id, number, first_ordinal, size, open, settled)
  select $1, $2, run.number, $6 + run.first, run.size, run.bits, run.bits
  from (
    select last.number + 1 + first / $7 as number, first, least($7, total.people - first) as size,
      decode(repeat('00', (least($7, total.people - first) + 7) / 8), 'hex') as bits
    from (select count(*)::int as people from slice) total,
      (select coalesce(max(number), -1) as number from chunk where tenant_id = $1 and round_id = $2) last,
      generate_series(0, total.people - 1, $7) as first
  ) run
)
select count(*)::bigint as added, coalesce(max(recipient_id), $4) as through
from slice
