//! A small Entra of our own, and a house whose gatekeeper goes by it. It shares nothing with the code under test.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use aws_lc_rs::digest;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize, SigningKey};
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::postgres::{PgStore, schema};
use stentor::adapters::system::{SystemClock, SystemRandom};
use stentor::adapters::teams::{
    CloudProfile, Credential, EntraGatekeeper, SecretSource, TeamsClient, TeamsClientSettings,
};
use stentor::app::engine::EngineSettings;
use stentor::app::health::Health;
use stentor::app::lookout::Lookout;
use stentor::app::people::People;
use stentor::domain::pacing::{Bucket, Quota};
use stentor::domain::retry::RetryPolicy;
use stentor::domain::time::{Monotonic, Timestamp};
use stentor::http::api::{Api, ApiSettings, Reach};
use stentor::http::router::{Shared, router};
use stentor::http::server;
use stentor::ports::{Clock, Pending, Random, Store};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::{Uuid, uuid};

pub const TENANT: Uuid = uuid!("11111111-1111-4111-8111-111111111111");
pub const APP: Uuid = uuid!("22222222-2222-4222-8222-222222222222");
pub const AMELIE: Uuid = uuid!("55555555-5555-4555-8555-555555555555");
pub const PROGRAM: Uuid = uuid!("77777777-7777-4777-8777-777777777777");
const SECRET: &str = "the app's own secret";

/// Keys take a moment to be made, so all tests share them.
static PAIRS: LazyLock<BTreeMap<&str, KeyPair>> = LazyLock::new(|| {
    let pair = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    ["published", "forger's"].map(|name| (name, pair())).into()
});

fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Shows what it is told beside the real time; sleeps are real.
pub struct Hands(AtomicU64);

impl Hands {
    pub fn let_time_pass(&self, time: Duration) {
        self.0.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    fn passed(&self) -> Duration {
        Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.passed()
    }

    fn monotonic(&self) -> Monotonic {
        SystemClock.monotonic() + self.passed()
    }

    fn sleep_until(&self, at: Monotonic) -> Pending<()> {
        let wait = at.saturating_since(self.monotonic());
        SystemClock.sleep_until(SystemClock.monotonic() + wait)
    }
}

/// Signs people in.
pub struct Entra {
    address: SocketAddr,
    /// Challenge, redirect and identity token behind each code that was not redeemed yet.
    codes: Mutex<BTreeMap<String, (String, String, String)>>,
    pub is_down: AtomicBool,
}

impl Entra {
    async fn open() -> Arc<Self> {
        // Nobody who asks for them waits long.
        LazyLock::force(&PAIRS);
        let listener = server::listen(([127, 0, 0, 1], 0).into()).await.unwrap();
        let entra = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            codes: Mutex::default(),
            is_down: AtomicBool::new(false),
        });
        let router = Router::new()
            .route(&format!("/login/{TENANT}/v2.0/.well-known/openid-configuration"), get(Self::document))
            .route("/login/keys", get(Self::keys))
            .route(&format!("/login/{TENANT}/oauth2/v2.0/token"), post(Self::redeem))
            .with_state(Arc::clone(&entra));
        tokio::spawn(async move { axum::serve(listener, router).await });
        entra
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub fn issuer(&self) -> String {
        format!("https://login.example/{TENANT}/v2.0")
    }

    async fn document(State(entra): State<Arc<Self>>) -> Response {
        if entra.is_down.load(Ordering::Relaxed) {
            return StatusCode::BAD_GATEWAY.into_response();
        }
        Json(json!({
            "issuer": entra.issuer(),
            "authorization_endpoint": entra.url(&format!("/login/{TENANT}/oauth2/v2.0/authorize")),
            "jwks_uri": entra.url("/login/keys"),
        }))
        .into_response()
    }

    async fn keys() -> Json<Value> {
        // 2048 bits, after the heads of a sequence and of a number.
        let modulus = encoded(&PAIRS["published"].public_key_raw()[9..265]);
        Json(json!({"keys": [{"kty": "RSA", "use": "sig", "kid": "published", "n": modulus, "e": "AQAB"}]}))
    }

    async fn redeem(State(entra): State<Arc<Self>>, Form(form): Form<BTreeMap<String, String>>) -> Response {
        let said = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let no = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error}))).into_response();
        let app = APP.to_string();
        if (said("client_id"), said("client_secret")) != (&app, SECRET) {
            return no("invalid_client");
        }
        let Some((challenge, redirect, token)) = entra.codes.lock().unwrap().remove(said("code")) else {
            return no("invalid_grant");
        };
        let proved = encoded(digest::digest(&digest::SHA256, said("code_verifier").as_bytes()));
        let fits =
            said("grant_type") == "authorization_code" && proved == challenge && said("redirect_uri") == redirect;
        if !fits {
            return no("invalid_grant");
        }
        Json(json!({"token_type": "Bearer", "expires_in": 3600, "access_token": "opaque", "id_token": token}))
            .into_response()
    }

    /// What Entra sends a browser back with that arrived at `departure`, whoever signs in being given `token`.
    pub fn send_back(&self, departure: &Departed, token: String) -> String {
        let code = encoded(SystemRandom.next_u64().to_be_bytes());
        let redirect = departure.said("redirect_uri");
        let known = (departure.said("code_challenge"), redirect.clone(), token);
        self.codes.lock().unwrap().insert(code.clone(), known);
        format!("{redirect}?code={code}&state={}", departure.said("state"))
    }

    /// A token with these claims, signed by the key that is published.
    pub fn token(&self, claims: &Value) -> String {
        self.signed(&json!({"alg": "RS256", "kid": "published", "typ": "JWT"}), claims, "published")
    }

    pub fn signed(&self, header: &Value, claims: &Value, by: &str) -> String {
        let signed = [header, claims].map(|part| encoded(part.to_string())).join(".");
        format!("{signed}.{}", encoded(PAIRS[by].sign(signed.as_bytes()).unwrap()))
    }
}

/// Where a browser was sent to sign in.
pub struct Departed(Url);

impl Departed {
    pub fn new(location: &str) -> Self {
        Self(location.parse().unwrap())
    }

    pub fn said(&self, name: &str) -> String {
        self.0.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub fn body(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub fn code(&self) -> String {
        self.body()["code"].as_str().unwrap_or_default().to_owned()
    }
}

pub struct House {
    pub entra: Arc<Entra>,
    pub clock: Arc<Hands>,
    pub store: Arc<PgStore>,
    pub address: SocketAddr,
    pub public_url: Url,
    client: reqwest::Client,
    _stop: tokio_util::sync::DropGuard,
    // Dropped last: the database goes with it.
    _database: TestDatabase,
}

/// What is particular to a house.
pub struct Plan {
    pub public_url: Option<&'static str>,
    pub time_limit: Duration,
    pub caller_rate: Quota,
}

impl Default for Plan {
    fn default() -> Self {
        Self { public_url: None, time_limit: Duration::from_secs(30), caller_rate: Quota::per_second(20) }
    }
}

impl House {
    pub async fn open() -> Self {
        Self::built(Plan::default()).await
    }

    pub async fn built(plan: Plan) -> Self {
        let database = TestDatabase::create().await;
        let store = Arc::new(PgStore::new(database.connect_options(), PoolSettings::default()));
        schema::migrate(store.database()).await.unwrap();
        let (entra, hands) = (Entra::open().await, Arc::new(Hands(AtomicU64::new(0))));
        let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) = (hands.clone(), Arc::new(SystemRandom));
        let url = |path: &str| entra.url(path).parse().unwrap();
        let cloud = CloudProfile::custom(url("/login"), url("/graph"), url("/teams/"));
        let secret: Credential = SecretSource::Value(SECRET.to_owned().into()).into();
        let teams = TeamsClientSettings::new(cloud.clone(), TENANT, APP, secret, "manifest");
        let client = Arc::new(TeamsClient::new(teams.clone(), clock.clone(), random.clone()).unwrap());
        let tenant = store.tenant(TENANT, APP).await.unwrap();
        let quotas = EngineSettings::default().quotas;
        let people = People {
            directory: client.clone(),
            store: store.clone(),
            clock: clock.clone(),
            random: random.clone(),
            tenant,
            quota: quotas[&Bucket::Directory],
            retry: RetryPolicy::default(),
            fresh_for: Duration::from_secs(900),
        };
        let listener = server::listen(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let here = format!("http://{address}");
        let public_url: Url = plan.public_url.unwrap_or(&here).parse().unwrap();
        let gate = EntraGatekeeper::new(&teams, &public_url, clock.clone(), random.clone()).unwrap();
        let lookout = Lookout::new(store.clone(), store.clone(), clock.clone(), tenant, quotas.clone());
        let api = Api {
            lookout,
            clock: clock.clone(),
            random: random.clone(),
            store: store.clone(),
            office: store.clone(),
            gate: Arc::new(gate),
            people,
            readings: stentor::app::errand::Errand::default(),
            examiner: Arc::new(crate::stage::Sound),
            examinations: stentor::app::errand::Errand::default(),
            messenger: client,
            tenant,
            settings: Arc::new(ApiSettings {
                public_url: public_url.clone(),
                session: Duration::from_secs(12 * 3600),
                idle: Duration::from_secs(7200),
                reach: Reach { approve_above: Some(5000), author: Some(20_000), admin: None },
                quotas,
                cloud,
                activity_type: "announcementPublished".to_owned(),
                request_timeout: Duration::from_secs(20),
                time_limit: plan.time_limit,
                caller_rate: plan.caller_rate,
            }),
        };
        let metrics = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder().handle();
        let shared = Shared { health: Health::default(), metrics, webhook: None, random, api: Some(api) };
        let stop = CancellationToken::new();
        let word = stop.clone();
        tokio::spawn(async move { server::serve(listener, router(shared), word, &SystemClock).await });
        let redirects = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().no_proxy().redirect(redirects).build().unwrap();
        let _stop = stop.drop_guard();
        Self { entra, clock: hands, store, address, public_url, client, _stop, _database: database }
    }

    pub fn now(&self) -> i64 {
        self.clock.now().timestamp()
    }

    /// A request to this house, however `url` calls it.
    pub fn request(&self, method: Method, url: &str) -> reqwest::RequestBuilder {
        let path = url.strip_prefix(self.public_url.as_str().trim_end_matches('/')).unwrap_or(url);
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser { house: self, cookies: BTreeMap::new() }
    }

    pub async fn me(&self, token: &str) -> Answer {
        answer(self.request(Method::GET, "/api/v1/me").bearer_auth(token)).await
    }

    /// What Entra says of Amélie when she signs in.
    pub fn identity(&self, nonce: &str) -> Value {
        json!({"ver": "2.0", "iss": self.entra.issuer(), "aud": APP, "tid": TENANT, "oid": AMELIE, "sub": "opaque",
            "name": "Amélie Martin", "preferred_username": "amelie@contoso.example", "nonce": nonce,
            "roles": ["Author", "Approver", "Gardener"], "nbf": self.now() - 5, "exp": self.now() + 3600})
    }

    /// What Entra says of a program.
    pub fn program(&self) -> Value {
        json!({"ver": "2.0", "iss": self.entra.issuer(), "aud": APP, "tid": TENANT, "oid": PROGRAM, "sub": PROGRAM,
            "azp": PROGRAM, "azpacr": "1", "idtyp": "app", "roles": ["Author"], "nbf": self.now() - 5,
            "exp": self.now() + 3600})
    }

    /// What Entra says of Amélie to our tab in Teams.
    pub fn tab(&self) -> Value {
        json!({"ver": "2.0", "iss": self.entra.issuer(), "aud": APP, "tid": TENANT, "oid": AMELIE, "azp": PROGRAM,
            "name": "Amélie Martin", "preferred_username": "amelie@contoso.example", "scp": "access_as_user",
            "roles": ["Reader"], "nbf": self.now() - 5, "exp": self.now() + 3600})
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

/// Keeps cookies, and follows nothing by itself.
pub struct Browser<'a> {
    house: &'a House,
    pub cookies: BTreeMap<String, String>,
}

impl Browser<'_> {
    pub fn request(&self, method: Method, url: &str) -> reqwest::RequestBuilder {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = self.house.request(method, url);
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    pub async fn get(&mut self, url: &str) -> Answer {
        let answer = answer(self.request(Method::GET, url)).await;
        self.take_cookies(&answer);
        answer
    }

    fn take_cookies(&mut self, answer: &Answer) {
        for cookie in answer.headers.get_all("set-cookie") {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Begins to sign in.
    pub async fn depart(&mut self, return_to: &str) -> Departed {
        let sent = self.get(&format!("/sign-in?return_to={return_to}")).await;
        assert_eq!(sent.status, 303, "{}", sent.text);
        Departed::new(sent.header("location"))
    }

    /// Signs Amélie in; what Entra says of her is `said`.
    pub async fn sign_in_as(&mut self, said: impl FnOnce(Value) -> Value) -> Answer {
        let departed = self.depart("/welcome").await;
        let claims = said(self.house.identity(&departed.said("nonce")));
        let back = self.house.entra.send_back(&departed, self.house.entra.token(&claims));
        self.get(&back).await
    }

    /// Signs Amélie in, and says what her page must send along.
    pub async fn sign_in(&mut self) -> String {
        let arrived = self.sign_in_as(|claims| claims).await;
        assert_eq!((arrived.status, arrived.header("location")), (303, "/welcome"), "{}", arrived.text);
        let me = self.get("/api/v1/me").await;
        me.body()["session"]["csrf_token"].as_str().unwrap().to_owned()
    }

    /// Whether whoever holds the cookie is signed in.
    pub async fn is_signed_in(&mut self) -> bool {
        let me = self.get("/api/v1/me").await;
        assert!([200, 401].contains(&me.status), "{me:?}");
        me.status == 200
    }
}
