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

use metrics::{Label, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};

use crate::config::{LogFormat, LogSettings, TelemetrySettings};
use crate::ports::Clock;

/// What a metric measures, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It stands somewhere.
    Gauge,
    /// How many fell into which span.
    Histogram,
}

/// One metric, as `docs/metrics.md` lists it.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it is to be read.
    pub kind: Kind,
    /// Its labels; each takes words from a closed set.
    pub labels: &'static [&'static str],
    /// What it tells, in a sentence.
    pub help: &'static str,
}

macro_rules! metrics {
    ($($constant:ident $name:literal $kind:ident [$($label:literal)*] $help:literal)*) => {
        $(#[doc = $help] pub const $constant: &str = $name;)*

        /// Everything that we count and measure. Whoever emits another name fails a test.
        pub const METRICS: &[Metric] = &[
            $(Metric { name: $name, kind: Kind::$kind, labels: &[$($label),*], help: $help }),*
        ];
    };
}

metrics! {
    ATTEMPTS "stentor_attempts_total" Counter ["step" "outcome"] "Requests made to Teams for somebody, by step and outcome."
    REQUEST_SECONDS "stentor_request_seconds" Histogram ["step"] "How long such requests took."
    DELIVERIES_SETTLED "stentor_deliveries_settled_total" Counter ["settlement" "reason"] "Deliveries whose final state was written down by a worker, with the code of its reason; “none” for a success. Whoever is cancelled before a worker had her is not among them."
    EXPANDED "stentor_expanded_total" Counter [] "People whose place in a broadcast was fixed."
    THROTTLED "stentor_throttled_total" Counter ["bucket"] "Answers that asked us to wait (429)."
    COOLDOWN_SECONDS_LEFT "stentor_cooldown_seconds_left" Gauge ["bucket"] "How long a bucket still rests, in seconds; the longest among our tenants."
    BUCKET_SHARE "stentor_bucket_share" Gauge ["bucket"] "The part of the quota in use, 0.1 to 1; the smallest among our tenants."
    OPEN_SENDS "stentor_open_sends" Gauge [] "Sends that are permitted and whose answer is not written down yet: the doubt that a crash would leave."
    FLUSH_SECONDS "stentor_flush_seconds" Histogram [] "How long writing facts and permissions down took, repetitions included."
    FLUSH_FACTS "stentor_flush_facts" Histogram [] "Facts written in one flush."
    LEASES_HELD "stentor_leases_held" Gauge [] "Tenants held by this worker."
    LEASE_SECONDS_LEFT "stentor_lease_seconds_left" Gauge [] "How long requests could still have been started when the lease was last renewed, or failed to be, in seconds. Near zero, the database is too slow for us."
    RESCUED "stentor_rescued_total" Counter [] "Sends found in doubt after a worker ended."
    HALTS "stentor_halts_total" Counter ["scope" "reason"] "Times that we stopped a broadcast or a tenant."
    POOL_CONNECTIONS "stentor_pool_connections" Gauge ["state"] "Connections to the database, idle or in use."
    HEARD "stentor_heard_total" Counter ["heard"] "What was posted to the bot, by what became of it: “kept” is known now, “old”, “stranger” and “nothing” change nothing, the others were refused."
    REPLIES "stentor_replies_total" Counter ["outcome"] "Replies to people who wrote to the bot, by outcome."
    SPARED "stentor_spared_total" Counter [] "People who needed no request more to be sent to, because the bot was told of their chat."
    CREDENTIAL_EXPIRES_SECONDS "stentor_credential_expires_seconds" Gauge ["credential"] "Seconds until our credential ends, below zero when it has; +Inf when nobody can know, and for the credentials that are not ours. A managed identity has no end."
    WORKER_LAG_SECONDS "stentor_worker_lag_seconds" Histogram [] "How much later than planned requests started. Above some milliseconds the machine is overloaded."
}

/// Seconds, from a commit on a local disk to a request that is about to be given up.
const SECONDS_BUCKETS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
const FACTS_BUCKETS: &[f64] = &[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];

#[cfg(feature = "otel")]
mod otel;

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
    /// The collector cannot be used.
    #[error("telemetry.otlp_endpoint: {0}")]
    Export(String),
}

/// Sends log lines to standard error, and the spans of a service to a collector when one is set. Once for each process.
///
/// # Errors
/// [`TelemetryError::Log`] when it was called before, [`TelemetryError::Export`] when the collector's address is no use.
pub fn start_log(settings: &LogSettings, telemetry: &TelemetrySettings, voice: Voice) -> Result<(), TelemetryError> {
    let usual = match voice {
        Voice::Service => "info",
        Voice::Command => "warn",
    };
    let filter = EnvFilter::builder().parse_lossy(settings.filter.as_deref().unwrap_or(usual));
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let lines = match settings.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
    };
    let layers: Vec<Box<dyn Layer<Registry> + Send + Sync>> =
        [Some(lines.with_filter(filter).boxed()), spans(telemetry, voice)?].into_iter().flatten().collect();
    let started = tracing_subscriber::registry().with(layers).try_init();
    started.map_err(|error| TelemetryError::Log(error.to_string()))
}

type Spans = Option<Box<dyn Layer<Registry> + Send + Sync>>;

#[cfg(feature = "otel")]
fn spans(telemetry: &TelemetrySettings, voice: Voice) -> Result<Spans, TelemetryError> {
    telemetry.otlp_endpoint.as_ref().filter(|_| voice == Voice::Service).map(otel::layer).transpose()
}

/// The settings refuse a collector's address when this program cannot use it.
#[cfg(not(feature = "otel"))]
#[expect(clippy::unnecessary_wraps, reason = "the other one may fail")]
const fn spans(_: &TelemetrySettings, _: Voice) -> Result<Spans, TelemetryError> {
    Ok(None)
}

/// Sends off what was measured last. The process ends.
pub fn finish() {
    #[cfg(feature = "otel")]
    otel::finish();
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

/// Tells what each metric means, and shows those that nothing has happened to yet as zero: an alert on a name that is
/// not there stays silent.
fn describe() {
    for metric in METRICS {
        let labels: Vec<Label> = metric.labels.iter().map(|label| Label::new(*label, first_word(label))).collect();
        match metric.kind {
            Kind::Counter => {
                describe_counter!(metric.name, metric.help);
                counter!(metric.name, labels).increment(0);
            }
            Kind::Gauge => {
                describe_gauge!(metric.name, metric.help);
                // Nothing is known of an end: zero would be an alarm.
                let first = if metric.name == CREDENTIAL_EXPIRES_SECONDS { f64::INFINITY } else { 0.0 };
                gauge!(metric.name, labels).set(first);
            }
            Kind::Histogram => {
                describe_histogram!(metric.name, metric.help);
                drop(histogram!(metric.name, labels));
            }
        }
    }
}

/// A word that the label can take.
fn first_word(label: &str) -> &'static str {
    match label {
        "step" | "bucket" => "send",
        "outcome" => "accepted",
        "settlement" => "sent",
        "scope" => "tenant",
        "state" => "idle",
        "heard" => "kept",
        "credential" => "secret",
        _ => "none",
    }
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
            counter!(ATTEMPTS, "step" => "send", "outcome" => "accepted").increment(3);
            histogram!(FLUSH_SECONDS).record(0.004);
        });
        handle.run_upkeep();
        let text = handle.render();
        assert!(text.contains(r#"stentor_attempts_total{step="send",outcome="accepted"} 3"#), "{text}");
        assert!(text.contains("# HELP stentor_attempts_total Requests made to Teams"), "{text}");
        assert!(text.contains(r#"stentor_flush_seconds_bucket{le="0.005"} 1"#), "{text}");
        for metric in METRICS {
            assert!(text.contains(&format!("# TYPE {} ", metric.name)), "{} is not there at first", metric.name);
        }
    }

    #[test]
    fn the_page_lists_every_metric() {
        let mut page = "# Metrics\n\nAt `/metrics` of `run`, `serve` and `work --listen`, in Prometheus' text format. \
                        Rendered from `src/telemetry.rs` by `make docs`. Labels take words from closed sets; no metric \
                        names a person, a broadcast or a tenant.\n\n| metric | kind | labels | what it tells |\n\
                        |---|---|---|---|\n"
            .to_owned();
        for Metric { name, kind, labels, help } in METRICS {
            let kind = format!("{kind:?}").to_lowercase();
            page += &format!("| `{name}` | {kind} | {} | {help} |\n", labels.join(", "));
        }
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/metrics.md");
        if std::env::var_os("STENTOR_WRITE_DOCS").is_some() {
            std::fs::write(path, &page).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), page, "run `make docs`");
    }
}
