//! Configuration in layers: defaults, file, environment, flags.
//!
//! The file is TOML; unknown keys are refused with the line and what is allowed. The commented
//! default is what `init` writes. Paths in the file are relative to the file.

mod environment;
mod error;
mod file;
mod load;
mod span;

pub use environment::{Environment, Terminal};
pub use error::{CODES, ConfigError};
pub use file::{
    ClassBlock, CredentialBlock, File, RootBlock, SnapshotBlock, SourceBlock, SourceKind,
};
pub use load::{Config, find, load, parse};
pub use span::Span;

/// The file that `init` writes: every key, commented. `{…}` places are filled in.
pub const TEMPLATE: &str = include_str!("template.toml");

/// The name of the file in a kit.
pub const FILE_NAME: &str = "blackstart.toml";
