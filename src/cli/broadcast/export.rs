//! `stentor broadcast export`.

use std::path::{Path, PathBuf};

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::super::complaint::Complaint;
use super::super::desk::{Desk, ExportOrder};
use super::super::text::{self, Counted};
use super::super::{Global, session};
use super::not_found;
use super::whole_file::WholeFile;
use crate::app::export::{self, ExportError, Exported, Filter, STATES};
use crate::config::{Need, file_trouble};
use crate::domain::broadcast::{Channel, Channels, RoundKind};
use crate::domain::ids::BroadcastId;
use crate::domain::reason::Reason;
use crate::ports::BroadcastReport;

const BAR: &str = "{bar:40.cyan/blue} {percent:>3} %  {human_pos} of {human_len}";

/// One line for each person or channel, as CSV or JSON lines (with --json: one array)
///
/// Cells that a spreadsheet would take for a formula begin with an apostrophe. A file is complete or not there.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Export {
    /// The broadcast, as `list` prints it
    id: BroadcastId,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How lines are written [default: csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Begin with the mark by which Excel knows UTF-8
    #[arg(long)]
    bom: bool,
    /// Those whom these rounds took up, and how they ended there, instead of everybody who was to be told
    #[arg(long, value_name = "ROUNDS", value_enum)]
    of: Option<Of>,
    /// Only people in this state; may be repeated
    #[arg(long, value_name = "STATE", value_parser = PossibleValuesParser::new(STATES))]
    state: Vec<String>,
    /// Only people who are there for this reason, as `show --json` names it; may be repeated
    #[arg(long, value_name = "CODE", value_parser = reason)]
    reason: Vec<Reason>,
}

const EXAMPLES: &str = "\
Examples:
  stentor broadcast export 06b3n9k1c2d4e > people.csv
  stentor broadcast export 06b3n9k1c2d4e --bom --output people.csv
  stentor broadcast export 06b3n9k1c2d4e --of recall --state failed --state unconfirmed
  stentor broadcast export 06b3n9k1c2d4e --state failed --state unconfirmed --format jsonl";

/// Rounds that came after the telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Of {
    /// Those that replaced what was sent
    Correct,
    /// Those that took it back
    Recall,
    /// The one that notified after the messages
    Notify,
    /// Those that replaced notifications, where there were messages as well
    CorrectFeed,
    /// Those that took notifications back, where there were messages as well
    RecallFeed,
}

impl Of {
    const fn passes(self, ways: Channels) -> (RoundKind, Channel) {
        match self {
            Self::Correct => (RoundKind::Correct, ways.first()),
            Self::Recall => (RoundKind::Recall, ways.first()),
            Self::Notify => (RoundKind::Notify, Channel::Feed),
            Self::CorrectFeed => (RoundKind::Correct, Channel::Feed),
            Self::RecallFeed => (RoundKind::Recall, Channel::Feed),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Comma separated, with a heading
    Csv,
    /// One JSON object a line
    Jsonl,
}

fn reason(code: &str) -> Result<Reason, String> {
    let known = || Reason::ALL.iter().map(|reason| reason.code()).collect::<Vec<_>>().join(", ");
    Reason::from_code(code).ok_or_else(|| format!("write one of: {}", known()))
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref();
    matches!(cause, Some(ExportError::Write(cause)) if cause.kind() == std::io::ErrorKind::BrokenPipe)
}

impl Export {
    pub(in crate::cli) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let format = self.format(global.json)?;
        let exported = global
            .with_desk("broadcast export", Need::Identity, async |desk, stop| {
                let report = session::unless_stopped(stop, desk.report(self.id)).await?;
                let report = report.ok_or_else(|| not_found(self.id))?;
                let passes = self.of.map(|of| of.passes(report.channels));
                if let Some(passes) = passes.filter(|passes| !has_rounds(&report, *passes)) {
                    return Err(no_rounds(self.id, passes.0).into());
                }
                let filter = Filter { states: self.state.clone(), reasons: self.reason.clone() };
                let written = self.write(desk, &report, ExportOrder { format, passes, filter });
                let exported = match session::unless_stopped(stop, written).await {
                    // The reader has seen enough (`| head`).
                    Err(error) if is_broken_pipe(&error) => Exported::default(),
                    written => written?,
                };
                Ok((exported, Counted::of(report.channels, &report.audience)))
            })
            .await?;
        let (exported, counted) = exported;
        match (&self.output, global.json) {
            (None, _) => {}
            (Some(file), true) => text::print_json(&json!({ "people": exported.written, "file": file }))?,
            (Some(file), false) => text::aside(&told(file, exported, counted)),
        }
        Ok(())
    }

    /// What was asked for, or why it does not go together.
    #[expect(clippy::result_large_err, reason = "a complaint is told once, and then the process ends")]
    fn format(&self, as_json: bool) -> Result<export::Format, Complaint> {
        let refuse = |message: &str, cure: &str| Err(Complaint::bad_input("bad_arguments", message, cure));
        match (self.format, as_json && self.output.is_none()) {
            (Some(_), true) => {
                refuse("With --json, standard output holds one JSON document.", "Name a file with --output.")
            }
            (None, true) if !self.bom => Ok(export::Format::JsonArray),
            (Some(Format::Jsonl), _) | (_, true) if self.bom => {
                refuse("JSON never begins with a byte order mark.", "Leave --bom out, or write CSV.")
            }
            (Some(Format::Jsonl), _) => Ok(export::Format::JsonLines),
            _ => Ok(export::Format::Csv { mark: self.bom }),
        }
    }

    async fn write(&self, desk: &dyn Desk, report: &BroadcastReport, order: ExportOrder) -> anyhow::Result<Exported> {
        let Some(file) = &self.output else {
            return desk.export(report, &order, &mut std::io::stdout(), &mut |_| {}).await;
        };
        let refuse = |error: std::io::Error| {
            let message = format!("“{}” cannot be written: {}.", file.display(), file_trouble(&error));
            Complaint::failed("export", message, "Name a file in a directory that is there and yours.")
                .about("--output")
        };
        let mut whole = WholeFile::create(file).map_err(refuse)?;
        // Drawn to standard error, and only when that is a terminal.
        let bar = ProgressBar::new(report.progress.targeted).with_style(ProgressStyle::with_template(BAR)?);
        let mut progress = |exported: Exported| bar.set_position(exported.people);
        let exported = desk.export(report, &order, &mut whole, &mut progress).await;
        bar.finish_and_clear();
        let exported = exported?;
        whole.finish().map_err(refuse)?;
        Ok(exported)
    }
}

fn has_rounds(report: &BroadcastReport, passes: (RoundKind, Channel)) -> bool {
    report.rounds.iter().any(|round| (round.kind, round.channel) == passes)
}

fn no_rounds(id: BroadcastId, kind: RoundKind) -> Complaint {
    let message = format!("{id} has no round of the kind {kind}.");
    let cure = format!("`stentor broadcast show {id}` lists its rounds.");
    Complaint::bad_input("no_such_round", message, cure).about("--of")
}

fn told(file: &Path, Exported { people, written }: Exported, counted: Counted) -> String {
    let of_all = if written < people { format!(" (of {})", text::thousands(people)) } else { String::new() };
    format!("Wrote {}{of_all} to {}.", text::recipients(written, counted), file.display())
}
