//! `stentor directory sync`.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::super::desk::Synced;
use super::super::text::{self, thousands};
use super::super::{Global, session};
use crate::app::people::PeopleRead;
use crate::config::Need;

/// Read what has changed in the organisation's directory
///
/// The first time, and when Microsoft has forgotten where we were, everybody is read. A reading that is cut short goes on
/// where it was.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor directory sync\n  stentor directory sync --whole --json")]
pub(super) struct Sync {
    /// Read everybody again, not only what has changed
    #[arg(long)]
    whole: bool,
}

impl Sync {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let Synced { read, people, seconds } = global
            .with_desk("directory sync", Need::Teams, async |desk, stop| {
                session::unless_stopped(stop, desk.sync(self.whole)).await
            })
            .await?;
        if global.json {
            let mut document = json!(read);
            document["named"] = json!(read.people);
            document["people"] = json!(people);
            document["seconds"] = json!(seconds);
            return Ok(text::print_json(&document)?);
        }
        Ok(text::print(&told(&read, people, seconds))?)
    }
}

fn told(read: &PeopleRead, people: u64, seconds: f64) -> String {
    let what = match (read.whole, read.resumed) {
        (true, true) => "Everybody was read, from where the last reading was cut short",
        (true, false) => "Everybody was read",
        (false, _) => "What has changed was read",
    };
    format!(
        "{what}, in {} (requests: {}).\n{} new or changed, {} left; the directory holds {}.\n",
        text::duration(Duration::from_secs_f64(seconds)),
        thousands(read.requests),
        thousands(read.changed),
        thousands(read.left),
        text::people(people),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_says_what_it_was_and_what_came_of_it() {
        let changes = PeopleRead { pages: 1, people: 12, changed: 11, left: 1, requests: 1, ..PeopleRead::default() };
        let whole = PeopleRead { whole: true, pages: 41, people: 40_000, changed: 40_000, requests: 43, ..changes };
        let resumed = PeopleRead { resumed: true, ..whole };
        let told = [(changes, 0.4), (whole, 62.0), (resumed, 20.0)].map(|(read, seconds)| told(&read, 40_000, seconds));
        insta::assert_snapshot!(told.join("\n"));
    }
}
