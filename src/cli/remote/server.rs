//! The server as the desk.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use super::super::complaint::Complaint;
use super::super::desk::{
    AmendOrder, Created, Desk, ExportOrder, Known, Rehearsed, Sight, Synced, Tally, words_of_reading,
};
use super::super::text;
use super::events::Events;
use super::refusal::Refusal;
use super::shapes::{CountShape, Page, Quotas, Stands};
use super::talk::{Call, Talk};
use super::{export, shapes};
use crate::app::amend::Amended;
use crate::app::control::{Granted, Wish};
use crate::app::export::{Exported, Format};
use crate::app::manuscript::{lines, written};
use crate::app::report::Summary;
use crate::app::retry::Retry;
use crate::app::saved::Removal;
use crate::app::submit::{Draft, Words};
use crate::config::Settings;
use crate::domain::fault::Fault;
use crate::domain::ids::BroadcastId;
use crate::domain::pacing::{Bucket, Quota};
use crate::ports::{BroadcastReport, Clock, Group, Person, RetryWish, Said, SavedAudience};

/// How often it is asked how far a reading of the directory is.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// The most that the API lists at once.
const PAGE_MAX: u32 = 200;

/// A server, and our way to it.
pub(in crate::cli) struct Server {
    talk: Talk,
}

impl Server {
    pub(in crate::cli) fn at(server: Url, token: SecretString, settings: &Settings) -> anyhow::Result<Self> {
        Ok(Self { talk: Talk::new(server, token, settings)? })
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
            let more = limit - reports.len() as u32;
            let mut call = Call::get(&["broadcasts"]).with("limit", more.min(PAGE_MAX));
            if let Some(after) = after {
                call = call.with("after", after);
            }
            let page: Page = self.talk.json(&call).await?;
            reports.extend(page.broadcasts);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        Ok(reports)
    }

    async fn report(&self, id: BroadcastId) -> anyhow::Result<Option<BroadcastReport>> {
        unless_missing(self.talk.json(&Call::get(&["broadcasts", &id.to_string()])).await)
    }

    async fn summary(&self, id: BroadcastId) -> anyhow::Result<Option<Summary>> {
        unless_missing(self.talk.json(&Call::get(&["broadcasts", &id.to_string()])).await)
    }

    async fn said(&self, id: BroadcastId) -> anyhow::Result<Option<Said>> {
        unless_missing(self.talk.json(&Call::get(&["broadcasts", &id.to_string(), "said"])).await)
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
            "reasons": wish.reasons, "unconfirmed": wish.unconfirmed, "deadline": in_words(time_left),
        });
        match self.talk.json::<shapes::Retried>(&Call::post(&["broadcasts", &id.to_string(), "retry"], body)).await {
            Ok(retried) => Ok(Retry::Begun(retried.people)),
            Err(refusal) => match refusal.code() {
                "nobody_to_retry" => Ok(Retry::Nobody),
                "recalled" => Ok(Retry::Recalled),
                _ => match self.refused(id, refusal).await? {
                    Some(report) => Ok(Retry::TooEarly(report.state)),
                    None => Ok(Retry::Unknown),
                },
            },
        }
    }

    async fn amend(&self, _id: BroadcastId, _order: &AmendOrder) -> anyhow::Result<Amended> {
        Err(self.not_from_afar().into())
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
        for state in &order.filter.states {
            call = call.with("state", state);
        }
        for reason in &order.filter.reasons {
            call = call.with("reason", reason.code());
        }
        let response = self.talk.answer(&call).await?;
        let is_whole = order.filter.states.is_empty() && order.filter.reasons.is_empty();
        let people = looked_at(report, order);
        let of = |written: u64| Exported { people: if is_whole { written } else { people.max(written) }, written };
        let server = self.talk.server();
        let written = export::written(response, server, order.format, to, |written| progress(of(written))).await?;
        Ok(of(written))
    }

    async fn check(&self, _: &Draft) -> anyhow::Result<()> {
        // The server does.
        Ok(())
    }

    async fn rehearse(&self, _draft: Draft) -> anyhow::Result<Rehearsed> {
        Err(self.not_from_afar().into())
    }

    async fn create(&self, _draft: Draft) -> anyhow::Result<Created> {
        Err(self.not_from_afar().into())
    }

    async fn audiences(&self) -> anyhow::Result<Vec<SavedAudience>> {
        let saved: shapes::Saved = self.talk.json(&Call::get(&["audiences"])).await.map_err(of_audience)?;
        Ok(saved.audiences)
    }

    async fn count(&self, words: &Words) -> anyhow::Result<Tally> {
        let lists: BTreeMap<&String, String> = words.lists.iter().map(|(name, list)| (name, lines(list))).collect();
        let body = json!({ "expression": words.text, "lists": lists });
        let counted: CountShape =
            self.talk.json(&Call::post(&["audiences", "count"], body)).await.map_err(of_audience)?;
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
        let call = Call::get(&["directory", "search"]).with("text", wanted).with("limit", limit.min(PAGE_MAX));
        let found: shapes::Found = self.talk.json(&call).await?;
        if let Some(why) = &found.groups_failure {
            text::aside(&format!("No groups could be looked up: {}", text::one_line(why)));
        }
        Ok((found.people, found.groups))
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
    fn not_from_afar(&self) -> Complaint {
        let message = "This cannot be asked of a server yet.";
        Complaint::bad_input("not_from_afar", message, "Do it on the server's own machine, without --server.")
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
    refusal.about(|fault| match fault.field.as_str() {
        "expression" => Fault { field: "EXPR".to_owned(), ..fault },
        field if field == "lists" || field.starts_with("lists.") => Fault { field: "--list".to_owned(), ..fault },
        _ => fault,
    })
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

/// A time as the API reads it.
fn in_words(time: Duration) -> String {
    format!("{}s", time.as_secs())
}
