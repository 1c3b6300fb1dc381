//! A broadcast to everybody of the stage, whose people end as a test says, without an engine.

use std::time::Duration;

use stentor::domain::broadcast::{AudienceKind, NewBroadcast, TOLERANCE, Treatment, Way};
use stentor::domain::chunk::Chunk;
use stentor::domain::content::Content;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, MessageId, Ordinal, RequestId, RoundId, WorkerId};
use stentor::domain::outcome::{Outcome, Step};
use stentor::domain::reason::Reason;
use stentor::ports::{AttemptFact, Flush, ProcessIdentity, Store, Submission};
use uuid::Uuid;

use crate::stage::Stage;

const SLICE: u32 = 1000;

/// A broadcast under way, and who works at it.
pub struct Told {
    pub id: BroadcastId,
    worker: WorkerId,
    chunks: Vec<Chunk>,
}

impl Told {
    /// Submits it, freezes its people and claims them all.
    pub async fn begin(stage: &Stage) -> Self {
        let (now, chance) = (stage.api.clock.now(), stage.api.random.next_u64());
        let (id, round) = (BroadcastId::new(now, chance), RoundId::new(now, chance));
        let deadline_at = now + Duration::from_secs(3600);
        let broadcast = NewBroadcast {
            id,
            round,
            content: Content { title: "News".into(), body: "Text".into(), ..Content::default() },
            treatment: Treatment { when_in_doubt: WhenInDoubt::Hold, urgent: false, deadline_at, tolerance: TOLERANCE },
            audience: AudienceKind::Everyone,
            way: Way::Chat,
            expire_at: None,
            expected: None,
            schedule: None,
            author: None,
            created_at: now,
        };
        let (store, tenant) = (&stage.store, stage.tenant);
        store.submit(&Submission { tenant, broadcast, list: vec![], lists: vec![], draft: None }).await.unwrap();
        let process = ProcessIdentity { host: "here".into(), pid: 1, started: 1 };
        let worker = store.register(&process, Duration::from_secs(600)).await.unwrap();
        let held = store.take_tenants(worker, Duration::ZERO, 1, &[tenant], &[]).await.unwrap()[0];
        while !store.expand(held, worker, round, SLICE, 100, now).await.unwrap().complete {}
        let claimed = store.claim(held, worker, round, 1000, &[]).await.unwrap();
        Self { id, worker, chunks: claimed.into_iter().map(|claimed| claimed.chunk).collect() }
    }

    /// Lets these people end, by their places: sent to when there is no reason, else failed for it.
    pub async fn end(&mut self, stage: &Stage, places: impl IntoIterator<Item = u32>, reason: Option<Reason>) {
        let now = stage.api.clock.now();
        let places: Vec<u32> = places.into_iter().collect();
        for chunk in &mut self.chunks {
            let (first, behind) = (chunk.first.0, chunk.first.0 + chunk.size);
            let here: Vec<u32> = places.iter().copied().filter(|place| (first..behind).contains(place)).collect();
            if here.is_empty() {
                continue;
            }
            let facts = here.into_iter().map(|place| {
                let settlement = if reason.is_some() { Settlement::Failed } else { Settlement::Sent };
                chunk.settle(Ordinal(place), settlement).unwrap();
                let sent = Outcome::Accepted { message_id: Some(MessageId(format!("id{place}"))) };
                AttemptFact {
                    round: chunk.round,
                    chunk: chunk.number,
                    ordinal: Ordinal(place),
                    attempt: 1,
                    epoch: chunk.epoch,
                    step: Some(Step::Send),
                    outcome: Some(reason.map_or(sent, Outcome::Rejected)),
                    settles: Some(settlement),
                    reason,
                    status: Some(if reason.is_some() { 403 } else { 201 }),
                    request: Some(RequestId(Uuid::from_u128(u128::from(place)))),
                    message_id: reason.is_none().then(|| MessageId(format!("id{place}"))),
                    started_at: now,
                    ended_at: now,
                }
            });
            let facts = facts.collect();
            chunk.flush_number += 1;
            let flush = Flush { chunks: vec![chunk.clone()], facts, now: Some(now), ..Flush::default() };
            assert_eq!(stage.store.flush(stage.tenant, self.worker, &flush).await.unwrap().held.len(), 1);
        }
        stage.store.finish(stage.tenant, now).await.unwrap();
    }
}
