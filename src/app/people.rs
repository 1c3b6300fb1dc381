//! Reads the directory page by page, at the pace it allows, and keeps what it read.
//!
//! Invariant: each page is kept as soon as it is read, so a reading that fails half-way leaves everything before it
//! in place, and nobody is ever forgotten.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::domain::ids::{RequestId, TenantKey};
use crate::domain::outcome::Outcome;
use crate::domain::pacing::{Pacer, Quota};
use crate::domain::reason::{HaltReason, Reason};
use crate::domain::retry::{Jitter, RetryPolicy};
use crate::domain::time::Monotonic;
use crate::ports::{Answer, Clock, Directory, PeoplePage, Person, Random, Store, StoreError};

/// How often in a row we may be asked to wait for one page before we give up. The waits grow to a minute each.
const WAITS_MAX: u32 = 20;

/// Why the directory could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// It refuses us altogether: an administrator must act.
    #[error("{}", .reason.sentence())]
    Refused {
        /// Why, with its cure.
        reason: HaltReason,
        /// What the service said.
        detail: Option<String>,
    },
    /// It could not be reached, or asked us to wait, too often.
    #[error("The directory could not be read: {} after {tries} tries.", status.map_or_else(
        || "no answer".to_owned(), |status| format!("status {status}")))]
    GaveUp {
        /// How many requests for one page.
        tries: u32,
        /// The last status.
        status: Option<u16>,
        /// What the service said.
        detail: Option<String>,
    },
    /// The pages could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How far the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PeopleRead {
    /// Pages so far.
    pub pages: u64,
    /// People so far.
    pub people: u64,
}

/// What reading the directory needs.
#[derive(Clone)]
pub struct People {
    /// Whom we ask.
    pub directory: Arc<dyn Directory>,
    /// Where the people are kept.
    pub store: Arc<dyn Store>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Whose people.
    pub tenant: TenantKey,
    /// How fast we may ask.
    pub quota: Quota,
    /// How patient we are with one page.
    pub retry: RetryPolicy,
}

impl People {
    /// Reads everybody and keeps each page; `progress` hears of every page.
    ///
    /// # Errors
    /// [`PeopleError`]; what was read before it is kept.
    pub async fn sync(&self, mut progress: impl FnMut(PeopleRead) + Send) -> Result<PeopleRead, PeopleError> {
        let mut read = PeopleRead::default();
        let mut pages = Pages::new(self);
        while let Some(people) = pages.next().await? {
            self.store.keep_people(self.tenant, &people, self.clock.now()).await?;
            read = PeopleRead { pages: read.pages + 1, people: read.people + people.len() as u64 };
            progress(read);
        }
        tracing::info!(pages = read.pages, people = read.people, "directory read");
        Ok(read)
    }

    /// Reads everybody and keeps nothing; `look` sees each person, once.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn browse(&self, mut look: impl FnMut(&Person) + Send) -> Result<(), PeopleError> {
        let mut pages = Pages::new(self);
        while let Some(people) = pages.next().await? {
            people.iter().for_each(&mut look);
        }
        Ok(())
    }
}

/// Where a reading stands.
struct Pages<'a> {
    people: &'a People,
    pacer: Pacer,
    /// The page to ask for; `None` for the first.
    page: Option<String>,
    is_over: bool,
}

impl<'a> Pages<'a> {
    fn new(people: &'a People) -> Self {
        // Another command may have read until this very moment.
        let pacer = Pacer::taking_over(people.quota, people.clock.monotonic());
        Self { people, pacer, page: None, is_over: false }
    }

    /// The next page's people; `None` after the last page.
    async fn next(&mut self) -> Result<Option<Vec<Person>>, PeopleError> {
        if self.is_over {
            return Ok(None);
        }
        let page = self.patiently().await?;
        self.is_over = page.next.is_none();
        self.page = page.next;
        Ok(Some(page.people))
    }

    async fn patiently(&mut self) -> Result<PeoplePage, PeopleError> {
        let (mut tries, mut waits) = (0_u8, 0_u32);
        loop {
            let answer = match self.ask().await {
                Ok(page) => return Ok(page),
                Err(answer) => answer,
            };
            let now = self.people.clock.monotonic();
            match self.judge(&answer, now, &mut tries, &mut waits) {
                ControlFlow::Continue(until) => self.pacer.hold_until(until),
                ControlFlow::Break(error) => return Err(error),
            }
        }
    }

    /// Makes one request, when its turn has come.
    async fn ask(&mut self) -> Result<PeoplePage, Answer> {
        let clock = &self.people.clock;
        clock.sleep_until(self.pacer.earliest(clock.monotonic())).await;
        self.pacer.start(clock.monotonic());
        let id = RequestId::new(self.people.random.next_u64(), self.people.random.next_u64());
        let page = self.people.directory.people(self.page.as_deref(), id).await?;
        self.pacer.served();
        Ok(page)
    }

    /// Until when to wait before the same request again, or why not at all.
    fn judge(
        &mut self,
        answer: &Answer,
        now: Monotonic,
        tries: &mut u8,
        waits: &mut u32,
    ) -> ControlFlow<PeopleError, Monotonic> {
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

/// How many people the directory holds whom the bot cannot write to, by reason; how many it can.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// Everybody looked at.
    pub people: u64,
    /// Left out by rule.
    pub barred: BTreeMap<Reason, u64>,
}

impl Reach {
    /// Counts one person.
    pub fn count(&mut self, person: &Person) {
        self.people += 1;
        if let Some(reason) = person.account.barrier() {
            *self.barred.entry(reason).or_default() += 1;
        }
    }

    /// Everybody who is not left out by rule.
    pub fn reachable(&self) -> u64 {
        self.people - self.barred.values().sum::<u64>()
    }
}
