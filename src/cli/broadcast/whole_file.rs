//! A file that is there whole or not at all: written beside its place, and moved there when it is complete.

use std::fs::{File, OpenOptions};
use std::io::{Result, Write};
use std::path::{Path, PathBuf};

/// A file being written. Dropped before [`WholeFile::finish`], it leaves nothing.
#[derive(Debug)]
pub(in crate::cli) struct WholeFile {
    file: File,
    /// Where it is written, and where it belongs; `None` for what is no plain file, such as a pipe or a device.
    move_to: Option<(PathBuf, PathBuf)>,
}

impl WholeFile {
    /// Begins to write what shall become `path`.
    pub fn create(path: &Path) -> Result<Self> {
        let there = std::fs::metadata(path).ok();
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            return Ok(Self { file: OpenOptions::new().write(true).open(path)?, move_to: None });
        }
        // Behind a link, so that the link stays one.
        let path = if there.is_some() { std::fs::canonicalize(path)? } else { path.to_owned() };
        let mut name = std::ffi::OsString::from(".");
        name.push(path.file_name().ok_or(std::io::ErrorKind::IsADirectory)?);
        name.push(format!(".{}.partial", std::process::id()));
        let partial = path.with_file_name(name);
        let file = OpenOptions::new().write(true).create_new(true).open(&partial)?;
        let whole = Self { file, move_to: Some((partial, path)) };
        if let Some(there) = there {
            whole.file.set_permissions(there.permissions())?;
        }
        Ok(whole)
    }

    /// It is complete: puts it into its place.
    pub fn finish(mut self) -> Result<()> {
        self.file.flush()?;
        if let Some((partial, path)) = &self.move_to {
            self.file.sync_all()?;
            std::fs::rename(partial, path)?;
            self.move_to = None;
        }
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if let Some((partial, _)) = &self.move_to {
            // Nothing better can be done; its name says that it is not whole.
            let _ = std::fs::remove_file(partial);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_there_whole_or_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let (path, link) = (dir.path().join("people.csv"), dir.path().join("link.csv"));
        let mut half = WholeFile::create(&path).unwrap();
        half.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(half);
        assert_eq!(names(dir.path()), Vec::<String>::new());
        std::fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut whole = WholeFile::create(&link).unwrap();
        whole.write_all(b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        whole.finish().unwrap();
        assert_eq!((std::fs::read_to_string(&path).unwrap(), link.is_symlink()), ("new".into(), true));
        assert_eq!(names(dir.path()), ["link.csv", "people.csv"]);
    }

    #[test]
    fn a_device_is_written_to_and_not_replaced() {
        let mut file = WholeFile::create(Path::new("/dev/null")).unwrap();
        file.write_all(b"x").unwrap();
        file.finish().unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}
