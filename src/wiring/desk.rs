//! What the people's side of a process is made of: the API.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use url::Url;

use super::{Stentor, cloud};
use crate::adapters::teams::EntraGatekeeper;
use crate::app::reading::Readings;
use crate::app::upkeep::forget_replies;
use crate::http::api::{Api, ApiSettings, Reach};

impl Stentor {
    /// The API.
    ///
    /// # Errors
    /// When the settings do not say which cloud it is.
    pub fn api(&self) -> anyhow::Result<Api> {
        let settings = &self.settings;
        let here = format!("http://localhost:{}", settings.http.listen.port());
        let public_url = settings.http.public_url.clone().map_or_else(|| Url::parse(&here), Ok)?;
        Ok(Api {
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            store: Arc::clone(&self.store),
            office: Arc::new(self.ground.store.clone()),
            gate: Arc::new(EntraGatekeeper::default()),
            people: self.people(),
            readings: Readings::default(),
            messenger: Arc::clone(&self.messenger),
            tenant: self.tenant,
            settings: Arc::new(ApiSettings {
                public_url,
                time_limit: settings.http.time_limit,
                session: settings.sign_in.session,
                idle: settings.sign_in.idle,
                reach: Reach {
                    approve_above: settings.rights.approve_above,
                    author: settings.rights.author_reaches,
                    admin: settings.rights.admin_reaches,
                },
                quotas: settings.engine.quotas.clone(),
                cloud: cloud(settings)?,
                activity_type: settings.teams.activity_type.clone(),
                request_timeout: settings.network.request_timeout,
            }),
        })
    }

    /// Forgets what need not be kept any longer, until `stop`.
    pub async fn forget(&self, stop: CancellationToken) {
        forget_replies(&self.ground.store, &*self.clock, self.tenant, stop).await;
    }
}
