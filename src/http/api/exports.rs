//! Everybody of a broadcast as one file, written while it is read: nobody waits for the whole, and no whole is ever held.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Version, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt;
use futures_util::stream::once;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::deliveries::{bad_query, passes};
use super::input::{Path, Query};
use super::life::ended;
use crate::app::export::{ExportError, Filter, Format, Pages, STATES, StateWord};
use crate::domain::broadcast::{Channel, RoundKind};
use crate::domain::fault::Fault;
use crate::domain::ids::BroadcastId;
use crate::domain::reason::Reason;
use crate::http::limits::Room;
use crate::http::problem::{Problem, ProblemDocument};

/// Before HTTP/1.1 a transfer that breaks off looks like one that ends.
const TOO_OLD: Problem = Problem::new(
    505,
    "http_too_old",
    "In HTTP/1.0 nobody can tell a file that breaks off from a whole one.",
    "Ask in HTTP/1.1. A proxy in between must speak it to Stentor: of nginx, `proxy_http_version 1.1`.",
);

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// Comma separated, with a heading.
    #[default]
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// One JSON array.
    Json,
}

/// What is written.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// How; CSV when it is left out.
    #[param(inline)]
    pub format: Option<ExportFormat>,
    /// Only people in these states, with commas between them.
    #[param(max_length = 200, pattern = "^[a-z_,]*$", example = "failed,unconfirmed")]
    pub state: Option<String>,
    /// Only people who are there for these reasons, with commas between them.
    #[param(max_length = 1000, pattern = "^[a-z_,]*$", example = "blocked_by_policy")]
    pub reason: Option<String>,
    /// Where the rounds of this kind left people, neither `send` nor `retry`; without it, where the newest telling left everybody.
    #[param(inline)]
    pub kind: Option<RoundKind>,
    /// The rounds in this channel; without it, the one that the broadcast begins with.
    pub channel: Option<Channel>,
    /// CSV begins with the mark by which Excel knows UTF-8.
    pub mark: Option<bool>,
}

/// Everybody of a broadcast, as a file
///
/// One line for each person. Cells that a spreadsheet would take for a formula begin with an apostrophe. A file that ends
/// too early is a transfer that breaks off, never a whole one.
#[utoipa::path(get, path = "/broadcasts/{id}/export", tag = "People", operation_id = "export_deliveries",
    params(("id" = BroadcastId, Path, description = "The broadcast"), Wanted),
    responses(
        (status = 200, description = "The file", content(
            (String = "text/csv; charset=utf-8"), (String = "application/jsonl"), (Vec<crate::app::export::Line> = "application/json")),
            headers(("Content-Disposition" = String, description = "A name for the file"))),
        (status = 400, description = "The query is not what this route takes", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 404, description = "There is no such broadcast, or it has no such rounds", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "It was not sent yet", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 505, description = "The request is HTTP/1.0", body = ProblemDocument, content_type = "application/problem+json")))]
pub async fn export(
    State(api): State<Api>,
    Extension(room): Extension<Room>,
    version: Version,
    Path(id): Path<BroadcastId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    if version < Version::HTTP_11 {
        return Err(TOO_OLD);
    }
    let mut faults = Vec::new();
    let states = listed(wanted.state.as_deref(), "state", state_word, &STATES.join(", "), &mut faults);
    let codes = Reason::ALL.iter().map(|reason| reason.code()).collect::<Vec<_>>().join(", ");
    let reasons = listed(wanted.reason.as_deref(), "reason", Reason::from_code, &codes, &mut faults);
    let (format, kind, ending) = match wanted.format.unwrap_or_default() {
        ExportFormat::Csv => (Format::Csv { mark: wanted.mark == Some(true) }, "text/csv; charset=utf-8", "csv"),
        ExportFormat::Jsonl => (Format::JsonLines, "application/jsonl", "jsonl"),
        ExportFormat::Json => (Format::JsonArray, "application/json", "json"),
    };
    if wanted.mark == Some(true) && ending != "csv" {
        faults.push(Fault::new("mark", "JSON never begins with a byte order mark", "Leave mark out, or write CSV."));
    }
    if !faults.is_empty() {
        return Err(bad_query(faults));
    }
    let report = ended(&api, id).await?;
    let (passes, channel) = passes(&report, wanted.kind, wanted.channel)?;
    let states = states.into_iter().map(|state: StateWord| state.in_channel(channel).to_owned()).collect();
    let place = room.for_export()?;
    let mut pages =
        Pages::open(Arc::clone(&api.store), (api.tenant, id, passes), format, Filter { states, reasons }).await?;
    let first = pages.first().await.map_err(|error| match error {
        ExportError::Store(error) => error.into(),
        ExportError::Write(error) => {
            tracing::error!(%error, "an export could not be begun");
            Problem::INTERNAL
        }
    })?;
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"broadcast-{id}.{ending}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    // An error in the middle ends the connection before the last chunk: no client takes that for a whole file.
    let lines = once(async { Ok(first) }).chain(pages.stream()).map(move |page| {
        let _held = &place;
        page
    });
    Ok((headers, Body::from_stream(lines)).into_response())
}

fn state_word(word: &str) -> Option<StateWord> {
    serde_json::from_value(word.into()).ok()
}

fn listed<T>(
    text: Option<&str>,
    field: &str,
    read: impl Fn(&str) -> Option<T>,
    known: &str,
    faults: &mut Vec<Fault>,
) -> Vec<T> {
    let words = text.into_iter().flat_map(|text| text.split(',')).map(str::trim).filter(|word| !word.is_empty());
    let mut values = Vec::new();
    for word in words {
        match read(word) {
            Some(value) => values.push(value),
            None => faults.push(Fault::new(field, format!("“{word}” is none"), format!("Write some of: {known}."))),
        }
    }
    values
}
