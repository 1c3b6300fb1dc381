//! Creates a cluster and starts a server in it: durable, private, and never mistaken for another.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{ConnectOptions, Connection};

use super::error::{ManagedError, Trying};
use super::home::Home;
use super::pause;
use super::postmaster::{PidFile, Postmaster, clear_the_way, spawn_mortal};
use super::programs::Programs;
use crate::ports::Clock;

/// The superuser, and the database, of a private cluster.
pub(super) const NAME: &str = "stentor";

/// How long a start may show no progress. Recovery logs every few seconds and so earns itself more.
const START_PATIENCE: Duration = Duration::from_secs(120);

/// How long children of a killed server may keep its memory.
const REMAINS_PATIENCE: Duration = Duration::from_secs(30);

/// How long a server that says it is ready may take to answer.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);

/// What a confirmed message rests on. The command line outranks every file, so nobody loses one by accident.
const DURABLE: [&str; 3] = ["fsync", "synchronous_commit", "full_page_writes"];

/// How a cluster is run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// `false` only for tests: a crash of the machine loses the cluster.
    pub(super) durable: bool,
    pub(super) connections_max: u32,
    /// Whether there is to be a database [`NAME`]. Tests make their own.
    pub(super) own_database: bool,
}

impl Manner {
    pub(super) const PRODUCT: Self = Self { durable: true, connections_max: 60, own_database: true };
}

/// Where the private cluster of `socket_dir` is reached.
pub(super) fn connect_options(socket_dir: &Path, database: &str) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass()
        .socket(socket_dir)
        .port(5432)
        .username(NAME)
        .password("")
        .database(database)
        .ssl_mode(PgSslMode::Disable)
}

/// Creates the cluster beside its place and moves it there when complete, so that a kill leaves nothing half-made.
pub(super) async fn create(home: &Home, programs: &Programs, manner: Manner) -> Result<(), ManagedError> {
    sweep(home);
    let draft = home.data_dir.join(format!("postgres.new.{}", std::process::id()));
    home.make_private(&draft)?;
    let mut command = Command::new(programs.program("initdb"));
    home.confine(&mut command);
    command.arg("--pgdata").arg(&draft).args(["--username", NAME, "--encoding=UTF8", "--locale=C"]);
    command.args(["--auth-local=trust", "--auth-host=reject", "--data-checksums", "--no-instructions"]);
    if !manner.durable {
        command.args(["--no-sync", "--wal-segsize=1"]);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    // On a thread that stays until the program ends: see the keeper in `postmaster`.
    let output = tokio::task::spawn_blocking(move || spawn_mortal(command)?.wait_with_output())
        .await
        .map_err(std::io::Error::other)
        .flatten()
        .trying("run initdb in", &draft)?;
    if !output.status.success() {
        let _ = fs::remove_dir_all(&draft);
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).trim().to_owned());
        return Err(ManagedError::InitFailed { output: said.join("\n") }.or_full(&home.data_dir));
    }
    fs::rename(&draft, &home.cluster_dir).trying("move into place", &draft)?;
    File::open(&home.data_dir).and_then(|dir| dir.sync_all()).trying("write", &home.data_dir)
}

/// Removes what killed creations left.
fn sweep(home: &Home) {
    for entry in fs::read_dir(&home.data_dir).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with("postgres.new.") {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// Starts a server and waits until it answers.
pub(super) async fn start(
    home: &Home,
    programs: &Programs,
    manner: Manner,
    clock: &Arc<dyn Clock>,
) -> Result<Postmaster, ManagedError> {
    clear_the_way(home, &**clock).await?;
    home.hand_over(&home.cluster_dir)?;
    home.make_socket_dir()?;
    let unclean = PidFile::read(&home.cluster_dir).is_some();
    if unclean {
        tracing::info!("Postgres was not stopped cleanly; it recovers");
    }
    let begun = clock.monotonic();
    let postmaster = loop {
        let (log, log_begins) = home.open_log()?;
        let command = server(home, programs, manner, log)?;
        let postmaster = Postmaster::spawn(command, manner.durable, clock.clone())
            .await
            .trying("run", &programs.program("postgres"))?;
        match wait_until_ready(home, &postmaster, log_begins, &**clock).await {
            Ok(()) => break postmaster,
            // The children of a killed server take a moment to notice, and Postgres rightly waits for them.
            Err(ManagedError::StartFailed { ended, log })
                if is_held_by_remains(&log) && clock.monotonic().saturating_since(begun) < REMAINS_PATIENCE =>
            {
                tracing::debug!(ended, log, "remains of a killed server; trying again");
                pause(&**clock, Duration::from_millis(100)).await;
            }
            Err(error) => return Err(error),
        }
    };
    verify(home, manner).await?;
    let took_ms = clock.monotonic().saturating_since(begun).as_millis();
    tracing::info!(pid = postmaster.pid(), major = programs.major, took_ms, unclean, "Postgres is ready");
    Ok(postmaster)
}

fn is_held_by_remains(log: &str) -> bool {
    log.contains("is still in use") || log.contains("lock file \"postmaster.pid\" already exists")
}

fn server(home: &Home, programs: &Programs, manner: Manner, log: File) -> Result<Command, ManagedError> {
    let mut command = Command::new(programs.program("postgres"));
    home.confine(&mut command);
    command.arg("-D").arg(&home.cluster_dir);
    for setting in settings(home, programs, manner) {
        command.arg("-c").arg(setting);
    }
    let path = home.log();
    command.stdout(log.try_clone().trying("share", &path)?).stderr(log);
    Ok(command)
}

/// Everything by which this server differs from a fresh one. On the command line, so that an upgrade of
/// Stentor brings new settings to an old cluster.
fn settings(home: &Home, programs: &Programs, manner: Manner) -> Vec<String> {
    let durable = if manner.durable { "on" } else { "off" };
    let mut settings: Vec<String> = DURABLE.iter().map(|name| format!("{name}={durable}")).collect();
    // The list is split at commas outside of quotes.
    let socket_dir = home.socket_dir.to_string_lossy().replace('"', "\"\"");
    settings.push(format!("unix_socket_directories=\"{socket_dir}\""));
    settings.push(format!("max_connections={}", manner.connections_max));
    // The server's own count of statements, where the package brings it: ours begin with their names.
    if programs.bin_dir.join("../lib/pg_stat_statements.so").is_file() {
        settings.push("shared_preload_libraries=pg_stat_statements".to_owned());
    }
    let fixed = [
        // Private: no TCP, and a socket for its user alone. Root passes both.
        "listen_addresses=",
        "port=5432",
        "unix_socket_permissions=0700",
        // A small server beside a program, on one machine.
        "shared_buffers=128MB",
        "max_wal_size=2GB",
        "wal_compression=on",
        // Nobody who fell silent keeps locks; each connection of the pool asks for less.
        "idle_in_transaction_session_timeout=5min",
        // Its log is for trouble.
        "log_line_prefix=%m [%p] ",
        "log_checkpoints=off",
        "logging_collector=off",
        "lc_messages=C",
    ];
    settings.extend(fixed.map(str::to_owned));
    if cfg!(target_os = "linux") {
        settings.push("client_connection_check_interval=5s".to_owned());
    }
    if programs.major >= 15 {
        settings.push("log_startup_progress_interval=5s".to_owned());
    }
    settings
}

/// Waits for *this* server, by the number of its process: an older one must never be taken for it.
async fn wait_until_ready(
    home: &Home,
    postmaster: &Postmaster,
    log_begins: u64,
    clock: &dyn Clock,
) -> Result<(), ManagedError> {
    let log_bytes = || fs::metadata(home.log()).map_or(0, |found| found.len());
    let mut seen = log_bytes();
    let mut until = clock.monotonic() + START_PATIENCE;
    loop {
        if let Some(ended) = postmaster.end() {
            let failed = ManagedError::StartFailed { ended, log: home.log_since(log_begins) };
            return Err(failed.or_full(&home.data_dir));
        }
        if PidFile::read(&home.cluster_dir) == Some(PidFile { pid: postmaster.pid(), ready: true }) {
            return Ok(());
        }
        if log_bytes() > seen {
            seen = log_bytes();
            until = clock.monotonic() + START_PATIENCE;
        }
        if clock.monotonic() >= until {
            let seconds = START_PATIENCE.as_secs();
            return Err(ManagedError::StartTooSlow { seconds, log: home.log_since(log_begins) });
        }
        pause(clock, Duration::from_millis(5)).await;
    }
}

/// Asserts that the server is as durable as asked, and creates our database when it is not there.
async fn verify(home: &Home, manner: Manner) -> Result<(), ManagedError> {
    let options = connect_options(&home.socket_dir, "postgres");
    answered(async {
        let mut conn = options.connect().await?;
        for setting in DURABLE {
            let value: String = sqlx::query_scalar("-- verify_durable\nselect current_setting($1)")
                .bind(setting)
                .fetch_one(&mut conn)
                .await?;
            if manner.durable && value != "on" {
                return Ok(Err(ManagedError::NotDurable { setting, value }));
            }
        }
        if manner.own_database {
            create_database(&mut conn).await?;
        }
        conn.close().await.map(Ok)
    })
    .await?
}

async fn create_database(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let sql = "-- find_database\nselect exists (select from pg_database where datname = $1)";
    if !sqlx::query_scalar::<_, bool>(sql).bind(NAME).fetch_one(&mut *conn).await? {
        sqlx::raw_sql("create database stentor").execute(conn).await?;
    }
    Ok(())
}

/// Whether the server behind `socket_dir` answers.
pub(super) async fn ask(socket_dir: &Path) -> Result<(), ManagedError> {
    let options = connect_options(socket_dir, NAME);
    answered(async { options.connect().await?.close().await }).await
}

async fn answered<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, ManagedError> {
    let late = |_| Err(sqlx::Error::PoolTimedOut);
    tokio::time::timeout(ANSWER_PATIENCE, work)
        .await
        .unwrap_or_else(late)
        .map_err(|source| ManagedError::Unreachable { source })
}
