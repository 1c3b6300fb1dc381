//! `stentor run`: serve and work in one process.

use clap::Args;

use super::{Global, service, stop};
use crate::config::Need;
use crate::http::server;
use crate::telemetry::{self, Voice};
use crate::wiring::{Role, Stentor};

/// Serve and work in one process, until Ctrl-C.
///
/// One machine needs no more than this. Without database.url it starts a private Postgres in the data directory.
/// The schema is brought up to date first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor run\n  stentor run --config /etc/stentor/stentor.toml")]
pub(super) struct Run {}

impl Run {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let settings = global.begin(Need::Teams, Voice::Service)?;
        let metrics = telemetry::start_metrics()?;
        let stop = stop::on_signals()?;
        let listener = server::listen(settings.http.listen).await?;
        let address = listener.local_addr()?;
        let stentor = Stentor::open(settings, Role::Service("run")).await?;
        let webhook = Some(stentor.webhook());
        tracing::info!(%address, "serving and working");
        let (worked, served, kept, _) = tokio::join!(
            service::part(&stop, stentor.work(stop.clone())),
            service::part(&stop, service::answer(&stentor, listener, metrics.clone(), webhook, &stop)),
            service::part(&stop, service::upkeep(&stentor, metrics, &stop)),
            service::part(&stop, service::freshness(&stentor, &stop)),
        );
        let closed = stentor.close().await;
        worked.and(served).and(kept).and(closed)
    }
}
