//! What is being done: everything its events have told, and how it ended.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use super::job::{Job, Report};
use super::message::JobId;
use crate::app::plan::{Plan, Undefined};
use crate::app::replay::{self, Skip, Verdict};
use crate::app::{Told, event_text};
use crate::model::clock::Timestamp;
use crate::model::event::Event;
use crate::model::explain::Kind;

/// So many lines of what was said are kept.
const KEPT: usize = 2000;

/// How far a phase has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Its name.
    pub name: &'static str,
    /// Units done.
    pub done: u64,
    /// Units in all, where known.
    pub total: Option<u64>,
    /// What is counted; empty as long as nothing was.
    pub unit: &'static str,
    /// When it began.
    pub began: Duration,
    /// When it ended.
    pub ended: Option<Duration>,
}

/// How far a wave has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaveState {
    /// Its number.
    pub wave: usize,
    /// The stage it belongs to.
    pub stage: &'static str,
    /// How many objects it holds.
    pub objects: usize,
    /// How many were applied or need nothing.
    pub applied: usize,
    /// How many are ready.
    pub ready: usize,
    /// How many failed or are held.
    pub open: usize,
    /// How many of those had been applied.
    pub late: usize,
    /// How many a person left out.
    pub left_out: usize,
    /// When its first object was tried.
    pub began: Option<Duration>,
    /// How long it took.
    pub took: Option<Duration>,
}

impl WaveState {
    fn new(wave: usize, stage: &'static str, objects: usize) -> Self {
        Self {
            wave,
            stage,
            objects,
            applied: 0,
            ready: 0,
            open: 0,
            late: 0,
            left_out: 0,
            began: None,
            took: None,
        }
    }

    /// Returns how many are there, given up or left out.
    pub fn settled(&self) -> usize {
        (self.applied + self.open + self.left_out).saturating_sub(self.late)
    }

    /// Returns whether nothing of it is still to be done.
    pub fn is_over(&self) -> bool {
        self.took.is_some() || self.began.is_none() && self.settled() >= self.objects
    }
}

/// The one thing that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Which object.
    pub object: String,
    /// Why it is not ready.
    pub why: String,
    /// Since how many seconds.
    pub seconds: u64,
    /// After how many seconds it counts as failed.
    pub limit: u64,
    /// What it usually is.
    pub cause: &'static str,
    /// What to run to see more.
    pub next: String,
    /// How many others are waited for, too.
    pub others: usize,
    /// How many cannot begin before it is settled.
    pub behind: usize,
    /// When this was told.
    pub told: Duration,
}

impl Waiting {
    /// Returns whether it is an object, and not the API server, which no run goes on without.
    pub fn is_object(&self) -> bool {
        self.object.starts_with(char::is_uppercase)
    }
}

/// A line that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When.
    pub at: Timestamp,
    /// What.
    pub text: String,
    /// Whether it tells of something that is not as it should be.
    pub matters: bool,
}

/// A repository that is not current, or not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub repo: String,
    /// Its state.
    pub state: &'static str,
    /// Whose fault and why.
    pub why: String,
}

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

    /// Returns the job of this plan, with the folders that engines follow.
    pub fn wider(&self) -> Option<Job> {
        let plan = self.plan.as_ref().filter(|plan| !plan.beyond.is_empty())?;
        let mut job = self.job.clone();
        let (Job::Plan(request) | Job::Replay(replay::Request { plan: request, .. })) = &mut job
        else {
            return None;
        };
        request.wanted.sources = plan.sources.iter().chain(&plan.beyond).cloned().collect();
        Some(job)
    }

    /// Returns what is left out of what is planned, for which reasons.
    pub fn skips(&self) -> &[Skip] {
        match &self.job {
            Job::Replay(request) => &request.options.choices.skip,
            _ => &[],
        }
    }

    /// Returns the kinds of the plan that nobody defines and whose objects are not left out yet. In a
    /// folder they wait for whoever applies it.
    pub fn undefined(&self) -> Vec<&Undefined> {
        let Some(plan) = self.plan.as_ref() else { return Vec::new() };
        let is_out = |kind: &&Undefined| {
            let mut of = plan.of_kind(kind);
            of.all(|item| self.skips().iter().any(|skip| skip.object.matches(&item.object)))
        };
        plan.undefined.iter().filter(|kind| !is_out(kind)).collect()
    }

    /// Returns the kind of an object, where nobody defines it: all objects of it wait for the same.
    pub fn undefined_kind(&self, object: &str) -> Option<&Undefined> {
        let plan = self.plan.as_ref()?;
        let is_it =
            |kind: &&Undefined| plan.of_kind(kind).any(|item| item.object.to_string() == object);
        plan.undefined.iter().find(is_it)
    }

    /// Returns what `--skip` takes to leave an object out: with all others of its kind where nobody
    /// defines that. The group is said where the plan has the kind in more than one.
    pub fn skip_name(&self, object: &str) -> String {
        if let Some(kind) = self.undefined_kind(object) {
            return kind.name();
        }
        let (kind, rest) = object.split_once(' ').unwrap_or((object, ""));
        let items = self.plan.iter().flat_map(|plan| plan.items());
        let same: Vec<_> =
            items.map(|item| &item.object).filter(|object| object.kind == kind).collect();
        let here = same.iter().find(|other| other.to_string() == object);
        match here.map(|object| &object.group).filter(|group| !group.is_empty()) {
            Some(group) if same.iter().any(|object| object.group != *group) => {
                format!("{kind}.{group}/{rest}")
            }
            _ => format!("{kind}/{rest}"),
        }
    }

    /// Returns the job of this plan, without the objects of kinds that nobody defines.
    pub fn without_undefined(&self, reason: &str) -> Option<Job> {
        let Job::Replay(mut request) = self.job.clone() else { return None };
        for kind in self.undefined() {
            let object = kind.name().parse().ok()?;
            request.options.choices.skip.push(Skip { object, reason: reason.to_owned() });
        }
        Some(Job::Replay(request))
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

    /// Takes the plan that is carried out, so that progress can be told by its waves.
    pub fn take_plan(&mut self, plan: Box<Plan>) {
        self.waves = plan
            .waves
            .iter()
            .map(|wave| WaveState::new(wave.wave, wave.stage.name(), wave.objects.len()))
            .collect();
        let objects = plan.waves.iter().enumerate();
        self.places = objects
            .flat_map(|(at, wave)| wave.objects.iter().map(move |item| (at, item)))
            .map(|(at, item)| (item.object.to_string(), (at, false)))
            .collect();
        self.plan = Some(plan);
    }

    /// Takes the plan of a run that goes on, and the places of what is done already.
    pub fn take_rest(&mut self, plan: Box<Plan>, done: &[usize], elapsed: Duration) {
        let items: Vec<String> = plan.items().map(|item| item.object.to_string()).collect();
        self.take_plan(plan);
        for object in done.iter().filter_map(|place| items.get(*place)) {
            let (object, action) = (object.clone(), "done earlier");
            self.replay_event(&Event::Applied { object, action, warnings: Vec::new() }, elapsed);
        }
    }

    /// Takes what was told.
    pub fn event(&mut self, event: &Event, now: Timestamp, elapsed: Duration) {
        match event {
            Event::PhaseStarted { phase } => {
                // Reading the plan and typing the name is no time of the tool.
                if *phase == "replay" {
                    self.began = elapsed;
                }
                self.begin_phase(phase, elapsed);
            }
            Event::Progress { phase, done, total, unit } => {
                self.progress(phase, *done, *total, unit, elapsed);
                return;
            }
            Event::RepoFinished { repo, state, fault, .. } => {
                *self.repos.entry(state).or_default() += 1;
                let why = fault.clone();
                self.faults.extend(why.map(|why| Fault { repo: repo.clone(), state, why }));
            }
            Event::RunOpened { run, journal, .. } => {
                self.run = Some(run.clone());
                self.folder = Some(journal.clone());
            }
            // What the core does counts, whatever was asked meanwhile.
            Event::Holding { after } => self.holding = after.is_some(),
            other => self.replay_event(other, elapsed),
        }
        if let Some(text) = event_text::line(event) {
            self.say(&text, now, matters(event));
        }
    }

    /// Keeps the lines of what was said.
    pub fn say(&mut self, text: &str, at: Timestamp, matters: bool) {
        for line in text.lines() {
            if self.log.len() == KEPT {
                self.log.pop_front();
            }
            self.log.push_back(Said { at, text: line.to_owned(), matters });
            self.heard += 1;
        }
    }

    fn begin_phase(&mut self, name: &'static str, now: Duration) {
        if let Some(last) = self.phases.last_mut() {
            last.ended = Some(now);
        }
        self.phases.push(Phase { name, done: 0, total: None, unit: "", began: now, ended: None });
    }

    fn progress(
        &mut self,
        name: &'static str,
        done: u64,
        total: Option<u64>,
        unit: &'static str,
        now: Duration,
    ) {
        if self.phases.last().is_none_or(|phase| phase.name != name) {
            self.begin_phase(name, now);
        }
        if let Some(phase) = self.phases.last_mut() {
            (phase.done, phase.total, phase.unit) = (done, total, unit);
        }
    }

    fn replay_event(&mut self, event: &Event, now: Duration) {
        match event {
            Event::WaveStarted { wave, stage, objects } => {
                if self.wave(*wave).is_none() {
                    self.waves.push(WaveState::new(*wave, stage, *objects));
                }
                if let Some(state) = self.wave(*wave) {
                    state.began = Some(now);
                }
            }
            Event::WaveFinished { wave, open, millis } => {
                if let Some(state) = self.wave(*wave) {
                    state.open = open.saturating_sub(state.left_out);
                    state.took = Some(Duration::from_millis(*millis));
                }
            }
            Event::Applied { object, .. } => {
                if let Some((_, applied)) = self.places.get_mut(object) {
                    *applied = true;
                }
                self.count(object, |wave, _| wave.applied += 1);
                self.heard_of(object);
            }
            Event::Ready { object } => {
                self.count(object, |wave, _| wave.ready += 1);
                self.heard_of(object);
            }
            Event::ObjectLeftOut { object, .. } => {
                self.count(object, |wave, _| wave.left_out += 1);
                self.heard_of(object);
            }
            Event::ObjectFailed { object, .. } | Event::ObjectHeld { object, .. } => {
                self.count(object, |wave, applied| {
                    wave.open += 1;
                    wave.late += usize::from(applied);
                });
                self.heard_of(object);
            }
            Event::Waiting { object, why, seconds, limit, cause, next, others, behind } => {
                self.waiting = Some(Waiting {
                    object: object.clone(),
                    why: why.clone(),
                    seconds: *seconds,
                    limit: *limit,
                    cause,
                    next: next.clone(),
                    others: *others,
                    behind: *behind,
                    told: now,
                });
            }
            _ => {}
        }
    }

    fn wave(&mut self, number: usize) -> Option<&mut WaveState> {
        self.waves.iter_mut().find(|wave| wave.wave == number)
    }

    fn count(&mut self, object: &str, add: impl Fn(&mut WaveState, bool)) {
        let Some((at, applied)) = self.places.get(object).copied() else { return };
        if let Some(wave) = self.waves.get_mut(at) {
            add(wave, applied);
        }
    }

    /// What was waited for has come or was given up; and while an object comes, the server answers.
    fn heard_of(&mut self, object: &str) {
        let over = |waiting: &Waiting| waiting.object == object || !waiting.is_object();
        self.waiting = self.waiting.take().filter(|waiting| !over(waiting));
    }
}

/// Whether an event tells of something that is not as it should be.
fn matters(event: &Event) -> bool {
    matches!(
        event,
        Event::Notice { .. }
            | Event::RepoFinished { fault: Some(_), .. }
            | Event::RefRewritten { .. }
            | Event::ObjectFailed { .. }
            | Event::ObjectHeld { .. }
            | Event::ObjectLeftOut { .. }
            | Event::Waiting { .. }
    )
}
