//! THE STATE MACHINE of one recipient: states, events, [`apply`].
//!
//! A delivery is one broadcast for one recipient. It has no row that is rewritten at each step: its state follows
//! from the recorded attempts ([`Delivery::replay`]) and from the route, which belongs to the recipient.
//!
//! [`TABLE`] holds every arrow; `docs/state-machine.md` is rendered from it and a test compares the two. Two rows
//! carry the design. *Throttled costs no try*: being asked to wait is not failing. *InDoubt is a state*: a request
//! that may have arrived is neither sent nor failed, and an honest report says so.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ids::{ConversationId, InstallationId, MessageId};
use super::outcome::{Fact, HaltScope, Outcome, Remedy, Stale, Step};
use super::pacing::Bucket;
use super::plan::{Knowledge, Place, Purpose};
use super::reason::{HaltReason, Reason};
use super::retry::{Jitter, RetryPolicy};
use super::route::{Installation, Route};
use super::time::Timestamp;

pub mod table;

pub use table::{EventKind, StateKind, TABLE};

/// What to do with a send that may have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenInDoubt {
    /// Leave it unconfirmed: nobody is told twice.
    #[default]
    Hold,
    /// Send again: nobody is missed.
    Resend,
}

/// How a delivery ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// Teams took the message or the notification, or what was sent is replaced or deleted; in a round that tells nobody
    /// anything: the way is known.
    Sent,
    /// It cannot be delivered, for a named reason.
    Failed,
    /// The person cannot be reached by rule.
    Skipped,
    /// It may have arrived; held so by policy.
    Unconfirmed,
    /// The broadcast was cancelled first.
    Cancelled,
}

impl Settlement {
    /// All of them, in the order in which reports list them.
    pub const ALL: [Self; 5] = [Self::Sent, Self::Failed, Self::Skipped, Self::Unconfirmed, Self::Cancelled];

    /// The word used in tables, exports and the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Unconfirmed => "unconfirmed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The number that stands for it in the `attempt` table.
    pub const fn number(self) -> i16 {
        match self {
            Self::Sent => 1,
            Self::Failed => 2,
            Self::Skipped => 3,
            Self::Unconfirmed => 4,
            Self::Cancelled => 5,
        }
    }
}

/// Where a delivery stands. Each state holds exactly the data that exists in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Its turn may come at once.
    Pending,
    /// A request is on the wire, or was.
    InFlight(Step),
    /// Its turn comes at `due_at`.
    Waiting {
        /// UTC.
        due_at: Timestamp,
    },
    /// A send may have arrived.
    InDoubt(Reason),
    /// Final; a late answer is the one way out.
    Settled(Settlement, Option<Reason>),
}

/// The remedies already tried; each is tried once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Tried {
    chat: bool,
    installation: bool,
    graph_token: bool,
    bot_token: bool,
    catalogue_id: bool,
    bot_host: bool,
    short_cut: bool,
}

/// One broadcast to one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What we know of the way.
    pub route: Route,
    /// Where it stands.
    pub state: State,
    /// Requests answered, or given up, so far. The next one carries the number after it.
    pub attempts: u32,
    /// Tries spent; [`RetryPolicy::tries`] bounds them.
    pub tries: u8,
    polls: u8,
    tried: Tried,
    /// Teams itself said that the app is there, although it is not known under which id.
    seen: bool,
    /// Why an earlier send, which the policy sent again, may have arrived.
    doubted: Option<Reason>,
    /// The same of an earlier round; nothing that is answered days later speaks of it, but a success.
    doubted_before: Option<Reason>,
    /// In a round that looks back: why there may be another message than the one that is replaced or deleted.
    another: Option<Reason>,
}

/// What happens to a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Planned and paced; for a send, permitted by a commit.
    Started(Step),
    /// The request in flight was answered, or given up.
    Answered(Outcome),
    /// The lease ended while a request was in flight.
    LeaseEnded,
    /// The wait is over.
    Due,
    /// Her chat has had as many messages as it may; the next may start at this instant (UTC).
    Spaced(Timestamp),
    /// We have just installed the app for her, and the bot is told of installations: hers may come until this instant
    /// (UTC).
    Listens(Timestamp),
    /// The bot was told which chat is hers.
    Heard(ConversationId),
    /// The person cannot be reached by rule.
    Barred(Reason),
    /// Nothing can be done for her in this round.
    Unable(Reason),
    /// The deadline passed.
    Expired,
    /// The broadcast was cancelled.
    Cancelled,
    /// The broadcast's policy settles the doubt.
    DoubtSettled(WhenInDoubt),
    /// An answer arrived after the doubt was settled.
    LateAnswer(Outcome),
}

/// What the caller must carry out after a transition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// The step's bucket waits.
    CoolDown {
        /// As the service wrote it; `None` when it did not say.
        retry_after: Option<Duration>,
    },
    /// More of the recipient's route is known: keep it.
    Learn(Route),
    /// What was known of it is wrong: keep what is left.
    Forget(Route),
    /// Teams refused this person: remember it beside the route.
    NoteRefusal(Reason),
    /// Stop the broadcast, or all of the tenant's.
    Halt(HaltScope, HaltReason),
    /// Renew something that serves everybody.
    Renew(Remedy),
    /// The content was refused for this person; several in a row mean it is the content.
    ContentRefused(Reason),
}

/// The next state and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The delivery as it stands now.
    pub delivery: Delivery,
    /// To be carried out by the caller; the domain never does.
    pub effects: Vec<Effect>,
}

/// The table has no such arrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a delivery that is {state:?} cannot meet {event:?}")]
pub struct IllegalTransition {
    /// Where it stood.
    pub state: StateKind,
    /// What was to happen.
    pub event: EventKind,
}

impl From<Delivery> for Transition {
    fn from(delivery: Delivery) -> Self {
        Self { delivery, effects: Vec::new() }
    }
}

impl Delivery {
    /// A delivery that nobody has worked on yet.
    pub fn new(route: Route) -> Self {
        let tried = Tried::default();
        Self {
            route,
            state: State::Pending,
            attempts: 0,
            tries: 0,
            polls: 0,
            tried,
            seen: false,
            doubted: None,
            doubted_before: None,
            another: None,
        }
    }

    /// The same, with so many attempts behind it.
    #[must_use]
    pub fn after(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The same, for somebody to whom the short cut leads nowhere.
    #[must_use]
    pub fn without_short_cut(self) -> Self {
        Self { tried: Tried { short_cut: true, ..self.tried }, ..self }
    }

    /// The same, for somebody who may have been told by an earlier round.
    #[must_use]
    pub fn doubted_for(self, doubt: Option<Reason>) -> Self {
        Self { doubted_before: doubt, ..self }
    }

    /// The same, for somebody who may have another message than the one that is to be replaced or deleted.
    #[must_use]
    pub fn beside_another(self, doubt: Option<Reason>) -> Self {
        Self { another: doubt, ..self }
    }

    /// How this delivery has ended for a round of this purpose, if it has. Where nobody is told anything, the way is known
    /// or it is not.
    pub const fn settled_for(&self, purpose: Purpose) -> Option<Settlement> {
        match &self.state {
            State::Settled(settlement, _) => Some(*settlement),
            State::Pending if !purpose.reaches_people() && purpose.is_there(self.place_for(purpose).knowledge) => {
                Some(Settlement::Sent)
            }
            _ => None,
        }
    }

    /// Why nothing more can be done for her in a round of this purpose: she does not have the app, and such a round gives
    /// it to nobody.
    pub const fn stuck_in(&self, purpose: Purpose) -> Option<Reason> {
        match (&self.state, self.knowledge()) {
            (State::Pending, Knowledge::Absent) if purpose.looks_back() || matches!(purpose, Purpose::NotifyAgain) => {
                Some(Reason::NotInstalled)
            }
            _ => None,
        }
    }

    /// The delivery that `attempts`, in their order, lead to: what a new owner of the chunk starts from.
    ///
    /// `route` is what the directory knows; attempts do not carry it. Each attempt is its step, its outcome and the
    /// instant at which it ended (UTC). A send whose answer nobody saw is [`Outcome::Lost`].
    ///
    /// # Errors
    /// [`IllegalTransition`] when the record tells a story that the table does not allow.
    pub fn replay(
        route: Route,
        attempts: impl IntoIterator<Item = (Step, Outcome, Timestamp)>,
        when_in_doubt: WhenInDoubt,
        policy: &RetryPolicy,
        jitter: impl Fn(u32) -> Jitter,
    ) -> Result<Self, IllegalTransition> {
        let mut delivery = Self::new(Route::default());
        for (step, outcome, ended_at) in attempts {
            if matches!(delivery.state, State::Waiting { .. }) {
                delivery.state = State::Pending;
            }
            let jitter = jitter(delivery.attempts + 1);
            for event in [Event::Started(step), Event::Answered(outcome)] {
                delivery = apply(&delivery, event, policy, ended_at, jitter)?.delivery;
            }
            if matches!(delivery.state, State::InDoubt(_)) {
                let event = Event::DoubtSettled(when_in_doubt);
                delivery = apply(&delivery, event, policy, ended_at, jitter)?.delivery;
            }
        }
        // A chat of which we were told since one proved stale is that very one, for all we know.
        let conversation = route.conversation.filter(|_| delivery.route.is_known() || delivery.believes_word());
        delivery.route = Route { conversation, ..route };
        Ok(delivery)
    }

    /// Where this delivery waits for whoever can help it.
    pub const fn place(&self) -> Place {
        Place { knowledge: self.knowledge(), short_cut: !self.tried.short_cut }
    }

    const fn knowledge(&self) -> Knowledge {
        Knowledge::of(&self.route)
    }

    /// Where she waits in a round of this purpose: to be notified it is enough that she has the app, under whatever id.
    pub const fn place_for(&self, purpose: Purpose) -> Place {
        match (purpose, self.place()) {
            (
                Purpose::Notify | Purpose::NotifyAgain | Purpose::Install,
                Place { knowledge: Knowledge::Unlisted, short_cut },
            ) if self.seen => Place { knowledge: Knowledge::Present, short_cut },
            (_, place) => place,
        }
    }

    /// Whether her chat is still to be found, and word of it would help.
    pub const fn looks_for_chat(&self) -> bool {
        !self.route.is_known() && self.believes_word()
    }

    /// Where a way has proved stale, word of a chat would lead to that very way again, for all we know: then only a fresh
    /// answer helps.
    const fn believes_word(&self) -> bool {
        !self.tried.chat && !self.tried.installation
    }

    /// Whether an earlier send may have arrived.
    pub const fn is_doubted(&self) -> bool {
        self.doubted.is_some() || self.doubted_before.is_some()
    }

    /// Final, but for a late answer.
    pub const fn is_settled(&self) -> bool {
        matches!(self.state, State::Settled(..))
    }

    fn settled(self, settlement: Settlement, reason: Option<Reason>) -> Self {
        Self { state: State::Settled(settlement, reason), ..self }
    }

    fn failed(self, reason: Reason) -> Self {
        self.settled(Settlement::Failed, Some(reason))
    }

    fn pending(self) -> Self {
        Self { state: State::Pending, ..self }
    }

    /// Spends a try: waits for the next one, or ends as `exhausted` when there is none.
    fn spend_try(self, policy: &RetryPolicy, now: Timestamp, jitter: Jitter, exhausted: State) -> Self {
        let tries = self.tries + 1;
        let state = if tries >= policy.tries {
            exhausted
        } else {
            State::Waiting { due_at: now + policy.delay(tries, jitter) }
        };
        Self { state, tries, ..self }
    }

    fn and(self, effect: Effect) -> Transition {
        Transition { delivery: self, effects: vec![effect] }
    }
}

/// Applies one event to one delivery. Pure: equal inputs give equal transitions.
///
/// `now` is UTC. `jitter` spreads the wait, should there be one, and is drawn by the caller.
///
/// # Errors
/// [`IllegalTransition`] names the state and the event when the table has no such row.
pub fn apply(
    delivery: &Delivery,
    event: Event,
    policy: &RetryPolicy,
    now: Timestamp,
    jitter: Jitter,
) -> Result<Transition, IllegalTransition> {
    let (from, kind) = (delivery.state.kind(), kind_of(delivery, &event));
    let row = TABLE
        .iter()
        .find(|row| row.event == kind && row.from.contains(&from))
        .ok_or(IllegalTransition { state: from, event: kind })?;
    let it = delivery.clone();
    let transition = match event {
        Event::Answered(_) if kind == EventKind::ShortCutClosed => {
            let tried = Tried { short_cut: true, ..it.tried };
            Delivery { tried, attempts: it.attempts + 1, ..it.pending() }.into()
        }
        Event::Started(step) => Delivery { state: State::InFlight(step), ..it }.into(),
        Event::Answered(outcome) => answered(it, outcome, policy, now, jitter),
        Event::LeaseEnded => answered(it, Outcome::Lost(Reason::LeaseEnded), policy, now, jitter),
        Event::Due => it.pending().into(),
        Event::Spaced(due_at) | Event::Listens(due_at) => Delivery { state: State::Waiting { due_at }, ..it }.into(),
        Event::Heard(conversation) => {
            let route = Route { conversation: Some(conversation), ..it.route.clone() };
            Delivery { route, ..it.pending() }.into()
        }
        Event::Barred(reason) => it.settled(Settlement::Skipped, Some(reason)).into(),
        Event::Unable(reason) => it.failed(reason).into(),
        Event::Expired => it.failed(Reason::Expired).into(),
        Event::Cancelled => it.settled(Settlement::Cancelled, Some(Reason::Cancelled)).into(),
        Event::DoubtSettled(when_in_doubt) => settle_doubt(it, when_in_doubt, policy, now, jitter).into(),
        Event::LateAnswer(Outcome::Accepted { .. }) => it.settled(Settlement::Sent, None).into(),
        Event::LateAnswer(outcome) => it.failed(outcome.reason().unwrap_or(Reason::Unexpected)).into(),
    };
    let late = matches!(kind, EventKind::LateAccepted | EventKind::LateRejected);
    let transition = if late { transition } else { remember_doubt(transition) };
    // Invariant: the table is the truth; an arrow that the code draws beside it is a bug of ours.
    debug_assert!(row.to.contains(&transition.delivery.state.kind()), "{from:?} --{kind:?}--> {transition:?}");
    Ok(transition)
}

/// Whoever may have been told already is never reported as not reached: only Teams' own word on a later send ends her
/// doubt.
fn remember_doubt(transition: Transition) -> Transition {
    let Transition { delivery, effects } = transition;
    let state = match (&delivery.state, delivery.doubted.or(delivery.doubted_before)) {
        (State::Settled(Settlement::Failed | Settlement::Skipped | Settlement::Cancelled, _), Some(reason)) => {
            State::Settled(Settlement::Unconfirmed, Some(reason))
        }
        (state, _) => state.clone(),
    };
    Transition { delivery: Delivery { state, ..delivery }, effects }
}

fn answered(delivery: Delivery, outcome: Outcome, policy: &RetryPolicy, now: Timestamp, jitter: Jitter) -> Transition {
    let sending = delivery.state == State::InFlight(Step::Send);
    let notifying = matches!(delivery.state, State::InFlight(Step::Notify | Step::NotifyMany));
    let looking_back = matches!(delivery.state, State::InFlight(Step::Replace | Step::Withdraw));
    let never_left = outcome == Outcome::NotStarted;
    let delivery = Delivery { attempts: delivery.attempts + u32::from(!never_left), ..delivery };
    match outcome {
        Outcome::Learnt(fact) => learnt(delivery, fact, policy, now, jitter),
        Outcome::Accepted { .. } => accepted(delivery).into(),
        Outcome::Throttled { retry_after } => delivery.pending().and(Effect::CoolDown { retry_after }),
        Outcome::Refused(scope, reason) => delivery.pending().and(Effect::Halt(scope, reason)),
        Outcome::Transient(reason) => {
            let exhausted = State::Settled(Settlement::Failed, Some(reason));
            delivery.spend_try(policy, now, jitter, exhausted).into()
        }
        Outcome::NotYet => poll_again(delivery, policy, now, jitter),
        Outcome::StaleRoute(stale, reason) => forget(delivery, stale, reason),
        Outcome::NeedsRemedy(remedy, reason) => renew(delivery, remedy, reason),
        Outcome::Rejected(reason) => {
            // Who refuses the message now refused it moments before: sending again has settled the doubt.
            let doubted = if sending || notifying { None } else { delivery.doubted };
            let failed = Delivery { doubted, ..delivery }.failed(reason);
            // What cannot be replaced or deleted says nothing of writing to her.
            if looking_back { failed.into() } else { failed.and(Effect::NoteRefusal(reason)) }
        }
        Outcome::ContentRefused(reason) => {
            let exhausted = State::Settled(Settlement::Failed, Some(reason));
            delivery.spend_try(policy, now, jitter, exhausted).and(Effect::ContentRefused(reason))
        }
        Outcome::Lost(reason) if sending => Delivery { state: State::InDoubt(reason), ..delivery }.into(),
        // Another one of the same chain takes the place of the first, if there is a first; without one, nobody knows.
        Outcome::Lost(reason) if notifying => {
            let doubted = delivery.doubted.or(Some(reason));
            let exhausted = State::Settled(Settlement::Unconfirmed, doubted);
            Delivery { doubted, ..delivery }.spend_try(policy, now, jitter, exhausted).into()
        }
        Outcome::Lost(_) | Outcome::NotStarted => delivery.pending().into(),
    }
}

/// Done. Only that what is replaced or deleted is one message, and she may have got another, which nobody can name.
fn accepted(delivery: Delivery) -> Delivery {
    let another = match delivery.state {
        State::InFlight(Step::Replace | Step::Withdraw) => delivery.another,
        _ => None,
    };
    match another {
        Some(doubt) => delivery.settled(Settlement::Unconfirmed, Some(doubt)),
        None => delivery.settled(Settlement::Sent, None),
    }
}

/// The row's event. A refused short cut means that she takes the long way, and decides nothing else about her: what is
/// wrong with her, the steps of that way will say.
fn kind_of(delivery: &Delivery, event: &Event) -> EventKind {
    let Event::Answered(outcome) = event else { return event.kind() };
    let cutting = matches!(delivery.state, State::InFlight(Step::Create | Step::NotifyMany));
    let many = delivery.state == State::InFlight(Step::NotifyMany);
    let closed = match outcome {
        // What went wrong for many does so for none of them in particular.
        Outcome::Transient(_) | Outcome::Lost(_) if many => false,

        Outcome::Learnt(Fact::Chat(_))
        | Outcome::Accepted { .. }
        | Outcome::Throttled { .. }
        | Outcome::NeedsRemedy(..)
        | Outcome::Refused(..)
        | Outcome::NotStarted => false,
        Outcome::Learnt(Fact::NotInstalled) => Knowledge::of(&delivery.route) != Knowledge::Nothing,
        _ => true,
    };
    if cutting && closed { EventKind::ShortCutClosed } else { event.kind() }
}

/// A better route, or patience: what we installed ourselves may not be listed yet.
fn learnt(delivery: Delivery, fact: Fact, policy: &RetryPolicy, now: Timestamp, jitter: Jitter) -> Transition {
    let mut route = delivery.route.clone();
    let seen = delivery.seen || fact == Fact::AlreadyInstalled;
    match fact {
        // We took her to have the app.
        Fact::NotInstalled
            if delivery.state == State::InFlight(Step::Notify)
                && matches!(delivery.knowledge(), Knowledge::Chat | Knowledge::Present) =>
        {
            return forget(delivery, Stale::Installation, Reason::NotInstalled);
        }
        Fact::NotInstalled if route.installation == Installation::Unlisted => {
            return poll_again(delivery, policy, now, jitter);
        }
        Fact::NotInstalled => route.installation = Installation::Absent,
        Fact::InstallAccepted | Fact::AlreadyInstalled => route.installation = Installation::Unlisted,
        Fact::Installed(id) => route.installation = Installation::Present(id),
        Fact::Chat(conversation) => route.conversation = Some(conversation),
    }
    Delivery { route: route.clone(), seen, ..delivery.pending() }.and(Effect::Learn(route))
}

fn poll_again(delivery: Delivery, policy: &RetryPolicy, now: Timestamp, jitter: Jitter) -> Transition {
    let polls = delivery.polls + 1;
    if polls < policy.polls {
        let due_at = now + policy.poll_delay(polls, jitter);
        return Delivery { state: State::Waiting { due_at }, polls, ..delivery }.into();
    }
    // Not lag, then: what we know of the installation is wrong, or it never takes.
    forget(Delivery { polls: 0, ..delivery }, Stale::Installation, Reason::InstallationNotVisible)
}

/// Forgets what proved stale, once; the second time the person is failed.
fn forget(delivery: Delivery, stale: Stale, reason: Reason) -> Transition {
    let tried = match stale {
        Stale::Chat if !delivery.tried.chat => Tried { chat: true, ..delivery.tried },
        Stale::Installation if !delivery.tried.installation => Tried { installation: true, ..delivery.tried },
        Stale::Chat | Stale::Installation => return delivery.failed(reason).and(Effect::NoteRefusal(reason)),
    };
    let mut route = Route { conversation: None, ..delivery.route.clone() };
    let seen = delivery.seen && stale != Stale::Installation;
    if stale == Stale::Installation {
        route.installation = Installation::Unknown;
    }
    Delivery { route: route.clone(), tried, seen, ..delivery.pending() }.and(Effect::Forget(route))
}

/// Renews what serves everybody, once for each delivery. What still fails then is a fault of the set-up, or the
/// person is.
fn renew(delivery: Delivery, remedy: Remedy, reason: Reason) -> Transition {
    // Graph and the bot have tokens of their own: the one renewed says nothing of the other.
    let asks_the_bot = |step: Step| Bucket::from(step) == Bucket::Send;
    let of_the_bot = matches!(delivery.state, State::InFlight(step) if asks_the_bot(step));
    let tried = match &remedy {
        Remedy::Token if of_the_bot && !delivery.tried.bot_token => Tried { bot_token: true, ..delivery.tried },
        Remedy::Token if !of_the_bot && !delivery.tried.graph_token => Tried { graph_token: true, ..delivery.tried },
        Remedy::CatalogueId if !delivery.tried.catalogue_id => Tried { catalogue_id: true, ..delivery.tried },
        Remedy::BotHost(_) if !delivery.tried.bot_host => Tried { bot_host: true, ..delivery.tried },
        Remedy::Token => {
            let tried = Tried { graph_token: false, bot_token: false, ..delivery.tried };
            let halt = Effect::Halt(HaltScope::Tenant, HaltReason::TokenRefused);
            return Delivery { tried, ..delivery.pending() }.and(halt);
        }
        Remedy::CatalogueId => return delivery.failed(Reason::NotFound).into(),
        Remedy::BotHost(_) => return delivery.failed(reason).into(),
    };
    Delivery { tried, ..delivery.pending() }.and(Effect::Renew(remedy))
}

fn settle_doubt(
    delivery: Delivery,
    when_in_doubt: WhenInDoubt,
    policy: &RetryPolicy,
    now: Timestamp,
    jitter: Jitter,
) -> Delivery {
    let reason = match delivery.state {
        State::InDoubt(reason) => Some(reason),
        _ => None,
    };
    let unconfirmed = State::Settled(Settlement::Unconfirmed, reason);
    match when_in_doubt {
        WhenInDoubt::Hold => Delivery { state: unconfirmed, ..delivery },
        WhenInDoubt::Resend => {
            let doubted = delivery.doubted.or(reason);
            Delivery { doubted, ..delivery }.spend_try(policy, now, jitter, unconfirmed)
        }
    }
}

/// An outcome as the `attempt` table keeps it: a number, a reason, a message id. `None` for an unknown number.
///
/// Routes and waits are not kept there, for nothing that follows needs them: the route stands in the directory, the
/// wait in its bucket.
pub fn outcome_from_record(number: i16, reason: Option<Reason>, message_id: Option<MessageId>) -> Option<Outcome> {
    let why = reason.unwrap_or(Reason::Unexpected);
    Some(match number {
        1 => Outcome::Learnt(Fact::Installed(InstallationId(String::new()))),
        2 => Outcome::Accepted { message_id },
        3 => Outcome::Throttled { retry_after: None },
        4 => Outcome::Transient(why),
        5 => Outcome::NotYet,
        6 if reason == Some(Reason::ConversationGone) => Outcome::StaleRoute(Stale::Chat, why),
        6 => Outcome::StaleRoute(Stale::Installation, why),
        7 if reason == Some(Reason::TokenRefused) => Outcome::NeedsRemedy(Remedy::Token, why),
        7 if reason == Some(Reason::WrongHost) => Outcome::NeedsRemedy(Remedy::BotHost(String::new()), why),
        7 => Outcome::NeedsRemedy(Remedy::CatalogueId, why),
        8 => Outcome::Rejected(why),
        9 => Outcome::ContentRefused(why),
        10 => Outcome::Lost(why),
        11 => Outcome::Refused(HaltScope::Tenant, HaltReason::RequestRefused),
        12 => Outcome::NotStarted,
        13 => Outcome::Learnt(Fact::NotInstalled),
        14 => Outcome::Learnt(Fact::InstallAccepted),
        15 => Outcome::Learnt(Fact::Chat(ConversationId(String::new()))),
        16 => Outcome::Learnt(Fact::AlreadyInstalled),
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
