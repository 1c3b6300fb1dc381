//! Asks the directory: at the pace it allows, and again where that helps.
//!
//! The directory counts resource units, not requests. Each question is charged what it is known to cost before it is
//! asked, and whatever the answer says beyond that afterwards, so that no window ever holds more than the quota.

use std::future::Future;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::domain::ids::{ReaderId, RequestId};
use crate::domain::outcome::Outcome;
use crate::domain::pacing::Pacer;
use crate::domain::reason::Reason;
use crate::domain::retry::Jitter;
use crate::domain::time::Monotonic;
use crate::ports::{Answer, Directory, ReadingStep, StoreError, Told};

use super::people::{People, PeopleError, READING_LEASE, SIGN_OF_LIFE};

/// How often in a row we may be asked to wait for one page before we give up. The waits grow to a minute each.
const WAITS_MAX: u32 = 20;

/// One conversation with the directory.
pub struct Inquiry<'a> {
    people: &'a People,
    /// Who reads, when the reading was claimed.
    reader: Option<ReaderId>,
    pacer: Pacer,
    /// Requests made so far.
    pub requests: u64,
}

impl<'a> Inquiry<'a> {
    /// Nothing has been asked yet.
    pub fn new(people: &'a People) -> Self {
        // Another command may have asked until this very moment. The quota is less than half of what there is, so it need
        // not be waited for: somebody sits at the keyboard.
        Self { people, reader: None, pacer: Pacer::fresh(people.quota), requests: 0 }
    }

    /// As [`Self::new`], by somebody who has claimed the reading: while she waits, her claim is renewed.
    pub fn of_reader(people: &'a People, reader: ReaderId) -> Self {
        Self { reader: Some(reader), ..Self::new(people) }
    }

    /// Asks `question`, which costs so many resource units, until it is answered or asking is of no use.
    ///
    /// # Errors
    /// [`PeopleError`]; [`PeopleError::Forgotten`] when the listing must begin again.
    pub async fn ask<T, F>(
        &mut self,
        units: u32,
        question: impl Fn(Arc<dyn Directory>, RequestId) -> F,
    ) -> Result<T, PeopleError>
    where
        F: Future<Output = Result<Told<T>, Answer>> + Send,
    {
        let (mut tries, mut waits) = (0_u8, 0_u32);
        loop {
            self.wait_until(self.pacer.earliest_for(self.people.clock.monotonic(), units)).await?;
            self.charge(units);
            self.requests += 1;
            let id = RequestId::new(self.people.random.next_u64(), self.people.random.next_u64());
            match question(Arc::clone(&self.people.directory), id).await {
                Ok(Told { told, units: charged }) => {
                    self.pacer.served();
                    self.charge(charged.unwrap_or(units).saturating_sub(units));
                    return Ok(told);
                }
                Err(answer) => match self.judge(&answer, &mut tries, &mut waits) {
                    ControlFlow::Continue(until) => {
                        self.show_life().await?;
                        self.pacer.hold_until(until);
                    }
                    ControlFlow::Break(error) => return Err(error),
                },
            }
        }
    }

    async fn wait_until(&self, until: Monotonic) -> Result<(), StoreError> {
        let clock = &self.people.clock;
        loop {
            let soon = clock.monotonic() + SIGN_OF_LIFE;
            if until <= soon {
                clock.sleep_until(until).await;
                return Ok(());
            }
            clock.sleep_until(soon).await;
            self.show_life().await?;
        }
    }

    /// Renews the claim of whoever has one.
    async fn show_life(&self) -> Result<(), StoreError> {
        let People { store, tenant, clock, .. } = self.people;
        if let Some(reader) = self.reader {
            store.advance(*tenant, reader, READING_LEASE, &ReadingStep::Stay, clock.now()).await?;
        }
        Ok(())
    }

    fn charge(&mut self, units: u32) {
        let now = self.people.clock.monotonic();
        // A cost beyond any quota could not be paid in one window anyway.
        for _ in 0..units.min(self.pacer.quota().requests) {
            self.pacer.start(now);
        }
    }

    /// Until when to wait before the same question again, or why not at all.
    fn judge(&mut self, answer: &Answer, tries: &mut u8, waits: &mut u32) -> ControlFlow<PeopleError, Monotonic> {
        let now = self.people.clock.monotonic();
        let gave_up = |tries: u32| {
            ControlFlow::Break(PeopleError::GaveUp { tries, status: answer.status, detail: answer.detail.clone() })
        };
        match &answer.outcome {
            Outcome::Throttled { retry_after } => {
                *waits += 1;
                let until = self.pacer.throttled(now, *retry_after);
                if *waits < WAITS_MAX { ControlFlow::Continue(until) } else { gave_up(*waits) }
            }
            Outcome::Refused(_, reason) => {
                ControlFlow::Break(PeopleError::Refused { reason: *reason, detail: answer.detail.clone() })
            }
            Outcome::Transient(Reason::Unexpected) => {
                ControlFlow::Break(PeopleError::Forgotten { detail: answer.detail.clone() })
            }
            // Reading may safely be repeated, whatever became of the first answer.
            Outcome::Transient(_) | Outcome::Lost(_) | Outcome::NeedsRemedy(..) | Outcome::NotStarted => {
                *tries += 1;
                // One reader alone has nobody to spread its tries from.
                let wait = self.people.retry.delay(*tries, Jitter::FULL);
                if *tries < self.people.retry.tries {
                    ControlFlow::Continue(now + wait)
                } else {
                    gave_up((*tries).into())
                }
            }
            _ => gave_up(u32::from(*tries) + 1),
        }
    }
}
