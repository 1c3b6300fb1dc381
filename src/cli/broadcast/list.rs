//! `stentor broadcast list`.

use clap::Args;
use serde_json::json;

use super::super::text::{self, Align, Counted, table, thousands};
use super::super::{Global, session};
use crate::config::Need;
use crate::domain::broadcast::{AudienceKind, Channels};
use crate::ports::BroadcastReport;

/// The newest broadcasts, newest first
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor broadcast list\n  stentor broadcast list --limit 5 --json")]
pub(in crate::cli) struct List {
    /// How many at most
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
}

impl List {
    pub(in crate::cli) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let reports = global
            .with_desk("broadcast list", Need::Identity, async |desk, stop| {
                session::unless_stopped(stop, desk.newest(self.limit)).await
            })
            .await?;
        if global.json {
            return Ok(text::print_json(&json!({ "broadcasts": reports }))?);
        }
        Ok(text::print(&listing(&reports))?)
    }
}

fn listing(reports: &[BroadcastReport]) -> String {
    if reports.is_empty() {
        return "There are no broadcasts yet. `stentor broadcast create --help` tells how to make one.\n".to_owned();
    }
    let heading =
        ["ID", "STATE", "TARGETED", "SENT", "FAILED", "SKIPPED", "UNCONFIRMED", "PENDING", "CREATED", "TITLE"];
    let mut rows = vec![heading.map(str::to_owned).to_vec()];
    rows.extend(reports.iter().map(row));
    let number = Align::Right;
    let columns = [Align::Left, Align::Left, number, number, number, number, number, number, Align::Left, Align::Left];
    table(&columns, &rows, "")
}

fn row(report: &BroadcastReport) -> Vec<String> {
    let progress = &report.progress;
    let counts =
        [progress.targeted, progress.sent, progress.failed, progress.skipped, progress.unconfirmed, progress.pending];
    let state = match report.recalled_at {
        Some(_) if report.state.is_final() => "recalled".to_owned(),
        _ => report.state.to_string(),
    };
    let mut row = vec![report.id.to_string(), state];
    row.extend(counts.map(thousands));
    if report.audience == AudienceKind::Places && report.channels != Channels::TeamChannel {
        row[2] = text::recipients(progress.targeted, Counted::Places);
    }
    if report.channels == Channels::Feed {
        // Behind state and targeted.
        row[3] += " accepted";
    }
    row.extend([text::instant(report.created_at), text::one_line(&report.title)]);
    row
}

#[cfg(test)]
mod tests {
    use super::super::super::samples;
    use super::*;

    #[test]
    fn a_listing_stands_in_columns() {
        insta::assert_snapshot!(listing(&[samples::running(), samples::halted(), samples::recalled().report]));
    }
}
