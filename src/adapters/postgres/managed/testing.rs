//! A fresh, empty database for each test. For tests only.
//!
//! Where the server comes from, in this order:
//!
//! 1. `STENTOR_TEST_DATABASE_URL` names one. `cargo run --example with_postgres -- <command>` starts a scratch
//!    cluster, sets the variable, runs the command and stops the cluster, whatever becomes of the command. A
//!    database costs some tens of milliseconds then, with any number of test processes side by side.
//! 2. Otherwise this process starts a scratch cluster of its own, and stops it with the last database. The tests
//!    of one process that overlap in time share it. `initdb` would be the greater part of the cost, so it runs
//!    once, and a copy of what it made is kept beside the test binaries.
//!
//! A cluster shared between processes without a wrapper was considered: its owner would be whichever test came
//! first, and nobody could end it without either cutting off the others or lingering after the last.

use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::sync::Mutex;

use super::cluster::{self, Manner};
use super::error::{ManagedError, Trying};
use super::home::Home;
use super::programs::Programs;
use super::{Managed, ScratchOptions};
use crate::adapters::system::SystemClock;
use crate::ports::Clock;

/// Names the server that tests use.
pub const TEST_DATABASE_URL: &str = "STENTOR_TEST_DATABASE_URL";

/// How a server for tests is run: forgetful, because nothing in it is worth an `fsync`.
pub const TEST_CLUSTER: ScratchOptions = ScratchOptions { durable: false, connections_max: 200 };

/// How long the end of a test may wait for its database to go.
const DROP_PATIENCE: Duration = Duration::from_secs(10);

/// A database of one test; gone when this is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    server: PgConnectOptions,
    cluster: Option<Arc<Managed>>,
}

impl TestDatabase {
    /// Creates an empty database with a name of its own.
    ///
    /// # Panics
    /// When there is no server to be had: a test cannot go on without one.
    pub async fn create() -> Self {
        let (server, cluster) = match env::var(TEST_DATABASE_URL) {
            Ok(url) => (PgConnectOptions::from_str(&url).expect("the test server's address is an address"), None),
            Err(_) => shared_cluster().await,
        };
        let name = fresh_name();
        create_database(&server, &name).await.expect("a database can be created");
        Self { name, server, cluster }
    }

    /// Copies it as it stands at this moment, as a backup does. Whoever is connected is cut off.
    ///
    /// # Panics
    /// When the server does not make the copy.
    pub async fn copy(&self) -> Self {
        let (name, original) = (fresh_name(), &self.name);
        let cut_off = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{original}'");
        run(&self.server, cut_off).await.expect("whoever is connected can be cut off");
        run(&self.server, format!("create database {name} template {original}")).await.expect("a copy can be made");
        Self { name, server: self.server.clone(), cluster: self.cluster.clone() }
    }

    /// How to connect to it.
    pub fn connect_options(&self) -> PgConnectOptions {
        self.server.clone().database(&self.name)
    }

    /// The same as an address, for a process that a test starts.
    pub fn url(&self) -> String {
        match &self.cluster {
            Some(managed) => managed.url_of(&self.name),
            None => self.connect_options().to_url_lossy().to_string(),
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if self.cluster.as_ref().is_some_and(|cluster| Arc::strong_count(cluster) == 1) {
            return;
        }
        let (server, sql) = (self.server.clone(), format!("drop database if exists {} with (force)", self.name));
        // A drop cannot wait for a future, and the runtime of the test may be ending: so a small one of its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let work = async { tokio::time::timeout(DROP_PATIENCE, run(&server, sql)).await };
            runtime.block_on(work).map_err(std::io::Error::other)?.map_err(std::io::Error::other)
        });
        if let Ok(Err(error)) = dropping.join() {
            tracing::debug!(name = self.name, %error, "a test's database stays until its server ends");
        }
    }
}

fn fresh_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("test_{}_{}_{count}", SystemClock.now().timestamp_micros(), std::process::id())
}

/// Copying the template file by file is the faster way where nothing is synced: 16 ms instead of 110. Version 14
/// knows no other way, and not the word either.
async fn create_database(server: &PgConnectOptions, name: &str) -> Result<(), sqlx::Error> {
    match run(server, format!("create database {name} strategy file_copy")).await {
        Err(sqlx::Error::Database(error)) if error.code().is_some_and(|code| code == "42601") => {
            run(server, format!("create database {name}")).await
        }
        other => other,
    }
}

async fn run(server: &PgConnectOptions, sql: String) -> Result<(), sqlx::Error> {
    let mut conn = server.connect().await?;
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut conn).await?;
    conn.close().await
}

async fn shared_cluster() -> (PgConnectOptions, Option<Arc<Managed>>) {
    static CLUSTER: Mutex<Weak<Managed>> = Mutex::const_new(Weak::new());
    let mut shared = CLUSTER.lock().await;
    let cluster = match shared.upgrade() {
        Some(cluster) => cluster,
        None => {
            let started = Managed::scratch_planted(TEST_CLUSTER, Arc::new(SystemClock)).await;
            let cluster = Arc::new(started.unwrap_or_else(|error| panic!("tests need a Postgres: {error}")));
            *shared = Arc::downgrade(&cluster);
            cluster
        }
    };
    (cluster.connect_options().database("postgres"), Some(cluster))
}

/// Puts a fresh cluster into `data_dir`, faster than the first start there would.
///
/// # Errors
/// [`ManagedError`], as at a first start.
///
/// # Panics
/// When the test binary has no folder to keep the original in.
pub async fn plant_cluster(data_dir: &Path) -> Result<(), ManagedError> {
    let home = Home::prepare(data_dir)?;
    let programs = Programs::find(&home.cluster_dir, None)?;
    let binary = env::current_exe().expect("a test is a program");
    let folder = binary.parent().and_then(Path::parent).expect("it lies in the target directory");
    let original = folder.join(format!("stentor-test-cluster-{}", programs.major));
    if original.is_dir() {
        return copy(&original, &home.cluster_dir).trying("copy", &original);
    }
    cluster::create(&home, &programs, Manner { durable: false, ..Manner::PRODUCT }).await?;
    // Tests of one program are as many at once as tests of many programs.
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
    let draft = original.with_extension(format!("{}-{number}", std::process::id()));
    copy(&home.cluster_dir, &draft).trying("copy", &draft)?;
    if fs::rename(&draft, &original).is_err() {
        // Another test was faster.
        fs::remove_dir_all(&draft).trying("remove", &draft)?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
