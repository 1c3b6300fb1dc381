//! Setting right what was sent: corrected, or taken back.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::broadcasts::NO_SUCH;
use super::deeds::Change;
use super::input::{Body, Path, Query};
use super::life::{Dry, NOBODY, RECALLED, ended, time_left};
use super::refusal::{invalid, needs_second_person, wrong_state};
use crate::app::amend::{self, Amended, Wish, check_words, taking};
use crate::app::correction::{corrected, corrected_content};
use crate::app::manuscript::faults_of_manuscript;
use crate::app::pictures;
use crate::app::release::is_own;
use crate::domain::broadcast::{AudienceKind, BroadcastState, Channel, RoundKind, RoundState};
use crate::domain::fault::Faults;
use crate::domain::ids::BroadcastId;
use crate::domain::manuscript::{Correction, Manuscript};
use crate::domain::rights::{Action, Caller};
use crate::http::problem::Problem;
use crate::ports::{Birth, BroadcastReport, Said, Standing};

const UNCHANGED: Problem = Problem::new(
    409,
    "nothing_to_correct",
    "It says just that already, wherever it went.",
    "Give what is to be said otherwise; what is not given stays as it was.",
);

/// What a correction or a recall does.
#[derive(Debug, Serialize, ToSchema)]
pub struct Amending {
    /// The broadcast.
    pub id: BroadcastId,
    /// Where it stands now.
    pub state: BroadcastState,
    /// Nothing was begun.
    pub dry: bool,
    /// `correct` or `recall`.
    pub kind: RoundKind,
    /// Messages are deleted, and not replaced.
    pub deletes: bool,
    /// Whom it reaches, by the way they were told.
    pub rounds: Vec<AmendingRound>,
    /// How long it takes by the quotas alone, in seconds.
    pub expected_seconds: f64,
}

/// Those whom it reaches on one way.
#[derive(Debug, Serialize, ToSchema)]
pub struct AmendingRound {
    /// Which way.
    pub channel: Channel,
    /// How many.
    #[serde(flatten)]
    pub people: Standing,
}

/// Put other words in the place of what was sent, once the broadcast is over
///
/// What is not given stays as it was. What has reached more people than need approval is corrected by a second person: one
/// who may approve, and has neither written nor sent it.
#[utoipa::path(post, path = "/broadcasts/{id}/correct", tag = "Broadcasts", operation_id = "correct_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id"), Dry), request_body = Correction,
    responses((status = 200, description = "What it would reach (dry)", body = Amending),
        (status = 202, description = "It is being corrected", body = Amending)))]
pub async fn correct(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    Query(dry): Query<Dry>,
    Extension(caller): Extension<Caller>,
    Extension(birth): Extension<Birth>,
    Body(correction): Body<Correction>,
) -> Result<(StatusCode, Change, Json<Amending>), Problem> {
    let asked =
        Asked { api: &api, id, birth, dry: dry.dry.unwrap_or_default(), deadline: correction.deadline.as_deref() };
    let report = ended(&api, id).await?;
    let old = asked.said(&report).await?;
    let picture = match &correction.image {
        Some(image) => {
            let (office, settings) = ((&*api.office, api.tenant), (&api.settings.public_url, &api.settings.cloud));
            pictures::address_in_card(office, image, settings).await
        }
        None => None,
    };
    // Faults are told by the names that the correction has in common with manuscripts.
    let words = Manuscript { image: correction.image.clone(), ..Manuscript::default() };
    let named = |faults: Faults| invalid(faults_of_manuscript(faults, &words));
    let content = corrected_content(old.content.clone(), &correction, picture).map_err(named)?;
    let new = corrected(&old, content, &correction).map_err(named)?;
    let wish = Wish::Correct(Box::new(new.clone()));
    asked.check_second_person(&caller, &report, &wish).await?;
    let change = Change::of(id).from(&old.content).to(&new.content);
    asked.carry_out(&report, &wish, new.notification.as_ref(), change).await
}

/// How it is taken back.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Recall {
    /// These words take the place of each message; it is deleted when absent.
    #[schema(min_length = 1, max_length = 500, example = "Sent by mistake; please disregard.")]
    pub say: Option<String>,
    /// Whoever has not had their turn after this long is reported as not reached: `72h` when absent.
    #[schema(example = "72h")]
    pub deadline: Option<String>,
}

/// Take a broadcast back, once it is over: delete its messages, or replace them by other words
///
/// A notification in an activity feed cannot be deleted; another one takes its place. Other words (`say`) in the place of
/// what has reached more people than need approval come from a second person, as with a correction.
#[utoipa::path(post, path = "/broadcasts/{id}/recall", tag = "Broadcasts", operation_id = "recall_broadcast",
    params(("id" = BroadcastId, Path, description = "Its id"), Dry), request_body = Recall,
    responses((status = 200, description = "What it would reach (dry)", body = Amending),
        (status = 202, description = "It is being taken back", body = Amending)))]
pub async fn recall(
    State(api): State<Api>,
    Path(id): Path<BroadcastId>,
    Query(dry): Query<Dry>,
    Extension(caller): Extension<Caller>,
    Extension(birth): Extension<Birth>,
    Body(recall): Body<Recall>,
) -> Result<(StatusCode, Change, Json<Amending>), Problem> {
    let asked = Asked { api: &api, id, birth, dry: dry.dry.unwrap_or_default(), deadline: recall.deadline.as_deref() };
    let report = ended(&api, id).await?;
    let old = asked.said(&report).await?;
    if let Some(words) = &recall.say {
        check_words("say", &old, words).map_err(invalid)?;
    }
    let wish = Wish::Recall(recall.say.clone());
    // Whoever deletes says nothing new: that is free, and quick when something went wrong.
    if recall.say.is_some() {
        asked.check_second_person(&caller, &report, &wish).await?;
    }
    let change = Change::of(id).from(&old.content).to(&recall.say);
    asked.carry_out(&report, &wish, old.notification.as_ref(), change).await
}

/// A wish to set something right.
struct Asked<'a> {
    api: &'a Api,
    id: BroadcastId,
    birth: Birth,
    dry: bool,
    deadline: Option<&'a str>,
}

impl Asked<'_> {
    async fn said(&self, report: &BroadcastReport) -> Result<Said, Problem> {
        amend::said(&*self.api.store, self.api.tenant, report).await?.ok_or(NO_SUCH)
    }

    /// What many have read is only changed by somebody who may approve, and has had no hand in it.
    async fn check_second_person(&self, caller: &Caller, report: &BroadcastReport, wish: &Wish) -> Result<(), Problem> {
        let (api, reach) = (self.api, self.api.settings.reach);
        let Some(limit) = reach.approve_above else { return Ok(()) };
        let standing = match amend::preview(&*api.store, api.tenant, self.id, wish).await? {
            Amended::Begun(standing) => standing,
            _ => Vec::new(),
        };
        let draft = api.office.draft(api.tenant, self.id).await?;
        let expected = draft.as_ref().and_then(|draft| draft.expected);
        // Whoever was not reached yet reads the new words with the next retry. The same people on two ways are counted once.
        let reached = standing.iter().map(|(_, people)| people.people()).max().unwrap_or_default();
        let people = reached.max(expected.unwrap_or_default()).max(report.progress.targeted);
        // How many read what is posted in a channel, nobody has counted but for the draft.
        let is_uncounted = report.audience == AudienceKind::Places && expected.is_none();
        if !is_uncounted && !reach.needs_approval(people) {
            return Ok(());
        }
        let is_own = draft.is_some_and(|draft| is_own(&draft, caller));
        if caller.may(Action::Approve) && !is_own { Ok(()) } else { Err(needs_second_person(people, limit)) }
    }

    async fn carry_out(
        &self,
        report: &BroadcastReport,
        wish: &Wish,
        notification: Option<&crate::domain::notification::Notification>,
        change: Change,
    ) -> Result<(StatusCode, Change, Json<Amending>), Problem> {
        let (api, id) = (self.api, self.id);
        let (store, tenant) = (&*api.store, api.tenant);
        let time_left = time_left(self.deadline)?;
        let chance = self.birth.draw(1);
        let (kind, deletes) = match wish {
            Wish::Correct(_) => (RoundKind::Correct, false),
            Wish::Recall(words) => (RoundKind::Recall, words.is_none()),
        };
        let mut begun: Vec<(Channel, Standing)> = Vec::new();
        for round in report.rounds.iter().filter(|round| round.kind == kind && round.id.is_made_of(chance)) {
            // While they are taken up, the round does not know how many they are.
            let people = match round.state {
                RoundState::Expanding => store.count_standing(tenant, id, kind, round.channel).await?,
                _ => Standing { known: round.progress.targeted, ..Standing::default() },
            };
            begun.push((round.channel, people));
        }
        let looked = match (self.dry, begun.is_empty()) {
            (true, _) => amend::preview(store, tenant, id, wish).await?,
            // By this very request, whose first answer was lost.
            (false, false) => Amended::Begun(begun),
            (false, true) => amend::amend(store, tenant, id, wish, time_left, chance, self.birth.at).await?,
        };
        let standing = match looked {
            Amended::Begun(standing) => standing,
            Amended::Nobody => return Err(NOBODY),
            Amended::Unchanged => return Err(UNCHANGED),
            Amended::Recalled => return Err(RECALLED),
            Amended::TooEarly(state) => return Err(wrong_state(state)),
            Amended::Unknown => return Err(NO_SUCH),
        };
        let time = taking(&standing, notification, |bucket| api.settings.quotas.get(&bucket).copied());
        let rounds = standing.into_iter().map(|(channel, people)| AmendingRound { channel, people });
        let amending = Amending {
            id,
            state: if self.dry { report.state } else { BroadcastState::Expanding },
            dry: self.dry,
            kind,
            deletes,
            rounds: rounds.collect(),
            expected_seconds: time.as_secs_f64(),
        };
        let status = if self.dry { StatusCode::OK } else { StatusCode::ACCEPTED };
        Ok((status, if self.dry { Change::of(id) } else { change }, Json(amending)))
    }
}
