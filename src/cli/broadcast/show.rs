//! `stentor broadcast show`; the summary that `watch` and `demo` end with, too.

use std::collections::BTreeMap;

use clap::Args;

use super::super::desk::Desk;
use super::super::expected::{Whole, expected_text};
use super::super::text::{self, Align, Counted, percent, table, thousands};
use super::super::{Global, session};
use super::not_found;
use crate::app::export::ACCEPTED;
use crate::app::report::{ReasonCount, RoundReasons, Summary};
use crate::config::Need;
use crate::domain::broadcast::{AudienceKind, Channel, Channels, RoundKind, Schedule};
use crate::domain::delivery::Settlement;
use crate::domain::ids::BroadcastId;
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::progress::Progress;
use crate::domain::schedule;
use crate::ports::{BroadcastReport, Halt, RoundReport};

/// One broadcast: where everybody stands, and why
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  stentor broadcast show 06b3n9k1c2d4e\n  stentor broadcast show 06b3n9k1c2d4e --json"
)]
pub(in crate::cli) struct Show {
    /// The broadcast, as `list` prints it
    id: BroadcastId,
}

impl Show {
    pub(in crate::cli) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let (summary, told) = global
            .with_desk("broadcast show", Need::Identity, async |desk, stop| {
                session::unless_stopped(stop, summary_told(desk, self.id)).await
            })
            .await?;
        if global.json {
            return Ok(text::print_json(&summary)?);
        }
        Ok(text::print(&told)?)
    }
}

/// The summary, and how people read it.
pub(super) async fn summary_told(desk: &dyn Desk, id: BroadcastId) -> anyhow::Result<(Summary, String)> {
    let summary = desk.summary(id).await?.ok_or_else(|| not_found(id))?;
    let told = summary_text(&summary, &desk.quotas().await?);
    Ok((summary, told))
}

/// A summary as people read it.
pub(in crate::cli) fn summary_text(summary: &Summary, quotas: &BTreeMap<Bucket, Quota>) -> String {
    let report = &summary.report;
    let urgent = if report.treatment.urgent { " · urgent" } else { "" };
    let recalled = if report.recalled_at.is_some() { " · recalled" } else { "" };
    let mut told = format!("{}\n{} · {}{recalled}{urgent}\n", text::one_line(&report.title), report.id, report.state);
    told += &instants(report);
    told += &expiry(report);
    told += way(report.channels);
    told += &audience(report);
    if let Some(halt) = &report.halt {
        told += &format!("\n{}\n", halt_text(halt));
    }
    let zone = report.schedule.as_ref().map(|schedule| schedule.time_zone.as_str());
    let expected = expected_text(
        &summary.forecast,
        quotas,
        Whole::Rest,
        report.channels,
        zone,
        Some(report.treatment.deadline_at),
    );
    if !expected.is_empty() {
        told += &format!("\n{expected}");
    }
    told += &format!("\n{}", counts(&report.progress, done_word(RoundKind::Send, report.channels.first())));
    if report.rounds.len() > 1 {
        told += &format!("\nRounds\n{}", rounds(report));
    }
    if !summary.by_reason.is_empty() {
        told += &format!("\nWhy\n{}", reasons(&summary.by_reason));
    }
    for RoundReasons { kind, channel, by_reason } in &summary.by_reason_afterwards {
        told += &format!("\nWhy, of {}\n{}", pass_name(report, *kind, *channel), reasons(by_reason));
    }
    told
}

/// Since when it is recalled, or when it will be by itself.
fn expiry(report: &BroadcastReport) -> String {
    match (report.recalled_at, report.expire_at) {
        (Some(at), _) => format!("recalled {}\n", text::instant(at)),
        (None, Some(at)) => format!("recalled by itself {}\n", text::instant(at)),
        (None, None) => String::new(),
    }
}

/// What became of whoever was reached. Teams takes a notification and tells nobody whether it was shown.
pub(in crate::cli) const fn done_word(kind: RoundKind, channel: Channel) -> &'static str {
    match (kind, channel) {
        (RoundKind::Prepare, _) => "ready",
        (_, Channel::Feed) => ACCEPTED,
        (RoundKind::Correct, _) => "replaced",
        (RoundKind::Recall, _) => "withdrawn",
        (RoundKind::Send | RoundKind::Retry | RoundKind::Notify, _) => Settlement::Sent.name(),
    }
}

/// A kind of rounds; with the channel, where there are several.
fn pass_name(report: &BroadcastReport, kind: RoundKind, channel: Channel) -> String {
    match (report.channels, channel) {
        (Channels::Both, Channel::Feed) if kind != RoundKind::Notify => format!("{kind} (feed)"),
        _ => kind.to_string(),
    }
}

/// The hour as its author wrote it.
pub(in crate::cli) fn hour_text(schedule: &Schedule) -> String {
    schedule::shown(schedule.start_at, &schedule.time_zone)
}

/// Each pass over people: where it left them.
fn rounds(report: &BroadcastReport) -> String {
    let row = |round: &RoundReport| {
        let Progress { targeted, pending, sent, failed, skipped, unconfirmed, cancelled } = round.progress;
        let counts = [
            (done_word(round.kind, round.channel), sent),
            ("failed", failed),
            ("skipped", skipped),
            ("unconfirmed", unconfirmed),
            ("cancelled", cancelled),
            ("pending", pending),
        ];
        let named = counts.iter().filter(|(_, count)| *count > 0);
        let named: Vec<String> = named.map(|(name, count)| format!("{} {name}", thousands(*count))).collect();
        let counts = if named.is_empty() { "nobody yet".to_owned() } else { named.join(", ") };
        vec![
            pass_name(report, round.kind, round.channel),
            round.state.to_string(),
            text::recipients(targeted, Counted::of(report.channels, &report.audience)),
            counts,
        ]
    };
    let rows: Vec<Vec<String>> = report.rounds.iter().map(row).collect();
    table(&[Align::Left, Align::Left, Align::Right, Align::Left], &rows, "  ")
}

/// Which way it goes, where that is not chats alone.
const fn way(channels: Channels) -> &'static str {
    match channels {
        Channels::Chat => "",
        Channels::Feed => "into activity feeds; accepted means that Teams took it, not that it was seen\n",
        Channels::Both => "into chats, and once those messages have gone out, into activity feeds\n",
        Channels::TeamChannel => "posted in channels of teams\n",
    }
}

fn instants(report: &BroadcastReport) -> String {
    let mut told = format!("created {}", text::instant(report.created_at));
    if let Some(schedule) = &report.schedule {
        told += &format!(" · its hour {}", hour_text(schedule));
    }
    if let Some(started_at) = report.started_at {
        told += &format!(" · started {}", text::instant(started_at));
        if let Some(took) = report.finished_at.and_then(|finished_at| (finished_at - started_at).to_std().ok()) {
            told += &format!(" · took {}", text::duration(took));
        }
    }
    told + "\n"
}

/// Whom it is for, in the author's words, and how many came or went since they were written.
fn audience(report: &BroadcastReport) -> String {
    let mut told = String::new();
    if let AudienceKind::Expression(text) = &report.audience {
        told += &format!("for {}\n", text::one_line(text));
    }
    let Some(expected) = report.expected else { return told };
    let is_frozen = report.started_at.is_some();
    let whom = |number: u64| text::recipients(number, Counted::of(report.channels, &report.audience));
    match (report.progress.targeted, is_frozen) {
        (_, false) => told += &format!("{} when it was created\n", whom(expected)),
        (0, true) if expected > 0 => {
            told += &format!("Nobody was meant any more at its hour; {} when it was created.\n", whom(expected));
        }
        (people, true) if people != expected => {
            let (by, word) = (people.abs_diff(expected), if people > expected { "more" } else { "fewer" });
            told += &format!("{}, {} {word} than when it was created\n", whom(people), thousands(by));
        }
        (_, true) => {}
    }
    told
}

/// Why everything waits, and what to do about it.
pub(in crate::cli) fn halt_text(halt: &Halt) -> String {
    let mut told =
        format!("Halted since {}: {}\n  {}", text::instant(halt.since), halt.reason.sentence(), halt.reason.cure());
    if let Some(detail) = &halt.detail {
        told += &format!("\n  The service said: {}", text::one_line(detail));
    }
    told
}

fn counts(progress: &Progress, done: &str) -> String {
    let whole = progress.targeted;
    let row = |name: &str, count: u64| vec![name.to_owned(), thousands(count), percent(count, whole)];
    let mut rows = vec![vec!["targeted".to_owned(), thousands(whole)]];
    rows.extend([
        row(done, progress.sent),
        row("failed", progress.failed),
        row("skipped", progress.skipped),
        row("unconfirmed", progress.unconfirmed),
        row("cancelled", progress.cancelled),
        row("pending", progress.pending),
    ]);
    table(&[Align::Left, Align::Right, Align::Right], &rows, "  ")
}

/// A reason takes two lines: what happened, and below it what to do.
fn reasons(by_reason: &[ReasonCount]) -> String {
    let mut rows = Vec::new();
    for row in by_reason {
        rows.push(vec![thousands(row.count), row.settlement.name().to_owned(), row.sentence.to_string()]);
        if !row.remedy.is_empty() {
            rows.push(vec![String::new(), String::new(), row.remedy.to_string()]);
        }
    }
    table(&[Align::Right, Align::Left, Align::Left], &rows, "  ")
}

#[cfg(test)]
mod tests {
    use super::super::super::samples;
    use super::*;
    use crate::domain::forecast::Forecast;

    #[test]
    fn a_summary_tells_where_everybody_stands_and_why() {
        insta::assert_snapshot!(summary_text(&samples::summary(), &BTreeMap::new()));
    }

    #[test]
    fn a_recalled_broadcast_says_what_was_withdrawn_and_what_stands() {
        insta::assert_snapshot!(summary_text(&samples::recalled(), &BTreeMap::new()));
        insta::assert_json_snapshot!(samples::recalled());
    }

    #[test]
    fn a_notification_is_accepted_and_never_more_than_that() {
        let report = BroadcastReport { channels: Channels::Feed, ..samples::running() };
        let told = summary_text(&Summary { report, ..samples::summary() }, &BTreeMap::new());
        assert!(told.contains("accepted") && !told.contains(" sent"), "{told}");
    }

    #[test]
    fn whoever_came_or_went_since_it_was_created_is_told() {
        let told = |started: bool, targeted, expected| {
            let progress = Progress { targeted, ..Progress::default() };
            let words = AudienceKind::Expression("group \"A\"\nexcept guest".into());
            let running = samples::running();
            let started_at = running.started_at.filter(|_| started);
            audience(&BroadcastReport { audience: words, expected: Some(expected), progress, started_at, ..running })
        };
        let words = "for group \"A\" except guest\n";
        assert_eq!(told(true, 512, 509), format!("{words}512 people, 3 more than when it was created\n"));
        assert_eq!(told(true, 1, 1200), format!("{words}1 person, 1,199 fewer than when it was created\n"));
        assert_eq!(told(true, 5, 5), words);
        assert_eq!(told(false, 0, 5), format!("{words}5 people when it was created\n"));
        assert!(told(true, 0, 5).ends_with("Nobody was meant any more at its hour; 5 people when it was created.\n"));
    }

    #[test]
    fn a_halt_is_told_with_its_cure() {
        let summary = Summary {
            report: samples::halted(),
            by_reason: Vec::new(),
            by_reason_afterwards: Vec::new(),
            forecast: Forecast::default(),
        };
        insta::assert_snapshot!(summary_text(&summary, &BTreeMap::new()));
    }

    #[test]
    fn a_summary_in_json_has_the_same_facts() {
        insta::assert_json_snapshot!(samples::summary());
    }
}
