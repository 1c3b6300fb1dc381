//! The server as the desk.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use super::super::complaint::Complaint;
use super::super::desk::{
    AmendOrder, Created, Desk, ExportOrder, Known, Rehearsed, Sight, Synced, Tally, words_of_reading,
};
use super::super::text;
use super::super::text::Counted;
use super::events::Events;
use super::refusal::Refusal;
use super::shapes::{CountShape, Page, Quotas, Stands};
use super::talk::{Call, Talk};
use super::{export, shapes};
use crate::app::amend::{Amended, Wish as Amendment};
use crate::app::control::{Granted, Wish};
use crate::app::export::{Exported, Format};
use crate::app::manuscript::{audience_in_words_of_options, in_words_of_options, lines, written};
use crate::app::report::Summary;
use crate::app::retry::Retry;
use crate::app::saved::Removal;
use crate::app::submit::{Accepted, Audience, Draft, Preview, Words};
use crate::config::Settings;
use crate::domain::duration::duration_text;
use crate::domain::ids::BroadcastId;
use crate::domain::manuscript::{Correction, ManuscriptImage, Part};
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::time::Timestamp;
use crate::ports::{BroadcastReport, Clock, Group, Person, RetryWish, Said, SavedAudience};

/// How often it is asked how far a reading of the directory is.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// The most people of a kind whom the API names in a dry run.
const NAMED_MAX: usize = 100_000;
/// The most that the API lists at once.
const PAGE_MAX: u32 = 200;

/// A server, and our way to it.
pub(in crate::cli) struct Server {
    talk: Talk,
}

impl Server {
    /// The one at this address; `key` is that of a wish which was begun before.
    pub(in crate::cli) fn at(
        server: Url,
        token: SecretString,
        key: Option<String>,
        settings: &Settings,
    ) -> anyhow::Result<Self> {
        Ok(Self { talk: Talk::new(server, token, key, settings)? })
    }
}

/// The answer, where there is none because nothing of that name is there.
fn unless_missing<T>(answer: Result<T, Refusal>) -> anyhow::Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(refusal) if refusal.code() == "broadcast_not_found" => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

#[async_trait]
impl Desk for Server {
    fn clock(&self) -> &dyn Clock {
        &self.talk.clock
    }

    async fn newest(&self, limit: u32) -> anyhow::Result<Vec<BroadcastReport>> {
        let (mut reports, mut after) = (Vec::new(), None);
        while reports.len() < limit as usize {
            let mut call = Call::get(&["broadcasts"]).with("limit", limit.min(PAGE_MAX));
            if let Some(after) = after {
                call = call.with("after", after);
            }
            let page: Page = self.talk.json(&call).await?;
            // What is only written is no broadcast yet.
            reports.extend(page.broadcasts.into_iter().filter_map(|listed| listed.report));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        reports.truncate(limit as usize);
        Ok(reports)
    }

    async fn report(&self, id: BroadcastId) -> anyhow::Result<Option<BroadcastReport>> {
        Ok(self.summary(id).await?.map(|summary| summary.report))
    }

    async fn summary(&self, id: BroadcastId) -> anyhow::Result<Option<Summary>> {
        Ok(self.whole(id).await?.and_then(|document| document.report))
    }

    async fn said(&self, id: BroadcastId) -> anyhow::Result<Option<Said>> {
        Ok(self.whole(id).await?.and_then(|document| document.said))
    }

    async fn quotas(&self) -> anyhow::Result<BTreeMap<Bucket, Quota>> {
        let quotas: Quotas = self.talk.json(&Call::get(&["quotas"])).await?;
        Ok(quotas.granted())
    }

    fn sight(&self, id: BroadcastId) -> Box<dyn Sight + '_> {
        Box::new(Events::new(&self.talk, id))
    }

    async fn grant(&self, id: BroadcastId, wish: Wish) -> anyhow::Result<Granted> {
        let verb = match wish {
            Wish::Pause => "pause",
            Wish::Resume => "resume",
            Wish::Cancel => "cancel",
        };
        match self.talk.json::<Stands>(&Call::post(&["broadcasts", &id.to_string(), verb], json!({}))).await {
            Ok(stands) => Ok(Granted::Yes(stands.state)),
            Err(refusal) => match self.refused(id, refusal).await? {
                Some(report) => Ok(Granted::No(report.state)),
                None => Ok(Granted::Unknown),
            },
        }
    }

    async fn retry(&self, id: BroadcastId, wish: &RetryWish, time_left: Duration) -> anyhow::Result<Retry> {
        let body = json!({
            "reasons": wish.reasons, "unconfirmed": wish.unconfirmed, "deadline": duration_text(time_left),
        });
        match self.talk.json::<shapes::Retried>(&Call::post(&["broadcasts", &id.to_string(), "retry"], body)).await {
            Ok(retried) => Ok(Retry::Begun(retried.people)),
            Err(refusal) => match refusal.code() {
                "nobody_to_reach" => Ok(Retry::Nobody),
                "recalled" => Ok(Retry::Recalled),
                _ => match self.refused(id, refusal).await? {
                    Some(report) => Ok(Retry::TooEarly(report.state)),
                    None => Ok(Retry::Unknown),
                },
            },
        }
    }

    async fn amend(&self, id: BroadcastId, order: &AmendOrder) -> anyhow::Result<Amended> {
        let deadline = duration_text(order.time_left);
        let (verb, body) = match &order.wish {
            Amendment::Recall(words) => ("recall", json!({ "say": words, "deadline": deadline })),
            Amendment::Correct(new) => {
                let Some(old) = self.said(id).await? else { return Ok(Amended::Unknown) };
                ("correct", json!(correction(&old, new, deadline)))
            }
        };
        let id_text = id.to_string();
        let path = ["broadcasts", &id_text, verb];
        let call = if order.is_dry { Call::ask(&path, body) } else { Call::post(&path, body) };
        let call = call.with("dry", order.is_dry);
        match self.talk.json::<shapes::Amending>(&call).await {
            Ok(amending) => Ok(Amended::Begun(amending.standing())),
            Err(refusal) => match refusal.code() {
                "nobody_to_reach" => Ok(Amended::Nobody),
                "nothing_to_correct" => Ok(Amended::Unchanged),
                "recalled" => Ok(Amended::Recalled),
                "invalid" => Err(of_manuscript(refusal)),
                _ => match self.refused(id, refusal).await? {
                    Some(report) => Ok(Amended::TooEarly(report.state)),
                    None => Ok(Amended::Unknown),
                },
            },
        }
    }

    async fn export(
        &self,
        report: &BroadcastReport,
        order: &ExportOrder,
        to: &mut (dyn Write + Send),
        progress: &mut (dyn FnMut(Exported) + Send),
    ) -> anyhow::Result<Exported> {
        let (format, has_mark) = match order.format {
            Format::Csv { mark } => ("csv", mark),
            Format::JsonLines => ("jsonl", false),
            Format::JsonArray => ("json", false),
        };
        let mut call = Call::get(&["broadcasts", &report.id.to_string(), "export"]).with("format", format);
        if has_mark {
            call = call.with("mark", true);
        }
        if let Some((kind, channel)) = order.passes {
            call = call.with("kind", kind).with("channel", channel.name());
        }
        if !order.filter.states.is_empty() {
            call = call.with("state", order.filter.states.join(","));
        }
        if !order.filter.reasons.is_empty() {
            let codes: Vec<&str> = order.filter.reasons.iter().map(|reason| reason.code()).collect();
            call = call.with("reason", codes.join(","));
        }
        let response = self.talk.answer(&call).await?;
        let is_whole = order.filter.states.is_empty() && order.filter.reasons.is_empty();
        let people = looked_at(report, order);
        let of = |written: u64| Exported { people: if is_whole { written } else { people.max(written) }, written };
        let server = self.talk.server();
        let written = export::written(response, server, order.format, to, |written| progress(of(written))).await?;
        if is_whole && order.passes.is_none() && written < report.progress.targeted {
            return Err(export::too_short(server, written, report.progress.targeted).into());
        }
        Ok(of(written))
    }

    async fn check(&self, _: &Draft) -> anyhow::Result<()> {
        // The server does.
        Ok(())
    }

    async fn rehearse(&self, draft: Draft, by_name: bool) -> anyhow::Result<Rehearsed> {
        let named = if by_name { NAMED_MAX } else { 0 };
        let body = json!(written(&draft, self.talk.clock.now()));
        let call = Call::ask(&["broadcasts", "dry-run"], body).with("people", named);
        let tried: shapes::DryRun = self.talk.json(&call).await.map_err(of_manuscript)?;
        tell(&tried.notes);
        let (preview, forecast) = tried.told();
        if preview.rolls.values().any(|people| people.len() >= NAMED_MAX) {
            text::aside(&format!("Of each kind, the server names {} at most.", text::people(NAMED_MAX as u64)));
        }
        let whom = places(&draft, preview.reach.people);
        Ok(Rehearsed { preview, whom, schedule: draft.schedule.clone(), going: draft.going, forecast })
    }

    async fn create(&self, draft: Draft) -> anyhow::Result<Created> {
        let now = asked_at(&draft, self.talk.clock.now());
        // What of its lists is left out, and whom its groups hold, is told before it is sent.
        let aside = match &draft.audience {
            Audience::List(_) | Audience::Words(_) => self.rehearse(draft.clone(), false).await?.preview,
            Audience::Everyone | Audience::Venues(_) => Preview::default(),
        };
        let call = Call::post(&["broadcasts"], json!(written(&draft, now))).with("then", "send");
        let document: shapes::Document = self.talk.json(&call).await.map_err(of_manuscript)?;
        tell(&document.notes);
        let report = document.report.map(|summary| summary.report);
        let targeted = report.as_ref().map_or(0, |report| report.expected.unwrap_or(report.progress.targeted));
        let whom = places(&draft, targeted);
        let accepted = Accepted {
            broadcast: document.id,
            targeted,
            left_out: aside.left_out,
            lists: aside.lists,
            groups: aside.groups,
        };
        Ok(Created { accepted, whom, schedule: report.and_then(|report| report.schedule), now })
    }

    async fn audiences(&self) -> anyhow::Result<Vec<SavedAudience>> {
        let saved: shapes::Saved = self.talk.json(&Call::get(&["audiences"])).await.map_err(of_audience)?;
        Ok(saved.audiences)
    }

    async fn count(&self, words: &Words) -> anyhow::Result<Tally> {
        let lists: BTreeMap<&String, String> = words.lists.iter().map(|(name, list)| (name, lines(list))).collect();
        let body = json!({ "expression": words.text, "lists": lists });
        let counted: CountShape =
            self.talk.json(&Call::ask(&["audiences", "count"], body)).await.map_err(of_audience)?;
        Ok(counted.tally())
    }

    async fn save(&self, name: &str, expression: &str) -> anyhow::Result<(SavedAudience, Tally)> {
        let call = Call::put(&["audiences", name], json!({ "expression": expression }));
        let kept: shapes::Kept = self.talk.json(&call).await.map_err(of_audience)?;
        Ok((kept.audience, kept.count.tally()))
    }

    async fn remove(&self, name: &str) -> anyhow::Result<Removal> {
        match self.talk.answer(&Call::new(Method::DELETE, &["audiences", name])).await {
            Ok(_) => Ok(Removal::Done),
            Err(refusal) => match (refusal.code(), refusal.detail()) {
                ("audience_not_found", _) => Ok(Removal::Unknown),
                ("audience_in_use", Some(by)) => {
                    let by = by.trim_start_matches("It is used by ").trim_end_matches('.');
                    Ok(Removal::Used(vec![by.to_owned()]))
                }
                _ => Err(of_audience(refusal)),
            },
        }
    }

    async fn known(&self) -> anyhow::Result<Known> {
        let known: shapes::Directory = self.talk.json(&Call::get(&["directory"])).await?;
        let groups: shapes::Groups = self.talk.json(&Call::get(&["groups"])).await?;
        Ok(known.with(groups))
    }

    async fn search(&self, wanted: &str, limit: u32) -> anyhow::Result<(Vec<Person>, Vec<Group>)> {
        if limit > PAGE_MAX {
            let message = format!("A server lists {PAGE_MAX} people at most, and {limit} are wanted.");
            let cure = format!("Write --limit {PAGE_MAX} or less, and more of the name.");
            return Err(Complaint::bad_input("bad_arguments", message, cure).about("--limit").into());
        }
        let call = Call::get(&["directory", "search"]).with("text", wanted).with("limit", limit);
        let found: shapes::Found = self.talk.json(&call).await?;
        match &found.groups_failure {
            // As on the server's own machine: who is found without groups may be taken for all there are.
            Some(why) => Err(unread(why).into()),
            None => Ok((found.people, found.groups)),
        }
    }

    async fn sync(&self, whole: bool) -> anyhow::Result<Synced> {
        let call = Call::new(Method::POST, &["directory", "sync"]).with("whole", whole);
        let begun: shapes::Begun = self.talk.json(&call).await?;
        if !begun.began {
            text::aside("The directory is being read already; this waits for that.");
        }
        let mut words = words_of_reading();
        loop {
            let known: shapes::Directory = self.talk.json(&Call::get(&["directory"])).await?;
            let Some(reading) = &known.reading else { return Err(forgotten().into()) };
            match (reading.ended_at, &reading.failure) {
                (_, Some(why)) => return Err(unread(why).into()),
                (Some(at), None) => {
                    let seconds = (at - reading.began_at).to_std().unwrap_or_default().as_secs_f64();
                    return Ok(Synced { read: reading.progress, people: known.people, seconds });
                }
                (None, None) => words(reading.progress),
            }
            self.talk.clock.sleep_until(self.talk.clock.monotonic() + ASK_EVERY).await;
        }
    }
}

impl Server {
    /// All that there is to know of one; `None` when there is none.
    async fn whole(&self, id: BroadcastId) -> anyhow::Result<Option<shapes::Document>> {
        unless_missing(self.talk.json(&Call::get(&["broadcasts", &id.to_string()])).await)
    }

    /// Where the broadcast stands whose state forbids what was asked; `None` when there is none.
    async fn refused(&self, id: BroadcastId, refusal: Refusal) -> anyhow::Result<Option<BroadcastReport>> {
        match refusal.code() {
            "broadcast_not_found" => Ok(None),
            "wrong_state" => self.report(id).await,
            _ => Err(refusal.into()),
        }
    }
}

/// What is wrong with words or their lists, by the names that the command line has for both.
fn of_audience(refusal: Refusal) -> anyhow::Error {
    refusal.about(audience_in_words_of_options)
}

/// The server was begun anew meanwhile.
fn forgotten() -> Complaint {
    let message = "The server knows nothing of the reading any more: it was started again meanwhile.";
    Complaint::failed("directory_unavailable", message, "Ask for it again; it goes on from where it was.")
}

fn unread(why: &str) -> Complaint {
    let cure = "`stentor doctor`, on the server's own machine, tells what is the matter.";
    Complaint::failed("directory_unavailable", format!("{}.", text::one_line(why).trim_end_matches('.')), cure)
}

/// How many people the export looks at.
fn looked_at(report: &BroadcastReport, order: &ExportOrder) -> u64 {
    let Some(passes) = order.passes else { return report.progress.targeted };
    let rounds = report.rounds.iter().filter(|round| (round.kind, round.channel) == passes);
    rounds.map(|round| round.progress.targeted).max().unwrap_or_default()
}

/// When the broadcast that is asked for now would start at once, so that its deadline is whole seconds away: the same
/// command, given again, must ask for the very same, or its key would not fit.
fn asked_at(draft: &Draft, now: Timestamp) -> Timestamp {
    let left = (draft.treatment.deadline_at - now).num_milliseconds();
    draft.treatment.deadline_at - TimeDelta::milliseconds((left + 999).div_euclid(1000) * 1000)
}

/// Everybody of a place, with one request each; `None` when people are meant, or channels.
fn places(draft: &Draft, count: u64) -> Option<String> {
    draft.going.wanted()?.everybody.as_ref()?;
    Some(format!("{}, with one request each", text::recipients(count, Counted::Places)))
}

/// What a server wants an author to know.
fn tell(notes: &[String]) {
    for note in notes {
        text::aside(&text::one_line(note));
    }
}

/// What is wrong with an announcement, by the names of our options.
fn of_manuscript(refusal: Refusal) -> anyhow::Error {
    if refusal.code() == "needs_approval" {
        let message = format!("{refusal}. {}", refusal.detail().unwrap_or_default());
        let cure = "Write it with `POST /api/v1/broadcasts`, and hand it in with `POST /api/v1/broadcasts/{id}/submit`: \
                    whoever has the role Approver then releases it.";
        return Complaint::bad_input("needs_approval", message, cure).into();
    }
    refusal.about(in_words_of_options)
}

/// What makes `new` of `old`.
fn correction(old: &Said, new: &Said, deadline: String) -> Correction {
    let (was, is) = (&old.content, &new.content);
    let gone = [
        (Part::Image, was.image.is_some() && is.image.is_none()),
        (Part::Author, was.author.is_some() && is.author.is_none()),
        (Part::Banner, was.banner.is_some() && is.banner.is_none()),
        (Part::Buttons, !was.buttons.is_empty() && is.buttons.is_empty()),
    ];
    let image = is.image.as_ref().filter(|_| was.image != is.image).map(|image| ManuscriptImage {
        picture: None,
        url: Some(image.url.clone()),
        description: image.description.clone(),
    });
    let feed = old.notification.as_ref().zip(new.notification.as_ref());
    let following = feed.map(|(then, now)| (then.clone().following(was, is), now));
    let preview = following.as_ref().filter(|(then, now)| then.preview != now.preview);
    let parameters = following.iter().flat_map(|(then, now)| {
        now.parameters.iter().filter(|parameter| !then.parameters.contains(parameter)).cloned()
    });
    Correction {
        title: (was.title != is.title).then(|| is.title.clone()),
        body: (was.body != is.body).then(|| is.body.clone()),
        image,
        author: is.author.clone().filter(|_| was.author != is.author),
        banner: is.banner.clone().filter(|_| was.banner != is.banner),
        buttons: if was.buttons == is.buttons { Vec::new() } else { is.buttons.clone() },
        without: gone.into_iter().filter(|(_, gone)| *gone).map(|(part, _)| part).collect(),
        preview_text: preview.map(|(_, now)| now.preview.clone()),
        parameters: parameters.collect(),
        deadline: Some(deadline),
    }
}
