//! What a use case returns when it cannot do what it was asked.

use std::fmt;

use crate::model::explain::{About, Explain};

/// Any module's error, with what was done before it.
#[derive(Debug)]
pub struct Failure {
    error: Box<dyn Explain>,
    done: Option<String>,
}

impl Failure {
    /// Adds a sentence about what is done and stays.
    #[must_use]
    pub fn after(mut self, done: impl Into<String>) -> Self {
        self.done = Some(done.into());
        self
    }

    /// Returns what is done and stays, where there is something to say.
    pub fn done(&self) -> Option<&str> {
        self.done.as_deref()
    }

    /// Returns the entry that `explain` prints.
    pub fn about(&self) -> &'static About {
        self.error.about()
    }

    /// Returns what to do next.
    pub fn next(&self) -> String {
        self.error.next()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        Self { error: Box::new(error), done: None }
    }
}
