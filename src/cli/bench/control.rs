//! `stentor bench control`: what pausing and cancelling cost.

use clap::Args;

use super::super::Global;
use super::super::text::{self, Align, table, thousands};
use super::simulation;
use crate::bench::control::{self, Command, Measured};
use crate::config::Settings;
use crate::wiring::Simulation;

/// What pausing and cancelling a large running broadcast costs, and how soon the last request follows
#[derive(Debug, Args)]
pub(super) struct Control {
    /// How many people the broadcast is for
    #[arg(long, value_name = "N", default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(2000..=1_000_000))]
    recipients: u32,
}

impl Control {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        text::aside(&format!("Reading a directory of {}; that takes a while.", text::people(self.recipients.into())));
        let simulation = Simulation { is_warm: true, ..simulation(self.recipients) };
        let measured = control::run(settings, simulation).await?;
        match global.json {
            true => text::print_json(&measured)?,
            false => text::print(&control_text(&measured))?,
        }
        Ok(())
    }
}

fn control_text(measured: &Measured) -> String {
    let row =
        |name: &str, of: &dyn Fn(&Command) -> String| vec![name.to_owned(), of(&measured.pause), of(&measured.cancel)];
    let rows = [
        vec![String::new(), "PAUSE".to_owned(), "CANCEL".to_owned()],
        row("requests a second before", &|command| format!("{:.0}", command.requests_per_second)),
        row("last request after the answer, ms", &|command| command.last_request_ms.to_string()),
        row("requests after the answer", &|command| thousands(command.requests_after)),
        row("the command, ms", &|command| format!("{:.1}", command.command_ms)),
        row("its statement in the database, ms", &|command| {
            command.database_ms.map_or_else(|| "not counted".to_owned(), |spent| format!("{spent:.2}"))
        }),
    ];
    format!("A broadcast to {}\n", text::people(measured.recipients))
        + &table(&[Align::Left, Align::Right, Align::Right], &rows, "  ")
}
