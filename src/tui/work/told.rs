//! What events have told, in pieces.

use std::time::Duration;

use crate::model::clock::Timestamp;

/// How far a phase has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Its name.
    pub name: &'static str,
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What is counted; empty as long as nothing was.
    pub unit: &'static str,
    /// When it began.
    pub began: Duration,
    /// When it ended.
    pub ended: Option<Duration>,
}

/// How far a wave has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaveState {
    /// Its number.
    pub wave: usize,
    /// The stage it belongs to.
    pub stage: &'static str,
    /// How many objects it holds.
    pub objects: usize,
    /// How many were applied or need nothing.
    pub applied: usize,
    /// How many are ready.
    pub ready: usize,
    /// How many failed or are held.
    pub open: usize,
    /// How many of those had been applied.
    pub late: usize,
    /// How many a person left out.
    pub left_out: usize,
    /// When its first object was tried.
    pub began: Option<Duration>,
    /// How long it took.
    pub took: Option<Duration>,
}

impl WaveState {
    pub(super) fn new(wave: usize, stage: &'static str, objects: usize) -> Self {
        Self {
            wave,
            stage,
            objects,
            applied: 0,
            ready: 0,
            open: 0,
            late: 0,
            left_out: 0,
            began: None,
            took: None,
        }
    }

    /// Returns how many are there, given up or left out.
    pub fn settled(&self) -> usize {
        (self.applied + self.open + self.left_out).saturating_sub(self.late)
    }

    /// Returns whether nothing of it is still to be done.
    pub fn is_over(&self) -> bool {
        self.took.is_some() || self.began.is_none() && self.settled() >= self.objects
    }
}

/// The one thing that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which object.
    pub object: String,
    /// Why it is not ready.
    pub why: String,
    /// Since how many seconds.
    pub seconds: u64,
    /// After how many seconds it counts as failed.
    pub limit: u64,
    /// What it usually is.
    pub cause: &'static str,
    /// What to run to see more.
    pub next: String,
    /// How many others are waited for, too.
    pub others: usize,
    /// How many cannot begin before it is settled.
    pub behind: usize,
    /// When this was told.
    pub told: Duration,
}

impl Waiting {
    /// Returns whether it is an object, and not the API server, which no run goes on without.
    pub fn is_object(&self) -> bool {
        self.object.starts_with(char::is_uppercase)
    }
}

/// A line that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
    /// Whether it tells of something that is not as it should be.
    pub matters: bool,
}

/// A repository that is not current, or not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub repo: String,
    /// Its state.
    pub state: &'static str,
    /// Whose fault and why.
    pub why: String,
}
