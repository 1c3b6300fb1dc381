//! One Stentor with everything around it: a simulated Teams and a Postgres that outlive the workers.

use std::collections::BTreeMap;
use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};
use sqlx::ConnectOptions;
use stentor::adapters::postgres::PgStore;
use stentor::adapters::postgres::managed::testing::plant_cluster;
use stentor::adapters::postgres::managed::{Managed, Role};
use stentor::adapters::postgres::pool::PoolSettings;
use stentor::adapters::system::SystemClock;
use stentor::domain::ids::{BroadcastId, TenantKey};
use stentor::domain::progress::Progress;
use stentor::ports::{BroadcastReport, Clock, Store};
use stentor::simulator::people::{Person, Standing};
use stentor::simulator::service::Simulator;
use stentor::simulator::settings::SimulatorSettings;
use tempfile::TempDir;

pub const PEOPLE: usize = 1000;
/// How long anything may take that is not an outage.
const PATIENCE: Duration = Duration::from_secs(60);
/// Twenty times the published limits in the simulator; sends a little slower, so that there is a middle to hit.
/// Requests are more patient than a worker is frozen: an answer that waited for longer than that is not read.
const QUICK: [(&str, &str); 8] = [
    ("NETWORK__REQUEST_TIMEOUT", "60s"),
    ("QUOTAS__SEND", "200/s"),
    ("QUOTAS__CHECK", "600/s"),
    ("QUOTAS__INSTALL", "600/s"),
    ("QUOTAS__RESOLVE", "600/s"),
    ("QUOTAS__CATALOG", "600/s"),
    ("NETWORK__PROXY", "none"),
    ("RETRY__FIRST", "200ms"),
];

pub async fn pause(duration: Duration) {
    SystemClock.sleep_until(SystemClock.monotonic() + duration).await;
}

pub struct House {
    // The order of the fields is the order of the end: Postgres before its folder.
    pub simulator: Simulator,
    postgres: Option<Managed>,
    store: PgStore,
    tenant: TenantKey,
    data: PathBuf,
    dir: TempDir,
}

impl House {
    pub async fn open() -> Self {
        let dir = tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().unwrap();
        let data = dir.path().join("data");
        Self::on(dir, data).await
    }

    /// With its Postgres in `data`.
    pub async fn on(dir: TempDir, data: PathBuf) -> Self {
        let settings = SimulatorSettings {
            people: PEOPLE,
            quota_factor: 20.0,
            latency: Duration::from_millis(20),
            ..SimulatorSettings::default()
        };
        let (tenant_id, app_id) = (settings.tenant, settings.app);
        let simulator = Simulator::start(settings, Arc::new(SystemClock)).await.unwrap();
        plant_cluster(&data).await.unwrap();
        let postgres = start(&data).await;
        let store = PgStore::new(postgres.connect_options(), PoolSettings::default());
        stentor::adapters::postgres::schema::migrate(store.database()).await.unwrap();
        let tenant = store.tenant(tenant_id, app_id).await.unwrap();
        Self { simulator, postgres: Some(postgres), store, tenant, data, dir }
    }

    pub fn postgres(&self) -> &Managed {
        self.postgres.as_ref().expect("it runs")
    }

    pub async fn stop_postgres(&mut self) {
        self.postgres.take().expect("it runs").stop().await;
    }

    pub async fn start_postgres(&mut self) {
        // What is left of one that died goes first.
        drop(self.postgres.take());
        self.postgres = Some(start(&self.data).await);
    }

    /// Whether Postgres ended by itself, as on a full disk.
    pub async fn postgres_ended(&self) -> bool {
        tokio::time::timeout(Duration::from_millis(1), self.postgres().exited()).await.is_ok()
    }

    pub async fn sql(&self, sql: &'static str) {
        let mut conn = self.postgres().connect_options().connect().await.unwrap();
        sqlx::raw_sql(sql).execute(&mut conn).await.unwrap();
    }

    fn settings(&self, url: &str) -> PathBuf {
        let known = SimulatorSettings::default();
        let text = format!(
            "[database]\nurl = {url:?}\n[teams]\ncloud = \"custom\"\ntenant_id = \"{}\"\napp_id = \"{}\"\n\
             client_secret = {:?}\nmanifest_id = \"{}\"\n[teams.custom]\nlogin_url = {:?}\ngraph_url = {:?}\nbot_url = {:?}\n",
            known.tenant,
            known.app,
            known.client_secret,
            known.external_id,
            self.simulator.login_url(),
            self.simulator.graph_url(),
            self.simulator.bot_url(),
        );
        let file = self.dir.path().join("stentor.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    fn command(&self, url: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stentor"));
        command.env_remove("STENTOR_CONFIG").stdin(Stdio::null()).arg("--config").arg(self.settings(url));
        command.envs(QUICK.map(|(key, value)| (format!("STENTOR__{key}"), value))).args(args);
        command
    }

    /// A worker that comes to the database by `url`.
    pub fn worker(&self, name: &str, url: &str) -> Worker {
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let log = self.dir.path().join(format!("{name}.log"));
        let command = self.command(url, &["work", "--listen", &listen]);
        Worker::start(command, log, format!("http://{listen}"))
    }

    /// Accepts a broadcast to everybody, as an author would.
    pub fn create(&self) -> BroadcastId {
        let args = ["broadcast", "create", "--now", "--title", "News", "--body", "Text", "--audience-expr", "everyone"];
        let url = self.postgres().url();
        let Output { status, stdout, stderr } = self.command(&url, &args).arg("--json").output().unwrap();
        assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
        let document: serde_json::Value = serde_json::from_slice(&stdout).unwrap();
        document["id"].as_str().unwrap().parse().unwrap()
    }

    /// `None` while the database is away.
    pub async fn report(&self, id: BroadcastId) -> Option<BroadcastReport> {
        match self.store.report(self.tenant, id).await {
            Ok(report) => report,
            Err(error) if error.is_transient() => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits until the report satisfies `wanted`, looking after the workers meanwhile; the sum holds at every look.
    pub async fn until(
        &self,
        id: BroadcastId,
        workers: &mut [&mut Worker],
        wanted: impl Fn(&BroadcastReport) -> bool,
    ) -> BroadcastReport {
        let give_up_at = SystemClock.monotonic() + PATIENCE;
        loop {
            workers.iter_mut().for_each(|worker| worker.look_after());
            if let Some(report) = self.report(id).await {
                assert!(report.progress.adds_up(), "{:?}", report.progress);
                if wanted(&report) {
                    return report;
                }
                let logs: Vec<String> = workers.iter().map(|worker| worker.last_words()).collect();
                assert!(SystemClock.monotonic() < give_up_at, "it never came: {report:?}\n{}", logs.join("\n\n"));
            }
            pause(Duration::from_millis(50)).await;
        }
    }

    pub async fn until_sent(&self, id: BroadcastId, worker: &mut Worker, sent: u64) {
        self.until(id, &mut [worker], |report| report.progress.sent >= sent).await;
    }

    /// Waits for the end and judges it, in `hold`: nobody lost, nobody told twice, the sum holds, nothing is claimed.
    pub async fn ends_well(&self, id: BroadcastId, workers: &mut [&mut Worker]) -> Progress {
        let report = self.until(id, workers, |report| report.state.is_final()).await;
        let (progress, ledger) = (report.progress, self.simulator.ledger_summary());
        assert_eq!((progress.targeted, progress.pending), (PEOPLE as u64, 0), "{progress:?}");
        assert_eq!(ledger.duplicates, 0, "somebody was told twice");
        assert_eq!(self.lost(id).await, Vec::<String>::new(), "{progress:?}");
        assert!(progress.unconfirmed <= 256, "the doubt is at most one window: {progress:?}");
        let holding = self.store.holding(self.tenant).await.unwrap();
        assert_eq!((holding.open, holding.claimed), (0, 0), "something is left over");
        progress
    }

    /// Who can be told, was not by the ledger, and of whom we do not say that she may not have been.
    async fn lost(&self, id: BroadcastId) -> Vec<String> {
        let said = self.store.deliveries(self.tenant, id, None, PEOPLE as u32).await.unwrap();
        let owned_up = |person: &Person| {
            said.iter().any(|(_, report)| report.entra_id.0 == person.id && report.state == "unconfirmed")
        };
        let world = self.simulator.world();
        let world = world.lock().unwrap();
        let can = |person: &&Person| matches!(person.standing, Standing::Warm | Standing::WithoutBot);
        let missed = |person: &&Person| world.ledger().delivered_to(person.number) == 0 && !owned_up(person);
        let people = world.organisation().people().iter().filter(can).filter(missed);
        people.map(|person| person.principal_name()).collect()
    }
}

async fn start(data: &Path) -> Managed {
    let clock = Arc::new(SystemClock);
    Managed::open(data, Role::Service { name: "chaos" }, clock).await.unwrap_or_else(|error| panic!("{error}"))
}

/// A worker process under a supervisor: when it ends by itself it is started afresh, as systemd would.
pub struct Worker {
    command: Command,
    child: Child,
    log: PathBuf,
    url: String,
    restart_at: Option<stentor::domain::time::Monotonic>,
    /// CPU time by process, in ticks.
    ticks: BTreeMap<u32, u64>,
    pub restarts: u32,
}

/// Shorter than the unit's five seconds, so that nothing hides behind it.
const RESTART_AFTER: Duration = Duration::from_secs(1);

impl Worker {
    fn start(mut command: Command, log: PathBuf, url: String) -> Self {
        let child = spawn(&mut command, &log);
        Self { command, child, log, url, restart_at: None, ticks: BTreeMap::new(), restarts: 0 }
    }

    pub fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).expect("it is ours");
    }

    /// Notes its CPU time; starts it afresh when it ended.
    pub fn look_after(&mut self) {
        let now = SystemClock.monotonic();
        match self.restart_at {
            Some(at) if now >= at => {
                (self.child, self.restart_at) = (spawn(&mut self.command, &self.log), None);
                self.restarts += 1;
            }
            Some(_) => {}
            None => {
                if let Some(ticks) = ticks(self.child.id()) {
                    self.ticks.insert(self.child.id(), ticks);
                }
                if self.child.try_wait().unwrap().is_some() {
                    self.restart_at = Some(now + RESTART_AFTER);
                }
            }
        }
    }

    /// CPU time that it used so far.
    pub fn cpu(&mut self) -> Duration {
        self.look_after();
        let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().unwrap_or(100) as f64;
        Duration::from_secs_f64(self.ticks.values().sum::<u64>() as f64 / per_second)
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }

    /// Waits until it has logged these words.
    pub async fn says(&mut self, words: &str) {
        let give_up_at = SystemClock.monotonic() + PATIENCE;
        while !self.log().contains(words) {
            assert!(SystemClock.monotonic() < give_up_at, "it never says “{words}”\n{}", self.last_words());
            self.look_after();
            pause(Duration::from_millis(100)).await;
        }
    }

    /// What `/readyz` says of its parts; empty when it does not answer.
    pub async fn readiness(&self) -> String {
        match reqwest::get(format!("{}/readyz", self.url)).await {
            Ok(answer) => answer.text().await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Waits for so long and looks after it: no busy loop, a log that can be read.
    ///
    /// Returns everything that readiness said meanwhile.
    pub async fn sits_out(&mut self, outage: Duration) -> String {
        self.watched(outage, 0.1).await
    }

    /// The same of a worker that works meanwhile, which costs something.
    pub async fn goes_on(&mut self, time: Duration) -> String {
        self.watched(time, 0.5).await
    }

    async fn watched(&mut self, outage: Duration, cpu_share_max: f64) -> String {
        let (cpu, lines) = (self.cpu(), self.log().lines().count());
        let until = SystemClock.monotonic() + outage;
        let mut said = String::new();
        while SystemClock.monotonic() < until {
            self.look_after();
            let readiness = self.readiness().await;
            if !said.contains(&readiness) {
                said += &readiness;
            }
            pause(Duration::from_millis(500)).await;
        }
        let (cpu, lines) = (self.cpu() - cpu, self.log().lines().count() - lines);
        let minutes = outage.as_secs_f64() / 60.0;
        println!("{:.1} s of CPU and {lines} lines of log in {:.0} s", cpu.as_secs_f64(), outage.as_secs_f64());
        assert!(cpu < outage.mul_f64(cpu_share_max), "a busy loop: {cpu:?} in {outage:?}");
        assert!((lines as f64) < 200.0 * minutes, "{lines} lines in {minutes:.1} min\n{}", self.last_words());
        said
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(command: &mut Command, log: &Path) -> Child {
    let log = OpenOptions::new().create(true).append(true).open(log).unwrap();
    command.stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

/// The user and system time of a process, in ticks.
fn ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold spaces and brackets; what follows the last bracket does not.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}
