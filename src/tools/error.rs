//! What can go wrong with a child process.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::cancel::{CANCELLED, Cancelled};
use crate::model::explain::{About, Explain, Kind};

/// A program that is missing, did not start, did not end in time, or said no.
#[derive(Debug, thiserror::Error)]
pub enum ToolsError {
    /// The search path does not hold it.
    #[error("the program {name} is not on this machine's search path")]
    NotFound {
        /// Its name.
        name: String,
    },
    /// It is there and does not start.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// Its path.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It did not end in time; it and everything it started was stopped.
    #[error("{} did not end within {} s", program.display(), after.as_secs())]
    Timeout {
        /// Its path.
        program: PathBuf,
        /// The limit.
        after: Duration,
    },
    /// It wrote more than it may; it was stopped.
    #[error("{} wrote more than {max} bytes", program.display())]
    TooMuchOutput {
        /// Its path.
        program: PathBuf,
        /// The limit.
        max: u64,
    },
    /// It ended with a failure.
    #[error("{} failed ({status}): {said}", program.display())]
    Failed {
        /// Its path.
        program: PathBuf,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The end of what it wrote to stderr, safe to show.
        said: String,
    },
    /// What it wrote could not be taken.
    #[error("cannot take the output of {}: {source}", program.display())]
    Output {
        /// Its path.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A person or a signal asked us to stop; the child was stopped.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

static NOT_FOUND: About = About {
    code: "B0401",
    kind: Kind::Failed,
    meaning: "A program that this step needs was not found in any folder of the search path. \
              Programs in the current folder are never run.",
    next: "install it, or put its folder into PATH; `blackstart doctor` lists what is missing",
};

static START: About = About {
    code: "B0402",
    kind: Kind::Failed,
    meaning: "A program was found and the system refused to run it.",
    next: "run it by hand with --version to see why",
};

static TIMEOUT: About = About {
    code: "B0403",
    kind: Kind::Failed,
    meaning: "A program did not end within its limit. It was stopped, with everything it started.",
    next: "run the same command again; if it repeats, run the program by hand to see what it waits \
           for",
};

static TOO_MUCH: About = About {
    code: "B0404",
    kind: Kind::Failed,
    meaning: "A program wrote far more than such a program writes, so it was stopped before it \
              could fill memory or disk.",
    next: "run the program by hand to see what it writes",
};

static FAILED: About = About {
    code: "B0405",
    kind: Kind::Failed,
    meaning: "A program ended with a failure; what it said last is part of the message.",
    next: "see what it said; run it by hand for the rest",
};

static OUTPUT: About = About {
    code: "B0406",
    kind: Kind::Failed,
    meaning: "What a program wrote could not be taken, mostly because a disk is full.",
    next: "make room and run the same command again",
};

/// Every code of this module.
pub static CODES: &[&About] = &[&NOT_FOUND, &START, &TIMEOUT, &TOO_MUCH, &FAILED, &OUTPUT];

impl Explain for ToolsError {
    fn about(&self) -> &'static About {
        match self {
            Self::NotFound { .. } => &NOT_FOUND,
            Self::Start { .. } => &START,
            Self::Timeout { .. } => &TIMEOUT,
            Self::TooMuchOutput { .. } => &TOO_MUCH,
            Self::Failed { .. } => &FAILED,
            Self::Output { .. } => &OUTPUT,
            Self::Cancelled(_) => &CANCELLED,
        }
    }
}
