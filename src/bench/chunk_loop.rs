//! The bare loop over chunks: the engine's own statements with nothing around them. What the engine costs above it is
//! the price of permissions, pacing and fairness.

use std::time::Duration;

use super::engine::since;
use crate::adapters::system::process_identity;
use crate::domain::chunk::Chunk;
use crate::domain::delivery::Settlement;
use crate::domain::ids::{MessageId, Ordinal, RequestId};
use crate::domain::outcome::{Outcome, Step};
use crate::ports::{AttemptFact, ClaimedChunk, Expanded, Flush, Store};
use crate::wiring::Workbench;

/// Chunks written by one flush: about 500 people.
const CHUNKS: u32 = 2;

/// Deliveries a second: one connection that claims two chunks and writes both in one flush, until none is left.
///
/// # Errors
/// The store's, or when the broadcast does not end.
pub(super) async fn rate(bench: &Workbench, recipients: u64) -> anyhow::Result<f64> {
    let (store, tenant) = (&bench.store, bench.tenant);
    let (id, round) = bench.submit().await?;
    let process = process_identity(&*bench.random);
    let worker = store.register(&process, Duration::from_secs(3600)).await?;
    let held = store.take_tenants(worker, Duration::ZERO, 1, &[tenant], &[]).await?;
    let [held] = held[..] else { anyhow::bail!("the tenant was not free") };
    let (slice, size) = (bench.engine().expand_slice, bench.engine().chunk_size);
    while let Expanded { complete: false, .. } =
        store.expand(held, worker, round, slice, size, bench.clock.now()).await?
    {}
    let began_at = bench.clock.monotonic();
    loop {
        let claimed = store.claim(held, worker, round, CHUNKS, &[]).await?;
        if claimed.is_empty() {
            break;
        }
        let mut flush = Flush { now: Some(bench.clock.now()), ..Flush::default() };
        for ClaimedChunk { mut chunk, members, .. } in claimed {
            for member in members {
                chunk.settle(member.ordinal, Settlement::Sent)?;
                flush.facts.push(fact(bench, &chunk, member.ordinal));
            }
            chunk.flush_number += 1;
            flush.chunks.push(chunk);
        }
        let flushed = store.flush(tenant, worker, &flush).await?;
        anyhow::ensure!(flushed.held.len() == flush.chunks.len(), "a chunk was somebody else's");
    }
    let seconds = since(&*bench.clock, began_at);
    store.finish(tenant, bench.clock.now()).await?;
    store.release_tenant(worker, held).await?;
    store.end_lease(worker).await?;
    let report = bench.until_over(id).await?;
    anyhow::ensure!(report.progress.sent == recipients, "not everybody was told: {:?}", report.progress);
    Ok(recipients as f64 / seconds)
}

fn fact(bench: &Workbench, chunk: &Chunk, ordinal: Ordinal) -> AttemptFact {
    let request = RequestId::new(bench.random.next_u64(), bench.random.next_u64());
    let message_id = Some(MessageId(format!("{:013}", request.0.as_u128() % 10_u128.pow(13))));
    AttemptFact {
        round: chunk.round,
        chunk: chunk.number,
        ordinal,
        attempt: 1,
        epoch: chunk.epoch,
        step: Some(Step::Send),
        outcome: Some(Outcome::Accepted { message_id: message_id.clone() }),
        settles: Some(Settlement::Sent),
        reason: None,
        status: Some(201),
        request: Some(request),
        message_id,
        started_at: bench.clock.now(),
        ended_at: bench.clock.now(),
    }
}
