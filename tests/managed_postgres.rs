//! The private cluster: started, shared, killed in every way, and found again.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, User, geteuid};
use sqlx::{ConnectOptions, Connection};
use stentor::adapters::postgres::managed::testing::plant_cluster;
use stentor::adapters::postgres::managed::{Managed, ManagedError, Role, ScratchOptions};
use stentor::adapters::system::SystemClock;
use stentor::ports::Clock;
use tempfile::TempDir;
use tokio::time::timeout;

const RUN: Role = Role::Service { name: "run" };
const WORK: Role = Role::Service { name: "work" };
const LIST: Role = Role::Command { name: "broadcast list" };

#[tokio::test]
async fn a_first_start_is_durable_and_private() {
    let dir = data_dir();
    let managed = open(dir.path(), RUN).await;
    assert!(managed.is_owner());
    for setting in ["fsync", "synchronous_commit", "full_page_writes", "data_checksums"] {
        assert_eq!(show(&managed, setting).await, "on", "{setting}");
    }
    assert_eq!(show(&managed, "listen_addresses").await, "");
    assert_eq!(show(&managed, "server_encoding").await, "UTF8");
    let sql = "select datcollate::text from pg_database where datname = current_database()";
    assert_eq!(ask(&managed, sql).await, "C");
    let mut by_address = sqlx::PgConnection::connect(&managed.url()).await.expect("the address leads to the server");
    by_address.ping().await.expect("it answers");
    managed.stop().await;
}

#[tokio::test]
async fn a_warm_restart_finds_what_was_committed() {
    let dir = planted().await;
    let managed = open(dir.path(), RUN).await;
    remember(&managed).await;
    managed.stop().await;

    let begun = SystemClock.monotonic();
    let managed = open(dir.path(), RUN).await;
    println!("warm start: {:?}", SystemClock.monotonic().saturating_since(begun));
    assert_eq!(remembered(&managed).await, 1);
    managed.stop().await;
}

#[tokio::test]
async fn stopping_leaves_no_process_and_frees_the_directory() {
    let dir = planted().await;
    let managed = open(dir.path(), RUN).await;
    let pid = managed.postmaster_pid();
    managed.stop().await;
    assert!(!is_alive(pid));
    assert!(!dir.path().join("postgres/postmaster.pid").exists());

    let managed = open(dir.path(), RUN).await;
    let pid = managed.postmaster_pid();
    drop(managed);
    assert!(!is_alive(pid), "a drop stops it too");
}

#[tokio::test]
async fn a_second_run_is_refused_by_the_name_and_process_of_the_first() {
    let dir = planted().await;
    let first = open(dir.path(), RUN).await;
    let refused = Managed::open(dir.path(), Role::Service { name: "demo" }, clock()).await.expect_err("it is in use");
    let words = refused.to_string();
    assert!(matches!(refused, ManagedError::InUse { .. }), "{words}");
    assert!(words.contains("`run`") && words.contains(&std::process::id().to_string()), "{words}");
    first.stop().await;
}

#[tokio::test]
async fn others_attach_to_a_running_service_and_leave_it_running() {
    let dir = planted().await;
    let owner = open(dir.path(), RUN).await;
    remember(&owner).await;
    for role in [WORK, LIST] {
        let guest = open(dir.path(), role).await;
        assert!(!guest.is_owner());
        assert_eq!(guest.postmaster_pid(), owner.postmaster_pid());
        assert_eq!(remembered(&guest).await, 1);
        guest.stop().await;
    }
    assert_eq!(remembered(&owner).await, 1);
    let guest = open(dir.path(), WORK).await;
    owner.stop().await;
    timeout(Duration::from_secs(5), guest.exited()).await.expect("a guest notices that the owner left");
}

#[tokio::test]
async fn of_many_who_come_at_once_one_owns_and_all_are_served() {
    let dir = planted().await;
    let coming = (0..4).map(|_| open(dir.path(), LIST));
    let all = futures_util::future::join_all(coming).await;
    assert_eq!(all.iter().filter(|managed| managed.is_owner()).count(), 1);
    for managed in &all {
        assert_eq!(ask(managed, "select 'here'").await, "here");
    }
    futures_util::future::join_all(all.into_iter().map(Managed::stop)).await;
}

#[tokio::test]
async fn a_service_waits_for_a_command_to_end_and_then_owns() {
    let dir = planted().await;
    let command = open(dir.path(), LIST).await;
    let mut service = Box::pin(open(dir.path(), RUN));
    assert!(timeout(Duration::from_millis(200), &mut service).await.is_err(), "it waits");
    command.stop().await;
    let service = service.await;
    assert!(service.is_owner());
    service.stop().await;
}

#[tokio::test]
async fn a_command_lets_those_finish_who_attached_to_it() {
    let dir = planted().await;
    let owner = open(dir.path(), LIST).await;
    let guest = open(dir.path(), LIST).await;
    let mut stopping = Box::pin(owner.stop());
    assert!(timeout(Duration::from_millis(200), &mut stopping).await.is_err(), "it waits");
    assert_eq!(ask(&guest, "select 'still here'").await, "still here");
    guest.stop().await;
    stopping.await;
}

#[tokio::test]
async fn an_owner_that_vanishes_leaves_the_directory_to_one_who_waits() {
    let dir = planted().await;
    let lock = File::create(dir.path().join("lock")).expect("a file");
    lock.try_lock().expect("nobody else");
    let mut waiting = Box::pin(open(dir.path(), LIST));
    assert!(timeout(Duration::from_millis(200), &mut waiting).await.is_err(), "it waits");
    lock.unlock().expect("it was locked");
    let managed = waiting.await;
    assert!(managed.is_owner());
    managed.stop().await;
}

#[tokio::test]
async fn a_killed_postmaster_is_noticed_and_its_committed_rows_are_found_again() {
    let dir = planted().await;
    let managed = open(dir.path(), RUN).await;
    remember(&managed).await;
    slay(managed.postmaster_pid());
    timeout(Duration::from_secs(5), managed.exited()).await.expect("the death is noticed");
    drop(managed);

    let managed = open(dir.path(), RUN).await;
    assert_eq!(remembered(&managed).await, 1);
    managed.stop().await;
}

#[tokio::test]
async fn killed_together_with_its_owner_it_recovers_every_committed_row() {
    let dir = planted().await;
    let mut owner = Owner::start(dir.path(), &[]);
    slay(owner.postmaster);
    owner.kill();

    let managed = open(dir.path(), RUN).await;
    assert_eq!(remembered(&managed).await, 1);
    managed.stop().await;
}

#[tokio::test]
async fn a_server_whose_owner_was_killed_ends_and_is_never_mistaken_for_the_next() {
    let dir = planted().await;
    let mut owner = Owner::start(dir.path(), &[]);
    owner.kill();

    let managed = open(dir.path(), RUN).await;
    assert_ne!(managed.postmaster_pid(), owner.postmaster);
    assert!(ends_soon(owner.postmaster).await, "nothing is left behind");
    assert_eq!(remembered(&managed).await, 1);
    managed.stop().await;
}

#[tokio::test]
async fn a_stale_pid_file_that_names_a_living_stranger_does_not_prevent_a_start() {
    let dir = planted().await;
    let managed = open(dir.path(), RUN).await;
    remember(&managed).await;
    let killed = managed.postmaster_pid();
    slay(killed);
    managed.exited().await;
    drop(managed);
    // The number of the killed server goes to somebody who runs as the same user.
    let mut sleep = Command::new("sleep");
    sleep.arg("60");
    if let Some(user) = geteuid().is_root().then(|| User::from_name("postgres").ok().flatten()).flatten() {
        sleep.uid(user.uid.as_raw());
    }
    let mut stranger = sleep.spawn().expect("a process");
    for file in ["postgres/postmaster.pid", "run/.s.PGSQL.5432.lock"] {
        let path = dir.path().join(file);
        let text = fs::read_to_string(&path).expect("a killed server leaves its files");
        fs::write(&path, text.replacen(&killed.to_string(), &stranger.id().to_string(), 1)).expect("it can be written");
    }

    let managed = open(dir.path(), RUN).await;
    assert_eq!(remembered(&managed).await, 1);
    assert!(stranger.try_wait().expect("its state").is_none(), "the stranger was left in peace");
    managed.stop().await;
    stranger.kill().and_then(|()| stranger.wait()).expect("it ends");
}

#[tokio::test]
async fn a_killed_creation_leaves_nothing_half_made() {
    let dir = data_dir();
    let half = dir.path().join("postgres.new.1");
    fs::create_dir(&half).and_then(|()| fs::write(half.join("PG_VERSION"), "15")).expect("a half-made cluster");
    let managed = open(dir.path(), LIST).await;
    assert!(!half.exists());
    managed.stop().await;
}

#[tokio::test]
async fn a_deep_data_directory_still_has_a_socket() {
    let dir = data_dir();
    let deep = dir.path().join("a-folder-with-quite-a-long-name/".repeat(4));
    let managed = open(&deep, LIST).await;
    assert_eq!(ask(&managed, "select 'here'").await, "here");
    let options = managed.connect_options();
    let socket_dir = options.get_socket().expect("it has one");
    assert!(!socket_dir.starts_with(dir.path()), "{}", socket_dir.display());
    managed.stop().await;
    assert!(!socket_dir.exists(), "nothing is left outside of the data directory");
}

#[tokio::test]
async fn a_directory_that_the_server_may_not_reach_is_named_with_the_cure() {
    if !geteuid().is_root() {
        return; // Then the server runs as ourselves, and reaches whatever we reach.
    }
    let dir = data_dir();
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).expect("a folder");
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).expect("a mode");
    let refused = Managed::open(&closed.join("data"), RUN, clock()).await.expect_err("it cannot be reached");
    let words = refused.to_string();
    assert!(matches!(refused, ManagedError::Blocked { .. }), "{words}");
    assert!(words.contains(&format!("may not enter {}", closed.display())), "{words}");
    assert!(refused.cure().contains("--data-dir") && words.contains("`postgres`"), "{words}");
}

#[tokio::test]
async fn a_folder_that_is_no_cluster_is_left_alone() {
    let dir = data_dir();
    fs::create_dir(dir.path().join("postgres")).expect("a folder");
    fs::write(dir.path().join("postgres/precious"), "mine").expect("a file");
    let refused = Managed::open(dir.path(), RUN, clock()).await.expect_err("something else is there");
    assert!(matches!(refused, ManagedError::NotACluster { .. }), "{refused}");
    assert!(dir.path().join("postgres/precious").exists());
}

#[test]
fn missing_programs_name_the_package_and_the_other_way() {
    let dir = data_dir();
    let mut owner = owner_command(dir.path());
    let output = owner.env("STENTOR_POSTGRES_BIN", dir.path()).output().expect("it runs");
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(words.contains("apt-get install postgresql") && words.contains("database.url"), "{words}");
    assert!(words.contains("STENTOR_POSTGRES_BIN"), "{words}");
}

#[tokio::test]
async fn a_scratch_cluster_leaves_nothing() {
    let options = ScratchOptions { durable: false, ..ScratchOptions::default() };
    let managed = Managed::scratch(options, clock()).await.expect("it starts");
    let (dir, pid) = (managed.data_dir().to_owned(), managed.postmaster_pid());
    assert_eq!(show(&managed, "fsync").await, "off");
    managed.stop().await;
    assert!(!dir.exists() && !is_alive(pid));
}

/// Not a test: the process that others kill. It opens the directory that the variable names, and stays.
#[tokio::test]
async fn an_owner_in_a_process_of_its_own() {
    let Some(dir) = std::env::var_os("STENTOR_TEST_OWNER_OF") else { return };
    match Managed::open(Path::new(&dir), RUN, clock()).await {
        Err(error) => println!("\nrefused {error}. {}", error.cure()),
        Ok(managed) => {
            remember(&managed).await;
            println!("\nready {}", managed.postmaster_pid());
            std::future::pending::<()>().await;
        }
    }
}

/// A cluster with one row, owned by another process.
struct Owner {
    process: Child,
    postmaster: u32,
}

impl Owner {
    fn start(dir: &Path, env: &[(&str, &str)]) -> Self {
        let mut process = owner_command(dir).envs(env.iter().copied()).stdout(Stdio::piped()).spawn().expect("it runs");
        let lines = BufReader::new(process.stdout.take().expect("it is piped")).lines();
        let ready = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("ready ")?.parse().ok());
        Self { process, postmaster: ready.expect("it says that it is ready") }
    }

    fn kill(&mut self) {
        self.process.kill().and_then(|()| self.process.wait()).expect("it ends");
    }
}

fn owner_command(dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", "an_owner_in_a_process_of_its_own", "--nocapture"]).env("STENTOR_TEST_OWNER_OF", dir);
    command
}

/// A data directory with a cluster in it, so that only the tests of a first start pay for one.
async fn planted() -> TempDir {
    let dir = data_dir();
    plant_cluster(dir.path()).await.unwrap_or_else(|error| panic!("{error}"));
    dir
}

fn data_dir() -> TempDir {
    // Whoever runs the server for root must be able to pass.
    tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().expect("a folder")
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

async fn open(dir: &Path, role: Role) -> Managed {
    Managed::open(dir, role, clock()).await.unwrap_or_else(|error| panic!("{error}"))
}

async fn ask(managed: &Managed, sql: &'static str) -> String {
    let mut conn = managed.connect_options().connect().await.expect("it accepts connections");
    sqlx::query_scalar(sql).fetch_one(&mut conn).await.expect("it answers")
}

async fn show(managed: &Managed, setting: &str) -> String {
    let mut conn = managed.connect_options().connect().await.expect("it accepts connections");
    sqlx::query_scalar("select current_setting($1)").bind(setting).fetch_one(&mut conn).await.expect("it answers")
}

async fn remember(managed: &Managed) {
    let mut conn = managed.connect_options().connect().await.expect("it accepts connections");
    let sql = "create table remembered (number int); insert into remembered values (1)";
    sqlx::raw_sql(sql).execute(&mut conn).await.expect("it can be written");
}

async fn remembered(managed: &Managed) -> i64 {
    let mut conn = managed.connect_options().connect().await.expect("it accepts connections");
    sqlx::query_scalar("select count(*) from remembered").fetch_one(&mut conn).await.expect("it can be read")
}

fn slay(pid: u32) {
    kill(to_pid(pid), Signal::SIGKILL).expect("it was alive");
}

/// An abandoned process is gone when its new parent has taken note, a moment after its last act.
async fn ends_soon(pid: u32) -> bool {
    let gone = async {
        while is_alive(pid) {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(2), gone).await.is_ok()
}

fn is_alive(pid: u32) -> bool {
    kill(to_pid(pid), None).is_ok()
}

fn to_pid(pid: u32) -> Pid {
    Pid::from_raw(i32::try_from(pid).expect("a process number"))
}
