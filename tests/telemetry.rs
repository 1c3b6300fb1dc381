//! What the real `run` tells about itself: every documented metric, and not a word about anybody.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Bytes;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use stentor::adapters::postgres::PgStore;
use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::system::SystemClock;
use stentor::app::hear::Verdict;
use stentor::domain::credential::CredentialKind;
use stentor::domain::delivery::Settlement;
use stentor::domain::outcome::Step;
use stentor::domain::pacing::Bucket;
use stentor::domain::reason::{HaltReason, Reason};
use stentor::ports::Clock;
use stentor::simulator::{Simulator, SimulatorSettings};
use stentor::telemetry::{self, METRICS};
use tempfile::TempDir;
use tokio::net::TcpListener;

const PEOPLE: usize = 60;
const PATIENCE: Duration = Duration::from_secs(40);
const TITLE: &str = "Zanzibar closes at noon";
const BODY: &str = "Quetzalcoatl says: leave before **12:00**.";
const OUTCOMES: [&str; 12] = [
    "learnt",
    "accepted",
    "throttled",
    "transient",
    "not_yet",
    "stale_route",
    "needs_remedy",
    "rejected",
    "content_refused",
    "lost",
    "refused",
    "not_started",
];

/// A `run` that does not outlive its test.
struct Running {
    child: Child,
    dir: TempDir,
    simulator: Simulator,
    database: TestDatabase,
    collector: Collector,
}

/// Takes whatever is posted to it: a collector of traces, as far as the other side can tell.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<u8>>>);

impl Collector {
    async fn start() -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (collector, address) = (Self::default(), listener.local_addr().unwrap());
        let posted = collector.clone();
        let take = move |body: Bytes| async move { posted.0.lock().unwrap().extend_from_slice(&body) };
        let router = axum::Router::new().route("/v1/traces", axum::routing::post(take));
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, address)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// Without the feature, an address would be refused.
fn telemetry_settings(collector: SocketAddr) -> String {
    let address = if cfg!(feature = "otel") { format!("http://{collector}") } else { String::new() };
    format!("[telemetry]\notlp_endpoint = \"{address}\"\n")
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn stentor(dir: &TempDir, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stentor"));
    command.env_remove("STENTOR_CONFIG").stdin(Stdio::null());
    command.arg("--config").arg(dir.path().join("stentor.toml")).args(args);
    command
}

async fn pause(duration: Duration) {
    SystemClock.sleep_until(SystemClock.monotonic() + duration).await;
}

impl Running {
    async fn start() -> Self {
        let settings = SimulatorSettings { people: PEOPLE, quota_factor: 20.0, ..SimulatorSettings::default() };
        let (simulator, database) =
            tokio::join!(Simulator::start(settings.clone(), Arc::new(SystemClock)), TestDatabase::create());
        let simulator = simulator.unwrap();
        let text = format!(
            "[database]\nurl = \"{}\"\n[teams]\ncloud = \"custom\"\ntenant_id = \"{}\"\napp_id = \"{}\"\n\
             client_secret = \"{}\"\nmanifest_id = \"{}\"\n[teams.custom]\nlogin_url = \"{}\"\ngraph_url = \"{}\"\n\
             bot_url = \"{}\"\n[quotas]\nsend = \"1000/s\"\ncheck = \"600/s\"\ninstall = \"600/s\"\nresolve = \
             \"600/s\"\ncatalog = \"600/s\"\n[http]\nlisten = \"127.0.0.1:0\"\n[log]\nformat = \"json\"\nfilter = \
             \"debug\"\n",
            database.url(),
            settings.tenant,
            settings.app,
            settings.client_secret,
            settings.external_id,
            simulator.login_url(),
            simulator.graph_url(),
            simulator.bot_url()
        );
        let (collector, address) = Collector::start().await;
        let text = text + &telemetry_settings(address);
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("stentor.toml"), text).unwrap();
        let log = std::fs::File::create(dir.path().join("run.log")).unwrap();
        let child = stentor(&dir, &["run"]).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        Self { child, dir, simulator, database, collector }
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("run.log")).unwrap()
    }

    /// What the commands told beside their answers.
    fn asides(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("asides.log")).unwrap()
    }

    /// Runs a command to its end.
    fn ask(&self, args: &[&str]) -> Value {
        let log = self.dir.path().join("asides.log");
        let log = std::fs::File::options().create(true).append(true).open(log).unwrap();
        let mut command = stentor(&self.dir, args);
        let mut child = command.arg("--json").stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut text = String::new();
        child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(child.wait().unwrap().success(), "{args:?}\n{text}\n{}", self.log());
        serde_json::from_str(&text).unwrap()
    }

    /// Until `found` is there.
    async fn until<T>(&self, what: &str, found: impl AsyncFn() -> Option<T>) -> T {
        let give_up_at = SystemClock.monotonic() + PATIENCE;
        loop {
            if let Some(found) = found().await {
                return found;
            }
            assert!(SystemClock.monotonic() < give_up_at, "never came: {what}\n{}", self.log());
            pause(Duration::from_millis(40)).await;
        }
    }

    async fn address(&self) -> SocketAddr {
        let told = async || {
            let log = self.log();
            let line = log.lines().find(|line| line.contains("serving and working"))?;
            let line: Value = serde_json::from_str(line).ok()?;
            line["address"].as_str()?.parse().ok()
        };
        self.until("its address", told).await
    }

    async fn stop(&mut self) {
        kill(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGTERM).unwrap();
        let give_up_at = SystemClock.monotonic() + PATIENCE;
        while self.child.try_wait().unwrap().is_none() {
            assert!(SystemClock.monotonic() < give_up_at, "it does not stop");
            pause(Duration::from_millis(20)).await;
        }
    }
}

async fn get(address: SocketAddr, path: &str) -> String {
    reqwest::get(format!("http://{address}{path}")).await.unwrap().text().await.unwrap()
}

fn find<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    match value {
        Value::Object(map) => map.get(key).or_else(|| map.values().find_map(|inner| find(inner, key))),
        _ => None,
    }
}

/// One line of `/metrics`.
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

fn samples(text: &str) -> Vec<Sample> {
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (series, value) = line.rsplit_once(' ').unwrap();
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let pairs = labels.trim_end_matches('}').split(',').filter(|pair| !pair.is_empty());
            let label = |pair: &str| pair.split_once('=').map(|(key, word)| (key.to_owned(), word.replace('"', "")));
            Sample {
                name: name.to_owned(),
                labels: pairs.map(|pair| label(pair).unwrap()).collect(),
                value: value.parse().unwrap(),
            }
        })
        .collect()
}

fn total(samples: &[Sample], name: &str, with: &[(&str, &str)]) -> f64 {
    let has = |sample: &&Sample| with.iter().all(|(key, word)| sample.labels.get(*key).is_some_and(|it| it == word));
    samples.iter().filter(|sample| sample.name == name).filter(has).map(|sample| sample.value).sum()
}

fn words(label: &str) -> BTreeSet<String> {
    let reasons = || Reason::ALL.iter().map(|reason| reason.code()).chain(["none"]);
    let words: Vec<&str> = match label {
        "step" => Step::ALL.into_iter().map(Step::name).collect(),
        "outcome" => OUTCOMES.to_vec(),
        "bucket" => Bucket::ALL.into_iter().map(Bucket::name).collect(),
        "settlement" => Settlement::ALL.into_iter().map(Settlement::name).collect(),
        "reason" => reasons().chain(HaltReason::ALL.iter().map(|reason| reason.code())).collect(),
        "scope" => vec!["tenant", "broadcast"],
        "state" => vec!["idle", "busy"],
        "heard" => Verdict::ALL.into_iter().map(Verdict::name).collect(),
        "credential" => CredentialKind::ALL.into_iter().map(CredentialKind::name).collect(),
        other => panic!("the label {other} is not documented"),
    };
    words.into_iter().map(str::to_owned).collect()
}

fn names_and_labels_are_the_documented_ones(text: &str, samples: &[Sample]) {
    let typed = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    let documented: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(typed.filter(|name| name.starts_with("stentor_")).collect::<BTreeSet<_>>(), documented);
    for sample in samples {
        let metric = METRICS.iter().find(|metric| sample.name.starts_with(metric.name)).unwrap();
        for (label, word) in sample.labels.iter().filter(|(label, _)| *label != "le") {
            assert!(metric.labels.contains(&label.as_str()), "{} has no label {label}", metric.name);
            assert!(words(label).contains(word), "{label}={word} in {}", metric.name);
        }
    }
}

fn values_are_plausible(samples: &[Sample], shown: &Value) {
    let of = |name| total(samples, name, &[]);
    let shown = |key| find(shown, key).and_then(Value::as_f64).unwrap();
    for settlement in ["sent", "failed", "skipped"] {
        let counted = total(samples, telemetry::DELIVERIES_SETTLED, &[("settlement", settlement)]);
        assert_eq!(counted, shown(settlement), "{settlement}");
    }
    assert_eq!(of(telemetry::DELIVERIES_SETTLED), PEOPLE as f64);
    assert!(total(samples, telemetry::DELIVERIES_SETTLED, &[("reason", "guest")]) > 0.0);
    assert_eq!(of(telemetry::EXPANDED), PEOPLE as f64);
    let sent = [("step", "send"), ("outcome", "accepted")];
    assert_eq!(total(samples, telemetry::ATTEMPTS, &sent), shown("sent"));
    assert_eq!(of("stentor_request_seconds_count"), of(telemetry::ATTEMPTS));
    assert_eq!(of("stentor_worker_lag_seconds_count"), of(telemetry::ATTEMPTS));
    assert!(of("stentor_worker_lag_seconds_sum") < 0.2 * of(telemetry::ATTEMPTS));
    assert!(of("stentor_flush_seconds_count") > 0.0);
    assert!(of("stentor_flush_facts_sum") >= of(telemetry::ATTEMPTS));
    assert!(of(telemetry::LEASE_SECONDS_LEFT) > 1.0 && of(telemetry::LEASE_SECONDS_LEFT) <= 8.0);
    assert!(of(telemetry::POOL_CONNECTIONS) >= 1.0);
    for quiet in [telemetry::OPEN_SENDS, telemetry::RESCUED, telemetry::HALTS, telemetry::THROTTLED] {
        assert_eq!(of(quiet), 0.0, "{quiet}");
    }
    assert_eq!(total(samples, telemetry::BUCKET_SHARE, &[("bucket", "send")]), 1.0);
}

/// Whatever identifies a person or opens a door, as the simulated organisation knows it.
fn secrets(simulator: &Simulator) -> Vec<String> {
    let world = simulator.world();
    let world = world.lock().unwrap();
    let people = world.organisation().people();
    let mut secrets: Vec<String> =
        people.iter().flat_map(|person| [person.display_name(), person.principal_name(), person.mail()]).collect();
    secrets.extend(["simulated-secret", "Bearer ", "eyJ", "Zanzibar", "Quetzalcoatl"].map(str::to_owned));
    secrets
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_tells_everything_about_its_work_and_nothing_about_anybody() {
    let mut running = Running::start().await;
    let address = running.address().await;
    let args = ["broadcast", "create", "--now", "--title", TITLE, "--body", BODY, "--audience-expr", "everyone"];
    let created = running.ask(&args);
    let id = find(&created, "id").unwrap().as_str().unwrap().to_owned();
    let done = async || {
        let shown = running.ask(&["broadcast", "show", &id]);
        (find(&shown, "state").unwrap() == "done").then_some(shown)
    };
    let shown = running.until("the end of the broadcast", done).await;
    assert_eq!(find(&shown, "targeted").and_then(Value::as_u64), Some(PEOPLE as u64));

    // The tenant is given back a moment after its last broadcast; connections are counted every few seconds.
    let counted = async || {
        let text = get(address, "/metrics").await;
        let seen = samples(&text);
        let idle = total(&seen, telemetry::LEASES_HELD, &[]) == 0.0;
        (idle && total(&seen, telemetry::POOL_CONNECTIONS, &[]) >= 1.0).then_some(text)
    };
    let text = running.until("the tenant to be given back", counted).await;
    let seen: Vec<Sample> = samples(&text).into_iter().filter(|it| it.name.starts_with("stentor_")).collect();
    names_and_labels_are_the_documented_ones(&text, &seen);
    values_are_plausible(&seen, &shown);

    running.stop().await;
    let log = running.log();
    assert!(log.lines().count() > 100, "it did log at debug");
    for line in log.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "not JSON: {line}");
    }
    let (log, traces) = (log + &running.asides(), running.collector.text());
    for secret in secrets(&running.simulator) {
        let line = log.lines().find(|line| line.contains(&secret));
        assert_eq!(line, None, "the log names “{secret}”");
        assert!(!traces.contains(&secret), "the traces name “{secret}”");
    }
    let spans = ["request", "flush", "claim", "outcome", "accepted", "status"];
    assert_eq!(spans.iter().all(|word| traces.contains(word)), cfg!(feature = "otel"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_tells_which_part_is_unwell() {
    let running = Running::start().await;
    let address = running.address().await;
    let part = async |name: &str| -> Option<String> {
        let ready: Value = serde_json::from_str(&get(address, "/readyz").await).ok()?;
        Some(ready["parts"][name].as_str()?.to_owned())
    };
    let well = async || (part("worker").await? == "ok" && part("schema").await? == "ok").then_some(());
    running.until("the worker's lease", well).await;
    assert_eq!(part("database").await.unwrap(), "ok");

    // The lease ends under the worker's feet: it says so, and begins anew.
    let store = PgStore::new(running.database.connect_options(), PoolSettings::default());
    let end = "-- end_all\nupdate worker set alive_until = '-infinity'";
    store.database().run("end_all", async |conn| sqlx::query(end).execute(conn).await).await.unwrap();
    let told = async || part("worker").await.filter(|told| told.contains("lease"));
    running.until("the lost lease", told).await;
    running.until("the next lease", well).await;
    store.close().await;
}
