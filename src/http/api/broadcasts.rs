//! Broadcasts, from the first draft on: what was written, what goes out, and what became of everybody.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::deeds::Change;
use super::directory::limited;
use super::etag::etag;
use super::input::{Path, Query};
use super::router::API;
use crate::app::amend;
use crate::app::presence::Usher;
use crate::app::release::{Clerk, state_of};
use crate::app::report::{Summary, summary};
use crate::domain::broadcast::BroadcastState;
use crate::domain::content::Content;
use crate::domain::ids::BroadcastId;
use crate::domain::manuscript::Manuscript;
use crate::domain::notification::Notification;
use crate::http::problem::{Problem, ProblemDocument};
use crate::ports::{Announcement, AnnouncementQuery, BroadcastReport, DraftRecord, DraftState, Said, Signature};

/// There is no such broadcast.
pub const NO_SUCH: Problem = Problem::new(
    404,
    "broadcast_not_found",
    "There is no such broadcast.",
    "GET /api/v1/broadcasts lists those of this tenant.",
);

/// Which are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Listing {
    /// Only those that stand so.
    #[param(inline)]
    pub state: Option<BroadcastState>,
    /// Only those whose title holds this, in any case of letters.
    #[param(max_length = 200)]
    pub title: Option<String>,
    /// Only those born before this one: the `next` of the page before.
    pub after: Option<BroadcastId>,
    /// At most so many, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A page of drafts and broadcasts.
#[derive(Debug, Serialize, ToSchema)]
pub struct BroadcastPage {
    /// The newest first.
    pub broadcasts: Vec<Listed>,
    /// The `after` of the next page; absent when this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<BroadcastId>,
}

/// A draft or a broadcast.
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed {
    /// In a line.
    #[serde(flatten)]
    pub announcement: Announcement,
    /// Where its people stand; `null` while it is a draft.
    pub report: Option<BroadcastReport>,
}

/// Somebody's draft.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DraftDocument {
    /// Grows with every change; the `ETag` of the answer.
    pub version: u32,
    /// Where the draft itself stands.
    pub state: DraftState,
    /// Who began it.
    pub created: Signature,
    /// Who changed it last.
    pub edited: Signature,
    /// Who handed it in, for approval or by sending it.
    pub submitted: Option<Signature>,
    /// Who released or rejected it.
    pub decided: Option<Signature>,
    /// Why it was rejected; `null` when it was not.
    pub rejection: Option<String>,
    /// How many people it meant when it was handed in.
    pub expected: Option<u64>,
    /// What was written.
    pub manuscript: Manuscript,
}

/// What a broadcast says at present.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SaidDocument {
    /// In chats and channels.
    pub content: Content,
    /// In activity feeds.
    pub notification: Option<Notification>,
}

/// The whole of a draft or a broadcast.
#[derive(Debug, Serialize, ToSchema)]
pub struct BroadcastDocument {
    /// Its id.
    pub id: BroadcastId,
    /// Its heading.
    pub title: String,
    /// Where it stands.
    pub state: BroadcastState,
    /// What may be asked of it now, as the last part of a path or, of a draft, `change` and `delete`.
    #[schema(example = json!(["pause", "cancel"]))]
    pub possible: Vec<&'static str>,
    /// What was written; `null` of one that was not made here.
    pub draft: Option<DraftDocument>,
    /// What became of everybody; `null` while it is a draft.
    pub report: Option<Summary>,
    /// What it says at present; `null` while it is a draft.
    pub said: Option<SaidDocument>,
    /// What its author should know of this request: which of two equal hours was taken, what became of the app in a team.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

impl From<DraftRecord> for DraftDocument {
    fn from(draft: DraftRecord) -> Self {
        Self {
            version: draft.version,
            state: draft.state,
            created: draft.created,
            edited: draft.edited,
            submitted: draft.submitted,
            decided: draft.decided,
            rejection: draft.rejection,
            expected: draft.expected,
            manuscript: draft.manuscript,
        }
    }
}

/// An answer with the whole of a broadcast; its tag is the draft's version.
#[derive(Debug)]
pub struct Whole {
    /// The HTTP status.
    pub status: StatusCode,
    /// What the audit keeps of it.
    pub change: Option<Change>,
    /// The broadcast.
    pub document: Box<BroadcastDocument>,
}

impl IntoResponse for Whole {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        let tag = self.document.draft.as_ref().and_then(|draft| HeaderValue::try_from(etag(draft.version)).ok());
        if let Some(tag) = tag {
            headers.insert(header::ETAG, tag);
        }
        if self.status == StatusCode::CREATED
            && let Ok(place) = HeaderValue::try_from(format!("{API}/broadcasts/{}", self.document.id))
        {
            headers.insert(header::LOCATION, place);
        }
        let body = (self.status, headers, Json(self.document));
        match self.change {
            Some(change) => (change, body).into_response(),
            None => body.into_response(),
        }
    }
}

/// A draft, a broadcast, or the one that was made of the other.
#[derive(Debug)]
pub struct Found {
    /// Its draft.
    pub draft: Option<DraftRecord>,
    /// Its report, once it is a broadcast.
    pub report: Option<BroadcastReport>,
}

impl Found {
    /// Where it stands.
    pub fn state(&self) -> BroadcastState {
        match (&self.draft, &self.report) {
            (_, Some(report)) => report.state,
            (Some(draft), None) => state_of(draft.state),
            (None, None) => BroadcastState::Draft,
        }
    }
}

impl Api {
    /// Who takes announcements in.
    pub fn clerk(&self) -> Clerk<'_> {
        let settings = &self.settings;
        Clerk {
            people: &self.people,
            office: &*self.office,
            reach: settings.reach,
            cloud: &settings.cloud,
            public_url: &settings.public_url,
            activity_type: &settings.activity_type,
            usher: Usher {
                messenger: &*self.messenger,
                clock: &*self.clock,
                random: &*self.random,
                request_timeout: settings.request_timeout,
            },
        }
    }

    /// The draft or broadcast of this id.
    ///
    /// # Errors
    /// [`NO_SUCH`].
    pub async fn found(&self, id: BroadcastId) -> Result<Found, Problem> {
        let draft = self.office.draft(self.tenant, id).await?;
        let is_sent = draft.as_ref().is_none_or(|draft| draft.state == DraftState::Sent);
        let report = if is_sent { self.store.report(self.tenant, id).await? } else { None };
        if draft.is_none() && report.is_none() { Err(NO_SUCH) } else { Ok(Found { draft, report }) }
    }

    /// The whole of it.
    ///
    /// # Errors
    /// [`NO_SUCH`].
    pub async fn whole(&self, id: BroadcastId) -> Result<BroadcastDocument, Problem> {
        let draft = self.office.draft(self.tenant, id).await?;
        if let Some(draft) = draft.as_ref().filter(|draft| draft.state != DraftState::Sent) {
            return Ok(self.unsent(draft.clone()));
        }
        let report = summary(&self.foresight(), id).await?.ok_or(NO_SUCH)?;
        let said = amend::said(&*self.store, self.tenant, &report.report).await?;
        let said = said.map(|Said { content, notification }| SaidDocument { content, notification });
        let state = report.report.state;
        Ok(BroadcastDocument {
            id,
            title: report.report.title.clone(),
            state,
            possible: super::refusal::possible(state, report.report.recalled_at.is_some()),
            draft: draft.map(Into::into),
            report: Some(report),
            said,
            notes: Vec::new(),
        })
    }

    /// A draft that was not sent.
    pub fn unsent(&self, draft: DraftRecord) -> BroadcastDocument {
        let state = state_of(draft.state);
        BroadcastDocument {
            id: draft.id,
            title: draft.manuscript.title.clone(),
            state,
            possible: super::refusal::possible(state, false),
            draft: Some(draft.into()),
            report: None,
            said: None,
            notes: Vec::new(),
        }
    }
}

/// The newest drafts and broadcasts
#[utoipa::path(get, path = "/broadcasts", tag = "Broadcasts", operation_id = "list_broadcasts", params(Listing),
    responses((status = 200, description = "A page of them, the newest first", body = BroadcastPage)))]
pub async fn list(State(api): State<Api>, Query(listing): Query<Listing>) -> Result<Json<BroadcastPage>, Problem> {
    let limit = limited(listing.limit, 50, 200)?;
    let query = AnnouncementQuery {
        states: listing.state.into_iter().collect(),
        title: listing.title.filter(|title| !title.is_empty()),
        before: listing.after,
    };
    let announcements = api.office.announcements(api.tenant, &query, limit).await?;
    let is_draft = |state| matches!(state, BroadcastState::Draft | BroadcastState::AwaitingApproval);
    let sent = announcements.iter().filter(|listed| !is_draft(listed.state));
    let sent: Vec<BroadcastId> = sent.map(|listed| listed.id).collect();
    let mut reports = api.office.reports_of(api.tenant, &sent).await?.into_iter().peekable();
    let next = announcements.last().filter(|_| u32::try_from(announcements.len()) == Ok(limit)).map(|last| last.id);
    let with_report = |announcement: Announcement| {
        let report = reports.next_if(|report| report.id == announcement.id);
        Listed { announcement, report }
    };
    Ok(Json(BroadcastPage { broadcasts: announcements.into_iter().map(with_report).collect(), next }))
}

/// One draft or broadcast
#[utoipa::path(get, path = "/broadcasts/{id}", tag = "Broadcasts", operation_id = "get_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id")),
    responses(
        (status = 200, description = "The whole of it", body = BroadcastDocument,
            headers(("ETag" = String, description = "The version of its draft, where it has one"))),
        (status = 404, description = "There is no such broadcast", body = ProblemDocument, content_type = "application/problem+json")))]
pub async fn show(State(api): State<Api>, Path(id): Path<BroadcastId>) -> Result<Whole, Problem> {
    Ok(Whole { status: StatusCode::OK, change: None, document: Box::new(api.whole(id).await?) })
}
