//! Use cases: one file per verb; the only place that wires things together.
//!
//! A use case takes a request and the [`Ports`], and returns a report or a [`Failure`]. Shells turn
//! arguments into requests and reports into text; they decide nothing about recovery.

mod approval;
pub mod assess;
mod audit;
pub mod ceremony;
pub mod clock;
mod command_line;
mod cosign;
pub mod demo;
mod desired;
mod device;
pub mod doctor;
mod ended;
pub mod event_log;
pub mod event_text;
pub mod explain;
pub mod export;
pub mod extract;
mod failure;
pub mod import;
pub mod init;
mod job;
pub mod keys;
mod kit;
mod known;
pub mod list;
pub mod plan;
mod ports;
pub mod privacy;
pub mod prune;
mod reader;
pub mod replay;
pub mod resume;
mod roots;
pub mod runs;
mod second;
pub mod show;
pub mod signals;
pub mod snapshot;
pub mod sources;
mod start;
pub mod status;
pub mod target;
pub mod tell;
pub mod text;
pub mod trust;
pub mod typed_path;
pub mod verify;

pub use crate::keys::prompt::{NoPrompt, Passphrase, Prompt};
pub use crate::keys::unlocked::Unlocked;
pub use crate::tools::Tools;
pub use command_line::{CommandLine, called, program};
pub use desired::{Choice, Source, Wanted};
pub use failure::{Failure, Told};
pub use kit::{Kit, kit_files};
pub use ports::Ports;
pub use reader::{Place, Reader, SignatureReport, Which};
pub use start::{Color, Start};

/// The program's name and version, as it signs its work.
pub const TOOL: &str = concat!("blackstart ", env!("CARGO_PKG_VERSION"));

/// The version of every JSON report.
pub const FORMAT_VERSION: u32 = 1;
