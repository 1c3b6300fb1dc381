//! Keeps what we know of the organisation's people up to date: everybody once, and then what has changed.
//!
//! Picture somebody who copies a register while clerks go on writing in it. First she asks for the place in the book of
//! changes at which today begins; then she copies the whole register, page by page; then she reads the changes from
//! that place on, so that nothing written meanwhile escapes her. From then on only the book of changes is read, until it
//! has been put away for her being late, and she begins again.
//!
//! Invariants: each page and the place where the reading goes on are kept together, so that a reading that was cut
//! short goes on where it was; nobody has left before a whole reading has ended without naming her; one process reads
//! at a time, and whoever comes second finds it done; whatever fails, the old truth stands, and since when is written
//! down.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::domain::ids::{ReaderId, TenantKey};
use crate::domain::pacing::Quota;
use crate::domain::reason::HaltReason;
use crate::domain::retry::RetryPolicy;
use crate::domain::time::Timestamp;
use crate::ports::{
    Advanced, Change, Clock, Directory, DirectoryRecord, Onward, PeoplePage, Person, Random, ReadingStep, Store,
    StoreError, units,
};

use super::inquiry::Inquiry;

/// How long a claim on the reading lasts without a step. A reader that was killed keeps others waiting so long.
pub(super) const READING_LEASE: Duration = Duration::from_secs(30);
/// How often a reader who waits for the directory renews its claim. One request lasts 20 seconds at the most.
pub(super) const SIGN_OF_LIFE: Duration = Duration::from_secs(8);
/// How often one reading may lose its claim, to a machine that slept, and claim it again.
const CLAIM_AGAIN_MAX: u32 = 3;
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
    /// The link is of no use any more; a new listing may be. Being asked to wait (429) or being too slow (408) says
    /// nothing against it.
    const fn is_of_the_link(&self) -> bool {
        matches!(self, Self::Forgotten { .. } | Self::GaveUp { status: Some(400..=407 | 409..=428 | 430..=499), .. })
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
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
        progress: impl FnMut(PeopleRead) + Send,
    ) -> Result<PeopleRead, PeopleError> {
        let read = self.read(wanted, None, &CancellationToken::new(), progress).await?;
        // Nobody stops it, and nothing is young enough for it: it was read.
        Ok(read.unwrap_or_default())
    }

    /// Reads what has changed, when what is known is older than [`Self::fresh_for`]; `None` when it is not.
    ///
    /// # Errors
    /// As [`Self::sync`].
    pub async fn refresh(&self, progress: impl FnMut(PeopleRead) + Send) -> Result<Option<PeopleRead>, PeopleError> {
        self.refresh_after(self.fresh_for, &CancellationToken::new(), progress).await
    }

    /// As [`Self::refresh`], when what is known is older than `age`. A `stop` ends the reading where it is and gives it
    /// free; `None` then, too.
    ///
    /// # Errors
    /// As [`Self::sync`].
    pub async fn refresh_after(
        &self,
        age: Duration,
        stop: &CancellationToken,
        progress: impl FnMut(PeopleRead) + Send,
    ) -> Result<Option<PeopleRead>, PeopleError> {
        let record = self.store.directory(self.tenant).await?;
        if self.is_younger(record.read_at, age) {
            return Ok(None);
        }
        self.read(Reading::Changes, Some(age), stop, progress).await
    }

    /// Whether what is known as of `at` need not be read again.
    pub fn is_fresh(&self, at: Timestamp) -> bool {
        self.is_younger(Some(at), self.fresh_for)
    }

    /// Whether what is known as of `at`, if ever, is younger than `age`.
    pub(super) fn is_younger(&self, at: Option<Timestamp>, age: Duration) -> bool {
        // An instant to come was written by a clock that is wrong, and proves nothing.
        at.is_some_and(|at| (self.clock.now() - at).to_std().is_ok_and(|known_for| known_for < age))
    }

    /// Reads until it is done, or `stop`; not at all when somebody else has read it within `unless_younger`.
    async fn read(
        &self,
        wanted: Reading,
        unless_younger: Option<Duration>,
        stop: &CancellationToken,
        progress: impl FnMut(PeopleRead) + Send,
    ) -> Result<Option<PeopleRead>, PeopleError> {
        let reader = ReaderId(self.random.next_u64().cast_signed());
        let done = tokio::select! {
            biased;
            () = stop.cancelled() => Ok(None),
            done = self.read_as(reader, wanted, unless_younger, progress) => done,
        };
        let failure = done.as_ref().err().map(ToString::to_string);
        let released = self.store.release_directory(self.tenant, reader, failure.as_deref(), self.clock.now()).await;
        let read = done?;
        released?;
        if let Some(PeopleRead { whole, pages, people, changed, left, .. }) = read {
            tracing::info!(whole, pages, people, changed, left, "directory read");
        }
        Ok(read)
    }

    async fn read_as(
        &self,
        reader: ReaderId,
        wanted: Reading,
        unless_younger: Option<Duration>,
        mut progress: impl FnMut(PeopleRead) + Send,
    ) -> Result<Option<PeopleRead>, PeopleError> {
        let mut lost = 0;
        loop {
            let record = self.claim(reader, &mut progress).await?;
            if unless_younger.is_some_and(|age| self.is_younger(record.read_at, age)) {
                return Ok(None);
            }
            match Register::new(self, reader, &mut progress).read(wanted, record).await {
                Err(PeopleError::Store(StoreError::LeaseLost)) if lost < CLAIM_AGAIN_MAX => {
                    tracing::warn!("the claim on reading the directory was lost; it is claimed again");
                    lost += 1;
                }
                done => return done.map(Some),
            }
        }
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
    /// Whom this reading has named since it began, or began again.
    named: usize,
    progress: P,
}

impl<'a, P: FnMut(PeopleRead) + Send> Register<'a, P> {
    fn new(people: &'a People, reader: ReaderId, progress: P) -> Self {
        let inquiry = Inquiry::of_reader(people, reader);
        Self { people, reader, inquiry, read: PeopleRead::default(), named: 0, progress }
    }

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
                    self.named = 0;
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
            let PeoplePage { people, unreadable, .. } = &page;
            let step = ReadingStep::Page { people, unreadable: *unreadable, next: page.next.as_deref() };
            self.take(&step).await.map_err(|error| (error.into(), false))?;
            self.named += page.people.len();
            self.turn_page(page.people.len());
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        self.part_with_the_unnamed().await.map_err(|error| (error, false))
    }

    async fn part_with_the_unnamed(&mut self) -> Result<(), PeopleError> {
        if self.named == 0 && !self.read.resumed {
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
