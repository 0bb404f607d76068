//! The sealed artefact: what a snapshot becomes, and how it is opened again.
//!
//! `bundles/README.md` is the authority on the format. The way down is [`seal::seal`]; the way up is
//! [`verify::verify`], then [`open::open`]. Nothing parses a manifest before a trusted signature
//! holds, nothing unpacks a part before its digest does, and only [`open::open`] makes an
//! [`Opened`].

pub mod card;
pub mod chain;
pub mod error;
pub mod fetch;
pub mod index;
pub mod layout;
pub mod manifest;
pub mod open;
mod pack;
pub mod part;
pub mod port;
pub mod seal;
mod shards;
pub mod slug;
pub mod tarball;
pub mod trust_files;
pub mod unlock;
mod unpack;
pub mod verify;
mod workers;
pub mod writer;

pub use error::{BundleError, CODES};
pub use manifest::{Manifest, PartKind};
pub use open::Opened;
pub use port::{PartSink, Parts, RawSnapshot, Signature};
pub use verify::{Accepted, Level, Verified};
