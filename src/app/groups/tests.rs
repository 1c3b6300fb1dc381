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
    assert_eq!(world.requests(), 3);
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
