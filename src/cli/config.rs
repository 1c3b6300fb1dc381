//! `stentor config`: the settings in force.

use clap::Args;

use super::{Global, text};
use crate::config::{Need, Settings};

/// Print the settings in force, secrets masked.
///
/// Settings come from config/default.toml (compiled in), then your file, then the environment: STENTOR__SECTION__KEY.
/// What is wrong with them is told all at once.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor config\n  stentor config --origins\n  \
                        STENTOR__QUOTAS__SEND=40/s stentor config --json")]
pub(super) struct Config {
    /// Tell where each value came from
    #[arg(long)]
    origins: bool,
}

impl Config {
    pub(super) fn perform(self, global: &Global) -> anyhow::Result<()> {
        let (_, effective) = Settings::load_with_origins(&global.sources(), Need::Nothing)?;
        if global.json {
            return Ok(text::print_json(&effective.to_json(self.origins))?);
        }
        Ok(text::print(&effective.to_toml(self.origins))?)
    }
}
