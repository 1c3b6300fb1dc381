//! Who did what: every action leaves a line before it begins, and one when it is over.
//!
//! Picture a notary at the door: she writes down who goes in and for what, and only then opens; when they come out she adds
//! how it went. Without her book nobody goes in. What only looks ([`Action::See`], or `dry`) passes her by, and so does what she
//! has turned away for another reason than rights: nobody was there yet.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use axum::extract::{FromRequestParts, RawPathParams, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tracing::Instrument;
use utoipa::openapi::RefOr;
use utoipa::openapi::path::Paths;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::directory::limited;
use super::input::Query;
use crate::domain::ids::RequestId;
use crate::domain::manuscript::Manuscript;
use crate::domain::rights::{Action, Caller};
use crate::http::problem::Problem;
use crate::ports::{Deed, DeedFilter};

/// Nothing is done that cannot be noted.
const UNNOTED: Problem = Problem::new(
    503,
    "not_noted",
    "Nothing was done, because it cannot be noted at present who did it.",
    "Ask again in a few seconds. /readyz tells what is the matter.",
);

/// The parameter by which a request only asks what it would do.
const DRY: &str = "dry";

/// The longest subject that is noted, in characters: longer ones are nothing that we have.
const SUBJECT_MAX: usize = 300;

/// What an action has changed. A handler answers with it, as one of the parts of its response:
/// `(Change::of(&name).from(before).to(after), Json(answer))`; the audit takes it from there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// On what, where the path does not say it: the id of what was made.
    pub subject: Option<String>,
    /// How it was before.
    pub before: Option<Value>,
    /// How it is afterwards.
    pub after: Option<Value>,
}

impl Change {
    /// Of what the path names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Of `subject`.
    pub fn of(subject: impl ToString) -> Self {
        Self { subject: Some(subject.to_string()), ..Self::default() }
    }

    /// The same, which was so before. What cannot be written as JSON is left out.
    #[must_use]
    pub fn from(mut self, before: impl Serialize) -> Self {
        self.before = serde_json::to_value(before).ok();
        self
    }

    /// The same, which is so afterwards.
    #[must_use]
    pub fn to(mut self, after: impl Serialize) -> Self {
        self.after = serde_json::to_value(after).ok();
        self
    }
}

impl axum::response::IntoResponseParts for Change {
    type Error = std::convert::Infallible;

    fn into_response_parts(
        self,
        mut parts: axum::response::ResponseParts,
    ) -> Result<axum::response::ResponseParts, Self::Error> {
        parts.extensions_mut().insert(self);
        Ok(parts)
    }
}

/// `manuscript` as the audit keeps it: its words; of lists and of a picture inside only how much, and the SHA-256.
pub fn noted_manuscript(manuscript: &Manuscript) -> Value {
    let mut noted = manuscript.clone();
    let weighed = |text: &mut String| *text = weighed(text);
    if let Some(audience) = &mut noted.audience {
        audience.list.iter_mut().chain(audience.lists.values_mut()).for_each(weighed);
    }
    if let Some(url) = noted.image.as_mut().and_then(|image| image.url.as_mut()).filter(|url| url.starts_with("data:"))
    {
        *url = self::weighed(url);
    }
    json!(noted)
}

/// How much `text` is, and its SHA-256.
fn weighed(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty()).count();
    format!("lines: {lines}, bytes: {}, sha256: {}", text.len(), sha256(text.as_bytes()))
}

/// The SHA-256 of `bytes` in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the operations of one path are called, by method; empty for those that only look.
#[derive(Debug, Clone)]
pub struct Operations(Arc<[Operation]>);

#[derive(Debug)]
struct Operation {
    method: Method,
    name: String,
    /// Whether it can be asked what it would do.
    has_dry: bool,
}

impl Operations {
    /// Those of `paths`, which are for `action`.
    pub fn of(paths: &Paths, action: Action) -> Self {
        if action == Action::See {
            return Self(Arc::new([]));
        }
        let mut known = Vec::new();
        for item in paths.paths.values() {
            let methods = [
                (Method::GET, &item.get),
                (Method::PUT, &item.put),
                (Method::POST, &item.post),
                (Method::DELETE, &item.delete),
                (Method::PATCH, &item.patch),
            ];
            for (method, operation) in methods {
                let Some(operation) = operation else { continue };
                let Some(name) = operation.operation_id.clone() else { continue };
                let mut parameters = operation.parameters.iter().flatten();
                let has_dry = parameters.any(|one| matches!(one, RefOr::T(parameter) if parameter.name == DRY));
                known.push(Operation { method, name, has_dry });
            }
        }
        Self(known.into())
    }

    fn of_method(&self, method: &Method) -> Option<&Operation> {
        self.0.iter().find(|known| known.method == method)
    }
}

/// The line of a request that has not begun; `None` when it only looks.
async fn line(api: &Api, caller: &Caller, request: &mut Request) -> Option<Deed> {
    let operation = request.extensions().get::<Operations>()?.of_method(request.method())?;
    let action = operation.name.clone();
    let request_id = request.extensions().get::<RequestId>().map(|id| id.0);
    let subject = subject(request).await;
    Some(Deed {
        happened_at: api.clock.now(),
        actor: caller.who.subject(),
        actor_name: Some(caller.who.name().to_owned()),
        action,
        subject,
        request: request_id,
        status: None,
        before: None,
        after: None,
    })
}

/// Whether a request only asks what it would do.
fn is_dry(request: &Request) -> bool {
    let operation = request.extensions().get::<Operations>().and_then(|known| known.of_method(request.method()));
    let query = request.uri().query().unwrap_or_default();
    operation.is_some_and(|operation| operation.has_dry)
        && url::form_urlencoded::parse(query.as_bytes()).any(|(name, value)| name == DRY && value == "true")
}

/// What the path is about: the first of what it leaves open.
async fn subject(request: &mut Request) -> String {
    let taken = std::mem::take(request);
    let (mut parts, body) = taken.into_parts();
    let params = RawPathParams::from_request_parts(&mut parts, &()).await;
    *request = Request::from_parts(parts, body);
    let first = params.ok().and_then(|params| params.iter().next().map(|(_, value)| value.to_owned()));
    first.unwrap_or_default().chars().take(SUBJECT_MAX).collect()
}

/// Notes that `caller` wanted to do what they may not.
pub async fn note_refusal(api: &Api, caller: &Caller, request: &mut Request) {
    let Some(mut deed) = line(api, caller, request).await else { return };
    deed.status = Some(StatusCode::FORBIDDEN.as_u16());
    if let Err(error) = api.office.note(api.tenant, &deed).await {
        // Nothing was done, so nothing is lost but the word of it.
        tracing::error!(%error, action = deed.action, actor = deed.actor, "a refusal could not be noted");
    }
}

/// Notes what is done, before and after; without the first line nothing is done.
///
/// What was begun goes on when whoever asked hangs up, so that the second line tells the truth.
pub async fn noted(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    mut request: Request,
    next: Next,
) -> Response {
    let only_looks = request.method().is_safe() || is_dry(&request);
    let Some(mut deed) = line(&api, &caller, &mut request).await.filter(|_| !only_looks) else {
        return next.run(request).await;
    };
    if let Err(error) = api.office.note(api.tenant, &deed).await {
        tracing::error!(%error, action = deed.action, "nothing is done that cannot be noted");
        return UNNOTED.with_header(header::RETRY_AFTER, HeaderValue::from_static("5")).into_response();
    }
    let doing = async move {
        let mut response = next.run(request).await;
        let change = response.extensions_mut().remove::<Change>().unwrap_or_default();
        deed.happened_at = api.clock.now();
        deed.status = Some(response.status().as_u16());
        deed.subject = change.subject.unwrap_or(deed.subject);
        (deed.before, deed.after) = (change.before, change.after);
        if let Err(error) = api.office.note(api.tenant, &deed).await {
            tracing::error!(%error, action = deed.action, subject = deed.subject, status = deed.status,
                "how an action ended could not be noted");
        }
        response
    };
    match tokio::spawn(doing.in_current_span()).await {
        Ok(response) => response,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is being shut down, and nobody is there to read this.
            Err(_) => UNNOTED.into_response(),
        },
    }
}

/// Which lines are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only what was done to this: the id of a broadcast, the name of an audience.
    #[param(max_length = 300)]
    pub subject: Option<String>,
    /// Only what they did: `person:` or `application:` and the id, or `command line`.
    #[param(max_length = 300, example = "person:00000000-0000-0000-0000-000000000007")]
    pub actor: Option<String>,
    /// Only lines before this one: the `next` of the page before.
    pub before: Option<i64>,
    /// At most so many, 1 to 200; 50 when absent.
    #[param(minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A line and its number.
#[derive(Debug, Serialize, ToSchema)]
pub struct NumberedDeed {
    /// In order of writing.
    pub number: i64,
    /// The line.
    #[serde(flatten)]
    pub deed: Deed,
}

/// A page of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditPage {
    /// The newest first.
    pub deeds: Vec<NumberedDeed>,
    /// The `before` of the next page; absent when this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// Who did what, newest first
///
/// Each action has two lines: one from before it began, without a status, and one with how it ended.
#[utoipa::path(get, path = "/audit", tag = "Audit", operation_id = "list_audit", params(AuditQuery),
    responses((status = 200, description = "A page of it", body = AuditPage)))]
pub async fn list(State(api): State<Api>, Query(query): Query<AuditQuery>) -> Result<Json<AuditPage>, Problem> {
    let limit = limited(query.limit, 50, 200)?;
    let filter = DeedFilter { subject: query.subject, actor: query.actor, before: query.before };
    let lines = api.office.deeds(api.tenant, &filter, limit).await?;
    let next = lines.last().filter(|_| u32::try_from(lines.len()) == Ok(limit)).map(|(number, _)| *number);
    let deeds = lines.into_iter().map(|(number, deed)| NumberedDeed { number, deed }).collect();
    Ok(Json(AuditPage { deeds, next }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::manuscript::{ManuscriptAudience, ManuscriptImage};

    #[test]
    fn the_audit_keeps_words_and_of_lists_and_pictures_only_their_weight() {
        let manuscript = Manuscript {
            title: "Noon".into(),
            image: Some(ManuscriptImage { url: Some("data:image/png;base64,AAAA".into()), ..Default::default() }),
            audience: Some(ManuscriptAudience {
                list: Some("anna@contoso.example\n\nbela@contoso.example\n".into()),
                lists: [("board".to_owned(), "carla@contoso.example".to_owned())].into(),
                ..Default::default()
            }),
            ..Manuscript::default()
        };
        let noted = noted_manuscript(&manuscript);
        assert_eq!(noted["title"], "Noon");
        let list = noted["audience"]["list"].as_str().unwrap();
        assert!(list.starts_with("lines: 2, bytes: 43, sha256: "), "{list}");
        let text = noted.to_string();
        assert!(!text.contains("@contoso") && !text.contains("base64"), "{text}");
    }
}
