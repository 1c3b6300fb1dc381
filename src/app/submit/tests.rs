use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::super::fakes::{self, FakeDirectory, FakeStore, person};
use super::super::people::Reading;
use super::*;
use crate::domain::audience::{Repeat, read_list};
use crate::domain::broadcast::TOLERANCE;
use crate::domain::delivery::WhenInDoubt;
use crate::domain::ids::GroupId;
use crate::domain::notification::Notification;
use crate::domain::outcome::{HaltScope, Outcome};
use crate::domain::reason::{HaltReason, Reason};
use crate::domain::route::Account;
use crate::ports::{Answer, Group};

struct World {
    directory: Arc<FakeDirectory>,
    store: Arc<FakeStore>,
    people: People,
}

/// Six colleagues, two of whom the bot cannot write to; three a page.
fn world() -> World {
    let guest = Account { guest: true, ..Account::ORDINARY };
    let unlicensed = Account { licensed: false, ..Account::ORDINARY };
    let accounts = [Account::ORDINARY, guest, Account::ORDINARY, unlicensed, Account::ORDINARY, Account::ORDINARY];
    let names = ["ann", "bob", "cyd", "dan", "eve", "fay"];
    let people = (1..).zip(names.iter().zip(accounts));
    let people = people.map(|(number, (name, account))| person(number, name, account)).collect();
    let directory =
        Arc::new(FakeDirectory { people: std::sync::Mutex::new(people), page_size: 3, ..Default::default() });
    let store = Arc::new(FakeStore::default());
    let people = fakes::people(directory.clone(), store.clone());
    World { directory, store, people }
}

fn draft(audience: Audience) -> Draft {
    Draft {
        content: Content { title: "Fire drill".into(), body: "At **noon**.".into(), ..Content::default() },
        going: Going::Chat,
        treatment: Treatment {
            when_in_doubt: WhenInDoubt::Hold,
            urgent: false,
            deadline_at: "2026-11-27T10:00:00Z".parse().unwrap(),
            tolerance: TOLERANCE,
        },
        audience,
        schedule: None,
        author: None,
        expire_after: None,
        accept_partial: false,
    }
}

fn list(text: &str) -> Audience {
    Audience::List(read_list(text.as_bytes()).unwrap())
}

#[tokio::test]
async fn everyone_is_read_afresh_and_stored() {
    let World { directory, store, people } = world();
    let accepted = submit(&people, draft(Audience::Everyone), |_| {}).await.unwrap();
    assert_eq!(accepted.targeted, 6);
    // Where changes begin, two pages of people, and the changes made meanwhile.
    assert_eq!(directory.requests.load(Ordering::Relaxed), 4);
    let submissions = store.submissions.lock().unwrap();
    assert_eq!((submissions.len(), submissions[0].broadcast.id), (1, accepted.broadcast));
    assert_eq!(submissions[0].broadcast.audience, AudienceKind::Everyone);
}

#[tokio::test]
async fn two_addresses_of_one_person_are_one_recipient() {
    let World { store, people, .. } = world();
    let text = format!("ann@contoso.example\n{}\nANN@mail.contoso.example\nbob@contoso.example\n", fakes::entra_id(1));
    let accepted = submit(&people, draft(list(&text)), |_| {}).await.unwrap();
    let again = [2, 3].map(|line| Repeat { line, first_line: 1 });
    assert_eq!((accepted.targeted, accepted.left_out.duplicates), (2, again.to_vec()));
    assert_eq!(store.submissions.lock().unwrap()[0].list, [RecipientKey(1), RecipientKey(2)]);
}

#[tokio::test]
async fn the_directory_is_read_once_and_only_for_somebody_unknown() {
    let World { directory, people, .. } = world();
    submit(&people, draft(list("ann@contoso.example\n")), |_| {}).await.unwrap();
    assert_eq!(directory.requests.load(Ordering::Relaxed), 4);
    submit(&people, draft(list("eve@contoso.example\n")), |_| {}).await.unwrap();
    assert_eq!(directory.requests.load(Ordering::Relaxed), 4);
    submit(&people, draft(list("gil@contoso.example\n")), |_| {}).await.unwrap_err();
    assert_eq!(directory.requests.load(Ordering::Relaxed), 5);
}

#[tokio::test]
async fn lines_that_name_nobody_are_told_and_left_out_only_on_request() {
    let World { store, people, .. } = world();
    let audience = list("upn\nann@contoso.example\nnonsense\ngil@contoso.example\n");
    let refusal = submit(&people, draft(audience.clone()), |_| {}).await.unwrap_err().to_string();
    insta::assert_snapshot!(refusal);
    assert!(store.submissions.lock().unwrap().is_empty());
    let partial = Draft { accept_partial: true, ..draft(audience) };
    let accepted = submit(&people, partial, |_| {}).await.unwrap();
    assert_eq!((accepted.targeted, accepted.left_out.unknown.len(), accepted.left_out.malformed.len()), (1, 1, 1));
}

#[tokio::test]
async fn a_mail_address_that_two_people_share_is_told_before_and_after_storing() {
    let World { directory, people, .. } = world();
    directory.people.lock().unwrap()[1].mail = Some("ann@mail.contoso.example".into());
    let draft = draft(list("ann@mail.contoso.example\ncyd@contoso.example\n"));
    for refusal in
        [submit(&people, draft.clone(), |_| {}).await.map(drop), preview(&people, draft, |_| {}).await.map(drop)]
    {
        let refusal = refusal.unwrap_err().to_string();
        assert!(refusal.contains("1 line has an address that several people share: line 1"), "{refusal}");
    }
}

#[tokio::test]
async fn a_principal_name_goes_before_somebody_elses_mail_address() {
    let World { directory, store, people } = world();
    directory.people.lock().unwrap()[1].mail = Some("ann@contoso.example".into());
    let draft = draft(list("ann@contoso.example\n"));
    assert_eq!(preview(&people, draft.clone(), |_| {}).await.unwrap().reach.reachable(), 1);
    submit(&people, draft, |_| {}).await.unwrap();
    assert_eq!(store.submissions.lock().unwrap()[0].list, [RecipientKey(1)]);
}

#[tokio::test]
async fn a_refusal_names_the_first_lines_and_keeps_them_all() {
    let World { people, .. } = world();
    let text: String = (1..=20).map(|number| format!("x{number}@contoso.example\n")).collect();
    let error = submit(&people, draft(list(&format!("ann@contoso.example\n{text}"))), |_| {}).await.unwrap_err();
    assert!(error.to_string().contains("line 9 (x8@contoso.example) and 12 more"), "{error}");
    let SubmitError::LeftOut { left_out, .. } = error else { panic!() };
    assert_eq!(left_out.unknown.len(), 20);
}

#[tokio::test]
async fn a_list_of_strangers_is_refused_even_in_part() {
    let World { people, .. } = world();
    let partial = Draft { accept_partial: true, ..draft(list("gil@contoso.example\n")) };
    let refusal = submit(&people, partial, |_| {}).await.unwrap_err().to_string();
    assert!(refusal.contains("names nobody whom the directory knows"), "{refusal}");
}

#[tokio::test]
async fn bad_content_and_a_past_deadline_are_refused_together_before_anybody_is_asked() {
    let World { directory, people, .. } = world();
    let mut bad = draft(Audience::Everyone);
    bad.content.title = String::new();
    bad.treatment.deadline_at = "2026-11-24T09:00:00Z".parse().unwrap();
    let SubmitError::Faults(faults) = submit(&people, bad, |_| {}).await.unwrap_err() else { panic!() };
    let fields: Vec<_> = faults.0.iter().map(|fault| fault.field.as_str()).collect();
    assert_eq!(fields, ["title", "deadline"]);
    assert_eq!(directory.requests.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_preview_says_who_is_left_out_and_stores_no_broadcast() {
    let World { store, people, .. } = world();
    let everyone = preview(&people, draft(Audience::Everyone), |_| {}).await.unwrap();
    assert_eq!((everyone.reach.people, everyone.reach.reachable()), (6, 4));
    let audience = list("dan@contoso.example\nann@contoso.example\nann@mail.contoso.example\n");
    let some = preview(&people, draft(audience), |_| {}).await.unwrap();
    assert_eq!((some.reach.people, some.left_out.duplicates), (2, vec![Repeat { line: 3, first_line: 2 }]));
    assert_eq!(some.reach.barred.into_iter().collect::<Vec<_>>(), [(Reason::NoLicence, 1)]);
    let roll: Vec<_> = some.rolls["no_licence"].iter().map(|person| person.display_name.as_str()).collect();
    assert_eq!(roll, ["dan"]);
    assert!(store.submissions.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_silent_database_is_asked_again_and_stores_once() {
    let World { store, people, .. } = world();
    store.silences.store(3, Ordering::Relaxed);
    submit(&people, draft(Audience::Everyone), |_| {}).await.unwrap();
    assert_eq!(store.submissions.lock().unwrap().len(), 1);
    store.silences.store(99, Ordering::Relaxed);
    let error = submit(&people, draft(Audience::Everyone), |_| {}).await.unwrap_err();
    assert!(matches!(error, SubmitError::FateUnknown(_)), "{error}");
}

#[tokio::test]
async fn a_reading_waits_when_asked_to_and_keeps_its_tries() {
    let World { directory, store, people } = world();
    let wait = Answer::from(Outcome::Throttled { retry_after: Some(Duration::from_secs(30)) });
    directory.refusals.lock().unwrap().extend(vec![wait; 10]);
    let began = people.clock.monotonic();
    people.sync(Reading::Changes, |_| {}).await.unwrap();
    assert!(people.clock.monotonic().saturating_since(began) >= Duration::from_secs(300));
    assert_eq!(store.people.lock().unwrap().len(), 6);
}

#[tokio::test]
async fn a_refusal_for_all_is_not_tried_again() {
    let World { directory, people, .. } = world();
    let refused = Answer::from(Outcome::Refused(HaltScope::Tenant, HaltReason::SecretExpired));
    directory.refusals.lock().unwrap().push_back(refused);
    let error = people.sync(Reading::Changes, |_| {}).await.unwrap_err().to_string();
    assert_eq!(error, "The client secret has expired.");
    assert_eq!(directory.requests.load(Ordering::Relaxed), 3);
}

/// A notification in the name of a team of Ann and Cyd.
fn in_team(world: &World, audience: Audience) -> Draft {
    let milan = Group { id: GroupId(uuid::Uuid::from_u128(1)), name: "Milan".into(), team: true, hidden: false };
    let members = vec![vec![fakes::entra_id(1), fakes::entra_id(3)]];
    *world.directory.groups.lock().unwrap() = vec![(milan, members)];
    let content = Content { title: "Fire drill".into(), ..Content::default() };
    let notification = Notification::of(&content, "announced");
    let wanted = Wanted { notification, in_team: Some("Milan".into()), ..Wanted::default() };
    Draft { going: Going::Feed(Box::new(wanted)), ..draft(audience) }
}

fn at_ten() -> Schedule {
    let start_at = "2026-11-25T10:00:00Z".parse().unwrap();
    Schedule { start_at, prepare_at: Some(start_at - TimeDelta::hours(1)), time_zone: "UTC".into() }
}

#[tokio::test]
async fn whoever_does_not_belong_to_the_team_in_whose_name_she_is_notified_is_refused_by_name() {
    let world = world();
    let mixed = in_team(&world, list("ann@contoso.example\nbob@contoso.example\ndan@contoso.example\n"));
    let everyone = in_team(&world, Audience::Everyone);
    for refused in [
        submit(&world.people, mixed.clone(), |_| {}).await.map(drop),
        preview(&world.people, mixed, |_| {}).await.map(drop),
    ] {
        let told = refused.unwrap_err().to_string();
        for part in [IN_TEAM, "2 of 3 do not belong to “Milan”: bob, dan", "… and team \"Milan\""] {
            assert!(told.contains(part), "{told}");
        }
    }
    let told = submit(&world.people, everyone, |_| {}).await.unwrap_err().to_string();
    assert!(told.contains("4 of 6"), "{told}");
    assert!(world.store.submissions.lock().unwrap().is_empty());
    let members = in_team(&world, list("ann@contoso.example\ncyd@contoso.example\n"));
    assert_eq!(submit(&world.people, members, |_| {}).await.unwrap().targeted, 2);
}

#[tokio::test]
async fn in_a_teams_name_nothing_is_prepared_ahead() {
    let world = world();
    let scheduled = |draft| Draft { schedule: Some(at_ten()), ..draft };
    let within = in_team(&world, list("ann@contoso.example\n"));
    submit(&world.people, scheduled(within), |_| {}).await.unwrap();
    submit(&world.people, scheduled(draft(list("ann@contoso.example\n"))), |_| {}).await.unwrap();
    let submissions = world.store.submissions.lock().unwrap();
    let prepares = submissions.iter().map(|it| it.broadcast.schedule.as_ref().unwrap().0.prepare_at.is_some());
    assert_eq!(prepares.collect::<Vec<_>>(), [false, true]);
}

#[tokio::test]
async fn a_whole_team_is_not_notified_at_an_hour_by_when_it_may_have_grown_too_large() {
    let world = world();
    let mut draft = Draft { schedule: Some(at_ten()), ..in_team(&world, Audience::Venues(Vec::new())) };
    let Going::Feed(wanted) = &mut draft.going else { unreachable!() };
    wanted.everybody = Some(Everybody::Members);
    let told = submit(&world.people, draft, |_| {}).await.unwrap_err().to_string();
    assert!(told.contains("--at") && told.contains("--audience-expr 'team \"Milan\"'"), "{told}");
    assert_eq!(world.directory.requests.load(Ordering::Relaxed), 0);
}
