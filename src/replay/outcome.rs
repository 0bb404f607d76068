//! What came of a replay.

use serde::Serialize;

use crate::model::explain::Kind;

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// `Kind namespace/name`.
    pub object: String,
    /// The code that `explain` knows.
    pub code: &'static str,
    /// Why.
    pub why: String,
}

/// An object that was applied and is not known to be ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// `Kind namespace/name`.
    pub object: String,
    /// Why.
    pub why: String,
}

/// What came of a replay, object by object where it matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Objects made.
    pub created: usize,
    /// Objects changed.
    pub configured: usize,
    /// Objects that were as they should be.
    pub unchanged: usize,
    /// Objects that could not be applied.
    pub failed: Vec<Failure>,
    /// Objects that did not become ready in time, or failed.
    pub not_ready: Vec<Pending>,
    /// Objects whose readiness was not waited for, and why.
    pub not_waited: Vec<Pending>,
}

impl Outcome {
    /// Returns how many objects were written.
    pub fn applied(&self) -> usize {
        self.created + self.configured
    }

    /// Returns how it ended.
    pub fn verdict(&self) -> Verdict {
        if self.failed.is_empty() && self.not_ready.is_empty() {
            Verdict::Complete
        } else if self.applied() + self.unchanged > 0 {
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
            Verdict::Failed => Some(Kind::Failed),
        }
    }
}
