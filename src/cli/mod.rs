//! The command line: one file a command. The only place that prints.
//!
//! What was asked for goes to standard output, everything else (progress, hints, errors, the log) to standard error.
//! With `--json`, standard output holds one JSON document and nothing else.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

mod app_package;
mod audience;
mod bench;
mod broadcast;
mod complaint;
mod completions;
mod config;
mod demo;
mod desk;
mod directory;
mod doctor;
mod expected;
mod follow;
mod health;
mod man;
mod migrate;
mod panic;
mod remote;
mod run;
#[cfg(test)]
mod samples;
mod serve;
mod service;
mod session;
mod simulate;
mod stop;
mod text;
mod work;

use crate::telemetry;
use complaint::Complaint;

/// Sends one announcement to everybody in Microsoft Teams: nobody lost, nobody told twice.
#[derive(Debug, Parser)]
#[command(name = "stentor", version, max_term_width = 100, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  stentor demo --recipients 2000
      See it work: a private Postgres, a simulated Teams and one broadcast. Needs nothing.
  stentor run --config /etc/stentor/stentor.toml
      Serve and work, until Ctrl-C.
  stentor broadcast create --now --title \"Fire drill\" --body-file drill.md --audience-expr everyone
      Tell everybody.

Exit codes: 0 done, 1 failed, 2 bad input.";

const EVERYWHERE: &str = "Options of every command";

#[derive(Debug, Args)]
struct Global {
    /// Your settings, as TOML [default: ./stentor.toml, else /etc/stentor/stentor.toml, if there]
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "FILE", env = "STENTOR_CONFIG", hide_env = true)]
    config: Option<PathBuf>,
    /// Where the private Postgres lives [default: ./data]
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print one JSON document, and nothing else, to standard output
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    json: bool,
    #[command(flatten)]
    afar: remote::Afar,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve and work in one process, until Ctrl-C
    Run(run::Run),
    /// Send broadcasts, until Ctrl-C; any number of processes may
    Work(work::Work),
    /// Serve health, readiness and metrics, until Ctrl-C
    Serve(serve::Serve),
    /// Create broadcasts and see what became of them
    Broadcast(broadcast::Broadcast),
    /// Say who is meant in words, count them, and keep the words under a name
    Audience(audience::Audience),
    /// See whom we know of the organisation, and read its directory
    Directory(directory::Directory),
    /// See it work: a private Postgres, a simulated Teams, one broadcast
    Demo(demo::Demo),
    /// Pretend to be Teams, until Ctrl-C
    Simulate(simulate::Simulate),
    /// Measure, on this machine
    Bench(bench::Bench),
    /// Ask a running service whether it is ready
    Health(health::Health),
    /// Check that everything is as it should be, and name the cure where it is not
    Doctor(doctor::Doctor),
    /// Write the Teams app package: a manifest and two icons, ready to upload
    AppPackage(app_package::AppPackage),
    /// Bring the database's schema up to this program
    Migrate(migrate::Migrate),
    /// Print the settings in force, secrets masked
    Config(config::Config),
    /// Print the completions of a shell
    Completions(completions::Completions),
    /// Print the manual page
    Man(man::Man),
}

/// Whether `arguments`, the program's name first, are a command line of ours. Nothing is done. For the test that reads
/// our documents.
///
/// # Errors
/// What the program would say in refusing them.
pub fn understands(arguments: &[String]) -> Result<(), String> {
    match Cli::try_parse_from(arguments) {
        Err(error) if error.use_stderr() => Err(error.to_string()),
        _ => Ok(()),
    }
}

/// Runs the command line to its end.
pub fn main() -> ExitCode {
    panic::log_panics();
    // Asked for before parsing, because refused arguments must be told in JSON, too.
    let as_json = std::env::args_os().any(|argument| argument == "--json");
    let parsed = Cli::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches));
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) if error.use_stderr() && as_json => return Complaint::of_arguments(&error).tell(true),
        Err(error) => error.exit(),
    };
    let ended = panic::guarded(|| {
        runtime()?.block_on(async {
            let ended = cli.command.perform(&cli.global).await;
            telemetry::finish();
            ended
        })
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => Complaint::from(error).tell(cli.global.json),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

impl Command {
    async fn perform(self, global: &Global) -> anyhow::Result<()> {
        if !matches!(self, Self::Broadcast(_) | Self::Audience(_) | Self::Directory(_)) {
            global.afar.refuse()?;
        }
        match self {
            Self::Run(command) => command.perform(global).await,
            Self::Work(command) => command.perform(global).await,
            Self::Serve(command) => command.perform(global).await,
            Self::Broadcast(command) => command.perform(global).await,
            Self::Audience(command) => command.perform(global).await,
            Self::Directory(command) => command.perform(global).await,
            Self::Demo(command) => command.perform(global).await,
            Self::Simulate(command) => command.perform(global).await,
            Self::Bench(command) => command.perform(global).await,
            Self::Health(command) => command.perform(global).await,
            Self::Doctor(command) => command.perform(global).await,
            Self::AppPackage(command) => command.perform(global),
            Self::Migrate(command) => command.perform(global).await,
            Self::Config(command) => command.perform(global),
            Self::Completions(command) => command.perform(),
            Self::Man(command) => command.perform(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
