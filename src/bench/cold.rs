//! How near the maximum flow a broadcast to people of whom nothing is known comes, and how true its forecast was.
//!
//! One run for each share of people who have the app already. A pilot to a few of them goes first, as a careful author
//! would do it: it tells which part of the people has the app, which is all that a forecast can know of the others.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde::Serialize;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::submit::Audience;
use crate::config::Settings;
use crate::domain::audience::read_list;
use crate::domain::flow::{Rates, maximum_flow};
use crate::domain::forecast::Forecast;
use crate::domain::ids::EntraId;
use crate::domain::outcome::Step;
use crate::domain::progress::Progress;
use crate::domain::time::Timestamp;
use crate::http::router::{Shared, router};
use crate::http::server;
use crate::wiring::{Demonstration, LedgerCounts, Simulation, Stentor, webhook_at};

/// People of the pilot, beside the others: enough to know the share of those who have the app to a few percent.
pub const PILOT: u32 = 200;
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What was measured, over all mixes.
#[derive(Debug, Clone, Serialize)]
pub struct Measured {
    /// The least of the mixes.
    pub fraction_of_maximum_flow: f64,
    /// The largest of the mixes, forecasts under way included.
    pub forecast_error: f64,
    /// One for each share of people who have the app.
    pub mixes: Vec<MixMeasured>,
}

/// One run.
#[derive(Debug, Clone, Serialize)]
pub struct MixMeasured {
    /// The part of the people who have the app, in percent.
    pub installed_percent: u8,
    /// People of the broadcast.
    pub recipients: u64,
    /// People told a second, between the first and the last tenth of them.
    pub people_per_second: f64,
    /// People told a second from the first to the last of them.
    pub people_per_second_whole_run: f64,
    /// People a second that fit through the quotas at best.
    pub maximum_flow: f64,
    /// The one divided by the other.
    pub fraction_of_maximum_flow: f64,
    /// Requests that the simulated Teams received, by bucket.
    pub requests: BTreeMap<String, u64>,
    /// 429s among them.
    pub throttled: u64,
    /// From the worker's start to the end, as foretold just before.
    pub forecast_seconds: f64,
    /// From the worker's start to the end.
    pub actual_seconds: f64,
    /// The difference between the two, as a part of the actual.
    pub forecast_error: f64,
    /// The same when a tenth was told: what was foretold then, what came, and the difference as a part of it.
    pub under_way: UnderWay,
    /// Where everybody ended.
    pub progress: Progress,
    /// Told twice, by the simulator's ledger.
    pub duplicates: u64,
}

/// A forecast made while the broadcast goes on.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct UnderWay {
    /// Seconds that were left, as foretold.
    pub forecast_seconds: f64,
    /// Seconds that it took from there.
    pub actual_seconds: f64,
    /// The difference between the two, as a part of the actual.
    pub forecast_error: f64,
}

/// Runs one broadcast for each of `installed` (percent), to `recipients` people each; `tell` hears of each before it
/// begins. With `events`, Teams tells the bot of installations.
///
/// # Errors
/// When Stentor or the simulator does not start, or a broadcast does not end.
pub async fn run(
    settings: Settings,
    simulation: Simulation,
    installed: &[u8],
    events: bool,
    mut tell: impl FnMut(u8),
) -> anyhow::Result<Measured> {
    let mut mixes = Vec::new();
    for percent in installed {
        tell(*percent);
        let people = simulation.people + PILOT;
        let part = f64::from(*percent) / 100.0;
        let simulation = Simulation { people, installed: Some(part), ..simulation.clone() };
        mixes.push(run_one(settings.clone(), simulation, *percent, events).await?);
    }
    let fractions = mixes.iter().map(|mix| mix.fraction_of_maximum_flow);
    let errors = mixes.iter().flat_map(|mix| [mix.forecast_error, mix.under_way.forecast_error]);
    Ok(Measured {
        fraction_of_maximum_flow: fractions.fold(f64::INFINITY, f64::min),
        forecast_error: errors.fold(0.0, f64::max),
        mixes,
    })
}

async fn run_one(
    settings: Settings,
    mut simulation: Simulation,
    percent: u8,
    events: bool,
) -> anyhow::Result<MixMeasured> {
    let listener = server::listen((Ipv4Addr::LOCALHOST, 0).into()).await?;
    simulation.webhook = events.then(|| listener.local_addr().map(webhook_at)).transpose()?;
    let mut others = Vec::new();
    let pilot = |people: &[EntraId]| {
        let (pilot, rest) = people.split_at(people.len().min(PILOT as usize));
        others = rest.to_vec();
        list(pilot)
    };
    let demo = Demonstration::open_for(settings, simulation, pilot).await?;
    let hearing = CancellationToken::new();
    let _hears_until_the_end = hearing.clone().drop_guard();
    hear(&demo.stentor, listener, hearing);
    send_out(&demo).await?;
    let before = demo.ledger();
    let demo = demo.announce(list(&others)).await?;
    let measured = measure(&demo, percent, &before).await;
    demo.close().await?;
    measured
}

/// Lets `stentor` hear what is posted to `listener` until `stop`.
fn hear(stentor: &Stentor, listener: TcpListener, stop: CancellationToken) {
    let metrics = PrometheusBuilder::new().build_recorder().handle();
    let random = Arc::clone(&stentor.random);
    let shared =
        Shared { health: stentor.health.clone(), metrics, webhook: Some(stentor.webhook()), random, api: None };
    let clock = Arc::clone(&stentor.clock);
    tokio::spawn(async move { server::serve(listener, router(shared), stop, clock.as_ref()).await });
}

fn list(people: &[EntraId]) -> Audience {
    let lines: Vec<String> = people.iter().map(ToString::to_string).collect();
    read_list(lines.join("\n").as_bytes()).map_or(Audience::Everyone, Audience::List)
}

/// What was seen of one broadcast from outside.
struct Seen {
    /// When the worker began.
    began: Timestamp,
    /// When a tenth was told, and what was foretold then.
    tenth: Option<(Timestamp, Forecast)>,
    /// When the last person was settled.
    ended: Timestamp,
    progress: Progress,
}

async fn measure(demo: &Demonstration, percent: u8, before: &LedgerCounts) -> anyhow::Result<MixMeasured> {
    let stentor = &demo.stentor;
    let stored =
        stentor.store.report(stentor.tenant, demo.broadcast).await?.context("the broadcast was just stored")?;
    let forecast = stentor.foresight().of_broadcast(&stored).await?;
    let seen = send_out(demo).await?;
    let starts = stentor.starts(demo.broadcast, Step::Send).await?;
    let ledger = demo.ledger();
    let requests = ledger
        .requests
        .iter()
        .map(|(bucket, count)| (bucket.clone(), count - before.requests.get(bucket).copied().unwrap_or_default()));
    let maximum_flow = maximum_flow(&Rates::of(&stentor.settings.engine.quotas), f64::from(percent) / 100.0);
    let people_per_second = rate(&starts, 0.1, 0.9);
    let (forecast_seconds, actual_seconds) = (work_seconds(&forecast)?, between(seen.began, seen.ended));
    let under_way = seen.tenth.map(|(at, forecast)| {
        let (forecast_seconds, actual_seconds) = (work_seconds(&forecast)?, between(at, seen.ended));
        let forecast_error = error(forecast_seconds, actual_seconds);
        anyhow::Ok(UnderWay { forecast_seconds, actual_seconds, forecast_error })
    });
    Ok(MixMeasured {
        installed_percent: percent,
        recipients: seen.progress.targeted,
        people_per_second,
        people_per_second_whole_run: rate(&starts, 0.0, 1.0),
        maximum_flow,
        fraction_of_maximum_flow: people_per_second / maximum_flow.max(f64::MIN_POSITIVE),
        requests: requests.filter(|(_, count)| *count > 0).collect(),
        throttled: ledger.throttled - before.throttled,
        forecast_seconds,
        actual_seconds,
        forecast_error: error(forecast_seconds, actual_seconds),
        under_way: under_way.transpose()?.unwrap_or_default(),
        progress: seen.progress,
        duplicates: ledger.duplicates,
    })
}

/// Works until the broadcast is done, and looks on.
async fn send_out(demo: &Demonstration) -> anyhow::Result<Seen> {
    let (stop, stentor) = (CancellationToken::new(), &demo.stentor);
    let began = stentor.clock.now();
    let watching = async {
        let mut tenth = None;
        let seen = loop {
            let report = stentor.store.report(stentor.tenant, demo.broadcast).await?.context("it is stored")?;
            if report.state.is_final() {
                let ended = report.finished_at.context("what is final has its instant")?;
                break Seen { began, tenth, ended, progress: report.progress };
            }
            let is_tenth = report.progress.settled() * 10 >= report.progress.targeted && report.progress.settled() > 0;
            if tenth.is_none() && is_tenth {
                let foresight = stentor.foresight();
                tenth = Some((foresight.now, foresight.of_broadcast(&report).await?));
            }
            stentor.clock.sleep_until(stentor.clock.monotonic() + LOOK_EVERY).await;
        };
        stop.cancel();
        anyhow::Ok(seen)
    };
    let (worked, seen) = tokio::join!(stentor.work(stop.clone()), watching);
    worked?;
    seen
}

/// Seconds of work that were foretold; before the worker begins nobody knows when that will be.
fn work_seconds(forecast: &Forecast) -> anyhow::Result<f64> {
    let grounds = forecast.forecast.as_ref().context("a broadcast that is not over has a forecast")?;
    grounds.work_seconds.context("the quotas let everybody through")
}

/// People a second between these parts of `starts`, which are in order.
fn rate(starts: &[Timestamp], from: f64, to: f64) -> f64 {
    let place = |part: f64| ((starts.len().saturating_sub(1)) as f64 * part) as usize;
    let (first, last) = (place(from), place(to));
    let (Some(began), Some(ended)) = (starts.get(first), starts.get(last)) else { return 0.0 };
    (last - first) as f64 / between(*began, *ended).max(f64::MIN_POSITIVE)
}

fn between(from: Timestamp, to: Timestamp) -> f64 {
    (to - from).as_seconds_f64()
}

fn error(forecast: f64, actual: f64) -> f64 {
    (forecast - actual).abs() / actual.max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_leaves_the_ends_out() {
        let at = |milliseconds: i64| Timestamp::from_timestamp_millis(milliseconds).unwrap();
        let mut starts: Vec<Timestamp> = (0..101).map(|place| at(place * 20)).collect();
        starts[100] = at(10_000);
        assert!((rate(&starts, 0.1, 0.9) - 50.0).abs() < 1e-6);
        assert!(rate(&starts, 0.0, 1.0) < 11.0);
        assert_eq!(rate(&[], 0.1, 0.9), 0.0);
    }
}
