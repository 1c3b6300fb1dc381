//! From a draft to a broadcast: who may send what to how many, and who must release it.
//!
//! Think of a counter at which announcements are handed in. The clerk reads the whole of it, counts whom it means at this
//! moment, and only then looks at who stands there: too many for her, and it goes back; too many for any one person, and a
//! second one must release what the first has written. What is released is what was read: the draft becomes the broadcast
//! of the same id in one step with its version, or nothing happens.

use url::Url;

use crate::domain::audience::Address;
use crate::domain::broadcast::{BroadcastState, Channels};
use crate::domain::cloud::CloudProfile;
use crate::domain::content::{Content, TITLE_CHARACTERS_MAX};
use crate::domain::fault::{Fault, Faults};
use crate::domain::ids::BroadcastId;
use crate::domain::manuscript::{Manuscript, ManuscriptAudience};
use crate::domain::rights::{Caller, Reach};
use crate::ports::{Birth, DraftRecord, DraftState, Office, Release, Signature, StoreError};

use super::clocks::{self, Apart};
use super::manuscript::{self, Desk, Understood, faults_of_manuscript};
use super::people::{People, PeopleError};
use super::pictures;
use super::presence::{Presence, Usher};
use super::submit::{self, Accepted, Audience, Origin, Preview, Ready, SubmitError};

/// How many people something may be tried on.
pub const TRIED_ON_MAX: usize = 10;
/// What stands before the title of what is only tried.
const TEST: &str = "Test: ";
/// How long something that is tried may take.
const TEST_WITHIN: &str = "1h";

/// Why an announcement is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// It cannot be handed in as it is. Faults have the names of the manuscript.
    #[error(transparent)]
    Submit(SubmitError),
    /// It does not stand where that makes sense.
    #[error("it stands elsewhere")]
    WrongState(BroadcastState),
    /// It was changed since it was read.
    #[error("it was changed meanwhile")]
    Changed,
    /// It is for more people than whoever hands it in may reach.
    #[error("it is for more people than its sender may reach")]
    BeyondReach {
        /// How many it is for.
        people: u64,
        /// How many they may reach.
        limit: u64,
    },
    /// A second person must release it.
    #[error("a second person must release it")]
    NeedsApproval {
        /// How many it is for.
        people: u64,
        /// How many it may be for without.
        limit: u64,
    },
    /// It is for many more people than when it was handed in, which whoever handed it in might not reach.
    #[error("it is for many more people than when it was handed in")]
    Grown {
        /// How many it is for.
        people: u64,
        /// How many it was for then.
        expected: u64,
    },
    /// Nobody releases what is their own.
    #[error("nobody releases what is their own")]
    OwnAnnouncement,
    /// This machine and its database do not agree what time it is.
    #[error(transparent)]
    Apart(#[from] Apart),
}

impl From<StoreError> for ReleaseError {
    fn from(error: StoreError) -> Self {
        Self::Submit(error.into())
    }
}

/// A draft that could be sent.
#[derive(Debug)]
pub struct Weighed {
    /// It, checked.
    pub ready: Ready,
    /// How many people may read it.
    pub people: u64,
    /// What its author should know.
    pub notes: Vec<String>,
}

/// A draft that is a broadcast now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// What was stored.
    pub accepted: Accepted,
    /// What became of the app in the team in whose name people are notified, where there is one.
    pub presence: Option<Presence>,
    /// What its author should know.
    pub notes: Vec<String>,
}

/// Who takes announcements in.
#[derive(Clone, Copy)]
pub struct Clerk<'a> {
    /// The organisation, and where everything is kept.
    pub people: &'a People,
    /// Drafts and pictures.
    pub office: &'a dyn Office,
    /// How far roles reach.
    pub reach: Reach,
    /// Which cloud, and what it can do.
    pub cloud: &'a CloudProfile,
    /// Where people reach us, and Teams the pictures that are too large for a message.
    pub public_url: &'a Url,
    /// The activity type where the author names none.
    pub activity_type: &'a str,
    /// Who looks for the app.
    pub usher: Usher<'a>,
}

impl Clerk<'_> {
    /// The address of its picture, where that is not simply the link that is given.
    async fn picture(&self, manuscript: &Manuscript) -> Option<Result<String, Fault>> {
        let image = manuscript.image.as_ref()?;
        pictures::address_in_card((self.office, self.people.tenant), image, (self.public_url, self.cloud)).await
    }

    /// Reads a manuscript, its picture put into its place.
    ///
    /// # Errors
    /// Everything wrong with it that can be told without asking anybody.
    pub async fn read(&self, manuscript: &Manuscript) -> Result<Understood, Faults> {
        let picture = self.picture(manuscript).await;
        let (activity_type, now) = (self.activity_type.to_owned(), self.people.clock.now());
        let in_feeds = matches!(manuscript.channel, Channels::Feed | Channels::Both);
        let no_feeds = self.cloud.features.feed_fault(self.cloud.cloud, "channel").filter(|_| in_feeds);
        let read = aside(manuscript, move |manuscript| {
            manuscript::read(manuscript, &Desk { activity_type: &activity_type, now, picture })
        })
        .await;
        match (read, no_feeds) {
            (read, None) => read,
            (Ok(_), Some(fault)) => Err(Faults(vec![fault])),
            (Err(Faults(mut faults)), Some(fault)) => {
                faults.push(fault);
                Err(Faults(faults))
            }
        }
    }

    /// What a manuscript says, its picture put into its place.
    ///
    /// # Errors
    /// Everything wrong with that.
    pub async fn read_content(&self, manuscript: &Manuscript) -> Result<Content, Faults> {
        let picture = self.picture(manuscript).await;
        aside(manuscript, move |manuscript| manuscript::read_content(manuscript, picture)).await
    }

    /// Reads a manuscript, and counts whom it means at this moment.
    ///
    /// # Errors
    /// [`ReleaseError::Submit`].
    pub async fn weigh(&self, manuscript: &Manuscript) -> Result<Weighed, ReleaseError> {
        let named = |error| named(error, manuscript);
        let Understood { draft, notes } = self.read(manuscript).await.map_err(SubmitError::from).map_err(named)?;
        let ready = submit::ready(self.people, draft, |_| {}).await.map_err(named)?;
        let people = match self.reach.is_unlimited() {
            true => ready.targeted(),
            false => submit::readers(self.people, &ready).await.map_err(named)?,
        };
        Ok(Weighed { ready, people, notes })
    }

    /// What a manuscript would be, had it been sent at this moment, and whether a second person would have to release it.
    ///
    /// # Errors
    /// [`ReleaseError::Submit`].
    pub async fn preview(&self, manuscript: &Manuscript) -> Result<(Preview, Understood, bool), ReleaseError> {
        let named = |error| named(error, manuscript);
        let mut understood = self.read(manuscript).await.map_err(SubmitError::from).map_err(named)?;
        understood.draft = submit::placed(self.people, understood.draft).await.map_err(named)?;
        let preview = submit::preview(self.people, understood.draft.clone(), |_| {}).await.map_err(named)?;
        // As when it is sent: a post is read by more people than the places that it goes to.
        let people = match (&understood.draft.audience, self.reach.approve_above) {
            (Audience::Venues(venues), Some(_)) => submit::readers_of(self.people, venues).await.map_err(named)?,
            _ => preview.reach.people,
        };
        Ok((preview, understood, self.reach.needs_approval(people)))
    }

    /// Hands a draft in, so that a second person releases it; how it then stands.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub async fn hand_in(&self, caller: &Caller, draft: DraftRecord) -> Result<DraftRecord, ReleaseError> {
        in_state(&draft, DraftState::Draft)?;
        let weighed = self.weigh(&draft.manuscript).await?;
        self.usher.check_app().await.map_err(SubmitError::from).map_err(ReleaseError::Submit)?;
        within(weighed.people, self.reach.of_sender(caller))?;
        let handed_in = DraftRecord {
            version: draft.version + 1,
            state: DraftState::AwaitingApproval,
            submitted: Some(self.signature(caller)),
            expected: Some(weighed.people),
            decided: None,
            rejection: None,
            ..draft
        };
        self.change(handed_in).await
    }

    /// Sends a draft, or lets it wait for its hour.
    ///
    /// # Errors
    /// [`ReleaseError`]; nothing was stored unless it leaves that open.
    pub async fn send(&self, caller: &Caller, draft: &DraftRecord, birth: Birth) -> Result<Sent, ReleaseError> {
        let weighed = self.judge(caller, draft).await?;
        let release = Release {
            version: draft.version,
            submitted: Some(self.signature(caller)),
            decided: None,
            expected: weighed.people,
        };
        self.store(draft, weighed, release, birth).await
    }

    /// Whether `caller` may send a draft as it is, at this moment.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub async fn judge(&self, caller: &Caller, draft: &DraftRecord) -> Result<Weighed, ReleaseError> {
        in_state(draft, DraftState::Draft)?;
        let weighed = self.weigh(&draft.manuscript).await?;
        within(weighed.people, self.reach.of_sender(caller))?;
        if let Some(limit) = self.reach.approve_above.filter(|_| self.reach.needs_approval(weighed.people)) {
            return Err(ReleaseError::NeedsApproval { people: weighed.people, limit });
        }
        Ok(weighed)
    }

    /// Releases what somebody else has handed in: it is sent, or waits for its hour.
    ///
    /// # Errors
    /// [`ReleaseError`]; nothing was stored unless it leaves that open.
    pub async fn release(&self, caller: &Caller, draft: &DraftRecord, birth: Birth) -> Result<Sent, ReleaseError> {
        in_state(draft, DraftState::AwaitingApproval)?;
        if is_own(draft, caller) {
            return Err(ReleaseError::OwnAnnouncement);
        }
        let weighed = self.weigh(&draft.manuscript).await?;
        within(weighed.people, self.reach.of_releaser(caller))?;
        if let Some(expected) = draft.expected.filter(|expected| weighed.people > expected + expected / 20 + 10) {
            return Err(ReleaseError::Grown { people: weighed.people, expected });
        }
        let release = Release {
            version: draft.version,
            submitted: None,
            decided: Some(self.signature(caller)),
            expected: weighed.people,
        };
        self.store(draft, weighed, release, birth).await
    }

    /// Gives what was handed in back to its author, with the reason.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub async fn reject(&self, caller: &Caller, draft: DraftRecord, reason: &str) -> Result<DraftRecord, ReleaseError> {
        in_state(&draft, DraftState::AwaitingApproval)?;
        let rejected = DraftRecord {
            version: draft.version + 1,
            state: DraftState::Draft,
            decided: Some(self.signature(caller)),
            rejection: Some(reason.to_owned()),
            ..draft
        };
        self.change(rejected).await
    }

    /// Takes what was handed in back, so that nobody releases it.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub async fn take_back(&self, draft: DraftRecord) -> Result<DraftRecord, ReleaseError> {
        in_state(&draft, DraftState::AwaitingApproval)?;
        let taken = DraftRecord { version: draft.version + 1, state: DraftState::Draft, submitted: None, ..draft };
        self.change(taken).await
    }

    /// Sends what a manuscript says to a few named people, as an urgent broadcast of its own that says what it is.
    ///
    /// # Errors
    /// [`ReleaseError`]; nothing was stored unless it leaves that open.
    pub async fn try_on(&self, manuscript: &Manuscript, people: &[String], birth: Birth) -> Result<Sent, ReleaseError> {
        let faults = faults_of_few(people);
        if !faults.is_empty() {
            return Err(ReleaseError::Submit(Faults(faults).into()));
        }
        let trial = trial(manuscript, people);
        let Weighed { ready, notes, .. } = self.weigh(&trial).await?;
        let origin = Origin { id: BroadcastId::new(birth.at, birth.draw(0)), birth, draft: None };
        self.keep(&trial, ready, notes, origin).await
    }

    async fn store(
        &self,
        draft: &DraftRecord,
        weighed: Weighed,
        release: Release,
        birth: Birth,
    ) -> Result<Sent, ReleaseError> {
        let origin = Origin { id: draft.id, birth, draft: Some(release) };
        self.keep(&draft.manuscript, weighed.ready, weighed.notes, origin).await
    }

    async fn keep(
        &self,
        manuscript: &Manuscript,
        ready: Ready,
        notes: Vec<String>,
        origin: Origin,
    ) -> Result<Sent, ReleaseError> {
        let people = self.people;
        if let Some(apart) = clocks::apart(&*people.store, &*people.clock).await? {
            return Err(apart.into());
        }
        let refused = |error: PeopleError| ReleaseError::Submit(error.into());
        self.usher.check_app().await.map_err(refused)?;
        // Last, so that nothing is installed for what is refused.
        let presence = match ready.draft().going.team() {
            Some(team) => Some(self.usher.bring_app_to(team).await.map_err(refused)?),
            None => None,
        };
        match submit::keep_as(people, ready, origin).await {
            Ok(accepted) => Ok(Sent { accepted, presence, notes }),
            Err(SubmitError::Changed) => Err(ReleaseError::Changed),
            Err(error) => Err(named(error, manuscript)),
        }
    }

    async fn change(&self, draft: DraftRecord) -> Result<DraftRecord, ReleaseError> {
        match self.office.change_draft(self.people.tenant, &draft).await? {
            true => Ok(draft),
            false => Err(ReleaseError::Changed),
        }
    }

    /// Whoever acts, at this moment.
    pub fn signature(&self, caller: &Caller) -> Signature {
        Signature { subject: caller.who.subject(), name: caller.who.name().to_owned(), at: self.people.clock.now() }
    }
}

/// So many bytes of a manuscript are read in a few milliseconds, for which others may wait.
const SHORT: usize = 1 << 20;

/// Does `work` on a manuscript; on a long one in a thread of its own, so that nobody else has to wait.
async fn aside<T: Send + 'static>(manuscript: &Manuscript, work: impl FnOnce(&Manuscript) -> T + Send + 'static) -> T {
    let audience = manuscript.audience.as_ref();
    let lists = audience.into_iter().flat_map(|audience| audience.lists.values().chain(&audience.list));
    if lists.map(String::len).sum::<usize>() + manuscript.body.len() <= SHORT {
        return work(manuscript);
    }
    let manuscript = manuscript.clone();
    match tokio::task::spawn_blocking(move || work(&manuscript)).await {
        Ok(done) => done,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// Whether `caller` has begun this draft, changed it last or handed it in.
pub fn is_own(draft: &DraftRecord, caller: &Caller) -> bool {
    let subject = caller.who.subject();
    let authors = [Some(&draft.created), Some(&draft.edited), draft.submitted.as_ref()];
    authors.into_iter().flatten().any(|author| author.subject == subject)
}

/// Where a draft stands, in the words that are used of broadcasts. One that was sent stands where its broadcast does.
pub const fn state_of(state: DraftState) -> BroadcastState {
    match state {
        DraftState::Draft => BroadcastState::Draft,
        DraftState::AwaitingApproval => BroadcastState::AwaitingApproval,
        DraftState::Sent => BroadcastState::Expanding,
    }
}

fn in_state(draft: &DraftRecord, wanted: DraftState) -> Result<(), ReleaseError> {
    if draft.state == wanted { Ok(()) } else { Err(ReleaseError::WrongState(state_of(draft.state))) }
}

fn within(people: u64, limit: Option<u64>) -> Result<(), ReleaseError> {
    match limit {
        Some(limit) if people > limit => Err(ReleaseError::BeyondReach { people, limit }),
        _ => Ok(()),
    }
}

/// The same error, its faults by the names of the manuscript.
fn named(error: SubmitError, manuscript: &Manuscript) -> ReleaseError {
    ReleaseError::Submit(match error {
        SubmitError::Faults(faults) => SubmitError::Faults(faults_of_manuscript(faults, manuscript)),
        SubmitError::LeftOut { faults, left_out, lists } => {
            SubmitError::LeftOut { faults: faults_of_manuscript(faults, manuscript), left_out, lists }
        }
        other => other,
    })
}

fn faults_of_few(people: &[String]) -> Vec<Fault> {
    let mut faults = Vec::new();
    if people.is_empty() || people.len() > TRIED_ON_MAX {
        let problem = format!("names {} people; from 1 to {TRIED_ON_MAX} are possible", people.len());
        faults.push(Fault::new("people", problem, "Name some colleagues who know that it is a test."));
    }
    for (place, person) in people.iter().enumerate().filter(|(_, person)| Address::parse(person).is_none()) {
        let problem = format!("“{}” names nobody", person.chars().take(80).collect::<String>());
        let cure = "Write an object id, a user principal name or a mail address.";
        faults.push(Fault::new(format!("people[{place}]"), problem, cure));
    }
    faults
}

/// What a few people are told of `manuscript`: at once, each by name, and under a title that says what it is.
fn trial(manuscript: &Manuscript, people: &[String]) -> Manuscript {
    let title: String = format!("{TEST}{}", manuscript.title).chars().take(TITLE_CHARACTERS_MAX).collect();
    let mut feed = manuscript.feed.clone();
    if let Some(feed) = &mut feed {
        (feed.all_members, feed.members_of_channel) = (false, None);
    }
    // Each as it was understood: a text of several lines, or a table, would name others beside.
    let list =
        people.iter().filter_map(|person| Address::parse(person)).map(|address| format!("{address}\n")).collect();
    Manuscript {
        title,
        feed,
        channel: if manuscript.channel == Channels::TeamChannel { Channels::Chat } else { manuscript.channel },
        post_to: Vec::new(),
        audience: Some(ManuscriptAudience { list: Some(list), ..ManuscriptAudience::default() }),
        schedule: None,
        deadline: Some(TEST_WITHIN.to_owned()),
        tolerance: None,
        expire_after: None,
        tell: None,
        urgent: true,
        accept_partial: false,
        ..manuscript.clone()
    }
}
