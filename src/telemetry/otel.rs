//! Sends spans to an OpenTelemetry collector, over OTLP and HTTP.
//!
//! A span for each request to Teams, each flush and each claim. Like log lines they carry ids and numbers, never a
//! person's name or anybody's words.

use std::sync::OnceLock;

use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::runtime::Tokio;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::span_processor_with_async_runtime::BatchSpanProcessor;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::{Layer, Registry};
use url::Url;

use super::TelemetryError;

static PROVIDER: OnceLock<SdkTracerProvider> = OnceLock::new();

/// The layer that sends spans to `endpoint`, in batches, beside the work. Must be called inside a runtime.
pub(super) fn layer(endpoint: &Url) -> Result<Box<dyn Layer<Registry> + Send + Sync>, TelemetryError> {
    let mut address = endpoint.clone();
    if address.path() == "/" {
        address.set_path("/v1/traces");
    }
    let exporter = SpanExporter::builder().with_http().with_endpoint(address).build();
    let exporter = exporter.map_err(|error| TelemetryError::Export(error.to_string()))?;
    let provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name("stentor").build())
        .with_span_processor(BatchSpanProcessor::builder(exporter, Tokio).build())
        .build();
    let tracer = provider.tracer("stentor");
    let _ = PROVIDER.set(provider);
    // What libraries have to say would drown it, and the exporter would report on itself.
    let ours = Targets::new().with_target("stentor", LevelFilter::INFO);
    Ok(tracing_opentelemetry::layer().with_tracer(tracer).with_filter(ours).boxed())
}

/// Sends what is left; it ends within the exporter's own time limit.
pub(super) fn finish() {
    if let Some(provider) = PROVIDER.get() {
        // A collector that is gone is no reason to end badly.
        let _ = provider.shutdown();
    }
}
