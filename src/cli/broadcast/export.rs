//! `stentor broadcast export`.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::super::complaint::Complaint;
use super::super::{Global, session, text};
use super::not_found;
use crate::app::report;
use crate::config::{Need, file_trouble};
use crate::domain::ids::BroadcastId;
use crate::wiring::Stentor;

/// One line for each person, as CSV (with --json: one object for each person)
///
/// Cells that a spreadsheet would take for a formula begin with an apostrophe.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor broadcast export 06b3n9k1c2d4e > people.csv\n  \
                        stentor broadcast export 06b3n9k1c2d4e --output people.csv")]
pub(in crate::cli) struct Export {
    /// The broadcast, as `list` prints it
    id: BroadcastId,
    /// Write to this file instead of standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let cause = error.downcast_ref();
    matches!(cause, Some(report::ExportError::Write(cause)) if cause.kind() == std::io::ErrorKind::BrokenPipe)
}

impl Export {
    pub(in crate::cli) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let people = global
            .with_stentor("broadcast export", Need::Identity, async |stentor, stop| {
                if stentor.store.report(stentor.tenant, self.id).await?.is_none() {
                    return Err(not_found(self.id).into());
                }
                match session::unless_stopped(stop, self.write(stentor, global.json)).await {
                    // The reader has seen enough (`| head`).
                    Err(error) if is_broken_pipe(&error) => Ok(0),
                    written => written,
                }
            })
            .await?;
        match (&self.output, global.json) {
            (None, _) => {}
            (Some(file), true) => text::print_json(&json!({ "people": people, "file": file }))?,
            (Some(file), false) => text::aside(&format!("Wrote {} to {}.", text::people(people), file.display())),
        }
        Ok(())
    }

    async fn write(&self, stentor: &Stentor, as_json: bool) -> anyhow::Result<u64> {
        let to: Box<dyn Write + Send> = match &self.output {
            None => Box::new(std::io::stdout()),
            Some(file) => Box::new(std::fs::File::create(file).map_err(|error| {
                let message = format!("“{}” cannot be written: {}.", file.display(), file_trouble(&error));
                Complaint::failed("export", message, "Name a file in a directory that is there and yours.")
                    .about("--output")
            })?),
        };
        let store = stentor.store.as_ref();
        Ok(match as_json {
            true => report::export_json(store, stentor.tenant, self.id, to).await?,
            false => report::export_csv(store, stentor.tenant, self.id, to).await?,
        })
    }
}
