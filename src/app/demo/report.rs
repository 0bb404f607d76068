//! What a demo tells at its end.

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

use crate::app::{FORMAT_VERSION, Failure, Ports};

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// Where everything is.
    pub folder: PathBuf,
    /// What happened, in order.
    pub phases: Vec<Phase>,
    /// What this machine lacks, and what was not shown for it.
    pub missing: Vec<String>,
    /// What to look at.
    pub look_at: Vec<String>,
    /// The commands that do it by hand.
    pub by_hand: Vec<String>,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// One step of the story.
#[derive(Clone, Debug, Serialize)]
pub struct Phase {
    /// What was done.
    pub name: &'static str,
    /// What came of it.
    pub outcome: String,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// Collects phases while the story goes on.
pub(super) struct Telling<'a> {
    ports: &'a Ports<'a>,
    started: Duration,
    phases: Vec<Phase>,
}

impl<'a> Telling<'a> {
    /// Begins to measure.
    pub(super) fn begin(ports: &'a Ports<'a>) -> Self {
        Self { ports, started: ports.clock.elapsed(), phases: Vec::new() }
    }

    /// Does one step, which returns what it made and a line about it.
    pub(super) fn phase<T>(
        &mut self,
        name: &'static str,
        step: impl FnOnce() -> Result<(T, String), Failure>,
    ) -> Result<T, Failure> {
        self.ports.cancel.check()?;
        let before = self.ports.clock.elapsed();
        let (made, outcome) = step()?;
        let seconds = (self.ports.clock.elapsed().saturating_sub(before)).as_secs_f64();
        self.phases.push(Phase { name, outcome, seconds });
        Ok(made)
    }

    /// Ends the story.
    pub(super) fn end(self, folder: PathBuf, missing: Vec<String>) -> Report {
        let seconds = self.ports.clock.elapsed().saturating_sub(self.started).as_secs_f64();
        Report {
            format_version: FORMAT_VERSION,
            folder,
            phases: self.phases,
            missing,
            look_at: Vec::new(),
            by_hand: Vec::new(),
            seconds,
        }
    }
}
