//! `stentor broadcast watch`.

use clap::Args;

use super::super::follow::{Ended, Follow};
use super::super::{Global, text};
use super::show::summary_told;
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
            .with_desk("broadcast watch", Need::Identity, async |desk, stop| {
                let ended = Follow::new(desk, self.id).until_final(stop).await?;
                let (summary, told) = summary_told(desk, self.id).await?;
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
