//! What a use case returns when it cannot do what it was asked.

use std::fmt;

use crate::model::explain::{About, Explain, Kind};

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

    /// Returns it in plain words.
    pub fn told(&self) -> Told {
        let about = self.about();
        Told {
            code: about.code,
            kind: about.kind,
            what: self.to_string(),
            done: self.done.clone(),
            next: self.next(),
        }
    }
}

/// A failure in plain words, to be kept and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The code that `explain` knows.
    pub code: &'static str,
    /// Decides the exit code.
    pub kind: Kind,
    /// What went wrong.
    pub what: String,
    /// What is done and stays.
    pub done: Option<String>,
    /// What to do next.
    pub next: String,
}

impl Told {
    /// Returns the lines that every shell shows: what, done so far, next, more.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("error: {}", self.what)];
        lines.extend(self.done.iter().map(|done| format!("  done  {done}")));
        lines.push(format!("  next  {}", self.next));
        lines.push(format!("  more  blackstart explain {}", self.code));
        lines
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
