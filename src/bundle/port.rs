//! What the bundle needs of a store, as ports, and what a store hands over, unchecked.

use std::io::{self, Read, Write};

use super::trust_files::TrustVersion;
use crate::model::digest::Digest;
use crate::model::id::{Role, Seq};

/// A signature file beside a manifest. Nothing about it is checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// In what capacity it claims to be made.
    pub role: Role,
    /// The 16 hex digits in its name, which stand for a key.
    pub key: String,
    /// The SSHSIG, PEM.
    pub pem: Vec<u8>,
}

/// What a folder `snapshots/<seq>` holds. Nothing about it is checked yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawSnapshot {
    /// The folder's number.
    pub seq: Seq,
    /// The bytes of `manifest.json`; of one that is larger than [`super::manifest::LARGEST`] only so
    /// many and one more.
    pub manifest: Vec<u8>,
    /// All signature files.
    pub signatures: Vec<Signature>,
}

/// Where parts and snapshots are read. Bytes from here are untrusted.
pub trait Parts: Send + Sync {
    /// Returns where this is, for people.
    fn place(&self) -> String;
    /// Returns the part of that name, or `None` where there is none.
    fn part(&self, digest: &Digest) -> io::Result<Option<Box<dyn Read + Send>>>;
    /// Returns the numbers of all snapshots that have a manifest, ascending.
    fn snapshots(&self) -> io::Result<Vec<Seq>>;
    /// Returns one of them.
    fn snapshot(&self, seq: Seq) -> io::Result<Option<RawSnapshot>>;
    /// Returns the trust file versions that lie there, ascending.
    fn trust(&self) -> io::Result<Vec<TrustVersion>>;
}

/// Where parts are written.
pub trait PartSink: Send + Sync {
    /// Begins a part whose name is not known yet.
    fn begin(&self) -> io::Result<Box<dyn PendingPart>>;
    /// Returns whether a part of that name and size is there, and if so keeps it from being pruned
    /// for some days: whoever asks wants to name it in a manifest.
    fn holds(&self, digest: &Digest, size: u64) -> bool;
}

/// A part being written. Dropped without `commit`, it leaves nothing.
pub trait PendingPart: Write {
    /// Makes the part durable under its digest. One that is already there stays as it is.
    fn commit(self: Box<Self>, digest: &Digest) -> io::Result<()>;
}
