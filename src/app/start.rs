//! What the screens are started with. The command line reads it; the screens obey it.

use std::path::PathBuf;

use super::Place;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    /// On a terminal without `NO_COLOR`.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Everything that was said on the command line when no command was.
#[derive(Clone, Debug, Default)]
pub struct Start {
    /// Where to read.
    pub place: Place,
    /// Key files of people who open.
    pub identities: Vec<PathBuf>,
    /// Where to write events as JSON lines.
    pub events: Option<PathBuf>,
    /// A log to append to.
    pub log_file: Option<PathBuf>,
    /// Whether that log is JSON lines.
    pub json: bool,
    /// When to colour.
    pub color: Color,
    /// Whether to tell lines instead of drawing screens.
    pub linear: bool,
    /// Whether to draw lines with characters beyond ASCII.
    pub utf8: bool,
}
