//! `stentor serve`: the HTTP server alone.

use clap::Args;

use super::{Global, service, stop};
use crate::config::Need;
use crate::http::server;
use crate::telemetry::{self, Voice};
use crate::wiring::{Role, Stentor};

/// Serve health, readiness, metrics and the bot's webhook, until Ctrl-C.
///
/// Sends no announcements: run `stentor work` beside it, here or elsewhere.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  stentor serve --config /etc/stentor/stentor.toml")]
pub(super) struct Serve {}

impl Serve {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let settings = global.begin(Need::Identity, Voice::Service)?;
        let metrics = telemetry::start_metrics()?;
        let stop = stop::on_signals()?;
        let listener = server::listen(settings.http.listen).await?;
        let address = listener.local_addr()?;
        let stentor = Stentor::open(settings, Role::Service("serve")).await?;
        let webhook = Some(stentor.webhook());
        tracing::info!(%address, "serving");
        let (served, kept, _) = tokio::join!(
            service::part(&stop, service::answer(&stentor, listener, metrics.clone(), webhook, &stop)),
            service::part(&stop, service::upkeep(&stentor, metrics, &stop)),
            service::part(&stop, service::freshness(&stentor, &stop)),
        );
        let closed = stentor.close().await;
        served.and(kept).and(closed)
    }
}
