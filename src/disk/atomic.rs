//! Files that appear whole under their name, or not at all.
//!
//! A temporary neighbour is written and synced, then renamed, then the folder is synced. A crash
//! leaves at most a file that begins with [`TEMP_PREFIX`], which no reader looks at.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use super::error::DiskError;
use super::folder;

/// How every unfinished file and folder is named.
pub const TEMP_PREFIX: &str = ".tmp-";

/// Writes `bytes` to `path`, replacing what was there. `mode` is narrowed by the umask.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    let mut file = NewFile::create(path, mode)?;
    file.write_all(bytes).map_err(DiskError::at("write", path))?;
    file.commit()
}

/// Writes `bytes` to `path`, which must not exist.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    let mut file = NewFile::create(path, mode)?;
    file.write_all(bytes).map_err(DiskError::at("write", path))?;
    file.commit_new()
}

/// Gives several files their names, once everything that was written before on the file system of
/// the folder `within` is durable. The names themselves may be lost in a crash, what they vouch for
/// may not. One call for many files costs less than one for each.
pub fn commit_all(files: Vec<NewFile>, within: &Path) -> Result<(), DiskError> {
    let folder = File::open(within).map_err(DiskError::at("open", within))?;
    rustix::fs::syncfs(&folder).map_err(io::Error::from).map_err(DiskError::at("sync", within))?;
    files.into_iter().try_for_each(NewFile::named)
}

/// A file on its way. Dropped without a commit, it leaves nothing.
#[derive(Debug)]
pub struct NewFile {
    file: File,
    /// Where the bytes are now; empty once they have their name.
    temp: Option<PathBuf>,
    path: PathBuf,
}

impl NewFile {
    /// Begins a file that will be called `path`. The folder must exist.
    pub fn create(path: &Path, mode: u32) -> Result<Self, DiskError> {
        let temp = temp_beside(path, "")?;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&temp)
            .map_err(DiskError::at("create", path))?;
        Ok(Self { file, temp: Some(temp), path: path.to_owned() })
    }

    /// Returns the name the file will have.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the file its name, replacing what had it.
    pub fn commit(mut self) -> Result<(), DiskError> {
        let temp = self.sync()?;
        fs::rename(&temp, &self.path).map_err(DiskError::at("rename to", &self.path))?;
        self.temp = None;
        folder::sync_parent(&self.path)
    }

    /// Gives the file its name, which nothing may have.
    pub fn commit_new(mut self) -> Result<(), DiskError> {
        let temp = self.sync()?;
        rename_new_file(&temp, &self.path).map_err(DiskError::at("rename to", &self.path))?;
        self.temp = None;
        folder::sync_parent(&self.path)
    }

    /// Like [`NewFile::commit`], under a name that was not known before, in the same folder.
    pub fn commit_as(mut self, path: &Path) -> Result<(), DiskError> {
        path.clone_into(&mut self.path);
        self.commit()
    }

    fn named(mut self) -> Result<(), DiskError> {
        let temp = self.temp.clone().unwrap_or_default();
        fs::rename(&temp, &self.path).map_err(DiskError::at("rename to", &self.path))?;
        self.temp = None;
        Ok(())
    }

    fn sync(&self) -> Result<PathBuf, DiskError> {
        self.file.sync_all().map_err(DiskError::at("sync", &self.path))?;
        Ok(self.temp.clone().unwrap_or_default())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl io::Read for NewFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read(buffer)
    }
}

impl Seek for NewFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if let Some(temp) = &self.temp {
            // Nothing to do about a failure: the name says that it does not count.
            let _ = fs::remove_file(temp);
        }
    }
}

/// Renames without replacing: in one step where the file system can, else by hard link, else by
/// claiming the name with an empty file first.
fn rename_new_file(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link_new(from, to),
        other => Ok(other?),
    }
}

fn link_new(from: &Path, to: &Path) -> io::Result<()> {
    match fs::hard_link(from, to) {
        Ok(()) => fs::remove_file(from),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
        Err(_) => claim_and_replace(from, to),
    }
}

fn claim_and_replace(from: &Path, to: &Path) -> io::Result<()> {
    OpenOptions::new().write(true).create_new(true).open(to)?;
    fs::rename(from, to)
}

/// Returns an unused temporary name in the folder of `path`.
pub(super) fn temp_beside(path: &Path, label: &str) -> Result<PathBuf, DiskError> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| {
        DiskError::at("name a temporary file for", path)(io::Error::other(error.to_string()))
    })?;
    let parent = path.parent().unwrap_or(Path::new(""));
    Ok(parent.join(format!("{TEMP_PREFIX}{label}{:016x}", u64::from_ne_bytes(random))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_written_file_has_its_bytes_and_mode_and_no_neighbour() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write(&path, b"one", 0o600).unwrap();
        write(&path, b"two", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(names(folder.path()), ["secret"]);
    }

    #[test]
    fn a_new_file_never_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        write_new(&path, b"one", 0o644).unwrap();
        assert!(matches!(write_new(&path, b"two", 0o644), Err(DiskError::Exists { .. })));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["x"]);
    }

    #[test]
    fn the_fallbacks_never_replace_either() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for rename in [link_new, claim_and_replace] {
            fs::write(&from, b"new").unwrap();
            rename(&from, &to).unwrap();
            assert_eq!(fs::read(&to).unwrap(), b"new");
            assert!(!from.exists());
            fs::write(&from, b"newer").unwrap();
            assert_eq!(rename(&from, &to).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read(&to).unwrap(), b"new");
            fs::remove_file(&to).unwrap();
        }
    }

    #[test]
    fn a_dropped_file_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut file = NewFile::create(&folder.path().join("x"), 0o644).unwrap();
        file.write_all(b"half").unwrap();
        drop(file);
        assert!(names(folder.path()).is_empty());
    }

    #[test]
    fn several_get_their_names_together() {
        let folder = tempfile::tempdir().unwrap();
        let begin = |name: &str| {
            let mut file = NewFile::create(&folder.path().join(name), 0o600).unwrap();
            file.write_all(name.as_bytes()).unwrap();
            file
        };
        fs::write(folder.path().join("b"), b"old").unwrap();
        commit_all(vec![begin("a"), begin("b")], folder.path()).unwrap();
        assert_eq!(names(folder.path()), ["a", "b"]);
        assert_eq!(fs::read(folder.path().join("b")).unwrap(), b"b");
        drop(begin("c"));
        assert_eq!(names(folder.path()), ["a", "b"]);
    }

    #[test]
    fn of_many_writers_one_wins() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("claim");
        let wins: usize = std::thread::scope(|scope| {
            let writers: Vec<_> = (0..8_u8)
                .map(|n| {
                    let path = &path;
                    scope.spawn(move || usize::from(write_new(path, &[n], 0o644).is_ok()))
                })
                .collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).sum()
        });
        assert_eq!(wins, 1);
    }

    #[test]
    fn a_missing_folder_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = write(&folder.path().join("no/x"), b"", 0o644).unwrap_err();
        assert!(error.is_missing() && error.to_string().contains("no/x"), "{error}");
    }
}
