//! Whom we know: the real client and the real use cases against the simulated Teams, whose world is the judge.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use stentor::adapters::system::{SystemClock, SystemRandom};
use stentor::adapters::teams::{CloudProfile, SecretSource, TeamsClient, TeamsClientSettings};
use stentor::app::groups::{self, GroupError};
use stentor::app::people::{People, PeopleError, PeopleRead, Reading};
use stentor::app::refresh;
use stentor::domain::ids::{GroupId, ReaderId, TenantKey};
use stentor::domain::pacing::Quota;
use stentor::domain::retry::RetryPolicy;
use stentor::ports::{Clock, Store};
use stentor::simulator::memory_store::{MemoryStore, Record};
use stentor::simulator::{Bucket, FaultPlan, Simulator, SimulatorSettings};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

struct House {
    simulator: Simulator,
    store: MemoryStore,
    people: People,
    tenant: TenantKey,
}

async fn house(settings: SimulatorSettings) -> House {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (tenant_id, app_id, manifest) = (settings.tenant, settings.app, settings.external_id);
    let secret = SecretSource::Value(settings.client_secret.clone().into());
    let simulator = Simulator::start(settings, Arc::clone(&clock)).await.unwrap();
    let url = |text: String| text.parse().unwrap();
    let cloud = CloudProfile::custom(url(simulator.login_url()), url(simulator.graph_url()), url(simulator.bot_url()));
    let client = TeamsClientSettings::new(cloud, tenant_id, app_id, secret, manifest.to_string());
    let client = TeamsClient::new(client, Arc::clone(&clock), Arc::new(SystemRandom)).unwrap();
    let store = MemoryStore::new(Record::default(), Arc::clone(&clock));
    let tenant = store.tenant(tenant_id, app_id).await.unwrap();
    let retry = RetryPolicy { first: Duration::from_millis(100), tries: 4, ..RetryPolicy::default() };
    let people = People {
        directory: Arc::new(client),
        store: Arc::new(store.clone()),
        clock,
        random: Arc::new(SystemRandom),
        tenant,
        quota: Quota::per_second(350),
        retry,
        fresh_for: Duration::from_secs(900),
    };
    House { simulator, store, people, tenant }
}

fn organisation(people: usize) -> SimulatorSettings {
    SimulatorSettings { people, ..SimulatorSettings::default() }
}

/// One person, as either side sees her.
type Seen = (Uuid, String, String, String, String, bool);

impl House {
    async fn sync(&self) -> PeopleRead {
        self.people.sync(Reading::Changes, |_| {}).await.unwrap()
    }

    async fn pull(&self, string: &str, order: Value) {
        let url = format!("{}/_simulator/{string}", self.simulator.base_url());
        let answer = reqwest::Client::new().post(url).json(&order).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }

    fn known(&self) -> BTreeSet<Seen> {
        let seen = |person: &stentor::ports::Person| {
            let of = |text: &Option<String>| text.clone().unwrap_or_default();
            let attributes = &person.attributes;
            let (department, title) = (of(&attributes.department), of(&attributes.job_title));
            let place = format!("{} {} {}", of(&attributes.office), of(&attributes.country), of(&attributes.language));
            (person.entra_id.0, person.user_principal_name.clone(), department, title, place, person.account.guest)
        };
        self.store.look(|record| record.present(self.tenant).map(|stored| seen(&stored.person)).collect())
    }

    /// The truth.
    fn there(&self) -> BTreeSet<Seen> {
        let world = self.simulator.world();
        let world = world.lock().unwrap();
        let seen = |person: &stentor::simulator::people::Person| {
            let place = format!("{} {} {}", person.office(), person.place.country, person.place.language);
            let (department, title) = (person.department.to_owned(), person.job_title.to_owned());
            (person.id, person.principal_name(), department, title, place, person.is_guest())
        };
        world.organisation().people().iter().filter(|person| !person.has_left()).map(seen).collect()
    }

    fn requests(&self) -> u64 {
        self.simulator.ledger_summary().requests.get(&Bucket::Directory).copied().unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_known_follows_whoever_joins_changes_and_leaves() {
    let house = house(organisation(5_000)).await;
    let first = house.sync().await;
    assert_eq!((first.whole, first.changed), (true, 5_000));
    assert_eq!(house.known(), house.there());
    for round in 1..=4 {
        house.pull("directory/changes", json!({"join": 30, "change": 100 * round, "leave": 20})).await;
        let before = house.requests();
        let read = house.sync().await;
        assert!(!read.whole && read.left <= 20, "{read:?}");
        assert!(house.requests() - before < 6, "{} requests", house.requests() - before);
        assert_eq!(house.known(), house.there(), "round {round}");
    }
    let nothing = house.sync().await;
    assert_eq!((nothing.changed, nothing.left, nothing.requests), (0, 0, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_place_has_everybody_read_again_and_whoever_left_meanwhile_is_parted_with() {
    let house = house(organisation(2_500)).await;
    house.sync().await;
    for refused in ["gone", "sync_state_not_found", "resync_required"] {
        house.pull("directory/changes", json!({"join": 5, "change": 40, "leave": 12})).await;
        house.pull("directory/expire", json!({"as": refused})).await;
        let read = house.sync().await;
        assert_eq!((read.whole, read.left), (true, 12), "{refused}");
        assert_eq!(house.known(), house.there(), "{refused}");
        assert!(!house.sync().await.whole);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reading_cut_in_the_middle_goes_on_and_ends_with_the_truth() {
    let house = house(organisation(6_000)).await;
    house.sync().await;
    house.pull("directory/changes", json!({"leave": 50})).await;
    // Three pages, then nothing more for as long as anybody is patient.
    let mut pages = 0;
    let world = house.simulator.world();
    let outage = FaultPlan { unavailable: 1.0, ..FaultPlan::default() };
    let cut = house.people.sync(Reading::Whole, |_| {
        pages += 1;
        if pages == 3 {
            world.lock().unwrap().set_faults(outage.clone());
        }
    });
    let error = cut.await.unwrap_err();
    assert!(matches!(error, PeopleError::GaveUp { status: Some(503), .. }), "{error}");
    let record = house.store.directory(house.tenant).await.unwrap();
    assert!(record.next_page.is_some() && record.failure.is_some() && record.left == 0, "{record:?}");
    house.pull("faults", json!("none")).await;
    house.pull("directory/changes", json!({"join": 9, "change": 200, "leave": 9})).await;
    let read = house.sync().await;
    assert!(read.resumed && read.people < 5_000, "{read:?}");
    assert_eq!(house.known(), house.there());
    assert_eq!(house.store.directory(house.tenant).await.unwrap().failure, None);
    // A link that nobody knows any more begins the reading anew.
    world.lock().unwrap().set_faults(outage.clone());
    house.people.sync(Reading::Whole, |_| {}).await.unwrap_err();
    house.pull("faults", json!("none")).await;
    house.pull("directory/expire", json!({})).await;
    let read = house.sync().await;
    assert!(read.whole && !read.resumed, "{read:?}");
    assert_eq!(house.known(), house.there());
}

#[tokio::test(flavor = "multi_thread")]
async fn rough_weather_and_a_small_quota_only_take_longer() {
    let plan = FaultPlan { storms: Vec::new(), ..FaultPlan::named("rough").unwrap() };
    let house = house(SimulatorSettings { faults: plan, quota_factor: 0.001, ..organisation(3_000) }).await;
    house.sync().await;
    house.pull("directory/changes", json!({"join": 3, "change": 300, "leave": 3})).await;
    house.sync().await;
    assert_eq!(house.known(), house.there());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_more_units_than_there_are_waits_as_told_and_gets_there() {
    // A hundredth of the smallest organisation's bucket: 35 units, 3.5 more each second.
    let house = house(SimulatorSettings { quota_factor: 0.01, ..organisation(40) }).await;
    house.sync().await;
    assert_eq!(house.simulator.ledger_summary().throttled, 0);
    for name in ["Lyon", "Finance", "Europe", "Pune", "Osaka", "Legal", "Sales", "Malmö"] {
        groups::ensure_fresh(&house.people, name).await.unwrap();
    }
    assert!(house.simulator.ledger_summary().throttled > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_members_of_every_group_are_those_of_the_world() {
    let house = house(organisation(3_000)).await;
    house.sync().await;
    let world = house.simulator.world();
    let groups = world.lock().unwrap().groups().to_vec();
    for group in &groups {
        let read = groups::ensure_fresh(&house.people, &group.id.to_string()).await;
        if group.is_hidden {
            assert!(matches!(read, Err(GroupError::Hidden { .. })), "{read:?}");
            continue;
        }
        let read = read.unwrap();
        let expected = world.lock().unwrap().members_of(group.id).len() as u64;
        assert_eq!((read.members, read.outsiders), (expected, 0), "{}", group.name);
    }
    let blue = groups::ensure_fresh(&house.people, "Project Blue").await;
    assert!(matches!(&blue, Err(GroupError::Ambiguous { groups, .. }) if groups.len() == 2), "{blue:?}");
    let by_name = groups::ensure_fresh(&house.people, "Lyon").await.unwrap();
    assert!(by_name.team && by_name.id == GroupId(groups.iter().find(|group| group.name == "Lyon").unwrap().id));
    // Whoever joined is an outsider until the directory names her.
    house.pull("directory/changes", json!({"join": 200})).await;
    let impatient = People { fresh_for: Duration::ZERO, ..house.people.clone() };
    let outsiders = groups::ensure_fresh(&impatient, "Europe").await.unwrap().outsiders;
    assert!(outsiders > 0);
    house.sync().await;
    assert_eq!(groups::ensure_fresh(&impatient, "Europe").await.unwrap().outsiders, 0);
    house.pull("permissions", json!({"role": "Member.Read.Hidden", "granted": true, "revoke_tokens": true})).await;
    assert!(groups::ensure_fresh(&house.people, "Works Council").await.unwrap().members > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_permission_for_groups_the_refusal_says_so_and_people_are_read_all_the_same() {
    let house = house(organisation(50)).await;
    house.pull("permissions", json!({"role": "GroupMember.Read.All", "granted": false, "revoke_tokens": true})).await;
    house.sync().await;
    let error = groups::ensure_fresh(&house.people, "Lyon").await.unwrap_err();
    assert!(matches!(error, GroupError::People(PeopleError::Refused { .. })), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_read_at_once_take_turns() {
    let house = house(organisation(3_000)).await;
    let (mut waited, other) = (false, house.people.clone());
    let (first, second) = tokio::join!(
        house.people.sync(Reading::Changes, |_| {}),
        other.sync(Reading::Changes, |read| waited |= read.waits),
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(first.whole != second.whole && waited, "{first:?} {second:?}");
    assert_eq!(house.known(), house.there());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waited_for_another_reader_finds_it_done() {
    let house = house(organisation(3_000)).await;
    let other = house.people.clone();
    let (first, second) = tokio::join!(house.people.refresh(|_| {}), other.refresh(|_| {}));
    assert!(first.unwrap().is_some() != second.unwrap().is_some());
    assert_eq!(house.known(), house.there());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_a_reading_at_once_and_gives_it_free() {
    let house = house(organisation(3_000)).await;
    let stop = CancellationToken::new();
    let read = house.people.refresh_after(Duration::ZERO, &stop, |_| stop.cancel()).await.unwrap();
    assert_eq!((read, house.store.directory(house.tenant).await.unwrap().read_at), (None, None));
    let claimed = house.store.claim_directory(house.tenant, ReaderId(1), Duration::from_secs(1)).await.unwrap();
    assert!(claimed.is_some_and(|record| record.began_at.is_some() && record.failure.is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stays_keeps_people_and_groups_fresh() {
    let house = house(organisation(500)).await;
    house.sync().await;
    let before = groups::ensure_fresh(&house.people, "Works and Europe").await.unwrap();
    house.pull("directory/changes", json!({"join": 120, "leave": 30})).await;
    let stop = CancellationToken::new();
    let keeping = refresh::keep_fresh(&house.people, Duration::from_millis(1500), stop.clone());
    let watching = async {
        let give_up_at = SystemClock.monotonic() + Duration::from_secs(30);
        loop {
            let groups = house.store.groups(house.tenant).await.unwrap();
            if house.known() == house.there() && groups[0].read_at > Some(before.read_at) {
                break;
            }
            assert!(SystemClock.monotonic() < give_up_at, "it was never read");
            SystemClock.sleep_until(SystemClock.monotonic() + Duration::from_millis(50)).await;
        }
        stop.cancel();
    };
    tokio::join!(keeping, watching);
    let world = house.simulator.world();
    let expected = world.lock().unwrap().members_of(before.id.0).len() as u64;
    let groups = house.store.groups(house.tenant).await.unwrap();
    assert_eq!((groups[0].members, groups[0].outsiders), (expected, 0));
}
