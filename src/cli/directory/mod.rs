//! `stentor directory …`: whom we know of the organisation.

use clap::{Args, Subcommand};

use super::Global;

mod search;
mod status;
mod sync;

/// See whom we know of the organisation, and read its directory
#[derive(Debug, Args)]
pub(super) struct Directory {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read what has changed in the organisation's directory
    Sync(sync::Sync),
    /// How many people and which groups we know, and since when
    Status(status::Status),
    /// Find people, groups and teams by the beginning of a name
    Search(search::Search),
}

impl Directory {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        match self.command {
            Command::Sync(command) => command.perform(global).await,
            Command::Status(command) => command.perform(global).await,
            Command::Search(command) => command.perform(global).await,
        }
    }
}
