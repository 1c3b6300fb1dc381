//! `stentor doctor`: is everything as it should be?

use clap::Args;
use serde_json::json;

use super::complaint::Complaint;
use super::{Global, text};
use crate::config::Need;
use crate::domain::check::{Check, Verdict};
use crate::telemetry::Voice;
use crate::wiring;

/// Check that everything is as it should be, and name the cure where it is not.
///
/// Looks at the database, its schema and its durability, and holds the record of every broadcast against the engine's
/// own rules. It only reads, and keeps nobody waiting: it may run beside the workers, and on a restored backup before
/// they start. A large house takes some minutes. Ends with 1 when something does not hold; a warning alone ends with 0.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
                        stentor doctor\n  \
                        stentor doctor --integrity --json")]
pub(super) struct Doctor {
    /// Only hold the record against its rules
    #[arg(long)]
    integrity: bool,
}

impl Doctor {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let settings = global.begin(Need::Nothing, Voice::Command)?;
        let checks = wiring::examine(&settings, self.integrity).await?;
        let failed = checks.iter().filter(|check| check.verdict == Verdict::Failure).count();
        match global.json {
            // One document, also when something does not hold: then the exit code alone says so.
            true => text::print_json(&json!({ "sound": failed == 0, "checks": checks }))?,
            false => text::print(&checks.iter().map(told).collect::<String>())?,
        }
        if failed == 0 { Ok(()) } else { Err(unsound(failed, checks.len()).into()) }
    }
}

/// One line for what holds; what does not is told with where, and the cure.
fn told(check: &Check) -> String {
    let word = match check.verdict {
        Verdict::Ok => return format!("{}: ok\n", check.promise),
        Verdict::Warning => "WARNING",
        Verdict::Failure => "FAILURE",
    };
    let mut told = format!("{}: {word}\n", check.promise);
    for place in &check.places {
        told += &format!("    {place}\n");
    }
    let more = check.count.saturating_sub(check.places.len() as u64);
    if more > 0 {
        told += &format!("    and {} more\n", text::thousands(more));
    }
    told + &text::indented(check.cure, "    ") + "\n"
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
        check = Check { verdict: Verdict::Failure, count: 1201, places: vec![place], cure: "Report it.", ..check };
        assert_eq!(
            told(&check),
            "No gaps: FAILURE\n    tenant 1, chunk 3: 2 of 3\n    and 1,200 more\n    Report it.\n"
        );
    }
}
