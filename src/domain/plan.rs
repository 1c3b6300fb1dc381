//! Which road to a person: every bucket serves whom it can, those nearest to their end first.
//!
//! ```text
//!                       ┌────────────── create (the connector opens the chat) ──────────────┐
//!  nothing known ──▶ check ──(there)──────────────────────────────▶ resolve ──▶ chat known ─▶ send
//!        │             └──(absent)──▶ install ──▶ check (its id) ─────┘
//!        └─────────────────────────────▶ install (409: it was there already)
//! ```
//!
//! Nobody is given a road in advance. A person waits with what is known of her, and whichever bucket has room takes the
//! first whom it can help. So no bucket rests while anybody could use it, and together they come near the largest flow
//! that the quotas allow (`docs/planner.md` states it, `stentor bench cold` measures it).
//!
//! The bot may also be told of a chat without any request, when Teams can reach it from outside: an event follows each
//! installation. Somebody whom we have just installed waits a moment for hers, as long as [`Ears`] say that it is worth it.
//!
//! In a round that notifies, the way ends with the app: whoever is known to have it is notified together with up to 99
//! others, and somebody of whom nothing is known may be notified alone, which also tells whether she has it.
//!
//! Two requests are bets: an install for somebody who may have the app, and a create for somebody who may not. They are
//! made while the odds are worth it; [`Odds`] learns them from the answers.

use std::time::Duration;

use super::broadcast::{Channel, RoundKind};
use super::outcome::{Fact, Outcome, Step};
use super::route::{Installation, Route};

/// What a round is there for: what is done to each of its people last of all, and so what their way must lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// To know everybody's chat.
    FindChats,
    /// To know that everybody has the app.
    Install,
    /// To send to everybody's chat.
    Send,
    /// To put an entry into everybody's activity feed, which takes the app.
    Notify,
    /// To put another entry in the place of one that was put there before.
    NotifyAgain,
    /// As [`Purpose::Notify`] in a team's name, or a chat's: the app is there, not with each person.
    NotifyWithin,
    /// To put another text in the place of what was sent.
    Replace,
    /// To delete what was sent.
    Withdraw,
}

impl Purpose {
    /// The purpose of a round of this kind and channel; `says` whether it has something to say at all, and `within`
    /// whether its notification is in the name of a team or a chat.
    pub const fn of(kind: RoundKind, channel: Channel, says: bool, within: bool) -> Self {
        match (kind, channel) {
            (RoundKind::Prepare, Channel::Feed) => Self::Install,
            (RoundKind::Prepare, Channel::Chat | Channel::Post) => Self::FindChats,
            (_, Channel::Feed) if within => Self::NotifyWithin,
            (RoundKind::Correct | RoundKind::Recall, Channel::Feed) => Self::NotifyAgain,
            (_, Channel::Feed) => Self::Notify,
            (RoundKind::Send | RoundKind::Retry | RoundKind::Notify, Channel::Chat | Channel::Post) => Self::Send,
            (RoundKind::Recall, Channel::Chat | Channel::Post) if !says => Self::Withdraw,
            (RoundKind::Correct | RoundKind::Recall, Channel::Chat | Channel::Post) => Self::Replace,
        }
    }

    /// It tells or takes something from people; a round that prepares does not.
    pub const fn reaches_people(self) -> bool {
        !matches!(self, Self::FindChats | Self::Install)
    }

    /// It may give somebody the app. Nobody gets it to have something taken back.
    pub const fn may_install(self) -> bool {
        !matches!(self, Self::Replace | Self::Withdraw | Self::NotifyAgain | Self::NotifyWithin)
    }

    /// It deals with what was sent before.
    pub const fn looks_back(self) -> bool {
        matches!(self, Self::Replace | Self::Withdraw)
    }

    /// Somebody of whom so much is known is where a round of this purpose leads to, or where its last step begins.
    pub const fn is_there(self, knowledge: Knowledge) -> bool {
        match self {
            Self::FindChats | Self::Send | Self::Replace | Self::Withdraw => matches!(knowledge, Knowledge::Chat),
            Self::Install | Self::Notify | Self::NotifyAgain => {
                matches!(knowledge, Knowledge::Chat | Knowledge::Present)
            }
            Self::NotifyWithin => true,
        }
    }
}

/// What is known of the way to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Knowledge {
    /// Nothing: she may have the app or not.
    Nothing,
    /// She does not have the app.
    Absent,
    /// She has the app, but the id of its installation is not known.
    Unlisted,
    /// The id of the installation is known, the chat is not.
    Present,
    /// The chat is known.
    Chat,
}

impl Knowledge {
    /// What `route` tells.
    pub const fn of(route: &Route) -> Self {
        if route.conversation.is_some() {
            return Self::Chat;
        }
        match route.installation {
            Installation::Unknown => Self::Nothing,
            Installation::Absent => Self::Absent,
            Installation::Unlisted => Self::Unlisted,
            Installation::Present(_) => Self::Present,
        }
    }
}

/// Where somebody waits: what is known of her, and whether the short cut is open to her: that the connector opens her chat,
/// or that she is notified together with others. It is not tried again once it was refused, and its refusal decides nothing
/// else about her.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// What is known.
    pub knowledge: Knowledge,
    /// Whether the short cut is open to her.
    pub short_cut: bool,
}

const fn at(knowledge: Knowledge, short_cut: bool) -> Place {
    Place { knowledge, short_cut }
}

/// Whom `step` can help in a round of this purpose, in the order in which it does: first those who are nearer to their end,
/// and among equals those who have no other way.
pub const fn helped_by(step: Step, purpose: Purpose) -> &'static [Place] {
    use Knowledge::{Absent, Chat, Nothing, Present, Unlisted};
    const EVERYBODY: &[Place] = &[
        at(Chat, false),
        at(Chat, true),
        at(Present, false),
        at(Present, true),
        at(Unlisted, false),
        at(Unlisted, true),
        at(Absent, false),
        at(Absent, true),
        at(Nothing, false),
        at(Nothing, true),
    ];
    let with_chat: &[Place] = const { &[at(Chat, false), at(Chat, true)] };
    match (step, purpose) {
        (Step::Replace, Purpose::Replace) | (Step::Withdraw, Purpose::Withdraw) => with_chat,
        (Step::Notify, Purpose::NotifyWithin) => EVERYBODY,
        // 202 says nothing of those who do not have the app, so they do not come along.
        (Step::NotifyMany, Purpose::Notify | Purpose::NotifyAgain) => const { &[at(Chat, true), at(Present, true)] },
        // Its answer also tells whether she has the app. Whoever may go with others goes alone only while nobody else does.
        (Step::Notify, Purpose::Notify | Purpose::NotifyAgain) => {
            const {
                &[
                    at(Chat, false),
                    at(Present, false),
                    at(Unlisted, false),
                    at(Unlisted, true),
                    at(Nothing, false),
                    at(Nothing, true),
                    at(Chat, true),
                    at(Present, true),
                ]
            }
        }
        (Step::Replace | Step::Withdraw | Step::Notify | Step::NotifyMany, _) | (_, Purpose::NotifyWithin) => &[],
        (Step::Resolve | Step::Create | Step::Send, Purpose::Notify | Purpose::NotifyAgain | Purpose::Install) => &[],
        (Step::Install, purpose) if !purpose.may_install() => &[],
        (step, _) => on_the_way(step),
    }
}

const fn on_the_way(step: Step) -> &'static [Place] {
    use Knowledge::{Absent, Chat, Nothing, Present, Unlisted};
    match step {
        Step::Check => const { &[at(Unlisted, false), at(Unlisted, true), at(Nothing, false), at(Nothing, true)] },
        Step::Install => const { &[at(Absent, false), at(Absent, true), at(Nothing, false), at(Nothing, true)] },
        Step::Resolve => const { &[at(Present, false), at(Present, true)] },
        Step::Send => const { &[at(Chat, false), at(Chat, true)] },
        // Those of whom nothing is known first: a success spares them three requests, the others one or two.
        Step::Create => const { &[at(Nothing, true), at(Unlisted, true), at(Present, true)] },
        Step::Replace | Step::Withdraw | Step::Notify | Step::NotifyMany => &[],
    }
}

/// Too few of those of whom nothing is known have the app for a create to be worth its request.
const CREATE_FROM: f64 = 0.1;
/// So many of them have it that an install would only learn that it was there.
const INSTALL_UP_TO: f64 = 0.9;
/// The answers that the odds remember, about: an audience is not the same throughout.
const REMEMBERED: f64 = 200.0;

/// How long somebody whom we have just installed waits to be told of: events take a fraction of a second, and a lookup
/// that comes too early has to be repeated a second later anyway.
pub const LISTEN_FOR: Duration = Duration::from_millis(2500);
/// The events that the ears remember, about: a webhook that falls silent is found out within a second or two.
const HEARD_OF_LATE: f64 = 20.0;

/// Whether the bot is told in time of the people whom we install.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ears {
    heard: f64,
    missed: f64,
}

impl Default for Ears {
    /// Deaf until something is heard: without a webhook nobody waits in vain.
    fn default() -> Self {
        Self { heard: 0.0, missed: 1.0 }
    }
}

impl Ears {
    /// Of somebody we were told in time, or not.
    pub fn learn(&mut self, in_time: bool) {
        *(if in_time { &mut self.heard } else { &mut self.missed }) += 1.0;
        let all = self.heard + self.missed;
        if all > HEARD_OF_LATE {
            let kept = HEARD_OF_LATE / all;
            (self.heard, self.missed) = (self.heard * kept, self.missed * kept);
        }
    }

    /// Whether waiting for an event is worth it: more often than not, it comes.
    pub fn are_open(self) -> bool {
        self.heard >= self.missed
    }
}

/// What the answers so far let us expect: how likely somebody of whom nothing is known has the app already, and whether
/// the bot will be told of her chat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Odds {
    there: f64,
    absent: f64,
    /// Whether the bot is told of installations.
    pub ears: Ears,
}

impl Default for Odds {
    /// Even, until answers tell.
    fn default() -> Self {
        Self { there: 1.0, absent: 1.0, ears: Ears::default() }
    }
}

impl Odds {
    /// The share of those who have it, in 0.0..=1.0.
    pub fn there(self) -> f64 {
        self.there / (self.there + self.absent)
    }

    /// Somebody of whom nothing was known was asked about by `step`.
    pub fn learn(&mut self, step: Step, outcome: &Outcome) {
        let was_there = match (step, outcome) {
            (Step::Check, Outcome::Learnt(Fact::Installed(_)))
            | (Step::Install, Outcome::Learnt(Fact::AlreadyInstalled))
            | (Step::Create, Outcome::Learnt(Fact::Chat(_)))
            | (Step::Notify, Outcome::Accepted { .. }) => true,
            (Step::Check | Step::Create | Step::Notify, Outcome::Learnt(Fact::NotInstalled))
            | (Step::Install, Outcome::Learnt(Fact::InstallAccepted)) => false,
            _ => return,
        };
        *(if was_there { &mut self.there } else { &mut self.absent }) += 1.0;
        let all = self.there + self.absent;
        if all > REMEMBERED {
            let kept = REMEMBERED / all;
            (self.there, self.absent) = (self.there * kept, self.absent * kept);
        }
    }

    /// Whether `step` is worth its request for somebody at `place` in a round of this purpose.
    pub fn are_good_enough(self, step: Step, place: Place, purpose: Purpose) -> bool {
        match (step, place.knowledge) {
            // Nobody else helps her where nobody gets the app.
            (Step::Check, Knowledge::Nothing) if !purpose.may_install() => true,
            (Step::Create | Step::Notify, Knowledge::Nothing) => self.there() >= CREATE_FROM,
            (Step::Install, Knowledge::Nothing) => self.there() <= INSTALL_UP_TO,
            // Nearly everybody has to be installed anyway, and the event tells the rest: a check would be a request more.
            (Step::Check, Knowledge::Nothing) => !self.ears.are_open() || self.there() >= CREATE_FROM,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::InstallationId;

    const ALL: [Knowledge; 5] =
        [Knowledge::Nothing, Knowledge::Absent, Knowledge::Unlisted, Knowledge::Present, Knowledge::Chat];

    #[test]
    fn whoever_waits_can_be_helped_by_a_step_that_is_no_bet_and_no_short_cut() {
        for knowledge in ALL {
            for short_cut in [false, true] {
                for purpose in [Purpose::Send, Purpose::Notify, Purpose::NotifyWithin] {
                    let helps = |step: &Step| helped_by(*step, purpose).contains(&at(knowledge, short_cut));
                    let sure = Step::ALL.into_iter().filter(|step| !is_bet(*step)).find(helps);
                    assert!(sure.is_some(), "{knowledge:?}, {purpose:?}");
                }
            }
        }
    }

    fn is_bet(step: Step) -> bool {
        matches!(step, Step::Create | Step::NotifyMany)
    }

    #[test]
    fn nobody_gets_the_app_to_have_something_taken_back() {
        for purpose in [Purpose::Replace, Purpose::Withdraw, Purpose::NotifyAgain] {
            assert!(helped_by(Step::Install, purpose).is_empty());
            assert!(!helped_by(Step::Check, purpose).is_empty());
        }
    }

    #[test]
    fn whoever_may_not_have_the_app_is_not_notified_together_with_others() {
        let together = helped_by(Step::NotifyMany, Purpose::Notify);
        let known = [Knowledge::Chat, Knowledge::Present];
        assert!(together.iter().all(|place| known.contains(&place.knowledge) && place.short_cut));
    }

    #[test]
    fn the_odds_follow_the_answers_and_end_bets_that_lose() {
        let (nothing, mut odds) = (at(Knowledge::Nothing, true), Odds::default());
        assert!(
            odds.are_good_enough(Step::Create, nothing, Purpose::Send)
                && odds.are_good_enough(Step::Install, nothing, Purpose::Send)
        );
        (0..20).for_each(|_| odds.learn(Step::Create, &Outcome::Learnt(Fact::NotInstalled)));
        assert!(
            !odds.are_good_enough(Step::Create, nothing, Purpose::Send)
                && odds.are_good_enough(Step::Install, nothing, Purpose::Send)
        );
        let there = Outcome::Learnt(Fact::Installed(InstallationId("iid".into())));
        (0..2000).for_each(|_| odds.learn(Step::Check, &there));
        assert!(
            odds.are_good_enough(Step::Create, nothing, Purpose::Send)
                && !odds.are_good_enough(Step::Install, nothing, Purpose::Send)
        );
        assert!(odds.are_good_enough(Step::Install, at(Knowledge::Absent, true), Purpose::Send));
    }

    #[test]
    fn the_ears_open_with_the_first_event_and_close_when_events_stay_away() {
        let mut ears = Ears::default();
        assert!(!ears.are_open());
        (0..100).for_each(|_| ears.learn(true));
        assert!(ears.are_open());
        let missed = (1..100).find(|_| {
            ears.learn(false);
            !ears.are_open()
        });
        assert!(missed.is_some_and(|missed| missed <= 15), "{missed:?}");
        ears = Ears::default();
        ears.learn(true);
        assert!(ears.are_open());
    }

    #[test]
    fn nobody_is_checked_while_few_have_the_app_and_events_tell_the_rest() {
        let (nothing, mut odds) = (at(Knowledge::Nothing, true), Odds::default());
        (0..50).for_each(|_| odds.learn(Step::Check, &Outcome::Learnt(Fact::NotInstalled)));
        assert!(odds.are_good_enough(Step::Check, nothing, Purpose::Send));
        odds.ears.learn(true);
        assert!(
            !odds.are_good_enough(Step::Check, nothing, Purpose::Send)
                && odds.are_good_enough(Step::Install, nothing, Purpose::Send)
        );
        // Whoever was installed and not told of in time is looked up all the same.
        assert!(odds.are_good_enough(Step::Check, at(Knowledge::Unlisted, false), Purpose::Send));
        (0..50).for_each(|_| odds.ears.learn(false));
        assert!(odds.are_good_enough(Step::Check, nothing, Purpose::Send));
    }

    #[test]
    fn whoever_gets_no_app_is_asked_about_whatever_the_odds() {
        let mut odds = Odds::default();
        (0..200).for_each(|_| odds.learn(Step::Check, &Outcome::Learnt(Fact::NotInstalled)));
        (0..20).for_each(|_| odds.ears.learn(true));
        for purpose in [Purpose::Replace, Purpose::Withdraw, Purpose::NotifyAgain] {
            assert!(odds.are_good_enough(Step::Check, at(Knowledge::Nothing, true), purpose), "{purpose:?}");
        }
        assert!(!odds.are_good_enough(Step::Check, at(Knowledge::Nothing, true), Purpose::Send));
    }

    #[test]
    fn an_answer_that_tells_nothing_about_the_app_leaves_the_odds_alone() {
        let mut odds = Odds::default();
        odds.learn(Step::Check, &Outcome::Throttled { retry_after: None });
        odds.learn(Step::Resolve, &Outcome::Learnt(Fact::NotInstalled));
        assert_eq!(odds, Odds::default());
    }
}
