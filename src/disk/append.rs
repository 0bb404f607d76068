//! A file that only grows: opened at its good end, appended to, made durable.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::DiskError;
use super::folder;

/// A file that is appended to.
#[derive(Debug)]
pub struct AppendFile {
    file: File,
    path: PathBuf,
}

impl AppendFile {
    /// Begins a file, which must not exist. Its name is durable when this returns.
    pub fn create(path: &Path, mode: u32) -> Result<Self, DiskError> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(mode)
            .open(path)
            .map_err(DiskError::at("create", path))?;
        folder::sync_parent(path)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Opens a file to go on behind its first `length` bytes. What a crash left behind them is cut
    /// off.
    pub fn open(path: &Path, length: u64) -> Result<Self, DiskError> {
        let file =
            OpenOptions::new().append(true).open(path).map_err(DiskError::at("open", path))?;
        let at = DiskError::at("cut", path);
        file.set_len(length).and_then(|()| file.sync_all()).map_err(at)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends bytes and makes them durable.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        self.file.write_all(bytes).map_err(DiskError::at("append to", &self.path))?;
        self.file.sync_data().map_err(DiskError::at("sync", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_and_a_torn_end_is_cut_off() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("log");
        let mut file = AppendFile::create(&path, 0o600).unwrap();
        file.append(b"one\n").unwrap();
        file.append(b"tw").unwrap();
        assert!(AppendFile::create(&path, 0o600).is_err(), "it never replaces");
        AppendFile::open(&path, 4).unwrap().append(b"three\n").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"one\nthree\n");
    }
}
