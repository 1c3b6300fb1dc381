//! A disk so small that it can be filled: a file system in memory, mounted for one test. Only root may mount.

use std::fs::{self, File, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::unistd::geteuid;
use tempfile::TempDir;

/// A small disk. Unmounted when dropped, also by a panic.
pub struct SmallDisk {
    dir: TempDir,
}

impl SmallDisk {
    /// Mounts a disk of so many mebibytes; `None`, told aloud, where that is not allowed.
    pub fn mount(mebibytes: u32) -> Option<Self> {
        let aloud = |why: &str| println!("NOT RUN with a real full disk: {why}");
        if !geteuid().is_root() {
            aloud("only root may mount one");
            return None;
        }
        let dir = tempfile::Builder::new().permissions(Permissions::from_mode(0o711)).tempdir().expect("a folder");
        let options = format!("size={mebibytes}m,mode=0711");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(dir.path()).status();
        if !mounted.is_ok_and(|status| status.success()) {
            aloud("this root may not mount either, as in a container");
            return None;
        }
        Some(Self { dir })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    fn ballast(&self) -> PathBuf {
        self.path().join("ballast")
    }

    /// Fills it to the last byte.
    pub fn fill(&self) {
        let mut ballast = File::create(self.ballast()).expect("a file");
        for size in [1 << 20, 1 << 12, 1] {
            let lump = vec![0_u8; size];
            while ballast.write_all(&lump).is_ok() {}
        }
    }

    /// Makes room again.
    pub fn relieve(&self) {
        fs::remove_file(self.ballast()).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a process that still ends may hold a file of it.
        let _ = Command::new("umount").arg("-l").arg(self.dir.path()).status();
    }
}
