//! Long random stories, told to Postgres and to memory word for word: every answer and every report must be equal.
//!
//! Two workers quarrel over one tenant. Each works through the real [`Chunk`] functions on what it believes to hold,
//! also after it has lost it; flushes are repeated, answers come late, the broadcast is paused, halted and cancelled.
//! No faults are planned: the quarrel is enough. A story that ends in a difference prints its seed and its last words.

use std::collections::BTreeMap;
use std::fmt::Debug;

use stentor::domain::broadcast::{BroadcastState, NewBroadcast, Treatment};
use stentor::domain::chunk::Chunk;
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::ids::{BroadcastId, ChunkNumber, Ordinal, RoundId, WorkerId};
use stentor::domain::reason::HaltReason;
use stentor::ports::{AttemptFact, Flush, Halt, HeldTenant, StoreError};

use crate::bench::{Bench, after, announcement, now};

mod words;

const PEOPLE: u128 = 7;
const CHUNK: u32 = 3;
const WORDS: u32 = 80;
const STORIES: u64 = 36;
/// Told one after the other on one database: a database costs more than a story.
const STORIES_A_BENCH: u64 = 12;

/// Equal seeds tell equal stories (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        (!of.is_empty()).then(|| of[self.below(of.len() as u64) as usize].clone())
    }
}

/// How often what matters happened: stories in which nobody quarrels would prove nothing.
#[derive(Debug, Default)]
struct Happened {
    claims: u64,
    rescued: u64,
    fenced: u64,
    repeated: u64,
    proved: u64,
    lost: u64,
    ended: u64,
}

/// What one worker believes.
#[derive(Default)]
struct Believer {
    worker: Option<WorkerId>,
    held: Option<HeldTenant>,
    chunks: BTreeMap<ChunkNumber, Chunk>,
    tries: BTreeMap<Ordinal, u32>,
    /// What it wrote last, for a repetition.
    last: Option<Flush>,
    /// Facts of chunks that turned out to be somebody else's.
    late: Vec<AttemptFact>,
}

struct Story<'a> {
    seed: u64,
    pair: &'a [Bench; 2],
    dice: Dice,
    words: Vec<String>,
    believers: [Believer; 2],
    id: BroadcastId,
    round: RoundId,
    /// Seconds since the story began; each word takes one.
    seconds: u64,
    happened: &'a mut Happened,
}

/// An answer as far as both stores owe the same: the text of an error is each one's own.
fn comparable<T: Debug>(answer: &Result<T, StoreError>) -> String {
    match answer {
        Err(StoreError::Broken(_)) => "broken".to_owned(),
        other => format!("{other:?}"),
    }
}

impl Story<'_> {
    /// Asks both stores the same and returns the answer of memory.
    async fn ask<T: Debug>(&mut self, word: String, call: impl AsyncFn(&Bench) -> Result<T, StoreError>) -> Option<T> {
        let (postgres, memory) = (call(&self.pair[0]).await, call(&self.pair[1]).await);
        self.words.push(word);
        let (one, other) = (comparable(&postgres), comparable(&memory));
        let told = || self.words.iter().rev().take(25).rev().cloned().collect::<Vec<_>>().join("\n  ");
        assert_eq!(one, other, "Postgres and memory differ, seed {}, after\n  {}", self.seed, told());
        let complaints = self.pair[1].complaints();
        assert_eq!(complaints, Vec::<String>::new(), "seed {}, after\n  {}", self.seed, told());
        memory.ok()
    }

    async fn tell(&mut self, who: usize) {
        self.seconds += 1;
        if self.believers[who].held.is_none() && self.dice.below(2) == 0 {
            return self.take(who).await;
        }
        if !self.believers[who].late.is_empty() && self.dice.below(3) == 0 {
            return self.record_late(who).await;
        }
        match self.dice.below(24) {
            0 => self.freeze(who).await,
            1 => self.vanish(who).await,
            2 if self.dice.below(2) == 0 => self.interfere().await,
            2 => self.renew(who).await,
            3 | 4 => self.take(who).await,
            5 | 6 => self.expand(who).await,
            7..=9 => self.claim(who).await,
            10..=16 => self.flush(who).await,
            17 => self.repeat(who).await,
            18 => self.record_late(who).await,
            19 => self.release(who).await,
            20 => self.finish().await,
            21 => self.let_time_pass().await,
            22 => self.interfere().await,
            _ => self.resume().await,
        }
    }

    /// A person, or a halt.
    async fn interfere(&mut self) {
        use BroadcastState::{Cancelling, Expanding, Halted, Paused, Running};
        let (id, at) = (self.id, after(self.seconds));
        let halt = Halt { reason: HaltReason::ContentRefused, detail: None, since: at };
        match self.dice.below(12) {
            0 | 1 => {
                self.ask("pause".to_owned(), async |bench| {
                    bench.store.move_broadcast(bench.tenant, id, &[Expanding, Running, Halted], Paused, at).await
                })
                .await;
            }
            2 => {
                self.ask("cancel".to_owned(), async |bench| {
                    let from = [Expanding, Running, Paused, Halted];
                    bench.store.move_broadcast(bench.tenant, id, &from, Cancelling, at).await
                })
                .await;
            }
            3 => {
                self.ask("halt".to_owned(), async |bench| bench.store.halt_broadcast(bench.tenant, id, &halt).await)
                    .await;
            }
            4 => {
                self.ask("halt all".to_owned(), async |bench| bench.store.halt_tenant(bench.tenant, &halt).await).await;
            }
            5 => {
                self.ask("release halt".to_owned(), async |bench| bench.store.release_halt(bench.tenant).await).await;
            }
            _ => self.resume().await,
        }
    }

    /// What people are told at the end.
    async fn compare(&mut self) {
        let id = self.id;
        self.ask("work".to_owned(), async |bench| bench.store.work(bench.tenant).await).await;
        self.ask("report".to_owned(), async |bench| bench.store.report(bench.tenant, id).await).await;
        self.ask("reasons".to_owned(), async |bench| bench.store.reasons(bench.tenant, id).await).await;
        self.ask("rows".to_owned(), async |bench| bench.store.deliveries(bench.tenant, id, None, 99).await).await;
    }
}

/// Tells one story; the broadcast is left as it is at the end, and cancelled for the next story's sake.
async fn tell(pair: &[Bench; 2], seed: u64, happened: &mut Happened) {
    let mut dice = Dice(seed);
    let policy = if dice.below(2) == 0 { WhenInDoubt::Hold } else { WhenInDoubt::Resend };
    let plain = announcement(seed + 1, policy);
    let treatment = Treatment { urgent: dice.below(4) == 0, ..plain.treatment };
    let broadcast = NewBroadcast { treatment, ..plain };
    let (id, round) = (broadcast.id, broadcast.round);
    for bench in pair {
        bench.submit_this(broadcast.clone(), vec![]).await;
    }
    let believers = [Believer::default(), Believer::default()];
    let mut story = Story { seed, pair, dice, words: Vec::new(), believers, id, round, seconds: 0, happened };
    // Let it get under way: a story of nothing but expanding is soon told.
    story.take(0).await;
    for _ in 0..story.dice.below(5) {
        story.expand(0).await;
    }
    for _ in 0..WORDS {
        let who = story.dice.below(2) as usize;
        story.tell(who).await;
    }
    story.compare().await;
    for who in [0, 1] {
        story.vanish(who).await;
    }
    let from = [BroadcastState::Expanding, BroadcastState::Running, BroadcastState::Paused, BroadcastState::Halted];
    let to = BroadcastState::Cancelling;
    let cancel = async |bench: &Bench| bench.store.move_broadcast(bench.tenant, id, &from, to, now()).await;
    story.ask("the end".to_owned(), cancel).await;
    story.believers = [Believer::default(), Believer::default()];
    story.take(0).await;
    story.finish().await;
    story.compare().await;
    // Nobody alive stands in the way of the next story.
    story.vanish(0).await;
}

#[tokio::test]
async fn postgres_and_memory_tell_every_story_alike() {
    let mut happened = Happened::default();
    for first in (0..STORIES).step_by(STORIES_A_BENCH as usize) {
        let pair = [Bench::on_postgres().await, Bench::in_memory().await];
        for bench in &pair {
            bench.fill(PEOPLE).await;
        }
        for seed in first..first + STORIES_A_BENCH {
            tell(&pair, seed, &mut happened).await;
        }
    }
    let Happened { claims, rescued, fenced, repeated, proved, lost, ended } = happened;
    let least = [claims, rescued, fenced, repeated, proved, lost, ended].into_iter().min();
    assert!(least > Some(4), "the stories are too peaceful: {happened:?}");
}
