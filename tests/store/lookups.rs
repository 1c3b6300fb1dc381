//! Looking up agrees with the export, whatever is asked for: random broadcasts with retries, doubts, late answers and
//! cancellations, and after each step every filter is compared with filtering everybody.

use std::collections::BTreeMap;

use stentor::domain::broadcast::{BroadcastState, Channel, RoundKind};
use stentor::domain::chunk::Chunk;
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{BroadcastId, EntraId, MessageId, RoundId};
use stentor::domain::outcome::Outcome;
use stentor::domain::reason::Reason;
use stentor::ports::{Amends, AttemptFact, DeliveryQuery, DeliveryReport, Lookup, Recalling, RetryWish, Store as _};

use crate::bench::{Bench, after, announcement, fact, now, people, settle};

const PEOPLE: u128 = 40;
const CHUNK: u32 = 8;
const SEEDS: u64 = 3;
const TEXTS: [&str; 6] = ["person 1", "PERSON1@contoso", "mail4", "contoso", "nobody", "ex.4"];

/// Equal seeds make equal broadcasts (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// What ends for the person at `place`, if anything does.
fn ends(dice: &mut Dice, chunk: &mut Chunk, place: u32) -> Option<AttemptFact> {
    let sent = Outcome::Accepted { message_id: Some(MessageId(format!("id{place}"))) };
    let (settlement, outcome) = match dice.below(8) {
        0 | 1 => (Settlement::Sent, sent),
        2 | 3 => (Settlement::Failed, Outcome::Rejected(Reason::BlockedByUser)),
        4 => (Settlement::Failed, Outcome::Rejected(Reason::NotFound)),
        5 => (Settlement::Unconfirmed, Outcome::Lost(Reason::AnswerLost)),
        6 => (Settlement::Skipped, Outcome::Rejected(Reason::Guest)),
        _ => return None,
    };
    Some(settle(chunk, place, settlement, outcome))
}

/// Freezes a round, claims some of its chunks and lets somebody in them end; the chunks.
async fn pass(bench: &Bench, dice: &mut Dice, id: BroadcastId, round: RoundId) -> Vec<Chunk> {
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, round, CHUNK).await;
    compare(bench, dice, id, None).await;
    let mut chunks = Vec::new();
    for _ in 0..dice.below(7) + 1 {
        let claimed = bench.store.claim(held[0], worker, round, 1, &chunks_of(&chunks)).await.unwrap().pop();
        let Some(claimed) = claimed else { break };
        let mut chunk = claimed.chunk;
        let facts = (0..chunk.size).filter_map(|place| ends(dice, &mut chunk, place)).collect();
        bench.flush(worker, &mut chunk, facts).await;
        chunks.push(chunk);
    }
    compare(bench, dice, id, None).await;
    let ended = bench.store.finish(bench.tenant, now()).await.unwrap();
    if ended.is_empty() {
        bench.go(id, BroadcastState::Running, BroadcastState::Cancelling).await;
    }
    bench.store.release_tenant(worker, held[0]).await.unwrap();
    bench.store.finish(bench.tenant, now()).await.unwrap();
    chunks
}

fn chunks_of(chunks: &[Chunk]) -> Vec<stentor::domain::ids::ChunkNumber> {
    chunks.iter().map(|chunk| chunk.number).collect()
}

/// Answers come after all, to some of those who are in doubt and to some who are not.
async fn come_late(bench: &Bench, dice: &mut Dice, chunks: &[Chunk]) {
    for chunk in chunks {
        let place = dice.below(u64::from(chunk.size)) as u32;
        let outcome = match dice.below(2) {
            0 => Outcome::Accepted { message_id: None },
            _ => Outcome::Rejected(Reason::NotInstalled),
        };
        let late = AttemptFact { attempt: 9, ended_at: after(5), ..fact(chunk, place, None, outcome) };
        bench.store.record_late(bench.tenant, &[late]).await.unwrap();
    }
}

/// Whether every word of `text` begins a word of hers.
fn is_called(text: &str, called: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let parted = text.split(|letter: char| letter.is_ascii_punctuation() || letter.is_whitespace());
        parted.filter(|word| !word.is_empty()).map(str::to_lowercase).collect()
    };
    words(text).iter().all(|wanted| words(called).iter().any(|word| word.starts_with(wanted)))
}

/// Holds every filter against the whole.
async fn compare(bench: &Bench, dice: &mut Dice, id: BroadcastId, passes: Option<(RoundKind, Channel)>) {
    let store = bench.postgres().unwrap();
    let names: BTreeMap<EntraId, String> = people(PEOPLE)
        .into_iter()
        .map(|it| (it.entra_id, [it.display_name, it.user_principal_name, it.mail.unwrap_or_default()].join(" ")))
        .collect();
    let all: Vec<DeliveryReport> = match passes {
        None => store.deliveries(bench.tenant, id, None, 1000).await,
        Some(passes) => store.deliveries_of(bench.tenant, id, passes, None, 1000).await,
    }
    .unwrap()
    .into_iter()
    .map(|(_, row)| row)
    .collect();
    let states = [None, Some(None)].into_iter().chain(Settlement::ALL.map(|settlement| Some(Some(settlement))));
    let reasons = [Reason::BlockedByUser, Reason::AnswerLost, Reason::Cancelled, Reason::NotInstalled, Reason::Expired];
    for state in states {
        for reason in [None].into_iter().chain(reasons.map(Some)) {
            if state.is_some() && reason.is_some() && dice.below(3) > 0 {
                continue;
            }
            let text = TEXTS.get(dice.below(9) as usize);
            let limit = [1, 3, 7, 100][dice.below(4) as usize];
            let mut query =
                DeliveryQuery { passes, state, reason, text: text.map(|text| (*text).to_owned()), after: None };
            let word = state.map(|state| state.map_or("pending", Settlement::name));
            let is_meant = |row: &&DeliveryReport| {
                word.is_none_or(|word| row.state == word)
                    && reason.is_none_or(|reason| row.reason == Some(reason))
                    && text.is_none_or(|text| is_called(text, &names[&row.entra_id]))
            };
            let expected: Vec<&DeliveryReport> = all.iter().filter(is_meant).collect();
            let mut found = Vec::new();
            loop {
                let page = store.find_deliveries(bench.tenant, id, &query, limit).await.unwrap();
                assert!(page.len() <= limit as usize);
                let Some((last, _)) = page.last() else { break };
                query.after = Some(*last);
                found.extend(page.into_iter().map(|(_, row)| row));
            }
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query:?}, limit {limit}");
        }
    }
}

#[tokio::test]
async fn whatever_is_asked_for_is_what_the_export_holds() {
    for seed in 0..SEEDS {
        let (bench, mut dice) = (Bench::on_postgres().await, Dice(seed));
        bench.fill(PEOPLE).await;
        let (id, round) = bench.submit_this(announcement(1, WhenInDoubt::Hold), vec![]).await;
        let mut chunks = pass(&bench, &mut dice, id, round).await;
        for number in 1..=3 {
            come_late(&bench, &mut dice, &chunks).await;
            compare(&bench, &mut dice, id, None).await;
            let reasons = match dice.below(3) {
                0 => vec![Reason::BlockedByUser],
                _ => Vec::new(),
            };
            let (wish, round) =
                (RetryWish { reasons, unconfirmed: dice.below(2) == 0 }, RoundId::new(after(number), number));
            if bench.store.count_retry(bench.tenant, id, &wish).await.unwrap() == 0 {
                continue;
            }
            assert!(bench.store.retry(bench.tenant, id, &wish, round, after(9000), after(number)).await.unwrap());
            chunks = pass(&bench, &mut dice, id, round).await;
        }
        compare(&bench, &mut dice, id, None).await;
        let (recall, round) = (Amends::Recall(Recalling::default()), RoundId::new(after(9), 9));
        let rounds = [(round, Channel::Chat)];
        assert!(bench.store.amend(bench.tenant, id, &recall, &rounds, after(9000), after(9)).await.unwrap());
        pass(&bench, &mut dice, id, round).await;
        compare(&bench, &mut dice, id, Some((RoundKind::Recall, Channel::Chat))).await;
        compare(&bench, &mut dice, id, None).await;
    }
}

#[tokio::test]
async fn one_person_is_told_with_everything_that_was_tried() {
    let bench = Bench::on_postgres().await;
    bench.fill(3).await;
    let (id, worker, held, claimed) = bench.claimed(WhenInDoubt::Hold, 3).await;
    let mut chunk = claimed.chunk;
    let refused =
        |chunk: &mut Chunk, place| settle(chunk, place, Settlement::Failed, Outcome::Rejected(Reason::BlockedByUser));
    let facts = (0..3).map(|place| refused(&mut chunk, place)).collect();
    bench.flush(worker, &mut chunk, facts).await;
    bench.store.finish(bench.tenant, now()).await.unwrap();
    bench.store.release_tenant(worker, held).await.unwrap();
    let (wish, round) = (RetryWish::default(), RoundId::new(after(1), 1));
    assert!(bench.store.retry(bench.tenant, id, &wish, round, after(9000), after(1)).await.unwrap());
    let (worker, held) = bench.worker().await;
    bench.expand(held[0], worker, round, CHUNK).await;
    let mut chunk = bench.claim_one(held[0], worker, round).await.chunk;
    let told = AttemptFact {
        started_at: after(2),
        ended_at: after(3),
        ..settle(&mut chunk, 1, Settlement::Sent, Outcome::Accepted { message_id: None })
    };
    bench.flush(worker, &mut chunk, vec![told]).await;
    let store = bench.postgres().unwrap();
    let whom = people(3)[1].entra_id;
    let (row, tried) = store.delivery(bench.tenant, id, whom).await.unwrap().unwrap();
    assert_eq!((row.entra_id, row.state.as_str()), (whom, "sent"));
    let tried: Vec<_> = tried.iter().map(|it| (it.round, it.step, it.outcome, it.settles, it.reason)).collect();
    let blocked =
        (RoundKind::Send, Some("send"), Some("rejected"), Some(Settlement::Failed), Some(Reason::BlockedByUser));
    assert_eq!(tried, [blocked, (RoundKind::Retry, Some("send"), Some("accepted"), Some(Settlement::Sent), None)]);
    assert_eq!(store.delivery(bench.tenant, id, EntraId(uuid::Uuid::from_u128(99))).await.unwrap(), None);
    assert_eq!(store.delivery(bench.tenant, BroadcastId::new(now(), 99), whom).await.unwrap(), None);
    let workers = store.workers(bench.tenant).await.unwrap();
    assert_eq!(workers.iter().map(|it| (it.is_alive, it.holds)).collect::<Vec<_>>(), [(true, false), (true, true)]);
}
