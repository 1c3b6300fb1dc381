//! `stentor broadcast correct`.

use std::time::Duration;

use clap::Args;

use super::super::Global;
use super::super::complaint::Complaint;
use super::announcement::Changes;
use super::recall::{carry_out, said};
use crate::app::amend::Wish;
use crate::config::{Need, parse_duration};
use crate::domain::ids::BroadcastId;

/// Correct a broadcast: put the right card in the place of the one that was sent
///
/// Once the broadcast is over, a new round replaces the card in the chat of everybody who was sent it, or may have been; a
/// notification in an activity feed is replaced by another one. What is not given stays as it was. Whoever is told later, by
/// a retry, gets the corrected text.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Correct {
    /// The broadcast, as `list` prints it
    id: BroadcastId,
    #[command(flatten)]
    changes: Changes,
    /// Whoever has not had their turn after this long is reported as not reached
    #[arg(long, value_name = "DURATION", default_value = "72h", value_parser = parse_duration)]
    deadline: Duration,
    /// Only tell how many messages there are, how many cannot be reached, and how long it would take
    #[arg(long)]
    dry_run: bool,
}

const EXAMPLES: &str = "\
Examples:
  stentor broadcast correct 06b3n9k1c2d4e --body \"At **one**, not at noon.\" --dry-run
  stentor broadcast correct 06b3n9k1c2d4e --title \"Fire drill at one\" --body-file drill.md
  stentor broadcast correct 06b3n9k1c2d4e --button \"Plan=https://intranet.contoso.example/plan\" --without image";

impl Correct {
    pub(in crate::cli) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let Self { id, changes, deadline, dry_run } = self;
        let told = global
            .with_stentor("broadcast correct", Need::Identity, async |stentor, stop| {
                let old = said(stentor, id).await?;
                let new = changes.applied_to(old.clone())?;
                if new == old {
                    return Err(nothing(id).into());
                }
                carry_out(stentor, stop, id, &Wish::Correct(Box::new(new)), deadline, dry_run).await
            })
            .await?;
        told.print(global.json)
    }
}

fn nothing(id: BroadcastId) -> Complaint {
    let message = format!("{id} says just that already.");
    let cure = "Give what is to be said otherwise, such as --title or --body; what is not given stays as it was.";
    Complaint::bad_input("nothing_to_correct", message, cure)
}
