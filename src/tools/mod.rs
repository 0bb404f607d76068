//! Child processes: one port, a hermetic environment, time limits, the network denied where asked.
//!
//! A child gets exactly the environment it was given, no terminal, a process group of its own and
//! a limit in time and output; at the limit the whole group dies. Programs are found in the search
//! path that was handed in, by absolute path, never in the current folder.
//!
//! ```no_run
//! # use blackstart::{model::cancel::Cancel, tools::{Network, Tools}};
//! # fn demo(tools: &Tools) -> Result<(), blackstart::tools::ToolsError> {
//! let output = tools
//!     .command("kustomize")?
//!     .args(["build", "."])
//!     .cwd("/tmp/rendering")
//!     .network(Network::Denied)
//!     .run(&Cancel::new())?
//!     .success()?;
//! # Ok(()) }
//! ```

mod command;
mod error;
mod find;
mod isolate;
mod run;
mod talk;

pub use command::{Command, Network, Terminal};
pub use error::{CODES, ToolsError};
pub use find::Tools;
pub use run::Output;
pub use talk::{Input, Talk};
