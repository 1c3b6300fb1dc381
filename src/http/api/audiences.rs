//! Audiences: kept under names, and counted before they are used.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::deeds::Change;
use super::directory::unread;
use super::input::{Body, Path};
use super::lists::LinesLeftOut;
use crate::app::groups::GroupRead;
use crate::app::manuscript::in_words_of_audiences;
use crate::app::saved::{self, Removal, SaveError};
use crate::app::submit::{self, Counted, SubmitError, Words};
use crate::domain::audience::expression::{parse, parse_name};
use crate::domain::audience::read_list;
use crate::domain::broadcast::BroadcastState;
use crate::domain::fault::{Fault, Faults};
use crate::domain::ids::BroadcastId;
use crate::http::problem::{Problem, ProblemDocument};
use crate::ports::{AnnouncementQuery, GroupRecord, SavedAudience};

/// What is wrong with an audience stands in the problem's `faults`.
const BAD: Problem = Problem::new(
    422,
    "bad_audience",
    "The audience cannot be used as it is.",
    "Mend what `faults` names, and ask again.",
);
/// Nothing is saved under the name.
const UNKNOWN: Problem = Problem::new(
    404,
    "audience_not_found",
    "Nothing is saved under this name.",
    "GET /api/v1/audiences lists what is saved.",
);

/// Audiences that are saved.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudienceList {
    /// By name.
    pub audiences: Vec<SavedAudience>,
}

/// Every saved audience
#[utoipa::path(get, path = "/audiences", tag = "Audiences", operation_id = "list_audiences",
    responses((status = 200, description = "By name", body = AudienceList)))]
pub async fn list(State(api): State<Api>) -> Result<Json<AudienceList>, Problem> {
    Ok(Json(AudienceList { audiences: api.store.saved_audiences(api.tenant).await? }))
}

/// One saved audience
#[utoipa::path(get, path = "/audiences/{name}", tag = "Audiences", operation_id = "get_audience",
    params(("name" = String, Path, description = "Its name", min_length = 1, max_length = 200)),
    responses((status = 200, description = "The audience", body = SavedAudience)))]
pub async fn show(State(api): State<Api>, Path(name): Path<String>) -> Result<Json<SavedAudience>, Problem> {
    known(&api, &name).await?.map(Json).ok_or(UNKNOWN)
}

/// What an audience is to mean.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AudienceToSave {
    /// Whom it means, in words; it names no lists.
    #[schema(min_length = 1, max_length = 10000, example = "country = \"France\"")]
    pub expression: String,
}

/// An audience that was saved, and whom it means at this moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudienceSaved {
    /// What was saved.
    pub audience: SavedAudience,
    /// Whom it means.
    pub count: AudienceCount,
}

/// Save an audience under a name, in the place of an earlier one
///
/// The names `count` and `read-list` are those of routes, and taken. What a broadcast that has not started uses, or a draft
/// that waits for approval, stays as it was released.
#[utoipa::path(put, path = "/audiences/{name}", tag = "Audiences", operation_id = "save_audience",
    params(("name" = String, Path, description = "The name, as other audiences write it: saved \"NAME\"", min_length = 1, max_length = 200)),
    request_body = AudienceToSave,
    responses((status = 200, description = "It is saved", body = AudienceSaved),
        (status = 409, description = "A broadcast or a draft waits with what it means now", body = ProblemDocument, content_type = "application/problem+json")))]
pub async fn save(
    State(api): State<Api>,
    Path(name): Path<String>,
    Body(wanted): Body<AudienceToSave>,
) -> Result<(Change, Json<AudienceSaved>), Problem> {
    let name =
        parse_name(&name).map_err(|problem| bad(Faults(vec![Fault::new("name", problem, "Choose another name.")])))?;
    let before = known(&api, &name).await?;
    let audience = SavedAudience { name, expression: wanted.expression, saved_at: api.clock.now() };
    let handed_in = handed_in(&api).await?;
    let counted = saved::save(&api.people, &audience, &handed_in).await.map_err(|error| match error {
        SaveError::Wrong(fault) => bad(Faults(vec![fault])),
        SaveError::Used(by) => Problem::new(
            409,
            "audience_in_use",
            "What the audience means is waited for, so it is not changed.",
            "Save it under another name, or cancel what waits, or wait until it has started.",
        )
        .because(format!("It is used by {}.", by.join(", "))),
        SaveError::Submit(error) => refused(error),
    })?;
    let change = Change::of(&audience.name).from(before).to(&audience);
    let count = AudienceCount::of(audience.expression.clone(), counted);
    Ok((change, Json(AudienceSaved { audience, count })))
}

/// The drafts that wait for approval and mean an audience in words, with the words.
async fn handed_in(api: &Api) -> Result<Vec<(BroadcastId, String)>, Problem> {
    const PAGE: u32 = 200;
    let mut query = AnnouncementQuery { states: vec![BroadcastState::AwaitingApproval], ..Default::default() };
    let mut found = Vec::new();
    loop {
        let page = api.office.announcements(api.tenant, &query, PAGE).await?;
        for waiting in &page {
            let draft = api.office.draft(api.tenant, waiting.id).await?;
            let words = draft.and_then(|draft| draft.manuscript.audience?.expression);
            found.extend(words.map(|words| (waiting.id, words)));
        }
        match page.last().filter(|_| page.len() == PAGE as usize) {
            Some(last) => query.before = Some(last.id),
            None => return Ok(found),
        }
    }
}

/// Forget a saved audience that nothing uses
#[utoipa::path(delete, path = "/audiences/{name}", tag = "Audiences", operation_id = "remove_audience",
    params(("name" = String, Path, description = "Its name", min_length = 1, max_length = 200)),
    responses((status = 204, description = "It is forgotten"),
        (status = 409, description = "It is used", body = ProblemDocument, content_type = "application/problem+json")))]
pub async fn remove(State(api): State<Api>, Path(name): Path<String>) -> Result<(StatusCode, Change, ()), Problem> {
    let before = known(&api, &name).await?;
    match saved::remove(&*api.store, api.tenant, &name).await? {
        Removal::Done => Ok((StatusCode::NO_CONTENT, Change::of(&name).from(before), ())),
        Removal::Unknown => Err(UNKNOWN),
        Removal::Used(by) => Err(Problem::new(
            409,
            "audience_in_use",
            "The audience is used, so it is not forgotten.",
            "Save those again without it, or cancel the broadcast, or wait until it has started.",
        )
        .because(format!("It is used by {}.", by.join(", ")))),
    }
}

async fn known(api: &Api, name: &str) -> Result<Option<SavedAudience>, Problem> {
    let saved = api.store.saved_audiences(api.tenant).await?;
    Ok(saved.into_iter().find(|saved| saved.name == name.trim()))
}

/// Whom to count.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AudienceToCount {
    /// Whom it means, in words.
    #[schema(min_length = 1, max_length = 10000, example = "everyone")]
    pub expression: String,
    /// The lists that the words name, by name: object ids, principal names or mail addresses, or a table of them, as text.
    #[serde(default)]
    pub lists: BTreeMap<String, String>,
}

/// Whom an audience means at this moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudienceCount {
    /// The words, as they were understood.
    pub expression: String,
    /// How many people it means.
    pub people: u64,
    /// How many of them several sources name.
    pub named_again: u64,
    /// How many would be among them if nobody were taken away.
    pub excluded: u64,
    /// What it is made of.
    pub sources: Vec<AudienceSource>,
    /// The groups and teams that it names.
    pub groups: Vec<GroupRead>,
    /// What of the lists that it names is nobody's name, by list.
    pub lists: BTreeMap<String, LinesLeftOut>,
}

/// One source of an audience.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudienceSource {
    /// As the words have it.
    #[schema(example = "country = \"France\"")]
    pub source: String,
    /// How many people it names.
    pub people: u64,
}

impl AudienceCount {
    fn of(expression: String, Counted { whom, groups, lists }: Counted) -> Self {
        let sources = whom.sources.into_iter();
        Self {
            expression,
            people: whom.meant.people.count(),
            named_again: whom.meant.repeated.count(),
            excluded: whom.meant.excluded.count(),
            sources: sources.map(|(source, people)| AudienceSource { source: source.to_string(), people }).collect(),
            groups,
            lists: lists.iter().map(|(name, left_out)| (name.clone(), LinesLeftOut::of(left_out))).collect(),
        }
    }
}

/// Count whom an audience means at this moment
///
/// The groups that it names are read afresh when what is known of them is old, and so is the directory.
#[utoipa::path(post, path = "/audiences/count", tag = "Audiences", operation_id = "count_audience",
    request_body = AudienceToCount,
    responses((status = 200, description = "Whom it means", body = AudienceCount)))]
pub async fn count(
    State(api): State<Api>,
    Body(wanted): Body<AudienceToCount>,
) -> Result<Json<AudienceCount>, Problem> {
    // A long list takes some tenths of a second, in which nobody else should have to wait.
    let words = match tokio::task::spawn_blocking(move || words(wanted)).await {
        Ok(read) => read.map_err(bad)?,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    };
    let counted = submit::count(&api.people, &words, |_| {}).await.map_err(refused)?;
    Ok(Json(AudienceCount::of(words.expression.to_string(), counted)))
}

/// Reads the words and their lists; everything that is wrong with them at once.
fn words(wanted: AudienceToCount) -> Result<Words, Faults> {
    let mut faults = Vec::new();
    let expression = parse(&wanted.expression).map_err(|misread| faults.push(misread.fault("expression"))).ok();
    let mut lists = BTreeMap::new();
    for (name, text) in wanted.lists {
        match read_list(text.as_bytes()) {
            Ok(list) => drop(lists.insert(name, list)),
            Err(found) => {
                let field = format!("lists.{name}");
                faults.extend(found.0.into_iter().map(|fault| Fault { field: field.clone(), ..fault }));
            }
        }
    }
    match expression {
        Some(expression) => Faults::or(faults, Words { text: wanted.expression, expression, lists }),
        None => Err(Faults(faults)),
    }
}

/// Groups and teams.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupList {
    /// Those that audiences have named.
    pub groups: Vec<GroupRecord>,
}

/// The groups and teams that audiences have named
#[utoipa::path(get, path = "/groups", tag = "Directory", operation_id = "list_groups",
    responses((status = 200, description = "With how many members, and since when", body = GroupList)))]
pub async fn groups(State(api): State<Api>) -> Result<Json<GroupList>, Problem> {
    Ok(Json(GroupList { groups: api.store.groups(api.tenant).await? }))
}

/// Why an audience cannot be counted.
pub(super) fn refused(error: SubmitError) -> Problem {
    match error {
        SubmitError::Faults(faults) | SubmitError::LeftOut { faults, .. } => bad(faults),
        SubmitError::People(error) => unread(error),
        SubmitError::Store(error) => error.into(),
        // These are for whoever stores a broadcast.
        doubt @ (SubmitError::FateUnknown(_) | SubmitError::Changed) => Problem::UNAVAILABLE.because(doubt.to_string()),
    }
}

/// What is wrong with an audience or a list, as a problem.
pub(super) fn bad(faults: Faults) -> Problem {
    BAD.with_faults(faults.0.into_iter().map(in_words_of_audiences).collect())
}
