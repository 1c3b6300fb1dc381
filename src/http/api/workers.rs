//! Who works.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use crate::http::problem::Problem;
use crate::ports::WorkerReport;

/// Who works, and who did of late.
#[derive(Debug, Serialize, ToSchema)]
pub struct Workers {
    /// Those who are alive, and those whose lease ended less than a day ago; the oldest first.
    pub workers: Vec<WorkerReport>,
}

/// Who works
#[utoipa::path(get, path = "/workers", tag = "Operations", operation_id = "list_workers",
    responses((status = 200, description = "Who works, and who did of late", body = Workers)))]
pub async fn list(State(api): State<Api>) -> Result<Json<Workers>, Problem> {
    Ok(Json(Workers { workers: api.office.workers(api.tenant).await? }))
}
