//! `stentor demo`: everything at once, on this machine, without Microsoft.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::broadcast::{not_found, show::summary_text};
use super::complaint::Complaint;
use super::follow::{Ended, Follow};
use super::simulate::people_rows;
use super::text::{self, Align, table, thousands};
use super::{Global, service, stop};
use crate::app::report::{self, Summary};
use crate::config::Need;
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::progress::Progress;
use crate::http::server;
use crate::telemetry::{self, Voice};
use crate::wiring::{Demonstration, LedgerCounts, SimulatedAccess, Simulation, Weather, public_url_at, webhook_at};

/// See it work: a private Postgres, a simulated Teams, one broadcast
///
/// The organisation is made up: a third has no bot yet, and about one in ten cannot be reached, for four different
/// reasons. Nothing leaves this machine.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor demo\n  stentor demo --recipients 10000 --faults mild --seed 7\n  \
                        stentor demo --recipients 2000 --exit --json")]
pub(super) struct Demo {
    /// How many people the organisation has
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    recipients: u32,
    /// End with the broadcast, instead of staying until Ctrl-C
    #[arg(long)]
    exit: bool,
    /// Decides the people and every misfortune
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// What goes wrong
    #[arg(long, value_enum, default_value_t = Weather::None)]
    faults: Weather,
}

/// What a demonstration came to; scripts read it.
#[derive(Debug, Serialize)]
struct Outcome {
    #[serde(flatten)]
    progress: Progress,
    by_reason: BTreeMap<Cow<'static, str>, u64>,
    duration_seconds: f64,
    #[serde(flatten)]
    ledger: LedgerCounts,
}

impl Demo {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let mut settings = global.begin(Need::Nothing, Voice::Command)?;
        let metrics = telemetry::start_metrics()?;
        let stop = stop::on_signals()?;
        let listener = listen(settings.http.listen).await?;
        let address = listener.local_addr()?;
        // Whoever signs in must come back here, wherever the settings say that people reach the real one.
        settings.http.public_url = Some(public_url_at(address));
        text::aside(&format!(
            "Starting a private Postgres, a simulated Teams of {} and Stentor.",
            text::people(self.recipients.into())
        ));
        let demo = Demonstration::open(settings, self.simulation(address)).await?;
        let stentor = &demo.stentor;
        let (worked, served, kept, shown) = tokio::join!(
            service::part(&stop, stentor.work(stop.clone())),
            service::part(&stop, service::answer(stentor, listener, metrics.clone(), Some(stentor.webhook()), &stop)),
            service::part(&stop, service::upkeep(stentor, metrics, &stop)),
            service::part(&stop, self.show(global, &demo, address, &stop)),
        );
        let closed = demo.close().await;
        // A worker that failed explains a demonstration that was cut short.
        worked.and(served).and(kept).and(shown).and(closed)
    }

    fn simulation(&self, stentor: SocketAddr) -> Simulation {
        Simulation {
            people: self.recipients,
            seed: self.seed,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            reached_at: None,
            browsed_at: None,
            redirects: Vec::new(),
            quota_factor: 1.0,
            is_warm: false,
            installed: None,
            latency: Duration::ZERO,
            weather: self.faults,
            token_lifetime: None,
            tls: None,
            webhook: Some(webhook_at(stentor)),
        }
    }

    async fn show(
        &self,
        global: &Global,
        demo: &Demonstration,
        address: SocketAddr,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        if !self.exit {
            let page = public_url_at(address);
            text::aside(&invitation(demo.access(), &page));
            show_page(&page);
        }
        let ended = Follow::new(&demo.stentor, demo.broadcast).until_final(stop).await?;
        if ended == Ended::Unwatched && global.json {
            // Half a demonstration is no result for a script.
            return Err(interrupted().into());
        }
        let summary = report::summary(&demo.stentor.foresight(), demo.broadcast).await?;
        let summary = summary.ok_or_else(|| not_found(demo.broadcast))?;
        let outcome = Outcome::of(&summary, demo.ledger());
        match global.json {
            true => text::print_json(&outcome)?,
            false => text::print(&outcome_text(&summary, &outcome, &demo.stentor.settings.engine.quotas))?,
        }
        if ended == Ended::Unwatched {
            return Err(interrupted().into());
        }
        if !self.exit {
            // Trying again is to show that it helps where a cause is gone, and only there.
            demo.let_administrators_mend();
            text::aside(
                "\nMeanwhile an administrator of the made-up organisation lets in some of those from whom a policy keeps the app:\n\
                 trying again reaches them.",
            );
            text::aside(&format!("\nMetrics are at http://{address}/metrics. Press Ctrl-C to end the demonstration."));
            stop.cancelled().await;
        }
        outcome.check()
    }
}

/// Where one looks at it, and as whom.
fn invitation(access: &SimulatedAccess, public_url: &Url) -> String {
    let people = table(&[Align::Left, Align::Left, Align::Left], &people_rows(access), "  ");
    format!(
        "\nOpen {public_url} and sign in as one of these; nobody is asked for a password:\n{people}\n\
         The API is described at {public_url}api/docs."
    )
}

/// Opens the page for whoever sits at this machine, before a desktop.
fn show_page(page: &Url) {
    let is_seen = cfg!(not(target_os = "linux"))
        || ["DISPLAY", "WAYLAND_DISPLAY"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    if is_seen && std::io::stderr().is_terminal() {
        // Where there is no browser, the address stands above.
        let _ = open::that_detached(page.as_str());
    }
}

fn interrupted() -> Complaint {
    Complaint::failed("interrupted", "Interrupted before it was done.", "")
}

/// Listens as set; a demonstration beside a running Stentor takes any free port instead.
async fn listen(wanted: SocketAddr) -> anyhow::Result<TcpListener> {
    match server::listen(wanted).await {
        Ok(listener) => Ok(listener),
        Err(_) => Ok(server::listen(SocketAddr::new(wanted.ip(), 0)).await?),
    }
}

impl Outcome {
    fn of(summary: &Summary, ledger: LedgerCounts) -> Self {
        let mut by_reason = BTreeMap::new();
        for row in &summary.by_reason {
            *by_reason.entry(row.code.clone()).or_default() += row.count;
        }
        let Summary { report, .. } = summary;
        let times = report.started_at.zip(report.finished_at);
        let took = times.and_then(|(from, to)| (to - from).to_std().ok()).unwrap_or_default();
        let duration_seconds = (took.as_secs_f64() * 1000.0).round() / 1000.0;
        Self { progress: report.progress, by_reason, duration_seconds, ledger }
    }

    /// A demonstration that breaks a promise must not look like a success.
    fn check(&self) -> anyhow::Result<()> {
        let message = if !self.progress.adds_up() {
            "The counts do not add up to everybody who was targeted."
        } else if self.ledger.duplicates > 0 {
            "Somebody was told twice."
        } else {
            return Ok(());
        };
        Err(Complaint::failed("promise_broken", message, "This is a fault of Stentor: please report it.").into())
    }
}

fn outcome_text(summary: &Summary, outcome: &Outcome, quotas: &BTreeMap<Bucket, Quota>) -> String {
    let requests = outcome.ledger.requests.iter();
    let mut rows: Vec<Vec<String>> = requests.map(|(bucket, count)| vec![bucket.clone(), thousands(*count)]).collect();
    rows.push(vec!["asked to wait (429)".to_owned(), thousands(outcome.ledger.throttled)]);
    rows.push(vec!["told twice".to_owned(), thousands(outcome.ledger.duplicates)]);
    let requests = table(&[Align::Left, Align::Right], &rows, "  ");
    format!("\n{}\nWhat the simulated Teams saw\n{requests}", summary_text(summary, quotas))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::samples;

    fn outcome() -> (Summary, Outcome) {
        let summary = samples::summary();
        let requests = [("check", 26_000), ("install", 13_000), ("resolve", 39_000), ("send", 38_998)];
        let requests = requests.map(|(bucket, count)| (bucket.to_owned(), count)).into();
        let ledger = LedgerCounts { requests, throttled: 3, ..LedgerCounts::default() };
        let outcome = Outcome::of(&summary, ledger);
        (summary, outcome)
    }

    #[test]
    fn the_outcome_is_told_to_people() {
        let (summary, outcome) = outcome();
        insta::assert_snapshot!(outcome_text(&summary, &outcome, &BTreeMap::new()));
    }

    #[test]
    fn the_outcome_is_told_to_scripts() {
        insta::assert_json_snapshot!(outcome().1);
    }

    #[test]
    fn people_on_this_machine_are_led_to_where_it_really_listens() {
        let url = |address: &str| public_url_at(address.parse().unwrap()).to_string();
        assert_eq!(url("127.0.0.1:8080"), "http://localhost:8080/");
        assert_eq!(url("0.0.0.0:40123"), "http://localhost:40123/");
        assert_eq!(url("10.1.2.3:80"), "http://10.1.2.3/");
    }

    #[test]
    fn a_broken_promise_is_a_failure() {
        let (_, mut outcome) = outcome();
        assert!(outcome.check().is_ok());
        outcome.ledger.duplicates = 1;
        assert!(outcome.check().is_err());
    }
}
