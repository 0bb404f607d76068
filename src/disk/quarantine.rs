//! A private folder for what is not trusted yet. It vanishes unless it is kept.

use std::path::{Path, PathBuf};

use super::error::DiskError;
use super::{atomic, folder, scratch};

/// A folder with mode 0700 that is removed on drop.
#[derive(Debug)]
pub struct Quarantine {
    path: Option<PathBuf>,
}

impl Quarantine {
    /// Makes one in `parent`, which is made as well where needed. Its name begins with `.tmp-`
    /// and `label`, so that what a crash leaves can be told.
    pub fn new(parent: &Path, label: &str) -> Result<Self, DiskError> {
        folder::create(parent, 0o700)?;
        let path = atomic::temp_beside(&parent.join("x"), &format!("{label}-"))?;
        scratch::folder_new(&path)?;
        Ok(Self { path: Some(path) })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    /// Keeps it under the name `to`, which nothing may have. On failure it is removed.
    pub fn keep_as(mut self, to: &Path) -> Result<(), DiskError> {
        folder::rename_new(self.path(), to)?;
        self.path = None;
        Ok(())
    }
}

impl Drop for Quarantine {
    fn drop(&mut self) {
        if let Some(path) = &self.path {
            // Nothing to do about a failure: the name says that it does not count.
            let _ = folder::remove_all(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn it_is_private_and_vanishes() {
        let root = tempfile::tempdir().unwrap();
        let quarantine = Quarantine::new(&root.path().join("state/work"), "open").unwrap();
        let path = quarantine.path().to_owned();
        fs::write(path.join("x"), b"").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(path.file_name().unwrap().to_str().unwrap().starts_with(".tmp-open-"));
        drop(quarantine);
        assert!(!path.exists());
    }

    #[test]
    fn it_is_kept_under_a_free_name_only() {
        let root = tempfile::tempdir().unwrap();
        let to = root.path().join("kept");
        let first = Quarantine::new(root.path(), "a").unwrap();
        fs::write(first.path().join("x"), b"").unwrap();
        first.keep_as(&to).unwrap();
        assert!(to.join("x").exists());
        let second = Quarantine::new(root.path(), "a").unwrap();
        assert!(matches!(second.keep_as(&to), Err(DiskError::Exists { .. })));
        assert_eq!(folder::list(root.path()).unwrap().len(), 1);
    }
}
