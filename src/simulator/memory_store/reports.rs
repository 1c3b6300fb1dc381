//! What reports read: sums over chunks, and one row for each person.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::record::{Record, StoredAttempt, StoredBroadcast, StoredRound};
use crate::domain::broadcast::{BroadcastState, Channel, RoundKind, RoundState};
use crate::domain::delivery::Settlement;
use crate::domain::ids::{BroadcastId, Ordinal, RecipientKey, RoundId, TenantKey};
use crate::domain::progress::{Counted, Progress};
use crate::domain::reason::Reason;
use crate::ports::{BroadcastReport, DeliveryReport, Person, RetryWish, RoundReport};

impl Record {
    /// As [`Store::report`](crate::ports::Store::report).
    pub fn report(&self, tenant: TenantKey, id: BroadcastId) -> Option<BroadcastReport> {
        self.broadcast(tenant, id).map(|stored| self.report_on(stored))
    }

    /// As [`Store::reports`](crate::ports::Store::reports).
    pub fn reports(&self, tenant: TenantKey, limit: u32) -> Vec<BroadcastReport> {
        let announced = |stored: &&StoredBroadcast| stored.tenant == tenant && stored.notice_of.is_none();
        let newest_first = self.broadcasts.values().rev().filter(announced);
        newest_first.take(limit as usize).map(|stored| self.report_on(stored)).collect()
    }

    fn report_on(&self, stored: &StoredBroadcast) -> BroadcastReport {
        use BroadcastState::{Expanding, Halted, Running};
        let (tenant, submitted) = (stored.tenant, &stored.submitted);
        let active = matches!(stored.state, Expanding | Running | Halted);
        let tenant_halt = self.tenants.get(&tenant).and_then(|tenant| tenant.halt.clone());
        let (mut progress, mut rounds) = (Progress::default(), Vec::new());
        for round in self.rounds_of(tenant, submitted.id) {
            let report = round_report(round);
            match round.kind {
                RoundKind::Send => progress = report.progress,
                RoundKind::Retry => progress = progress.retried(&report.progress, round.from),
                RoundKind::Prepare | RoundKind::Correct | RoundKind::Recall | RoundKind::Notify => {}
            }
            rounds.push(report);
        }
        BroadcastReport {
            id: submitted.id,
            title: submitted.content.title.clone(),
            state: if tenant_halt.is_some() && active { Halted } else { stored.state },
            halt: stored.halt.clone().or(tenant_halt).filter(|_| active),
            treatment: submitted.treatment.clone(),
            audience: submitted.audience.clone(),
            channels: submitted.way.channels(),
            expire_at: submitted.expire_at,
            recalled_at: stored.recalled_at,
            expected: submitted.expected,
            created_at: submitted.created_at,
            started_at: stored.started_at,
            finished_at: stored.finished_at,
            schedule: submitted.schedule.as_ref().map(|(schedule, _)| schedule.clone()),
            progress,
            rounds,
        }
    }

    /// As [`Store::reasons`](crate::ports::Store::reasons).
    pub fn reasons(&self, tenant: TenantKey, id: BroadcastId) -> Vec<(Settlement, Reason, u64)> {
        count_reasons(self.newest(tenant, id, None))
    }

    /// As [`Store::reasons_of`](crate::ports::Store::reasons_of).
    pub fn reasons_of(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        passes: (RoundKind, Channel),
    ) -> Vec<(Settlement, Reason, u64)> {
        count_reasons(self.newest(tenant, id, Some(passes)))
    }

    /// As [`Store::deliveries`](crate::ports::Store::deliveries).
    pub fn deliveries(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Vec<(RecipientKey, DeliveryReport)> {
        self.page(tenant, self.newest(tenant, id, None), after, limit)
    }

    /// As [`Store::deliveries_of`](crate::ports::Store::deliveries_of).
    pub fn deliveries_of(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        passes: (RoundKind, Channel),
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Vec<(RecipientKey, DeliveryReport)> {
        self.page(tenant, self.newest(tenant, id, Some(passes)), after, limit)
    }

    fn page(
        &self,
        tenant: TenantKey,
        newest: Newest<'_>,
        after: Option<RecipientKey>,
        limit: u32,
    ) -> Vec<(RecipientKey, DeliveryReport)> {
        let after = after.unwrap_or(RecipientKey(0));
        let beyond = newest.into_iter().filter(|(key, _)| *key > after);
        let known = beyond.filter_map(|(key, (round, ordinal))| {
            let person = &self.person(tenant, key)?.person;
            Some((key, delivery(person, round, ordinal)))
        });
        known.take(limit as usize).collect()
    }

    /// Each person of a broadcast in the newest round that names her: of those that tell, or of one kind in one channel.
    fn newest(&self, tenant: TenantKey, id: BroadcastId, passes: Option<(RoundKind, Channel)>) -> Newest<'_> {
        let passes = passes.filter(|(kind, _)| !kind.tells());
        let meant = |round: &&StoredRound| match passes {
            None => round.kind.tells(),
            Some(passes) => (round.kind, round.channel) == passes,
        };
        let mut newest = BTreeMap::new();
        // Later rounds overwrite.
        for round in self.rounds_of(tenant, id).filter(meant) {
            newest.extend(round.audience.iter().map(|(ordinal, recipient)| (*recipient, (round, *ordinal))));
        }
        newest
    }

    /// Whom a retry takes up, and why they may have been told; `before` leaves a round that has begun out.
    pub(super) fn to_retry(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        wish: &RetryWish,
        before: Option<RoundId>,
    ) -> Vec<(RecipientKey, Option<Reason>)> {
        let named = self.newest(tenant, id, None).into_iter();
        named
            .filter(|(_, (round, _))| before.is_none_or(|before| round.id < before))
            .filter(|(key, _)| self.person(tenant, *key).is_some_and(|person| person.left_at.is_none()))
            .filter_map(|(key, (round, ordinal))| {
                let fact = &final_fact(round, ordinal)?.fact;
                match fact.settles? {
                    Settlement::Failed if wish.reasons.is_empty() => Some((key, None)),
                    Settlement::Failed => fact.reason.filter(|why| wish.reasons.contains(why)).map(|_| (key, None)),
                    Settlement::Unconfirmed if wish.unconfirmed => {
                        Some((key, Some(fact.reason.unwrap_or(Reason::AnswerLost))))
                    }
                    _ => None,
                }
            })
            .collect()
    }
}

/// Everybody, and where she is named.
type Newest<'a> = BTreeMap<RecipientKey, (&'a StoredRound, Ordinal)>;

fn count_reasons(newest: Newest<'_>) -> Vec<(Settlement, Reason, u64)> {
    let mut people: BTreeMap<(Settlement, Reason), u64> = BTreeMap::new();
    for (round, ordinal) in newest.into_values() {
        let Some(fact) = final_fact(round, ordinal).map(|kept| &kept.fact) else { continue };
        if let (Some(settles), Some(reason)) = (fact.settles, fact.reason) {
            *people.entry((settles, reason)).or_default() += 1;
        }
    }
    let mut rows: Vec<_> = people.into_iter().map(|((settles, reason), count)| (settles, reason, count)).collect();
    rows.sort_by_key(|(settles, reason, count)| (settles.number(), Reverse(*count), reason.code()));
    rows
}

fn round_report(round: &StoredRound) -> RoundReport {
    let mut counted = Counted::default();
    for chunk in round.chunks.values() {
        let counters = chunk.chunk.counters;
        counted.sent += u64::from(counters.sent);
        counted.failed += u64::from(counters.failed);
        counted.skipped += u64::from(counters.skipped);
        counted.unconfirmed += u64::from(counters.unconfirmed);
        counted.late_sent += u64::from(chunk.late_sent);
        counted.late_failed += u64::from(chunk.late_failed);
    }
    RoundReport {
        id: round.id,
        kind: round.kind,
        channel: round.channel,
        state: round.state,
        created_at: round.created_at,
        finished_at: round.finished_at,
        progress: Progress::from_counts(u64::from(round.targeted), counted, round.state == RoundState::Done),
    }
}

/// The fact that holds: a definite answer beats doubt, whenever it came; among equals the newest.
pub(super) fn final_fact(round: &StoredRound, ordinal: Ordinal) -> Option<&StoredAttempt> {
    let settling = round.attempts_of(ordinal).filter(|kept| kept.fact.settles.is_some());
    settling.max_by_key(|kept| (kept.fact.settles != Some(Settlement::Unconfirmed), kept.fact.ended_at))
}

/// A row of the `delivery` view.
fn delivery(person: &Person, round: &StoredRound, ordinal: Ordinal) -> DeliveryReport {
    let settled = final_fact(round, ordinal).map(|kept| &kept.fact);
    let cancelled = settled.is_none() && round.state == RoundState::Done;
    let name = match settled.and_then(|fact| fact.settles) {
        Some(settlement) => settlement.name(),
        None if cancelled => Settlement::Cancelled.name(),
        None => "pending",
    };
    let requests = || round.attempts_of(ordinal).map(|kept| &kept.fact).filter(|fact| fact.step.is_some());
    let answered = round.attempts_of(ordinal).map(|kept| &kept.fact).filter(|fact| fact.status.is_some());
    let last = answered.max_by_key(|fact| (fact.attempt, fact.epoch));
    DeliveryReport {
        entra_id: person.entra_id,
        display_name: person.display_name.clone(),
        user_principal_name: person.user_principal_name.clone(),
        state: name.to_owned(),
        reason: if cancelled { Some(Reason::Cancelled) } else { settled.and_then(|fact| fact.reason) },
        attempts: requests().count() as i64,
        last_status: last.and_then(|fact| fact.status).map(i32::from),
        message_id: settled.and_then(|fact| fact.message_id.as_ref()).map(|id| id.0.clone()),
        first_attempt_at: requests().map(|fact| fact.started_at).min(),
        last_attempt_at: requests().map(|fact| fact.ended_at).max(),
    }
}
