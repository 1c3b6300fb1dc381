use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::super::fakes::{self, FakeDirectory, FakeStore, person};
use super::super::people::Reading;
use super::*;
use crate::domain::audience::{Repeat, read_list};
use crate::domain::broadcast::TOLERANCE;
use crate::domain::delivery::WhenInDoubt;
use crate::domain::outcome::{HaltScope, Outcome};
use crate::domain::reason::{HaltReason, Reason};
use crate::domain::route::Account;
use crate::ports::Answer;

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
