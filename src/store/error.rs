//! What can be wrong with a store.

use std::io;
use std::path::PathBuf;

use crate::bundle::BundleError;
use crate::disk::DiskError;
use crate::model::explain::{About, Explain, Kind};
use crate::model::id::Seq;

/// A store that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing is there, or it is not a store.
    #[error("{} is not a store: {why}", path.display())]
    NotFound {
        /// Where.
        path: PathBuf,
        /// What is missing.
        why: &'static str,
    },
    /// Something that must never change is there with other bytes.
    #[error("{} in the store differs from what is being written", what)]
    Differs {
        /// A snapshot or a trust file version.
        what: String,
    },
    /// Every number near the wanted one is taken.
    #[error("snapshot {seq} was taken by another writer")]
    Taken {
        /// The number.
        seq: Seq,
    },
    /// The place cannot be read or written.
    #[error("cannot {doing} {place}: {source}")]
    Io {
        /// As a verb.
        doing: &'static str,
        /// Where.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// Files.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Bundles.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

impl StoreError {
    /// Returns a function that gives an I/O error its place, for `map_err`.
    pub fn at(doing: &'static str, place: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let place = place.into();
        move |source| Self::Io { doing, place, source }
    }
}

static NOT_FOUND: About = About {
    code: "B0901",
    kind: Kind::StoreMissing,
    meaning: "There is no store at that place. A store is a folder with blobs/ and snapshots/, or a \
              bundle file made by blackstart export.",
    next: "check the path and that the medium is mounted",
};
static DIFFERS: About = About {
    code: "B0902",
    kind: Kind::Integrity,
    meaning: "Snapshots and trust files never change once written, and here two with the same number \
              differ. Nothing was overwritten.",
    next: "compare both with the last witness line you know before you use either",
};
static TAKEN: About = About {
    code: "B0903",
    kind: Kind::Failed,
    meaning: "Another writer published snapshots faster, several times in a row. Nothing is lost.",
    next: "run the snapshot again, and give each store one writer",
};
static IO: About = About {
    code: "B0904",
    kind: Kind::Failed,
    meaning: "Reading or writing the store failed. What is complete in it stays valid.",
    next: "check the medium and its free space, then run the same command again",
};

/// Every code of this module.
pub static CODES: &[&About] = &[&NOT_FOUND, &DIFFERS, &TAKEN, &IO];

impl Explain for StoreError {
    fn about(&self) -> &'static About {
        match self {
            Self::NotFound { .. } => &NOT_FOUND,
            Self::Differs { .. } => &DIFFERS,
            Self::Taken { .. } => &TAKEN,
            Self::Io { .. } => &IO,
            Self::Disk(error) => error.about(),
            Self::Bundle(error) => error.about(),
        }
    }
    fn next(&self) -> String {
        match self {
            Self::Disk(error) => error.next(),
            Self::Bundle(error) => error.next(),
            own => own.about().next.to_owned(),
        }
    }
}
