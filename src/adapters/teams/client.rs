//! Speaks to Teams for one tenant: the [`Messenger`] and the [`Directory`] over the wire.
//!
//! Invariant: one call makes one request, a token aside, and the second question of [`Messenger::find_app`] where the
//! catalogue may not be read; and whether it may still start is asked last of all.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde::{Deserialize, Serialize};
use tracing::Instrument;
use tracing::field::Empty;
use uuid::Uuid;

use super::applicant::Credentials;
use super::classify::{Api, Operation};
use super::connector::Connector;
use super::credential::{Credential, IdentityService};
use super::graph::{self, AppHolder, Graph};
use super::hearing;
use super::token::TokenSource;
use super::transport::{Network, NetworkError, Received, Transport, Unanswered, Way};
use super::wire::encoded;
use crate::domain::cloud::{Cloud, CloudProfile, base};
use crate::domain::ids::{GroupId, RequestId, TeamsAppId};
use crate::domain::outcome::Outcome;
use crate::domain::reason::Reason;
use crate::domain::time::Monotonic;
use crate::ports::{
    Answer, ChangesPage, Clock, Directory, GroupsPage, MembersPage, Messenger, PeoplePage, Random, Request, Told,
    WhichGroups,
};

mod inspection;

pub use inspection::TokenTold;

const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// A page of 999 people with a hundred plans each is about 20 MB.
const PEOPLE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Whose tokens the bot uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotKind {
    /// Its own tenant's.
    #[default]
    SingleTenant,
    /// The bot service's. No new bots of this kind can be made.
    MultiTenant,
}

/// How to speak to Teams for one tenant.
#[derive(Debug, Clone)]
pub struct TeamsClientSettings {
    /// Every host.
    pub cloud: CloudProfile,
    /// The Entra tenant. The owner of the bot's registration too, for a single-tenant bot.
    pub tenant_id: Uuid,
    /// The Entra app, which is also the bot.
    pub app_id: Uuid,
    /// With what it proves who it is.
    pub credential: Credential,
    /// The `id` in the manifest of the Teams app.
    pub manifest_id: String,
    /// Who has the app: asked for its id when the catalogue may not be read.
    pub app_holder: Option<AppHolder>,
    /// Whose tokens the bot uses.
    pub bot_kind: BotKind,
    /// From the first byte to the last, connecting included.
    pub request_timeout: Duration,
    /// Shorter than `request_timeout`: only a request that never connected may simply be made again. A request handed
    /// over in time may reach the wire this much later, so it must also fit between the last start that a lease
    /// allows and the rescue.
    pub connect_timeout: Duration,
    /// The most that is read of an answer; pages of people have their own limit.
    pub body_bytes_max: usize,
    /// The way out of the house.
    pub way: Way,
    /// Trusts these certificates beside the system's; PEM.
    pub extra_ca_file: Option<PathBuf>,
    /// Connects to this address when a URL names this host. A port in the URL wins over the address's.
    pub connect_to: Vec<(String, SocketAddr)>,
}

impl TeamsClientSettings {
    /// Settings for a single-tenant bot, with timeouts that suit Teams.
    pub fn new(
        cloud: CloudProfile,
        tenant_id: Uuid,
        app_id: Uuid,
        credential: impl Into<Credential>,
        manifest_id: impl Into<String>,
    ) -> Self {
        Self {
            cloud,
            tenant_id,
            app_id,
            credential: credential.into(),
            manifest_id: manifest_id.into(),
            app_holder: None,
            bot_kind: BotKind::SingleTenant,
            request_timeout: Duration::from_secs(20),
            connect_timeout: Duration::from_secs(3),
            body_bytes_max: 1024 * 1024,
            way: Way::Environment,
            extra_ca_file: None,
            connect_to: Vec::new(),
        }
    }

    fn fault(&self) -> Option<String> {
        if let Some(fault) = self.cloud.fault() {
            return Some(fault);
        }
        if self.manifest_id.trim().is_empty() {
            return Some("teams.manifest_id is empty: set it to the id in the manifest of the Teams app".to_owned());
        }
        if self.connect_timeout.is_zero() || self.connect_timeout >= self.request_timeout {
            return Some("the time to connect must be shorter than the time for the whole request".to_owned());
        }
        (self.body_bytes_max == 0).then(|| "the limit on an answer's size must be above zero".to_owned())
    }
}

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TeamsError {
    /// A setting that cannot work; the sentence says which and what to do.
    #[error("{0}")]
    Settings(String),
    /// The extra certificates cannot be used.
    #[error("network.extra_ca_file: {0}")]
    Certificates(String),
    /// The HTTP client cannot be made from the network settings.
    #[error("the network settings cannot be used: {0}")]
    Network(String),
}

impl From<NetworkError> for TeamsError {
    fn from(error: NetworkError) -> Self {
        match error {
            NetworkError::Certificates { .. } => Self::Certificates(error.to_string()),
            NetworkError::Client(cause) => Self::Network(cause),
        }
    }
}

/// Speaks to Teams for one tenant.
pub struct TeamsClient {
    graph: Graph,
    connector: Connector,
    graph_tokens: Arc<TokenSource>,
    bot_tokens: Arc<TokenSource>,
    transport: Arc<Transport>,
    clock: Arc<dyn Clock>,
    manifest_id: String,
    app_holder: Option<AppHolder>,
    body_bytes_max: usize,
    /// 401s handed out whose token was dropped at once: [`Messenger::forget_tokens`] has nothing more to do for them.
    refusals_heeded: AtomicU32,
    /// Even a fresh token does not live long enough for [`Request::NotifyMany`].
    tokens_are_short: AtomicBool,
}

impl fmt::Debug for TeamsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tokens = (&self.graph_tokens, &self.bot_tokens);
        let mut client = f.debug_struct("TeamsClient");
        client.field("graph", &self.graph).field("connector", &self.connector).field("tokens", &tokens);
        client.finish_non_exhaustive()
    }
}

impl TeamsClient {
    /// Makes the client; nothing is sent yet.
    ///
    /// # Errors
    /// [`TeamsError`] names the setting that cannot work.
    pub fn new(
        settings: TeamsClientSettings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, TeamsError> {
        if let Some(fault) = settings.fault() {
            return Err(TeamsError::Settings(fault));
        }
        if settings.cloud.travels_in_clear() {
            tracing::warn!("this custom cloud is spoken to without encryption: secrets can be read on the way");
        }
        let transport = Arc::new(Transport::new(&network(&settings), Arc::clone(&clock))?);
        let identity = identity(&settings, &clock)?;
        let source = |tenant: &str, scope: &str| {
            let credentials = credentials(&settings, identity.clone(), tenant, scope);
            TokenSource::new(credentials, Arc::clone(&transport), Arc::clone(&clock), Arc::clone(&random))
        };
        let (cloud, tenant) = (&settings.cloud, settings.tenant_id.to_string());
        let bot_tenant = match settings.bot_kind {
            BotKind::SingleTenant => &tenant,
            BotKind::MultiTenant => &cloud.bot_tenant,
        };
        // `fault` has refused a cloud without a bot host.
        let bot_url = cloud.bot_url.as_ref().unwrap_or(&cloud.graph_url);
        Ok(Self {
            graph: Graph::new(cloud),
            connector: Connector::new(cloud.clone(), settings.tenant_id, settings.app_id, bot_url),
            graph_tokens: source(&tenant, &cloud.graph_scope),
            bot_tokens: source(bot_tenant, &cloud.bot_scope),
            transport,
            clock,
            manifest_id: settings.manifest_id,
            app_holder: settings.app_holder,
            body_bytes_max: settings.body_bytes_max,
            refusals_heeded: AtomicU32::new(0),
            tokens_are_short: AtomicBool::new(false),
        })
    }

    /// Makes sure of a Graph token with more than `more_than_left` of its life left: some services refuse one that is
    /// about to end.
    ///
    /// # Errors
    /// The answer to act on, when there is none to be had.
    pub async fn fresh_graph_token(&self, more_than_left: Duration) -> Result<(), Answer> {
        self.graph_tokens.token(more_than_left).await.map(|_| ())
    }

    /// Makes sure of the token that `request` needs, for whoever makes single requests; the engine warms up for all.
    ///
    /// # Errors
    /// The answer to act on, when there is none to be had.
    pub async fn warm_up_for(&self, request: &Request) -> Result<(), Answer> {
        self.tokens(request.into()).token(Duration::ZERO).await.map(|_| ())
    }

    /// Asks whether a team has `app`: [`Fact::Installed`](crate::domain::outcome::Fact::Installed) with the id of the
    /// installation, or that it has not.
    pub async fn check_team(&self, team: GroupId, app: &TeamsAppId, id: RequestId) -> Answer {
        let call = self.call(&id, self.get(&self.graph.team_check_url(team, app)));
        match self.exchange(Operation::Check, call).await {
            Ok(heard) => hearing::of_team_check(app, heard),
            Err(never_made) => never_made,
        }
    }

    /// Installs `app` in a team; one that has it already is as good.
    pub async fn install_in_team(&self, team: GroupId, app: &TeamsAppId, id: RequestId) -> Answer {
        let body = self.graph.install_body(app).into();
        let call = self.call(&id, self.post(&self.graph.team_apps_url(team), body));
        match self.exchange(Operation::Install, call).await {
            Ok(heard) => hearing::of_team_install(heard),
            Err(never_made) => never_made,
        }
    }

    /// Asks whoever has the app for its id, after the catalogue has `refused` us.
    async fn ask_holder(&self, holder: &AppHolder, refused: Answer, id: &RequestId) -> Result<TeamsAppId, Answer> {
        let call = self.call(id, self.get(&self.graph.held_app_url(holder, &self.manifest_id)));
        match hearing::of_holder(&self.manifest_id, self.exchange(Operation::Check, call).await?)? {
            Some(app) => Ok(app),
            None => {
                let detail = refused.detail.unwrap_or_default();
                let setting = match holder {
                    AppHolder::User(_) => "teams.find_app_through_user",
                    AppHolder::Team(_) => "teams.find_app_through_team",
                };
                Err(Answer { detail: Some(format!("{detail}; and {setting} does not have the app")), ..refused })
            }
        }
    }

    async fn make(&self, request: &Request, id: RequestId, not_after: Monotonic) -> Answer {
        let call = Call { not_after: Some(not_after), ..self.call(&id, self.request(request)) };
        match self.exchange(request.into(), call).await {
            Ok(heard) => hearing::of_request(request, heard),
            Err(never_made) => never_made,
        }
    }

    const fn tokens(&self, operation: Operation) -> &Arc<TokenSource> {
        match operation.api() {
            Api::Connector => &self.bot_tokens,
            Api::Graph | Api::Entra => &self.graph_tokens,
        }
    }

    /// Makes one request and hands back what was heard; or the answer to act on, when it was not made at all.
    async fn exchange(&self, operation: Operation, call: Call<'_>) -> Result<Result<Received, Unanswered>, Answer> {
        let in_time = || call.not_after.is_none_or(|limit| self.clock.monotonic() <= limit);
        if !in_time() {
            return Err(Outcome::NotStarted.into());
        }
        let tokens = self.tokens(operation);
        let token = match call.not_after {
            // A paced request may not wait: many that did would leave together. Whoever paces warms up first.
            Some(_) => match (tokens.ready(operation.token_life()), operation) {
                (Some(token), _) => token,
                // Waiting for a longer life would be waiting for ever: they go one by one.
                (None, Operation::NotifyMany) if self.tokens_are_short.load(Ordering::Relaxed) => {
                    return Err(Outcome::Rejected(Reason::TokenRefused).into());
                }
                (None, _) => return Err(Outcome::NotStarted.into()),
            },
            None => tokens.token(Duration::ZERO).await?,
        };
        let id_header = if operation.api() == Api::Graph { "client-request-id" } else { "x-ms-client-request-id" };
        let request = call.request.header(AUTHORIZATION, token.header.clone()).header(ACCEPT, JSON);
        let request = request.header(id_header, call.id.to_string()).build().map_err(unbuildable)?;
        // Invariant: nothing may be awaited between this question and the request.
        if !in_time() {
            return Err(Outcome::NotStarted.into());
        }
        let heard = self.transport.exchange(request, call.bytes_max).await;
        if heard.as_ref().is_ok_and(|received| received.status == 401) {
            tokens.refused(&token);
            self.refusals_heeded.fetch_add(1, Ordering::Relaxed);
        }
        Ok(heard)
    }

    fn call<'a>(&self, id: &'a RequestId, request: RequestBuilder) -> Call<'a> {
        Call { request, id, not_after: None, bytes_max: self.body_bytes_max }
    }

    fn get(&self, url: &str) -> RequestBuilder {
        self.transport.request(Method::GET, url)
    }

    fn post(&self, url: &str, body: Bytes) -> RequestBuilder {
        self.transport.request(Method::POST, url).header(CONTENT_TYPE, JSON).body(body)
    }

    fn request(&self, request: &Request) -> RequestBuilder {
        match request {
            Request::Check { user, app } => self.get(&self.graph.check_url(*user, app)),
            Request::Install { user, app } => {
                self.post(&self.graph.install_url(*user), self.graph.install_body(app).into())
            }
            Request::FindChat { user, app } => self.get(&self.graph.chats_url(*user, app)),
            Request::Resolve { user, installation } => self.get(&self.graph.resolve_url(*user, installation)),
            Request::Send { conversation, activity, service_url } => {
                let url = self.connector.activities_url(conversation, service_url.as_deref());
                self.post(&url, Bytes::from_owner(Shared(Arc::clone(activity))))
            }
            Request::Create { user } => {
                self.post(&self.connector.conversations_url(), self.connector.opening(*user).into())
            }
            Request::CheckTeam { team, app } => self.get(&self.graph.team_check_url(*team, app)),
            Request::InstallInTeam { team, app } => {
                self.post(&self.graph.team_apps_url(*team), self.graph.install_body(app).into())
            }
            Request::FindChannel { team, channel } => self.get(&self.graph.channel_url(*team, channel.as_deref())),
            Request::Post { channel, activity } => {
                self.post(&self.connector.conversations_url(), self.connector.post(channel, activity).into())
            }
            Request::Notify { to, notification, chain, app } => {
                let (url, body) = self.graph.notify(to, notification, *chain, app);
                self.post(&url, body.into())
            }
            Request::NotifyMany { users, notification, chain, app } => {
                let (url, body) = self.graph.notify_many(users, notification, *chain, app);
                self.post(&url, body.into())
            }
            Request::Replace { conversation, message, activity, service_url } => {
                let url = self.connector.activity_url(conversation, message, service_url.as_deref());
                let body = Connector::replacement(message, activity);
                self.transport.request(Method::PUT, &url).header(CONTENT_TYPE, JSON).body(body)
            }
            Request::Withdraw { conversation, message, service_url } => {
                let url = self.connector.activity_url(conversation, message, service_url.as_deref());
                self.transport.request(Method::DELETE, &url)
            }
        }
    }
}

/// One request on its way.
struct Call<'a> {
    request: RequestBuilder,
    id: &'a RequestId,
    not_after: Option<Monotonic>,
    bytes_max: usize,
}

/// The same bytes for everybody, never copied.
struct Shared(Arc<str>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

pub(super) fn network(settings: &TeamsClientSettings) -> Network {
    Network {
        request_timeout: settings.request_timeout,
        connect_timeout: settings.connect_timeout,
        way: match &settings.way {
            // A simulator on loopback is nothing that a proxy could reach.
            Way::Environment if settings.cloud.cloud == Cloud::Custom => Way::Direct,
            way => way.clone(),
        },
        extra_ca_file: settings.extra_ca_file.clone(),
        connect_to: settings.connect_to.clone(),
    }
}

/// Who is asked for the tokens of an identity, when we are one: nobody on the way may see them.
pub(super) fn identity(
    settings: &TeamsClientSettings,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Arc<IdentityService>>, NetworkError> {
    let Credential::ManagedIdentity(identity) = &settings.credential else { return Ok(None) };
    let transport = Transport::new(&Network { way: Way::Direct, ..network(settings) }, Arc::clone(clock))?;
    Ok(Some(Arc::new(IdentityService { identity: identity.clone(), transport: Arc::new(transport) })))
}

pub(super) fn credentials(
    settings: &TeamsClientSettings,
    identity: Option<Arc<IdentityService>>,
    tenant: &str,
    scope: &str,
) -> Credentials {
    Credentials {
        token_url: format!("{}/{}/oauth2/v2.0/token", base(&settings.cloud.login_url), encoded(tenant)),
        client_id: settings.app_id.to_string(),
        scope: scope.to_owned(),
        credential: settings.credential.clone(),
        exchange_audience: settings.cloud.exchange_audience.clone(),
        identity,
    }
}

fn unbuildable(error: reqwest::Error) -> Answer {
    let detail = Some(format!("the request could not be put together: {}", error.without_url()));
    Answer { outcome: Outcome::Rejected(Reason::Unexpected), status: None, detail }
}

#[async_trait]
impl Messenger for TeamsClient {
    async fn warm_up(&self, for_many: bool) -> Result<(), Answer> {
        let enough = if for_many { Operation::NotifyMany.token_life() } else { Duration::ZERO };
        let (graph, bot) = tokio::join!(self.graph_tokens.token(enough), self.bot_tokens.token(Duration::ZERO));
        if for_many && graph.is_ok() {
            // Entra decides how long a token lives.
            self.tokens_are_short.store(self.graph_tokens.ready(enough).is_none(), Ordering::Relaxed);
        }
        graph.and(bot).map(|_| ())
    }

    async fn perform(&self, request: &Request, id: RequestId, not_after: Monotonic) -> Answer {
        let step = request.step().name();
        let span = tracing::info_span!("request", step, request = %id, outcome = Empty, status = Empty);
        let answer = self.make(request, id, not_after).instrument(span.clone()).await;
        span.record("outcome", answer.outcome.label());
        span.record("status", answer.status);
        answer
    }

    async fn find_app(&self, id: RequestId) -> Result<TeamsAppId, Answer> {
        let call = self.call(&id, self.get(&self.graph.catalog_url(&self.manifest_id)));
        let found = hearing::of_catalogue(&self.manifest_id, self.exchange(Operation::Catalog, call).await?);
        match (found, &self.app_holder) {
            (Err(refused), Some(holder)) if refused.status == Some(403) => self.ask_holder(holder, refused, &id).await,
            (found, _) => found,
        }
    }

    fn forget_tokens(&self) {
        let heeded =
            self.refusals_heeded.try_update(Ordering::Relaxed, Ordering::Relaxed, |heeded| heeded.checked_sub(1));
        if heeded.is_err() {
            self.graph_tokens.forget();
            self.bot_tokens.forget();
        }
    }

    fn use_bot_host(&self, url: &str) {
        self.connector.use_host(url);
    }
}

#[async_trait]
impl Directory for TeamsClient {
    async fn people(&self, page: Option<&str>, id: RequestId) -> Result<Told<PeoplePage>, Answer> {
        let url = page.map_or_else(|| self.graph.users_url(), str::to_owned);
        let received = self.look_up(Operation::Directory, self.listing(&url)?, &id).await?;
        let told = self.graph.people(&received.body);
        self.told(&received, told, |page| page.next.as_deref())
    }

    async fn changes(&self, link: Option<&str>, id: RequestId) -> Result<Told<ChangesPage>, Answer> {
        let url = link.map_or_else(|| self.graph.changes_url(), str::to_owned);
        let received = self.look_up(Operation::Delta, self.listing(&url)?, &id).await?;
        let told = self.graph.changes(&received.body);
        self.told(&received, told, |page| Some(page.next.link()))
    }

    async fn groups(
        &self,
        which: WhichGroups<'_>,
        page: Option<&str>,
        id: RequestId,
    ) -> Result<Told<GroupsPage>, Answer> {
        let url = page.map_or_else(|| self.graph.groups_url(which), str::to_owned);
        match self.look_up(Operation::Directory, self.listing(&url)?, &id).await {
            Ok(received) => self.told(&received, graph::groups(&received.body, which), |page| page.next.as_deref()),
            Err(Answer { outcome: Outcome::Rejected(Reason::NotFound), .. }) if page.is_none() => {
                Ok(GroupsPage { groups: Vec::new(), next: None }.into())
            }
            Err(answer) => Err(answer),
        }
    }

    async fn members(&self, group: GroupId, page: Option<&str>, id: RequestId) -> Result<Told<MembersPage>, Answer> {
        let url = page.map_or_else(|| self.graph.members_url(group), str::to_owned);
        // A cast and a count make an advanced query, and the header must come with every page.
        let request = self.listing(&url)?.header("ConsistencyLevel", "eventual");
        let received = self.look_up(Operation::Directory, request, &id).await?;
        self.told(&received, graph::members(&received.body), |page| page.next.as_deref())
    }
}

impl TeamsClient {
    /// A request for a page of a listing. A link that leads away from Graph is not followed: it would be handed our token.
    /// One that was kept from another cloud is such a link; the listing must begin again.
    fn listing(&self, url: &str) -> Result<RequestBuilder, Answer> {
        let begin_again = Outcome::Transient(Reason::Unexpected);
        if self.graph.owns(url) { Ok(self.get(url)) } else { Err(foreign_page(begin_again, None)) }
    }

    async fn look_up(&self, operation: Operation, request: RequestBuilder, id: &RequestId) -> Result<Received, Answer> {
        let call = Call { bytes_max: PEOPLE_BYTES_MAX, ..self.call(id, request) };
        hearing::success(operation, self.exchange(operation, call).await?)
    }

    /// What was told, unless it cannot be read or its link leads astray.
    fn told<T>(
        &self,
        received: &Received,
        told: Option<T>,
        link: impl FnOnce(&T) -> Option<&str>,
    ) -> Result<Told<T>, Answer> {
        let told = told.ok_or_else(|| hearing::unreadable(received))?;
        match link(&told) {
            Some(next) if !self.graph.owns(next) => {
                Err(foreign_page(Outcome::Rejected(Reason::Unexpected), Some(received.status)))
            }
            _ => Ok(Told { told, units: received.units }),
        }
    }
}

fn foreign_page(outcome: Outcome, status: Option<u16>) -> Answer {
    let detail = Some("the link to the next page leads to another host".to_owned());
    Answer { outcome, status, detail }
}
