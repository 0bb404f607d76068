//! Files that are in use again, and files that nobody used for a while.
//!
//! Whoever uses a file again refreshes its time under a shared lock; whoever removes old files looks
//! at the time and removes under an exclusive one. So the one always sees what the other did, and a
//! crash in between leaves the file as it was.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{Timespec, Timestamps, UTIME_NOW};

use super::error::DiskError;
use crate::model::clock::Timestamp;

/// Sets the time of the file at `path` to now. Returns whether the file is there and will be seen as
/// used: one that may not be touched, or that just went, is not.
pub fn refresh(path: &Path) -> bool {
    let touch = || -> io::Result<bool> {
        let file = File::open(path)?;
        file.lock_shared()?;
        let now = || Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        rustix::fs::futimens(&file, &Timestamps { last_access: now(), last_modification: now() })?;
        Ok(file.metadata()?.nlink() > 0)
    };
    touch().unwrap_or(false)
}

/// Returns when the file at `path` was written or used last; `None` where there is none.
pub fn last_use(path: &Path) -> Result<Option<Timestamp>, DiskError> {
    match path.symlink_metadata() {
        Ok(facts) => Ok(Some(Timestamp::from_unix(facts.mtime()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(DiskError::at("look at", path)(error)),
    }
}

/// Removes the file at `path` if it was last used at `limit` or before. Returns whether it did.
pub fn remove_unused(path: &Path, limit: Timestamp) -> Result<bool, DiskError> {
    let remove = || -> io::Result<bool> {
        let file = File::open(path)?;
        file.lock()?;
        let old = Timestamp::from_unix(file.metadata()?.mtime()) <= limit;
        if old {
            fs::remove_file(path)?;
        }
        Ok(old)
    };
    match remove() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        other => other.map_err(DiskError::at("remove", path)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_used_again_stays_and_what_is_old_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"").unwrap();
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1000);
        let age = || File::open(&path).unwrap().set_modified(old).unwrap();
        age();
        assert_eq!(last_use(&path).unwrap(), Some(Timestamp::from_unix(1000)));
        assert!(!remove_unused(&path, Timestamp::from_unix(999)).unwrap());
        assert!(refresh(&path));
        assert!(!remove_unused(&path, Timestamp::from_unix(1000)).unwrap());
        age();
        assert!(remove_unused(&path, Timestamp::from_unix(1000)).unwrap());
        assert!(!refresh(&path) && last_use(&path).unwrap().is_none());
        assert!(!remove_unused(&path, Timestamp::from_unix(1000)).unwrap());
    }
}
