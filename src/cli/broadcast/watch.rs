//! `stentor broadcast watch`.

use clap::Args;

use super::super::follow::{Ended, Follow};
use super::super::{Global, text};
use super::not_found;
use super::show::summary_text;
use crate::app::report;
use crate::config::Need;
use crate::domain::ids::BroadcastId;

/// Follow one broadcast to its end
///
/// Ctrl-C stops the watching, not the broadcast.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stentor broadcast watch 06b3n9k1c2d4e")]
pub(in crate::cli) struct Watch {
    /// The broadcast, as `list` prints it
    id: BroadcastId,
}

impl Watch {
    pub(in crate::cli) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let (ended, summary, told) = global
            .with_stentor("broadcast watch", Need::Identity, async |stentor, stop| {
                let ended = Follow::new(stentor, self.id).until_final(stop).await?;
                let summary = report::summary(&stentor.foresight(), self.id).await?;
                let summary = summary.ok_or_else(|| not_found(self.id))?;
                let told = summary_text(&summary, &stentor.settings.engine.quotas);
                Ok((ended, summary, told))
            })
            .await?;
        match global.json {
            true => text::print_json(&summary)?,
            false => text::print(&told)?,
        }
        if ended == Ended::Unwatched {
            text::aside(&format!("It goes on. Look again with `stentor broadcast watch {}`.", self.id));
        }
        Ok(())
    }
}
