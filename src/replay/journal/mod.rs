//! The journal of a run: what was meant, before it was done; what was done, after.
//!
//! JSON lines that are only appended to, each with the hash of the line before it. An intent is on
//! disk before its call; what was done follows with the next intent, since a run that lost it does
//! the same again without effect. It holds digests, names and codes, never values of objects.
//!
//! | file | holds |
//! |---|---|
//! | `record` | what can be in it |
//! | `write` | the file appended to, several threads sharing one sync |
//! | `read` | the file read back and its chain checked |
//! | `folder` | the folder of a run, and of all runs |

mod folder;
mod read;
mod record;
mod write;

pub use folder::{Folder, Runs, Seat, kept_plan, kept_report, seat};
pub use read::{Past, Trace};
pub use record::{Call, Consent, Opening, Record};
pub use write::Journal;

#[cfg(test)]
mod tests;
