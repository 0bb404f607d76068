//! What stops a snapshot job before it fetches anything.

use crate::model::explain::{About, Explain, Kind};
use crate::model::id::Seq;

/// A job that cannot begin.
#[derive(Debug, thiserror::Error)]
pub(super) enum JobError {
    #[error("the signing key {0} is not trusted for the role job")]
    Untrusted(String),
    #[error("the signing key {0} was revoked from snapshot {1} on")]
    Revoked(String, Seq),
    #[error("there is no signing key {0}")]
    NoSigner(String),
    #[error("the trust file names no epoch key to encrypt to")]
    NoEpoch,
    #[error("the trust file's epoch recipient is not an age key")]
    BadEpoch,
    #[error("another snapshot of this stream is running on this machine: {0}")]
    Running(String),
    #[error("the system gave no random bytes")]
    NoRandom,
}

static UNTRUSTED: About = About {
    code: "B1710",
    kind: Kind::Usage,
    meaning: "A snapshot that no trusted key signs would be refused by every reader, so none was made.",
    next: "blackstart trust add job KEY.pub, or correct signer in blackstart.toml",
};
static REVOKED: About = About {
    code: "B1714",
    kind: Kind::Refused,
    meaning: "Readers stop at snapshots that a revoked key signed, so none was made and nothing was \
              fetched.",
    next: "make a new key (ssh-keygen -t ed25519), blackstart trust add job KEY.pub, and name it as \
           signer in blackstart.toml",
};
static NO_SIGNER: About = About {
    code: "B1715",
    kind: Kind::Usage,
    meaning: "The key that signs snapshots is not where blackstart.toml says. It is not in Git: it stays \
              on the machine that takes snapshots.",
    next: "put it there, or correct signer in blackstart.toml",
};
static NO_EPOCH: About = About {
    code: "B1711",
    kind: Kind::Usage,
    meaning: "Snapshots are encrypted to the newest epoch key that the trust file names.",
    next: "blackstart keys new",
};
pub(super) static RUNNING: About = About {
    code: "B1712",
    kind: Kind::LeaseHeld,
    meaning: "Two snapshots of one stream on one machine share their mirrors, so the second waits its \
              turn. The first did not end in time.",
    next: "wait for it, or look at what it is doing; a crashed one frees its lease by itself",
};
static NO_RANDOM: About = About {
    code: "B1713",
    kind: Kind::Internal,
    meaning: "The operating system's source of random numbers failed.",
    next: "check the machine",
};

/// Codes of this file.
pub(in crate::app) static CODES: &[&About] =
    &[&UNTRUSTED, &REVOKED, &NO_SIGNER, &NO_EPOCH, &RUNNING, &NO_RANDOM];

impl Explain for JobError {
    fn about(&self) -> &'static About {
        match self {
            Self::Untrusted(_) => &UNTRUSTED,
            Self::Revoked(..) => &REVOKED,
            Self::NoSigner(_) => &NO_SIGNER,
            Self::NoEpoch | Self::BadEpoch => &NO_EPOCH,
            Self::Running(_) => &RUNNING,
            Self::NoRandom => &NO_RANDOM,
        }
    }
}
