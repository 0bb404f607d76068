//! Files and folders in places that are thrown away after a crash: nothing is synced here.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use super::DiskError;

/// Returns an empty file without a name on the file system of `folder`, to be written and read back.
pub fn file(folder: &Path) -> Result<File, DiskError> {
    use rustix::fs::{Mode, OFlags, open};
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    match open(folder, flags, Mode::from_raw_mode(0o600)) {
        Ok(file) => Ok(File::from(file)),
        // Not every file system knows files without a name.
        Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::ISDIR) => named(folder),
        Err(error) => Err(DiskError::at("create a file in", folder)(error.into())),
    }
}

/// Makes a private folder and those above it.
pub fn folder(path: &Path) -> Result<(), DiskError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(DiskError::at("create the folder", path))
}

/// Makes a private folder that must not exist.
pub fn folder_new(path: &Path) -> Result<(), DiskError> {
    DirBuilder::new().mode(0o700).create(path).map_err(DiskError::at("create the folder", path))
}

/// Makes a folder that everybody may look into, and those above it.
pub fn open_folder(path: &Path) -> Result<(), DiskError> {
    let made = DirBuilder::new().recursive(true).mode(0o755).create(path);
    made.map_err(DiskError::at("create the folder", path))
}

/// Writes `bytes` to `path`, replacing what was there as a whole.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), DiskError> {
    let temp = super::atomic::temp_beside(path, "")?;
    create(&temp, mode)?.write_all(bytes).map_err(DiskError::at("write", path))?;
    rename(&temp, path)
}

/// Creates a file that must not exist.
pub fn create(path: &Path, mode: u32) -> Result<File, DiskError> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    opened.map_err(DiskError::at("create", path))
}

/// Opens a file to append to, made where there is none. What is no plain file is refused at once,
/// where a named pipe would make us wait for a reader.
pub fn append(path: &Path, mode: u32) -> Result<File, DiskError> {
    let at_once = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let mut options = OpenOptions::new();
    options.append(true).create(true).mode(mode).custom_flags(at_once);
    let plain = options.open(path).and_then(|file| {
        let plain = file.metadata()?.is_file();
        plain.then_some(file).ok_or_else(|| std::io::Error::other("it is not a plain file"))
    });
    plain.map_err(DiskError::at("append to", path))
}

/// Gives a file another name, replacing what had it.
pub fn rename(from: &Path, to: &Path) -> Result<(), DiskError> {
    std::fs::rename(from, to).map_err(DiskError::at("rename to", to))
}

fn named(folder: &Path) -> Result<File, DiskError> {
    let mut random = [0; 8];
    let drawn = getrandom::fill(&mut random);
    let drawn = drawn.map_err(|error| std::io::Error::other(error.to_string()));
    drawn.map_err(DiskError::at("draw a random name for a file in", folder))?;
    let path = folder.join(format!(".tmp-{:016x}", u64::from_le_bytes(random)));
    let mut options = OpenOptions::new();
    let opened = options.read(true).write(true).create_new(true).mode(0o600).open(&path);
    let file = opened.map_err(DiskError::at("create", &path))?;
    std::fs::remove_file(&path).map_err(DiskError::at("remove", &path))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Seek as _};

    #[test]
    fn appends_to_plain_files_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        for word in ["one ", "two"] {
            append(&path, 0o600).unwrap().write_all(word.as_bytes()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one two");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        for bad in [&pipe, folder.path(), &path.join("below"), Path::new("/dev/null")] {
            assert!(append(bad, 0o600).is_err(), "{}", bad.display());
        }
    }

    #[test]
    fn leaves_no_name_behind() {
        let folder = tempfile::tempdir().unwrap();
        for mut file in [file(folder.path()).unwrap(), named(folder.path()).unwrap()] {
            file.write_all(b"secret").unwrap();
            file.rewind().unwrap();
            let mut back = String::new();
            file.read_to_string(&mut back).unwrap();
            assert_eq!(back, "secret");
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
