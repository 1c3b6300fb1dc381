//! Whether everything is as it should be: what `stentor doctor` tells.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::deeds::Change;
use crate::app::examination::{self, ExaminationReport};

/// The last examination.
#[derive(Debug, Serialize, ToSchema)]
pub struct Examination {
    /// How it stands; `null` when this process has examined nothing yet.
    pub examination: Option<ExaminationReport>,
}

/// The examination under way.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExaminationBegun {
    /// It was begun now; otherwise one was under way, and goes on.
    pub began: bool,
    /// How it stands.
    pub examination: Option<ExaminationReport>,
}

/// What the last examination found
#[utoipa::path(get, path = "/doctor", tag = "Operations", operation_id = "get_examination",
    responses((status = 200, description = "What was found, while it goes on too", body = Examination)))]
pub async fn show(State(api): State<Api>) -> Json<Examination> {
    Json(Examination { examination: api.examinations.report() })
}

/// Examine everything
///
/// It goes on in the background; GET /doctor tells each thing as it is found. It changes nothing, and writes to nobody. A
/// large house takes some minutes. One is under way at a time.
#[utoipa::path(post, path = "/doctor", tag = "Operations", operation_id = "examine",
    responses((status = 202, description = "Everything is being examined", body = ExaminationBegun)))]
pub async fn begin(State(api): State<Api>) -> (StatusCode, Change, Json<ExaminationBegun>) {
    let begun = examination::begin(&api.examinations, &api.examiner, &api.clock);
    let began = begun.is_some();
    let change = Change::of("doctor").to(serde_json::json!({ "began": began }));
    let answer = ExaminationBegun { began, examination: begun.or_else(|| api.examinations.report()) };
    (StatusCode::ACCEPTED, change, Json(answer))
}
