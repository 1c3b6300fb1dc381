//! `stentor migrate`: the database's schema.

use clap::Args;

use super::{Global, text};
use crate::config::Need;
use crate::telemetry::Voice;
use crate::wiring;

/// Bring the database's schema up to this program.
///
/// Migrations only go forward, and older programs go on working beside a newer schema until it says otherwise.
/// `stentor run` does the same by itself. Does nothing when the schema is up to date.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  STENTOR__DATABASE__URL_FILE=/run/secrets/db stentor migrate")]
pub(super) struct Migrate {}

impl Migrate {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let settings = global.begin(Need::Nothing, Voice::Command)?;
        let report = wiring::migrate(&settings).await?;
        if global.json {
            return Ok(text::print_json(&report)?);
        }
        let mut told = report.applied.iter().map(|name| format!("Applied {name}.\n")).collect::<String>();
        told += &format!("The schema is at version {}.\n", report.version);
        Ok(text::print(&told)?)
    }
}
