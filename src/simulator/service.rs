//! The world over the real wire protocol, on one port of the loopback, in clear or encrypted.
//!
//! Four prefixes: `/login` is Entra, for programs and for people who sign in (and the keys of the Bot Framework), `/graph` Microsoft Graph, `/teams` the bot connector, `/_simulator` the
//! strings that a test pulls; `/metadata` and `/msi` hand out tokens of the machine (`service/outside.rs`). Hosts of the real kind answer without a prefix (`service/hosts.rs`). This layer reads
//! and writes HTTP and decides nothing: decisions are the world's.
//!
//! Invariant: the instant of a request is read while the world is locked, so the order of the ledger is the
//! order of its instants.

mod connector;
mod control;
mod entra;
mod graph;
mod hosts;
mod line;
mod outside;
mod post;
mod reading;
mod registration;
mod sign_in;
mod signer;
mod teams;
mod tls;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{ConnectInfo, FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{map_request, map_response_with_state};
use axum::response::{IntoResponse, Response};
use chrono::TimeDelta;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use self::hosts::Addresses;
use self::line::{Cut, Exchange};
use self::outside::Outside;
use self::post::Post;
use self::signer::Keys;
use super::answer::{Answer, Body};
use super::clouds;
use super::faults::FaultPlanError;
use super::ledger::LedgerSummary;
use super::settings::SimulatorSettings;
use super::transcript;
use super::world::{Caller, World};
use crate::domain::time::Timestamp;
use crate::ports::Clock;

/// How long answers under way may take when the simulator stops.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// A running simulator. It also stops when it is dropped, but then without waiting.
#[derive(Debug)]
pub struct Simulator {
    address: SocketAddr,
    addresses: Addresses,
    authority_pem: Option<String>,
    world: Arc<Mutex<World>>,
    stop: CancellationToken,
    serving: JoinHandle<io::Result<()>>,
}

/// Why the simulator could not start.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The plan of misfortunes makes no sense.
    #[error("the fault plan cannot be carried out: {0}")]
    Faults(#[from] FaultPlanError),
    /// A name that cannot stand in a certificate.
    #[error("no certificate can be made for {}: {cause}", names.join(", "))]
    Certificate {
        /// The names.
        names: Vec<String>,
        /// What is wrong with them.
        cause: String,
    },
    /// What is told to the bot cannot be signed or posted.
    #[error("nothing can be posted to {webhook}: {cause}")]
    Post {
        /// Where to.
        webhook: url::Url,
        /// Why not.
        cause: String,
    },
    /// The address is taken, or not ours.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// Where it should have listened.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
}

impl Simulator {
    /// Makes the world and opens its door.
    ///
    /// # Errors
    /// [`SimulatorError::Faults`] for a plan that makes no sense, [`SimulatorError::Certificate`] for a name that makes
    /// none, [`SimulatorError::Post`] without keys to sign with, [`SimulatorError::Listen`] when the address cannot be used.
    pub async fn start(settings: SimulatorSettings, clock: Arc<dyn Clock>) -> Result<Self, SimulatorError> {
        settings.faults.check()?;
        let wrong = |source| SimulatorError::Listen { address: settings.listen, source };
        let (acceptor, authority_pem) = identity(&settings.tls_names, clock.now())?.unzip();
        let exchange = Exchange::open(settings.listen, acceptor, Arc::clone(&clock)).await.map_err(wrong)?;
        let address = exchange.address().map_err(wrong)?;
        let addresses = match &authority_pem {
            None => Addresses::in_clear(settings.reached_at.clone().unwrap_or_else(|| format!("http://{address}"))),
            Some(_) => Addresses::encrypted(address, &settings.tls_names),
        };
        let mut world = World::new(&settings, clock.now()).reached_at(&addresses.graph, &addresses.bot);
        world = world.signs_in_at(&addresses.login);
        let issuer = clouds::issuer(&settings.tls_names);
        let post = match settings.webhook.clone() {
            None => None,
            Some(webhook) => {
                world.listen();
                let wrong =
                    |cause: post::Refused| SimulatorError::Post { webhook: webhook.clone(), cause: cause.to_string() };
                Some(Arc::new(Post::new(webhook.clone(), (issuer, settings.app), Arc::clone(&clock)).map_err(wrong)?))
            }
        };
        let world = Arc::new(Mutex::new(world));
        let stop = CancellationToken::new();
        if let Some(post) = &post {
            tokio::spawn(Arc::clone(post).run(Arc::clone(&world), stop.clone()));
        }
        let (latency, login_url) = (settings.latency, addresses.login.clone());
        let page_url = settings.browsed_at.as_ref().map_or_else(|| login_url.clone(), |base| format!("{base}/login"));
        let (outside, keys, date) = (Outside::default(), Keys::default(), Arc::default());
        let service = Service {
            world: Arc::clone(&world),
            clock,
            latency,
            login_url,
            page_url,
            issuer,
            date,
            post,
            keys,
            outside,
        };
        let stopped = stop.clone().cancelled_owned();
        let app = router(service).into_make_service_with_connect_info::<Cut>();
        let serving = tokio::spawn(async move { axum::serve(exchange, app).with_graceful_shutdown(stopped).await });
        Ok(Self { address, addresses, authority_pem, world, stop, serving })
    }

    /// Where everything is: `http://127.0.0.1:port`, or `https://localhost:port`.
    pub fn base_url(&self) -> String {
        self.addresses.base.clone()
    }

    /// In place of `https://login.microsoftonline.com`.
    pub fn login_url(&self) -> String {
        self.addresses.login.clone()
    }

    /// In place of `https://graph.microsoft.com`.
    pub fn graph_url(&self) -> String {
        self.addresses.graph.clone()
    }

    /// In place of `https://smba.trafficmanager.net/teams/`; ends with one slash.
    pub fn bot_url(&self) -> String {
        self.addresses.bot.clone()
    }

    /// Where to connect to, whatever name a url has.
    pub fn address(&self) -> SocketAddr {
        hosts::reachable(self.address)
    }

    /// The certificate of the authority that vouches for this run, in PEM; `None` in clear.
    pub fn authority_pem(&self) -> Option<&str> {
        self.authority_pem.as_deref()
    }

    /// The world itself. Keep it locked only briefly: requests wait for it.
    pub fn world(&self) -> Arc<Mutex<World>> {
        Arc::clone(&self.world)
    }

    /// What really happened, in numbers.
    pub fn ledger_summary(&self) -> LedgerSummary {
        lock(&self.world).ledger_summary()
    }

    /// Lets answers under way finish, for two seconds at most, and closes the door.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(STOP_GRACE, &mut self.serving).await.is_err() {
            self.serving.abort();
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn identity(names: &[String], now: Timestamp) -> Result<Option<(TlsAcceptor, String)>, SimulatorError> {
    if names.is_empty() {
        return Ok(None);
    }
    let refused = |cause: tls::Refused| SimulatorError::Certificate { names: names.to_vec(), cause: cause.to_string() };
    let tls::Identity { acceptor, authority_pem } = tls::identity(names, now).map_err(refused)?;
    Ok(Some((acceptor, authority_pem)))
}

fn lock(world: &Mutex<World>) -> MutexGuard<'_, World> {
    // A panic in one request leaves at worst one half-made entry; the others go on.
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What every handler works with.
#[derive(Clone)]
struct Service {
    world: Arc<Mutex<World>>,
    clock: Arc<dyn Clock>,
    latency: Duration,
    /// Where the keys are.
    login_url: String,
    /// Where a browser finds the page.
    page_url: String,
    /// Who signs what is posted to the bot.
    issuer: &'static str,
    /// How many seconds the `Date` of every answer is ahead of our clock, or behind.
    date: Arc<AtomicI64>,
    /// Who posts to the bot, when there is a webhook.
    post: Option<Arc<Post>>,
    /// With what Entra signs tokens for our app.
    keys: Keys,
    /// Who signs for everybody else.
    outside: Outside,
}

fn router(service: Service) -> Router {
    let services = Router::new()
        .merge(entra::routes())
        .merge(graph::routes())
        .merge(teams::routes())
        .merge(connector::routes())
        .merge(sign_in::routes())
        .merge(control::routes())
        .merge(registration::routes())
        .merge(outside::routes())
        .merge(reading::routes())
        .merge(post::routes())
        .fallback(graph::unknown)
        .method_not_allowed_fallback(graph::unknown)
        .layer(map_response_with_state(service.clone(), date))
        .with_state(service);
    // A layer sees a request after its router has chosen; so the choosing is left to the one within.
    Router::new().fallback_service(services).layer(map_request(hosts::lead))
}

/// Writes down when it was answered, by a clock that a test may set wrong.
async fn date(State(service): State<Service>, mut response: Response) -> Response {
    let at = service.clock.now() + TimeDelta::seconds(service.date.load(Ordering::Relaxed));
    let written = at.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    if let Ok(written) = HeaderValue::from_str(&written) {
        response.headers_mut().insert(header::DATE, written);
    }
    response
}

/// One request, read but not yet decided.
struct Visit {
    service: Service,
    cut: Cut,
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
}

impl FromRequest<Service> for Visit {
    type Rejection = Response;

    async fn from_request(request: Request, service: &Service) -> Result<Self, Response> {
        let cut = request.extensions().get::<ConnectInfo<Cut>>().map(|info| info.0.clone()).unwrap_or_default();
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let headers = request.headers().clone();
        let body = Bytes::from_request(request, service).await.map_err(IntoResponse::into_response)?;
        Ok(Self { service: service.clone(), cut, method, path, query, headers, body })
    }
}

impl Visit {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn caller(&self) -> Caller<'_> {
        const REQUEST_IDS: [&str; 3] = ["client-request-id", "x-ms-client-request-id", "x-request-id"];
        let bearer = self.header("authorization").and_then(|value| value.split_once(' '));
        Caller {
            bearer: bearer.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim()),
            request_id: REQUEST_IDS.iter().find_map(|name| self.header(name)),
        }
    }

    /// Whether the body is declared to be of this type.
    fn is_of_type(&self, wanted: &str) -> bool {
        let declared = self.header("content-type").unwrap_or_default();
        declared.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
    }

    /// The decoded parameters of the address.
    fn parameters(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(self.query.as_bytes()).into_owned().collect()
    }

    /// Word for word, without the headers: one of them is a token.
    fn exchange(&self, answer: &Answer, now: Timestamp) -> transcript::Exchange {
        // The connector's host has a path of its own; the other prefixes are ours alone.
        let path = ["/login", "/graph"].iter().find_map(|prefix| self.path.strip_prefix(prefix)).unwrap_or(&self.path);
        let separator = if self.query.is_empty() { "" } else { "?" };
        transcript::Exchange {
            at: now,
            method: self.method.to_string(),
            path: format!("{path}{separator}{}", self.query),
            body: transcript::kept_body(&self.body, self.is_of_type("application/x-www-form-urlencoded")),
            status: answer.status,
            lost: answer.is_lost,
        }
    }

    /// Lets the world decide, waits as long as the way back takes, and answers.
    async fn answer(&self, decide: impl FnOnce(&mut World, &Caller<'_>, Timestamp) -> Answer) -> Response {
        let answer = {
            let mut world = lock(&self.service.world);
            let now = self.service.clock.now();
            let answer = decide(&mut world, &self.caller(), now);
            if world.transcript().is_on() {
                world.transcript_mut().keep(self.exchange(&answer, now));
            }
            answer
        };
        if !self.service.latency.is_zero() {
            let clock = &self.service.clock;
            clock.sleep_until(clock.monotonic() + self.service.latency).await;
        }
        if answer.is_lost {
            self.cut.cut();
        }
        answer.into_response()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let (kind, body) = match self.body {
            Body::Empty => (None, HttpBody::empty()),
            Body::Json(body) => (Some("application/json; charset=utf-8"), HttpBody::from(body.to_string())),
            Body::Html(body) => (Some("text/html"), HttpBody::from(body)),
            Body::Text(body) => (Some("text/plain"), HttpBody::from(body)),
        };
        let mut response = Response::new(body);
        // A request lost before its effect has no status; nobody gets to see this one either.
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if let Some(kind) = kind {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap_or(header::WARNING), value);
            }
        }
        response
    }
}
