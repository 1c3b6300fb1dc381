//! A store on the bench, whichever it is, and the few things that tests do beside it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeZone;
use sqlx::{AssertSqlSafe, Executor, PgConnection};
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::postgres::{PgStore, schema};
use stentor::domain::attributes::Attributes;
use stentor::domain::audience::Address;
use stentor::domain::broadcast::{AudienceKind, BroadcastState, NewBroadcast, TOLERANCE, Treatment, Way};
use stentor::domain::chunk::Chunk;
use stentor::domain::content::Content;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{
    BroadcastId, EntraId, MessageId, Ordinal, ReaderId, RecipientKey, RequestId, RoundId, TenantKey, WorkerId,
};
use stentor::domain::outcome::{Outcome, Step};
use stentor::domain::progress::Progress;
use stentor::domain::reason::Reason;
use stentor::domain::route::Account;
use stentor::domain::time::{Monotonic, Timestamp};
use stentor::ports::{
    AttemptFact, BroadcastReport, Change, ClaimedChunk, Clock, Flush, Flushed, HeldTenant, Pending, Person,
    ProcessIdentity, ReadingStep, Store, Submission,
};
use stentor::simulator::memory_store::{Flaw, MemoryStore, Record};
use uuid::Uuid;

pub const LEASE: Duration = Duration::from_secs(10);
pub const GRACE: Duration = Duration::from_secs(2);

/// Writes each of these tests twice: for Postgres and for memory, whose books are audited at the end.
macro_rules! contract {
    ($($name:ident),* $(,)?) => {
        mod on_postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&crate::bench::Bench::on_postgres().await).await;
            })*
        }

        mod in_memory {
            $(#[tokio::test]
            async fn $name() {
                let bench = crate::bench::Bench::in_memory().await;
                super::$name(&bench).await;
                assert_eq!(bench.complaints(), Vec::<String>::new());
            })*
        }
    };
}
pub(crate) use contract;

pub struct Bench {
    pub store: Arc<dyn Store>,
    pub tenant: TenantKey,
    /// Time that the database's clock has gone on, in seconds.
    passed: AtomicU64,
    behind: Behind,
}

/// What tests reach around the trait for.
enum Behind {
    Postgres { store: PgStore, _database: Box<TestDatabase> },
    Memory { store: MemoryStore, clock: Arc<StandingClock> },
}

pub fn now() -> Timestamp {
    chrono::Utc.timestamp_opt(1_800_000_000, 0).unwrap()
}

pub fn after(seconds: u64) -> Timestamp {
    now() + Duration::from_secs(seconds)
}

/// Stands still until it is moved.
struct StandingClock(Mutex<Timestamp>);

impl Clock for StandingClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::ZERO
    }

    fn sleep_until(&self, _: Monotonic) -> Pending<()> {
        Box::pin(std::future::ready(()))
    }
}

pub fn people(count: u128) -> Vec<Person> {
    let person = |number| Person {
        entra_id: EntraId(Uuid::from_u128(number + 1)),
        user_principal_name: format!("Person{number}@contoso.example"),
        display_name: format!("Person {number}"),
        mail: (number % 2 == 0).then(|| format!("mail{number}@contoso.example")),
        account: Account::ORDINARY,
        attributes: Attributes::default(),
    };
    (0..count).map(person).collect()
}

/// A broadcast to everybody. The one place where tests of the store make one.
pub fn announcement(number: u64, when_in_doubt: WhenInDoubt) -> NewBroadcast {
    NewBroadcast {
        id: BroadcastId::new(now(), number),
        round: RoundId::new(now(), number),
        content: Content { title: "News".into(), body: "Text".into(), ..Content::default() },
        treatment: Treatment { when_in_doubt, urgent: false, deadline_at: after(3600), tolerance: TOLERANCE },
        audience: AudienceKind::Everyone,
        way: Way::Chat,
        expire_at: None,
        expected: None,
        schedule: None,
        author: None,
        created_at: now(),
    }
}

impl Bench {
    pub async fn on_postgres() -> Self {
        let database = TestDatabase::create().await;
        let store = PgStore::new(database.connect_options(), PoolSettings::default());
        schema::migrate(store.database()).await.unwrap();
        let bench =
            Self::over(Arc::new(store.clone()), Behind::Postgres { store, _database: Box::new(database) }).await;
        bench.let_time_pass(Duration::ZERO).await;
        bench
    }

    pub async fn in_memory() -> Self {
        Self::in_memory_with(Flaw::None).await
    }

    pub async fn in_memory_with(flaw: Flaw) -> Self {
        let clock = Arc::new(StandingClock(Mutex::new(now())));
        let store = MemoryStore::new(Record::with_flaw(flaw), clock.clone());
        Self::over(Arc::new(store.clone()), Behind::Memory { store, clock }).await
    }

    async fn over(store: Arc<dyn Store>, behind: Behind) -> Self {
        let tenant = store.tenant(Uuid::from_u128(1), Uuid::from_u128(2)).await.unwrap();
        Self { store, tenant, passed: AtomicU64::new(0), behind }
    }

    /// Moves the database's clock, which stands still otherwise.
    pub async fn let_time_pass(&self, time: Duration) {
        let passed = self.passed.fetch_add(time.as_secs(), Ordering::Relaxed) + time.as_secs();
        match &self.behind {
            Behind::Memory { clock, .. } => *clock.0.lock().unwrap() = after(passed),
            Behind::Postgres { store, .. } => {
                let instant = after(passed).to_rfc3339();
                let sql = format!(
                    "create or replace function lease_now() returns timestamptz language sql volatile as
                     'select ''{instant}''::timestamptz'"
                );
                store.database().run("test", async |conn| conn.execute(AssertSqlSafe(sql)).await).await.unwrap();
            }
        }
    }

    /// What the books say against themselves. Postgres keeps its own by constraints.
    pub fn complaints(&self) -> Vec<String> {
        match &self.behind {
            Behind::Memory { store, .. } => store.look(Record::integrity),
            Behind::Postgres { .. } => Vec::new(),
        }
    }

    /// The store on Postgres, which looks up more than the engine asks for.
    pub fn postgres(&self) -> Option<&PgStore> {
        match &self.behind {
            Behind::Postgres { store, .. } => Some(store),
            Behind::Memory { .. } => None,
        }
    }

    /// Whether Teams is remembered to have refused her.
    pub async fn is_refused(&self, recipient: RecipientKey) -> bool {
        match &self.behind {
            Behind::Memory { store, .. } => {
                store.look(|record| record.person(self.tenant, recipient).unwrap().refusal.is_some())
            }
            Behind::Postgres { store, .. } => {
                let sql = "-- is_refused\nselect refusal is not null and refused_at is not null from recipient \
                           where recipient_id = $1";
                let ask =
                    async |conn: &mut PgConnection| sqlx::query_scalar(sql).bind(recipient.0).fetch_one(conn).await;
                store.database().run("test", ask).await.unwrap()
            }
        }
    }

    pub async fn fill(&self, count: u128) {
        self.store.keep_people(self.tenant, &people(count), now()).await.unwrap();
    }

    /// The directory says that the person of this number among [`people`] is gone.
    pub async fn part_with(&self, number: u128) {
        let (reader, lease) = (ReaderId(99), Duration::from_secs(30));
        self.store.claim_directory(self.tenant, reader, lease).await.unwrap().unwrap();
        let changes = [Change::Gone(people(number + 1)[number as usize].entra_id)];
        let step = ReadingStep::Changes { changes: &changes, link: "link", read_at: None };
        assert_eq!(self.store.advance(self.tenant, reader, lease, &step, now()).await.unwrap().left, 1);
        self.store.release_directory(self.tenant, reader, None, now()).await.unwrap();
    }

    /// The directory numbers of the first `count` people.
    pub async fn keys(&self, count: u128) -> Vec<RecipientKey> {
        let addresses: Vec<Address> = people(count).iter().map(|person| Address::Id(person.entra_id)).collect();
        let found = self.store.find_people(self.tenant, &addresses).await.unwrap();
        found.into_iter().map(|(_, key)| key).collect()
    }

    pub async fn submit(&self, when_in_doubt: WhenInDoubt) -> (BroadcastId, RoundId) {
        self.submit_this(announcement(1, when_in_doubt), vec![]).await
    }

    pub async fn submit_this(&self, broadcast: NewBroadcast, list: Vec<RecipientKey>) -> (BroadcastId, RoundId) {
        let (id, round) = (broadcast.id, broadcast.round);
        self.store
            .submit(&Submission { tenant: self.tenant, broadcast, list, lists: vec![], draft: None })
            .await
            .unwrap();
        (id, round)
    }

    pub async fn register(&self) -> WorkerId {
        let process = ProcessIdentity { host: "here".into(), pid: 1, started: 1 };
        self.store.register(&process, LEASE).await.unwrap()
    }

    pub async fn take(&self, worker: WorkerId) -> Vec<HeldTenant> {
        self.store.take_tenants(worker, GRACE, 10, &[self.tenant], &[]).await.unwrap()
    }

    pub async fn worker(&self) -> (WorkerId, Vec<HeldTenant>) {
        let worker = self.register().await;
        (worker, self.take(worker).await)
    }

    /// A worker dies; another takes the tenant.
    pub async fn succeed(&self, dead: WorkerId) -> (WorkerId, HeldTenant) {
        self.store.end_lease(dead).await.unwrap();
        let (successor, held) = self.worker().await;
        (successor, held[0])
    }

    pub async fn expand(&self, held: HeldTenant, worker: WorkerId, round: RoundId, chunk_size: u32) {
        // One slice holds everybody of any test here.
        assert!(self.store.expand(held, worker, round, 1000, chunk_size, now()).await.unwrap().complete);
    }

    /// Submits to everybody, freezes the audience in chunks of `chunk_size`, and claims one.
    pub async fn claimed(
        &self,
        when_in_doubt: WhenInDoubt,
        chunk_size: u32,
    ) -> (BroadcastId, WorkerId, HeldTenant, ClaimedChunk) {
        let (id, round) = self.submit(when_in_doubt).await;
        let (worker, held) = self.worker().await;
        self.expand(held[0], worker, round, chunk_size).await;
        let chunk = self.claim_one(held[0], worker, round).await;
        (id, worker, held[0], chunk)
    }

    pub async fn claim_one(&self, held: HeldTenant, worker: WorkerId, round: RoundId) -> ClaimedChunk {
        self.store.claim(held, worker, round, 1, &[]).await.unwrap().remove(0)
    }

    /// Flushes `chunk` as it stands, under the next number, with what happened.
    pub async fn flush(&self, worker: WorkerId, chunk: &mut Chunk, facts: Vec<AttemptFact>) -> Flushed {
        chunk.flush_number += 1;
        let flush = Flush { chunks: vec![chunk.clone()], facts, now: Some(now()), ..Flush::default() };
        self.store.flush(self.tenant, worker, &flush).await.unwrap()
    }

    pub async fn go(&self, id: BroadcastId, from: BroadcastState, to: BroadcastState) {
        assert!(self.store.move_broadcast(self.tenant, id, &[from], to, now()).await.unwrap(), "it is not {from}");
    }

    pub async fn newest(&self) -> BroadcastId {
        self.store.reports(self.tenant, 1).await.unwrap()[0].id
    }

    pub async fn report(&self, id: BroadcastId) -> BroadcastReport {
        self.store.report(self.tenant, id).await.unwrap().unwrap()
    }

    /// How far a broadcast is. The sum is checked with each look.
    pub async fn progress(&self, id: BroadcastId) -> Progress {
        let progress = self.report(id).await.progress;
        assert!(progress.adds_up(), "{progress:?}");
        progress
    }

    pub async fn states(&self, id: BroadcastId) -> Vec<(String, Option<Reason>)> {
        let rows = self.store.deliveries(self.tenant, id, None, 1000).await.unwrap();
        rows.into_iter().map(|(_, row)| (row.state, row.reason)).collect()
    }
}

/// The fact of a first send to the person at `place` of `chunk`.
pub fn fact(chunk: &Chunk, place: u32, settles: Option<Settlement>, outcome: Outcome) -> AttemptFact {
    AttemptFact {
        round: chunk.round,
        chunk: chunk.number,
        ordinal: Ordinal(chunk.first.0 + place),
        attempt: 1,
        epoch: chunk.epoch,
        step: Some(Step::Send),
        reason: outcome.reason(),
        message_id: match &outcome {
            Outcome::Accepted { message_id } => message_id.clone(),
            _ => None,
        },
        outcome: Some(outcome),
        settles,
        status: Some(201),
        request: Some(RequestId(Uuid::from_u128(u128::from(place)))),
        started_at: now(),
        ended_at: now(),
    }
}

pub fn accepted() -> Outcome {
    Outcome::Accepted { message_id: Some(MessageId("1793610000123".into())) }
}

/// Settles the person at `place` and says so.
pub fn settle(chunk: &mut Chunk, place: u32, settlement: Settlement, outcome: Outcome) -> AttemptFact {
    let fact = fact(chunk, place, Some(settlement), outcome);
    chunk.settle(fact.ordinal, settlement).unwrap();
    fact
}
