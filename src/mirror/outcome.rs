//! What became of one repository.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::model::clock::Timestamp;
use crate::model::git::{ObjectFormat, Oid, RefName, Refs};
use crate::repo::Flags;
use crate::source::Class;

/// In which state a repository's mirror is after an update.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RepoState {
    /// It was brought up to date.
    Fresh,
    /// The source lists exactly what the mirror has.
    Unchanged,
    /// The source failed; the last proven copy is kept.
    Carried,
    /// The source lacks objects it names; the last proven copy is kept.
    HoleAtSource,
    /// The source is no longer there; the last proven copy is kept.
    Gone,
    /// It was brought up to date, and refs were rewritten or deleted; their old tips are pinned.
    Rewritten,
    /// There was never a copy.
    Never,
    /// The source is such that it must not be mirrored: shallow, or not what it says it is.
    Refused,
}

impl RepoState {
    /// Returns the word for events and bundles.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Unchanged => "unchanged",
            Self::Carried => "carried",
            Self::HoleAtSource => "hole-at-source",
            Self::Gone => "gone",
            Self::Rewritten => "rewritten",
            Self::Never => "never",
            Self::Refused => "refused",
        }
    }

    /// Returns whether the mirror holds what the source holds now.
    pub const fn is_current(self) -> bool {
        matches!(self, Self::Fresh | Self::Unchanged | Self::Rewritten)
    }
}

impl fmt::Display for RepoState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Who has to mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The host of the source.
    Them,
    /// The person who configured it: credentials, locations.
    You,
    /// This machine: its disk, a missing program, time that ran out.
    Here,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Them => "theirs",
            Self::You => "yours",
            Self::Here => "here",
        })
    }
}

/// Why a repository is not up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Who has to mend it.
    pub whose: Whose,
    /// What happened, safe to show.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.whose, self.what)
    }
}

/// An old tip that is kept although no ref names it any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pin {
    /// The ref that held it; `refs/HEAD` stands for a detached HEAD.
    pub name: RefName,
    /// The tip.
    pub oid: Oid,
    /// When it was first seen to be gone.
    pub since: Timestamp,
}

/// One repository after an update.
#[derive(Clone, Debug)]
pub struct Mirrored {
    /// Its name.
    pub name: String,
    /// Its location, without secrets.
    pub url: String,
    /// How much it counts.
    pub class: Class,
    /// The mirror; `None` when there was never a proven copy.
    pub path: Option<PathBuf>,
    /// How its objects are named.
    pub format: ObjectFormat,
    /// The refs of the mirror; none when there was never a proven copy.
    pub refs: Refs,
    /// What became of it.
    pub state: RepoState,
    /// Why, when it is not up to date.
    pub fault: Option<Fault>,
    /// Old tips that are kept.
    pub pins: Vec<Pin>,
    /// Faults of objects and refs that stop nothing.
    pub findings: Vec<String>,
    /// What it mentions and we do not hold.
    pub flags: Flags,
    /// When the mirror last equalled its source.
    pub proven_at: Option<Timestamp>,
    /// Bytes received this time.
    pub received_bytes: u64,
    /// How long it took.
    pub millis: u64,
}
