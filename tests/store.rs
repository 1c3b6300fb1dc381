//! The Store on real Postgres: each test in a database of its own, use cases step by step with a given `now`.

use std::time::Duration;

use chrono::TimeZone;
use sqlx::{Executor, SqlSafeStr};
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::postgres::{PgStore, schema, statements};
use stentor::domain::audience::Address;
use stentor::domain::broadcast::{AudienceKind, BroadcastState, NewBroadcast, TOLERANCE, Treatment};
use stentor::domain::chunk::Chunk;
use stentor::domain::content::Content;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, ConversationId, EntraId, MessageId, RequestId, RoundId, TenantKey, WorkerId};
use stentor::domain::outcome::{Outcome, Step};
use stentor::domain::reason::{HaltReason, Reason};
use stentor::domain::route::{Account, Route};
use stentor::domain::time::Timestamp;
use stentor::ports::{
    AttemptFact, ClaimedChunk, Flush, Halt, HeldTenant, Person, ProcessIdentity, RouteLearnt, Store, StoreError,
    Submission,
};
use uuid::Uuid;

const LEASE: Duration = Duration::from_secs(10);
const GRACE: Duration = Duration::from_secs(2);

struct Bench {
    store: PgStore,
    tenant: TenantKey,
    // Dropped last: the database goes with it.
    _database: TestDatabase,
}

fn now() -> Timestamp {
    chrono::Utc.timestamp_opt(1_800_000_000, 0).unwrap()
}

fn people(count: u128) -> Vec<Person> {
    let person = |number| Person {
        entra_id: EntraId(Uuid::from_u128(number + 1)),
        user_principal_name: format!("Person{number}@contoso.example"),
        display_name: format!("Person {number}"),
        mail: (number % 2 == 0).then(|| format!("mail{number}@contoso.example")),
        account: Account::ORDINARY,
    };
    (0..count).map(person).collect()
}

async fn bench(count: u128) -> Bench {
    let database = TestDatabase::create().await;
    let store = PgStore::new(database.connect_options(), PoolSettings::default());
    schema::migrate(store.database()).await.unwrap();
    let tenant = store.tenant(Uuid::from_u128(1), Uuid::from_u128(2)).await.unwrap();
    store.keep_people(tenant, &people(count), now()).await.unwrap();
    Bench { store, tenant, _database: database }
}

impl Bench {
    async fn submit(&self, when_in_doubt: WhenInDoubt) -> (BroadcastId, RoundId) {
        let (id, round) = (BroadcastId::new(now(), 1), RoundId::new(now(), 2));
        let treatment = Treatment {
            when_in_doubt,
            urgent: false,
            deadline_at: now() + Duration::from_secs(3600),
            tolerance: TOLERANCE,
        };
        let content = Content { title: "News".into(), body: "Text".into(), ..Content::default() };
        let broadcast = NewBroadcast {
            id,
            round,
            content,
            treatment,
            audience: AudienceKind::Everyone,
            schedule: None,
            author: None,
            created_at: now(),
        };
        self.store.submit(&Submission { tenant: self.tenant, broadcast, list: vec![] }).await.unwrap();
        (id, round)
    }

    async fn worker(&self) -> (WorkerId, Vec<HeldTenant>) {
        let process = ProcessIdentity { host: "here".into(), pid: 1, started: 1 };
        let worker = self.store.register(&process, LEASE).await.unwrap();
        (worker, self.store.take_tenants(worker, GRACE, 10, &[self.tenant], &[]).await.unwrap())
    }

    /// Submits to everybody, freezes the audience in chunks of `chunk_size`, and claims one.
    async fn claimed(
        &self,
        when_in_doubt: WhenInDoubt,
        chunk_size: u32,
    ) -> (BroadcastId, WorkerId, HeldTenant, ClaimedChunk) {
        let (id, round) = self.submit(when_in_doubt).await;
        let (worker, held) = self.worker().await;
        while !self.store.expand(held[0], worker, round, 1000, chunk_size, now()).await.unwrap().complete {}
        let chunk = self.store.claim(held[0], worker, round, 1, &[]).await.unwrap().remove(0);
        (id, worker, held[0], chunk)
    }

    async fn sql(&self, sql: &'static str) {
        self.store.database().run("test", async |conn| conn.execute(sql).await).await.unwrap();
    }

    async fn states(&self, id: BroadcastId) -> Vec<(String, Option<Reason>)> {
        let rows = self.store.deliveries(self.tenant, id, None, 1000).await.unwrap();
        rows.into_iter().map(|(_, row)| (row.state, row.reason)).collect()
    }
}

fn sent(chunk: &Chunk, place: u32, settles: Option<Settlement>, outcome: Outcome) -> AttemptFact {
    AttemptFact {
        round: chunk.round,
        chunk: chunk.number,
        ordinal: stentor::domain::ids::Ordinal(chunk.first.0 + place),
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

fn accepted() -> Outcome {
    Outcome::Accepted { message_id: Some(MessageId("1793610000123".into())) }
}

#[tokio::test]
async fn every_statement_prepares_against_the_migrated_schema() {
    let bench = bench(0).await;
    for sql in statements() {
        assert!(sql.trim_start().starts_with("-- "), "a statement without its name: {sql}");
        let prepared = bench.store.database().run("prepare", async |conn| conn.prepare(sql.into_sql_str()).await).await;
        assert!(prepared.is_ok(), "{sql}\n{prepared:?}");
    }
}

#[tokio::test]
async fn every_table_and_column_says_what_it_is() {
    let bench = bench(0).await;
    let silent: Vec<String> = bench
        .store
        .database()
        .run("comments", async |conn| {
            sqlx::query_scalar(
                "-- silent_columns
                 select c.relname || '.' || a.attname
                 from pg_class c
                 join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                 where c.relnamespace = 'public'::regnamespace
                   and c.relkind in ('r', 'p', 'v')
                   and c.relname <> '_sqlx_migrations'
                   and (col_description(c.oid, a.attnum) is null or obj_description(c.oid) is null)",
            )
            .fetch_all(conn)
            .await
        })
        .await
        .unwrap();
    assert_eq!(silent, Vec::<String>::new());
}

#[tokio::test]
async fn a_schema_that_is_too_new_is_refused_with_the_cure() {
    let bench = bench(0).await;
    schema::migrate(bench.store.database()).await.unwrap();
    bench.sql("update schema_compatibility set compatible_from = 1000").await;
    let refused = schema::check(bench.store.database(), 0).await.unwrap_err();
    assert!(refused.to_string().contains("Upgrade stentor"), "{refused}");
}

#[tokio::test]
async fn people_are_found_by_id_by_principal_name_and_by_mail() {
    let bench = bench(4).await;
    let addresses = [
        Address::Id(EntraId(Uuid::from_u128(2))),
        Address::Name("person2@contoso.example".into()),
        Address::Name("mail2@contoso.example".into()),
        Address::Name("nobody@contoso.example".into()),
    ];
    let found = bench.store.find_people(bench.tenant, &addresses).await.unwrap();
    assert_eq!(found.len(), 3);
    assert_eq!(found[1].1, found[2].1);
}

#[tokio::test]
async fn a_principal_name_goes_before_a_mail_address_and_a_shared_mail_address_names_both() {
    let bench = bench(6).await;
    let mut people = people(6);
    people[1].mail = Some("PERSON0@contoso.example".into());
    people[2].mail = Some("Office@contoso.example".into());
    people[3].mail = Some("office@contoso.example".into());
    // Deleted and made again: the account that the directory named last has the name.
    people[5].user_principal_name = people[4].user_principal_name.clone();
    bench.store.keep_people(bench.tenant, &people[..5], now()).await.unwrap();
    bench.store.keep_people(bench.tenant, &people[5..], now() + Duration::from_secs(1)).await.unwrap();
    let find = async |name: &str| {
        let found = bench.store.find_people(bench.tenant, &[Address::Name(name.into())]).await.unwrap();
        found.into_iter().map(|(_, key)| key).collect::<Vec<_>>()
    };
    let by_id = async |number: u128| {
        let address = Address::Id(EntraId(Uuid::from_u128(number + 1)));
        bench.store.find_people(bench.tenant, &[address]).await.unwrap()[0].1
    };
    assert_eq!(find("person0@contoso.example").await, [by_id(0).await]);
    assert_eq!(find("office@contoso.example").await, [by_id(2).await, by_id(3).await]);
    assert_eq!(find("person4@contoso.example").await, [by_id(5).await]);
}

#[tokio::test]
async fn expanding_in_slices_gives_everybody_one_ordinal_in_exactly_one_chunk() {
    let bench = bench(25).await;
    let (id, round) = bench.submit(WhenInDoubt::Hold).await;
    let (worker, held) = bench.worker().await;
    let mut slices = Vec::new();
    loop {
        let expanded = bench.store.expand(held[0], worker, round, 10, 4, now()).await.unwrap();
        slices.push(expanded.added);
        if expanded.complete {
            break;
        }
    }
    assert_eq!(slices, [8, 8, 8, 1]);
    let report = bench.store.report(bench.tenant, id).await.unwrap().unwrap();
    assert_eq!((report.state, report.progress.targeted, report.progress.pending), (BroadcastState::Running, 25, 25));
    let chunks = bench.store.claim(held[0], worker, round, 100, &[]).await.unwrap();
    assert_eq!(chunks.iter().map(|claimed| claimed.chunk.size).collect::<Vec<_>>(), [4, 4, 4, 4, 4, 4, 1]);
    let ordinals: Vec<u32> =
        chunks.iter().flat_map(|claimed| &claimed.members).map(|member| member.ordinal.0).collect();
    assert_eq!(ordinals, (0..25).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_audience_of_nobody_is_done_at_once() {
    let bench = bench(0).await;
    let (id, round) = bench.submit(WhenInDoubt::Hold).await;
    let (worker, held) = bench.worker().await;
    assert!(bench.store.expand(held[0], worker, round, 1000, 4, now()).await.unwrap().complete);
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Done)]);
}

#[tokio::test]
async fn a_flush_moves_bits_facts_and_counters_together_and_repeating_it_changes_nothing() {
    let bench = bench(4).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let mut chunk = claimed.chunk;
    chunk.grant(claimed.members[0].ordinal).unwrap();
    chunk.settle(claimed.members[1].ordinal, Settlement::Sent).unwrap();
    chunk.flush_number += 1;
    let facts = vec![sent(&chunk, 1, Some(Settlement::Sent), accepted())];
    let flush = Flush { chunks: vec![chunk.clone()], facts, now: Some(now()), ..Flush::default() };
    for _ in 0..2 {
        let flushed = bench.store.flush(bench.tenant, worker, &flush).await.unwrap();
        assert_eq!(flushed.held, [(chunk.round, chunk.number)]);
    }
    let progress = bench.store.report(bench.tenant, id).await.unwrap().unwrap().progress;
    assert_eq!((progress.sent, progress.pending, progress.adds_up()), (1, 3, true));
    assert_eq!(bench.states(id).await[1], ("sent".into(), None));
}

#[tokio::test]
async fn a_flush_that_arrives_after_its_successor_changes_nothing() {
    let bench = bench(4).await;
    let (_, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    let mut first = claimed.chunk.clone();
    first.grant(claimed.members[0].ordinal).unwrap();
    first.flush_number = 1;
    let mut second = first.clone();
    second.close(claimed.members[0].ordinal).unwrap();
    second.flush_number = 2;
    for chunk in [second, first] {
        let flush = Flush { chunks: vec![chunk], now: Some(now()), ..Flush::default() };
        bench.store.flush(bench.tenant, worker, &flush).await.unwrap();
    }
    let open: i64 = bench
        .store
        .database()
        .run("open", async |conn| {
            sqlx::query_scalar("-- open\nselect sum(bit_count(open))::bigint from chunk").fetch_one(conn).await
        })
        .await
        .unwrap();
    assert_eq!(open, 0);
}

/// A worker that dies with ordinal 0 open, and its successor's rescue.
async fn crashed(bench: &Bench, when_in_doubt: WhenInDoubt) -> (BroadcastId, Chunk, WorkerId, HeldTenant) {
    let (id, worker, _, claimed) = bench.claimed(when_in_doubt, 4).await;
    let mut chunk = claimed.chunk;
    chunk.grant(claimed.members[0].ordinal).unwrap();
    chunk.flush_number += 1;
    let flush = Flush { chunks: vec![chunk.clone()], now: Some(now()), ..Flush::default() };
    bench.store.flush(bench.tenant, worker, &flush).await.unwrap();
    bench.store.end_lease(worker).await.unwrap();
    let (successor, held) = bench.worker().await;
    assert_eq!(bench.store.rescue(held[0], successor, now()).await.unwrap(), 1);
    (id, chunk, successor, held[0])
}

#[tokio::test]
async fn a_rescue_holds_exactly_the_open_ones_in_doubt() {
    let bench = bench(4).await;
    let (id, ..) = crashed(&bench, WhenInDoubt::Hold).await;
    let states = bench.states(id).await;
    assert_eq!(states[0], ("unconfirmed".into(), Some(Reason::LeaseEnded)));
    assert!(states[1..].iter().all(|(state, _)| state == "pending"));
    let progress = bench.store.report(bench.tenant, id).await.unwrap().unwrap().progress;
    assert_eq!((progress.unconfirmed, progress.pending, progress.adds_up()), (1, 3, true));
}

#[tokio::test]
async fn a_rescue_gives_the_open_ones_another_turn_when_the_policy_resends() {
    let bench = bench(4).await;
    let (id, chunk, successor, held) = crashed(&bench, WhenInDoubt::Resend).await;
    assert!(bench.states(id).await.iter().all(|(state, _)| state == "pending"));
    let again = bench.store.claim(held, successor, chunk.round, 1, &[]).await.unwrap().remove(0);
    assert_eq!(again.members.len(), 4);
    assert_eq!(again.attempts[0].outcome, Outcome::Lost(Reason::LeaseEnded));
    assert!(again.chunk.epoch > chunk.epoch);
}

#[tokio::test]
async fn a_fenced_worker_moves_nothing_but_its_late_answer_settles_the_doubt() {
    let bench = bench(4).await;
    let (id, mut chunk, ..) = crashed(&bench, WhenInDoubt::Hold).await;
    let zombie = WorkerId(1);
    let fact = sent(&chunk, 0, Some(Settlement::Sent), accepted());
    chunk.settle(fact.ordinal, Settlement::Sent).unwrap();
    chunk.flush_number += 1;
    let flush = Flush { chunks: vec![chunk], facts: vec![fact.clone()], now: Some(now()), ..Flush::default() };
    assert_eq!(bench.store.flush(bench.tenant, zombie, &flush).await.unwrap().held, []);
    assert_eq!(bench.states(id).await[0].0, "unconfirmed");

    let facts = [fact];
    assert_eq!(bench.store.record_late(bench.tenant, &facts).await.unwrap(), 1);
    assert_eq!(bench.store.record_late(bench.tenant, &facts).await.unwrap(), 0);
    assert_eq!(bench.states(id).await[0], ("sent".into(), None));
    let progress = bench.store.report(bench.tenant, id).await.unwrap().unwrap().progress;
    assert_eq!((progress.sent, progress.unconfirmed, progress.adds_up()), (1, 0, true));
}

#[tokio::test]
async fn a_tenant_has_one_owner_until_the_lease_and_its_grace_have_ended() {
    let bench = bench(4).await;
    bench.submit(WhenInDoubt::Hold).await;
    let (first, held) = bench.worker().await;
    assert_eq!(held.len(), 1);
    let (second, none) = bench.worker().await;
    assert_eq!(none, []);
    // The database's clock moves on: the first worker's lease is over, but its grace is not.
    bench.sql("create or replace function lease_now() returns timestamptz language sql volatile as 'select clock_timestamp() + interval ''11 seconds'''").await;
    assert!(!bench.store.renew(first, LEASE).await.unwrap(), "an ended lease is never renewed");
    bench.sql("update worker set alive_until = alive_until + interval '1 hour' where worker_id = 2").await;
    assert_eq!(bench.store.take_tenants(second, GRACE, 10, &[bench.tenant], &[]).await.unwrap(), []);
    bench.sql("create or replace function lease_now() returns timestamptz language sql volatile as 'select clock_timestamp() + interval ''13 seconds'''").await;
    let taken = bench.store.take_tenants(second, GRACE, 10, &[bench.tenant], &[]).await.unwrap();
    assert_eq!(taken.len(), 1);
    assert!(taken[0].epoch > held[0].epoch);
}

#[tokio::test]
async fn a_dead_owners_claim_is_refused_once_the_tenant_was_taken() {
    let bench = bench(4).await;
    let (_, round) = bench.submit(WhenInDoubt::Hold).await;
    let (first, held) = bench.worker().await;
    bench.store.expand(held[0], first, round, 1000, 2, now()).await.unwrap();
    bench.store.end_lease(first).await.unwrap();
    let (_, taken) = bench.worker().await;
    assert_eq!(taken.len(), 1);
    assert!(matches!(bench.store.claim(held[0], first, round, 1, &[]).await, Err(StoreError::LeaseLost)));
}

#[tokio::test]
async fn an_orderly_stop_leaves_no_claim_and_no_lease() {
    let bench = bench(4).await;
    let (_, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 2).await;
    bench.store.release_tenant(worker, held).await.unwrap();
    let (second, taken) = bench.worker().await;
    assert_eq!(taken.len(), 1);
    let chunks = bench.store.claim(taken[0], second, claimed.chunk.round, 10, &[]).await.unwrap();
    assert_eq!(chunks.len(), 2);
}

#[tokio::test]
async fn cancelling_counts_whoever_had_no_turn_at_the_cost_of_one_row() {
    let bench = bench(4).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 2).await;
    let running = [BroadcastState::Running];
    assert!(bench.store.move_broadcast(bench.tenant, id, &running, BroadcastState::Cancelling, now()).await.unwrap());
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [], "a chunk is still claimed");
    bench.store.release_chunks(bench.tenant, worker, &[claimed.chunk]).await.unwrap();
    assert_eq!(bench.store.finish(bench.tenant, now()).await.unwrap(), [(id, BroadcastState::Cancelled)]);
    let progress = bench.store.report(bench.tenant, id).await.unwrap().unwrap().progress;
    assert_eq!((progress.cancelled, progress.pending, progress.adds_up()), (4, 0, true));
    assert!(bench.states(id).await.iter().all(|(state, _)| state == "cancelled"));
}

#[tokio::test]
async fn a_halted_tenant_shows_its_first_reason_on_every_broadcast_until_released() {
    let bench = bench(4).await;
    let (id, ..) = bench.claimed(WhenInDoubt::Hold, 4).await;
    for reason in [HaltReason::SecretExpired, HaltReason::TokenRefused] {
        let halt = Halt { reason, detail: None, since: now() };
        bench.store.halt_tenant(bench.tenant, &halt).await.unwrap();
    }
    let report = bench.store.report(bench.tenant, id).await.unwrap().unwrap();
    assert_eq!(report.state, BroadcastState::Halted);
    assert_eq!(report.halt.map(|halt| halt.reason), Some(HaltReason::SecretExpired));
    bench.store.release_halt(bench.tenant).await.unwrap();
    assert_eq!(bench.store.report(bench.tenant, id).await.unwrap().unwrap().state, BroadcastState::Running);
}

#[tokio::test]
async fn submitting_twice_stores_one_broadcast() {
    let bench = bench(4).await;
    bench.submit(WhenInDoubt::Hold).await;
    bench.submit(WhenInDoubt::Hold).await;
    assert_eq!(bench.store.reports(bench.tenant, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_claim_whose_answer_was_lost_is_made_again() {
    let bench = bench(4).await;
    let (_, worker, held, lost) = bench.claimed(WhenInDoubt::Hold, 2).await;
    let round = lost.chunk.round;
    // We do not know of the first chunk; then of both.
    let again = bench.store.claim(held, worker, round, 1, &[]).await.unwrap().remove(0);
    assert_eq!(again.chunk.number, lost.chunk.number);
    assert!(again.chunk.epoch > lost.chunk.epoch, "the lost claim is fenced");
    let other = bench.store.claim(held, worker, round, 10, &[again.chunk.number]).await.unwrap();
    assert_eq!(other.len(), 1);
    let have = [again.chunk.number, other[0].chunk.number];
    assert_eq!(bench.store.claim(held, worker, round, 10, &have).await.unwrap(), []);
}

#[tokio::test]
async fn a_tenant_taken_in_a_call_whose_answer_was_lost_is_taken_again_and_a_strangers_never() {
    let bench = bench(4).await;
    bench.submit(WhenInDoubt::Hold).await;
    let (worker, lost) = bench.worker().await;
    let again = bench.store.take_tenants(worker, GRACE, 10, &[bench.tenant], &[]).await.unwrap();
    assert!(again[0].epoch > lost[0].epoch);
    assert_eq!(bench.store.take_tenants(worker, GRACE, 10, &[bench.tenant], &[bench.tenant]).await.unwrap(), []);
    bench.store.end_lease(worker).await.unwrap();
    let (stranger, _) = bench.worker().await;
    assert_eq!(bench.store.take_tenants(stranger, GRACE, 10, &[TenantKey(99)], &[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_rescuer_that_lost_the_tenant_settles_nothing() {
    let bench = bench(4).await;
    let (_, first, _, claimed) = bench.claimed(WhenInDoubt::Hold, 4).await;
    bench.store.end_lease(first).await.unwrap();
    let (slow, held) = bench.worker().await;
    bench.store.end_lease(slow).await.unwrap();
    let (_, taken) = bench.worker().await;
    assert_eq!(taken.len(), 1);
    // It looked while the tenant was its own; now it must not touch what its successor works on.
    assert_eq!(bench.store.rescue(held[0], slow, now()).await.unwrap(), 0);
    let epoch: i32 = bench
        .store
        .database()
        .run("epoch", async |conn| sqlx::query_scalar("-- epoch\nselect epoch from chunk").fetch_one(conn).await)
        .await
        .unwrap();
    assert_eq!(u32::try_from(epoch).unwrap(), claimed.chunk.epoch.0);
}

#[tokio::test]
async fn under_resend_a_late_proof_spares_the_person_the_second_message() {
    let bench = bench(4).await;
    let (id, chunk, successor, held) = crashed(&bench, WhenInDoubt::Resend).await;
    let fact = sent(&chunk, 0, Some(Settlement::Sent), accepted());
    assert_eq!(bench.store.record_late(bench.tenant, &[fact]).await.unwrap(), 0, "there was no settled doubt");
    assert_eq!(bench.states(id).await[0].0, "sent");
    let again = bench.store.claim(held, successor, chunk.round, 1, &[]).await.unwrap().remove(0);
    assert!(again.attempts.iter().any(|attempt| matches!(attempt.outcome, Outcome::Accepted { .. })));
}

#[tokio::test]
async fn a_cancelled_broadcast_is_never_sent_again_so_its_doubt_stays() {
    let bench = bench(4).await;
    let (id, worker, _, claimed) = bench.claimed(WhenInDoubt::Resend, 4).await;
    let mut chunk = claimed.chunk;
    chunk.grant(claimed.members[0].ordinal).unwrap();
    chunk.flush_number += 1;
    let flush = Flush { chunks: vec![chunk], now: Some(now()), ..Flush::default() };
    bench.store.flush(bench.tenant, worker, &flush).await.unwrap();
    let running = [BroadcastState::Running];
    bench.store.move_broadcast(bench.tenant, id, &running, BroadcastState::Cancelling, now()).await.unwrap();
    bench.store.end_lease(worker).await.unwrap();
    let (successor, held) = bench.worker().await;
    bench.store.rescue(held[0], successor, now()).await.unwrap();
    bench.store.finish(bench.tenant, now()).await.unwrap();
    let progress = bench.store.report(bench.tenant, id).await.unwrap().unwrap().progress;
    assert_eq!((progress.unconfirmed, progress.cancelled, progress.adds_up()), (1, 3, true));
}

#[tokio::test]
async fn what_one_broadcast_learns_does_not_erase_what_another_learnt() {
    let bench = bench(1).await;
    let (_, worker, _, claimed) = bench.claimed(WhenInDoubt::Hold, 1).await;
    let recipient = claimed.members[0].recipient;
    let (mut chunk, chat) = (claimed.chunk, ConversationId("19:chat".into()));
    let learn = |chunk: &mut Chunk, route: Route, forgets| {
        chunk.flush_number += 1;
        let routes = vec![RouteLearnt { recipient, route, forgets, refusal: None }];
        Flush { chunks: vec![chunk.clone()], routes, now: Some(now()), ..Flush::default() }
    };
    let known = async || -> Option<String> {
        let sql = "-- known\nselect conversation_id from recipient";
        bench.store.database().run("known", async |conn| sqlx::query_scalar(sql).fetch_one(conn).await).await.unwrap()
    };
    for (route, forgets, expected) in [
        (Route::to(chat.clone()), false, Some(chat.0.clone())),
        (Route::default(), false, Some(chat.0.clone())),
        (Route::default(), true, None),
    ] {
        let flush = learn(&mut chunk, route, forgets);
        bench.store.flush(bench.tenant, worker, &flush).await.unwrap();
        assert_eq!(known().await, expected);
    }
}

#[tokio::test]
async fn a_chunk_size_changed_while_expanding_does_no_harm() {
    let bench = bench(12).await;
    let (_, round) = bench.submit(WhenInDoubt::Hold).await;
    let (worker, held) = bench.worker().await;
    bench.store.expand(held[0], worker, round, 6, 2, now()).await.unwrap();
    while !bench.store.expand(held[0], worker, round, 6, 3, now()).await.unwrap().complete {}
    let chunks = bench.store.claim(held[0], worker, round, 100, &[]).await.unwrap();
    assert_eq!(chunks.iter().map(|claimed| claimed.chunk.size).collect::<Vec<_>>(), [2, 2, 2, 3, 3]);
}
