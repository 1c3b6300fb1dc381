//! The parts of a process that stays, side by side: whichever ends takes the others along, in order.

use std::sync::Arc;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::http::bot::Webhook;
use crate::http::router::{Shared, router};
use crate::http::server;
use crate::telemetry;
use crate::wiring::Stentor;

/// Runs `part`; when it ends, for whatever reason, everything stops.
pub(super) async fn part<T>(
    stop: &CancellationToken,
    part: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let _stop_all = stop.clone().drop_guard();
    part.await
}

/// Answers on `listener` until `stop`; what Teams posts, too, when there is a webhook.
pub(super) async fn answer(
    stentor: &Stentor,
    listener: TcpListener,
    metrics: PrometheusHandle,
    webhook: Option<Webhook>,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let random = Arc::clone(&stentor.random);
    let shared = Shared { health: stentor.health.clone(), metrics, webhook, random, api: Some(stentor.api()?) };
    Ok(server::serve(listener, router(shared), stop.clone(), stentor.clock.as_ref()).await?)
}

/// Keeps what we know of the organisation fresh until `stop`.
pub(super) async fn freshness(stentor: &Stentor, stop: &CancellationToken) -> anyhow::Result<()> {
    stentor.keep_fresh(stop.clone()).await;
    Ok(())
}

/// Keeps the metrics small, and the database and the credential in sight, until `stop`.
pub(super) async fn upkeep(
    stentor: &Stentor,
    metrics: PrometheusHandle,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    tokio::select! {
        () = telemetry::upkeep(metrics, stentor.clock.as_ref(), stop.clone()) => Ok(()),
        watched = stentor.watch(stop.clone()) => watched,
        () = stentor.watch_credential(stop.clone()) => Ok(()),
        () = stentor.forget(stop.clone()) => Ok(()),
    }
}
