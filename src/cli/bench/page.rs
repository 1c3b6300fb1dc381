//! `stentor bench page`.

use std::path::PathBuf;

use clap::Args;

use super::super::{Global, text};
use super::figures;
use crate::bench::page;
use crate::config::Settings;

/// How heavy the page is, and whether it stays responsive beside large broadcasts, in headless Chromium
///
/// Needs Node.js, Chromium and what `make page-modules` installs.
#[derive(Debug, Args)]
pub(super) struct Page {
    /// How many people each of its two broadcasts is for, one under way and one that is over
    #[arg(long, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u32).range(50_000..=5_000_000))]
    recipients: u32,
    /// What drives the browser
    #[arg(long, value_name = "FILE", default_value = "web/bench/page.mjs")]
    script: PathBuf,
}

impl Page {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        text::aside(&format!(
            "Storing two broadcasts to {}; that takes some minutes.",
            text::people(self.recipients.into())
        ));
        let measured = page::run(&settings, self.recipients.into(), &self.script).await?;
        figures::tell(global, &measured, &measured.figures())
    }
}
