//! `stentor doctor`: is everything as it should be?

use std::io::IsTerminal;

use clap::Args;
use serde_json::json;

use super::complaint::Complaint;
use super::{Global, text};
use crate::config::Need;
use crate::domain::check::{Check, Verdict};
use crate::telemetry::Voice;
use crate::wiring::{self, Said, Scope};

/// Check that everything is as it should be, and name the cure where it is not.
///
/// From the ground up: the settings, the database and its durability, tokens, this machine's clock, the app's permissions,
/// its place in the catalogue, the bot, the bot's webhook, quotas, workers, and the record of every broadcast held against
/// the engine's own rules. It changes nothing, makes a handful of requests that no worker's quota counts, and keeps nobody
/// waiting: it may run beside the workers, and on a restored backup before they start. A large house takes some minutes.
/// With --send-to it also installs the app for one person and writes to her. Ends with 1 when something does not hold; a
/// warning alone ends with 0.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                        stentor doctor\n  \
                        stentor doctor --send-to you@contoso.example\n  \
                        stentor doctor --integrity --json")]
pub(super) struct Doctor {
    /// Only hold the record against its rules
    #[arg(long, conflicts_with = "send_to")]
    integrity: bool,
    /// Also write to this person, by user principal name or object id: check, install, chat, a real test message
    #[arg(long, value_name = "PERSON", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    send_to: Option<String>,
}

impl Doctor {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let settings = global.begin(Need::Nothing, Voice::Command)?;
        let scope = Scope { integrity_only: self.integrity, send_to: self.send_to };
        let as_json = global.json;
        let mut lost = None;
        let mut tell = |said: Said<'_>| match said {
            Said::Found(check) if !as_json => lost = lost.take().or(text::print(&told(check)).err()),
            Said::Begins(what) if !as_json && std::io::stderr().is_terminal() => text::aside(what),
            _ => {}
        };
        let checks = wiring::examine(&settings, &scope, &mut tell).await?;
        if let Some(error) = lost {
            return Err(error.into());
        }
        let failed = checks.iter().filter(|check| check.verdict == Verdict::Failure).count();
        if as_json {
            // One document, also when something does not hold: then the exit code alone says so.
            text::print_json(&json!({ "sound": failed == 0, "checks": checks }))?;
        }
        if failed == 0 { Ok(()) } else { Err(unsound(failed, checks.len()).into()) }
    }
}

/// One line for what holds; what does not is told with where, and the cure.
fn told(check: &Check) -> String {
    let Check { promise, remark, .. } = check;
    let promise =
        if remark.is_empty() { (*promise).to_owned() } else { format!("{promise} ({})", text::one_line(remark)) };
    let word = match check.verdict {
        Verdict::Ok => return format!("{promise}: ok\n"),
        Verdict::NotChecked => return format!("{}: not checked: {}\n", check.promise, text::one_line(remark)),
        Verdict::Warning => "WARNING",
        Verdict::Failure => "FAILURE",
    };
    let mut told = format!("{promise}: {word}\n");
    for place in &check.places {
        told += &format!("    {}\n", text::one_line(&place.to_string()));
    }
    let more = check.count.saturating_sub(check.places.len() as u64);
    if more > 0 {
        told += &format!("    and {} more\n", text::thousands(more));
    }
    told + &text::indented(&check.cure, "    ") + "\n"
}

fn unsound(failed: usize, checks: usize) -> Complaint {
    let message = format!("{failed} of {checks} checks failed.");
    Complaint { told: true, ..Complaint::failed("unsound", message, "Each failure above names its cure.") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::check::Place;

    #[test]
    fn a_failure_names_where_how_often_and_the_cure() {
        let place = Place { tenant: Some(1), chunk: Some(3), detail: "2 of 3".into(), ..Place::default() };
        let mut check = Check::ok("gaps", "No gaps");
        assert_eq!(told(&check), "No gaps: ok\n");
        check =
            Check { verdict: Verdict::Failure, count: 1201, places: vec![place], cure: "Report it.".into(), ..check };
        assert_eq!(
            told(&check),
            "No gaps: FAILURE\n    tenant 1, chunk 3: 2 of 3\n    and 1,200 more\n    Report it.\n"
        );
    }

    #[test]
    fn what_was_found_stands_before_the_verdict_and_why_nobody_looked_after_it() {
        assert_eq!(told(&Check::ok("x", "It runs").remark("twice")), "It runs (twice): ok\n");
        assert_eq!(told(&Check::not_checked("x", "It runs", "it is gone")), "It runs: not checked: it is gone\n");
    }
}
