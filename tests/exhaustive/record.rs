//! What the database keeps of one chunk, and what the statements do to it: `take_tenants`, `left_behind` and
//! `store_rescued`, `claim`, `flush` and `standing`, `release_tenant`, `record_late`. Each is one commit.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash};

use stentor::domain::chunk::{Chunk, Counters, Doubt};
use stentor::domain::delivery::{Settlement, WhenInDoubt};
use stentor::domain::ids::{ChunkNumber, Epoch, Ordinal, RoundId};
use stentor::domain::outcome::{Outcome, Step};
use stentor::domain::reason::Reason;
use stentor::ports::{AttemptFact, Flush, Recorded};

use crate::search::Print;
use crate::system::{Mutation, now};

/// One run of a worker process.
pub type Run = u8;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    Ready,
    Claimed(Run),
    Finished,
}

/// One row of `attempt`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub ordinal: Ordinal,
    pub attempt: u32,
    pub epoch: Epoch,
    pub outcome: Option<Outcome>,
    pub settles: Option<Settlement>,
    pub late: bool,
}

#[derive(Debug, Clone)]
pub struct Record {
    pub holder: Option<Run>,
    pub lease_epoch: u32,
    pub chunk: Chunk,
    pub standing: Standing,
    pub late_sent: u32,
    pub late_failed: u32,
    pub rows: Vec<Row>,
    /// Whom each rescue found open, and under which epoch: for the promises, not in the database.
    pub doubted: Vec<(Epoch, Ordinal)>,
    /// Facts of a commit of their own, under [`Mutation::FactsApart`].
    pub apart: Vec<AttemptFact>,
}

impl Record {
    pub fn new(size: u32, crashes: u16) -> Self {
        let mut chunk = Chunk::fresh(RoundId::from_i64(1), ChunkNumber(0), Ordinal(0), size);
        chunk.crashes = crashes;
        Self {
            holder: None,
            lease_epoch: 0,
            chunk,
            standing: Standing::Ready,
            late_sent: 0,
            late_failed: 0,
            rows: Vec::new(),
            doubted: Vec::new(),
            apart: Vec::new(),
        }
    }

    pub fn holds(&self, run: Run, lease_epoch: u32) -> bool {
        self.holder == Some(run) && self.lease_epoch == lease_epoch
    }

    pub fn take(&mut self, run: Run) -> u32 {
        self.holder = Some(run);
        self.lease_epoch += 1;
        self.lease_epoch
    }

    /// What was attempted so far, as `attempts` reads it.
    pub fn attempts(&self) -> Vec<Recorded> {
        let unsettled = |row: &&Row| !self.chunk.settled().get(row.ordinal.0);
        let read = |row: &Row| {
            let outcome = row.outcome.clone()?;
            Some(Recorded { ordinal: row.ordinal, step: Step::Send, outcome, ended_at: now() })
        };
        let mut rows: Vec<&Row> = self.rows.iter().filter(unsettled).collect();
        rows.sort_by_key(|row| (row.ordinal, row.attempt, row.epoch));
        rows.into_iter().filter_map(read).collect()
    }

    /// `None`: the lease is not held.
    pub fn claim(&mut self, run: Run, lease_epoch: u32) -> Option<Option<Chunk>> {
        if !self.holds(run, lease_epoch) {
            return None;
        }
        // Claimed by this very run: by a call whose answer was lost.
        if !matches!(self.standing, Standing::Ready) && self.standing != Standing::Claimed(run) {
            return Some(None);
        }
        self.standing = Standing::Claimed(run);
        self.chunk.epoch = Epoch(self.chunk.epoch.0 + 1);
        Some(Some(self.chunk.clone()))
    }

    /// `None`: the lease is not held. The doubts, if there was anything to rescue.
    pub fn rescue(
        &mut self,
        run: Run,
        lease_epoch: u32,
        policy: WhenInDoubt,
        mutation: Mutation,
    ) -> Option<Vec<Doubt>> {
        if !self.holds(run, lease_epoch) {
            return None;
        }
        if !matches!(self.standing, Standing::Claimed(owner) if owner != run) {
            return Some(Vec::new());
        }
        let before = self.chunk.epoch;
        let doubts = self.chunk.rescue(policy);
        if mutation == Mutation::RescueKeepsEpoch {
            self.chunk.epoch = before;
        }
        self.standing = if self.chunk.is_finished() { Standing::Finished } else { Standing::Ready };
        for doubt in &doubts {
            self.doubted.push((before, doubt.ordinal));
            let numbers = self.rows.iter().filter(|row| row.ordinal == doubt.ordinal).map(|row| row.attempt);
            self.insert(Row {
                ordinal: doubt.ordinal,
                attempt: numbers.max().unwrap_or(0) + 1,
                epoch: self.chunk.epoch,
                outcome: Some(Outcome::Lost(doubt.reason)),
                settles: doubt.held.then_some(Settlement::Unconfirmed),
                late: false,
            });
        }
        self.doubted.sort_unstable();
        if mutation != Mutation::DoubtForgetsProof {
            self.recount_late();
        }
        Some(doubts)
    }

    /// Whether the claim still holds, so that what was flushed is committed.
    pub fn flush(&mut self, run: Run, flush: &Flush, mutation: Mutation) -> bool {
        let [asked] = flush.chunks.as_slice() else { return false };
        let ours = self.standing == Standing::Claimed(run) && self.chunk.epoch == asked.epoch;
        let fenced = !ours && (mutation != Mutation::NoFence || matches!(self.standing, Standing::Finished));
        if fenced || self.chunk.flush_number >= asked.flush_number {
            // Repeated, and arrived before?
            return self.chunk.epoch == asked.epoch && self.chunk.flush_number == asked.flush_number;
        }
        let (epoch, crashes) = (self.chunk.epoch, self.chunk.crashes);
        self.chunk = asked.clone();
        (self.chunk.epoch, self.chunk.crashes) = (epoch, crashes);
        if mutation == Mutation::NoPermissionBit {
            let bits = vec![0; self.chunk.open().as_bytes().len()];
            let settled = self.chunk.settled().as_bytes().to_vec();
            self.chunk = self.chunk.clone().with_bits(bits, settled).expect("the bits fit, being as many");
        }
        if self.chunk.is_finished() {
            self.standing = Standing::Finished;
        }
        match mutation {
            Mutation::FactsApart => self.apart.extend(flush.facts.iter().cloned()),
            _ => flush.facts.iter().for_each(|fact| self.insert(row(fact, fact.settles, false))),
        }
        if mutation != Mutation::DoubtForgetsProof {
            self.recount_late();
        }
        true
    }

    /// Gives back the tenant, and the chunk if nobody is open in it.
    pub fn release(&mut self, run: Run, lease_epoch: u32) {
        if self.standing == Standing::Claimed(run) && self.chunk.open().count() == 0 {
            self.standing = Standing::Ready;
        }
        if self.holds(run, lease_epoch) {
            self.holder = None;
        }
    }

    pub fn record_late(&mut self, fact: &AttemptFact) {
        let so_far = || self.rows.iter().filter(|row| row.ordinal == fact.ordinal).filter_map(|row| row.settles);
        let settled = so_far().count();
        let in_doubt = settled > 0 && so_far().all(|settles| settles == Settlement::Unconfirmed);
        let definite = match fact.outcome {
            Some(Outcome::Accepted { .. }) => Some(Settlement::Sent),
            Some(Outcome::Rejected(_)) => Some(Settlement::Failed),
            _ => None,
        };
        let spared = settled == 0 && definite == Some(Settlement::Sent);
        let settles = definite.filter(|_| in_doubt || spared);
        self.insert(row(fact, settles, true));
        if in_doubt {
            self.recount_late();
        }
    }

    /// Of the people counted unconfirmed, those whom another fact proves sent or failed.
    fn recount_late(&mut self) {
        let settles = |row: &Row, kind: Settlement| row.settles == Some(kind);
        let doubted = self.rows.iter().filter(|row| settles(row, Settlement::Unconfirmed)).map(|row| row.ordinal);
        let doubted: BTreeSet<Ordinal> = doubted.collect();
        let proved = |kind| doubted.iter().filter(|who| self.reported(**who) == Some(kind)).count() as u32;
        (self.late_sent, self.late_failed) = (proved(Settlement::Sent), proved(Settlement::Failed));
    }

    pub fn insert_apart(&mut self) {
        std::mem::take(&mut self.apart).iter().for_each(|fact| self.insert(row(fact, fact.settles, false)));
    }

    /// `on conflict do nothing`.
    fn insert(&mut self, row: Row) {
        let key = |row: &Row| (row.ordinal, row.attempt, row.epoch);
        if self.rows.iter().all(|known| key(known) != key(&row)) {
            self.rows.push(row);
            // The order of arrival tells nothing; one order makes equal states equal.
            self.rows.sort_by_key(key);
        }
    }

    /// The final state that reports show, as the `delivery` view says it: a definite answer beats doubt.
    pub fn reported(&self, ordinal: Ordinal) -> Option<Settlement> {
        let settles = || self.rows.iter().filter(|row| row.ordinal == ordinal).filter_map(|row| row.settles);
        settles().find(|settles| *settles != Settlement::Unconfirmed).or_else(|| settles().next())
    }

    /// How many doubts of this person are on record.
    pub fn doubts_of(&self, ordinal: Ordinal) -> usize {
        let lost = |row: &&Row| row.ordinal == ordinal && matches!(row.outcome, Some(Outcome::Lost(_)));
        self.rows.iter().filter(lost).count()
    }

    pub fn was_set_aside(&self, ordinal: Ordinal) -> bool {
        let aside = Some(Outcome::Lost(Reason::SetAside));
        self.rows.iter().any(|row| row.ordinal == ordinal && row.outcome == aside)
    }
}

impl Print for Record {
    fn print(&self, into: &mut DefaultHasher) {
        let Self { holder, lease_epoch, chunk, standing, late_sent, late_failed, rows, doubted, apart } = self;
        (holder, lease_epoch, standing, late_sent, late_failed, doubted).hash(into);
        chunk.print(into);
        for row in rows {
            let (outcome, settles) = (row.outcome.as_ref().map(Outcome::number), row.settles);
            (row.ordinal, row.attempt, row.epoch, outcome, row.late, settles).hash(into);
        }
        apart.print(into);
    }
}

impl Print for Chunk {
    fn print(&self, into: &mut DefaultHasher) {
        (self.epoch, self.flush_number, self.crashes, self.open().as_bytes(), self.settled().as_bytes()).hash(into);
        let Counters { sent, failed, skipped, unconfirmed } = self.counters;
        (sent, failed, skipped, unconfirmed).hash(into);
    }
}

impl Print for Flush {
    fn print(&self, into: &mut DefaultHasher) {
        self.chunks.iter().for_each(|chunk| chunk.print(into));
        self.facts.print(into);
    }
}

impl Print for Vec<AttemptFact> {
    fn print(&self, into: &mut DefaultHasher) {
        for fact in self {
            let outcome = fact.outcome.as_ref().map(Outcome::number);
            (fact.ordinal, fact.attempt, fact.epoch, outcome, fact.settles).hash(into);
        }
    }
}

fn row(fact: &AttemptFact, settles: Option<Settlement>, late: bool) -> Row {
    let AttemptFact { ordinal, attempt, epoch, .. } = *fact;
    Row { ordinal, attempt, epoch, outcome: fact.outcome.clone(), settles, late }
}
