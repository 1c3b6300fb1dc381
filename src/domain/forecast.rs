//! When a broadcast will have ended, as far as that can be known.
//!
//! [`super::flow`] says how fast an audience could be reached at best. A forecast says how fast it *will* be: by the
//! quotas as they stand, beside the broadcasts that share them, at the part of the best that the engine was measured to
//! reach, with its beginning and its end. Like a timetable it knows the other trains, and does not count on green lights
//! everywhere. Where it cannot know, it says why instead of a time.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::fairness::ONE_IN;
use super::flow::{BEGINNINGS, BUCKETS, Means, Mix, Rates, least_time_by};
use super::pacing::{Bucket, JITTER_ON_THE_WAY, Quota, mean_share};
use super::plan::Knowledge;
use super::time::Timestamp;

/// The part of the quotas, through windows that are 15 ms longer, that is kept in use while there is work. Measured on a
/// quiet machine by `stentor bench cold`: 0.992, 1.006 and 0.999 where nobody, 30 % and everybody had the app.
pub const EFFICIENCY: f64 = 0.995;
/// From the moment when work can be seen until its first request, beside the window that a new owner waits out: a look at
/// the database, the audience frozen, tokens fetched.
pub const BEGINNING: Duration = Duration::from_millis(200);
/// After the last place of the last bucket: answers on their way, the flush that records them, the look that ends it.
pub const END: Duration = Duration::from_millis(300);
/// The last installs become visible about so long after they were made.
pub const VISIBLE_AFTER: Duration = Duration::from_millis(800);
/// Fewer first answers than this say little of who has the app.
const ANSWERS_LEAST: u64 = 20;

/// Which part of the people of whom nothing is known have the app.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Installed {
    /// In 0..=1.
    pub share: f64,
    /// Nobody was asked lately: counted as if nobody had it, which is the slowest case.
    pub is_assumed: bool,
}

impl Installed {
    /// By the first answers of late: so many people were asked for the first time, so many of them had the app.
    ///
    /// Whom the directory knows to have it would say nothing: most of them have it from us.
    pub fn by(asked: u64, had: u64) -> Self {
        match asked {
            0..ANSWERS_LEAST => Self { share: 0.0, is_assumed: true },
            _ => Self { share: (had.min(asked) as f64) / asked as f64, is_assumed: false },
        }
    }
}

/// What one broadcast still has to do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Work {
    /// Whom it still has to reach.
    pub mix: Mix,
    /// By what means.
    pub means: Means,
    /// Goes before those that are not.
    pub urgent: bool,
    /// How long until it may begin.
    pub starts_in: Duration,
}

/// How the buckets stand.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditions {
    /// What is granted.
    pub quotas: BTreeMap<Bucket, Quota>,
    /// The part of it in use, where a 429 has lowered it.
    pub shares: BTreeMap<Bucket, f64>,
    /// How long buckets still rest.
    pub rests: BTreeMap<Bucket, Duration>,
    /// Who has the app.
    pub installed: Installed,
    /// Somebody works for this tenant already: nobody waits out a window first.
    pub is_held: bool,
}

impl Conditions {
    /// Requests a second that the engine makes of each bucket, on average over `time`, for somebody who has this `part` of
    /// it.
    fn rates(&self, time: Duration, part: &dyn Fn(Bucket) -> f64) -> Rates {
        Rates::from_fn(|bucket| {
            let Some(quota) = self.quotas.get(&bucket) else { return 0.0 };
            let share = mean_share(self.shares.get(&bucket).copied().unwrap_or(1.0), time);
            let window = quota.window + JITTER_ON_THE_WAY;
            f64::from(quota.requests) / window.as_secs_f64() * share * EFFICIENCY * part(bucket)
        })
    }

    /// How long the longest rest is of a bucket that `work` needs.
    fn rest(&self, work: &Work) -> Duration {
        let needed = self.rests.iter().filter(|(bucket, _)| needs(work, **bucket));
        needed.map(|(_, rest)| *rest).max().unwrap_or_default()
    }

    /// What passes before the first request.
    fn beginning(&self) -> Duration {
        let window = BUCKETS.iter().filter_map(|bucket| self.quotas.get(bucket)).map(|quota| quota.window).max();
        if self.is_held { Duration::ZERO } else { window.unwrap_or_default() + JITTER_ON_THE_WAY + BEGINNING }
    }
}

/// Whether somebody of `work` may cost a request of `bucket`.
fn needs(work: &Work, bucket: Bucket) -> bool {
    let Work { mix, means, .. } = work;
    let is_new = mix.unknown + mix.absent > 0 && *means != Means::Within;
    match bucket {
        Bucket::Send => mix.people() > 0 && *means == Means::Chat,
        Bucket::Install => is_new,
        Bucket::Check => is_new || (mix.unlisted > 0 && *means != Means::Within),
        Bucket::Resolve => (is_new || mix.unlisted + mix.installed > 0) && *means == Means::Chat,
        Bucket::Notify => mix.people() > 0 && *means != Means::Chat,
        Bucket::NotifyMany => mix.people() > 0 && *means == Means::Feed,
        Bucket::Catalog | Bucket::Directory => false,
    }
}

/// How a broadcast will go.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// From this moment to its end.
    pub time: Duration,
    /// People a second once it is under way and alone.
    pub people_per_second: f64,
    /// The buckets that hold it back.
    pub limits: Vec<Bucket>,
}

/// How `ours` will go beside `others`; `None` when it can never end under these conditions.
///
/// Broadcasts of equal weight share each bucket that they need equally; while an urgent one goes, the others have a tenth
/// of it together ([`super::fairness`]).
pub fn course(ours: &Work, others: &[Work], conditions: &Conditions) -> Option<Course> {
    let installed = conditions.installed.share;
    let alone = |time| least_time_by(ours.means, &conditions.rates(time, &|_| 1.0), &ours.mix, installed);
    // The rate climbs back after a 429, the further the longer it takes.
    let best = alone(alone(Duration::ZERO)?.time)?;
    let begins = ours.starts_in + conditions.beginning() + conditions.rest(ours);
    let time = match shared(ours, others, begins, best.time, conditions)? {
        ended if ours.mix.people() == 0 => ended,
        ended => ended + ending(ours, conditions.installed),
    };
    let people_per_second = ours.mix.people() as f64 / best.time.as_secs_f64().max(f64::MIN_POSITIVE);
    Some(Course {
        time,
        people_per_second: if best.time.is_zero() { 0.0 } else { people_per_second },
        limits: best.full,
    })
}

/// What passes after the last place of the last bucket was taken.
fn ending(work: &Work, installed: Installed) -> Duration {
    let Work { mix, means, .. } = work;
    if *means == Means::Within {
        return END;
    }
    let to_install = mix.absent as f64 + mix.unknown as f64 * (1.0 - installed.share);
    if to_install >= 1.0 || mix.unlisted > 0 { END.saturating_add(VISIBLE_AFTER) } else { END }
}

/// A broadcast among the others: how much of it is left, of 1.
struct Running<'a> {
    work: &'a Work,
    begins: Duration,
    left: f64,
}

/// When `ours` has had its last place, given who else wants places.
///
/// Goes from one change to the next (somebody begins, somebody ends); in between, everybody goes at one speed.
fn shared(
    ours: &Work,
    others: &[Work],
    begins: Duration,
    alone: Duration,
    conditions: &Conditions,
) -> Option<Duration> {
    let mut all = vec![Running { work: ours, begins, left: 1.0 }];
    all.extend(others.iter().filter(|work| work.mix.people() > 0).map(|work| Running {
        work,
        begins: work.starts_in,
        left: 1.0,
    }));
    let mut at = Duration::ZERO;
    // Each pass begins or ends at least one of them.
    for _ in 0..=2 * all.len() {
        let served: Vec<usize> =
            (0..all.len()).filter(|place| all[*place].left > 0.0 && all[*place].begins <= at).collect();
        let going: Vec<&Work> = served.iter().map(|place| all[*place].work).collect();
        let whole: Vec<f64> = going
            .iter()
            .map(|work| {
                let rates = conditions.rates(alone, &|bucket| part(work, &going, bucket));
                least_time_by(work.means, &rates, &work.mix, conditions.installed.share)
            })
            .map(|flow| Some(flow?.time.as_secs_f64().max(1e-9)))
            .collect::<Option<_>>()?;
        let ends =
            served.iter().zip(&whole).map(|(place, whole)| all[*place].left * whole).fold(f64::INFINITY, f64::min);
        let next = all.iter().filter(|one| one.left > 0.0 && one.begins > at).map(|one| one.begins - at).min();
        let step = ends.min(next.map_or(f64::INFINITY, |next| next.as_secs_f64()));
        let step = Duration::try_from_secs_f64(step).ok()?;
        for (place, whole) in served.iter().zip(&whole) {
            let left = all[*place].left - step.as_secs_f64() / whole;
            // A millionth of a broadcast is no broadcast.
            all[*place].left = if left < 1e-6 { 0.0 } else { left };
        }
        at += step;
        if all[0].left <= 0.0 {
            return Some(at);
        }
    }
    None
}

/// The part of `bucket` that `work` has beside `going`, of which it is one.
fn part(work: &Work, going: &[&Work], bucket: Bucket) -> f64 {
    let rivals = |urgent| going.iter().filter(|other| other.urgent == urgent && needs(other, bucket)).count();
    let of_class = match (work.urgent, rivals(!work.urgent)) {
        (_, 0) => 1.0,
        (true, _) => 1.0 - 1.0 / f64::from(ONE_IN),
        (false, _) => 1.0 / f64::from(ONE_IN),
    };
    of_class / rivals(work.urgent).max(1) as f64
}

/// The part of `mix` that is prepared when `time` was spent on preparing it: their chats are known then, or for a feed
/// their installations.
pub fn prepared(means: Means, mix: &Mix, time: Duration, conditions: &Conditions) -> Mix {
    let unknown = match means {
        Means::Chat => Mix { chat: 0, ..*mix },
        Means::Feed | Means::FeedOneByOne => Mix { chat: 0, installed: 0, ..*mix },
        Means::Within => return *mix,
    };
    // Preparing for a feed notifies nobody: it takes what leads there, as if everybody went along with others.
    let by = if means == Means::Chat { Means::Chat } else { Means::Feed };
    let needed = least_time_by(by, &conditions.rates(time, &|_| 1.0), &unknown, conditions.installed.share);
    let part = needed.map_or(0.0, |flow| (time.as_secs_f64() / flow.time.as_secs_f64().max(1e-9)).min(1.0));
    let mut ready = Mix { chat: mix.chat, ..Mix::default() };
    for knowledge in BEGINNINGS.into_iter().filter(|knowledge| *knowledge != Knowledge::Chat) {
        let people = mix.of(knowledge);
        let known = ((people as f64 * part) as u64).min(people);
        ready.add(Knowledge::Chat, known);
        ready.add(knowledge, people - known);
    }
    ready
}

/// Why nobody can say when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unknown {
    /// It is over.
    Over,
    /// A person stopped it, and a person must let it go on.
    Paused,
    /// We stopped it, and it goes on when the cause is gone.
    Halted,
    /// Its hour passed, and a person must decide.
    Missed,
    /// No worker is alive.
    NobodyWorks,
    /// Some of its people cannot be reached at all with these quotas.
    NoWay,
}

impl Unknown {
    /// In words, with what would help; nothing to say of what is over.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Over => "",
            Self::Paused => "It is paused: its end depends on whoever lets it go on.",
            Self::Halted => "It is halted: its end depends on when the cause is gone.",
            Self::Missed => "It waits for a person: `broadcast resume` lets it go on.",
            Self::NobodyWorks => "No worker is about: it goes on while `stentor run` or `stentor work` runs.",
            Self::NoWay => "With these quotas some of its people cannot be reached: look at [quotas] in the settings.",
        }
    }
}

/// What we expect of one broadcast.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Forecast {
    /// When it ends; `None` when nobody can say.
    pub expected_end_at: Option<Timestamp>,
    /// Seconds from the question to that.
    pub expected_seconds: Option<f64>,
    /// What that rests on; `None` of what is over.
    pub forecast: Option<Grounds>,
}

/// What a forecast rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Grounds {
    /// Whom it still has to reach, by what is known of them.
    pub people: Mix,
    /// Seconds of work that are left, whenever it is done.
    pub work_seconds: Option<f64>,
    /// People a second once it is under way and alone.
    pub people_per_second: Option<f64>,
    /// The buckets that hold it back.
    pub limits: Vec<Bucket>,
    /// Who of the unknown have the app.
    pub installed: Installed,
    /// Other broadcasts that share the quotas.
    pub beside: usize,
    /// Why its end is not known.
    pub unknown_because: Option<Unknown>,
}

impl Forecast {
    /// What is expected of `ours` from `now`, unless something stands in the way.
    pub fn of(
        ours: &Work,
        others: &[Work],
        conditions: &Conditions,
        obstacle: Option<Unknown>,
        now: Timestamp,
    ) -> Self {
        let course = course(ours, others, conditions);
        let obstacle = obstacle.or(course.is_none().then_some(Unknown::NoWay));
        let time = course.as_ref().map(|course| course.time);
        let known = time.filter(|_| obstacle.is_none());
        Self {
            expected_end_at: known.and_then(|time| now.checked_add_signed(chrono::TimeDelta::from_std(time).ok()?)),
            expected_seconds: known.map(seconds),
            forecast: Some(Grounds {
                people: ours.mix,
                work_seconds: time.map(|time| seconds(time.saturating_sub(ours.starts_in))),
                people_per_second: course.as_ref().map(|course| (course.people_per_second * 10.0).round() / 10.0),
                limits: course.map(|course| course.limits).unwrap_or_default(),
                installed: conditions.installed,
                beside: others.iter().filter(|work| work.mix.people() > 0).count(),
                unknown_because: obstacle,
            }),
        }
    }

    /// The same, corrected by what was seen over the last minute: whoever goes clearly slower than the quotas allow is
    /// believed. `pending` people are left; `now` is when that was seen.
    pub fn seen(mut self, people_per_second: f64, pending: u64, now: Timestamp) -> Self {
        let Some(expected) = self.expected_seconds else { return self };
        let by_sight = pending as f64 / people_per_second.max(f64::MIN_POSITIVE);
        if people_per_second > 0.0 && by_sight > expected * CLEARLY {
            let time =
                Duration::try_from_secs_f64(by_sight).ok().and_then(|time| chrono::TimeDelta::from_std(time).ok());
            self.expected_seconds = Some((by_sight * 10.0).round() / 10.0);
            self.expected_end_at = time.and_then(|time| now.checked_add_signed(time));
        }
        self
    }
}

/// A fifth slower is no accident.
const CLEARLY: f64 = 1.2;

/// Tenths are as exact as it gets.
fn seconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests;
