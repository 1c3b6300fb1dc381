//! `stentor bench people`: how long it takes to look people up.

use clap::Args;

use super::super::Global;
use super::super::text;
use super::figures;
use crate::bench::people;
use crate::config::Settings;

/// How long it takes to look people up in a large broadcast
#[derive(Debug, Args)]
pub(super) struct People {
    /// How many people the broadcast is for
    #[arg(long, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(1000..=5_000_000))]
    recipients: u32,
}

impl People {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        text::aside(&format!("Storing what became of {} takes a while.", text::people(self.recipients.into())));
        let measured = people::run(&settings, self.recipients.into()).await?;
        figures::tell(global, &measured, &measured.figures())
    }
}
