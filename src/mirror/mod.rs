//! Bare repositories kept current and proven.
//!
//! A mirror is a folder `<root>/<slug>-<8 hex>.git` with `HEAD`, `packed-refs`, `objects/pack`, a
//! `config` of ours, `pins.json` (old tips that no ref names any more) and `mirror.json` (where it
//! comes from and when it was last proven); beside them all stands `proven.json` (when those that did
//! not change since were last found equal to their sources). One update lists the refs, receives what is new into a
//! quarantine, proves that every link of every new object is there, moves the pack in, pins the
//! tips that would be forgotten, and then publishes all refs at once. Whatever fails leaves the
//! last proven copy as it was.
//!
//! gix speaks the protocol; everything around it that gix leaves open (pruning, HEAD, connectivity,
//! durability, limits) is done here, and its ref transactions are not used.

mod arrivals;
mod clients;
mod compare;
mod credential;
mod error;
mod fault;
mod hosts;
mod http;
mod listing;
mod options;
mod outcome;
mod pipe;
mod probe;
mod publish;
mod receive;
mod record;
mod run;
mod session;
mod standing;
mod update;
mod watch;

pub use compare::{Compared, compare};
pub use error::{CODES, MirrorError};
pub use options::{Environment, Options};
pub use outcome::{Fault, Mirrored, Pin, RepoState, Whose};
pub use probe::{Probe, Step, probe, reach};
pub use record::{folder_name, sweep};
pub use run::update;

/// How much a repository counts, as its source says.
pub use crate::source::Class;
