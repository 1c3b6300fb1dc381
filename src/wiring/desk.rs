//! What the people's side of a process is made of: the API.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use url::Url;

use super::examination::Doctor;
use super::{Stentor, client_settings, cloud};
use crate::adapters::teams::EntraGatekeeper;
use crate::app::errand::Errand;
use crate::app::lookout::Lookout;
use crate::app::upkeep::forget_replies;
use crate::http::api::{Api, ApiSettings, Reach};

impl Stentor {
    /// The API.
    ///
    /// # Errors
    /// When the settings do not say which cloud it is, or what they say of the network cannot be used.
    pub fn api(&self) -> anyhow::Result<Api> {
        let settings = &self.settings;
        let here = format!("http://localhost:{}", settings.http.listen.port());
        let public_url = settings.http.public_url.clone().map_or_else(|| Url::parse(&here), Ok)?;
        let (clock, random) = (Arc::clone(&self.clock), Arc::clone(&self.random));
        let gate = Arc::new(EntraGatekeeper::new(&client_settings(settings)?, &public_url, clock, random)?);
        let office = Arc::new(self.ground.store.clone());
        let lookout = Lookout::new(
            Arc::clone(&self.store),
            office.clone(),
            Arc::clone(&self.clock),
            self.tenant,
            settings.engine.quotas.clone(),
        );
        Ok(Api {
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            store: Arc::clone(&self.store),
            office,
            lookout,
            gate,
            people: self.people(),
            readings: Errand::default(),
            examiner: Arc::new(Doctor(settings.clone())),
            examinations: Errand::default(),
            messenger: Arc::clone(&self.messenger),
            tenant: self.tenant,
            settings: Arc::new(ApiSettings {
                public_url,
                time_limit: settings.http.time_limit,
                caller_rate: settings.http.caller_rate,
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
