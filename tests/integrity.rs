//! `stentor doctor --integrity`: a sound record passes, and each way of damaging it is named.

use std::time::Duration;

use chrono::TimeZone;
use serde_json::Value;
use sqlx::Executor;
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::postgres::{PgStore, schema};
use stentor::domain::attributes::Attributes;
use stentor::domain::broadcast::{AudienceKind, NewBroadcast, TOLERANCE, Treatment, Way};
use stentor::domain::check::{Check, Verdict};
use stentor::domain::chunk::Chunk;
use stentor::domain::content::Content;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, EntraId, Ordinal, RoundId, TenantKey, WorkerId};
use stentor::domain::outcome::{Outcome, Step};
use stentor::domain::reason::Reason;
use stentor::domain::route::Account;
use stentor::domain::time::Timestamp;
use stentor::ports::{AttemptFact, ClaimedChunk, Flush, HeldTenant, Person, ProcessIdentity, Store, Submission};
use uuid::Uuid;

struct Bench {
    store: PgStore,
    tenant: TenantKey,
    database: TestDatabase,
}

fn now() -> Timestamp {
    chrono::Utc.timestamp_opt(1_800_000_000, 0).unwrap()
}

impl Bench {
    /// Six people in two chunks of a broadcast that is running; nothing is claimed.
    async fn new(when_in_doubt: WhenInDoubt) -> Self {
        let database = TestDatabase::create().await;
        let store = PgStore::new(database.connect_options(), PoolSettings::default());
        schema::migrate(store.database()).await.unwrap();
        let tenant = store.tenant(Uuid::from_u128(1), Uuid::from_u128(2)).await.unwrap();
        let person = |number: u128| Person {
            entra_id: EntraId(Uuid::from_u128(number)),
            user_principal_name: format!("person{number}@contoso.example"),
            display_name: format!("Person {number}"),
            mail: None,
            account: Account::ORDINARY,
            attributes: Attributes::default(),
        };
        store.keep_people(tenant, &(1..=6).map(person).collect::<Vec<_>>(), now()).await.unwrap();
        let (id, round) = (BroadcastId::new(now(), 1), RoundId::new(now(), 2));
        let treatment = Treatment {
            when_in_doubt,
            urgent: false,
            deadline_at: now() + Duration::from_secs(3600),
            tolerance: TOLERANCE,
        };
        let content = Content { title: "News".into(), body: "Text".into(), ..Content::default() };
        let audience = AudienceKind::Everyone;
        let broadcast = NewBroadcast {
            id,
            round,
            content,
            treatment,
            audience,
            way: Way::Chat,
            expire_at: None,
            expected: None,
            schedule: None,
            author: None,
            created_at: now(),
        };
        store.submit(&Submission { tenant, broadcast, list: vec![], lists: vec![], draft: None }).await.unwrap();
        let bench = Self { store, tenant, database };
        let (worker, held) = bench.worker().await;
        while !bench.store.expand(held, worker, round, 1000, 3, now()).await.unwrap().complete {}
        bench.store.release_tenant(worker, held).await.unwrap();
        bench
    }

    async fn worker(&self) -> (WorkerId, HeldTenant) {
        let process = ProcessIdentity { host: "here".into(), pid: 1, started: 1 };
        let worker = self.store.register(&process, Duration::from_secs(10)).await.unwrap();
        let grace = Duration::from_secs(2);
        (worker, self.store.take_tenants(worker, grace, 10, &[self.tenant], &[]).await.unwrap()[0])
    }

    async fn claim(&self, worker: WorkerId, held: HeldTenant) -> Chunk {
        let claimed = self.store.claim(held, worker, RoundId::new(now(), 2), 1, &[]).await.unwrap().remove(0);
        let ClaimedChunk { chunk, .. } = claimed;
        chunk
    }

    async fn flush(&self, worker: WorkerId, chunk: &mut Chunk, facts: Vec<AttemptFact>) {
        chunk.flush_number += 1;
        let flush = Flush { chunks: vec![chunk.clone()], facts, routes: vec![], now: Some(now()) };
        let flushed = self.store.flush(self.tenant, worker, &flush).await.unwrap();
        assert_eq!(flushed.held.len(), 1, "the claim holds");
    }

    /// A worker opens the first of the chunk, and its lease ends.
    async fn opened_by_the_dead(&self) -> Chunk {
        let (worker, held) = self.worker().await;
        let mut chunk = self.claim(worker, held).await;
        chunk.grant(chunk.first).unwrap();
        self.flush(worker, &mut chunk, vec![]).await;
        self.store.end_lease(worker).await.unwrap();
        chunk
    }

    async fn sql(&self, sql: &'static str) {
        self.store.database().run("damage", async |conn| conn.execute(sql).await).await.unwrap();
    }

    /// The names of what does not hold.
    async fn found(&self) -> Vec<&'static str> {
        let checks = self.store.integrity().await.unwrap();
        checks.iter().filter(|check| check.verdict != Verdict::Ok).map(|check| check.name).collect()
    }
}

fn fact(chunk: &Chunk, ordinal: Ordinal, outcome: Outcome, settles: Option<Settlement>) -> AttemptFact {
    AttemptFact {
        round: chunk.round,
        chunk: chunk.number,
        ordinal,
        attempt: chunk.epoch.0,
        epoch: chunk.epoch,
        step: Some(Step::Send),
        reason: outcome.reason(),
        outcome: Some(outcome),
        settles,
        status: None,
        request: None,
        message_id: None,
        started_at: now(),
        ended_at: now(),
    }
}

fn accepted() -> Outcome {
    Outcome::Accepted { message_id: None }
}

/// Constraints stand in the way of most damage; a bad disk does not ask them.
const UNGUARDED: &str = "
    do $$
    declare c record;
    begin
      for c in select conrelid::regclass as t, conname from pg_constraint
        where contype = 'c' and conrelid in ('chunk'::regclass, 'round'::regclass, 'broadcast'::regclass) and coninhcount = 0
      loop
        execute format('alter table %s drop constraint %I', c.t, c.conname);
      end loop;
    end $$";

#[tokio::test]
async fn a_sound_record_passes_at_every_stage() {
    let bench = Bench::new(WhenInDoubt::Hold).await;
    assert_eq!(bench.found().await, Vec::<&str>::new());
    let late = bench.opened_by_the_dead().await;
    // Nobody has come for it yet: that is worth a word, and nothing is lost.
    assert_eq!(bench.found().await, ["claimed_by_the_dead"]);
    let (worker, held) = bench.worker().await;
    bench.store.rescue(held, worker, now()).await.unwrap();
    let proof = fact(&late, late.first, accepted(), None);
    assert_eq!(bench.store.record_late(bench.tenant, &[proof]).await.unwrap(), 1);
    for _ in 0..2 {
        let mut chunk = bench.claim(worker, held).await;
        let unsettled: Vec<Ordinal> = chunk.unsettled().collect();
        for ordinal in &unsettled {
            chunk.settle(*ordinal, Settlement::Sent).unwrap();
        }
        let facts = unsettled.iter().map(|who| fact(&chunk, *who, accepted(), Some(Settlement::Sent))).collect();
        bench.flush(worker, &mut chunk, facts).await;
    }
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap().len(), 1);
    assert_eq!(bench.found().await, Vec::<&str>::new());
}

#[tokio::test]
async fn a_proof_that_comes_before_the_doubt_is_counted_like_one_that_comes_after() {
    for aside in [false, true] {
        let bench = Bench::new(WhenInDoubt::Resend).await;
        let late = bench.opened_by_the_dead().await;
        let (worker, held) = bench.worker().await;
        bench.store.rescue(held, worker, now()).await.unwrap();
        bench.sql("update chunk set crashes = 2 where number = 0").await;
        let mut chunk = bench.claim(worker, held).await;
        assert_eq!((chunk.number, chunk.first), (late.number, late.first));
        // She has been claimed for a second message when the first one is proved.
        bench.store.record_late(bench.tenant, &[fact(&late, late.first, accepted(), None)]).await.unwrap();
        if aside {
            chunk.grant(late.first).unwrap();
            bench.flush(worker, &mut chunk, vec![]).await;
            bench.store.end_lease(worker).await.unwrap();
            let (worker, held) = bench.worker().await;
            assert_eq!(bench.store.rescue(held, worker, now()).await.unwrap(), 1);
        } else {
            chunk.settle(late.first, Settlement::Unconfirmed).unwrap();
            let lost = Outcome::Lost(Reason::AnswerLost);
            let doubt = fact(&chunk, late.first, lost, Some(Settlement::Unconfirmed));
            bench.flush(worker, &mut chunk, vec![doubt]).await;
        }
        let report = bench.store.report(bench.tenant, BroadcastId::new(now(), 1)).await.unwrap().unwrap();
        assert_eq!((report.progress.sent, report.progress.unconfirmed), (1, 0), "set aside: {aside}");
        assert_eq!(bench.found().await, Vec::<&str>::new(), "set aside: {aside}");
    }
}

#[tokio::test]
async fn each_way_of_damaging_the_record_is_named() {
    let damages: &[(&str, &[&str])] = &[
        (
            "update chunk set open = set_bit(open, 1, 1), settled = set_bit(settled, 1, 1) where number = 0 and state = 1",
            &["open_and_settled", "counters_and_bits", "settled_without_a_fact"],
        ),
        ("update chunk set sent = 1 where number = 0", &["counters_and_bits"]),
        (
            "update chunk set sent = 1, settled = set_bit(settled, 2, 1) where number = 0",
            &["counters_and_facts", "settled_without_a_fact"],
        ),
        (
            "update chunk set unconfirmed = 1, settled = set_bit(settled, 2, 1), late_sent = 1 where number = 0",
            &["counters_and_facts", "settled_without_a_fact", "late_counters"],
        ),
        ("update round set targeted = 7", &["sizes_and_targeted"]),
        ("delete from audience where ordinal = 5", &["sizes_and_targeted"]),
        ("update chunk set first_ordinal = 4 where number = 1", &["gaps"]),
        ("update chunk set state = 2, owner = null where number = 1", &["finished_chunks"]),
        ("update broadcast set state = 'done', finished_at = now()", &["ended_too_early"]),
        (
            "update chunk set owner = 1 where state = 1; update worker set registered_at = '-infinity';
             update worker set alive_until = '-infinity' where worker_id = 1",
            &["claimed_by_a_stranger"],
        ),
        ("update worker set alive_until = '-infinity'", &["claimed_by_the_dead"]),
        (
            "delete from chunk; delete from audience; update round set targeted = 0; update broadcast set started_at = '2020-01-01'",
            &["never_ending"],
        ),
    ];
    let bench = Bench::new(WhenInDoubt::Hold).await;
    let (worker, held) = bench.worker().await;
    bench.claim(worker, held).await;
    bench.sql(UNGUARDED).await;
    assert_eq!(bench.found().await, Vec::<&str>::new());
    for (damage, named) in damages {
        let keep = "create table kept_chunk as table chunk; create table kept_audience as table audience;
                    create table kept_round as table round; create table kept_broadcast as table broadcast;
                    create table kept_worker as table worker";
        bench.sql(keep).await;
        bench.sql(damage).await;
        let checks = bench.store.integrity().await.unwrap();
        let wrong: Vec<&Check> = checks.iter().filter(|check| check.verdict != Verdict::Ok).collect();
        assert_eq!(wrong.iter().map(|check| check.name).collect::<Vec<_>>(), *named, "{damage}");
        assert!(wrong.iter().all(|check| check.count > 0 && !check.places.is_empty() && !check.cure.is_empty()));
        bench
            .sql(
                "delete from chunk; insert into chunk table kept_chunk; delete from audience;
                 insert into audience table kept_audience; delete from round; insert into round table kept_round;
                 delete from broadcast; insert into broadcast table kept_broadcast; delete from worker;
                 insert into worker overriding system value table kept_worker;
                 drop table kept_chunk, kept_audience, kept_round, kept_broadcast, kept_worker",
            )
            .await;
    }
    assert_eq!(bench.found().await, Vec::<&str>::new());
}

#[tokio::test]
async fn the_command_tells_it_to_people_and_to_scripts() {
    let bench = Bench::new(WhenInDoubt::Hold).await;
    let doctor = |arguments: &[&str]| {
        let dir = tempfile::tempdir().unwrap();
        let mut command = assert_cmd::cargo::cargo_bin_cmd!("stentor");
        command.current_dir(dir.path()).env_clear().env("STENTOR__DATABASE__URL", bench.database.url());
        let ended = command.arg("doctor").args(arguments).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (ended.status.code().unwrap(), text(ended.stdout), text(ended.stderr))
    };
    let (code, out, err) = doctor(&["--integrity"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert!(out.lines().count() == 12 && out.lines().all(|line| line.ends_with(": ok")), "{out}");
    bench.sql("update round set targeted = 7").await;
    let (code, out, err) = doctor(&["--integrity"]);
    assert_eq!(code, 1);
    assert!(out.contains("7 targeted, 6 in chunks, 6 in the audience"), "{out}");
    assert!(err.contains("1 of 12 checks failed."), "{err}");
    let (code, out, _) = doctor(&["--integrity", "--json"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &document["sound"]), (1, &Value::Bool(false)));
    let found: Vec<&Value> =
        document["checks"].as_array().unwrap().iter().filter(|check| check["verdict"] == "failure").collect();
    assert_eq!((found.len(), &found[0]["name"]), (1, &Value::from("sizes_and_targeted")));
    // Without --integrity, what the record stands on is looked at first.
    let (_, out, _) = doctor(&["--json"]);
    let document: Value = serde_json::from_str(&out).unwrap();
    let of = |name: &str| {
        let mut checks = document["checks"].as_array().unwrap().iter();
        checks.find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name} is not there: {document:#}"))
    };
    let place = |name: &str| document["checks"].as_array().unwrap().iter().position(|check| check["name"] == name);
    assert!(place("database") < place("schema") && place("schema") < place("gaps"), "from the ground up");
    assert_eq!(
        *of("schema"),
        serde_json::json!({
            "name": "schema", "promise": "The database's schema fits this program", "verdict": "ok", "count": 0, "places": [],
            "cure": "", "remark": format!("version {}", schema::known_version()),
        })
    );
    // Nothing of Teams is set here: what needs it says so.
    assert_eq!((&of("settings")["verdict"], &of("bot")["verdict"]), (&"failure".into(), &"not_checked".into()));
}
