use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::super::fakes::{self, FakeDirectory, FakeStore, person};
use super::*;
use crate::domain::outcome::{HaltScope, Outcome};
use crate::domain::reason::Reason;
use crate::domain::route::Account;
use crate::ports::{Answer, ChangesPage};

struct World {
    directory: Arc<FakeDirectory>,
    store: Arc<FakeStore>,
    people: People,
}

/// Six colleagues, three a page.
fn world() -> World {
    let everybody = (1..=6).map(|number| person(number, &format!("p{number}"), Account::ORDINARY)).collect();
    let directory =
        Arc::new(FakeDirectory { people: std::sync::Mutex::new(everybody), page_size: 3, ..Default::default() });
    let store = Arc::new(FakeStore::default());
    let people = fakes::people(directory.clone(), store.clone());
    World { directory, store, people }
}

impl World {
    fn requests(&self) -> u64 {
        self.directory.requests.load(Ordering::Relaxed)
    }

    async fn sync(&self, wanted: Reading) -> Result<PeopleRead, PeopleError> {
        self.people.sync(wanted, |_| {}).await
    }
}

fn forgotten() -> Answer {
    Answer { status: Some(410), ..Outcome::Transient(Reason::Unexpected).into() }
}

#[tokio::test]
async fn everybody_is_read_once_and_then_only_what_has_changed() {
    let world = world();
    let first = world.sync(Reading::Changes).await.unwrap();
    assert_eq!((first.whole, first.people, world.requests()), (true, 6, 4));
    let changed = vec![Change::Person(Box::new(person(7, "new", Account::ORDINARY)), Default::default())];
    let page = ChangesPage { changes: changed, next: Onward::Now("more".into()) };
    world.directory.changes.lock().unwrap().push_back(Ok(page));
    let second = world.sync(Reading::Changes).await.unwrap();
    assert_eq!((second.whole, second.people, second.pages, second.requests), (false, 1, 2, 2));
    let whole = world.sync(Reading::Whole).await.unwrap();
    assert_eq!((whole.whole, whole.people), (true, 6));
}

#[tokio::test]
async fn a_reading_that_was_cut_goes_on_at_its_page() {
    let world = world();
    let lost = Answer { status: Some(503), ..Outcome::Transient(Reason::Unavailable).into() };
    world.directory.refusals.lock().unwrap().extend(vec![lost; 12]);
    let error = world.sync(Reading::Changes).await.unwrap_err().to_string();
    assert_eq!(error, "The directory could not be read: status 503 after 12 tries.");
    assert_eq!(world.store.people.lock().unwrap().len(), 3, "what was read is kept");
    assert_eq!(world.store.directory.lock().unwrap().failure.as_ref().map(|it| it.1.clone()), Some(error));
    let before = world.requests();
    let again = world.sync(Reading::Changes).await.unwrap();
    assert_eq!((again.resumed, again.people, world.requests() - before), (true, 3, 2));
    assert_eq!(world.store.directory.lock().unwrap().failure, None);
}

#[tokio::test]
async fn a_page_that_is_not_known_any_more_begins_the_reading_anew() {
    let world = world();
    let refused = Answer { status: Some(404), ..Outcome::Rejected(Reason::Unexpected).into() };
    for answer in [forgotten(), refused] {
        world.directory.refusals.lock().unwrap().push_back(answer);
        let read = world.sync(Reading::Whole).await.unwrap();
        assert_eq!((read.resumed, read.people), (false, 9), "a page that was read before, and everybody");
    }
}

#[tokio::test]
async fn a_place_among_the_changes_that_is_not_known_any_more_has_everybody_read_again() {
    let world = world();
    world.sync(Reading::Changes).await.unwrap();
    world.directory.changes.lock().unwrap().push_back(Err(forgotten()));
    let read = world.sync(Reading::Changes).await.unwrap();
    assert_eq!((read.whole, read.people), (true, 6));
    world.directory.changes.lock().unwrap().extend((0..9).map(|_| Err(forgotten())));
    let error = world.sync(Reading::Changes).await.unwrap_err();
    assert!(matches!(error, PeopleError::Forgotten { .. }), "{error}");
}

#[tokio::test]
async fn a_directory_that_names_nobody_is_not_believed() {
    let world = world();
    world.sync(Reading::Changes).await.unwrap();
    let read_at = world.store.directory.lock().unwrap().read_at;
    world.directory.people.lock().unwrap().clear();
    let error = world.sync(Reading::Whole).await.unwrap_err();
    assert!(matches!(error, PeopleError::Emptied), "{error}");
    assert_eq!(world.store.directory.lock().unwrap().read_at, read_at);
}

#[tokio::test]
async fn a_reading_that_began_again_is_not_believed_either_when_it_names_nobody() {
    let world = world();
    world.directory.refusals.lock().unwrap().push_back(forgotten());
    let everybody_is_hidden = |_| world.directory.people.lock().unwrap().clear();
    let error = world.people.sync(Reading::Whole, everybody_is_hidden).await.unwrap_err();
    assert!(matches!(error, PeopleError::Emptied), "{error}");
}

#[tokio::test]
async fn being_asked_to_wait_too_often_keeps_the_page_and_the_claim() {
    let world = world();
    let wait = Outcome::Throttled { retry_after: Some(Duration::from_secs(60)) };
    let throttled = Answer { status: Some(429), ..wait.into() };
    world.directory.refusals.lock().unwrap().extend(vec![throttled; 20]);
    let began_at = world.people.clock.now();
    let error = world.sync(Reading::Changes).await.unwrap_err();
    assert!(matches!(error, PeopleError::GaveUp { status: Some(429), .. }), "{error}");
    // A claim that nobody renews for half a minute is somebody else's.
    let signs = world.store.signs_of_life.lock().unwrap().clone();
    let mut before = began_at;
    for sign in signs {
        assert!((sign - before).to_std().unwrap() < READING_LEASE / 2, "{before} {sign}");
        before = sign;
    }
    assert!(before - began_at > chrono::TimeDelta::minutes(15), "it waited as it was asked to");
    let again = world.sync(Reading::Changes).await.unwrap();
    assert_eq!((again.resumed, again.people), (true, 3), "it goes on at its page");
}

#[tokio::test]
async fn a_claim_that_was_lost_is_claimed_again() {
    let world = world();
    world.store.claims_lost.store(2, Ordering::Relaxed);
    assert_eq!(world.sync(Reading::Changes).await.unwrap().people, 6);
    world.store.claims_lost.store(9, Ordering::Relaxed);
    let error = world.sync(Reading::Changes).await.unwrap_err();
    assert!(matches!(error, PeopleError::Store(StoreError::LeaseLost)), "{error}");
}

#[tokio::test]
async fn whoever_waits_reads_only_what_is_older_than_it_may_be() {
    let world = world();
    assert!(world.people.refresh(|_| {}).await.unwrap().is_some_and(|read| read.whole));
    assert!(world.people.refresh(|_| {}).await.unwrap().is_none());
    let fresh_for = world.people.fresh_for;
    world.people.clock.sleep_until(world.people.clock.monotonic() + fresh_for).await;
    assert!(world.people.refresh(|_| {}).await.unwrap().is_some_and(|read| !read.whole));
}

#[tokio::test]
async fn what_an_answer_costs_is_paid_from_the_quota() {
    let mut world = world();
    // Ten units a second; a page of members costs four.
    world.people.quota = Quota::per_second(10);
    let mut inquiry = Inquiry::new(&world.people);
    let began = world.people.clock.monotonic();
    for _ in 0..10 {
        let ask = |directory: Arc<dyn Directory>, id| async move { directory.people(None, id).await };
        inquiry.ask(units::MEMBERS, ask).await.unwrap();
    }
    let took = world.people.clock.monotonic().saturating_since(began);
    assert!(took >= Duration::from_secs(4), "two a second: {took:?}");
}

#[tokio::test]
async fn a_refusal_for_all_ends_the_reading_and_is_written_down() {
    let world = world();
    let refused = Answer::from(Outcome::Refused(HaltScope::Tenant, HaltReason::PermissionMissing));
    world.directory.refusals.lock().unwrap().push_back(refused);
    let error = world.sync(Reading::Changes).await.unwrap_err();
    assert!(matches!(error, PeopleError::Refused { .. }), "{error}");
    let failure = world.store.directory.lock().unwrap().failure.clone();
    assert_eq!(failure.map(|it| it.1), Some(HaltReason::PermissionMissing.sentence().to_owned()));
}
