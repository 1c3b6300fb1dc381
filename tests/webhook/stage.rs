//! The pieces: a server of keys, the webhook on a port, a record in memory, a Teams that only takes replies.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize, SigningKey};
use serde_json::{Value, json};
use stentor::adapters::teams::{BotDoorkeeper, CloudProfile, SecretSource, TeamsClientSettings};
use stentor::app::health::Health;
use stentor::app::hear::{Ear, Replies};
use stentor::domain::attributes::Attributes;
use stentor::domain::ids::{EntraId, RequestId, TeamsAppId, TenantKey};
use stentor::domain::outcome::Outcome;
use stentor::domain::route::{Account, Route};
use stentor::domain::time::{Monotonic, Timestamp};
use stentor::http::bot::Webhook;
use stentor::http::router::{Shared, router};
use stentor::ports::{Answer, Clock, Messenger, Pending, Person, Random, Request, Store};
use stentor::simulator::memory_store::{MemoryStore, Record};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use uuid::{Uuid, uuid};

pub const TENANT: Uuid = uuid!("11111111-1111-4111-8111-111111111111");
pub const APP: Uuid = uuid!("22222222-2222-4222-8222-222222222222");
pub const USER: Uuid = uuid!("55555555-5555-4555-8555-555555555555");
pub const ISSUER: &str = "https://api.botframework.com";
/// Every service url of these tests: loopback belongs to a custom cloud.
pub const SERVICE_URL: &str = "http://127.0.0.1:9/teams/";

/// Shows what it is told; sleeps are over when its hands are moved past them, or by real time when they are short.
pub struct Hands(AtomicU64);

impl Hands {
    fn passed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        "2027-01-15T08:00:00Z".parse::<Timestamp>().unwrap() + self.passed()
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::from_origin(Duration::from_secs(1_000_000) + self.passed())
    }

    fn sleep_until(&self, at: Monotonic) -> Pending<()> {
        let wait = at.saturating_since(self.monotonic());
        Box::pin(async move {
            let real = stentor::adapters::system::SystemClock;
            real.sleep_until(real.monotonic() + wait).await;
        })
    }
}

struct Dice(AtomicU64);

impl Random for Dice {
    fn next_u64(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// Publishes keys, as the Bot Framework does.
pub struct KeyServer {
    /// Made when they are first needed: that takes a second each.
    pairs: BTreeMap<&'static str, LazyLock<KeyPair>>,
    published: Mutex<BTreeMap<&'static str, Value>>,
    asked: AtomicU64,
    fails: AtomicBool,
    takes: Mutex<Duration>,
    address: Mutex<Option<SocketAddr>>,
}

fn modulus(pair: &KeyPair) -> String {
    // 2048 bits, after the heads of a sequence and of a number.
    URL_SAFE_NO_PAD.encode(&pair.public_key_raw()[9..265])
}

impl KeyServer {
    async fn open() -> Arc<Self> {
        let pair = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        let names = ["teams", "plain", "webchat", "fresh", "forger"];
        let pairs = names.map(|name| (name, LazyLock::new(pair as fn() -> KeyPair)));
        let pairs = BTreeMap::from(pairs);
        let server = Arc::new(Self {
            pairs,
            published: Mutex::default(),
            asked: AtomicU64::new(0),
            fails: AtomicBool::new(false),
            takes: Mutex::default(),
            address: Mutex::default(),
        });
        server.publish("teams");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        *server.address.lock().unwrap() = Some(listener.local_addr().unwrap());
        let (document, keys) = (Arc::clone(&server), Arc::clone(&server));
        let router = Router::new()
            .route("/login/v1/.well-known/openidconfiguration", get(async move || document.document().await))
            .route("/keys", get(async move || keys.keys().await));
        tokio::spawn(async move { axum::serve(listener, router).await });
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address.lock().unwrap().unwrap())
    }

    async fn be_slow(&self) {
        let (real, takes) = (stentor::adapters::system::SystemClock, *self.takes.lock().unwrap());
        real.sleep_until(real.monotonic() + takes).await;
    }

    async fn document(&self) -> axum::response::Response {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.be_slow().await;
        if self.fails.load(Ordering::Relaxed) {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        axum::Json(json!({"issuer": ISSUER, "jwks_uri": self.url("/keys")})).into_response()
    }

    async fn keys(&self) -> axum::response::Response {
        self.be_slow().await;
        let mut keys: Vec<Value> = self.published.lock().unwrap().values().cloned().collect();
        // What is not for us must not keep the others from being read.
        keys.push(json!({"kty": "EC", "kid": "curve", "crv": "P-256", "x": "AA", "y": "AA"}));
        keys.push(json!("nonsense"));
        axum::Json(json!({"keys": keys})).into_response()
    }

    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::Relaxed);
    }

    /// How long each document takes.
    pub fn take(&self, time: Duration) {
        *self.takes.lock().unwrap() = time;
    }

    pub fn publish(&self, name: &'static str) {
        let endorsements = match name {
            "plain" => json!([]),
            "webchat" => json!(["webchat", "directline"]),
            _ => json!(["msteams", "webchat"]),
        };
        let key = json!({"kty": "RSA", "use": "sig", "kid": name, "n": modulus(&self.pairs[name]), "e": "AQAB",
            "endorsements": endorsements});
        self.published.lock().unwrap().insert(name, key);
    }

    pub fn withdraw(&self, name: &str) {
        self.published.lock().unwrap().remove(name);
    }

    /// A token with this header and these claims, signed by the key called `by`.
    pub fn sign(&self, header: &Value, claims: &Value, by: &str) -> String {
        let signed = unsigned(header, claims);
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.pairs[by].sign(signed.as_bytes()).unwrap()))
    }

    /// What an attacker can know of the key called `name`.
    pub fn public(&self, name: &str) -> Vec<u8> {
        self.pairs[name].public_key_raw().to_vec()
    }
}

/// Header and claims of a token.
pub fn unsigned(header: &Value, claims: &Value) -> String {
    [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part.to_string())).join(".")
}

/// Takes replies.
#[derive(Default)]
struct Replied(Mutex<Vec<(String, Option<String>, String)>>);

#[async_trait]
impl Messenger for Replied {
    async fn warm_up(&self, _: bool) -> Result<(), Answer> {
        Ok(())
    }

    async fn perform(&self, request: &Request, _: RequestId, _: Monotonic) -> Answer {
        let Request::Send { conversation, activity, service_url } = request else { panic!("{request:?}") };
        self.0.lock().unwrap().push((conversation.0.clone(), service_url.clone(), activity.to_string()));
        Outcome::Accepted { message_id: None }.into()
    }

    async fn find_app(&self, _: RequestId) -> Result<TeamsAppId, Answer> {
        Err(Outcome::NotStarted.into())
    }

    fn forget_tokens(&self) {}

    fn use_bot_host(&self, _: &str) {}
}

pub struct Stage {
    pub keys: Arc<KeyServer>,
    clock: Arc<Hands>,
    store: MemoryStore,
    tenant: TenantKey,
    replied: Arc<Replied>,
    url: String,
    client: reqwest::Client,
}

impl Stage {
    pub async fn open() -> Self {
        Self::with(|store| store).await
    }

    /// Its database takes every statement and never answers.
    pub async fn without_database() -> Self {
        Self::with(|_| {
            // A listener that accepts and says nothing.
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            std::thread::spawn(move || listener.incoming().collect::<Vec<_>>());
            let options = sqlx::postgres::PgConnectOptions::new().host("127.0.0.1").port(port).username("nobody");
            let settings = stentor::adapters::postgres::pool::PoolSettings::default();
            Arc::new(stentor::adapters::postgres::PgStore::new(options, settings)) as Arc<dyn Store>
        })
        .await
    }

    async fn with(store_of: impl FnOnce(Arc<dyn Store>) -> Arc<dyn Store>) -> Self {
        let keys = KeyServer::open().await;
        let clock = Arc::new(Hands(AtomicU64::new(0)));
        let memory = MemoryStore::new(Record::default(), clock.clone());
        let tenant = memory.tenant(TENANT, APP).await.unwrap();
        let person = Person {
            entra_id: EntraId(USER),
            user_principal_name: "amelie@contoso.example".to_owned(),
            display_name: "Amélie".to_owned(),
            mail: None,
            account: Account::ORDINARY,
            attributes: Attributes::default(),
        };
        memory.keep_people(tenant, &[person], clock.now()).await.unwrap();
        let url = |path: &str| keys.url(path).parse().unwrap();
        let cloud = CloudProfile::custom(url("/login"), url("/graph"), url("/teams/"));
        let settings =
            TeamsClientSettings::new(cloud, TENANT, APP, SecretSource::Value("s".to_owned().into()), "manifest");
        let replied = Arc::new(Replied::default());
        let texts = [("en", "Hello"), ("fr", "Bonjour")].map(|(tag, text)| (tag.to_owned(), text.to_owned()));
        let pauses = (Duration::from_secs(600), Duration::from_secs(1));
        let ear = Ear {
            clock: clock.clone(),
            random: Arc::new(Dice(AtomicU64::new(1))),
            store: store_of(Arc::new(memory.clone())),
            doorkeeper: Arc::new(BotDoorkeeper::new(&settings, clock.clone()).unwrap()),
            messenger: replied.clone(),
            entra_tenant: TENANT,
            tenant,
            replies: Arc::new(Replies { by_language: texts.into(), her_pause: pauses.0, pause: pauses.1 }),
        };
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let random = Arc::new(Dice(AtomicU64::new(1)));
        let shared = Shared { health: Health::default(), metrics, webhook: Some(Webhook::new(ear)), random, api: None };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/api/messages", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router(shared)).await });
        Self { keys, clock, store: memory, tenant, replied, url, client: reqwest::Client::new() }
    }

    pub fn now(&self) -> i64 {
        self.clock.now().timestamp()
    }

    pub fn service_url(&self) -> String {
        SERVICE_URL.to_owned()
    }

    pub fn let_time_pass(&self, time: Duration) {
        self.clock.0.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    /// What is known of the way to her.
    pub fn route(&self) -> Route {
        self.store.look(|record| record.people(self.tenant).next().unwrap().route.clone())
    }

    pub async fn post(&self, authorization: Option<&str>, body: Vec<u8>) -> u16 {
        let mut request = self.client.post(&self.url).header("content-type", "application/json").body(body);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        request.send().await.unwrap().status().as_u16()
    }

    /// Says that a body comes, and sends none.
    pub async fn begin_to_post(&self, token: &str) -> TcpStream {
        let address = self.url.trim_start_matches("http://").trim_end_matches("/api/messages");
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /api/messages HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
             content-length: 9\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// Posts, signed as Teams signs, until it is answered so.
    pub async fn until_answered(&self, status: u16, body: &Value) {
        let mut answered = Vec::new();
        while answered.last() != Some(&status) {
            assert!(answered.len() < 100, "{answered:?}");
            self.clock.sleep_until(self.clock.monotonic() + Duration::from_millis(20)).await;
            answered.push(self.post_signed(&claims(self), body).await);
        }
    }

    /// Signed as Teams signs.
    pub async fn post_signed(&self, claims: &Value, body: &Value) -> u16 {
        self.post_as("teams", claims, body).await
    }

    pub async fn post_as(&self, key: &str, claims: &Value, body: &Value) -> u16 {
        let token = self.token(key, claims);
        self.post(Some(&format!("Bearer {token}")), body.to_string().into_bytes()).await
    }

    pub fn token(&self, key: &str, claims: &Value) -> String {
        self.keys.sign(&json!({"alg": "RS256", "kid": key, "typ": "JWT"}), claims, key)
    }

    /// Conversation, service url and activity of what was replied, once there are so many.
    pub async fn replies(&self, count: usize) -> Vec<(String, Option<String>, String)> {
        for _ in 0..100 {
            if self.replied.0.lock().unwrap().len() >= count {
                break;
            }
            self.clock.sleep_until(self.clock.monotonic() + Duration::from_millis(20)).await;
        }
        self.replied.0.lock().unwrap().clone()
    }
}

/// What Teams' tokens say.
pub fn claims(stage: &Stage) -> Value {
    json!({"iss": ISSUER, "aud": APP, "nbf": stage.now() - 60, "exp": stage.now() + 3600,
        "serviceurl": stage.service_url()})
}

pub fn installed() -> Value {
    json!({
        "type": "installationUpdate",
        "action": "add",
        "timestamp": "2027-01-15T08:00:00.120Z",
        "locale": "fr-FR",
        "channelId": "msteams",
        "serviceUrl": SERVICE_URL,
        "from": {"id": "29:1ExampleUserOpaqueId", "aadObjectId": USER},
        "conversation": {"conversationType": "personal", "tenantId": TENANT, "id": "a:1ExampleConversation"},
        "recipient": {"id": format!("28:{APP}"), "name": "Company News"},
        "channelData": {"tenant": {"id": TENANT}},
    })
}

pub fn said(text: &str) -> Value {
    let mut body = installed();
    body["type"] = json!("message");
    body["text"] = json!(text);
    body
}
