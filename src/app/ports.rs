//! Everything a use case needs of the outside, handed in by a shell.

use std::fs::File;
use std::path::Path;

use super::Failure;
use crate::config::Environment;
use crate::disk::{folder, scratch};
use crate::keys::prompt::Prompt;
use crate::keys::unlocked::Unlocked;
use crate::model::cancel::Cancel;
use crate::model::clock::Clock;
use crate::model::event::Observer;
use crate::tools::Tools;

/// The outside, as ports.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The time.
    pub clock: &'a dyn Clock,
    /// Who listens.
    pub observer: &'a dyn Observer,
    /// A request to stop.
    pub cancel: &'a Cancel,
    /// Somebody to ask.
    pub prompt: &'a dyn Prompt,
    /// What that person has unlocked so far.
    pub unlocked: &'a Unlocked,
    /// Programs on this machine.
    pub tools: &'a Tools,
    /// The process's surroundings.
    pub environment: &'a Environment,
}

/// Begins the file of events at `path`; an old one is replaced.
pub(super) fn new_log(path: &Path) -> Result<File, Failure> {
    match folder::remove_file(path) {
        Err(error) if !error.is_missing() => Err(error.into()),
        _ => Ok(scratch::create(path, 0o600)?),
    }
}
