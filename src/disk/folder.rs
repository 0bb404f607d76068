//! Folders: made durably, renamed without replacing, listed in order, removed.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use super::error::DiskError;

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name, without its folder.
    pub name: OsString,
    /// Whether it is a folder itself. A symbolic link to one is not.
    pub is_dir: bool,
}

/// Makes a folder and those above it. `mode` is for those that are new, narrowed by the umask.
pub fn create(path: &Path, mode: u32) -> Result<(), DiskError> {
    if path.as_os_str().is_empty() || path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        create(parent, mode)?;
    }
    match DirBuilder::new().mode(mode).create(path) {
        Ok(()) => sync_parent(path),
        // Another process was faster, which is as good.
        Err(_) if path.is_dir() => Ok(()),
        Err(error) => Err(DiskError::at("create the folder", path)(error)),
    }
}

/// Makes one folder, which must not exist.
pub fn create_new(path: &Path, mode: u32) -> Result<(), DiskError> {
    DirBuilder::new().mode(mode).create(path).map_err(DiskError::at("create the folder", path))?;
    sync_parent(path)
}

/// Renames a folder to a name that nothing may have, durably.
pub fn rename_new(from: &Path, to: &Path) -> Result<(), DiskError> {
    move_new(from, to)?;
    sync_parent(to)
}

/// Like [`rename_new`], without making the name durable.
pub fn move_new(from: &Path, to: &Path) -> Result<(), DiskError> {
    let renamed = match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => claim_and_replace(from, to),
        other => other.map_err(io::Error::from),
    };
    renamed.map_err(DiskError::at("rename to", to))
}

/// The fallback: making a folder is exclusive, and an empty one may be renamed over.
fn claim_and_replace(from: &Path, to: &Path) -> io::Result<()> {
    DirBuilder::new().create(to)?;
    // Where that fails, the claim is given back, if it is still empty.
    fs::rename(from, to).inspect_err(|_| drop(fs::remove_dir(to)))
}

/// Puts the folder `new` in the place of the folder `at` and removes what was there. Where the
/// file system can exchange two names, a reader sees the one or the other at every moment.
pub fn replace(new: &Path, at: &Path) -> Result<(), DiskError> {
    let exchanged = rustix::fs::renameat_with(CWD, new, CWD, at, RenameFlags::EXCHANGE);
    match exchanged {
        Ok(()) => {}
        Err(Errno::NOENT) => return rename_new(new, at),
        // A file system that cannot exchange says so before it looks whether there is anything.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) if !at.exists() => {
            return rename_new(new, at);
        }
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            let aside = super::atomic::temp_beside(at, "old-")?;
            rename_new(at, &aside)?;
            rename_new(new, at)?;
            return remove_all(&aside);
        }
        Err(error) => return Err(DiskError::at("replace", at)(error.into())),
    }
    sync_parent(at)?;
    remove_all(new)
}

/// Makes the names in a folder durable.
pub fn sync(path: &Path) -> Result<(), DiskError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    let folder = File::open(path).map_err(DiskError::at("open", path))?;
    match folder.sync_all() {
        // Some network and FUSE file systems cannot sync a folder; they say so with these.
        Err(error)
            if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) =>
        {
            Ok(())
        }
        other => other.map_err(DiskError::at("sync", path)),
    }
}

/// Makes the name of `path` durable.
pub fn sync_parent(path: &Path) -> Result<(), DiskError> {
    sync(path.parent().unwrap_or(path))
}

/// Lists a folder, sorted by name. A folder that is not there is an error.
pub fn list(path: &Path) -> Result<Vec<Entry>, DiskError> {
    let read = || -> io::Result<Vec<Entry>> {
        fs::read_dir(path)?
            .map(|entry| {
                let entry = entry?;
                Ok(Entry { name: entry.file_name(), is_dir: entry.file_type()?.is_dir() })
            })
            .collect()
    };
    let mut entries = read().map_err(DiskError::at("list", path))?;
    entries.sort();
    Ok(entries)
}

/// Removes a folder and everything in it; links are removed, not followed. Gone already is fine.
pub fn remove_all(path: &Path) -> Result<(), DiskError> {
    gone(fs::remove_dir_all(path)).map_err(DiskError::at("remove", path))
}

/// Removes a file. Gone already is fine.
pub fn remove_file(path: &Path) -> Result<(), DiskError> {
    gone(fs::remove_file(path)).map_err(DiskError::at("remove", path))
}

fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_made_with_those_above_and_twice_is_fine() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b/c");
        create(&deep, 0o700).unwrap();
        create(&deep, 0o700).unwrap();
        assert!(deep.is_dir());
        fs::write(root.path().join("file"), b"").unwrap();
        assert!(create(&root.path().join("file/x"), 0o700).is_err());
    }

    #[test]
    fn a_rename_never_replaces_not_even_an_empty_folder() {
        let root = tempfile::tempdir().unwrap();
        for rename in [rename_new as fn(&Path, &Path) -> Result<(), DiskError>, |from, to| {
            claim_and_replace(from, to).map_err(DiskError::at("rename to", to))
        }] {
            let (from, to) = (root.path().join("from"), root.path().join("to"));
            fs::create_dir(&from).unwrap();
            fs::write(from.join("x"), b"").unwrap();
            rename(&from, &to).unwrap();
            assert!(to.join("x").exists() && !from.exists());
            fs::create_dir(&from).unwrap();
            assert!(matches!(rename(&from, &to), Err(DiskError::Exists { .. })));
            fs::remove_dir_all(&to).unwrap();
            fs::create_dir(&to).unwrap();
            assert!(matches!(rename(&from, &to), Err(DiskError::Exists { .. })));
            fs::remove_dir(&from).unwrap();
            fs::remove_dir(&to).unwrap();
        }
    }

    #[test]
    fn a_replaced_folder_holds_only_the_new() {
        let root = tempfile::tempdir().unwrap();
        let at = root.path().join("at");
        for name in ["first", "second"] {
            let new = root.path().join("new");
            fs::create_dir(&new).unwrap();
            fs::write(new.join(name), b"").unwrap();
            replace(&new, &at).unwrap();
            assert_eq!(list(&at).unwrap().len(), 1);
            assert!(at.join(name).exists() && !new.exists());
        }
    }

    #[test]
    fn a_listing_is_sorted_and_tells_folders_from_links() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("b")).unwrap();
        fs::write(root.path().join("a"), b"").unwrap();
        std::os::unix::fs::symlink("b", root.path().join("c")).unwrap();
        let names: Vec<_> = list(root.path())
            .unwrap()
            .into_iter()
            .map(|entry| (entry.name.into_string().unwrap(), entry.is_dir))
            .collect();
        let expected = [("a", false), ("b", true), ("c", false)];
        assert_eq!(names, expected.map(|(name, is_dir)| (name.to_owned(), is_dir)));
        assert!(list(&root.path().join("none")).unwrap_err().is_missing());
    }

    #[test]
    fn removing_does_not_follow_links_and_twice_is_fine() {
        let root = tempfile::tempdir().unwrap();
        let (kept, gone) = (root.path().join("kept"), root.path().join("gone"));
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("x"), b"").unwrap();
        fs::create_dir(&gone).unwrap();
        std::os::unix::fs::symlink(&kept, gone.join("link")).unwrap();
        remove_all(&gone).unwrap();
        remove_all(&gone).unwrap();
        remove_file(&gone).unwrap();
        assert!(kept.join("x").exists() && !gone.exists());
    }
}
