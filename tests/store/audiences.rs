//! Audiences in words: whom a source names, what is saved, and what is laid down for a round, once and whole.

use stentor::app::audience::{LaidDown, Lists, lay_down, unfolded, whom};
use stentor::app::saved::{Removal, remove};
use stentor::domain::attributes::Attributes;
use stentor::domain::audience::expression::{Expression, People, Source, parse};
use stentor::domain::broadcast::{AudienceKind, BroadcastState, NewBroadcast, RoundKind};
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, EntraId, GroupId, RecipientKey, RoundId};
use stentor::domain::outcome::Outcome;
use stentor::domain::reason::Reason;
use stentor::domain::route::Account;
use stentor::ports::{Expanded, Group, HeldTenant, Person, RoundWork, SavedAudience, StoreError, Submission};
use uuid::Uuid;

use crate::bench::{Bench, accepted, announcement, contract, now, people, settle};

contract! {
    attributes_and_flags_name_whom_the_directory_says,
    groups_and_teams_are_found_by_name_or_id_unless_two_are_alike,
    a_list_belongs_to_its_broadcast,
    one_address_names_one_person_or_nobody_for_certain,
    people_of_an_earlier_broadcast_are_found_by_where_they_stand,
    a_broadcast_that_is_not_frozen_names_nobody_and_says_so,
    a_name_of_several_groups_is_told_from_one_of_none,
    what_is_saved_is_kept_under_its_name,
    what_is_used_is_not_removed,
    an_audience_in_words_is_frozen_as_it_is_at_its_hour_and_only_once,
    nobody_is_numbered_before_the_words_are_evaluated,
    what_is_gone_by_its_hour_is_said_and_nobody_is_laid_down,
    only_the_owner_lays_down,
    preparing_and_sending_each_have_their_own_list,
    people_are_known_by_their_numbers,
}

/// Eight people of whom the directory says this and that.
async fn fill(bench: &Bench) -> Vec<RecipientKey> {
    let said = [
        ("Österreich", "Sales", "de-AT"),
        ("österreich", "sales", "de"),
        ("France", "Sales", "fr-FR"),
        ("France", "Works", "fr-CA"),
        ("France", "", "en"),
        ("Italy", "Works", ""),
        ("", "", "fro"),
        ("Italy", "Sales", "it-IT"),
    ];
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut all = people(8);
    for (person, (country, department, language)) in all.iter_mut().zip(said) {
        person.attributes = Attributes {
            country: some(country),
            department: some(department),
            language: some(language),
            ..Attributes::default()
        };
    }
    all[6].account = Account { guest: true, ..Account::ORDINARY };
    all[7].account = Account { enabled: false, licensed: false, ..Account::ORDINARY };
    keep(bench, &all).await;
    bench.keys(8).await
}

async fn keep(bench: &Bench, people: &[Person]) {
    bench.store.keep_people(bench.tenant, people, now()).await.unwrap();
}

fn read(text: &str) -> Expression {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Whom a source of this broadcast names, by their places among `keys`.
async fn named_of(bench: &Bench, text: &str, keys: &[RecipientKey], of: Option<BroadcastId>) -> Option<Vec<usize>> {
    let Expression::Source(source) = read(text) else { panic!("{text} is no single source") };
    let named = bench.store.named_by(bench.tenant, &source, of).await.unwrap()?;
    Some(places(&named, keys))
}

fn places(named: &People, keys: &[RecipientKey]) -> Vec<usize> {
    named.iter().map(|key| keys.iter().position(|known| *known == key).unwrap()).collect()
}

async fn keep_group(bench: &Bench, number: u128, name: &str, team: bool, members: &[u128]) {
    let group = Group { id: GroupId(Uuid::from_u128(number)), name: name.to_owned(), team, hidden: false };
    let members: Vec<EntraId> = members.iter().map(|number| EntraId(Uuid::from_u128(*number))).collect();
    bench.store.keep_group(bench.tenant, &group, &members, now()).await.unwrap();
}

async fn attributes_and_flags_name_whom_the_directory_says(bench: &Bench) {
    let keys = fill(bench).await;
    let expected: [(&str, &[usize]); 14] = [
        ("everyone", &[0, 1, 2, 3, 4, 5, 6, 7]),
        ("country = \"ÖSTERREICH\"", &[0, 1]),
        ("country in (\"italy\", \"France\")", &[2, 3, 4, 5, 7]),
        ("country starts with \"fr\"", &[2, 3, 4]),
        ("department contains \"ale\"", &[0, 1, 2, 7]),
        ("department = \"\"", &[4, 6]),
        ("language = \"fr\"", &[2, 3]),
        ("language = \"DE-at\"", &[0]),
        ("guest", &[6]),
        ("disabled", &[7]),
        ("unlicensed", &[7]),
        ("name = \"person 3\"", &[3]),
        ("mail contains \"mail4@\"", &[4]),
        ("user_principal_name starts with \"person5@\"", &[5]),
    ];
    for (text, people) in expected {
        assert_eq!(named_of(bench, text, &keys, None).await.as_deref(), Some(people), "{text}");
    }
    assert_eq!(named_of(bench, "office = \"Lyon\"", &keys, None).await, Some(vec![]));
}

async fn groups_and_teams_are_found_by_name_or_id_unless_two_are_alike(bench: &Bench) {
    let keys = fill(bench).await;
    // The last is nobody whom we know.
    keep_group(bench, 700, "Équipe", true, &[1, 2, 99]).await;
    keep_group(bench, 701, "Board", false, &[3]).await;
    keep_group(bench, 702, "Twins", false, &[4]).await;
    keep_group(bench, 703, "twins", true, &[5]).await;
    let named = async |text: &str| named_of(bench, text, &keys, None).await;
    assert_eq!(named("group \"ÉQUIPE\"").await, Some(vec![0, 1]));
    assert_eq!(named("team \"équipe\"").await, Some(vec![0, 1]));
    let id = Uuid::from_u128(701);
    assert_eq!(named(&format!("group \"{id}\"")).await, Some(vec![2]));
    assert_eq!(named("team \"Board\"").await, None, "it has no team");
    assert_eq!(named("group \"Twins\"").await, None, "nobody knows which");
    assert_eq!(named("team \"Twins\"").await, Some(vec![4]), "only one of them has a team");
    assert_eq!(named("group \"Nobody\"").await, None);
}

/// Submits a broadcast to whom `text` means, with lists.
async fn submit(bench: &Bench, number: u64, text: &str, lists: &[(&str, &[RecipientKey])]) -> (BroadcastId, RoundId) {
    let broadcast = in_words(number, text);
    let (id, round) = (broadcast.id, broadcast.round);
    let lists = lists.iter().map(|(name, people)| ((*name).to_owned(), people.to_vec())).collect();
    bench
        .store
        .submit(&Submission { tenant: bench.tenant, broadcast, list: vec![], lists, draft: None })
        .await
        .unwrap();
    (id, round)
}

fn in_words(number: u64, text: &str) -> NewBroadcast {
    let audience = AudienceKind::Expression(text.to_owned());
    NewBroadcast { audience, expected: Some(3), ..announcement(number, WhenInDoubt::Hold) }
}

async fn a_list_belongs_to_its_broadcast(bench: &Bench) {
    let keys = fill(bench).await;
    let (first, _) = submit(bench, 1, "list \"a\"", &[("a", &keys[..3]), ("b", &[])]).await;
    let (second, _) = submit(bench, 2, "list \"a\"", &[("a", &keys[5..])]).await;
    let of = async |text: &str, id: BroadcastId| named_of(bench, text, &keys, Some(id)).await;
    assert_eq!(of("list \"a\"", first).await, Some(vec![0, 1, 2]));
    assert_eq!(of("list \"a\"", second).await, Some(vec![5, 6, 7]));
    assert_eq!(of("list \"b\"", first).await, Some(vec![]), "it is there, and empty");
    assert_eq!(of("list \"b\"", second).await, None);
    assert_eq!(named_of(bench, "list \"a\"", &keys, None).await, None);
}

async fn one_address_names_one_person_or_nobody_for_certain(bench: &Bench) {
    let keys = fill(bench).await;
    let mut twins = people(2);
    twins.iter_mut().for_each(|twin| twin.mail = Some("twins@contoso.example".into()));
    keep(bench, &twins).await;
    let named = async |text: &str| named_of(bench, text, &keys, None).await;
    assert_eq!(named("person \"PERSON3@contoso.example\"").await, Some(vec![3]));
    assert_eq!(named("person \"nobody@contoso.example\"").await, None);
    assert_eq!(named("person \"twins@contoso.example\"").await, None);
}

async fn people_of_an_earlier_broadcast_are_found_by_where_they_stand(bench: &Bench) {
    let keys = fill(bench).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 8).await;
    let mut chunk = claimed.chunk;
    let blocked = Outcome::Rejected(Reason::BlockedByUser);
    let facts = vec![
        settle(&mut chunk, 0, Settlement::Sent, accepted()),
        settle(&mut chunk, 1, Settlement::Failed, blocked.clone()),
        settle(&mut chunk, 2, Settlement::Failed, Outcome::Rejected(Reason::NotFound)),
        settle(&mut chunk, 3, Settlement::Sent, accepted()),
    ];
    bench.flush(worker, &mut chunk, facts).await;
    let named = async |what: &str| named_of(bench, &format!("broadcast {id} {what}"), &keys, None).await;
    assert_eq!(named("").await, Some((0..8).collect()));
    assert_eq!(named("sent").await, Some(vec![0, 3]));
    assert_eq!(named("failed").await, Some(vec![1, 2]));
    assert_eq!(named("failed because \"blocked_by_user\"").await, Some(vec![1]));
    assert_eq!(named("pending").await, Some(vec![4, 5, 6, 7]));
    let unknown = BroadcastId::new(now(), 99);
    assert_eq!(named_of(bench, &format!("broadcast {unknown}"), &keys, None).await, None);
}

/// What is wrong with an audience, as a round that is to be frozen is told.
async fn wrong(bench: &Bench, text: &str) -> String {
    whom(&*bench.store, bench.tenant, &read(text), Lists::Given(&Default::default())).await.unwrap_err().to_string()
}

async fn a_broadcast_that_is_not_frozen_names_nobody_and_says_so(bench: &Bench) {
    let keys = fill(bench).await;
    let (id, round) = bench.submit(WhenInDoubt::Hold).await;
    let text = format!("broadcast {id}");
    assert_eq!(named_of(bench, &text, &keys, None).await, None);
    let problem = wrong(bench, &format!("everyone except broadcast {id} sent")).await;
    assert_eq!(problem, format!("broadcast {id} has not started, so nobody knows yet whom it is for"));
    let unknown = BroadcastId::new(now(), 99);
    assert_eq!(wrong(bench, &format!("broadcast {unknown}")).await, format!("there is no broadcast {unknown}"));
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, round, 8).await;
    assert_eq!(named_of(bench, &text, &keys, None).await, Some((0..8).collect()));
}

async fn a_name_of_several_groups_is_told_from_one_of_none(bench: &Bench) {
    fill(bench).await;
    keep_group(bench, 702, "Twins", false, &[4]).await;
    keep_group(bench, 703, "twins", false, &[5]).await;
    assert_eq!(wrong(bench, "group \"Twins\"").await, "“Twins” is the name of several groups");
    assert_eq!(wrong(bench, "team \"Twins\"").await, "“Twins” is no team that is known");
    let (_, round) = submit(bench, 1, "group \"Twins\"", &[]).await;
    let (worker, held) = bench.worker().await;
    let gone = "“Twins” is the name of several groups.".to_owned();
    assert_eq!(freeze(bench, held[0], worker, round).await, LaidDown::Gone(gone));
}

fn saved(name: &str, expression: &str) -> SavedAudience {
    SavedAudience { name: name.to_owned(), expression: expression.to_owned(), saved_at: now() }
}

async fn save(bench: &Bench, name: &str, expression: &str) {
    bench.store.save_audience(bench.tenant, &saved(name, expression)).await.unwrap();
}

async fn what_is_saved_is_kept_under_its_name(bench: &Bench) {
    save(bench, "b", "everyone").await;
    save(bench, "Z", "guest").await;
    save(bench, "b", "disabled").await;
    let kept = bench.store.saved_audiences(bench.tenant).await.unwrap();
    assert_eq!(kept, [saved("Z", "guest"), saved("b", "disabled")]);
    let other = bench.store.tenant(Uuid::from_u128(3), Uuid::from_u128(2)).await.unwrap();
    assert_eq!(bench.store.saved_audiences(other).await.unwrap(), []);
    assert!(bench.store.remove_audience(bench.tenant, "b").await.unwrap());
    assert!(!bench.store.remove_audience(bench.tenant, "b").await.unwrap());
}

async fn what_is_used_is_not_removed(bench: &Bench) {
    fill(bench).await;
    save(bench, "south", "country = \"Italy\"").await;
    save(bench, "all", "saved \"south\" or guest").await;
    let (id, round) = submit(bench, 1, "saved \"all\" or saved \"south\"", &[]).await;
    let remove = async |name: &str| remove(&*bench.store, bench.tenant, name).await.unwrap();
    let waiting = format!("broadcast {id}, which has not started");
    assert_eq!(remove("south").await, Removal::Used(vec!["the saved audience “all”".to_owned(), waiting.clone()]));
    assert_eq!(remove("all").await, Removal::Used(vec![waiting]));
    let (worker, held) = bench.worker().await;
    freeze(bench, held[0], worker, round).await;
    bench.expand(held[0], worker, round, 4).await;
    assert_eq!(remove("all").await, Removal::Done, "its people are frozen");
    assert_eq!(remove("south").await, Removal::Done);
    assert_eq!(remove("south").await, Removal::Unknown);
}

async fn work_of(bench: &Bench, round: RoundId) -> RoundWork {
    let work = bench.store.work(bench.tenant).await.unwrap();
    work.rounds.into_iter().find(|work| work.round == round).unwrap()
}

/// What the owner does with a round whose audience is in words.
async fn freeze(bench: &Bench, held: HeldTenant, worker: stentor::domain::ids::WorkerId, round: RoundId) -> LaidDown {
    let work = work_of(bench, round).await;
    let text = work.expression.clone().unwrap();
    lay_down(&*bench.store, held, worker, &work, &text).await.unwrap()
}

async fn an_audience_in_words_is_frozen_as_it_is_at_its_hour_and_only_once(bench: &Bench) {
    let keys = fill(bench).await;
    save(bench, "south", "country = \"Italy\"").await;
    keep_group(bench, 700, "Pilot", false, &[1, 2, 3]).await;
    let text = "group \"Pilot\" except language = \"fr\" or saved \"south\" or list \"vip\"";
    let (id, round) = submit(bench, 1, text, &[("vip", &keys[4..5])]).await;
    // Between its creation and its hour somebody comes into the group.
    keep_group(bench, 700, "Pilot", false, &[1, 2, 3, 7]).await;
    let (worker, held) = bench.worker().await;
    assert_eq!(freeze(bench, held[0], worker, round).await, LaidDown::People(6));
    assert_eq!(work_of(bench, round).await.expression, None, "it is evaluated");
    // A repetition of a call whose answer was lost, when the world has moved on, changes nothing.
    let nobody = People::default();
    bench.store.lay_down(held[0], worker, round, &nobody).await.unwrap();
    bench.expand(held[0], worker, round, 100).await;
    let chunk = bench.claim_one(held[0], worker, round).await;
    let members: People = chunk.members.iter().map(|member| member.recipient).collect();
    assert_eq!(places(&members, &keys), [0, 1, 4, 5, 6, 7]);
    let report = bench.report(id).await;
    assert_eq!((report.progress.targeted, report.expected), (6, Some(3)));
    assert_eq!(report.audience, AudienceKind::Expression(text.to_owned()));
    // Whoever is frozen is needed no longer as a list.
    assert_eq!(named_of(bench, "list \"vip\"", &keys, Some(id)).await, None);
}

async fn nobody_is_numbered_before_the_words_are_evaluated(bench: &Bench) {
    fill(bench).await;
    let (id, round) = submit(bench, 1, "guest or disabled", &[]).await;
    let (worker, held) = bench.worker().await;
    let stopped = Expanded { added: 0, complete: false };
    assert_eq!(bench.store.expand(held[0], worker, round, 100, 4, now()).await.unwrap(), stopped);
    bench.go(id, BroadcastState::Expanding, BroadcastState::Paused).await;
    freeze(bench, held[0], worker, round).await;
    assert!(work_of(bench, round).await.expression.is_some(), "a pause lays nobody down");
    assert!(bench.store.resume_broadcast(bench.tenant, id, now()).await.unwrap());
    freeze(bench, held[0], worker, round).await;
    bench.expand(held[0], worker, round, 4).await;
    assert_eq!(bench.progress(id).await.targeted, 2);
}

async fn what_is_gone_by_its_hour_is_said_and_nobody_is_laid_down(bench: &Bench) {
    fill(bench).await;
    save(bench, "south", "country = \"Italy\"").await;
    let named = "person \"person1@contoso.example\"";
    let (id, round) = submit(bench, 1, &format!("saved \"south\" or {named}"), &[]).await;
    let (worker, held) = bench.worker().await;
    bench.store.remove_audience(bench.tenant, "south").await.unwrap();
    let gone = "nothing is saved under the name “south”.".to_owned();
    assert_eq!(freeze(bench, held[0], worker, round).await, LaidDown::Gone(gone));
    assert!(work_of(bench, round).await.expression.is_some());
    save(bench, "south", "group \"Milan\"").await;
    let gone = "“Milan” is no group that is known.".to_owned();
    assert_eq!(freeze(bench, held[0], worker, round).await, LaidDown::Gone(gone));
    save(bench, "south", "person \"somebody@contoso.example\"").await;
    let LaidDown::Gone(said) = freeze(bench, held[0], worker, round).await else { panic!() };
    assert!(said.starts_with("A person whom it names") && !said.contains('@'), "{said}");
    save(bench, "south", "saved \"south\"").await;
    let LaidDown::Gone(said) = freeze(bench, held[0], worker, round).await else { panic!() };
    assert!(said.contains("lead back to themselves"), "{said}");
    save(bench, "south", "country = \"Italy\"").await;
    assert_eq!(freeze(bench, held[0], worker, round).await, LaidDown::People(3));
    bench.expand(held[0], worker, round, 4).await;
    assert_eq!(bench.progress(id).await.targeted, 3);
}

async fn only_the_owner_lays_down(bench: &Bench) {
    let keys = fill(bench).await;
    let (_, round) = submit(bench, 1, "guest", &[]).await;
    let (first, held) = bench.worker().await;
    let (successor, taken) = bench.succeed(first).await;
    let everyone: People = keys.into_iter().collect();
    let lost = bench.store.lay_down(held[0], first, round, &everyone).await;
    assert!(matches!(lost, Err(StoreError::LeaseLost)));
    assert_eq!(freeze(bench, taken, successor, round).await, LaidDown::People(1));
}

async fn preparing_and_sending_each_have_their_own_list(bench: &Bench) {
    fill(bench).await;
    save(bench, "some", "guest").await;
    let start_at = crate::bench::after(3600);
    let schedule = stentor::domain::broadcast::Schedule {
        start_at,
        prepare_at: Some(crate::bench::after(600)),
        time_zone: "UTC".into(),
    };
    let (send, prepare) = (in_words(1, "saved \"some\""), RoundId::new(now(), 50));
    let broadcast = NewBroadcast { schedule: Some((schedule, prepare)), ..send };
    let (id, round) = bench.submit_this(broadcast, vec![]).await;
    let (worker, held) = bench.worker().await;
    freeze(bench, held[0], worker, prepare).await;
    assert!(work_of(bench, prepare).await.expression.is_some(), "its hour has not come");
    bench.let_time_pass(std::time::Duration::from_secs(600)).await;
    assert_eq!(freeze(bench, held[0], worker, prepare).await, LaidDown::People(1));
    bench.expand(held[0], worker, prepare, 4).await;
    save(bench, "some", "guest or country = \"France\"").await;
    let held = held[0];
    bench.let_time_pass(std::time::Duration::from_secs(3000)).await;
    bench.store.start_due(held, worker, now()).await.unwrap();
    assert_eq!(freeze(bench, held, worker, round).await, LaidDown::People(4));
    bench.expand(held, worker, round, 4).await;
    let report = bench.report(id).await;
    let of = |kind| report.rounds.iter().find(|round| round.kind == kind).unwrap().progress.targeted;
    assert_eq!((of(RoundKind::Prepare), of(RoundKind::Send)), (1, 4));
}

async fn people_are_known_by_their_numbers(bench: &Bench) {
    let keys = fill(bench).await;
    let asked = [keys[6], RecipientKey(9999), keys[0]];
    let known = bench.store.acquaintances(bench.tenant, &asked).await.unwrap();
    let told: Vec<_> =
        known.iter().map(|person| (person.key, person.display_name.as_str(), person.account.guest)).collect();
    assert_eq!(told, [(keys[6], "Person 6", true), (keys[0], "Person 0", false)]);
    let store = &*bench.store;
    let words = read("everyone except guest except disabled");
    let words = unfolded(store, bench.tenant, &words).await.unwrap();
    let found = whom(store, bench.tenant, &words, Lists::Given(&Default::default())).await.unwrap();
    assert_eq!((found.meant.people.count(), found.meant.excluded.count()), (6, 2));
    assert_eq!(found.sources[0], (Source::Everyone, 8));
}
