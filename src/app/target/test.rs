//! `target test`: connects, and says what a replay would meet. Writes nothing.

use serde::Serialize;

use super::{Accepted, Card, Facts, Finding, targets};
use crate::app::{FORMAT_VERSION, Failure, Ports};
use crate::cluster::Identity;

/// The report.
#[derive(Clone, Debug, Serialize)]
pub struct Tested {
    /// The version of this shape.
    pub format_version: u32,
    /// The card.
    pub target: Card,
    /// Who answers; the same cluster as on the card, else there is no report.
    pub identity: Option<Identity>,
    /// How long looking took, in milliseconds.
    pub millis: u128,
    /// What the cluster shows.
    pub facts: Facts,
    /// What a replay needs and the credentials do not allow, as `verb plural`.
    pub missing_rights: Vec<String>,
    /// What does not fit the class and stops a replay.
    pub stopping: Vec<Finding>,
    /// What does not fit and was accepted.
    pub accepted: Vec<Accepted>,
    /// What else a person should know.
    pub told: Vec<String>,
}

impl Tested {
    /// Returns whether a replay could begin.
    pub fn is_good(&self) -> bool {
        self.missing_rights.is_empty() && self.stopping.is_empty()
    }
}

/// Tests one target.
pub fn test(name: &str, ports: &Ports<'_>) -> Result<Tested, Failure> {
    let targets = targets(ports)?;
    let card = targets.load(name)?;
    let begun = ports.clock.elapsed();
    let opened = targets.open(&card)?;
    let missing_rights = opened.missing_rights()?;
    Ok(Tested {
        format_version: FORMAT_VERSION,
        target: card,
        millis: ports.clock.elapsed().saturating_sub(begun).as_millis(),
        missing_rights,
        identity: opened.identity,
        facts: opened.facts,
        stopping: opened.stopping,
        accepted: opened.accepted,
        told: opened.told,
    })
}
