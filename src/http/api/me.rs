//! Who is asking.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::guard::Signed;
use crate::domain::rights::{Action, Caller, Role};
use crate::domain::time::Timestamp;

/// Who is asking, what they may do, and how far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Me {
    /// Who, and what they were given.
    #[serde(flatten)]
    pub caller: Caller,
    /// How many people their announcements may go to at most; null for any number, 0 for whoever may send none.
    pub people_max: Option<u64>,
    /// Announcements to more people than this must be released by a second person; null for never.
    pub approve_above: Option<u64>,
    /// Their session; null for whoever shows a token.
    pub session: Option<SessionTold>,
}

/// What a page must know of the session that it is opened in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct SessionTold {
    /// Goes into the header X-CSRF-Token of everything that changes something.
    pub csrf_token: String,
    /// When it ends, whatever they do.
    pub ends_at: Timestamp,
    /// When it ends if they do nothing more.
    pub idle_ends_at: Timestamp,
}

/// Who is asking, and what they may do
#[utoipa::path(get, path = "/me", tag = "Sign-in", operation_id = "who_am_i",
    responses((status = 200, description = "Who is asking", body = Me)))]
pub async fn me(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    signed: Option<Extension<Signed>>,
) -> Json<Me> {
    let reach = &api.settings.reach;
    let people_max = match () {
        () if caller.roles.contains(&Role::Admin) => reach.admin,
        () if caller.may(Action::Send) => reach.author,
        () => Some(0),
    };
    let session = signed.map(|Extension(Signed { csrf, ends_at, idle_ends_at })| SessionTold {
        csrf_token: csrf,
        ends_at,
        idle_ends_at,
    });
    Json(Me { caller, people_max, approve_above: reach.approve_above, session })
}
