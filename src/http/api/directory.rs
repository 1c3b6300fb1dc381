//! The organisation's directory: how fresh what we know of it is, who is in it, and reading it again.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::deeds::Change;
use super::input::Query;
use crate::app::groups;
use crate::app::people::{PeopleError, Reading};
use crate::app::reading::{self, ReadingReport};
use crate::domain::audience::expression::Attribute;
use crate::domain::time::Timestamp;
use crate::http::problem::Problem;
use crate::ports::{Group, Person, ValueCount};

/// What is known of the directory.
#[derive(Debug, Serialize, ToSchema)]
pub struct DirectoryStatus {
    /// How many people we know.
    pub people: u64,
    /// How many have left, and are not written to.
    pub left: u64,
    /// As of when what we know is complete; `null` when nobody has read it yet.
    pub read_at: Option<Timestamp>,
    /// Whoever makes a broadcast waits until the changes since then are read.
    pub stale: bool,
    /// When the whole reading under way began, if one is.
    pub whole_reading_since: Option<Timestamp>,
    /// When reading failed last and why, unless it has come through since.
    pub failure: Option<DirectoryFailure>,
    /// The reading that was asked for last through this process.
    pub reading: Option<ReadingReport>,
}

/// A reading that failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct DirectoryFailure {
    /// When.
    pub at: Timestamp,
    /// Why, in a sentence.
    pub message: String,
}

/// How many people we know, and since when
#[utoipa::path(get, path = "/directory", tag = "Directory", operation_id = "get_directory",
    responses((status = 200, description = "What is known", body = DirectoryStatus)))]
pub async fn status(State(api): State<Api>) -> Result<Json<DirectoryStatus>, Problem> {
    let record = api.store.directory(api.tenant).await?;
    Ok(Json(DirectoryStatus {
        people: api.store.count_people(api.tenant).await?,
        left: record.left,
        read_at: record.read_at,
        stale: record.read_at.is_none_or(|at| !api.people.is_fresh(at)),
        whole_reading_since: record.began_at,
        failure: record.failure.map(|(at, message)| DirectoryFailure { at, message }),
        reading: api.readings.report(),
    }))
}

/// Who is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DirectorySearch {
    /// The beginning of a name or an address, in any case of letters.
    #[param(min_length = 1, max_length = 200, example = "anna")]
    pub text: String,
    /// How many people at most, 1 to 200; 20 when absent.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Who was found.
#[derive(Debug, Serialize, ToSchema)]
pub struct DirectoryFound {
    /// People of whom a name, the user principal name or the mail address begins so.
    pub people: Vec<Person>,
    /// Groups and teams whose name begins so.
    pub groups: Vec<Group>,
    /// Why no groups could be looked up; absent when they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub groups_failure: Option<String>,
}

/// Find people, groups and teams by the beginning of a name
///
/// People are found among those we have read; groups and teams are looked up in the organisation's directory itself.
#[utoipa::path(get, path = "/directory/search", tag = "Directory", operation_id = "search_directory",
    params(DirectorySearch),
    responses((status = 200, description = "Who was found", body = DirectoryFound)))]
pub async fn search(
    State(api): State<Api>,
    Query(wanted): Query<DirectorySearch>,
) -> Result<Json<DirectoryFound>, Problem> {
    let text = wanted.text.trim();
    if text.is_empty() || text.chars().count() > 200 {
        let problem =
            Problem::new(400, "bad_query", "The query is not what this route takes.", "Give the first letters.");
        return Err(problem.because("text has 1 to 200 characters."));
    }
    let limit = limited(wanted.limit, 20, 200)?;
    let people = api.store.search_people(api.tenant, text, limit).await?;
    let (groups, groups_failure) = match groups::search(&api.people, text).await {
        Ok(groups) => (groups, None),
        Err(PeopleError::Store(error)) => return Err(error.into()),
        // Whoever looks for a person need not wait until Microsoft is well again.
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    Ok(Json(DirectoryFound { people, groups, groups_failure }))
}

/// Which attribute is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ValuesQuery {
    /// What the directory says of a person.
    #[param(inline)]
    pub of: Attribute,
    /// How many values at most, 1 to 500; 200 when absent.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u32>,
}

/// What the directory says of people.
#[derive(Debug, Serialize, ToSchema)]
pub struct Values {
    /// What most have first.
    pub values: Vec<ValueCount>,
}

/// What the directory says of its people: every department, office, country and the like
#[utoipa::path(get, path = "/directory/values", tag = "Directory", operation_id = "list_values", params(ValuesQuery),
    responses((status = 200, description = "The values, and how many people have each", body = Values)))]
pub async fn values(State(api): State<Api>, Query(wanted): Query<ValuesQuery>) -> Result<Json<Values>, Problem> {
    let limit = limited(wanted.limit, 200, 500)?;
    Ok(Json(Values { values: api.office.values(api.tenant, wanted.of, limit).await? }))
}

/// Which reading is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SyncQuery {
    /// Read everybody again, not only what has changed.
    #[serde(default)]
    pub whole: bool,
}

/// The reading under way.
#[derive(Debug, Serialize, ToSchema)]
pub struct SyncAnswer {
    /// It was begun now; otherwise one was under way, and goes on.
    pub began: bool,
    /// How far it is.
    pub reading: Option<ReadingReport>,
}

/// Read what has changed in the organisation's directory
///
/// It goes on in the background; GET /directory tells how far it is and what came of it. The first time, and when Microsoft
/// has forgotten where we were, everybody is read. One is read at a time.
#[utoipa::path(post, path = "/directory/sync", tag = "Directory", operation_id = "sync_directory", params(SyncQuery),
    responses((status = 202, description = "The directory is being read", body = SyncAnswer)))]
pub async fn sync(State(api): State<Api>, Query(wanted): Query<SyncQuery>) -> (StatusCode, Change, Json<SyncAnswer>) {
    let wanted_reading = if wanted.whole { Reading::Whole } else { Reading::Changes };
    let begun = reading::begin(&api.readings, &api.people, wanted_reading);
    let change = Change::of("directory").to(serde_json::json!({ "began": begun.is_some(), "whole": wanted.whole }));
    let answer = SyncAnswer { began: begun.is_some(), reading: begun.or_else(|| api.readings.report()) };
    (StatusCode::ACCEPTED, change, Json(answer))
}

/// A limit within its bounds.
///
/// # Errors
/// A problem that names them.
pub fn limited(wanted: Option<u32>, usual: u32, most: u32) -> Result<u32, Problem> {
    let limit = wanted.unwrap_or(usual);
    if (1..=most).contains(&limit) {
        return Ok(limit);
    }
    let problem = Problem::new(
        400,
        "bad_query",
        "The query is not what this route takes.",
        "/api/v1/openapi.json describes what this route takes.",
    );
    Err(problem.because(format!("limit is a number from 1 to {most}.")))
}

/// Why the directory could not be read, for whoever needs it for an answer.
pub fn unread(error: PeopleError) -> Problem {
    const TITLE: &str = "The organisation's directory cannot be read at present.";
    match error {
        PeopleError::Store(error) => error.into(),
        PeopleError::Refused { reason, .. } => {
            Problem::new(503, "directory_refused", TITLE, reason.cure()).because(reason.sentence())
        }
        other => Problem::new(503, "directory_unavailable", TITLE, "Try again in a minute.")
            .because(other.to_string())
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("60")),
    }
}
