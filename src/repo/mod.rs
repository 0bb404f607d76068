//! Bare repositories: refs, objects, proof of connectivity, packs, safe export of a revision.
//!
//! A repository of ours is a folder with `HEAD`, `packed-refs`, `objects/pack` and a `config` that
//! this module wrote; it may be a mirror's, a frozen one's or an opened bundle's. Foreign
//! repositories on disk can be read as well. Nothing in a repository is ever run: no hooks, no
//! filters, no configured programs.

mod bare;
mod closed;
mod error;
mod export;
mod kinds;
mod lint;
mod lookup;
mod names;
mod objects;
mod oid_set;
mod pack;
mod prove;
mod refs;
mod store;
mod trailer;
mod trees;

pub use bare::{Bare, Pack, unborn};
pub use error::{CODES, RepoError};
pub use export::{ExportLimits, Exported, Skipped};
pub use lint::Finding;
pub use lookup::Flags;
pub use names::unsafe_component;
pub use pack::PackWritten;
pub(crate) use pack::{enter, index_pack};
pub(crate) use prove::{dangling, first_parents, reaches};
pub(crate) use store::{Store, from_gix, hash, to_gix};
pub use trailer::Trailer;

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests make files as other programs do")]
mod tests;
