//! Every log line and metric that we emit; redaction of personal data.
//!
//! Two rules for log lines, kept by whoever writes one:
//!
//! 1. Ids and numbers as fields, one event per state change; the text is a constant.
//! 2. **Never a person's name, address or mail, never the text of an announcement, never a token or a secret.** A
//!    person appears as her object id (`recipient`), an answer of Teams as its status and error code. Whoever may
//!    know more finds it in the database by that id. Secrets are `secrecy` values, which print as nothing.
//!
//! Metrics carry no ids at all: their labels are words from closed sets, so that their number stays small.

use std::io::IsTerminal;
use std::time::Duration;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::config::{LogFormat, LogSettings};
use crate::ports::Clock;

/// Requests made, by `step` and `outcome`.
pub const ATTEMPTS: &str = "stentor_attempts_total";
/// Deliveries that reached a final state, by `settlement`.
pub const DELIVERIES_SETTLED: &str = "stentor_deliveries_settled_total";
/// 429 answers, by `bucket`.
pub const THROTTLED: &str = "stentor_throttled_total";
/// The part of the quota in use, 0.1 to 1, by `bucket`.
pub const BUCKET_SHARE: &str = "stentor_bucket_share";
/// Sends that are permitted and not yet known.
pub const OPEN_SENDS: &str = "stentor_open_sends";
/// How long writing facts and permissions down took.
pub const FLUSH_SECONDS: &str = "stentor_flush_seconds";
/// Facts in one flush.
pub const FLUSH_FACTS: &str = "stentor_flush_facts";
/// How long a request to Teams took, by `step`.
pub const REQUEST_SECONDS: &str = "stentor_request_seconds";
/// Tenants held by this worker.
pub const LEASES_HELD: &str = "stentor_leases_held";
/// How much later than planned requests start: above a few milliseconds the worker is overloaded.
pub const WORKER_LAG_SECONDS: &str = "stentor_worker_lag_seconds";
/// Sends found in doubt after a worker ended.
pub const RESCUED: &str = "stentor_rescued_total";
/// Tenants and broadcasts that are halted, by `scope`.
pub const HALTS: &str = "stentor_halts_total";

/// Seconds, from a commit on a local disk to a request that is about to be given up.
const SECONDS_BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
const FACTS_BUCKETS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];

/// How talkative a command is when the settings do not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// It stays and is watched through its log: `info`.
    Service,
    /// It speaks to a person, who wants no log lines in between: `warn`.
    Command,
}

/// Telemetry could not be started.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Something in the process listens to log lines already.
    #[error("log lines are collected already: {0}")]
    Log(String),
    /// Something in the process collects metrics already.
    #[error("metrics are collected already: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// Sends log lines to standard error. Once for each process.
///
/// # Errors
/// [`TelemetryError::Log`] when it was called before.
pub fn start_log(settings: &LogSettings, voice: Voice) -> Result<(), TelemetryError> {
    let usual = match voice {
        Voice::Service => "info",
        Voice::Command => "warn",
    };
    let filter = EnvFilter::builder().parse_lossy(settings.filter.as_deref().unwrap_or(usual));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match settings.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).try_init(),
    };
    started.map_err(|error| TelemetryError::Log(error.to_string()))
}

/// Collects metrics; the handle renders them. Once for each process.
///
/// # Errors
/// [`TelemetryError::Metrics`] when it was called before.
pub fn start_metrics() -> Result<PrometheusHandle, TelemetryError> {
    let handle = builder()?.install_recorder()?;
    describe();
    Ok(handle)
}

/// Folds raw samples into buckets until `stop`: otherwise they pile up in memory while nobody asks for metrics.
pub async fn upkeep(metrics: PrometheusHandle, clock: &dyn Clock, stop: CancellationToken) {
    while !stop.is_cancelled() {
        metrics.run_upkeep();
        tokio::select! {
            () = stop.cancelled() => {}
            () = clock.sleep_until(clock.monotonic() + UPKEEP_EVERY) => {}
        }
    }
}

fn builder() -> Result<PrometheusBuilder, TelemetryError> {
    let seconds = Matcher::Suffix("_seconds".to_owned());
    let facts = Matcher::Full(FLUSH_FACTS.to_owned());
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(seconds, SECONDS_BUCKETS)?
        .set_buckets_for_metric(facts, FACTS_BUCKETS)?)
}

fn describe() {
    describe_counter!(ATTEMPTS, "Requests made to Teams, by step and outcome.");
    describe_counter!(DELIVERIES_SETTLED, "Deliveries that reached a final state, by settlement.");
    describe_counter!(THROTTLED, "Answers that asked us to wait (429), by bucket.");
    describe_gauge!(BUCKET_SHARE, "The part of the quota in use, 0.1 to 1, by bucket.");
    describe_gauge!(OPEN_SENDS, "Sends that are permitted and whose answer is not written down yet.");
    describe_histogram!(FLUSH_SECONDS, Unit::Seconds, "How long writing facts and permissions down took.");
    describe_histogram!(FLUSH_FACTS, "Facts written in one flush.");
    describe_histogram!(REQUEST_SECONDS, Unit::Seconds, "How long requests to Teams took, by step.");
    describe_gauge!(LEASES_HELD, "Tenants held by this worker.");
    describe_histogram!(WORKER_LAG_SECONDS, Unit::Seconds, "How much later than planned requests started.");
    describe_counter!(RESCUED, "Sends found in doubt after a worker ended.");
    describe_counter!(HALTS, "Times that we stopped a broadcast or a tenant, by scope.");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_described_and_rendered() {
        let recorder = builder().unwrap().build_recorder();
        let handle = recorder.handle();
        metrics::with_local_recorder(&recorder, || {
            describe();
            metrics::counter!(ATTEMPTS, "step" => "send", "outcome" => "accepted").increment(3);
            metrics::histogram!(FLUSH_SECONDS).record(0.004);
        });
        handle.run_upkeep();
        let text = handle.render();
        assert!(text.contains(r#"stentor_attempts_total{step="send",outcome="accepted"} 3"#), "{text}");
        assert!(text.contains("# HELP stentor_attempts_total Requests made to Teams"), "{text}");
        assert!(text.contains(r#"stentor_flush_seconds_bucket{le="0.005"} 1"#), "{text}");
    }
}
