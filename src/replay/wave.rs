//! The objects of one wave: applied at the same time, put back while what they need is missing,
//! given up when patience ends.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::error::{HELD, ReplayError};
use super::outcome::{Failure, Outcome};
use super::teller::{Spent, Teller};
use super::{Around, Options};
use crate::cluster::{ApplyOptions, Class, Cluster, ClusterError, Kinds, ServedKind};
use crate::model::event::Event;
use crate::model::explain::{About, Explain};
use crate::object::{Object, ObjectRef, Rules, Status, status};
use crate::plan::{Action, Approved, Item, Wave};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
const TICK: Duration = Duration::from_millis(50);

/// One replay under way.
pub(super) struct Run<'a> {
    pub(super) cluster: &'a dyn Cluster,
    pub(super) options: &'a Options,
    pub(super) around: Around<'a>,
    pub(super) teller: Teller,
    state: Mutex<State>,
}

/// What the threads share.
#[derive(Default)]
struct State {
    kinds: Kinds,
    outcome: Outcome,
    /// Objects that are not known to be ready.
    unready: BTreeSet<ObjectRef>,
    /// Kinds whose definition failed, by group and kind; namespaces that failed.
    lost_kinds: BTreeSet<(String, String)>,
    lost_namespaces: BTreeSet<String>,
}

/// An object that waits for its turn, or for its next.
struct Job<'p> {
    item: &'p Item,
    object: &'p Object,
    since: Option<Duration>,
    due: Duration,
    pause: Duration,
}

#[derive(Default)]
struct Queue<'p> {
    jobs: VecDeque<Job<'p>>,
    busy: usize,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        cluster: &'a dyn Cluster,
        options: &'a Options,
        around: Around<'a>,
        kinds: Kinds,
    ) -> Self {
        let state = Mutex::new(State { kinds, ..State::default() });
        Self { cluster, options, around, teller: Teller::default(), state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies the objects of a wave.
    pub(super) fn wave(&self, approved: &Approved, wave: &Wave) -> Result<(), ReplayError> {
        let mut jobs = VecDeque::new();
        for item in &wave.objects {
            if item.action == Action::Unchanged {
                self.unchanged(item);
            } else if let Some(object) = approved.object(item) {
                let (due, pause) = (Duration::ZERO, FIRST_PAUSE);
                jobs.push_back(Job { item, object, since: None, due, pause });
            }
        }
        let threads = self.options.threads.clamp(1, jobs.len().max(1));
        let queue = Mutex::new(Queue { jobs, busy: 0 });
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| self.work(&queue));
            }
        });
        Ok(self.around.cancel.check()?)
    }

    fn unchanged(&self, item: &Item) {
        let mut state = self.state();
        state.outcome.unchanged += 1;
        state.unready.insert(item.object.clone());
        drop(state);
        let object = item.object.to_string();
        let event = Event::Applied { object, action: "unchanged", warnings: Vec::new() };
        self.around.observer.event(&event);
    }

    /// One thread: takes what is due until nothing is left that could come back.
    fn work(&self, queue: &Mutex<Queue<'_>>) {
        let lock = || queue.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.around.cancel.is_requested() {
            let now = self.around.clock.elapsed();
            let mut open = lock();
            let next = open.jobs.iter().position(|job| job.due <= now);
            let Some(job) = next.and_then(|index| open.jobs.remove(index)) else {
                if open.jobs.is_empty() && open.busy == 0 {
                    return;
                }
                drop(open);
                self.around.clock.sleep(TICK);
                continue;
            };
            open.busy += 1;
            drop(open);
            let again = self.attempt(job);
            let mut open = lock();
            open.busy -= 1;
            open.jobs.extend(again);
        }
    }

    /// Tries once; returns the job when it is worth another try.
    fn attempt<'p>(&self, mut job: Job<'p>) -> Option<Job<'p>> {
        if let Some(why) = self.held(job.item) {
            self.fail(job.item, &HELD, why);
            return None;
        }
        let error = match self.apply(job.item, job.object) {
            Ok(()) => return None,
            Err(error) => error,
        };
        let now = self.around.clock.elapsed();
        let since = *job.since.get_or_insert(now);
        let limit = self.options.patience;
        if error.class() == Class::Fatal || now.saturating_sub(since) >= limit {
            self.fail(job.item, error.about(), error.to_string());
            return None;
        }
        let (object, why) = (job.item.object.to_string(), error.to_string());
        self.teller.tell(self.around, &object, &why, Spent { since, limit });
        job.due = now + job.pause;
        job.pause = (job.pause * 2).min(LONGEST_PAUSE);
        Some(job)
    }

    fn apply(&self, item: &Item, object: &Object) -> Result<(), ClusterError> {
        let kind = self.served(item)?;
        let applied = self.cluster.apply(&kind, object, &ApplyOptions::REAL)?;
        let action = if applied.created { "created" } else { "configured" };
        let ready = status(&applied.live, Rules::default()) == Status::Current;
        let mut state = self.state();
        if applied.created {
            state.outcome.created += 1;
        } else {
            state.outcome.configured += 1;
        }
        if !ready {
            state.unready.insert(item.object.clone());
        }
        drop(state);
        let object = item.object.to_string();
        let event = Event::Applied { object, action, warnings: applied.warnings };
        self.around.observer.event(&event);
        Ok(())
    }

    /// Finds the kind of an item, asking the cluster again when it is not known.
    pub(super) fn served(&self, item: &Item) -> Result<ServedKind, ClusterError> {
        let ObjectRef { group, kind, .. } = &item.object;
        let find = |kinds: &Kinds| {
            kinds
                .serves(group, &item.version, kind)
                .then(|| kinds.find(group, &item.version, kind).cloned())
        };
        if let Some(Some(served)) = find(&self.state().kinds) {
            return Ok(served);
        }
        let kinds = self.cluster.kinds()?;
        let served = find(&kinds).flatten();
        self.state().kinds = kinds;
        served.ok_or_else(|| {
            let slash = if group.is_empty() { "" } else { "/" };
            ClusterError::NotServed { kind: format!("{group}{slash}{} {kind}", item.version) }
        })
    }

    /// Says why an item need not be tried: what it needs failed in this run.
    fn held(&self, item: &Item) -> Option<String> {
        let state = self.state();
        let key = (item.object.group.clone(), item.object.kind.clone());
        if state.lost_kinds.contains(&key) {
            return Some("the definition of its kind failed".to_owned());
        }
        let namespace = item.object.namespace.as_ref()?;
        let lost = state.lost_namespaces.contains(namespace);
        lost.then(|| format!("its namespace {namespace} failed"))
    }

    /// Gives an item up.
    pub(super) fn fail(&self, item: &Item, about: &'static About, why: String) {
        let object = item.object.to_string();
        let mut state = self.state();
        if item.object.kind == "Namespace" && item.object.group.is_empty() {
            state.lost_namespaces.insert(item.object.name.clone());
        }
        state.unready.remove(&item.object);
        let failure = Failure { object: object.clone(), code: about.code, why: why.clone() };
        state.outcome.failed.push(failure);
        drop(state);
        self.around.observer.event(&Event::ObjectFailed { object, code: about.code, why });
    }

    /// Gives up all objects of a kind before they are tried.
    pub(super) fn lose_kind(&self, group: &str, kind: &str) {
        self.state().lost_kinds.insert((group.to_owned(), kind.to_owned()));
    }

    /// Takes note that an object is ready.
    pub(super) fn ready(&self, object: &ObjectRef) {
        self.state().unready.remove(object);
    }

    /// Replaces what is known about the cluster's kinds.
    pub(super) fn know(&self, kinds: Kinds) {
        self.state().kinds = kinds;
    }

    /// Returns the objects that are not known to be ready.
    pub(super) fn unready(&self) -> BTreeSet<ObjectRef> {
        self.state().unready.clone()
    }

    /// Ends the run.
    pub(super) fn finish(self) -> Outcome {
        let mut outcome = self.state.into_inner().unwrap_or_else(PoisonError::into_inner).outcome;
        outcome.failed.sort_by(|one, other| one.object.cmp(&other.object));
        outcome
    }
}
