//! Every arrow of the state machine, as data: what [`super::apply`] obeys and `docs/state-machine.md` shows.

use super::{Event, Settlement, State, WhenInDoubt};
use crate::domain::outcome::{Outcome, Step};

/// The states, without their data; the words of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the table explains each")]
pub enum StateKind {
    Pending,
    Repeatable,
    Sending,
    Waiting,
    InDoubt,
    Sent,
    Failed,
    Skipped,
    Unconfirmed,
    Cancelled,
}

impl StateKind {
    /// As the table writes it; settled states are bold.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Repeatable => "InFlight(any other step)",
            Self::Sending => "InFlight(send)",
            Self::Waiting => "Waiting",
            Self::InDoubt => "InDoubt",
            Self::Sent => "**Sent**",
            Self::Failed => "**Failed**",
            Self::Skipped => "**Skipped**",
            Self::Unconfirmed => "**Unconfirmed**",
            Self::Cancelled => "**Cancelled**",
        }
    }
}

/// The events, without their data; the words of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the table explains each")]
pub enum EventKind {
    RepeatableStarted,
    SendStarted,
    Barred,
    Unable,
    Expired,
    Cancelled,
    Due,
    Spaced,
    Listens,
    Heard,
    Learnt,
    ShortCutClosed,
    Accepted,
    Throttled,
    Refused,
    Transient,
    NotYet,
    StaleRoute,
    NeedsRemedy,
    Rejected,
    ContentRefused,
    NotStarted,
    Lost,
    LeaseEnded,
    Hold,
    Resend,
    LateAccepted,
    LateRejected,
}

impl State {
    /// The state without its data.
    pub const fn kind(&self) -> StateKind {
        match self {
            Self::Pending => StateKind::Pending,
            Self::InFlight(Step::Send) => StateKind::Sending,
            Self::InFlight(_) => StateKind::Repeatable,
            Self::Waiting { .. } => StateKind::Waiting,
            Self::InDoubt(_) => StateKind::InDoubt,
            Self::Settled(Settlement::Sent, _) => StateKind::Sent,
            Self::Settled(Settlement::Failed, _) => StateKind::Failed,
            Self::Settled(Settlement::Skipped, _) => StateKind::Skipped,
            Self::Settled(Settlement::Unconfirmed, _) => StateKind::Unconfirmed,
            Self::Settled(Settlement::Cancelled, _) => StateKind::Cancelled,
        }
    }
}

impl Event {
    /// The event without its data.
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Started(Step::Send) => EventKind::SendStarted,
            Self::Started(_) => EventKind::RepeatableStarted,
            Self::LeaseEnded => EventKind::LeaseEnded,
            Self::Due => EventKind::Due,
            Self::Spaced(_) => EventKind::Spaced,
            Self::Listens(_) => EventKind::Listens,
            Self::Heard(_) => EventKind::Heard,
            Self::Barred(_) => EventKind::Barred,
            Self::Unable(_) => EventKind::Unable,
            Self::Expired => EventKind::Expired,
            Self::Cancelled => EventKind::Cancelled,
            Self::DoubtSettled(WhenInDoubt::Hold) => EventKind::Hold,
            Self::DoubtSettled(WhenInDoubt::Resend) => EventKind::Resend,
            Self::LateAnswer(Outcome::Accepted { .. }) => EventKind::LateAccepted,
            Self::LateAnswer(_) => EventKind::LateRejected,
            Self::Answered(outcome) => match outcome {
                Outcome::Learnt(_) => EventKind::Learnt,
                Outcome::Accepted { .. } => EventKind::Accepted,
                Outcome::Throttled { .. } => EventKind::Throttled,
                Outcome::Transient(_) => EventKind::Transient,
                Outcome::NotYet => EventKind::NotYet,
                Outcome::StaleRoute(..) => EventKind::StaleRoute,
                Outcome::NeedsRemedy(..) => EventKind::NeedsRemedy,
                Outcome::Rejected(_) => EventKind::Rejected,
                Outcome::ContentRefused(_) => EventKind::ContentRefused,
                Outcome::Lost(_) => EventKind::Lost,
                Outcome::Refused(..) => EventKind::Refused,
                Outcome::NotStarted => EventKind::NotStarted,
            },
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Where a delivery stands.
    pub from: &'static [StateKind],
    /// What happens.
    pub event: EventKind,
    /// Where it may go.
    pub to: &'static [StateKind],
    /// The event in words.
    pub when: &'static str,
    /// What else is true of the arrow.
    pub then: &'static str,
}

const IN_FLIGHT: &[StateKind] = &[StateKind::Repeatable, StateKind::Sending];
const IDLE: &[StateKind] = &[StateKind::Pending, StateKind::Waiting];

const fn row(
    from: &'static [StateKind],
    event: EventKind,
    to: &'static [StateKind],
    when: &'static str,
    then: &'static str,
) -> Row {
    Row { from, event, to, when, then }
}

/// Every arrow there is. What is not here is an [`super::IllegalTransition`].
pub const TABLE: &[Row] = {
    use EventKind as E;
    use StateKind as S;
    &[
        row(
            &[S::Pending],
            E::RepeatableStarted,
            &[S::Repeatable],
            "any step but a send: planned and paced",
            "needs no permission: doing it again does no harm",
        ),
        row(&[S::Pending], E::SendStarted, &[S::Sending], "send: planned, permitted by a commit, and paced", ""),
        row(IDLE, E::Barred, &[S::Skipped, S::Unconfirmed], "cannot be reached by rule", "guest, no licence, disabled"),
        row(
            IDLE,
            E::Unable,
            &[S::Failed, S::Unconfirmed],
            "nothing can be done for her in this round",
            "correcting and recalling: no message of hers is known, or she does not have the app",
        ),
        row(IDLE, E::Expired, &[S::Failed, S::Unconfirmed], "deadline passed", ""),
        row(IDLE, E::Cancelled, &[S::Cancelled, S::Unconfirmed], "broadcast cancelled", ""),
        row(&[S::Pending], E::Spaced, &[S::Waiting], "her chat has had as many messages as it may", "no try spent"),
        row(
            &[S::Pending],
            E::Listens,
            &[S::Waiting],
            "just installed, while the bot is told of installations",
            "waits a moment to be told of hers; no try spent",
        ),
        row(
            IDLE,
            E::Heard,
            &[S::Pending],
            "the bot was told which chat is hers",
            "with the chat, and without a request",
        ),
        row(&[S::Waiting], E::Due, &[S::Pending], "the wait is over", ""),
        row(
            &[S::Repeatable],
            E::Learnt,
            &[S::Pending, S::Waiting, S::Failed, S::Unconfirmed],
            "learnt",
            "with a better route; while our own installation is not listed yet, looks again a bounded number of times",
        ),
        row(
            &[S::Repeatable],
            E::ShortCutClosed,
            &[S::Pending],
            "create refused or its answer lost, notify_many refused",
            "takes the long way; nothing else is held against her",
        ),
        row(&[S::Sending], E::Accepted, &[S::Sent], "accepted", "with the message id"),
        row(
            &[S::Repeatable],
            E::Accepted,
            &[S::Sent, S::Unconfirmed],
            "accepted: notified, replaced, deleted",
            "unconfirmed where she may have got another message than the one replaced or deleted",
        ),
        row(IN_FLIGHT, E::Throttled, &[S::Pending], "throttled (429)", "its bucket waits; no try spent"),
        row(
            IN_FLIGHT,
            E::Refused,
            &[S::Pending],
            "refused for everybody",
            "secret, permission, bot: the tenant or the broadcast is halted; no try spent",
        ),
        row(
            IN_FLIGHT,
            E::Transient,
            &[S::Waiting, S::Failed, S::Unconfirmed],
            "transient refusal (412, 503, no connection)",
            "one try spent, backoff; failed when the tries are used up",
        ),
        row(
            &[S::Repeatable],
            E::NotYet,
            &[S::Waiting, S::Pending, S::Failed, S::Unconfirmed],
            "not visible yet",
            "looks again a bounded number of times, then forgets the installation once",
        ),
        row(
            IN_FLIGHT,
            E::StaleRoute,
            &[S::Pending, S::Failed, S::Unconfirmed],
            "route was stale",
            "route forgotten, once; then failed",
        ),
        row(
            IN_FLIGHT,
            E::NeedsRemedy,
            &[S::Pending, S::Failed, S::Unconfirmed],
            "token, catalogue id or bot host was stale",
            "renewed, once for each delivery; then halted or failed",
        ),
        row(IN_FLIGHT, E::Rejected, &[S::Failed, S::Unconfirmed], "rejected", "with a reason"),
        row(
            IN_FLIGHT,
            E::ContentRefused,
            &[S::Waiting, S::Failed, S::Unconfirmed],
            "content refused",
            "one try spent; three people in a row halt the broadcast",
        ),
        row(IN_FLIGHT, E::NotStarted, &[S::Pending], "never left: the lease was about to end", "not an attempt"),
        row(&[S::Sending], E::Lost, &[S::InDoubt], "answer lost", "timeout, reset, 500, 502, 504"),
        row(
            &[S::Repeatable],
            E::Lost,
            &[S::Pending, S::Waiting, S::Unconfirmed],
            "answer lost",
            "these steps may simply run again; of a notification, one try is spent, and whoever may have one when they are \
             used up is unconfirmed",
        ),
        row(&[S::Sending], E::LeaseEnded, &[S::InDoubt], "lease ended", ""),
        row(
            &[S::Repeatable],
            E::LeaseEnded,
            &[S::Pending, S::Waiting, S::Unconfirmed],
            "lease ended",
            "as answer lost",
        ),
        row(&[S::InDoubt], E::Hold, &[S::Unconfirmed], "policy *hold*", "nobody is told twice"),
        row(
            &[S::InDoubt],
            E::Resend,
            &[S::Waiting, S::Unconfirmed],
            "policy *resend*",
            "one try spent; unconfirmed when the tries are used up",
        ),
        row(&[S::Unconfirmed], E::LateAccepted, &[S::Sent], "a late answer says accepted", ""),
        row(&[S::Unconfirmed], E::LateRejected, &[S::Failed], "a late answer says rejected", ""),
    ]
};

/// The table as a page of markdown: what `docs/state-machine.md` holds.
pub fn render() -> String {
    let mut page = String::from(
        "# The states of one delivery\n\n\
         A delivery is one broadcast for one recipient. This page is rendered from `TABLE` in\n\
         `src/domain/delivery/table.rs`; a test compares the two, and `make docs` writes it again. Bold states are\n\
         settled; a late answer is the one way out of them. Whoever may have been told by an earlier send ends **Unconfirmed**\n\
         wherever somebody else would end **Failed**, **Skipped** or **Cancelled**.\n\n\
         | from | event | to | and |\n|---|---|---|---|\n",
    );
    let labels = |kinds: &[StateKind]| kinds.iter().map(|kind| kind.label()).collect::<Vec<_>>().join(" / ");
    for row in TABLE {
        page += &format!("| {} | {} | {} | {} |\n", labels(row.from), row.when, labels(row.to), row.then);
    }
    page
}
