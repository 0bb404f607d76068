//! What is being done: everything its events have told, and how it ended.
//!
//! | file | what |
//! |---|---|
//! | `told` | phases, waves, waits, lines: what events have told, in pieces |
//! | `events` | how an event changes them |
//! | `choice` | folders to add, objects to leave out |

mod choice;
mod events;
mod told;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

pub use self::told::{Fault, Phase, Said, Waiting, WaveState};
use super::job::{Job, Report};
use super::message::JobId;
use crate::app::Told;
use crate::app::plan::Plan;
use crate::app::replay::Verdict;
use crate::model::explain::Kind;

/// So many lines of what was said are kept.
const KEPT: usize = 2000;

/// A job that is watched.
#[derive(Debug)]
pub struct Work {
    /// Its number.
    pub id: JobId,
    /// What it does.
    pub job: Job,
    /// When it began.
    pub began: Duration,
    /// When it ended.
    pub ended: Option<Duration>,
    /// Its phases, in order.
    pub phases: Vec<Phase>,
    /// What was said, oldest first.
    pub log: VecDeque<Said>,
    /// How many lines were said, also those that are not kept any more.
    pub heard: u64,
    /// Repositories by state.
    pub repos: BTreeMap<&'static str, usize>,
    /// Those that are not current.
    pub faults: Vec<Fault>,
    /// The plan it was shown.
    pub plan: Option<Box<Plan>>,
    /// The waves of the plan.
    pub waves: Vec<WaveState>,
    /// The wave of each object, and whether the object is applied.
    places: HashMap<String, (usize, bool)>,
    /// The one thing that is waited for.
    pub waiting: Option<Waiting>,
    /// The target of a run that goes on: `name (class)`.
    pub onto: Option<String>,
    /// The snapshot that is replayed: its number and when it was taken.
    pub from: Option<String>,
    /// The name of the run, which `resume` takes.
    pub run: Option<String>,
    /// Where the folder of that run is.
    pub folder: Option<String>,
    /// What a person is to do, such as to touch a key.
    pub word: Option<String>,
    /// Whether it was asked to stop.
    pub stopping: bool,
    /// Whether it was asked to begin no further wave.
    pub holding: bool,
    /// How it ended.
    pub end: Option<Result<Box<Report>, Told>>,
}

impl Work {
    /// Begins.
    pub fn new(id: JobId, job: Job, began: Duration) -> Self {
        Self {
            id,
            job,
            began,
            ended: None,
            phases: Vec::new(),
            log: VecDeque::new(),
            heard: 0,
            repos: BTreeMap::new(),
            faults: Vec::new(),
            plan: None,
            waves: Vec::new(),
            places: HashMap::new(),
            waiting: None,
            onto: None,
            from: None,
            run: None,
            folder: None,
            word: None,
            stopping: false,
            holding: false,
            end: None,
        }
    }

    /// Returns whether it goes on.
    pub fn runs(&self) -> bool {
        self.end.is_none()
    }

    /// Returns what it is for: `name (class)`.
    pub fn target(&self) -> Option<String> {
        let planned = self.plan.as_ref().map(|plan| &plan.target);
        let planned = planned.map(|target| format!("{} ({})", target.name, target.class));
        planned.or_else(|| self.onto.clone())
    }

    /// Returns how it ended, in a word.
    pub fn ending(&self) -> &'static str {
        match &self.end {
            None => "it runs",
            Some(Err(told)) if told.kind == Kind::Interrupted => "STOPPED",
            Some(Err(_)) => "FAILED",
            Some(Ok(report)) => match report.as_ref() {
                Report::Replay(report) => match (report.verdict, report.outcome.held_after) {
                    (Verdict::Complete, _) => "COMPLETE",
                    (_, Some(_)) => "HELD",
                    _ => "INCOMPLETE",
                },
                Report::Verify(report) if report.is_red() => "DOES NOT HOLD",
                _ => "done",
            },
        }
    }

    /// Returns the run that its end leaves to be resumed.
    pub fn resumable(&self) -> Option<&str> {
        match self.end.as_ref()? {
            Ok(report) => match report.as_ref() {
                Report::Replay(report) => report.next.as_ref().and(report.run.as_deref()),
                _ => None,
            },
            // It stopped where that is safe; what is wrong otherwise is cured first.
            Err(told) if matches!(told.kind, Kind::Interrupted | Kind::Incomplete) => {
                self.run.as_deref().filter(|_| self.replays())
            }
            Err(_) => None,
        }
    }

    /// Returns whether a plan is being carried out, now or until it ended.
    pub fn replays(&self) -> bool {
        self.phases.iter().any(|phase| phase.name == "replay")
    }

    /// Returns whether it writes to a target now.
    pub fn writes(&self) -> bool {
        self.runs() && self.job.writes() && self.replays()
    }

    /// Returns what keeps a run that could go on without it: what is waited for, or what was given
    /// up first.
    pub fn keeps(&self) -> Option<&str> {
        self.run.as_ref()?;
        match &self.end {
            None if self.stopping || !self.writes() => None,
            None => {
                let waiting = self.waiting.as_ref().filter(|waiting| waiting.is_object());
                waiting.map(|waiting| waiting.object.as_str())
            }
            Some(Ok(report)) => match report.as_ref() {
                Report::Replay(report) => {
                    let outcome = &report.outcome;
                    let failed = outcome.failed.first().map(|failure| &failure.object);
                    let late = outcome.not_ready.first().map(|pending| &pending.object);
                    failed.or(late).map(String::as_str)
                }
                _ => None,
            },
            Some(Err(_)) => None,
        }
    }

    /// Returns what it does now, as the command is called: a replay is a plan until it writes.
    pub fn verb(&self) -> &'static str {
        match &self.job {
            Job::Replay(_) if !self.replays() => "plan",
            job => job.verb(),
        }
    }

    /// Returns how long it has taken so far, or took.
    pub fn took(&self, now: Duration) -> Duration {
        self.ended.unwrap_or(now).saturating_sub(self.began)
    }

    /// Returns the phase that goes on.
    pub fn phase(&self) -> Option<&Phase> {
        self.phases.last()
    }
}
