use super::super::fakes::{self, FakeDirectory, FakeStore, entra_id};
use super::*;
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::ports::Answer;

struct World {
    directory: Arc<FakeDirectory>,
    store: Arc<FakeStore>,
    people: People,
}

fn group(number: u128, name: &str) -> Group {
    Group { id: GroupId(Uuid::from_u128(number)), name: name.into(), team: number == 1, hidden: false }
}

/// A team of three on two pages, two groups of one name, and a hidden one.
fn world() -> World {
    let directory = Arc::new(FakeDirectory::default());
    let milan = vec![vec![entra_id(1), entra_id(2)], vec![entra_id(3)]];
    let hidden = Group { hidden: true, ..group(4, "Council") };
    let groups = [(group(1, "Milan"), milan), (group(2, "Blue"), vec![vec![]]), (group(3, "Blue"), vec![vec![]])];
    directory.groups.lock().unwrap().extend(groups.into_iter().chain([(hidden, vec![vec![]])]));
    let store = Arc::new(FakeStore::default());
    let people = fakes::people(directory.clone(), store.clone());
    World { directory, store, people }
}

impl World {
    fn requests(&self) -> u64 {
        self.directory.requests.load(std::sync::atomic::Ordering::Relaxed)
    }

    fn members(&self, number: u128) -> Vec<EntraId> {
        self.store.groups.lock().unwrap()[&GroupId(Uuid::from_u128(number))].1.clone()
    }
}

#[tokio::test]
async fn a_group_is_read_by_name_or_id_and_not_again_while_it_is_fresh() {
    let world = world();
    let read = ensure_fresh(&world.people, " Milan ").await.unwrap();
    assert_eq!((read.members, read.team, world.requests()), (3, true, 3));
    assert_eq!(world.members(1), [1, 2, 3].map(entra_id));
    for wanted in ["Milan", "00000000-0000-0000-0000-000000000001"] {
        assert_eq!(ensure_fresh(&world.people, wanted).await.unwrap(), read);
    }
    assert_eq!(world.requests(), 4, "whose name it is was asked again, and nothing else");
    let later = world.people.clock.monotonic() + world.people.fresh_for;
    world.people.clock.sleep_until(later).await;
    assert!(ensure_fresh(&world.people, "Milan").await.unwrap().read_at > read.read_at);
}

#[tokio::test]
async fn a_name_of_several_groups_or_of_none_is_refused_with_a_cure() {
    let world = world();
    let error = ensure_fresh(&world.people, "Blue").await.unwrap_err();
    insta::assert_snapshot!(format!("{error}\n{}", error.cure()));
    let by_id = ensure_fresh(&world.people, "00000000-0000-0000-0000-000000000003").await.unwrap();
    assert_eq!((by_id.members, by_id.name.as_str()), (0, "Blue"));
    let error = ensure_fresh(&world.people, "Turin").await.unwrap_err();
    assert_eq!(error.to_string(), "“Turin” is no group or team of this organisation");
}

#[tokio::test]
async fn hidden_members_are_refused_with_the_permission_that_would_show_them() {
    let world = world();
    let error = ensure_fresh(&world.people, "Council").await.unwrap_err();
    assert!(error.cure().contains("Member.Read.Hidden"), "{error}");
    assert!(world.store.groups.lock().unwrap().is_empty());
    // Whoever has the permission is shown them.
    world.directory.groups.lock().unwrap()[3].1 = vec![vec![entra_id(9)]];
    assert_eq!(ensure_fresh(&world.people, "Council").await.unwrap().members, 1);
}

#[tokio::test]
async fn a_reading_that_fails_half_way_keeps_the_members_that_were_known() {
    let world = world();
    ensure_fresh(&world.people, "Milan").await.unwrap();
    world.directory.groups.lock().unwrap()[0].1 = vec![vec![entra_id(8)], vec![entra_id(9)]];
    world.people.clock.sleep_until(world.people.clock.monotonic() + world.people.fresh_for).await;
    let refused = || Answer { status: Some(404), ..Outcome::Rejected(Reason::Unexpected).into() };
    world.directory.refusals.lock().unwrap().push_back(refused());
    ensure_fresh(&world.people, "Milan").await.unwrap_err();
    assert_eq!(world.members(1), [1, 2, 3].map(entra_id));
    world.directory.refusals.lock().unwrap().push_back(refused());
    refresh_known(&world.people, Duration::ZERO).await.unwrap();
    assert_eq!(world.members(1), [1, 2, 3].map(entra_id));
    refresh_known(&world.people, Duration::ZERO).await.unwrap();
    assert_eq!(world.members(1), [8, 9].map(entra_id));
}

#[tokio::test]
async fn a_group_that_is_gone_is_forgotten_and_one_made_again_under_its_name_is_another() {
    let world = world();
    ensure_fresh(&world.people, "Milan").await.unwrap();
    world.directory.groups.lock().unwrap().remove(0);
    refresh_known(&world.people, Duration::ZERO).await.unwrap();
    assert!(world.store.groups.lock().unwrap().is_empty());
    // Gone and made again between two looks: the name means the new one at once.
    ensure_fresh(&world.people, "Council").await.unwrap_err();
    world.directory.groups.lock().unwrap().extend([(group(7, "Rome"), vec![vec![entra_id(1)]])]);
    ensure_fresh(&world.people, "Rome").await.unwrap();
    world.directory.groups.lock().unwrap().retain(|(group, _)| group.name != "Rome");
    world.directory.groups.lock().unwrap().extend([(group(8, "Rome"), vec![vec![entra_id(2), entra_id(3)]])]);
    assert_eq!(ensure_fresh(&world.people, "Rome").await.unwrap().members, 2);
    assert_eq!(world.store.groups.lock().unwrap().keys().collect::<Vec<_>>(), [&GroupId(Uuid::from_u128(8))]);
}

#[tokio::test]
async fn a_name_means_what_the_directory_says_and_not_what_was_known_under_it() {
    let world = world();
    ensure_fresh(&world.people, "Milan").await.unwrap();
    // It is renamed, and another group takes the name.
    world.directory.groups.lock().unwrap()[0].0.name = "Milano".into();
    world.directory.groups.lock().unwrap().push((group(9, "Milan"), vec![vec![entra_id(5)]]));
    assert_eq!(ensure_fresh(&world.people, "Milan").await.unwrap().id, group(9, "").id);
    let names: Vec<String> = world.store.groups.lock().unwrap().values().map(|it| it.0.group.name.clone()).collect();
    assert_eq!(names, ["Milano", "Milan"]);
    // A third makes the name ambiguous, however well one of them is known.
    world.directory.groups.lock().unwrap().push((group(10, "Milan"), vec![vec![]]));
    let error = ensure_fresh(&world.people, "Milan").await.unwrap_err();
    assert!(matches!(error, GroupError::Ambiguous { .. }), "{error}");
}

#[tokio::test]
async fn members_whom_nobody_knew_are_looked_for_once_the_directory_was_read_since() {
    let world = world();
    let id = "00000000-0000-0000-0000-000000000001";
    let read_at = ensure_fresh(&world.people, id).await.unwrap().read_at;
    world.store.groups.lock().unwrap().values_mut().for_each(|(known, _)| known.outsiders = 2);
    let before = world.requests();
    ensure_fresh(&world.people, id).await.unwrap();
    assert_eq!(world.requests(), before, "nothing is known that was not known then");
    world.store.directory.lock().unwrap().read_at = Some(read_at + Duration::from_secs(1));
    assert_eq!(ensure_fresh(&world.people, id).await.unwrap().outsiders, 0);
    world.store.groups.lock().unwrap().values_mut().for_each(|(known, _)| known.outsiders = 2);
    world.store.directory.lock().unwrap().read_at = Some(read_at + Duration::from_secs(3600));
    refresh_known(&world.people, Duration::from_secs(3600)).await.unwrap();
    assert_eq!(world.requests(), before + 6);
}
