//! What every command begins and ends with: settings, the log, Stentor opened and closed again.

use tokio_util::sync::CancellationToken;

use super::complaint::Complaint;
use super::desk::Desk;
use super::remote::Server;
use super::{Global, stop};
use crate::config::{Need, Settings, Sources};
use crate::telemetry::{self, Voice};
use crate::wiring::{Role, Stentor};

impl Global {
    /// Where settings come from.
    pub(super) fn sources(&self) -> Sources {
        Sources::of_process(self.config.clone(), self.data_dir.clone())
    }

    /// Reads the settings and starts the log.
    pub(super) fn begin(&self, need: Need, voice: Voice) -> anyhow::Result<Settings> {
        let settings = Settings::load(&self.sources(), need)?;
        telemetry::start_log(&settings.log, &settings.telemetry, voice)?;
        Ok(settings)
    }

    /// Goes to the desk for one piece of `work`: to the server that was named, or else to Stentor, opened here.
    pub(super) async fn with_desk<T>(
        &self,
        name: &'static str,
        need: Need,
        work: impl AsyncFnOnce(&dyn Desk, &CancellationToken) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let Some(server) = self.afar.server()? else {
            return self.with_stentor(name, need, async |stentor, stop| work(stentor, stop).await).await;
        };
        let settings = self.begin(Need::Nothing, Voice::Command)?;
        let stop = stop::on_signals()?;
        work(&Server::at(server, self.afar.token()?, self.afar.key(), &settings)?, &stop).await
    }

    /// Opens Stentor for one piece of `work`, and closes it whatever came of it. A signal ends the work early.
    pub(super) async fn with_stentor<T>(
        &self,
        name: &'static str,
        need: Need,
        work: impl AsyncFnOnce(&Stentor, &CancellationToken) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let settings = self.begin(need, Voice::Command)?;
        let stop = stop::on_signals()?;
        let stentor = Stentor::open(settings, Role::Command(name)).await?;
        let done = work(&stentor, &stop).await;
        let closed = stentor.close().await;
        let done = done?;
        closed?;
        Ok(done)
    }
}

/// Runs `work` unless a signal comes first.
pub(super) async fn unless_stopped<T, E: Into<anyhow::Error>>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, E>>,
) -> anyhow::Result<T> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(Complaint::failed("interrupted", "Interrupted before it was done.", "").into()),
        done = work => done.map_err(Into::into),
    }
}
