//! How fast an audience could be reached at best: the maximum flow of people through the quotas.
//!
//! A few pipes lead to a person (check, install, resolve and send to her chat; check, install, notify and notify many to
//! her activity feed), each with a width in requests a second, and several roads lead through them, each taking more of
//! one pipe and less of another. Which mixture of roads fills all pipes
//! at once is a linear program; it is stated in `docs/planner.md`. Nothing here says what the engine *does*: it is the
//! measure that the engine is held against, and what [`super::forecast`] starts from.

use std::collections::BTreeMap;
use std::time::Duration;

use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOutcome};
use serde::{Deserialize, Serialize};

use super::outcome::NOTIFIED_AT_ONCE;
use super::pacing::{Bucket, Quota};
use super::plan::{Knowledge, Purpose};

/// The buckets that a person costs something of, in the order of [`Road`]'s figures.
pub const BUCKETS: [Bucket; 6] =
    [Bucket::Check, Bucket::Install, Bucket::Resolve, Bucket::Send, Bucket::Notify, Bucket::NotifyMany];

/// Everything that can be known of a way: where a road begins; from the most known to the least.
pub const BEGINNINGS: [Knowledge; 5] =
    [Knowledge::Chat, Knowledge::Present, Knowledge::Unlisted, Knowledge::Absent, Knowledge::Nothing];

/// How many people of an audience are known how well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Mix {
    /// [`Knowledge::Chat`].
    pub chat: u64,
    /// [`Knowledge::Present`].
    pub installed: u64,
    /// [`Knowledge::Unlisted`].
    pub unlisted: u64,
    /// [`Knowledge::Absent`].
    pub absent: u64,
    /// [`Knowledge::Nothing`].
    pub unknown: u64,
}

impl Mix {
    /// So many people, of whom nothing is known.
    pub const fn unknown(people: u64) -> Self {
        Self { chat: 0, installed: 0, unlisted: 0, absent: 0, unknown: people }
    }

    /// How many of them are known so well.
    pub const fn of(&self, knowledge: Knowledge) -> u64 {
        match knowledge {
            Knowledge::Chat => self.chat,
            Knowledge::Present => self.installed,
            Knowledge::Unlisted => self.unlisted,
            Knowledge::Absent => self.absent,
            Knowledge::Nothing => self.unknown,
        }
    }

    /// Adds people who are known so well.
    pub const fn add(&mut self, knowledge: Knowledge, people: u64) {
        let count = match knowledge {
            Knowledge::Chat => &mut self.chat,
            Knowledge::Present => &mut self.installed,
            Knowledge::Unlisted => &mut self.unlisted,
            Knowledge::Absent => &mut self.absent,
            Knowledge::Nothing => &mut self.unknown,
        };
        *count = count.saturating_add(people);
    }

    /// All of them.
    pub fn people(&self) -> u64 {
        BEGINNINGS.into_iter().map(|knowledge| self.of(knowledge)).sum()
    }
}

/// What people are reached by, which decides which roads there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Means {
    /// A message in the chat of each.
    Chat,
    /// An entry in the activity feed of each, many with one request where that may be.
    Feed,
    /// The same, one by one: it leads to something of which Teams does not tell many at once.
    FeedOneByOne,
    /// The same in the name of a team or a chat, one by one, whoever has the app.
    Within,
}

impl Means {
    /// Those of a round of this purpose.
    pub const fn of(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Notify | Purpose::NotifyAgain | Purpose::Install => Self::Feed,
            Purpose::NotifyWithin => Self::Within,
            Purpose::FindChats | Purpose::Send | Purpose::Replace | Purpose::Withdraw => Self::Chat,
        }
    }

    /// Every road by these means.
    pub fn roads(self) -> impl Iterator<Item = &'static Road> {
        let (roads, together): (&[Road], bool) = match self {
            Self::Chat => (&ROADS, true),
            Self::Feed => (&FEED_ROADS, true),
            Self::FeedOneByOne => (&FEED_ROADS, false),
            Self::Within => (&ROADS_WITHIN, true),
        };
        roads.iter().filter(move |road| together || (road.installed[MANY] == 0 && road.absent[MANY] == 0))
    }
}

/// Requests of [`BUCKETS`], in that order; of the last one, the person's part in a request is counted as one.
type Requests = [u8; 6];

/// The place of [`Bucket::NotifyMany`] in [`BUCKETS`].
const MANY: usize = 5;

/// One way of reaching somebody, and what it costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Road {
    /// Where it begins.
    pub from: Knowledge,
    /// Its steps, as `docs/planner.md` names them.
    pub steps: &'static str,
    /// What it costs for somebody who has the app.
    pub installed: Requests,
    /// What it costs for somebody who does not.
    pub absent: Requests,
}

impl Road {
    /// Requests of each bucket that a person costs who has the app with this probability.
    fn cost(&self, installed: f64) -> [f64; 6] {
        std::array::from_fn(|place| {
            let count =
                f64::from(self.installed[place]) * installed + f64::from(self.absent[place]) * (1.0 - installed);
            if place == MANY { count / NOTIFIED_AT_ONCE as f64 } else { count }
        })
    }
}

/// Check, install, resolve, send.
const fn to_chat([check, install, resolve, send]: [u8; 4]) -> Requests {
    [check, install, resolve, send, 0, 0]
}

/// Check, install, notify, notify many.
const fn to_feed([check, install, notify, many]: [u8; 4]) -> Requests {
    [check, install, 0, 0, notify, many]
}

const fn certain(from: Knowledge, steps: &'static str, requests: [u8; 4]) -> Road {
    Road { from, steps, installed: to_chat(requests), absent: to_chat(requests) }
}

const fn unknown(steps: &'static str, installed: [u8; 4], absent: [u8; 4]) -> Road {
    Road { from: Knowledge::Nothing, steps, installed: to_chat(installed), absent: to_chat(absent) }
}

const fn feed(from: Knowledge, steps: &'static str, requests: [u8; 4]) -> Road {
    Road { from, steps, installed: to_feed(requests), absent: to_feed(requests) }
}

const fn feed_unknown(steps: &'static str, installed: [u8; 4], absent: [u8; 4]) -> Road {
    Road { from: Knowledge::Nothing, steps, installed: to_feed(installed), absent: to_feed(absent) }
}

/// Every road to a chat. One that is worse than another in every bucket is left out, except where the engine may find
/// itself upon it.
pub const ROADS: [Road; 16] = [
    certain(Knowledge::Chat, "send", [0, 0, 0, 1]),
    certain(Knowledge::Present, "resolve, send", [0, 0, 1, 1]),
    certain(Knowledge::Present, "create, send", [0, 0, 0, 2]),
    certain(Knowledge::Unlisted, "check, resolve, send", [1, 0, 1, 1]),
    certain(Knowledge::Unlisted, "create, send", [0, 0, 0, 2]),
    certain(Knowledge::Absent, "install, check, resolve, send", [1, 1, 1, 1]),
    certain(Knowledge::Absent, "install, create, send", [0, 1, 0, 2]),
    unknown("install, check, resolve, send", [1, 1, 1, 1], [1, 1, 1, 1]),
    unknown("install, create, send", [0, 1, 0, 2], [0, 1, 0, 2]),
    unknown("install, check, create, send", [1, 1, 0, 2], [1, 1, 0, 2]),
    unknown("check; there: resolve, send; not there: install, check, resolve, send", [1, 0, 1, 1], [2, 1, 1, 1]),
    unknown("check; there: resolve, send; not there: install, create, send", [1, 0, 1, 1], [1, 1, 0, 2]),
    unknown("check; there: create, send; not there: install, check, resolve, send", [1, 0, 0, 2], [2, 1, 1, 1]),
    unknown("check; there: create, send; not there: install, create, send", [1, 0, 0, 2], [1, 1, 0, 2]),
    unknown("create; opened: send; refused: install, check, resolve, send", [0, 0, 0, 2], [1, 1, 1, 2]),
    unknown("create; opened: send; refused: install, create, send", [0, 0, 0, 2], [0, 1, 0, 3]),
];

/// Every road to an activity feed. An install of what is there already says so, which spares the check; whoever is notified
/// alone needs none either. Only whoever has the app for certain is notified with others.
pub const FEED_ROADS: [Road; 15] = [
    feed(Knowledge::Chat, "notify many", [0, 0, 0, 1]),
    feed(Knowledge::Chat, "notify", [0, 0, 1, 0]),
    feed(Knowledge::Present, "notify many", [0, 0, 0, 1]),
    feed(Knowledge::Present, "notify", [0, 0, 1, 0]),
    feed(Knowledge::Unlisted, "check, notify many", [1, 0, 0, 1]),
    feed(Knowledge::Unlisted, "notify", [0, 0, 1, 0]),
    feed(Knowledge::Absent, "install, check, notify many", [1, 1, 0, 1]),
    feed(Knowledge::Absent, "install, notify", [0, 1, 1, 0]),
    feed_unknown("install; there: notify many; not there: check, notify many", [0, 1, 0, 1], [1, 1, 0, 1]),
    feed_unknown("install; there: notify many; not there: notify", [0, 1, 0, 1], [0, 1, 1, 0]),
    feed_unknown("install, notify", [0, 1, 1, 0], [0, 1, 1, 0]),
    feed_unknown("check; there: notify many; not there: install, check, notify many", [1, 0, 0, 1], [2, 1, 0, 1]),
    feed_unknown("check; there: notify many; not there: install, notify", [1, 0, 0, 1], [1, 1, 1, 0]),
    feed_unknown("notify; refused: install, check, notify many", [0, 0, 1, 0], [1, 1, 1, 1]),
    feed_unknown("notify; refused: install, notify", [0, 0, 1, 0], [0, 1, 2, 0]),
];

/// The one road in the name of a team or a chat, wherever it begins.
const ROADS_WITHIN: [Road; 5] = [
    feed(Knowledge::Chat, "notify", [0, 0, 1, 0]),
    feed(Knowledge::Present, "notify", [0, 0, 1, 0]),
    feed(Knowledge::Unlisted, "notify", [0, 0, 1, 0]),
    feed(Knowledge::Absent, "notify", [0, 0, 1, 0]),
    feed(Knowledge::Nothing, "notify", [0, 0, 1, 0]),
];

/// How many requests a second each of [`BUCKETS`] takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates([f64; 6]);

impl Rates {
    /// What `quotas` grant on average. A bucket without a quota takes nothing.
    pub fn of(quotas: &BTreeMap<Bucket, Quota>) -> Self {
        Self::from_fn(|bucket| quotas.get(&bucket).map_or(0.0, |quota| quota.rate()))
    }

    /// Asks `rate` for each bucket; what is not a number of requests counts as none.
    pub fn from_fn(rate: impl Fn(Bucket) -> f64) -> Self {
        Self(BUCKETS.map(|bucket| Some(rate(bucket)).filter(|rate| rate.is_finite()).map_or(0.0, |rate| rate.max(0.0))))
    }

    /// Requests a second of the bucket at `place` in [`BUCKETS`].
    fn at(&self, place: usize) -> f64 {
        self.0[place]
    }
}

/// The best that an audience can do.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    /// How long it takes to reach all of them.
    pub time: Duration,
    /// How many people go each road; only those that somebody goes.
    pub roads: Vec<(&'static Road, f64)>,
    /// Buckets that are full all the time, so that a wider one would help: what holds the flow back.
    pub full: Vec<Bucket>,
}

/// People a second whose chats are written to when nothing is known of anybody and this part of them has the app.
///
/// `installed` is in 0..=1, and taken so. Zero when no road is open.
pub fn maximum_flow(rates: &Rates, installed: f64) -> f64 {
    maximum_flow_by(Means::Chat, rates, installed)
}

/// The same, by any means.
pub fn maximum_flow_by(means: Means, rates: &Rates, installed: f64) -> f64 {
    // A thousand people, for a whole audience and a stream of it flow equally fast.
    let people = 1000;
    least_time_by(means, rates, &Mix::unknown(people), installed)
        .filter(|flow| !flow.time.is_zero())
        .map_or(0.0, |flow| people as f64 / flow.time.as_secs_f64())
}

/// The shortest time in which everybody of `mix` can be written to, and how; as [`least_time_by`].
pub fn least_time(rates: &Rates, mix: &Mix, installed: f64) -> Option<Flow> {
    least_time_by(Means::Chat, rates, mix, installed)
}

/// The shortest time in which everybody of `mix` can be reached by these means, and how.
///
/// `installed` is the part, in 0..=1, of the unknown who have the app. `None` when some of them cannot be reached at
/// all at these rates, or not within a hundred years.
pub fn least_time_by(means: Means, rates: &Rates, mix: &Mix, installed: f64) -> Option<Flow> {
    let people = mix.people();
    if people == 0 {
        return Some(Flow { time: Duration::ZERO, roads: Vec::new(), full: Vec::new() });
    }
    let part = |knowledge| mix.of(knowledge) as f64 / people as f64;
    // A ten-thousandth says enough; smaller figures beside larger ones only trouble the solver.
    let installed = if installed.is_finite() { (installed.clamp(0.0, 1.0) * 10_000.0).round() / 10_000.0 } else { 0.0 };
    let roads: Vec<&'static Road> = means.roads().filter(|road| part(road.from) > 0.0).collect();
    let costs: Vec<[f64; 6]> = roads.iter().map(|road| road.cost(installed)).collect();

    // Minimise the time that one average person takes, over the parts of the audience that go each road.
    let mut problem = Problem::new(OptimizationDirection::Minimize);
    let time = problem.add_var(1.0, (0.0, f64::INFINITY));
    let goes: Vec<_> = roads.iter().map(|_| problem.add_var(0.0, (0.0, 1.0))).collect();
    for knowledge in BEGINNINGS.into_iter().filter(|knowledge| part(*knowledge) > 0.0) {
        // Everybody goes one road.
        let own = roads.iter().zip(&goes).filter(|(road, _)| road.from == knowledge).map(|(_, goes)| (*goes, 1.0));
        problem.add_constraint(own.collect::<Vec<_>>(), ComparisonOp::Eq, part(knowledge));
    }
    for place in 0..BUCKETS.len() {
        // No bucket takes more than its rate times the time.
        let mut row: Vec<_> = goes.iter().zip(&costs).map(|(goes, cost)| (*goes, cost[place])).collect();
        row.retain(|(_, cost)| *cost > 0.0);
        if rates.at(place) > 0.0 {
            row.push((time, -rates.at(place)));
        }
        if !row.is_empty() {
            problem.add_constraint(row, ComparisonOp::Le, 0.0);
        }
    }
    let Ok(SolveOutcome::Solution(solved)) = problem.solve() else { return None };
    let (each, people) = (solved.var_value(time), people as f64);
    let part_of = |place: usize| solved.var_value(goes[place]).clamp(0.0, 1.0);
    let used = |bucket: usize| costs.iter().enumerate().map(|(road, cost)| cost[bucket] * part_of(road)).sum::<f64>();
    let is_full = |bucket: &usize| rates.at(*bucket) > 0.0 && used(*bucket) >= rates.at(*bucket) * each * 0.999;
    Some(Flow {
        time: Duration::try_from_secs_f64(each * people).ok().filter(|time| *time < LONGEST)?,
        full: (0..BUCKETS.len()).filter(is_full).map(|place| BUCKETS[place]).collect(),
        roads: roads
            .iter()
            .enumerate()
            .map(|(place, road)| (*road, part_of(place) * people))
            .filter(|(_, n)| *n > 1e-6)
            .collect(),
    })
}

/// Longer than this is never.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 3600);

#[cfg(test)]
mod tests;
