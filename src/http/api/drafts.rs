//! Drafts: written, changed, duplicated, looked at before they are sent, tried on a few people.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::audiences::AudienceSource;
use super::broadcasts::{Found, NO_SUCH, Whole};
use super::deeds::{Change, noted_manuscript};
use super::etag::Expected;
use super::input::{Body, Path, Query};
use super::life::{sent_document, was_sent};
use super::lists::LinesLeftOut;
use super::refusal::wrong_state;
use crate::app::forecast::Plan;
use crate::app::groups::GroupRead;
use crate::app::manuscript::Understood;
use crate::app::release::ReleaseError;
use crate::app::submit::{Audience, Preview, SubmitError};
use crate::domain::broadcast::Channels;
use crate::domain::content::{ACTIVITY_BYTES_MAX, Content};
use crate::domain::fault::{Fault, Faults};
use crate::domain::forecast::Forecast;
use crate::domain::ids::BroadcastId;
use crate::domain::manuscript::Manuscript;
use crate::domain::notification::Notification;
use crate::domain::reason::Reason;
use crate::domain::rights::{Action, Caller};
use crate::http::api::guard;
use crate::http::problem::Problem;
use crate::ports::{Birth, DraftRecord, DraftState};

/// What is done with a draft once it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// It is sent, or waits for its hour.
    Send,
}

/// What is done beside keeping it.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Creating {
    /// `send`: send it at once, or schedule it, by the rules of `…/send`. When it cannot be sent, it is not kept either.
    #[param(inline)]
    pub then: Option<Then>,
}

/// Write a draft, or send an announcement in one step
#[utoipa::path(post, path = "/broadcasts", tag = "Broadcasts", operation_id = "create_broadcast", params(Creating),
    request_body = Manuscript,
    responses((status = 201, description = "It is kept, or on its way", body = super::broadcasts::BroadcastDocument,
        headers(("ETag" = String, description = "Its version"), ("Location" = String, description = "Where it is")))))]
pub async fn create(
    State(api): State<Api>,
    Query(creating): Query<Creating>,
    Extension(caller): Extension<Caller>,
    Extension(birth): Extension<Birth>,
    Body(manuscript): Body<Manuscript>,
) -> Result<Whole, Problem> {
    if creating.then == Some(Then::Send) && !caller.may(Action::Send) {
        return Err(guard::FORBIDDEN);
    }
    let draft = fresh(&api, &caller, birth, manuscript);
    let change = Change::of(draft.id).to(noted_manuscript(&draft.manuscript));
    let document = match creating.then {
        None => {
            api.office.keep_draft(api.tenant, &draft).await?;
            api.whole(draft.id).await?
        }
        // By this very request, whose first answer was lost.
        Some(Then::Send) if was_sent(&api, draft.id, birth).await? => api.whole(draft.id).await?,
        Some(Then::Send) => {
            // Refused before it is kept, so that a program that mends and asks again leaves no drafts behind.
            api.clerk().judge(&caller, &draft).await?;
            api.office.keep_draft(api.tenant, &draft).await?;
            match api.clerk().send(&caller, &draft, birth).await {
                Ok(sent) => sent_document(&api, draft.id, &sent).await?,
                Err(error) => {
                    // It may have been sent where nobody knows; otherwise it was refused in the last moment.
                    if !matches!(error, ReleaseError::Submit(SubmitError::FateUnknown(_)))
                        && let Err(error) = api.office.remove_draft(api.tenant, draft.id, draft.version).await
                    {
                        tracing::warn!(%error, "a draft that was refused stays behind");
                    }
                    return Err(error.into());
                }
            }
        }
    };
    Ok(Whole { status: StatusCode::CREATED, change: Some(change), document: Box::new(document) })
}

/// A draft of `caller`, with the id that `birth` makes.
fn fresh(api: &Api, caller: &Caller, birth: Birth, manuscript: Manuscript) -> DraftRecord {
    let signature = crate::ports::Signature { at: birth.at, ..api.clerk().signature(caller) };
    DraftRecord {
        id: BroadcastId::new(birth.at, birth.draw(0)),
        version: 1,
        state: DraftState::Draft,
        manuscript,
        created: signature.clone(),
        edited: signature,
        submitted: None,
        expected: None,
        decided: None,
        rejection: None,
    }
}

/// The draft of `id` that was not sent.
async fn unsent(api: &Api, id: BroadcastId) -> Result<DraftRecord, Problem> {
    let found = api.found(id).await?;
    let state = found.state();
    match found {
        Found { draft: Some(draft), report: None } => Ok(draft),
        Found { .. } => Err(wrong_state(state)),
    }
}

/// Change a draft
///
/// One that waits for approval goes back to its author: what is released is what was read.
#[utoipa::path(put, path = "/broadcasts/{id}", tag = "Broadcasts", operation_id = "change_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id"),
        ("If-Match" = String, Header, description = "The ETag of the version that was read")),
    request_body = Manuscript,
    responses((status = 200, description = "It is changed", body = super::broadcasts::BroadcastDocument,
        headers(("ETag" = String, description = "Its new version")))))]
pub async fn change(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    expected: Expected,
    Extension(caller): Extension<Caller>,
    Body(manuscript): Body<Manuscript>,
) -> Result<Whole, Problem> {
    let draft = unsent(&api, id).await?;
    expected.demands(&draft)?;
    let change = Change::of(id).from(noted_manuscript(&draft.manuscript)).to(noted_manuscript(&manuscript));
    let changed = DraftRecord {
        version: draft.version + 1,
        state: DraftState::Draft,
        manuscript,
        edited: api.clerk().signature(&caller),
        submitted: None,
        expected: None,
        ..draft
    };
    if !api.office.change_draft(api.tenant, &changed).await? {
        return Err(super::life::changed(&api, id).await);
    }
    Ok(Whole { status: StatusCode::OK, change: Some(change), document: Box::new(api.unsent(changed)) })
}

/// Delete a draft
#[utoipa::path(delete, path = "/broadcasts/{id}", tag = "Broadcasts", operation_id = "delete_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id"),
        ("If-Match" = Option<String>, Header, description = "The ETag of the version that was read")),
    responses((status = 204, description = "It is gone")))]
pub async fn remove(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    expected: Expected,
) -> Result<(StatusCode, Change, ()), Problem> {
    let draft = unsent(&api, id).await?;
    expected.allows(&draft)?;
    if !api.office.remove_draft(api.tenant, id, draft.version).await? {
        return Err(super::life::changed(&api, id).await);
    }
    Ok((StatusCode::NO_CONTENT, Change::of(id).from(noted_manuscript(&draft.manuscript)), ()))
}

/// Write a new draft with the words of another one, or of a broadcast that was made here
#[utoipa::path(post, path = "/broadcasts/{id}/duplicate", tag = "Broadcasts", operation_id = "duplicate_broadcast",
    params(("id" = BroadcastId, Path, description = "The id of the other one")),
    responses((status = 201, description = "The new draft", body = super::broadcasts::BroadcastDocument,
        headers(("ETag" = String, description = "Its version"), ("Location" = String, description = "Where it is")))))]
pub async fn duplicate(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    Extension(caller): Extension<Caller>,
    Extension(birth): Extension<Birth>,
) -> Result<Whole, Problem> {
    const UNWRITTEN: Problem = Problem::new(
        409,
        "no_draft",
        "What was sent from the command line has no draft.",
        "Write a new draft; `said` tells what it says.",
    );
    let other = match api.found(id).await? {
        Found { draft: Some(draft), .. } => draft,
        Found { report: Some(_), .. } => return Err(UNWRITTEN),
        Found { .. } => return Err(NO_SUCH),
    };
    let draft = fresh(&api, &caller, birth, other.manuscript);
    let change = Change::of(draft.id).to(noted_manuscript(&draft.manuscript));
    api.office.keep_draft(api.tenant, &draft).await?;
    let document = Box::new(api.whole(draft.id).await?);
    Ok(Whole { status: StatusCode::CREATED, change: Some(change), document })
}

/// What can be told of an announcement without asking anybody.
#[derive(Debug, Serialize, ToSchema)]
pub struct Validation {
    /// Nothing is wrong with it.
    pub is_valid: bool,
    /// Everything wrong with it, by the names of its fields.
    pub faults: Vec<Fault>,
    /// What its author should know.
    pub notes: Vec<String>,
    /// The message as it would be sent; `null` where its words are wrong, and where it goes to activity feeds alone.
    pub message: Option<MessagePreview>,
    /// The entry in activity feeds; `null` where there is none, or something is wrong with it.
    pub notification: Option<Notification>,
}

/// A message as it would be sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessagePreview {
    /// The Adaptive Card.
    #[schema(value_type = Object)]
    pub card: Value,
    /// The notification's text.
    pub summary: String,
    /// The size of the finished message in bytes, as Teams counts them.
    pub bytes: usize,
    /// The most that it may have.
    pub bytes_max: usize,
    /// The size of the picture inside it, in bytes of its file.
    pub image_bytes: usize,
}

impl MessagePreview {
    fn of(content: &Content) -> Self {
        let size = content.size();
        Self {
            card: content.card(),
            summary: content.notification().to_owned(),
            bytes: size.bytes,
            bytes_max: ACTIVITY_BYTES_MAX,
            image_bytes: size.image_bytes,
        }
    }
}

/// Look at a draft: what is wrong with it, and what it would look like
#[utoipa::path(post, path = "/broadcasts/{id}/validate", tag = "Broadcasts", operation_id = "validate_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id")),
    responses((status = 200, description = "What can be told without asking anybody", body = Validation)))]
pub async fn validate(State(api): State<Api>, Path(id): Path<BroadcastId>) -> Result<Json<Validation>, Problem> {
    let draft = unsent(&api, id).await?;
    Ok(Json(validated(&api, &draft.manuscript).await))
}

/// Look at an announcement that is not kept: what is wrong with it, and what it would look like
#[utoipa::path(post, path = "/broadcasts/validate", tag = "Broadcasts", operation_id = "validate_manuscript",
    request_body = Manuscript,
    responses((status = 200, description = "What can be told without asking anybody", body = Validation)))]
pub async fn validate_unsaved(State(api): State<Api>, Body(manuscript): Body<Manuscript>) -> Json<Validation> {
    Json(validated(&api, &manuscript).await)
}

async fn validated(api: &Api, manuscript: &Manuscript) -> Validation {
    let clerk = api.clerk();
    let is_message = manuscript.channel != Channels::Feed;
    let content = clerk.read_content(manuscript).await.ok().filter(|_| is_message);
    let message = content.as_ref().map(MessagePreview::of);
    match clerk.read(manuscript).await {
        Ok(Understood { draft, notes }) => {
            let notification = draft.going.wanted().map(|wanted| wanted.notification.clone());
            Validation { is_valid: true, faults: Vec::new(), notes, message, notification }
        }
        Err(Faults(faults)) => Validation { is_valid: false, faults, notes: Vec::new(), message, notification: None },
    }
}

/// What an announcement would be, had it been sent at this moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct DryRun {
    /// Everybody whom it means, or how many places.
    pub targeted: u64,
    /// Those who are not left out by rule.
    pub reachable: u64,
    /// Left out by rule, by the code of why.
    pub left_out_by_rule: BTreeMap<String, u64>,
    /// Those of the reachable whom Teams refused when it was last asked, by the code of why. They are tried again.
    pub refused_before: BTreeMap<String, u64>,
    /// Those whom several sources name; they get it once.
    pub named_again: u64,
    /// Those who would be among them if nobody were taken away.
    pub excluded: u64,
    /// What the audience is made of.
    pub sources: Vec<AudienceSource>,
    /// The groups and teams that it names.
    pub groups: Vec<GroupRead>,
    /// What of the list that is the audience names nobody, or somebody again.
    pub list: LinesLeftOut,
    /// The same of the lists that the words name.
    pub lists: BTreeMap<String, LinesLeftOut>,
    /// Where it would be posted, by name.
    pub posts: Vec<String>,
    /// Who is left out or beside: by the code of why, the first people by name.
    pub people: BTreeMap<String, Vec<PersonAside>>,
    /// More than one person must agree to send it.
    pub needs_approval: bool,
    /// The size of the finished message in bytes, as Teams counts them.
    pub bytes: usize,
    /// What its author should know.
    pub notes: Vec<String>,
    /// When it would be expected to end.
    #[serde(flatten)]
    pub forecast: Forecast,
}

/// Somebody who would not get it, or not for certain.
#[derive(Debug, Serialize, ToSchema)]
pub struct PersonAside {
    /// Object id.
    #[schema(value_type = uuid::Uuid)]
    pub id: crate::domain::ids::EntraId,
    /// As shown.
    pub name: String,
    /// User principal name.
    pub user_principal_name: String,
}

/// How many people are wanted by name.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Naming {
    /// Of each kind who falls aside, at most so many by name: 0 to 100000; 20 when absent.
    #[param(minimum = 0, maximum = 100_000)]
    pub people: Option<u32>,
}

/// Count whom a draft would reach, and how long that would take
#[utoipa::path(post, path = "/broadcasts/{id}/dry-run", tag = "Broadcasts", operation_id = "dry_run_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id"), Naming),
    responses((status = 200, description = "What it would be at this moment", body = DryRun)))]
pub async fn dry_run(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    Query(naming): Query<Naming>,
) -> Result<Json<DryRun>, Problem> {
    let draft = unsent(&api, id).await?;
    Ok(Json(tried(&api, &draft.manuscript, &naming).await?))
}

/// Count whom an announcement that is not kept would reach, and how long that would take
#[utoipa::path(post, path = "/broadcasts/dry-run", tag = "Broadcasts", operation_id = "dry_run_manuscript",
    params(Naming), request_body = Manuscript,
    responses((status = 200, description = "What it would be at this moment", body = DryRun)))]
pub async fn dry_run_unsaved(
    State(api): State<Api>,
    Query(naming): Query<Naming>,
    Body(manuscript): Body<Manuscript>,
) -> Result<Json<DryRun>, Problem> {
    Ok(Json(tried(&api, &manuscript, &naming).await?))
}

async fn tried(api: &Api, manuscript: &Manuscript, naming: &Naming) -> Result<DryRun, Problem> {
    const NAMED: usize = 20;
    const NAMED_MAX: usize = 100_000;
    let named = naming.people.map_or(NAMED, |people| usize::try_from(people).unwrap_or(NAMED_MAX).min(NAMED_MAX));
    let (preview, Understood { draft, notes }, needs_approval) = api.clerk().preview(manuscript).await?;
    let venues = match &draft.audience {
        Audience::Venues(venues) => venues.len() as u64,
        Audience::Everyone | Audience::List(_) | Audience::Words(_) => 0,
    };
    let plan = Plan {
        reachable: preview.reach.reachable(),
        people: preview.reachable.clone(),
        urgent: draft.treatment.urgent,
        schedule: draft.schedule.clone(),
        means: draft.going.means(),
        venues,
    };
    let forecast = api.foresight().of_plan(&plan).await?;
    Ok(DryRun::of(preview, forecast, draft.content.size().bytes, named).noting(notes, needs_approval))
}

impl DryRun {
    fn of(preview: Preview, forecast: Forecast, bytes: usize, named: usize) -> Self {
        let by_code = |counts: &BTreeMap<Reason, u64>| {
            counts.iter().map(|(reason, count)| (reason.code().to_owned(), *count)).collect()
        };
        let people = preview.rolls.into_iter().map(|(why, people)| {
            let aside = people.into_iter().take(named).map(|person| PersonAside {
                id: person.entra_id,
                name: person.display_name,
                user_principal_name: person.user_principal_name,
            });
            (why, aside.collect())
        });
        let sources = preview.sources.into_iter();
        Self {
            targeted: preview.reach.people,
            reachable: preview.reach.reachable(),
            left_out_by_rule: by_code(&preview.reach.barred),
            refused_before: by_code(&preview.refused_before),
            named_again: preview.named_again,
            excluded: preview.excluded,
            sources: sources.map(|(source, people)| AudienceSource { source: source.to_string(), people }).collect(),
            groups: preview.groups,
            list: LinesLeftOut::of(&preview.left_out),
            lists: preview.lists.iter().map(|(name, left_out)| (name.clone(), LinesLeftOut::of(left_out))).collect(),
            posts: preview.posts,
            people: people.collect(),
            needs_approval: false,
            bytes,
            notes: Vec::new(),
            forecast,
        }
    }

    fn noting(self, notes: Vec<String>, needs_approval: bool) -> Self {
        Self { notes, needs_approval, ..self }
    }
}

/// Who is to read it before everybody does.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrialPeople {
    /// One to ten people, each by object id, principal name or mail address.
    #[schema(min_items = 1, max_items = 10, example = json!(["anna@contoso.example"]))]
    pub people: Vec<String>,
}

/// Try a draft on a few named people
///
/// They get it at once, as an urgent broadcast of its own whose title begins with “Test: ”, on the same way as everybody
/// will; where it is meant for channels, as a message. Its progress is that of any broadcast.
#[utoipa::path(post, path = "/broadcasts/{id}/test", tag = "Broadcasts", operation_id = "test_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id")), request_body = TrialPeople,
    responses((status = 201, description = "The broadcast to these people", body = super::broadcasts::BroadcastDocument,
        headers(("Location" = String, description = "Where it is")))))]
pub async fn test(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    Extension(birth): Extension<Birth>,
    Body(TrialPeople { people }): Body<TrialPeople>,
) -> Result<Whole, Problem> {
    let draft = unsent(&api, id).await?;
    let trial = BroadcastId::new(birth.at, birth.draw(0));
    let document = match was_sent(&api, trial, birth).await? {
        true => api.whole(trial).await?,
        false => {
            let sent = api.clerk().try_on(&draft.manuscript, &people, birth).await?;
            sent_document(&api, trial, &sent).await?
        }
    };
    let change = Change::of(id).to(serde_json::json!({ "test": trial, "people": people.len() }));
    Ok(Whole { status: StatusCode::CREATED, change: Some(change), document: Box::new(document) })
}
