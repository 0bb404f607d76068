//! One process at a time: an advisory lock that a crash frees by itself.
//!
//! The file stays when the lease ends; only the lock on it counts. What it holds is a note for
//! people, never a reason to refuse.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use super::error::DiskError;
use crate::model::clock::Timestamp;

/// The right to be the only one. Dropping it gives it back.
#[derive(Debug)]
pub struct Lease {
    file: File,
}

/// Who took a lease last, as far as the note in its file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub pid: u32,
    /// When it took the lease.
    pub since: Timestamp,
}

impl Lease {
    /// Takes the lease at `path`, or returns `None` when another process has it.
    pub fn take(path: &Path) -> Result<Option<Self>, DiskError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(DiskError::at("open", path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(DiskError::at("lock", path)(error)),
        }
        let note = format!("{}\n", std::process::id());
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| file.write_all(note.as_bytes()))
            .map_err(DiskError::at("write", path))?;
        Ok(Some(Self { file }))
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Closing the file unlocks it as well; this is sooner if the handle was inherited.
        let _ = self.file.unlock();
    }
}

/// Reads who took the lease at `path` last, for a message.
pub fn holder(path: &Path) -> Option<Holder> {
    let file = File::open(path).ok()?;
    let since = Timestamp::from_unix(file.metadata().ok()?.mtime());
    let mut note = String::new();
    file.take(32).read_to_string(&mut note).ok()?;
    Some(Holder { pid: note.trim_end().parse().ok()?, since })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_holds_it_and_dropping_frees_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease");
        let lease = Lease::take(&path).unwrap().unwrap();
        assert!(Lease::take(&path).unwrap().is_none());
        assert_eq!(holder(&path).map(|holder| holder.pid), Some(std::process::id()));
        drop(lease);
        assert!(Lease::take(&path).unwrap().is_some());
    }

    #[test]
    fn a_note_that_is_not_ours_does_not_refuse() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lease");
        std::fs::write(&path, b"somebody else, long ago, with a long note").unwrap();
        assert_eq!(holder(&path), None);
        assert!(Lease::take(&path).unwrap().is_some());
    }
}
