//! `stentor work`: the sending alone.

use std::net::SocketAddr;

use clap::Args;

use super::text::listen_address;
use super::{Global, service, stop};
use crate::config::Need;
use crate::http::server;
use crate::telemetry::{self, Voice};
use crate::wiring::{Role, Stentor};

/// Send broadcasts, until Ctrl-C.
///
/// Any number of processes, on any number of machines, may work on one database: each tenant is held by one of them,
/// and another takes over within seconds when that one ends.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  stentor work\n  stentor work --listen 127.0.0.1:8081")]
pub(super) struct Work {
    /// Answer /healthz, /readyz and /metrics at this address, too
    #[arg(long, value_name = "ADDRESS", value_parser = listen_address)]
    listen: Option<SocketAddr>,
}

impl Work {
    pub(super) async fn perform(self, global: &Global) -> anyhow::Result<()> {
        let settings = global.begin(Need::Teams, Voice::Service)?;
        let metrics = telemetry::start_metrics()?;
        let stop = stop::on_signals()?;
        let listener = match self.listen {
            Some(address) => Some(server::listen(address).await?),
            None => None,
        };
        let stentor = Stentor::open(settings, Role::Service("work")).await?;
        tracing::info!("working");
        let answer = async {
            match listener {
                Some(listener) => service::answer(&stentor, listener, metrics.clone(), None, &stop).await,
                None => {
                    stop.cancelled().await;
                    Ok(())
                }
            }
        };
        let (worked, served, kept, _) = tokio::join!(
            service::part(&stop, stentor.work(stop.clone())),
            service::part(&stop, answer),
            service::part(&stop, service::upkeep(&stentor, metrics.clone(), &stop)),
            service::part(&stop, service::freshness(&stentor, &stop)),
        );
        let closed = stentor.close().await;
        worked.and(served).and(kept).and(closed)
    }
}
