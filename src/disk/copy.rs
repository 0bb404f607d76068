//! Copies that appear whole and never replace.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::atomic::NewFile;
use super::error::DiskError;

/// Copies a file to a name that nothing may have, durably.
pub fn copy_file(from: &Path, to: &Path, mode: u32) -> Result<(), DiskError> {
    let mut source = File::open(from).map_err(DiskError::at("read", from))?;
    let mut file = NewFile::create(to, mode)?;
    io::copy(&mut source, &mut file).map_err(DiskError::at("write", to))?;
    file.commit_new()
}

/// Makes `to` a second name of `from` where the file system can, else a copy. Only for files that
/// nobody changes in place. The name is not durable until its folder is synced.
pub fn link_or_copy(from: &Path, to: &Path, mode: u32) -> Result<(), DiskError> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            Err(DiskError::at("link", to)(error))
        }
        Err(_) => copy_file(from, to, mode),
    }
}

#[cfg(test)]
mod tests {
    use super::super::folder;
    use super::*;

    type Make = fn(&Path, &Path, u32) -> Result<(), DiskError>;

    #[test]
    fn copies_and_links_hold_the_same_bytes_and_never_replace() {
        let root = tempfile::tempdir().unwrap();
        let from = root.path().join("from");
        fs::write(&from, b"bytes").unwrap();
        for (name, make) in [("copy", copy_file as Make), ("link", link_or_copy)] {
            let to = root.path().join(name);
            make(&from, &to, 0o644).unwrap();
            assert_eq!(fs::read(&to).unwrap(), b"bytes");
            assert!(matches!(make(&from, &to, 0o644), Err(DiskError::Exists { .. })), "{name}");
        }
    }

    #[test]
    fn a_missing_source_leaves_nothing() {
        let root = tempfile::tempdir().unwrap();
        assert!(link_or_copy(&root.path().join("no"), &root.path().join("to"), 0o644).is_err());
        assert!(folder::list(root.path()).unwrap().is_empty());
    }
}
