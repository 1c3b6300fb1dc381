//! The life of a broadcast: handed in, released, sent; stopped, let go on, tried again.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::broadcasts::{BroadcastDocument, Found, NO_SUCH, Whole};
use super::deeds::Change;
use super::etag::Expected;
use super::input::{Body, Path, Query};
use super::refusal::{self, invalid, wrong_state};
use crate::app::control::{self, Granted, Wish};
use crate::app::manuscript::DEADLINE;
use crate::app::presence::Presence;
use crate::app::release::{ReleaseError, Sent};
use crate::app::retry::{self, Retry};
use crate::app::submit::Origin;
use crate::domain::broadcast::{BroadcastState, RoundKind, RoundState};
use crate::domain::duration::parse_duration;
use crate::domain::fault::{Fault, Faults};
use crate::domain::ids::BroadcastId;
use crate::domain::reason::Reason;
use crate::domain::rights::Caller;
use crate::http::problem::Problem;
use crate::ports::{Birth, BroadcastReport, DraftRecord, DraftState, RetryWish};

/// The longest reason for a rejection, in characters.
const REJECTION_CHARACTERS_MAX: usize = 2000;

/// It is recalled, and nobody is told any more.
pub(super) const RECALLED: Problem =
    Problem::new(409, "recalled", "The broadcast was recalled.", "Nobody is to read it any more: write another one.");
/// There is nobody whom it could reach.
pub(super) const NOBODY: Problem = Problem::new(
    409,
    "nobody_to_reach",
    "There is nobody whom this could reach.",
    "The broadcast's report tells where everybody stands.",
);

/// Whether the broadcast is there, and was made by a request of this birth.
pub(super) async fn was_sent(api: &Api, id: BroadcastId, birth: Birth) -> Result<bool, Problem> {
    let round = Origin { id, birth, draft: None }.round();
    let report = api.store.report(api.tenant, id).await?;
    Ok(report.is_some_and(|report| report.rounds.iter().any(|known| known.id == round)))
}

/// A broadcast that was just made, with what its author should know.
pub(super) async fn sent_document(api: &Api, id: BroadcastId, sent: &Sent) -> Result<BroadcastDocument, Problem> {
    let mut notes = sent.notes.clone();
    notes.extend(match &sent.presence {
        Some(Presence::Brought) => Some("The app was installed in the team.".to_owned()),
        Some(Presence::Refused(why)) => Some(format!(
            "The app is not in the team, and Teams refused to install it there ({why}): until somebody installs it, the \
             broadcast halts."
        )),
        Some(Presence::Untold(why)) => Some(format!(
            "Whether the app is in the team could not be found out ({why}): if it is not, the broadcast halts and says so."
        )),
        Some(Presence::There | Presence::Missing) | None => None,
    });
    Ok(BroadcastDocument { notes, ..api.whole(id).await? })
}

/// Why a draft could not be changed that had just been read.
pub(super) async fn changed(api: &Api, id: BroadcastId) -> Problem {
    match api.found(id).await {
        Ok(Found { draft: Some(draft), report: None }) => refusal::changed(draft.version),
        Ok(found) => wrong_state(found.state()),
        Err(problem) => problem,
    }
}

/// Why an announcement was not released: what became of it meanwhile, where that is why.
async fn refused(api: &Api, id: BroadcastId, error: ReleaseError) -> Problem {
    match error {
        ReleaseError::Changed => changed(api, id).await,
        ReleaseError::WrongState(_) => match api.found(id).await {
            Ok(found) => wrong_state(found.state()),
            Err(problem) => problem,
        },
        other => other.into(),
    }
}

/// The draft of `id`, also one that was sent; of a broadcast without one, its state as a refusal.
async fn draft_of(api: &Api, id: BroadcastId) -> Result<DraftRecord, Problem> {
    match api.found(id).await? {
        Found { draft: Some(draft), .. } => Ok(draft),
        Found { draft: None, report } => Err(report.map_or(NO_SUCH, |report| wrong_state(report.state))),
    }
}

fn of_draft(api: &Api, before: DraftState, draft: DraftRecord) -> Whole {
    let change = Change::of(draft.id).from(before).to(draft.state);
    Whole { status: StatusCode::OK, change: Some(change), document: Box::new(api.unsent(draft)) }
}

async fn of_sent(api: &Api, draft: &DraftRecord, sent: Result<Sent, ReleaseError>) -> Result<Whole, Problem> {
    let document = match sent {
        Ok(sent) => sent_document(api, draft.id, &sent).await?,
        Err(error) => return Err(refused(api, draft.id, error).await),
    };
    let change = Change::of(draft.id).from(draft.state).to(document.state);
    Ok(Whole { status: StatusCode::ACCEPTED, change: Some(change), document: Box::new(document) })
}

/// Hand a draft in, so that a second person releases it
#[utoipa::path(post, path = "/broadcasts/{id}/submit", tag = "Broadcasts", operation_id = "submit_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that was read")),
    responses((status = 200, description = "It waits for approval", body = BroadcastDocument,
        headers(("ETag" = String, description = "Its new version")))))]
pub async fn submit(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    expected: Expected,
    Extension(caller): Extension<Caller>,
) -> Result<Whole, Problem> {
    let draft = draft_of(&api, id).await?;
    expected.allows(&draft)?;
    let before = draft.state;
    match api.clerk().hand_in(&caller, draft).await {
        Ok(draft) => Ok(of_draft(&api, before, draft)),
        Err(error) => Err(refused(&api, id, error).await),
    }
}

/// Release what somebody else has handed in: it is sent, or waits for its hour
///
/// Nobody releases what they began, changed last or handed in themselves.
#[utoipa::path(post, path = "/broadcasts/{id}/approve", tag = "Broadcasts", operation_id = "approve_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id"),
        ("If-Match" = String, Header, description = "The ETag of the version that was read: no other is released")),
    responses((status = 202, description = "It is on its way, or waits for its hour", body = BroadcastDocument,
        headers(("ETag" = String, description = "Its new version")))))]
pub async fn approve(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    expected: Expected,
    Extension(caller): Extension<Caller>,
    Extension(birth): Extension<Birth>,
) -> Result<Whole, Problem> {
    if let Some(done) = repeated(&api, id, birth).await? {
        return Ok(done);
    }
    let draft = draft_of(&api, id).await?;
    expected.demands(&draft)?;
    let sent = api.clerk().release(&caller, &draft, birth).await;
    of_sent(&api, &draft, sent).await
}

/// Why something is rejected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rejection {
    /// In words, for its author.
    #[schema(min_length = 1, max_length = 2000, example = "The date is wrong.")]
    pub reason: String,
}

/// Give what was handed in back to its author, with the reason
#[utoipa::path(post, path = "/broadcasts/{id}/reject", tag = "Broadcasts", operation_id = "reject_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that was read")),
    request_body = Rejection,
    responses((status = 200, description = "It is a draft again", body = BroadcastDocument,
        headers(("ETag" = String, description = "Its new version")))))]
pub async fn reject(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    expected: Expected,
    Extension(caller): Extension<Caller>,
    Body(Rejection { reason }): Body<Rejection>,
) -> Result<Whole, Problem> {
    let length = reason.chars().count();
    if reason.trim().is_empty() || length > REJECTION_CHARACTERS_MAX {
        let problem = format!("has {length} characters; from 1 to {REJECTION_CHARACTERS_MAX} are possible");
        let fault = Fault::new("reason", problem, "Say in a sentence what its author should change.");
        return Err(invalid(Faults(vec![fault])));
    }
    let draft = draft_of(&api, id).await?;
    expected.allows(&draft)?;
    let before = draft.state;
    match api.clerk().reject(&caller, draft, reason.trim()).await {
        Ok(draft) => Ok(of_draft(&api, before, draft)),
        Err(error) => Err(refused(&api, id, error).await),
    }
}

/// Send a draft, or let it wait for its hour
#[utoipa::path(post, path = "/broadcasts/{id}/send", tag = "Broadcasts", operation_id = "send_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that was read")),
    responses((status = 202, description = "It is on its way, or waits for its hour", body = BroadcastDocument,
        headers(("ETag" = String, description = "Its new version")))))]
pub async fn send(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    expected: Expected,
    Extension(caller): Extension<Caller>,
    Extension(birth): Extension<Birth>,
) -> Result<Whole, Problem> {
    if let Some(done) = repeated(&api, id, birth).await? {
        return Ok(done);
    }
    let draft = draft_of(&api, id).await?;
    expected.allows(&draft)?;
    let sent = api.clerk().send(&caller, &draft, birth).await;
    of_sent(&api, &draft, sent).await
}

/// The answer of a request that did its work before, and lost its answer.
async fn repeated(api: &Api, id: BroadcastId, birth: Birth) -> Result<Option<Whole>, Problem> {
    if !was_sent(api, id, birth).await? {
        return Ok(None);
    }
    let document = Box::new(api.whole(id).await?);
    Ok(Some(Whole { status: StatusCode::ACCEPTED, change: Some(Change::of(id)), document }))
}

/// Stop until it is resumed
#[utoipa::path(post, path = "/broadcasts/{id}/pause", tag = "Broadcasts", operation_id = "pause_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id")),
    responses((status = 200, description = "It stands still", body = BroadcastDocument)))]
pub async fn pause(State(api): State<Api>, Path(id): Path<BroadcastId>) -> Result<Whole, Problem> {
    grant(&api, id, Wish::Pause).await
}

/// Let it go on: a pause or a halt ends, and one that missed its hour starts after all
#[utoipa::path(post, path = "/broadcasts/{id}/resume", tag = "Broadcasts", operation_id = "resume_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id")),
    responses((status = 200, description = "It goes on", body = BroadcastDocument)))]
pub async fn resume(State(api): State<Api>, Path(id): Path<BroadcastId>) -> Result<Whole, Problem> {
    grant(&api, id, Wish::Resume).await
}

/// Stop for good, or take back what waits for approval
///
/// Whoever has had no turn is counted as cancelled. What waits for approval is a draft again.
#[utoipa::path(post, path = "/broadcasts/{id}/cancel", tag = "Broadcasts", operation_id = "cancel_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id")),
    responses((status = 200, description = "It is being cancelled, or is a draft again", body = BroadcastDocument)))]
pub async fn cancel(State(api): State<Api>, Path(id): Path<BroadcastId>) -> Result<Whole, Problem> {
    grant(&api, id, Wish::Cancel).await
}

async fn grant(api: &Api, id: BroadcastId, wish: Wish) -> Result<Whole, Problem> {
    let found = api.found(id).await?;
    let before = found.state();
    if let Found { draft: Some(draft), report: None } = found {
        if wish != Wish::Cancel {
            return Err(wrong_state(before));
        }
        let stood = draft.state;
        return match api.clerk().take_back(draft).await {
            Ok(draft) => Ok(of_draft(api, stood, draft)),
            Err(error) => Err(refused(api, id, error).await),
        };
    }
    match control::grant(&*api.store, api.tenant, id, wish, api.clock.now()).await? {
        Granted::Yes(state) => {
            let change = Change::of(id).from(before).to(state);
            Ok(Whole { status: StatusCode::OK, change: Some(change), document: Box::new(api.whole(id).await?) })
        }
        Granted::No(state) => Err(wrong_state(state)),
        Granted::Unknown => Err(NO_SUCH),
    }
}

/// Only count.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Dry {
    /// `true`: only tell whom it would reach; nothing is begun.
    pub dry: Option<bool>,
}

/// Whom to try again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Retrying {
    /// Only whoever failed for one of these; everybody who failed when empty.
    pub reasons: Vec<Reason>,
    /// Also whoever may have got it: some of them will be told twice.
    pub unconfirmed: bool,
    /// Whoever has not had their turn after this long fails: `72h` when absent.
    #[schema(example = "72h")]
    pub deadline: Option<String>,
}

/// A retry.
#[derive(Debug, Serialize, ToSchema)]
pub struct Retried {
    /// The broadcast.
    pub id: BroadcastId,
    /// Where it stands now.
    pub state: BroadcastState,
    /// Nothing was begun.
    pub dry: bool,
    /// How many people are tried again, or would be.
    pub people: u64,
}

/// Try again those whom a broadcast did not reach
#[utoipa::path(post, path = "/broadcasts/{id}/retry", tag = "Broadcasts", operation_id = "retry_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id"), Dry), request_body = Retrying,
    responses((status = 200, description = "Whom it would take up (dry)", body = Retried),
        (status = 202, description = "They are tried again", body = Retried)))]
pub async fn retry(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    Query(Dry { dry }): Query<Dry>,
    Extension(birth): Extension<Birth>,
    Body(wanted): Body<Retrying>,
) -> Result<(StatusCode, Change, Json<Retried>), Problem> {
    let (store, tenant, dry) = (&*api.store, api.tenant, dry.unwrap_or_default());
    let time_left = time_left(wanted.deadline.as_deref())?;
    let report = ended(&api, id).await?;
    let wish = RetryWish { reasons: wanted.reasons, unconfirmed: wanted.unconfirmed };
    let chance = birth.draw(1);
    if let Some(begun) =
        report.rounds.iter().find(|round| round.kind == RoundKind::Retry && round.id.is_made_of(chance))
    {
        // While they are taken up, those who are still to be count as well.
        let left = if begun.state == RoundState::Expanding { store.count_retry(tenant, id, &wish).await? } else { 0 };
        let retried = Retried { id, state: report.state, dry: false, people: begun.progress.targeted + left };
        return Ok((StatusCode::ACCEPTED, Change::of(id), Json(retried)));
    }
    let looked = match dry {
        true if report.recalled_at.is_some() => Retry::Recalled,
        true if !report.state.is_final() => Retry::TooEarly(report.state),
        true => match store.count_retry(tenant, id, &wish).await? {
            0 => Retry::Nobody,
            people => Retry::Begun(people),
        },
        false => retry::retry(store, tenant, id, &wish, time_left, chance, birth.at).await?,
    };
    match looked {
        Retry::Begun(people) => {
            let state = if dry { report.state } else { BroadcastState::Expanding };
            let status = if dry { StatusCode::OK } else { StatusCode::ACCEPTED };
            let change = Change::of(id).from(report.state).to(state);
            Ok((status, change, Json(Retried { id, state, dry, people })))
        }
        Retry::Nobody => Err(NOBODY),
        Retry::Recalled => Err(RECALLED),
        Retry::TooEarly(state) => Err(wrong_state(state)),
        Retry::Unknown => Err(NO_SUCH),
    }
}

/// The report of a broadcast; of a draft, its state as a refusal.
pub(super) async fn ended(api: &Api, id: BroadcastId) -> Result<BroadcastReport, Problem> {
    let found = api.found(id).await?;
    let state = found.state();
    found.report.ok_or_else(|| wrong_state(state))
}

/// How long a round may take.
pub(super) fn time_left(text: Option<&str>) -> Result<Duration, Problem> {
    text.map_or(Ok(DEADLINE), parse_duration).map_err(|error| {
        let cure = "Write it such as 90m or 72h, or leave it out.";
        invalid(Faults(vec![Fault::new("deadline", error.to_string(), cure)]))
    })
}
