//! Networks as enterprises have them: hosts at other addresses, authorities of their own, proxies that want a
//! password. The published names of the global cloud, and nothing that ever leaves loopback.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use stentor::adapters::postgres::managed::testing::TestDatabase;
use stentor::app::people::PeopleError;
use stentor::app::submit::{Audience, Draft, Going, SubmitError, submit};
use stentor::config::{Need, Settings, Sources};
use stentor::domain::broadcast::{BroadcastState, TOLERANCE, Treatment};
use stentor::domain::content::Content;
use stentor::domain::delivery::WhenInDoubt;
use stentor::domain::ids::BroadcastId;
use stentor::domain::reason::HaltReason;
use stentor::ports::BroadcastReport;
use stentor::wiring::{Role, Simulated, SimulatedTls, Simulation, Stentor, Weather};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_util::sync::CancellationToken;

const HOSTS: [&str; 3] = ["login.microsoftonline.com", "graph.microsoft.com", "smba.trafficmanager.net"];
const PEOPLE: u32 = 60;
const PATIENCE: Duration = Duration::from_secs(30);
/// Twenty times the published limits, on both sides.
const QUICK: &str = "[quotas]\nsend = \"1000/s\"\ncheck = \"600/s\"\ninstall = \"600/s\"\nresolve = \"600/s\"\n\
                     catalog = \"600/s\"\ndirectory = \"1000/s\"\n[engine]\npoll_every = \"200ms\"\nprobe_every = \"1s\"\n";

/// A Teams that answers encrypted, and a database.
struct Town {
    dir: TempDir,
    teams: Simulated,
    address: SocketAddr,
    database: TestDatabase,
}

async fn town(names: &[&str]) -> Town {
    let dir = tempfile::tempdir().unwrap();
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    let simulation = Simulation {
        people: PEOPLE,
        seed: 1,
        listen: ([127, 0, 0, 1], 0).into(),
        reached_at: None,
        browsed_at: None,
        redirects: Vec::new(),
        quota_factor: 20.0,
        is_warm: false,
        installed: None,
        latency: Duration::ZERO,
        weather: Weather::None,
        token_lifetime: None,
        tls: Some(SimulatedTls { names, ca_file: dir.path().join("ca.pem") }),
        webhook: None,
    };
    let (teams, database) = tokio::join!(Simulated::start(simulation), TestDatabase::create());
    let teams = teams.unwrap();
    let address = teams.address();
    Town { dir, teams, address, database }
}

impl Town {
    fn ca(&self) -> String {
        format!("extra_ca_file = \"{}\"\n", self.teams.access.extra_ca_file.as_ref().unwrap())
    }

    fn connect_to(&self) -> String {
        let lines = HOSTS.map(|host| format!("\"{host}\" = \"{}\"\n", self.address));
        format!("[network.connect_to]\n{}", lines.concat())
    }

    /// The global cloud, by its own names, over such a network.
    fn settings(&self, network: &str) -> Settings {
        let access = &self.teams.access;
        let text = format!(
            "{QUICK}[database]\nurl = \"{}\"\n[teams]\ncloud = \"global\"\ntenant_id = \"{}\"\napp_id = \"{}\"\n\
             client_secret = \"{}\"\nmanifest_id = \"{}\"\n[network]\n{network}",
            self.database.url(),
            access.tenant_id,
            access.app_id,
            access.client_secret,
            access.manifest_id
        );
        let file = self.dir.path().join("stentor.toml");
        std::fs::write(&file, text).unwrap();
        Settings::load(&Sources { file: Some(file), ..Sources::default() }, Need::Teams).unwrap()
    }

    async fn stentor(&self, network: &str) -> Stentor {
        Stentor::open(self.settings(network), Role::Service("run")).await.unwrap()
    }

    /// Over a network in which everything is well.
    async fn well(&self) -> Stentor {
        self.stentor(&format!("proxy = \"none\"\n{}{}", self.ca(), self.connect_to())).await
    }
}

async fn announce(stentor: &Stentor) -> Result<BroadcastId, SubmitError> {
    let content = Content { title: "News".to_owned(), body: "Text".to_owned(), ..Content::default() };
    let deadline_at = stentor.clock.now() + Duration::from_secs(3600);
    let treatment = Treatment { when_in_doubt: WhenInDoubt::Hold, urgent: false, deadline_at, tolerance: TOLERANCE };
    let draft = Draft {
        content,
        going: Going::Chat,
        treatment,
        audience: Audience::Everyone,
        schedule: None,
        author: None,
        expire_after: None,
        accept_partial: false,
    };
    submit(&stentor.people(), draft, |_| {}).await.map(|accepted| accepted.broadcast)
}

fn refused(submitted: Result<BroadcastId, SubmitError>) -> (HaltReason, String) {
    match submitted {
        Err(SubmitError::People(PeopleError::Refused { reason, detail })) => (reason, detail.unwrap_or_default()),
        other => panic!("{other:?}"),
    }
}

async fn pause(stentor: &Stentor, duration: Duration) {
    stentor.clock.sleep_until(stentor.clock.monotonic() + duration).await;
}

/// Works until the report is as wanted, then stops in order.
async fn work_until(stentor: Stentor, id: BroadcastId, wanted: impl Fn(&BroadcastReport) -> bool) -> BroadcastReport {
    let stop = CancellationToken::new();
    let looking = async {
        let _stop = stop.clone().drop_guard();
        let give_up_at = stentor.clock.monotonic() + PATIENCE;
        loop {
            let report = stentor.store.report(stentor.tenant, id).await.unwrap().unwrap();
            assert!(report.progress.adds_up(), "{report:?}");
            if wanted(&report) {
                return report;
            }
            assert!(stentor.clock.monotonic() < give_up_at, "it never came: {report:?}");
            pause(&stentor, Duration::from_millis(50)).await;
        }
    };
    let (worked, report) = tokio::join!(stentor.work(stop.clone()), looking);
    worked.unwrap();
    stentor.close().await.unwrap();
    report
}

/// But for those whom no rule allows us to reach.
fn nobody_has_had_a_turn(report: &BroadcastReport) -> bool {
    let progress = &report.progress;
    progress.pending > 0 && progress.pending + progress.skipped == u64::from(PEOPLE)
}

fn everybody_was_told(report: &BroadcastReport, town: &Town) {
    assert_eq!((report.state, report.progress.targeted), (BroadcastState::Done, u64::from(PEOPLE)));
    assert_eq!((report.progress.pending, report.progress.unconfirmed), (0, 0));
    assert!(report.progress.sent >= 40, "{report:?}");
    let ledger = town.teams.ledger();
    assert_eq!(ledger.duplicates, 0);
    assert!(ledger.requests["send"] >= report.progress.sent, "{ledger:?}");
}

/// An HTTP proxy that connects whoever asks to one address, whatever host was named.
struct Proxy {
    address: SocketAddr,
    tunnels: Arc<AtomicUsize>,
}

impl Proxy {
    async fn start(to: SocketAddr, password: Option<&'static str>) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), to, password)
    }

    fn on(listener: TcpListener, to: SocketAddr, password: Option<&'static str>) -> Self {
        let (address, tunnels) = (listener.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = Arc::clone(&tunnels);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(tunnel(stream, to, password, Arc::clone(&count)));
            }
        });
        Self { address, tunnels }
    }
}

async fn tunnel(stream: TcpStream, to: SocketAddr, password: Option<&str>, count: Arc<AtomicUsize>) {
    let mut stream = BufReader::new(stream);
    let (mut head, mut line) = (String::new(), String::new());
    while stream.read_line(&mut line).await.unwrap_or(0) > 2 {
        head += &std::mem::take(&mut line);
    }
    let host = HOSTS.iter().any(|host| head.starts_with(&format!("CONNECT {host}:443 ")));
    let expected = password.map(|password| format!("proxy-authorization: basic {password}").to_lowercase());
    let known = expected.is_none_or(|expected| head.to_lowercase().lines().any(|line| line == expected));
    let answer = match (host, known) {
        (false, _) => "HTTP/1.1 403 Forbidden\r\n\r\n",
        (true, false) => "HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n\r\n",
        (true, true) => "HTTP/1.1 200 OK\r\n\r\n",
    };
    let _ = stream.write_all(answer.as_bytes()).await;
    if host && known {
        count.fetch_add(1, Ordering::Relaxed);
        let mut teams = TcpStream::connect(to).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut stream, &mut teams).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_at_another_address_under_an_authority_of_our_own_are_reached() {
    let town = town(&HOSTS).await;
    assert_eq!(town.teams.access.cloud, "global");
    let stentor = town.well().await;
    let id = announce(&stentor).await.unwrap();
    let report = work_until(stentor, id, |report| report.state.is_final()).await;
    everybody_was_told(&report, &town);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_authority_everything_halts_with_the_cure_and_nobody_fails() {
    let town = town(&HOSTS).await;
    let stentor = town.well().await;
    let id = announce(&stentor).await.unwrap();
    stentor.close().await.unwrap();

    // What is known of the directory is too old for whoever announces.
    let without_ca = format!("proxy = \"none\"\n{}[directory]\nfresh_for = \"1ms\"\n", town.connect_to());
    let stentor = town.stentor(&without_ca).await;
    let (reason, detail) = refused(announce(&stentor).await);
    assert_eq!(reason, HaltReason::CertificateUntrusted);
    assert!(detail.contains("UnknownIssuer"), "{detail}");
    assert!(reason.cure().contains("network.extra_ca_file"));
    let halted = work_until(stentor, id, |report| report.halt.is_some() && nobody_has_had_a_turn(report)).await;
    assert_eq!(halted.halt.unwrap().reason, HaltReason::CertificateUntrusted);

    // With the authority it goes on by itself.
    let report = work_until(town.well().await, id, |report| report.state.is_final()).await;
    everybody_was_told(&report, &town);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_for_another_host_is_refused() {
    let town = town(&["intranet.contoso.example"]).await;
    let stentor = town.well().await;
    let (reason, detail) = refused(announce(&stentor).await);
    assert_eq!(reason, HaltReason::CertificateUntrusted);
    assert!(detail.contains("not valid for name"), "{detail}");
    assert_eq!(town.teams.ledger().requests.values().sum::<u64>(), 0, "nothing was said to a stranger");
    stentor.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_carries_everything_and_its_password_is_asked_for() {
    let town = town(&HOSTS).await;
    // "herald:p@ss/word", as its header says it.
    let proxy = Proxy::start(town.address, Some("aGVyYWxkOnBAc3Mvd29yZA==")).await;
    for wrong in ["", "herald:other@"] {
        let stentor = town.stentor(&format!("proxy = \"http://{wrong}{}\"\n{}", proxy.address, town.ca())).await;
        let (reason, _) = refused(announce(&stentor).await);
        assert_eq!(reason, HaltReason::ProxyRefused);
        stentor.close().await.unwrap();
    }
    assert_eq!(proxy.tunnels.load(Ordering::Relaxed), 0);

    let through = format!("proxy = \"http://herald:p%40ss%2Fword@{}\"\n{}", proxy.address, town.ca());
    let stentor = town.stentor(&through).await;
    let id = announce(&stentor).await.unwrap();
    let report = work_until(stentor, id, |report| report.state.is_final()).await;
    everybody_was_told(&report, &town);
    // At least one for each of the three hosts: no name was looked up by anybody but the proxy.
    assert!(proxy.tunnels.load(Ordering::Relaxed) >= 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_proxy_that_is_down_is_waited_for_and_nobody_is_lost() {
    let town = town(&HOSTS).await;
    let stentor = town.well().await;
    let id = announce(&stentor).await.unwrap();
    stentor.close().await.unwrap();

    // Ours, and not listening: whoever connects is refused.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap();
    let stentor = town.stentor(&format!("proxy = \"http://{address}\"\n{}", town.ca())).await;
    let (store, tenant) = (Arc::clone(&stentor.store), stentor.tenant);
    let clock = Arc::clone(&stentor.clock);
    let mending = async {
        clock.sleep_until(clock.monotonic() + Duration::from_secs(3)).await;
        let report = store.report(tenant, id).await.unwrap().unwrap();
        assert!(report.state == BroadcastState::Running && nobody_has_had_a_turn(&report), "{report:?}");
        Proxy::on(socket.listen(64).unwrap(), town.address, None)
    };
    let (report, _proxy) = tokio::join!(work_until(stentor, id, |report| report.state.is_final()), mending);
    everybody_was_told(&report, &town);
}
