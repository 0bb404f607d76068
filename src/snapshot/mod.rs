//! A frozen view of all mirrors: which refs, which packs, in which state. Nothing is copied.

mod freeze;
mod view;

pub use freeze::freeze;
pub use view::{Excluded, Flags, PackFile, Pinned, RepoView, Snapshot};
