//! Walks through a broadcast's people to those who are meant, in the order of their directory numbers.
//!
//! Think of several telephone books that lie open side by side, one for each round: whoever stands in a newer one does not
//! count in an older one. In each book only the pages are opened on which somebody may be meant, and the books are read
//! together. What was found is then held against the very rows that exports show, so a candidate too many does no harm, and
//! one too few is what this file must never cause:
//!
//! - Whoever failed, was skipped or is unconfirmed has a fact that says so and why, and an index leads to it.
//! - Whoever has no final state has a bit in her chunk.
//! - Whoever was reached is counted by her chunk.
//!
//! Names are compared one by one first; if that finds too little, many people are not called so, and the index of words
//! says who is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sqlx::FromRow;

use super::super::super::PgStore;
use super::{AMONG, AT, CALLED, CALLED_AMONG, EVERYBODY, EXPLAINED, REACHED, REACHED_IN, UNSETTLED, WORDS};
use crate::domain::delivery::Settlement;
use crate::domain::ids::{RecipientKey, TenantKey};
use crate::domain::reason::Reason;
use crate::ports::{DeliveryQuery, DeliveryReport, StoreError};

/// So many people are each looked for by halving; more are found by reading through the part of a round where they are.
const HALVED_MAX: usize = 100;
/// A step grows until it has this size.
const STEP_MAX: i64 = 4096;
/// So many names are compared one by one at least before the index of words is asked.
const COMPARED: usize = 1000;
/// So many people of one name are read at once.
const CALLED_AT_ONCE: i64 = 20_000;
/// Chunks looked at in one step.
const CHUNKS: i64 = 4096;

/// A round, as far as a walk needs it.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Round {
    round_id: i64,
    targeted: i32,
    /// Whoever is not settled was cancelled.
    over: bool,
    /// How many of its people had failed in an older one.
    from_failed: i64,
    /// How many failed in it; `None` while that is not certain.
    failed: Option<i64>,
}

/// Where somebody stands in a round, or would.
#[derive(Debug, Clone, FromRow)]
pub(super) struct Place {
    pub(super) recipient_id: i64,
    pub(super) round_id: i64,
    pub(super) ordinal: i32,
    /// She stands there.
    pub(super) is_hers: bool,
}

/// Somebody who may be meant: her ordinal, and her number.
type Candidate = (i32, i64);

/// Some candidates, and the ordinal at which the next are looked for; `None` when there are no others.
type Step = (Vec<Candidate>, Option<i32>);

/// Who of a round may be meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Meant {
    everybody: bool,
    reached: bool,
    unsettled: bool,
    /// Those with a fact that settled them so …
    settlements: Vec<i16>,
    /// … for one of these reasons.
    reasons: Vec<&'static str>,
}

impl Meant {
    fn by(query: &DeliveryQuery, over: bool, may_have_failed: bool) -> Self {
        use Settlement::{Cancelled, Failed, Sent, Skipped, Unconfirmed};
        let any = || Reason::ALL.iter().map(|reason| reason.code()).collect();
        let reasons: Vec<&str> = query.reason.map_or_else(any, |reason| vec![reason.code()]);
        let is_cancelled = matches!(query.reason, None | Some(Reason::Cancelled));
        let of = |wanted: &[Settlement]| {
            let wanted = wanted.iter().filter(|settlement| may_have_failed || **settlement != Failed);
            wanted.map(|settlement| settlement.number()).collect()
        };
        match (query.state, query.reason) {
            (None, None) => Self { everybody: true, ..Self::default() },
            (Some(None), None) => Self { unsettled: !over, ..Self::default() },
            // Nobody is pending for a reason.
            (Some(None), Some(_)) => Self::default(),
            (Some(Some(Sent)), None) => Self { reached: true, ..Self::default() },
            (Some(Some(Cancelled)), _) => {
                Self { unsettled: over && is_cancelled, settlements: of(&[Cancelled]), reasons, ..Self::default() }
            }
            (Some(Some(settlement)), _) => Self { settlements: of(&[settlement]), reasons, ..Self::default() },
            (None, Some(reason)) => Self {
                unsettled: over && reason == Reason::Cancelled,
                settlements: of(&[Sent, Failed, Skipped, Unconfirmed, Cancelled]),
                reasons,
                ..Self::default()
            },
        }
    }

    fn is_nobody(&self) -> bool {
        !self.everybody && !self.reached && !self.unsettled && self.settlements.is_empty()
    }
}

/// One round's part of a walk.
#[derive(Debug)]
struct Lane {
    round: i64,
    meant: Meant,
    /// The rounds after it, and how many each names.
    newer: Vec<(i64, i32)>,
    next: Option<i32>,
    /// Whoever has this number or a lower one was looked at.
    seen: i64,
    ready: VecDeque<Candidate>,
    step: i64,
}

impl Lane {
    /// Nobody of it who is still to come has a lower number than this; `None` when nobody is. Whoever is ready goes first.
    fn from(&self) -> Option<(i64, bool)> {
        let ready = self.ready.front().map(|candidate| (candidate.1, false));
        ready.or(self.next.map(|_| (self.seen, true)))
    }
}

/// The words that people are looked for by.
#[derive(Debug, Clone)]
struct Called {
    /// All of them, each as a beginning, as the database has it.
    all: String,
    /// The one that fewest people have, as far as can be guessed, as the database has it.
    rarest: String,
    /// The same as it is written.
    rarest_plain: String,
}

/// One page in the making.
pub(super) struct Walk<'a> {
    store: &'a PgStore,
    tenant: TenantKey,
    query: &'a DeliveryQuery,
    rounds: Vec<Round>,
    limit: usize,
    found: Vec<(RecipientKey, DeliveryReport)>,
    /// Names compared.
    compared: usize,
    /// The words asked for.
    words: Option<Called>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        store: &'a PgStore,
        tenant: TenantKey,
        query: &'a DeliveryQuery,
        rounds: Vec<Round>,
        limit: u32,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Self { store, tenant, query, rounds, limit, found: Vec::new(), compared: 0, words: None }
    }

    /// The page.
    pub(super) async fn page(mut self) -> Result<Vec<(RecipientKey, DeliveryReport)>, StoreError> {
        if let Some(text) = &self.query.text {
            self.words = self.words_of(text).await?;
            if self.words.is_none() {
                return Ok(Vec::new());
            }
        }
        let mut lanes = self.lanes().await?;
        loop {
            let (batch, is_patient) = self.next_of(&mut lanes).await?;
            let last = batch.last().map(|(_, candidate)| candidate.1);
            let places: Vec<(i64, i32)> = batch.into_iter().map(|(round, candidate)| (round, candidate.0)).collect();
            if !places.is_empty() {
                self.found.extend(self.store.delivery_rows(self.tenant, &places, self.query).await?);
            }
            if self.found.len() >= self.limit {
                break;
            }
            if !is_patient {
                let after = last.or(self.found.last().map(|(key, _)| key.0)).or(self.query.after.map(|key| key.0));
                self.by_words(after.unwrap_or(0)).await?;
                break;
            }
            if places.is_empty() {
                break;
            }
        }
        self.found.truncate(self.limit);
        Ok(self.found)
    }

    /// The lanes, each where the page begins.
    async fn lanes(&self) -> Result<Vec<Lane>, StoreError> {
        let mut begins: BTreeMap<i64, i32> = BTreeMap::new();
        if let Some(after) = self.query.after {
            let places = self.store.places(self.tenant, &sizes(&self.rounds), &[after.0.saturating_add(1)]).await?;
            begins.extend(places.iter().map(|place| (place.round_id, place.ordinal)));
        }
        let retried: i64 = self.rounds.iter().map(|round| round.from_failed).sum();
        let (_, older) = self.rounds.split_last().map_or((None, &[][..]), |(last, older)| (Some(last), older));
        let failed_before: Option<i64> = older.iter().map(|round| round.failed).sum();
        let lane = |place: usize| {
            let (round, newer) = (&self.rounds[place], &self.rounds[place + 1..]);
            // Whoever a newer round took up after failing is not looked for where she failed: when all of them were, nobody
            // is.
            let may_have_failed = newer.is_empty() || failed_before.is_none_or(|failed| failed > retried);
            let meant = Meant::by(self.query, round.over, may_have_failed);
            let next = (!meant.is_nobody()).then(|| begins.get(&round.round_id).copied().unwrap_or(0));
            let step = i64::try_from(self.limit).unwrap_or(STEP_MAX).clamp(16, STEP_MAX);
            let (newer, ready) = (sizes(newer), VecDeque::new());
            Lane { round: round.round_id, meant, newer, next, seen: i64::MIN, ready, step }
        };
        Ok((0..self.rounds.len()).map(lane).collect())
    }

    /// The next candidates of all lanes together, in order, with their rounds; `false` when too many names were compared.
    async fn next_of(&mut self, lanes: &mut [Lane]) -> Result<(Vec<(i64, Candidate)>, bool), StoreError> {
        let wanted = (self.limit - self.found.len()).max(16);
        let mut batch = Vec::new();
        while batch.len() < wanted {
            // A book is read no further than the others need: after a retry of nearly all who failed, hardly anybody is meant
            // where they failed, and to know that to the end means to look at them all.
            let open = lanes.iter_mut().filter(|lane| lane.from().is_some());
            let Some(lane) = open.min_by_key(|lane| lane.from()) else { break };
            if let Some(candidate) = lane.ready.pop_front() {
                batch.push((lane.round, candidate));
                continue;
            }
            if self.words.is_some() && self.compared >= COMPARED.max(2 * self.limit) {
                return Ok((batch, false));
            }
            self.refill(lane).await?;
        }
        Ok((batch, true))
    }

    /// One step of a lane: those who may be meant, are called so, and are not named again by a newer round.
    async fn refill(&mut self, lane: &mut Lane) -> Result<(), StoreError> {
        let Some(from) = lane.next else { return Ok(()) };
        let (mut candidates, next) = self.step(lane, from).await?;
        lane.seen = candidates.last().map_or(lane.seen, |candidate| candidate.1);
        // Of those who failed a newer round names most, of others few or none: the fewer are left, the fewer names are read.
        let is_explained = !lane.meant.settlements.is_empty();
        if is_explained {
            self.leave_out_named_again(lane, &mut candidates).await?;
        }
        if let Some(words) = &self.words {
            self.compared += candidates.len();
            let called: BTreeSet<i64> = self.called_among(words, &people(&candidates)).await?.into_iter().collect();
            candidates.retain(|candidate| called.contains(&candidate.1));
        }
        if !is_explained {
            self.leave_out_named_again(lane, &mut candidates).await?;
        }
        lane.ready.extend(candidates);
        lane.next = next;
        lane.step = (lane.step * 2).min(STEP_MAX);
        Ok(())
    }

    async fn step(&self, lane: &Lane, from: i32) -> Result<Step, StoreError> {
        let meant = &lane.meant;
        if meant.everybody {
            return self.everybody(lane, from).await;
        }
        if meant.reached {
            return self.reached(lane, from).await;
        }
        let explained = match meant.settlements.is_empty() {
            true => (Vec::new(), None),
            false => self.explained(lane, from).await?,
        };
        let unsettled = if meant.unsettled { self.unsettled(lane, from).await? } else { (Vec::new(), None) };
        Ok(together(explained, unsettled))
    }

    async fn everybody(&self, lane: &Lane, from: i32) -> Result<Step, StoreError> {
        let ask = async |conn: &mut sqlx::PgConnection| {
            let query = sqlx::query_as(EVERYBODY).bind(self.tenant.0).bind(lane.round);
            query.bind(from).bind(lane.step).fetch_all(conn).await
        };
        Ok(cut(self.store.database.run("lookup_everybody", ask).await?, lane.step))
    }

    async fn explained(&self, lane: &Lane, from: i32) -> Result<Step, StoreError> {
        let ask = async |conn: &mut sqlx::PgConnection| {
            let query = sqlx::query_as(EXPLAINED).bind(self.tenant.0).bind(lane.round).bind(from).bind(lane.step);
            query.bind(&lane.meant.settlements).bind(&lane.meant.reasons).fetch_all(conn).await
        };
        Ok(cut(self.store.database.run("lookup_explained", ask).await?, lane.step))
    }

    async fn unsettled(&self, lane: &Lane, from: i32) -> Result<Step, StoreError> {
        let most = usize::try_from(lane.step).unwrap_or(usize::MAX);
        let (candidates, ordinals) = self
            .store
            .database
            .run("lookup_unsettled", async |conn| {
                let query = sqlx::query_as(UNSETTLED).bind(self.tenant.0).bind(lane.round).bind(from).bind(lane.step);
                let chunks: Vec<(i32, i32, Vec<u8>)> = query.fetch_all(&mut *conn).await?;
                let open = chunks.iter().flat_map(|(first, size, settled)| unset(*first, *size, settled));
                let ordinals: Vec<i32> = open.filter(|ordinal| *ordinal >= from).take(most).collect();
                let query = sqlx::query_as(AT).bind(self.tenant.0).bind(lane.round).bind(&ordinals);
                Ok((query.fetch_all(conn).await?, ordinals))
            })
            .await?;
        let next = ordinals.last().filter(|_| ordinals.len() == most).map(|last| last + 1);
        Ok((candidates, next))
    }

    async fn reached(&self, lane: &Lane, from: i32) -> Result<Step, StoreError> {
        let runs_max = usize::try_from(lane.step / 8).unwrap_or(usize::MAX).max(8);
        let (behind, candidates): (Option<i32>, Vec<Candidate>) = self
            .store
            .database
            .run("lookup_reached", async |conn| {
                let query = sqlx::query_as(REACHED).bind(self.tenant.0).bind(lane.round).bind(from).bind(CHUNKS);
                let chunks: Vec<(i32, i32)> = query.fetch_all(&mut *conn).await?;
                let is_last = chunks.len() < CHUNKS as usize;
                let (runs, others) = runs(&chunks, from, runs_max);
                let behind = runs.last().map(|(_, behind)| *behind).filter(|_| others || !is_last);
                let (firsts, ends): (Vec<i32>, Vec<i32>) = runs.into_iter().unzip();
                let query = sqlx::query_as(REACHED_IN).bind(self.tenant.0).bind(lane.round).bind(&firsts).bind(&ends);
                Ok((behind, query.bind(lane.step).fetch_all(conn).await?))
            })
            .await?;
        let (candidates, within) = cut(candidates, lane.step);
        Ok((candidates, within.or(behind)))
    }

    async fn words_of(&self, text: &str) -> Result<Option<Called>, StoreError> {
        let ask = async |conn: &mut sqlx::PgConnection| {
            sqlx::query_as(WORDS).bind(self.tenant.0).bind(text).fetch_one(conn).await
        };
        let found: (Option<String>, Option<String>, Option<String>) =
            self.store.database.run("lookup_words", ask).await?;
        let (Some(all), Some(rarest_plain), Some(rarest)) = found else { return Ok(None) };
        Ok(Some(Called { all, rarest, rarest_plain }))
    }

    async fn called_among(&self, words: &Called, people: &[i64]) -> Result<Vec<i64>, StoreError> {
        let ask = async |conn: &mut sqlx::PgConnection| {
            let query = sqlx::query_scalar(CALLED_AMONG).bind(self.tenant.0).bind(&words.all).bind(people);
            query.bind(&words.rarest_plain).fetch_all(conn).await
        };
        Ok(self.store.database.run("lookup_called_among", ask).await?)
    }

    /// Leaves those whom a newer round names out of the candidates of a lane, who are in order.
    async fn leave_out_named_again(&self, lane: &Lane, candidates: &mut Vec<Candidate>) -> Result<(), StoreError> {
        let named = self.named_by(&lane.newer, &people(candidates)).await?;
        let again: BTreeSet<i64> = named.into_iter().map(|(_, (_, who))| who).collect();
        candidates.retain(|candidate| !again.contains(&candidate.1));
        Ok(())
    }

    /// Where these rounds name these people, who are in order.
    async fn named_by(&self, rounds: &[(i64, i32)], people: &[i64]) -> Result<Vec<(i64, Candidate)>, StoreError> {
        let (Some(first), Some(last), false) = (people.first(), people.last(), rounds.is_empty()) else {
            return Ok(Vec::new());
        };
        if people.len() <= HALVED_MAX {
            let places = self.store.places(self.tenant, rounds, people).await?.into_iter();
            let hers = places.filter(|place| place.is_hers);
            return Ok(hers.map(|place| (place.round_id, (place.ordinal, place.recipient_id))).collect());
        }
        let ends = self.store.places(self.tenant, rounds, &[*first, *last]).await?;
        let mut named = Vec::new();
        for (round, _) in rounds {
            let of_round = || ends.iter().filter(|place| place.round_id == *round).map(|place| place.ordinal);
            let (Some(from), Some(to)) = (of_round().min(), of_round().max()) else { continue };
            let ask = async |conn: &mut sqlx::PgConnection| {
                let query = sqlx::query_as(AMONG).bind(self.tenant.0).bind(round).bind(from).bind(to);
                query.bind(people).fetch_all(conn).await
            };
            let among: Vec<Candidate> = self.store.database.run("lookup_among", ask).await?;
            named.extend(among.into_iter().map(|candidate| (*round, candidate)));
        }
        Ok(named)
    }

    /// Goes on by the index of words, behind `after`.
    async fn by_words(&mut self, mut after: i64) -> Result<(), StoreError> {
        let Some(words) = self.words.clone() else { return Ok(()) };
        let rounds = sizes(&self.rounds);
        loop {
            let ask = async |conn: &mut sqlx::PgConnection| {
                let query = sqlx::query_scalar(CALLED).bind(self.tenant.0).bind(&words.all).bind(after);
                query.bind(CALLED_AT_ONCE).bind(&words.rarest).fetch_all(conn).await
            };
            let called: Vec<i64> = self.store.database.run("lookup_called", ask).await?;
            let (mut rest, mut step) = (&called[..], self.limit.clamp(16, HALVED_MAX));
            while !rest.is_empty() {
                let (some, others) = rest.split_at(step.min(rest.len()));
                let mut newest: BTreeMap<i64, (i64, i32)> = BTreeMap::new();
                for (round, (ordinal, who)) in self.named_by(&rounds, some).await? {
                    let place = newest.entry(who).or_insert((round, ordinal));
                    *place = (*place).max((round, ordinal));
                }
                let places: Vec<(i64, i32)> = newest.into_values().collect();
                if !places.is_empty() {
                    self.found.extend(self.store.delivery_rows(self.tenant, &places, self.query).await?);
                }
                if self.found.len() >= self.limit {
                    return Ok(());
                }
                rest = others;
                step = (step * 4).min(STEP_MAX as usize);
            }
            match called.last() {
                Some(last) if called.len() as i64 == CALLED_AT_ONCE => after = *last,
                _ => return Ok(()),
            }
        }
    }
}

fn sizes(rounds: &[Round]) -> Vec<(i64, i32)> {
    rounds.iter().map(|round| (round.round_id, round.targeted)).collect()
}

fn people(candidates: &[Candidate]) -> Vec<i64> {
    candidates.iter().map(|candidate| candidate.1).collect()
}

/// Candidates of which at most `step` were asked for.
fn cut(candidates: Vec<Candidate>, step: i64) -> Step {
    let is_cut = i64::try_from(candidates.len()).unwrap_or(i64::MAX) >= step;
    let next = candidates.last().filter(|_| is_cut).map(|last| last.0 + 1);
    (candidates, next)
}

/// Two steps from the same ordinal as one: as far as both of them reach.
fn together(one: Step, other: Step) -> Step {
    let next = one.1.into_iter().chain(other.1).min();
    let both: BTreeSet<Candidate> = one.0.into_iter().chain(other.0).collect();
    (both.into_iter().filter(|candidate| next.is_none_or(|next| candidate.0 < next)).collect(), next)
}

/// Chunks that follow each other as runs of ordinals, from `from` on: the first of them and the one behind the last; and
/// whether there are more runs than `most`.
fn runs(chunks: &[(i32, i32)], from: i32, most: usize) -> (Vec<(i32, i32)>, bool) {
    let mut runs: Vec<(i32, i32)> = Vec::new();
    for (first, size) in chunks {
        let is_full = runs.len() == most;
        match runs.last_mut() {
            Some((_, behind)) if *behind == *first => *behind = first + size,
            _ if is_full => return (runs, true),
            _ => runs.push(((*first).max(from), first + size)),
        }
    }
    (runs, false)
}

/// The ordinals of a chunk whose bits are not set, lowest first.
fn unset(first: i32, size: i32, bits: &[u8]) -> impl Iterator<Item = i32> {
    (0..size)
        .filter(|place| bits.get((*place / 8) as usize).is_some_and(|byte| byte & (1 << (place % 8)) == 0))
        .map(move |place| first + place)
}
