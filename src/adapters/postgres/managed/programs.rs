//! Finds the server programs, `postgres` and `initdb`, wherever this kind of machine keeps them.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::iter;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::ManagedError;

/// The oldest major version we use: `client_connection_check_interval` came with it.
const MAJOR_MIN: u32 = 14;

/// The folder that an operator may name; nothing else is looked at then.
const OVERRIDE: &str = "STENTOR_POSTGRES_BIN";

/// A folder with a matching pair of `postgres` and `initdb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Programs {
    pub(super) bin_dir: PathBuf,
    pub(super) major: u32,
}

impl Programs {
    /// The best programs for a cluster of major version `wanted`, or for a new cluster.
    pub(super) fn find(cluster_dir: &Path, wanted: Option<u32>) -> Result<Self, ManagedError> {
        let named = env::var_os(OVERRIDE).filter(|value| !value.is_empty()).map(PathBuf::from);
        match named {
            None => Self::choose(candidates(env::var_os("PATH")), cluster_dir, wanted),
            Some(dir) => Self::choose([dir.clone()], cluster_dir, wanted).map_err(|error| match error {
                ManagedError::ProgramsMissing { .. } => ManagedError::ProgramsMissing { looked_in: Some(dir) },
                other => other,
            }),
        }
    }

    fn choose(
        candidates: impl IntoIterator<Item = PathBuf>,
        cluster_dir: &Path,
        wanted: Option<u32>,
    ) -> Result<Self, ManagedError> {
        let mut others: Vec<Self> = Vec::new();
        for bin_dir in candidates {
            if others.iter().any(|other| other.bin_dir == bin_dir) {
                continue;
            }
            let Some(major) = major_in(&bin_dir) else { continue };
            if wanted.is_none_or(|wanted| wanted == major) && major >= MAJOR_MIN {
                return Ok(Self { bin_dir, major });
            }
            others.push(Self { bin_dir, major });
        }
        let Some(first) = others.first() else { return Err(ManagedError::ProgramsMissing { looked_in: None }) };
        let Some(cluster) = wanted.filter(|wanted| others.iter().all(|other| other.major != *wanted)) else {
            return Err(ManagedError::TooOld { bin_dir: first.bin_dir.clone(), major: first.major, oldest: MAJOR_MIN });
        };
        let found: Vec<String> =
            others.iter().map(|other| format!("Postgres {} in {}", other.major, other.bin_dir.display())).collect();
        Err(ManagedError::VersionMismatch { data_dir: cluster_dir.to_owned(), cluster, found: found.join(", ") })
    }

    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.bin_dir.join(name)
    }
}

/// The major version in `bin_dir`, or `None` when the pair is not there or does not run.
fn major_in(bin_dir: &Path) -> Option<u32> {
    if !bin_dir.join("initdb").is_file() {
        return None;
    }
    let output = Command::new(bin_dir.join("postgres")).arg("--version").output().ok()?;
    major_of(&String::from_utf8(output.stdout).ok()?)
}

/// Reads `postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)`, `… 18beta1` alike.
fn major_of(version: &str) -> Option<u32> {
    let number = version.split_once("(PostgreSQL) ")?.1;
    let digits = number.find(|c: char| !c.is_ascii_digit()).unwrap_or(number.len());
    number[..digits].parse().ok()
}

/// Everywhere the programs may lie, best first; looked for one after the other, as long as need be.
fn candidates(path: Option<OsString>) -> impl Iterator<Item = PathBuf> {
    let dirs: Vec<PathBuf> = path.iter().flat_map(env::split_paths).collect();
    // A link in /usr/local/bin leads to the real folder; a wrapper script has its companions beside itself.
    let on_path = dirs
        .into_iter()
        .map(|dir| dir.join("postgres"))
        .filter(|file| file.is_file())
        .flat_map(|file| [fs::canonicalize(&file).ok(), Some(file)])
        .filter_map(|file| Some(file?.parent()?.to_owned()));
    let brewed = ["/opt/homebrew/opt", "/usr/local/opt"].into_iter().flat_map(|brew| {
        let newest = versioned(Path::new(brew), "postgresql@", "bin");
        newest.into_iter().chain([Path::new(brew).join("postgresql/bin")])
    });
    on_path
        .chain(iter::once_with(told_by_pg_config).flatten())
        .chain(iter::once_with(|| versioned(Path::new("/usr/lib/postgresql"), "", "bin")).flatten())
        .chain(iter::once_with(|| versioned(Path::new("/usr"), "pgsql-", "bin")).flatten())
        .chain(brewed)
}

fn told_by_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

/// The folders `root/<prefix><major>/<below>`, newest first.
fn versioned(root: &Path, prefix: &str, below: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(root).into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = entries
        .filter_map(|entry| {
            let major = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((major, entry.path().join(below)))
        })
        .collect();
    found.sort_by_key(|(major, _)| std::cmp::Reverse(*major));
    found.into_iter().map(|(_, dir)| dir).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_vendors_write_them() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_of("something else"), None);
    }

    #[test]
    fn a_machine_without_programs_is_told_which_package_to_install() {
        let error = Programs::choose(Vec::new(), Path::new("/data"), None).expect_err("there is nothing");
        let words = format!("{error}. {}", error.cure());
        assert!(words.contains("apt-get install postgresql") && words.contains("dnf install postgresql-server"));
        assert!(words.contains("database.url"), "{words}");
    }

    #[test]
    fn a_cluster_of_another_version_names_both_versions_and_the_package() {
        let installed = Programs::find(Path::new("/data"), None).expect("tests need the server programs");
        let error = Programs::choose(vec![installed.bin_dir], Path::new("/data"), Some(99)).expect_err("no 99 here");
        let words = format!("{error}. {}", error.cure());
        assert!(words.contains("made by Postgres 99") && words.contains(&format!("Postgres {}", installed.major)));
        assert!(words.contains("apt-get install postgresql-99"), "{words}");
    }
}
