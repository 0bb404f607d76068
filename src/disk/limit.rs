//! Reading that stops at a limit, so that no file decides how much memory we use.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;

use super::error::DiskError;

/// Reads a whole file of at most `max` bytes.
pub fn read(path: &Path, max: u64) -> Result<Vec<u8>, DiskError> {
    read_open(File::open(path), path, max)
}

/// Reads a whole file that lies where others may write. See [`open_plain`].
pub fn read_plain(path: &Path, max: u64) -> Result<Vec<u8>, DiskError> {
    read_open(open_plain(path), path, max)
}

/// Opens a file that lies where others may write: what is no plain file is refused at once, where a
/// named pipe would make us wait for ever.
pub fn open_plain(path: &Path) -> io::Result<File> {
    let at_once = OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options().read(true).custom_flags(at_once).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidData, "not a plain file"))
    }
}

fn read_open(file: io::Result<File>, path: &Path, max: u64) -> Result<Vec<u8>, DiskError> {
    let file = file.map_err(DiskError::at("read", path))?;
    let mut bytes = Vec::new();
    file.take(max.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(DiskError::at("read", path))?;
    if bytes.len() as u64 > max {
        return Err(DiskError::TooLarge { path: path.to_owned(), max });
    }
    Ok(bytes)
}

/// Reads a whole file of at most `max` bytes as [`read_plain`] does, or `None` when it is not there.
pub fn read_plain_if_there(path: &Path, max: u64) -> Result<Option<Vec<u8>>, DiskError> {
    match read_plain(path, max) {
        Err(error) if error.is_missing() => Ok(None),
        other => other.map(Some),
    }
}

/// Reads a whole file of at most `max` bytes, or `None` when it is not there.
pub fn read_if_there(path: &Path, max: u64) -> Result<Option<Vec<u8>>, DiskError> {
    match read(path, max) {
        Err(error) if error.is_missing() => Ok(None),
        other => other.map(Some),
    }
}

/// Reads the first `most` bytes of a file that lies where others may write, or `None` when there is
/// no plain file: whoever looks at them sees that more was there. See [`open_plain`].
pub fn read_start(path: &Path, most: u64) -> Result<Option<Vec<u8>>, DiskError> {
    let file = match open_plain(path) {
        Ok(file) => file,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(DiskError::at("read", path)(error)),
    };
    let mut bytes = Vec::new();
    file.take(most).read_to_end(&mut bytes).map_err(DiskError::at("read", path))?;
    Ok(Some(bytes))
}

/// A reader that fails once more than its limit has come through. Unlike [`Read::take`], which
/// ends quietly, it cannot be mistaken for a shorter file.
#[derive(Debug)]
pub struct Bounded<R> {
    inner: R,
    left: u64,
    max: u64,
}

impl<R> Bounded<R> {
    /// Lets `max` bytes of `inner` through.
    pub fn new(inner: R, max: u64) -> Self {
        Self { inner, left: max, max }
    }

    /// Returns how many bytes came through.
    pub fn passed(&self) -> u64 {
        self.max - self.left
    }

    /// Returns the wrapped reader.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        // One byte more than allowed is asked for, to tell the end from the limit.
        let most = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX);
        let length = buffer.len().min(most);
        let count = self.inner.read(&mut buffer[..length])?;
        self.left = self.left.checked_sub(count as u64).ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::FileTooLarge,
                format!("more than {} bytes where no more may be", self.max),
            )
        })?;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_file_at_the_limit_is_read_and_one_byte_more_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(matches!(read(&path, 4), Err(DiskError::TooLarge { max: 4, .. })));
        assert_eq!(read_if_there(&folder.path().join("y"), 4).unwrap(), None);
    }

    #[test]
    fn a_pipe_in_the_place_of_a_file_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let mode = rustix::fs::Mode::from(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert!(read_plain(&path, 5).unwrap_err().to_string().contains("plain file"));
        assert!(open_plain(folder.path()).is_err());
        assert_eq!(read_plain_if_there(&folder.path().join("y"), 5).unwrap(), None);
    }

    proptest! {
        #[test]
        fn bounded_passes_all_or_fails(bytes: Vec<u8>, max in 0_u64..64, chunk in 1_usize..9) {
            let mut reader = io::BufReader::with_capacity(chunk, Bounded::new(&bytes[..], max));
            let mut read = Vec::new();
            let result = reader.read_to_end(&mut read);
            if bytes.len() as u64 <= max {
                prop_assert!(result.is_ok());
                prop_assert_eq!(read, bytes);
            } else {
                prop_assert!(result.is_err());
                prop_assert!(read.len() as u64 <= max);
            }
        }
    }
}
