//! The API under `/api/v1`: everything that Stentor does, for the page, for HR systems and for its own command line.
//!
//! Every route stands in [`router`], with the [`Action`](crate::domain::rights::Action) that it is; [`guard`] lets nobody in
//! who may not. The handlers translate: what they do is done by `app`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use url::Url;

use crate::app::errand::Errand;
use crate::app::examination::ExaminationReport;
use crate::app::forecast::Foresight;
use crate::app::lookout::Lookout;
use crate::app::people::People;
use crate::app::reading::ReadingReport;
use crate::domain::cloud::CloudProfile;
use crate::domain::ids::TenantKey;
use crate::domain::pacing::{Bucket, Quota};
pub use crate::domain::rights::Reach;
use crate::ports::{Clock, Examiner, Gatekeeper, Messenger, Office, Random, Store};

pub mod amends;
pub mod audiences;
pub mod broadcasts;
pub mod cursor;
pub mod deeds;
pub mod deliveries;
pub mod directory;
pub mod doctor;
pub mod document;
pub mod drafts;
pub mod etag;
pub mod events;
pub mod exports;
pub mod guard;
pub mod idempotency;
pub mod input;
pub mod life;
pub mod lists;
pub mod me;
pub mod pictures;
pub mod quotas;
pub mod refusal;
pub mod router;
pub mod workers;

/// What the handlers answer from. Clones share it.
#[derive(Clone)]
pub struct Api {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// The engine's record.
    pub store: Arc<dyn Store>,
    /// What the people's side keeps beside it.
    pub office: Arc<dyn Office>,
    /// Who recognises whoever asks.
    pub gate: Arc<dyn Gatekeeper>,
    /// The organisation, and how it is read.
    pub people: People,
    /// The reading of the directory that somebody asked for.
    pub readings: Errand<ReadingReport>,
    /// Who examines everything.
    pub examiner: Arc<dyn Examiner>,
    /// How the last one stands.
    pub examinations: Errand<ExaminationReport>,
    /// Who speaks to Teams, for what is tried on a few people.
    pub messenger: Arc<dyn Messenger>,
    /// Who looks after broadcasts for everybody who watches.
    pub lookout: Lookout,
    /// Whose broadcasts.
    pub tenant: TenantKey,
    /// How it behaves.
    pub settings: Arc<ApiSettings>,
}

impl Api {
    /// Who foretells, by what stands in the store at this moment.
    pub fn foresight(&self) -> Foresight<'_> {
        let quotas = &self.settings.quotas;
        Foresight { store: self.store.as_ref(), tenant: self.tenant, quotas, now: self.clock.now() }
    }
}

/// How the API behaves.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Where people reach it: scheme, host and port.
    pub public_url: Url,
    /// How long somebody stays signed in at most.
    pub session: Duration,
    /// How long without doing anything.
    pub idle: Duration,
    /// How far roles reach.
    pub reach: Reach,
    /// What Microsoft grants, by bucket.
    pub quotas: BTreeMap<Bucket, Quota>,
    /// Which cloud, and what it can do.
    pub cloud: CloudProfile,
    /// The activity type of notifications whose author names none.
    pub activity_type: String,
    /// How long one request to Teams may take.
    pub request_timeout: Duration,
    /// How often one caller may ask for long.
    pub caller_rate: Quota,
    /// How long a request may take as a whole, an export and a stream of events apart.
    pub time_limit: Duration,
}
