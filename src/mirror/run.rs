//! All repositories brought up to date, several at once, few from one host, within one deadline.

use std::collections::{HashMap, HashSet};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::disk::folder;
use crate::model::cancel::Cancel;
use crate::model::clock::Clock;
use crate::model::event::{Event, Observer};
use crate::model::safe::safe;
use crate::source::Spec;
use crate::tools::Tools;

use super::error::MirrorError;
use super::options::Options;
use super::outcome::Mirrored;
use super::update::Run;

/// Brings those mirrors of `specs` up to date that are `chosen` (one flag each; one without a flag
/// is); the others are carried as they are. Returns what became of each, in their order.
///
/// One failed repository never stops the others. A request to stop is honoured between
/// repositories and wherever bytes move; what is not done by then is carried.
pub fn update(
    specs: &[Spec],
    chosen: &[bool],
    options: &Options,
    tools: &Tools,
    clock: &dyn Clock,
    observer: &dyn Observer,
    cancel: &Cancel,
) -> Result<Vec<Mirrored>, MirrorError> {
    let mut names = HashSet::new();
    if let Some(twice) = specs.iter().find(|spec| !names.insert(spec.name.as_str())) {
        return Err(MirrorError::SameName { name: safe(&twice.name) });
    }
    folder::create(&options.root, 0o700)?;
    observer.event(&Event::PhaseStarted { phase: "fetch" });
    let run = Run::new(options, tools, clock, observer, cancel);
    let queue = Queue::new(specs, options.per_host.max(1));
    let workers = options.concurrency.clamp(1, specs.len().max(1));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| work(&run, &queue, specs, chosen));
        }
    });
    run.arrivals.end()?;
    run.times.write(&options.root, specs)?;
    Ok(queue.into_results())
}

/// One worker: takes what is next until nothing is left.
fn work(run: &Run<'_>, queue: &Queue, specs: &[Spec], chosen: &[bool]) {
    while let Some(index) = queue.take() {
        let wanted = chosen.get(index).copied().unwrap_or(true);
        let finished = queue.finish(index, run.update(&specs[index], wanted));
        run.observer.event(&Event::Progress {
            phase: "fetch",
            done: finished,
            total: Some(specs.len() as u64),
            unit: "repositories",
        });
    }
}

/// Who works on what.
struct Queue {
    hosts: Vec<Option<String>>,
    per_host: usize,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: Vec<usize>,
    busy: HashMap<String, usize>,
    results: Vec<Option<Mirrored>>,
    finished: u64,
}

impl Queue {
    fn new(specs: &[Spec], per_host: usize) -> Self {
        let state = State {
            waiting: (0..specs.len()).rev().collect(),
            busy: HashMap::new(),
            results: specs.iter().map(|_| None).collect(),
            finished: 0,
        };
        let hosts = specs.iter().map(|spec| spec.location.host()).collect();
        Self { hosts, per_host, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Returns the next repository whose host has room; `None` when none is left.
    fn take(&self) -> Option<usize> {
        let mut state = self.lock();
        loop {
            if state.waiting.is_empty() {
                return None;
            }
            let free = |index: &usize| match &self.hosts[*index] {
                None => true,
                Some(host) => state.busy.get(host).copied().unwrap_or(0) < self.per_host,
            };
            if let Some(at) = state.waiting.iter().rposition(free) {
                let index = state.waiting.remove(at);
                if let Some(host) = &self.hosts[index] {
                    *state.busy.entry(host.clone()).or_default() += 1;
                }
                return Some(index);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Keeps a result; returns how many there are.
    fn finish(&self, index: usize, result: Mirrored) -> u64 {
        let mut state = self.lock();
        if let Some(host) = &self.hosts[index]
            && let Some(busy) = state.busy.get_mut(host)
        {
            *busy -= 1;
        }
        state.results[index] = Some(result);
        state.finished += 1;
        self.changed.notify_all();
        state.finished
    }

    fn into_results(self) -> Vec<Mirrored> {
        let state = self.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.results.into_iter().flatten().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
