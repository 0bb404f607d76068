//! What can be wrong with a bundle.

use std::io;

use crate::disk::DiskError;
use crate::keys::KeysError;
use crate::model::cancel::Cancelled;
use crate::model::explain::{About, Explain, Kind};
use crate::model::id::{Seq, StreamId};
use crate::repo::RepoError;

/// A bundle that cannot be made, trusted or opened.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// No trusted key vouches for the manifest.
    #[error("no good signature of a trusted key on snapshot {seq}: {found}")]
    NoSignature {
        /// The folder's number.
        seq: Seq,
        /// What was there instead.
        found: String,
    },
    /// The only signatures are by keys that were revoked.
    #[error("snapshot {seq} is signed by a revoked key: {key}")]
    Revoked {
        /// The folder's number.
        seq: Seq,
        /// The key.
        key: String,
    },
    /// Signed bytes that are not a manifest.
    #[error("the manifest is not valid: {why}")]
    Manifest {
        /// What is wrong.
        why: String,
    },
    /// A manifest for a newer reader.
    #[error("the bundle needs a reader of format {needed}; this one reads format {own}")]
    TooNew {
        /// What it needs.
        needed: u32,
        /// What we are.
        own: u32,
    },
    /// A manifest in the wrong place: a fork, a swap, another organisation's.
    #[error("snapshot {seq} is not what its place says: {why}")]
    Misplaced {
        /// The folder's number.
        seq: Seq,
        /// What differs.
        why: String,
    },
    /// The trust policy is not met, or the sequence is older than one already seen.
    #[error("snapshot {seq} needs a decision: {why}")]
    NeedsAcceptance {
        /// The number to type.
        seq: Seq,
        /// Why.
        why: String,
    },
    /// The bundle belongs to another stream.
    #[error("this is stream {found}, not {expected}")]
    Stream {
        /// The trusted one.
        expected: StreamId,
        /// The one at hand.
        found: StreamId,
    },
    /// A part is missing or damaged in every copy.
    #[error("part {digest} ({kind}) is {what}")]
    Part {
        /// Its digest.
        digest: String,
        /// Its kind.
        kind: &'static str,
        /// Missing, damaged, or what it holds that it may not.
        what: String,
    },
    /// The index is not valid.
    #[error("the index is not valid: {why}")]
    Index {
        /// What is wrong.
        why: String,
    },
    /// A mirror's pack is not what it was; sealing it would pass the damage on as good.
    #[error("the mirror of {} is damaged: {what}", crate::model::safe::Safe(repo))]
    DamagedMirror {
        /// The repository's name.
        repo: String,
        /// The file, and how it shows.
        what: String,
    },
    /// The opened key is not the one the manifest and the trust file name.
    #[error("the opened key is not the key of epoch {epoch}: {why}")]
    WrongEpochKey {
        /// The epoch.
        epoch: u32,
        /// What differs.
        why: String,
    },
    /// No snapshot is there.
    #[error("there is no snapshot {wanted} in {place}")]
    NoSnapshot {
        /// `latest` or a number.
        wanted: String,
        /// Where was looked.
        place: String,
    },
    /// A repository of that name is not in the bundle.
    #[error("no repository in the bundle matches {wanted:?}; it holds {held}")]
    NoRepo {
        /// What was asked for.
        wanted: String,
        /// Some of what is there.
        held: String,
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
    /// Keys.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// Files.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Repositories.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// A stop was asked for.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl BundleError {
    /// Returns a function that gives an I/O error its place, for `map_err`.
    pub fn at(doing: &'static str, place: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let place = place.into();
        move |source| Self::Io { doing, place, source }
    }
}

const fn about(code: &'static str, kind: Kind, meaning: &'static str, next: &'static str) -> About {
    About { code, kind, meaning, next }
}

static NO_SIGNATURE: About = about(
    "B0801",
    Kind::Integrity,
    "Nobody you trust vouches for this snapshot, so nothing of it was parsed. Either it was changed, \
     or it belongs to another organisation, or the trust root is not the right one.",
    "try another copy of the store, or an older snapshot: blackstart list",
);
static REVOKED: About = about(
    "B0802",
    Kind::Integrity,
    "The key that signed this snapshot was revoked from an earlier number on. Whoever holds that key \
     may have made this snapshot.",
    "use the newest snapshot below the revocation: blackstart list",
);
static MANIFEST: About = about(
    "B0803",
    Kind::Integrity,
    "The signature holds, but the signed bytes are not a manifest this reader accepts. The signing \
     machine may be compromised or run a faulty version.",
    "use an older snapshot, and have the signing machine looked at",
);
static TOO_NEW: About = about(
    "B0804",
    Kind::Failed,
    "The bundle was made by a newer version, in a format that this version must not guess at.",
    "use a newer blackstart, or the printed card of that version",
);
static MISPLACED: About = about(
    "B0805",
    Kind::Integrity,
    "A validly signed manifest stands where it does not belong: under another number, twice with \
     different contents, or outside its chain. Somebody may be replaying old snapshots.",
    "compare with the last witness line you know; try another copy of the store",
);
static NEEDS_ACCEPTANCE: About = about(
    "B0806",
    Kind::Refused,
    "The snapshot is authentic, but using it needs a person's decision: a required signature is \
     missing, or a newer snapshot was already seen on this machine.",
    "if you decide to use it, add --accept-seq with its number",
);
static STREAM: About = about(
    "B0807",
    Kind::Integrity,
    "The trust root belongs to one stream of snapshots and this store holds another.",
    "check that you have the right stick, folder or trust root",
);
static PART: About = about(
    "B0808",
    Kind::Integrity,
    "A part of the bundle is missing or its bytes are not what was signed. Other parts are not \
     affected; repositories that need this one are left out.",
    "give a second copy of the store with another --store; the first good copy of each part is used",
);
static INDEX: About = about(
    "B0809",
    Kind::Integrity,
    "The index part opened, but its content is not valid. The signing machine may be compromised.",
    "use an older snapshot, or the printed card, which does not need the index",
);
static DAMAGED_MIRROR: About = about(
    "B0814",
    Kind::Failed,
    "A pack in a mirror no longer matches its own checksum: a disk fault, or somebody changed it. It \
     was not sealed. The bundles made before are not affected.",
    "check the disk that holds the state folder; the next snapshot fetches the repository anew",
);
static WRONG_EPOCH_KEY: About = about(
    "B0810",
    Kind::Integrity,
    "The key that came out of the seals is not the one that the manifest and the trust file name. \
     Somebody may have replaced the seals or the recipient.",
    "use the seals from the kit or from paper, or an older snapshot",
);
static NO_SNAPSHOT: About = about(
    "B0811",
    Kind::StoreMissing,
    "The store holds no such snapshot.",
    "see what is there: blackstart list",
);
static NO_REPO: About = about(
    "B0812",
    Kind::Usage,
    "No repository in the bundle has that name.",
    "see the names: blackstart show latest --identity FILE",
);
static IO: About = about(
    "B0813",
    Kind::Failed,
    "Reading or writing a bundle failed for a reason outside it. What is complete stays valid.",
    "check the medium and its free space, then run the same command again",
);

/// Every code of this module.
pub static CODES: &[&About] = &[
    &NO_SIGNATURE,
    &REVOKED,
    &MANIFEST,
    &TOO_NEW,
    &MISPLACED,
    &NEEDS_ACCEPTANCE,
    &STREAM,
    &PART,
    &INDEX,
    &DAMAGED_MIRROR,
    &WRONG_EPOCH_KEY,
    &NO_SNAPSHOT,
    &NO_REPO,
    &IO,
];

impl Explain for BundleError {
    fn about(&self) -> &'static About {
        match self {
            Self::NoSignature { .. } => &NO_SIGNATURE,
            Self::Revoked { .. } => &REVOKED,
            Self::Manifest { .. } => &MANIFEST,
            Self::TooNew { .. } => &TOO_NEW,
            Self::Misplaced { .. } => &MISPLACED,
            Self::NeedsAcceptance { .. } => &NEEDS_ACCEPTANCE,
            Self::Stream { .. } => &STREAM,
            Self::Part { .. } => &PART,
            Self::Index { .. } => &INDEX,
            Self::DamagedMirror { .. } => &DAMAGED_MIRROR,
            Self::WrongEpochKey { .. } => &WRONG_EPOCH_KEY,
            Self::NoSnapshot { .. } => &NO_SNAPSHOT,
            Self::NoRepo { .. } => &NO_REPO,
            Self::Io { .. } => &IO,
            Self::Keys(error) => error.about(),
            Self::Disk(error) => error.about(),
            Self::Repo(error) => error.about(),
            Self::Cancelled(error) => error.about(),
        }
    }

    fn next(&self) -> String {
        match self {
            Self::NeedsAcceptance { seq, .. } => {
                format!("if you decide to use it: --accept-seq {seq}")
            }
            Self::Keys(error) => error.next(),
            Self::Disk(error) => error.next(),
            Self::Repo(error) => error.next(),
            other => other.about().next.to_owned(),
        }
    }
}
