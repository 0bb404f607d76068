//! What can go wrong with files, each with the path it went wrong at.

use std::io;
use std::path::{Path, PathBuf};

use crate::model::explain::{About, Explain, Kind};

/// A failure of the file system, or a file that is not what it may be.
#[derive(Debug, thiserror::Error)]
pub enum DiskError {
    /// The operating system refused.
    #[error("cannot {doing} {}: {source}", path.display())]
    Io {
        /// What was attempted, as a verb: `read`, `create`, `rename to` …
        doing: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Something is there already, and this must not replace it.
    #[error("{} exists already", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// A file is larger than what it claims to be can be.
    #[error("{} is larger than {max} bytes", path.display())]
    TooLarge {
        /// Where.
        path: PathBuf,
        /// The limit.
        max: u64,
    },
}

impl DiskError {
    /// Returns a function that gives an I/O error its place, for `map_err`.
    pub fn at<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| match source.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists { path: path.to_owned() },
            _ => Self::Io { doing, path: path.to_owned(), source },
        }
    }

    /// Returns whether the thing asked for is simply not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

static IO: About = About {
    code: "B0201",
    kind: Kind::Failed,
    meaning: "The file system refused an operation. Files are written whole or not at all, so \
              nothing half-written is left under its final name.",
    next: "check that the path exists, is yours and is writable, then run the same command again",
};

static EXISTS: About = About {
    code: "B0202",
    kind: Kind::Refused,
    meaning: "Something with this name is there already, and this command never replaces it. \
              Nothing was changed.",
    next: "choose another place, or move the existing file away yourself",
};

static TOO_LARGE: About = About {
    code: "B0203",
    kind: Kind::Integrity,
    meaning: "A file is larger than a file of its kind can be. It was not read further, because \
              an oversized file is how a parser is attacked.",
    next: "check that the path names the file you mean",
};

static FULL: About = About {
    code: "B0204",
    kind: Kind::Failed,
    meaning: "The disk, or your share of it, is full. What was complete before is still complete.",
    next: "make room, then run the same command again",
};

static MISSING: About = About {
    code: "B0205",
    kind: Kind::Failed,
    meaning: "A file or folder that is needed is not there.",
    next: "check the path; a relative path counts from the current folder",
};

/// Every code of this module.
pub static CODES: &[&About] = &[&IO, &EXISTS, &TOO_LARGE, &FULL, &MISSING];

impl Explain for DiskError {
    fn about(&self) -> &'static About {
        match self {
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => &FULL,
                io::ErrorKind::NotFound => &MISSING,
                _ => &IO,
            },
            Self::Exists { .. } => &EXISTS,
            Self::TooLarge { .. } => &TOO_LARGE,
        }
    }
}
