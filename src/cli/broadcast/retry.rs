//! `stentor broadcast retry`.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::super::complaint::Complaint;
use super::super::text::{self, Counted};
use super::super::{Global, session};
use super::not_found;
use crate::app::retry::Retry as Done;
use crate::config::{Need, parse_duration};
use crate::domain::broadcast::BroadcastState;
use crate::domain::ids::BroadcastId;
use crate::domain::reason::Reason;
use crate::ports::RetryWish;

/// Try again to tell those whom one broadcast did not reach
///
/// A new round of exactly those people begins, once the broadcast is over. Whoever got it meanwhile is left in peace, and
/// the report of the first round stays as it was.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Retry {
    /// The broadcast, as `list` prints it
    id: BroadcastId,
    /// Only whoever failed for this reason, by its code as `show --json` prints it; may be given again
    #[arg(long, value_name = "REASON", value_parser = reason)]
    reason: Vec<Reason>,
    /// Also whoever may have got it: some of them will be told twice
    #[arg(long)]
    unconfirmed: bool,
    /// Whoever has not had their turn after this long fails
    #[arg(long, value_name = "DURATION", default_value = "72h", value_parser = parse_duration)]
    deadline: Duration,
}

const EXAMPLES: &str = "\
Examples:
  stentor broadcast retry 06b3n9k1c2d4e
  stentor broadcast retry 06b3n9k1c2d4e --reason no_licence --reason blocked_by_policy
  stentor broadcast retry 06b3n9k1c2d4e --unconfirmed";

fn reason(text: &str) -> Result<Reason, String> {
    Reason::from_code(text)
        .ok_or_else(|| "there is no such reason; `stentor broadcast show ID --json` has them".to_owned())
}

impl Retry {
    pub(in crate::cli) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let id = self.id;
        let wish = RetryWish { reasons: self.reason, unconfirmed: self.unconfirmed };
        let done = global
            .with_desk("broadcast retry", Need::Identity, async |desk, stop| {
                let done = session::unless_stopped(stop, desk.retry(id, &wish, self.deadline)).await?;
                let report = desk.report(id).await?;
                let counted = report.map_or(Counted::People, |report| Counted::of(report.channels, &report.audience));
                Ok((done, counted))
            })
            .await?;
        let (done, counted) = done;
        let people = match done {
            Done::Begun(people) => people,
            Done::Nobody => return Err(nobody(id, &wish).into()),
            Done::Recalled => return Err(recalled(id).into()),
            Done::TooEarly(state) => return Err(too_early(id, state).into()),
            Done::Unknown => return Err(not_found(id).into()),
        };
        match global.json {
            true => text::print_json(&json!({ "id": id, "retried": people }))?,
            false => text::print(&format!(
                "{} of {id} will be tried again. Follow it with:\n  stentor broadcast watch {id}\n",
                text::recipients(people, counted)
            ))?,
        }
        Ok(())
    }
}

fn nobody(id: BroadcastId, wish: &RetryWish) -> Complaint {
    let (whom, cure) = match (wish.reasons.is_empty(), wish.unconfirmed) {
        (false, _) => ("for these reasons", format!("`stentor broadcast show {id}` tells why people were missed.")),
        (true, true) => ("and nobody is unconfirmed", "There is nothing to do.".to_owned()),
        (true, false) => {
            ("", format!("If some are unconfirmed, `stentor broadcast retry {id} --unconfirmed` takes them, too."))
        }
    };
    let message = format!("Nobody of {id} failed {whom}").trim_end().to_owned() + ".";
    Complaint::bad_input("nobody_to_retry", message, cure).about("ID")
}

fn too_early(id: BroadcastId, state: BroadcastState) -> Complaint {
    let message = format!("{id} is {}; it is tried again when it is over.", state.name());
    let cure = format!("Wait for its end with `stentor broadcast watch {id}`, or cancel it.");
    Complaint::bad_input("wrong_state", message, cure).about("ID")
}

fn recalled(id: BroadcastId) -> Complaint {
    let message = format!("{id} was recalled; nobody is told any more.");
    Complaint::bad_input("recalled", message, "Create the broadcast again.").about("ID")
}
