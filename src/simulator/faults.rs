//! What goes wrong, and when: drawn from one seed, for one request at a time.
//!
//! Whether the third install of one person fails depends on the seed, the operation, the person and the
//! number three, and on nothing else. So a run with other threads, other speeds and another order of
//! requests still meets the same misfortunes, and a failing seed can be played again.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::bucket::Bucket;
use super::chance;

/// Which misfortunes may happen, and how often. Every share is in 0.0..=1.0 of the requests admitted.
///
/// [`FaultPlan::default`] has none of them, and a late visibility of at most 1.5 s: Teams without any is
/// not Teams.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// The connection closes without an answer, and nothing has happened.
    pub lost_before_effect: f64,
    /// The connection closes without an answer, and it has happened.
    pub lost_after_effect: f64,
    /// 502 or 504, and it has happened.
    pub gateway_after_effect: f64,
    /// 500, and nothing has happened.
    pub internal_before_effect: f64,
    /// 500, and it has happened.
    pub internal_after_effect: f64,
    /// 503, and nothing has happened.
    pub unavailable: f64,
    /// 412 of the connector: "Precondition failed, please try again."
    pub precondition: f64,
    /// 400 on an install, naming `CreateOrUpdateUserAppEntitlementForTeams`; a repeat succeeds.
    pub install_hiccup: f64,
    /// The share of 429s that come without `Retry-After`.
    pub retry_after_missing: f64,
    /// An installation shows itself after a delay between nothing and this. In seconds.
    pub visibility_lag_seconds_max: f64,
    /// What is told to the bot is told after a delay between nothing and this, each thing after its own. In seconds.
    pub telling_lag_seconds_max: f64,
    /// The share of what is told to the bot that comes up to a minute late.
    pub told_late: f64,
    /// The share that is told twice.
    pub told_twice: f64,
    /// The share that is never told.
    pub told_never: f64,
    /// Only these buckets suffer; empty means all.
    pub buckets: Vec<Bucket>,
    /// At most so many misfortunes for one operation on one person; absent means no end.
    pub per_person_max: Option<u32>,
    /// Hours of general refusal.
    pub storms: Vec<Storm>,
}

/// A time in which one bucket refuses everybody, whatever the quota says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storm {
    /// Whom it hits.
    pub bucket: Bucket,
    /// When it begins: seconds after the first request of that bucket.
    pub after_seconds: f64,
    /// How long it lasts, in seconds.
    pub seconds: f64,
    /// The `Retry-After` that it answers, in seconds.
    pub retry_after_seconds: f64,
}

/// The longest time in a plan, in seconds: an hour is beyond any test, and a slip is found out.
const SECONDS_MAX: f64 = 3_600.0;

/// How late something is told that comes late, in seconds.
const LATE_SECONDS_MAX: f64 = 60.0;

/// Why a plan cannot be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FaultPlanError {
    /// A share outside its range.
    #[error("every share must lie in 0.0..=1.0")]
    Share,
    /// More misfortunes than requests.
    #[error("the shares of misfortunes must not exceed 1.0 together")]
    Sum,
    /// A time outside its range.
    #[error("every time must lie in 0.0..=3600.0 seconds")]
    Time,
}

/// A name for a plan, for the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preset {
    /// Nothing goes wrong; installations still show themselves late.
    None,
    /// A good day.
    Mild,
    /// A bad one.
    Rough,
}

impl Default for FaultPlan {
    fn default() -> Self {
        Self {
            lost_before_effect: 0.0,
            lost_after_effect: 0.0,
            gateway_after_effect: 0.0,
            internal_before_effect: 0.0,
            internal_after_effect: 0.0,
            unavailable: 0.0,
            precondition: 0.0,
            install_hiccup: 0.0,
            retry_after_missing: 0.0,
            visibility_lag_seconds_max: 1.5,
            telling_lag_seconds_max: 0.4,
            told_late: 0.0,
            told_twice: 0.0,
            told_never: 0.0,
            buckets: Vec::new(),
            per_person_max: None,
            storms: Vec::new(),
        }
    }
}

impl FaultPlan {
    /// The plan behind a name.
    pub fn preset(preset: Preset) -> Self {
        match preset {
            Preset::None => Self::default(),
            Preset::Mild => Self::mild(),
            Preset::Rough => Self::rough(),
        }
    }

    /// The plan called `none`, `mild` or `rough`; `None` for any other name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::preset(Preset::None)),
            "mild" => Some(Self::preset(Preset::Mild)),
            "rough" => Some(Self::preset(Preset::Rough)),
            _ => None,
        }
    }

    /// Checks that the plan can be carried out.
    ///
    /// # Errors
    /// [`FaultPlanError`] names the first member that makes no sense.
    pub fn check(&self) -> Result<(), FaultPlanError> {
        let shares = self.shares();
        let is_share = |share: f64| (0.0..=1.0).contains(&share);
        let others = [self.retry_after_missing, self.told_late, self.told_twice, self.told_never];
        if !shares.iter().map(|(share, _)| *share).chain(others).all(is_share) {
            return Err(FaultPlanError::Share);
        }
        if shares.iter().map(|(share, _)| share).sum::<f64>() > 1.0 + f64::EPSILON {
            return Err(FaultPlanError::Sum);
        }
        let storms =
            self.storms.iter().flat_map(|storm| [storm.after_seconds, storm.seconds, storm.retry_after_seconds]);
        let mut times = storms.chain([self.visibility_lag_seconds_max, self.telling_lag_seconds_max]);
        if times.all(|seconds| (0.0..=SECONDS_MAX).contains(&seconds)) { Ok(()) } else { Err(FaultPlanError::Time) }
    }

    fn mild() -> Self {
        Self {
            lost_before_effect: 0.001,
            lost_after_effect: 0.001,
            gateway_after_effect: 0.001,
            internal_before_effect: 0.001,
            internal_after_effect: 0.0005,
            unavailable: 0.003,
            precondition: 0.002,
            install_hiccup: 0.005,
            retry_after_missing: 0.05,
            told_twice: 0.05,
            told_never: 0.01,
            ..Self::default()
        }
    }

    fn rough() -> Self {
        let storm = |bucket, after_seconds, retry_after_seconds| Storm {
            bucket,
            after_seconds,
            seconds: retry_after_seconds,
            retry_after_seconds,
        };
        Self {
            lost_before_effect: 0.01,
            lost_after_effect: 0.01,
            gateway_after_effect: 0.01,
            internal_before_effect: 0.01,
            internal_after_effect: 0.01,
            unavailable: 0.03,
            precondition: 0.02,
            install_hiccup: 0.05,
            retry_after_missing: 0.2,
            visibility_lag_seconds_max: 3.0,
            telling_lag_seconds_max: 2.0,
            told_late: 0.1,
            told_twice: 0.1,
            told_never: 0.1,
            per_person_max: Some(3),
            storms: vec![storm(Bucket::Send, 5.0, 4.128), storm(Bucket::Install, 8.0, 3.5)],
            ..Self::default()
        }
    }
}

/// What befalls one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No answer, no effect.
    LostBefore,
    /// No answer, but the effect.
    LostAfter,
    /// 502 or 504 with the effect; `true` for 504.
    Gateway(bool),
    /// 500 without the effect.
    InternalBefore,
    /// 500 with the effect.
    InternalAfter,
    /// 503 without the effect.
    Unavailable,
    /// 412 without the effect.
    Precondition,
    /// 400 without the effect.
    InstallHiccup,
}

impl Fault {
    /// Whether the request takes effect all the same.
    pub const fn has_effect(self) -> bool {
        matches!(self, Self::LostAfter | Self::Gateway(_) | Self::InternalAfter)
    }

    /// Whether requests of this bucket know this misfortune at all.
    fn may_befall(self, bucket: Bucket) -> bool {
        match self {
            Self::Precondition => bucket == Bucket::Send,
            Self::InstallHiccup => bucket == Bucket::Install,
            _ => true,
        }
    }
}

/// The plan, its seed, and how often each operation was tried on each person.
#[derive(Debug, Clone)]
pub struct Faults {
    seed: u64,
    plan: FaultPlan,
    tried: HashMap<(Bucket, u64), Tried>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Tried {
    times: u64,
    faults: u32,
}

impl Faults {
    /// Misfortune according to `plan`.
    pub fn new(seed: u64, plan: FaultPlan) -> Self {
        Self { seed, plan, tried: HashMap::new() }
    }

    /// The plan in force.
    pub const fn plan(&self) -> &FaultPlan {
        &self.plan
    }

    /// Puts another plan in force. What was tried so far stays counted.
    pub fn replace(&mut self, plan: FaultPlan) {
        self.plan = plan;
    }

    /// What befalls the next request of `bucket` about `key`. Ask once for each request admitted.
    pub fn next(&mut self, bucket: Bucket, key: u64) -> Option<Fault> {
        let tried = self.tried.entry((bucket, key)).or_default();
        tried.times += 1;
        let is_spared = self.plan.per_person_max.is_some_and(|max| tried.faults >= max)
            || !(self.plan.buckets.is_empty() || self.plan.buckets.contains(&bucket));
        if is_spared {
            return None;
        }
        let parts = [chance::text("fault"), bucket as u64, key, tried.times];
        let fault = self.plan.pick(bucket, chance::unit(self.seed, &parts), chance::draw(self.seed, &parts));
        tried.faults += u32::from(fault.is_some());
        fault
    }

    /// How long the `nth` installation for `person` stays unseen.
    pub fn visibility_lag(&self, person: u32, nth: u32) -> Duration {
        let parts = [chance::text("visibility"), u64::from(person), u64::from(nth)];
        let share = chance::unit(self.seed, &parts);
        Duration::try_from_secs_f64(self.plan.visibility_lag_seconds_max * share).unwrap_or_default()
    }

    /// After which delays the `nth` thing told, about `person`, is told: none when never, two when twice.
    pub fn telling(&self, person: u32, nth: u64) -> Vec<Duration> {
        let drawn = |what: &str| chance::unit(self.seed, &[chance::text(what), u64::from(person), nth]);
        let lag = |what: &str| {
            let late = if drawn("told late") < self.plan.told_late { LATE_SECONDS_MAX * drawn("so late") } else { 0.0 };
            Duration::try_from_secs_f64(self.plan.telling_lag_seconds_max * drawn(what) + late).unwrap_or_default()
        };
        if drawn("told never") < self.plan.told_never {
            return Vec::new();
        }
        let twice = (drawn("told twice") < self.plan.told_twice).then(|| lag("telling again"));
        [lag("telling")].into_iter().chain(twice).collect()
    }

    /// Whether the `nth` refusal of `bucket` comes without `Retry-After`.
    pub fn hides_retry_after(&self, bucket: Bucket, nth: u64) -> bool {
        chance::unit(self.seed, &[chance::text("retry-after"), bucket as u64, nth]) < self.plan.retry_after_missing
    }

    /// The `Retry-After` of the storm that rages over `bucket`, `age` after its first request.
    pub fn storm(&self, bucket: Bucket, age: Duration) -> Option<Duration> {
        let age = age.as_secs_f64();
        self.plan
            .storms
            .iter()
            .find(|storm| {
                storm.bucket == bucket && (storm.after_seconds..storm.after_seconds + storm.seconds).contains(&age)
            })
            .map(|storm| Duration::try_from_secs_f64(storm.retry_after_seconds).unwrap_or_default())
    }
}

impl FaultPlan {
    /// One draw decides: the shares lie side by side on a line from 0 to 1.
    fn pick(&self, bucket: Bucket, drawn: f64, bits: u64) -> Option<Fault> {
        let mut edge = 0.0;
        self.shares().into_iter().filter(|(_, fault)| fault.may_befall(bucket)).find_map(|(share, fault)| {
            edge += share;
            let is_timeout = bits & 1 == 1;
            let fault = if fault == Fault::Gateway(false) { Fault::Gateway(is_timeout) } else { fault };
            (drawn < edge).then_some(fault)
        })
    }

    const fn shares(&self) -> [(f64, Fault); 8] {
        [
            (self.lost_before_effect, Fault::LostBefore),
            (self.lost_after_effect, Fault::LostAfter),
            (self.gateway_after_effect, Fault::Gateway(false)),
            (self.internal_before_effect, Fault::InternalBefore),
            (self.internal_after_effect, Fault::InternalAfter),
            (self.unavailable, Fault::Unavailable),
            (self.precondition, Fault::Precondition),
            (self.install_hiccup, Fault::InstallHiccup),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn misfortunes(order: impl Iterator<Item = u64>) -> Vec<(u64, Vec<Option<Fault>>)> {
        let mut faults = Faults::new(7, FaultPlan::rough());
        let mut met: Vec<_> =
            order.map(|key| (key, (0..5).map(|_| faults.next(Bucket::Send, key)).collect::<Vec<_>>())).collect();
        met.sort_by_key(|(key, _)| *key);
        met
    }

    #[test]
    fn the_order_of_requests_does_not_change_who_meets_what() {
        let forth = misfortunes(0..200);
        assert_eq!(forth, misfortunes((0..200).rev()));
        assert!(forth.iter().flat_map(|(_, met)| met).any(Option::is_some));
    }

    #[test]
    fn a_plan_of_none_spares_everybody() {
        let mut faults = Faults::new(7, FaultPlan::default());
        assert!((0..1_000).all(|key| faults.next(Bucket::Send, key).is_none()));
    }

    #[test]
    fn shares_are_met() {
        let mut faults = Faults::new(3, FaultPlan { unavailable: 0.1, ..FaultPlan::default() });
        let hit = (0..10_000).filter(|key| faults.next(Bucket::Check, *key).is_some()).count();
        assert!((900..1_100).contains(&hit), "{hit} of 10000");
    }

    #[test]
    fn misfortune_ends_where_the_plan_says_so() {
        let plan = FaultPlan { unavailable: 1.0, per_person_max: Some(2), ..FaultPlan::default() };
        let mut faults = Faults::new(3, plan);
        let met: Vec<bool> = (0..4).map(|_| faults.next(Bucket::Send, 9).is_some()).collect();
        assert_eq!(met, [true, true, false, false]);
    }

    #[test]
    fn a_plan_that_makes_no_sense_is_refused() {
        let none = FaultPlan::default;
        assert_eq!(FaultPlan { unavailable: 1.5, ..none() }.check(), Err(FaultPlanError::Share));
        assert_eq!(FaultPlan { unavailable: 0.6, precondition: 0.6, ..none() }.check(), Err(FaultPlanError::Sum));
        assert_eq!(FaultPlan { visibility_lag_seconds_max: -1.0, ..none() }.check(), Err(FaultPlanError::Time));
        for preset in [Preset::None, Preset::Mild, Preset::Rough] {
            assert_eq!(FaultPlan::preset(preset).check(), Ok(()));
        }
    }

    #[test]
    fn a_plan_refuses_members_it_does_not_know() {
        let read: Result<FaultPlan, _> = serde_json::from_str(r#"{"unavailabel": 0.5}"#);
        assert!(read.is_err());
    }
}
