//! The command line: arguments in, text or JSON out.
//!
//! Results go to stdout; status, progress, questions and errors to stderr. The exit code is the
//! report's or the failure's. A broken pipe is success.

mod args;
mod command;
mod error_text;
mod progress;
mod prompt;
mod shell;

pub use args::{Cli, command as definition};
pub use shell::main;
