//! `status`: is the newest snapshot what it should be? Needs no key.

use std::time::Duration;

use serde::Serialize;

use super::list::Entry;
use super::second;
pub use super::second::Lacking;
use super::{FORMAT_VERSION, Failure, Place, Ports, Reader, Which};
use crate::model::explain::Kind;

/// What to judge.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Where.
    pub place: Place,
    /// How old the newest may be.
    pub max_age: Option<Duration>,
}

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub format_version: u32,
    /// The series.
    pub stream: String,
    /// The newest snapshot that verifies.
    #[serde(flatten)]
    pub entry: Entry,
    /// Its age in seconds, `None` when it lies in the future.
    pub age_seconds: Option<u64>,
    /// How old it may be, in seconds.
    pub max_age_seconds: Option<u64>,
    /// Whether it is older than it may be.
    pub stale: bool,
    /// Signatures that it lacks, and that nobody asks for.
    pub second: Vec<Lacking>,
}

impl Report {
    /// Returns what is wrong, the worst first: `extract` would refuse it, it is too old, something is
    /// missing.
    pub fn fault(&self) -> Option<Kind> {
        if self.entry.policy != "met" {
            Some(Kind::Refused)
        } else if self.stale {
            Some(Kind::Objective)
        } else if self.entry.state == Some("partial") {
            Some(Kind::Incomplete)
        } else {
            None
        }
    }
}

/// Judges the newest snapshot.
pub fn run(request: &Request, ports: &Ports<'_>) -> Result<Report, Failure> {
    let reader = Reader::open(&request.place, ports)?;
    let verified = reader.select(Which::Latest, ports)?;
    let age = ports.clock.now().since(verified.manifest().created);
    let second = second::lacking(&reader, &verified, ports)?;
    Ok(Report {
        format_version: FORMAT_VERSION,
        stream: verified.manifest().stream.to_string(),
        entry: Entry::of(&verified),
        age_seconds: age.map(|age| age.as_secs()),
        second,
        max_age_seconds: request.max_age.map(|most| most.as_secs()),
        stale: request.max_age.is_some_and(|most| age.is_some_and(|age| age > most)),
    })
}
