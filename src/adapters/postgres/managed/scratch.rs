//! Clusters that do not stay: for `demo` without a data directory, and for tests.

use std::env;
use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::cluster::Manner;
use super::error::{ManagedError, Trying};
use super::home::Home;
use super::lock::{DataLock, Role};
use super::testing::plant_cluster;
use super::{Managed, postmaster};
use crate::ports::Clock;

const PREFIX: &str = "stentor-scratch-";

/// How a cluster that does not stay is run.
#[derive(Debug, Clone, Copy)]
pub struct ScratchOptions {
    /// Whether a confirmed commit survives a crash of the machine. `false` is for tests only.
    pub durable: bool,
    /// How many connections it takes.
    pub connections_max: u32,
}

impl Default for ScratchOptions {
    fn default() -> Self {
        Self { durable: true, connections_max: Manner::PRODUCT.connections_max }
    }
}

impl Managed {
    /// A cluster of our own in the temporary directory, removed at its end.
    ///
    /// # Errors
    /// [`ManagedError`], which names the cure.
    pub async fn scratch(options: ScratchOptions, clock: Arc<dyn Clock>) -> Result<Self, ManagedError> {
        Self::start_in(ScratchDir::create()?, options, true, clock).await
    }

    /// The same from a copy and without a database, for tests.
    pub(super) async fn scratch_planted(options: ScratchOptions, clock: Arc<dyn Clock>) -> Result<Self, ManagedError> {
        let dir = ScratchDir::create()?;
        plant_cluster(&dir.0).await?;
        Self::start_in(dir, options, false, clock).await
    }

    async fn start_in(
        dir: ScratchDir,
        options: ScratchOptions,
        own_database: bool,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ManagedError> {
        let home = Home::prepare(&dir.0)?;
        let lock = DataLock::try_take(&home.lock())?.expect("nobody knows a directory made an instant ago");
        let ScratchOptions { durable, connections_max } = options;
        let manner = Manner { durable, connections_max, own_database };
        Self::own(home, Role::Service { name: "scratch" }, lock, manner, Some(dir), clock).await
    }
}

/// A folder in the temporary directory that goes when this goes.
#[derive(Debug)]
pub(super) struct ScratchDir(PathBuf);

impl ScratchDir {
    fn create() -> Result<Self, ManagedError> {
        sweep();
        static COUNT: AtomicU64 = AtomicU64::new(0);
        loop {
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = env::temp_dir().join(format!("{PREFIX}{}-{count}", std::process::id()));
            match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error).trying("create", &path),
                Ok(()) => {
                    let mode = if nix::unistd::geteuid().is_root() { 0o711 } else { 0o700 };
                    fs::set_permissions(&path, Permissions::from_mode(mode)).trying("set the mode of", &path)?;
                    return Ok(Self(path));
                }
            }
        }
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::debug!(path = %self.0.display(), %error, "a scratch cluster stays behind");
        }
    }
}

/// Removes the folders of processes that were killed.
fn sweep() {
    for entry in fs::read_dir(env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let maker = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split_once('-')?.0.parse().ok());
        if maker.is_some_and(|pid: u32| !postmaster::is_alive(pid)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
