//! One owner of a data directory at a time.
//!
//! The kernel keeps the lock, so it ends with its holder however that holder ends. The file's content is only
//! for people and for those who wait: it says who holds the lock and where the cluster can be reached.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::{ManagedError, Trying};
use crate::domain::time::Timestamp;

/// In which capacity a process wants the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It stays: `run`, `work`, `serve`, `demo`.
    Service {
        /// The command's name.
        name: &'static str,
    },
    /// It does one thing and ends.
    Command {
        /// The command's name.
        name: &'static str,
    },
}

impl Role {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Service { name } | Self::Command { name } => name,
        }
    }

    pub(super) fn is_service(self) -> bool {
        matches!(self, Self::Service { .. })
    }

    /// Two of these in one directory are a mistake, not a division of labour.
    pub(super) fn is_whole_product(self) -> bool {
        self.is_service() && is_whole_product(self.name())
    }
}

fn is_whole_product(name: &str) -> bool {
    matches!(name, "run" | "demo")
}

/// Who holds the lock, as written into it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    pub(super) pid: u32,
    pub(super) command: String,
    pub(super) service: bool,
    pub(super) since: Timestamp,
    pub(super) socket_dir: PathBuf,
    pub(super) bin_dir: PathBuf,
    /// The server's process, once it is ready. A guest takes no other server for the holder's.
    pub(super) postmaster: Option<u32>,
}

impl Holder {
    pub(super) fn is_whole_product(&self) -> bool {
        self.service && is_whole_product(&self.command)
    }

    /// What the present holder wrote; `None` when it has not written yet.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let holder: Self = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        // The note of a holder that was killed stays in the file until the next one writes its own.
        super::postmaster::is_alive(holder.pid).then_some(holder)
    }
}

/// The lock on a data directory, held until dropped.
#[derive(Debug)]
pub(super) struct DataLock {
    file: File,
    path: PathBuf,
}

impl DataLock {
    /// Takes the lock, or answers `None` when somebody holds it.
    pub(super) fn try_take(path: &Path) -> Result<Option<Self>, ManagedError> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(source)) => return Err(source).trying("lock", path),
        }
        file.set_len(0).trying("empty", path)?;
        Ok(Some(Self { file, path: path.to_owned() }))
    }

    /// Writes down who holds the lock.
    pub(super) fn sign(&mut self, holder: &Holder) -> Result<(), ManagedError> {
        let note = serde_json::to_vec(holder).expect("a holder has only plain fields");
        self.file.set_len(0).trying("empty", &self.path)?;
        self.file.rewind().trying("write", &self.path)?;
        self.file.write_all(&note).trying("write", &self.path)
    }
}

impl Drop for DataLock {
    fn drop(&mut self) {
        let _ = self.file.set_len(0);
        // Said aloud, because a child between fork and exec may hold a copy of the descriptor for an instant.
        let _ = self.file.unlock();
    }
}

/// Proof that somebody works in a cluster that another process owns.
///
/// Guests share this lock. An owner that runs one command only waits for it before it stops the cluster.
#[derive(Debug)]
pub(super) struct GuestBook(File);

impl GuestBook {
    /// Signs in, or answers `None` while the owner is closing.
    pub(super) fn enter(path: &Path) -> Result<Option<Self>, ManagedError> {
        let file = open(path)?;
        match file.try_lock_shared() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(source).trying("lock", path),
        }
    }

    /// Closes the book, or answers `None` while guests are inside.
    pub(super) fn close(path: &Path) -> Option<Self> {
        let file = open(path).ok()?;
        file.try_lock().ok()?;
        Some(Self(file))
    }
}

impl Drop for GuestBook {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

fn open(path: &Path) -> Result<File, ManagedError> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path).trying("open", path)
}
