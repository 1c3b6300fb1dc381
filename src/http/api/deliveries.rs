//! The people of a broadcast: page by page, by what is asked of them, and one by one with all that was tried.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::cursor;
use super::input::{Path, Query};
use super::life::ended;
use crate::app::export::{Line, Passes, StateWord};
use crate::domain::broadcast::{Channel, Channels, RoundKind};
use crate::domain::delivery::Settlement;
use crate::domain::fault::Fault;
use crate::domain::ids::{BroadcastId, EntraId};
use crate::domain::reason::Reason;
use crate::http::problem::{Problem, ProblemDocument};
use crate::ports::{AttemptReport, BroadcastReport, DeliveryQuery};

/// People on a page when nobody says how many.
const LIMIT: u32 = 50;
/// The most.
const LIMIT_MAX: u32 = 500;
/// A search is no longer.
const SEARCH_MAX: usize = 100;

/// The broadcast does not name this person.
const NO_SUCH_PERSON: Problem = Problem::new(
    404,
    "person_not_found",
    "This person is not among those whom the broadcast names.",
    "GET /api/v1/broadcasts/{id}/deliveries lists them.",
);
/// The broadcast has no such rounds.
const NO_SUCH_ROUND: Problem = Problem::new(
    404,
    "round_not_found",
    "This broadcast has no rounds of this kind in this channel.",
    "GET /api/v1/broadcasts/{id} lists its rounds.",
);

/// Which people are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Only those in this state. `sent` and `accepted` mean the same people.
    pub state: Option<StateWord>,
    /// Only those who are there for this reason.
    pub reason: Option<Reason>,
    /// Only those whom every word of this means: it begins a word of their name, their user principal name or their mail
    /// address. Capitals and accents do not count.
    #[param(max_length = 100, example = "amélie dup")]
    pub search: Option<String>,
    /// Where the rounds of this kind left them, neither `send` nor `retry`; without it, where the newest telling left them.
    pub kind: Option<RoundKind>,
    /// The rounds in this channel; without it, the one that the broadcast begins with.
    pub channel: Option<Channel>,
    /// What the page before named as `next`.
    #[param(min_length = 18, max_length = 18, pattern = "^[A-Za-z0-9_-]{18}$")]
    pub after: Option<String>,
    /// At most so many; 50 when it is left out.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// A page of people.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryPage {
    /// In the order in which the directory numbered them.
    pub deliveries: Vec<Line>,
    /// Where the next page begins, for `after`; null on the last one.
    pub next: Option<String>,
}

/// One person, and everything that was tried for her.
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryHistory {
    /// Where the newest telling left her.
    #[serde(flatten)]
    pub delivery: Line,
    /// Requests made for her and decisions taken, in all rounds, in order.
    pub tried: Vec<Tried>,
}

/// One request made for somebody, or a decision taken without one, in words.
#[derive(Debug, Serialize, ToSchema)]
pub struct Tried {
    /// What is recorded of it.
    #[serde(flatten)]
    pub attempt: AttemptReport,
    /// Its reason, in a sentence.
    pub sentence: Option<&'static str>,
    /// What to do about it.
    pub remedy: Option<&'static str>,
}

/// The people of a broadcast
///
/// Page by page, in a fixed order. How many there are of each state stands in the broadcast itself.
#[utoipa::path(get, path = "/broadcasts/{id}/deliveries", tag = "People", operation_id = "list_deliveries",
    params(("id" = BroadcastId, Path, description = "The broadcast"), Wanted),
    responses(
        (status = 200, description = "A page of them", body = DeliveryPage),
        (status = 400, description = "The query is not what this route takes", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such broadcast, or it has no such rounds", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It was not sent yet", body = ProblemDocument, content_type = "application/problem+json")))]
pub async fn list(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<DeliveryPage>, Problem> {
    let mut faults = Vec::new();
    let limit = wanted.limit.unwrap_or(LIMIT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        faults.push(Fault::new(
            "limit",
            format!("{limit} is not between 1 and {LIMIT_MAX}"),
            "Ask for fewer at a time.",
        ));
    }
    let after = wanted.after.as_deref().map(|text| cursor::read(id, text));
    if after == Some(None) {
        faults.push(Fault::new(
            "after",
            "no page of this broadcast ends there",
            "Send what the page before named as next.",
        ));
    }
    let search = wanted.search.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if search.as_ref().is_some_and(|text| text.chars().count() > SEARCH_MAX) {
        faults.push(Fault::new("search", format!("it is longer than {SEARCH_MAX} characters"), "Shorten it."));
    }
    if !faults.is_empty() {
        return Err(bad_query(faults));
    }
    let report = ended(&api, id).await?;
    let (passes, channel) = passes(&report, wanted.kind, wanted.channel)?;
    let query = DeliveryQuery {
        passes,
        state: wanted.state.map(StateWord::settlement),
        reason: wanted.reason,
        text: search,
        after: after.flatten(),
    };
    let mut rows = api.office.find_deliveries(api.tenant, id, &query, limit + 1).await?;
    // One more than wanted was asked for, so that a last page knows that it is one.
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| has_more).map(|(key, _)| cursor::write(id, *key));
    let looks_back = looks_back(passes);
    let line = |(_, row)| Line::of(row, (report.channels, channel), looks_back);
    Ok(Json(DeliveryPage { deliveries: rows.into_iter().map(line).collect(), next }))
}

/// One person of a broadcast, and everything that was tried for her
#[utoipa::path(get, path = "/broadcasts/{id}/deliveries/{person}", tag = "People", operation_id = "get_delivery",
    params(
        ("id" = BroadcastId, Path, description = "The broadcast"),
        ("person" = uuid::Uuid, Path, description = "Her object id in Entra")),
    responses(
        (status = 200, description = "What became of her", body = DeliveryHistory),
        (status = 404, description = "There is no such broadcast, or it does not name her", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It was not sent yet", body = ProblemDocument, content_type = "application/problem+json")))]
pub async fn show(
    State(api): State<Api>,
    Path((id, person)): Path<(BroadcastId, EntraId)>,
) -> Result<Json<DeliveryHistory>, Problem> {
    let report = ended(&api, id).await?;
    let (row, tried) = api.office.delivery(api.tenant, id, person).await?.ok_or(NO_SUCH_PERSON)?;
    let delivery = Line::of(row, (report.channels, report.channels.first()), false);
    let tried = tried.into_iter().map(|attempt| in_words(attempt, report.channels)).collect();
    Ok(Json(DeliveryHistory { delivery, tried }))
}

fn in_words(attempt: AttemptReport, channels: Channels) -> Tried {
    let looks_back = matches!(attempt.round, RoundKind::Correct | RoundKind::Recall);
    let told = attempt.reason.map(|reason| reason.told(channels, looks_back));
    let remedy = told.map(|(_, remedy)| remedy).filter(|remedy| !remedy.is_empty());
    // A request that was not the last word needs nobody's help.
    let ends = attempt.settles.is_some_and(|settlement| settlement != Settlement::Sent);
    Tried { sentence: told.map(|(sentence, _)| sentence), remedy: remedy.filter(|_| ends), attempt }
}

/// A query that is refused, with everything wrong with it.
pub(super) fn bad_query(faults: Vec<Fault>) -> Problem {
    let (title, cure) =
        ("The query is not what this route takes.", "/api/v1/openapi.json describes what this route takes.");
    Problem::new(400, "bad_query", title, cure).with_faults(faults)
}

/// Which rounds are meant, and the channel in which their people were told.
///
/// # Errors
/// 400 when the kind is one of those that tell, 404 when the broadcast has no such rounds.
pub(super) fn passes(
    report: &BroadcastReport,
    kind: Option<RoundKind>,
    channel: Option<Channel>,
) -> Result<(Passes, Channel), Problem> {
    let first = report.channels.first();
    if let Some(kind) = kind.filter(|kind| kind.tells()) {
        let problem =
            format!("“{}” and its like are shown together, by the newest that names each person", kind.name());
        return Err(bad_query(vec![Fault::new("kind", problem, "Leave it out: that means the rounds that tell.")]));
    }
    // Of one that notifies after its messages, the feed is that round's.
    let later = (report.channels == Channels::Both && channel == Some(Channel::Feed)).then_some(RoundKind::Notify);
    let Some(kind) = kind.or(later) else {
        return if channel.is_none_or(|channel| channel == first) { Ok((None, first)) } else { Err(NO_SUCH_ROUND) };
    };
    let usual = if kind == RoundKind::Notify { Channel::Feed } else { first };
    let channel = channel.unwrap_or(usual);
    let is_there = report.rounds.iter().any(|round| (round.kind, round.channel) == (kind, channel));
    if is_there { Ok((Some((kind, channel)), channel)) } else { Err(NO_SUCH_ROUND) }
}

/// Whether these rounds set right what was sent.
pub(super) fn looks_back(passes: Passes) -> bool {
    passes.is_some_and(|(kind, _)| matches!(kind, RoundKind::Correct | RoundKind::Recall))
}
