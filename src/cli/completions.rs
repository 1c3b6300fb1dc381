//! `stentor completions`: what the Tab key knows.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, text};

/// Print the completions of a shell
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor completions bash > /etc/bash_completion.d/stentor\n  \
                        stentor completions fish > ~/.config/fish/completions/stentor.fish")]
pub(super) struct Completions {
    /// Which shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Known,
}

/// The shells that a test has tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Known {
    Bash,
    Zsh,
    Fish,
}

impl Completions {
    pub(super) fn perform(self) -> anyhow::Result<()> {
        let shell = match self.shell {
            Known::Bash => Shell::Bash,
            Known::Zsh => Shell::Zsh,
            Known::Fish => Shell::Fish,
        };
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Cli::command(), "stentor", &mut script);
        Ok(text::print(&String::from_utf8(script)?)?)
    }
}
