//! The server that is measured: the API on loopback, over the Postgres of a workbench, whose gate lets everybody in. Nothing
//! but a bench on this very machine talks to it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::instant::AtOnce;
use crate::app::errand::Errand;
use crate::app::health::Health;
use crate::app::lookout::Lookout;
use crate::app::people::People;
use crate::config::Settings;
use crate::domain::check::Check;
use crate::domain::cloud::CloudProfile;
use crate::domain::ids::{GroupId, RequestId};
use crate::domain::outcome::Outcome;
use crate::domain::pacing::{Bucket, Quota};
use crate::domain::rights::{Caller, Role, Who};
use crate::http::api::{Api, ApiSettings, Reach};
use crate::http::router::{Shared, router};
use crate::http::server;
use crate::ports::{
    Answer, ChangesPage, Departure, Directory, Examiner, Gatekeeper, GroupsPage, MembersPage, NotLetIn, PeoplePage,
    Return, Told, WhichGroups,
};
use crate::wiring::Workbench;

/// Serves until `stop`; `tell` hears where.
///
/// # Errors
/// When the database or the port cannot be had.
pub async fn serve(settings: &Settings, stop: CancellationToken, tell: impl FnOnce(&str)) -> anyhow::Result<()> {
    let bench = Workbench::join(settings).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url: Url = format!("http://{}", listener.local_addr()?).parse()?;
    let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
    let api = api(&bench, settings, url.clone())?;
    let router = router(Shared {
        health: Health::default(),
        metrics,
        webhook: None,
        random: Arc::clone(&bench.random),
        api: Some(api),
    });
    tell(url.as_str().trim_end_matches('/'));
    server::serve(listener, router, stop, bench.clock.as_ref()).await?;
    bench.close().await;
    Ok(())
}

/// The server in a process of its own, so that nothing else is counted. Dropping it kills it.
pub(super) struct Desk {
    child: Child,
    pub(super) url: String,
}

impl Desk {
    /// Over this database.
    pub(super) fn open(database: &str) -> anyhow::Result<Self> {
        let program = std::env::current_exe().context("cannot find the program itself")?;
        let mut command = Command::new(&program);
        command.args(["bench", "desk"]).env("STENTOR__DATABASE__URL", database);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
        let (mut url, said) = (String::new(), child.stdout.take());
        let said = BufReader::new(said.context("the server has no output")?).read_line(&mut url);
        let desk = Self { child, url: url.trim().to_owned() };
        anyhow::ensure!(said? > 0 && desk.url.starts_with("http://"), "the server did not say where it is");
        Ok(desk)
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn api(bench: &Workbench, settings: &Settings, url: Url) -> anyhow::Result<Api> {
    let (store, quotas) = (Arc::new(bench.store.clone()), settings.engine.quotas.clone());
    let (clock, random) = (Arc::clone(&bench.clock), Arc::clone(&bench.random));
    let people = People {
        directory: Arc::new(Nowhere),
        store: store.clone(),
        clock: Arc::clone(&clock),
        random: Arc::clone(&random),
        tenant: bench.tenant,
        quota: quotas[&Bucket::Directory],
        retry: settings.engine.retry.clone(),
        fresh_for: Duration::from_secs(900),
    };
    Ok(Api {
        lookout: Lookout::new(store.clone(), store.clone(), Arc::clone(&clock), bench.tenant, quotas.clone()),
        messenger: Arc::new(AtOnce { clock: Arc::clone(&clock), latency: Duration::ZERO }),
        clock,
        random,
        office: store.clone(),
        store,
        gate: Arc::new(OpenGate),
        people,
        readings: Errand::default(),
        examiner: Arc::new(Nowhere),
        examinations: Errand::default(),
        tenant: bench.tenant,
        settings: Arc::new(ApiSettings {
            public_url: url.clone(),
            session: Duration::from_secs(3600),
            idle: Duration::from_secs(3600),
            reach: Reach::default(),
            caller_rate: Quota::per_second(100_000),
            quotas,
            cloud: CloudProfile::custom(url.clone(), url.clone(), url),
            activity_type: "announcementPublished".to_owned(),
            request_timeout: Duration::from_secs(20),
            time_limit: Duration::from_secs(30),
        }),
    })
}

#[async_trait]
impl Examiner for Nowhere {
    async fn examine(&self, _: &mut (dyn FnMut(Check) + Send)) -> Result<(), String> {
        Err("nothing is examined here".to_owned())
    }
}

/// Whoever asks may read; the token is the name.
struct OpenGate;

#[async_trait]
impl Gatekeeper for OpenGate {
    async fn recognise_token(&self, token: &str) -> Result<Caller, NotLetIn> {
        let who = Who::Application { id: Uuid::new_v5(&Uuid::NAMESPACE_OID, token.as_bytes()), name: token.to_owned() };
        Ok(Caller { who, roles: vec![Role::Reader] })
    }

    async fn departure(&self, _: &Departure) -> Result<Url, NotLetIn> {
        Err(NotLetIn::Unknown("nobody signs in here"))
    }

    async fn arrival(&self, _: &Return) -> Result<Caller, NotLetIn> {
        Err(NotLetIn::Unknown("nobody signs in here"))
    }
}

/// A directory that nobody is to ask.
struct Nowhere;

fn unasked<T>() -> Result<T, Answer> {
    Err(Answer::from(Outcome::NotStarted))
}

#[async_trait]
impl Directory for Nowhere {
    async fn people(&self, _: Option<&str>, _: RequestId) -> Result<Told<PeoplePage>, Answer> {
        unasked()
    }

    async fn changes(&self, _: Option<&str>, _: RequestId) -> Result<Told<ChangesPage>, Answer> {
        unasked()
    }

    async fn groups(&self, _: WhichGroups<'_>, _: Option<&str>, _: RequestId) -> Result<Told<GroupsPage>, Answer> {
        unasked()
    }

    async fn members(&self, _: GroupId, _: Option<&str>, _: RequestId) -> Result<Told<MembersPage>, Answer> {
        unasked()
    }
}
