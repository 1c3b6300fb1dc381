//! Two workers, one tenant and time in ticks: does anything of one ever reach the wire while the other is the owner?
//!
//! The rules are [`LeaseTerms`], [`StartUntil`] and [`is_alive`] themselves. Renewals are stamped late and answered
//! later, or never; workers freeze (nobody lets them go on) and die; a request let go spends up to [`ON_THE_WAY`]
//! between the check and the wire.

use std::fmt::{self, Display};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use stentor::domain::lease::{LeaseTerms, StartUntil, is_alive};
use stentor::domain::time::{Monotonic, Timestamp};

use crate::search::System;
use crate::system::now as origin;

pub const TICK: Duration = Duration::from_secs(1);
/// The longest way of a request to the wire, in ticks: `network.connect_timeout`.
pub const ON_THE_WAY: u32 = 2;

/// A fault built in, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    None,
    /// A successor comes the moment the lease has ended.
    NoGrace,
    /// The stopwatch runs from the answer to a renewal, not from its sending.
    CountsFromAnswer,
    /// A lease that has ended can be renewed.
    RenewsTheDead,
}

pub struct Tenant {
    pub terms: LeaseTerms,
    pub ticks: u32,
    pub crashes: u8,
    pub mutation: Mutation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Renewal {
    sent_at: u32,
    stamped: Option<bool>,
}

/// One run of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Run {
    number: u8,
    until: StartUntil,
    renewal: Option<Renewal>,
    /// By the record.
    alive_until: Timestamp,
    took: bool,
    lost: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Clockwork {
    now: u32,
    runs: [Run; 2],
    holder: Option<u8>,
    /// Requests let go and not on the wire: whose, and when.
    on_the_way: Vec<(u8, u32)>,
    numbers: u8,
    crashes: u8,
}

#[derive(Debug, Clone, Copy)]
pub enum Act {
    Tick,
    Renew(usize),
    Stamp(usize),
    Hear(usize),
    Miss(usize),
    Take(usize),
    LetGo(usize),
    Reach(usize),
    Vanish(usize),
    Crash(usize),
}

impl Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |at: &usize| ["Anna", "Bert"][*at];
        match self {
            Self::Tick => write!(f, "a second passes"),
            Self::Renew(at) => write!(f, "{} asks for its lease to be renewed", name(at)),
            Self::Stamp(at) => write!(f, "the database stamps the lease of {}", name(at)),
            Self::Hear(at) => write!(f, "{} hears of it", name(at)),
            Self::Miss(at) => write!(f, "{} never hears of it", name(at)),
            Self::Take(at) => write!(f, "{} takes the tenant", name(at)),
            Self::LetGo(at) => write!(f, "{} lets a request go", name(at)),
            Self::Reach(place) => write!(f, "request {} is on the wire", place + 1),
            Self::Vanish(place) => write!(f, "request {} never gets there", place + 1),
            Self::Crash(at) => write!(f, "{} is killed", name(at)),
        }
    }
}

impl Clockwork {
    fn wall(&self, tick: u32) -> Timestamp {
        origin() + TICK * tick
    }

    fn clocks(&self, tick: u32) -> (Monotonic, Timestamp) {
        (Monotonic::from_origin(TICK * tick), self.wall(tick))
    }

    fn may_start(&self, run: &Run) -> bool {
        let (now, wall) = self.clocks(self.now);
        run.took && !run.lost && run.until.allows(now, wall)
    }

    /// By the record.
    fn is_free(&self, terms: &LeaseTerms) -> bool {
        let holder = self.runs.iter().find(|run| Some(run.number) == self.holder);
        holder.is_none_or(|run| terms.may_take(run.alive_until, self.wall(self.now)))
    }
}

impl Tenant {
    /// A run that registers at this instant and hears of it at once.
    fn registered(&self, number: u8, state: &Clockwork) -> Run {
        Run {
            number,
            until: StartUntil::NEVER.renewed(&self.terms, state.clocks(state.now)),
            renewal: None,
            alive_until: self.terms.alive_until(state.wall(state.now)),
            took: false,
            lost: false,
        }
    }

    fn nobody(&self) -> Clockwork {
        let (until, alive_until) = (StartUntil::NEVER, origin());
        let nobody = Run { number: 0, until, renewal: None, alive_until, took: false, lost: true };
        let runs = [nobody; 2];
        Clockwork { now: 0, runs, holder: None, on_the_way: Vec::new(), numbers: 0, crashes: self.crashes }
    }
}

impl System for Tenant {
    type State = Clockwork;
    type Act = Act;

    fn start(&self) -> Clockwork {
        let start = self.nobody();
        let runs = [self.registered(0, &start), self.registered(1, &start)];
        Clockwork { runs, numbers: 2, ..start }
    }

    fn acts(&self, state: &Clockwork) -> Vec<Act> {
        let mut acts = Vec::new();
        let mut may = |allowed: bool, act: Act| acts.extend(allowed.then_some(act));
        let overdue = state.on_the_way.iter().any(|(_, since)| state.now - since >= ON_THE_WAY);
        may(state.now < self.ticks && !overdue, Act::Tick);
        let grace = if self.mutation == Mutation::NoGrace { Duration::ZERO } else { self.terms.grace };
        for (at, run) in state.runs.iter().enumerate() {
            may(run.renewal.is_none() && !run.lost, Act::Renew(at));
            may(run.renewal.is_some_and(|renewal| renewal.stamped.is_none()), Act::Stamp(at));
            may(run.renewal.is_some_and(|renewal| renewal.stamped.is_some()), Act::Hear(at));
            may(run.renewal.is_some(), Act::Miss(at));
            let free = state.is_free(&LeaseTerms { grace, ..self.terms });
            // Both begin alike, so who is first tells nothing.
            let free = free && (state.holder.is_some() || at == 0);
            may(!run.took && free && is_alive(run.alive_until, state.wall(state.now)), Act::Take(at));
            may(state.may_start(run) && state.on_the_way.is_empty(), Act::LetGo(at));
            may(state.crashes > 0, Act::Crash(at));
        }
        for place in 0..state.on_the_way.len() {
            may(true, Act::Reach(place));
            may(true, Act::Vanish(place));
        }
        acts
    }

    fn step(&self, state: &Clockwork, act: Act) -> Result<Clockwork, String> {
        let mut next = state.clone();
        let wall = state.wall(state.now);
        match act {
            Act::Tick => next.now += 1,
            Act::Renew(at) => next.runs[at].renewal = Some(Renewal { sent_at: state.now, stamped: None }),
            Act::Stamp(at) => {
                let run = &mut next.runs[at];
                let alive = is_alive(run.alive_until, wall) || self.mutation == Mutation::RenewsTheDead;
                if alive {
                    run.alive_until = self.terms.alive_until(wall);
                }
                run.renewal = run.renewal.map(|renewal| Renewal { stamped: Some(alive), ..renewal });
            }
            Act::Hear(at) => {
                let run = &mut next.runs[at];
                match run.renewal.take() {
                    Some(Renewal { sent_at, stamped: Some(true) }) => {
                        let counted = if self.mutation == Mutation::CountsFromAnswer { state.now } else { sent_at };
                        run.until = run.until.renewed(&self.terms, state.clocks(counted));
                    }
                    _ => run.lost = true,
                }
            }
            Act::Miss(at) => next.runs[at].renewal = None,
            Act::Take(at) => {
                next.runs[at].took = true;
                next.holder = Some(next.runs[at].number);
            }
            Act::LetGo(at) => next.on_the_way.push((state.runs[at].number, state.now)),
            Act::Reach(place) => {
                let (number, _) = next.on_the_way.remove(place);
                if state.holder != Some(number) {
                    return Err("a request reached the wire when somebody else was the owner".to_owned());
                }
            }
            Act::Vanish(place) => drop(next.on_the_way.remove(place)),
            Act::Crash(at) => {
                next.crashes -= 1;
                // A killed holder's row stays: its lease has to end, and what it let go may still arrive.
                let dead = Run { until: StartUntil::NEVER, renewal: None, lost: true, ..state.runs[at] };
                next.runs[at] = dead;
                if state.holder != Some(dead.number) {
                    next.runs[at] = self.registered(next.numbers, state);
                    next.numbers += 1;
                }
            }
        }
        Ok(next)
    }

    /// At the last tick, nothing is promised of what would come.
    fn check_end(&self, _: &Clockwork) -> Result<(), String> {
        Ok(())
    }

    fn print(&self, state: &Clockwork) -> u64 {
        let mut hasher = DefaultHasher::new();
        state.hash(&mut hasher);
        hasher.finish()
    }
}
