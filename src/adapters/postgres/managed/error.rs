//! Why a private cluster could not be had, each with its cure: an operator reads these, alone, at night.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::time::Timestamp;

/// Why the private cluster could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ManagedError {
    /// Somebody else holds the data directory, and we may not share it.
    #[error(
        "data directory {data_dir} is in use by `{command}` (process {pid}, since {since})",
        data_dir = .data_dir.display()
    )]
    InUse {
        /// The directory both want.
        data_dir: PathBuf,
        /// The process that holds it.
        pid: u32,
        /// What that process runs.
        command: String,
        /// When it took the directory.
        since: Timestamp,
    },

    /// Somebody holds the data directory but its cluster did not become reachable in time.
    #[error(
        "`{command}` (process {pid}) holds data directory {data_dir}, but its Postgres does not accept connections",
        data_dir = .data_dir.display()
    )]
    OwnerSilent {
        /// The directory both want.
        data_dir: PathBuf,
        /// The process that holds it; 0 when it never said.
        pid: u32,
        /// What that process runs.
        command: String,
    },

    /// No server programs on this machine.
    #[error(
        "no Postgres server programs found{}",
        .looked_in.as_ref().map(|dir| format!(" in {}", dir.display())).unwrap_or_default()
    )]
    ProgramsMissing {
        /// The only folder that was looked into, when the operator named one.
        looked_in: Option<PathBuf>,
    },

    /// The cluster was made by one major version and only others are installed.
    #[error(
        "the cluster in {data_dir} was made by Postgres {cluster}, but {found} is installed",
        data_dir = .data_dir.display()
    )]
    VersionMismatch {
        /// Where the cluster lies.
        data_dir: PathBuf,
        /// Its major version.
        cluster: u32,
        /// What was found instead, in words.
        found: String,
    },

    /// The programs are older than what we can use.
    #[error("Postgres {major} in {bin_dir} is too old: version {oldest} is the oldest that works", bin_dir = .bin_dir.display())]
    TooOld {
        /// Where they lie.
        bin_dir: PathBuf,
        /// Their major version.
        major: u32,
        /// The oldest we can use.
        oldest: u32,
    },

    /// Postgres refuses to run as root and there is nobody else to run it.
    #[error("Postgres refuses to run as root, and there is no user `postgres` or `nobody` to run it instead")]
    NoAccount,

    /// The user that runs Postgres cannot reach the directory.
    #[error(
        "user `{user}`, who runs Postgres for root, may not enter {directory}",
        directory = .directory.display()
    )]
    Blocked {
        /// The topmost directory that refuses.
        directory: PathBuf,
        /// The user that is refused.
        user: String,
    },

    /// The place of the cluster is taken by something else.
    #[error("{directory} is not a Postgres cluster and not empty", directory = .directory.display())]
    NotACluster {
        /// The directory.
        directory: PathBuf,
    },

    /// A folder in the shared temporary directory belongs to somebody else.
    #[error("{directory} belongs to another user", directory = .directory.display())]
    Usurped {
        /// The directory.
        directory: PathBuf,
    },

    /// `initdb` failed.
    #[error("could not create the cluster: {output}")]
    InitFailed {
        /// What the program printed.
        output: String,
    },

    /// There is no room for the cluster, or for what the server must write in order to start.
    #[error("no space left on the disk of data directory {data_dir}: {said}", data_dir = .data_dir.display())]
    DiskFull {
        /// Where the cluster lies, or would.
        data_dir: PathBuf,
        /// The program's own words about it.
        said: String,
    },

    /// The server ended instead of starting.
    #[error("Postgres did not start ({ended}): {log}")]
    StartFailed {
        /// How the process ended.
        ended: String,
        /// What it logged.
        log: String,
    },

    /// The server neither started nor ended, and its log stood still.
    #[error("Postgres is not ready after {seconds} s without progress: {log}")]
    StartTooSlow {
        /// How long nothing happened.
        seconds: u64,
        /// What it logged last.
        log: String,
    },

    /// An abandoned server in our directory does not end.
    #[error("an abandoned Postgres (process {pid}) still holds the data directory and does not stop")]
    Orphan {
        /// Its process.
        pid: u32,
    },

    /// A setting that durability rests on is not as we asked.
    #[error("Postgres runs with {setting} = {value}: a confirmed message could be forgotten; refusing to start")]
    NotDurable {
        /// The setting.
        setting: &'static str,
        /// What the server said.
        value: String,
    },

    /// The server is there but does not answer as it should.
    #[error("the private Postgres does not answer: {source}")]
    Unreachable {
        /// What the driver said.
        #[source]
        source: sqlx::Error,
    },

    /// The operating system refused.
    #[error("could not {what} {path}: {source}", path = .path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl ManagedError {
    /// What to do about it.
    pub fn cure(&self) -> String {
        match self {
            Self::InUse { .. } => "Stop that process, or give this one another --data-dir.".to_owned(),
            Self::OwnerSilent { data_dir, .. } => {
                format!("Look at {}/postgres.log, or stop that process.", data_dir.display())
            }
            Self::ProgramsMissing { .. } => "Install them (`apt-get install postgresql` or `dnf install \
                 postgresql-server`), name their folder in STENTOR_POSTGRES_BIN, or set database.url to use a server of \
                 your own."
                .to_owned(),
            Self::VersionMismatch { cluster, .. } => format!(
                "Install that version (`apt-get install postgresql-{cluster}` or `dnf install \
                 postgresql{cluster}-server`), or move the data with pg_dump."
            ),
            Self::TooOld { oldest, .. } => format!("Install Postgres {oldest} or later."),
            Self::NoAccount => "Run Stentor as a user of its own, or make a user `postgres`.".to_owned(),
            Self::Blocked { directory, .. } => format!(
                "Choose a --data-dir outside of it (for example /var/lib/stentor), or allow it with `chmod o+x {}`.",
                directory.display()
            ),
            Self::NotACluster { .. } => "Move it away, or choose another --data-dir.".to_owned(),
            Self::Usurped { .. } => "Remove it, or use a shorter --data-dir.".to_owned(),
            Self::Orphan { pid } => format!("Kill it: `kill -9 {pid}`."),
            Self::InitFailed { .. } => "Look at what it printed; there must be room in the data directory.".to_owned(),
            Self::StartFailed { .. } | Self::StartTooSlow { .. } => {
                "Look at postgres.log in the data directory; there must be room and memory.".to_owned()
            }
            Self::NotDurable { setting, .. } => {
                format!("Remove {setting} from postgresql.conf and postgresql.auto.conf in the data directory.")
            }
            Self::Unreachable { .. } => "Look at postgres.log in the data directory, then try again.".to_owned(),
            Self::DiskFull { .. } => NO_ROOM.to_owned(),
            Self::Io { source, .. } => cure_of_io(source.kind()).to_owned(),
        }
    }

    /// What a program of Postgres said when it failed, as a full disk when it is one.
    pub(super) fn or_full(self, data_dir: &Path) -> Self {
        let (Self::InitFailed { output: said } | Self::StartFailed { log: said, .. }) = &self else { return self };
        // The programs run with untranslated messages; these are strerror's words for ENOSPC and EDQUOT.
        let of_room = |line: &&str| line.contains("No space left on device") || line.contains("Disk quota exceeded");
        match said.lines().find(of_room) {
            Some(line) => Self::DiskFull { data_dir: data_dir.to_owned(), said: line.trim().to_owned() },
            None => self,
        }
    }
}

const NO_ROOM: &str = "Make room on that disk, or choose a --data-dir on another; a new cluster takes about 60 MB, and up \
                       to 2 GB of journal come on top while it works.";

const fn cure_of_io(kind: io::ErrorKind) -> &'static str {
    use io::ErrorKind as Kind;
    match kind {
        Kind::AlreadyExists | Kind::NotADirectory => "A file stands in the way: choose a directory as --data-dir.",
        Kind::StorageFull | Kind::QuotaExceeded => NO_ROOM,
        _ => "Choose a --data-dir that this user may write, such as /var/lib/stentor.",
    }
}

/// Says what was tried, and on what, when the operating system refuses.
pub(super) trait Trying<T> {
    fn trying(self, what: &'static str, path: &std::path::Path) -> Result<T, ManagedError>;
}

impl<T, E: Into<io::Error>> Trying<T> for Result<T, E> {
    fn trying(self, what: &'static str, path: &std::path::Path) -> Result<T, ManagedError> {
        self.map_err(|source| ManagedError::Io { what, path: path.to_owned(), source: source.into() })
    }
}
