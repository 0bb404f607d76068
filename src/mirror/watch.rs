//! The limits of one update, looked at wherever bytes move: time, silence, bytes, a wish to stop.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::model::cancel::Cancel;
use crate::model::clock::Clock;

use super::fault::Trouble;
use super::options::Options;

/// A listing of refs larger than this is not one: half a million refs.
pub(super) const LISTING_LIMIT: u64 = 64 << 20;

/// Watches one update.
pub(super) struct Watch<'a> {
    clock: &'a dyn Clock,
    pub(super) cancel: &'a Cancel,
    /// When everything must be over, on the clock's own scale.
    deadline: Duration,
    pub(super) stall: Duration,
    /// How large one object may be.
    pub(super) object_limit: usize,
    left: AtomicU64,
    received: AtomicU64,
    trouble: Mutex<Option<Trouble>>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(
        clock: &'a dyn Clock,
        cancel: &'a Cancel,
        deadline: Duration,
        options: &Options,
    ) -> Self {
        Self {
            clock,
            cancel,
            deadline,
            stall: options.stall,
            object_limit: usize::try_from(options.max_object).unwrap_or(usize::MAX),
            left: AtomicU64::new(LISTING_LIMIT),
            received: AtomicU64::new(0),
            trouble: Mutex::new(None),
        }
    }

    /// Returns the time that is left.
    pub(super) fn remaining(&self) -> Duration {
        self.deadline.saturating_sub(self.clock.elapsed())
    }

    /// Fails once it is time to stop.
    pub(super) fn check(&self) -> io::Result<()> {
        if self.cancel.is_requested() {
            return Err(self.fail(Trouble::here("stopped on request")));
        }
        if self.remaining().is_zero() {
            return Err(self.fail(Trouble::here("the time for all repositories together ran out")));
        }
        Ok(())
    }

    /// Sets how many bytes may come from now on.
    pub(super) fn allow(&self, bytes: u64) {
        self.left.store(bytes, Ordering::Relaxed);
    }

    /// Counts bytes that came; fails when there are more than may come.
    pub(super) fn took(&self, bytes: usize) -> io::Result<()> {
        let bytes = bytes as u64;
        self.received.fetch_add(bytes, Ordering::Relaxed);
        let left = self.left.load(Ordering::Relaxed);
        match left.checked_sub(bytes) {
            Some(left) => {
                self.left.store(left, Ordering::Relaxed);
                Ok(())
            }
            None => Err(self.fail(Trouble::refused("it sends more bytes than the limit allows"))),
        }
    }

    /// Returns how many bytes came in all.
    pub(super) fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// Notes why it failed, unless that is known already, and gives an error to return.
    pub(super) fn fail(&self, trouble: Trouble) -> io::Error {
        let error = io::Error::other(trouble.fault.what.clone());
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(trouble);
        error
    }

    /// Returns what was noted.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
