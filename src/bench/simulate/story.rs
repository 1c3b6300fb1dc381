//! What is drawn from a seed: who there is, what is sent, what goes wrong and when. Plain values; nothing happens here.
//!
//! Stories are small on purpose. A dozen people in chunks of three meet every boundary that forty thousand meet, and
//! thousands of such stories are told in a minute.

use std::time::Duration;

use super::points::{Call, Moment, Point};
use crate::app::control::Wish;
use crate::domain::delivery::WhenInDoubt;
use crate::simulator::bucket::Bucket;
use crate::simulator::chance;
use crate::simulator::faults::{FaultPlan, Storm};
use crate::simulator::people::Shares;

/// One story.
#[derive(Debug, Clone)]
pub struct Story {
    /// What it was drawn from.
    pub seed: u64,
    /// People of the organisation.
    pub people: usize,
    /// Which of them stand apart.
    pub shares: Shares,
    /// People in a chunk.
    pub chunk_size: u32,
    /// People frozen in one slice.
    pub slice: u32,
    /// Part of the published quotas, at Teams and in the engine alike.
    pub quota: f64,
    /// What is sent.
    pub broadcasts: Vec<BroadcastPlan>,
    /// Who works, one process after another in each seat.
    pub seats: Vec<SeatPlan>,
    /// What happens besides, in order.
    pub happenings: Vec<(Duration, Happening)>,
    /// How bad the wires are.
    pub weather: Weather,
    /// What goes wrong at Teams.
    pub faults: FaultPlan,
    /// How far the database's clock is ahead, in milliseconds.
    pub database_skew: i64,
    /// When everything that goes wrong has gone wrong.
    pub calm_at: Duration,
}

/// One announcement.
#[derive(Debug, Clone)]
pub struct BroadcastPlan {
    /// When it is submitted.
    pub at: Duration,
    /// It overtakes.
    pub urgent: bool,
    /// What becomes of doubt.
    pub when_in_doubt: WhenInDoubt,
    /// Its hour, after it was submitted; none means at once.
    pub starts_after: Option<Duration>,
    /// Its people are prepared ahead of the hour.
    pub prepares: bool,
    /// Its time.
    pub deadline_after: Duration,
    /// Every how many people is on its list; none means everybody.
    pub list: Option<u64>,
    /// Teams refuses it for everybody.
    pub too_large: bool,
}

/// One place at which processes run, one after another.
#[derive(Debug, Clone)]
pub struct SeatPlan {
    /// When its first process starts.
    pub at: Duration,
    /// Its host: processes of equal hosts see each other die.
    pub host: u64,
    /// How far its wall clock is ahead, in milliseconds.
    pub skew: i64,
    /// What befalls its processes: the first of these its first process, and so on.
    pub traps: Vec<Vec<Trap>>,
    /// How long after a death its next process starts.
    pub restarts_after: Duration,
    /// The next process runs elsewhere, where nobody can prove a death.
    pub moves: bool,
}

/// A point at which something befalls a process.
#[derive(Debug, Clone, Copy)]
pub struct Trap {
    /// Where.
    pub point: Point,
    /// At the so-manieth passing, from 1.
    pub nth: u64,
    /// What.
    pub what: Blow,
}

/// What befalls a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blow {
    /// `kill -9`.
    Death,
    /// It stands still for so long; `true` when its stopwatch does too.
    Freeze(Duration, bool),
}

/// What happens besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happening {
    /// A blow to whoever sits in this seat.
    Strike(usize, Blow),
    /// Whoever sits there is asked to stop.
    Stop(usize),
    /// An administrator sets the wall clock there, by milliseconds.
    Jump(usize, i64),
    /// A person wants something of a broadcast.
    Wish(usize, Wish),
    /// The database is away for so long.
    Outage(Duration),
    /// The secret expires, and every token with it; cured after so long.
    SecretExpires(Duration),
    /// Every token is revoked.
    TokensRevoked,
    /// The bot is switched off for so long.
    BotDisabled(Duration),
    /// The app is deleted from the catalogue and uploaded again.
    Reupload,
}

/// How bad the wires are: parts of all calls, in 0.0..=1.0.
#[derive(Debug, Clone, Copy)]
pub struct Weather {
    /// Answers of the database lost before the effect.
    pub store_lost_before: f64,
    /// And after it.
    pub store_lost_after: f64,
    /// Given up by the caller, and taking effect all the same, later.
    pub store_zombie: f64,
    /// Slow, up to longer than a lease.
    pub store_slow: f64,
    /// Requests refused on the way to Teams.
    pub teams_refused: f64,
    /// Requests that get lost on the way.
    pub teams_lost_before: f64,
    /// Answers that get lost.
    pub teams_lost_after: f64,
    /// Slow, up to longer than anybody waits.
    pub teams_slow: f64,
}

impl Weather {
    /// Nothing goes wrong.
    pub const FAIR: Self = Self {
        store_lost_before: 0.0,
        store_lost_after: 0.0,
        store_zombie: 0.0,
        store_slow: 0.0,
        teams_refused: 0.0,
        teams_lost_before: 0.0,
        teams_lost_after: 0.0,
        teams_slow: 0.0,
    };
}

/// A stream of draws, for what is drawn once and in order.
struct Dice {
    seed: u64,
    drawn: u64,
}

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.drawn += 1;
        chance::below(self.seed, &[chance::text("story"), self.drawn], bound)
    }

    /// True in `part` of a hundred cases.
    fn percent(&mut self, part: u64) -> bool {
        self.below(100) < part
    }

    /// A time in `from..to` milliseconds.
    fn time(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }

    fn part(&mut self, most: f64) -> f64 {
        most * self.below(1001) as f64 / 1000.0
    }

    /// Often nothing, sometimes seconds, seldom hours.
    fn skew(&mut self) -> i64 {
        let size = match self.below(10) {
            0..4 => 0,
            4..8 => self.below(3_000),
            _ => self.below(4 * 3_600_000),
        };
        let size = i64::try_from(size).unwrap_or_default();
        if self.percent(50) { size } else { -size }
    }
}

impl Story {
    /// The story of a seed.
    pub fn drawn(seed: u64) -> Self {
        let mut dice = Dice { seed, drawn: 0 };
        let it = &mut dice;
        let quiet = it.percent(15);
        let people = 3 + it.below(10) as usize;
        let seats: Vec<SeatPlan> = (0..1 + it.below(3)).map(|seat| draw_seat(it, seat)).collect();
        let broadcasts: Vec<BroadcastPlan> = (0..1 + it.below(2)).map(|_| draw_broadcast(it)).collect();
        let shares = draw_shares(it);
        let calm_at = it.time(8_000, 70_000);
        let mut happenings = Vec::new();
        for _ in 0..it.below(if quiet { 2 } else { 7 }) {
            let at = it.time(100, calm_at.as_millis() as u64);
            happenings.push((at, draw_happening(it, seats.len(), broadcasts.len())));
        }
        let mut story = Self {
            seed,
            people,
            shares,
            chunk_size: 3 + it.below(2) as u32,
            slice: 2 + it.below(8) as u32,
            quota: [0.06, 0.1, 0.2, 1.0][it.below(4) as usize],
            broadcasts,
            seats,
            happenings,
            weather: if quiet { Weather::FAIR } else { draw_weather(it) },
            faults: if quiet { FaultPlan::default() } else { draw_faults(it) },
            database_skew: it.skew(),
            calm_at,
        };
        // Every named point in its turn is the one at which somebody dies: so none is left out.
        let points = Point::all().count() as u64;
        if let Some(point) = Point::all().nth((seed % points) as usize) {
            story.aim_at(point, it);
        }
        story.happenings.sort_by_key(|(at, _)| *at);
        story
    }

    /// Lets the first process die at `point`, and sees to it that it comes there.
    fn aim_at(&mut self, point: Point, it: &mut Dice) {
        let nth = if it.percent(70) { 1 } else { 2 };
        let death = Trap { point, nth, what: Blow::Death };
        let mut traps = vec![death];
        let soon = it.time(600, 5_000);
        match point.call {
            Call::Install => self.shares.without_bot = 1.0,
            Call::StartDue => self.broadcasts[0].starts_after = Some(soon),
            Call::EndLease | Call::ReleaseTenant => self.happenings.push((soon, Happening::Stop(0))),
            Call::ReleaseStrays => self.happenings.push((soon, Happening::Wish(0, Wish::Cancel))),
            Call::ReleaseChunks => self.happenings.push((soon, Happening::Wish(0, Wish::Pause))),
            Call::HaltBroadcast => {
                self.broadcasts[0].too_large = true;
                self.people = self.people.max(8);
            }
            Call::HaltTenant => {
                self.happenings.push((soon / 4, Happening::BotDisabled(it.time(5_000, 30_000))));
            }
            Call::ReleaseHalt => {
                self.happenings.push((soon / 4, Happening::BotDisabled(it.time(3_000, 20_000))));
                // A probe comes after a minute.
                self.calm_at = Duration::from_secs(100);
            }
            Call::KeepBucket => {
                let storm = |bucket| Storm { bucket, after_seconds: 0.0, seconds: 2.0, retry_after_seconds: 1.0 };
                self.faults.storms = vec![storm(Bucket::Check), storm(Bucket::Send)];
            }
            Call::RecordLate => {
                // Frozen while a send is on its way, it comes back to a chunk that is somebody else's.
                let freeze = Blow::Freeze(it.time(15_000, 30_000), false);
                let send = Point { call: Call::Send, moment: Moment::Underway };
                traps.push(Trap { point: send, nth: 1 + it.below(2), what: freeze });
                if self.seats.len() < 2 {
                    self.seats.push(draw_seat(it, 1));
                }
                self.seats[1].at = soon;
            }
            _ => {}
        }
        self.seats[0].at = it.time(0, 300);
        self.seats[0].traps.insert(0, traps);
    }
}

impl Story {
    /// Every other story has a webhook: in the others the bot is never told of anything.
    pub const fn has_webhook(&self) -> bool {
        self.seed % 2 == 1
    }

    /// What goes wrong at Teams in the beginning. What the bot is told comes late, twice, in disorder and never.
    pub fn faults_of_teams(&self) -> FaultPlan {
        FaultPlan {
            telling_lag_seconds_max: 2.0,
            told_late: 0.1,
            told_twice: 0.2,
            told_never: 0.2,
            ..self.faults.clone()
        }
    }

    /// What was drawn, for whoever reads a broken story. What happens tells itself.
    pub fn in_words(&self) -> Vec<String> {
        let Self { seed, people, chunk_size, slice, quota, database_skew, calm_at, .. } = self;
        let mut lines = vec![format!(
            "seed {seed}: {people} people in chunks of {chunk_size}, frozen by {slice}, at {quota} of the quotas; the \
             database's clock is {database_skew} ms ahead; calm from {calm_at:?} on"
        )];
        lines.extend(self.broadcasts.iter().enumerate().map(|(place, plan)| format!("broadcast {place}: {plan:?}")));
        lines.extend(self.seats.iter().enumerate().map(|(seat, plan)| {
            format!(
                "seat {seat}: {} ms ahead, restarts after {:?}, moves: {}",
                plan.skew, plan.restarts_after, plan.moves
            )
        }));
        lines
    }
}

fn draw_shares(it: &mut Dice) -> Shares {
    let mut share = |often| if it.percent(often) { it.part(0.3) } else { 0.0 };
    Shares {
        guests: share(30),
        unlicensed: share(30),
        policy: share(30),
        blocked: share(40),
        disabled: share(20),
        without_bot: if it.percent(50) { it.part(1.0) } else { 0.0 },
    }
}

fn draw_seat(it: &mut Dice, seat: u64) -> SeatPlan {
    let traps = (0..it.below(4)).map(|_| (0..=it.below(2)).map(|_| draw_trap(it)).collect()).collect();
    SeatPlan {
        at: it.time(0, if seat == 0 { 500 } else { 8_000 }),
        host: it.below(2),
        skew: it.skew(),
        traps,
        restarts_after: if it.percent(60) { it.time(50, 2_000) } else { it.time(2_000, 15_000) },
        moves: it.percent(40),
    }
}

/// Half of the traps lie where sends and flushes pass, for there is most to lose.
fn draw_trap(it: &mut Dice) -> Trap {
    let call = match it.below(10) {
        0..3 => Call::Send,
        3..5 => Call::Flush,
        _ => Call::OF_WORKERS[it.below(Call::OF_WORKERS.len() as u64) as usize],
    };
    let moment = Moment::ALL[it.below(4) as usize];
    let nth = 1 + if matches!(call, Call::Send | Call::Flush | Call::Renew) { it.below(8) } else { it.below(2) };
    let what = if it.percent(70) { Blow::Death } else { draw_freeze(it) };
    Trap { point: Point { call, moment }, nth, what }
}

fn draw_freeze(it: &mut Dice) -> Blow {
    let long = if it.percent(60) { it.time(9_000, 40_000) } else { it.time(100, 9_000) };
    Blow::Freeze(long, it.percent(30))
}

fn draw_broadcast(it: &mut Dice) -> BroadcastPlan {
    BroadcastPlan {
        at: it.time(0, 4_000),
        starts_after: it.percent(25).then(|| it.time(200, 20_000)),
        prepares: it.percent(60),
        urgent: it.percent(30),
        when_in_doubt: if it.percent(60) { WhenInDoubt::Hold } else { WhenInDoubt::Resend },
        deadline_after: if it.percent(20) { it.time(2_000, 120_000) } else { Duration::from_secs(72 * 3600) },
        list: it.percent(40).then(|| 1 + it.below(3)),
        too_large: false,
    }
}

fn draw_happening(it: &mut Dice, seats: usize, broadcasts: usize) -> Happening {
    let seat = it.below(seats as u64) as usize;
    let broadcast = it.below(broadcasts as u64) as usize;
    match it.below(20) {
        0..3 => Happening::Strike(seat, Blow::Death),
        3..6 => Happening::Strike(seat, draw_freeze(it)),
        6..8 => Happening::Stop(seat),
        8 => Happening::Jump(seat, it.below(240_000) as i64 - 120_000),
        9..11 => Happening::Wish(broadcast, Wish::Pause),
        11..14 => Happening::Wish(broadcast, Wish::Resume),
        14 => Happening::Wish(broadcast, Wish::Cancel),
        15 => Happening::Outage(it.time(200, 25_000)),
        16 => Happening::SecretExpires(it.time(1_000, 60_000)),
        17 => Happening::TokensRevoked,
        18 => Happening::BotDisabled(it.time(1_000, 40_000)),
        _ => Happening::Reupload,
    }
}

fn draw_weather(it: &mut Dice) -> Weather {
    let mut part = |often, most| if it.percent(often) { it.part(most) } else { 0.0 };
    Weather {
        store_lost_before: part(50, 0.1),
        store_lost_after: part(60, 0.15),
        store_zombie: part(40, 0.05),
        store_slow: part(40, 0.05),
        teams_refused: part(30, 0.1),
        teams_lost_before: part(40, 0.1),
        teams_lost_after: part(40, 0.15),
        teams_slow: part(40, 0.1),
    }
}

fn draw_faults(it: &mut Dice) -> FaultPlan {
    if it.percent(40) {
        return FaultPlan::default();
    }
    let most = if it.percent(50) { 0.03 } else { 0.1 };
    FaultPlan {
        lost_before_effect: it.part(most),
        lost_after_effect: it.part(most),
        gateway_after_effect: it.part(most),
        internal_before_effect: it.part(most),
        internal_after_effect: it.part(most),
        unavailable: it.part(most),
        precondition: it.part(most),
        install_hiccup: it.part(most),
        retry_after_missing: it.part(0.5),
        visibility_lag_seconds_max: it.part(5.0),
        ..FaultPlan::default()
    }
}
