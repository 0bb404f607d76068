//! What can go wrong with a repository, each with the facts.

use std::path::PathBuf;

use crate::disk::DiskError;
use crate::model::cancel::Cancelled;
use crate::model::explain::{About, Explain, Kind};
use crate::model::git::Oid;

/// A repository that cannot be read, or does not hold what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// The file system failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Someone asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    /// There is no repository at this path.
    #[error("{} is not a Git repository: {why}", path.display())]
    NotARepository {
        /// Where.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// The repository uses an extension that cannot be read faithfully.
    #[error("{} uses {extension}, which cannot be read faithfully", path.display())]
    Unsupported {
        /// Where.
        path: PathBuf,
        /// The extension.
        extension: String,
    },
    /// `HEAD`, `packed-refs` or a loose ref is malformed.
    #[error("the refs of {} are malformed: {why}", path.display())]
    BadRefs {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The object store failed: a damaged pack or index.
    #[error("cannot read objects of {}: {why}", path.display())]
    Objects {
        /// Where.
        path: PathBuf,
        /// What gix said.
        why: String,
    },
    /// An object is named but not there.
    #[error("object {oid} is missing")]
    Missing {
        /// Which.
        oid: Oid,
    },
    /// An object's bytes do not hash to its name, or do not parse.
    #[error("object {oid} is damaged: {why}")]
    Damaged {
        /// Which.
        oid: Oid,
        /// What is wrong.
        why: &'static str,
    },
    /// No ref and no object answers to this name.
    #[error("no revision {rev:?}")]
    NoRevision {
        /// What was asked for.
        rev: String,
    },
    /// The path does not exist in that revision.
    #[error("no {path:?} in {commit}")]
    NoPath {
        /// The commit.
        commit: Oid,
        /// The path.
        path: String,
    },
    /// A limit was met before anything was written.
    #[error("{what} exceeds the limit of {limit}")]
    TooLarge {
        /// What was counted.
        what: String,
        /// How many were allowed.
        limit: u64,
    },
}

static NOT_A_REPOSITORY: About = About {
    code: "B0501",
    kind: Kind::Failed,
    meaning: "The path holds no Git repository that this program can read. Nothing was changed.",
    next: "check the path; a repository has HEAD, objects and refs or packed-refs",
};

static UNSUPPORTED: About = About {
    code: "B0502",
    kind: Kind::Failed,
    meaning: "The repository keeps its refs or objects in a way that cannot be read faithfully \
              here (reftable, a partial clone). Serving it over http or ssh works.",
    next: "use a URL served by git instead of the path",
};

static BAD_REFS: About = About {
    code: "B0503",
    kind: Kind::Integrity,
    meaning: "HEAD, packed-refs or a loose ref does not have the form that Git writes.",
    next: "run git fsck in the repository it came from",
};

static OBJECTS: About = About {
    code: "B0504",
    kind: Kind::Integrity,
    meaning: "A pack or its index is damaged, an object is missing, or its bytes do not hash to \
              its name. Nothing was made from it.",
    next: "take another copy; a mirror is fetched anew when its folder is moved away",
};

static NO_REVISION: About = About {
    code: "B0505",
    kind: Kind::Usage,
    meaning: "The repository has no branch, tag or commit of that name, or no such path in it. \
              Branches and tags are named as in Git; commits by their whole id.",
    next: "list the refs of the repository and pick one of them",
};

static TOO_LARGE: About = About {
    code: "B0506",
    kind: Kind::Refused,
    meaning: "The revision holds more files, folders or bytes than the limit allows. The count is \
              taken before anything is written, so nothing was.",
    next: "raise the limit if the repository is trusted and really that large",
};

/// Every code of this module.
pub static CODES: &[&About] =
    &[&NOT_A_REPOSITORY, &UNSUPPORTED, &BAD_REFS, &OBJECTS, &NO_REVISION, &TOO_LARGE];

impl Explain for RepoError {
    fn about(&self) -> &'static About {
        match self {
            Self::Disk(error) => error.about(),
            Self::Cancelled(error) => error.about(),
            Self::NotARepository { .. } => &NOT_A_REPOSITORY,
            Self::Unsupported { .. } => &UNSUPPORTED,
            Self::BadRefs { .. } => &BAD_REFS,
            Self::Objects { .. } | Self::Missing { .. } | Self::Damaged { .. } => &OBJECTS,
            Self::NoRevision { .. } | Self::NoPath { .. } => &NO_REVISION,
            Self::TooLarge { .. } => &TOO_LARGE,
        }
    }
}
