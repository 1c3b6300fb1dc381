//! `stentor broadcast correct`.

use std::time::Duration;

use clap::Args;

use super::super::complaint::Complaint;
use super::super::desk::AmendOrder;
use super::super::{Global, session};
use super::announcement::Changes;
use super::feed::parameter;
use super::recall::{carry_out, said};
use crate::app::amend::Wish;
use crate::app::correction::corrected;
use crate::config::{Need, parse_duration};
use crate::domain::ids::BroadcastId;
use crate::domain::manuscript::Correction;

/// Correct a broadcast: put the right card in the place of the one that was sent
///
/// Once the broadcast is over, a new round replaces the card in the chat of everybody who was sent it, or may have been; a
/// notification in an activity feed is replaced by another one. What is not given stays as it was, and where nobody would
/// read anything else nothing is replaced; a notification follows the title and the banner where it repeats them. Whoever is
/// told later, by a retry, gets the corrected text.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Correct {
    /// The broadcast, as `list` prints it
    id: BroadcastId,
    #[command(flatten)]
    changes: Changes,
    /// Of notifications: another line below, up to 150 characters
    #[arg(long, value_name = "TEXT")]
    preview_text: Option<String>,
    /// Of notifications: another value of a variable of the template; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = parameter)]
    parameter: Vec<(String, String)>,
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
        let Self { id, changes, preview_text, parameter, deadline, dry_run } = self;
        let told = global
            .with_desk("broadcast correct", Need::Identity, async |desk, stop| {
                let old = session::unless_stopped(stop, said(desk, id)).await?;
                let content = changes.applied_to(old.content.clone())?;
                let words =
                    Correction { preview_text, parameters: parameter.into_iter().collect(), ..Correction::default() };
                let new = corrected(&old, content, &words)?;
                let wish = Wish::Correct(Box::new(new));
                carry_out(desk, stop, id, AmendOrder { wish, time_left: deadline, is_dry: dry_run }).await
            })
            .await?;
        told.print(global.json)
    }
}

/// Nobody would read anything else than at present.
pub(super) fn nothing(id: BroadcastId) -> Complaint {
    let message = format!("{id} says just that already, wherever it went.");
    let cure = "Give what is to be said otherwise, such as --title or --body, and in activity feeds --preview-text or \
                --parameter; what is not given stays as it was.";
    Complaint::bad_input("nothing_to_correct", message, cure)
}
