//! Flags that ask long work to stop: at its next safe point, or where a piece of it ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::explain::{About, Explain, Kind};

/// A shared request to stop. Clones are the same flags.
#[derive(Clone, Debug, Default)]
pub struct Cancel {
    stop: Arc<AtomicBool>,
    hold: Arc<AtomicBool>,
}

impl Cancel {
    /// Returns flags that are not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for a stop. It cannot be taken back.
    pub fn request(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Asks to finish the wave that is under way and to begin no other, or takes that back; what has
    /// come to its end meanwhile stays there. Only a replay has waves; other work goes on to its end.
    pub fn hold(&self, holds: bool) {
        self.hold.store(holds, Ordering::Relaxed);
    }

    /// Returns whether no other wave should begin.
    pub fn is_holding(&self) -> bool {
        self.hold.load(Ordering::Relaxed)
    }

    /// Returns whether a stop was asked for.
    pub fn is_requested(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Returns an error once a stop was asked for, to be called at safe points with `?`.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_requested() { Err(Cancelled) } else { Ok(()) }
    }

    /// Returns the flag itself, for libraries that poll an atomic.
    pub fn flag(&self) -> &Arc<AtomicBool> {
        &self.stop
    }

    /// Returns the flag that [`Self::hold`] sets, for signals.
    pub fn hold_flag(&self) -> &Arc<AtomicBool> {
        &self.hold
    }
}

/// Work ended because someone asked it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("stopped on request, at a safe point")]
pub struct Cancelled;

/// What [`Cancelled`] means.
pub static CANCELLED: About = About {
    code: "B0101",
    kind: Kind::Interrupted,
    meaning: "A person or a signal asked the command to stop. It stopped at a safe point: nothing \
              half-written counts, and the same command can be run again.",
    next: "run the same command again when you are ready",
};

impl Explain for Cancelled {
    fn about(&self) -> &'static About {
        &CANCELLED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_sees_the_request() {
        let cancel = Cancel::new();
        let other = cancel.clone();
        assert_eq!(other.check(), Ok(()));
        cancel.request();
        assert_eq!(other.check(), Err(Cancelled));
        assert!(!other.is_holding());
        cancel.hold(true);
        assert!(other.is_holding());
        other.hold(false);
        assert!(!cancel.is_holding());
    }
}
