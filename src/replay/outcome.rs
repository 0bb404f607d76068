//! What came of a replay.

use serde::{Deserialize, Serialize};

use crate::model::explain::Kind;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything is there, and ready where that was waited for.
    Complete,
    /// Something is missing or not ready; what is there can be used.
    Incomplete,
    /// Nothing was brought about.
    Failed,
}

/// An object that could not be applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// `Kind namespace/name`.
    pub object: String,
    /// The code that `explain` knows.
    pub code: String,
    /// Why.
    pub why: String,
}

/// An object of which something is left to say, and what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// `Kind namespace/name`.
    pub object: String,
    /// Why.
    pub why: String,
}

/// What came of a replay, object by object where it matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// Objects made.
    pub created: usize,
    /// Objects changed.
    pub configured: usize,
    /// Objects that were as they should be.
    pub unchanged: usize,
    /// Objects that an earlier part of the same run has made or changed.
    pub earlier: usize,
    /// Objects that could not be applied.
    pub failed: Vec<Failure>,
    /// Objects that were not tried, because something they need failed.
    pub held: Vec<Pending>,
    /// Objects that did not become ready in time, or failed.
    pub not_ready: Vec<Pending>,
    /// Objects whose readiness was not waited for, and why.
    pub not_waited: Vec<Pending>,
    /// Objects that a person left out, and the reason.
    pub left_out: Vec<Pending>,
    /// Objects that were not tried because the run stops before them.
    pub open: usize,
    /// The wave after which the run stopped, as it was asked to.
    pub held_after: Option<usize>,
}

impl Outcome {
    /// Returns how many objects were written.
    pub fn applied(&self) -> usize {
        self.created + self.configured
    }

    /// Returns how many objects the target has.
    pub fn there(&self) -> usize {
        self.applied() + self.unchanged + self.earlier
    }

    /// Returns of how many objects something is left to do.
    pub fn lacking(&self) -> usize {
        self.failed.len() + self.held.len() + self.not_ready.len() + self.open
    }

    /// Returns how it ended.
    pub fn verdict(&self) -> Verdict {
        if self.lacking() == 0 {
            Verdict::Complete
        } else if self.there() > 0 {
            Verdict::Incomplete
        } else {
            Verdict::Failed
        }
    }

    /// Returns the kind of failure, none when complete.
    pub fn kind(&self) -> Option<Kind> {
        match self.verdict() {
            Verdict::Complete => None,
            Verdict::Incomplete => Some(Kind::Incomplete),
            Verdict::Failed if self.held_after.is_some() => Some(Kind::Incomplete),
            Verdict::Failed => Some(Kind::Failed),
        }
    }

    /// Puts lists in an order that does not depend on threads.
    pub(super) fn sort(&mut self) {
        self.failed.sort_by(|one, other| one.object.cmp(&other.object));
        let lists = [&mut self.held, &mut self.not_ready, &mut self.not_waited, &mut self.left_out];
        for list in lists {
            list.sort_by(|one, other| one.object.cmp(&other.object));
        }
    }
}
