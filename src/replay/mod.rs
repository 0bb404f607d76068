//! Carries out an approved plan, and nothing else.
//!
//! An object is sent once what it needs is there, a bounded number of calls at a time, by server-side
//! apply under the field manager `blackstart`, never by force unless a person named the object.
//! Errors that another object can cure are waited out; what fails does not stop what is independent
//! of it. A journal knows what was meant and what was done. Nothing is ever deleted.
//!
//! | file | holds |
//! |---|---|
//! | `choices` | what a person chose beside the plan |
//! | `graph` | the plan's items as a graph |
//! | `schedule` | what may be tried next; pure |
//! | `run` | what threads share, and the loop that watches over them |
//! | `hold` | stopping where a wave ends |
//! | `attempt` | one call, and what came of it |
//! | `give_up`, `waves` | what a run goes on without; waves as they are told |
//! | `look` | objects becoming ready |
//! | `readiness` | what is expected of which kind before it counts as ready |
//! | `gates` | definitions and aggregated APIs established and served |
//! | `webhook` | who stands behind a webhook |
//! | `lease`, `copy` | one replay at a time on a cluster; the journal copied into it |
//! | `pace` | so many calls a second |
//! | `teller`, `words` | the one thing that is waited for, told now and then |
//! | `journal` | what was meant and what was done, so that a run can go on |
//! | `outcome` | what came of it |

mod attempt;
mod choices;
mod copy;
mod error;
mod gates;
mod give_up;
mod graph;
mod hold;
mod journal;
mod lease;
mod look;
mod outcome;
mod pace;
mod readiness;
mod run;
mod schedule;
mod teller;
mod waves;
mod webhook;
mod words;

use std::time::Duration;

use crate::cluster::{Cluster, Directory, Entry};
use crate::model::cancel::Cancel;
use crate::model::clock::Clock;
use crate::model::event::{Event, Observer};
use crate::model::safe::safe;
use crate::plan::{Action, Approved};
use crate::target::{Class, Reach, verify};

pub use choices::{Choices, Pattern, Skip};
pub use error::{CODES, ReplayError};
pub use journal::{
    Call, Consent, Folder, Journal, Opening, Past, Record, Runs, Seat, Trace, kept_plan,
    kept_report, seat,
};
pub use lease::Holder;
pub use outcome::{Failure, Outcome, Pending, Verdict};

use self::copy::Copy;
use self::error::KIND_SKIPPED;
use self::lease::Keeper;
use self::pace::Paced;
use self::run::Run;

/// Whether to wait until objects are ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until each is ready, at most this long after it was applied.
    Ready {
        /// The limit.
        limit: Duration,
    },
    /// Not beyond applying. What others need ready is waited for all the same.
    Applied,
}

/// How to replay.
#[derive(Clone, Debug)]
pub struct Options {
    /// Calls at a time.
    pub threads: usize,
    /// Calls a second, where that is limited.
    pub api_qps: Option<u32>,
    /// Whether to wait until objects are ready.
    pub wait: Wait,
    /// How long one object may wait for what it needs: its kind, its namespace, a webhook.
    pub patience: Duration,
    /// How long to wait for an API server that does not answer at all.
    pub outage: Duration,
    /// How long one wave may take, where that is limited.
    pub wave_limit: Option<Duration>,
    /// The wave after which to stop.
    pub hold_after: Option<usize>,
    /// What a person chose.
    pub choices: Choices,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            threads: 8,
            api_qps: None,
            wait: Wait::Ready { limit: Duration::from_mins(5) },
            patience: Duration::from_mins(2),
            outage: Duration::from_mins(10),
            wave_limit: None,
            hold_after: None,
            choices: Choices::default(),
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

/// The record that is kept of a run, and what it knows from before.
#[derive(Clone, Copy)]
pub struct Kept<'a> {
    /// The journal.
    pub journal: &'a Journal,
    /// What it says of the time before, when the run is resumed.
    pub past: Option<&'a Past>,
    /// Who asks for the lease on the cluster.
    pub holder: &'a Holder,
    /// Told what came of it before the journal says that the run has ended: whoever finds the one
    /// finds the other.
    pub ended: &'a dyn Fn(&Outcome),
}

/// Carries out the plan on the target it was made for. On a cluster nothing is sent unless `kept`
/// knows it first; without it nobody can go on with the run.
pub fn replay(
    approved: Approved,
    reach: &Reach,
    options: &Options,
    kept: Option<Kept<'_>>,
    around: Around<'_>,
) -> Result<Outcome, ReplayError> {
    match reach {
        Reach::Cluster(cluster) => onto_cluster(approved, cluster.as_ref(), options, kept, around),
        Reach::Directory(directory) => onto_directory(&approved, directory, around),
    }
}

/// Says which option names no object of the plan, or too many, before anything is done.
pub fn check(approved: &Approved, choices: &Choices) -> Result<(), ReplayError> {
    let objects: Vec<_> = approved.plan().items().map(|item| &item.object).collect();
    match choices.slip(&objects) {
        Some(slip) => Err(ReplayError::Slip(slip)),
        None => Ok(()),
    }
}

/// Carries out the plan on a cluster, whose identity is read again first.
#[expect(clippy::needless_pass_by_value, reason = "an approval is for one run")]
pub fn onto_cluster(
    approved: Approved,
    cluster: &dyn Cluster,
    options: &Options,
    kept: Option<Kept<'_>>,
    around: Around<'_>,
) -> Result<Outcome, ReplayError> {
    check(&approved, &options.choices)?;
    around.observer.event(&Event::PhaseStarted { phase: "replay" });
    let paced = options.api_qps.map(|qps| Paced::new(cluster, around.clock, qps));
    let cluster = paced.as_ref().map_or(cluster, |paced| paced as &dyn Cluster);
    verify(&approved.plan().target, cluster)?;
    let journal = kept.map(|kept| kept.journal);
    // Who writes nothing stands in nobody's way.
    let writes = approved.plan().items().any(|item| item.action != Action::Unchanged);
    let lease = kept.filter(|_| writes);
    let lease =
        lease.map(|kept| Keeper::take(cluster, kept.holder, journal, around)).transpose()?;
    let kinds = cluster.kinds()?;
    let copy = kept.filter(|_| writes);
    let copy = copy.and_then(|kept| Copy::of(cluster, &kinds, kept.journal, kept.holder));
    tell_kinds(&approved, &options.choices, around);
    let mut run = Run::new(cluster, &approved, options, around, kinds);
    (run.journal, run.lease, run.copy) = (journal, lease.as_ref(), copy.as_ref());
    let result = run.prepare(kept.and_then(|kept| kept.past)).and_then(|()| run.drive());
    let (outcome, events) = run.finish();
    events.iter().for_each(|event| around.observer.event(event));
    if let Some(lease) = &lease {
        lease.release();
    }
    let ended = match result {
        Ok(()) => Ok(outcome),
        Err(error) => {
            let (there, of) = (outcome.there(), approved.plan().items().count());
            Err(ReplayError::Halted { why: Box::new(error), there, of })
        }
    };
    if let (Ok(outcome), Some(kept)) = (&ended, kept) {
        (kept.ended)(outcome);
    }
    close(&ended, journal, around)?;
    if let Some(copy) = &copy {
        copy.write(around);
    }
    ended
}

/// Says how many objects each kind stands for that is left out as a whole.
fn tell_kinds(approved: &Approved, choices: &Choices, around: Around<'_>) {
    let objects: Vec<_> = approved.plan().items().map(|item| &item.object).collect();
    for (kind, count) in choices.kinds_left_out(&objects) {
        let objects = if count == 1 { "object" } else { "objects" };
        let text = safe(format!("all {count} {objects} of {kind} are left out"));
        around.observer.event(&Event::Notice { code: KIND_SKIPPED.code, text });
    }
}

/// Writes how the run ended, for this time.
fn close(
    ended: &Result<Outcome, ReplayError>,
    journal: Option<&Journal>,
    around: Around<'_>,
) -> Result<(), ReplayError> {
    let record = match ended {
        Ok(outcome) => Record::Finished { verdict: outcome.verdict() },
        Err(error) => Record::Stopped { code: Run::code(error) },
    };
    if let Ok(Outcome { held_after: Some(wave), .. }) = ended {
        around.observer.event(&Event::RunHeld { wave: *wave });
    }
    match (journal.map(|journal| journal.write(record, around.clock.now())), ended) {
        (Some(Err(error)), Ok(_)) => Err(error),
        // What stopped the run says more than that its end could not be written.
        _ => Ok(()),
    }
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
