//! What was sent of a broadcast that is over is set right: replaced, deleted, or recalled by itself.

use std::collections::{BTreeMap, BTreeSet};

use super::Answer;
use super::record::{Record, Saying, StoredAttempt, StoredBroadcast, StoredRound};
use super::reports::final_fact;
use crate::domain::broadcast::{BroadcastState, Channel, Channels, RoundKind, Way};
use crate::domain::delivery::Settlement;
use crate::domain::ids::{BroadcastId, MessageId, RecipientKey, RoundId, TenantKey, WorkerId};
use crate::domain::outcome::{Outcome, Step};
use crate::domain::reason::Reason;
use crate::domain::time::Timestamp;
use crate::ports::{Amends, HeldTenant, Said, Standing, StoreError};

/// Somebody whom a correction or a recall takes up.
#[derive(Debug, Clone, Default)]
pub(super) struct Stands {
    /// Which message.
    pub message: Option<MessageId>,
    /// Why there may be another.
    pub doubt: Option<Reason>,
}

impl Record {
    /// As [`Store::count_standing`](crate::ports::Store::count_standing).
    pub fn count_standing(&self, tenant: TenantKey, id: BroadcastId, kind: RoundKind, channel: Channel) -> Standing {
        let mut standing = Standing::default();
        for stands in self.to_amend(tenant, id, (kind, channel), None).into_values() {
            let is_known = channel == Channel::Feed || stands.message.is_some();
            *(if is_known { &mut standing.known } else { &mut standing.unknown }) += 1;
            standing.doubted += u64::from(stands.message.is_some() && stands.doubt.is_some());
        }
        standing
    }

    /// As [`Store::amend`](crate::ports::Store::amend).
    #[allow(clippy::too_many_arguments, reason = "the port's, and the database's clock")]
    pub fn amend(
        &mut self,
        tenant: TenantKey,
        id: BroadcastId,
        amends: &Amends,
        rounds: &[(RoundId, Channel)],
        deadline_at: Timestamp,
        now: Timestamp,
        clock: Timestamp,
    ) -> bool {
        let (recalls, by_itself) = match amends {
            Amends::Correct(_) => (false, false),
            Amends::Recall(recalling) => (true, recalling.by_itself),
        };
        let may = |stored: &&mut StoredBroadcast| {
            stored.state.is_final()
                && (stored.recalled_at.is_none() || (recalls && !by_itself))
                && (!by_itself || stored.submitted.expire_at.is_some_and(|at| at <= clock))
        };
        let Some(stored) = self.broadcasts.get_mut(&(tenant, id)).filter(may) else {
            // Perhaps these very rounds, of which the first answer was lost.
            return rounds.first().is_some_and(|(round, _)| self.rounds.contains_key(&(tenant, *round)));
        };
        if recalls {
            stored.recalled_at.get_or_insert(clock);
        }
        if rounds.is_empty() {
            return true;
        }
        let submitted = &mut stored.submitted;
        let before = Said { content: submitted.content.clone(), notification: submitted.way.notification().cloned() };
        if let Amends::Correct(said) = amends {
            submitted.content = said.content.clone();
            if let (Way::Feed(notification) | Way::Both(notification, _), Some(corrected)) =
                (&mut submitted.way, &said.notification)
            {
                *notification = corrected.clone();
            }
        }
        submitted.treatment.deadline_at = deadline_at;
        stored.becomes(BroadcastState::Expanding, clock);
        stored.finished_at = None;
        for (round, channel) in rounds {
            let mut fresh = StoredRound::fresh(tenant, *round, id, (amends.kind(), *channel), now);
            fresh.says = match (amends, channel) {
                (Amends::Correct(_), _) => Saying { replaced: Some(before.clone()), ..Saying::default() },
                (Amends::Recall(recalling), Channel::Feed) => {
                    Saying { notification: recalling.notification.clone(), ..Saying::default() }
                }
                (Amends::Recall(recalling), Channel::Chat | Channel::Post) => {
                    Saying { content: recalling.content.clone(), ..Saying::default() }
                }
            };
            self.rounds.insert((tenant, *round), fresh);
        }
        true
    }

    /// As [`Store::cancel_expired`](crate::ports::Store::cancel_expired).
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`].
    pub fn cancel_expired(&mut self, held: HeldTenant, worker: WorkerId, clock: Timestamp) -> Answer<Vec<BroadcastId>> {
        use BroadcastState as S;
        if !self.holds(held, worker) {
            return Err(StoreError::LeaseLost);
        }
        let mut over = Vec::new();
        for stored in self.broadcasts.values_mut().filter(|stored| stored.tenant == held.tenant) {
            if stored.expires_in(clock).is_none_or(|left| !left.is_zero()) {
                continue;
            }
            match stored.state {
                S::Scheduled | S::Expanding | S::Running | S::Paused | S::Halted | S::Missed => {
                    stored.becomes(S::Cancelling, clock);
                }
                S::Done | S::Cancelled => over.push((stored.submitted.expire_at, stored.submitted.id)),
                S::Cancelling | S::Draft | S::AwaitingApproval => {}
            }
        }
        over.sort();
        Ok(over.into_iter().map(|(_, id)| id).collect())
    }

    /// How long until the next broadcast of a tenant is to be recalled by itself.
    pub(super) fn expires_in(&self, tenant: TenantKey, clock: Timestamp) -> Option<std::time::Duration> {
        let theirs = self.broadcasts.values().filter(|stored| stored.tenant == tenant);
        theirs.filter_map(|stored| stored.expires_in(clock)).min()
    }

    /// Whom a round of this kind and channel takes up; `before` leaves it and what comes after it out.
    pub(super) fn to_amend(
        &self,
        tenant: TenantKey,
        id: BroadcastId,
        (kind, channel): (RoundKind, Channel),
        before: Option<RoundId>,
    ) -> BTreeMap<RecipientKey, Stands> {
        let Some(broadcast) = self.broadcast(tenant, id) else { return BTreeMap::new() };
        let notified = broadcast.submitted.way.channels() == Channels::Both && channel == Channel::Feed;
        let tells = |round: &StoredRound| match round.kind {
            RoundKind::Notify => notified,
            kind => kind.tells() && !notified,
        };
        let earlier = || self.rounds_of(tenant, id).filter(|round| before.is_none_or(|before| round.id < before));
        let mut known: BTreeMap<RecipientKey, Known> = BTreeMap::new();
        for round in earlier().filter(|round| tells(round)) {
            for (ordinal, recipient) in &round.audience {
                known.entry(*recipient).or_default().learn(round, *ordinal);
            }
        }
        let accepted = |kept: &StoredAttempt| matches!(kept.fact.outcome, Some(Outcome::Accepted { .. }));
        let recalls = |round: &&StoredRound| {
            kind == RoundKind::Recall && round.kind == RoundKind::Recall && round.channel == channel
        };
        let mut withdrawn = BTreeSet::new();
        for round in earlier().filter(recalls) {
            let theirs = round.audience.iter();
            let gone = theirs.filter(|(ordinal, _)| round.attempts_of(**ordinal).any(accepted));
            withdrawn.extend(gone.map(|(_, recipient)| *recipient));
        }
        known
            .into_iter()
            .filter(|(recipient, known)| !withdrawn.contains(recipient) && known.is_told(channel))
            .map(|(recipient, known)| (recipient, known.stands()))
            .collect()
    }
}

/// What the rounds that told say of one person, oldest first.
#[derive(Debug, Default)]
struct Known {
    settles: Option<Settlement>,
    message: Option<MessageId>,
    messages: usize,
    doubt: Option<Reason>,
    perhaps_notified: bool,
}

impl Known {
    fn learn(&mut self, round: &StoredRound, ordinal: crate::domain::ids::Ordinal) {
        let settled = final_fact(round, ordinal).map(|kept| &kept.fact);
        self.settles = settled.and_then(|fact| fact.settles);
        let taken = |kept: &&StoredAttempt| matches!(kept.fact.outcome, Some(Outcome::Accepted { .. }));
        let named = || round.attempts_of(ordinal).filter(taken).filter(|kept| kept.fact.message_id.is_some());
        let newest = named().max_by_key(|kept| (kept.fact.settles.is_some(), kept.fact.ended_at));
        self.message = newest.and_then(|kept| kept.fact.message_id.clone()).or_else(|| self.message.take());
        let sent = named().filter(|kept| kept.fact.step == Some(Step::Send));
        let sent: BTreeSet<&str> =
            sent.filter_map(|kept| kept.fact.message_id.as_ref()).map(|id| id.0.as_str()).collect();
        self.messages += sent.len();
        for kept in round.attempts_of(ordinal) {
            let Some(Outcome::Lost(reason)) = kept.fact.outcome else { continue };
            match kept.fact.step {
                Some(Step::Notify | Step::NotifyMany) => self.perhaps_notified = true,
                Some(Step::Send) => {
                    let number = kept.fact.attempt;
                    let late = round.attempts_of(ordinal).filter(taken).any(|late| late.fact.attempt == number);
                    if !late {
                        self.doubt.get_or_insert(reason);
                    }
                }
                _ => {}
            }
        }
    }

    fn is_told(&self, channel: Channel) -> bool {
        match channel {
            Channel::Feed => self.settles == Some(Settlement::Sent) || self.perhaps_notified,
            Channel::Chat | Channel::Post => {
                matches!(self.settles, Some(Settlement::Sent | Settlement::Unconfirmed))
            }
        }
    }

    fn stands(self) -> Stands {
        // Two that are known are one too many as well: only one can be named.
        let doubt = self.doubt.or((self.messages > 1).then_some(Reason::AnswerLost));
        Stands { message: self.message, doubt }
    }
}

impl StoredBroadcast {
    /// How long until it is to be recalled by itself.
    fn expires_in(&self, clock: Timestamp) -> Option<std::time::Duration> {
        let waits = self.recalled_at.is_none()
            && !matches!(self.state, BroadcastState::Draft | BroadcastState::AwaitingApproval);
        let expire_at = self.submitted.expire_at.filter(|_| waits)?;
        Some((expire_at - clock).to_std().unwrap_or_default())
    }
}
