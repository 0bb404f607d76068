//! Carries out an approved plan, and nothing else.
//!
//! Wave by wave, a bounded number of calls at a time, server-side apply under the field manager
//! `blackstart`, never by force. Errors that another object can cure are waited out; what fails
//! does not stop what is independent of it. Nothing is ever deleted.
//!
//! | file | holds |
//! |---|---|
//! | `wave` | the objects of a wave applied, waited for, given up |
//! | `definitions` | definitions established and served |
//! | `health` | objects becoming ready |
//! | `teller` | the one thing that is waited for, told now and then |
//! | `outcome` | what came of it |

mod definitions;
mod error;
mod health;
mod outcome;
mod teller;
mod wave;

use std::time::Duration;

use crate::cluster::{Cluster, Directory, Entry};
use crate::model::cancel::Cancel;
use crate::model::clock::Clock;
use crate::model::event::{Event, Observer};
use crate::object::Stage;
use crate::plan::{Action, Approved};
use crate::target::{Class, Reach, verify};

pub use error::{CODES, ReplayError};
pub use outcome::{Failure, Outcome, Pending, Verdict};

use self::wave::Run;

/// Whether to wait until objects are ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until each is ready, at most this long after the last was applied.
    Ready {
        /// The limit.
        limit: Duration,
    },
    /// Not beyond applying. Definitions are waited for all the same.
    Applied,
}

/// How to replay.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Calls at a time.
    pub threads: usize,
    /// Whether to wait until objects are ready.
    pub wait: Wait,
    /// How long one object may wait for what it needs: its kind, its namespace, a webhook, the API
    /// server itself.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 8,
            wait: Wait::Ready { limit: Duration::from_mins(5) },
            patience: Duration::from_mins(2),
        }
    }
}

/// Who watches, and what time it is.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// The clock.
    pub clock: &'a dyn Clock,
    /// The listener.
    pub observer: &'a dyn Observer,
    /// The request to stop.
    pub cancel: &'a Cancel,
}

/// Carries out the plan on the target it was made for.
pub fn replay(
    approved: Approved,
    reach: &Reach,
    options: &Options,
    around: Around<'_>,
) -> Result<Outcome, ReplayError> {
    match reach {
        Reach::Cluster(cluster) => onto_cluster(approved, cluster.as_ref(), options, around),
        Reach::Directory(directory) => onto_directory(&approved, directory, around),
    }
}

/// Carries out the plan on a cluster, whose identity is read again first.
#[expect(clippy::needless_pass_by_value, reason = "an approval is for one run")]
pub fn onto_cluster(
    approved: Approved,
    cluster: &dyn Cluster,
    options: &Options,
    around: Around<'_>,
) -> Result<Outcome, ReplayError> {
    around.observer.event(&Event::PhaseStarted { phase: "replay" });
    verify(&approved.plan().target, cluster)?;
    let run = Run::new(cluster, options, around, cluster.kinds()?);
    for wave in &approved.plan().waves {
        around.cancel.check()?;
        let objects = wave.objects.len();
        around.observer.event(&Event::WaveStarted {
            wave: wave.wave,
            stage: wave.stage.name(),
            objects,
        });
        run.wave(&approved, wave)?;
        if wave.stage == Stage::Definitions {
            run.establish(&approved, wave)?;
        }
    }
    run.until_ready(&approved)
}

/// Writes the plan's manifests to a folder.
fn onto_directory(
    approved: &Approved,
    directory: &Directory,
    around: Around<'_>,
) -> Result<Outcome, ReplayError> {
    let plan = approved.plan();
    if plan.target.class != Class::Directory {
        return Err(ReplayError::NotADirectory { target: plan.target.name.clone() });
    }
    around.observer.event(&Event::PhaseStarted { phase: "replay" });
    let mut outcome = Outcome::default();
    if plan.is_empty() {
        outcome.unchanged = plan.counts.unchanged;
        return Ok(outcome);
    }
    let mut entries = Vec::new();
    for wave in &plan.waves {
        let objects = wave.objects.iter().filter_map(|item| approved.object(item));
        entries.extend(objects.map(|object| Entry { wave: wave.wave, object }));
    }
    directory.write(&entries)?;
    for item in plan.items() {
        let object = item.object.to_string();
        let event = Event::Applied { object, action: "written", warnings: Vec::new() };
        around.observer.event(&event);
        match item.action {
            Action::Unchanged => outcome.unchanged += 1,
            _ => outcome.created += 1,
        }
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests;
