//! Keeps what we know of the organisation's people up to date: everybody once, and then what has changed.
//!
//! Picture somebody who copies a register while clerks go on writing in it. First she asks for the place in the book of
//! changes at which today begins; then she copies the whole register, page by page; then she reads the changes from
//! that place on, so that nothing written meanwhile escapes her. From then on only the book of changes is read, until it
//! has been put away for her being late, and she begins again.
//!
//! Invariants: each page and the place where the reading goes on are kept together, so that a reading that was cut
//! short goes on where it was; nobody has left before a whole reading has ended without naming her; one process reads
//! at a time; whatever fails, the old truth stands, and since when is written down.

use std::sync::Arc;
use std::time::Duration;

use crate::domain::ids::{ReaderId, TenantKey};
use crate::domain::pacing::Quota;
use crate::domain::reason::HaltReason;
use crate::domain::retry::RetryPolicy;
use crate::domain::time::Timestamp;
use crate::ports::{
    Advanced, Change, Clock, Directory, DirectoryRecord, Onward, Person, Random, ReadingStep, Store, StoreError, units,
};

use super::inquiry::Inquiry;

/// How long a claim on the reading lasts without a step. A reader that was killed keeps others waiting so long.
const READING_LEASE: Duration = Duration::from_secs(30);
/// How often somebody who waits for another reader looks again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// People of one transaction among those who have left.
const PART_BATCH: u32 = 10_000;
/// How often one reading may begin again because its link was not known any more.
const BEGIN_AGAIN_MAX: u32 = 3;

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
    /// It does not know where we were any more, again and again.
    #[error("The directory does not know where the reading stood, and beginning again did not help.")]
    Forgotten {
        /// What the service said.
        detail: Option<String>,
    },
    /// It names nobody at all. An organisation whose people have all left has no app either: we were shown nothing.
    #[error("The directory names nobody at all, so what was known of it is kept.")]
    Emptied,
    /// The pages could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PeopleError {
    /// The link is of no use any more; a new listing may be.
    const fn is_of_the_link(&self) -> bool {
        matches!(self, Self::Forgotten { .. } | Self::GaveUp { status: Some(400..=499), .. })
    }
}

/// Which reading is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// What has changed, or everybody where that is not known.
    Changes,
    /// Everybody.
    Whole,
}

/// How far the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct PeopleRead {
    /// Everybody is read, not only what has changed.
    pub whole: bool,
    /// It went on where an earlier one was cut short.
    pub resumed: bool,
    /// Pages so far.
    pub pages: u64,
    /// People named so far.
    pub people: u64,
    /// Of whom something was new.
    pub changed: u64,
    /// Who have left.
    pub left: u64,
    /// Requests made.
    pub requests: u64,
    /// Another process is reading; this one waits for it.
    pub waits: bool,
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
    /// How many resource units we may use.
    pub quota: Quota,
    /// How patient we are with one page.
    pub retry: RetryPolicy,
    /// How old what is known may be before it is read again for somebody who waits.
    pub fresh_for: Duration,
}

impl People {
    /// Reads what is wanted; `progress` hears of every page.
    ///
    /// # Errors
    /// [`PeopleError`]; what was read before it is kept, and the next reading goes on from there.
    pub async fn sync(
        &self,
        wanted: Reading,
        mut progress: impl FnMut(PeopleRead) + Send,
    ) -> Result<PeopleRead, PeopleError> {
        let reader = ReaderId(self.random.next_u64().cast_signed());
        let record = self.claim(reader, &mut progress).await?;
        let mut register =
            Register { people: self, reader, inquiry: Inquiry::new(self), read: PeopleRead::default(), progress };
        let done = register.read(wanted, record).await;
        let failure = done.as_ref().err().map(ToString::to_string);
        let released = self.store.release_directory(self.tenant, reader, failure.as_deref(), self.clock.now()).await;
        let read = done?;
        released?;
        let PeopleRead { whole, pages, people, changed, left, .. } = read;
        tracing::info!(whole, pages, people, changed, left, "directory read");
        Ok(read)
    }

    /// Reads what has changed, when what is known is older than [`Self::fresh_for`]; `None` when it is not.
    ///
    /// # Errors
    /// As [`Self::sync`].
    pub async fn refresh(&self, progress: impl FnMut(PeopleRead) + Send) -> Result<Option<PeopleRead>, PeopleError> {
        let record = self.store.directory(self.tenant).await?;
        if record.read_at.is_some_and(|at| self.is_fresh(at)) {
            return Ok(None);
        }
        self.sync(Reading::Changes, progress).await.map(Some)
    }

    /// Whether what is known as of `at` need not be read again.
    pub fn is_fresh(&self, at: Timestamp) -> bool {
        // An instant to come was written by a clock that is wrong, and proves nothing.
        (self.clock.now() - at).to_std().is_ok_and(|age| age < self.fresh_for)
    }

    /// Reads everybody and keeps nothing; `look` sees each person, once.
    ///
    /// # Errors
    /// [`PeopleError`].
    pub async fn browse(&self, mut look: impl FnMut(&Person) + Send) -> Result<(), PeopleError> {
        let mut inquiry = Inquiry::new(self);
        let mut next: Option<String> = None;
        loop {
            let page = next.as_deref();
            let ask = move |directory: Arc<dyn Directory>, id| async move { directory.people(page, id).await };
            let page = inquiry.ask(units::PEOPLE, ask).await?;
            page.people.iter().for_each(&mut look);
            next = page.next;
            if next.is_none() {
                return Ok(());
            }
        }
    }

    /// Claims the reading, waiting for whoever has it.
    async fn claim(
        &self,
        reader: ReaderId,
        progress: &mut (impl FnMut(PeopleRead) + Send),
    ) -> Result<DirectoryRecord, StoreError> {
        loop {
            if let Some(record) = self.store.claim_directory(self.tenant, reader, READING_LEASE).await? {
                return Ok(record);
            }
            progress(PeopleRead { waits: true, ..PeopleRead::default() });
            self.clock.sleep_until(self.clock.monotonic() + LOOK_AGAIN).await;
        }
    }
}

/// One reading, claimed.
struct Register<'a, P> {
    people: &'a People,
    reader: ReaderId,
    inquiry: Inquiry<'a>,
    read: PeopleRead,
    progress: P,
}

impl<P: FnMut(PeopleRead) + Send> Register<'_, P> {
    async fn read(&mut self, wanted: Reading, record: DirectoryRecord) -> Result<PeopleRead, PeopleError> {
        let under_way = record.began_at.is_some();
        let mut place = match record.delta_link {
            Some(link) if under_way => Place::Page { then: link, page: record.next_page },
            Some(link) if wanted == Reading::Changes => Place::Changes(link),
            _ => Place::Beginning,
        };
        self.read.resumed = matches!(place, Place::Page { page: Some(_), .. });
        let mut begun_again = 0;
        loop {
            match self.read_from(place).await {
                Ok(()) => return Ok(self.read),
                Err((error, is_listing)) if is_listing && error.is_of_the_link() && begun_again < BEGIN_AGAIN_MAX => {
                    tracing::warn!(%error, "the whole directory is read again");
                    begun_again += 1;
                    self.read.resumed = false;
                    place = Place::Beginning;
                }
                Err((error, _)) => return Err(error),
            }
        }
    }

    /// Reads from `place` to the last change; the error tells whether it is of a link that we were given.
    async fn read_from(&mut self, place: Place) -> Result<(), (PeopleError, bool)> {
        let link = match place {
            Place::Beginning => {
                let then = self.begin().await.map_err(|error| (error, false))?;
                // A first page has no link that could be of no use.
                self.read_everybody(None).await?;
                then
            }
            Place::Page { then, page } => {
                self.read_everybody(page).await?;
                then
            }
            Place::Changes(link) => link,
        };
        self.read_changes(link).await.map_err(|error| (error, true))
    }

    /// Finds out where today begins in the book of changes.
    async fn begin(&mut self) -> Result<String, PeopleError> {
        let mut link: Option<String> = None;
        loop {
            let from = link.as_deref();
            let ask = move |directory: Arc<dyn Directory>, id| async move { directory.changes(from, id).await };
            match self.inquiry.ask(units::CHANGES, ask).await?.next {
                Onward::Now(next) => link = Some(next),
                Onward::Later(link) => {
                    self.take(&ReadingStep::Begin { delta_link: &link }).await?;
                    return Ok(link);
                }
            }
        }
    }

    async fn read_everybody(&mut self, first: Option<String>) -> Result<(), (PeopleError, bool)> {
        self.read.whole = true;
        let mut next = first;
        loop {
            let page = next.as_deref();
            let ask = move |directory: Arc<dyn Directory>, id| async move { directory.people(page, id).await };
            let is_linked = page.is_some();
            let page = self.inquiry.ask(units::PEOPLE, ask).await.map_err(|error| (error, is_linked))?;
            let step = ReadingStep::Page { people: &page.people, next: page.next.as_deref() };
            self.take(&step).await.map_err(|error| (error.into(), false))?;
            self.turn_page(page.people.len());
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        self.part_with_the_unnamed().await.map_err(|error| (error, false))
    }

    async fn part_with_the_unnamed(&mut self) -> Result<(), PeopleError> {
        if self.read.people == 0 && !self.read.resumed {
            return Err(PeopleError::Emptied);
        }
        while self.take(&ReadingStep::PartWith { limit: PART_BATCH }).await?.left == u64::from(PART_BATCH) {}
        self.take(&ReadingStep::End).await?;
        Ok(())
    }

    async fn read_changes(&mut self, mut link: String) -> Result<(), PeopleError> {
        let read_at = self.people.clock.now();
        loop {
            let from = Some(link.as_str());
            let ask = move |directory: Arc<dyn Directory>, id| async move { directory.changes(from, id).await };
            let page = self.inquiry.ask(units::CHANGES, ask).await?;
            let is_last = matches!(page.next, Onward::Later(_));
            let step = ReadingStep::Changes {
                changes: &page.changes,
                link: page.next.link(),
                read_at: is_last.then_some(read_at),
            };
            self.take(&step).await?;
            let named = page.changes.iter().filter(|change| matches!(change, Change::Person(..))).count();
            self.turn_page(if self.read.whole { 0 } else { named });
            if is_last {
                return Ok(());
            }
            page.next.link().clone_into(&mut link);
        }
    }

    async fn take(&mut self, step: &ReadingStep<'_>) -> Result<Advanced, StoreError> {
        let People { store, tenant, clock, .. } = self.people;
        let advanced = store.advance(*tenant, self.reader, READING_LEASE, step, clock.now()).await?;
        self.read.changed += advanced.changed;
        self.read.left += advanced.left;
        Ok(advanced)
    }

    fn turn_page(&mut self, people: usize) {
        self.read.pages += 1;
        self.read.people += people as u64;
        self.read.requests = self.inquiry.requests;
        (self.progress)(self.read);
    }
}

/// Where a reading goes on.
enum Place {
    /// Nowhere yet: everything is still to be read.
    Beginning,
    /// At a page of the whole, the first without a link; then the changes.
    Page { then: String, page: Option<String> },
    /// At the changes.
    Changes(String),
}

#[cfg(test)]
mod tests;
