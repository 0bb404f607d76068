//! Everything a use case needs of the outside, handed in by a shell.

use crate::config::Environment;
use crate::keys::prompt::Prompt;
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
    /// Programs on this machine.
    pub tools: &'a Tools,
    /// The process's surroundings.
    pub environment: &'a Environment,
}
