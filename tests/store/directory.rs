//! Reading the directory: whole and resumed, its changes, who left, and the groups.

use std::time::Duration;

use stentor::domain::attributes::{Attributes, Mentioned, Property};
use stentor::domain::audience::Address;
use stentor::domain::audience::expression::Source;
use stentor::domain::broadcast::{AudienceKind, NewBroadcast};
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::flow::Mix;
use stentor::domain::ids::{EntraId, GroupId, ReaderId};
use stentor::domain::route::Account;
use stentor::ports::{Advanced, Change, DirectoryRecord, Group, Person, ReadingStep, StoreError, Whose};
use uuid::Uuid;

use crate::bench::{Bench, after, announcement, contract, now, people};

contract! {
    a_whole_reading_parts_with_whoever_no_page_names_and_takes_her_back,
    a_reading_that_could_not_read_somebody_parts_with_nobody,
    a_reading_that_was_cut_goes_on_where_it_was,
    a_page_that_says_nothing_new_writes_nobody,
    one_reads_at_a_time_until_its_claim_ends,
    a_failure_is_kept_until_a_reading_comes_through,
    changes_leave_alone_what_they_do_not_mention,
    an_account_without_a_type_is_a_guest_by_what_else_is_known,
    of_one_person_the_last_change_holds,
    whoever_left_is_not_targeted_nor_counted_nor_found,
    whoever_left_is_not_among_those_of_a_list,
    a_group_is_kept_with_its_members_and_replaced_at_once,
    what_was_read_of_a_group_earlier_does_not_replace_what_was_read_later,
    a_group_is_forgotten_with_its_members,
    people_are_searched_by_the_beginning_of_their_names,
}

const READER: ReaderId = ReaderId(7);
const LEASE: Duration = Duration::from_secs(30);

impl Bench {
    async fn record(&self) -> DirectoryRecord {
        self.store.directory(self.tenant).await.unwrap()
    }

    async fn read(&self) -> Option<DirectoryRecord> {
        self.store.claim_directory(self.tenant, READER, LEASE).await.unwrap()
    }

    async fn step(&self, step: ReadingStep<'_>) -> Advanced {
        self.store.advance(self.tenant, READER, LEASE, &step, now()).await.unwrap()
    }

    /// Reads these people wholly, one page.
    async fn read_wholly(&self, people: &[Person]) -> Advanced {
        self.read().await.unwrap();
        self.step(ReadingStep::Begin { delta_link: "delta" }).await;
        let changed = self.step(ReadingStep::Page { people, unreadable: false, next: None }).await.changed;
        let left = self.step(ReadingStep::PartWith { limit: 100 }).await.left;
        self.step(ReadingStep::End).await;
        self.step(ReadingStep::Changes { changes: &[], link: "delta2", read_at: Some(now()) }).await;
        self.store.release_directory(self.tenant, READER, None, now()).await.unwrap();
        Advanced { changed, left }
    }

    async fn follow(&self, changes: &[Change]) -> Advanced {
        self.read().await.unwrap();
        self.step(ReadingStep::Changes { changes, link: "delta3", read_at: Some(after(60)) }).await
    }

    async fn names(&self, text: &str) -> Vec<String> {
        let found = self.store.search_people(self.tenant, text, 10).await.unwrap();
        found.into_iter().map(|person| person.display_name).collect()
    }
}

fn id(number: u128) -> EntraId {
    EntraId(Uuid::from_u128(number + 1))
}

fn all(person: Person) -> Change {
    Change::Person(Box::new(person), Mentioned::ALL)
}

async fn a_whole_reading_parts_with_whoever_no_page_names_and_takes_her_back(bench: &Bench) {
    assert_eq!(bench.read_wholly(&people(5)).await, Advanced { changed: 5, left: 0 });
    assert_eq!(bench.read_wholly(&people(5)[..3]).await, Advanced { changed: 0, left: 2 });
    let record = bench.record().await;
    assert_eq!((record.left, record.read_at, record.began_at), (2, Some(now()), None));
    assert_eq!(record.delta_link.as_deref(), Some("delta2"));
    assert_eq!(bench.store.count_people(bench.tenant).await.unwrap(), 3);
    assert_eq!(bench.read_wholly(&people(5)).await, Advanced { changed: 2, left: 0 });
    assert_eq!((bench.record().await.left, bench.store.count_people(bench.tenant).await.unwrap()), (0, 5));
}

async fn a_reading_that_could_not_read_somebody_parts_with_nobody(bench: &Bench) {
    bench.read_wholly(&people(5)).await;
    bench.read().await.unwrap();
    bench.step(ReadingStep::Begin { delta_link: "later" }).await;
    bench.step(ReadingStep::Page { people: &people(5)[..2], unreadable: true, next: Some("two") }).await;
    // The page after it could be read, by somebody who took the reading up.
    bench.step(ReadingStep::Page { people: &people(5)[2..3], unreadable: false, next: None }).await;
    assert_eq!(bench.step(ReadingStep::PartWith { limit: 100 }).await.left, 0);
    bench.step(ReadingStep::End).await;
    assert_eq!(bench.store.count_people(bench.tenant).await.unwrap(), 5);
    // The next whole reading sees everybody.
    assert_eq!(bench.read_wholly(&people(5)[..3]).await.left, 2);
}

async fn a_reading_that_was_cut_goes_on_where_it_was(bench: &Bench) {
    bench.read_wholly(&people(6)).await;
    bench.read().await.unwrap();
    bench.step(ReadingStep::Begin { delta_link: "later" }).await;
    bench.step(ReadingStep::Page { people: &people(6)[..2], unreadable: false, next: Some("two") }).await;
    bench.store.release_directory(bench.tenant, READER, Some("cut"), now()).await.unwrap();
    // Somebody else takes it up, and nobody has left for not being named yet.
    let record = bench.store.claim_directory(bench.tenant, ReaderId(8), LEASE).await.unwrap().unwrap();
    assert_eq!((record.began_at, record.next_page.as_deref()), (Some(now()), Some("two")));
    assert_eq!(record.delta_link.as_deref(), Some("later"));
    assert_eq!(bench.store.count_people(bench.tenant).await.unwrap(), 6);
    let (six, step) =
        (people(6), async |step| bench.store.advance(bench.tenant, ReaderId(8), LEASE, &step, now()).await.unwrap());
    step(ReadingStep::Page { people: &six[3..], unreadable: false, next: None }).await;
    assert_eq!(step(ReadingStep::PartWith { limit: 100 }).await.left, 1);
    step(ReadingStep::End).await;
    // A reading that begins later does not know what an earlier one met.
    assert_eq!(bench.record().await.next_page, None);
    step(ReadingStep::Begin { delta_link: "x" }).await;
    assert_eq!(step(ReadingStep::PartWith { limit: 3 }).await.left, 3);
    assert_eq!(step(ReadingStep::PartWith { limit: 3 }).await.left, 2);
}

async fn a_page_that_says_nothing_new_writes_nobody(bench: &Bench) {
    bench.read_wholly(&people(5)).await;
    let mut again = people(5);
    assert_eq!(bench.read_wholly(&again).await, Advanced::default());
    again[2].attributes.department = Some("Sales".into());
    assert_eq!(bench.read_wholly(&again).await, Advanced { changed: 1, left: 0 });
}

async fn one_reads_at_a_time_until_its_claim_ends(bench: &Bench) {
    let claim =
        async |reader| bench.store.claim_directory(bench.tenant, ReaderId(reader), LEASE).await.unwrap().is_some();
    assert!(claim(7).await && claim(7).await && !claim(8).await);
    bench.let_time_pass(Duration::from_secs(20)).await;
    bench.step(ReadingStep::Begin { delta_link: "renews it" }).await;
    bench.let_time_pass(Duration::from_secs(20)).await;
    bench.step(ReadingStep::Stay).await;
    bench.let_time_pass(Duration::from_secs(20)).await;
    assert!(!claim(8).await);
    bench.let_time_pass(Duration::from_secs(11)).await;
    assert!(claim(8).await);
    let step = ReadingStep::Page { people: &people(2), unreadable: false, next: None };
    let late = bench.store.advance(bench.tenant, READER, LEASE, &step, now()).await;
    assert!(matches!(late, Err(StoreError::LeaseLost)), "{late:?}");
    assert_eq!(bench.store.count_people(bench.tenant).await.unwrap(), 0);
    // Whoever lost it cannot give it away either.
    bench.store.release_directory(bench.tenant, READER, Some("late"), now()).await.unwrap();
    assert!(!claim(9).await);
    assert_eq!(bench.record().await.failure, None);
}

async fn a_failure_is_kept_until_a_reading_comes_through(bench: &Bench) {
    bench.read_wholly(&people(2)).await;
    bench.read().await.unwrap();
    bench
        .store
        .release_directory(bench.tenant, READER, Some("The client secret has expired."), after(9))
        .await
        .unwrap();
    let record = bench.record().await;
    assert_eq!(record.failure, Some((after(9), "The client secret has expired.".into())));
    assert_eq!(record.read_at, Some(now()));
    bench.read().await.unwrap();
    bench.step(ReadingStep::Changes { changes: &[], link: "half", read_at: None }).await;
    let half = bench.record().await;
    assert_eq!((half.failure.is_some(), half.read_at, half.delta_link.as_deref()), (true, Some(now()), Some("half")));
    bench.step(ReadingStep::Changes { changes: &[], link: "all", read_at: Some(after(20)) }).await;
    let record = bench.record().await;
    assert_eq!((record.failure, record.read_at), (None, Some(after(20))));
}

async fn changes_leave_alone_what_they_do_not_mention(bench: &Bench) {
    let mut known = people(2);
    let (sales, lyon) = (Some("Sales".to_owned()), Some("Lyon".to_owned()));
    known[0].attributes = Attributes { department: sales.clone(), office: lyon, ..Attributes::default() };
    known[0].account.guest = true;
    bench.read_wholly(&known).await;
    let moved = Person {
        attributes: Attributes { office: None, country: Some("France".into()), ..Attributes::default() },
        account: Account { licensed: false, ..Account::ORDINARY },
        ..people(1)[0].clone()
    };
    let mentioned = Mentioned::default().with(Property::Office, true).with(Property::Country, true);
    let mentioned = mentioned.with(Property::Licensed, true);
    let advanced = bench.follow(&[Change::Person(Box::new(moved), mentioned)]).await;
    assert_eq!(advanced, Advanced { changed: 1, left: 0 });
    let found = bench.store.search_people(bench.tenant, "person 0", 1).await.unwrap().remove(0);
    let attributes = Attributes { department: sales, country: Some("France".into()), ..Attributes::default() };
    assert_eq!(found.attributes, attributes);
    assert_eq!(found.account, Account { guest: true, enabled: true, licensed: false });
    assert_eq!(found.mail, known[0].mail);
    // Of somebody new, what is not mentioned was never set.
    let new = Change::Person(Box::new(people(3)[2].clone()), Mentioned::default().with(Property::DisplayName, true));
    assert_eq!(bench.follow(&[new]).await.changed, 1);
    assert_eq!(bench.names("person2@").await, ["Person 2"]);
}

async fn an_account_without_a_type_is_a_guest_by_what_else_is_known(bench: &Bench) {
    let account = |guest, enabled, licensed| Account { guest, enabled, licensed };
    let told = async |account: Account, mentioned: Mentioned| {
        let person = Person { account, ..people(1)[0].clone() };
        bench.follow(&[Change::Person(Box::new(person), mentioned)]).await;
        bench.store.search_people(bench.tenant, "person 0", 1).await.unwrap()[0].account
    };
    let (untyped, licensed) = (Property::Untyped, Property::Licensed);
    let mentions = |properties: &[Property]| {
        properties.iter().fold(Mentioned::default(), |mentioned, property| mentioned.with(*property, true))
    };
    bench.read_wholly(&people(1)).await;
    // What this entry alone would make of her does not count: her licence is known.
    assert_eq!(told(account(true, true, false), mentions(&[untyped])).await, Account::ORDINARY);
    assert_eq!(told(account(true, true, false), mentions(&[untyped, licensed])).await, account(true, true, false));
    assert_eq!(told(account(false, true, true), mentions(&[untyped, licensed])).await, Account::ORDINARY);
    assert_eq!(told(account(true, true, false), mentions(&[licensed])).await, account(false, true, false));
}

async fn of_one_person_the_last_change_holds(bench: &Bench) {
    bench.read_wholly(&people(3)).await;
    let named = |name: &str| Person { display_name: name.into(), ..people(1)[0].clone() };
    let page = [
        all(named("Ann")),
        Change::Gone(id(0)),
        all(named("Anna")),
        Change::Gone(id(1)),
        Change::Gone(id(1)),
        Change::Gone(id(40)),
    ];
    assert_eq!(bench.follow(&page).await, Advanced { changed: 2, left: 2 });
    assert_eq!(bench.names("").await, ["Anna", "Person 2"]);
    // Told again, nothing is new.
    assert_eq!(bench.follow(&page[2..]).await, Advanced::default());
}

async fn whoever_left_is_not_targeted_nor_counted_nor_found(bench: &Bench) {
    bench.read_wholly(&people(4)).await;
    bench.follow(&[Change::Gone(id(0)), Change::Gone(id(1))]).await;
    let addresses = [Address::Id(id(0)), Address::Name("person1@contoso.example".into()), Address::Id(id(2))];
    let found = bench.store.find_people(bench.tenant, &addresses).await.unwrap();
    assert_eq!(found.into_iter().map(|(address, _)| address).collect::<Vec<_>>(), [addresses[2].clone()]);
    assert!(bench.names("person1").await.is_empty());
    assert_eq!(bench.store.ways(bench.tenant, &Whose::Everyone).await.unwrap(), Mix::unknown(2));
    let ids = Whose::People(vec![id(0), id(3)]);
    assert_eq!(bench.store.ways(bench.tenant, &ids).await.unwrap(), Mix::unknown(1));
    let (broadcast, ..) = bench.claimed(WhenInDoubt::Hold, 2).await;
    assert_eq!(bench.store.report(bench.tenant, broadcast).await.unwrap().unwrap().progress.targeted, 2);
}

async fn whoever_left_is_not_among_those_of_a_list(bench: &Bench) {
    bench.read_wholly(&people(4)).await;
    let keys = bench.keys(4).await;
    let listed = NewBroadcast { audience: AudienceKind::List, ..announcement(1, WhenInDoubt::Hold) };
    let (id, round) = bench.submit_this(listed, keys[..3].to_vec()).await;
    bench.part_with(1).await;
    assert_eq!(bench.store.ways(bench.tenant, &Whose::Broadcast(id)).await.unwrap(), Mix::unknown(2));
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, round, 8).await;
    let chunk = bench.claim_one(held[0], worker, round).await;
    let members: Vec<_> = chunk.members.iter().map(|member| member.recipient).collect();
    assert_eq!(members, [keys[0], keys[2]]);
}

fn group(number: u128, name: &str) -> Group {
    Group { id: GroupId(Uuid::from_u128(number)), name: name.into(), team: true, hidden: false }
}

async fn what_was_read_of_a_group_earlier_does_not_replace_what_was_read_later(bench: &Bench) {
    bench.read_wholly(&people(4)).await;
    let keep = async |name: &str, members: &[EntraId], at| {
        bench.store.keep_group(bench.tenant, &group(1, name), members, at).await.unwrap();
    };
    keep("Milan", &[id(0), id(1)], after(60)).await;
    keep("Old Milan", &[id(3)], after(30)).await;
    let known = bench.store.groups(bench.tenant).await.unwrap();
    assert_eq!((known[0].group.name.as_str(), known[0].members, known[0].read_at), ("Milan", 2, Some(after(60))));
    // Whoever left counts as somebody whom we do not know, until she is back and the group is read again.
    bench.part_with(1).await;
    keep("Milan", &[id(0), id(1)], after(90)).await;
    let known = bench.store.groups(bench.tenant).await.unwrap();
    assert_eq!((known[0].members, known[0].outsiders), (1, 1));
}

async fn a_group_is_forgotten_with_its_members(bench: &Bench) {
    bench.read_wholly(&people(2)).await;
    let named = async |name: &str| {
        let source = Source::Group(name.to_owned());
        bench.store.named_by(bench.tenant, &source, None).await.unwrap().map(|people| people.count())
    };
    for (number, name) in [(1, "Milan"), (2, "Lyon")] {
        bench.store.keep_group(bench.tenant, &group(number, name), &[id(0)], now()).await.unwrap();
    }
    bench.store.forget_group(bench.tenant, GroupId(Uuid::from_u128(1))).await.unwrap();
    assert_eq!((named("Milan").await, named("Lyon").await), (None, Some(1)));
    // Made again under its old name, it has nobody of the old one.
    bench.store.keep_group(bench.tenant, &group(3, "Milan"), &[], now()).await.unwrap();
    assert_eq!(named("Milan").await, Some(0));
}

async fn a_group_is_kept_with_its_members_and_replaced_at_once(bench: &Bench) {
    bench.read_wholly(&people(4)).await;
    let milan = group(1, "Milan");
    let keep = async |group: &Group, members: &[EntraId], at| {
        bench.store.keep_group(bench.tenant, group, members, at).await.unwrap();
    };
    keep(&milan, &[id(0), id(1), id(1), id(77), id(78)], now()).await;
    keep(&group(2, "lyon"), &[], now()).await;
    let counts = async || {
        let groups = bench.store.groups(bench.tenant).await.unwrap();
        groups.into_iter().map(|it| (it.group.name, it.members, it.outsiders, it.read_at)).collect::<Vec<_>>()
    };
    assert_eq!(counts().await, [("lyon".into(), 0, 0, Some(now())), ("Milan".into(), 2, 2, Some(now()))]);
    keep(&Group { name: "Milano".into(), ..milan }, &[id(0), id(2), id(3)], after(60)).await;
    assert_eq!(counts().await[1], ("Milano".into(), 3, 0, Some(after(60))));
    let found = bench.store.find_groups(bench.tenant, "MILANO").await.unwrap();
    assert_eq!((found.len(), found[0].members), (1, 3));
    assert!(bench.store.find_groups(bench.tenant, "Milan").await.unwrap().is_empty());
    let other = bench.store.tenant(Uuid::from_u128(3), Uuid::from_u128(2)).await.unwrap();
    assert!(bench.store.groups(other).await.unwrap().is_empty());
}

async fn people_are_searched_by_the_beginning_of_their_names(bench: &Bench) {
    bench.read_wholly(&people(12)).await;
    assert_eq!(bench.names("PERSON 1").await, ["Person 1", "Person 10", "Person 11"]);
    assert_eq!(bench.names("mail4@").await, ["Person 4"]);
    assert_eq!(bench.names("%").await, Vec::<String>::new());
    assert_eq!(bench.names("p").await.len(), 10);
}
