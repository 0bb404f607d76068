//! Files and folders that survive a power cut.
//!
//! What is written here is either there whole or not at all: a temporary neighbour, fsync, rename,
//! fsync of the folder. Reading is bounded. Nothing here knows what the bytes mean.
//!
//! | file | holds |
//! |---|---|
//! | `append` | files that only grow |
//! | `atomic` | files that appear whole, with or without replacing |
//! | `folder` | folders made, renamed, listed, removed, synced |
//! | `limit` | readers that stop at a limit |
//! | `lease` | one process at a time, freed by a crash |
//! | `held` | files used again, and files that nobody used for a while |
//! | `quarantine` | a private folder that vanishes unless kept |
//! | `copy` | copies and hard links |
//! | `space` | room left |

pub mod append;
pub mod atomic;
pub mod copy;
mod error;
pub mod folder;
pub mod held;
pub mod lease;
pub mod limit;
pub mod quarantine;
pub mod scratch;
pub mod space;

pub use copy::{copy_file, link_or_copy};
pub use error::{CODES, DiskError};
