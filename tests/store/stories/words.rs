//! The words of a story: what a worker may do next, by what it believes.

use std::time::Duration;

use stentor::domain::chunk::Chunk;
use stentor::domain::delivery::Settlement;
use stentor::domain::ids::{ChunkNumber, Ordinal, RequestId};
use stentor::domain::outcome::{Outcome, Step};
use stentor::domain::reason::Reason;
use stentor::ports::{AttemptFact, ClaimedChunk, Flush, Flushed};
use uuid::Uuid;

use super::{Believer, CHUNK, Story};
use crate::bench::{GRACE, accepted, after, fact};

impl Story<'_> {
    pub async fn appear(&mut self, who: usize) {
        if self.believers[who].worker.is_none() {
            self.believers[who].worker =
                self.ask(format!("{who} registers"), async |bench| Ok(bench.register().await)).await;
        }
    }

    /// Dies, and forgets everything; sometimes only goes on as another while the old one still sends.
    pub async fn vanish(&mut self, who: usize) {
        let Some(worker) = self.believers[who].worker else { return };
        self.ask(format!("{who} dies as {worker}"), async |bench| bench.store.end_lease(worker).await).await;
        if self.dice.below(2) == 0 {
            self.believers[who] = Believer { late: self.believers[who].late.clone(), ..Believer::default() };
        }
    }

    /// Is frozen in the midst of sending, until the other has taken over; then it goes on as if nothing had happened.
    pub async fn freeze(&mut self, who: usize) {
        let Some(worker) = self.believers[who].worker else { return };
        let Some(mut chunk) = self.believers[who].chunks.values().next().cloned() else { return };
        for ordinal in chunk.unsettled().collect::<Vec<_>>() {
            let _ = chunk.grant(ordinal);
        }
        chunk.flush_number += 1;
        let granting = Flush { chunks: vec![chunk], now: Some(after(self.seconds)), ..Flush::default() };
        self.write(who, granting).await;
        self.ask(format!("{who} freezes as {worker}"), async |bench| bench.store.end_lease(worker).await).await;
        self.renew(1 - who).await;
        self.take(1 - who).await;
        let (mut chunks, mut facts) = (Vec::new(), Vec::new());
        for mut chunk in self.believers[who].chunks.values().cloned().collect::<Vec<_>>() {
            let open: Vec<Ordinal> = chunk.open().ones().map(|place| Ordinal(chunk.first.0 + place)).collect();
            facts.extend(open.into_iter().filter_map(|ordinal| self.answer(who, &mut chunk, ordinal)));
            chunk.flush_number += 1;
            chunks.push(chunk);
        }
        let flush = Flush { chunks, facts, now: Some(after(self.seconds)), ..Flush::default() };
        self.write(who, flush).await;
    }

    pub async fn renew(&mut self, who: usize) {
        let Some(worker) = self.believers[who].worker else { return };
        let lease = crate::bench::LEASE;
        let renewed = self.ask(format!("{who} renews"), async |bench| bench.store.renew(worker, lease).await).await;
        if renewed == Some(false) {
            self.believers[who].worker = None;
        }
    }

    pub async fn take(&mut self, who: usize) {
        self.appear(who).await;
        let Some(worker) = self.believers[who].worker else { return };
        let taken = self
            .ask(format!("{who} takes"), async |bench| {
                bench.store.take_tenants(worker, GRACE, 1, &[bench.tenant], &[]).await
            })
            .await;
        let Some(held) = taken.and_then(|taken| taken.first().copied()) else { return };
        // A worker that takes a tenant begins with an empty room, and rescues before anything else.
        let believer = &mut self.believers[who];
        believer.held = Some(held);
        believer.chunks.clear();
        let at = after(self.seconds);
        let open = self.ask(format!("{who} rescues"), async |bench| bench.store.rescue(held, worker, at).await).await;
        self.happened.rescued += open.unwrap_or_default();
    }

    pub async fn expand(&mut self, who: usize) {
        let Believer { worker: Some(worker), held: Some(held), .. } = self.believers[who] else { return };
        let (round, at) = (self.round, after(self.seconds));
        let slice = 2 + self.dice.below(6) as u32;
        self.ask(format!("{who} expands {slice}"), async |bench| {
            bench.store.expand(held, worker, round, slice, CHUNK, at).await
        })
        .await;
    }

    pub async fn claim(&mut self, who: usize) {
        let Believer { worker: Some(worker), held: Some(held), .. } = self.believers[who] else { return };
        let (round, limit) = (self.round, 1 + self.dice.below(2) as u32);
        let have: Vec<ChunkNumber> = self.believers[who].chunks.keys().copied().collect();
        let claimed = self
            .ask(format!("{who} claims {limit}, has {have:?}"), async |bench| {
                bench.store.claim(held, worker, round, limit, &have).await
            })
            .await;
        if claimed.is_none() {
            self.happened.lost += 1;
        }
        for ClaimedChunk { chunk, members, attempts } in claimed.unwrap_or_default() {
            self.happened.claims += 1;
            let believer = &mut self.believers[who];
            let mut chunk = chunk;
            for member in members {
                let tried = attempts.iter().filter(|attempt| attempt.ordinal == member.ordinal);
                believer.tries.insert(member.ordinal, tried.clone().count() as u32);
                let told = |outcome: &Outcome| matches!(outcome, Outcome::Accepted { .. });
                if tried.clone().any(|attempt| told(&attempt.outcome)) {
                    // Spared by a late proof: the fact is there.
                    chunk.settle(member.ordinal, Settlement::Sent).unwrap();
                }
            }
            believer.chunks.insert(chunk.number, chunk);
        }
    }

    /// Something happens to somebody of `chunk`: she is granted, answered, settled.
    fn happen(&mut self, who: usize, chunk: &mut Chunk) -> Option<AttemptFact> {
        let unsettled: Vec<Ordinal> = chunk.unsettled().collect();
        let open: Vec<Ordinal> = chunk.open().ones().map(|place| Ordinal(chunk.first.0 + place)).collect();
        if open.is_empty() || self.dice.below(3) == 0 {
            // In single file it may be forbidden; then nothing happens.
            let _ = chunk.grant(self.dice.pick(&unsettled)?);
            return None;
        }
        // Whoever is on the wire is answered, as a rule; checks need no permission.
        let anybody = self.dice.below(4) == 0;
        let ordinal = self.dice.pick(if anybody { &unsettled } else { &open })?;
        self.answer(who, chunk, ordinal)
    }

    /// Teams answers about one person.
    fn answer(&mut self, who: usize, chunk: &mut Chunk, ordinal: Ordinal) -> Option<AttemptFact> {
        let place = ordinal.0 - chunk.first.0;
        let answers = [
            (Outcome::Throttled { retry_after: None }, None),
            (Outcome::Transient(Reason::Unavailable), None),
            (Outcome::Rejected(Reason::BlockedByUser), Some(Settlement::Failed)),
            (Outcome::Lost(Reason::AnswerLost), Some(Settlement::Unconfirmed)),
            (accepted(), Some(Settlement::Sent)),
            (accepted(), Some(Settlement::Sent)),
        ];
        let (outcome, settles) = self.dice.pick(&answers)?;
        match settles {
            Some(settlement) => chunk.settle(ordinal, settlement).unwrap(),
            None => chunk.close(ordinal).unwrap(),
        }
        let tried = self.believers[who].tries.entry(ordinal).or_default();
        *tried += 1;
        let told = fact(chunk, place, settles, outcome);
        let at = after(self.seconds);
        let request = Some(RequestId(Uuid::from_u128(u128::from(self.seconds))));
        let step = if settles.is_none() && self.dice.below(2) == 0 { Step::Check } else { Step::Send };
        let (attempt, step) = (*tried, Some(step));
        Some(AttemptFact { attempt, step, request, started_at: at, ended_at: at, ..told })
    }

    pub async fn flush(&mut self, who: usize) {
        let mut chunks = Vec::new();
        let mut facts = Vec::new();
        for mut chunk in self.believers[who].chunks.values().cloned().collect::<Vec<_>>() {
            if self.dice.below(3) == 0 {
                continue;
            }
            for _ in 0..self.dice.below(4) {
                facts.extend(self.happen(who, &mut chunk));
            }
            chunk.flush_number += 1;
            chunks.push(chunk);
        }
        if chunks.is_empty() {
            return;
        }
        // A commit whose answer is lost is written again before anything else; here, perhaps never.
        let flush = Flush { chunks, facts, now: Some(after(self.seconds)), ..Flush::default() };
        self.believers[who].last = Some(flush.clone());
        self.write(who, flush).await;
    }

    pub async fn repeat(&mut self, who: usize) {
        if let Some(flush) = self.believers[who].last.clone() {
            self.happened.repeated += 1;
            self.write(who, flush).await;
        }
    }

    pub async fn write(&mut self, who: usize, flush: Flush) {
        let Some(worker) = self.believers[who].worker else { return };
        let numbers: Vec<_> =
            flush.chunks.iter().map(|chunk| (chunk.number.0, chunk.epoch.0, chunk.flush_number)).collect();
        let flushed = self
            .ask(format!("{who} flushes {numbers:?}, {} facts", flush.facts.len()), async |bench| {
                let mut flushed = bench.store.flush(bench.tenant, worker, &flush).await?;
                flushed.held.sort();
                Ok(flushed)
            })
            .await;
        let Some(Flushed { held, .. }) = flushed else { return };
        let believer = &mut self.believers[who];
        for chunk in &flush.chunks {
            let ours = held.contains(&(chunk.round, chunk.number));
            if !ours || chunk.is_finished() {
                believer.chunks.remove(&chunk.number);
            } else if believer.chunks.get(&chunk.number).is_some_and(|known| known.epoch == chunk.epoch) {
                believer.chunks.insert(chunk.number, chunk.clone());
            }
            if !ours {
                self.happened.fenced += 1;
                believer.late.extend(flush.facts.iter().filter(|fact| fact.chunk == chunk.number).cloned());
            }
        }
    }

    pub async fn record_late(&mut self, who: usize) {
        let facts = std::mem::take(&mut self.believers[who].late);
        let proved = self
            .ask(format!("{who} records {} late", facts.len()), async |bench| {
                bench.store.record_late(bench.tenant, &facts).await
            })
            .await;
        self.happened.proved += proved.unwrap_or_default();
        if self.dice.below(2) == 0 {
            self.believers[who].late = facts;
        }
    }

    pub async fn release(&mut self, who: usize) {
        let Believer { worker: Some(worker), held: Some(held), .. } = self.believers[who] else { return };
        if self.dice.below(2) == 0 {
            let chunks: Vec<Chunk> = self.believers[who].chunks.values().cloned().collect();
            self.ask(format!("{who} releases {} chunks", chunks.len()), async |bench| {
                bench.store.release_chunks(bench.tenant, worker, &chunks).await
            })
            .await;
        } else {
            self.ask(format!("{who} releases"), async |bench| bench.store.release_tenant(worker, held).await).await;
            // Whoever gives a tenant back writes nothing any more, but what is late.
            let late = std::mem::take(&mut self.believers[who].late);
            self.believers[who] = Believer { worker: Some(worker), late, ..Believer::default() };
        }
    }

    pub async fn finish(&mut self) {
        let at = after(self.seconds);
        let ended = self.ask("finish".to_owned(), async |bench| bench.store.finish(bench.tenant, at).await).await;
        self.happened.ended += ended.map_or(0, |ended| ended.len() as u64);
    }

    pub async fn let_time_pass(&mut self) {
        let time = Duration::from_secs(1 + self.dice.below(8));
        self.ask(format!("{time:?} pass"), async |bench| {
            bench.let_time_pass(time).await;
            Ok(())
        })
        .await;
    }

    pub async fn resume(&mut self) {
        let (id, at) = (self.id, after(self.seconds));
        self.ask("resume".to_owned(), async |bench| bench.store.resume_broadcast(bench.tenant, id, at).await).await;
    }
}
