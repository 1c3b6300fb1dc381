//! Why a broadcast is not taken, sent, stopped or set right: each as the problem that callers get.

use axum::http::{HeaderValue, header};

use super::directory::unread;
use crate::app::control::Wish;
use crate::app::people::PeopleError;
use crate::app::release::ReleaseError;
use crate::app::submit::SubmitError;
use crate::domain::broadcast::BroadcastState;
use crate::domain::fault::Faults;
use crate::domain::reason::HaltReason;
use crate::http::problem::Problem;

/// What is wrong with the announcement stands in `faults`.
pub const INVALID: Problem = Problem::new(
    422,
    "invalid",
    "The announcement cannot be sent as it is.",
    "Mend what `faults` names, each by the name of its field, and ask again.",
);
/// It stands where that makes no sense.
const WRONG_STATE: Problem = Problem::new(
    409,
    "wrong_state",
    "The broadcast stands where this makes no sense.",
    "Read it again: its state says what is possible.",
);
/// Somebody else has changed it.
const CHANGED: Problem = Problem::new(
    412,
    "changed",
    "Somebody has changed the announcement since you read it.",
    "Read it again, look at what is different, and ask with its new ETag in If-Match.",
);
/// Whoever changes something says which version was read.
pub const IF_MATCH_MISSING: Problem = Problem::new(
    428,
    "if_match_missing",
    "It is not said which version of the announcement is meant.",
    "Send the ETag of the answer in which you read it in the header If-Match.",
);
/// Nobody releases what is their own.
const OWN_ANNOUNCEMENT: Problem = Problem::new(
    403,
    "own_announcement",
    "Nobody releases an announcement that they began, changed or handed in themselves.",
    "Ask somebody else who has the role Approver or Admin.",
);

/// The faults of a manuscript.
pub fn invalid(faults: Faults) -> Problem {
    INVALID.with_faults(faults.0)
}

/// A verb that `state` does not allow.
pub fn wrong_state(state: BroadcastState) -> Problem {
    let possible = possible(state, false);
    let able = match possible.split_last() {
        None => "nothing of the kind is possible now".to_owned(),
        Some((last, [])) => format!("possible now: {last}"),
        Some((last, rest)) => format!("possible now: {} and {last}", rest.join(", ")),
    };
    WRONG_STATE.because(format!("It is {state}; {able}."))
}

/// What may be asked of a broadcast that stands in `state`. Of one that was recalled, what is left may be recalled again.
pub fn possible(state: BroadcastState, is_recalled: bool) -> Vec<&'static str> {
    match state {
        BroadcastState::Draft => vec!["change", "submit", "send", "delete"],
        BroadcastState::AwaitingApproval => vec!["change", "approve", "reject", "cancel", "delete"],
        BroadcastState::Done | BroadcastState::Cancelled if is_recalled => vec!["recall"],
        BroadcastState::Done | BroadcastState::Cancelled => vec!["retry", "correct", "recall"],
        _ => {
            let wishes = [(Wish::Pause, "pause"), (Wish::Resume, "resume"), (Wish::Cancel, "cancel")];
            let granted = wishes.into_iter().filter(|(wish, _)| wish.granted_in().contains(&state));
            granted.map(|(_, verb)| verb).collect()
        }
    }
}

/// The version that was read is not there any more.
pub fn changed(version: u32) -> Problem {
    CHANGED.because(format!("It is at version {version}."))
}

/// A correction that only a second person may send.
pub fn needs_second_person(people: u64, limit: u64) -> Problem {
    Problem::new(
        403,
        "needs_second_person",
        "What so many people have read is only changed by a second person.",
        "Ask somebody who has the role Admin, and has neither written nor sent it, to correct it.",
    )
    .because(format!("It reached {people} people; more than {limit} take a second person."))
}

/// Nobody could be told anything: the app is not where Teams looks for it.
fn app_not_ready() -> Problem {
    let reason = HaltReason::NotInCatalogue;
    Problem::new(409, "app_not_ready", "The Teams app is not ready, so nothing can be sent.", reason.cure())
        .because(reason.sentence())
}

/// An instant that this machine and its database do not agree on.
fn apart(detail: String) -> Problem {
    Problem::new(
        503,
        "clocks_apart",
        "This server does not know for certain what time it is.",
        "Tell whoever runs Stentor: the clocks of its machines are apart.",
    )
    .because(detail)
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Faults(faults) | SubmitError::LeftOut { faults, .. } => invalid(faults),
            SubmitError::People(PeopleError::Refused { reason: HaltReason::NotInCatalogue, .. }) => app_not_ready(),
            SubmitError::People(error) => unread(error),
            SubmitError::Changed => CHANGED,
            SubmitError::Store(error) => error.into(),
            doubt @ SubmitError::FateUnknown(_) => Self::new(
                503,
                "fate_unknown",
                "The database went silent while the broadcast was being stored: it may have been.",
                "Ask again with the same Idempotency-Key, or look before you send it anew.",
            )
            .because(doubt.to_string())
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("5")),
        }
    }
}

impl From<ReleaseError> for Problem {
    fn from(error: ReleaseError) -> Self {
        match error {
            ReleaseError::Submit(error) => error.into(),
            ReleaseError::WrongState(state) => wrong_state(state),
            ReleaseError::Changed => CHANGED,
            ReleaseError::OwnAnnouncement => OWN_ANNOUNCEMENT,
            ReleaseError::Grown { people, expected } => Self::new(
                409,
                "audience_grown",
                "It is for many more people than when it was handed in.",
                "Reject it, and let its author hand it in again.",
            )
            .because(format!("It was for {expected}, and is for {people}.")),
            ReleaseError::Apart(by) => apart(by.to_string()),
            ReleaseError::BeyondReach { people, limit } => Self::new(
                403,
                "beyond_reach",
                "The announcement is for more people than your role reaches.",
                "Narrow its audience, or ask somebody whose role reaches further to send it.",
            )
            .because(format!("It is for {people} people; your role reaches {limit}.")),
            ReleaseError::NeedsApproval { people, limit } => Self::new(
                409,
                "needs_approval",
                "The announcement is for so many people that a second person must release it.",
                "Hand it in: POST …/submit; somebody who may approve then releases it.",
            )
            .because(format!("It is for {people} people; more than {limit} must be released by a second person.")),
        }
    }
}
