//! The folders of one cluster, and the user who may enter them.
//!
//! ```text
//! <data_dir>/            0700, or 0711 for root: whoever runs Postgres passes through, and sees nothing
//!   lock, guests         who owns the cluster, who works in it
//!   postgres/            the data, 0700, belongs to whoever runs Postgres
//!   run/                 the socket, 0700, the same; trust inside it is safe because nobody else gets in
//!   postgres.log         what the server says; the one before is kept as postgres.log.1
//! ```
//!
//! Postgres refuses root. So under root the *programs* run as `postgres` (or `nobody`), and we stay root, whom
//! no folder mode keeps from the socket. Otherwise everything belongs to the one user.

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, lchown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::{Gid, Uid, User, geteuid};

use super::error::{ManagedError, Trying};

/// `sockaddr_un` holds 104 bytes on macOS and 108 on Linux, the closing zero included.
const SOCKET_PATH_BYTES_MAX: usize = 103;

/// What Postgres calls its socket in our folder.
const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// The log is put aside at a start when it is longer than this. The server logs little: warnings and slow starts.
const LOG_BYTES_MAX: u64 = 1024 * 1024;

/// The user who runs the programs for root.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) uid: Uid,
    pub(super) gid: Gid,
}

/// The folders of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Home {
    pub(super) data_dir: PathBuf,
    pub(super) cluster_dir: PathBuf,
    pub(super) socket_dir: PathBuf,
    /// `None` when the programs run as ourselves.
    pub(super) account: Option<Account>,
}

impl Home {
    /// Makes `data_dir` if needed and says where everything in it lies.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, ManagedError> {
        let root = geteuid().is_root();
        if !data_dir.is_dir() {
            DirBuilder::new().recursive(true).mode(0o755).create(data_dir).trying("create", data_dir)?;
            let mode = if root { 0o711 } else { 0o700 };
            fs::set_permissions(data_dir, Permissions::from_mode(mode)).trying("set the mode of", data_dir)?;
        }
        // Absolute and free of links: the server is recognised by the folder it runs in.
        let data_dir = fs::canonicalize(data_dir).trying("find", data_dir)?;
        let cluster_dir = data_dir.join("postgres");
        let account = if root { Some(Account::choose(&cluster_dir)?) } else { None };
        Ok(Self { socket_dir: socket_dir(&data_dir), cluster_dir, data_dir, account })
    }

    pub(super) fn lock(&self) -> PathBuf {
        self.data_dir.join("lock")
    }

    pub(super) fn guest_book(&self) -> PathBuf {
        self.data_dir.join("guests")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.data_dir.join("postgres.log")
    }

    /// The major version of the cluster that is there, if one is.
    pub(super) fn cluster_major(&self) -> Result<Option<u32>, ManagedError> {
        if let Ok(version) = fs::read_to_string(self.cluster_dir.join("PG_VERSION")) {
            return Ok(version.trim().parse().ok());
        }
        match fs::read_dir(&self.cluster_dir).map(|mut entries| entries.next().is_some()) {
            Ok(true) => Err(ManagedError::NotACluster { directory: self.cluster_dir.clone() }),
            Ok(false) | Err(_) => Ok(None),
        }
    }

    /// Makes `command` run as whoever runs Postgres, away from any folder that user may not enter, and without
    /// our environment, which holds secrets.
    pub(super) fn confine(&self, command: &mut Command) {
        command.env_clear().current_dir(&self.data_dir).process_group(0).env("LC_ALL", "C");
        for name in ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ", "TMPDIR"] {
            command.envs(env::var_os(name).map(|value| (name, value)));
        }
        if let Some(account) = &self.account {
            // As root, the standard library also clears the supplementary groups.
            command.gid(account.gid.as_raw()).uid(account.uid.as_raw());
        }
    }

    /// Fails when whoever runs Postgres cannot come to the data directory.
    pub(super) fn check_reachable(&self, program: &Path) -> Result<(), ManagedError> {
        let Some(account) = &self.account else { return Ok(()) };
        let mut probe = Command::new(program);
        self.confine(&mut probe);
        match probe.arg("--version").output() {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let blocking = [self.data_dir.as_path(), program].into_iter().find_map(|path| account.blocked_at(path));
                let directory = blocking.unwrap_or(&self.data_dir).to_owned();
                Err(ManagedError::Blocked { directory, user: account.name.clone() })
            }
            other => other.map(drop).trying("run", program),
        }
    }

    /// Gives a folder, and what is in it, to whoever runs Postgres. Needed after a restore by root.
    pub(super) fn hand_over(&self, path: &Path) -> Result<(), ManagedError> {
        let Some(account) = &self.account else { return Ok(()) };
        let found = fs::symlink_metadata(path).trying("look at", path)?;
        if found.uid() == account.uid.as_raw() {
            return Ok(());
        }
        lchown(path, Some(account.uid.as_raw()), Some(account.gid.as_raw())).trying("hand over", path)?;
        if found.is_dir() {
            for entry in fs::read_dir(path).trying("read", path)? {
                self.hand_over(&entry.trying("read", path)?.path())?;
            }
        }
        Ok(())
    }

    /// Makes an empty folder that only whoever runs Postgres may enter.
    pub(super) fn make_private(&self, path: &Path) -> Result<(), ManagedError> {
        match DirBuilder::new().mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error).trying("create", path),
            _ => {}
        }
        let found = fs::symlink_metadata(path).trying("look at", path)?;
        let expected = self.account.as_ref().map_or(geteuid(), |account| account.uid);
        // In the shared temporary directory anybody may have been faster than we.
        let ours = [expected, geteuid()].iter().any(|uid| uid.as_raw() == found.uid());
        if !found.is_dir() || !ours {
            return Err(ManagedError::Usurped { directory: path.to_owned() });
        }
        fs::set_permissions(path, Permissions::from_mode(0o700)).trying("set the mode of", path)?;
        if let Some(account) = &self.account {
            chown(path, Some(account.uid.as_raw()), Some(account.gid.as_raw())).trying("hand over", path)?;
        }
        Ok(())
    }

    /// Makes the socket folder. A socket that a killed server left is swept away: its lock file names a process
    /// number that may have gone to a stranger, and Postgres would refuse to start for the stranger's sake.
    ///
    // Invariant: the caller holds the lock and has seen that no server of ours is alive.
    pub(super) fn make_socket_dir(&self) -> Result<(), ManagedError> {
        self.make_private(&self.socket_dir)?;
        for name in [SOCKET_NAME.to_owned(), format!("{SOCKET_NAME}.lock")] {
            let _ = fs::remove_file(self.socket_dir.join(name));
        }
        Ok(())
    }

    /// Removes the socket folder where it lies outside of the data directory and would be litter.
    pub(super) fn leave_socket_dir(&self) {
        if !self.socket_dir.starts_with(&self.data_dir) {
            let _ = fs::remove_dir(&self.socket_dir);
        }
    }

    /// Opens the log for a new start, and says where that start's lines begin.
    pub(super) fn open_log(&self) -> Result<(File, u64), ManagedError> {
        let path = self.log();
        if fs::metadata(&path).is_ok_and(|found| found.len() > LOG_BYTES_MAX) {
            fs::rename(&path, self.data_dir.join("postgres.log.1")).trying("put aside", &path)?;
        }
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).trying("open", &path)?;
        let begins = file.metadata().trying("look at", &path)?.len();
        Ok((file, begins))
    }

    /// The log's lines from byte `from` on, at most the first 64 KiB of them; empty when it cannot be read.
    pub(super) fn log_since(&self, from: u64) -> String {
        let read = || -> io::Result<Vec<u8>> {
            let mut file = File::open(self.log())?;
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take(64 * 1024).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        String::from_utf8_lossy(&read().unwrap_or_default()).trim().to_owned()
    }
}

impl Account {
    /// Whoever the existing cluster belongs to, else `postgres`, else `nobody`.
    fn choose(cluster_dir: &Path) -> Result<Self, ManagedError> {
        let owner = fs::metadata(cluster_dir).ok().map(|found| Uid::from_raw(found.uid())).filter(|uid| !uid.is_root());
        let by_owner = owner.and_then(|uid| User::from_uid(uid).ok().flatten());
        let by_name = || ["postgres", "nobody"].iter().find_map(|name| User::from_name(name).ok().flatten());
        let user = by_owner.or_else(by_name).ok_or(ManagedError::NoAccount)?;
        Ok(Self { name: user.name, uid: user.uid, gid: user.gid })
    }

    /// The topmost folder on the way to `path`, itself included, that this user may not enter.
    fn blocked_at<'a>(&self, path: &'a Path) -> Option<&'a Path> {
        let mut way: Vec<&Path> = path.ancestors().filter(|step| step.is_dir()).collect();
        way.reverse();
        way.into_iter().find(|step| {
            let Ok(found) = fs::metadata(step) else { return true };
            let bit = match () {
                () if found.uid() == self.uid.as_raw() => 0o100,
                () if found.gid() == self.gid.as_raw() => 0o010,
                () => 0o001,
            };
            found.mode() & bit == 0
        })
    }
}

/// `<data_dir>/run`, or a short folder named after the data directory where that would not fit an address.
fn socket_dir(data_dir: &Path) -> PathBuf {
    let near = data_dir.join("run");
    if near.as_os_str().len() + 1 + SOCKET_NAME.len() <= SOCKET_PATH_BYTES_MAX {
        return near;
    }
    let name = fnv1a(data_dir.as_os_str().as_encoded_bytes());
    let temp = fs::canonicalize(env::temp_dir()).unwrap_or_else(|_| env::temp_dir());
    temp.join(format!("stentor-{name:016x}"))
}

/// FNV-1a: stable over releases, which the standard hasher does not promise.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_path_always_fits_an_address() {
        assert_eq!(socket_dir(Path::new("/var/lib/stentor")), Path::new("/var/lib/stentor/run"));
        let deep = format!("/{}", "very-deep/".repeat(12));
        let far = socket_dir(Path::new(&deep));
        assert!(far.join(SOCKET_NAME).as_os_str().len() <= SOCKET_PATH_BYTES_MAX, "{}", far.display());
        assert_eq!(far, socket_dir(Path::new(&deep)), "the same directory always has the same socket");
    }
}
