//! A server that records what arrives and answers as told. It knows nothing of Teams.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, Method, Response, StatusCode, Uri};
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use stentor::adapters::teams::{CloudProfile, SecretSource, TeamsClient, TeamsClientSettings};
use stentor::domain::ids::RequestId;
use stentor::domain::time::{Monotonic, Timestamp};
use stentor::ports::{Answer, Clock, Messenger, Pending, Random, Request};
use tokio::sync::{Notify, Semaphore};
use uuid::Uuid;

pub const TENANT: Uuid = Uuid::from_u128(0x11111111_1111_4111_8111_111111111111);
pub const APP: Uuid = Uuid::from_u128(0x22222222_2222_4222_8222_222222222222);
pub const MANIFEST: &str = "33333333-3333-4333-8333-333333333333";
pub const CATALOGUE_ID: &str = "44444444-4444-4444-8444-444444444444";
pub const USER: Uuid = Uuid::from_u128(0x55555555_5555_4555_8555_555555555555);
pub const SECRET: &str = "s3cr3t~value";

/// One request as it arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub query: BTreeMap<String, String>,
    pub headers: HeaderMap,
    pub body: String,
    /// The other end of the connection.
    pub peer: SocketAddr,
}

impl Seen {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What to answer.
#[derive(Debug, Clone)]
pub enum Reply {
    Whole {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: String,
    },
    /// The status line, a part of the body, then the connection breaks.
    CutOff {
        status: u16,
    },
    /// Nothing, ever.
    Silence,
}

pub fn reply(status: u16, body: Value) -> Reply {
    Reply::Whole { status, headers: Vec::new(), body: body.to_string() }
}

pub fn empty(status: u16) -> Reply {
    Reply::Whole { status, headers: Vec::new(), body: String::new() }
}

pub fn with_header(status: u16, name: &'static str, value: &str) -> Reply {
    Reply::Whole { status, headers: vec![(name, value.to_owned())], body: String::new() }
}

pub fn grant(life_seconds: u64) -> Reply {
    reply(200, json!({"token_type": "Bearer", "expires_in": life_seconds, "access_token": "scripted"}))
}

pub fn entra_refusal(number: u32) -> Reply {
    let description = format!("AADSTS{number}: no. You sent {SECRET}.");
    reply(401, json!({"error": "invalid_client", "error_description": description, "error_codes": [number]}))
}

#[derive(Default)]
struct Script {
    seen: Vec<Seen>,
    answers: VecDeque<Reply>,
    grants: VecDeque<Reply>,
}

/// Logins under `/login`, Graph under `/graph`, the connector under `/bot`.
#[derive(Clone)]
pub struct Server {
    pub url: String,
    pub address: SocketAddr,
    script: Arc<Mutex<Script>>,
    arrived: Arc<Notify>,
    /// A token is granted only with a permit from here.
    pub token_gate: Arc<Semaphore>,
}

impl Server {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Self {
            url: format!("http://{address}"),
            address,
            script: Arc::default(),
            arrived: Arc::default(),
            token_gate: Arc::new(Semaphore::new(Semaphore::MAX_PERMITS)),
        };
        let answering = server.clone();
        let handler = async move |ConnectInfo(peer), method: Method, uri: Uri, headers: HeaderMap, body: Bytes| {
            answering.answer(peer, method, uri, headers, body).await
        };
        let service = Router::new().fallback(handler).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        server
    }

    /// Answers the next requests with `replies`; a request beyond them gets 418.
    pub fn answers(&self, replies: impl IntoIterator<Item = Reply>) -> &Self {
        self.script.lock().unwrap().answers.extend(replies);
        self
    }

    /// Answers the next requests for tokens; those beyond get `token-1`, `token-2` … for an hour.
    pub fn grants(&self, replies: impl IntoIterator<Item = Reply>) -> &Self {
        self.script.lock().unwrap().grants.extend(replies);
        self
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.script.lock().unwrap().seen.iter().filter(|seen| !seen.path.starts_with("/login")).cloned().collect()
    }

    pub fn tokens_asked(&self) -> Vec<Seen> {
        self.script.lock().unwrap().seen.iter().filter(|seen| seen.path.starts_with("/login")).cloned().collect()
    }

    /// Waits until so many tokens have been asked for.
    pub async fn tokens_reach(&self, count: usize) {
        let enough = async {
            loop {
                let arrived = self.arrived.notified();
                if self.tokens_asked().len() >= count {
                    return;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), enough).await.expect("a token is asked for in time");
    }

    async fn answer(
        &self,
        peer: SocketAddr,
        method: Method,
        uri: Uri,
        headers: HeaderMap,
        body: Bytes,
    ) -> Response<Body> {
        let query = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let body = String::from_utf8_lossy(&body).into_owned();
        let path = uri.path().to_owned();
        let login = path.starts_with("/login");
        let told = {
            let mut script = self.script.lock().unwrap();
            script.seen.push(Seen { method, path, query, headers, body, peer });
            let number = script.seen.len();
            let default = json!({"access_token": format!("token-{number}"), "expires_in": 3600});
            match login {
                true => script.grants.pop_front().unwrap_or_else(|| reply(200, default)),
                false => script.answers.pop_front().unwrap_or_else(|| empty(418)),
            }
        };
        self.arrived.notify_waiters();
        if login {
            self.token_gate.acquire().await.unwrap().forget();
        }
        told.into_response().await
    }
}

impl Reply {
    async fn into_response(self) -> Response<Body> {
        let (status, headers, body) = match self {
            Self::Silence => std::future::pending().await,
            Self::Whole { status, headers, body } => (status, headers, Body::from(body)),
            Self::CutOff { status } => {
                let part = stream::iter([Ok("{\"id\":")]);
                let breaks = stream::once(async {
                    // What came before is on its way first.
                    tokio::task::yield_now().await;
                    Err(std::io::Error::other("the line breaks"))
                });
                (status, Vec::new(), Body::from_stream(part.chain(breaks)))
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        for (name, value) in headers {
            response.headers_mut().insert(HeaderName::from_static(name), value.parse().unwrap());
        }
        response
    }
}

/// A clock that stands still until it is moved.
#[derive(Default)]
pub struct HandClock(Mutex<Duration>);

impl HandClock {
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        "2026-11-24T12:00:00Z".parse::<Timestamp>().unwrap() + *self.0.lock().unwrap()
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::from_origin(*self.0.lock().unwrap())
    }

    fn sleep_until(&self, _: Monotonic) -> Pending<()> {
        Box::pin(std::future::ready(()))
    }
}

/// Counts, which is chance enough here.
#[derive(Default)]
pub struct Counter(std::sync::atomic::AtomicU64);

impl Random for Counter {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed)
    }
}

pub fn cloud(url: &str) -> CloudProfile {
    let at = |path: &str| format!("{url}{path}").parse().unwrap();
    CloudProfile::custom(at("/login"), at("/graph"), at("/bot/teams"))
}

pub fn settings(url: &str) -> TeamsClientSettings {
    let secret = SecretSource::Value(SECRET.into());
    let mut settings = TeamsClientSettings::new(cloud(url), TENANT, APP, secret, MANIFEST);
    settings.request_timeout = Duration::from_secs(5);
    settings.body_bytes_max = 4096;
    settings
}

pub fn client(settings: TeamsClientSettings) -> (Arc<TeamsClient>, Arc<HandClock>) {
    let clock = Arc::new(HandClock::default());
    let client = TeamsClient::new(settings, clock.clone(), Arc::new(Counter::default())).unwrap();
    (Arc::new(client), clock)
}

pub async fn both() -> (Server, Arc<TeamsClient>, Arc<HandClock>) {
    let server = Server::start().await;
    let (client, clock) = client(settings(&server.url));
    (server, client, clock)
}

pub fn request_id() -> RequestId {
    RequestId(Uuid::from_u128(0x99999999_9999_4999_8999_999999999999))
}

/// An instant that no test reaches.
pub const LATER: Monotonic = Monotonic::from_origin(Duration::from_secs(1 << 40));

/// Asks as the engine does: with tokens at hand.
pub trait Warmed {
    /// Warms up, then performs; what kept it from warming up is the answer.
    async fn warmed(&self, request: &Request, id: RequestId, not_after: Monotonic) -> Answer;
}

impl Warmed for TeamsClient {
    async fn warmed(&self, request: &Request, id: RequestId, not_after: Monotonic) -> Answer {
        match self.warm_up_for(request).await {
            Ok(()) => self.perform(request, id, not_after).await,
            Err(answer) => answer,
        }
    }
}
