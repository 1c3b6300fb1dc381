//! `stentor broadcast …`: what the page can do, from a shell or a script.

use clap::{Args, Subcommand};

use super::Global;
use super::complaint::Complaint;
use crate::app::control::Wish;
use crate::domain::ids::BroadcastId;

pub(super) mod aim;
mod announcement;
mod control;
mod correct;
mod create;
mod dry_run;
mod export;
mod feed;
mod feed_preview;
mod hour;
pub(super) mod left_out;
mod list;
mod list_file;
mod posts;
mod preview;
mod recall;
mod retry;
mod rolls;
pub(super) mod show;
mod watch;
pub(super) mod whole_file;

/// Create broadcasts and see what became of them
#[derive(Debug, Args)]
pub(super) struct Broadcast {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Tell everybody, the people of a list, or whom words mean; or post in channels of teams
    Create(Box<create::Create>),
    /// The newest broadcasts
    List(list::List),
    /// One broadcast: where everybody stands, and why
    Show(show::Show),
    /// Follow one broadcast to its end
    Watch(watch::Watch),
    /// Try again to tell those whom one broadcast did not reach
    Retry(retry::Retry),
    /// Put the right card in the place of the one that was sent
    Correct(Box<correct::Correct>),
    /// Take one broadcast back: delete its messages, or replace them by other words
    Recall(recall::Recall),
    /// Stop one broadcast until it is resumed
    Pause(control::Control),
    /// Let a paused, halted or missed broadcast go on
    Resume(control::Control),
    /// Stop one broadcast for good
    Cancel(control::Control),
    /// One line for each person or channel, as CSV or JSON lines
    Export(export::Export),
}

impl Broadcast {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        match self.command {
            Command::Create(command) => command.perform(global).await,
            Command::List(command) => command.perform(global).await,
            Command::Show(command) => command.perform(global).await,
            Command::Watch(command) => command.perform(global).await,
            Command::Retry(command) => command.perform(global).await,
            Command::Correct(command) => command.perform(global).await,
            Command::Recall(command) => command.perform(global).await,
            Command::Pause(command) => command.perform(global, Wish::Pause).await,
            Command::Resume(command) => command.perform(global, Wish::Resume).await,
            Command::Cancel(command) => command.perform(global, Wish::Cancel).await,
            Command::Export(command) => command.perform(global).await,
        }
    }
}

/// There is no such broadcast.
pub(super) fn not_found(id: BroadcastId) -> Complaint {
    let cure = "`stentor broadcast list` shows those of this tenant.";
    Complaint::bad_input("broadcast_not_found", format!("There is no broadcast {id}."), cure).about("ID")
}
