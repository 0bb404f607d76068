//! Kubernetes objects as values: identity, canonical JSON, YAML as kubectl reads it, health, order.
//!
//! Pure rules: no I/O, no clock. Everything that other modules decide about an object (which one it
//! is, whether it changed, whether it is ready, what goes first) is decided here, once.

mod canonical;
mod error;
mod kstatus;
mod order;
mod reference;
mod yaml;

pub use canonical::canonical;
pub use error::{CODES, ObjectError};
pub use kstatus::{Rules, Status, status, status_of};
pub use order::{Stage, rank, stage};
pub use reference::{Object, ObjectRef};
pub use yaml::{Finding, FindingKind, Limits, Read, read};
