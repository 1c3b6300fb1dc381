//! Everybody of a broadcast as one file, written while it is read: nobody waits for the whole, and no whole is ever held.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::broadcasts::NO_SUCH;
use super::deliveries::{bad_query, passes};
use super::input::{Path, Query};
use crate::app::export::{Filter, Format, Pages, STATES, StateWord};
use crate::domain::broadcast::{Channel, RoundKind};
use crate::domain::fault::Fault;
use crate::domain::ids::BroadcastId;
use crate::domain::reason::Reason;
use crate::http::problem::{Problem, ProblemDocument};

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
    /// Where the rounds of this kind left people; without it, where the newest telling left everybody.
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
        (status = 404, description = "There is no such broadcast, or it has no such rounds", body = ProblemDocument, content_type = "application/problem+json")))]
pub async fn export(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
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
    let report = api.store.report(api.tenant, id).await?.ok_or(NO_SUCH)?;
    let (passes, channel) = passes(&report, wanted.kind, wanted.channel)?;
    let states = states.into_iter().map(|state: StateWord| state.in_channel(channel).to_owned()).collect();
    let pages =
        Pages::open(Arc::clone(&api.store), (api.tenant, id, passes), format, Filter { states, reasons }).await?;
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"broadcast-{id}.{ending}\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    // An error in the middle ends the connection before the last chunk: no client takes that for a whole file.
    Ok((headers, Body::from_stream(pages.stream())).into_response())
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
