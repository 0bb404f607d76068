//! The file appended to. Threads that write at the same time share one sync.

use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::folder::LARGEST;
use super::record::{Line, Record};
use crate::disk::append::AppendFile;
use crate::disk::limit;
use crate::model::clock::Timestamp;
use crate::model::digest::Digest;
use crate::replay::error::ReplayError;

/// A journal that is open for writing.
pub struct Journal {
    path: PathBuf,
    inner: Mutex<Inner>,
    turn: Condvar,
}

struct Inner {
    /// Away while a thread writes and syncs.
    file: Option<AppendFile>,
    /// Lines that are not in the file yet.
    buffer: Vec<u8>,
    /// The digest of the last line.
    head: Digest,
    /// How many lines there are, and how many of them are durable.
    count: u64,
    synced: u64,
    /// Why nothing can be written any more.
    broken: Option<String>,
    /// After so many lines the power goes.
    #[cfg(test)]
    cut: Option<u64>,
}

impl Journal {
    /// Goes on behind `count` lines, of which the last has the digest `head`.
    pub(super) fn new(file: AppendFile, head: Digest, count: u64) -> Self {
        let path = file.path().to_owned();
        let inner = Inner {
            file: Some(file),
            buffer: Vec::new(),
            head,
            count,
            synced: count,
            broken: None,
            #[cfg(test)]
            cut: None,
        };
        Self { path, inner: Mutex::new(inner), turn: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends a record that becomes durable with the next one that must be.
    pub fn note(&self, record: Record, at: Timestamp) -> Result<(), ReplayError> {
        self.append(record, at).map(drop)
    }

    /// Appends a record. It is durable when this returns.
    pub fn write(&self, record: Record, at: Timestamp) -> Result<(), ReplayError> {
        let number = self.append(record, at)?;
        self.sync_to(number)
    }

    /// Makes everything durable.
    pub fn sync(&self) -> Result<(), ReplayError> {
        let count = self.lock().count;
        self.sync_to(count)
    }

    /// Returns all that is durable of it.
    pub(in crate::replay) fn text(&self) -> Result<String, ReplayError> {
        self.sync()?;
        let bytes = limit::read(&self.path, LARGEST)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn append(&self, record: Record, at: Timestamp) -> Result<u64, ReplayError> {
        let mut inner = self.lock();
        #[cfg(test)]
        if inner.cut.is_some_and(|cut| inner.count >= cut) {
            return Err(ReplayError::Journal { why: "the power went".to_owned() });
        }
        let line = Line { n: inner.count + 1, prev: inner.head, at, record };
        let mut text = serde_json::to_vec(&line)
            .map_err(|error| ReplayError::Journal { why: error.to_string() })?;
        inner.head = Digest::of(&text);
        text.push(b'\n');
        inner.buffer.extend_from_slice(&text);
        inner.count += 1;
        Ok(inner.count)
    }

    fn sync_to(&self, number: u64) -> Result<(), ReplayError> {
        let mut inner = self.lock();
        loop {
            #[cfg(test)]
            if inner.cut.is_some_and(|cut| inner.count >= cut) {
                return Err(ReplayError::Journal { why: "the power went".to_owned() });
            }
            if let Some(why) = &inner.broken {
                return Err(ReplayError::Journal { why: why.clone() });
            }
            if inner.synced >= number {
                return Ok(());
            }
            // Whoever comes first writes for all who have come so far.
            let Some(mut file) = inner.file.take() else {
                inner = self.turn.wait(inner).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let bytes = std::mem::take(&mut inner.buffer);
            let upto = inner.count;
            drop(inner);
            let written = file.append(&bytes);
            inner = self.lock();
            inner.file = Some(file);
            match written {
                Ok(()) => inner.synced = upto,
                Err(error) => inner.broken = Some(error.to_string()),
            }
            self.turn.notify_all();
        }
    }

    /// Lets the power go after so many lines.
    #[cfg(test)]
    pub(in crate::replay) fn cut_after(&self, lines: u64) {
        self.lock().cut = Some(lines);
    }
}
