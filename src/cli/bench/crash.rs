//! `stentor bench crash`: breaks things in the middle, and counts what came of it.

use std::io::IsTerminal;
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::super::complaint::Complaint;
use super::super::text::{self, Align, table, thousands};
use super::super::{Global, session, stop};
use super::simulation;
use crate::bench::crash::{self, Measured, Mishap, News, Plan, Tally};
use crate::config::Settings;
use crate::wiring::Simulation;

/// What is lost when workers and Postgres are killed in the middle, and who is told twice
///
/// Worker processes, a durable Postgres and a simulated Teams at twenty times the published limits. In each round
/// everybody is told something; at a random instant a worker is killed or frozen, or Postgres is killed, or both. The
/// ledger of the simulated Teams judges. It exits with 1 when a promise was broken.
#[derive(Debug, Args)]
pub(super) struct Crash {
    /// Rounds with each policy; one takes about five seconds
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// How many people the organisation has
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(50..=100_000))]
    recipients: u32,
    /// Decides the people, the mishaps and their instants
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Nothing but this; all of them in turn when left out
    #[arg(long, value_enum, value_name = "MISHAP")]
    mishap: Option<Mishap>,
}

const BAR: &str = "{bar:40.cyan/blue} {pos}/{len}  {wide_msg}";

impl Crash {
    pub(super) async fn perform(self, global: &Global, settings: Settings) -> anyhow::Result<()> {
        let stop = stop::on_signals()?;
        let Self { rounds, recipients, seed, mishap } = self;
        text::aside(&format!(
            "Breaking things in the middle of {} broadcasts to {}.",
            thousands(u64::from(rounds) * 2),
            text::people(recipients.into())
        ));
        let plan = Plan { rounds, recipients, seed, only: mishap };
        let screen = Screen::new(rounds * 2);
        let played = crash::run(settings, busy(plan), plan, |news| screen.tell(news));
        let measured = session::unless_stopped(&stop, played).await;
        screen.clear();
        let measured = measured?;
        match global.json {
            true => text::print_json(&measured)?,
            false => text::print(&crash_text(&measured))?,
        }
        match measured.is_kept() {
            true => Ok(()),
            false => Err(Complaint::failed("promise_broken", "A promise was broken.", "").told_already().into()),
        }
    }
}

/// A Teams that takes twenty times as much as the published limits, so that a round takes seconds.
pub(super) fn busy(plan: Plan) -> Simulation {
    let latency = Duration::from_millis(25);
    Simulation { seed: plan.seed, quota_factor: 20.0, latency, ..simulation(plan.recipients) }
}

/// A bar on a terminal, a line a round elsewhere. On standard error.
struct Screen {
    bar: Option<ProgressBar>,
}

impl Screen {
    fn new(rounds: u32) -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(rounds.into());
            // Invariant: the template is a constant that a test has seen.
            bar.set_style(ProgressStyle::with_template(BAR).unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self { bar }
    }

    fn tell(&self, news: News) {
        match (news, &self.bar) {
            (News::Begins(number, _, policy, mishap), Some(bar)) => {
                bar.set_message(format!("{policy} {number}: {}", mishap.name()));
                bar.inc(1);
            }
            (News::Begins(number, of, policy, mishap), None) => {
                text::aside(&format!("{policy} {number} of {of}: {}", mishap.name()));
            }
            (News::Broken(words), Some(bar)) => bar.suspend(|| text::aside(&broken(&words))),
            (News::Broken(words), None) => text::aside(&broken(&words)),
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn broken(words: &str) -> String {
    format!("broken: {}", text::one_line(words))
}

fn crash_text(measured: &Measured) -> String {
    type Row = (&'static str, fn(&Tally) -> String);
    let counts: [Row; 12] = [
        ("", |_| String::new()),
        ("rounds", |it| thousands(it.rounds.into())),
        ("lost", |it| thousands(it.lost)),
        ("told twice", |it| thousands(it.duplicates)),
        ("unconfirmed", |it| thousands(it.unconfirmed)),
        ("set aside", |it| thousands(it.set_aside)),
        ("permissions open at the mishap", |it| thousands(it.open_at_kill)),
        ("told and not yet recorded then", |it| thousands(it.received_unrecorded)),
        ("seconds until it went on, half", |it| format!("{:.1}", it.recovery_seconds.p50)),
        ("nine of ten", |it| format!("{:.1}", it.recovery_seconds.p90)),
        ("all", |it| format!("{:.1}", it.recovery_seconds.max)),
        ("rounds that broke a promise", |it| thousands(it.broken.into())),
    ];
    let rows: Vec<Vec<String>> = counts
        .iter()
        .map(|(name, cell)| match *name {
            "" => ["", "hold", "resend"].map(str::to_owned).to_vec(),
            name => vec![name.to_owned(), cell(&measured.hold), cell(&measured.resend)],
        })
        .collect();
    table(&[Align::Left, Align::Right, Align::Right], &rows, "  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_both_policies() {
        let hold = Tally { rounds: 100, unconfirmed: 1234, ..Tally::default() };
        let resend = Tally { rounds: 100, duplicates: 56, ..Tally::default() };
        insta::assert_snapshot!(crash_text(&Measured { hold, resend }));
    }

    #[test]
    fn the_bar_is_drawn_as_written() {
        assert!(ProgressStyle::with_template(BAR).is_ok());
    }
}
