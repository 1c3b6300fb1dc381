//! Broadcasts: what was written, what goes out, and what became of everybody.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::input::{Path, Query};
use crate::domain::ids::BroadcastId;
use crate::http::problem::Problem;
use crate::ports::BroadcastReport;

/// There is no such broadcast.
pub const NO_SUCH: Problem = Problem::new(
    404,
    "broadcast_not_found",
    "There is no such broadcast.",
    "GET /api/v1/broadcasts lists those of this tenant.",
);

/// How many are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Listing {
    /// At most so many, 1 to 200.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A page of broadcasts.
#[derive(Debug, Serialize, ToSchema)]
pub struct BroadcastPage {
    /// The newest first.
    pub broadcasts: Vec<BroadcastReport>,
}

/// The newest broadcasts
#[utoipa::path(get, path = "/broadcasts", tag = "Broadcasts", operation_id = "list_broadcasts", params(Listing),
    responses((status = 200, description = "The newest first", body = BroadcastPage)))]
pub async fn list(State(api): State<Api>, Query(listing): Query<Listing>) -> Result<Json<BroadcastPage>, Problem> {
    let limit = listing.limit.unwrap_or(50).clamp(1, 200);
    Ok(Json(BroadcastPage { broadcasts: api.store.reports(api.tenant, limit).await? }))
}

/// One broadcast
#[utoipa::path(get, path = "/broadcasts/{id}", tag = "Broadcasts", operation_id = "get_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id")),
    responses((status = 200, description = "Where it stands", body = BroadcastReport)))]
pub async fn show(State(api): State<Api>, Path(id): Path<BroadcastId>) -> Result<Json<BroadcastReport>, Problem> {
    api.store.report(api.tenant, id).await?.map(Json).ok_or(NO_SUCH)
}
