//! `stentor broadcast pause`, `resume` and `cancel`.

use clap::Args;
use serde_json::json;

use super::super::complaint::Complaint;
use super::super::{Global, session, text};
use super::not_found;
use crate::app::control::{Granted, Wish};
use crate::config::Need;
use crate::domain::broadcast::BroadcastState;
use crate::domain::ids::BroadcastId;

/// Which broadcast
#[derive(Debug, Args)]
pub(in crate::cli) struct Control {
    /// The broadcast, as `list` prints it
    id: BroadcastId,
}

impl Control {
    pub(in crate::cli) async fn perform(self, global: &Global, wish: Wish) -> anyhow::Result<()> {
        let granted = global
            .with_desk(name(wish), Need::Identity, async |desk, stop| {
                session::unless_stopped(stop, desk.grant(self.id, wish)).await
            })
            .await?;
        let state = match granted {
            Granted::Yes(state) => state,
            Granted::No(state) => return Err(refusal(self.id, wish, state).into()),
            Granted::Unknown => return Err(not_found(self.id).into()),
        };
        match global.json {
            true => text::print_json(&json!({ "id": self.id, "state": state }))?,
            false => text::print(&format!("{} is {}.\n", self.id, state.name()))?,
        }
        Ok(())
    }
}

const fn name(wish: Wish) -> &'static str {
    match wish {
        Wish::Pause => "broadcast pause",
        Wish::Resume => "broadcast resume",
        Wish::Cancel => "broadcast cancel",
    }
}

fn refusal(id: BroadcastId, wish: Wish, state: BroadcastState) -> Complaint {
    let states: Vec<&str> = wish.granted_in().iter().map(|state| state.name()).collect();
    let verb = name(wish).rsplit(' ').next().unwrap_or_default();
    let message = format!("{id} is {}; there is nothing to {verb}.", state.name());
    Complaint::bad_input(
        "wrong_state",
        message,
        format!("A broadcast can be told to {verb} while {}.", states.join(", ")),
    )
    .about("ID")
}
