//! `stentor man`: the manual pages, made from the same words as `--help`.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};

use super::{Cli, text};

/// Print the manual page, or write one for each command into a directory
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor man | man -l -\n  stentor man /usr/local/share/man/man1")]
pub(super) struct Man {
    /// Where to write a page for each command; made if it is not there
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    pub(super) fn perform(self) -> anyhow::Result<()> {
        let command = Cli::command();
        let Some(dir) = self.dir else {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            return Ok(text::print(&String::from_utf8(page)?)?);
        };
        let trouble = || format!("the pages cannot be written into “{}”", dir.display());
        std::fs::create_dir_all(&dir).with_context(trouble)?;
        clap_mangen::generate_to(command, &dir).with_context(trouble)
    }
}
