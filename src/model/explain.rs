//! What an error is, so that every shell can say it the same way.
//!
//! Each module owns an enum of its errors. Each variant points to one [`About`]: a stable code,
//! the kind that decides the exit code, what it means and what to do next. `blackstart explain
//! CODE` prints the same text, offline.

/// The kinds of failure, each with its documented exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Nothing usable was made.
    Failed,
    /// Wrong usage or configuration; nothing was touched.
    Usage,
    /// Incomplete but usable.
    Incomplete,
    /// A signature, digest or chain does not hold.
    Integrity,
    /// A guard refused.
    Refused,
    /// An objective was missed: stale, RTO or RPO over target.
    Objective,
    /// The store was not found or cannot be reached.
    StoreMissing,
    /// Someone else holds the lease.
    LeaseHeld,
    /// No identity opens this, or the passphrase is wrong.
    Locked,
    /// A bug.
    Internal,
    /// Stopped by a signal at a safe point. 128 plus the signal's number; 130 stands for SIGINT.
    Interrupted,
}

impl Kind {
    /// Returns the process exit code.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Integrity => 4,
            Self::Refused => 5,
            Self::Objective => 6,
            Self::StoreMissing => 10,
            Self::LeaseHeld => 11,
            Self::Locked => 12,
            Self::Internal => 70,
            Self::Interrupted => 130,
        }
    }
}

/// One thing that can go wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct About {
    /// Stable for ever, `B` and four digits. The first two name the module.
    pub code: &'static str,
    /// Decides the exit code.
    pub kind: Kind,
    /// What it means and what is safe, in whole sentences.
    pub meaning: &'static str,
    /// What to do next, as a fragment; a command where there is one.
    pub next: &'static str,
}

/// An error that can be explained to a person.
///
/// `Display` is a lower-case fragment that fits behind "cannot do X: ". Facts are fields.
pub trait Explain: std::error::Error + Send + Sync + 'static {
    /// Returns the entry for this error.
    fn about(&self) -> &'static About;

    /// Returns what to do next; overridden where the facts of this very error say more.
    fn next(&self) -> String {
        self.about().next.to_owned()
    }
}
