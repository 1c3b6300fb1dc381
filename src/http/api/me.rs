//! Who is asking.

use axum::{Extension, Json};

use crate::domain::rights::Caller;

/// Who is asking, and what they may do
#[utoipa::path(get, path = "/me", tag = "Sign-in", operation_id = "who_am_i",
    responses((status = 200, description = "Who is asking", body = Caller)))]
pub async fn me(Extension(caller): Extension<Caller>) -> Json<Caller> {
    Json(caller)
}
