//! The server as the desk.

use std::collections::BTreeMap;
use std::io::Write;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::json;
use url::Url;

use super::super::complaint::Complaint;
use super::super::desk::{AmendOrder, Created, Desk, ExportOrder, Known, Rehearsed, Sight, Synced, Tally};
use super::events::Events;
use super::refusal::Refusal;
use super::shapes::{Page, Quotas, Stands};
use super::talk::{Call, Talk};
use super::{export, shapes};
use crate::app::amend::Amended;
use crate::app::control::{Granted, Wish};
use crate::app::export::{Exported, Format};
use crate::app::report::Summary;
use crate::app::retry::Retry;
use crate::app::saved::Removal;
use crate::app::submit::{Draft, Words};
use crate::config::Settings;
use crate::domain::ids::BroadcastId;
use crate::domain::pacing::{Bucket, Quota};
use crate::ports::{BroadcastReport, Clock, Group, Person, RetryWish, Said, SavedAudience};

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
            let mut call = Call::get("/broadcasts").with("limit", more.min(PAGE_MAX));
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
        unless_missing(self.talk.json(&Call::get(format!("/broadcasts/{id}"))).await)
    }

    async fn summary(&self, id: BroadcastId) -> anyhow::Result<Option<Summary>> {
        unless_missing(self.talk.json(&Call::get(format!("/broadcasts/{id}"))).await)
    }

    async fn said(&self, id: BroadcastId) -> anyhow::Result<Option<Said>> {
        unless_missing(self.talk.json(&Call::get(format!("/broadcasts/{id}/said"))).await)
    }

    async fn quotas(&self) -> anyhow::Result<BTreeMap<Bucket, Quota>> {
        let quotas: Quotas = self.talk.json(&Call::get("/quotas")).await?;
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
        match self.talk.json::<Stands>(&Call::post(format!("/broadcasts/{id}/{verb}"), json!({}))).await {
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
        match self.talk.json::<shapes::Retried>(&Call::post(format!("/broadcasts/{id}/retry"), body)).await {
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
        let mut call = Call::get(format!("/broadcasts/{}/export", report.id)).with("format", format);
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
        Err(self.not_from_afar().into())
    }

    async fn count(&self, _words: &Words) -> anyhow::Result<Tally> {
        Err(self.not_from_afar().into())
    }

    async fn save(&self, _name: &str, _expression: &str) -> anyhow::Result<(SavedAudience, Tally)> {
        Err(self.not_from_afar().into())
    }

    async fn remove(&self, _name: &str) -> anyhow::Result<Removal> {
        Err(self.not_from_afar().into())
    }

    async fn known(&self) -> anyhow::Result<Known> {
        Err(self.not_from_afar().into())
    }

    async fn search(&self, _wanted: &str, _limit: u32) -> anyhow::Result<(Vec<Person>, Vec<Group>)> {
        Err(self.not_from_afar().into())
    }

    async fn sync(&self, _whole: bool) -> anyhow::Result<Synced> {
        Err(self.not_from_afar().into())
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
