//! The private cluster: a Postgres of our own, for whoever has none to give us.
//!
//! One process owns a data directory, and with it the server in it; others on the same machine attach. The
//! owner is whoever holds the lock file, and the kernel ends that lock with its holder, so there is nothing
//! to clean up and nobody to ask. Three invariants:
//!
//! - A commit that was confirmed survives whatever is killed: durability is asserted at every start.
//! - No server outlives its owner (on Linux; elsewhere the next start stops it).
//! - We only ever talk to the server that we started, or to that of the living owner.
//!
//! Read on in `home` (folders and users), `lock` (who owns), `postmaster` (the process), `cluster` (create and
//! start), [`scratch`] (clusters that do not stay) and [`testing`] (a database for each test).

mod cluster;
mod error;
mod home;
mod lock;
mod postmaster;
mod programs;
pub mod scratch;
pub mod testing;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

pub use self::error::ManagedError;
pub use self::lock::Role;
pub use self::scratch::ScratchOptions;

use self::cluster::Manner;
use self::home::Home;
use self::lock::{DataLock, GuestBook, Holder};
use self::postmaster::{PidFile, Postmaster};
use self::programs::Programs;
use self::scratch::ScratchDir;
use crate::domain::time::Monotonic;
use crate::ports::Clock;

/// How long to wait for somebody else's cluster to answer.
const ATTACH_PATIENCE: Duration = Duration::from_secs(30);

/// How long a service waits for a short command to end.
const COMMAND_PATIENCE: Duration = Duration::from_secs(60);

/// How long a command that owns the cluster waits for those who attached to it.
const GUEST_PATIENCE: Duration = Duration::from_secs(30);

/// How often one who waits looks again.
const LOOK: Duration = Duration::from_millis(20);

/// How often a guest looks whether the server is still the one it attached to.
const GUEST_LOOK: Duration = Duration::from_millis(500);

/// A running private cluster: our own, or that of another process of this machine.
///
/// Dropping it stops an own server as well as a drop can; [`Managed::stop`] does it properly.
pub struct Managed {
    // The order of the fields is the order of the end: the server, then its lock, then its folder.
    seat: Seat,
    home: Home,
    pid: u32,
    manner: Manner,
    clock: Arc<dyn Clock>,
    scratch: Option<ScratchDir>,
}

#[derive(Debug)]
enum Seat {
    Owner { postmaster: Postmaster, role: Role, _lock: DataLock },
    Guest { _book: GuestBook },
}

impl fmt::Debug for Managed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data_dir = &self.home.data_dir;
        f.debug_struct("Managed").field("data_dir", data_dir).field("pid", &self.pid).finish_non_exhaustive()
    }
}

impl Managed {
    /// The private cluster of `data_dir`, started or attached to.
    ///
    /// Nobody holds the directory: we start the server and own it. Somebody does: we attach, except that two
    /// `run` or `demo` exclude each other, and that a service first waits for a command to end, because the
    /// server would end with it. An owner that vanishes meanwhile leaves the directory to whoever is first.
    ///
    /// # Errors
    /// [`ManagedError`], which names the cure.
    pub async fn open(data_dir: &Path, role: Role, clock: Arc<dyn Clock>) -> Result<Self, ManagedError> {
        let mut home = Home::prepare(data_dir)?;
        let mut wait = Wait { begun: clock.monotonic(), told: false };
        loop {
            if let Some(lock) = DataLock::try_take(&home.lock())? {
                return Self::own(home, role, lock, Manner::PRODUCT, None, clock).await;
            }
            if let Some(Visit { book, pid, socket_dir }) = wait.turn(&home, role, &*clock).await? {
                home.socket_dir = socket_dir;
                let (seat, manner) = (Seat::Guest { _book: book }, Manner::PRODUCT);
                return Ok(Self { seat, home, pid, manner, clock, scratch: None });
            }
            pause(&*clock, LOOK).await;
        }
    }

    async fn own(
        home: Home,
        role: Role,
        mut lock: DataLock,
        manner: Manner,
        scratch: Option<ScratchDir>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ManagedError> {
        let major = home.cluster_major()?;
        let programs = Programs::find(&home.cluster_dir, major)?;
        let mut holder = Holder {
            pid: std::process::id(),
            command: role.name().to_owned(),
            service: role.is_service(),
            since: clock.now(),
            socket_dir: home.socket_dir.clone(),
            bin_dir: programs.bin_dir.clone(),
            postmaster: None,
        };
        lock.sign(&holder)?;
        home.check_reachable(&programs.program("postgres"))?;
        if major.is_none() {
            cluster::create(&home, &programs, manner).await?;
        }
        let postmaster = cluster::start(&home, &programs, manner, &clock).await?;
        let pid = postmaster.pid();
        holder.postmaster = Some(pid);
        lock.sign(&holder)?;
        Ok(Self { seat: Seat::Owner { postmaster, role, _lock: lock }, home, pid, manner, clock, scratch })
    }

    /// Starts an own server again that died, in the same place; a guest only looks again.
    ///
    /// The product never does this: its process ends, and its supervisor begins afresh. It is for whoever kills servers
    /// in order to see what becomes of it.
    ///
    /// # Errors
    /// [`ManagedError`], which names the cure.
    pub async fn start_again(self) -> Result<Self, ManagedError> {
        let Self { seat, home, pid, manner, clock, scratch } = self;
        match seat {
            Seat::Owner { postmaster, role, _lock: lock } => {
                postmaster.stop().await;
                Self::own(home, role, lock, manner, scratch, clock).await
            }
            seat @ Seat::Guest { .. } => Ok(Self { seat, home, pid, manner, clock, scratch }),
        }
    }

    /// How to connect to the database `stentor` in it.
    pub fn connect_options(&self) -> PgConnectOptions {
        cluster::connect_options(&self.home.socket_dir, cluster::NAME)
    }

    /// The same as an address, understood by us and by `psql`.
    pub fn url(&self) -> String {
        self.url_of(cluster::NAME)
    }

    fn url_of(&self, database: &str) -> String {
        let host: String =
            url::form_urlencoded::byte_serialize(self.home.socket_dir.as_os_str().as_encoded_bytes()).collect();
        // libpq reads %20 but not the plus sign.
        let host = host.replace('+', "%20");
        format!("postgres://{user}@localhost/{database}?host={host}&sslmode=disable", user = cluster::NAME)
    }

    /// Whether the server is ours, and ends with us.
    pub fn is_owner(&self) -> bool {
        matches!(self.seat, Seat::Owner { .. })
    }

    /// The process number of the server.
    pub fn postmaster_pid(&self) -> u32 {
        self.pid
    }

    /// The directory that the cluster lives in, absolute.
    pub fn data_dir(&self) -> &Path {
        &self.home.data_dir
    }

    /// Where the server writes its log.
    pub fn log_path(&self) -> PathBuf {
        self.home.log()
    }

    /// Resolves when the server is gone without our asking: an own one died, or the owner of a shared one left.
    ///
    /// Nothing restarts it. The process should end; its supervisor begins again, and nothing durable is lost.
    pub async fn exited(&self) {
        match &self.seat {
            Seat::Owner { postmaster, .. } => {
                let ended = postmaster.ended().await;
                tracing::error!(pid = self.pid, ended, "Postgres died");
            }
            Seat::Guest { .. } => {
                let is_there = || PidFile::read(&self.home.cluster_dir).is_some_and(|found| found.pid == self.pid);
                while is_there() && postmaster::is_alive(self.pid) {
                    pause(&*self.clock, GUEST_LOOK).await;
                }
                tracing::error!(pid = self.pid, "the owner of the private Postgres left");
            }
        }
    }

    /// Stops an own server and waits until it has; leaves one of somebody else alone.
    ///
    /// A command first lets those finish who attached to its server, for half a minute at most.
    pub async fn stop(self) {
        let Self { seat, home, clock, scratch, .. } = self;
        if let Seat::Owner { postmaster, role, _lock } = seat {
            let book = if role.is_service() { None } else { wait_for_guests(&home, &*clock).await };
            postmaster.stop().await;
            home.leave_socket_dir();
            drop(book);
        }
        drop(scratch);
    }
}

async fn wait_for_guests(home: &Home, clock: &dyn Clock) -> Option<GuestBook> {
    let until = clock.monotonic() + GUEST_PATIENCE;
    loop {
        match GuestBook::close(&home.guest_book()) {
            Some(book) => return Some(book),
            None if clock.monotonic() >= until => return None,
            None => pause(clock, LOOK).await,
        }
    }
}

/// The patience of one who found the directory held.
struct Wait {
    begun: Monotonic,
    told: bool,
}

impl Wait {
    /// Looks once: a visit when attached, `None` to look again.
    async fn turn(&mut self, home: &Home, role: Role, clock: &dyn Clock) -> Result<Option<Visit>, ManagedError> {
        let waited = clock.monotonic().saturating_since(self.begun);
        let Some(holder) = Holder::read(&home.lock()) else {
            return if waited < ATTACH_PATIENCE { Ok(None) } else { Err(silent(home, None)) };
        };
        if role.is_whole_product() && holder.is_whole_product() {
            return Err(in_use(home, holder));
        }
        if role.is_service() && !holder.service {
            if waited >= COMMAND_PATIENCE {
                return Err(in_use(home, holder));
            }
            if !std::mem::replace(&mut self.told, true) {
                tracing::info!(pid = holder.pid, command = holder.command, "waiting for a command to end");
            }
            return Ok(None);
        }
        if let Some(visit) = attach(home, &holder).await? {
            return Ok(Some(visit));
        }
        if waited < ATTACH_PATIENCE { Ok(None) } else { Err(silent(home, Some(holder))) }
    }
}

/// What a guest takes away from the door.
struct Visit {
    book: GuestBook,
    pid: u32,
    socket_dir: PathBuf,
}

/// Attaches to the holder's cluster, or answers `None` when that is not possible at this instant.
async fn attach(home: &Home, holder: &Holder) -> Result<Option<Visit>, ManagedError> {
    // Signed in first and asked then: an owner that closes the book in between is seen here.
    let Some(book) = GuestBook::enter(&home.guest_book())? else { return Ok(None) };
    let Some(pid) = holder.postmaster else { return Ok(None) };
    if PidFile::read(&home.cluster_dir) != Some(PidFile { pid, ready: true }) {
        return Ok(None);
    }
    match cluster::ask(&holder.socket_dir).await {
        Ok(()) => Ok(Some(Visit { book, pid, socket_dir: holder.socket_dir.clone() })),
        Err(error) => {
            tracing::debug!(%error, "the owner's Postgres does not answer yet");
            Ok(None)
        }
    }
}

fn in_use(home: &Home, holder: Holder) -> ManagedError {
    ManagedError::InUse {
        data_dir: home.data_dir.clone(),
        pid: holder.pid,
        command: holder.command,
        since: holder.since,
    }
}

fn silent(home: &Home, holder: Option<Holder>) -> ManagedError {
    let (pid, command) = holder.map_or((0, "another process".to_owned()), |holder| (holder.pid, holder.command));
    ManagedError::OwnerSilent { data_dir: home.data_dir.clone(), pid, command }
}

/// Waits for `duration` by the given clock.
async fn pause(clock: &dyn Clock, duration: Duration) {
    clock.sleep_until(clock.monotonic() + duration).await;
}
