//! Workers share tenants: real workers and a real Postgres, with a Teams that answers at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::postgres::{PgStore, schema};
use stentor::adapters::system::{SystemClock, SystemRandom};
use stentor::app::engine::EngineSettings;
use stentor::app::health::Health;
use stentor::app::lease::Worker;
use stentor::bench::instant::AtOnce;
use stentor::domain::attributes::Attributes;
use stentor::domain::broadcast::{AudienceKind, BroadcastState, NewBroadcast, Schedule, TOLERANCE, Treatment, Way};
use stentor::domain::content::Content;
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::ids::{BroadcastId, EntraId, RoundId, TenantKey};
use stentor::domain::pacing::{Bucket, Quota};
use stentor::domain::route::Account;
use stentor::ports::{Clock, Person, ProcessIdentity, Store, Submission};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::house::{PATIENCE, Working};

const PEOPLE: u64 = 60;

/// A street of tenants, and the database that they share.
struct Street {
    store: Arc<PgStore>,
    tenants: Vec<TenantKey>,
    _database: TestDatabase,
}

/// How many tenants each worker process holds, by its number.
type Shares = BTreeMap<i64, i64>;

impl Street {
    async fn of(tenants: u128) -> Self {
        let database = TestDatabase::create().await;
        let store = PgStore::new(database.connect_options(), PoolSettings::default());
        schema::migrate(store.database()).await.unwrap();
        let mut keys = Vec::new();
        for number in 1..=tenants {
            let key = store.tenant(Uuid::from_u128(number), Uuid::from_u128(1)).await.unwrap();
            let person = |place: u64| Person {
                entra_id: EntraId(Uuid::from_u64_pair(number as u64, place)),
                user_principal_name: format!("person{place}@contoso.example"),
                display_name: format!("Person {place}"),
                mail: None,
                account: Account::ORDINARY,
                attributes: Attributes::default(),
            };
            let people: Vec<Person> = (0..PEOPLE).map(person).collect();
            store.keep_people(key, &people, SystemClock.now()).await.unwrap();
            keys.push(key);
        }
        Self { store: Arc::new(store), tenants: keys, _database: database }
    }

    async fn submit(&self, tenant: TenantKey, schedule: Option<Schedule>) -> BroadcastId {
        let now = SystemClock.now();
        let broadcast = NewBroadcast {
            id: BroadcastId::new(now, 1),
            round: RoundId::new(now, 1),
            content: Content { title: "News".into(), body: "Text".into(), ..Content::default() },
            treatment: Treatment {
                when_in_doubt: WhenInDoubt::Hold,
                urgent: false,
                deadline_at: now + Duration::from_secs(3 * 3600),
                tolerance: TOLERANCE,
            },
            audience: AudienceKind::Everyone,
            way: Way::Chat,
            expire_at: None,
            expected: None,
            schedule: schedule.map(|schedule| (schedule, RoundId::new(now, 2))),
            author: None,
            created_at: now,
        };
        let id = broadcast.id;
        self.store.submit(&Submission { tenant, broadcast, list: vec![], lists: vec![], draft: None }).await.unwrap();
        id
    }

    async fn submit_to_all(&self) -> Vec<BroadcastId> {
        let mut all = Vec::new();
        for tenant in &self.tenants {
            all.push(self.submit(*tenant, None).await);
        }
        all
    }

    /// A worker, as if in a process of its own.
    fn worker(&self, number: u32) -> Working {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let messenger = Arc::new(AtOnce { clock: Arc::clone(&clock), latency: Duration::from_millis(30) });
        let slow = |bucket| (bucket, Quota::per_second(if bucket == Bucket::Send { 5 } else { 100 }));
        let settings = EngineSettings {
            quotas: Bucket::ALL.into_iter().map(slow).collect(),
            poll_every: Duration::from_millis(200),
            chunk_size: 32,
            ..EngineSettings::default()
        };
        let worker = Worker {
            clock,
            random: Arc::new(SystemRandom),
            store: self.store.clone(),
            messengers: Arc::new(move |_| messenger.clone()),
            tenants: self.tenants.clone(),
            settings: Arc::new(settings),
            process: ProcessIdentity { host: "street".into(), pid: number, started: 1 },
            is_gone: Arc::new(|_| false),
            health: Health::default(),
        };
        let stop = CancellationToken::new();
        let task = {
            let stop = stop.clone();
            tokio::spawn(async move { worker.run(stop).await.unwrap() })
        };
        Working { stop, task }
    }

    async fn holders(&self) -> BTreeMap<TenantKey, i64> {
        let sql = "-- holders
            select t.tenant_id, w.pid from tenant t join worker w on w.worker_id = t.lease_owner";
        let ask = async |conn: &mut sqlx::PgConnection| sqlx::query_as(sql).fetch_all(conn).await;
        let rows: Vec<(i32, i64)> = self.store.database().run("holders", ask).await.unwrap();
        rows.into_iter().map(|(tenant, pid)| (TenantKey(tenant), pid)).collect()
    }

    /// Waits until the tenants are held so.
    async fn until_shared(&self, wanted: Shares) {
        let give_up_at = SystemClock.monotonic() + PATIENCE;
        loop {
            let mut shares = Shares::new();
            self.holders().await.into_values().for_each(|worker| *shares.entry(worker).or_default() += 1);
            if shares == wanted {
                return;
            }
            assert!(SystemClock.monotonic() < give_up_at, "it never came: {shares:?}, not {wanted:?}");
            pause(50).await;
        }
    }

    /// How often a tenant was taken.
    async fn takings(&self) -> i64 {
        let sql = "-- takings
            select sum(lease_epoch)::bigint from tenant";
        let ask = async |conn: &mut sqlx::PgConnection| sqlx::query_scalar(sql).fetch_one(conn).await;
        self.store.database().run("takings", ask).await.unwrap()
    }
}

async fn pause(milliseconds: u64) {
    SystemClock.sleep_until(SystemClock.monotonic() + Duration::from_millis(milliseconds)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newcomer_gets_its_share_of_running_tenants_and_nobody_is_lost_or_in_doubt() {
    let street = Street::of(6).await;
    let broadcasts = street.submit_to_all().await;
    let first = street.worker(1);
    street.until_shared(Shares::from([(1, 6)])).await;
    let second = street.worker(2);
    street.until_shared(Shares::from([(1, 3), (2, 3)])).await;
    let takings = street.takings().await;
    assert_eq!(takings, 6 + 3, "each of them moved at most once");
    pause(3000).await;
    assert_eq!(street.takings().await, takings, "nothing moves once it is shared");

    // An orderly stop: everything goes on with the other one.
    second.stop().await;
    street.until_shared(Shares::from([(1, 6)])).await;
    for (tenant, id) in street.tenants.iter().zip(broadcasts) {
        let give_up_at = SystemClock.monotonic() + PATIENCE;
        let report = loop {
            let report = street.store.report(*tenant, id).await.unwrap().unwrap();
            assert!(report.progress.adds_up(), "{:?}", report.progress);
            if report.state == BroadcastState::Done {
                break report;
            }
            assert!(SystemClock.monotonic() < give_up_at, "it never ended: {report:?}");
            pause(100).await;
        };
        assert_eq!((report.progress.sent, report.progress.unconfirmed), (PEOPLE, 0));
    }
    first.stop().await;
    assert_eq!(street.holders().await, BTreeMap::new(), "a worker that stops in order leaves no lease");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_that_only_wait_for_an_hour_are_handed_over_before_those_that_send() {
    let street = Street::of(6).await;
    let start_at = SystemClock.now() + Duration::from_secs(3600);
    for (place, tenant) in street.tenants.iter().enumerate() {
        // The older ones wait: it is not their number that decides.
        let waits = Schedule { start_at, prepare_at: None, time_zone: "Etc/UTC".to_owned() };
        street.submit(*tenant, (place < 3).then_some(waits)).await;
    }
    let first = street.worker(1);
    street.until_shared(Shares::from([(1, 6)])).await;
    // So that each owner has looked at what there is, on a busy machine, too.
    pause(4000).await;
    let second = street.worker(2);
    street.until_shared(Shares::from([(1, 3), (2, 3)])).await;
    let holders: Vec<i64> = street.holders().await.into_values().collect();
    assert_eq!(holders, [2, 2, 2, 1, 1, 1]);
    first.stop().await;
    second.stop().await;
}
